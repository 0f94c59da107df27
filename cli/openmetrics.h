/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_OPENMETRICS_H
#define WATTGATE_CLI_OPENMETRICS_H

#include <stdio.h>

#include "cli/job_rows.h"
#include "cli/report.h"

/*
 * A report's sums as OpenMetrics: gauges, since they are of the time that was
 * asked for. Prometheus' own text has the same lines; what is more in these is
 * a comment to it.
 */

#define OPENMETRICS_GROUPS_MAX 1000	/* those behind are one, "others" */

/* Jobs by user, account or project. Nothing is written before all is known. */
int report_openmetrics_groups(struct report *report, struct pg_oar *db,
			      enum job_column by, FILE *f, struct err *err);

int report_openmetrics_nodes(struct report *report, struct pg_oar *db, FILE *f,
			     struct err *err);

#endif
