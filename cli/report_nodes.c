/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cli/cmd.h"
#include "cli/intervals.h"
#include "cli/node_rows.h"
#include "cli/report.h"

/* A node's window, summed up over the parts of its intervals that lie in it. */
struct node_sum {
	struct node_window w;
	unsigned clipped;
};

static void add_interval(const struct ledger_interval *iv, void *arg)
{
	struct node_sum *s = arg;
	const double part = interval_clip(iv, s->w.from_ns, s->w.to_ns).part;

	if (part <= 0)
		return;
	s->clipped += part < 1;
	s->w.node_j += part * iv->node_j;
	s->w.allocated_j += part * iv->allocated_j;
	s->w.unallocated_j += part * iv->unallocated_j;
	s->w.idle_j += part * iv->idle_j;
	s->w.measured_s += part * (double)iv->measured_ns / 1e9;
}

static void note(const char *text)
{
	cmd_note(cmd_running(), "%s", text);
}

/* A node of the report, on its way into rows. */
struct node_report {
	const struct report *report;
	struct rows *rows;
	unsigned clipped;
};

/* -1 with a text where the ledger cannot be read: unknown is not unmeasured. */
static int report_node(const struct ledgers *from, const char *node, void *arg,
		       struct err *err)
{
	struct node_report *n = arg;
	const struct intervals_query query = {
		.from_ns = n->report->from_ns, .to_ns = n->report->to_ns,
		.note = note };
	struct node_sum s = { .w = { .from_ns = n->report->from_ns,
				     .to_ns = n->report->to_ns } };

	if (intervals_visit(from, node, &query, add_interval, &s,
			    &s.w.newest_ns, err) < 0)
		return -1;
	n->clipped += s.clipped;
	node_rows_add(n->rows, node, &s.w, n->report->now_ns);
	return 0;
}

/* A note on each that cannot be read. */
static int visit_nodes(const struct ledgers *from, const struct names *nodes,
		       report_node_fn *fn, void *arg, struct err *err)
{
	size_t read = 0;

	for (size_t i = 0; i < nodes->len; i++) {
		if (fn(from, nodes->list[i], arg, err) < 0)
			cmd_note(cmd_running(), "%s", err->text);
		else
			read++;
	}
	if (read > 0 || nodes->len == 0)
		return 0;
	return err_set(err, "no ledger in %s can be read", ledgers_name(from));
}

int report_each_node(const struct report *report, report_node_fn *fn,
		     void *arg, struct err *err)
{
	struct ledgers from = { 0 };
	struct names nodes = { 0 };
	int rc = -1;

	if (!*report->confs.all.ledger_dir)
		return err_set(err, "there is no configuration, so no ledger_dir; name the file with -c");
	if (report->from_ns >= report->now_ns)
		return err_set(err, "--from lies in the future");
	if (ledgers_open(&from, &report->confs.all, err) == 0) {
		intervals_window(&from, report->from_ns, report->to_ns);
		rc = ledgers_nodes(&from, &nodes, err);
	}
	if (rc == 0)
		rc = visit_nodes(&from, &nodes, fn, arg, err);
	ledgers_close(&from);
	names_destroy(&nodes);
	return rc;
}

struct rows *report_nodes(const struct report *report, struct err *err)
{
	struct node_report n = { report, rows_create(node_columns,
						     NODE_COLUMNS), 0 };

	if (report_each_node(report, report_node, &n, err) == 0) {
		if (n.clipped)
			cmd_note(cmd_running(), "%u intervals reach over the window's ends and count in proportion to time",
				 n.clipped);
		return n.rows;
	}
	rows_destroy(n.rows);
	return NULL;
}
