/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A BMC's silence that its energy counter may bridge. */
#include "account_impl.h"

void account_await(account_t *a, int64_t until_ns)
{
	a->await_ns = until_ns;
}

int64_t account_settled_ns(const account_t *a)
{
	return a->settled_ns;
}

struct change {
	double joules;
	int64_t covered_ns;
};

static void change_add(struct change *c, const struct change *d, int sign)
{
	c->joules += sign * d->joules;
	c->covered_ns += sign * d->covered_ns;
}

/* What is learnt of a stretch of the past; see account_learn(). */
struct lesson {
	const struct series_sample *known, *from, *to;
	bool newest;
};

/* The stretch of a lesson: behind the newest, its reading is what is held. */
static int64_t lesson_end(const struct lesson *l)
{
	return l->newest ? INT64_MAX : l->to->boot_ns;
}

/*
 * How far the series at t, in the stretch or at its ends, is from what was
 * booked there while nothing was known but one sample, held for a period.
 */
static struct change booked_off(const account_t *a, const struct lesson *l,
				int64_t t_ns)
{
	const struct series_head known = { .count = 1, .last = *l->known };
	const struct series_head newest = { .count = 1, .last = *l->to };
	struct series_point held, now;

	series_head_point(&known, a->p.period_ns, t_ns, &held);
	if (t_ns > l->to->boot_ns)
		series_head_point(&newest, a->p.period_ns, t_ns, &now);
	else
		series_segment_point(l->from, l->to, t_ns, &now);
	return (struct change){ now.cum_j - held.cum_j,
				now.cum_covered_ns - held.cum_covered_ns };
}

/*
 * What an ended suspension has in the stretch, beyond what was booked: piece by
 * piece, so that the table never has less than nothing.
 */
static struct change ended_off(const account_t *a, const struct lesson *l,
			       const struct suspension *x)
{
	int64_t from_ns = l->from->boot_ns, to_ns = lesson_end(l);
	struct change off, begin;

	if (x->from_ns >= to_ns || x->to_ns <= from_ns)
		return (struct change){ 0, 0 };
	begin = booked_off(a, l, x->from_ns > from_ns ? x->from_ns : from_ns);
	off = booked_off(a, l, x->to_ns < to_ns ? x->to_ns : to_ns);
	change_add(&off, &begin, -1);
	return off;
}

static void book_again(account_t *a, const struct holder *h,
		       const struct lesson *l)
{
	struct change since = { 0, 0 }, total = { 0, 0 }, off;
	struct err err;
	int k;

	for (k = 0; k < h->susp_len; k++) {
		const struct suspension *x = &h->susp[k];

		if (x->to_ns != INT64_MAX) {
			off = ended_off(a, l, x);
			change_add(&total, &off, 1);
		} else if (x->from_ns > l->from->boot_ns &&
			   x->from_ns <= lesson_end(l)) {
			off = booked_off(a, l, x->from_ns);
			change_add(&since, &off, 1);
		}
	}
	if (since.joules == 0 && since.covered_ns == 0 && total.joules == 0 &&
	    total.covered_ns == 0)
		return;
	if (suspend_writer_correct(a->p.suspend, h->rec.job_id, since.joules,
				   since.covered_ns, total.joules,
				   total.covered_ns, &err) < 0)
		log_error(a->p.log, "node %s: job %u: %s", a->p.node,
			  h->rec.job_id, err.text);
}

void account_learn(account_t *a, const struct series_sample *known,
		   const struct series_sample *from,
		   const struct series_sample *to, bool newest)
{
	const struct lesson lesson = { known, from, to, newest };
	uint32_t i;

	if (a->bridged_ns == from->boot_ns)	/* the sample could not be kept */
		return;
	a->bridged_ns = from->boot_ns;
	for (i = 0; i < a->set.len; i++) {
		const struct holder *h = a->set.items[i];

		if (h->is_alloc && h->state != HOLDER_DONE && h->susp_len)
			book_again(a, h, &lesson);
	}
}

void account_bridge(account_t *a, const struct series_sample *from,
		    const struct series_sample *to)
{
	account_learn(a, from, from, to, false);
}
