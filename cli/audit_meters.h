/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_AUDIT_METERS_H
#define WATTGATE_CLI_AUDIT_METERS_H

#include "cli/audit.h"

/*
 * What second meters say beside the first ones, from the NODE.meters in dir: a
 * row for each node and pair of sources. only_node: NULL: all. A directory that
 * cannot be read has none.
 */
void audit_meters(const char *dir, const char *only_node,
		  struct audit_result *result);

#endif
