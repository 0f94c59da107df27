/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OAR's tables, and what we have of it already. Nothing here is written. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pg_impl.h"

/* So many resources, and rows of any other answer, are a mistake. */
#define ROWS_MAX 4000000
#define PAUSES_MAX 10000

static int rows_check(PGresult *r, struct err *err)
{
	if (PQntuples(r) <= ROWS_MAX)
		return 0;
	return err_set(err, "OAR's database: an answer of %d rows",
		       PQntuples(r));
}

/* ---- hosts ---------------------------------------------------------------------- */

/* Which of the columns a site may have are there. */
static int columns_find(pg_t *pg, bool *core, bool *gpu, struct err *err)
{
	PGresult *r = pg_query(pg, "SELECT attname FROM pg_attribute "
			       "WHERE attrelid = 'resources'::regclass "
			       "AND attnum > 0 AND NOT attisdropped "
			       "AND attname IN ('core', 'gpudevice')",
			       NULL, 0, err);

	if (!r)
		return -1;
	*core = *gpu = false;
	for (int i = 0; i < PQntuples(r); i++) {
		if (strcmp(PQgetvalue(r, i, 0), "core") == 0)
			*core = true;
		else
			*gpu = true;
	}
	PQclear(r);
	return 0;
}

static const char *text_or_null(const PGresult *r, int row, int col)
{
	return PQgetisnull(r, row, col) ? NULL : PQgetvalue(r, row, col);
}

/* The rows first .. end are those of one host. */
static int host_give(const PGresult *r, int first, int end, pg_host_fn *fn,
		     void *arg, uint32_t *odd, struct err *err)
{
	const char *node = PQgetvalue(r, first, 0);
	struct resource *rows;
	uint32_t count = 0;
	int rc;

	if (!conf_node_name_valid(node)) {
		(*odd)++;
		return 0;
	}
	rows = calloc((size_t)(end - first), sizeof(*rows));
	if (!rows)
		return err_set(err, "out of memory");
	for (int i = first; i < end; i++) {
		if (!pgdb_int(r, i, 1, &rows[count].id))
			continue;
		rows[count].core = text_or_null(r, i, 2);
		rows[count++].gpu = text_or_null(r, i, 3);
	}
	rc = fn(arg, node, rows, count, err);
	free(rows);
	return rc;
}

int pg_read_hosts(pg_t *pg, pg_host_fn *fn, void *arg, uint32_t *odd,
		  struct err *err)
{
	char sql[512];
	bool core, gpu;
	PGresult *r;
	int rc, end;

	*odd = 0;
	if (columns_find(pg, &core, &gpu, err) < 0)
		return -1;
	snprintf(sql, sizeof(sql),
		 "SELECT network_address, resource_id, %s, %s FROM resources "
		 "WHERE type = 'default' AND network_address <> '' "
		 "ORDER BY network_address COLLATE \"C\", resource_id",
		 core ? "core::text" : "NULL", gpu ? "gpudevice::text" : "NULL");
	r = pg_query(pg, sql, NULL, 0, err);
	if (!r)
		return -1;
	rc = rows_check(r, err);
	for (int i = 0; rc == 0 && i < PQntuples(r); i = end) {
		for (end = i + 1; end < PQntuples(r); end++)
			if (strcmp(PQgetvalue(r, i, 0), PQgetvalue(r, end, 0)))
				break;
		rc = host_give(r, i, end, fn, arg, odd, err);
	}
	PQclear(r);
	return rc;
}

int pg_read_nodes(pg_t *pg, pg_node_fn *fn, void *arg, struct err *err)
{
	PGresult *r = pg_query(pg, "SELECT node, settled_s FROM wattgate.node "
			       "ORDER BY node COLLATE \"C\"", NULL, 0, err);
	int64_t settled_s;
	int rc;

	if (!r)
		return -1;
	rc = rows_check(r, err);
	for (int i = 0; rc == 0 && i < PQntuples(r); i++) {
		if (pgdb_int(r, i, 1, &settled_s))
			rc = fn(arg, PQgetvalue(r, i, 0), settled_s, err);
	}
	PQclear(r);
	return rc;
}

