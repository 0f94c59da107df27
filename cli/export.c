/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/export.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/job_rows.h"
#include "cli/report_part.h"
#include "lib/clock.h"

/*
 * A job that ends while accounting is read may be found neither running nor
 * ended. One that is found so again and again is gone.
 */
#define MISSED_MAX 3

/* ---- columns --------------------------------------------------------------- */

#define SHOWN JOB_NODE_S	/* the first that a report does not show */
enum { X_SUBMIT = SHOWN, X_CLUSTER, X_INSTANCE, X_REVISION, X_SETTLED,
       X_COLUMNS };

static const struct column more_columns[X_COLUMNS - SHOWN] = {
	{ "submit", "SUBMIT", COLUMN_TIME, UNIT_NONE },
	{ "cluster", "CLUSTER", COLUMN_TEXT, UNIT_NONE },
	{ "instance", "INSTANCE", COLUMN_TEXT, UNIT_NONE },
	{ "revision", "REVISION", COLUMN_INTEGER, UNIT_NONE },
	{ "settled", "SETTLED", COLUMN_INTEGER, UNIT_NONE },
};

struct export {
	struct cursor *c;
	const struct export_params *p;
	struct export_result *result;
	struct column columns[X_COLUMNS];
	struct report_part part;
	int64_t oldest_s;	/* end of the first job that has to wait */
	bool late;		/* only those that were seen to run are wanted */
	bool failed;
	struct err *err;
};

static void columns_fill(struct column columns[X_COLUMNS])
{
	memcpy(columns, job_columns, SHOWN * sizeof(*columns));
	memcpy(columns + SHOWN, more_columns, sizeof(more_columns));
}

/* ---- which jobs ------------------------------------------------------------ */

static bool of_slurm(const struct export *x)
{
	return strcmp(x->c->scheduler, "slurm") == 0;
}

static int fail(struct export *x, const char *what, int64_t id)
{
	if (!x->failed)
		err_set(x->err, "job %" PRId64 ": %s", id, what);
	x->failed = true;
	return -1;
}

/* OAR's numbers are of one instance each; Slurm's are of many. */
static int64_t name_s(const struct export *x, int64_t submit_s)
{
	return of_slurm(x) ? submit_s : 0;
}

static void note_running(struct export *x, const struct job_key *key)
{
	const int64_t submit_s = name_s(x, key->submit_s);
	struct cursor_open *open = cursor_find_open(x->c, key->id, submit_s);

	if (!open)
		open = cursor_add_open(x->c, key->id, submit_s, key->start_s);
	open->start_s = key->start_s;
	open->missed = 0;
	open->seen = true;
}

/* It has ended: it is to be looked at where there may be something new. */
static bool wants_ended(struct export *x, const struct job_key *key)
{
	const int64_t submit_s = name_s(x, key->submit_s);
	const struct cursor_job *job = cursor_find(x->c, key->id, submit_s);
	const struct cursor_open *open = cursor_find_open(x->c, key->id,
							  submit_s);

	if (x->late)
		return open && !open->seen && !job;
	return !job || !job->settled || x->p->revise;
}

static bool wants(const struct job_key *key, void *arg)
{
	struct export *x = arg;

	if (x->failed || key->id <= 0)
		return false;
	if (of_slurm(x) && key->submit_s == 0) {
		fail(x, "accounting tells no submit time, without which instances cannot be told apart",
		     key->id);
		return false;
	}
	if (key->end_s != 0)
		return wants_ended(x, key);
	if (!x->late)
		note_running(x, key);
	return false;
}

/* ---- rows ------------------------------------------------------------------ */

static double number(const struct cell *cell)
{
	return cell->known ? cell->number : NAN;
}

static double joules(const struct cell *row)
{
	return number(&row[JOB_ENERGY]) * JOULES_PER_KWH;
}

