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

/* A record that waits for what other files of its node say. */
struct pending {
	struct job *job;
	struct ledger_alloc alloc;
};

struct pendings {
	struct pending *list;
	size_t len, room;
};

struct joining {
	struct jobs *jobs;
	uint64_t node;		/* counts from 1 */
	struct pendings open;	/* of NODE.open */
	struct pendings past;	/* of NODE.backfill, by job */
	struct pendings rivals;	/* of NODE.ledger, of jobs that are in `past` */
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
	if (!ledgers_past_boot(a->boot_id))
		l->restart = a->restart;
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

static void pendings_add(struct pendings *p, struct job *job,
			 const struct ledger_alloc *alloc)
{
	p->list = mem_grow(p->list, p->len, &p->room, sizeof(*p->list));
	p->list[p->len++] = (struct pending){ job, *alloc };
}

static int compare_pending(const void *a, const void *b)
{
	const struct pending *x = a, *y = b;

	if (x->job != y->job)
		return x->job < y->job ? -1 : 1;
	return x->alloc.start_ns < y->alloc.start_ns ? -1 :
	       x->alloc.start_ns > y->alloc.start_ns;
}

static void pendings_sort(struct pendings *p)
{
	if (p->len)
		qsort(p->list, p->len, sizeof(*p->list), compare_pending);
}

/* The first of the job's, or of what follows it; sorted. */
static size_t pendings_first(const struct pendings *p, const struct job *job)
{
	size_t low = 0, high = p->len;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (p->list[mid].job < job)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Is there anything of the job in NODE.backfill? */
static bool has_past(const struct joining *j, const struct job *job)
{
	const size_t i = pendings_first(&j->past, job);

	return i < j->past.len && j->past.list[i].job == job;
}

static void take_closed(const struct ledger_rec *rec, void *arg)
{
	struct joining *j = arg;
	struct job *job = job_of(j, rec);

	if (job && has_past(j, job))
		pendings_add(&j->rivals, job, &rec->alloc);
	else if (job)
		add_alloc(job, &rec->alloc, j->node, false);
}

static void take_open(const struct ledger_rec *rec, void *arg)
{
	struct joining *j = arg;
	struct job *job = job_of(j, rec);

	if (job)
		pendings_add(&j->open, job, &rec->alloc);
}

static void take_past(const struct ledger_rec *rec, void *arg)
{
	struct joining *j = arg;
	struct job *job = job_of(j, rec);

	if (job)
		pendings_add(&j->past, job, &rec->alloc);
}

/* Measured time of the job's records; -1 where there is none. */
static int64_t covered_ns(const struct pendings *p, const struct job *job)
{
	int64_t ns = -1;

	for (size_t i = pendings_first(p, job);
	     i < p->len && p->list[i].job == job; i++)
		ns = ns_add(ns < 0 ? 0 : ns, p->list[i].alloc.covered_ns);
	return ns;
}

static void add_all(struct joining *j, const struct pendings *p,
		    const struct job *job)
{
	for (size_t i = pendings_first(p, job);
	     i < p->len && p->list[i].job == job; i++)
		add_alloc(p->list[i].job, &p->list[i].alloc, j->node,
			  ledgers_past_open(&p->list[i].alloc));
}

/*
 * A job counts once on its node: by what wattgated wrote, unless what was
 * filled later has more measured time.
 */
static void join_past(struct joining *j)
{
	pendings_sort(&j->rivals);
	pendings_sort(&j->open);
	for (size_t i = 0; i < j->past.len; i++) {
		const struct job *job = j->past.list[i].job;
		int64_t live_ns = covered_ns(&j->rivals, job);

		if (i && job == j->past.list[i - 1].job)
			continue;
		if (live_ns < 0)
			live_ns = covered_ns(&j->open, job);
		if (covered_ns(&j->past, job) > live_ns)
			add_all(j, &j->past, job);
		else
			add_all(j, &j->rivals, job);
	}
}

static void note_damage(const char *text, void *arg)
{
	const struct joining *j = arg;

	j->note(text);
}

/* What stands in both counts once: who is read later can be told. */
static int node_visit(struct joining *j, const struct ledgers *from,
		      const char *node, struct err *why)
{
	const struct ledger_visitor past = { take_past, note_damage, j };
	const struct ledger_visitor open = { take_open, note_damage, j };
	const struct ledger_visitor closed = { take_closed, note_damage, j };

	if (ledgers_visit(from, node, LEDGER_FILE_PAST, &past, why) < 0)
		return -1;
	pendings_sort(&j->past);
	if (ledgers_visit(from, node, LEDGER_FILE_OPEN, &open, why) < 0)
		return -1;
	return ledgers_visit(from, node, LEDGER_FILE_CLOSED, &closed, why);
}

static void join_node(struct joining *j, const struct ledgers *from,
		      const char *node)
{
	j->node++;
	j->open.len = j->past.len = j->rivals.len = 0;
	if (node_visit(j, from, node, j->unread ? NULL : &j->why) < 0) {
		j->unread++;
		return;
	}
	join_past(j);
	for (size_t i = 0; i < j->open.len; i++) {
		struct pending *p = &j->open.list[i];

		if (p->job->ledger.last_node != j->node)
			add_alloc(p->job, &p->alloc, j->node, true);
	}
}

void jobs_add_ledgers(struct jobs *jobs, const struct ledgers *from,
		      const struct names *nodes,
		      void (*note)(const char *text))
{
	struct joining j = { .jobs = jobs, .note = note };

	for (size_t i = 0; i < nodes->len; i++)
		join_node(&j, from, nodes->list[i]);
	free(j.open.list);
	free(j.past.list);
	free(j.rivals.list);
	if (j.unread) {
		struct err text;

		err_set(&text, "%s (ledgers of %u nodes cannot be read; energy there is by the scheduler's accounting alone)",
			j.why.text, j.unread);
		note(text.text);
	}
}

void jobs_window(const struct jobs *jobs, struct ledgers *from)
{
	int64_t start_s = INT64_MAX, end_s = INT64_MIN;

	for (size_t i = 0; i < jobs->len; i++) {
		const struct job *job = &jobs->list[i];
		const int64_t end = job->end_s ? job->end_s : INT64_MAX;

		if (job->nodes_len == 0)
			continue;	/* no record belongs to it */
		if (job->start_s < start_s)
			start_s = job->start_s;
		if (end > end_s)
			end_s = end;
	}
	from->windowed = true;
	from->window = (struct store_window){ 0, 0 };
	if (start_s <= end_s) {
		/* a second for what whole seconds leave out */
		const int64_t slack_s = CLOCK_SLACK_S + 1;

		from->window.from_ns = (start_s - slack_s) * NS_PER_S;
		from->window.to_ns = end_s < INT64_MAX / NS_PER_S - slack_s ?
			(end_s + slack_s) * NS_PER_S : INT64_MAX;
	}
}
