/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_H
#define WATTGATE_SITE_H

#include <stdint.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/log.h"

#include "source/http.h"
#include "source/watch.h"

/*
 * Many nodes at once, on a management host: a poller for each node that stands
 * in the configuration or in RUN/nodes, the follower of OAR that writes that
 * list and divides what the pollers measure, and the server that hands each
 * node its series. OAR's nodes without a job are read less often.
 */

typedef struct site site_t;

/*
 * conf: the site's own; each node's part is read from conf->path. All outlive
 * it. NULL with a text.
 */
site_t *site_create(const struct conf *conf, http_t *http, watch_t *watch,
		    const timesource_t *ts, const logger_t *log,
		    struct err *err);

void site_run(site_t *s);
int64_t site_due_ns(const site_t *s);

/*
 * Look at what site_create() will need of the configuration and its
 * directories: 0, or -1 with the first thing that is wrong.
 */
int site_check(const struct conf *conf, struct err *err);

/* Log out everywhere within a few seconds, end the follower, free. */
void site_close(site_t *s);

#endif