static bool differ(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) != isnan(b);
	return fabs(a - b) > 1e-9 * fmax(fabs(a), fabs(b));
}

static bool has_changed(const struct cursor_job *job, const struct cell *row)
{
	return differ(job->joules, joules(row)) ||
	       differ(job->coverage, number(&row[JOB_COVERAGE]));
}

/* The first cluster that is told is the cursor's. */
static int check_cluster(struct export *x, const struct cell *row)
{
	const char *cluster = row[JOB_CLUSTER].known ? row[JOB_CLUSTER].text :
						       "";

	if (!*x->c->cluster)
		snprintf(x->c->cluster, sizeof(x->c->cluster), "%s", cluster);
	if (strcmp(x->c->cluster, cluster) == 0)
		return 0;
	if (!x->failed)
		err_set(x->err, "the cursor is of cluster \"%.100s\", and jobs are of \"%.100s\": each cluster needs a cursor of its own",
			x->c->cluster, cluster);
	x->failed = true;
	return -1;
}

static void set_instance(const struct export *x, struct cell *out,
			 const struct cell *row)
{
	const int64_t submit_s = row[JOB_SUBMIT].integer / NS_PER_S;
	char text[400];

	if (of_slurm(x))
		snprintf(text, sizeof(text), "slurm:%s:%" PRId64 ":%" PRId64,
			 x->c->cluster, row[JOB_ID].integer, submit_s);
	else
		snprintf(text, sizeof(text), "oar:%" PRId64,
			 row[JOB_ID].integer);
	cell_set_text(&out[X_INSTANCE], text);
}

static void cell_copy(struct cell *to, const struct cell *from)
{
	*to = *from;
	to->text = NULL;
	if (from->known && from->text)
		cell_set_text(to, from->text);
}

static void write_row(struct export *x, const struct cell *row,
		      const struct cursor_job *job)
{
	struct cell *out = rows_add(x->part.rows);

	for (int i = 0; i < SHOWN; i++)
		cell_copy(&out[i], &row[i]);
	cell_copy(&out[X_SUBMIT], &row[JOB_SUBMIT]);
	cell_set_text(&out[X_CLUSTER], *x->c->cluster ? x->c->cluster : NULL);
	set_instance(x, out, row);
	cell_set_integer(&out[X_REVISION], job->revision);
	cell_set_integer(&out[X_SETTLED], job->settled);
	report_part_row(&x->part);
	x->result->rows++;
	x->result->revisions += job->revision > 1;
	x->c->rows++;
}

/* ---- accounts' totals ------------------------------------------------------ */

/* What is new of a sum: all of it, or by as much as the energy has changed. */
static double change(const struct cursor_job *job, double now, double amount)
{
	if (job->revision == 0 || isnan(job->joules))
		return amount;
	return now > 0 ? amount * (1 - job->joules / now) : 0;
}

static void add_totals(struct export *x, const struct cell *row,
		       const struct cursor_job *job)
{
	const struct cell *name = &row[of_slurm(x) ? JOB_ACCOUNT : JOB_PROJECT];
	struct total *t = totals_of(&x->c->totals, name->known ? name->text : "");
	const double now = joules(row), node_s = number(&row[JOB_NODE_S]);
	const double coverage = number(&row[JOB_COVERAGE]);
	const bool first = job->revision == 0;
	const double before = isnan(job->coverage) || first ? 0 : job->coverage;

	if (!t)
		return;
	t->jobs += first;
	t->measured += !isnan(now) && (first || isnan(job->joules));
	total_add(t, TOTAL_JOULES, first || isnan(job->joules) ? now :
					    now - job->joules);
	total_add(t, TOTAL_CO2E_G, change(job, now, number(&row[JOB_CO2E])));
	total_add(t, TOTAL_COST, change(job, now, number(&row[JOB_COST])));
	if (!isnan(coverage) && !isnan(node_s)) {
		total_add(t, TOTAL_COVERED_S, (coverage - before) * node_s);
		if (first || isnan(job->coverage))
			total_add(t, TOTAL_NODE_S, node_s);
	}
	if (first) {
		total_add(t, TOTAL_CORE_S, number(&row[JOB_CORE_HOURS]) * 3600);
		total_add(t, TOTAL_GPU_S, number(&row[JOB_GPU_HOURS]) * 3600);
	}
}

