/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/jobs_ledger.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hostlist.h"
#include "cli/mem.h"

/* By how much the clocks of node and controller may disagree. */
#define CLOCK_SLACK_S 60

/* A record of NODE.open that waits for what NODE.ledger says. */
struct pending {
	struct job *job;
	struct ledger_alloc alloc;
};

struct joining {
	struct jobs *jobs;
	uint64_t node;		/* counts from 1 */
	struct pending *pending;
	size_t pending_len, pending_room;
	void (*note)(const char *text);
	unsigned unread;	/* nodes whose ledger cannot be read */
	struct err why;		/* the first of them */
};

static void add_source(struct job_ledger *l, const char *source)
{
	if (!*l->source)
		snprintf(l->source, sizeof(l->source), "%s", source);
	else if (strcmp(l->source, source) != 0)
		strcpy(l->source, "mixed");
}

static void add_alloc(struct job *job, const struct ledger_alloc *a,
		      uint64_t node, bool open)
{
	struct job_ledger *l = &job->ledger;

	if (l->last_node == node && l->last_start_ns == a->start_ns)
		return;		/* the same once more */
	if (l->last_node != node) {
		l->nodes++;
		l->open_nodes += open;
		l->cores += a->holding.cores;
		l->gpus += a->holding.gpus;
	}
	l->last_node = node;
	l->last_start_ns = a->start_ns;
	l->gated_j += a->gated_j;
	l->node_j += a->node_j;
	l->model_j += a->model_w * (double)a->active_ns / 1e9;
	l->active_ns = ns_add(l->active_ns, a->active_ns);
	l->covered_ns = ns_add(l->covered_ns, a->covered_ns);
	if (a->max_gap_ns > l->max_gap_ns)
		l->max_gap_ns = a->max_gap_ns;
	add_source(l, a->source);
}

static struct job *job_of(const struct joining *j, const struct ledger_rec *rec)
{
	struct job *job;

	if (rec->kind != LEDGER_ALLOC)
		return NULL;
	job = jobs_find(j->jobs, rec->alloc.job_id,
			rec->alloc.start_wall_ns / NS_PER_S, CLOCK_SLACK_S);
	return job && hostlist_has(job->nodes, rec->alloc.node) ? job : NULL;
}

static void take_closed(const struct ledger_rec *rec, void *arg)
{
	struct joining *j = arg;
	struct job *job = job_of(j, rec);

	if (job)
		add_alloc(job, &rec->alloc, j->node, false);
}

static void take_open(const struct ledger_rec *rec, void *arg)
{
	struct joining *j = arg;
	struct job *job = job_of(j, rec);

	if (!job)
		return;
	j->pending = mem_grow(j->pending, j->pending_len, &j->pending_room,
			      sizeof(*j->pending));
	j->pending[j->pending_len++] = (struct pending){ job, rec->alloc };
}

static void note_damage(const char *text, void *arg)
{
	const struct joining *j = arg;

	j->note(text);
}

static void join_node(struct joining *j, const char *dir, const char *node)
{
	const struct ledger_visitor open = { take_open, note_damage, j };
	const struct ledger_visitor closed = { take_closed, note_damage, j };
	struct err *why = j->unread ? NULL : &j->why;

	j->node++;
	j->pending_len = 0;
	if (ledgers_visit(dir, node, LEDGER_FILE_OPEN, &open, why) < 0 ||
	    ledgers_visit(dir, node, LEDGER_FILE_CLOSED, &closed, why) < 0) {
		j->unread++;
		return;
	}
	for (size_t i = 0; i < j->pending_len; i++) {
		struct pending *p = &j->pending[i];

		if (p->job->ledger.last_node != j->node)
			add_alloc(p->job, &p->alloc, j->node, true);
	}
}

void jobs_add_ledgers(struct jobs *jobs, const char *dir,
		      const struct names *nodes,
		      void (*note)(const char *text))
{
	struct joining j = { .jobs = jobs, .note = note };

	for (size_t i = 0; i < nodes->len; i++)
		join_node(&j, dir, nodes->list[i]);
	free(j.pending);
	if (j.unread) {
		struct err text;

		err_set(&text, "%s (ledgers of %u nodes cannot be read; energy there is by the scheduler's accounting alone)",
			j.why.text, j.unread);
		note(text.text);
	}
}
