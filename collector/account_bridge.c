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

/*
 * How far the series at t is from what was booked there while nothing was
 * known but the last sample, held for a period.
 */
static struct change booked_off(const account_t *a,
				const struct series_sample *from,
				const struct series_sample *to, int64_t t_ns)
{
	struct series_head head = { .count = 1, .last = *from };
	struct change off = { 0, 0 };
	struct series_point held;
	double x;

	if (t_ns <= from->boot_ns || t_ns >= to->boot_ns)
		return off;
	series_head_point(&head, a->p.period_ns, t_ns, &held);
	x = ns_to_s(t_ns - from->boot_ns) / ns_to_s(to->boot_ns - from->boot_ns);
	off.joules = from->cum_j + (to->cum_j - from->cum_j) * x - held.cum_j;
	off.covered_ns = from->cum_covered_ns + (t_ns - from->boot_ns) -
			 held.cum_covered_ns;
	return off;
}

static void book_again(account_t *a, const struct holder *h,
		       const struct series_sample *from,
		       const struct series_sample *to)
{
	struct change since = { 0, 0 }, total = { 0, 0 };
	struct err err;
	int k;

	for (k = 0; k < h->susp_len; k++) {
		const struct suspension *x = &h->susp[k];
		struct change begin = booked_off(a, from, to, x->from_ns);
		struct change end = booked_off(a, from, to, x->to_ns);

		if (x->to_ns == INT64_MAX) {
			change_add(&since, &begin, 1);
			continue;
		}
		change_add(&total, &end, 1);
		change_add(&total, &begin, -1);
	}
	if (suspend_writer_correct(a->p.suspend, h->rec.job_id, since.joules,
				   since.covered_ns, total.joules,
				   total.covered_ns, &err) < 0)
		log_error(a->p.log, "node %s: job %u: %s", a->p.node,
			  h->rec.job_id, err.text);
}

void account_bridge(account_t *a, const struct series_sample *from,
		    const struct series_sample *to)
{
	uint32_t i;

	if (a->bridged_ns == from->boot_ns)	/* the sample could not be kept */
		return;
	a->bridged_ns = from->boot_ns;
	for (i = 0; i < a->set.len; i++) {
		const struct holder *h = a->set.items[i];

		if (h->is_alloc && h->state != HOLDER_DONE && h->susp_len)
			book_again(a, h, from, to);
	}
}
