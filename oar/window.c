/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "window.h"

#include <stddef.h>

/*
 * Wall and boot clock may differ that much over a stretch, by slewing and by
 * the labels' own precision; beyond it the wall clock was set.
 */
#define SLEW_MIN_NS INT64_C(20000000)
#define SLEW_PART 100

void walls_init(struct walls *w, const series_t *series)
{
	int64_t last_ns = 0;
	uint32_t i, n = series ? series_size(series) : 0;

	w->series = series;
	w->in_order = true;
	for (i = 0; i < n; i++) {
		int64_t wall_ns = series_get(series, i)->wall_ns;

		/* a label that is not known (0) is none to search by, too */
		if (wall_ns <= last_ns)
			w->in_order = false;
		last_ns = wall_ns;
	}
}

/* Two samples that a wall time lies between; one of them at the ends. */
struct neighbours {
	const struct series_sample *before, *after;
};

static struct neighbours neighbours_by_search(const series_t *s,
					      int64_t wall_ns)
{
	uint32_t lo = 0, n = series_size(s), hi = n;

	while (lo < hi) {	/* the first one at or after it */
		uint32_t mid = lo + (hi - lo) / 2;

		if (series_get(s, mid)->wall_ns < wall_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (struct neighbours){ lo > 0 ? series_get(s, lo - 1) : NULL,
				    lo < n ? series_get(s, lo) : NULL };
}

/*
 * The wall clock was set. A time counts when the clock showed it first; what
 * comes again is passed over until the clock shows a later one than ever.
 */
static struct neighbours neighbours_by_scan(const series_t *s, int64_t wall_ns)
{
	struct neighbours at = { NULL, NULL };
	uint32_t i, n = series_size(s);

	for (i = 0; i < n; i++) {
		const struct series_sample *p = series_get(s, i);

		if (p->wall_ns <= (at.before ? at.before->wall_ns : 0))
			continue;
		if (p->wall_ns >= wall_ns) {
			at.after = p;
			break;
		}
		at.before = p;
	}
	return at;
}

/* The part x / of of boot_ns; clocks that agree are not rounded. */
static int64_t part_ns(int64_t boot_ns, int64_t x_ns, int64_t of_ns)
{
	if (boot_ns == of_ns)
		return x_ns;
	return (int64_t)((double)boot_ns * ((double)x_ns / (double)of_ns));
}

bool walls_boot_ns(const struct walls *w, int64_t wall_ns, int64_t *boot_ns)
{
	struct neighbours at;

	if (!w->series)
		return false;
	at = w->in_order ? neighbours_by_search(w->series, wall_ns)
			 : neighbours_by_scan(w->series, wall_ns);
	if (at.before && at.after)
		*boot_ns = at.before->boot_ns +
			part_ns(at.after->boot_ns - at.before->boot_ns,
				wall_ns - at.before->wall_ns,
				at.after->wall_ns - at.before->wall_ns);
	else if (at.before)
		*boot_ns = at.before->boot_ns + (wall_ns - at.before->wall_ns);
	else if (at.after)
		*boot_ns = at.after->boot_ns - (at.after->wall_ns - wall_ns);
	return at.before || at.after;
}

static int64_t at_most(int64_t ns, int64_t limit_ns)
{
	return ns < limit_ns ? ns : limit_ns;
}

static void span_dark(struct series_span *span, int64_t len_ns)
{
	*span = (struct series_span){ .max_gap_ns = len_ns,
		.head_gap_ns = len_ns, .tail_gap_ns = len_ns };
}

/* ns of a stretch that the boot clock saw as boot_ns long and is len_ns. */
static int64_t stretch(int64_t ns, int64_t boot_ns, int64_t len_ns)
{
	if (ns == boot_ns)
		return len_ns;
	return at_most((int64_t)((double)ns * ((double)len_ns / (double)boot_ns)),
		       len_ns);
}

static void span_stretch(struct series_span *span, int64_t boot_ns,
			 int64_t len_ns)
{
	span->covered_ns = stretch(span->covered_ns, boot_ns, len_ns);
	span->max_gap_ns = stretch(span->max_gap_ns, boot_ns, len_ns);
	span->head_gap_ns = stretch(span->head_gap_ns, boot_ns, len_ns);
	span->tail_gap_ns = stretch(span->tail_gap_ns, boot_ns, len_ns);
}

/* The clock went forward by `lost_ns` somewhere in here: a gap, at the end. */
static void span_lose(struct series_span *span, int64_t boot_ns,
		      int64_t lost_ns)
{
	if (span->head_gap_ns == boot_ns)
		span->head_gap_ns += lost_ns;
	span->tail_gap_ns += lost_ns;
	if (span->tail_gap_ns > span->max_gap_ns)
		span->max_gap_ns = span->tail_gap_ns;
}

void walls_between(const struct walls *w, int64_t from_ns, int64_t to_ns,
		   struct series_span *out)
{
	const int64_t len_ns = to_ns - from_ns;
	int64_t a_ns, b_ns, slew_ns = len_ns / SLEW_PART;

	*out = (struct series_span){ 0 };
	if (len_ns <= 0)
		return;
	if (slew_ns < SLEW_MIN_NS)
		slew_ns = SLEW_MIN_NS;
	if (!walls_boot_ns(w, from_ns, &a_ns) ||
	    !walls_boot_ns(w, to_ns, &b_ns) || b_ns <= a_ns) {
		span_dark(out, len_ns);
		return;
	}
	if (b_ns - a_ns > len_ns + slew_ns)	/* set back: what came twice goes */
		a_ns = b_ns - len_ns;
	series_between(w->series, a_ns, b_ns, out);
	if (b_ns - a_ns < len_ns - slew_ns)
		span_lose(out, b_ns - a_ns, len_ns - (b_ns - a_ns));
	else
		span_stretch(out, b_ns - a_ns, len_ns);
	if (out->covered_ns == 0)	/* nothing is drawn in no time */
		out->joules = 0;
}

bool window_ripe(const struct freshness *f, int64_t to_s, int64_t now_s,
		 int64_t lag_s)
{
	const int64_t to_ns = to_s * NS_PER_S;

	if (to_s > now_s - lag_s)
		return false;
	if (f->newest_ns >= to_ns + NS_PER_S)
		return true;
	return to_ns <= (now_s - lag_s) * NS_PER_S - f->max_gap_ns;
}

int64_t window_end(int64_t from_s, int64_t limit_s)
{
	const int64_t hour_s = hour_of(from_s) + 3600;

	return hour_s < limit_s ? hour_s : limit_s;
}
