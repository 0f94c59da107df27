/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_HISTORY_H
#define WATTGATE_HISTORY_H

#include <stdint.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/log.h"

/*
 * Past power of a node, for `wattgate backfill`: what a Kwollect or Prometheus
 * server still has of it. Calls block; they are for a command, not for a
 * daemon's loop.
 *
 * The window is fetched in pages. Where the server says that a page is too
 * wide ("Request timeout", too many samples, too large an answer) the page is
 * halved, down to a minute. A server that is away or busy is asked again, a
 * few times, more slowly each time; then the call fails.
 */

typedef struct history history_t;

struct history_env {
	const struct conf_meter *meter;	/* all of these outlive the history */
	const char *node;	/* the node's name here */
	int64_t period_ns;	/* how far samples are apart, as configured */
	timesource_t ts;
	const logger_t *log;	/* retries and halved pages; NULL: nowhere */
};

/* Whether the meter's source has a past: 0; -1 with a text that says so. */
int history_check(const struct conf_meter *meter, struct err *err);

/* Checks the configuration and the secret; no traffic. NULL with a text. */
history_t *history_open(const struct history_env *env, struct err *err);
void history_close(history_t *h);	/* NULL is fine */

/*
 * A sample: wall time in nanoseconds since 1970, watts above 0 and at most
 * 1 MW. What was null, 0 W or not a number is no sample and is not told; time
 * without samples is unmeasured. Other than 0 ends the fetch.
 */
typedef int (*history_sample_fn)(void *arg, int64_t wall_ns, double watts);

struct history_stats {
	uint64_t samples;	/* told */
	uint64_t unmeasured;	/* rows that were no power */
	unsigned pages, requests;
};

/*
 * The samples stamped from_ns to to_ns, both included, each once and in
 * ascending order. `page` (NULL: no one cares) is called behind each page with
 * the instant that is done.
 * Returns 0; -1 with a text, where samples up to some page have been told and
 * are right; or what `sample` returned, where that was not 0. `stats` may be
 * NULL.
 */
int history_fetch(history_t *h, int64_t from_ns, int64_t to_ns,
		  history_sample_fn sample,
		  void (*page)(void *arg, int64_t until_ns), void *arg,
		  struct history_stats *stats, struct err *err);

/* "kwollect:bmc_node_power_watt", "prometheus:node_power_watts": of figures. */
const char *history_source(const history_t *h);

#endif
