/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Results into schema wattgate: one statement for each table and window. */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "window.h"

#include "pg_impl.h"

#define COLUMNS_MAX 16

/* Columns of rows that go into one statement, each as an array. */
struct columns {
	struct pg_array of[COLUMNS_MAX];
	const char *params[COLUMNS_MAX + 4];
	int count;
};

/* Close the arrays; further parameters may follow from ->count on. */
static void columns_end(struct columns *c, int count)
{
	for (int i = 0; i < count; i++)
		c->params[i] = pg_array_end(&c->of[i]);
	c->count = count;
}

static void columns_free(struct columns *c)
{
	for (int i = 0; i < COLUMNS_MAX; i++)
		pg_array_free(&c->of[i]);
}

/* ---- nodes --------------------------------------------------------------------- */

int pg_node_add(pg_t *pg, const char *node, int64_t since_s, struct err *err)
{
	const struct pg_number since = pg_number(since_s);
	const char *params[] = { node, since.text };

	return pg_do(pg, "INSERT INTO wattgate.node (node, settled_s, updated_s) "
		     "VALUES ($1, $2::bigint, $2::bigint) "
		     "ON CONFLICT (node) DO NOTHING", params, 2, NULL, err);
}

int pg_nodes_lock(pg_t *pg, const char *const *nodes, uint32_t count,
		  int64_t from_s, struct err *err)
{
	const struct pg_number from = pg_number(from_s);
	struct pg_array names = { 0 };
	const char *params[2];
	PGresult *r;
	int rc = -1;

	for (uint32_t i = 0; i < count; i++)
		pg_array_text(&names, nodes[i]);
	params[0] = pg_array_end(&names);
	params[1] = from.text;
	r = pg_query(pg, "SELECT node FROM wattgate.node "
		     "WHERE node = ANY($1::text[]) AND settled_s = $2::bigint "
		     "ORDER BY node FOR UPDATE", params, 2, err);
	if (r)
		rc = PQntuples(r) == (int)count;
	PQclear(r);
	pg_array_free(&names);
	return rc;
}

static int nodes_advance(pg_t *pg, const struct pg_results *res,
			 struct err *err)
{
	const struct pg_number from = pg_number(res->from_s),
		to = pg_number(res->to_s), now = pg_number(res->now_s);
	struct columns c = { 0 };
	int64_t changed = 0;
	int rc;

	for (uint32_t i = 0; i < res->node_count; i++) {
		pg_array_text(&c.of[0], res->nodes[i].node);
		pg_array_text(&c.of[1], res->nodes[i].source);
		pg_array_double(&c.of[2], res->nodes[i].cores);
		pg_array_double(&c.of[3], res->nodes[i].gpus);
	}
	columns_end(&c, 4);
	c.params[4] = from.text;
	c.params[5] = to.text;
	c.params[6] = now.text;
	rc = pg_do(pg, "UPDATE wattgate.node n SET settled_s = $6::bigint, "
		   "source = coalesce(d.source, n.source), cores = d.cores, "
		   "gpus = d.gpus, updated_s = $7::bigint "
		   "FROM unnest($1::text[], $2::text[], $3::float8[], $4::float8[]) "
		   "AS d(node, source, cores, gpus) "
		   "WHERE n.node = d.node AND n.settled_s = $5::bigint",
		   c.params, 7, &changed, err);
	columns_free(&c);
	if (rc == 0 && changed != res->node_count)
		rc = err_set(err, "OAR's database: somebody else settled nodes at the same time");
	return rc;
}

#define NODE_HOUR_INSERT \
	"INSERT INTO wattgate.node_hour AS h (node, hour_s, node_j, " \
	"allocated_j, unallocated_j, idle_j, measured_s, " \
	"unmeasured_s, idle_s, scaled, source) " \
	"SELECT d.node, $11::bigint, d.a, d.b, d.c, d.d, d.e, d.f, d.g, d.h, d.i " \
	"FROM unnest($1::text[], $2::float8[], $3::float8[], $4::float8[], " \
	"$5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::bool[], " \
	"$10::text[]) AS d(node, a, b, c, d, e, f, g, h, i) " \
	"ON CONFLICT (node, hour_s) DO UPDATE SET "

