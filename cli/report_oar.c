/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report of OAR's jobs and nodes, from schema wattgate of its database. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/job_rows.h"
#include "cli/node_rows.h"
#include "cli/progress.h"
#include "cli/report_days.h"
#include "cli/report_part.h"
#include "lib/clock.h"

/* Whole seconds: OAR has no other. */
static int64_t ceil_s(int64_t ns)
{
	return ns / NS_PER_S + (ns % NS_PER_S > 0);
}

static void format_s(char *buf, size_t size, int64_t ns)
{
	snprintf(buf, size, "%lld", (long long)ceil_s(ns));
}

/* Rows on their way out. */
struct stream {
	const struct report *report;
	struct report_part part;
	size_t unsettled, foreign;
	unsigned clipped;
};

/* ---- jobs ------------------------------------------------------------------ */

/*
 * Jobs of ours, and those of OAR's that are not there: they ended before they
 * were accounted, or never ran. A job that OAR has ended and we have not
 * settled to its end yet has OAR's end; one that OAR has deleted meanwhile the
 * end of its allocations. $1, $2: window; $3: user; $4: running ones too; $5:
 * and all others that had time in it.
 */
#define FINAL "o.state IN ('Terminated', 'Error')"
#define BEFORE_START "('Waiting', 'Hold', 'toLaunch', 'toError', " \
	"'toAckReservation')"

static const char jobs_sql[] =
	"WITH ours AS ("
	"SELECT w.job_id, w.job_user, w.project, w.job_name, "
	"CASE WHEN w.stop_s IS NULL THEN coalesce(o.state, w.state) ELSE w.state END AS state, "
	"w.start_s, coalesce(w.stop_s, "
	"CASE WHEN " FINAL " THEN greatest(o.stop_time, w.start_s) "
	"WHEN o.job_id IS NULL THEN (SELECT CASE WHEN bool_and(g.closed) THEN max(g.end_s) END "
	"FROM wattgate.allocation g WHERE g.job_id = w.job_id) END) AS end_s, "
	"w.core_s, w.gpu_s, w.array_id, w.submission_s AS submit_s, 'ours' AS kind "
	"FROM wattgate.job w "
	"LEFT JOIN public.jobs o ON w.stop_s IS NULL AND o.job_id = w.job_id "
	"WHERE (w.stop_s >= $1::bigint AND w.stop_s < $2::bigint) OR w.stop_s IS NULL "
	"OR ($5::boolean AND w.stop_s >= $1::bigint AND w.start_s < $2::bigint)"
	"), theirs AS ("
	"SELECT o.job_id, o.job_user, o.project, o.job_name, o.state, "
	"o.start_time::bigint, CASE WHEN " FINAL " THEN o.stop_time::bigint END, "
	"NULL::float8, NULL::float8, o.array_id, o.submission_time::bigint, "
	"CASE WHEN " FINAL " AND (o.start_time = 0 OR o.start_time > o.stop_time "
	"OR o.assigned_moldable_job = 0) THEN 'never' ELSE 'theirs' END "
	"FROM public.jobs o "
	"WHERE ((" FINAL " AND o.stop_time >= $1::bigint AND o.stop_time < $2::bigint) "
	"OR (($4::boolean OR $5::boolean) AND NOT (" FINAL ") AND o.start_time > 0 "
	"AND o.state NOT IN " BEFORE_START ") "
	"OR ($5::boolean AND " FINAL " AND o.stop_time >= $1::bigint "
	"AND o.start_time > 0 AND o.start_time < $2::bigint)) "
	"AND NOT EXISTS (SELECT FROM wattgate.job w WHERE w.job_id = o.job_id)"
	"), x AS ("
	"SELECT * FROM (SELECT * FROM ours UNION ALL SELECT * FROM theirs) u "
	"WHERE ($3::text IS NULL OR u.job_user = $3::text) "
	"AND ((u.end_s >= $1::bigint AND u.end_s < $2::bigint) "
	"OR (($4::boolean OR $5::boolean) AND u.end_s IS NULL AND u.start_s < $2::bigint) "
	"OR ($5::boolean AND u.end_s >= $1::bigint AND u.start_s < $2::bigint))"
	"), a AS ("	/* as view job_energy, of these jobs at once */
	"SELECT g.job_id, "
	"CASE WHEN sum(g.covered_s) > 0 THEN sum(g.gated_j) / 3.6e6 END AS energy_kwh, "
	"CASE WHEN sum(g.covered_s) > 0 THEN sum(g.node_j) / 3.6e6 END AS bmc_kwh, "
	"CASE WHEN count(g.model_j) = count(*) THEN sum(g.model_j) / 3.6e6 END AS model_kwh, "
	"CASE WHEN sum(g.active_s) > 0 THEN least(sum(g.covered_s) / sum(g.active_s), 1) END AS coverage, "
	"max(g.max_gap_s)::float8 AS max_gap_s, sum(g.active_s) AS active_s, "
	"min(g.source::text) AS first, max(g.source::text) AS last, bool_or(NOT g.closed) AS open "
	"FROM wattgate.allocation g JOIN x ON x.job_id = g.job_id GROUP BY g.job_id"
	") "
	"SELECT x.job_id, x.job_user, x.project, x.state, x.start_s, x.end_s, "
	"x.core_s / 3600, x.gpu_s / 3600, a.energy_kwh, a.bmc_kwh, a.model_kwh, "
	"a.coverage, a.max_gap_s, "
	"CASE WHEN a.first = a.last THEN a.first WHEN a.first <> a.last THEN 'mixed' END, "
	"a.open, x.kind, a.active_s, x.array_id, x.submit_s, x.job_name "
	"FROM x LEFT JOIN a ON a.job_id = x.job_id "
	"ORDER BY x.end_s NULLS LAST, x.job_id";

