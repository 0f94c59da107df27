/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_UNMUNGE_H
#define WATTGATE_SITE_UNMUNGE_H

#include <poll.h>

#include "lib/clock.h"
#include "lib/err.h"

#include "credential.h"

/*
 * Asks munge whether a credential is valid: the program unmunge, beside the
 * loop, a few at a time, each a few seconds at most. munged itself refuses one
 * that was used before.
 */

#define UNMUNGE_AT_ONCE 8
#define UNMUNGE_WAITING_MAX 64

typedef struct unmunge unmunge_t;

/*
 * rc: as credential_parse(); why tells where it is not 0, and c is nothing then.
 */
typedef void (*unmunge_done_fn)(void *arg, int rc, const struct credential *c,
				const char *why);

/* program outlives it. NULL: no memory. */
unmunge_t *unmunge_create(const char *program, const timesource_t *ts);
void unmunge_destroy(unmunge_t *u);	/* NULL is fine; calls no one back */

/*
 * text is copied, and wiped. done is called once, from unmunge_run(). -1: too
 * many wait already, and done is not called.
 */
int unmunge_ask(unmunge_t *u, const char *text, unmunge_done_fn done,
		void *arg);

void unmunge_run(unmunge_t *u);
int64_t unmunge_due_ns(const unmunge_t *u);
unsigned unmunge_fds(const unmunge_t *u, struct pollfd fds[UNMUNGE_AT_ONCE]);

#endif
