/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hours of the past in schema wattgate: reading, replacing, summing up anew. */
#include <libpq-fe.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/oar_schema.h"

#include "pg_impl.h"

#define HOUR_S 3600

static const char *int_array(struct pg_array *a, const int64_t *list,
			     uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		pg_array_int(a, list[i]);
	return pg_array_end(a);
}

int pg_refill_lock(pg_t *pg, struct err *err)
{
	PGresult *r = pg_query(pg, "SELECT CASE WHEN pg_try_advisory_lock(" OAR_BACKFILL_LOCK ") THEN 1 ELSE 0 END",
			       NULL, 0, err);
	int64_t got = 0;

	if (!r)
		return -1;
	pgdb_int(r, 0, 0, &got);
	PQclear(r);
	return got ? 0 : err_set(err, "OAR's database: another wattgate backfill is at work there: wait for its end");
}

int pg_node_lock(pg_t *pg, const char *node, int64_t *settled_s,
		 struct err *err)
{
	const char *params[] = { node };
	PGresult *r = pg_query(pg, "SELECT settled_s FROM wattgate.node "
			       "WHERE node = $1 FOR UPDATE", params, 1, err);
	int found;

	if (!r)
		return -1;
	found = pgdb_int(r, 0, 0, settled_s);
	PQclear(r);
	return found;
}

/* ---- what there is --------------------------------------------------------------- */

static double number_at(const PGresult *r, int row, int col)
{
	double x;

	return pgdb_double(r, row, col, &x) ? x : NAN;
}

int pg_read_hours(pg_t *pg, const char *node, int64_t from_s, int64_t to_s,
		  pg_hour_fn *fn, void *arg, struct err *err)
{
	const struct pg_number from = pg_number(from_s), to = pg_number(to_s);
	const char *params[] = { node, from.text, to.text };
	PGresult *r = pg_query(pg, "SELECT hour_s, measured_s, unmeasured_s, "
			       "node_j, allocated_j FROM wattgate.node_hour "
			       "WHERE node = $1 AND hour_s >= $2::bigint "
			       "AND hour_s < $3::bigint ORDER BY hour_s",
			       params, 3, err);
	int rc = 0;

	if (!r)
		return -1;
	for (int i = 0; rc == 0 && i < PQntuples(r); i++) {
		struct pg_hour h = { .measured_s = number_at(r, i, 1),
			.unmeasured_s = number_at(r, i, 2),
			.node_j = number_at(r, i, 3),
			.allocated_j = number_at(r, i, 4) };

		if (pgdb_int(r, i, 0, &h.hour_s))
			rc = fn(arg, &h, err);
	}
	PQclear(r);
	return rc;
}

int pg_read_hour_jobs(pg_t *pg, const char *node, int64_t hour_s,
		      pg_hour_job_fn *fn, void *arg, struct err *err)
{
	const struct pg_number hour = pg_number(hour_s);
	const char *params[] = { node, hour.text };
	PGresult *r = pg_query(pg, "SELECT job_id FROM wattgate.allocation_hour "
			       "WHERE node = $1 AND hour_s = $2::bigint",
			       params, 2, err);
	int64_t job_id;
	int rc = 0;

	if (!r)
		return -1;
	for (int i = 0; rc == 0 && i < PQntuples(r); i++) {
		if (pgdb_int(r, i, 0, &job_id))
			rc = fn(arg, job_id, err);
	}
	PQclear(r);
	return rc;
}

/* ---- jobs and allocations --------------------------------------------------------- */

int pg_jobs_copy(pg_t *pg, const int64_t *ids, uint32_t count,
		 int64_t settled_s, int64_t now_s, pg_hour_job_fn *fn,
		 void *arg, struct err *err)
{
	const struct pg_number settled = pg_number(settled_s),
		now = pg_number(now_s);
	struct pg_array list = { 0 };
	const char *params[] = { int_array(&list, ids, count), settled.text,
				 now.text };
	PGresult *r = pg_query(pg, "INSERT INTO wattgate.job (" JOB_COLUMNS
			       ", core_s, gpu_s, updated_s) "
			       "SELECT " JOB_VALUES("$2::bigint") ", 0, 0, "
			       "$3::bigint FROM jobs j "
			       "WHERE j.job_id = ANY($1::int[]) "
			       "ON CONFLICT (job_id) DO NOTHING "
			       "RETURNING job_id", params, 3, err);
	int64_t job_id;
	int rc = r ? 0 : -1;

	for (int i = 0; rc == 0 && i < PQntuples(r); i++) {
		if (pgdb_int(r, i, 0, &job_id))
			rc = fn(arg, job_id, err);
	}
	PQclear(r);
	pg_array_free(&list);
	return rc;
}

