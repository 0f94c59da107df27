/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_SERVER_IMPL_H
#define WATTGATE_SITE_SERVER_IMPL_H

#include <microhttpd.h>

#include "answer.h"
#include "ask.h"
#include "certs.h"
#include "credential.h"
#include "jobs.h"
#include "names.h"
#include "server.h"
#include "sessions.h"
#include "unmunge.h"

/* Shared by server.c, request.c, login.c, peer.c; no one else. */

#define NODES_MAX 65536u
#define NODE_BUCKETS 4096u
#define REFUSED_MAX 64

struct server_node {
	struct answer_node answer;
	struct server_node *next;	/* of its bucket */
};

/* A connection. It is closed at its deadline, whatever it does. */
struct peer {
	server_t *server;
	struct peer *prev, *next;
	struct MHD_Connection *connection;
	int fd;
	int64_t deadline_ns;
	bool waits;		/* a request of it is suspended */
	bool cert_looked;
	char *cert_names;	/* of a verified certificate; see certs.h */
	int64_t cert_end_s;
	struct err cert_why;
};

enum request_state {
	REQUEST_TAKING,		/* its body, if any */
	REQUEST_WAITING,	/* suspended */
	REQUEST_READY		/* the answer is known */
};

struct request {
	struct job job;		/* first: the store's job is the request */
	server_t *server;
	struct peer *peer;
	struct request *prev, *next;	/* among those that wait */
	enum route route;
	enum request_state state;
	char node[ASK_NODE_SIZE];
	char *body;		/* of body_room + 1 bytes; NULL: it has none */
	size_t body_size, body_room;
	/* what the store said */
	int rc;
	struct server_taken taken;
	/* the answer */
	unsigned status;
	unsigned retry_after_s;	/* 0: none is given */
	const char *text;	/* in `own` or the server's answer room */
	size_t size;
	char own[768];
	char token[SESSION_TOKEN_SIZE];
	struct err why;		/* of the store's */
};

struct server {
	struct server_params p;
	struct certs_paths paths;
	struct certs certs;
	uint32_t uids[CREDENTIAL_USERS_MAX];
	int uid_count;
	int listen_fd;
	struct MHD_Daemon *daemon;
	int epoll_fd;
	jobs_t *jobs;
	names_t *names;
	unmunge_t *unmunge;	/* NULL: munge is not taken */
	sessions_t *sessions;
	struct server_node *bucket[NODE_BUCKETS];
	unsigned node_count;
	struct peer *peers;
	struct request *waiting;
	size_t bodies;		/* bytes of bodies under way */
	bool renewing;		/* no new work: the daemon starts anew */
	int64_t sweep_ns, certs_ns;
	struct log_latch certs_latch;
	bool expiry_told;
	/* who was told no, so that each is logged once */
	struct refused {
		char peer[64], node[64];
	} refused[REFUSED_MAX];
	unsigned refused_next;
	struct log_rate refused_rate;
	struct answer_room room;
};

/* server.c: a node of this site; NULL: it is none, or there is no memory. */
struct answer_node *server_node_get(server_t *s, const char *name);

/* peer.c */
void peer_notify(void *cls, struct MHD_Connection *connection, void **context,
		 enum MHD_ConnectionNotificationCode code);
struct peer *peer_of(struct MHD_Connection *connection);
/* It has so long from now. */
void peer_grant(struct peer *p, int64_t ns);
void peers_sweep(server_t *s, int64_t now_ns);
/* Address and port. */
void peer_format(const struct peer *p, char *buf, size_t size, bool port);
/* Does its certificate name the node? 0; -1: another's; -2: it has none. */
int peer_cert_check(struct peer *p, const char *node);
/* Log that it was refused, once. */
void peer_refused(struct peer *p, const char *node, const char *why);

/* request.c */
enum MHD_Result request_handle(void *cls, struct MHD_Connection *connection,
			       const char *url, const char *method,
			       const char *version, const char *data,
			       size_t *size, void **context);
void request_completed(void *cls, struct MHD_Connection *connection,
		       void **context, enum MHD_RequestTerminationCode code);
/* It goes to sleep, or is to be answered. */
void request_wait(struct request *r);
void request_wake(struct request *r);
/* An answer that says no; fmt is one sentence. */
void request_refuse(struct request *r, unsigned status, unsigned retry_after_s,
		    const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* login.c: the body is there. */
void login_begin(struct request *r);

#endif
