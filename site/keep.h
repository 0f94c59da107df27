/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_KEEP_H
#define WATTGATE_SITE_KEEP_H

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/log.h"

#include "server.h"

/* The store behind the server: what nodes send goes into it line by line. */

typedef struct keep keep_t;

/* Opens nothing yet: a database may come later. NULL with a text. */
keep_t *keep_create(const struct conf *conf, const logger_t *log,
		    struct err *err);
void keep_destroy(keep_t *k);	/* NULL is fine */

/* Is the store there, and of this version? */
int keep_check(keep_t *k, struct err *err);

/* For the server; it lives as long as k. */
const struct server_store *keep_store(keep_t *k);

#endif
