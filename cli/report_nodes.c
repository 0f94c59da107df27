/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/ledgers.h"
#include "cli/mem.h"
#include "cli/report.h"
#include "cli/wall.h"
#include "lib/clock.h"

/* How far what is open may lag: checkpoints are at most a minute apart. */
#define OPEN_LAG_NS (120 * NS_PER_S)

enum { C_NODE, C_START, C_END, C_ENERGY, C_ALLOCATED, C_UNALLOCATED, C_IDLE,
       C_MEASURED, C_UNMEASURED, C_COVERAGE, C_COUNT };

static const struct column columns[C_COUNT] = {
	[C_NODE] = { "node", "NODE", COLUMN_TEXT, UNIT_NONE },
	[C_START] = { "start", "START", COLUMN_TIME, UNIT_NONE },
	[C_END] = { "end", "END", COLUMN_TIME, UNIT_NONE },
	[C_ENERGY] = { "node_kwh", "NODE-ENERGY", COLUMN_NUMBER, UNIT_KWH },
	[C_ALLOCATED] = { "allocated_kwh", "ALLOCATED", COLUMN_NUMBER, UNIT_KWH },
	[C_UNALLOCATED] = { "unallocated_kwh", "UNALLOCATED", COLUMN_NUMBER, UNIT_KWH },
	[C_IDLE] = { "idle_kwh", "IDLE", COLUMN_NUMBER, UNIT_KWH },
	[C_MEASURED] = { "measured_s", "MEASURED", COLUMN_NUMBER, UNIT_SECONDS },
	[C_UNMEASURED] = { "unmeasured_s", "UNMEASURED", COLUMN_NUMBER, UNIT_SECONDS },
	[C_COVERAGE] = { "coverage", "COVERED", COLUMN_NUMBER, UNIT_RATIO },
};

/* A node's window, summed up over the parts of its intervals that lie in it. */
struct node_sum {
	int64_t from_ns, to_ns;
	double node_j, allocated_j, unallocated_j, idle_j;
	double measured_s;
	int64_t newest_ns;	/* where the last of all intervals ends */
	unsigned clipped;
	struct ledger_interval *open;	/* seen in NODE.open; no parts */
	size_t open_len, open_room;
};

static void add_interval(struct node_sum *s, const struct ledger_interval *iv)
{
	const int64_t start = wall_start(iv), end = wall_end(iv);
	const int64_t from = start > s->from_ns ? start : s->from_ns;
	const int64_t to = end < s->to_ns ? end : s->to_ns;
	double part;

	if (end > s->newest_ns)
		s->newest_ns = end;
	if (to <= from)
		return;
	part = (double)(to - from) / (double)(end - start);
	s->clipped += part < 1;
	s->node_j += part * iv->node_j;
	s->allocated_j += part * iv->allocated_j;
	s->unallocated_j += part * iv->unallocated_j;
	s->idle_j += part * iv->idle_j;
	s->measured_s += part * (double)iv->measured_ns / 1e9;
}

static void take_open(const struct ledger_rec *rec, void *arg)
{
	struct node_sum *s = arg;

	if (rec->kind != LEDGER_INTERVAL)
		return;
	s->open = mem_grow(s->open, s->open_len, &s->open_room,
			   sizeof(*s->open));
	s->open[s->open_len] = rec->interval;
	s->open[s->open_len++].parts = NULL;
}

/* What was open is closed now: it counts once. */
static void drop_open(struct node_sum *s, const struct ledger_interval *closed)
{
	for (size_t i = 0; i < s->open_len; i++)
		if (strcmp(s->open[i].boot_id, closed->boot_id) == 0 &&
		    s->open[i].start_ns < closed->end_ns &&
		    closed->start_ns < s->open[i].end_ns)
			s->open[i] = s->open[--s->open_len];
}

static void take_closed(const struct ledger_rec *rec, void *arg)
{
	if (rec->kind != LEDGER_INTERVAL)
		return;
	drop_open(arg, &rec->interval);
	add_interval(arg, &rec->interval);
}

static void note_damage(const char *text, void *arg)
{
	(void)arg;
	cmd_note("report", "%s", text);
}

static int sum_node(struct node_sum *s, const char *dir, const char *node,
		    struct err *err)
{
	const struct ledger_visitor open = { take_open, note_damage, s };
	const struct ledger_visitor closed = { take_closed, note_damage, s };
	int rc = ledgers_visit(dir, node, LEDGER_FILE_OPEN, &open, err);

