/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compare.h"

#include <stdbool.h>

/* Covered stretches of a series, one after the other, within [from, to). */
struct walk {
	const series_t *s;
	int64_t from_ns, to_ns;
	uint32_t next;		/* sample that the search goes on with */
	int64_t start_ns, end_ns;	/* the stretch */
};

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Between samples i - 1 and i. */
static bool covered(const series_t *s, uint32_t i)
{
	return series_get(s, i)->cum_covered_ns >
	       series_get(s, i - 1)->cum_covered_ns;
}

/* The next stretch, as long as it goes; false at the end. */
static bool walk_next(struct walk *w)
{
	uint32_t n = series_size(w->s), i = w->next;

	for (; i < n; i++)
		if (covered(w->s, i) && series_get(w->s, i)->boot_ns > w->from_ns)
			break;
	if (i >= n || series_get(w->s, i - 1)->boot_ns >= w->to_ns)
		return false;
	w->start_ns = later(series_get(w->s, i - 1)->boot_ns, w->from_ns);
	while (i + 1 < n && covered(w->s, i + 1))
		i++;
	w->end_ns = earlier(series_get(w->s, i)->boot_ns, w->to_ns);
	w->next = i + 1;
	return true;
}

static double joules_of(const series_t *s, int64_t from_ns, int64_t to_ns)
{
	struct series_span span;

	series_between(s, from_ns, to_ns, &span);
	return span.joules;
}

static int64_t covered_of(const series_t *s, int64_t from_ns, int64_t to_ns)
{
	struct series_span span;

	series_between(s, from_ns, to_ns, &span);
	return span.covered_ns;
}

void compare_series(const series_t *first, const series_t *second,
		    int64_t from_ns, int64_t to_ns, struct compare *out)
{
	struct walk a = { .s = first, .from_ns = from_ns, .to_ns = to_ns,
			  .next = 1 }, b = a;
	bool more;

	b.s = second;
	*out = (struct compare){ 0 };
	if (from_ns >= to_ns)
		return;
	out->first_ns = covered_of(first, from_ns, to_ns);
	out->second_ns = covered_of(second, from_ns, to_ns);
	more = walk_next(&a) && walk_next(&b);
	while (more) {
		int64_t start_ns = later(a.start_ns, b.start_ns);
		int64_t end_ns = earlier(a.end_ns, b.end_ns);

		if (start_ns < end_ns) {
			out->first_j += joules_of(first, start_ns, end_ns);
			out->second_j += joules_of(second, start_ns, end_ns);
			out->both_ns += end_ns - start_ns;
		}
		/* the one that ends first has nothing more to give */
		more = a.end_ns <= b.end_ns ? walk_next(&a) : walk_next(&b);
	}
}
