/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_REFILL_H
#define WATTGATE_OAR_REFILL_H

#include "fleet.h"

/*
 * One hour of one node settled anew, from samples of the past: its results are
 * replaced, and what they belong to is summed up from all its hours, in one
 * transaction. So it may be done again, and be cut off at any moment.
 */

enum refill_result {
	REFILL_FAILED = -1,	/* with a text */
	REFILL_DONE,
	REFILL_KEPT,		/* the samples measure no more than was known */
	REFILL_FORGOTTEN,	/* a job of that hour is not in OAR any more */
	REFILL_UNSETTLED,	/* the follower has not come to its end yet */
	REFILL_STALE		/* OAR's resources have changed */
};

struct refill {
	const struct fleet *fleet;
	struct fleet_node *node;
	int64_t hour_s;
	int64_t now_s;
	const series_t *series;	/* NULL: nothing is measured */
	const char *source;
	const int64_t *jobs;	/* that may have been there */
	uint32_t job_count;
	bool force;		/* even where it measures less */
	bool dry_run;		/* undo it all */
};

/* What the hour has, before and after; the same where it was not done. */
struct refill_change {
	struct pg_hour before, after;
};

/* fn is called for each job of the hour, once it is done. */
typedef void refill_job_fn(void *arg, int64_t job_id);
enum refill_result refill_hour(pg_t *pg, const struct refill *r,
			       struct refill_change *change, refill_job_fn *fn,
			       void *arg, struct err *err);

#endif
