/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "lib/hostlist.h"
#include "cli/job_rows.h"
#include "cli/jobs.h"
#include "cli/jobs_ledger.h"
#include "cli/jobs_parts.h"
#include "cli/progress.h"
#include "cli/report_part.h"
#include "cli/slurm_jobs.h"
#include "lib/clock.h"

/* More than this from one node is no measurement, but a broken counter. */
#define NODE_W_MAX 1e6
#define POLL_SLACK_S 60		/* a step's last poll may come late */

/* So many jobs are joined with the ledgers at a time, which are read anew. */
#define BATCH_JOBS 50000

static void note(const char *text)
{
	cmd_note(cmd_running(), "%s", text);
}

/* ---- what a job drew ------------------------------------------------------- */

/* Figures of a job with where they come from; NaN is unknown. */
struct figures {
	double energy_j, bmc_j, coverage, max_gap_s;
	char source[96];
};

/* It was cancelled before it got a node, and drew nothing. */
static bool never_ran(const struct job *job)
{
	return job->end_s != 0 && job->nodes_len == 0 && job->elapsed_s == 0;
}

/* Time to be measured: an open record lags behind, a closed one is exact. */
static double active_s(const struct job *job)
{
	const struct job_ledger *l = &job->ledger;
	double told = (double)l->active_ns / 1e9;

	return l->open_nodes == 0 ? told :
	       fmax(told, (double)job->elapsed_s * job->nodes_len);
}

static void take_ledger(const struct job *job, struct figures *f)
{
	const struct job_ledger *l = &job->ledger;
	double active = active_s(job);

	snprintf(f->source, sizeof(f->source), "%s:%s",
		 l->open_nodes ? "ledger-open" : "ledger", l->source);
	f->coverage = active > 0 ?
		      fmin((double)l->covered_ns / 1e9 / active, 1) : 1;
	f->max_gap_s = (double)l->max_gap_ns / 1e9;
	/* Not a second measured: that is not 0 J. */
	if (l->covered_ns == 0 && active > 0)
		return;
	f->energy_j = l->gated_j;
	f->bmc_j = l->node_j;
}

/*
 * Joules of an accounting row. 0 is what Slurm has when nothing was measured:
 * no plugin, no reading, a killed stepd; no job that ran drew that. Counters
 * that wrapped are beyond what nodes can draw.
 */
static bool row_credible(const struct job *job, double joules)
{
	double most = NODE_W_MAX * (double)(job->elapsed_s + POLL_SLACK_S) *
		      (job->nodes_len ? job->nodes_len : 1);

	return joules > 0 && joules <= most;
}

/*
 * The job's own row is its extern step's, where PrologFlags=Contain, or what
 * an operator put right; where Slurm lost it, as of an instance that was
 * requeued, the step still has it.
 */
static void take_accounting(const struct job *job, struct figures *f)
{
	if (row_credible(job, job->job_row_j)) {
		f->energy_j = job->job_row_j;
		strcpy(f->source, "sacct");
	} else if (row_credible(job, job->extern_j)) {
		f->energy_j = job->extern_j;
		strcpy(f->source, "sacct:extern");
	}
}

/* What `wattgate annotate` took from the closed ledgers of all its nodes. */
static void take_annotation(const struct annotation *a, struct figures *f)
{
	snprintf(f->source, sizeof(f->source), "annotation:%s", a->source);
	f->energy_j = a->energy_kwh * JOULES_PER_KWH;
	f->bmc_j = a->bmc_kwh * JOULES_PER_KWH;
	f->coverage = a->coverage;
	f->max_gap_s = a->max_gap_s;
}

/*
 * In this order: the closed ledgers of all its nodes; what was written of them
 * into its comment; its own row; its extern step's row; open ledgers. A
 * running job's rows are not settled, so that its open ledgers come first.
 */
static struct figures job_figures(const struct job *job)
{
	struct figures f = { NAN, NAN, NAN, NAN, "" };
	const bool whole = job_ledger_whole(job);

	if (never_ran(job)) {
		f.energy_j = f.bmc_j = 0;
		strcpy(f.source, JOB_SOURCE_NEVER_RAN);
	} else if (whole && (job->ledger.open_nodes == 0 || job->end_s == 0)) {
		take_ledger(job, &f);
	} else if (job->annotation && job->end_s != 0) {
		take_annotation(job->annotation, &f);
	} else {
		take_accounting(job, &f);
		if (isnan(f.energy_j) && whole)
			take_ledger(job, &f);
	}
	return f;
}

/* ---- what it held ---------------------------------------------------------- */

struct usage {
	double core_hours, gpu_hours, model_j;
};

