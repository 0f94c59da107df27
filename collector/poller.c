/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "poller.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counter.h"
#include "dirs.h"
#include "sampler.h"
#include "source/source.h"

#define RING_NS (4500 * NS_PER_S)	/* an hour, and a quarter for late readers */
#define RING_MIN 64

struct poller {
	struct poller_params p;
	char label[300];	/* of the node and its meter, for the log */
	char series_path[PATH_MAX];
	series_writer_t *series;
	struct series_params described;	/* what series was opened with */
	const struct source_ops *ops;
	source_t *source;
	char place[64];		/* where readings come from */
	int64_t given_ns;	/* the last sample that the source gave */
	counter_t *counter;
	sampler_t *sampler;
	account_t *account;	/* the owner's; may be NULL */
	struct log_latch latch;
};

/* ---- the series ---- */

static void params_fill(const poller_t *p, struct series_params *sp)
{
	const struct conf *conf = p->p.conf;

	memset(sp, 0, sizeof(*sp));
	snprintf(sp->node, sizeof(sp->node), "%s", conf->node);
	snprintf(sp->boot_id, sizeof(sp->boot_id), "%s", p->p.boot_id);
	snprintf(sp->source, sizeof(sp->source), "%s", p->place);
	sp->period_ns = conf->period_ns;
	sp->max_gap_ns = conf->max_gap_ns;
	sp->share = conf->share;
	if (p->p.describe)
		p->p.describe(p->p.arg, sp);
}

static bool params_equal(const struct series_params *a,
			 const struct series_params *b)
{
	const hardware_t *x = &a->hw, *y = &b->hw;

	return strcmp(a->source, b->source) == 0 &&
	       a->kill_wait_ns == b->kill_wait_ns && x->cores == y->cores &&
	       x->gpus == y->gpus && x->mem_mb == y->mem_mb &&
	       x->core_w == y->core_w && x->gpu_w == y->gpu_w &&
	       x->mem_w_per_gb == y->mem_w_per_gb &&
	       x->threads_per_core == y->threads_per_core &&
	       x->mem_consumable == y->mem_consumable;
}

static uint32_t ring_capacity(const struct conf *conf)
{
	int64_t samples = RING_NS / conf->period_ns;

	return samples > RING_MIN ? (uint32_t)samples : RING_MIN;
}

/* Open it, or open it anew where what it says of the node has changed. */
static int series_refresh(poller_t *p, struct err *err)
{
	struct series_params sp;

	params_fill(p, &sp);
	if (p->series && params_equal(&sp, &p->described))
		return 0;
	series_writer_close(p->series);
	p->described = sp;
	p->series = series_writer_open(p->series_path, &p->described,
				       ring_capacity(p->p.conf), err);
	return p->series ? 0 : -1;
}

static void series_trouble(poller_t *p, int rc, const struct err *err)
{
	const char *node = p->label;

	if (!log_latch_change(&p->latch, rc < 0))
		return;
	if (rc < 0)
		log_error(p->p.log, "node %s: readings are lost: %s", node,
			  err->text);
	else
		log_info(p->p.log, "node %s: readings are kept again", node);
}

/* ---- samples ---- */

/* When the wall clock showed it, as it goes now. */
static int64_t wall_of(const poller_t *p, int64_t boot_ns)
{
	return timesource_wall_ns(&p->p.ts) -
	       (timesource_boot_ns(&p->p.ts) - boot_ns);
}

/* What came late is of the same instant as before to some ns, or ms after NTP. */
#define SAME_MAX_NS (NS_PER_S / 10)

static int64_t same_ns(const poller_t *p)
{
	int64_t ns = p->p.conf->period_ns / 4;

	if (!p->ops->late_ns || p->ops->times_kept)
		return 0;
	return ns < SAME_MAX_NS ? ns : SAME_MAX_NS;
}

/*
 * From here on a sample is news: behind the series' last one, and where the
 * ledger has not yet divided the time as unmeasured. What a source brings after
 * a start, or after long silence, may lie before.
 */
static int64_t news_from(const poller_t *p)
{
	const series_t *s = series_writer_series(p->series);
	const struct series_sample *last = series_last(s);
	int64_t from_ns = counter_settled_ns(p->series, p->account);

	return last && last->boot_ns >= from_ns ?
	       last->boot_ns + same_ns(p) + 1 : from_ns;
}

