/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audit of schema wattgate in OAR's database. */
#include "cli/audit_oar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit_impl.h"
#include "cli/mem.h"
#include "cli/report.h"
#include "lib/clock.h"

#define HOUR_S 3600
#define LISTED_S 1		/* shorter stretches are summed up, not listed */
#define ROUNDING 1e-9		/* of sums of many doubles */
#define TIME_TOLERANCE_S 0.001
#define LATE_S 600		/* behind this a node is told of */
#define EPOCH_S_MAX (INT64_MAX / NS_PER_S)

/* A stretch without a reading; hours that touch are one. */
struct stretch {
	int64_t from_s, to_s;
	double unmeasured_s;	/* 0: none is open */
	bool whole;		/* nothing in it was measured */
};

/* The node whose rows come, and what all have in common. */
struct oar_audit {
	struct audit a;		/* a.node: "" before the first */
	char node[256];
	int64_t settled_s;	/* 0: not known */
	int64_t now_s;
	int64_t begin_s, end_s;	/* of the hours so far; begin_s 0: none */
	int64_t hours;
	bool past_only;		/* all of them were filled from a server's past */
	bool begun;		/* wattgated began to account in one of them */
	double node_j, allocated_j, unallocated_j, idle_j, measured_s;
	struct stretch open;
	size_t violations_before;
	struct alloc_count {
		char *node;
		int64_t closed, added_up;
		size_t violations;
	} *counts;		/* by node */
	size_t counts_len, counts_room;
};

static bool near(double a, double b)
{
	return fabs(a - b) <= AUDIT_TOLERANCE_J +
			      ROUNDING * fmax(fabs(a), fabs(b));
}

/* part <= whole, to rounding. */
static bool within(double part, double whole)
{
	return part <= whole + AUDIT_TOLERANCE_J + ROUNDING * fabs(whole);
}

static void begin_node(struct oar_audit *o, const char *node)
{
	snprintf(o->node, sizeof(o->node), "%s", node ? node : "?");
	o->a.node = o->node;
	o->settled_s = o->begin_s = o->end_s = o->hours = 0;
	o->node_j = o->allocated_j = o->unallocated_j = o->idle_j = 0;
	o->measured_s = 0;
	o->past_only = true;
	o->begun = false;
	o->open = (struct stretch){ 0 };
	o->violations_before = o->a.result->violations->len;
}

/* ---- allocations ----------------------------------------------------------- */

static struct alloc_count *count_of(struct oar_audit *o, const char *node)
{
	struct alloc_count *last = o->counts_len ?
				   &o->counts[o->counts_len - 1] : NULL;

	if (last && strcmp(last->node, node) == 0)
		return last;
	o->counts = mem_grow(o->counts, o->counts_len, &o->counts_room,
			     sizeof(*o->counts));
	last = &o->counts[o->counts_len++];
	*last = (struct alloc_count){ .node = mem_string(node) };
	return last;
}

/* Ordered by node, as the hours are. */
static const char allocs_sql[] =
	"SELECT a.node, a.job_id, a.gated_j, a.node_j, a.active_s, a.covered_s, "
	"a.closed, a.start_s, a.end_s, coalesce(s.gated_j, 0), "
	"coalesce(s.active_s, 0), coalesce(s.covered_s, 0) "
	"FROM wattgate.allocation a LEFT JOIN ("
	"SELECT job_id, node, sum(gated_j) AS gated_j, sum(active_s) AS active_s, "
	"sum(covered_s) AS covered_s FROM wattgate.allocation_hour GROUP BY 1, 2) s "
	"ON s.job_id = a.job_id AND s.node = a.node "
	"WHERE $1::text IS NULL OR a.node = $1::text "
	"ORDER BY a.node COLLATE \"C\", a.job_id";

enum { A_NODE, A_JOB, A_GATED, A_NODE_J, A_ACTIVE, A_COVERED, A_CLOSED,
       A_START, A_END, A_SUM_GATED, A_SUM_ACTIVE, A_SUM_COVERED };

