/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_REDFISH_H
#define WATTGATE_REDFISH_H

#include "source.h"

/* A node's BMC by Redfish: [bmc] url = http(s)://... */
extern const struct source_ops redfish_source;

#endif
