/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_METERS_H
#define WATTGATE_METERS_H

#include <stdint.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/log.h"

#include "poller.h"

/*
 * What two meters of a node say of each hour (UTC, or what rollup says), into
 * LEDGER_DIR/NODE.meters: in order and once, across restarts, for as long as
 * both series still have that time.
 */

typedef struct meters meters_t;

struct meters_params {
	const struct conf *conf;	/* outlives it, like the others */
	timesource_t ts;
	const char *boot_id;
	const logger_t *log;
};

/* NULL: no memory. */
meters_t *meters_create(const struct meters_params *params);
void meters_destroy(meters_t *m);	/* NULL is fine */

/* Write the hours that both meters have got past. */
void meters_run(meters_t *m, const poller_t *first, const poller_t *second,
		int64_t now_ns);
int64_t meters_due_ns(const meters_t *m);

/* A clean stop: write the hour that has begun, as far as both have got. */
void meters_end(meters_t *m, const poller_t *first, const poller_t *second);

#endif
