/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_REPORT_H
#define WATTGATE_CLI_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/confs.h"
#include "cli/rows.h"
#include "lib/err.h"

#define JOULES_PER_KWH 3.6e6

/* What `wattgate report` was asked for. */
struct report {
	int64_t from_ns, to_ns, now_ns;
	bool running;
	const char *user, *account;	/* NULL: all */
	struct confs confs;
};

/* One row a job, or a node. NULL with a text. Notes go to standard error. */
struct rows *report_jobs(struct report *report, struct err *err);
struct rows *report_nodes(const struct report *report, struct err *err);

/* What the rows of a table add up to, below it. */
void report_jobs_sum(const struct rows *rows);
void report_nodes_sum(const struct rows *rows);

#endif
