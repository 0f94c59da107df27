/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/node_rows.h"

#include <math.h>
#include <stdio.h>

#include "cli/report.h"
#include "lib/clock.h"

/* How far what is known may lag: checkpoints are at most a minute apart. */
#define LAG_NS (120 * NS_PER_S)

const struct column node_columns[NODE_COLUMNS] = {
	[NODE_NAME] = { "node", "NODE", COLUMN_TEXT, UNIT_NONE },
	[NODE_START] = { "start", "START", COLUMN_TIME, UNIT_NONE },
	[NODE_END] = { "end", "END", COLUMN_TIME, UNIT_NONE },
	[NODE_ENERGY] = { "node_kwh", "NODE-ENERGY", COLUMN_NUMBER, UNIT_KWH },
	[NODE_ALLOCATED] = { "allocated_kwh", "ALLOCATED", COLUMN_NUMBER, UNIT_KWH },
	[NODE_UNALLOCATED] = { "unallocated_kwh", "UNALLOCATED", COLUMN_NUMBER, UNIT_KWH },
	[NODE_IDLE] = { "idle_kwh", "IDLE", COLUMN_NUMBER, UNIT_KWH },
	[NODE_MEASURED] = { "measured_s", "MEASURED", COLUMN_NUMBER, UNIT_SECONDS },
	[NODE_UNMEASURED] = { "unmeasured_s", "UNMEASURED", COLUMN_NUMBER, UNIT_SECONDS },
	[NODE_COVERAGE] = { "coverage", "COVERED", COLUMN_NUMBER, UNIT_RATIO },
};

/*
 * The window ends now at the latest, and where the newest record of a node
 * that is being measured ends: the time since then is not settled yet. All
 * other time without a record is unmeasured.
 */
static int64_t window_end(const struct node_window *w, int64_t now_ns)
{
	int64_t end = w->to_ns < now_ns ? w->to_ns : now_ns;

	if (w->newest_ns < end && w->newest_ns > end - LAG_NS &&
	    w->newest_ns > w->from_ns)
		end = w->newest_ns;
	return end;
}

void node_rows_add(struct rows *rows, const char *node,
		   const struct node_window *w, int64_t now_ns)
{
	const int64_t end = window_end(w, now_ns);
	const double length = ns_to_s(end - w->from_ns);
	struct cell *row = rows_add(rows);

	cell_set_text(&row[NODE_NAME], node);
	cell_set_time(&row[NODE_START], w->from_ns);
	cell_set_time(&row[NODE_END], end);
	cell_set_number(&row[NODE_MEASURED], w->measured_s);
	cell_set_number(&row[NODE_UNMEASURED], fmax(length - w->measured_s, 0));
	cell_set_number(&row[NODE_COVERAGE], fmin(w->measured_s / length, 1));
	if (w->measured_s <= 0)
		return;		/* nothing is known of its energy */
	cell_set_number(&row[NODE_ENERGY], w->node_j / JOULES_PER_KWH);
	cell_set_number(&row[NODE_ALLOCATED], w->allocated_j / JOULES_PER_KWH);
	cell_set_number(&row[NODE_UNALLOCATED],
			w->unallocated_j / JOULES_PER_KWH);
	cell_set_number(&row[NODE_IDLE], w->idle_j / JOULES_PER_KWH);
}

void node_rows_sum(const struct rows *rows)
{
	char energy[ROWS_NUMBER_SIZE], jobs[ROWS_NUMBER_SIZE];
	double node = 0, allocated = 0;
	size_t known = 0;

	for (size_t i = 0; i < rows->len; i++) {
		if (!rows_cell(rows, i, NODE_ENERGY)->known)
			continue;
		node += rows_cell(rows, i, NODE_ENERGY)->number;
		allocated += rows_cell(rows, i, NODE_ALLOCATED)->number;
		known++;
	}
	rows_figure(node, UNIT_KWH, energy, sizeof(energy));
	rows_figure(allocated, UNIT_KWH, jobs, sizeof(jobs));
	printf("\n%zu node%s", rows->len, rows->len == 1 ? "" : "s");
	if (known > 0)
		printf(", %s, of them %s allocated to jobs", energy, jobs);
	if (known < rows->len)
		printf(" (energy of %zu not known)", rows->len - known);
	putchar('\n');
}
