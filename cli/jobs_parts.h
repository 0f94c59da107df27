/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_JOBS_PARTS_H
#define WATTGATE_CLI_JOBS_PARTS_H

#include "cli/jobs.h"
#include "cli/ledgers.h"

/*
 * Add to each job what the intervals of its nodes' ledgers tell of when it drew
 * its energy in [from_ns, to_ns), after jobs_add_ledgers(): jobs that these do
 * not have as a whole get no parts. jobs are sorted by id; `from` gets another
 * window. Ledgers that cannot be read are passed over, they were noted before.
 */
void jobs_add_parts(struct jobs *jobs, struct ledgers *from,
		    const struct names *nodes, int64_t from_ns, int64_t to_ns);

#endif
