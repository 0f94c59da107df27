/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/report_part.h"

void report_part_begin(struct report_part *part, const struct column *columns,
		       size_t columns_len, report_sink *sink, void *arg)
{
	*part = (struct report_part){ rows_create(columns, columns_len), sink,
				      arg, false };
}

static void flush(struct report_part *part)
{
	part->sink(part->rows, part->arg);
	part->any = true;
	rows_clear(part->rows);
}

void report_part_row(struct report_part *part)
{
	if (part->rows->len == REPORT_PART_ROWS)
		flush(part);
}

void report_part_end(struct report_part *part, int rc)
{
	if (rc == 0 && (!part->any || part->rows->len > 0))
		flush(part);
	rows_destroy(part->rows);
	part->rows = NULL;
}
