/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SHIP_H
#define WATTGATE_SHIP_H

#include <stdint.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/log.h"

#include "source/http.h"
#include "source/watch.h"

/*
 * Sends a node's ledger to its site: whole lines of NODE.ledger from where the
 * site has it, in order, then NODE.open as often as it changes. How far the site
 * has it stands in STATE_DIR/NODE.shipped, with the last line of that: where the
 * file has another one there, all of it is sent again, and the site passes over
 * what it has. At least once, one request at a time, never waiting.
 */

typedef struct ship ship_t;

struct ship_params {
	const struct conf *conf;	/* with a url in [site] */
	const char *ledger_path, *open_path;
	http_t *http;
	watch_t *watch;
	timesource_t ts;
	const logger_t *log;
};

/* The params' pointers outlive it. NULL with a text; no traffic. */
ship_t *ship_create(const struct ship_params *params, struct err *err);
void ship_destroy(ship_t *s);	/* NULL is fine; drops what is under way */

/* Begin to send, where something is due. */
void ship_run(ship_t *s);
int64_t ship_due_ns(const ship_t *s);

#endif
