/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_HOLDS_H
#define WATTGATE_OAR_HOLDS_H

#include "pg.h"
#include "settle.h"
#include "share.h"

/* What jobs hold on one node, and what becomes of it. */

struct hold {
	struct claim claim;
	uint32_t *rows;		/* of claim.what */
	holding_t holding;
	bool known;		/* there is an allocation already */
	double open_gap_s;
	struct claim_late late;
};

struct holds {
	struct hold *items;	/* by job once holds_sort() was called */
	uint32_t count, room;
};

/*
 * The rows that a job holds on the host. *stale is set where the host does not
 * have one of them. job's pauses must outlive it. 0, or -1 with a text.
 */
int holds_add(struct holds *h, host_t *host, const struct pg_job *job,
	      const int64_t *ids, uint32_t count, bool *stale, struct err *err);
void holds_sort(struct holds *h);
/* NULL: no such job. After holds_sort(). */
struct hold *holds_find(const struct holds *h, int64_t job_id);
void holds_free(struct holds *h);

/*
 * Settle the window for all of them, each claim made ready before. 0 or -1.
 */
int holds_settle(struct holds *h, host_t *host, const series_t *series,
		 int64_t from_s, int64_t to_s, struct node_sums *sums,
		 struct err *err);

#endif
