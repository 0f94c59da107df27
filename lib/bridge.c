/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "series_impl.h"
#include "statefile.h"

#define SLACK_HALF_S 1800.0	/* the slack forgets */
#define SUMS_MAX_S 7200.0	/* so do the sums */

/* ---- the counter and the series ---------------------------------------------- */

static bool joules_in(double j, double max)
{
	return j >= 0 && j <= max;	/* not NaN either */
}

bool bridge_counter_valid(const struct bridge_counter *c)
{
	return c->at_ns > 0 && c->at_ns <= SERIES_BOOT_MAX_NS &&
	       joules_in(c->energy_j, BRIDGE_COUNTER_MAX_J) &&
	       joules_in(c->wrap_j, BRIDGE_COUNTER_MAX_J) &&
	       (c->wrap_j == 0 || c->energy_j <= c->wrap_j);
}

/* What it counted from a to b. -1: it was set back. */
static int counted_between(const struct bridge_counter *a,
			   const struct bridge_counter *b, double *joules)
{
	*joules = b->energy_j - a->energy_j;
	if (*joules >= 0)
		return 0;
	*joules += b->wrap_j;
	return b->wrap_j > 0 ? 0 : -1;
}

/*
 * The node's joules in [from_ns, to_ns), where the series has measured all of
 * it; at most a moment behind its end the last power is held. Where from_ns is
 * the later one they are below 0. -1: some of it is not measured.
 */
static int measured_between(const series_t *s, int64_t from_ns, int64_t to_ns,
			    double *joules)
{
	const struct series_sample *last = series_last(s);
	int64_t end_ns = last->boot_ns, behind_ns = 0;
	struct series_span span;

	if (from_ns - end_ns > BRIDGE_EDGE_NS ||
	    to_ns - end_ns > BRIDGE_EDGE_NS)
		return -1;
	if (to_ns > end_ns) {
		behind_ns += to_ns - end_ns;
		to_ns = end_ns;
	}
	if (from_ns > end_ns) {
		behind_ns -= from_ns - end_ns;
		from_ns = end_ns;
	}
	if (from_ns > to_ns)
		return -1;
	series_between(s, from_ns, to_ns, &span);
	if (span.covered_ns != to_ns - from_ns)
		return -1;
	*joules = span.joules + last->watts * ns_to_s(behind_ns);
	return 0;
}

/* ---- what is believed ----------------------------------------------------------- */

struct bounds {
	double least_w, most_w;
};

static struct bounds plausible_watts(const bridge_t *b, double from_w,
				     double to_w)
{
	bool known = b->known_s >= BRIDGE_KNOWN_S;
	struct bounds r = {
		fmin(from_w, to_w) * (known ? BRIDGE_LEAST
					    : BRIDGE_LEAST_UNKNOWN),
		fmax(from_w, to_w) * (known ? BRIDGE_MOST
					    : BRIDGE_MOST_UNKNOWN),
	};

	if (r.most_w > SERIES_MAX_W)
		r.most_w = SERIES_MAX_W;
	return r;
}

static int check_mean(const bridge_t *b, const struct series_sample *last,
		      const struct bridge_end *end, double joules,
		      struct err *why)
{
	double dt_s = ns_to_s(end->boot_ns - last->boot_ns);
	struct bounds in = plausible_watts(b, last->watts, end->watts);

	if (!(joules > 0) || joules < in.least_w * dt_s ||
	    joules > in.most_w * dt_s)
		return err_set(why, "it makes %.6g J of it, a mean of %.6g W, and "
			       "%.6g to %.6g W are plausible (was the BMC "
			       "started anew?)", joules, joules / dt_s,
			       in.least_w, in.most_w);
	if (end->counter.wrap_j > 0 &&
	    joules + end->counter.wrap_j <= in.most_w * dt_s)
		return err_set(why, "it starts again at 0 each %.6g J, and may "
			       "have done so once more", end->counter.wrap_j);
	return 0;
}

