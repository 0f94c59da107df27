/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_FOLD_H
#define WATTGATE_OAR_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "gaps.h"
#include "settle.h"

/*
 * What an allocation has, from its hours: the same hours give the same, however
 * often and in which order they were filled.
 */

/* An hour in which the node was accounted. */
struct fold_hour {
	int64_t begin_s;	/* accounted from here on ... */
	int64_t end_s;		/* ... to here */
	bool mine;		/* the allocation has time in it: */
	double gated_j, node_j;
	double model_j;		/* NaN: not known */
	double active_s, covered_s, share_s;
	bool gaps_known;
	struct gaps gaps;
	const char *source;	/* of the node's power; NULL: not known */
};

/* What it is charged while nothing is measured. */
struct fold_rate {
	double share, model_w;
};

struct fold {
	double gated_j, node_j;
	double model_j;		/* NaN: not known */
	double active_s, covered_s, share_s;
	struct gaps gaps;
	bool gaps_exact;	/* else no gap is longer than they say */
	char source[256];	/* "": not known; "mixed" */
};

/*
 * Hours in order. The claim's time up to settled_s that lies in none of them
 * was not accounted: it is active, and unmeasured. `source` is the one of hours
 * that do not tell theirs.
 */
void fold_hours(const struct claim *claim, int64_t settled_s,
		const struct fold_rate *rate, const char *source,
		const struct fold_hour *hours, uint32_t count,
		struct fold *out);

#endif
