/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do the parts that an allocation has in intervals add up to its own energy? */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit_impl.h"
#include "lib/clock.h"

static int compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_parts(const void *a, const void *b)
{
	const struct audit_part *x = a, *y = b;
	int rc = compare(x->boot, y->boot);

	if (!rc)
		rc = compare(x->job_id, y->job_id);
	return rc ? rc : compare(x->restart, y->restart);
}

static int compare_allocs(const void *a, const void *b)
{
	const struct audit_alloc *x = a, *y = b;
	int rc = compare(x->boot, y->boot);

	if (!rc)
		rc = compare(x->rec.job_id, y->rec.job_id);
	if (!rc)
		rc = compare(x->rec.restart, y->rec.restart);
	if (!rc)
		rc = strcmp(x->rec.step, y->rec.step);
	if (!rc)
		rc = compare(x->open, y->open);
	return rc ? rc : compare(x->rec.start_ns, y->rec.start_ns);
}

static bool same_key(const struct audit_alloc *a, const struct audit_part *p)
{
	return a->boot == p->boot && a->rec.job_id == p->job_id &&
	       a->rec.restart == p->restart;
}

/* What a record says of itself. */
static void check_record(struct audit *a, const struct ledger_alloc *r)
{
	if (r->end_ns < r->start_ns ||
	    r->active_ns + r->suspended_ns != r->end_ns - r->start_ns)
		audit_violation(a, "job %u.%s restart %u: active %.9f s and suspended %.9f s are not its %.9f s",
				r->job_id, r->step, r->restart,
				ns_to_s(r->active_ns), ns_to_s(r->suspended_ns),
				ns_to_s(r->end_ns - r->start_ns));
	if (r->covered_ns > r->active_ns)
		audit_violation(a, "job %u.%s restart %u: covered for longer than active",
				r->job_id, r->step, r->restart);
	if (r->gated_j < 0 || r->gated_j > r->node_j + AUDIT_TOLERANCE_J)
		audit_violation(a, "job %u.%s restart %u: charged %.6f J of the %.6f J that the node drew",
				r->job_id, r->step, r->restart, r->gated_j,
				r->node_j);
}

/* The first interval of the boot that ends behind t; they are sorted. */
static size_t first_interval(const struct audit *a, uint32_t boot, int64_t t_ns)
{
	size_t low = 0, high = a->intervals_len;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;
		const struct audit_interval *i = &a->intervals[mid];

		if (i->boot < boot || (i->boot == boot && i->iv.end_ns <= t_ns))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * Do the node's intervals cover all of [start, end)? *count gets how many it
 * takes.
 */
static bool life_known(const struct audit *a, const struct audit_alloc *alloc,
		       size_t *count)
{
	int64_t at = alloc->rec.start_ns;

	*count = 0;
	for (size_t k = first_interval(a, alloc->boot, at);
	     k < a->intervals_len && at < alloc->rec.end_ns; k++) {
		const struct audit_interval *i = &a->intervals[k];

		if (i->boot != alloc->boot || i->iv.start_ns > at)
			return false;
		at = i->iv.end_ns;
		++*count;
	}
	return at >= alloc->rec.end_ns;
}

/* The parts of an allocation; parts are sorted. Whether there are any. */
static bool sum_parts(const struct audit *a, const struct audit_alloc *alloc,
		      double *joules)
{
	struct audit_part key = { alloc->boot, alloc->rec.job_id,
				  alloc->rec.restart, 0 };
	size_t low = 0, high = a->parts_len;

	*joules = 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_parts(&a->parts[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (high = low; high < a->parts_len &&
	     same_key(alloc, &a->parts[high]); high++)
		*joules += a->parts[high].joules;
	return high > low;
}

static bool same_key_allocs(const struct audit_alloc *a,
			    const struct audit_alloc *b)
{
	return a->boot == b->boot && a->rec.job_id == b->rec.job_id &&
	       a->rec.restart == b->rec.restart &&
	       strcmp(a->rec.step, b->rec.step) == 0;
}

/*
 * Allocations of one job and restart, n of them: more than one where Slurm did
 * not tell the plugin that the job was requeued. Their parts cannot be told
 * apart, so that they are added up together, once all of them have ended.
 */
static void check_sum(struct audit *a, const struct audit_alloc *alloc, size_t n)
{
	const struct ledger_alloc *r = &alloc->rec;
	double charged = 0, joules;
	size_t total = 0;

	for (size_t i = 0; i < n; i++) {
		size_t count;

		if (alloc[i].open || !life_known(a, &alloc[i], &count))
			return;
		charged += alloc[i].rec.gated_j;
		total += count;
	}
	sum_parts(a, alloc, &joules);
	a->allocs_checked += n;
	if (!(fabs(joules - charged) <=
	      AUDIT_TOLERANCE_J + AUDIT_ROUNDING_J * (double)total))
		audit_violation(a, "job %u restart %u: charged %.6f J, but its parts of %zu intervals are %.6f J",
				r->job_id, r->restart, charged, total, joules);
}

/* Two closed records of one allocation, and not of one that ran twice. */
static bool same_time(const struct audit_alloc *a, const struct audit_alloc *b)
{
	return !a->open && !b->open &&
	       (a->rec.start_ns == b->rec.start_ns ||
		(a->rec.start_ns < b->rec.end_ns &&
		 b->rec.start_ns < a->rec.end_ns));
}

/* The n records of a key. What is closed may still stand in NODE.open. */
static void check_group(struct audit *a, const struct audit_alloc *group,
			size_t n)
{
	const struct ledger_alloc *r = &group->rec;
	bool twice = false;

	while (n > 1 && group[n - 1].open &&
	       group[n - 1].rec.start_ns == group[n - 2].rec.start_ns)
		n--;
	for (size_t i = 1; i < n; i++)
		twice |= same_time(&group[i - 1], &group[i]);
	if (twice)
		audit_violation(a, "job %u.%s restart %u has two records of one time",
				r->job_id, r->step, r->restart);
	else if (!group->step)
		check_sum(a, group, n);
}

/* Parts whose allocation is nowhere; one that just began may be so. */
static void check_orphans(struct audit *a)
{
	size_t k = 0;	/* both are sorted alike */

	for (size_t i = 0; i < a->parts_len; i++) {
		const struct audit_part *p = &a->parts[i];

		if (i && compare_parts(p, p - 1) == 0)
			continue;
		while (k < a->allocs_len) {
			const struct audit_alloc *x = &a->allocs[k];
			const struct audit_part key = { x->boot, x->rec.job_id,
							x->rec.restart, 0 };

			if (compare_parts(&key, p) >= 0)
				break;
			k++;
		}
		if (k == a->allocs_len || !same_key(&a->allocs[k], p))
			audit_note(a, "job %u restart %u has a part of an interval, but no record of its own",
				   p->job_id, p->restart);
	}
}

void audit_check_allocs(struct audit *a)
{
	if (a->parts_len)
		qsort(a->parts, a->parts_len, sizeof(*a->parts), compare_parts);
	if (a->allocs_len)
		qsort(a->allocs, a->allocs_len, sizeof(*a->allocs),
		      compare_allocs);
	for (size_t i = 0; i < a->allocs_len; i++)
		check_record(a, &a->allocs[i].rec);
	for (size_t i = 0, n; i < a->allocs_len; i += n) {
		for (n = 1; i + n < a->allocs_len &&
		     same_key_allocs(&a->allocs[i], &a->allocs[i + n]); n++)
			;
		check_group(a, &a->allocs[i], n);
	}
	check_orphans(a);
}
