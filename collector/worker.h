/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_WORKER_H
#define WATTGATE_WORKER_H

#include <stdint.h>

#include "lib/log.h"

/*
 * A process beside a site's wattgated, such as the one that follows OAR's
 * database and the one that answers the nodes: this program again, with other
 * options. It is started again when it ends, slower and slower: after a second
 * where it had run for a minute, at most a minute later where it ended by itself,
 * ten seconds where it was killed. It dies with us.
 */

typedef struct worker worker_t;

/*
 * name: for the log. program: its path; NULL = this program. argv: its
 * arguments, NULL at the end. All outlive it. NULL: no memory.
 */
worker_t *worker_create(const char *name, const char *program,
			char *const argv[], const logger_t *log);

/* Start it where it does not run; reap it where it ended. */
void worker_run(worker_t *f, int64_t now_ns);
int64_t worker_due_ns(const worker_t *f);

/* SIGTERM, and SIGKILL after limit_ns. NULL is fine. */
void worker_destroy(worker_t *f, int64_t limit_ns);

#endif
