/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/slurm_jobs.h"

#include <dlfcn.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/annotation.h"
#include "cli/cmd.h"
#include "cli/mem.h"
#include "cli/out_file.h"
#include "cli/sacct.h"
#include "lib/clock.h"
#include "lib/hostlist.h"
#include "slurmdb/module.h"

/*
 * libslurm itself waits a quarter of an hour for an answer. A page of ours
 * takes slurmdbd less than a second where nothing is wrong.
 */
#define ANSWER_S 120
/* Jobs whose steps are asked for within that time: one question's worth. */
#define EXTERN_JOBS 100

struct slurm_jobs {
	struct slurm_jobs_query query;
	struct slurmdb_query module_query;
	void (*note)(const char *text);
	void *library;
	const struct slurmdb_ops *ops;	/* NULL: sacct */
	slurmdb_t *db;
	bool done;		/* sacct has been read */
};

/* ---- slurmdbd that does not answer ----------------------------------------- */

/* Nothing can be asked of libslurm in the middle of a call: the report ends. */
static void give_up(int signal)
{
	static const char text[] = "wattgate: slurmdbd has not answered "
				   "for two minutes (scontrol show config names "
				   "its host; sacctmgr ping asks for it)\n";

	(void)signal;
	out_file_drop();
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(EXIT_TROUBLE);
	_exit(EXIT_TROUBLE);
}

static void limit_begin(struct sigaction *old)
{
	const struct sigaction action = { .sa_handler = give_up };

	fflush(stdout);		/* what is out already is not lost */
	sigaction(SIGALRM, &action, old);
	alarm(ANSWER_S);
}

static void limit_end(const struct sigaction *old)
{
	alarm(0);
	sigaction(SIGALRM, old, NULL);
}

/* ---- the module ------------------------------------------------------------ */

/* Where a build that is not installed has it. */
static const char *module_path(void)
{
	const char *path = getenv("WATTGATE_SLURMDB");

	return path && *path ? path : WATTGATE_MODULES_DIR "/slurmdb.so";
}

static int module_load(slurm_jobs_t *s, struct err *err)
{
	const char *path = module_path();

	/* global: Slurm's plugins look for libslurm's symbols */
	s->library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
	if (!s->library)
		return err_set(err, "%s", dlerror());
	s->ops = dlsym(s->library, SLURMDB_MODULE_SYMBOL);
	if (s->ops && s->ops->version == SLURMDB_MODULE_VERSION)
		return 0;
	err_set(err, "%s is of another release of wattgate", path);
	dlclose(s->library);
	s->library = NULL;
	s->ops = NULL;
	return -1;
}

static int64_t ceil_s(int64_t ns)
{
	return ns / NS_PER_S + (ns % NS_PER_S > 0);
}

static int module_open(slurm_jobs_t *s, struct err *err)
{
	struct sigaction old;

	s->module_query = (struct slurmdb_query){
		.from_s = ceil_s(s->query.from_ns),
		.to_s = ceil_s(s->query.to_ns),
		.running = s->query.running,
		.during = s->query.during,
		.user = s->query.user,
	};
	limit_begin(&old);
	s->db = s->ops->open(&s->module_query, err);
	limit_end(&old);
	return s->db ? 0 : -1;
}

static bool is_wanted(const struct slurm_jobs_query *q,
		      const struct slurmdb_job *job)
{
	return (!q->user || strcmp(job->user, q->user) == 0) &&
	       (!q->account || strcmp(job->account, q->account) == 0);
}

/*
 * What `wattgate annotate` left: only where users cannot write. NULL: nothing,
 * as in most rows.
 */
static struct annotation *take_annotation(const struct slurmdb_job *from)
{
	struct annotation found, *kept;

	if (annotation_find(from->admin_comment, &found, NULL, NULL) !=
		    ANNOTATION_FOUND &&
	    annotation_find(from->system_comment, &found, NULL, NULL) !=
		    ANNOTATION_FOUND)
		return NULL;
	kept = mem_zeroed(1, sizeof(*kept));
	*kept = found;
	return kept;
}

static const char *note_of(const struct slurmdb_job *from,
			   enum slurmdb_field field)
{
	switch (field) {
	case SLURMDB_ADMIN_COMMENT: return from->admin_comment;
	case SLURMDB_SYSTEM_COMMENT: return from->system_comment;
	case SLURMDB_EXTRA: return from->extra;
	default: return "";
	}
}

static void add_job(struct jobs *jobs, const struct slurmdb_job *from,
		    const struct slurm_jobs_query *query)
{
	struct job *job = jobs_add(jobs);
	long nodes = hostlist_count(from->nodes);

	job->row = from->row;
	job->array_id = from->array_id;
	job->array_task = from->array_task;
	job->id = from->id;
	snprintf(job->state, sizeof(job->state), "%s", from->state);
	job->user = mem_string(from->user);
	job->account = mem_string(from->account);
	job->project = mem_string(from->wckey);
	job->cluster = mem_string(from->cluster);
	job->submit_s = from->submit_s;
	job->nodes = mem_string(from->nodes);
	job->nodes_len = nodes > 0 ? (uint32_t)nodes : 0;
	job->start_s = from->start_s;
	job->end_s = from->end_s;
	job->suspended_s = from->suspended_s;
	job->elapsed_s = jobs_elapsed_s(from->start_s, from->end_s,
					from->suspended_s, from->elapsed_s);
	job->cpus = from->cpus;
	job->gpus = from->gpus;
	job->mem_mb = from->mem_mb;
	job->job_row_j = from->energy_j;
	job->extern_j = NAN;
	if (query->texts)
		job_set_texts(job, from->name, from->comment);
	job->annotation = take_annotation(from);
	if (query->field != SLURMDB_NO_FIELD)
		job->note = mem_string(note_of(from, query->field));
}

