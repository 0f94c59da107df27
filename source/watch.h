/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_WATCH_H
#define WATTGATE_WATCH_H

#include <stdint.h>

#include "lib/err.h"

/*
 * Descriptors that the loop watches for sources which speak no HTTP: pipes of
 * children, timers. One descriptor stands for all of them in the loop's poll.
 */

typedef struct watch watch_t;
typedef void (*watch_fn)(void *arg);

watch_t *watch_create(struct err *err);
void watch_destroy(watch_t *w);	/* NULL is fine; closes nothing of others */

/* Readable while watch_run() has something to do. */
int watch_fd(const watch_t *w);

/*
 * Call fn from watch_run() whenever fd is readable or has hung up. 0, or -1
 * with a text.
 */
int watch_add(watch_t *w, int fd, watch_fn fn, void *arg, struct err *err);
/* Before fd is closed, or at once after. No call of its fn any more; -1 is fine. */
void watch_remove(watch_t *w, int fd);

/*
 * A timer, as a descriptor for watch_add(); close() ends it. It is readable
 * once, at boot time at_ns of timer_set() (0: never); timer_clear() in fn.
 */
int watch_timer(struct err *err);
void watch_timer_set(int fd, int64_t at_ns);
void watch_timer_clear(int fd);

/* Work on what is ready, without waiting. */
void watch_run(watch_t *w);

#endif