/*
 * How a sample joins the series' last one. Joules count from the sample that
 * the source gave before: where that is not the last one, power has to do. And
 * what the ledger has as unmeasured remains that.
 */
static enum series_join join_of(const poller_t *p, enum series_join join)
{
	const struct series_sample *last =
		series_last(series_writer_series(p->series));

	if (join != SERIES_MEAN)
		return join;
	if (!last || last->boot_ns != p->given_ns)
		return SERIES_LINE;
	return counter_settled_ns(p->series, p->account) > last->boot_ns ?
	       SERIES_GAP : SERIES_MEAN;
}

/*
 * Suspensions that were booked in a silence are put right by what is learnt of
 * it. known: the last sample before the silence.
 */
static void learn(poller_t *p, const struct series_sample *known,
		  const struct past_sample *s, bool newest)
{
	const series_t *series = series_writer_series(p->series);
	struct series_sample next;

	if (!p->account || !known->boot_ns ||
	    series_next_as(series, s->boot_ns, 0, s->watts,
			   join_of(p, s->join), s->joules, &next) < 0)
		return;
	account_learn(p->account, known, series_last(series), &next, newest);
}

static int past_append(poller_t *p, const struct reading *r,
		       const struct series_sample *known, struct err *err)
{
	int64_t from_ns = news_from(p);
	int rc = 0;

	for (unsigned i = 0; i < r->past_count && rc == 0; i++) {
		const struct past_sample *s = &r->past[i];

		if (s->boot_ns >= from_ns) {
			learn(p, known, s, false);
			rc = series_writer_append_as(p->series, s->boot_ns,
						     wall_of(p, s->boot_ns),
						     s->watts,
						     join_of(p, s->join),
						     s->joules, err);
		}
		p->given_ns = s->boot_ns;
	}
	return rc;
}

static int newest_append(poller_t *p, const struct reading *r,
			 const struct series_sample *known, struct err *err)
{
	const struct past_sample newest = { r->boot_ns, r->watts, r->join,
					    r->joules };
	int64_t wall_ns = wall_of(p, r->boot_ns);
	struct reading as = *r;

	as.join = join_of(p, r->join);
	if (r->past_count && r->boot_ns >= news_from(p))
		learn(p, known, &newest, true);
	p->given_ns = r->boot_ns;
	if (r->boot_ns < news_from(p))
		return 0;
	if (as.join != SERIES_GAP)
		return counter_append(p->counter, p->series, p->account, &as,
				      wall_ns, err);
	return series_writer_append_as(p->series, r->boot_ns, wall_ns, r->watts,
				       SERIES_GAP, NAN, err);
}

/* A copy: the ring may turn. All zero: there is none. */
static struct series_sample last_known(const poller_t *p)
{
	const struct series_sample *last = p->series ?
		series_last(series_writer_series(p->series)) : NULL;

	return last ? *last : (struct series_sample){ 0 };
}

static void reading_keep(poller_t *p, const struct reading *r)
{
	struct series_sample known;
	struct err err;
	int rc;

	snprintf(p->place, sizeof(p->place), "%s", r->source);
	rc = series_refresh(p, &err);
	known = last_known(p);
	if (rc == 0)
		rc = past_append(p, r, &known, &err);
	if (rc == 0)
		rc = newest_append(p, r, &known, &err);
	series_trouble(p, rc, &err);
}

static void on_reading(void *arg, const struct reading *r)
{
	poller_t *p = arg;

	if (r->ok)
		reading_keep(p, r);
	if (p->p.on_sample)
		p->p.on_sample(p->p.arg);
}

void poller_refresh(poller_t *p)
{
	struct err err;

	if (series_refresh(p, &err) < 0)
		series_trouble(p, -1, &err);
}

void poller_run(poller_t *p)
{
	sampler_run(p->sampler);
}

int64_t poller_due_ns(const poller_t *p)
{
	return sampler_due_ns(p->sampler);
}

void poller_set_period(poller_t *p, int64_t period_ns)
{
	sampler_set_period(p->sampler, period_ns);
}

void poller_set_account(poller_t *p, account_t *account)
{
	p->account = account;
}

