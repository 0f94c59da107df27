/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_SERVER_H
#define WATTGATE_SITE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"

/*
 * The HTTPS server of a site: each node reads its own series here, and leaves
 * its ledger. docs/site-protocol.md has the protocol. One loop, and two threads
 * for what may block: the store and the name server. Everything is bounded:
 * connections, their memory and time, bodies, queues, sessions.
 */

#define SERVER_BODY_MAX (1024 * 1024)	/* of a ledger's part, or NODE.open */
#define SERVER_LOGIN_MAX (8 * 1024)	/* of a login */
#define SERVER_BODIES_MAX (32 * 1024 * 1024)	/* all under way together */
#define SERVER_CONNECTIONS_MAX 32768u	/* a node has two */
#define SERVER_PER_ADDRESS_MAX 32u
#define SERVER_QUEUE_MAX 64u	/* parts that wait for the store */

/* What became of lines of a ledger. */
struct server_taken {
	uint32_t lines;		/* that are kept now, */
	uint32_t fresh;		/* that were not before; */
	uint32_t refused;	/* damaged, or another node's: never kept */
};

/* Where ledgers go. Called in a thread, one at a time; both may block. */
struct server_store {
	/* Lines of a node's ledger: -1 with a text where they can't be kept now. */
	int (*put)(void *arg, const char *node, const char *text, size_t size,
		   struct server_taken *taken, struct err *err);
	/* A whole NODE.open, instead of the one before. */
	int (*put_open)(void *arg, const char *node, const char *text,
			size_t size, struct server_taken *taken,
			struct err *err);
	void *arg;
};

struct server_params {
	const char *listen;	/* ADDRESS:PORT or [ADDRESS]:PORT */
	const char *cert_file, *key_file;
	const char *client_ca_file;	/* "": no client certificates */
	const char *unmunge;	/* program; "": munge is not taken */
	const char *munge_users;
	const char *boot_id;	/* of this host */
	int64_t idle_ns;	/* how long a node's connection is kept */
	unsigned per_address_max;	/* connections; 0: SERVER_PER_ADDRESS_MAX */
	/* Is that a node of this site's? */
	bool (*known)(void *arg, const char *node);
	void *known_arg;
	const struct server_store *store;	/* NULL: ledgers are not taken */
	timesource_t ts;
	const logger_t *log;
};

typedef struct server server_t;

/*
 * The params' pointers outlive it. NULL with a text. Where there is no
 * certificate, or one that does not do, it waits for another.
 */
server_t *server_create(const struct server_params *params, struct err *err);
/* NULL is fine. False: the store hangs, and is in use still: it must stay. */
bool server_destroy(server_t *s);

unsigned server_port(const server_t *s);

/*
 * Wait for something to do, at most timeout_ms, and do it. Ends early where fd
 * (-1: none) is readable. 0, or -1 with a text.
 */
int server_turn(server_t *s, int fd, int timeout_ms, struct err *err);

/* What server_create() needs of the configuration, files and all; no port. */
int server_check(const struct server_params *params, struct err *err);

#endif
