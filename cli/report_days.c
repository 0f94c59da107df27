/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/report_days.h"

#include <math.h>

#include "cli/cmd.h"
#include "cli/intervals.h"
#include "cli/job_rows.h"
#include "cli/report_sums.h"
#include "lib/clock.h"
#include "lib/ledger_wall.h"

struct days {
	const struct report *report;
	periods_t *periods;
	size_t even;		/* jobs whose energy is spread evenly */
	double even_kwh;
};

/* ---- jobs ------------------------------------------------------------------ */

struct span {
	int64_t from_ns, to_ns;
};

/* While it ran; false where it did not. */
static bool span_of(const struct cell *row, const struct report *report,
		    struct span *span)
{
	if (!row[JOB_START].known)
		return false;
	span->from_ns = row[JOB_START].integer;
	span->to_ns = row[JOB_END].known ? row[JOB_END].integer :
					   report->now_ns;
	if (span->to_ns < span->from_ns)
		span->to_ns = span->from_ns;
	return true;
}

static void count_job(struct days *d, const struct cell *row,
		      const struct span *span)
{
	const struct period_job job = {
		span->from_ns, span->to_ns, row[JOB_ENERGY].known,
		job_row_failed(&row[JOB_STATE]),
		row[JOB_MAX_GAP].known ? row[JOB_MAX_GAP].number : NAN,
		row[JOB_SOURCE].known ? row[JOB_SOURCE].text : NULL,
	};

	periods_job(d->periods, &job);
}

static double number_of(const struct cell *cell)
{
	return cell->known ? cell->number : NAN;
}

/* What is told of the whole job only. */
static void spread_job(struct days *d, const struct cell *row,
		       const struct span *span)
{
	static const struct {
		enum job_column column;
		enum period_sum sum;
	} sums[] = {
		{ JOB_CORE_HOURS, SUM_CORE_HOURS },
		{ JOB_GPU_HOURS, SUM_GPU_HOURS }, { JOB_BMC, SUM_BMC },
		{ JOB_MODEL, SUM_MODEL },
	};
	const double time_s = number_of(&row[JOB_NODE_S]);
	const double covered_s = number_of(&row[JOB_COVERAGE]) * time_s;

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		periods_add(d->periods, sums[i].sum,
			    number_of(&row[sums[i].column]), span->from_ns,
			    span->to_ns);
	if (isnan(covered_s))
		return;
	periods_add(d->periods, SUM_COVERED_S, covered_s, span->from_ns,
		    span->to_ns);
	periods_add(d->periods, SUM_NODE_S, time_s, span->from_ns,
		    span->to_ns);
}

/* What its ledgers tell of when; kWh of that. */
static double add_parts(struct days *d, const struct job *job, bool failed)
{
	double kwh = 0;

	for (size_t i = 0; i < job->parts_len; i++) {
		const struct job_drew *part = &job->parts[i];

		periods_energy(d->periods, part->joules / JOULES_PER_KWH,
			       failed, part->from_ns, part->to_ns);
		kwh += part->joules / JOULES_PER_KWH;
	}
	return kwh;
}

/* All of its time is in the window, so that all of its energy is. */
static bool is_inside(const struct days *d, const struct span *span)
{
	return span->from_ns >= d->report->from_ns &&
	       span->to_ns <= d->report->to_ns;
}

/* What no interval has, as where lines are damaged, is spread evenly. */
static void add_energy(struct days *d, const struct job *job,
		       const struct cell *row, const struct span *span)
{
	const bool failed = job_row_failed(&row[JOB_STATE]);
	double rest = number_of(&row[JOB_ENERGY]);

	if (job->parts_len) {
		const double kwh = add_parts(d, job, failed);

		rest = is_inside(d, span) ? rest - kwh : 0;
	}
	if (isnan(rest) || rest <= 1e-9 + 1e-6 * row[JOB_ENERGY].number)
		return;
	periods_energy(d->periods, rest, failed, span->from_ns, span->to_ns);
	d->even++;
	d->even_kwh += rest;
}

