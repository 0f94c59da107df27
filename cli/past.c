/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/past.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/cmd.h"
#include "lib/clock.h"
#include "source/history.h"

struct fetch {
	const struct past *past;
	struct samples *samples;
	bool full;		/* more than there is room for */
};

static int take_sample(void *arg, int64_t wall_ns, double watts)
{
	struct fetch *f = arg;

	f->full = samples_add(f->samples, wall_ns, watts) < 0;
	return f->full || f->past->stopped();
}

/*
 * The meter that has a past: the first, or the second one beside it. What is
 * wrong is told of the first.
 */
static const struct conf_meter *meter_with_past(const struct conf *conf,
						const char *node,
						struct err *err)
{
	if (history_check(&conf->bmc, NULL) == 0)
		return &conf->bmc;
	if (history_check(&conf->second, NULL) == 0)
		return &conf->second;
	err_set(err, "node %s: source = %s has no past: set source = kwollect or prometheus in [bmc], or in [second] beside it",
		node, conf->bmc.source);
	return NULL;
}

/* Samples that are too far apart measure nothing: nobody would guess why. */
static void note_sparse(struct past *past, const char *node,
			const struct samples *s)
{
	const int64_t period_ns = samples_period_ns(s);

	if (past->sparse_told || period_ns <= s->max_gap_ns)
		return;
	past->sparse_told = true;
	cmd_note("backfill", "node %s: samples are %.0f s apart, more than max_gap (%.0f s): nothing between them counts as measured; --max-gap %.0fs lets it count",
		 node, ns_to_s(period_ns), ns_to_s(s->max_gap_ns),
		 1.5 * ns_to_s(period_ns) + 1);
}

static int fetch_run(struct fetch *f, history_t *h, const char *node,
		     int64_t from_ns, int64_t to_ns, struct err *err)
{
	struct err why;
	const int rc = history_fetch(h, from_ns, to_ns, take_sample, NULL, f,
				     NULL, &why);

	if (rc == 0)
		return 0;
	if (rc < 0)
		return err_set(err, "node %s: %s", node, why.text);
	return f->full ? err_set(err, "node %s: more than %d samples, or too little memory for them",
				 node, SAMPLES_MAX) :
			 err_set(err, "node %s: interrupted", node);
}

static int node_samples(struct past *past, const struct conf *conf,
			const char *node, int64_t from_s, int64_t to_s,
			struct samples *samples, char *source, struct err *err)
{
	const int64_t max_gap_ns = past->max_gap_ns ? past->max_gap_ns :
						      conf->max_gap_ns;
	struct history_env env = { .node = node, .period_ns = conf->period_ns,
				   .ts = timesource_system() };
	struct fetch f = { .past = past, .samples = samples };
	struct err why;
	history_t *h;
	int rc;

	env.meter = meter_with_past(conf, node, err);
	if (!env.meter)
		return -1;
	h = history_open(&env, &why);
	if (!h)
		return err_set(err, "node %s: %s", node, why.text);
	samples->max_gap_ns = max_gap_ns;
	rc = fetch_run(&f, h, node, from_s * NS_PER_S - max_gap_ns,
		       to_s * NS_PER_S + max_gap_ns, err);
	if (rc == 0)
		note_sparse(past, node, samples);
	snprintf(source, PAST_SOURCE_MAX, "%s", history_source(h));
	history_close(h);
	return rc;
}

int past_samples(struct past *past, const char *node, int64_t from_s,
		 int64_t to_s, struct samples *samples,
		 char source[PAST_SOURCE_MAX], struct err *err)
{
	struct conf *conf = malloc(sizeof(*conf));
	int rc;

	*source = '\0';
	if (!conf)
		return err_set(err, "out of memory");
	rc = conf_load(past->confs->path, node, conf, err);
	if (rc == 0)
		rc = node_samples(past, conf, node, from_s, to_s, samples,
				  source, err);
	free(conf);
	return rc;
}