int pg_allocs_make(pg_t *pg, const struct pg_alloc *allocs, uint32_t count,
		   int64_t settled_s, struct err *err)
{
	struct pg_array c[7] = { { 0 } };
	const char *params[7];
	int rc;

	for (uint32_t i = 0; i < count; i++) {
		const struct pg_alloc *a = &allocs[i];

		pg_array_int(&c[0], a->job_id);
		pg_array_text(&c[1], a->node);
		pg_array_double(&c[2], a->holding.cores);
		pg_array_double(&c[3], a->holding.gpus);
		pg_array_int(&c[4], a->claim->from_s);
		if (a->claim->to_s <= settled_s)
			pg_array_int(&c[5], a->claim->to_s);
		else
			pg_array_null(&c[5]);
		pg_array_text(&c[6], a->source);
	}
	for (int i = 0; i < 7; i++)
		params[i] = pg_array_end(&c[i]);
	rc = pg_do(pg, "INSERT INTO wattgate.allocation (job_id, node, cores, "
		   "gpus, start_s, end_s, closed, source, model_j) "
		   "SELECT job_id, node, cores, gpus, start_s, end_s, "
		   "end_s IS NOT NULL, source, 0 FROM unnest($1::int[], $2::text[], "
		   "$3::float8[], $4::float8[], $5::bigint[], $6::bigint[], "
		   "$7::text[]) AS d(job_id, node, cores, gpus, start_s, end_s, source) "
		   "ON CONFLICT (job_id, node) DO NOTHING", params, 7, NULL,
		   err);
	for (int i = 0; i < 7; i++)
		pg_array_free(&c[i]);
	return rc;
}

/* Whoever had time in the hour, and has none. */
static int alloc_hours_drop(pg_t *pg, const struct pg_results *res,
			    struct err *err)
{
	const struct pg_number hour = pg_number(res->from_s);
	struct pg_array list = { 0 };
	const char *params[3] = { res->nodes[0].node, hour.text, NULL };
	int rc;

	for (uint32_t i = 0; i < res->alloc_count; i++)
		pg_array_int(&list, res->allocs[i].job_id);
	params[2] = pg_array_end(&list);
	rc = pg_do(pg, "DELETE FROM wattgate.allocation_hour "
		   "WHERE node = $1 AND hour_s = $2::bigint "
		   "AND NOT job_id = ANY($3::int[])", params, 3, NULL, err);
	pg_array_free(&list);
	return rc;
}

int pg_hour_replace(pg_t *pg, const struct pg_results *res, struct err *err)
{
	if (alloc_hours_drop(pg, res, err) < 0 ||
	    (res->alloc_count && pg_alloc_hours_put(pg, res, true, err) < 0))
		return -1;
	return pg_node_hours_put(pg, res, true, err);
}

/* ---- summing up anew ----------------------------------------------------------------- */

/*
 * Of each allocation all hours in which its node was accounted, from the first
 * in which it could have been there to the last.
 */
static const char fold_sql[] =
	"SELECT d.job_id, a.source, n.hour_s, n.measured_s + n.unmeasured_s, "
	"n.source, h.gated_j, h.node_j, h.model_j, h.active_s, h.covered_s, "
	"h.share_s, h.head_gap_s, h.tail_gap_s, h.max_gap_s, "
	"CASE WHEN h.gap_broken THEN 1 WHEN NOT h.gap_broken THEN 0 END "
	"FROM unnest($2::int[], $3::bigint[], $4::bigint[]) "
	"AS d(job_id, from_s, to_s) "
	"JOIN wattgate.allocation a ON a.job_id = d.job_id AND a.node = $1 "
	"LEFT JOIN LATERAL (SELECT min(x.hour_s) AS first, max(x.hour_s) AS last "
	"FROM wattgate.allocation_hour x "
	"WHERE x.job_id = d.job_id AND x.node = $1) e ON true "
	"LEFT JOIN wattgate.node_hour n ON n.node = $1 "
	"AND n.hour_s > least(d.from_s, e.first) - 3600 "
	"AND n.hour_s < greatest(d.to_s, e.last + 1) "
	"LEFT JOIN wattgate.allocation_hour h ON h.job_id = d.job_id "
	"AND h.node = $1 AND h.hour_s = n.hour_s "
	"ORDER BY d.job_id, n.hour_s";

enum { F_JOB, F_SOURCE, F_HOUR, F_TOLD, F_HOUR_SOURCE, F_GATED, F_NODE, F_MODEL,
       F_ACTIVE, F_COVERED, F_SHARE, F_HEAD, F_TAIL, F_MAX, F_BROKEN };

