/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_ASK_H
#define WATTGATE_SITE_ASK_H

#include <stddef.h>

#include "lib/err.h"

#include "credential.h"

/* What a request asks for, of whom; docs/site-protocol.md. Pure. */

#define ASK_NODE_SIZE 256

enum route { ROUTE_SESSION, ROUTE_SERIES, ROUTE_LEDGER, ROUTE_OPEN, ROUTE_NONE };

/* The path's node into `node`; "" where it has none that is one. */
enum route ask_route(const char *method, const char *path,
		     char node[ASK_NODE_SIZE]);

/* The body of a login. -1 with what it lacks; node and credential are then void. */
int ask_login(const char *body, size_t size, char node[ASK_NODE_SIZE],
	      char credential[CREDENTIAL_MAX], struct err *why);

#endif
