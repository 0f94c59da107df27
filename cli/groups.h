/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_GROUPS_H
#define WATTGATE_CLI_GROUPS_H

#include "cli/job_rows.h"
#include "cli/rows.h"

/*
 * Rows of jobs added up by user, account, project or array: memory grows with
 * these, not with jobs.
 *
 * What is unknown of a job adds nothing; jobs and known_jobs tell how many a
 * group has and of how many the energy is known. A sum of which nothing is
 * known is unknown; so are CO2e and cost where those of a part of the known
 * energy are not, as before a tariff's first day. Coverage is that of the jobs that tell theirs, weighted by
 * their time on nodes.
 */

enum group_column {
	GROUP_NAME, GROUP_JOBS, GROUP_KNOWN, GROUP_FAILED, GROUP_CORE_HOURS,
	GROUP_GPU_HOURS, GROUP_ENERGY, GROUP_SHARE, GROUP_FAILED_ENERGY,
	GROUP_BMC, GROUP_MODEL, GROUP_COVERAGE, GROUP_MAX_GAP, GROUP_SOURCE,
	GROUP_CO2E, GROUP_COST, GROUP_OFFSET, GROUP_COLUMNS,
	GROUP_USER = GROUP_OFFSET	/* whose it is, instead: of arrays */
};

typedef struct groups groups_t;

/* by: a text column of jobs, of which jobs without that text are one group; or
   JOB_ARRAY. */
groups_t *groups_create(enum job_column by);
void groups_destroy(groups_t *g);	/* NULL is fine */

/* Add rows of job_columns. */
void groups_add(groups_t *g, const struct rows *jobs);

/* What the nodes drew in the time, kWh; NaN: not known. */
struct site_energy {
	double allocated_kwh;	/* by jobs, ended or not */
	double unallocated_kwh, idle_kwh;
};

/* Over whom that is spread: GROUP_OFFSET is each one's part. Not over arrays. */
enum spread { SPREAD_NONE, SPREAD_CORE_HOURS, SPREAD_ENERGY };

/* Join all but the `keep` groups with most energy into one, "others". */
void groups_fold(groups_t *g, size_t keep);

/* Is that a group's name? After a fold, not of those that were joined. */
bool groups_have(const groups_t *g, const char *name);

/* Does a group have no CO2e or cost because that of a part is not known? */
bool groups_lack_rates(const groups_t *g);

/*
 * A row a group, most energy first. Where they are known there follow
 *   (edges)        what jobs that ended at another time drew in this one, less
 *                  what those that ended in it drew before
 *   (unallocated), (idle)
 * so that all rows together are what the nodes drew, of which shares are told.
 * The caller destroys the rows, of which the columns live with g.
 */
struct rows *groups_rows(groups_t *g, const struct site_energy *site,
			 enum spread spread);

#endif