series_writer_t *poller_series(const poller_t *p)
{
	return p->series;
}

const struct series_params *poller_series_params(const poller_t *p)
{
	return &p->described;
}

int64_t poller_await_ns(const poller_t *p)
{
	const series_t *s = p->series ? series_writer_series(p->series) : NULL;
	const struct series_sample *last = s ? series_last(s) : NULL;
	int64_t until_ns = s ? counter_until_ns(p->counter, s) : 0;
	int64_t late_ns = (last ? last->boot_ns : p->p.start_ns) +
			  p->ops->late_ns;

	return s && p->ops->late_ns && late_ns > until_ns ? late_ns : until_ns;
}

/* ---- life ---- */

static int source_open(poller_t *p, struct err *err)
{
	struct source_env env = {
		.conf = p->p.conf, .meter = p->p.meter,
		.suffix = p->p.suffix, .http = p->p.http,
		.watch = p->p.watch, .ts = p->p.ts, .boot_id = p->p.boot_id,
		.log = p->p.log,
	};
	const char *place;

	p->ops = source_find(p->p.conf, p->p.meter, err);
	if (!p->ops)
		return -1;
	p->source = p->ops->open(&env, err);
	if (!p->source)
		return -1;
	place = p->ops->place(p->source);
	snprintf(p->place, sizeof(p->place), "%s",
		 *place ? place : p->ops->name);
	return 0;
}

static int run_dir_make(poller_t *p, struct err *err)
{
	const char *node = p->p.conf->node;
	char dir[PATH_MAX], file[16];

	snprintf(file, sizeof(file), "series%s", p->p.suffix);
	if (conf_run_path(p->series_path, sizeof(p->series_path), node,
			  file) < 0)
		return err_set(err, "%s: the path is too long", conf_run_dir());
	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(p->series_path, '/') -
		 p->series_path), p->series_path);
	return dir_make(dir, err);
}

static int parts_create(poller_t *p, struct err *err)
{
	const struct conf *conf = p->p.conf;
	const struct counter_params counter = {
		.node = conf->node, .boot_id = p->p.boot_id,
		.bmc = p->p.meter->url, .bmc_node = p->p.meter->node,
		.state_dir = conf->state_dir, .suffix = p->p.suffix,
		.max_gap_ns = conf->max_gap_ns, .log = p->p.log,
	};
	const struct sampler_params sampler = {
		.node = p->label, .ops = p->ops, .source = p->source,
		.period_ns = conf->period_ns, .start_ns = p->p.start_ns,
		.ts = p->p.ts, .log = p->p.log, .on_reading = on_reading,
		.arg = p,
	};

	p->counter = counter_create(&counter);
	p->sampler = sampler_create(&sampler);
	return p->counter && p->sampler ? 0 : err_set(err, "out of memory");
}

static poller_t *poller_new(const struct poller_params *params, struct err *err)
{
	poller_t *p = calloc(1, sizeof(*p));

	if (!p) {
		err_set(err, "out of memory");
		return NULL;
	}
	p->p = *params;
	snprintf(p->label, sizeof(p->label), "%s%s", params->conf->node,
		 *params->suffix ? " (second meter)" : "");
	return p;
}

poller_t *poller_create(const struct poller_params *params, struct err *err)
{
	poller_t *p = poller_new(params, err);

	/* the series' lock keeps a second wattgated away */
	if (p && run_dir_make(p, err) == 0 && source_open(p, err) == 0 &&
	    parts_create(p, err) == 0 && series_refresh(p, err) == 0)
		return p;
	poller_close(p, 0);
	return NULL;
}

void poller_stop(poller_t *p)
{
	if (p->ops->stop)
		p->ops->stop(p->source);
}

void poller_close(poller_t *p, int64_t limit_ns)
{
	int saved = errno;

	if (!p)
		return;
	if (p->source)
		p->ops->close(p->source, limit_ns);
	sampler_destroy(p->sampler);
	counter_destroy(p->counter);
	series_writer_close(p->series);
	free(p);
	errno = saved;
}

int poller_check(const struct poller_params *params, struct err *err)
{
	poller_t *p = poller_new(params, err);
	int rc = p ? source_open(p, err) : -1;

	poller_close(p, 0);
	return rc;
}