	if (rc == 0)
		rc = ledgers_visit(dir, node, LEDGER_FILE_CLOSED, &closed, err);
	for (size_t i = 0; i < s->open_len; i++)
		add_interval(s, &s->open[i]);
	free(s->open);
	return rc;
}

/*
 * The window ends now at the latest, and where the newest record of a node
 * that is being measured ends: the time since then is not settled yet. All
 * other time without a record is unmeasured.
 */
static int64_t window_end(const struct report *report, const struct node_sum *s)
{
	int64_t end = s->to_ns < report->now_ns ? s->to_ns : report->now_ns;

	if (s->newest_ns < end && s->newest_ns > end - OPEN_LAG_NS &&
	    s->newest_ns > s->from_ns)
		end = s->newest_ns;
	return end;
}

static void add_row(struct rows *rows, const struct report *report,
		    const char *node, const struct node_sum *s)
{
	const int64_t end = window_end(report, s);
	const double length = (double)(end - s->from_ns) / 1e9;
	struct cell *row = rows_add(rows);

	cell_set_text(&row[C_NODE], node);
	cell_set_time(&row[C_START], s->from_ns);
	cell_set_time(&row[C_END], end);
	cell_set_number(&row[C_MEASURED], s->measured_s);
	cell_set_number(&row[C_UNMEASURED], fmax(length - s->measured_s, 0));
	cell_set_number(&row[C_COVERAGE], fmin(s->measured_s / length, 1));
	if (s->measured_s <= 0)
		return;		/* nothing is known of its energy */
	cell_set_number(&row[C_ENERGY], s->node_j / JOULES_PER_KWH);
	cell_set_number(&row[C_ALLOCATED], s->allocated_j / JOULES_PER_KWH);
	cell_set_number(&row[C_UNALLOCATED], s->unallocated_j / JOULES_PER_KWH);
	cell_set_number(&row[C_IDLE], s->idle_j / JOULES_PER_KWH);
}

/* -1 with a text where the ledger cannot be read: unknown is not unmeasured. */
static int report_node(struct rows *rows, const struct report *report,
		       const char *dir, const char *node, unsigned *clipped,
		       struct err *err)
{
	struct node_sum s = { .from_ns = report->from_ns,
			      .to_ns = report->to_ns };

	if (sum_node(&s, dir, node, err) < 0)
		return -1;
	*clipped += s.clipped;
	add_row(rows, report, node, &s);
	return 0;
}

/* NULL where none of the ledgers can be read; a note on each that cannot. */
static struct rows *report_all(const struct report *report, const char *dir,
			       const struct names *nodes, struct err *err)
{
	struct rows *rows = rows_create(columns, C_COUNT);
	unsigned clipped = 0;

	for (size_t i = 0; i < nodes->len; i++)
		if (report_node(rows, report, dir, nodes->list[i], &clipped,
				err) < 0)
			cmd_note("report", "%s", err->text);
	if (clipped)
		cmd_note("report", "%u intervals reach over the window's ends and count in proportion to time",
			 clipped);
	if (rows->len > 0 || nodes->len == 0)
		return rows;
	rows_destroy(rows);
	err_set(err, "no ledger in %s can be read", dir);
	return NULL;
}

struct rows *report_nodes(const struct report *report, struct err *err)
{
	const char *dir = report->confs.all.ledger_dir;
	struct names nodes = { 0 };
	struct rows *rows = NULL;

	if (!*dir)
		err_set(err, "there is no configuration, so no ledger_dir; name the file with -c");
	else if (report->from_ns >= report->now_ns)
		err_set(err, "--from lies in the future");
	else if (ledgers_nodes(dir, &nodes, err) == 0)
		rows = report_all(report, dir, &nodes, err);
	names_destroy(&nodes);
	return rows;
}

void report_nodes_sum(const struct rows *rows)
{
	double node = 0, allocated = 0;
	size_t known = 0;

	for (size_t i = 0; i < rows->len; i++) {
		if (!rows_cell(rows, i, C_ENERGY)->known)
			continue;
		node += rows_cell(rows, i, C_ENERGY)->number;
		allocated += rows_cell(rows, i, C_ALLOCATED)->number;
		known++;
	}
	printf("\n%zu node%s", rows->len, rows->len == 1 ? "" : "s");
	if (known > 0)
		printf(", %.6f kWh, of them %.6f kWh allocated to jobs", node,
		       allocated);
	if (known < rows->len)
		printf(" (energy of %zu not known)", rows->len - known);
	putchar('\n');
}
