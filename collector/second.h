/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SECOND_H
#define WATTGATE_SECOND_H

#include <stdint.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/log.h"

#include "poller.h"
#include "source/http.h"
#include "source/watch.h"

/*
 * A second meter beside a node's first one: a poller of its own, into
 * RUN/NODE/series2, and what both say of each hour, into LEDGER_DIR/NODE.meters.
 * Whatever befalls it, the first one and the ledger go on as if it were not
 * there. Runs from the caller's loop.
 */

typedef struct second second_t;

struct second_params {
	const struct conf *conf;	/* outlives it, like the others */
	poller_t *first;
	http_t *http;
	watch_t *watch;
	timesource_t ts;
	const char *boot_id;
	const logger_t *log;
	/* After each sample, since second_due_ns() is another then; may be NULL. */
	void (*on_sample)(void *arg);
	void *arg;
};

/*
 * A meter that cannot be opened is told, and tried again each minute. NULL: no
 * memory, which is told too, or conf has no second meter.
 */
second_t *second_create(const struct second_params *params);

void second_run(second_t *s);		/* NULL is fine, here and below */
int64_t second_due_ns(const second_t *s);
void second_set_period(second_t *s, int64_t period_ns);

/* Begin to log out; close follows. */
void second_stop(second_t *s);
/* Write what both said up to now, and free. Before the first poller closes. */
void second_close(second_t *s, int64_t limit_ns);

/* What second_create() needs of the configuration: 0, or -1 with a text. */
int second_check(const struct second_params *params, struct err *err);

#endif
