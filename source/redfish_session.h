/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_REDFISH_SESSION_H
#define WATTGATE_REDFISH_SESSION_H

#include <stdbool.h>

#include "http.h"
#include "source.h"

/*
 * Being known to a BMC: one Redfish session, kept; or basic authentication,
 * where the configuration says so or the BMC has no sessions; or nothing,
 * where no user is configured. The password is read for each login and kept
 * only where basic authentication needs it.
 *
 * A BMC that gives sessions and then refuses them (401) must not be filled
 * with them: each is deleted before there is another. After two in a row basic
 * authentication is tried, once; after that it is a session at a time again,
 * slowly, and where one could not be deleted, one each ten minutes.
 */

typedef struct redfish_session redfish_session_t;

/* failure: NULL, or a reading that says why the BMC did not let us in. */
typedef void (*redfish_session_fn)(void *arg, const struct reading *failure);

/* Reads the password file, to complain early. NULL with a text. */
redfish_session_t *redfish_session_create(const struct source_env *env,
					  http_conn_t *conn, struct err *err);
void redfish_session_destroy(redfish_session_t *s);	/* NULL is fine */

bool redfish_session_ready(const redfish_session_t *s);

/* "session", "basic" or "none". */
const char *redfish_session_kind(const redfish_session_t *s);

/*
 * Become ready: log in where needed, and delete the sessions that an earlier
 * run left behind. `fn` is called once, from http_poll() or at once. Uses the
 * connection meanwhile.
 */
void redfish_session_prepare(redfish_session_t *s, redfish_session_fn fn,
			     void *arg);

/* Put the token or the password into a request. */
void redfish_session_sign(const redfish_session_t *s, struct http_request *req);

/* The BMC answered a signed request with 401: the next one needs another
 * session, or the password anew. */
void redfish_session_drop(redfish_session_t *s);

/*
 * It answered a signed request for `path` otherwise. 200 for what it does not
 * show to everyone proves that it takes the session, or the password.
 */
void redfish_session_prove(redfish_session_t *s, const char *path, long status);

/* Start to log out; over once the connection is no longer busy. */
void redfish_session_logout(redfish_session_t *s);

/*
 * Fill a failed reading from an answer, with the BMC's own words if it has
 * any: not where they repeat a secret.
 */
void redfish_session_failure(const redfish_session_t *s, struct reading *r,
			     const struct http_reply *reply);

#endif
