/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/secret.h"
#include "lib/site_words.h"
#include "source/json_doc.h"

#include "server_impl.h"

#define BODY_NS (60 * NS_PER_S)		/* for a body to come */
#define STORE_RETRY_S 10
#define PARTS_OF_NODE_MAX 2u	/* in the store's queue, which is all nodes' */

/* ---- answers ---- */

void request_refuse(struct request *r, unsigned status, unsigned retry_after_s,
		    const char *fmt, ...)
{
	char text[256], quoted[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (json_escape(text, quoted, sizeof(quoted)) < 0)
		quoted[0] = '\0';
	r->status = status;
	r->retry_after_s = retry_after_s;
	r->text = r->own;
	r->size = (size_t)snprintf(r->own, sizeof(r->own),
				   "{\"version\":%d,\"error\":\"%s\"}",
				   SITE_VERSION, quoted);
}

static struct MHD_Response *response_make(const struct request *r)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		r->size, (void *)(uintptr_t)r->text, MHD_RESPMEM_MUST_COPY);
	char number[16];

	if (!response)
		return NULL;
	MHD_add_response_header(response, "Content-Type", "application/json");
	if (r->token[0])
		MHD_add_response_header(response, "X-Auth-Token", r->token);
	if (r->token[0])
		MHD_add_response_header(response, "Cache-Control", "no-store");
	/* one that does not get in gets no more time either */
	if (r->route == ROUTE_SESSION && !r->token[0] && r->status != 503)
		MHD_add_response_header(response, "Connection", "close");
	if (r->retry_after_s) {
		snprintf(number, sizeof(number), "%u", r->retry_after_s);
		MHD_add_response_header(response, "Retry-After", number);
	}
	return response;
}

static enum MHD_Result answer(struct request *r,
			      struct MHD_Connection *connection)
{
	struct MHD_Response *response = response_make(r);
	enum MHD_Result rc;

	secret_wipe(r->token, sizeof(r->token));
	if (!response)
		return MHD_NO;
	rc = MHD_queue_response(connection, r->status, response);
	MHD_destroy_response(response);
	if (r->status < 300)
		peer_grant(r->peer, r->server->p.idle_ns);
	return rc;
}

/* ---- those that wait ---- */

void request_wait(struct request *r)
{
	server_t *s = r->server;

	r->state = REQUEST_WAITING;
	r->prev = NULL;
	r->next = s->waiting;
	if (r->next)
		r->next->prev = r;
	s->waiting = r;
	r->peer->waits = true;
	MHD_suspend_connection(r->peer->connection);
}

void request_wake(struct request *r)
{
	server_t *s = r->server;

	r->state = REQUEST_READY;
	if (r->next)
		r->next->prev = r->prev;
	if (r->prev)
		r->prev->next = r->next;
	else
		s->waiting = r->next;
	r->peer->waits = false;
	peer_grant(r->peer, BODY_NS);
	MHD_resume_connection(r->peer->connection);
}

/* ---- who may ---- */

/* 0: it may. Else the answer is known. */
static int authenticate(struct request *r, struct MHD_Connection *connection)
{
	const char *token = MHD_lookup_connection_value(connection,
				MHD_HEADER_KIND, "X-Auth-Token");
	server_t *s = r->server;
	const char *node = token ? sessions_node(s->sessions, token,
				timesource_boot_ns(&s->p.ts)) : NULL;
	int rc;

	if (node && strcmp(node, r->node) == 0)
		return 0;
	if (node) {
		peer_refused(r->peer, r->node, "its session is another node's");
		request_refuse(r, 403, 0, "this session is another node's");
		return -1;
	}
	rc = peer_cert_check(r->peer, r->node);
	if (rc == 0)
		return 0;
	if (rc == -1) {
		peer_refused(r->peer, r->node, r->peer->cert_why.text);
		request_refuse(r, 403, 0, "%.200s", r->peer->cert_why.text);
	} else {
		request_refuse(r, 401, 0, token ? "this session is over, or never was: log in again" :
			       "neither a session nor a client certificate: %.150s",
			       r->peer->cert_why.text);
	}
	return -1;
}