/* What measured time has taught of it. */
static int check_taught(const bridge_t *b, double joules, struct err *why)
{
	if (joules < BRIDGE_SLACK_TIMES * b->slack_j)
		return err_set(why, "it makes %.6g J of it, and has been off by "
			       "%.6g J of late", joules, b->slack_j);
	if (b->known_s >= BRIDGE_KNOWN_S &&
	    fabs(b->counted_j - b->measured_j) > b->measured_j / 2)
		return err_set(why, "it counted %.6g J where the power made "
			       "%.6g J", b->counted_j, b->measured_j);
	return 0;
}

static int check_end(const series_t *s, const struct bridge_end *end,
		     struct err *why)
{
	const struct series_sample *last = series_last(s);
	int64_t gap_ns;

	if (!last || end->boot_ns <= last->boot_ns ||
	    end->boot_ns > SERIES_BOOT_MAX_NS ||
	    !series_watts_valid(end->watts))
		return err_set(why, "there is no gap");
	gap_ns = end->boot_ns - last->boot_ns;
	if (gap_ns < BRIDGE_MIN_NS || gap_ns > BRIDGE_MAX_NS)
		return err_set(why, "only gaps of %g to %g s are bridged",
			       ns_to_s(BRIDGE_MIN_NS), ns_to_s(BRIDGE_MAX_NS));
	if (isnan(end->counter.energy_j) || !end->counter.at_ns)
		return err_set(why, "it could not be read with the first sample");
	if (!bridge_counter_valid(&end->counter) ||
	    end->counter.at_ns - end->boot_ns > BRIDGE_EDGE_NS ||
	    end->boot_ns - end->counter.at_ns > BRIDGE_EDGE_NS)
		return err_set(why, "%.6g J that start again at %.6g J, read at "
			       "%.3f s since boot, cannot be", end->counter.energy_j,
			       end->counter.wrap_j, ns_to_s(end->counter.at_ns));
	return 0;
}

/* Does what is known of it reach up to the gap? `before`: measured since then. */
static int check_begin(const bridge_t *b, const series_t *s, double *before,
		       struct err *why)
{
	const struct series_sample *last = series_last(s);

	if (!b->last.at_ns)
		return err_set(why, "it was not read before");
	if (last->boot_ns - b->last.at_ns > BRIDGE_AGE_MAX_NS)
		return err_set(why, "it was last read %.0f s before",
			       ns_to_s(last->boot_ns - b->last.at_ns));
	if (measured_between(s, b->last.at_ns, last->boot_ns, before) < 0)
		return err_set(why, "power was not measured all the time since "
			       "it was last read");
	return 0;
}

int bridge_joules(const bridge_t *b, const series_t *s,
		  const struct bridge_end *end, double *joules,
		  struct err *why)
{
	const struct bridge_counter *a = &b->last, *c = &end->counter;
	double counted, before = 0;

	if (check_end(s, end, why) < 0 || check_begin(b, s, &before, why) < 0)
		return -1;
	if (c->at_ns <= a->at_ns || c->wrap_j != a->wrap_j)
		return err_set(why, "it is another one than before");
	if (counted_between(a, c, &counted) < 0)
		return err_set(why, "it fell from %.6g to %.6g J: the BMC was "
			       "started anew", a->energy_j, c->energy_j);
	/* less what lies outside of the gap, before and behind it */
	*joules = counted - before -
		  end->watts * ns_to_s(c->at_ns - end->boot_ns);
	if (check_mean(b, series_last(s), end, *joules, why) < 0)
		return -1;
	return check_taught(b, *joules, why);
}

int64_t bridge_until_ns(const bridge_t *b, const series_t *s)
{
	const struct series_sample *last = series_last(s);
	double before;

	if (!last || check_begin(b, s, &before, NULL) < 0)
		return 0;
	return ns_add(last->boot_ns, BRIDGE_MAX_NS);
}