/* What one allocation says of itself. */
static void check_alloc(struct oar_audit *o, const struct pg_row *row,
			int64_t job)
{
	const double gated = pg_row_number(row, A_GATED);
	const double node = pg_row_number(row, A_NODE_J);
	const double active = pg_row_number(row, A_ACTIVE);
	const double covered = pg_row_number(row, A_COVERED);
	int64_t start, end;

	if (!(gated >= 0) || !within(gated, node))
		audit_violation(&o->a, "job %lld is charged %.6f J, but its node drew %.6f J meanwhile",
				(long long)job, gated, node);
	if (!(covered >= 0) || !within(covered, active))
		audit_violation(&o->a, "job %lld: %.3f s were measured of %.3f s",
				(long long)job, covered, active);
	if (covered == 0 && gated > 0)
		audit_violation(&o->a, "job %lld is charged %.6f J in no measured time",
				(long long)job, gated);
	/* OAR may move a start by some seconds after the fact */
	if (pg_row_int(row, A_START, &start) && pg_row_int(row, A_END, &end) &&
	    !within(active, (double)(end - start) + 60))
		audit_violation(&o->a, "job %lld was active for %.3f s, but ran for %lld s",
				(long long)job, active,
				(long long)(end - start));
}

/* Do its hours add up to it? */
static void check_alloc_sum(struct oar_audit *o, const struct pg_row *row,
			    int64_t job)
{
	const double gated = pg_row_number(row, A_GATED);
	const double sum = pg_row_number(row, A_SUM_GATED);
	const double covered = pg_row_number(row, A_COVERED);
	const double covered_sum = pg_row_number(row, A_SUM_COVERED);

	if (!near(gated, sum))
		audit_violation(&o->a, "job %lld is charged %.6f J, but its hours are %.6f J",
				(long long)job, gated, sum);
	if (!near(covered, covered_sum))
		audit_violation(&o->a, "job %lld: %.3f s were measured, but its hours have %.3f s",
				(long long)job, covered, covered_sum);
	/* time from before the node was accounted is in no hour */
	if (!within(pg_row_number(row, A_SUM_ACTIVE),
		    pg_row_number(row, A_ACTIVE)))
		audit_violation(&o->a, "job %lld was active for %.3f s, but its hours have %.3f s",
				(long long)job, pg_row_number(row, A_ACTIVE),
				pg_row_number(row, A_SUM_ACTIVE));
}

static int take_alloc(const struct pg_row *row, void *arg)
{
	struct oar_audit *o = arg;
	const char *node = pg_row_text(row, A_NODE);
	const size_t before = o->a.result->violations->len;
	struct alloc_count *count;
	int64_t job;

	begin_node(o, node);
	count = count_of(o, o->node);
	pg_row_int(row, A_JOB, &job);
	check_alloc(o, row, job);
	check_alloc_sum(o, row, job);
	if (pg_row_true(row, A_CLOSED))
		count->closed++;
	count->added_up++;
	count->violations += o->a.result->violations->len - before;
	return 0;
}

/* ---- hours ----------------------------------------------------------------- */

static const char hours_sql[] =
	"SELECT x.node, n.settled_s, x.hour_s, x.node_j, x.allocated_j, "
	"x.unallocated_j, x.idle_j, x.measured_s, x.unmeasured_s, x.idle_s, x.parts_j, "
	"x.part_s, x.past FROM ("
	"SELECT coalesce(h.node::text, s.node::text) AS node, "
	"coalesce(h.hour_s::bigint, s.hour_s::bigint) AS hour_s, h.node_j, h.allocated_j, "
	"h.unallocated_j, h.idle_j, h.measured_s, h.unmeasured_s, h.idle_s, "
	/* version 1 has no source */
	"to_jsonb(h)->>'source' ~ '^(kwollect|prometheus):' AS past, "
	"coalesce(s.gated_j, 0) AS parts_j, coalesce(s.active_s, 0) AS part_s "
	"FROM wattgate.node_hour h FULL JOIN ("
	"SELECT node, hour_s, sum(gated_j) AS gated_j, max(active_s) AS active_s "
	"FROM wattgate.allocation_hour GROUP BY 1, 2) s "
	"ON s.node = h.node AND s.hour_s = h.hour_s) x "
	"LEFT JOIN wattgate.node n ON n.node = x.node "
	"WHERE $1::text IS NULL OR x.node = $1::text "
	"ORDER BY x.node COLLATE \"C\", x.hour_s";

enum { H_NODE, H_SETTLED, H_HOUR, H_NODE_J, H_ALLOCATED, H_UNALLOCATED, H_IDLE,
       H_MEASURED, H_UNMEASURED, H_IDLE_S, H_PARTS, H_PART_S, H_PAST };

struct hour {
	int64_t hour_s, end_s;	/* end_s: of what is settled of it */
	double node_j, allocated_j, unallocated_j, idle_j;
	double measured_s, unmeasured_s, idle_s;
	double parts_j, part_s;
	bool past;		/* its power is from a server that keeps it */
	char name[32];		/* for messages */
};

