/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_SETTLE_H
#define WATTGATE_OAR_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/gate.h"
#include "lib/series.h"

#include "gaps.h"
#include "share.h"

/*
 * Dividing a window of a node's time: cut at every start, end and suspension;
 * in each piece the same jobs hold the same parts. Seconds are OAR's, since
 * 1970; windows and intervals are half-open. Without a clock and a database.
 */

#define SETTLE_WINDOW_MAX_S 3600

#define CLAIM_OPEN INT64_MAX	/* the end of a job that has not ended */

/* Time in which a job is suspended. */
struct pause {
	int64_t from_s, to_s;
};

/* A job on the node. */
struct claim {
	struct share_claim what;
	struct share_part fixed;	/* where there is no host: its part */
	int64_t from_s, to_s;
	const struct pause *pauses;	/* in order, apart from each other */
	uint32_t pause_count;

	/* what came of it, since claim_begin() */
	gate_t gate;
	double share_s;		/* share x active time */
	double model_j;
	struct gaps gaps;	/* of what was settled, without what was before */
};

/* Time of a claim before its node was accounted: active, and unmeasured. */
struct claim_late {
	int64_t active_ns;
	double share_s, model_j;
};

/* Where the node's joules went. */
struct node_sums {
	double node_j;
	double allocated_j;
	double unallocated_j;	/* a job was there, but nobody held that part */
	double idle_j;		/* no job was there */
	int64_t measured_ns;
	int64_t unmeasured_ns;
	int64_t idle_ns;
	bool scaled;
};

/*
 * Settle [from_s, to_s), at most SETTLE_WINDOW_MAX_S. h may be NULL: each claim
 * has its fixed part, scaled where these are more than a node together. series
 * may be NULL: all of it is unmeasured. Claims may lie outside the window; their gates begin
 * with what they had before (claim_begin()). Returns 0, or -1 with a text.
 */
int settle_window(host_t *h, const series_t *series, int64_t from_s,
		  int64_t to_s, struct claim *claims, uint32_t count,
		  struct node_sums *sums, struct err *err);

/*
 * Make the claim ready for a window from from_s on, where it ends with
 * open_gap_s of unmeasured time.
 */
void claim_begin(struct claim *c, int64_t from_s, double open_gap_s);

/*
 * Instead of claim_begin(), for a claim that began before from_s and of which
 * nothing was settled: that time is active, and unmeasured. -1: no memory.
 */
int claim_begin_late(struct claim *c, host_t *h, int64_t from_s);

/*
 * Up to when, limit_s at most, the claim goes on as at t_s: suspended or not.
 */
int64_t claim_edge(const struct claim *c, int64_t t_s, int64_t limit_s,
		   bool *paused);

/*
 * Put pauses in order and join those that overlap, in place; those without
 * length are dropped. Returns how many are left.
 */
uint32_t pauses_join(struct pause *pauses, uint32_t count);

#endif
