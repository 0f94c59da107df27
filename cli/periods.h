/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_PERIODS_H
#define WATTGATE_CLI_PERIODS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/rates.h"
#include "cli/rows.h"

/*
 * What was drawn by day or month (UTC), clipped to a window. Memory grows with
 * these, not with jobs.
 *
 * What is unknown adds nothing; a sum of which nothing is known is unknown, and
 * so are CO2e and cost where those of a part of the known energy are not.
 */

enum period_column {
	PERIOD_NAME, PERIOD_JOBS, PERIOD_KNOWN, PERIOD_FAILED,
	PERIOD_CORE_HOURS, PERIOD_GPU_HOURS, PERIOD_ENERGY, PERIOD_SHARE,
	PERIOD_FAILED_ENERGY, PERIOD_BMC, PERIOD_MODEL, PERIOD_COVERAGE,
	PERIOD_MAX_GAP, PERIOD_SOURCE, PERIOD_CO2E, PERIOD_COST,
	PERIOD_EDGES, PERIOD_UNALLOCATED, PERIOD_IDLE, PERIOD_NODE,
	PERIOD_COLUMNS
};

typedef struct periods periods_t;

/* rates outlive the periods. */
periods_t *periods_create(bool monthly, int64_t from_ns, int64_t to_ns,
			  const struct rates *rates);
void periods_destroy(periods_t *p);	/* NULL is fine */

/* What adds up, in kWh, hours and seconds. */
enum period_sum {
	SUM_CORE_HOURS, SUM_GPU_HOURS, SUM_BMC, SUM_MODEL,
	SUM_COVERED_S, SUM_NODE_S,	/* of jobs that tell both */
	/* of the nodes: */
	SUM_ALLOCATED, SUM_UNALLOCATED, SUM_IDLE, SUM_NODE,
	/* for periods_energy() only: */
	SUM_ENERGY, SUM_FAILED_ENERGY, SUM_CO2E, SUM_COST,
	PERIOD_SUMS
};

/*
 * Add what is spread evenly over [from_ns, to_ns): of that the part in the
 * window counts. Where the two are one instant all is of that.
 */
void periods_add(periods_t *p, enum period_sum which, double amount,
		 int64_t from_ns, int64_t to_ns);

/* The same of jobs' energy, with what it emitted and cost. */
void periods_energy(periods_t *p, double kwh, bool failed, int64_t from_ns,
		    int64_t to_ns);

/* A job that ran from from_ns to to_ns: it counts in each period. */
struct period_job {
	int64_t from_ns, to_ns;
	bool known;		/* its energy */
	bool failed;
	double max_gap_s;	/* NaN: unknown */
	const char *source;	/* NULL: unknown */
};
void periods_job(periods_t *p, const struct period_job *job);

/* Does a period have no CO2e or cost because that of a part is not known? */
bool periods_lack_rates(const periods_t *p);

/*
 * A row a period, in order. site: what the nodes drew is known, so that
 * energy + edges + unallocated + idle is node in each of them. The caller
 * destroys the rows.
 */
struct rows *periods_rows(periods_t *p, bool site);

#endif
