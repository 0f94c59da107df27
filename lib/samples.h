/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SAMPLES_H
#define WATTGATE_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "series.h"

/*
 * Samples of the past, which are known by wall time alone, as a series. No
 * boot clock was read with them: theirs is the wall clock, less an offset that
 * keeps the years 2001 to 2038 within a series' bounds.
 */

#define SAMPLES_OFFSET_NS INT64_C(1000000000000000000)

struct samples {
	int64_t max_gap_ns;	/* further apart they are not joined */
	struct sample_of_past {
		int64_t wall_ns;
		double watts;
	} *list;
	size_t len, room;
};

/* -1: no memory, or more than SAMPLES_MAX. */
#define SAMPLES_MAX 50000000
int samples_add(struct samples *s, int64_t wall_ns, double watts);
void samples_clear(struct samples *s);

/*
 * A series of those in the wall time [from_ns, to_ns) and max_gap around it, so
 * that it is the same whatever else there is. The caller destroys it; NULL on
 * lack of memory. What a series does not take (time that goes back, no power)
 * is passed over.
 */
series_t *samples_series(const struct samples *s, int64_t from_ns,
			 int64_t to_ns);

/* The time between most of them: the median; 0 where there are less than two. */
int64_t samples_period_ns(const struct samples *s);

#endif
