/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_AUDIT_OAR_H
#define WATTGATE_CLI_AUDIT_OAR_H

#include "cli/audit.h"
#include "cli/pg_oar.h"

/*
 * The audit of what wattgated wrote into OAR's database, of one moment: does
 * every joule of each node's hour appear once, are the hours of a job what it
 * is charged, and is all time measured or unmeasured? only_node: NULL, all.
 * -1 with a text where it cannot be read, or has nothing of that.
 */
int audit_oar(pg_oar_t *db, const char *only_node, struct audit_result *result,
	      struct err *err);

#endif
