/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settle.h"

#include <stdlib.h>
#include <string.h>

#include "window.h"

/* One window under way. */
struct settling {
	host_t *host;
	struct walls walls;
	int64_t from_s;
	int64_t to_s;
	bool cut[SETTLE_WINDOW_MAX_S];	/* does a piece begin at from_s + i? */
	struct claim **order;	/* by start; those before `next` have begun */
	uint32_t count, next;
	uint32_t here_count;	/* claims of which this piece is a part */
	struct claim **here;
	const struct share_claim **active;
	struct share_part *parts;
	struct node_sums *sums;
};

/* ---- claims -------------------------------------------------------------------- */

static int compare_pause(const void *a, const void *b)
{
	const struct pause *x = a, *y = b;

	return x->from_s < y->from_s ? -1 : x->from_s > y->from_s;
}

uint32_t pauses_join(struct pause *pauses, uint32_t count)
{
	uint32_t kept = 0;

	if (count)
		qsort(pauses, count, sizeof(*pauses), compare_pause);
	for (uint32_t i = 0; i < count; i++) {
		const struct pause p = pauses[i];

		if (p.from_s >= p.to_s)
			continue;
		if (kept && p.from_s <= pauses[kept - 1].to_s) {
			if (p.to_s > pauses[kept - 1].to_s)
				pauses[kept - 1].to_s = p.to_s;
		} else {
			pauses[kept++] = p;
		}
	}
	return kept;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void claim_begin(struct claim *c, int64_t from_s, double open_gap_s)
{
	gate_start(&c->gate, later(from_s, c->from_s) * NS_PER_S);
	if (open_gap_s > 0 && open_gap_s < 1e9)
		c->gate.open_gap_ns = (int64_t)(open_gap_s * 1e9);
	c->share_s = 0;
	c->model_j = 0;
	c->gaps = (struct gaps){ 0 };
}

static void parts_add(struct claim *c, const struct share_part *part,
		      double active_s)
{
	if (part->share > 0)
		c->share_s += part->share * active_s;
	if (part->model_w > 0)
		c->model_j += part->model_w * active_s;
}

static bool paused_at(const struct claim *c, int64_t t_s)
{
	for (uint32_t i = 0; i < c->pause_count; i++) {
		if (t_s < c->pauses[i].from_s)
			return false;
		if (t_s < c->pauses[i].to_s)
			return true;
	}
	return false;
}

/* The next begin or end of a pause after t_s, or limit_s. */
static int64_t pause_edge(const struct claim *c, int64_t t_s, int64_t limit_s)
{
	for (uint32_t i = 0; i < c->pause_count; i++) {
		if (c->pauses[i].from_s > t_s)
			return sooner(c->pauses[i].from_s, limit_s);
		if (c->pauses[i].to_s > t_s)
			return sooner(c->pauses[i].to_s, limit_s);
	}
	return limit_s;
}

int64_t claim_edge(const struct claim *c, int64_t t_s, int64_t limit_s,
		   bool *paused)
{
	*paused = paused_at(c, t_s);
	return pause_edge(c, t_s, limit_s);
}

/* Unmeasured time up to to_s. */
static void claim_darken(struct claim *c, int64_t to_s, bool active)
{
	const int64_t len_ns = to_s * NS_PER_S - c->gate.settled_ns;
	const struct series_span dark = { .head_gap_ns = len_ns,
		.tail_gap_ns = len_ns, .max_gap_ns = len_ns };

	gate_advance(&c->gate, to_s * NS_PER_S, &dark, 0, active);
}

int claim_begin_late(struct claim *c, host_t *h, int64_t from_s)
{
	const struct share_claim *what = &c->what;
	const int64_t to_s = sooner(from_s, c->to_s);
	struct share_part part;
	int64_t t_s, next_s;
	bool scaled;

	if (host_divide(h, &what, 1, &part, &scaled) < 0)
		return -1;
	claim_begin(c, c->from_s, 0);
	for (t_s = c->from_s; t_s < to_s; t_s = next_s) {
		next_s = pause_edge(c, t_s, to_s);
		claim_darken(c, next_s, !paused_at(c, t_s));
	}
	parts_add(c, &part, ns_to_s(c->gate.active_ns));
	return 0;
}

/* ---- pieces -------------------------------------------------------------------- */

static void cut_at(struct settling *w, int64_t t_s)
{
	if (t_s > w->from_s && t_s < w->to_s)
		w->cut[t_s - w->from_s] = true;
}

static void cuts_find(struct settling *w, const struct claim *claims)
{
	w->cut[0] = true;
	for (uint32_t i = 0; i < w->count; i++) {
		const struct claim *c = &claims[i];

		cut_at(w, c->from_s);
		cut_at(w, c->to_s);
		for (uint32_t k = 0; k < c->pause_count; k++) {
			cut_at(w, c->pauses[k].from_s);
			cut_at(w, c->pauses[k].to_s);
		}
	}
}

static int64_t piece_end(const struct settling *w, int64_t t_s)
{
	do {
		t_s++;
	} while (t_s < w->to_s && !w->cut[t_s - w->from_s]);
	return t_s;
}

static int compare_start(const void *a, const void *b)
{
	const struct claim *x = *(struct claim *const *)a;
	const struct claim *y = *(struct claim *const *)b;

	if (x->from_s != y->from_s)
		return x->from_s < y->from_s ? -1 : 1;
	return x->what.job_id < y->what.job_id ? -1 :
	       x->what.job_id > y->what.job_id;
}

/* Those that have begun come, those that have ended go. */
static void here_update(struct settling *w, int64_t t_s)
{
	uint32_t kept = 0;

	for (; w->next < w->count && w->order[w->next]->from_s <= t_s; w->next++)
		w->here[w->here_count++] = w->order[w->next];
	for (uint32_t i = 0; i < w->here_count; i++) {
		if (w->here[i]->to_s > t_s)
			w->here[kept++] = w->here[i];
	}
	w->here_count = kept;
}

/* part: NULL where it is suspended. Returns the joules that it gets. */
static double claim_add(struct claim *c, int64_t to_ns,
			const struct series_span *span,
			const struct share_part *part)
{
	const int64_t len_ns = to_ns - c->gate.settled_ns;

	if (!part) {
		gaps_break(&c->gaps);
		return gate_advance(&c->gate, to_ns, span, 0, false);
	}
	if (part->share >= 0)
		gaps_span(&c->gaps, span, len_ns);
	else	/* not known: nothing is charged, nor covered */
		gaps_dark(&c->gaps, len_ns);
	parts_add(c, part, ns_to_s(len_ns));
	return gate_advance(&c->gate, to_ns, span, part->share, true);
}

/* What a piece adds to the node, `given_j` of it to jobs. */
static void sums_add(struct settling *w, const struct series_span *span,
		     int64_t len_ns, double given_j)
{
	struct node_sums *sums = w->sums;

	sums->node_j += span->joules;
	sums->allocated_j += given_j;
	sums->measured_ns += span->covered_ns;
	sums->unmeasured_ns += len_ns - span->covered_ns;
	if (w->here_count == 0) {
		sums->idle_j += span->joules;
		sums->idle_ns += len_ns;
	} else if (span->joules > given_j) {
		sums->unallocated_j += span->joules - given_j;
	}
}

/* Without a host: each has what it has, but never more than a node together. */
static void fixed_divide(struct settling *w, int64_t t_s, bool *scaled)
{
	uint32_t active = 0;
	double sum = 0;

	for (uint32_t i = 0; i < w->here_count; i++) {
		const struct share_part *fixed = &w->here[i]->fixed;

		if (paused_at(w->here[i], t_s))
			continue;
		w->parts[active++] = *fixed;
		sum += fixed->share > 0 ? fixed->share : 0;
	}
	*scaled = sum > 1 + SHARE_EPSILON;
	for (uint32_t i = 0; *scaled && i < active; i++)
		w->parts[i].share /= sum;
}

static int piece_divide(struct settling *w, int64_t t_s, bool *scaled)
{
	uint32_t active = 0;

	if (!w->host) {
		fixed_divide(w, t_s, scaled);
		return 0;
	}
	for (uint32_t i = 0; i < w->here_count; i++) {
		if (!paused_at(w->here[i], t_s))
			w->active[active++] = &w->here[i]->what;
	}
	return host_divide(w->host, w->active, active, w->parts, scaled);
}

static int piece_settle(struct settling *w, int64_t t_s, int64_t end_s)
{
	const int64_t from_ns = t_s * NS_PER_S, to_ns = end_s * NS_PER_S;
	struct series_span span;
	uint32_t active = 0;
	double given_j = 0;
	bool scaled;

	here_update(w, t_s);
	walls_between(&w->walls, from_ns, to_ns, &span);
	if (piece_divide(w, t_s, &scaled) < 0)
		return -1;
	w->sums->scaled |= scaled;
	for (uint32_t i = 0; i < w->here_count; i++) {
		const bool on = !paused_at(w->here[i], t_s);

		given_j += claim_add(w->here[i], to_ns, &span,
				     on ? &w->parts[active++] : NULL);
	}
	sums_add(w, &span, to_ns - from_ns, given_j);
	return 0;
}

/* ---- the window ---------------------------------------------------------------- */

static int settling_init(struct settling *w, struct claim *claims)
{
	const size_t room = (size_t)w->count + 1;

	w->order = malloc(room * sizeof(*w->order));
	w->here = malloc(room * sizeof(*w->here));
	w->active = malloc(room * sizeof(*w->active));
	w->parts = malloc(room * sizeof(*w->parts));
	if (!w->order || !w->here || !w->active || !w->parts)
		return -1;
	for (uint32_t i = 0; i < w->count; i++)
		w->order[i] = &claims[i];
	qsort(w->order, w->count, sizeof(*w->order), compare_start);
	cuts_find(w, claims);
	return 0;
}

static int pieces_settle(struct settling *w)
{
	int64_t t_s, end_s;

	for (t_s = w->from_s; t_s < w->to_s; t_s = end_s) {
		end_s = piece_end(w, t_s);
		if (piece_settle(w, t_s, end_s) < 0)
			return -1;
	}
	return 0;
}

int settle_window(host_t *h, const series_t *series, int64_t from_s,
		  int64_t to_s, struct claim *claims, uint32_t count,
		  struct node_sums *sums, struct err *err)
{
	struct settling *w;
	int rc;

	*sums = (struct node_sums){ 0 };
	if (from_s < 0 || to_s < from_s ||
	    to_s - from_s > SETTLE_WINDOW_MAX_S)
		return err_set(err, "a window of %lld s from %lld on",
			       (long long)(to_s - from_s), (long long)from_s);
	w = calloc(1, sizeof(*w));
	if (!w)
		return err_set(err, "out of memory");
	w->host = h;
	w->from_s = from_s;
	w->to_s = to_s;
	w->count = count;
	w->sums = sums;
	walls_init(&w->walls, series);
	rc = settling_init(w, claims) < 0 || pieces_settle(w) < 0 ?
	     err_set(err, "out of memory for %u jobs", count) : 0;
	free(w->order);
	free(w->here);
	free(w->active);
	free(w->parts);
	free(w);
	return rc;
}
