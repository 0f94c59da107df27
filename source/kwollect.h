/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_KWOLLECT_H
#define WATTGATE_KWOLLECT_H

#include "archive.h"
#include "source.h"

/*
 * A Kwollect server (Grid'5000): source = kwollect, url = https://HOST/stable/
 * sites/SITE, metric, device.
 */
extern const struct archive_ops kwollect_archive;
extern const struct source_ops kwollect_source;

#endif
