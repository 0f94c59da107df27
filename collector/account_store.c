/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ledger, NODE.open, and taking up again after a stop or a crash. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account_impl.h"

/* ---- to the ledger ------------------------------------------------------------ */

static void drop_parts(struct ledger_rec *rec)
{
	if (rec->kind == LEDGER_INTERVAL)
		free(rec->interval.parts);
}

static int copy_parts(struct ledger_interval *iv)
{
	size_t size = iv->parts_len * sizeof(*iv->parts);
	struct ledger_part *copy = size ? malloc(size) : NULL;

	if (size && !copy)
		return -1;
	if (size)
		memcpy(copy, iv->parts, size);
	iv->parts = copy;
	return 0;
}

/* One that the ledger would refuse must not hold up all others for ever. */
static bool storable(const struct ledger_rec *rec)
{
	char *line = malloc(LEDGER_LINE_MAX + 1);
	bool ok = line && ledger_format(rec, line, LEDGER_LINE_MAX + 1) >= 0;

	free(line);
	return ok;
}

void store_queue(account_t *a, const struct ledger_rec *rec)
{
	struct ledger_rec copy = *rec;

	if (!storable(rec))
		goto fail;
	if (a->pending_len == a->pending_size) {
		uint32_t size = a->pending_size ? 2 * a->pending_size : 16;
		void *p = realloc(a->pending, size * sizeof(*a->pending));

		if (!p)
			goto fail;
		a->pending = p;
		a->pending_size = size;
	}
	if (copy.kind == LEDGER_INTERVAL && copy_parts(&copy.interval) < 0)
		goto fail;
	a->pending[a->pending_len++] = copy;
	return;
fail:
	log_error(a->p.log, "node %s: a record of %s cannot be kept and is lost",
		  a->p.node, rec->kind == LEDGER_INTERVAL ? "an interval" :
		  rec->alloc.step);
}

/* At most these bytes of a line, and of each part of an interval. */
#define LINE_BYTES 4096
#define PART_BYTES 64

/* How many of the first records one append surely takes; at least one. */
static uint32_t batch_len(const account_t *a)
{
	size_t size = 0;
	uint32_t n;

	for (n = 0; n < a->pending_len; n++) {
		const struct ledger_rec *rec = &a->pending[n];

		size += LINE_BYTES;
		if (rec->kind == LEDGER_INTERVAL)
			size += rec->interval.parts_len * PART_BYTES;
		if (n && size > LEDGER_BATCH_MAX)
			break;
	}
	return n;
}

static bool flush_batch(account_t *a)
{
	uint32_t i, n = batch_len(a);
	struct err err;
	bool bad = ledger_append(a->p.ledger, a->pending, n, &err) < 0;

	if (log_latch_change(&a->ledger_latch, bad)) {
		if (bad)
			log_error(a->p.log, "%s: %u records wait; nothing is lost "
				  "while this node is up", err.text,
				  a->pending_len);
		else
			log_info(a->p.log, "node %s: the ledger is written again",
				 a->p.node);
	}
	if (bad)
		return false;
	for (i = 0; i < n; i++)
		drop_parts(&a->pending[i]);
	a->pending_len -= n;
	memmove(a->pending, a->pending + n, a->pending_len * sizeof(*a->pending));
	a->checkpointed_ns = 0;	/* NODE.open must not lag behind the ledger */
	return true;
}

bool store_flush(account_t *a)
{
	while (a->pending_len)
		if (!flush_batch(a))
			return false;
	return true;
}

struct ledger_alloc store_alloc(const account_t *a, const struct holder *h,
				const char *end)
{
	struct ledger_alloc r = {
		.job_id = h->rec.job_id, .restart = h->rec.restart,
		.uid = h->rec.uid, .stepd_pid = h->rec.stepd_pid,
		.start_ns = h->rec.start_ns, .settled_ns = h->gate.settled_ns,
		.end_ns = h->gate.settled_ns,
		.start_wall_ns = h->rec.start_wall_ns,
		.suspended_ns = h->gate.suspended_ns,
		.holding = h->rec.holding, .share = h->share,
		.gated_j = h->gate.gated_j, .node_j = h->gate.node_j,
		.model_w = h->model_w, .active_ns = h->gate.active_ns,
		.covered_ns = h->gate.covered_ns,
		.max_gap_ns = h->gate.max_gap_ns,
		.open_gap_ns = h->gate.open_gap_ns,
	};

	r.end_wall_ns = r.start_wall_ns + (r.end_ns - r.start_ns);
	snprintf(r.step, sizeof(r.step), "%s", h->rec.step);
	snprintf(r.node, sizeof(r.node), "%s", a->p.node);
	snprintf(r.boot_id, sizeof(r.boot_id), "%s", h->rec.boot_id);
	snprintf(r.source, sizeof(r.source), "%s", a->source);
	snprintf(r.end, sizeof(r.end), "%s", end);
	return r;
}

