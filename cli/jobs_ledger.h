/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_JOBS_LEDGER_H
#define WATTGATE_CLI_JOBS_LEDGER_H

#include "cli/jobs.h"
#include "cli/ledgers.h"

/*
 * Add to each job what the ledgers of its nodes hold of it. A ledger's record
 * belongs to the instance that jobs_find() finds for its start. jobs are
 * sorted by id. note is called for each damaged line, and once for ledgers that cannot
 * be read.
 */
void jobs_add_ledgers(struct jobs *jobs, const struct ledgers *from,
		      const struct names *nodes,
		      void (*note)(const char *text));

/*
 * Let only what jobs_add_ledgers() needs of these jobs be looked for: what
 * started when one of them ran.
 */
void jobs_window(const struct jobs *jobs, struct ledgers *from);

#endif
