/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "samples.h"

#include <stdlib.h>
#include <string.h>

int samples_add(struct samples *s, int64_t wall_ns, double watts)
{
	if (s->len == SAMPLES_MAX)
		return -1;
	if (s->len == s->room) {
		size_t room = s->room ? 2 * s->room : 4096;
		struct sample_of_past *grown =
			realloc(s->list, room * sizeof(*grown));

		if (!grown)
			return -1;
		s->list = grown;
		s->room = room;
	}
	s->list[s->len++] = (struct sample_of_past){ wall_ns, watts };
	return 0;
}

void samples_clear(struct samples *s)
{
	free(s->list);
	*s = (struct samples){ .max_gap_ns = s->max_gap_ns };
}

series_t *samples_series(const struct samples *s, int64_t from_ns,
			 int64_t to_ns)
{
	const int64_t first_ns = from_ns - s->max_gap_ns;
	const int64_t last_ns = ns_add(to_ns, s->max_gap_ns);
	series_t *series;
	uint32_t count = 0;

	for (size_t i = 0; i < s->len; i++)
		count += s->list[i].wall_ns >= first_ns &&
			 s->list[i].wall_ns <= last_ns;
	series = series_create(count, s->max_gap_ns, s->max_gap_ns);
	for (size_t i = 0; series && i < s->len; i++) {
		const struct sample_of_past *p = &s->list[i];

		if (p->wall_ns >= first_ns && p->wall_ns <= last_ns &&
		    p->wall_ns > SAMPLES_OFFSET_NS)
			series_append(series, p->wall_ns - SAMPLES_OFFSET_NS,
				      p->wall_ns, p->watts);
	}
	return series;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int64_t samples_period_ns(const struct samples *s)
{
	/* of a million it can be told as well as of all */
	const size_t most = s->len < 1000000 ? s->len : 1000000;
	int64_t *steps, median = 0;

	if (most < 2)
		return 0;
	steps = calloc(most - 1, sizeof(*steps));
	if (!steps)
		return 0;
	for (size_t i = 1; i < most; i++)
		steps[i - 1] = s->list[i].wall_ns - s->list[i - 1].wall_ns;
	qsort(steps, most - 1, sizeof(*steps), compare);
	median = steps[(most - 1) / 2];
	free(steps);
	return median;
}