enum { Q_ID, Q_USER, Q_PROJECT, Q_STATE, Q_START, Q_END, Q_CORE_H, Q_GPU_H,
       Q_ENERGY, Q_BMC, Q_MODEL, Q_COVERAGE, Q_MAX_GAP, Q_SOURCE, Q_OPEN,
       Q_KIND, Q_ACTIVE, Q_ARRAY, Q_SUBMIT, Q_NAME };

static void set_text(struct cell *cell, const char *text)
{
	cell_set_text(cell, text && *text ? text : NULL);
}

static void set_time(struct cell *cell, const struct pg_row *row, int col)
{
	int64_t s;

	if (pg_row_int(row, col, &s) && s > 0 && s < INT64_MAX / NS_PER_S)
		cell_set_time(cell, s * NS_PER_S);
}

/* It ended before it got resources, and drew nothing. */
static void set_never_ran(struct cell *out, const struct report *report)
{
	cell_set_time(&out[JOB_START], 0);
	cell_set_number(&out[JOB_CORE_HOURS], 0);
	cell_set_number(&out[JOB_GPU_HOURS], 0);
	job_row_energy(out, 0, &report->rates, report->now_ns);
	cell_set_number(&out[JOB_BMC], 0);
	cell_set_number(&out[JOB_MODEL], 0);
	cell_set_text(&out[JOB_SOURCE], JOB_SOURCE_NEVER_RAN);
}

/* Is it to be reported? */
static bool is_wanted(const struct stream *s, const struct pg_row *row)
{
	struct job_key key = { 0, 0, 0, 0 };

	if (!s->report->wants)
		return true;
	pg_row_int(row, Q_ID, &key.id);
	pg_row_int(row, Q_SUBMIT, &key.submit_s);
	pg_row_int(row, Q_START, &key.start_s);
	pg_row_int(row, Q_END, &key.end_s);
	return s->report->wants(&key, s->report->wants_arg);
}

static void set_figures(struct cell *out, const struct pg_row *row, bool open,
			const struct report *report)
{
	const char *source = pg_row_text(row, Q_SOURCE);
	char text[300];

	cell_set_number(&out[JOB_CORE_HOURS], pg_row_number(row, Q_CORE_H));
	cell_set_number(&out[JOB_GPU_HOURS], pg_row_number(row, Q_GPU_H));
	job_row_energy(out, pg_row_number(row, Q_ENERGY), &report->rates,
		       report->now_ns);
	cell_set_number(&out[JOB_BMC], pg_row_number(row, Q_BMC));
	cell_set_number(&out[JOB_MODEL], pg_row_number(row, Q_MODEL));
	cell_set_number(&out[JOB_COVERAGE], pg_row_number(row, Q_COVERAGE));
	cell_set_number(&out[JOB_MAX_GAP], pg_row_number(row, Q_MAX_GAP));
	cell_set_number(&out[JOB_NODE_S], pg_row_number(row, Q_ACTIVE));
	snprintf(text, sizeof(text), "%s%s%s", open ? "schema-open" : "schema",
		 source && *source ? ":" : "", source ? source : "");
	cell_set_text(&out[JOB_SOURCE], text);
}