static int number_read(pg_t *pg, const char *sql, const char *what,
		       int64_t *number, struct err *err)
{
	PGresult *r = pg_query(pg, sql, NULL, 0, err);
	bool ok;

	if (!r)
		return -1;
	ok = pgdb_int(r, 0, 0, number);
	PQclear(r);
	return ok ? 0 : err_set(err, "OAR's database: %s cannot be read", what);
}

int pg_read_mark(pg_t *pg, int64_t *mark, struct err *err)
{
	return number_read(pg, "SELECT coalesce(max(job_state_log_id), 0) "
			   "FROM job_state_logs", "job_state_logs", mark, err);
}

int pg_read_rows_mark(pg_t *pg, int64_t *mark, struct err *err)
{
	return number_read(pg, "SELECT coalesce(sum(hashtext(resource_id || ' ' || "
			   "network_address)), 0) FROM resources "
			   "WHERE type = 'default'", "resources", mark, err);
}

/* ---- jobs ----------------------------------------------------------------------- */

/*
 * Which end a job has: none before it ends. What never started, or ended
 * before it began, has no time.
 */
#define STOP \
	"CASE WHEN j.state IN ('Terminated', 'Error') " \
	"OR (j.state = 'Finishing' AND j.stop_time >= j.start_time) " \
	"THEN greatest(j.stop_time, j.start_time) END"

#define JOBS_HEAD(pauses_to) \
	"SELECT job_id, mold, start_time, stop_s, " \
	"(SELECT substring(t.type FROM 7) FROM job_types t " \
	"WHERE t.job_id = x.job_id AND t.type ~ '^inner=[0-9]{1,9}$' " \
	"ORDER BY t.type LIMIT 1), " \
	"(SELECT string_agg(date_start || ',' || date_stop, ',') " \
	"FROM (SELECT s.date_start, s.date_stop FROM job_state_logs s " \
	"WHERE s.job_id = x.job_id AND s.job_state IN ('Suspended', 'Resuming') " \
	"AND s.date_start < " pauses_to " ORDER BY s.date_start LIMIT $4::int) p) " \
	"FROM (SELECT j.job_id, j.assigned_moldable_job AS mold, j.start_time, " \
	STOP " AS stop_s FROM jobs j "
#define JOBS_TAIL \
	"WHERE j.job_id BETWEEN 1 AND 2147483647 " \
	"AND j.assigned_moldable_job > 0 " \
	"AND j.start_time > 1 AND j.start_time < $2::bigint " \
	"AND j.state IN ('Launching', 'Running', 'Suspended', 'Resuming', " \
	"'Finishing', 'Terminated', 'Error')) x " \
	"WHERE coalesce(stop_s, 2147483647) > $1::bigint " \
	"ORDER BY mold, job_id LIMIT $3::int"

/* Through all jobs: OAR has no index by time. */
static const char all_jobs[] = JOBS_HEAD("$2::bigint") JOBS_TAIL;

/*
 * Through those that run, and those whose state changed since $5: whoever ran
 * in the window and does not run any more is among these.
 */
static const char changed_jobs[] =
	"WITH c AS (SELECT job_id FROM jobs WHERE state IN ('Launching', "
	"'Running', 'Suspended', 'Resuming', 'Finishing') "
	"UNION SELECT job_id FROM job_state_logs WHERE job_state_log_id > $5::bigint) "
	JOBS_HEAD("$2::bigint") "JOIN c ON c.job_id = j.job_id " JOBS_TAIL;

/* Only of these ($6), with suspensions up to $5. */
static const char named_jobs[] =
	JOBS_HEAD("$5::bigint") "JOIN (SELECT DISTINCT unnest($6::int[]) AS job_id) c "
	"ON c.job_id = j.job_id " JOBS_TAIL;

/* "start,stop,start,stop": stop 0 is open. */
static int pauses_parse(const char *text, struct pg_job *job)
{
	uint32_t count = 1;

	for (const char *c = text; *c; c++)
		count += *c == ',';
	count /= 2;
	job->pauses = calloc(count ? count : 1, sizeof(*job->pauses));
	if (!job->pauses)
		return -1;
	for (uint32_t i = 0; i < count; i++) {
		struct pause *p = &job->pauses[job->pause_count];
		char *end;

		p->from_s = strtoll(text, &end, 10);
		if (*end != ',')
			break;
		p->to_s = strtoll(end + 1, &end, 10);
		if (p->to_s == 0)
			p->to_s = CLAIM_OPEN;
		job->pause_count++;
		if (*end != ',')
			break;
		text = end + 1;
	}
	job->pause_count = pauses_join(job->pauses, job->pause_count);
	return 0;
}

