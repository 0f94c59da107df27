/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_CLIENT_H
#define WATTGATE_SITE_CLIENT_H

#include <stdbool.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"

#include "backoff.h"
#include "http.h"
#include "watch.h"

/*
 * A node's way to its site: one kept connection, and who it is: a session that
 * munge opens and that is renewed before its hour ends, or a certificate of its
 * own. One request at a time.
 */

typedef struct site_client site_client_t;

/* conf outlives it; it must have a url in [site]. NULL with a text; no traffic. */
site_client_t *site_client_create(const struct conf *conf, http_t *http,
				  watch_t *watch, const timesource_t *ts,
				  struct err *err);
void site_client_destroy(site_client_t *c);	/* NULL is fine; cancels */

struct site_reply {
	const struct http_reply *http;	/* NULL: it did not come to that */
	/* where the status is not 2xx: */
	struct err why;
	enum backoff_kind backoff;
	int64_t retry_after_ns;
};

typedef void (*site_done_fn)(void *arg, const struct site_reply *reply);

/*
 * Log in where that is needed, then ask; done is called once, from http_poll(),
 * from watch_run() or at once. request: as http_start() takes it, without a
 * token; its texts live until done. Not while one is under way.
 */
void site_client_ask(site_client_t *c, const struct http_request *request,
		     site_done_fn done, void *arg);
void site_client_cancel(site_client_t *c);
bool site_client_busy(const site_client_t *c);

#endif