/* ---- bodies ---- */

static size_t body_limit(enum route route)
{
	if (route == ROUTE_SERIES || route == ROUTE_NONE)
		return 0;
	return route == ROUTE_SESSION ? SERVER_LOGIN_MAX : SERVER_BODY_MAX;
}

/* Room for what is announced: nobody sends more than that. */
static int body_begin(struct request *r, struct MHD_Connection *connection)
{
	const char *text = MHD_lookup_connection_value(connection,
				MHD_HEADER_KIND, "Content-Length");
	server_t *s = r->server;
	unsigned long long size;

	if (!text || strlen(text) > 12 || strspn(text, "0123456789") !=
	    strlen(text)) {
		request_refuse(r, 411, 0, "a Content-Length is needed");
		return -1;
	}
	size = strtoull(text, NULL, 10);
	if (size > body_limit(r->route)) {
		request_refuse(r, 413, 0, "more than %zu bytes at once",
			       body_limit(r->route));
		return -1;
	}
	if (s->renewing || s->bodies + size > SERVER_BODIES_MAX) {
		request_refuse(r, 503, s->renewing ? 1 : STORE_RETRY_S,
			       "busy");
		return -1;
	}
	r->body = malloc(size + 1);
	if (!r->body) {
		request_refuse(r, 503, STORE_RETRY_S, "out of memory");
		return -1;
	}
	r->body_room = size;
	s->bodies += size;
	if (r->route != ROUTE_SESSION)	/* who that is is not known yet */
		peer_grant(r->peer, BODY_NS);
	return 0;
}

static void body_take(struct request *r, const char *data, size_t size)
{
	if (!r->body || size > r->body_room - r->body_size)
		return;
	memcpy(r->body + r->body_size, data, size);
	r->body_size += size;
	r->body[r->body_size] = '\0';
}

static void body_free(struct request *r)
{
	if (!r->body)
		return;
	r->server->bodies -= r->body_room;
	free(r->body);
	r->body = NULL;
}

/* ---- the store ---- */

static void store_work(struct job *job)
{
	struct request *r = (struct request *)job;
	const struct server_store *store = r->server->p.store;

	if (r->route == ROUTE_LEDGER)
		r->rc = store->put(store->arg, r->node, r->body, r->body_size,
				   &r->taken, &r->why);
	else
		r->rc = store->put_open(store->arg, r->node, r->body,
					r->body_size, &r->taken, &r->why);
}

static void store_done(struct job *job)
{
	struct request *r = (struct request *)job;

	if (r->rc < 0) {
		request_refuse(r, 503, STORE_RETRY_S, "%.200s", r->why.text);
	} else {
		r->status = 200;
		r->text = r->own;
		r->size = (size_t)snprintf(r->own, sizeof(r->own),
			"{\"version\":%d,\"lines\":%u,\"new\":%u,\"refused\":%u}",
			SITE_VERSION, r->taken.lines, r->taken.fresh,
			r->taken.refused);
	}
	request_wake(r);
}

static unsigned parts_waiting(const server_t *s, const char *node)
{
	unsigned count = 0;

	for (const struct request *r = s->waiting; r; r = r->next)
		count += r->route != ROUTE_SESSION &&
			 strcmp(r->node, node) == 0;
	return count;
}

static void store_begin(struct request *r)
{
	server_t *s = r->server;

	if (!s->p.store) {
		request_refuse(r, 503, 300, "ledgers are not taken here");
		return;
	}
	if (parts_waiting(s, r->node) >= PARTS_OF_NODE_MAX) {
		request_refuse(r, 503, STORE_RETRY_S,
			       "%u parts of this node's wait already",
			       PARTS_OF_NODE_MAX);
		return;
	}
	r->job.work = store_work;
	r->job.done = store_done;
	if (jobs_put(s->jobs, &r->job) < 0)
		request_refuse(r, 503, STORE_RETRY_S, "the store is busy");
	else
		request_wait(r);
}