/* No more is to come: it drew nothing, or all its parts are closed. */
static bool is_settled(const struct pg_row *row, const char *kind, bool open)
{
	int64_t end_s;

	if (!kind || strcmp(kind, "ours") != 0)
		return kind && strcmp(kind, "never") == 0;
	return !open && isfinite(pg_row_number(row, Q_ACTIVE)) &&
	       pg_row_int(row, Q_END, &end_s);
}

static int take_job(const struct pg_row *row, void *arg)
{
	struct stream *s = arg;
	struct cell *out;
	const char *kind = pg_row_text(row, Q_KIND);
	const bool open = pg_row_true(row, Q_OPEN);
	int64_t id, array;

	if (!is_wanted(s, row))
		return 0;
	out = rows_add(s->part.rows);
	if (pg_row_int(row, Q_ID, &id)) {
		cell_set_integer(&out[JOB_ID], id);
		pg_row_int(row, Q_ARRAY, &array);
		cell_set_integer(&out[JOB_ARRAY], array > 0 ? array : id);
	}
	set_text(&out[JOB_USER], pg_row_text(row, Q_USER));
	set_text(&out[JOB_PROJECT], pg_row_text(row, Q_PROJECT));
	set_text(&out[JOB_NAME], pg_row_text(row, Q_NAME));
	set_text(&out[JOB_STATE], pg_row_text(row, Q_STATE));
	set_time(&out[JOB_START], row, Q_START);
	set_time(&out[JOB_END], row, Q_END);
	set_time(&out[JOB_SUBMIT], row, Q_SUBMIT);
	cell_set_integer(&out[JOB_SETTLED], is_settled(row, kind, open));
	if (kind && strcmp(kind, "never") == 0) {
		set_never_ran(out, s->report);
	} else if (kind && strcmp(kind, "ours") == 0) {
		set_figures(out, row, open, s->report);
		s->unsettled += open && out[JOB_END].known;
	} else {
		s->foreign++;
	}
	progress_jobs(1, out[JOB_END].integer);
	report_part_row(&s->part);
	return 0;
}

static void note_jobs(const struct stream *s)
{
	if (s->unsettled)
		cmd_note(cmd_running(), "ended, and not settled to the end yet: %zu of the jobs; their figures are what is known so far",
			 s->unsettled);
	if (s->foreign)
		cmd_note(cmd_running(), "not in schema wattgate: %zu of the jobs, which ran before it was filled, or to which wattgated has not come yet; their energy is not known",
			 s->foreign);
}

int report_oar_jobs(const struct report *report, pg_oar_t *db,
		    report_sink *sink, void *arg, struct err *err)
{
	struct stream s = { .report = report };
	char from[24], to[24];
	const char *const params[] = { from, to, report->user,
				       report->running ? "t" : "f",
				       report->during ? "t" : "f" };
	int rc;

	format_s(from, sizeof(from), report->from_ns);
	format_s(to, sizeof(to), report->to_ns);
	report_part_begin(&s.part, job_columns, JOB_COLUMNS, sink, arg);
	rc = pg_oar_rows(db, jobs_sql, params, 5, take_job, &s, err);
	report_part_end(&s.part, rc);
	if (rc == 0)
		note_jobs(&s);
	return rc;
}

/* ---- nodes ----------------------------------------------------------------- */

/*
 * What a row of an hour tells of begins where its seconds say: only a node's
 * first hour begins late, and only its last ends early.
 */
#define NODE_PARTS \
	"WITH span AS (" \
	"SELECT h.*, least(h.hour_s + 3600, coalesce(n.settled_s, h.hour_s + 3600))::float8 AS e, " \
	"h.measured_s + h.unmeasured_s AS len " \
	"FROM wattgate.node_hour h LEFT JOIN wattgate.node n ON n.node = h.node " \
	"WHERE h.hour_s > floor($1::float8)::bigint - 3600 AND h.hour_s < ceil($2::float8)::bigint" \
	"), part AS (" \
	"SELECT s.*, CASE WHEN len > 0 THEN greatest(0, least(e, $2::float8) - " \
	"greatest(e - len, $1::float8)) / len ELSE 0 END AS p FROM span s" \
	") "

