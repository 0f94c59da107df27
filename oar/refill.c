/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "refill.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "holds.h"

#define HOUR_S 3600

/* OAR may have moved a start or an end by so much after the fact. */
#define SLACK_S 60

/* More measured time than that is more. */
#define MORE_S 0.001

#define TRIES 20
#define TRY_NS 20000000

struct ids {
	int64_t *list;
	uint32_t count, room;
};

/* A transaction under way. */
struct hour {
	const struct refill *r;
	pg_t *pg;
	int64_t settled_s;
	struct ids had;		/* jobs that have time in the hour */
	struct ids fresh;	/* jobs that were not known before */
	struct pg_jobs jobs;
	struct holds holds;
	bool stale;
	struct node_sums sums;
	struct pg_alloc *allocs;	/* those that the hour concerns */
	uint32_t alloc_count;
};

static int ids_add(struct ids *ids, int64_t id, struct err *err)
{
	if (ids->count == ids->room) {
		uint32_t room = ids->room ? 2 * ids->room : 64;
		int64_t *grown = realloc(ids->list, room * sizeof(*grown));

		if (!grown)
			return err_set(err, "out of memory");
		ids->list = grown;
		ids->room = room;
	}
	ids->list[ids->count++] = id;
	return 0;
}

static int on_id(void *arg, int64_t id, struct err *err)
{
	return ids_add(arg, id, err);
}

static bool ids_have(const struct ids *ids, int64_t id)
{
	for (uint32_t i = 0; i < ids->count; i++) {
		if (ids->list[i] == id)
			return true;
	}
	return false;
}

/* ---- reading ------------------------------------------------------------------ */

static int on_hour(void *arg, const struct pg_hour *hour, struct err *err)
{
	(void)err;
	*(struct pg_hour *)arg = *hour;
	return 0;
}

static int on_held(void *arg, uint32_t job, const char *name,
		   const int64_t *ids, uint32_t count, struct err *err)
{
	struct hour *h = arg;

	(void)name;
	return holds_add(&h->holds, h->r->node->host, &h->jobs.items[job], ids,
			 count, &h->stale, err);
}

/* The jobs of the hour: those that may have been there, and those that were. */
static int jobs_read(struct hour *h, struct err *err)
{
	const struct refill *r = h->r;
	const char *const nodes[] = { r->node->name };
	struct ids all = { 0 };
	int rc = pg_read_hour_jobs(h->pg, r->node->name, r->hour_s, on_id,
				   &h->had, err);

	for (uint32_t i = 0; rc == 0 && i < h->had.count; i++)
		rc = ids_add(&all, h->had.list[i], err);
	for (uint32_t i = 0; rc == 0 && i < r->job_count; i++)
		rc = ids_add(&all, r->jobs[i], err);
	if (rc == 0)
		rc = pg_read_jobs_of(h->pg, all.list, all.count,
				     r->hour_s - SLACK_S,
				     r->hour_s + HOUR_S + SLACK_S,
				     h->settled_s, &h->jobs, err);
	free(all.list);
	if (rc == 0 && h->jobs.more)
		rc = err_set(err, "OAR's database: more than %d jobs in one hour on %s",
			     PG_JOBS_MAX, r->node->name);
	if (rc == 0 && h->jobs.count)
		rc = pg_read_held(h->pg, &h->jobs, nodes, 1, on_held, h, err);
	holds_sort(&h->holds);
	return rc;
}

/* OAR may delete jobs; what is known of them is not to be lost. */
static bool is_forgotten(const struct hour *h)
{
	for (uint32_t i = 0; i < h->had.count; i++) {
		if (!holds_find(&h->holds, h->had.list[i]))
			return true;
	}
	return false;
}

/* ---- settling ----------------------------------------------------------------- */

static int settle(struct hour *h, struct err *err)
{
	const struct refill *r = h->r;

	for (uint32_t i = 0; i < h->holds.count; i++)
		claim_begin(&h->holds.items[i].claim, r->hour_s, 0);
	return holds_settle(&h->holds, r->node->host, r->series, r->hour_s,
			    r->hour_s + HOUR_S, &h->sums, err);
}

static bool has_time(const struct claim *c)
{
	return c->gate.active_ns > 0 || c->gaps.broken;
}

/* Those that have time in the hour, or had. */
static int allocs_list(struct hour *h, struct err *err)
{
	h->allocs = calloc((size_t)h->holds.count + 1, sizeof(*h->allocs));
	if (!h->allocs)
		return err_set(err, "out of memory");
	for (uint32_t i = 0; i < h->holds.count; i++) {
		const struct hold *hold = &h->holds.items[i];
		const int64_t id = hold->claim.what.job_id;

		if (!has_time(&hold->claim) && !ids_have(&h->had, id))
			continue;
		h->allocs[h->alloc_count++] = (struct pg_alloc){
			.job_id = id, .node = h->r->node->name,
			.source = h->r->source, .claim = &hold->claim,
			.holding = hold->holding,
		};
	}
	return 0;
}

