/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SAMPLER_H
#define WATTGATE_SAMPLER_H

#include <stdint.h>

#include "lib/clock.h"
#include "lib/log.h"

#include "source/source.h"

/*
 * When to ask a source: on a grid of one period, on boot time, with absolute
 * deadlines, so that nothing drifts; off the grid after failures (backoff.h), and
 * where the source itself says when it has something new.
 * One sample at a time. Trouble is logged when it begins and when it ends.
 */

typedef struct sampler sampler_t;

struct sampler_params {
	const char *node;
	const struct source_ops *ops;
	source_t *source;	/* stays the caller's */
	int64_t period_ns;
	int64_t start_ns;	/* of the grid, boot time */
	timesource_t ts;
	const logger_t *log;
	/* Each reading, good or not. */
	source_done_fn on_reading;
	void *arg;
};

/* NULL: no memory. */
sampler_t *sampler_create(const struct sampler_params *params);
void sampler_destroy(sampler_t *s);	/* NULL is fine */

/* Start a sample if one is due. */
void sampler_run(sampler_t *s);
/* Another period, from now on. */
void sampler_set_period(sampler_t *s, int64_t period_ns);

/* When the next one is due; INT64_MAX while one is under way. */
int64_t sampler_due_ns(const sampler_t *s);

#endif
