/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "site_track.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/statefile.h"

/* ---- clocks ---- */

int64_t site_offset(bool first, int64_t offset_ns, int64_t now_ns,
		    const struct site_moment *m)
{
	int64_t least_ns = now_ns - m->received_ns;
	int64_t most_ns = now_ns - m->sent_ns;

	if (first)
		return least_ns + (most_ns - least_ns) / 2;
	if (offset_ns < least_ns)
		return least_ns;
	return offset_ns > most_ns ? most_ns : offset_ns;
}

/* ---- rhythm ---- */

#define MISSES_MAX 3u

static int64_t within(int64_t least, int64_t x, int64_t most)
{
	return x < least ? least : x > most ? most : x;
}

/*
 * Too early costs a request, too late freshness: the margin grows at once by a
 * 16th of the site's period, and shrinks slowly.
 */
static void margin_learn(struct site_rhythm *r, bool got, int64_t period_ns)
{
	int64_t least_ns = period_ns / 50;

	if (!r->misses)
		r->margin_ns += got ? -r->margin_ns / 32 : period_ns / 16;
	r->margin_ns = within(least_ns, r->margin_ns, period_ns / 2);
	r->misses = got ? 0 : r->misses + 1;
}

int64_t site_rhythm_next(struct site_rhythm *r, const struct site_track *t,
			 bool got, int64_t site_period_ns, int64_t period_ns,
			 int64_t now_ns)
{
	int64_t samples = 1, next_ns;

	if (!t->known || site_period_ns <= 0)
		return 0;
	margin_learn(r, got, site_period_ns);
	if (r->misses > MISSES_MAX)
		return 0;
	if (!got)
		return now_ns + site_period_ns / 8;
	/* a node with the longer period takes several at once */
	if (period_ns > site_period_ns)
		samples = (period_ns + site_period_ns / 2) / site_period_ns;
	next_ns = t->node_ns + samples * site_period_ns + r->margin_ns;
	return next_ns > now_ns ? next_ns : 0;
}

/* ---- joins ---- */

/* Is that the straight line between the two, and no longer here than there? */
static bool is_line(const struct site_track *t, const struct site_sample *b,
		    int64_t node_ns, int64_t max_gap_ns)
{
	int64_t dt_ns = b->boot_ns - t->at_ns;
	double line = (t->watts + b->watts) / 2 * ns_to_s(dt_ns);

	return !(b->flags & SERIES_BRIDGED) && dt_ns <= max_gap_ns &&
	       node_ns - t->node_ns == dt_ns &&
	       fabs(b->cum_j - t->cum_j - line) <=
	       1e-9 * line + 1e-12 * b->cum_j;
}

/*
 * All of the time between is covered, or it does not count: in what part of it
 * the joules were drawn is not known where the site's ring was overrun.
 */
static struct past_sample joined(const struct site_track *t,
				 const struct site_sample *b, int64_t node_ns,
				 int64_t max_gap_ns)
{
	struct past_sample p = { .boot_ns = node_ns, .watts = b->watts,
				 .join = SERIES_GAP, .joules = NAN };

	if (!t->known ||
	    b->cum_covered_ns - t->cum_covered_ns != b->boot_ns - t->at_ns ||
	    b->cum_j < t->cum_j)
		return p;
	if (is_line(t, b, node_ns, max_gap_ns)) {
		p.join = SERIES_LINE;
		return p;
	}
	p.join = SERIES_MEAN;
	p.joules = b->cum_j - t->cum_j;
	if (p.joules > SERIES_MAX_W * ns_to_s(node_ns - t->node_ns))
		p.join = SERIES_GAP;	/* no clock is that far off */
	return p;
}

static void keep(struct site_track *t, const struct site_sample *b,
		 int64_t node_ns)
{
	t->known = true;
	t->at_ns = b->boot_ns;
	t->node_ns = node_ns;
	t->watts = b->watts;
	t->cum_j = b->cum_j;
	t->cum_covered_ns = b->cum_covered_ns;
}

unsigned site_track_take(struct site_track *t, const struct site_series *s,
			 const struct site_moment *m, int64_t max_gap_ns,
			 struct past_sample *out)
{
	bool same = strcmp(t->boot_id, s->boot_id) == 0;
	unsigned count = 0;

	t->offset_ns = site_offset(!same, t->offset_ns, s->now_ns, m);
	if (!same) {
		snprintf(t->boot_id, sizeof(t->boot_id), "%s", s->boot_id);
		t->known = false;
	}
	for (unsigned i = 0; i < s->count; i++) {
		const struct site_sample *b = &s->samples[i];
		int64_t node_ns = b->boot_ns - t->offset_ns;

		if (t->known && b->boot_ns == t->at_ns) {
			/* the one of before, for who has lost sight of it */
			out[count++] = joined(t, b, t->node_ns, 0);
			continue;
		}
		if (node_ns <= t->node_ns || node_ns < 0 ||
		    (t->known && b->boot_ns < t->at_ns))
			continue;
		out[count++] = joined(t, b, node_ns, max_gap_ns);
		keep(t, b, node_ns);
	}
	return count;
}

/* ---- kept over a restart ---- */

int site_track_format(const struct site_track *t, char *buf, size_t size)
{
	int n = snprintf(buf, size, "site_boot=%s\noffset_ns=%" PRId64
			 "\nat_ns=%" PRId64 "\nnode_ns=%" PRId64
			 "\nwatts=%.17g\ncum_j=%.17g\ncum_covered_ns=%" PRId64
			 "\n", t->boot_id, t->offset_ns, t->at_ns, t->node_ns,
			 t->watts, t->cum_j, t->cum_covered_ns);

	return n < 0 || (size_t)n >= size ? -1 : 0;
}

static bool whole_get(const char *text, const char *key, int64_t *value)
{
	char buf[32], *end;

	if (statefile_get(text, key, buf, sizeof(buf)) < 0)
		return false;
	errno = 0;
	*value = strtoll(buf, &end, 10);
	return !errno && !*end && end != buf && *value > -INT64_MAX / 4 &&
	       *value < INT64_MAX / 4;
}

static bool real_get(const char *text, const char *key, double *value)
{
	char buf[64], *end;

	if (statefile_get(text, key, buf, sizeof(buf)) < 0)
		return false;
	*value = strtod(buf, &end);
	return !*end && end != buf && isfinite(*value) && *value >= 0;
}

int site_track_parse(struct site_track *t, const char *text)
{
	memset(t, 0, sizeof(*t));
	if (statefile_get(text, "site_boot", t->boot_id,
			  sizeof(t->boot_id)) == 0 &&
	    whole_get(text, "offset_ns", &t->offset_ns) &&
	    whole_get(text, "at_ns", &t->at_ns) &&
	    whole_get(text, "node_ns", &t->node_ns) &&
	    whole_get(text, "cum_covered_ns", &t->cum_covered_ns) &&
	    real_get(text, "watts", &t->watts) &&
	    real_get(text, "cum_j", &t->cum_j) && t->at_ns >= 0 &&
	    t->node_ns >= 0 && t->cum_covered_ns >= 0) {
		t->known = true;
		return 0;
	}
	memset(t, 0, sizeof(*t));
	return -1;
}
