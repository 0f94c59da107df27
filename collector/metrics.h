/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_METRICS_H
#define WATTGATE_METRICS_H

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/log.h"

#include "account.h"
#include "source/watch.h"

/*
 * What wattgated shows to Prometheus, by [metrics] listen: figures of nodes,
 * from their series as files, and of accounts, from what `wattgate export`
 * leaves. On a node it is answered from the loop, in less than a millisecond; on
 * a management host by a process of its own.
 */

typedef struct metrics metrics_t;

struct metrics_params {
	const struct conf *conf;
	const char *boot_id;
	/* a node's own: NULL on a management host */
	watch_t *watch;
	const account_t *(*account)(void *arg);	/* NULL until it is there */
	void *arg;
	const logger_t *log;
};

/*
 * The params' pointers outlive it. NULL with a text. It opens no port yet.
 */
metrics_t *metrics_create(const struct metrics_params *params, struct err *err);
void metrics_destroy(metrics_t *m);	/* NULL is fine */

/* Each period: open the port where it is not. One that is taken is told once. */
void metrics_run(metrics_t *m);

/* The figures, for tests. */
struct expo;
void metrics_fill(struct expo *e, void *metrics);

/* `wattgated --metrics`: until SIGTERM or SIGINT. 0, or -1 with a text. */
int metrics_serve(const struct conf *conf, const logger_t *log,
		  struct err *err);

/* What it will need of the configuration: 0, or -1 with a text. */
int metrics_check(const struct conf *conf, struct err *err);

#endif
