/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tally.h"

#include <math.h>
#include <string.h>

#include "lib/bridge.h"

#define STUCK_LEAST_NS (10 * NS_PER_S)

/* A further round of a counter is ruled out only beyond so many times the power. */
#define ROUND_TIMES 5

void tally_init(tally_t *t, int64_t max_gap_ns)
{
	memset(t, 0, sizeof(*t));
	t->max_gap_ns = max_gap_ns;
	t->stuck_ns = max_gap_ns > STUCK_LEAST_NS ? max_gap_ns : STUCK_LEAST_NS;
	/* as long as the ledger waits for what a counter knows of a gap */
	t->far_ns = max_gap_ns > BRIDGE_MAX_NS ? max_gap_ns : BRIDGE_MAX_NS;
}

void tally_forget(tally_t *t)
{
	t->count = 0;
}

static void reading_clear(struct reading *r)
{
	memset(r, 0, sizeof(*r));
	r->energy_j = NAN;
}

/* Of several counters the sum goes round at no value that could be told. */
static void energy_set(const tally_t *t, struct reading *r)
{
	r->energy_j = t->count == 1 ? t->last[0].joules : t->total_j;
	r->energy_wrap_j = t->count == 1 ? t->last[0].wrap_j : 0;
	r->energy_ns = t->last_ns;
}

static bool give(tally_t *t, struct reading *r, int64_t at_ns, double watts)
{
	r->ok = true;
	r->watts = t->watts = watts;
	r->boot_ns = at_ns;
	return true;
}

static bool watts_usable(double watts, struct reading *r)
{
	if (watts > 0 && watts <= SERIES_MAX_W)
		return true;
	err_set(&r->why, "%.6g W is no power of a node", watts);
	return false;
}

/* ---- counters ---- */

static bool same_counters(const tally_t *t, const struct tally_count *counts,
			  unsigned n)
{
	for (unsigned i = 0; i < n && n == t->count; i++)
		if (counts[i].wrap_j != t->last[i].wrap_j)
			return false;
	return n == t->count;
}

/* Count from here on. */
static void base(tally_t *t, int64_t at_ns, const struct tally_count *counts,
		 unsigned n)
{
	memcpy(t->last, counts, n * sizeof(*counts));
	t->count = n;
	t->last_ns = at_ns;
	t->given = false;
	t->total_j = 0;
}

/* Joules since the last look. -1 with a text: they cannot be told. */
static int counted(const tally_t *t, int64_t at_ns,
		   const struct tally_count *counts, double *joules,
		   struct err *why)
{
	const double dt_s = ns_to_s(at_ns - t->last_ns);
	double round_j = INFINITY, sum = 0;

	for (unsigned i = 0; i < t->count; i++) {
		const struct tally_count *a = &t->last[i], *b = &counts[i];
		double d = b->joules - a->joules;

		if (b->wrap_j > 0 && b->joules > b->wrap_j)
			return err_set(why, "the counter is at %.6g J, and starts again at %.6g",
				       b->joules, b->wrap_j);
		if (b->wrap_j > 0 && b->wrap_j < round_j)
			round_j = b->wrap_j;
		if (d < 0 && a->joules <= b->wrap_j)
			d += b->wrap_j;
		if (!(d >= 0))	/* what is no number, too */
			return err_set(why, "the counter fell from %.6g to %.6g J: it was set back",
				       a->joules, b->joules);
		sum += d;
	}
	if (!(sum <= SERIES_MAX_W * dt_s))
		return err_set(why, "the counter grew by %.6g J in %.3g s: it was set",
			       sum, dt_s);
	if (sum + round_j <= ROUND_TIMES * fmax(t->watts * dt_s, sum))
		return err_set(why, "in %.3g s the counter may have gone round more than once: read it more often (period)",
			       dt_s);
	*joules = sum;
	return 0;
}

