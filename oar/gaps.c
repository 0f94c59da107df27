/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gaps.h"

void gaps_join(struct gaps *g, const struct gaps *next)
{
	const int64_t bridge_ns = g->tail_ns + next->head_ns;

	if (next->max_ns > g->max_ns)
		g->max_ns = next->max_ns;
	if (bridge_ns > g->max_ns)
		g->max_ns = bridge_ns;
	if (!g->broken)
		g->head_ns += next->head_ns;
	g->tail_ns = next->broken ? next->tail_ns : g->tail_ns + next->tail_ns;
	g->broken |= next->broken;
}

void gaps_dark(struct gaps *g, int64_t len_ns)
{
	const struct gaps dark = { len_ns, len_ns, len_ns, false };

	gaps_join(g, &dark);
}

void gaps_break(struct gaps *g)
{
	const struct gaps end = { .broken = true };

	gaps_join(g, &end);
}

void gaps_span(struct gaps *g, const struct series_span *span, int64_t len_ns)
{
	const struct gaps next = { span->head_gap_ns, span->tail_gap_ns,
				   span->max_gap_ns,
				   span->head_gap_ns < len_ns };

	gaps_join(g, &next);
}
