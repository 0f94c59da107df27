/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "second.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meters.h"

#define OPEN_AGAIN_NS (60 * NS_PER_S)

struct second {
	struct second_params p;
	poller_t *poller;	/* NULL: not yet */
	meters_t *meters;
	int64_t open_due_ns;
	int64_t period_ns;	/* 0: the configuration's */
	struct log_latch latch;
};

static void on_sample(void *arg)
{
	second_t *s = arg;

	if (s->p.on_sample)
		s->p.on_sample(s->p.arg);
}

static struct poller_params poller_params(second_t *s, int64_t start_ns)
{
	return (struct poller_params){
		.conf = s->p.conf, .meter = &s->p.conf->second, .suffix = "2",
		.http = s->p.http, .watch = s->p.watch, .ts = s->p.ts,
		.boot_id = s->p.boot_id, .log = s->p.log,
		.start_ns = start_ns, .on_sample = on_sample, .arg = s,
	};
}

/* Half a period after the first one: they seldom are one device, but may be. */
static void poller_try(second_t *s, int64_t now_ns)
{
	struct poller_params params =
		poller_params(s, now_ns + s->p.conf->period_ns / 2);
	struct err err;

	if (s->poller || now_ns < s->open_due_ns)
		return;
	s->open_due_ns = now_ns + OPEN_AGAIN_NS;
	s->poller = poller_create(&params, &err);
	if (s->poller && s->period_ns)
		poller_set_period(s->poller, s->period_ns);
	if (log_latch_change(&s->latch, !s->poller) && !s->poller)
		log_error(s->p.log, "node %s: the second meter is not read: %s",
			  s->p.conf->node, err.text);
}

void second_run(second_t *s)
{
	int64_t now_ns;

	if (!s)
		return;
	now_ns = timesource_boot_ns(&s->p.ts);
	poller_try(s, now_ns);
	if (!s->poller)
		return;
	poller_refresh(s->poller);
	poller_run(s->poller);
	meters_run(s->meters, s->p.first, s->poller, now_ns);
}

int64_t second_due_ns(const second_t *s)
{
	int64_t poller_ns, meters_ns;

	if (!s)
		return INT64_MAX;
	if (!s->poller)
		return s->open_due_ns;
	poller_ns = poller_due_ns(s->poller);
	meters_ns = meters_due_ns(s->meters);
	return poller_ns < meters_ns ? poller_ns : meters_ns;
}

void second_set_period(second_t *s, int64_t period_ns)
{
	if (!s)
		return;
	s->period_ns = period_ns;
	if (s->poller)
		poller_set_period(s->poller, period_ns);
}

/* ---- life ---- */

second_t *second_create(const struct second_params *params)
{
	const struct conf *conf = params->conf;
	const struct meters_params meters = {
		.conf = conf, .ts = params->ts, .boot_id = params->boot_id,
		.log = params->log,
	};
	second_t *s;

	if (!*conf->second.source)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s) {
		s->p = *params;
		s->meters = meters_create(&meters);
	}
	if (!s || !s->meters) {
		log_error(params->log, "node %s: the second meter is not read: out of memory",
			  conf->node);
		free(s);
		return NULL;
	}
	second_run(s);
	return s;
}

void second_stop(second_t *s)
{
	if (s && s->poller)
		poller_stop(s->poller);
}

void second_close(second_t *s, int64_t limit_ns)
{
	if (!s)
		return;
	if (s->poller)
		meters_end(s->meters, s->p.first, s->poller);
	meters_destroy(s->meters);
	poller_close(s->poller, limit_ns);
	free(s);
}

int second_check(const struct second_params *params, struct err *err)
{
	second_t s = { .p = *params };
	struct poller_params poller = poller_params(&s, 0);
	struct err why;

	if (!*params->conf->second.source ||
	    poller_check(&poller, &why) == 0)
		return 0;
	return err_set(err, "the second meter: %s", why.text);
}