/* tracked: Slurm counts GPUs, so that a job without one holds none. */
static struct usage job_usage(struct confs *confs, const struct job *job,
			      bool tracked)
{
	const double hours = (double)job->elapsed_s / 3600;
	struct held held = { job->cpus, tracked || job->gpus > 0 ? job->gpus : NAN,
			     job->mem_mb, job->nodes_len ? job->nodes_len : 1 };
	char node[HOSTLIST_NAME_MAX];
	double cores, model_w;

	if (never_ran(job))
		return (struct usage){ 0, 0, 0 };
	if (hostlist_first(job->nodes, node, sizeof(node)) < 0)
		strcpy(node, "localhost");
	confs_hardware(confs, node, &held, &cores, &model_w);
	if (job_ledger_whole(job)) {
		cores = job->ledger.cores;
		held.gpus = job->ledger.gpus;
	}
	if (job_ledger_whole(job) && job->ledger.open_nodes == 0 &&
	    isfinite(job->ledger.model_j))
		return (struct usage){ cores * hours, held.gpus * hours,
				       job->ledger.model_j };
	if (job->annotation && job->end_s != 0 &&
	    isfinite(job->annotation->model_kwh))
		return (struct usage){ cores * hours, held.gpus * hours,
				       job->annotation->model_kwh *
				       JOULES_PER_KWH };
	return (struct usage){ cores * hours, held.gpus * hours,
			       model_w * hours * 3600 };
}

/* ---- rows ------------------------------------------------------------------ */

static void set_identity(struct cell *row, const struct job *job)
{
	cell_set_integer(&row[JOB_ID], job->id);
	cell_set_integer(&row[JOB_ARRAY], job->array_id ? job->array_id :
							  job->id);
	cell_set_text(&row[JOB_USER], *job->user ? job->user : NULL);
	cell_set_text(&row[JOB_ACCOUNT], *job->account ? job->account : NULL);
	cell_set_text(&row[JOB_PROJECT], *job->project ? job->project : NULL);
	cell_set_text(&row[JOB_NAME], job->name);
	cell_set_text(&row[JOB_COMMENT], job->comment);
	cell_set_text(&row[JOB_STATE], job->state);
	cell_set_time(&row[JOB_START], job->start_s * NS_PER_S);
	cell_set_time(&row[JOB_END], job->end_s * NS_PER_S);
	cell_set_time(&row[JOB_SUBMIT], job->submit_s * NS_PER_S);
	cell_set_text(&row[JOB_CLUSTER],
		      job->cluster && *job->cluster ? job->cluster : NULL);
}

/*
 * Nothing better is to come: closed ledgers of all its nodes, or what was taken
 * from them. Where there are no ledgers, its own row is all there is.
 */
static bool is_settled(const struct job *job, bool have_ledgers)
{
	if (never_ran(job) || (job->annotation && job->end_s != 0))
		return true;
	if (have_ledgers)
		return job->end_s != 0 && job_ledger_whole(job) &&
		       job->ledger.open_nodes == 0;
	return job->end_s != 0 && row_credible(job, job->job_row_j);
}

static struct cell *add_row(struct rows *rows, struct report *report,
			    const struct job *job, bool tracked,
			    bool have_ledgers)
{
	const struct figures f = job_figures(job);
	const struct usage u = job_usage(&report->confs, job, tracked);
	struct cell *row = rows_add(rows);

	set_identity(row, job);
	cell_set_number(&row[JOB_CORE_HOURS], u.core_hours);
	cell_set_number(&row[JOB_GPU_HOURS], u.gpu_hours);
	job_row_energy(row, f.energy_j / JOULES_PER_KWH, &report->rates,
		       report->now_ns);
	cell_set_number(&row[JOB_BMC], f.bmc_j / JOULES_PER_KWH);
	cell_set_number(&row[JOB_MODEL], u.model_j / JOULES_PER_KWH);
	cell_set_number(&row[JOB_COVERAGE], f.coverage);
	cell_set_number(&row[JOB_MAX_GAP], f.max_gap_s);
	cell_set_text(&row[JOB_SOURCE], *f.source ? f.source : NULL);
	cell_set_number(&row[JOB_NODE_S], job_ledger_whole(job) ? active_s(job) :
			(double)job->elapsed_s * job->nodes_len);
	cell_set_integer(&row[JOB_SETTLED], is_settled(job, have_ledgers));
	return row;
}

/* ---- the report ------------------------------------------------------------ */

struct reading {
	struct report *report;
	slurm_jobs_t *source;
	struct report_part part;
	struct ledgers from;
	bool tracked;		/* accounting knows GPUs */
	bool joined;		/* ledgers were read before, and noted upon */
	double cpu_hours, core_hours;	/* by the scheduler, and ours */
};

/* Physical cores differ from what Slurm counts. */
static void count_cpus(struct reading *r, const struct job *job,
		       const struct cell *row)
{
	const struct cell *cell = &row[JOB_CORE_HOURS];

	if (!cell->known || isnan(job->cpus))
		return;
	r->core_hours += cell->number;
	if (!never_ran(job))
		r->cpu_hours += job->cpus * (double)job->elapsed_s / 3600;
}