static const char nodes_sql[] =
	NODE_PARTS
	"SELECT coalesce(n.node, p.node), max(n.settled_s), sum(p.p * p.node_j), "
	"sum(p.p * p.allocated_j), sum(p.p * p.unallocated_j), sum(p.p * p.idle_j), "
	"sum(p.p * p.measured_s), count(*) FILTER (WHERE p.p > 0 AND p.p < 1 - 1e-9) "
	"FROM wattgate.node n FULL JOIN part p ON p.node = n.node "
	"GROUP BY 1 ORDER BY 1";

static double or_zero(double v)
{
	return isfinite(v) ? v : 0;
}

static int take_node(const struct pg_row *row, void *arg)
{
	struct stream *s = arg;
	struct node_window w = { .from_ns = s->report->from_ns,
				 .to_ns = s->report->to_ns };
	const char *node = pg_row_text(row, 0);
	int64_t settled_s, clipped;

	if (pg_row_int(row, 1, &settled_s) && settled_s > 0 &&
	    settled_s < INT64_MAX / NS_PER_S)
		w.newest_ns = settled_s * NS_PER_S;
	w.node_j = or_zero(pg_row_number(row, 2));
	w.allocated_j = or_zero(pg_row_number(row, 3));
	w.unallocated_j = or_zero(pg_row_number(row, 4));
	w.idle_j = or_zero(pg_row_number(row, 5));
	w.measured_s = or_zero(pg_row_number(row, 6));
	pg_row_int(row, 7, &clipped);
	s->clipped += (unsigned)clipped;
	node_rows_add(s->part.rows, node ? node : "?", &w, s->report->now_ns);
	return 0;
}

int report_oar_nodes(const struct report *report, pg_oar_t *db,
		     report_sink *sink, void *arg, struct err *err)
{
	struct stream s = { .report = report };
	char from[40], to[40];
	const char *const params[] = { from, to };
	int rc;

	if (report->from_ns >= report->now_ns)
		return err_set(err, "--from lies in the future");
	snprintf(from, sizeof(from), "%.9f", ns_to_s(report->from_ns));
	snprintf(to, sizeof(to), "%.9f", ns_to_s(report->to_ns));
	report_part_begin(&s.part, node_columns, NODE_COLUMNS, sink, arg);
	rc = pg_oar_rows(db, nodes_sql, params, 2, take_node, &s, err);
	report_part_end(&s.part, rc);
	if (rc == 0 && s.clipped)
		cmd_note(cmd_running(), "%u hours reach over the window's ends and count in proportion to time",
			 s.clipped);
	return rc;
}

/* ---- hours ----------------------------------------------------------------- */

/*
 * What a job has of an hour it drew while it ran; only the hours that the
 * window cuts count in proportion to that. $1, $2: window; $3: user. The first
 * version of the schema does not know nodes' joules and the model's by the hour:
 * %s and %s are their columns.
 */
static const char hours_sql[] =
	"WITH span AS ("
	"SELECT h.job_id, h.hour_s, h.gated_j, h.active_s, h.covered_s, "
	"a.cores, a.gpus, %s AS node_j, %s AS model_j, "
	"greatest(h.hour_s, a.start_s)::float8 AS b, "
	"least(h.hour_s + 3600, coalesce(a.end_s, n.settled_s))::float8 AS e "
	"FROM wattgate.allocation_hour h "
	"JOIN wattgate.allocation a ON a.job_id = h.job_id AND a.node = h.node "
	"LEFT JOIN wattgate.node n ON n.node = h.node "
	"WHERE h.hour_s > floor($1::float8)::bigint - 3600 AND h.hour_s < ceil($2::float8)::bigint"
	"), part AS ("
	"SELECT s.*, CASE WHEN s.hour_s >= $1::float8 AND s.hour_s + 3600 <= $2::float8 THEN 1 "
	"WHEN e > b THEN greatest(0, least(e, $2::float8) - greatest(b, $1::float8)) / (e - b) "
	"ELSE 0 END AS p FROM span s"
	") "
	"SELECT p.hour_s, "
	"sum(p * gated_j) FILTER (WHERE covered_s > 0 AND j.state IS DISTINCT FROM 'Error'), "
	"sum(p * gated_j) FILTER (WHERE covered_s > 0 AND j.state = 'Error'), "
	"sum(p * node_j) FILTER (WHERE covered_s > 0), sum(p * model_j), "
	"sum(p * active_s * cores), sum(p * active_s * gpus), "
	"sum(p * covered_s), sum(p * active_s) "
	"FROM part p JOIN wattgate.job j ON j.job_id = p.job_id "
	"WHERE p > 0 AND ($3::text IS NULL OR j.job_user = $3::text) "
	"GROUP BY 1";

