/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_DAYS_H
#define WATTGATE_CLI_DAYS_H

#include <stdbool.h>

#include "cli/job_rows.h"

/*
 * The energy of jobs by day (UTC) and name: a job's counts as drawn evenly over
 * its time. Memory grows with days and names, not with jobs.
 */

typedef struct days days_t;

/* by: a text column of jobs. monthly: by month instead. */
days_t *days_create(enum job_column by, bool monthly);
void days_destroy(days_t *d);	/* NULL is fine */

/* Add rows of job_columns; what has no energy, start or end adds nothing. */
void days_add(days_t *d, const struct rows *jobs);

/*
 * Rows "day", "name", "energy_kwh" in order. Names that `keep` does not want
 * become "others". The caller destroys them.
 */
typedef bool days_keep(const void *arg, const char *name);
struct rows *days_rows(const days_t *d, days_keep *keep, const void *arg);

#endif
