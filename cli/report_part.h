/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_REPORT_PART_H
#define WATTGATE_CLI_REPORT_PART_H

#include <stdbool.h>

#include "cli/report.h"

/* Rows of a report on their way out, so many at a time in memory. */
#define REPORT_PART_ROWS 1000

struct report_part {
	struct rows *rows;
	report_sink *sink;
	void *arg;
	bool any;		/* a part went out */
};

/* columns outlive the part. */
void report_part_begin(struct report_part *part, const struct column *columns,
		       size_t columns_len, report_sink *sink, void *arg);

/* After each row that was added and filled in. */
void report_part_row(struct report_part *part);

/* What is left goes out where rc is 0; one part always does then. */
void report_part_end(struct report_part *part, int rc);

#endif