/* ---- the series ---- */

static void series_answer(struct request *r, struct MHD_Connection *connection)
{
	server_t *s = r->server;
	struct answer_node *n = server_node_get(s, r->node);
	struct answer_query q;
	struct err why;
	long size;

	if (!n) {
		request_refuse(r, 503, STORE_RETRY_S, "out of memory");
		return;
	}
	if (answer_query_parse(&q, MHD_lookup_connection_value(connection,
				MHD_GET_ARGUMENT_KIND, "boot"),
			MHD_lookup_connection_value(connection,
				MHD_GET_ARGUMENT_KIND, "after"),
			s->p.boot_id) < 0) {
		request_refuse(r, 400, 0, "boot and after go together; after is a number");
		return;
	}
	size = answer_series(n, &q, &s->p.ts, s->p.boot_id, &s->room, &why);
	if (size < 0) {
		log_debug(s->p.log, "node %s: %s", r->node, why.text);
		request_refuse(r, 503, 0, "%.64s is not measured here at present",
			       r->node);
		return;
	}
	r->status = 200;
	r->text = s->room.text;
	r->size = (size_t)size;
}

/* ---- a request's life ---- */

static struct request *request_new(server_t *s,
				   struct MHD_Connection *connection,
				   const char *url, const char *method)
{
	struct peer *peer = peer_of(connection);
	struct request *r = peer ? calloc(1, sizeof(*r)) : NULL;

	if (!r)
		return NULL;
	r->server = s;
	r->peer = peer;
	r->route = ask_route(method, url, r->node);
	return r;
}

/* Its head is there. What is refused now is refused before its body comes. */
static void request_begin(struct request *r, struct MHD_Connection *connection)
{
	if (r->route == ROUTE_NONE)
		request_refuse(r, 404, 0, "there is nothing at this path");
	else if (r->route != ROUTE_SESSION && authenticate(r, connection) < 0)
		return;
	/* a CA may have signed for more names than there are nodes */
	else if (r->route != ROUTE_SESSION &&
		 !server_node_get(r->server, r->node))
		request_refuse(r, 404, 0, "%.64s is no node of this site",
			       r->node);
	else if (body_limit(r->route))
		body_begin(r, connection);
}

static void request_act(struct request *r, struct MHD_Connection *connection)
{
	if (r->body && r->body_size != r->body_room)
		request_refuse(r, 400, 0, "the body is shorter than announced");
	else if (r->route == ROUTE_SERIES)
		series_answer(r, connection);
	else if (r->route == ROUTE_SESSION)
		login_begin(r);
	else
		store_begin(r);
}

static bool has_body(struct MHD_Connection *connection)
{
	const char *size = MHD_lookup_connection_value(connection,
				MHD_HEADER_KIND, "Content-Length");

	return (size && strcmp(size, "0") != 0) ||
	       MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
					   "Transfer-Encoding");
}

enum MHD_Result request_handle(void *cls, struct MHD_Connection *connection,
			       const char *url, const char *method,
			       const char *version, const char *data,
			       size_t *size, void **context)
{
	struct request *r = *context;

	(void)version;
	if (!r) {
		r = *context = request_new(cls, connection, url, method);
		if (!r)
			return MHD_NO;
		request_begin(r, connection);
		/* answered now, the body is not read and the connection ends */
		return r->status && has_body(connection) ?
		       answer(r, connection) : MHD_YES;
	}
	if (*size) {
		body_take(r, data, *size);
		*size = 0;
		return MHD_YES;
	}
	if (!r->status && r->state == REQUEST_TAKING)
		request_act(r, connection);
	if (r->state == REQUEST_WAITING)
		return MHD_YES;
	return answer(r, connection);
}

void request_completed(void *cls, struct MHD_Connection *connection,
		       void **context, enum MHD_RequestTerminationCode code)
{
	struct request *r = *context;

	(void)cls;
	(void)connection;
	(void)code;
	if (!r)
		return;
	*context = NULL;
	body_free(r);
	secret_wipe(r->token, sizeof(r->token));
	free(r);
}