static const char node_hour_add[] = NODE_HOUR_INSERT
	"node_j = h.node_j + excluded.node_j, "
	"allocated_j = h.allocated_j + excluded.allocated_j, "
	"unallocated_j = h.unallocated_j + excluded.unallocated_j, "
	"idle_j = h.idle_j + excluded.idle_j, "
	"measured_s = h.measured_s + excluded.measured_s, "
	"unmeasured_s = h.unmeasured_s + excluded.unmeasured_s, "
	"idle_s = h.idle_s + excluded.idle_s, "
	"scaled = h.scaled OR excluded.scaled, "
	"source = coalesce(excluded.source, h.source)";

/* What is the same already is not written. */
static const char node_hour_replace[] = NODE_HOUR_INSERT
	"node_j = excluded.node_j, allocated_j = excluded.allocated_j, "
	"unallocated_j = excluded.unallocated_j, idle_j = excluded.idle_j, "
	"measured_s = excluded.measured_s, "
	"unmeasured_s = excluded.unmeasured_s, idle_s = excluded.idle_s, "
	"scaled = excluded.scaled, source = excluded.source "
	"WHERE h.* IS DISTINCT FROM excluded.*";

int pg_node_hours_put(pg_t *pg, const struct pg_results *res, bool replace,
		      struct err *err)
{
	const struct pg_number hour = pg_number(hour_of(res->from_s));
	struct columns c = { 0 };
	int rc;

	for (uint32_t i = 0; i < res->node_count; i++) {
		const struct node_sums *s = res->nodes[i].sums;

		pg_array_text(&c.of[0], res->nodes[i].node);
		pg_array_double(&c.of[1], s->node_j);
		pg_array_double(&c.of[2], s->allocated_j);
		pg_array_double(&c.of[3], s->unallocated_j);
		pg_array_double(&c.of[4], s->idle_j);
		pg_array_double(&c.of[5], ns_to_s(s->measured_ns));
		pg_array_double(&c.of[6], ns_to_s(s->unmeasured_ns));
		pg_array_double(&c.of[7], ns_to_s(s->idle_ns));
		pg_array_bool(&c.of[8], s->scaled);
		pg_array_text(&c.of[9], res->nodes[i].source);
	}
	columns_end(&c, 10);
	c.params[10] = hour.text;
	rc = pg_do(pg, replace ? node_hour_replace : node_hour_add, c.params,
		   11, NULL, err);
	columns_free(&c);
	return rc;
}

/* ---- jobs ------------------------------------------------------------------------ */

/* Core and GPU seconds of each claim; the statement adds up those of a job. */
static void job_columns(const struct pg_results *res, struct columns *c)
{
	for (uint32_t i = 0; i < res->alloc_count; i++) {
		const struct pg_alloc *a = &res->allocs[i];
		const double active_s = ns_to_s(a->claim->gate.active_ns);

		pg_array_int(&c->of[0], a->job_id);
		pg_array_double(&c->of[1], a->holding.cores * active_s);
		pg_array_double(&c->of[2], a->holding.gpus * active_s);
	}
	columns_end(c, 3);
}

/* Names and the like go from table to table: they never come here. */
static int jobs_add(pg_t *pg, const struct pg_results *res, struct err *err)
{
	const struct pg_number to = pg_number(res->to_s),
		now = pg_number(res->now_s);
	struct columns c = { 0 };
	int rc;

	job_columns(res, &c);
	c.params[3] = to.text;
	c.params[4] = now.text;
	rc = pg_do(pg, "INSERT INTO wattgate.job AS w (" JOB_COLUMNS ", "
		   "core_s, gpu_s, updated_s) "
		   "SELECT " JOB_VALUES("$4::bigint") ", "
		   "d.core_s, d.gpu_s, $5::bigint "
		   "FROM (SELECT job_id, sum(core_s) AS core_s, sum(gpu_s) AS gpu_s "
		   "FROM unnest($1::int[], $2::float8[], $3::float8[]) "
		   "AS u(job_id, core_s, gpu_s) GROUP BY job_id) d "
		   "JOIN jobs j ON j.job_id = d.job_id "
		   "ON CONFLICT (job_id) DO UPDATE SET "
		   "job_user = excluded.job_user, project = excluded.project, "
		   "job_name = excluded.job_name, queue_name = excluded.queue_name, "
		   "types = excluded.types, state = excluded.state, "
		   "start_s = excluded.start_s, "
		   "stop_s = coalesce(excluded.stop_s, w.stop_s), "
		   "suspended_s = excluded.suspended_s, "
		   "walltime_s = excluded.walltime_s, "
		   "core_s = coalesce(w.core_s, 0) + excluded.core_s, "
		   "gpu_s = coalesce(w.gpu_s, 0) + excluded.gpu_s, "
		   "updated_s = excluded.updated_s",
		   c.params, 5, NULL, err);
	columns_free(&c);
	return rc;
}

