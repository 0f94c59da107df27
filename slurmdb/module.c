/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slurmdb/module.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "slurmdb/ask.h"
#include "slurmdb/map.h"
#include "slurmdb/modify.h"
#include "slurmdb/slurm_compat.h"
#include "slurmdb/socket.h"
#include "slurmdb/users.h"
#include "slurmdb/windows.h"

/* So long may slurmctld take to tell slurmdbd of an end. */
#define LATE_S 600
/* Jobs whose steps are asked for at a time: their ids are in the query. */
#define STEP_JOBS 100
/* An extern step ends with its job, by seconds. */
#define STEP_EARLY_S 3600

struct slurmdb {
	struct slurmdb_query query;
	void *connection;
	int socket;		/* its; -1: not found */
	struct gpu_ids gpus;
	struct users users;
	struct windows windows;
	int64_t late_s;		/* where the windows end, and the last page begins */
	bool last;		/* the last page is yet to come */
	compat_list_t clusters, states, associations;
	compat_list_t records;	/* of the page */
	struct slurmdb_job *jobs;
	size_t room;
};

/* ---- lists ----------------------------------------------------------------- */

static void free_list(compat_list_t *list)
{
	if (*list)
		slurm_list_destroy(*list);
	*list = NULL;
}

/* Of texts of our own, which slurmdbd's conditions are made of. */
static int add_text(compat_list_t *list, const char *text, struct err *err)
{
	char *copy = strdup(text);

	if (!*list)
		*list = slurm_list_create(free);
	if (!copy || !*list) {
		free(copy);
		return err_set(err, "out of memory");
	}
	slurm_list_append(*list, copy);
	return 0;
}

static int add_number(compat_list_t *list, unsigned long number,
		      struct err *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", number);
	return add_text(list, text, err);
}

