/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "server_impl.h"

/* For the handshake and a first answer; a good one gives more. */
#define FIRST_NS (20 * NS_PER_S)

/* ---- the list ---- */

static void *peer_begin(server_t *s, struct MHD_Connection *connection)
{
	struct peer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->server = s;
	p->connection = connection;
	p->fd = MHD_get_connection_info(connection,
					MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	p->next = s->peers;
	if (p->next)
		p->next->prev = p;
	s->peers = p;
	peer_grant(p, FIRST_NS);
	return p;
}

static void peer_end(server_t *s, struct peer *p)
{
	if (p->next)
		p->next->prev = p->prev;
	if (p->prev)
		p->prev->next = p->next;
	else
		s->peers = p->next;
	free(p->cert_names);
	free(p);
}

void peer_notify(void *cls, struct MHD_Connection *connection, void **context,
		 enum MHD_ConnectionNotificationCode code)
{
	server_t *s = cls;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		*context = peer_begin(s, connection);
	else if (*context)
		peer_end(s, *context);
}

struct peer *peer_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection,
		MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* ---- time ---- */

void peer_grant(struct peer *p, int64_t ns)
{
	p->deadline_ns = timesource_boot_ns(&p->server->p.ts) + ns;
}

/* Shut down, it ends by itself. */
void peers_sweep(server_t *s, int64_t now_ns)
{
	for (struct peer *p = s->peers; p; p = p->next)
		if (!p->waits && now_ns >= p->deadline_ns)
			shutdown(p->fd, SHUT_RDWR);
}

/* ---- who it is ---- */

void peer_format(const struct peer *p, char *buf, size_t size, bool port)
{
	const struct sockaddr *sa = MHD_get_connection_info(p->connection,
			MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
	socklen_t len = sa->sa_family == AF_INET6 ?
			sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	char host[64], service[16];

	if (getnameinfo(sa, len, host, sizeof(host), service, sizeof(service),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(buf, size, "?");
	else if (port)
		snprintf(buf, size, "%s port %s", host, service);
	else
		snprintf(buf, size, "%s", host);
}

/* Once for a connection: its certificate does not change. */
static void cert_look(struct peer *p)
{
	gnutls_session_t session = MHD_get_connection_info(p->connection,
			MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;

	p->cert_looked = true;
	p->cert_names = certs_peer_names(session, &p->cert_end_s, &p->cert_why);
}

int peer_cert_check(struct peer *p, const char *node)
{
	const server_t *s = p->server;

	if (!s->certs.ca) {
		err_set(&p->cert_why, "this site takes no client certificates");
		return -2;
	}
	if (!p->cert_looked)
		cert_look(p);
	if (!p->cert_names)
		return -2;
	if (timesource_wall_ns(&s->p.ts) / NS_PER_S > p->cert_end_s) {
		err_set(&p->cert_why, "the client's certificate has expired");
		return -2;
	}
	if (certs_names_have(p->cert_names, node))
		return 0;
	err_set(&p->cert_why, "the client's certificate is %.200s's",
		p->cert_names);
	return -1;
}

/* ---- the log ---- */

static bool refused_known(const server_t *s, const struct refused *who)
{
	for (int i = 0; i < REFUSED_MAX; i++)
		if (strcmp(s->refused[i].peer, who->peer) == 0 &&
		    strcmp(s->refused[i].node, who->node) == 0)
			return true;
	return false;
}

void peer_refused(struct peer *p, const char *node, const char *why)
{
	server_t *s = p->server;
	struct refused who;

	peer_format(p, who.peer, sizeof(who.peer), false);
	snprintf(who.node, sizeof(who.node), "%.63s", node);
	/* the rate, since a peer may ask for as many names as it likes */
	if (refused_known(s, &who) ||
	    !log_rate_allow(&s->refused_rate, timesource_boot_ns(&s->p.ts))) {
		log_debug(s->p.log, "node %s is refused to %s: %s", node,
			  who.peer, why);
		return;
	}
	s->refused[s->refused_next++ % REFUSED_MAX] = who;
	log_warn(s->p.log, "node %s is refused to %s: %s", node, who.peer, why);
}