/* ---- summing up ---------------------------------------------------------------- */

struct summing {
	host_t *host;
	const struct pg_alloc *allocs;
	uint32_t alloc_count;
	int64_t settled_s;
	struct pg_total *totals;
	uint32_t count;
};

static const struct pg_alloc *alloc_of(const struct summing *s, int64_t job_id)
{
	for (uint32_t i = 0; i < s->alloc_count; i++) {
		if (s->allocs[i].job_id == job_id)
			return &s->allocs[i];
	}
	return NULL;
}

static int on_fold(void *arg, int64_t job_id, const char *source,
		   const struct fold_hour *hours, uint32_t count,
		   struct err *err)
{
	struct summing *s = arg;
	const struct pg_alloc *a = alloc_of(s, job_id);
	const struct share_claim *what;
	struct share_part part;
	struct fold_rate rate;
	bool scaled;

	if (!a || s->count == s->alloc_count)
		return 0;
	what = &a->claim->what;
	if (host_divide(s->host, &what, 1, &part, &scaled) < 0)
		return err_set(err, "out of memory");
	rate = (struct fold_rate){ part.share, part.model_w };
	s->totals[s->count].job_id = job_id;
	s->totals[s->count].start_s = a->claim->from_s;
	fold_hours(a->claim, s->settled_s, &rate, source, hours, count,
		   &s->totals[s->count].fold);
	s->count++;
	return 0;
}

/* The allocations of one node, from all their hours. */
static int allocs_sum(pg_t *pg, const char *node, host_t *host,
		      const struct pg_alloc *allocs, uint32_t count,
		      int64_t settled_s, struct err *err)
{
	struct summing s = { .host = host, .allocs = allocs,
			     .alloc_count = count, .settled_s = settled_s };
	int rc;

	s.totals = calloc((size_t)count + 1, sizeof(*s.totals));
	if (!s.totals)
		return err_set(err, "out of memory");
	rc = pg_read_fold(pg, node, allocs, count, settled_s, on_fold, &s, err);
	if (rc == 0)
		rc = pg_totals_set(pg, node, s.totals, s.count, err);
	free(s.totals);
	return rc;
}

/* ---- the other nodes of a job that was not known -------------------------------- */

struct others {
	struct hour *h;
	const struct pg_jobs *jobs;
};

/*
 * A job that is not known is known on all its nodes from now on: where nothing
 * was measured of it yet, all its time there is unmeasured. A node that is
 * settled by the follower later than the job's end will not bring it any more.
 */
static int on_other(void *arg, uint32_t job, const char *name,
		    const int64_t *ids, uint32_t count, struct err *err)
{
	const struct others *o = arg;
	struct hour *h = o->h;
	const struct pg_job *j = &o->jobs->items[job];
	const int64_t at = fleet_index(h->r->fleet, name);
	struct fleet_node *n = at < 0 ? NULL : h->r->fleet->nodes[at];
	struct holds holds = { 0 };
	struct pg_alloc alloc;
	bool stale = false;
	int rc;

	if (!n || n == h->r->node || j->to_s == CLAIM_OPEN ||
	    (n->settled_s >= 0 && n->settled_s < j->to_s))
		return 0;
	rc = holds_add(&holds, n->host, j, ids, count, &stale, err);
	if (rc == 0) {
		alloc = (struct pg_alloc){ .job_id = j->id, .node = name,
			.source = n->source, .claim = &holds.items[0].claim,
			.holding = holds.items[0].holding };
		rc = pg_allocs_make(h->pg, &alloc, 1, j->to_s, err);
	}
	if (rc == 0)
		rc = allocs_sum(h->pg, name, n->host, &alloc, 1, j->to_s, err);
	holds_free(&holds);
	return rc;
}

static int others_make(struct hour *h, struct err *err)
{
	struct pg_jobs jobs = { 0 };
	struct others o = { h, &jobs };
	int rc;

	if (!h->fresh.count)
		return 0;
	rc = pg_read_jobs_of(h->pg, h->fresh.list, h->fresh.count,
			     h->r->hour_s - SLACK_S,
			     h->r->hour_s + HOUR_S + SLACK_S, h->settled_s,
			     &jobs, err);
	if (rc == 0 && jobs.count)
		rc = pg_read_held(h->pg, &jobs, NULL, 0, on_other, &o, err);
	pg_jobs_free(&jobs);
	return rc;
}

/* ---- writing --------------------------------------------------------------------- */

static int ids_of_allocs(const struct hour *h, struct ids *ids, struct err *err)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < h->alloc_count; i++)
		rc = ids_add(ids, h->allocs[i].job_id, err);
	return rc;
}

/* Only those with time in it have a row of the hour. */
static uint32_t allocs_here(const struct hour *h, struct pg_alloc *here)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < h->alloc_count; i++) {
		if (has_time(h->allocs[i].claim))
			here[count++] = h->allocs[i];
	}
	return count;
}

