/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/annotate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/annotation.h"
#include "cli/cmd.h"
#include "cli/job_rows.h"
#include "lib/clock.h"

#define CLOSED "ledger:"	/* before the source of what all ledgers have */
#define SAVE_NS (5 * NS_PER_S)
/* After so many failures, one after the other, the next would fail too. */
#define FAILURES_MAX 3

/* A row's joules that are off by more are put right. */
#define OFF_J 10
#define OFF_RATIO 0.02

/* ---- how far --------------------------------------------------------------- */

/* All that ended before end_s were looked at. */
static int64_t done_s(const struct annotate *a, const struct report *r,
		      int64_t end_s)
{
	const int64_t now_s = r->now_ns / NS_PER_S;
	int64_t done = end_s;

	if (done > a->wait_s)
		done = a->wait_s;
	if (done > now_s - ANNOTATE_LATE_S)
		done = now_s - ANNOTATE_LATE_S;
	return done;
}

static int save(struct annotate *a, const struct report *r, int64_t end_s,
		struct err *err)
{
	if (!a->state)
		return 0;
	a->saved_ns = clock_boot_ns();
	return annotate_state_save(a->state, done_s(a, r, end_s), err);
}

/* What is younger may be done by the next run. */
static void wait_for(struct annotate *a, const struct job *job)
{
	if (job->end_s < a->wait_s)
		a->wait_s = job->end_s;
}

/* ---- one job --------------------------------------------------------------- */

static double number_of(const struct cell *row, enum job_column column)
{
	return row[column].known ? row[column].number : NAN;
}

/* Its line; false where not all its ledgers are closed. */
static bool take_row(const struct cell *row, struct annotation *a)
{
	const struct cell *source = &row[JOB_SOURCE];

	if (!source->known ||
	    strncmp(source->text, CLOSED, strlen(CLOSED)) != 0)
		return false;
	*a = (struct annotation){
		.energy_kwh = number_of(row, JOB_ENERGY),
		.bmc_kwh = number_of(row, JOB_BMC),
		.model_kwh = number_of(row, JOB_MODEL),
		.coverage = number_of(row, JOB_COVERAGE),
		.max_gap_s = number_of(row, JOB_MAX_GAP),
	};
	snprintf(a->source, sizeof(a->source), "%s",
		 source->text + strlen(CLOSED));
	return true;
}

static void wait_turn(struct annotate *a)
{
	const int64_t now_ns = clock_boot_ns();
	const int64_t step_ns = (int64_t)(1e9 / a->per_s);
	int64_t left_ns = a->turn_ns - now_ns;
	struct timespec t = { left_ns / NS_PER_S, left_ns % NS_PER_S };

	if (a->begun && left_ns > 0) {
		fflush(stdout);
		while (nanosleep(&t, &t) < 0 && errno == EINTR)
			;
	} else {
		left_ns = 0;
	}
	a->begun = true;
	a->turn_ns = now_ns + left_ns + step_ns;
}

/* The comment as it is when it is written. */
struct edit {
	const char *line;
	enum annotation_merged merged;
};

static char *edit_comment(const char *text, void *arg)
{
	struct edit *edit = arg;
	char *out;

	edit->merged = annotation_merge(text, edit->line, &out);
	return out;
}

static void count_merged(struct annotate_sums *s, enum annotation_merged m)
{
	switch (m) {
	case ANNOTATION_SAME: s->same++; break;
	case ANNOTATION_ADDED: s->added++; break;
	case ANNOTATION_REPLACED: s->replaced++; break;
	case ANNOTATION_KEPT_LATER: s->later++; break;
	case ANNOTATION_KEPT_FOREIGN: s->foreign++; break;
	case ANNOTATION_KEPT_LONG: s->too_long++; break;
	}
}

/* After a failure others are tried: it may be about this job alone. */
static int take_failure(struct annotate *a, const struct job *job,
			const struct err *why, struct err *err)
{
	wait_for(a, job);
	if (++a->in_a_row >= FAILURES_MAX)
		return err_set(err, "job %u: %s", job->id, why->text);
	a->sums.failed++;
	cmd_note("annotate", "job %u: %s", job->id, why->text);
	return 0;
}

