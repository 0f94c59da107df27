/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate.h"

#include <math.h>

void gate_start(gate_t *g, int64_t start_ns)
{
	*g = (gate_t){ .start_ns = start_ns, .settled_ns = start_ns };
}

static void note_gaps(gate_t *g, const struct series_span *span, int64_t dt)
{
	int64_t bridge = g->open_gap_ns + span->head_gap_ns;

	if (bridge > g->max_gap_ns)
		g->max_gap_ns = bridge;
	if (span->max_gap_ns > g->max_gap_ns)
		g->max_gap_ns = span->max_gap_ns;
	g->open_gap_ns = span->tail_gap_ns == dt ? g->open_gap_ns + dt
						 : span->tail_gap_ns;
}

double gate_advance(gate_t *g, int64_t to_ns, const struct series_span *span,
		    double share, bool active)
{
	int64_t dt = to_ns - g->settled_ns;
	double added;

	if (dt <= 0)
		return 0;
	g->settled_ns = to_ns;
	if (!active) {
		g->suspended_ns += dt;
		g->open_gap_ns = 0;
		return 0;
	}
	g->active_ns += dt;
	if (!(share >= 0)) {	/* not known: nothing is charged, nor covered */
		const struct series_span dark = { .head_gap_ns = dt,
			.tail_gap_ns = dt, .max_gap_ns = dt };

		note_gaps(g, &dark, dt);
		return 0;
	}
	added = span->joules * (share < 1 ? share : 1);
	g->gated_j += added;
	g->node_j += span->joules;
	g->covered_ns += span->covered_ns;
	note_gaps(g, span, dt);
	return added;
}

double gate_coverage(const gate_t *g)
{
	if (g->active_ns <= 0)
		return 1;
	return (double)g->covered_ns / (double)g->active_ns;
}

void gate_live_start(gate_live_t *g, int64_t start_ns, double share,
		     double start_j, const struct suspend_slot *slot)
{
	*g = (gate_live_t){ .start_ns = start_ns, .share = share,
			    .start_j = start_j,
			    .suspended_before_j = slot->total_j };
	/* begun while suspended: what lay before will be in the total */
	if (slot->since_ns && start_j > slot->since_cum_j)
		g->suspended_before_j += start_j - slot->since_cum_j;
}

void gate_live_rebase(gate_live_t *g, double start_j,
		      const struct suspend_slot *slot)
{
	g->carried_j = g->answer_j;
	g->start_j = start_j;
	g->start_exact = true;
	g->suspended_before_j = slot->total_j;
	g->suspended_j = 0;
}

/* The node's joules that fell into the job's suspensions since the start. */
static double suspended_j(gate_live_t *g, const struct series_point *now,
			  const struct suspend_slot *slot)
{
	double open_j = 0, ended_j = slot->total_j - g->suspended_before_j;

	if (ended_j > g->suspended_j)	/* a dropped slot takes nothing back */
		g->suspended_j = ended_j;
	if (slot->since_ns) {
		double from_j = slot->since_cum_j > g->start_j ?
				slot->since_cum_j : g->start_j;

		if (now->cum_j > from_j)
			open_j = now->cum_j - from_j;
	}
	return g->suspended_j + open_j;
}

double gate_live_advance(gate_live_t *g, const struct series_point *now,
			 const struct suspend_slot *slot)
{
	double joules = now->cum_j - g->start_j - suspended_j(g, now, slot);

	if (!(g->share > 0) || !isfinite(joules))
		return g->answer_j;
	joules = g->carried_j + joules * (g->share < 1 ? g->share : 1);
	if (joules > g->answer_j)
		g->answer_j = joules;
	return g->answer_j;
}
