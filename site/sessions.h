/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_SESSIONS_H
#define WATTGATE_SITE_SESSIONS_H

#include <stdint.h>

#include "lib/clock.h"

/*
 * The tokens that nodes were given: in memory only, each for one node and an
 * hour. A node has four at most; the oldest gives way. Secrets are compared in
 * constant time.
 */

#define SESSION_LIFE_NS (3600 * NS_PER_S)
#define SESSIONS_PER_NODE 4
#define SESSIONS_MAX 65536u
#define SESSION_TOKEN_SIZE 80

typedef struct sessions sessions_t;

/* NULL: no memory. */
sessions_t *sessions_create(void);
void sessions_destroy(sessions_t *s);	/* NULL is fine */

/* -1: the table is full, or there is no memory or randomness. */
int sessions_add(sessions_t *s, const char *node, int64_t now_ns,
		 char token[SESSION_TOKEN_SIZE]);

/* The node that a token was given to; NULL: none, or it is too old. */
const char *sessions_node(const sessions_t *s, const char *token,
			  int64_t now_ns);

#endif
