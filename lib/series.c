/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "series.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "series_impl.h"

series_t *series_create(uint32_t capacity, int64_t period_ns,
			int64_t max_gap_ns)
{
	series_t *s;

	if (capacity < 2)
		capacity = 2;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->ring = calloc(capacity, sizeof(*s->ring));
	if (!s->ring) {
		free(s);
		return NULL;
	}
	s->capacity = capacity;
	s->period_ns = period_ns;
	s->max_gap_ns = max_gap_ns;
	return s;
}

void series_destroy(series_t *s)
{
	int saved = errno;

	if (s)
		free(s->ring);
	free(s);
	errno = saved;
}

uint32_t series_size(const series_t *s)
{
	return s->count < s->capacity ? (uint32_t)s->count : s->capacity;
}

const struct series_sample *series_get(const series_t *s, uint32_t i)
{
	uint64_t first = s->count - series_size(s);

	return &s->ring[(first + i) % s->capacity];
}

const struct series_sample *series_first(const series_t *s)
{
	return s->count ? series_get(s, 0) : NULL;
}

const struct series_sample *series_last(const series_t *s)
{
	return s->count ? series_get(s, series_size(s) - 1) : NULL;
}

void series_push(series_t *s, const struct series_sample *sample)
{
	s->ring[s->count++ % s->capacity] = *sample;
}

bool series_watts_valid(double watts)
{
	return isfinite(watts) && watts > 0 && watts <= SERIES_MAX_W;
}

/* What a reading is before anything is added up; false: it is refused. */
static bool sample_begin(const series_t *s, int64_t boot_ns, int64_t wall_ns,
			 double watts, struct series_sample *next)
{
	const struct series_sample *last = series_last(s);

	*next = (struct series_sample){ .boot_ns = boot_ns, .wall_ns = wall_ns,
					.watts = watts };
	if (!series_watts_valid(watts) || boot_ns < 0 ||
	    boot_ns > SERIES_BOOT_MAX_NS ||
	    (last && boot_ns <= last->boot_ns)) {
		errno = EINVAL;
		return false;
	}
	if (wall_ns < 0 || wall_ns > SERIES_WALL_MAX_NS)
		next->wall_ns = 0;	/* only a label: no reading is lost for it */
	if (last) {
		next->cum_j = last->cum_j;
		next->cum_covered_ns = last->cum_covered_ns;
	}
	return true;
}

/* Joules that can have been drawn in that time. */
static bool joules_valid(double joules, int64_t dt_ns)
{
	return joules >= 0 && joules <= SERIES_MAX_W * ns_to_s(dt_ns);
}

int series_next_as(const series_t *s, int64_t boot_ns, int64_t wall_ns,
		   double watts, enum series_join join, double joules,
		   struct series_sample *next)
{
	const struct series_sample *last = series_last(s);
	int64_t dt;

	if (!sample_begin(s, boot_ns, wall_ns, watts, next))
		return -1;
	dt = last ? boot_ns - last->boot_ns : 0;
	if (join == SERIES_MEAN && last) {
		if (!joules_valid(joules, dt)) {
			errno = EINVAL;
			return -1;
		}
		next->cum_j += joules;
		next->cum_covered_ns += dt;
		next->flags = SERIES_BRIDGED;
	} else if (join == SERIES_LINE && last && dt <= s->max_gap_ns) {
		next->cum_j += (last->watts + watts) / 2 * ns_to_s(dt);
		next->cum_covered_ns += dt;
	}
	return 0;
}

const struct series_sample *series_append_as(series_t *s, int64_t boot_ns,
					     int64_t wall_ns, double watts,
					     enum series_join join,
					     double joules)
{
	struct series_sample next;

	if (series_next_as(s, boot_ns, wall_ns, watts, join, joules,
			   &next) < 0)
		return NULL;
	series_push(s, &next);
	return series_last(s);
}

const struct series_sample *series_append(series_t *s, int64_t boot_ns,
					  int64_t wall_ns, double watts)
{
	return series_append_as(s, boot_ns, wall_ns, watts, SERIES_LINE, NAN);
}

const struct series_sample *series_append_bridged(series_t *s, int64_t boot_ns,
						  int64_t wall_ns, double watts,
						  double joules)
{
	const struct series_sample *last = series_last(s);

	if (!last || boot_ns - last->boot_ns <= s->max_gap_ns || joules == 0) {
		errno = EINVAL;
		return NULL;
	}
	return series_append_as(s, boot_ns, wall_ns, watts, SERIES_MEAN, joules);
}

/* Is the stretch between two neighbouring samples covered? */
static bool segment_covered(const struct series_sample *a,
			    const struct series_sample *b)
{
	return b->cum_covered_ns > a->cum_covered_ns;
}

void series_segment_point(const struct series_sample *a,
			  const struct series_sample *b, int64_t t_ns,
			  struct series_point *out)
{
	double dt = ns_to_s(b->boot_ns - a->boot_ns);
	double x = ns_to_s(t_ns - a->boot_ns) / dt;