static void hour_read(struct oar_audit *o, const struct pg_row *row,
		      struct hour *h)
{
	pg_row_int(row, H_HOUR, &h->hour_s);
	if (h->hour_s < 0 || h->hour_s > EPOCH_S_MAX - HOUR_S)
		h->hour_s = 0;
	h->end_s = h->hour_s + HOUR_S;
	if (o->settled_s && o->settled_s < h->end_s)
		h->end_s = o->settled_s;
	h->node_j = pg_row_number(row, H_NODE_J);
	h->allocated_j = pg_row_number(row, H_ALLOCATED);
	h->unallocated_j = pg_row_number(row, H_UNALLOCATED);
	h->idle_j = pg_row_number(row, H_IDLE);
	h->measured_s = pg_row_number(row, H_MEASURED);
	h->unmeasured_s = pg_row_number(row, H_UNMEASURED);
	h->idle_s = pg_row_number(row, H_IDLE_S);
	h->parts_j = pg_row_number(row, H_PARTS);
	h->part_s = pg_row_number(row, H_PART_S);
	h->past = pg_row_text(row, H_PAST) && *pg_row_text(row, H_PAST) == 't';
	clock_iso8601(h->hour_s * NS_PER_S, h->name, sizeof(h->name));
}

static void check_hour_energy(struct oar_audit *o, const struct hour *h)
{
	const double sum = h->allocated_j + h->unallocated_j + h->idle_j;

	if (!near(h->node_j, sum))
		audit_violation(&o->a, "hour %s: the node drew %.6f J, but allocated %.6f + unallocated %.6f + idle %.6f J are %.6f J",
				h->name, h->node_j, h->allocated_j,
				h->unallocated_j, h->idle_j, sum);
	if (!near(h->allocated_j, h->parts_j))
		audit_violation(&o->a, "hour %s: %.6f J allocated, but its jobs have %.6f J",
				h->name, h->allocated_j, h->parts_j);
	if (!(h->node_j >= 0 && h->allocated_j >= 0 && h->unallocated_j >= 0 &&
	      h->idle_j >= 0))
		audit_violation(&o->a, "hour %s: energy is negative, or no number",
				h->name);
	if (h->measured_s == 0 && h->node_j > 0)
		audit_violation(&o->a, "hour %s: %.6f J in no measured time",
				h->name, h->node_j);
	if (h->idle_s == 0 && h->idle_j > 0)
		audit_violation(&o->a, "hour %s: %.6f J are idle, in no idle time",
				h->name, h->idle_j);
}

/* Seconds of the hour that nothing is said of. */
static double untold_s(const struct hour *h)
{
	return (double)(h->end_s - h->hour_s) - h->measured_s - h->unmeasured_s;
}

/*
 * Where wattgated began to account is known by the seconds of the first hour
 * alone; and, where hours before that were filled later, of the one behind them.
 */
static bool may_begin(const struct oar_audit *o, const struct hour *h)
{
	return !o->begin_s || o->end_s != h->hour_s ||
	       (o->past_only && !o->begun);
}

/*
 * Between where a node's hours begin and where it is settled all time is
 * measured or unmeasured.
 */
static void check_hour_time(struct oar_audit *o, const struct hour *h)
{
	const double told = h->measured_s + h->unmeasured_s;
	const double length = (double)(h->end_s - h->hour_s);

	if (length <= 0) {
		audit_violation(&o->a, "hour %s: it lies beyond what is settled",
				h->name);
		return;
	}
	if (!(h->measured_s >= 0 && h->unmeasured_s >= 0 && h->idle_s >= 0))
		audit_violation(&o->a, "hour %s: a time is negative, or no number",
				h->name);
	if (!(told <= length + TIME_TOLERANCE_S))
		audit_violation(&o->a, "hour %s: measured %.3f s and unmeasured %.3f s are more than its %.0f s",
				h->name, h->measured_s, h->unmeasured_s,
				length);
	else if (told < length - TIME_TOLERANCE_S && !may_begin(o, h))
		audit_violation(&o->a, "hour %s: measured %.3f s and unmeasured %.3f s are not its %.0f s",
				h->name, h->measured_s, h->unmeasured_s,
				length);
	if (h->idle_s > told + TIME_TOLERANCE_S)
		audit_violation(&o->a, "hour %s: idle for longer than it is",
				h->name);
	if (h->part_s > told + TIME_TOLERANCE_S)
		audit_violation(&o->a, "hour %s: a job was active for %.3f s of its %.3f s",
				h->name, h->part_s, told);
}