/* ---- what becomes of a job ------------------------------------------------- */

static bool is_full(struct export *x)
{
	const bool full = x->p->limit && x->result->rows >= x->p->limit;

	x->result->more |= full;
	return full;
}

static void wait(struct export *x, int64_t end_s)
{
	if (end_s < x->oldest_s)
		x->oldest_s = end_s;
}

static void export_row(struct export *x, const struct cell *row,
		       struct cursor_job *job, bool settled)
{
	struct cursor_job now = { job->id, job->submit_s,
				  row[JOB_END].integer / NS_PER_S,
				  job->revision + 1, settled, x->p->now_s,
				  joules(row), number(&row[JOB_COVERAGE]) };

	add_totals(x, row, job);
	*job = now;
	write_row(x, row, job);
}

/* Since its end, and since it was first seen: accounting may tell of it late. */
static bool waited(const struct export *x, const struct cursor_job *job,
		   int64_t end_s)
{
	const int64_t seen_s = job ? job->since_s : x->p->now_s;

	return x->p->now_s - (seen_s > end_s ? seen_s : end_s) >=
	       x->p->settle_s;
}

static void hold(struct export *x, const struct cell *row, int64_t submit_s,
		 int64_t end_s)
{
	struct cursor_job *job = cursor_add(x->c, row[JOB_ID].integer,
					    submit_s);

	job->end_s = end_s;
	job->since_s = x->p->now_s;
	job->joules = job->coverage = NAN;
}

/* The first time: as soon as its figures are final, or it waited long enough. */
static void take_new(struct export *x, const struct cell *row,
		     struct cursor_job *job, int64_t submit_s, int64_t end_s,
		     bool settled)
{
	struct cursor_open *open = cursor_find_open(x->c, row[JOB_ID].integer,
						    submit_s);
	const bool held = !settled && !x->late && !waited(x, job, end_s);

	if (held || is_full(x)) {
		x->result->held += held;
		if (open)
			open->seen = true;	/* it is not lost */
		if (!x->late)
			wait(x, end_s);
		if (held && !job)
			hold(x, row, submit_s, end_s);
		return;
	}
	if (open)
		open->missed = MISSED_MAX;	/* it has ended, and is out */
	if (!job)
		job = cursor_add(x->c, row[JOB_ID].integer, submit_s);
	export_row(x, row, job, settled);
}

/* Again: where figures became final, or any change is asked for. */
static void take_known(struct export *x, const struct cell *row,
		       struct cursor_job *job, bool settled)
{
	if (!settled && !x->p->revise)
		return;
	if (!has_changed(job, row))
		job->settled |= settled;
	else if (!is_full(x))
		export_row(x, row, job, settled);
}

static void take_row(struct export *x, const struct cell *row)
{
	const int64_t submit_s = name_s(x, row[JOB_SUBMIT].integer / NS_PER_S);
	const int64_t end_s = row[JOB_END].integer / NS_PER_S;
	const bool settled = row[JOB_SETTLED].known && row[JOB_SETTLED].integer;
	struct cursor_job *job = cursor_find(x->c, row[JOB_ID].integer,
					     submit_s);

	if (check_cluster(x, row) < 0)
		return;
	if (end_s > x->c->newest_s)
		x->c->newest_s = end_s;
	if (job && job->revision)
		take_known(x, row, job, settled);
	else
		take_new(x, row, job, submit_s, end_s, settled);
}