static int64_t seconds_ns(const PGresult *r, int row, int col)
{
	double s;

	if (!pgdb_double(r, row, col, &s) || !(s >= 0 && s < 1e9))
		return 0;
	return (int64_t)llround(s * 1e9);
}

/* A node's first hour begins where it was first accounted, its last is young. */
static void hour_bounds(struct fold_hour *h, int64_t hour_s, double told_s,
			int64_t settled_s)
{
	h->begin_s = hour_s;
	h->end_s = hour_s + HOUR_S;
	if (h->end_s > settled_s)
		h->end_s = settled_s > hour_s ? settled_s : hour_s;
	if (told_s >= 0 && told_s < (double)(h->end_s - h->begin_s))
		h->begin_s = h->end_s - (int64_t)ceil(told_s - 1e-6);
}

static const char *text_at(const PGresult *r, int row, int col)
{
	return PQgetisnull(r, row, col) ? NULL : PQgetvalue(r, row, col);
}

/* false: the allocation has no hour at all. */
static bool hour_parse(const PGresult *r, int row, int64_t settled_s,
		       struct fold_hour *h)
{
	int64_t hour_s, broken;

	if (!pgdb_int(r, row, F_HOUR, &hour_s))
		return false;
	*h = (struct fold_hour){ .source = text_at(r, row, F_HOUR_SOURCE) };
	hour_bounds(h, hour_s, number_at(r, row, F_TOLD), settled_s);
	h->mine = pgdb_double(r, row, F_ACTIVE, &h->active_s);
	if (!h->mine)
		return true;
	h->gated_j = number_at(r, row, F_GATED);
	h->node_j = number_at(r, row, F_NODE);
	h->model_j = number_at(r, row, F_MODEL);
	h->covered_s = number_at(r, row, F_COVERED);
	h->share_s = number_at(r, row, F_SHARE);
	h->gaps_known = pgdb_int(r, row, F_BROKEN, &broken);
	if (h->gaps_known)
		h->gaps = (struct gaps){ seconds_ns(r, row, F_HEAD),
					 seconds_ns(r, row, F_TAIL),
					 seconds_ns(r, row, F_MAX), broken };
	return true;
}

/* The rows first .. end are those of one allocation. */
static int fold_give(const PGresult *r, int first, int end, int64_t settled_s,
		     pg_fold_fn *fn, void *arg, struct err *err)
{
	struct fold_hour *hours = calloc((size_t)(end - first), sizeof(*hours));
	uint32_t count = 0;
	int64_t job_id;
	int rc;

	if (!hours)
		return err_set(err, "out of memory");
	for (int i = first; i < end; i++)
		count += hour_parse(r, i, settled_s, &hours[count]);
	rc = !pgdb_int(r, first, F_JOB, &job_id) ? 0 :
	     fn(arg, job_id, text_at(r, first, F_SOURCE), hours, count, err);
	free(hours);
	return rc;
}

int pg_read_fold(pg_t *pg, const char *node, const struct pg_alloc *allocs,
		 uint32_t count, int64_t settled_s, pg_fold_fn *fn, void *arg,
		 struct err *err)
{
	struct pg_array c[3] = { { 0 } };
	const char *params[4] = { node };
	PGresult *r;
	int rc = -1, end;

	for (uint32_t i = 0; i < count; i++) {
		const struct claim *claim = allocs[i].claim;

		pg_array_int(&c[0], allocs[i].job_id);
		pg_array_int(&c[1], claim->from_s);
		pg_array_int(&c[2], claim->to_s < settled_s ? claim->to_s :
							      settled_s);
	}
	for (int i = 0; i < 3; i++)
		params[i + 1] = pg_array_end(&c[i]);
	r = pg_query(pg, fold_sql, params, 4, err);
	if (r)
		rc = 0;
	for (int i = 0; rc == 0 && i < PQntuples(r); i = end) {
		for (end = i + 1; end < PQntuples(r); end++)
			if (strcmp(PQgetvalue(r, i, F_JOB),
				   PQgetvalue(r, end, F_JOB)) != 0)
				break;
		rc = fold_give(r, i, end, settled_s, fn, arg, err);
	}
	PQclear(r);
	for (int i = 0; i < 3; i++)
		pg_array_free(&c[i]);
	return rc;
}

/*
 * Where it is not known where gaps lay, the longest one is not told shorter
 * than hours of known gaps make it, nor longer than it was.
 */
