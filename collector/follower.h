/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_FOLLOWER_H
#define WATTGATE_FOLLOWER_H

#include <stdint.h>

#include "lib/log.h"

/*
 * The process beside a site's wattgated that follows the scheduler's database:
 * this program again, with other options. It is started again, slower and
 * slower, when it ends, and dies with us.
 */

typedef struct follower follower_t;

/*
 * program: its path; NULL = this program. argv: its arguments, NULL at the
 * end. Both outlive it. NULL: no memory.
 */
follower_t *follower_create(const char *program, char *const argv[],
			    const logger_t *log);

/* Start it where it does not run; reap it where it ended. */
void follower_run(follower_t *f, int64_t now_ns);
int64_t follower_due_ns(const follower_t *f);

/* SIGTERM, and SIGKILL after limit_ns. NULL is fine. */
void follower_destroy(follower_t *f, int64_t limit_ns);

#endif
