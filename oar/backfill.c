/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backfill.h"

#include <stdio.h>
#include <stdlib.h>

#include "fleet.h"
#include "lib/clock.h"
#include "refill.h"

#define HOUR_S 3600
#define DAY_S 86400
#define SLACK_S 60

/* A node's jobs on the day. */
struct node_jobs {
	int64_t *ids;
	uint32_t count, room;
};

/* What is known of the hours of one node's chunk. */
struct chunk_hour {
	struct pg_hour now;
	bool settled;
	bool wanted;
};

struct filling {
	const struct oar_backfill *b;
	struct oar_backfill_sums *sums;
	pg_t *pg;
	struct fleet fleet;
	bool *chosen;		/* of each node of the fleet */
	bool *failed;
	int64_t now_s;
	/* the chunk: a day, or a part of it with as many jobs as can be read */
	int64_t from_s, to_s;
	struct node_jobs *jobs;	/* of each node, in the chunk */
	int64_t *changed;	/* jobs; each may be there more than once */
	size_t changed_len, changed_room;
};

static bool is_stopped(struct filling *f)
{
	f->sums->stopped |= f->b->stopped(f->b->arg);
	return f->sums->stopped;
}

/* ---- nodes -------------------------------------------------------------------- */

static int node_choose(struct filling *f, const char *name, struct err *err)
{
	const int64_t at = fleet_index(&f->fleet, name);

	if (at < 0)
		return err_set(err, "OAR has no resources of a node %s", name);
	if (f->fleet.nodes[at]->settled_s < 0)
		return err_set(err, "node %s is not accounted yet: wattgated has to follow this OAR first, then its past can be filled",
			       name);
	f->chosen[at] = true;
	return 0;
}