int pg_jobs_refresh(pg_t *pg, int64_t settled_s, int64_t now_s, struct err *err)
{
	const struct pg_number settled = pg_number(settled_s),
		now = pg_number(now_s);
	const char *params[] = { settled.text, now.text };

	return pg_do(pg, "UPDATE wattgate.job w SET state = j.state, "
		     "stop_s = CASE WHEN " FINAL " AND j.stop_time <= $1::bigint "
		     "THEN greatest(j.stop_time, j.start_time) END, "
		     "suspended_s = " SUSPENDED("$1::bigint") ", updated_s = $2::bigint "
		     "FROM jobs j WHERE w.stop_s IS NULL AND j.job_id = w.job_id "
		     "AND j.start_time >= 0 "
		     "AND (w.state IS DISTINCT FROM j.state "
		     "OR (" FINAL " AND j.stop_time <= $1::bigint))",
		     params, 2, NULL, err);
}

/* ---- allocations --------------------------------------------------------------------- */

static bool alloc_ends(const struct pg_results *res, const struct pg_alloc *a)
{
	return a->claim->to_s <= res->to_s;
}

static void alloc_columns(const struct pg_results *res, struct columns *c)
{
	for (uint32_t i = 0; i < res->alloc_count; i++) {
		const struct pg_alloc *a = &res->allocs[i];
		const gate_t *g = &a->claim->gate;

		pg_array_int(&c->of[0], a->job_id);
		pg_array_text(&c->of[1], a->node);
		pg_array_double(&c->of[2], g->gated_j);
		pg_array_double(&c->of[3], g->node_j);
		pg_array_double(&c->of[4], a->claim->model_j);
		pg_array_double(&c->of[5], ns_to_s(g->active_ns));
		pg_array_double(&c->of[6], ns_to_s(g->covered_ns));
		pg_array_double(&c->of[7], ns_to_s(g->max_gap_ns));
		pg_array_double(&c->of[8], ns_to_s(g->open_gap_ns));
		pg_array_double(&c->of[9], a->holding.cores);
		pg_array_double(&c->of[10], a->holding.gpus);
		pg_array_double(&c->of[11], a->claim->share_s);
		pg_array_int(&c->of[12], a->claim->from_s);
		if (alloc_ends(res, a))
			pg_array_int(&c->of[13], a->claim->to_s);
		else
			pg_array_null(&c->of[13]);
		pg_array_text(&c->of[14], a->source);
	}
	columns_end(c, 15);
}

