/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_BATCH_H
#define WATTGATE_OAR_BATCH_H

#include "fleet.h"

/* A window of several nodes that are equally far, settled in one transaction. */

#define BATCH_NODES_MAX 256

enum batch_result {
	BATCH_FAILED = -1,	/* with a text */
	BATCH_DONE,
	BATCH_MOVED,		/* somebody else wrote to these rows meanwhile */
	BATCH_STALE,		/* OAR's resources have changed: read them again */
	BATCH_TOO_MUCH		/* too many jobs: take a shorter window */
};

struct batch_window {
	int64_t from_s, to_s;	/* within an hour (UTC) */
	int64_t now_s;
	int64_t mark;		/* as pg_read_jobs() takes it */
	struct fleet_node **nodes;	/* by name */
	uint32_t count;
};

/*
 * Settle the window: all of it is in the database afterwards, or nothing.
 * *allocs: how many allocations it had.
 */
enum batch_result batch_settle(pg_t *pg, const struct batch_window *w,
			       uint32_t *allocs, struct err *err);

#endif
