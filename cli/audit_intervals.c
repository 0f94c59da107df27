/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do the intervals of a node close, and do they follow each other? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/audit_impl.h"
#include "cli/contest.h"
#include "cli/mem.h"
#include "cli/report.h"
#include "lib/clock.h"
#include "lib/ledger_wall.h"

/* Shorter stretches are summed up, but not listed. */
#define LISTED_NS NS_PER_S

static int compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_boot(const void *a, const void *b)
{
	const struct audit_interval *x = a, *y = b;
	int rc = compare(x->boot, y->boot);

	return rc ? rc : compare(x->iv.start_ns, y->iv.start_ns);
}

static int compare_wall(const void *a, const void *b)
{
	const struct audit_interval *x = a, *y = b;

	return compare(wall_start(&x->iv), wall_start(&y->iv));
}

/* The interval by its start, for messages. */
static const char *name_of(const struct audit_interval *i, char *buf,
			   size_t size)
{
	return clock_iso8601(wall_start(&i->iv), buf, size);
}

static void check_energy(struct audit *a, const struct audit_interval *i)
{
	const struct ledger_interval *iv = &i->iv;
	const double tolerance = AUDIT_TOLERANCE_J +
				 AUDIT_ROUNDING_J * i->parts_len;
	const double sum = i->parts_j + iv->unallocated_j + iv->idle_j;
	char at[32];

	if (!(fabs(iv->node_j - sum) <= tolerance))
		audit_violation(a, "interval %s: the node drew %.6f J, but jobs %.6f + unallocated %.6f + idle %.6f J are %.6f J",
				name_of(i, at, sizeof(at)), iv->node_j,
				i->parts_j, iv->unallocated_j, iv->idle_j, sum);
	if (!(fabs(iv->allocated_j - i->parts_j) <= tolerance))
		audit_violation(a, "interval %s: %.6f J allocated, but its parts are %.6f J",
				name_of(i, at, sizeof(at)), iv->allocated_j,
				i->parts_j);
	if (iv->node_j < 0 || iv->idle_j < -AUDIT_TOLERANCE_J ||
	    iv->unallocated_j < -AUDIT_TOLERANCE_J)
		audit_violation(a, "interval %s: energy is negative",
				name_of(i, at, sizeof(at)));
	if (iv->measured_ns == 0 && iv->node_j > 0)
		audit_violation(a, "interval %s: %.6f J in no measured time",
				name_of(i, at, sizeof(at)), iv->node_j);
}

static void check_time(struct audit *a, const struct audit_interval *i)
{
	const struct ledger_interval *iv = &i->iv;
	const int64_t length = iv->end_ns - iv->start_ns;
	char at[32];

	/* What is open may just have begun. */
	if (length < 0 || (length == 0 && !i->open))
		audit_violation(a, "interval %s: its end is not behind its start",
				name_of(i, at, sizeof(at)));
	else if (iv->measured_ns + iv->unmeasured_ns != length)
		audit_violation(a, "interval %s: measured %.9f s and unmeasured %.9f s are not its %.9f s",
				name_of(i, at, sizeof(at)),
				ns_to_s(iv->measured_ns),
				ns_to_s(iv->unmeasured_ns), ns_to_s(length));
	else if (iv->idle_ns > length)
		audit_violation(a, "interval %s: idle for longer than it is",
				name_of(i, at, sizeof(at)));
}

void audit_check_intervals(struct audit *a)
{
	if (a->intervals_len == 0)
		return;
	qsort(a->intervals, a->intervals_len, sizeof(*a->intervals),
	      compare_boot);
	for (size_t k = 0; k < a->intervals_len; k++) {
		const struct audit_interval *i = &a->intervals[k];
		char at[32];

		check_energy(a, i);
		check_time(a, i);
		if (k && i[-1].boot == i->boot &&
		    i->iv.start_ns < i[-1].iv.end_ns)
			audit_violation(a, "interval %s: begins before the one before it ends, so that energy counts twice",
					name_of(i, at, sizeof(at)));
	}
}