static void list_stretch(struct oar_audit *o, const struct stretch *s,
			 const char *why)
{
	struct cell *row;

	if (s->unmeasured_s < LISTED_S)
		return;
	row = rows_add(o->a.result->unmeasured);
	cell_set_text(&row[0], o->node);
	cell_set_time(&row[1], s->from_s * NS_PER_S);
	cell_set_time(&row[2], s->to_s * NS_PER_S);
	cell_set_number(&row[3], s->unmeasured_s);
	cell_set_text(&row[4], why);
}

static void close_stretch(struct oar_audit *o)
{
	list_stretch(o, &o->open, "no reading");
	o->open = (struct stretch){ 0 };
}

/* A node that was silent for a week is one line, not 168. */
static void add_stretch(struct oar_audit *o, const struct hour *h,
			int64_t begin_s)
{
	struct stretch s = { begin_s, h->end_s, h->unmeasured_s,
			     h->measured_s == 0 };

	if (o->open.whole && s.whole && o->open.to_s == begin_s) {
		o->open.to_s = s.to_s;
		o->open.unmeasured_s += s.unmeasured_s;
		return;
	}
	close_stretch(o);
	o->open = s;
}

static void add_hour(struct oar_audit *o, const struct hour *h)
{
	const double told = h->measured_s + h->unmeasured_s;
	int64_t begin_s = h->hour_s;

	if (!o->begin_s) {
		if (told >= 0 && told < (double)(h->end_s - h->hour_s))
			begin_s = h->end_s - (int64_t)ceil(told);
		o->begin_s = begin_s;
	} else if (h->hour_s > o->end_s) {
		const struct stretch none = { o->end_s, h->hour_s,
					      (double)(h->hour_s - o->end_s),
					      true };

		close_stretch(o);
		list_stretch(o, &none, "no record");
	} else if (may_begin(o, h) && untold_s(h) > TIME_TOLERANCE_S) {
		const struct stretch none = { h->hour_s,
			h->end_s - (int64_t)ceil(told), untold_s(h), true };

		close_stretch(o);
		list_stretch(o, &none, "no record");
		begin_s = none.to_s;
	}
	o->begun |= untold_s(h) > TIME_TOLERANCE_S;
	o->past_only &= h->past;
	add_stretch(o, h, begin_s);
	o->end_s = h->end_s;
	o->hours++;
	o->node_j += h->node_j;
	o->allocated_j += h->allocated_j;
	o->unallocated_j += h->unallocated_j;
	o->idle_j += h->idle_j;
	o->measured_s += h->measured_s;
}

/* ---- a node ---------------------------------------------------------------- */

static void set_energy(const struct oar_audit *o, struct cell *row)
{
	if (o->measured_s <= 0)
		return;		/* nothing is known of it */
	cell_set_number(&row[6], o->node_j / JOULES_PER_KWH);
	cell_set_number(&row[7], o->allocated_j / JOULES_PER_KWH);
	cell_set_number(&row[8], o->unallocated_j / JOULES_PER_KWH);
	cell_set_number(&row[9], o->idle_j / JOULES_PER_KWH);
}

static const struct alloc_count *find_count(const struct oar_audit *o)
{
	static const struct alloc_count none;

	for (size_t i = 0; i < o->counts_len; i++)
		if (strcmp(o->counts[i].node, o->node) == 0)
			return &o->counts[i];
	return &none;
}

static void end_node(struct oar_audit *o)
{
	const struct alloc_count *count;
	const double length = (double)(o->end_s - o->begin_s);
	struct cell *row;

	if (!*o->node)
		return;
	close_stretch(o);
	count = find_count(o);
	if (o->settled_s && o->now_s - o->settled_s > LATE_S)
		audit_note(&o->a, "settled up to %lld s ago: what was since then is not known yet",
			   (long long)(o->now_s - o->settled_s));
	row = rows_add(o->a.result->nodes);
	cell_set_text(&row[0], o->node);
	cell_set_time(&row[1], o->begin_s * NS_PER_S);
	cell_set_time(&row[2], o->end_s * NS_PER_S);
	cell_set_integer(&row[3], o->hours);
	cell_set_integer(&row[4], count->closed);
	cell_set_integer(&row[5], count->added_up);
	set_energy(o, row);
	cell_set_number(&row[10], o->measured_s);
	cell_set_number(&row[11], fmax(length - o->measured_s, 0));
	cell_set_number(&row[12], length > 0 ?
			fmin(o->measured_s / length, 1) : NAN);
	cell_set_integer(&row[13], (int64_t)(o->a.result->violations->len -
			 o->violations_before + count->violations));
}