static void take_rows(struct rows *rows, void *arg)
{
	struct export *x = arg;

	for (size_t i = 0; i < rows->len && !x->failed; i++)
		take_row(x, rows_cell(rows, i, 0));
}

/* ---- both passes ----------------------------------------------------------- */

static int look(struct export *x, const struct export_window *window)
{
	int rc = x->p->jobs(x->p->jobs_arg, window, wants, x, take_rows, x,
			    x->err);

	return rc < 0 || x->failed ? -1 : 0;
}

static bool is_out(const struct export *x, const struct cursor_open *open)
{
	const struct cursor_job *job = cursor_find(x->c, open->id,
						   open->submit_s);

	return job && job->revision;
}

/*
 * Jobs that ran before, and neither run nor ended since: their end may have
 * been put far into the past, as sacctmgr does with runaway jobs.
 */
static int look_for_missing(struct export *x)
{
	int64_t from_s = INT64_MAX;

	for (size_t i = 0; i < x->c->opens_read; i++) {
		struct cursor_open *open = &x->c->opens[i];

		if (open->seen || open->missed >= MISSED_MAX)
			continue;
		if (is_out(x, open))
			open->missed = MISSED_MAX;	/* out already */
		else if (open->start_s < from_s)
			from_s = open->start_s;
	}
	if (from_s >= x->c->low_s)
		return 0;
	x->late = true;
	return look(x, &(struct export_window){ from_s, x->c->low_s, false });
}

/* Those that still run stay, and those that may yet turn up. */
static void forget_opens(struct export *x)
{
	struct cursor *c = x->c;
	size_t kept = 0;

	for (size_t i = 0; i < c->opens_len; i++) {
		struct cursor_open open = c->opens[i];
		const bool out = open.missed >= MISSED_MAX;

		if (!open.seen && !out)
			open.missed++;
		x->result->gone += !out && open.missed >= MISSED_MAX;
		open.seen = false;
		if (open.missed < MISSED_MAX)
			c->opens[kept++] = open;
	}
	c->opens_len = kept;
	c->opens_read = 0;
}

/* It came as it was: its figures may become final for as long again. */
static bool may_be_revised(const struct export *x, const struct cursor_job *job)
{
	return !job->settled && job->end_s >= x->c->low_s &&
	       x->p->now_s - job->since_s < x->p->horizon_s;
}

/*
 * By the scheduler's own clock: while it tells of nothing new, as when it has
 * lost its database, nothing old is given up either. And by what it had told
 * before this run: what it learns while it is read may be of a time that was
 * read already.
 */
static void advance(struct export *x, int64_t newest_s)
{
	struct cursor *c = x->c;
	int64_t low_s = newest_s - x->p->horizon_s;

	for (size_t i = 0; i < c->jobs_len; i++)
		if (may_be_revised(x, &c->jobs[i]))
			wait(x, c->jobs[i].end_s);
	if (low_s > x->oldest_s)
		low_s = x->oldest_s;
	if (low_s > c->low_s)
		c->low_s = low_s;
	cursor_forget(c, x->p->now_s - x->p->horizon_s);
}

int export_collect(struct cursor *c, const struct export_params *p,
		   report_sink *sink, void *arg, struct export_result *result,
		   struct err *err)
{
	struct export x = { .c = c, .p = p, .result = result, .err = err,
			    .oldest_s = INT64_MAX };
	const int64_t newest_s = c->newest_s;
	int rc;

	*result = (struct export_result){ .rows = 0 };
	columns_fill(x.columns);
	report_part_begin(&x.part, x.columns, X_COLUMNS, sink, arg);
	rc = look(&x, &(struct export_window){ c->low_s, p->now_s, true });
	if (rc == 0)
		rc = look_for_missing(&x);
	report_part_end(&x.part, rc);
	if (rc < 0)
		return -1;
	forget_opens(&x);
	advance(&x, newest_s);
	c->totals.at_s = p->now_s;
	return 0;
}
