/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_CERTS_H
#define WATTGATE_SITE_CERTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <gnutls/gnutls.h>

#include "lib/err.h"

/*
 * The server's certificate and key, and the CA of the nodes' certificates:
 * read and checked whole, before any of it is used.
 */

struct certs {
	char *cert, *key;	/* PEM */
	char *ca;		/* NULL: no client certificates */
	int64_t end_s;		/* the certificate's last second, since 1970 */
	struct stat seen[3];	/* the files as they were read */
};

struct certs_paths {
	const char *cert_file, *key_file;
	const char *client_ca_file;	/* "": none */
};

/*
 * All at once: 0, or -1 with what is wrong, where, and what to do, and *c
 * empty. now_s: since 1970.
 */
int certs_load(struct certs *c, const struct certs_paths *paths, int64_t now_s,
	       struct err *err);
void certs_free(struct certs *c);	/* wipes; empty ones are fine */

/* Is any of the files another one than was read? */
bool certs_changed(const struct certs *c, const struct certs_paths *paths);

/*
 * The names that a verified client's certificate carries: its DNS names, or
 * where it has none its common name; each with a NUL, an empty one at the end.
 * The caller frees it. NULL, with a reason, where the client has no
 * certificate, or not one to be trusted. *end_s: its last second.
 */
char *certs_peer_names(gnutls_session_t session, int64_t *end_s,
		       struct err *why);

/* Is the node's name one of them? */
bool certs_names_have(const char *names, const char *node);

#endif
