/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The node's intervals: an hour each, or what of it wattgated saw. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account_impl.h"

void interval_begin(account_t *a)
{
	struct ledger_part *parts = a->interval.parts;

	memset(&a->interval, 0, sizeof(a->interval));
	a->interval.parts = parts;
	snprintf(a->interval.node, sizeof(a->interval.node), "%s", a->p.node);
	snprintf(a->interval.boot_id, sizeof(a->interval.boot_id), "%s",
		 a->p.boot_id);
	a->interval.start_ns = a->settled_ns;
	a->interval.start_wall_ns = a->settled_wall_ns;
	a->boundary_ns = 0;
}

void interval_add_part(account_t *a, uint32_t job_id, uint32_t restart,
		       double joules)
{
	struct ledger_interval *iv = &a->interval;
	uint32_t i;

	for (i = 0; i < iv->parts_len; i++)
		if (iv->parts[i].job_id == job_id &&
		    iv->parts[i].restart == restart)
			break;
	if (i == a->parts_size) {
		uint32_t size = a->parts_size ? 2 * a->parts_size : 16;
		void *parts = realloc(iv->parts, size * sizeof(*iv->parts));

		if (!parts)
			return;	/* the audit will show what is missing */
		iv->parts = parts;
		a->parts_size = size;
	}
	if (i == iv->parts_len)
		iv->parts[iv->parts_len++] =
			(struct ledger_part){ job_id, restart, 0 };
	iv->parts[i].joules += joules;
}

int64_t interval_wall_ns(const account_t *a, const series_t *s, int64_t boot_ns)
{
	int64_t wall_ns = series_wall_ns(s, boot_ns);

	if (!series_last(s))	/* no sample yet: as far as we knew */
		wall_ns = a->settled_wall_ns + (boot_ns - a->settled_ns);
	return wall_ns > 0 ? wall_ns : 0;
}

int64_t interval_boundary(const account_t *a, const series_t *s)
{
	int64_t past_ns = interval_wall_ns(a, s, a->settled_ns) % a->p.rollup_ns;
	int64_t left_ns = a->p.rollup_ns - past_ns;

	if (a->settled_ns < a->replayed_ns)
		return a->replayed_ns;
	/* a clock that is slewed may show the last boundary once more */
	if (left_ns < NS_PER_S && left_ns < a->p.rollup_ns / 2)
		left_ns += a->p.rollup_ns;
	return a->settled_ns + left_ns;
}

void interval_end(account_t *a)
{
	struct ledger_rec rec = { .kind = LEDGER_INTERVAL };

	/* after a crash the ledger may already have what is settled again */
	bool known = a->interval.start_ns < a->replayed_ns;

	if (a->settled_ns > a->interval.start_ns && !known) {
		a->interval.end_ns = a->settled_ns;
		a->interval.end_wall_ns = a->settled_wall_ns;
		rec.interval = a->interval;
		store_queue(a, &rec);	/* takes a copy of the parts */
	}
	interval_begin(a);
}