/* ---- what is learnt ---------------------------------------------------------------- */

/* Hold the counter against the power, from its last reading to this one. */
static void learn(bridge_t *b, const series_t *s,
		  const struct bridge_counter *c)
{
	double dt_s = ns_to_s(c->at_ns - b->last.at_ns);
	double counted, measured = 0, off;

	if (c->wrap_j != b->last.wrap_j ||
	    counted_between(&b->last, c, &counted) < 0 ||
	    counted > SERIES_MAX_W * dt_s)	/* set back, not gone round */
		return;
	if (measured_between(s, b->last.at_ns, c->at_ns, &measured) < 0)
		return;
	off = fabs(counted - measured);
	b->slack_j *= exp2(-dt_s / SLACK_HALF_S);
	if (off > b->slack_j)
		b->slack_j = off;
	if (b->known_s > SUMS_MAX_S) {
		b->known_s /= 2;
		b->counted_j /= 2;
		b->measured_j /= 2;
	}
	b->known_s += dt_s;
	b->counted_j += counted;
	b->measured_j += measured;
}

void bridge_note(bridge_t *b, const series_t *s,
		 const struct bridge_counter *c, bool bridged)
{
	const struct series_sample *last = series_last(s);

	if (!last || !bridge_counter_valid(c) || c->at_ns <= b->last.at_ns ||
	    c->at_ns - last->boot_ns > BRIDGE_EDGE_NS ||
	    last->boot_ns - c->at_ns > BRIDGE_EDGE_NS)
		return;
	/* a bridged gap agrees with the counter by its making */
	if (b->last.at_ns && !bridged)
		learn(b, s, c);
	b->last = *c;
}

/* ---- as text ---------------------------------------------------------------------- */

int bridge_format(const bridge_t *b, char *buf, size_t size)
{
	int n = snprintf(buf, size,
			 "energy_j=%.17g\nwrap_j=%.17g\nat_ns=%" PRId64 "\n"
			 "slack_j=%.17g\nknown_s=%.17g\ncounted_j=%.17g\n"
			 "measured_j=%.17g\n", b->last.energy_j, b->last.wrap_j,
			 b->last.at_ns, b->slack_j, b->known_s, b->counted_j,
			 b->measured_j);

	return n >= 0 && (size_t)n < size ? 0 : -1;
}

/* NaN where there is no such number. */
static double number_get(const char *text, const char *key)
{
	char buf[64], *end;
	double x;

	if (statefile_get(text, key, buf, sizeof(buf)) < 0 || !*buf)
		return NAN;
	x = strtod(buf, &end);
	return *end ? NAN : x;
}

static int64_t time_get(const char *text, const char *key)
{
	char buf[64], *end;
	long long ns;

	if (statefile_get(text, key, buf, sizeof(buf)) < 0 || !*buf)
		return 0;
	errno = 0;
	ns = strtoll(buf, &end, 10);
	return *end || errno ? 0 : ns;
}

int bridge_parse(bridge_t *b, const char *text)
{
	bridge_t r = {
		.last = { number_get(text, "energy_j"),
			  number_get(text, "wrap_j"),
			  time_get(text, "at_ns") },
		.slack_j = number_get(text, "slack_j"),
		.known_s = number_get(text, "known_s"),
		.counted_j = number_get(text, "counted_j"),
		.measured_j = number_get(text, "measured_j"),
	};

	*b = (bridge_t){ 0 };
	if (!bridge_counter_valid(&r.last) ||
	    !joules_in(r.slack_j, BRIDGE_COUNTER_MAX_J) ||
	    !joules_in(r.counted_j, BRIDGE_COUNTER_MAX_J) ||
	    !joules_in(r.measured_j, BRIDGE_COUNTER_MAX_J) ||
	    !joules_in(r.known_s, BRIDGE_COUNTER_MAX_J))
		return -1;
	*b = r;
	return 0;
}
