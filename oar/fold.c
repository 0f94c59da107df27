/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fold.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* [from_s, to_s) of the claim was not accounted. */
static void add_dark(struct fold *f, const struct claim *c,
		     const struct fold_rate *rate, int64_t from_s, int64_t to_s)
{
	int64_t t_s = later(from_s, c->from_s), next_s;
	const int64_t end_s = sooner(to_s, c->to_s);
	double active_s;

	for (; t_s < end_s; t_s = next_s) {
		bool paused;

		next_s = claim_edge(c, t_s, end_s, &paused);
		if (paused) {
			gaps_break(&f->gaps);
			continue;
		}
		active_s = (double)(next_s - t_s);
		gaps_dark(&f->gaps, (next_s - t_s) * NS_PER_S);
		f->active_s += active_s;
		f->share_s += rate->share > 0 ? rate->share * active_s : 0;
		f->model_j += rate->model_w > 0 ? rate->model_w * active_s : 0;
	}
}

static void add_source(struct fold *f, const char *source)
{
	if (!source || !*source)
		return;
	if (!*f->source)
		snprintf(f->source, sizeof(f->source), "%s", source);
	else if (strcmp(f->source, source) != 0)
		strcpy(f->source, "mixed");
}

/* Where its gaps lay is not known: as badly as they can. */
static struct gaps gaps_worst(const struct fold_hour *h)
{
	const double unmeasured_s = h->active_s - h->covered_s;
	const int64_t ns = unmeasured_s > 0 ? (int64_t)(unmeasured_s * 1e9) : 0;

	return (struct gaps){ ns, ns, ns, h->covered_s > 0 };
}

static void add_hour(struct fold *f, const struct fold_hour *h,
		     const char *source)
{
	struct gaps gaps = h->gaps;

	if (!h->mine) {		/* it was not there */
		gaps_break(&f->gaps);
		return;
	}
	if (!h->gaps_known) {
		gaps = gaps_worst(h);
		f->gaps_exact &= gaps.max_ns == 0;
	}
	f->gated_j += h->gated_j;
	f->node_j += h->node_j;
	f->model_j += h->model_j;
	f->active_s += h->active_s;
	f->covered_s += h->covered_s;
	f->share_s += h->share_s;
	gaps_join(&f->gaps, &gaps);
	if (h->covered_s > 0)
		add_source(f, h->source ? h->source : source);
}

void fold_hours(const struct claim *claim, int64_t settled_s,
		const struct fold_rate *rate, const char *source,
		const struct fold_hour *hours, uint32_t count,
		struct fold *out)
{
	int64_t t_s = claim->from_s;

	*out = (struct fold){ .gaps_exact = true };
	for (uint32_t i = 0; i < count; i++) {
		add_dark(out, claim, rate, t_s, hours[i].begin_s);
		add_hour(out, &hours[i], source);
		t_s = later(t_s, hours[i].end_s);
	}
	add_dark(out, claim, rate, t_s, settled_s);
}
