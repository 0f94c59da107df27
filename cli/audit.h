/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_AUDIT_H
#define WATTGATE_CLI_AUDIT_H

#include "cli/ledgers.h"
#include "cli/rows.h"

/*
 * The audit of one node's ledger: does every joule of the node appear once, as
 * a job's, as unallocated, or as idle?
 */

/* What all nodes add to: one row a node, a stretch, a finding. */
struct audit_result {
	struct rows *nodes;
	struct rows *unmeasured;
	struct rows *violations;
	struct rows *notes;	/* strange, but no violation */
	struct rows *meters;	/* a node's second meter beside its first */
};

struct audit_result audit_result_create(void);
void audit_result_destroy(struct audit_result *result);

/* -1 with a text where the ledger cannot be read at all. */
int audit_node(const struct ledgers *from, const char *node,
	       struct audit_result *result, struct err *err);

#endif
