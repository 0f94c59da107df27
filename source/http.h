/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_HTTP_H
#define WATTGATE_HTTP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/err.h"

/*
 * HTTP and HTTPS requests to BMCs, on the caller's own thread: transfers make
 * progress, and their answers arrive, inside http_poll() only.
 *
 * An http_conn_t talks to one origin (scheme, host, port) over one connection
 * that is kept open. Certificates are verified unless `insecure`; plain http
 * needs `insecure` too. A pinned public key stands in for the chain and the
 * host's name where no ca_file is given, and adds to them where one is; a BMC
 * with another key never gets a request. A redirect is followed on the same origin only, three
 * times at most. Proxies, cookies and .netrc are not used. Buffers are reused
 * and bounded: nothing grows with the number of requests.
 */

#define HTTP_BODY_MAX	(256 * 1024)	/* decoded; a longer body is an error ... */
#define HTTP_BODY_LIMIT	(1024 * 1024)	/* ... where body_max says no other, up to this */
#define HTTP_HEADERS_MAX (32 * 1024)
#define HTTP_REDIRECTS_MAX 3
#define HTTP_PATH_MAX	1024

typedef struct http http_t;
typedef struct http_conn http_conn_t;

struct http_params {
	const char *base_url;	/* scheme://host[:port], nothing behind it */
	const char *ca_file;	/* PEM; "" or NULL = the system's */
	const char *public_key;	/* "sha256//BASE64[;...]"; "" or NULL = any */
	const char *cert_file;	/* our own, PEM, and ... */
	const char *key_file;	/* ... its key; "" or NULL = none */
	const char *peer;	/* what the other end is, in texts; NULL = "BMC" */
	bool insecure;
	int64_t timeout_ns;	/* for one request, with its redirects */
	size_t body_max;	/* of an answer; 0 = HTTP_BODY_MAX */
	timesource_t ts;
};

enum http_method { HTTP_GET, HTTP_POST, HTTP_DELETE, HTTP_PUT };

struct http_request {
	enum http_method method;
	const char *path;	/* begins with '/' */
	const char *token;	/* X-Auth-Token, or NULL */
	const char *user;	/* basic authentication, or NULL */
	const char *password;
	const char *body;	/* of a POST or PUT, or NULL; copied, then wiped */
	size_t body_size;	/* 0 = up to its NUL */
	const char *type;	/* the body's; NULL = application/json */
};

struct http_reply {
	long status;		/* 0: no answer; `why` tells */
	bool too_big;		/* there was one, with a body beyond body_max */
	const char *body;	/* ends in a NUL that size does not count */
	size_t size;
	char token[256];	/* X-Auth-Token, or "" */
	char location[HTTP_PATH_MAX];	/* path of a Location on this origin, or "" */
	int64_t retry_after_ns;	/* 0: none given */
	int64_t sent_ns;	/* boot time when the request was about to go out */
	int64_t received_ns;	/* boot time of the answer's first byte */
	int64_t done_ns;	/* boot time of its last */
	bool slept;		/* the host slept in between: times are worthless */
	struct err why;		/* "GET URL: what", where the status is not 2xx */
};

/* The reply lives until `done` returns or starts another request. */
typedef void (*http_done_fn)(void *arg, const struct http_reply *reply);

http_t *http_create(struct err *err);
void http_destroy(http_t *h);	/* NULL is fine; after its connections */

http_conn_t *http_conn_create(http_t *h, const struct http_params *params,
			      struct err *err);
void http_conn_destroy(http_conn_t *c);	/* NULL is fine; cancels */

/*
 * Start a request; `done` is called once, from http_poll(). One request at a
 * time: -1 with a text where one is under way.
 */
int http_start(http_conn_t *c, const struct http_request *req,
	       http_done_fn done, void *arg, struct err *err);
/* Drop the request under way, if any, and its connection; no call of done. */
void http_cancel(http_conn_t *c);
bool http_busy(const http_conn_t *c);

/*
 * Wait until a transfer or one of fds needs attention, at most timeout_ms
 * (-1: no limit), work on the transfers and call done for those that ended.
 * revents may be set or not: callers try a non-blocking read. -1 with a text
 * on an error of the system.
 */
int http_poll(http_t *h, struct pollfd *fds, unsigned nfds, int timeout_ms,
	      struct err *err);

#endif