static int allocs_add(pg_t *pg, const struct pg_results *res, struct err *err)
{
	struct columns c = { 0 };
	int rc;

	alloc_columns(res, &c);
	rc = pg_do(pg, "INSERT INTO wattgate.allocation AS w (job_id, node, gated_j, "
		   "node_j, model_j, active_s, covered_s, max_gap_s, open_gap_s, "
		   "cores, gpus, share_s, start_s, end_s, closed, source) "
		   "SELECT d.job_id, d.node, gated_j, node_j, model_j, active_s, "
		   "covered_s, max_gap_s, open_gap_s, cores, gpus, share_s, "
		   "start_s, " END_AFTER("end_s", "start_s", "active_s") ", "
		   "end_s IS NOT NULL, source "
		   "FROM unnest($1::int[], $2::text[], $3::float8[], $4::float8[], "
		   "$5::float8[], $6::float8[], $7::float8[], $8::float8[], "
		   "$9::float8[], $10::float8[], $11::float8[], $12::float8[], "
		   "$13::bigint[], $14::bigint[], $15::text[]) "
		   "AS d(job_id, node, gated_j, node_j, model_j, active_s, covered_s, "
		   "max_gap_s, open_gap_s, cores, gpus, share_s, start_s, end_s, source) "
		   "ON CONFLICT (job_id, node) DO UPDATE SET "
		   "gated_j = w.gated_j + excluded.gated_j, "
		   "node_j = w.node_j + excluded.node_j, "
		   "model_j = w.model_j + excluded.model_j, "
		   "active_s = w.active_s + excluded.active_s, "
		   "covered_s = w.covered_s + excluded.covered_s, "
		   "max_gap_s = greatest(w.max_gap_s, excluded.max_gap_s), "
		   "open_gap_s = excluded.open_gap_s, "
		   "cores = excluded.cores, gpus = excluded.gpus, "
		   "share_s = w.share_s + excluded.share_s, "
		   "end_s = CASE WHEN excluded.closed THEN "
		   END_AFTER("excluded.end_s", "w.start_s",
			     "w.active_s + excluded.active_s") " END, "
		   "closed = excluded.closed, "
		   "source = coalesce(excluded.source, w.source)",
		   c.params, 15, NULL, err);
	columns_free(&c);
	return rc;
}

/* No moment of the claim lies in the window, not even a suspended one. */
static bool alloc_absent(const struct pg_alloc *a)
{
	return a->claim->gate.active_ns <= a->late.active_ns &&
	       !a->claim->gaps.broken;
}

static void alloc_hour_columns(const struct pg_results *res, struct columns *c)
{
	for (uint32_t i = 0; i < res->alloc_count; i++) {
		const struct pg_alloc *a = &res->allocs[i];
		const gate_t *g = &a->claim->gate;
		const struct gaps *gaps = &a->claim->gaps;

		if (alloc_absent(a))
			continue;
		pg_array_int(&c->of[0], a->job_id);
		pg_array_text(&c->of[1], a->node);
		pg_array_double(&c->of[2], g->gated_j);
		pg_array_double(&c->of[3], g->node_j);
		pg_array_double(&c->of[4], a->claim->model_j - a->late.model_j);
		pg_array_double(&c->of[5], ns_to_s(g->active_ns - a->late.active_ns));
		pg_array_double(&c->of[6], ns_to_s(g->covered_ns));
		pg_array_double(&c->of[7], a->claim->share_s - a->late.share_s);
		pg_array_double(&c->of[8], ns_to_s(gaps->head_ns));
		pg_array_double(&c->of[9], ns_to_s(gaps->tail_ns));
		pg_array_double(&c->of[10], ns_to_s(gaps->max_ns));
		pg_array_bool(&c->of[11], gaps->broken);
	}
	columns_end(c, 12);
}

#define ALLOC_HOUR_INSERT \
	"INSERT INTO wattgate.allocation_hour AS h (job_id, node, hour_s, " \
	"gated_j, node_j, model_j, active_s, covered_s, share_s, head_gap_s, " \
	"tail_gap_s, max_gap_s, gap_broken) " \
	"SELECT d.job_id, d.node, $13::bigint, d.gated_j, d.node_j, d.model_j, " \
	"d.active_s, d.covered_s, d.share_s, d.head_gap_s, d.tail_gap_s, " \
	"d.max_gap_s, d.gap_broken " \
	"FROM unnest($1::int[], $2::text[], $3::float8[], $4::float8[], " \
	"$5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::float8[], " \
	"$10::float8[], $11::float8[], $12::bool[]) AS d(job_id, node, gated_j, " \
	"node_j, model_j, active_s, covered_s, share_s, head_gap_s, tail_gap_s, " \
	"max_gap_s, gap_broken) ON CONFLICT (job_id, node, hour_s) DO UPDATE SET "

