/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_REPORT_DAYS_H
#define WATTGATE_CLI_REPORT_DAYS_H

#include "cli/periods.h"
#include "cli/report.h"

/*
 * A row a day or month, as one part: what jobs drew in it, whenever they ended,
 * and what the nodes drew besides. From Slurm, or from OAR's database where db
 * is not NULL.
 *
 * When a job drew its energy the intervals of the ledgers tell, or the hours of
 * OAR's schema; of a job that these do not have it counts as drawn evenly over
 * its time, and a note says how much that is.
 */
int report_days(struct report *report, struct pg_oar *db, bool monthly,
		report_sink *sink, void *arg, struct err *err);

/* What OAR's schema has by the hour; nodes: of the nodes, too. */
int report_oar_hours(const struct report *report, struct pg_oar *db,
		     periods_t *periods, bool nodes, struct err *err);

#endif