static int write_line(struct annotate *a, slurm_jobs_t *source,
		      const struct job *job, const char *line, struct err *err)
{
	struct edit edit = { .line = line };
	struct err why;
	int rc;

	wait_turn(a);
	rc = slurm_jobs_edit(source, job, edit_comment, &edit, &why);
	if (rc < 0)
		return take_failure(a, job, &why, err);
	a->in_a_row = 0;
	if (rc == SLURMDB_NOT_ALONE)
		a->sums.not_alone++;
	else
		count_merged(&a->sums, edit.merged);
	return 0;
}

static int annotate_comment(struct annotate *a, slurm_jobs_t *source,
			    const struct job *job, const char *line,
			    struct err *err)
{
	enum annotation_merged merged;
	char *text;

	merged = annotation_merge(job->note, line, &text);
	free(text);
	if (merged != ANNOTATION_ADDED && merged != ANNOTATION_REPLACED) {
		count_merged(&a->sums, merged);
		return 0;
	}
	if (!a->dry_run)
		return write_line(a, source, job, line, err);
	printf("%u %s\n", job->id, line);
	count_merged(&a->sums, merged);
	return 0;
}

static bool is_off(double row_j, double ledger_j)
{
	return isnan(row_j) ||
	       fabs(row_j - ledger_j) > fmax(OFF_J, OFF_RATIO * ledger_j);
}

static int repair_energy(struct annotate *a, slurm_jobs_t *source,
			 const struct job *job, double joules, struct err *err)
{
	struct err why;
	int rc = SLURMDB_EDITED;

	if (!a->dry_run) {
		wait_turn(a);
		rc = slurm_jobs_set_energy(source, job,
					   (uint64_t)llround(joules), &why);
	} else {
		printf("%u energy %.0f J for %.0f J\n", job->id, joules,
		       job->job_row_j);
	}
	if (rc < 0)
		return take_failure(a, job, &why, err);
	a->in_a_row = 0;
	a->sums.repaired += rc == SLURMDB_EDITED;
	return 0;
}

static int annotate_closed(struct annotate *a, slurm_jobs_t *source,
			   const struct job *job, const struct annotation *told,
			   struct err *err)
{
	const double joules = told->energy_kwh * JOULES_PER_KWH;
	char line[ANNOTATION_LINE_SIZE];

	if (annotation_format(told, line, sizeof(line)) < 0) {
		a->sums.unknown++;
		return 0;
	}
	if (annotate_comment(a, source, job, line, err) < 0)
		return -1;
	if (a->repair_energy && isfinite(joules) &&
	    is_off(job->job_row_j, joules))
		return repair_energy(a, source, job, joules, err);
	return 0;
}

/* ---- all ------------------------------------------------------------------- */

struct run {
	struct annotate *annotate;
	struct report *report;
	bool asked;		/* what this Slurm can */
};

static int annotate_one(slurm_jobs_t *source, const struct job *job,
			const struct cell *row, void *arg, struct err *err)
{
	struct run *run = arg;
	struct annotate *a = run->annotate;
	struct annotation told;

	if (!run->asked &&
	    slurm_jobs_can(source, a->repair_energy, err) < 0)
		return -1;
	run->asked = true;
	if (job->nodes_len == 0)
		return 0;	/* it never ran */
	if (take_row(row, &told)) {
		if (annotate_closed(a, source, job, &told, err) < 0)
			return -1;
	} else if (job->end_s >
		   run->report->now_ns / NS_PER_S - ANNOTATE_WAIT_S) {
		wait_for(a, job);
		a->sums.open++;
	} else {
		a->sums.unknown++;
	}
	if (clock_boot_ns() - a->saved_ns < SAVE_NS)
		return 0;
	return save(a, run->report, job->end_s, err);
}

static void no_rows(struct rows *rows, void *arg)
{
	(void)rows;
	(void)arg;
}

int annotate_jobs(struct annotate *a, struct report *report, struct err *err)
{
	struct run run = { .annotate = a, .report = report };
	int rc;

	a->begun = false;
	a->wait_s = INT64_MAX;
	a->saved_ns = clock_boot_ns();
	a->in_a_row = 0;
	report->via = SLURM_VIA_SLURMDB;
	report->each = annotate_one;
	report->each_arg = &run;
	rc = report_jobs(report, no_rows, NULL, err);
	if (rc == 0)
		rc = save(a, report, report->to_ns / NS_PER_S, err);
	return rc;
}
