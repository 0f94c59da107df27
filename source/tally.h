/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_TALLY_H
#define WATTGATE_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "source.h"

/*
 * From what a meter says, one look after the other, to readings: a power as it
 * is; energy counters as the joules between two looks, exact, and their mean.
 * A counter that fell has gone round once where it has an end, else it was
 * set back, and counts anew from there. No clock, no file.
 */

#define TALLY_MAX 64		/* counters that are added up, such as packages */

/* One energy counter. */
struct tally_count {
	double joules;
	double wrap_j;		/* where it starts again at 0; 0 = never */
};

typedef struct tally {
	int64_t max_gap_ns;
	int64_t stuck_ns;	/* a counter may stand still for so long */
	int64_t far_ns;		/* looks further apart tell nothing */
	struct tally_count last[TALLY_MAX];
	unsigned count;		/* of last; 0: there is none */
	int64_t last_ns;
	bool given;		/* the series has a sample of that moment */
	double watts;		/* of the last sample; 0 = none */
	double total_j;		/* since the counters were seen first */
	struct past_sample held;	/* goes out with the next one */
	bool holding;
} tally_t;

void tally_init(tally_t *t, int64_t max_gap_ns);

/* Another meter, or it may have begun anew: what it said before is void. */
void tally_forget(tally_t *t);

/*
 * A look at the meter: watts (NaN: it says none) and its counters (none:
 * n = 0; at most TALLY_MAX). Fills *r, save its source, and returns true where r->ok. Where it is
 * not ok, r->nothing_new or r->why says so. r->past lives until the next call.
 */
bool tally_take(tally_t *t, int64_t at_ns, double watts,
		const struct tally_count *counts, unsigned n,
		struct reading *r);

/*
 * A look that failed: r->why and what is to be done about it are filled in.
 * Where a sample was held back, *r becomes that, and true is returned.
 */
bool tally_miss(tally_t *t, struct reading *r);

#endif