static int take_hour(const struct pg_row *row, void *arg)
{
	struct oar_audit *o = arg;
	const char *node = pg_row_text(row, H_NODE);
	struct hour h;

	if (!node || strcmp(node, o->node) != 0) {
		end_node(o);
		begin_node(o, node);
		if (pg_row_int(row, H_SETTLED, &o->settled_s) &&
		    (o->settled_s < 0 || o->settled_s > EPOCH_S_MAX))
			o->settled_s = 0;
	}
	hour_read(o, row, &h);
	if (isnan(h.node_j)) {
		audit_violation(&o->a, "hour %s: jobs have %.6f J, but the node has no such hour",
				h.name, h.parts_j);
		return 0;
	}
	check_hour_energy(o, &h);
	check_hour_time(o, &h);
	add_hour(o, &h);
	return 0;
}

/* ---- what oarstat --accounting adds up ------------------------------------- */

#define SUMS_OF(table, span) \
	"SELECT '" table "', coalesce(s.from_s, h.from_s), coalesce(s.gated_j, 0), " \
	"coalesce(h.gated_j, 0) FROM (SELECT from_s::bigint AS from_s, sum(gated_j) AS gated_j " \
	"FROM wattgate." table " GROUP BY 1) s FULL JOIN (" \
	"SELECT hour_s - hour_s % " span " AS from_s, sum(gated_j) AS gated_j " \
	"FROM wattgate.allocation_hour GROUP BY 1) h ON h.from_s = s.from_s"

static const char sums_sql[] =
	SUMS_OF("account_hour", "3600") " UNION ALL "
	SUMS_OF("account_day", "86400") " ORDER BY 1, 2";

static int take_sum(const struct pg_row *row, void *arg)
{
	struct oar_audit *o = arg;
	const double sum = pg_row_number(row, 2), hours = pg_row_number(row, 3);
	int64_t from_s;
	char at[32];

	if (near(sum, hours) || !pg_row_int(row, 1, &from_s))
		return 0;
	audit_violation(&o->a, "%s from %s: %.6f J, but the hours of jobs are %.6f J",
			pg_row_text(row, 0),
			clock_iso8601(from_s * NS_PER_S, at, sizeof(at)), sum,
			hours);
	return 0;
}

static int check_sums(struct oar_audit *o, pg_oar_t *db, struct err *err)
{
	begin_node(o, "(accounting)");
	return pg_oar_rows(db, sums_sql, NULL, 0, take_sum, o, err);
}

/* ---- all of it ------------------------------------------------------------- */

static int take_now(const struct pg_row *row, void *arg)
{
	struct oar_audit *o = arg;

	pg_row_int(row, 0, &o->now_s);
	return 0;
}

static int run(struct oar_audit *o, pg_oar_t *db, const char *only_node,
	       struct err *err)
{
	const char *const params[] = { only_node };

	if (pg_oar_freeze(db, err) != 0 ||
	    pg_oar_rows(db, "SELECT floor(extract(epoch FROM now()))::bigint",
			NULL, 0, take_now, o, err) != 0 ||
	    pg_oar_rows(db, allocs_sql, params, 1, take_alloc, o, err) != 0)
		return -1;
	begin_node(o, "");
	if (pg_oar_rows(db, hours_sql, params, 1, take_hour, o, err) != 0)
		return -1;
	end_node(o);
	if (!only_node && check_sums(o, db, err) != 0)
		return -1;
	if (o->a.result->nodes->len > 0 || o->a.result->violations->len > 0)
		return 0;
	return only_node ?
	       err_set(err, "schema wattgate has no hour of node %s", only_node) :
	       err_set(err, "schema wattgate has no hour of any node yet: does wattgated follow this OAR? wattgate doctor tells");
}

int audit_oar(pg_oar_t *db, const char *only_node, struct audit_result *result,
	      struct err *err)
{
	struct oar_audit o = { .a = { .result = result } };
	int rc = run(&o, db, only_node, err);

	for (size_t i = 0; i < o.counts_len; i++)
		free(o.counts[i].node);
	free(o.counts);
	return rc;
}
