/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_JOB_ROWS_H
#define WATTGATE_CLI_JOB_ROWS_H

#include "cli/rates.h"
#include "cli/rows.h"

/* Rows of jobs: the same columns for every scheduler. */

enum job_column {
	JOB_ID, JOB_USER, JOB_ACCOUNT, JOB_PROJECT, JOB_STATE, JOB_START,
	JOB_END, JOB_CORE_HOURS, JOB_GPU_HOURS, JOB_ENERGY, JOB_BMC, JOB_MODEL,
	JOB_COVERAGE, JOB_MAX_GAP, JOB_SOURCE, JOB_CO2E, JOB_COST,
	/* not shown: */
	JOB_NODE_S,		/* its time on all its nodes, less suspension */
	JOB_ARRAY,		/* its array; of no array: itself */
	JOB_SUBMIT, JOB_CLUSTER,	/* these and its id name the instance */
	JOB_SETTLED,		/* 1: its figures are final, 0: more may come */
	JOB_NAME,		/* as its comment only where they were asked for */
	JOB_COMMENT,
	JOB_COLUMNS
};
extern const struct column job_columns[JOB_COLUMNS];

/*
 * The energy, and CO2e and cost of that, drawn evenly from the row's start to
 * its end, or to now_ns where it has none.
 */
void job_row_energy(struct cell *row, double kwh, const struct rates *rates,
		    int64_t now_ns);

/* Is that the state of a job that did not end as it should have? */
bool job_row_failed(const struct cell *state);

/* It was cancelled before it got a node. */
bool job_row_never_ran(const struct cell *row);
#define JOB_SOURCE_NEVER_RAN "never-ran"

/* What rows of jobs add up to. */
struct job_totals {
	size_t jobs, known;	/* known: with energy */
	double core_hours, energy_kwh;
};
void job_totals_add(struct job_totals *totals, const struct rows *rows);
void job_totals_print(const struct job_totals *totals);

#endif
