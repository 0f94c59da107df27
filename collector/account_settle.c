/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dividing time: a stretch is cut at every start, end and suspension; in each
 * piece the same holders hold the same parts.
 */
#include <math.h>

#include "account_impl.h"

#define SHARE_EPSILON 1e-9

/* Let *cut be the nearest of it and t, where t lies behind from. */
static void cut_at(int64_t *cut, int64_t from_ns, int64_t t_ns)
{
	if (t_ns > from_ns && t_ns < *cut)
		*cut = t_ns;
}

static int64_t next_cut(const account_t *a, int64_t from_ns, int64_t to_ns)
{
	int64_t cut = to_ns;
	uint32_t i;
	int k;

	for (i = 0; i < a->set.len; i++) {
		const struct holder *h = a->set.items[i];

		if (h->state == HOLDER_DONE)
			continue;
		cut_at(&cut, from_ns, h->rec.start_ns);
		cut_at(&cut, from_ns, h->end_ns);
		for (k = 0; k < h->susp_len; k++) {
			cut_at(&cut, from_ns, h->susp[k].from_ns);
			cut_at(&cut, from_ns, h->susp[k].to_ns);
		}
	}
	return cut;
}

/* Suspensions belong to the allocation; its steps follow it. */
static bool active_at(const account_t *a, const struct holder *h, int64_t t_ns)
{
	const struct holder *alloc = h->is_alloc ? h
						 : holder_alloc_of(&a->set, h);

	return !alloc || !holder_suspended(alloc, t_ns);
}

/* NaN where nothing may be charged at t. */
static double share_at(const struct holder *h, int64_t t_ns)
{
	return t_ns < h->dark_until_ns ? NAN : h->share;
}

/* Sum of the shares that are held at t; *any: does an allocation exist? */
static double total_share(const account_t *a, int64_t t_ns, bool *any)
{
	double total = 0;
	uint32_t i;

	*any = false;
	for (i = 0; i < a->set.len; i++) {
		const struct holder *h = a->set.items[i];

		if (!h->is_alloc || !holder_holds(h, t_ns))
			continue;
		*any = true;
		if (share_at(h, t_ns) >= 0 && active_at(a, h, t_ns))
			total += h->share;
	}
	return total;
}

/* Shares above 1 together (OverSubscribe, gang) are scaled to 1. */
static double piece_scale(account_t *a, double total)
{
	bool over = total > 1 + SHARE_EPSILON;

	if (over)
		a->interval.scaled = true;
	if (log_latch_change(&a->scale_latch, over) && over)
		log_warn(a->p.log, "node %s: shares add up to %.3f "
			 "(OverSubscribe or gang scheduling): the ledger scales "
			 "them to 1, sacct cannot", a->p.node, total);
	return over ? 1 / total : 1;
}

const struct account_sums *account_sums(const account_t *a)
{
	return &a->sums;
}

/* A part of 0 J less may be -0 by rounding; a sum does not fall for it. */
static double not_below_zero(double joules)
{
	return joules > 0 ? joules : 0;
}

/* What the ledger had before a crash was counted by who wrote it. */
static void sums_add(account_t *a, const struct series_span *span,
		     double given, bool any, int64_t to_ns)
{
	if (a->settled_ns < a->replayed_ns)
		return;
	a->sums.allocated_j += not_below_zero(given);
	if (any) {
		a->sums.unallocated_j += not_below_zero(span->joules - given);
		a->sums.allocated_ns += to_ns - a->settled_ns;
	} else {
		a->sums.idle_j += not_below_zero(span->joules);
		a->sums.idle_ns += to_ns - a->settled_ns;
	}
}

static void settle_piece(account_t *a, const series_t *s, int64_t to_ns)
{
	struct series_span span;
	double scale, given = 0;
	uint32_t i;
	bool any;

	series_between(s, a->settled_ns, to_ns, &span);
	scale = piece_scale(a, total_share(a, a->settled_ns, &any));
	for (i = 0; i < a->set.len; i++) {
		struct holder *h = a->set.items[i];
		double added;

		if (!holder_holds(h, a->settled_ns))
			continue;
		added = gate_advance(&h->gate, to_ns, &span,
				     share_at(h, a->settled_ns) * scale,
				     active_at(a, h, a->settled_ns));
		if (!h->is_alloc)
			continue;
		interval_add_part(a, h->rec.job_id, h->rec.restart, added);
		given += added;
	}
	a->interval.node_j += span.joules;
	a->interval.measured_ns += span.covered_ns;
	a->interval.unmeasured_ns += to_ns - a->settled_ns - span.covered_ns;
	a->interval.allocated_j += given;
	sums_add(a, &span, given, any, to_ns);
	if (any) {
		a->interval.unallocated_j += span.joules - given;
	} else {
		a->interval.idle_j += span.joules;
		a->interval.idle_ns += to_ns - a->settled_ns;
	}
	a->settled_ns = to_ns;
}

/* A record that turned up late: the time before is active but uncovered. */
static void catch_up(account_t *a)
{
	const struct series_span none = { 0 };
	uint32_t i;

	for (i = 0; i < a->set.len; i++) {
		struct holder *h = a->set.items[i];
		int64_t to_ns = a->settled_ns < h->end_ns ? a->settled_ns
							  : h->end_ns;

		if (h->state != HOLDER_DONE && h->gate.settled_ns < to_ns)
			gate_advance(&h->gate, to_ns, &none, NAN, true);
	}
}

/* An interval has room for so many parts: it may have to end before its time. */
static void end_full_interval(account_t *a)
{
	uint32_t i, n = a->interval.parts_len;

	for (i = 0; i < a->set.len; i++)
		n += a->set.items[i]->is_alloc &&
		     holder_holds(a->set.items[i], a->settled_ns);
	if (n > LEDGER_PARTS_MAX)
		interval_end(a);
}

/* Forget what is behind; a crash must not find it still to come. */
static void forget_suspensions(account_t *a)
{
	uint32_t i;

	for (i = 0; i < a->set.len; i++) {
		struct holder *h = a->set.items[i];
		int before = h->susp_len;

		holder_forget_suspensions(h, a->settled_ns);
		if (h->susp_len != before)
			a->checkpointed_ns = 0;
	}
}

void account_settle(account_t *a, const series_t *s, int64_t to_ns)
{
	catch_up(a);
	while (a->settled_ns < to_ns) {
		int64_t cut = next_cut(a, a->settled_ns, to_ns), wall_ns;

		end_full_interval(a);
		if (!a->boundary_ns)
			a->boundary_ns = interval_boundary(a, s);
		cut_at(&cut, a->settled_ns, a->boundary_ns);
		wall_ns = interval_wall_ns(a, s, cut);
		settle_piece(a, s, cut);
		a->settled_wall_ns = wall_ns;
		if (a->settled_ns >= a->boundary_ns)
			interval_end(a);
	}
	forget_suspensions(a);
}
