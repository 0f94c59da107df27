/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_NODE_H
#define WATTGATE_NODE_H

#include <poll.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/log.h"

#include "source/http.h"
#include "source/watch.h"

/*
 * One node that wattgated looks after: its source and sampler, its series and
 * suspension table in the run directory, its ledger and accountant. All of it
 * runs from the caller's loop and never blocks it.
 */

typedef struct node node_t;

#define NODE_FDS_MAX 2

/*
 * Open everything. NULL with a text: another wattgated looks after that node,
 * a directory cannot be written, the configuration does not do. conf and log
 * outlive it.
 */
node_t *node_create(const struct conf *conf, http_t *http, watch_t *watch,
		    const timesource_t *ts, const logger_t *log,
		    struct err *err);

/* Do what is due; the sample itself goes on in http_poll() or watch_run(). */
void node_run(node_t *n);
/* When to call it next (boot time) and what else wakes it. */
int64_t node_due_ns(const node_t *n);
unsigned node_fds(const node_t *n, struct pollfd fds[NODE_FDS_MAX]);

/* Clean stop: settle the account, log out of the BMC, free. NULL is fine. */
void node_close(node_t *n);

/*
 * Look at what node_create() will need, and open none of it: 0, or -1 with
 * the first thing that is wrong.
 */
int node_check(const struct conf *conf, http_t *http, watch_t *watch,
	       const timesource_t *ts, const logger_t *log, struct err *err);

#endif