/* Gaps as gaps_join() has them; those that are not known stay so. */
static const char alloc_hour_add[] = ALLOC_HOUR_INSERT
	"gated_j = h.gated_j + excluded.gated_j, "
	"node_j = h.node_j + excluded.node_j, "
	"model_j = h.model_j + excluded.model_j, "
	"active_s = h.active_s + excluded.active_s, "
	"covered_s = h.covered_s + excluded.covered_s, "
	"share_s = h.share_s + excluded.share_s, "
	"head_gap_s = CASE WHEN h.gap_broken THEN h.head_gap_s "
	"ELSE h.head_gap_s + excluded.head_gap_s END, "
	"tail_gap_s = CASE WHEN h.gap_broken IS NULL THEN NULL "
	"WHEN excluded.gap_broken THEN excluded.tail_gap_s "
	"ELSE h.tail_gap_s + excluded.tail_gap_s END, "
	"max_gap_s = CASE WHEN h.gap_broken IS NOT NULL THEN "
	"greatest(h.max_gap_s, excluded.max_gap_s, "
	"h.tail_gap_s + excluded.head_gap_s) END, "
	"gap_broken = CASE WHEN h.gap_broken IS NOT NULL THEN "
	"h.gap_broken OR excluded.gap_broken END";

/* What is the same already is not written. */
static const char alloc_hour_replace[] = ALLOC_HOUR_INSERT
	"gated_j = excluded.gated_j, node_j = excluded.node_j, "
	"model_j = excluded.model_j, active_s = excluded.active_s, "
	"covered_s = excluded.covered_s, share_s = excluded.share_s, "
	"head_gap_s = excluded.head_gap_s, tail_gap_s = excluded.tail_gap_s, "
	"max_gap_s = excluded.max_gap_s, gap_broken = excluded.gap_broken "
	"WHERE h.* IS DISTINCT FROM excluded.*";

int pg_alloc_hours_put(pg_t *pg, const struct pg_results *res, bool replace,
		       struct err *err)
{
	const struct pg_number hour = pg_number(hour_of(res->from_s));
	struct columns c = { 0 };
	int rc;

	alloc_hour_columns(res, &c);
	c.params[12] = hour.text;
	rc = pg_do(pg, replace ? alloc_hour_replace : alloc_hour_add, c.params,
		   13, NULL, err);
	columns_free(&c);
	return rc;
}

/*
 * What was open on these nodes and has no time in the window has ended: OAR
 * gave it another end, or does not know the job any more.
 */
static int allocs_close(pg_t *pg, const struct pg_results *res,
			struct err *err)
{
	const struct pg_number from = pg_number(res->from_s);
	struct columns c = { 0 };
	int rc;

	for (uint32_t i = 0; i < res->alloc_count; i++) {
		pg_array_int(&c.of[0], res->allocs[i].job_id);
		pg_array_text(&c.of[1], res->allocs[i].node);
	}
	for (uint32_t i = 0; i < res->node_count; i++)
		pg_array_text(&c.of[2], res->nodes[i].node);
	columns_end(&c, 3);
	c.params[3] = from.text;
	rc = pg_do(pg, "UPDATE wattgate.allocation w SET closed = true, end_s = "
		   END_AFTER("$4::bigint", "w.start_s", "w.active_s") " "
		   "WHERE NOT w.closed AND w.node = ANY($3::text[]) "
		   "AND NOT EXISTS (SELECT 1 FROM unnest($1::int[], $2::text[]) "
		   "AS d(job_id, node) WHERE d.job_id = w.job_id AND d.node = w.node)",
		   c.params, 4, NULL, err);
	columns_free(&c);
	return rc;
}

int pg_store(pg_t *pg, const struct pg_results *res, struct err *err)
{
	if (res->alloc_count &&
	    (jobs_add(pg, res, err) < 0 || allocs_add(pg, res, err) < 0 ||
	     pg_alloc_hours_put(pg, res, false, err) < 0))
		return -1;
	if (allocs_close(pg, res, err) < 0 ||
	    pg_node_hours_put(pg, res, false, err) < 0)
		return -1;
	return nodes_advance(pg, res, err);
}
