/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_WINDOW_H
#define WATTGATE_OAR_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/series.h"

/*
 * OAR's seconds on a series: its samples are at boot times and carry wall
 * times as labels. A wall clock that is set backwards or forwards costs cover;
 * it never gives joules twice, nor more time than there was.
 */

struct walls {
	const series_t *series;
	bool in_order;		/* wall times never go back */
};

/* The series may be NULL: nothing is covered. */
void walls_init(struct walls *w, const series_t *series);

/*
 * Boot time of a wall time, on the straight line between the samples around
 * it: the inverse of series_wall_ns(). A later wall time never has an earlier
 * boot time. false where no sample has a wall time.
 */
bool walls_boot_ns(const struct walls *w, int64_t wall_ns, int64_t *boot_ns);

/* Energy in the wall time [from_ns, to_ns). */
void walls_between(const struct walls *w, int64_t from_ns, int64_t to_ns,
		   struct series_span *out);

/* ---- what may be settled ------------------------------------------------------ */

/* What is known of a node's series. */
struct freshness {
	int64_t newest_ns;	/* wall time of the newest sample; 0 = none */
	int64_t max_gap_ns;
};

/*
 * May the time before to_s be settled at now_s? Not before lag_s have passed,
 * since OAR writes starts and ends a moment late; then, once a sample lies a
 * second beyond, or max_gap has made sure that none will cover it.
 */
bool window_ripe(const struct freshness *f, int64_t to_s, int64_t now_s,
		 int64_t lag_s);

/* The end of a window from from_s on: the hour's, or limit_s if that is sooner. */
int64_t window_end(int64_t from_s, int64_t limit_s);

/* Begin of the hour (UTC). */
static inline int64_t hour_of(int64_t t_s)
{
	return t_s - ((t_s % 3600) + 3600) % 3600;
}

#endif
