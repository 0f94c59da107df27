/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_EXPORT_H
#define WATTGATE_CLI_EXPORT_H

#include "cli/export_cursor.h"
#include "cli/report.h"

/*
 * Jobs that are not exported yet: which of those that accounting tells, and in
 * which state that leaves the cursor. Pure but for where jobs come from.
 */

/* Which jobs are asked for. */
struct export_window {
	int64_t from_s, to_s;	/* that ended in [from, to) */
	bool running;		/* and those that run */
};

/* Hands rows of job_columns of those that are wanted, as report_jobs(). */
typedef int export_jobs(void *arg, const struct export_window *window,
			report_wants *wants, void *wants_arg,
			report_sink *sink, void *sink_arg, struct err *err);

struct export_params {
	int64_t now_s;
	int64_t settle_s;	/* so long after its end a job may wait for figures */
	int64_t horizon_s;	/* so much later than others' it may be told of */
	uint64_t limit;		/* rows; 0: all */
	bool revise;		/* rows of jobs whose figures are others now */
	export_jobs *jobs;
	void *jobs_arg;
};

struct export_result {
	uint64_t rows, revisions;	/* revisions: of these, not the first of a job */
	uint64_t held;		/* jobs that wait for their figures */
	uint64_t gone;		/* that ran, and are not told of any more */
	bool more;		/* there are more than the limit */
};

/*
 * Rows go to `sink`, part by part, with the columns of a report and behind them
 * submit, cluster, instance, revision and settled. -1 with a text: the cursor is
 * then of no use any more.
 */
int export_collect(struct cursor *c, const struct export_params *p,
		   report_sink *sink, void *arg, struct export_result *result,
		   struct err *err);

#endif
