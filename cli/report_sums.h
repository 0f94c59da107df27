/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_REPORT_SUMS_H
#define WATTGATE_CLI_REPORT_SUMS_H

#include <stdio.h>

#include "cli/groups.h"
#include "cli/report.h"

/*
 * Reports that add jobs up, from Slurm, or from OAR's database where db is not
 * NULL. What the nodes drew besides is told where all jobs are asked for and
 * the nodes' figures can be read; a note says where they cannot.
 */

/* For sums that lack a part's CO2e or cost. */
#define REPORT_LACKS_RATES "intensity or tariff of a part of the time are not known: sums with energy of that time have no CO2e or cost"

/* A row a group, as one part. */
int report_groups(struct report *report, struct pg_oar *db,
		  enum job_column by, enum spread spread, report_sink *sink,
		  void *arg, struct err *err);

/* The page; nothing is written before all is known. */
int report_html(struct report *report, struct pg_oar *db, FILE *f,
		struct err *err);

#endif
