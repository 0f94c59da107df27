/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_TRACK_H
#define WATTGATE_CLI_TRACK_H

#include "cli/job_rows.h"
#include "cli/rows.h"
#include "lib/err.h"

/*
 * What developing something drew: the runs of a project, of which one is the
 * best, and the factor between all of them and that one.
 *
 * A run is a job with all the times that it ran, or each of these, or all
 * tasks of an array. Memory grows with runs.
 */

/* ---- which jobs ------------------------------------------------------------ */

/* Patterns as of fnmatch(3); NULL is any. All of them have to match. */
struct track_tags {
	const char *project;	/* of Slurm: the account or the WCKey; OAR: the project */
	const char *account, *wckey, *name, *comment;
};

/*
 * Those rows of job_columns that match, without what was cancelled before it
 * ran. The caller destroys them.
 */
struct rows *track_wanted(const struct track_tags *tags,
			  const struct rows *jobs);

/* What was asked for, for people: "PROJECT, name 'x*'". The caller frees it. */
char *track_title(const struct track_tags *tags);

/* ---- runs ------------------------------------------------------------------ */

enum track_unit { TRACK_JOB, TRACK_INSTANCE, TRACK_ARRAY };

/* The best run: by its job's id (or its array's), or by a pattern of its name. */
struct track_best {
	int64_t id;		/* 0: not by id */
	const char *name;	/* NULL: not by name */
};

typedef struct track track_t;

/* Texts of `best` have to stay. */
track_t *track_create(enum track_unit unit, const struct track_best *best);
void track_destroy(track_t *t);		/* NULL is fine */

/* Add rows of job_columns, of jobs that ran. */
void track_add(track_t *t, const struct rows *runs);

/* ---- sums ------------------------------------------------------------------ */

/*
 * How the factor that is told and the true one go together: what was not
 * measured is missing above or below the line.
 */
enum track_bound { BOUND_EXACT, BOUND_AT_LEAST, BOUND_AT_MOST, BOUND_ABOUT };

/* So much of the time of runs counts as all of it. */
#define TRACK_WHOLE 0.99

struct track_sum {
	int64_t runs, failed, running;
	int64_t unknown;	/* runs of which some energy is not known */
	int64_t uncovered;	/* runs whose coverage is not known, energy is */
	double energy_kwh, failed_kwh;	/* NaN unknown, as all below */
	double coverage;	/* of the time of the runs that tell it */
	char sources[400];	/* where the energy comes from */

	bool has_best;
	int64_t best_id;
	char *best_name;	/* NULL: not known; of the track */
	bool best_failed, best_running;
	double best_kwh, best_coverage;

	double factor;		/* all / best */
	enum track_bound bound;
};

/*
 * Once, when all jobs are there. -1, with what to do, where the best run was named and is not exactly one.
 */
int track_sum(track_t *t, struct track_sum *sum, struct err *err);

#endif
