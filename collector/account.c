/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account_impl.h"

/*
 * How far the settled time stays behind the newest sample: a gate record is
 * written some milliseconds after the start that it names.
 */
#define LAG_NS NS_PER_S

account_t *account_create(const struct account_params *params, struct err *err)
{
	account_t *a = calloc(1, sizeof(*a));

	if (!a) {
		err_set_errno(err, "node %s: accountant", params->node);
		return NULL;
	}
	a->p = *params;
	a->gate_dirfd = -1;
	if (store_restore(a, err) < 0) {
		account_destroy(a);
		return NULL;
	}
	if (store_flush(a))
		store_checkpoint(a);
	return a;
}

void account_destroy(account_t *a)
{
	uint32_t i;

	if (!a)
		return;
	holder_set_free(&a->set);
	for (i = 0; i < a->pending_len; i++)
		if (a->pending[i].kind == LEDGER_INTERVAL)
			free(a->pending[i].interval.parts);
	free(a->pending);
	free(a->interval.parts);
	if (a->gate_dirfd >= 0)
		close(a->gate_dirfd);
	free(a);
}

/* Up to where everything is known: samples, starts and ends. */
static int64_t settle_target(const account_t *a, const series_t *s,
			     int64_t now_ns)
{
	const struct series_sample *last = series_last(s);
	int64_t sampled_ns = last ? last->boot_ns : 0;
	int64_t to_ns = sampled_ns - LAG_NS;
	/* no sample that is still to come will bridge what lies before this */
	int64_t late_ns = a->p.timeout_ns + LAG_NS;
	int64_t dark_ns = now_ns - a->p.max_gap_ns - late_ns;
	int64_t known_ns;

	if (dark_ns > sampled_ns && now_ns - late_ns > a->await_ns)
		to_ns = dark_ns;
	known_ns = account_known_until(a, now_ns);
	return to_ns < known_ns ? to_ns : known_ns;
}

/*
 * The job's slot among the suspended is free, unless another instance of the
 * job runs by now: for that one, this one's suspension is over.
 */
static int free_slot(account_t *a, const series_t *s, const struct holder *h,
		     struct err *err)
{
	const struct suspend_slot *slot =
		suspend_writer_find(a->p.suspend, h->rec.job_id);
	struct series_span span;

	if (!holder_job_known(&a->set, h->rec.job_id))
		return suspend_writer_drop(a->p.suspend, h->rec.job_id, err);
	if (!slot || !slot->since_ns || slot->since_ns < h->rec.start_ns ||
	    !holder_suspended(h, h->end_ns - 1))
		return 0;
	series_between(s, slot->since_ns, h->end_ns, &span);
	return suspend_writer_resume(a->p.suspend, h->rec.job_id, h->end_ns,
				     slot->since_cum_j + span.joules,
				     slot->since_cum_covered_ns +
				     span.covered_ns, err);
}

static void close_holder(account_t *a, const series_t *s, struct holder *h)
{
	struct ledger_rec rec = {
		.kind = h->is_alloc ? LEDGER_ALLOC : LEDGER_STEP,
		.alloc = store_alloc(a, h, h->end),
	};
	struct err err;

	if (!h->in_ledger)
		store_queue(a, &rec);
	h->state = HOLDER_DONE;
	if (free_slot(a, s, h, &err) < 0)
		log_error(a->p.log, "node %s: %s", a->p.node, err.text);
}

static void close_ended(account_t *a, const series_t *s)
{
	uint32_t i;

	for (i = 0; i < a->set.len; i++) {
		struct holder *h = a->set.items[i];

		if (h->state == HOLDER_ENDED && h->end_ns <= a->settled_ns)
			close_holder(a, s, h);
	}
}

/* Before NODE.open, by which a crash goes, is older than a checkpoint's time. */
static bool checkpoint_due(const account_t *a)
{
	int64_t next_ns = timesource_boot_ns(&a->p.ts) + a->p.period_ns;

	if (!a->checkpointed_ns)
		return true;
	return a->settled_ns > a->checkpointed_ns &&
	       next_ns - a->checkpointed_ns >= a->p.checkpoint_ns;
}

static void save(account_t *a, series_writer_t *series)
{
	struct err err;

	if (!store_flush(a))
		return;		/* NODE.open still has what waits */
	if (series_writer_set_settled(series, a->settled_ns, &err) < 0)
		log_error(a->p.log, "%s", err.text);
	if (checkpoint_due(a)) {
		store_checkpoint(a);
		a->checkpointed_ns = a->settled_ns;
	}
}

void account_tick(account_t *a, series_writer_t *series,
		  const struct series_params *sp)
{
	const series_t *s = series_writer_series(series);
	int64_t now_ns = timesource_boot_ns(&a->p.ts);

	snprintf(a->source, sizeof(a->source), "%s", sp->source);
	account_follow(a, sp, s, now_ns);
	account_settle(a, s, settle_target(a, s, now_ns));
	close_ended(a, s);
	save(a, series);
}

int account_close(account_t *a, series_writer_t *series, struct err *err)
{
	interval_end(a);
	if (!store_flush(a))
		return err_set(err, "node %s: the ledger could not be written; "
			       "what it lacks is in %s and in the gate records",
			       a->p.node, a->p.open_path);
	store_checkpoint(a);
	return series_writer_set_settled(series, a->settled_ns, err);
}