/* A job that drew 0 J is known to have done so. */
static void add_nothing(struct days *d, const struct cell *row,
			const struct span *span)
{
	if (row[JOB_ENERGY].known)
		periods_energy(d->periods, 0, job_row_failed(&row[JOB_STATE]),
			       span->from_ns, span->to_ns);
}

static int take_job(slurm_jobs_t *source, const struct job *job,
		    const struct cell *row, void *arg, struct err *err)
{
	struct days *d = arg;
	struct span span;

	(void)source;
	(void)err;
	/* one that was cancelled before it got a node has no time */
	if ((job->end_s && job->nodes_len == 0) ||
	    !span_of(row, d->report, &span))
		return 0;
	count_job(d, row, &span);
	spread_job(d, row, &span);
	add_nothing(d, row, &span);
	add_energy(d, job, row, &span);
	return 0;
}

static void pass_over(struct rows *rows, void *arg)
{
	(void)rows;
	(void)arg;
}

static int read_slurm(struct report *report, struct days *d, struct err *err)
{
	report->each = take_job;
	report->each_arg = d;
	return report_jobs(report, pass_over, NULL, err);
}

/* OAR's sums are read by the hour; its jobs are only counted. */
static void count_rows(struct rows *rows, void *arg)
{
	struct days *d = arg;
	struct span span;

	for (size_t i = 0; i < rows->len; i++) {
		const struct cell *row = rows_cell(rows, i, 0);

		if (span_of(row, d->report, &span))
			count_job(d, row, &span);
	}
}

/* ---- nodes ----------------------------------------------------------------- */

static void add_interval(const struct ledger_interval *iv, void *arg)
{
	static const enum period_sum sums[] = { SUM_NODE, SUM_ALLOCATED,
						SUM_UNALLOCATED, SUM_IDLE };
	const double joules[] = { iv->node_j, iv->allocated_j,
				  iv->unallocated_j, iv->idle_j };
	const struct days *d = arg;

	if (iv->measured_ns <= 0)
		return;		/* nothing is known of its energy */
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		periods_add(d->periods, sums[i], joules[i] / JOULES_PER_KWH,
			    wall_start(iv), wall_end(iv));
}

static int add_node(const struct ledgers *from, const char *node, void *arg,
		    struct err *err)
{
	const struct days *d = arg;
	const struct intervals_query query = {
		.from_ns = d->report->from_ns, .to_ns = d->report->to_ns };
	int64_t newest_ns;

	return intervals_visit(from, node, &query, add_interval, arg,
			       &newest_ns, err);
}

/* ---- the report ------------------------------------------------------------ */

static int read_oar(const struct report *report, struct pg_oar *db,
		    struct days *d, bool nodes, struct err *err)
{
	if (report_oar_jobs(report, db, count_rows, d, err) < 0)
		return -1;
	return report_oar_hours(report, db, d->periods, nodes, err);
}

/* Where the nodes cannot be read, what they drew is not known. */
static bool read_nodes(const struct report *report, struct days *d)
{
	struct err err;

	if (report_each_node(report, add_node, d, &err) == 0)
		return true;
	cmd_note(cmd_running(), "%s; what nodes drew without jobs is not known",
		 err.text);
	return false;
}

static void note_even(const struct days *d)
{
	if (d->even)
		cmd_note(cmd_running(), "of %zu jobs no ledger tells when they drew %.6f kWh, which count as drawn evenly over their time",
			 d->even, d->even_kwh);
}

int report_days(struct report *report, struct pg_oar *db, bool monthly,
		report_sink *sink, void *arg, struct err *err)
{
	struct days d = { .report = report };
	bool nodes = !report->user && !report->account;
	struct rows *rows;
	int rc;

	report->during = true;
	d.periods = periods_create(monthly, report->from_ns, report->to_ns,
				   &report->rates);
	rc = db ? read_oar(report, db, &d, nodes, err) :
		  read_slurm(report, &d, err);
	if (rc == 0) {
		if (!db && nodes)
			nodes = read_nodes(report, &d);
		rows = periods_rows(d.periods, nodes);
		note_even(&d);
		if (periods_lack_rates(d.periods))
			cmd_note(cmd_running(), REPORT_LACKS_RATES);
		sink(rows, arg);
		rows_destroy(rows);
	}
	periods_destroy(d.periods);
	return rc;
}