/* A first look: power is known only where the meter says it beside. */
static bool take_first(tally_t *t, int64_t at_ns, double watts,
		       const struct tally_count *counts, unsigned n,
		       struct reading *r)
{
	base(t, at_ns, counts, n);
	if (isnan(watts)) {
		r->nothing_new = true;
		err_set(&r->why, "a counter has no power before its second reading");
		return false;
	}
	if (!watts_usable(watts, r))
		return false;
	t->given = true;
	energy_set(t, r);
	return give(t, r, at_ns, watts);
}

static bool take_standing(const tally_t *t, int64_t at_ns, struct reading *r)
{
	if (at_ns - t->last_ns <= t->stuck_ns) {
		r->nothing_new = true;
		err_set(&r->why, "the counter has not moved");
		return false;
	}
	err_set(&r->why, "the counter has stood still for %.0f s",
		ns_to_s(at_ns - t->last_ns));
	return false;
}

/* The moment of the last look becomes a sample; this one follows it. */
static bool take_second(tally_t *t, double joules, int64_t at_ns, double watts,
			const struct tally_count *counts, struct reading *r)
{
	energy_set(t, r);
	give(t, r, t->last_ns, joules / ns_to_s(at_ns - t->last_ns));
	t->held = (struct past_sample){ at_ns, watts, SERIES_MEAN, joules };
	t->holding = t->given = true;
	t->total_j += joules;
	memcpy(t->last, counts, t->count * sizeof(*counts));
	t->last_ns = at_ns;
	return true;
}

static bool take_next(tally_t *t, double joules, int64_t at_ns, double watts,
		      const struct tally_count *counts, struct reading *r)
{
	r->join = SERIES_MEAN;
	r->joules = joules;
	t->total_j += joules;
	memcpy(t->last, counts, t->count * sizeof(*counts));
	t->last_ns = at_ns;
	energy_set(t, r);
	return give(t, r, at_ns, watts);
}

/* No sample is made up for a moment that long ago. */
static bool too_far(const tally_t *t, int64_t at_ns)
{
	return at_ns - t->last_ns > (t->given ? t->far_ns : t->max_gap_ns);
}

static bool take_counts(tally_t *t, int64_t at_ns, double watts,
			const struct tally_count *counts, unsigned n,
			struct reading *r)
{
	double joules = 0, mean_w;

	if (!same_counters(t, counts, n) || too_far(t, at_ns))
		return take_first(t, at_ns, watts, counts, n, r);
	if (at_ns <= t->last_ns) {
		r->nothing_new = true;
		return false;
	}
	if (counted(t, at_ns, counts, &joules, &r->why) < 0) {
		base(t, at_ns, counts, n);
		return false;
	}
	mean_w = joules / ns_to_s(at_ns - t->last_ns);
	if (mean_w == 0)
		return take_standing(t, at_ns, r);
	if (isnan(watts))
		watts = mean_w;
	if (!watts_usable(watts, r))
		return false;
	if (!t->given)
		return take_second(t, joules, at_ns, watts, counts, r);
	return take_next(t, joules, at_ns, watts, counts, r);
}

/* ---- a look ---- */

/* What was held back goes out before anything newer. */
static void held_add(tally_t *t, struct reading *r)
{
	if (!t->holding || t->held.boot_ns >= r->boot_ns)
		return;
	r->past = &t->held;
	r->past_count = 1;
	t->holding = false;
}

bool tally_take(tally_t *t, int64_t at_ns, double watts,
		const struct tally_count *counts, unsigned n,
		struct reading *r)
{
	bool ok;

	reading_clear(r);
	if (n > 0) {
		ok = take_counts(t, at_ns, watts, counts, n, r);
	} else {
		tally_forget(t);
		ok = watts_usable(watts, r) && give(t, r, at_ns, watts);
	}
	if (!ok)
		return tally_miss(t, r);
	held_add(t, r);
	return true;
}

bool tally_miss(tally_t *t, struct reading *r)
{
	r->energy_j = NAN;
	if (!t->holding)
		return false;
	t->holding = false;
	reading_clear(r);
	r->join = t->held.join;
	r->joules = t->held.joules;
	return give(t, r, t->held.boot_ns, t->held.watts);
}
