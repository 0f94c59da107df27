/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_POLLER_H
#define WATTGATE_POLLER_H

#include <stdint.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/series.h"

#include "account.h"
#include "source/http.h"
#include "source/watch.h"

/*
 * One node's power into its series: the source, the sampler that keeps its
 * period, the counter that bridges gaps, and RUN/NODE/series. Runs from the
 * caller's loop; samples go on in http_poll().
 */

typedef struct poller poller_t;

struct poller_params {
	const struct conf *conf;	/* outlives it, like the others */
	const struct conf_meter *meter;	/* of conf */
	const char *suffix;	/* of the meter's files: "" or "2" */
	http_t *http;
	watch_t *watch;
	timesource_t ts;
	const char *boot_id;
	const logger_t *log;
	int64_t start_ns;	/* of the sampler's grid, boot time */
	/* Fill in hardware and what else the scheduler tells; NULL: nothing. */
	void (*describe)(void *arg, struct series_params *p);
	/* After each sample, good or not; NULL: no one cares. */
	void (*on_sample)(void *arg);
	void *arg;
};

/* Makes RUN/NODE where it is missing. NULL with a text. */
poller_t *poller_create(const struct poller_params *params, struct err *err);

/* Begin to log out, where several pollers go at once; close follows. */
void poller_stop(poller_t *p);

/* Drop a sample under way, log out of the BMC within limit_ns. NULL is fine. */
void poller_close(poller_t *p, int64_t limit_ns);

/* What poller_create() needs of the configuration: 0, or -1 with a text. */
int poller_check(const struct poller_params *params, struct err *err);

/* Sample if it is due. */
void poller_run(poller_t *p);

/* Open the series anew where its description changed; each sample does, too. */
void poller_refresh(poller_t *p);
int64_t poller_due_ns(const poller_t *p);

/* How often to sample from now on; the series' own period stays. */
void poller_set_period(poller_t *p, int64_t period_ns);

/* Who has settled the series' past (NULL: no one); see counter_append(). */
void poller_set_account(poller_t *p, account_t *account);

/* NULL while the series cannot be written. */
series_writer_t *poller_series(const poller_t *p);
const struct series_params *poller_series_params(const poller_t *p);

/*
 * Until when a sample may come that says what was behind the series' last one:
 * by a counter, or because the source may come late. 0 where none will.
 */
int64_t poller_await_ns(const poller_t *p);

#endif
