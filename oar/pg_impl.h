/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_PG_IMPL_H
#define WATTGATE_OAR_PG_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "pg/array.h"
#include "pg/db.h"

#include "pg.h"

/* Between the files named pg_*.c. libpq's types by their own names, so that
 * its header stays in these files. */

struct pg {
	pgdb_t *db;
	bool conflict;		/* the last failure was another's transaction */
};

/*
 * Run one statement with parameters as text. The answer, which the caller
 * clears; NULL with a text.
 */
struct pg_result *pg_query(pg_t *pg, const char *sql,
			   const char *const *params, int count,
			   struct err *err);

/* A statement without an answer. *rows (or NULL): how many it changed. */
int pg_do(pg_t *pg, const char *sql, const char *const *params, int count,
	  int64_t *rows, struct err *err);

/* ---- pg_store.c, for pg_refill.c --------------------------------------------- */

/* A job that has ended for good. */
#define FINAL "j.state IN ('Terminated', 'Error')"

/* Suspended time of job j up to the instant `now` (SQL). */
#define SUSPENDED(now) \
	"(SELECT coalesce(sum(greatest(0, least(CASE WHEN s.date_stop = 0 " \
	"THEN 2147483647 ELSE s.date_stop END, CASE WHEN " FINAL \
	" THEN j.stop_time ELSE 2147483647 END, " now ") - " \
	"greatest(s.date_start, j.start_time))), 0) FROM job_state_logs s " \
	"WHERE s.job_id = j.job_id AND s.job_state IN ('Suspended', 'Resuming'))"

/* What is copied of OAR's job j, settled up to the instant `to` (SQL). */
#define JOB_COLUMNS "job_id, array_id, job_user, project, job_name, " \
	"queue_name, job_type, types, state, submission_s, start_s, stop_s, " \
	"suspended_s, walltime_s"
#define JOB_VALUES(to) \
	"j.job_id, j.array_id, j.job_user, j.project, " \
	"j.job_name, j.queue_name, j.job_type, " \
	"(SELECT left(string_agg(t.type, ',' ORDER BY t.type), 65536) " \
	"FROM job_types t WHERE t.job_id = j.job_id), " \
	"j.state, CASE WHEN j.submission_time > 0 THEN j.submission_time END, " \
	"j.start_time, " \
	"CASE WHEN " FINAL " AND j.stop_time <= " to \
	" THEN greatest(j.stop_time, j.start_time) END, " SUSPENDED(to) ", " \
	"(SELECT m.moldable_walltime FROM moldable_job_descriptions m " \
	"WHERE m.moldable_id = j.assigned_moldable_job)"

/* Add to the hours what the results have, or put it in their place. */
int pg_alloc_hours_put(pg_t *pg, const struct pg_results *res, bool replace,
		       struct err *err);
int pg_node_hours_put(pg_t *pg, const struct pg_results *res, bool replace,
		      struct err *err);

/*
 * OAR may move a start or an end after the fact; the end that is kept never
 * lies before the time that was settled.
 */
#define END_AFTER(end, start, active) \
	"CASE WHEN " end " IS NOT NULL THEN greatest(" end ", " start \
	" + ceil(" active ")::bigint) END"

#endif
