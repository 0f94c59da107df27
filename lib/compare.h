/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_COMPARE_H
#define WATTGATE_COMPARE_H

#include <stdint.h>

#include "series.h"

/* Two meters of one node, side by side. No clock, no file. */

struct compare {
	double first_j, second_j;	/* of the time that both covered */
	int64_t both_ns;
	int64_t first_ns, second_ns;	/* that each covered */
};

/* What both say of [from_ns, to_ns). */
void compare_series(const series_t *first, const series_t *second,
		    int64_t from_ns, int64_t to_ns, struct compare *out);

#endif