static int job_parse(const PGresult *r, int row, struct pg_job *job)
{
	if (!pgdb_int(r, row, 0, &job->id) || !pgdb_int(r, row, 1, &job->moldable) ||
	    !pgdb_int(r, row, 2, &job->from_s))
		return 0;	/* its id stays 0: nothing belongs to it */
	if (!pgdb_int(r, row, 3, &job->to_s))
		job->to_s = CLAIM_OPEN;
	if (!pgdb_int(r, row, 4, &job->inner_of))
		job->inner_of = 0;
	if (PQgetisnull(r, row, 5))
		return 0;
	return pauses_parse(PQgetvalue(r, row, 5), job);
}

static int jobs_parse(const PGresult *r, struct pg_jobs *jobs, struct err *err)
{
	jobs->count = (uint32_t)PQntuples(r);
	jobs->items = calloc(jobs->count ? jobs->count : 1,
			     sizeof(*jobs->items));
	for (int i = 0; jobs->items && i < PQntuples(r); i++) {
		if (job_parse(r, i, &jobs->items[i]) < 0) {
			pg_jobs_free(jobs);
			break;
		}
	}
	return jobs->items ? 0 : err_set(err, "out of memory for %d jobs",
					 PQntuples(r));
}

static int jobs_take(PGresult *r, struct pg_jobs *jobs, struct err *err)
{
	int rc = 0;

	if (!r)
		return -1;
	if (PQntuples(r) > PG_JOBS_MAX)
		jobs->more = true;
	else
		rc = jobs_parse(r, jobs, err);
	PQclear(r);
	return rc;
}

int pg_read_jobs(pg_t *pg, int64_t from_s, int64_t to_s, int64_t mark,
		 struct pg_jobs *jobs, struct err *err)
{
	const struct pg_number from = pg_number(from_s), to = pg_number(to_s),
		limit = pg_number(PG_JOBS_MAX + 1),
		pauses = pg_number(PAUSES_MAX), since = pg_number(mark);
	const char *params[] = { from.text, to.text, limit.text, pauses.text,
				 since.text };

	*jobs = (struct pg_jobs){ 0 };
	return jobs_take(mark < 0 ? pg_query(pg, all_jobs, params, 4, err)
				  : pg_query(pg, changed_jobs, params, 5, err),
			 jobs, err);
}

int pg_read_jobs_of(pg_t *pg, const int64_t *ids, uint32_t count,
		    int64_t from_s, int64_t to_s, int64_t pauses_to_s,
		    struct pg_jobs *jobs, struct err *err)
{
	const struct pg_number from = pg_number(from_s), to = pg_number(to_s),
		limit = pg_number(PG_JOBS_MAX + 1),
		pauses = pg_number(PAUSES_MAX),
		pauses_to = pg_number(pauses_to_s);
	struct pg_array list = { 0 };
	const char *params[] = { from.text, to.text, limit.text, pauses.text,
				 pauses_to.text, NULL };
	int rc;

	*jobs = (struct pg_jobs){ 0 };
	for (uint32_t i = 0; i < count; i++)
		pg_array_int(&list, ids[i]);
	params[5] = pg_array_end(&list);
	rc = jobs_take(pg_query(pg, named_jobs, params, 6, err), jobs, err);
	pg_array_free(&list);
	return rc;
}

void pg_jobs_free(struct pg_jobs *jobs)
{
	for (uint32_t i = 0; jobs->items && i < jobs->count; i++)
		free(jobs->items[i].pauses);
	free(jobs->items);
	*jobs = (struct pg_jobs){ 0 };
}

/* ---- what they hold ----------------------------------------------------------- */

/* The job's place by the number of its description; -1: none of ours. */
static int64_t job_by_moldable(const struct pg_jobs *jobs, int64_t moldable)
{
	uint32_t lo = 0, hi = jobs->count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (jobs->items[mid].moldable < moldable)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == jobs->count || jobs->items[lo].moldable != moldable)
		return -1;
	return (int64_t)lo;
}

