/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_NODE_ROWS_H
#define WATTGATE_CLI_NODE_ROWS_H

#include "cli/rows.h"

/* Rows of nodes: the same columns for every scheduler. */

enum node_column {
	NODE_NAME, NODE_START, NODE_END, NODE_ENERGY, NODE_ALLOCATED,
	NODE_UNALLOCATED, NODE_IDLE, NODE_MEASURED, NODE_UNMEASURED,
	NODE_COVERAGE, NODE_COLUMNS
};
extern const struct column node_columns[NODE_COLUMNS];

/* What is known of a node in a window. */
struct node_window {
	int64_t from_ns, to_ns;
	int64_t newest_ns;	/* up to when anything is known of it */
	double node_j, allocated_j, unallocated_j, idle_j;
	double measured_s;
};

/* Its row; there is nothing to tell of the time from now_ns on. */
void node_rows_add(struct rows *rows, const char *node,
		   const struct node_window *w, int64_t now_ns);

/* What the rows add up to. */
void node_rows_sum(const struct rows *rows);

#endif