/* What slurmdbd can be asked for by the time of its end. */
static int add_states(compat_list_t *list, struct err *err)
{
	static const unsigned long states[] = {
		JOB_COMPLETE, JOB_CANCELLED, JOB_FAILED, JOB_TIMEOUT,
		JOB_NODE_FAIL, JOB_PREEMPTED, JOB_BOOT_FAIL, JOB_DEADLINE,
		JOB_OOM, JOB_REQUEUE, JOB_RESIZING, JOB_REVOKED
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (add_number(list, states[i], err) < 0)
			return -1;
	return 0;
}

/* ---- what is asked once ---------------------------------------------------- */

static int find_gpus(slurmdb_t *db, struct err *err)
{
	slurmdb_tres_cond_t cond = { .with_deleted = 1 };
	slurmdb_tres_rec_t *tres;
	compat_list_t list;
	compat_itr_t itr;

	ask_begin(db->socket);
	list = slurmdb_tres_get(db->connection, &cond);
	if (!list)
		return ask_failed(err, "slurmdbd does not say which TRES there are");
	itr = slurm_list_iterator_create(list);
	while ((tres = slurm_list_next(itr)))
		map_add_gpu(&db->gpus, tres);
	slurm_list_iterator_destroy(itr);
	slurm_list_destroy(list);
	return 0;
}

/*
 * Jobs of a user are those of the user's associations, and some of those with
 * none, whose user is the system's. Where slurmdbd shows no association, all
 * jobs are looked at. Who called compares names.
 */
static int find_associations(slurmdb_t *db, struct err *err)
{
	slurmdb_assoc_cond_t cond = { .cluster_list = db->clusters };
	compat_list_t users = NULL, list;
	slurmdb_assoc_rec_t *assoc;
	compat_itr_t itr;
	int rc = 0;

	if (add_text(&users, db->query.user, err) < 0)
		return -1;
	cond.user_list = users;
	compat_with_deleted(&cond);
	ask_begin(db->socket);
	list = slurmdb_associations_get(db->connection, &cond);
	slurm_list_destroy(users);
	if (!list)
		return 0;
	itr = slurm_list_iterator_create(list);
	while (rc == 0 && (assoc = slurm_list_next(itr)))
		rc = add_number(&db->associations, assoc->id, err);
	slurm_list_iterator_destroy(itr);
	slurm_list_destroy(list);
	if (rc == 0 && db->associations)
		rc = add_number(&db->associations, 0, err);
	return rc;
}

/* ---- pages ----------------------------------------------------------------- */

static slurmdb_job_cond_t make_condition(const slurmdb_t *db)
{
	slurmdb_job_cond_t cond = {
		.cluster_list = db->clusters,
		.associd_list = db->associations,
		.db_flags = SLURMDB_JOB_FLAG_NOTSET,
		.flags = JOBCOND_FLAG_DUP | JOBCOND_FLAG_NO_TRUNC |
			 JOBCOND_FLAG_NO_WHOLE_HETJOB | JOBCOND_FLAG_NO_STEP,
	};

	return cond;
}

static bool in_time(const struct slurmdb_query *q, const struct slurmdb_job *job,
		    int64_t from_s, int64_t to_s)
{
	const bool begun = job->start_s != 0 && job->start_s < q->to_s;

	if (job->end_s == 0)
		return (q->running || q->during) && begun;
	return (begun || !q->during) && job->end_s >= from_s &&
	       job->end_s < to_s;
}

/*
 * Like sacct, only what could have run: a job that was cancelled while it was
 * held never became eligible.
 */
static bool was_eligible(const slurmdb_job_rec_t *record, int64_t to_s)
{
	return record->eligible != 0 && record->eligible < to_s;
}

/* The jobs of [from, to) among the records; they point into these. */
static size_t take_records(slurmdb_t *db, int64_t from_s, int64_t to_s)
{
	compat_itr_t itr = slurm_list_iterator_create(db->records);
	slurmdb_job_rec_t *record;
	size_t n = 0;

	while ((record = slurm_list_next(itr))) {
		struct slurmdb_job *job = &db->jobs[n];

		map_job(record, &db->gpus, job);
		if (!in_time(&db->query, job, from_s, to_s) ||
		    !was_eligible(record, db->query.to_s + 3600))
			continue;
		if (!job->user)
			job->user = users_name(&db->users, record->uid);
		n++;
	}
	slurm_list_iterator_destroy(itr);
	return n;
}

/* Those that match `cond` and ended in [from, to), or run. */
static int read_page(slurmdb_t *db, slurmdb_job_cond_t *cond, int64_t from_s,
		     int64_t to_s, struct slurmdb_page *page, struct err *err)
{
	size_t count;

	free_list(&db->records);
	ask_begin(db->socket);
	db->records = slurmdb_jobs_get(db->connection, cond);
	if (!db->records)
		return ask_failed(err, "slurmdbd does not say which jobs there are");
	count = (size_t)slurm_list_count(db->records);
	if (count > db->room) {
		free(db->jobs);
		db->room = 0;
		db->jobs = calloc(count, sizeof(*db->jobs));
		if (!db->jobs)
			return err_set(err, "out of memory");
		db->room = count;
	}
	page->jobs = db->jobs;
	page->len = take_records(db, from_s, to_s);
	return (int)(count < INT32_MAX ? count : INT32_MAX);
}

/* Slurm's windows have their end; it widens those of one second. */
static int read_window(slurmdb_t *db, int64_t from_s, int64_t to_s,
		       struct slurmdb_page *page, struct err *err)
{
	slurmdb_job_cond_t cond = make_condition(db);

	cond.state_list = db->states;
	cond.usage_start = (time_t)from_s;
	cond.usage_end = (time_t)(to_s - 1);
	return read_page(db, &cond, from_s, to_s, page, err);
}

/*
 * What runs, and what has ended since the windows' end, at one instant; or all
 * that began before the query's end, whenever it ended.
 */
static int read_last(slurmdb_t *db, struct slurmdb_page *page, struct err *err)
{
	slurmdb_job_cond_t cond = make_condition(db);
	int rc;

	cond.usage_start = (time_t)db->late_s;
	cond.usage_end = (time_t)db->query.to_s;
	rc = read_page(db, &cond, db->late_s, db->query.during ? INT64_MAX :
		       db->query.to_s, page, err);
	return rc < 0 ? rc : page->len > 0;
}

static int module_next(slurmdb_t *db, struct slurmdb_page *page,
		       struct err *err)
{
	int64_t from_s, to_s;

	if (windows_next(&db->windows, &from_s, &to_s)) {
		int had = read_window(db, from_s, to_s, page, err);

		if (had < 0)
			return -1;
		windows_had(&db->windows, (size_t)had);
		return 1;
	}
	if (!db->last)
		return 0;
	db->last = false;
	return read_last(db, page, err);
}

/* ---- extern steps ---------------------------------------------------------- */

static slurm_selected_step_t extern_step(const struct slurmdb_job *job)
{
	slurm_selected_step_t step;

	memset(&step, 0, sizeof(step));
	step.array_task_id = job->array_id ? job->array_task : NO_VAL;
	step.het_job_offset = NO_VAL;
	step.step_id.job_id = job->array_id ? job->array_id : job->id;
	step.step_id.step_het_comp = NO_VAL;
	step.step_id.step_id = SLURM_EXTERN_CONT;
	return step;
}

static double extern_of(const slurmdb_job_rec_t *record)
{
	compat_itr_t itr;
	slurmdb_step_rec_t *step;
	double joules = NAN;

	if (!record->steps)
		return NAN;
	itr = slurm_list_iterator_create(record->steps);
	while ((step = slurm_list_next(itr)))
		if (step->step_id.step_id == SLURM_EXTERN_CONT)
			joules = map_energy(step->stats.consumed_energy);
	slurm_list_iterator_destroy(itr);
	return joules;
}

static int compare_rows(const void *a, const void *b)
{
	const struct slurmdb_job *const *x = a, *const *y = b;

	return (*x)->row < (*y)->row ? -1 : (*x)->row > (*y)->row;
}

/* Answers have all instances of the jobs: those asked for are told by row. */
static void match_rows(compat_list_t records, const struct slurmdb_job *jobs,
		       const struct slurmdb_job **sorted, size_t len,
		       double *joules)
{
	compat_itr_t itr = slurm_list_iterator_create(records);
	slurmdb_job_rec_t *record;

	qsort(sorted, len, sizeof(*sorted), compare_rows);
	while ((record = slurm_list_next(itr))) {
		const struct slurmdb_job key = { .row = record->db_index };
		const struct slurmdb_job *wanted = &key, **found;

		found = bsearch(&wanted, sorted, len, sizeof(*sorted),
				compare_rows);
		if (found)
			joules[*found - jobs] = extern_of(record);
	}
	slurm_list_iterator_destroy(itr);
}

/*
 * The window makes slurmdbd's database look at the jobs of that time only: by
 * ids of jobs and of arrays alone it looks at all jobs there are.
 */
static void limit_steps(slurmdb_job_cond_t *cond, const slurmdb_t *db,
			const struct slurmdb_job *jobs, size_t len)
{
	int64_t from_s = jobs[0].end_s, to_s = jobs[0].end_s;

	for (size_t i = 1; i < len; i++) {
		if (jobs[i].end_s < from_s)
			from_s = jobs[i].end_s;
		if (jobs[i].end_s > to_s)
			to_s = jobs[i].end_s;
	}
	cond->state_list = db->states;
	cond->usage_start = (time_t)(from_s - STEP_EARLY_S);
	cond->usage_end = (time_t)to_s;
}

static int read_steps(slurmdb_t *db, const struct slurmdb_job *jobs, size_t len,
		      slurm_selected_step_t *steps,
		      const struct slurmdb_job **sorted, double *joules,
		      struct err *err)
{
	slurmdb_job_cond_t cond = make_condition(db);
	compat_list_t list;

	cond.flags &= ~(uint32_t)JOBCOND_FLAG_NO_STEP;
	limit_steps(&cond, db, jobs, len);
	cond.step_list = slurm_list_create(NULL);
	if (!cond.step_list)
		return err_set(err, "out of memory");
	for (size_t i = 0; i < len; i++) {
		steps[i] = extern_step(&jobs[i]);
		sorted[i] = &jobs[i];
		joules[i] = NAN;
		slurm_list_append(cond.step_list, &steps[i]);
	}
	ask_begin(db->socket);
	list = slurmdb_jobs_get(db->connection, &cond);
	slurm_list_destroy(cond.step_list);
	if (!list)
		return ask_failed(err, "slurmdbd does not say which steps there are");
	match_rows(list, jobs, sorted, len, joules);
	slurm_list_destroy(list);
	return 0;
}

static int module_extern_energy(slurmdb_t *db, const struct slurmdb_job *jobs,
				size_t len, double *joules, struct err *err)
{
	slurm_selected_step_t *steps = calloc(STEP_JOBS, sizeof(*steps));
	const struct slurmdb_job **sorted = calloc(STEP_JOBS, sizeof(*sorted));
	int rc = 0;

	if (!steps || !sorted)
		rc = err_set(err, "out of memory");
	for (size_t i = 0; rc == 0 && i < len; i += STEP_JOBS) {
		size_t n = len - i < STEP_JOBS ? len - i : STEP_JOBS;

		rc = read_steps(db, jobs + i, n, steps, sorted, joules + i, err);
	}
	free(steps);
	free(sorted);
	return rc;
}

/* ---- changes --------------------------------------------------------------- */

static struct modify_at changes(const slurmdb_t *db)
{
	return (struct modify_at){ db->connection, db->socket, db->clusters,
				   db->states };
}

static int module_edit(slurmdb_t *db, const struct slurmdb_job *job,
		       enum slurmdb_field field, slurmdb_edit *edit, void *arg,
		       struct err *err)
{
	const struct modify_at at = changes(db);

	return modify_text(&at, job, field, edit, arg, err);
}

static int module_set_energy(slurmdb_t *db, const struct slurmdb_job *job,
			     uint64_t joules, struct err *err)
{
	const struct modify_at at = changes(db);

	return modify_energy(&at, job, joules, err);
}

/* ---- the connection -------------------------------------------------------- */

static void module_close(slurmdb_t *db)
{
	if (!db)
		return;
	free_list(&db->records);
	if (db->connection)
		slurmdb_connection_close(&db->connection);
	free_list(&db->clusters);
	free_list(&db->states);
	free_list(&db->associations);
	users_clear(&db->users);
	free(db->jobs);
	free(db);
	slurm_fini();
}

static int connect_dbd(slurmdb_t *db, struct err *err)
{
	const char *cluster = compat_cluster(), *storage = compat_storage();
	struct socket_set before;
	uint16_t flags = 0;

	if (!storage || !strstr(storage, "slurmdbd"))
		return err_set(err, "slurm.conf has no AccountingStorageType=accounting_storage/slurmdbd, so no job is accounted");

	if (!cluster || !*cluster)
		return err_set(err, "slurm.conf has no ClusterName");
	socket_before(&before);
	errno = 0;
	db->connection = slurmdb_connection_get(&flags);
	if (!db->connection || errno)
		return ask_failed(err, "slurmdbd cannot be reached");
	db->socket = socket_since(&before);
	return add_text(&db->clusters, cluster, err);
}

static void begin_windows(slurmdb_t *db)
{
	const struct slurmdb_query *q = &db->query;
	const int64_t now_s = time(NULL);

	db->last = q->running || q->during;
	db->late_s = now_s - LATE_S;
	if (db->late_s < q->from_s)
		db->late_s = q->from_s;
	if (db->late_s > q->to_s || !db->last)
		db->late_s = q->to_s;
	windows_begin(&db->windows, q->from_s, db->late_s, now_s);
}

static slurmdb_t *module_open(const struct slurmdb_query *query,
			      struct err *err)
{
	slurmdb_t *db = calloc(1, sizeof(*db));

	if (!db) {
		err_set(err, "out of memory");
		return NULL;
	}
	db->query = *query;
	slurm_init(NULL);
	if (connect_dbd(db, err) < 0 || find_gpus(db, err) < 0 ||
	    add_states(&db->states, err) < 0 ||
	    (query->user && find_associations(db, err) < 0)) {
		module_close(db);
		return NULL;
	}
	begin_windows(db);
	return db;
}

static bool module_tracks_gpus(const slurmdb_t *db)
{
	return db->gpus.plain != 0;
}

extern const struct slurmdb_ops wattgate_slurmdb;
const struct slurmdb_ops wattgate_slurmdb = {
	.version = SLURMDB_MODULE_VERSION,
	.open = module_open,
	.next = module_next,
	.extern_energy = module_extern_energy,
	.tracks_gpus = module_tracks_gpus,
	.edit = module_edit,
	.set_energy = module_set_energy,
	.has_field = modify_has_field,
	.sets_energy = modify_sets_energy,
	.close = module_close,
};