/* "12,13,14" -> numbers, which the caller frees. */
static int64_t *ids_parse(const char *text, uint32_t *count)
{
	uint32_t room = 1;
	int64_t *ids;
	char *end;

	for (const char *c = text; *c; c++)
		room += *c == ',';
	ids = calloc(room, sizeof(*ids));
	*count = 0;
	while (ids && *count < room) {
		ids[(*count)++] = strtoll(text, &end, 10);
		if (*end != ',')
			break;
		text = end + 1;
	}
	return ids;
}

static int held_give(const PGresult *r, int row, const struct pg_jobs *jobs,
		     pg_held_fn *fn, void *arg, struct err *err)
{
	int64_t moldable, job, *ids;
	uint32_t count;
	int rc;

	if (!pgdb_int(r, row, 0, &moldable))
		return 0;
	job = job_by_moldable(jobs, moldable);
	if (job < 0 || !jobs->items[job].id)
		return 0;
	ids = ids_parse(PQgetvalue(r, row, 2), &count);
	if (!ids)
		return err_set(err, "out of memory");
	rc = fn(arg, (uint32_t)job, PQgetvalue(r, row, 1), ids, count, err);
	free(ids);
	return rc;
}

static void nodes_put(struct pg_array *a, const char *const *nodes,
		      uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		pg_array_text(a, nodes[i]);
}

int pg_read_held(pg_t *pg, const struct pg_jobs *jobs,
		 const char *const *nodes, uint32_t node_count, pg_held_fn *fn,
		 void *arg, struct err *err)
{
	struct pg_array molds = { 0 }, names = { 0 };
	const char *params[2];
	PGresult *r;
	int rc = -1;

	for (uint32_t i = 0; i < jobs->count; i++)
		pg_array_int(&molds, jobs->items[i].moldable);
	nodes_put(&names, nodes, node_count);
	params[0] = pg_array_end(&molds);
	params[1] = pg_array_end(&names);
	r = pg_query(pg, "SELECT a.moldable_job_id, r.network_address, "
		     "string_agg(a.resource_id::text, ',') "
		     "FROM assigned_resources a "
		     "JOIN resources r ON r.resource_id = a.resource_id "
		     "WHERE a.moldable_job_id = ANY($1::int[]) "
		     "AND r.type = 'default' AND r.network_address <> '' "
		     "AND ($2 = '{}' OR r.network_address = ANY($2::text[])) "
		     "GROUP BY 1, 2", params, 2, err);
	if (r)
		rc = rows_check(r, err);
	for (int i = 0; rc == 0 && i < PQntuples(r); i++)
		rc = held_give(r, i, jobs, fn, arg, err);
	PQclear(r);
	pg_array_free(&molds);
	pg_array_free(&names);
	return rc;
}

int pg_read_known(pg_t *pg, const struct pg_jobs *jobs,
		  const char *const *nodes, uint32_t node_count,
		  pg_known_fn *fn, void *arg, struct err *err)
{
	struct pg_array ids = { 0 }, names = { 0 };
	const char *params[2];
	int64_t job_id;
	double gap_s;
	PGresult *r;
	int rc = -1;

	for (uint32_t i = 0; i < jobs->count; i++)
		pg_array_int(&ids, jobs->items[i].id);
	nodes_put(&names, nodes, node_count);
	params[0] = pg_array_end(&ids);
	params[1] = pg_array_end(&names);
	r = pg_query(pg, "SELECT job_id, node, open_gap_s "
		     "FROM wattgate.allocation WHERE job_id = ANY($1::int[]) "
		     "AND node = ANY($2::text[])", params, 2, err);
	if (r)
		rc = rows_check(r, err);
	for (int i = 0; rc == 0 && i < PQntuples(r); i++) {
		if (pgdb_int(r, i, 0, &job_id) && pgdb_double(r, i, 2, &gap_s))
			rc = fn(arg, job_id, PQgetvalue(r, i, 1), gap_s, err);
	}
	PQclear(r);
	pg_array_free(&ids);
	pg_array_free(&names);
	return rc;
}
