/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_GAPS_H
#define WATTGATE_OAR_GAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/series.h"

/*
 * The unmeasured stretches of a job's active time. What two stretches of time
 * have, one behind the other, is known from what each has: hours can be
 * replaced, and the longest gap over all of them found anew. A suspension ends
 * a gap as a reading does.
 */
struct gaps {
	int64_t head_ns;	/* unmeasured time that it begins with */
	int64_t tail_ns;	/* and that it ends with */
	int64_t max_ns;
	bool broken;		/* something was measured in it, or suspended */
};

/* Add a stretch behind it: unmeasured time; an end of all gaps; a span. */
void gaps_dark(struct gaps *g, int64_t len_ns);
void gaps_break(struct gaps *g);
void gaps_span(struct gaps *g, const struct series_span *span, int64_t len_ns);

/* `next` follows it. */
void gaps_join(struct gaps *g, const struct gaps *next);

#endif
