/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "batch.h"

#include <stdlib.h>
#include <string.h>

#include "holds.h"

/* One node of the batch. */
struct part {
	struct fleet_node *node;
	struct holds holds;
	struct node_sums sums;
};

struct batch {
	const struct batch_window *w;
	struct pg_jobs jobs;
	struct part *parts;
	const char **names;
	uint32_t holds;		/* of all parts */
	bool stale;
};

/* ---- claims -------------------------------------------------------------------- */

static struct part *part_of(const struct batch *b, const char *name)
{
	uint32_t lo = 0, hi = b->w->count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (strcmp(b->names[mid], name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < b->w->count && strcmp(b->names[lo], name) == 0 ?
	       &b->parts[lo] : NULL;
}

static int on_held(void *arg, uint32_t job, const char *name,
		   const int64_t *ids, uint32_t count, struct err *err)
{
	struct batch *b = arg;
	const struct pg_job *j = &b->jobs.items[job];
	struct part *p = part_of(b, name);

	if (!p)
		return 0;
	b->holds++;
	return holds_add(&p->holds, p->node->host, j, ids, count, &b->stale,
			 err);
}

static int on_known(void *arg, int64_t job_id, const char *name,
		    double open_gap_s, struct err *err)
{
	struct batch *b = arg;
	struct part *p = part_of(b, name);
	struct hold *h = p ? holds_find(&p->holds, job_id) : NULL;

	(void)err;
	if (h) {
		h->known = true;
		h->open_gap_s = open_gap_s;
	}
	return 0;
}

static int batch_read(struct batch *b, pg_t *pg, struct err *err)
{
	const uint32_t n = b->w->count;

	if (pg_read_jobs(pg, b->w->from_s, b->w->to_s, b->w->mark, &b->jobs,
			 err) < 0)
		return -1;
	if (b->jobs.more || !b->jobs.count)
		return 0;
	if (pg_read_held(pg, &b->jobs, b->names, n, on_held, b, err) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		holds_sort(&b->parts[i].holds);
	if (b->stale || !b->holds)
		return 0;
	return pg_read_known(pg, &b->jobs, b->names, n, on_known, b, err);
}

/* ---- settling ------------------------------------------------------------------- */

static int hold_begin(struct hold *h, const struct part *p, int64_t from_s)
{
	if (h->known || h->claim.from_s >= from_s) {
		claim_begin(&h->claim, from_s, h->open_gap_s);
		return 0;
	}
	if (claim_begin_late(&h->claim, p->node->host, from_s) < 0)
		return -1;
	h->late = (struct claim_late){ h->claim.gate.active_ns,
				      h->claim.share_s, h->claim.model_j };
	return 0;
}

static int part_settle(const struct batch *b, struct part *p, struct err *err)
{
	const struct batch_window *w = b->w;
	series_t *s;
	int rc;

	for (uint32_t i = 0; i < p->holds.count; i++) {
		if (hold_begin(&p->holds.items[i], p, w->from_s) < 0)
			return err_set(err, "out of memory for node %s",
				       p->node->name);
	}
	s = fleet_series(p->node, w->from_s * NS_PER_S, w->to_s * NS_PER_S);
	rc = holds_settle(&p->holds, p->node->host, s, w->from_s, w->to_s,
			  &p->sums, err);
	series_destroy(s);
	return rc;
}

/* ---- storing -------------------------------------------------------------------- */

static void results_fill(const struct batch *b, struct pg_alloc *allocs,
			 struct pg_node_result *nodes)
{
	for (uint32_t i = 0; i < b->w->count; i++) {
		const struct part *p = &b->parts[i];
		const hardware_t *hw = host_hardware(p->node->host);

		nodes[i] = (struct pg_node_result){
			.node = p->node->name, .source = p->node->source,
			.cores = hw->cores, .gpus = hw->gpus, .sums = &p->sums,
		};
		for (uint32_t k = 0; k < p->holds.count; k++, allocs++) {
			const struct hold *h = &p->holds.items[k];

			*allocs = (struct pg_alloc){
				.job_id = h->claim.what.job_id,
				.node = p->node->name,
				.source = p->node->source, .claim = &h->claim,
				.holding = h->holding, .late = h->late,
			};
		}
	}
}

static int batch_store(const struct batch *b, pg_t *pg, struct err *err)
{
	struct pg_alloc *allocs = calloc((size_t)b->holds + 1, sizeof(*allocs));
	struct pg_node_result *nodes = calloc(b->w->count, sizeof(*nodes));
	const struct pg_results results = {
		.from_s = b->w->from_s, .to_s = b->w->to_s, .now_s = b->w->now_s,
		.allocs = allocs, .alloc_count = b->holds,
		.nodes = nodes, .node_count = b->w->count,
	};
	int rc;

	if (allocs && nodes) {
		results_fill(b, allocs, nodes);
		rc = pg_store(pg, &results, err);
	} else {
		rc = err_set(err, "out of memory for %u allocations", b->holds);
	}
	free(allocs);
	free(nodes);
	return rc;
}

/* ---- the transaction ------------------------------------------------------------ */

static enum batch_result transact(struct batch *b, pg_t *pg, struct err *err)
{
	const struct batch_window *w = b->w;
	int locked;

	if (pg_begin(pg, err) < 0)
		return BATCH_FAILED;
	locked = pg_nodes_lock(pg, b->names, w->count, w->from_s, err);
	if (locked <= 0)
		return locked < 0 ? BATCH_FAILED : BATCH_MOVED;
	if (batch_read(b, pg, err) < 0)
		return BATCH_FAILED;
	if (b->jobs.more)
		return BATCH_TOO_MUCH;
	if (b->stale)
		return BATCH_STALE;
	for (uint32_t i = 0; i < w->count; i++) {
		if (part_settle(b, &b->parts[i], err) < 0)
			return BATCH_FAILED;
	}
	if (batch_store(b, pg, err) < 0 || pg_commit(pg, err) < 0)
		return BATCH_FAILED;
	return BATCH_DONE;
}

static int batch_init(struct batch *b, const struct batch_window *w)
{
	*b = (struct batch){ .w = w };
	b->parts = calloc(w->count, sizeof(*b->parts));
	b->names = calloc(w->count, sizeof(*b->names));
	if (!b->parts || !b->names)
		return -1;
	for (uint32_t i = 0; i < w->count; i++) {
		b->parts[i].node = w->nodes[i];
		b->names[i] = w->nodes[i]->name;
	}
	return 0;
}

static void batch_free(struct batch *b)
{
	for (uint32_t i = 0; b->parts && i < b->w->count; i++)
		holds_free(&b->parts[i].holds);
	free(b->parts);
	free(b->names);
	pg_jobs_free(&b->jobs);
}

enum batch_result batch_settle(pg_t *pg, const struct batch_window *w,
			       uint32_t *allocs, struct err *err)
{
	enum batch_result result = BATCH_FAILED;
	struct batch b;

	if (batch_init(&b, w) < 0) {
		err_set(err, "out of memory for %u nodes", w->count);
	} else {
		result = transact(&b, pg, err);
		if (result == BATCH_FAILED && pg_conflict(pg))
			result = BATCH_MOVED;
	}
	*allocs = b.holds;
	if (result != BATCH_DONE)
		pg_rollback(pg);
	batch_free(&b);
	if (result == BATCH_DONE) {
		for (uint32_t i = 0; i < w->count; i++)
			w->nodes[i]->settled_s = w->to_s;
	}
	return result;
}