static const char totals_sql[] =
	"UPDATE wattgate.allocation w SET gated_j = d.gated_j, "
	"node_j = d.node_j, model_j = d.model_j, active_s = d.active_s, "
	"covered_s = d.covered_s, share_s = d.share_s, "
	"max_gap_s = d.new_max, open_gap_s = d.new_open, "
	"start_s = d.new_start, end_s = d.new_end, "
	"source = d.new_source FROM (SELECT x.*, o.node, "
	"CASE WHEN x.exact OR o.active_s = 0 THEN x.max_gap_s "
	"ELSE least(x.max_gap_s, o.max_gap_s) END AS new_max, "
	"CASE WHEN x.exact OR o.active_s = 0 THEN x.open_gap_s "
	"ELSE o.open_gap_s END AS new_open, "
	"least(o.start_s, x.start_s) AS new_start, "
	END_AFTER("o.end_s", "least(o.start_s, x.start_s)", "x.active_s")
	" AS new_end, coalesce(x.source, o.source::text) AS new_source "
	"FROM unnest($2::int[], $3::float8[], $4::float8[], $5::float8[], "
	"$6::float8[], $7::float8[], $8::float8[], $9::float8[], "
	"$10::float8[], $11::bool[], $12::bigint[], $13::text[]) "
	"AS x(job_id, gated_j, node_j, model_j, active_s, covered_s, share_s, "
	"max_gap_s, open_gap_s, exact, start_s, source) "
	"JOIN wattgate.allocation o ON o.job_id = x.job_id AND o.node = $1) d "
	"WHERE w.job_id = d.job_id AND w.node = d.node "
	"AND (w.gated_j, w.node_j, w.model_j, w.active_s, w.covered_s, "
	"w.share_s, w.max_gap_s, w.open_gap_s, w.start_s, w.end_s, "
	"w.source::text) IS DISTINCT FROM (d.gated_j, d.node_j, d.model_j, "
	"d.active_s, d.covered_s, d.share_s, d.new_max, d.new_open, "
	"d.new_start, d.new_end, d.new_source)";

int pg_totals_set(pg_t *pg, const char *node, const struct pg_total *totals,
		  uint32_t count, struct err *err)
{
	enum { COLUMNS = 12 };
	struct pg_array c[COLUMNS] = { { 0 } };
	const char *params[COLUMNS + 1] = { node };
	int rc;

	for (uint32_t i = 0; i < count; i++) {
		const struct fold *f = &totals[i].fold;

		pg_array_int(&c[0], totals[i].job_id);
		pg_array_double(&c[1], f->gated_j);
		pg_array_double(&c[2], f->node_j);
		pg_array_double(&c[3], f->model_j);
		pg_array_double(&c[4], f->active_s);
		pg_array_double(&c[5], f->covered_s);
		pg_array_double(&c[6], f->share_s);
		pg_array_double(&c[7], ns_to_s(f->gaps.max_ns));
		pg_array_double(&c[8], ns_to_s(f->gaps.tail_ns));
		pg_array_bool(&c[9], f->gaps_exact);
		pg_array_int(&c[10], totals[i].start_s);
		pg_array_text(&c[11], f->source);
	}
	for (int i = 0; i < COLUMNS; i++)
		params[i + 1] = pg_array_end(&c[i]);
	rc = pg_do(pg, totals_sql, params, COLUMNS + 1, NULL, err);
	for (int i = 0; i < COLUMNS; i++)
		pg_array_free(&c[i]);
	return rc;
}

/* Sums that agree to rounding stay as they are. */
int pg_jobs_sum(pg_t *pg, const int64_t *ids, uint32_t count, int64_t now_s,
		struct err *err)
{
	const struct pg_number now = pg_number(now_s);
	struct pg_array list = { 0 };
	const char *params[] = { int_array(&list, ids, count), now.text };
	int rc = pg_do(pg, "UPDATE wattgate.job w SET core_s = s.core_s, "
		       "gpu_s = s.gpu_s, updated_s = $2::bigint FROM ("
		       "SELECT job_id, sum(cores * active_s) AS core_s, "
		       "coalesce(sum(gpus * active_s), 0) AS gpu_s "
		       "FROM wattgate.allocation WHERE job_id = ANY($1::int[]) "
		       "GROUP BY job_id) s WHERE w.job_id = s.job_id "
		       "AND (w.core_s IS NULL OR w.gpu_s IS NULL "
		       "OR abs(w.core_s - s.core_s) > 1e-9 * s.core_s "
		       "OR abs(w.gpu_s - s.gpu_s) > 1e-9 * s.gpu_s)",
		       params, 2, NULL, err);

	pg_array_free(&list);
	return rc;
}