static uint32_t count_open(const account_t *a)
{
	uint32_t i, n = 0;

	for (i = 0; i < a->set.len; i++)
		n += a->set.items[i]->state != HOLDER_DONE;
	return n;
}

void store_checkpoint(account_t *a)
{
	uint32_t i, n = 0, size = count_open(a) + 1;
	struct ledger_rec *recs = calloc(size, sizeof(*recs));
	struct err err;
	bool bad;

	if (!recs)
		return;
	recs[n].kind = LEDGER_INTERVAL;
	recs[n].interval = a->interval;
	recs[n].interval.end_ns = a->settled_ns;
	recs[n++].interval.end_wall_ns = a->settled_wall_ns;
	for (i = 0; i < a->set.len; i++) {
		const struct holder *h = a->set.items[i];

		if (h->state == HOLDER_DONE)
			continue;
		recs[n].kind = h->is_alloc ? LEDGER_ALLOC : LEDGER_STEP;
		recs[n].alloc = store_alloc(a, h, "open");
		n += storable(&recs[n]);
	}
	bad = ledger_write_open(a->p.ledger, recs, n, &err) < 0;
	if (log_latch_change(&a->open_latch, bad) && bad)
		log_error(a->p.log, "%s: a crash of this node now would lose more "
			  "than a minute", err.text);
	free(recs);
}

/* ---- from the ledger ---------------------------------------------------------- */

static gaterec_t record_of(const struct ledger_alloc *r)
{
	gaterec_t rec = {
		.job_id = r->job_id, .restart = r->restart, .uid = r->uid,
		.stepd_pid = r->stepd_pid, .start_ns = r->start_ns,
		.start_wall_ns = r->start_wall_ns, .holding = r->holding,
		.share = r->share, .cum_j = NAN,
	};

	snprintf(rec.step, sizeof(rec.step), "%s", r->step);
	snprintf(rec.boot_id, sizeof(rec.boot_id), "%s", r->boot_id);
	return rec;
}

static void restore_holder(account_t *a, const struct ledger_alloc *r)
{
	gaterec_t rec = record_of(r);
	struct holder *h = holder_add(&a->set, &rec);

	if (!h)
		return;
	snprintf(a->source, sizeof(a->source), "%s", r->source);
	h->restored = true;
	h->model_w = r->model_w;
	h->alive_ns = r->settled_ns;
	h->gate = (gate_t){
		.start_ns = r->start_ns, .settled_ns = r->settled_ns,
		.gated_j = r->gated_j, .node_j = r->node_j,
		.active_ns = r->active_ns, .covered_ns = r->covered_ns,
		.suspended_ns = r->suspended_ns, .max_gap_ns = r->max_gap_ns,
		.open_gap_ns = r->open_gap_ns,
	};
}

/* What was open when the node went down: closed as of the checkpoint. */
static void close_crashed(account_t *a, struct ledger_rec *rec)
{
	if (rec->kind != LEDGER_INTERVAL)
		snprintf(rec->alloc.end, sizeof(rec->alloc.end), "crash");
	else if (rec->interval.end_ns <= rec->interval.start_ns)
		return;
	store_queue(a, rec);
}

static void restore_interval(account_t *a, const struct ledger_interval *iv)
{
	struct ledger_interval copy = *iv;

	if (copy_parts(&copy) < 0)
		return;
	free(a->interval.parts);
	a->interval = copy;
	a->parts_size = copy.parts_len;
	a->settled_ns = copy.end_ns;
	a->settled_wall_ns = copy.end_wall_ns;
}

static void restore_record(account_t *a, struct ledger_rec *rec)
{
	const char *boot_id = rec->kind == LEDGER_INTERVAL ?
			      rec->interval.boot_id : rec->alloc.boot_id;

	if (strcmp(boot_id, a->p.boot_id))
		close_crashed(a, rec);
	else if (rec->kind == LEDGER_INTERVAL)
		restore_interval(a, &rec->interval);
	else
		restore_holder(a, &rec->alloc);
}

