/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SOURCE_SITE_H
#define WATTGATE_SOURCE_SITE_H

#include "source.h"

/*
 * The site's wattgated reads the BMC; this node asks it for its own series,
 * once a period. No password on the node. What the site measured while it
 * could not be asked comes later, all of it.
 */
extern const struct source_ops site_source;

#endif
