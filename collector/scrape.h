/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SCRAPE_H
#define WATTGATE_SCRAPE_H

#include <stddef.h>
#include <stdio.h>

#include "lib/err.h"
#include "lib/expo.h"
#include "lib/log.h"

/*
 * A port on which Prometheus reads figures: GET /metrics, in OpenMetrics where
 * that is asked for, else in Prometheus' own text; one request a connection.
 * No call waits. Few connections, small requests, and who is slow is dropped
 * when another one comes.
 */

#define SCRAPE_CONNECTIONS_MAX 8
#define SCRAPE_REQUEST_MAX 8192

typedef struct scrape scrape_t;

/* Puts all figures out, families and all; expo_begin() and _end() are done. */
typedef void scrape_fill(struct expo *e, void *arg);

/* listen: ADDRESS:PORT, [ADDRESS]:PORT; port 0: any. NULL with a text. */
scrape_t *scrape_create(const char *listen, scrape_fill *fill, void *arg,
			const logger_t *log, struct err *err);
void scrape_destroy(scrape_t *s);	/* NULL is fine */

unsigned scrape_port(const scrape_t *s);

/* Readable while scrape_run() has something to do. */
int scrape_fd(const scrape_t *s);
void scrape_run(scrape_t *s);

/* Is `listen` one that scrape_create() would take? 0, or -1 with a text. */
int scrape_check(const char *listen, struct err *err);

/* ---- a request ------------------------------------------------------------- */

/* What the text of a request asks for. */
enum scrape_answer {
	SCRAPE_MORE,		/* it is not whole yet */
	SCRAPE_METRICS,
	SCRAPE_OTHER_PATH,	/* 404 */
	SCRAPE_OTHER_METHOD,	/* 405 */
	SCRAPE_BAD		/* 400 */
};

/* Pure. text has len bytes and a NUL behind them. */
enum scrape_answer scrape_parse(const char *text, size_t len,
				enum expo_dialect *dialect);

#endif