	out->exact = true;
	out->cum_j = a->cum_j;
	out->cum_covered_ns = a->cum_covered_ns;
	if (!segment_covered(a, b))
		return;
	if (b->flags & SERIES_BRIDGED)	/* the ends say nothing of what was between */
		out->cum_j += (b->cum_j - a->cum_j) * x;
	else	/* power is a straight line, so energy is a parabola */
		out->cum_j += dt * x * (a->watts + (b->watts - a->watts) * x / 2);
	if (out->cum_j > b->cum_j)
		out->cum_j = b->cum_j;
	out->cum_covered_ns += t_ns - a->boot_ns;
	if (out->cum_covered_ns > b->cum_covered_ns)	/* a lost sample between */
		out->cum_covered_ns = b->cum_covered_ns;
}

/* Index of the first held sample later than t_ns; the size if there is none. */
static uint32_t index_after(const series_t *s, int64_t t_ns)
{
	uint32_t lo = 0, hi = series_size(s);

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (series_get(s, mid)->boot_ns <= t_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The point at t_ns by the ring; outside it the nearest end. */
static void ring_point(const series_t *s, int64_t t_ns, struct series_point *p)
{
	uint32_t i = index_after(s, t_ns), n = series_size(s);
	const struct series_sample *edge;

	if (i > 0 && i < n) {
		series_segment_point(series_get(s, i - 1), series_get(s, i),
				     t_ns, p);
		return;
	}
	edge = series_get(s, i ? n - 1 : 0);
	p->cum_j = edge->cum_j;
	p->cum_covered_ns = edge->cum_covered_ns;
	p->exact = i == 0 || edge->boot_ns == t_ns;
}

/* Note an uncovered stretch [a, b) of the span [from, to). */
static void note_gap(struct series_span *out, int64_t from, int64_t to,
		     int64_t a, int64_t b, int64_t *run_start, int64_t *run_end)
{
	if (a < from)
		a = from;
	if (b > to)
		b = to;
	if (a >= b)
		return;
	if (*run_end != a)	/* not the continuation of the last one */
		*run_start = a;
	*run_end = b;
	if (b - *run_start > out->max_gap_ns)
		out->max_gap_ns = b - *run_start;
	if (*run_start == from)
		out->head_gap_ns = b - from;
	if (b == to)
		out->tail_gap_ns = b - *run_start;
}

void series_between(const series_t *s, int64_t from_ns, int64_t to_ns,
		    struct series_span *out)
{
	struct series_point a, b;
	int64_t run_start = -1, run_end = -1;
	uint32_t i, n = series_size(s);

	*out = (struct series_span){ 0 };
	if (from_ns >= to_ns)
		return;
	if (!n) {
		note_gap(out, from_ns, to_ns, from_ns, to_ns, &run_start,
			 &run_end);
		return;
	}
	ring_point(s, from_ns, &a);
	ring_point(s, to_ns, &b);
	out->joules = b.cum_j > a.cum_j ? b.cum_j - a.cum_j : 0;
	out->covered_ns = b.cum_covered_ns - a.cum_covered_ns;

	note_gap(out, from_ns, to_ns, from_ns, series_first(s)->boot_ns,
		 &run_start, &run_end);
	i = index_after(s, from_ns);
	for (i = i ? i : 1; i < n; i++) {
		const struct series_sample *p = series_get(s, i - 1);
		const struct series_sample *q = series_get(s, i);

		if (p->boot_ns >= to_ns)
			break;
		if (!segment_covered(p, q))
			note_gap(out, from_ns, to_ns, p->boot_ns, q->boot_ns,
				 &run_start, &run_end);
	}
	note_gap(out, from_ns, to_ns, series_last(s)->boot_ns, to_ns,
		 &run_start, &run_end);
}

void series_span_join(struct series_span *sum, int64_t sum_ns,
		      const struct series_span *next, int64_t next_ns)
{
	int64_t bridge = sum->tail_gap_ns + next->head_gap_ns;

	sum->joules += next->joules;
	sum->covered_ns += next->covered_ns;
	if (next->max_gap_ns > sum->max_gap_ns)
		sum->max_gap_ns = next->max_gap_ns;
	if (bridge > sum->max_gap_ns)
		sum->max_gap_ns = bridge;
	if (sum->head_gap_ns == sum_ns)
		sum->head_gap_ns += next->head_gap_ns;
	if (next->tail_gap_ns == next_ns)
		sum->tail_gap_ns += next_ns;
	else
		sum->tail_gap_ns = next->tail_gap_ns;
}

int64_t series_wall_ns(const series_t *s, int64_t boot_ns)
{
	uint32_t i = index_after(s, boot_ns), n = series_size(s);
	const struct series_sample *near;

	if (!n)
		return 0;
	near = series_get(s, i == n ? n - 1 : i);
	if (i > 0 && i < n) {
		const struct series_sample *before = series_get(s, i - 1);

		if (boot_ns - before->boot_ns < near->boot_ns - boot_ns)
			near = before;
	}
	return near->wall_ns + (boot_ns - near->boot_ns);
}

void series_head_point(const struct series_head *head, int64_t period_ns,
		       int64_t t_ns, struct series_point *out)
{
	int64_t held;

	*out = (struct series_point){ .exact = false };
	if (!head->count)
		return;
	held = t_ns - head->last.boot_ns;
	out->cum_j = head->last.cum_j;
	out->cum_covered_ns = head->last.cum_covered_ns;
	if (held <= 0)
		return;
	if (held > period_ns)
		held = period_ns;
	out->cum_j += head->last.watts * ns_to_s(held);
	out->cum_covered_ns += held;
}