static int hour_write(struct hour *h, struct err *err)
{
	const struct refill *r = h->r;
	const hardware_t *hw = host_hardware(r->node->host);
	const struct pg_node_result node = { .node = r->node->name,
		.source = h->sums.measured_ns ? r->source : NULL,
		.cores = hw->cores, .gpus = hw->gpus, .sums = &h->sums };
	struct pg_alloc *here = calloc((size_t)h->alloc_count + 1,
				       sizeof(*here));
	struct pg_results res = { .from_s = r->hour_s,
		.to_s = r->hour_s + HOUR_S, .now_s = r->now_s, .allocs = here,
		.nodes = &node, .node_count = 1 };
	int rc;

	if (!here)
		return err_set(err, "out of memory");
	res.alloc_count = allocs_here(h, here);
	rc = pg_hour_replace(h->pg, &res, err);
	free(here);
	return rc;
}

static int results_write(struct hour *h, struct err *err)
{
	const struct refill *r = h->r;
	struct ids ids = { 0 };
	int rc = ids_of_allocs(h, &ids, err);

	if (rc == 0 && ids.count)
		rc = pg_jobs_copy(h->pg, ids.list, ids.count, h->settled_s,
				  r->now_s, on_id, &h->fresh, err);
	if (rc == 0 && ids.count)
		rc = pg_allocs_make(h->pg, h->allocs, h->alloc_count,
				    h->settled_s, err);
	if (rc == 0)
		rc = hour_write(h, err);
	if (rc == 0 && ids.count)
		rc = allocs_sum(h->pg, r->node->name, r->node->host, h->allocs,
				h->alloc_count, h->settled_s, err);
	if (rc == 0)
		rc = others_make(h, err);
	if (rc == 0 && ids.count)
		rc = pg_jobs_sum(h->pg, ids.list, ids.count, r->now_s, err);
	free(ids.list);
	return rc;
}

/* ---- the transaction ---------------------------------------------------------------- */

static bool is_more(const struct hour *h, const struct pg_hour *before)
{
	const double measured_s = ns_to_s(h->sums.measured_ns);

	return measured_s > MORE_S &&
	       (h->r->force || measured_s > before->measured_s + MORE_S);
}

static enum refill_result transact(struct hour *h, struct refill_change *change,
				   struct err *err)
{
	const struct refill *r = h->r;
	int found;

	if (pg_begin(h->pg, err) < 0)
		return REFILL_FAILED;
	found = pg_node_lock(h->pg, r->node->name, &h->settled_s, err);
	if (found < 0)
		return REFILL_FAILED;
	if (!found || h->settled_s < r->hour_s + HOUR_S)
		return REFILL_UNSETTLED;
	if (pg_read_hours(h->pg, r->node->name, r->hour_s, r->hour_s + 1,
			  on_hour, &change->before, err) < 0)
		return REFILL_FAILED;
	change->after = change->before;
	if (jobs_read(h, err) < 0)
		return REFILL_FAILED;
	if (h->stale)
		return REFILL_STALE;
	if (is_forgotten(h))
		return REFILL_FORGOTTEN;
	if (settle(h, err) < 0)
		return REFILL_FAILED;
	if (!is_more(h, &change->before))
		return REFILL_KEPT;
	if (allocs_list(h, err) < 0 || results_write(h, err) < 0 ||
	    (!r->dry_run && pg_commit(h->pg, err) < 0))
		return REFILL_FAILED;
	change->after = (struct pg_hour){ .hour_s = r->hour_s,
		.measured_s = ns_to_s(h->sums.measured_ns),
		.unmeasured_s = ns_to_s(h->sums.unmeasured_ns),
		.node_j = h->sums.node_j, .allocated_j = h->sums.allocated_j };
	return REFILL_DONE;
}

static void hour_free(struct hour *h)
{
	free(h->had.list);
	free(h->fresh.list);
	free(h->allocs);
	holds_free(&h->holds);
	pg_jobs_free(&h->jobs);
}

enum refill_result refill_hour(pg_t *pg, const struct refill *r,
			       struct refill_change *change, refill_job_fn *fn,
			       void *arg, struct err *err)
{
	const struct timespec pause = { 0, TRY_NS };
	enum refill_result result;
	bool again;
	int tries = 0;

	do {
		struct hour h = { .r = r, .pg = pg };

		*change = (struct refill_change){ 0 };
		result = transact(&h, change, err);
		again = result == REFILL_FAILED && pg_conflict(pg) &&
			++tries < TRIES;
		pg_rollback(pg);
		for (uint32_t i = 0; result == REFILL_DONE && i < h.alloc_count;
		     i++)
			fn(arg, h.allocs[i].job_id);
		hour_free(&h);
		if (again)	/* the follower was there at the same moment */
			nanosleep(&pause, NULL);
	} while (again);
	return result;
}