static void note_cpus(const struct reading *r)
{
	if (fabs(r->cpu_hours - r->core_hours) > 1e-6 * r->cpu_hours)
		cmd_note(cmd_running(), "core-hours are of physical cores: %.3f; the scheduler counts %.3f CPU-hours",
			 r->core_hours, r->cpu_hours);
}

static void pass_over(const char *text)
{
	(void)text;
}

/* What there is to say of ledgers is the same each time they are read. */
static void join_ledgers(struct reading *r, struct jobs *jobs)
{
	struct names nodes = { 0 };
	struct err err;

	if (!*r->from.dir || jobs->len == 0)
		return;
	if (ledgers_nodes(&r->from, &nodes, &err) < 0 && !r->joined)
		cmd_note(cmd_running(), "%s; energy is by the scheduler's accounting alone",
			 err.text);
	jobs_sort_by_id(jobs);
	jobs_window(jobs, &r->from);
	jobs_add_ledgers(jobs, &r->from, &nodes, r->joined ? pass_over : note);
	if (r->report->during)
		jobs_add_parts(jobs, &r->from, &nodes, r->report->from_ns,
			       r->report->to_ns);
	names_destroy(&nodes);
	r->joined = true;
}

/* The step's row is asked for only where nothing better is there. */
static bool wants_extern(const struct job *job)
{
	return !never_ran(job) && !job->annotation &&
	       !row_credible(job, job->job_row_j) &&
	       !(job_ledger_whole(job) && job->ledger.open_nodes == 0);
}

/* Everything about these jobs, into rows; none of them is left. */
static int report_batch(struct reading *r, struct jobs *jobs, struct err *err)
{
	join_ledgers(r, jobs);
	jobs_sort_by_end(jobs);
	if (slurm_jobs_extern(r->source, jobs, wants_extern, err) < 0)
		return -1;
	for (size_t i = 0; i < jobs->len; i++) {
		const struct job *job = &jobs->list[i];
		const struct cell *row = add_row(r->part.rows, r->report, job,
						 r->tracked, *r->from.dir);

		count_cpus(r, job, row);
		if (r->report->each &&
		    r->report->each(r->source, job, row, r->report->each_arg,
				    err) != 0)
			return -1;
		report_part_row(&r->part);
	}
	jobs_clear(jobs);
	return 0;
}

/* Of the jobs from `first` on only those that are wanted stay. */
static void drop_unwanted(const struct report *report, struct jobs *jobs,
			  size_t first)
{
	size_t kept = first;

	if (!report->wants)
		return;
	for (size_t i = first; i < jobs->len; i++) {
		const struct job job = jobs->list[i];
		const struct job_key key = { job.id, job.submit_s, job.start_s,
					     job.end_s };

		if (!report->wants(&key, report->wants_arg))
			continue;
		jobs->list[i] = jobs->list[kept];	/* to be cleared */
		jobs->list[kept++] = job;
	}
	while (jobs->len > kept)
		jobs_remove_last(jobs);
}

static int report_all(struct reading *r, struct err *err)
{
	struct jobs jobs = { 0 };
	size_t before;
	int rc;

	r->tracked = slurm_jobs_tracks_gpus(r->source);
	do {
		before = jobs.len;
		rc = slurm_jobs_next(r->source, &jobs, err);
		drop_unwanted(r->report, &jobs, before);
		if (jobs.len > before)
			progress_jobs(jobs.len - before,
				      jobs.list[jobs.len - 1].end_s * NS_PER_S);
		if (jobs.len >= BATCH_JOBS && rc > 0 &&
		    report_batch(r, &jobs, err) < 0)
			rc = -1;
	} while (rc > 0);
	if (rc == 0)
		rc = report_batch(r, &jobs, err);
	jobs_destroy(&jobs);
	return rc;
}

int report_jobs(struct report *report, report_sink *sink, void *arg,
		struct err *err)
{
	const struct slurm_jobs_query query = {
		report->from_ns, report->to_ns, report->running, report->during,
		report->user, report->account, report->via, report->texts,
		report->field, report->wants != NULL };
	struct reading r = { .report = report };
	int rc = -1;

	report_part_begin(&r.part, job_columns, JOB_COLUMNS, sink, arg);
	if (ledgers_open(&r.from, &report->confs.all, err) < 0) {
		cmd_note(cmd_running(), "%s; energy is by the scheduler's accounting alone",
			 err->text);
		r.from.dir = "";
	}
	r.source = slurm_jobs_open(&query, note, err);
	if (r.source)
		rc = report_all(&r, err);
	ledgers_close(&r.from);
	report_part_end(&r.part, rc);
	slurm_jobs_close(r.source);
	if (rc == 0 && !report->each)
		note_cpus(&r);
	return rc;
}
