/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_SERVE_H
#define WATTGATE_SITE_SERVE_H

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/log.h"

/*
 * `wattgated --serve`: the process of a site that answers its nodes. It reads
 * what the poller leaves in RUN/NODE/series, and owns the store.
 */

/* Until SIGTERM or SIGINT. 0, or -1 with a text. */
int site_serve(const struct conf *conf, const timesource_t *ts,
	       const logger_t *log, struct err *err);

/* What it will need of the configuration, files and all: 0, or -1. */
int site_serve_check(const struct conf *conf, const timesource_t *ts,
		     const logger_t *log, struct err *err);

#endif