/* Call fn with each whole record of a file; a missing file is none. */
static int each_record(account_t *a, const char *path,
		       void (*fn)(account_t *, struct ledger_rec *),
		       struct err *err)
{
	ledger_reader_t *reader = ledger_reader_open(path, err);
	struct ledger_rec rec;
	int rc;

	if (!reader)
		return errno == ENOENT ? 0 : -1;
	while ((rc = ledger_reader_next(reader, &rec, err)) != 0) {
		if (rc < 0)
			log_error(a->p.log, "%s", err->text);
		else
			fn(a, &rec);
	}
	ledger_reader_close(reader);
	return 0;
}

static bool same_record(const struct ledger_rec *a, const struct ledger_rec *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == LEDGER_INTERVAL)
		return a->interval.start_ns == b->interval.start_ns &&
		       !strcmp(a->interval.boot_id, b->interval.boot_id);
	return a->alloc.job_id == b->alloc.job_id &&
	       a->alloc.restart == b->alloc.restart &&
	       a->alloc.start_ns == b->alloc.start_ns &&
	       !strcmp(a->alloc.step, b->alloc.step) &&
	       !strcmp(a->alloc.boot_id, b->alloc.boot_id);
}

/* An interval that will be settled once more: who has a part in it? */
static void replay_interval(account_t *a, const struct ledger_interval *iv)
{
	uint32_t i, k;

	if (strcmp(iv->boot_id, a->p.boot_id))
		return;
	if (iv->end_ns > a->replayed_ns)
		a->replayed_ns = iv->end_ns;
	if (iv->end_ns <= a->settled_ns)
		return;
	for (i = 0; i < a->set.len; i++)
		for (k = 0; k < iv->parts_len; k++)
			if (iv->parts[k].job_id == a->set.items[i]->rec.job_id &&
			    iv->parts[k].restart == a->set.items[i]->rec.restart)
				a->set.items[i]->restored = true;
}

/* A job that the ledger's intervals could not know has no part in them. */
static void darken_unknown(account_t *a)
{
	uint32_t i;

	for (i = 0; i < a->set.len; i++)
		if (!a->set.items[i]->restored && !a->set.items[i]->in_ledger)
			a->set.items[i]->dark_until_ns = a->replayed_ns;
}

/* The ledger already has it: do not write it a second time. */
static void leave_out(account_t *a, struct ledger_rec *rec)
{
	struct holder *h;
	gaterec_t id;
	uint32_t i;

	for (i = a->pending_len; i-- > 0; ) {
		if (!same_record(&a->pending[i], rec))
			continue;
		drop_parts(&a->pending[i]);
		a->pending[i] = a->pending[--a->pending_len];
	}
	if (rec->kind == LEDGER_INTERVAL) {
		replay_interval(a, &rec->interval);
		return;
	}
	id = record_of(&rec->alloc);
	h = holder_find(&a->set, &id);
	if (!h && rec->alloc.end_ns > a->settled_ns &&
	    !strcmp(rec->alloc.boot_id, a->p.boot_id))
		h = holder_add(&a->set, &id);
	if (!h)
		return;
	/* what is settled once more must give it the same part once more */
	h->in_ledger = true;
	h->share = rec->alloc.share;	/* its record may not name one */
	h->state = HOLDER_ENDED;
	h->end_ns = rec->alloc.end_ns > h->gate.settled_ns ?
		    rec->alloc.end_ns : h->gate.settled_ns;
}

int store_restore(account_t *a, struct err *err)
{
	int64_t now_ns = timesource_boot_ns(&a->p.ts);

	a->replayed_ns = INT64_MIN / 2;
	interval_begin(a);
	if (each_record(a, a->p.open_path, restore_record, err) < 0)
		return -1;
	if (!a->settled_ns) {	/* a new node, or a new boot */
		a->settled_ns = now_ns;
		a->settled_wall_ns = timesource_wall_ns(&a->p.ts);
		interval_begin(a);
	}
	account_list_records(a, now_ns);
	if (each_record(a, a->p.ledger_path, leave_out, err) < 0)
		return -1;
	darken_unknown(a);
	/* the open interval was ended, and NODE.open not written any more */
	if (a->interval.start_ns < a->replayed_ns &&
	    a->settled_ns >= a->replayed_ns)
		interval_begin(a);
	return 0;
}
