/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_NAMES_H
#define WATTGATE_SITE_NAMES_H

#include "lib/clock.h"
#include "lib/err.h"

/*
 * Is an address one of those that a node's name stands for? The name server is
 * asked in a thread; its answers are kept for five minutes, those of at most
 * NAMES_MAX nodes. An address that a kept answer lacks is asked for anew.
 */

#define NAMES_MAX 4096
#define NAMES_WAITING_MAX 64

typedef struct names names_t;

/* why: "" where it is; else one sentence. */
typedef void (*names_done_fn)(void *arg, const char *why);

names_t *names_create(const timesource_t *ts, struct err *err);
void names_destroy(names_t *n);		/* NULL is fine; calls no one back */

/*
 * done is called once, at once or from names_run(). -1: too many wait already,
 * and done is not called.
 */
int names_check(names_t *n, const char *node, const char *address,
		names_done_fn done, void *arg);

/* Readable when an answer has come; then run. */
int names_fd(const names_t *n);
void names_run(names_t *n);

#endif