static int module_next(slurm_jobs_t *s, struct jobs *jobs, struct err *err)
{
	struct slurmdb_page page;
	struct sigaction old;
	int rc;

	limit_begin(&old);
	rc = s->ops->next(s->db, &page, err);
	limit_end(&old);
	for (size_t i = 0; rc == 1 && i < page.len; i++)
		if (is_wanted(&s->query, &page.jobs[i]))
			add_job(jobs, &page.jobs[i], &s->query);
	return rc;
}

static int module_extern(slurm_jobs_t *s, const struct slurmdb_job *asked,
			 size_t len, double *joules, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < len; i += EXTERN_JOBS) {
		const size_t n = len - i < EXTERN_JOBS ? len - i : EXTERN_JOBS;
		struct sigaction old;

		limit_begin(&old);
		rc = s->ops->extern_energy(s->db, asked + i, n, joules + i, err);
		limit_end(&old);
	}
	return rc;
}

/* ---- sacct ----------------------------------------------------------------- */

static int sacct_next(slurm_jobs_t *s, struct jobs *jobs, struct err *err)
{
	const struct sacct_query query = {
		.from_ns = s->query.from_ns, .to_ns = s->query.to_ns,
		.running = s->query.running, .during = s->query.during,
		.user = s->query.user, .identity = s->query.identity,
		.account = s->query.account, .texts = s->query.texts };
	uint64_t strange = 0;
	struct err text;
	int rc;

	if (s->done)
		return 0;
	s->done = true;
	rc = sacct_read(&query, jobs, &strange, err);
	if (strange) {
		err_set(&text, "%llu lines of sacct were passed over: they are no rows",
			(unsigned long long)strange);
		s->note(text.text);
	}
	return rc < 0 ? -1 : 1;
}

/* ---- either ---------------------------------------------------------------- */

slurm_jobs_t *slurm_jobs_open(const struct slurm_jobs_query *query,
			      void (*note)(const char *text), struct err *err)
{
	slurm_jobs_t *s = mem_zeroed(1, sizeof(*s));
	struct err why, text;

	s->query = *query;
	s->note = note;
	if (query->via == SLURM_VIA_SACCT)
		return s;
	if (module_load(s, &why) == 0) {
		if (module_open(s, err) == 0)
			return s;
	} else if (query->via == SLURM_VIA_ANY) {
		err_set(&text, "%s; jobs are read from sacct, which takes longer",
			why.text);
		note(text.text);
		return s;
	} else {
		err_set(err, "%s", why.text);
	}
	slurm_jobs_close(s);
	return NULL;
}

/*
 * The library stays: libslurm has threads' and exit's hooks, and could not be
 * loaded a second time.
 */
void slurm_jobs_close(slurm_jobs_t *s)
{
	if (!s)
		return;
	if (s->db)
		s->ops->close(s->db);
	free(s);
}

int slurm_jobs_next(slurm_jobs_t *s, struct jobs *jobs, struct err *err)
{
	return s->ops ? module_next(s, jobs, err) : sacct_next(s, jobs, err);
}

static struct slurmdb_job identity(const struct job *job)
{
	return (struct slurmdb_job){
		.row = job->row, .id = job->id, .array_id = job->array_id,
		.array_task = job->array_task, .end_s = job->end_s };
}

int slurm_jobs_extern(slurm_jobs_t *s, struct jobs *jobs,
		      bool (*wants)(const struct job *job), struct err *err)
{
	struct slurmdb_job *asked;
	double *joules;
	size_t n = 0;
	int rc = 0;

	if (!s->ops || jobs->len == 0)
		return 0;
	asked = mem_zeroed(jobs->len, sizeof(*asked));
	for (size_t i = 0; i < jobs->len; i++) {
		const struct job *job = &jobs->list[i];

		if (job->end_s != 0 && wants(job))
			asked[n++] = identity(job);
	}
	joules = mem_zeroed(n, sizeof(*joules));
	if (n > 0)
		rc = module_extern(s, asked, n, joules, err);
	for (size_t i = 0, k = 0; rc == 0 && i < jobs->len; i++)
		if (k < n && jobs->list[i].row == asked[k].row)
			jobs->list[i].extern_j = joules[k++];
	free(asked);
	free(joules);
	return rc;
}

int slurm_jobs_edit(slurm_jobs_t *s, const struct job *job, slurmdb_edit *edit,
		    void *arg, struct err *err)
{
	const struct slurmdb_job which = identity(job);
	struct sigaction old;
	int rc;

	limit_begin(&old);
	rc = s->ops->edit(s->db, &which, s->query.field, edit, arg, err);
	limit_end(&old);
	return rc;
}

int slurm_jobs_set_energy(slurm_jobs_t *s, const struct job *job,
			  uint64_t joules, struct err *err)
{
	const struct slurmdb_job which = identity(job);
	struct sigaction old;
	int rc;

	limit_begin(&old);
	rc = s->ops->set_energy(s->db, &which, joules, err);
	limit_end(&old);
	return rc;
}

int slurm_jobs_can(slurm_jobs_t *s, bool set_energy, struct err *err)
{
	if (!s->ops->has_field(s->query.field))
		return err_set(err, "this release of Slurm has no field of that name; 23.02 and later have extra");
	if (set_energy && !s->ops->sets_energy())
		return err_set(err, "this release of Slurm cannot put the joules of a job right; 25.11 and later can");
	return 0;
}

bool slurm_jobs_tracks_gpus(slurm_jobs_t *s)
{
	return s->ops ? s->ops->tracks_gpus(s->db) : sacct_tracks_gpus() == 1;
}
