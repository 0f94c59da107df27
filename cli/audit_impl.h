/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_AUDIT_IMPL_H
#define WATTGATE_CLI_AUDIT_IMPL_H

#include "cli/audit.h"

/* Shared by audit_*.c; no one else. */

#define AUDIT_TOLERANCE_J 1e-3
#define AUDIT_ROUNDING_J 1e-6	/* of each number that was written */

struct audit_interval {
	uint32_t boot;		/* number of its boot, in the order seen */
	bool open;
	bool beaten;		/* another record of its hour counts */
	struct ledger_interval iv;	/* without parts */
	double parts_j;
	uint32_t parts_len;
};

/* What an allocation has in one interval. */
struct audit_part {
	uint32_t boot, job_id, restart;
	double joules;
};

struct audit_alloc {
	uint32_t boot;
	bool step, open;
	struct ledger_alloc rec;
};

struct audit {
	const char *node;
	struct audit_result *result;
	struct names boots;	/* in the order seen, not sorted */
	struct audit_interval *intervals;
	size_t intervals_len, intervals_room;
	struct audit_part *parts;	/* of all intervals */
	size_t parts_len, parts_room;
	struct audit_alloc *allocs;	/* steps too */
	size_t allocs_len, allocs_room;
	size_t allocs_checked;	/* whose parts were added up */
	bool reading_open;
};

void audit_violation(struct audit *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void audit_note(struct audit *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* audit_intervals.c: sorts them by boot and start. */
void audit_check_intervals(struct audit *a);
/* The stretches without measurement, and the node's own row. */
void audit_sum_node(struct audit *a);

/* audit_allocs.c: after audit_check_intervals(). */
void audit_check_allocs(struct audit *a);

#endif