enum { H_HOUR, H_GATED, H_FAILED, H_NODE, H_MODEL, H_CORES, H_GPUS, H_COVERED,
       H_ACTIVE };

struct hours {
	const struct report *report;
	periods_t *periods;
};

/* An hour's part in the window, of which its sums are. */
static bool hour_of(const struct hours *h, const struct pg_row *row,
		    int64_t *from_ns, int64_t *to_ns)
{
	int64_t s;

	if (!pg_row_int(row, H_HOUR, &s) || s < 0 ||
	    s >= INT64_MAX / NS_PER_S - 3600)
		return false;
	*from_ns = s * NS_PER_S;
	*to_ns = *from_ns + 3600 * NS_PER_S;
	if (*from_ns < h->report->from_ns)
		*from_ns = h->report->from_ns;
	if (*to_ns > h->report->to_ns)
		*to_ns = h->report->to_ns;
	return *to_ns > *from_ns;
}

static int take_hour(const struct pg_row *row, void *arg)
{
	static const struct {
		int col;
		enum period_sum sum;
		double unit;
	} sums[] = {
		{ H_NODE, SUM_BMC, JOULES_PER_KWH },
		{ H_MODEL, SUM_MODEL, JOULES_PER_KWH },
		{ H_CORES, SUM_CORE_HOURS, 3600 },
		{ H_GPUS, SUM_GPU_HOURS, 3600 },
		{ H_COVERED, SUM_COVERED_S, 1 }, { H_ACTIVE, SUM_NODE_S, 1 },
	};
	const struct hours *h = arg;
	int64_t from_ns, to_ns;

	if (!hour_of(h, row, &from_ns, &to_ns))
		return 0;
	periods_energy(h->periods, pg_row_number(row, H_GATED) /
		       JOULES_PER_KWH, false, from_ns, to_ns);
	periods_energy(h->periods, pg_row_number(row, H_FAILED) /
		       JOULES_PER_KWH, true, from_ns, to_ns);
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		periods_add(h->periods, sums[i].sum,
			    pg_row_number(row, sums[i].col) / sums[i].unit,
			    from_ns, to_ns);
	return 0;
}

static const char node_hours_sql[] =
	NODE_PARTS
	"SELECT p.hour_s, sum(p.p * p.node_j), sum(p.p * p.allocated_j), "
	"sum(p.p * p.unallocated_j), sum(p.p * p.idle_j) "
	"FROM part p WHERE p.p > 0 AND p.measured_s > 0 GROUP BY 1";

static int take_node_hour(const struct pg_row *row, void *arg)
{
	static const enum period_sum sums[] = { SUM_NODE, SUM_ALLOCATED,
						SUM_UNALLOCATED, SUM_IDLE };
	const struct hours *h = arg;
	int64_t from_ns, to_ns;

	if (!hour_of(h, row, &from_ns, &to_ns))
		return 0;
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		periods_add(h->periods, sums[i],
			    pg_row_number(row, (int)i + 1) / JOULES_PER_KWH,
			    from_ns, to_ns);
	return 0;
}

int report_oar_hours(const struct report *report, pg_oar_t *db,
		     periods_t *periods, bool nodes, struct err *err)
{
	struct hours h = { report, periods };
	char from[40], to[40], sql[sizeof(hours_sql) + 64];
	const char *const params[] = { from, to, report->user };
	int64_t version;
	int rc;

	if (pg_oar_schema(db, &version, err) < 0)
		return -1;
	snprintf(sql, sizeof(sql), hours_sql,
		 version >= 2 ? "h.node_j" : "NULL::float8",
		 version >= 2 ? "h.model_j" : "NULL::float8");
	snprintf(from, sizeof(from), "%.9f", ns_to_s(report->from_ns));
	snprintf(to, sizeof(to), "%.9f", ns_to_s(report->to_ns));
	rc = pg_oar_rows(db, sql, params, 3, take_hour, &h, err);
	if (rc == 0 && nodes)
		rc = pg_oar_rows(db, node_hours_sql, params, 2, take_node_hour,
				 &h, err);
	return rc;
}