/* ---- the node's row -------------------------------------------------------- */

static void add_stretch(struct audit *a, int64_t start_ns, int64_t end_ns,
			int64_t unmeasured_ns, const char *why)
{
	struct cell *row;

	if (unmeasured_ns < LISTED_NS)
		return;
	row = rows_add(a->result->unmeasured);
	cell_set_text(&row[0], a->node);
	cell_set_time(&row[1], start_ns);
	cell_set_time(&row[2], end_ns);
	cell_set_number(&row[3], ns_to_s(unmeasured_ns));
	cell_set_text(&row[4], why);
}

struct sums {
	int64_t start_ns, end_ns, measured_ns;	/* wall */
	double node_j, allocated_j, unallocated_j, idle_j;
};

/* Each hour once, by whoever measured more of it. */
static void choose_intervals(struct audit *a)
{
	const struct ledger_interval **list =
		mem_zeroed(a->intervals_len, sizeof(*list));
	bool *beaten = mem_zeroed(a->intervals_len, sizeof(*beaten));

	for (size_t k = 0; k < a->intervals_len; k++)
		list[k] = &a->intervals[k].iv;
	intervals_contest(list, a->intervals_len, beaten);
	for (size_t k = 0; k < a->intervals_len; k++)
		a->intervals[k].beaten = beaten[k];
	free(list);
	free(beaten);
}

/* In the order of wall time: what lies between two is unmeasured too. */
static struct sums sum_intervals(struct audit *a)
{
	struct sums s = { 0 };
	bool any = false;

	qsort(a->intervals, a->intervals_len, sizeof(*a->intervals),
	      compare_wall);
	choose_intervals(a);
	for (size_t k = 0; k < a->intervals_len; k++) {
		const struct ledger_interval *iv = &a->intervals[k].iv;
		const int64_t start = wall_start(iv), end = wall_end(iv);

		if (a->intervals[k].beaten)
			continue;
		if (!any)
			s.start_ns = start;
		else if (start > s.end_ns)
			add_stretch(a, s.end_ns, start, start - s.end_ns,
				    "no record");
		add_stretch(a, start, end, iv->unmeasured_ns, "no reading");
		any = true;
		if (end > s.end_ns)
			s.end_ns = end;
		s.measured_ns = ns_add(s.measured_ns, iv->measured_ns);
		s.node_j += iv->node_j;
		s.allocated_j += a->intervals[k].parts_j;
		s.unallocated_j += iv->unallocated_j;
		s.idle_j += iv->idle_j;
	}
	return s;
}

static size_t count_allocs(const struct audit *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->allocs_len; i++)
		n += !a->allocs[i].step && !a->allocs[i].open;
	return n;
}

void audit_sum_node(struct audit *a)
{
	struct cell *row = rows_add(a->result->nodes);
	struct sums s = { 0 };
	double length;

	cell_set_text(&row[0], a->node);
	cell_set_integer(&row[3], (int64_t)a->intervals_len);
	cell_set_integer(&row[4], (int64_t)count_allocs(a));
	cell_set_integer(&row[5], (int64_t)a->allocs_checked);
	if (a->intervals_len == 0)
		return;
	s = sum_intervals(a);
	length = ns_to_s(s.end_ns - s.start_ns);
	cell_set_time(&row[1], s.start_ns);
	cell_set_time(&row[2], s.end_ns);
	cell_set_number(&row[10], ns_to_s(s.measured_ns));
	cell_set_number(&row[11], fmax(length - ns_to_s(s.measured_ns), 0));
	cell_set_number(&row[12], length > 0 ?
			fmin(ns_to_s(s.measured_ns) / length, 1) : NAN);
	if (s.measured_ns == 0)
		return;
	cell_set_number(&row[6], s.node_j / JOULES_PER_KWH);
	cell_set_number(&row[7], s.allocated_j / JOULES_PER_KWH);
	cell_set_number(&row[8], s.unallocated_j / JOULES_PER_KWH);
	cell_set_number(&row[9], s.idle_j / JOULES_PER_KWH);
}
