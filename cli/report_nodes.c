/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/contest.h"
#include "cli/ledgers.h"
#include "cli/mem.h"
#include "cli/node_rows.h"
#include "cli/report.h"
#include "lib/clock.h"
#include "lib/ledger_wall.h"

/* A node's window, summed up over the parts of its intervals that lie in it. */
struct node_sum {
	struct node_window w;
	unsigned clipped;
	struct ledger_interval *open;	/* seen in NODE.open; no parts */
	size_t open_len, open_room;
	struct ledger_interval *all;	/* around the window; no parts */
	size_t all_len, all_room;
};

static void add_interval(struct node_sum *s, const struct ledger_interval *iv)
{
	const int64_t start = wall_start(iv), end = wall_end(iv);
	const int64_t from = start > s->w.from_ns ? start : s->w.from_ns;
	const int64_t to = end < s->w.to_ns ? end : s->w.to_ns;
	double part;

	if (end > s->w.newest_ns)
		s->w.newest_ns = end;
	if (to <= from)
		return;
	part = (double)(to - from) / (double)(end - start);
	s->clipped += part < 1;
	s->w.node_j += part * iv->node_j;
	s->w.allocated_j += part * iv->allocated_j;
	s->w.unallocated_j += part * iv->unallocated_j;
	s->w.idle_j += part * iv->idle_j;
	s->w.measured_s += part * (double)iv->measured_ns / 1e9;
}

/* Intervals in the hours of the window; what else there is does not matter. */
static void keep_interval(struct node_sum *s, const struct ledger_interval *iv)
{
	const int64_t hour_ns = 3600 * NS_PER_S;

	if (wall_end(iv) > s->w.newest_ns)
		s->w.newest_ns = wall_end(iv);
	if (wall_end(iv) < s->w.from_ns - hour_ns ||
	    wall_start(iv) > ns_add(s->w.to_ns, hour_ns))
		return;
	s->all = mem_grow(s->all, s->all_len, &s->all_room, sizeof(*s->all));
	s->all[s->all_len] = *iv;
	s->all[s->all_len++].parts = NULL;
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
	keep_interval(arg, &rec->interval);
}

static void take_past(const struct ledger_rec *rec, void *arg)
{
	if (rec->kind == LEDGER_INTERVAL)
		keep_interval(arg, &rec->interval);
}

static void note_damage(const char *text, void *arg)
{
	(void)arg;
	cmd_note("report", "%s", text);
}

/* Each hour once, by whoever measured more of it. */
static void add_all(struct node_sum *s)
{
	const struct ledger_interval **list =
		mem_zeroed(s->all_len, sizeof(*list));
	bool *beaten = mem_zeroed(s->all_len, sizeof(*beaten));

	for (size_t i = 0; i < s->all_len; i++)
		list[i] = &s->all[i];
	intervals_contest(list, s->all_len, beaten);
	for (size_t i = 0; i < s->all_len; i++)
		if (!beaten[i])
			add_interval(s, &s->all[i]);
	free(list);
	free(beaten);
}

static int sum_node(struct node_sum *s, const struct ledgers *from,
		    const char *node, struct err *err)
{
	const struct ledger_visitor open = { take_open, note_damage, s };
	const struct ledger_visitor closed = { take_closed, note_damage, s };
	const struct ledger_visitor past = { take_past, note_damage, s };
	int rc = ledgers_visit(from, node, LEDGER_FILE_OPEN, &open, err);

	if (rc == 0)
		rc = ledgers_visit(from, node, LEDGER_FILE_CLOSED, &closed, err);
	if (rc == 0)
		rc = ledgers_visit(from, node, LEDGER_FILE_PAST, &past, err);
	if (rc == 0)
		rc = ledgers_newest(from, node, &s->w.newest_ns, err);
	for (size_t i = 0; i < s->open_len; i++)
		keep_interval(s, &s->open[i]);
	add_all(s);
	free(s->open);
	free(s->all);
	return rc;
}

/* -1 with a text where the ledger cannot be read: unknown is not unmeasured. */
static int report_node(struct rows *rows, const struct report *report,
		       const struct ledgers *from, const char *node,
		       unsigned *clipped, struct err *err)
{
	struct node_sum s = { .w = { .from_ns = report->from_ns,
				     .to_ns = report->to_ns } };

	if (sum_node(&s, from, node, err) < 0)
		return -1;
	*clipped += s.clipped;
	node_rows_add(rows, node, &s.w, report->now_ns);
	return 0;
}

/* NULL where none of the ledgers can be read; a note on each that cannot. */
static struct rows *report_all(const struct report *report,
			       const struct ledgers *from,
			       const struct names *nodes, struct err *err)
{
	struct rows *rows = rows_create(node_columns, NODE_COLUMNS);
	unsigned clipped = 0;

	for (size_t i = 0; i < nodes->len; i++)
		if (report_node(rows, report, from, nodes->list[i], &clipped,
				err) < 0)
			cmd_note("report", "%s", err->text);
	if (clipped)
		cmd_note("report", "%u intervals reach over the window's ends and count in proportion to time",
			 clipped);
	if (rows->len > 0 || nodes->len == 0)
		return rows;
	rows_destroy(rows);
	err_set(err, "no ledger in %s can be read", ledgers_name(from));
	return NULL;
}

/* With the whole of the hours at its ends, which are compared as such. */
static void window_set(struct ledgers *from, const struct report *report)
{
	const int64_t more_ns = 2 * 3600 * NS_PER_S;

	from->windowed = true;
	from->window.from_ns = report->from_ns < INT64_MIN + more_ns ?
			       INT64_MIN : report->from_ns - more_ns;
	from->window.to_ns = report->to_ns < 0 ? more_ns :
			     ns_add(report->to_ns, more_ns);
}

struct rows *report_nodes(const struct report *report, struct err *err)
{
	struct ledgers from = { 0 };
	struct names nodes = { 0 };
	struct rows *rows = NULL;

	if (!*report->confs.all.ledger_dir)
		err_set(err, "there is no configuration, so no ledger_dir; name the file with -c");
	else if (report->from_ns >= report->now_ns)
		err_set(err, "--from lies in the future");
	else if (ledgers_open(&from, &report->confs.all, err) == 0) {
		window_set(&from, report);
		if (ledgers_nodes(&from, &nodes, err) == 0)
			rows = report_all(report, &from, &nodes, err);
	}
	ledgers_close(&from);
	names_destroy(&nodes);
	return rows;
}