static int nodes_choose(struct filling *f, struct err *err)
{
	uint32_t count = 0;

	f->chosen = calloc((size_t)f->fleet.count + 1, sizeof(*f->chosen));
	f->failed = calloc((size_t)f->fleet.count + 1, sizeof(*f->failed));
	f->jobs = calloc((size_t)f->fleet.count + 1, sizeof(*f->jobs));
	if (!f->chosen || !f->failed || !f->jobs)
		return err_set(err, "out of memory for %u nodes", f->fleet.count);
	for (uint32_t i = 0; i < f->b->node_count; i++) {
		if (node_choose(f, f->b->nodes[i], err) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < f->fleet.count; i++) {
		if (!f->b->node_count)
			f->chosen[i] = f->fleet.nodes[i]->settled_s >= 0;
		count += f->chosen[i];
	}
	return count ? 0 : err_set(err, "no node is accounted yet: wattgated has to follow this OAR first, then its past can be filled");
}

/* ---- jobs of a chunk ------------------------------------------------------------ */

static int64_t *id_room(int64_t *list, size_t used, size_t *room)
{
	int64_t *grown = list;

	if (used == *room) {
		*room = *room ? 2 * *room : 64;
		grown = realloc(list, *room * sizeof(*grown));
		if (!grown)
			*room = used;
	}
	return grown;
}

struct reading {
	struct filling *f;
	const struct pg_jobs *jobs;
};

static int on_held(void *arg, uint32_t job, const char *name,
		   const int64_t *ids, uint32_t count, struct err *err)
{
	const struct reading *r = arg;
	struct filling *f = r->f;

	const int64_t at = fleet_index(&f->fleet, name);
	struct node_jobs *n;
	int64_t *grown;
	size_t room;

	(void)ids;
	(void)count;
	if (at < 0)
		return 0;
	n = &f->jobs[at];
	room = n->room;
	grown = id_room(n->ids, n->count, &room);
	if (!grown)
		return err_set(err, "out of memory");
	n->ids = grown;
	n->room = (uint32_t)room;
	n->ids[n->count++] = r->jobs->items[job].id;
	return 0;
}

/*
 * OAR has no index by time: its jobs are looked through once a day, not once
 * for each hour and node. A chunk with too many jobs is halved.
 */
static int chunk_jobs_read(struct filling *f, struct err *err)
{
	struct pg_jobs jobs = { 0 };
	struct reading r = { f, &jobs };
	int rc;

	for (uint32_t i = 0; i < f->fleet.count; i++)
		f->jobs[i].count = 0;
	for (;;) {
		rc = pg_read_jobs(f->pg, f->from_s - SLACK_S,
				  f->to_s + SLACK_S, -1, &jobs, err);
		if (rc < 0 || !jobs.more)
			break;
		pg_jobs_free(&jobs);
		if (f->to_s - f->from_s <= HOUR_S)
			return err_set(err, "OAR's database: more than %d jobs ran in one hour (at %lld)",
				       PG_JOBS_MAX, (long long)f->from_s);
		f->to_s = f->from_s + (f->to_s - f->from_s) / HOUR_S / 2 * HOUR_S;
	}
	if (rc == 0 && jobs.count)
		rc = pg_read_held(f->pg, &jobs, NULL, 0, on_held, &r, err);
	pg_jobs_free(&jobs);
	return rc;
}

/* ---- a node's chunk --------------------------------------------------------------- */

struct chunk {
	int64_t from_s;
	uint32_t count;
	struct chunk_hour hours[DAY_S / HOUR_S];
};

static int on_hour(void *arg, const struct pg_hour *hour, struct err *err)
{
	struct chunk *c = arg;
	const int64_t i = (hour->hour_s - c->from_s) / HOUR_S;

	(void)err;
	if (i >= 0 && i < c->count)
		c->hours[i].now = *hour;
	return 0;
}

/* Which hours can have more than they have? */
static int chunk_look(struct filling *f, const struct fleet_node *n,
		      struct chunk *c, unsigned *wanted, struct err *err)
{
	*c = (struct chunk){ .from_s = f->from_s,
		.count = (uint32_t)((f->to_s - f->from_s) / HOUR_S) };
	*wanted = 0;
	if (pg_read_hours(f->pg, n->name, f->from_s, f->to_s, on_hour, c,
			  err) < 0)
		return -1;
	for (uint32_t i = 0; i < c->count; i++) {
		c->hours[i].settled = c->from_s + (i + 1) * HOUR_S <=
				      n->settled_s;
		c->hours[i].wanted = c->hours[i].settled &&
			(f->b->force ||
			 c->hours[i].now.measured_s < HOUR_S - 0.001);
		*wanted += c->hours[i].wanted;
	}
	return 0;
}

static void before_add(struct filling *f, const struct chunk *c)
{
	for (uint32_t i = 0; i < c->count; i++) {
		const struct pg_hour *now = &c->hours[i].now;

		if (!c->hours[i].settled) {
			f->sums->unsettled++;
			continue;
		}
		f->sums->hours++;
		f->sums->total_s += HOUR_S;
		f->sums->before_s += now->measured_s;
		f->sums->before_node_j += now->node_j;
		f->sums->before_jobs_j += now->allocated_j;
	}
}

/* Is there anything to do for any node? */
static int chunk_wanted(struct filling *f, bool *any, struct err *err)
{
	unsigned wanted;
	struct chunk c;

	*any = false;
	for (uint32_t i = 0; !*any && i < f->fleet.count; i++) {
		if (!f->chosen[i] || f->failed[i])
			continue;
		if (chunk_look(f, f->fleet.nodes[i], &c, &wanted, err) < 0)
			return -1;
		*any = wanted > 0;
	}
	return 0;
}

static void on_job(void *arg, int64_t job_id)
{
	struct filling *f = arg;
	int64_t *grown = id_room(f->changed, f->changed_len,
				 &f->changed_room);

	if (!grown)
		return;		/* it is only counted */
	f->changed = grown;
	f->changed[f->changed_len++] = job_id;
}

static void note_forgotten(struct filling *f, const char *node, int64_t hour_s)
{
	char text[512], at[32];

	f->sums->forgotten++;
	snprintf(text, sizeof(text), "node %s, hour %s: left as it is, since OAR has deleted a job that was there",
		 node, clock_iso8601(hour_s * NS_PER_S, at, sizeof(at)));
	f->b->note(f->b->arg, text);
}

/* How an hour came out goes into the sums. */
static void sums_add(struct filling *f, const struct refill_change *c)
{
	f->sums->filled++;
	f->sums->gained_s += c->after.measured_s - c->before.measured_s;
	f->sums->gained_node_j += c->after.node_j - c->before.node_j;
	f->sums->gained_jobs_j += c->after.allocated_j - c->before.allocated_j;
}

static int hour_refill(struct filling *f, uint32_t node,
		       const series_t *series, const char *source,
		       int64_t hour_s, bool *filled, struct err *err)
{
	struct refill r = { .fleet = &f->fleet, .node = f->fleet.nodes[node],
		.hour_s = hour_s, .now_s = f->now_s, .series = series,
		.source = source, .jobs = f->jobs[node].ids,
		.job_count = f->jobs[node].count, .force = f->b->force,
		.dry_run = f->b->dry_run };
	struct refill_change change;

	*filled = false;
	switch (refill_hour(f->pg, &r, &change, on_job, f, err)) {
	case REFILL_DONE:
		*filled = true;
		sums_add(f, &change);
		return 0;
	case REFILL_KEPT:
		return 0;
	case REFILL_UNSETTLED:
		f->sums->unsettled++;
		return 0;
	case REFILL_FORGOTTEN:
		note_forgotten(f, f->fleet.nodes[node]->name, hour_s);
		return 0;
	case REFILL_STALE:
		return err_set(err, "OAR's resources have changed meanwhile: start again");
	default:
		return -1;
	}
}

static int hour_fill(struct filling *f, uint32_t node,
		     const struct samples *samples, const char *source,
		     int64_t hour_s, bool *filled, struct err *err)
{
	series_t *series = samples_series(samples, hour_s * NS_PER_S,
					  (hour_s + HOUR_S) * NS_PER_S);
	int rc;

	if (!series)
		return err_set(err, "out of memory for samples of %s",
			       f->fleet.nodes[node]->name);
	rc = hour_refill(f, node, series, source, hour_s, filled, err);
	series_destroy(series);
	return rc;
}

/* The stretch in which anything is wanted. */
static void chunk_bounds(const struct chunk *c, int64_t *from_s, int64_t *to_s)
{
	uint32_t first = 0, last = c->count;

	while (first < c->count && !c->hours[first].wanted)
		first++;
	while (last > first && !c->hours[last - 1].wanted)
		last--;
	*from_s = c->from_s + first * HOUR_S;
	*to_s = c->from_s + last * HOUR_S;
}

static int hours_fill(struct filling *f, uint32_t node, const struct chunk *c,
		      const struct samples *samples, const char *source,
		      unsigned *filled, struct err *err)
{
	for (uint32_t i = 0; i < c->count && !is_stopped(f); i++) {
		bool done = false;

		if (!c->hours[i].wanted)
			continue;
		if (hour_fill(f, node, samples, source,
			      c->from_s + i * HOUR_S, &done, err) < 0)
			return -1;
		*filled += done;
	}
	return 0;
}

/* What a server does not give is that node's trouble, not that of all. */
static int chunk_fill(struct filling *f, uint32_t node, struct err *err)
{
	const struct oar_backfill *b = f->b;
	const char *name = f->fleet.nodes[node]->name;
	unsigned wanted, filled = 0;
	char source[256] = "";
	struct samples samples = { 0 };
	int64_t from_s, to_s;
	struct chunk c;
	struct err why;
	int rc = 0;

	if (chunk_look(f, f->fleet.nodes[node], &c, &wanted, err) < 0)
		return -1;
	before_add(f, &c);
	if (!wanted)
		return 0;
	chunk_bounds(&c, &from_s, &to_s);
	if (b->samples(b->arg, name, from_s, to_s, &samples, source, &why) < 0) {
		samples_clear(&samples);
		if (is_stopped(f))
			return 0;
		f->failed[node] = true;
		f->sums->nodes_failed++;
		b->note(b->arg, why.text);
		return 0;
	}
	if (samples.len)
		rc = hours_fill(f, node, &c, &samples, source, &filled, err);
	samples_clear(&samples);
	if (rc == 0)
		b->day(b->arg, name, f->from_s, filled, wanted);
	return rc;
}

/* ---- all of it --------------------------------------------------------------------- */

static int64_t chunk_end(int64_t from_s, int64_t limit_s)
{
	const int64_t day_s = from_s - from_s % DAY_S + DAY_S;

	return day_s < limit_s ? day_s : limit_s;
}

static int chunks_fill(struct filling *f, struct err *err)
{
	const int64_t end_s = hour_of(f->b->to_s + HOUR_S - 1);
	bool any;

	for (f->from_s = hour_of(f->b->from_s); f->from_s < end_s;
	     f->from_s = f->to_s) {
		f->to_s = chunk_end(f->from_s, end_s);
		if (chunk_wanted(f, &any, err) < 0 ||
		    (any && chunk_jobs_read(f, err) < 0))
			return -1;
		for (uint32_t i = 0; i < f->fleet.count; i++) {
			if (is_stopped(f))
				return 0;
			if (f->chosen[i] && !f->failed[i] &&
			    chunk_fill(f, i, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int compare_id(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t changed_count(struct filling *f)
{
	uint64_t count = 0;

	if (f->changed_len)
		qsort(f->changed, f->changed_len, sizeof(*f->changed),
		      compare_id);
	for (size_t i = 0; i < f->changed_len; i++)
		count += !i || f->changed[i] != f->changed[i - 1];
	return count;
}

static void filling_free(struct filling *f)
{
	for (uint32_t i = 0; f->jobs && i < f->fleet.count; i++)
		free(f->jobs[i].ids);
	free(f->jobs);
	free(f->chosen);
	free(f->failed);
	free(f->changed);
	fleet_free(&f->fleet);
	pg_close(f->pg);
}

int oar_backfill_run(const struct oar_backfill *b,
		     struct oar_backfill_sums *sums, struct err *err)
{
	struct filling f = { .b = b, .sums = sums,
			     .fleet = { .conf = b->conf } };
	int rc = -1;

	*sums = (struct oar_backfill_sums){ 0 };
	f.pg = pg_open(b->conf, false, err);
	if (f.pg && pg_refill_lock(f.pg, err) == 0 &&
	    pg_now(f.pg, &f.now_s, err) == 0 &&
	    fleet_refresh(&f.fleet, f.pg, -1, err) == 0 &&
	    nodes_choose(&f, err) == 0)
		rc = chunks_fill(&f, err);
	sums->jobs = changed_count(&f);
	filling_free(&f);
	return rc;
}
