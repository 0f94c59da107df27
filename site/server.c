/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/listen.h"

#include "server_impl.h"

#define BACKLOG 511
#define MEMORY_PER_CONNECTION (16 * 1024)	/* heads of requests and answers */
#define SWEEP_NS NS_PER_S
#define CERTS_PERIOD_NS (10 * NS_PER_S)
#define EXPIRY_WARN_S (7 * 24 * 3600)
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* ---- nodes ---- */

static unsigned bucket_of(const char *name)
{
	uint64_t hash = 1469598103934665603u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 1099511628211u;
	return (unsigned)(hash % NODE_BUCKETS);
}

static struct answer_node *node_add(server_t *s, const char *name)
{
	struct server_node *n = s->node_count < NODES_MAX ?
				calloc(1, sizeof(*n)) : NULL;
	char *copy = n ? strdup(name) : NULL;
	unsigned bucket = bucket_of(name);

	if (!copy) {
		free(n);
		return NULL;
	}
	answer_node_init(&n->answer, copy);
	n->next = s->bucket[bucket];
	s->bucket[bucket] = n;
	s->node_count++;
	return &n->answer;
}

struct answer_node *server_node_get(server_t *s, const char *name)
{
	for (struct server_node *n = s->bucket[bucket_of(name)]; n; n = n->next)
		if (strcmp(n->answer.name, name) == 0)
			return &n->answer;
	return s->p.known(s->p.known_arg, name) ? node_add(s, name) : NULL;
}

static void nodes_free(server_t *s)
{
	for (unsigned i = 0; i < NODE_BUCKETS; i++)
		for (struct server_node *n = s->bucket[i], *next; n; n = next) {
			next = n->next;
			answer_node_close(&n->answer);
			free(n->answer.name);
			free(n);
		}
}

/* ---- the port ---- */

static int address_split(const char *text, char *host, size_t room,
			 const char **port, struct err *err)
{
	if (listen_split(text, host, room, port) && strlen(*port) < 8)
		return 0;
	return err_set(err, "listen: '%.100s' is not ADDRESS:PORT ([ADDRESS]:PORT for IPv6)",
		       text);
}

static int socket_bind(const struct addrinfo *ai)
{
	const int one = 1, zero = 0;
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
			SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero,
			   sizeof(zero));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		return fd;
	close(fd);
	return -1;
}

static int listen_open(const char *text, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE };
	struct addrinfo *list;
	const char *port;
	char host[256];
	int fd, rc;

	if (address_split(text, host, sizeof(host), &port, err) < 0)
		return -1;
	rc = getaddrinfo(*host ? host : NULL, port, &hints, &list);
	if (rc != 0)
		return err_set(err, "listen: '%s': %s", text, gai_strerror(rc));
	fd = socket_bind(list);
	if (fd < 0)
		err_set_errno(err, "listen: cannot listen on '%s'", text);
	freeaddrinfo(list);
	return fd;
}

unsigned server_port(const server_t *s)
{
	return listen_port(s->listen_fd);
}

/* ---- libmicrohttpd ---- */

static void library_log(void *arg, const char *fmt, va_list args)
{
	const server_t *s = arg;
	char line[256];

	vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\n")] = '\0';
	log_debug(s->p.log, "libmicrohttpd: %s", line);
}

/* It closes the socket that it is given. */
static int daemon_start(server_t *s, struct err *err)
{
	const unsigned flags = MHD_USE_EPOLL | MHD_USE_TLS |
			       MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
	const unsigned per_address = s->p.per_address_max ?
				     s->p.per_address_max :
				     SERVER_PER_ADDRESS_MAX;
	struct MHD_OptionItem ca[] = {
		{ s->certs.ca ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
		  s->certs.ca },
		{ MHD_OPTION_END, 0, NULL },
	};
	int fd = fcntl(s->listen_fd, F_DUPFD_CLOEXEC, 3);

	/* not before there is a certificate: till then nodes are sent away */
	if (fd < 0 || listen(fd, BACKLOG) < 0) {
		err_set_errno(err, "listen: cannot listen on '%s'",
			      s->p.listen);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, request_handle, s,
		MHD_OPTION_EXTERNAL_LOGGER, library_log, s,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_HTTPS_MEM_CERT, s->certs.cert,
		MHD_OPTION_HTTPS_MEM_KEY, s->certs.key,
		MHD_OPTION_HTTPS_PRIORITIES, PRIORITIES,
		MHD_OPTION_ARRAY, ca,
		MHD_OPTION_NOTIFY_COMPLETED, request_completed, s,
		MHD_OPTION_NOTIFY_CONNECTION, peer_notify, s,
		MHD_OPTION_CONNECTION_LIMIT, SERVER_CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, per_address,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)MEMORY_PER_CONNECTION,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (!s->daemon) {
		close(fd);
		return err_set(err, "the HTTPS server cannot be started on '%s'",
			       s->p.listen);
	}
	s->epoll_fd = MHD_get_daemon_info(s->daemon,
					  MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	return 0;
}

static void daemon_stop(server_t *s)
{
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	s->daemon = NULL;
}

/* ---- certificates ---- */

static void expiry_look(server_t *s)
{
	int64_t left_s = s->certs.end_s -
			 timesource_wall_ns(&s->p.ts) / NS_PER_S;
	char when[32];

	if (left_s > EXPIRY_WARN_S || s->expiry_told)
		return;
	s->expiry_told = true;
	clock_iso8601(s->certs.end_s * NS_PER_S, when, sizeof(when));
	log_warn(s->p.log, "cert_file '%s' is valid until %s: renew it; it is read again by itself",
		 s->paths.cert_file, when);
}

/*
 * A renewed certificate, or the first: the daemon starts with it in the next
 * turn. Connections end, sessions stay, and what nodes sent in vain they send
 * again. It waits until nothing is in the store's hands.
 */
static void certs_take(server_t *s)
{
	struct certs fresh;
	struct err err;
	int rc = certs_load(&fresh, &s->paths,
			    timesource_wall_ns(&s->p.ts) / NS_PER_S, &err);

	if (log_latch_change(&s->certs_latch, rc < 0) && rc < 0)
		log_error(s->p.log, "%s: %s", s->certs.cert ?
			  "the certificate of before is kept" :
			  "no node is answered until there is a certificate",
			  err.text);
	s->renewing = false;
	if (rc < 0)
		return;
	if (s->certs.cert)
		log_info(s->p.log, "cert_file '%s' is read again",
			 s->paths.cert_file);
	daemon_stop(s);
	certs_free(&s->certs);
	s->certs = fresh;
	s->expiry_told = false;
}

static void certs_look(server_t *s, int64_t now_ns)
{
	if (now_ns >= s->certs_ns) {
		s->certs_ns = now_ns + CERTS_PERIOD_NS;
		if (s->certs.cert)
			expiry_look(s);
		s->renewing = !s->certs.cert ||
			      certs_changed(&s->certs, &s->paths);
	}
	if (s->renewing && !s->waiting)
		certs_take(s);
}

/* ---- the loop ---- */

enum { WAIT_MHD, WAIT_JOBS, WAIT_NAMES, WAIT_OTHER, WAIT_CHILDREN };

static unsigned fds_fill(const server_t *s, int fd, struct pollfd *fds)
{
	for (unsigned i = 0; i < WAIT_CHILDREN; i++)
		fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	fds[WAIT_MHD].fd = s->daemon ? s->epoll_fd : -1;
	fds[WAIT_JOBS].fd = jobs_fd(s->jobs);
	fds[WAIT_NAMES].fd = names_fd(s->names);
	fds[WAIT_OTHER].fd = fd;
	if (!s->unmunge)
		return WAIT_CHILDREN;
	return WAIT_CHILDREN + unmunge_fds(s->unmunge, fds + WAIT_CHILDREN);
}

static int timeout_get(const server_t *s, int timeout_ms)
{
	int64_t now_ns = timesource_boot_ns(&s->p.ts);
	int64_t due_ns = s->sweep_ns, ms;
	MHD_UNSIGNED_LONG_LONG wish_ms;

	if (s->unmunge && unmunge_due_ns(s->unmunge) < due_ns)
		due_ns = unmunge_due_ns(s->unmunge);
	ms = due_ns > now_ns ? (due_ns - now_ns) / 1000000 + 1 : 0;
	if (timeout_ms < 0 || ms < timeout_ms)
		timeout_ms = (int)ms;
	if (s->daemon && MHD_get_timeout(s->daemon, &wish_ms) == MHD_YES &&
	    wish_ms < (MHD_UNSIGNED_LONG_LONG)timeout_ms)
		timeout_ms = (int)wish_ms;
	return timeout_ms;
}

/* A daemon, as soon as there is a certificate. */
static int daemon_want(server_t *s, struct err *err)
{
	if (s->daemon || !s->certs.cert)
		return 0;
	if (daemon_start(s, err) < 0)
		return -1;
	log_info(s->p.log, "nodes are answered on port %u", server_port(s));
	return 0;
}

int server_turn(server_t *s, int fd, int timeout_ms, struct err *err)
{
	struct pollfd fds[WAIT_CHILDREN + UNMUNGE_AT_ONCE];
	int64_t now_ns;

	if (daemon_want(s, err) < 0)
		return -1;
	if (poll(fds, fds_fill(s, fd, fds), timeout_get(s, timeout_ms)) < 0 &&
	    errno != EINTR)
		return err_set_errno(err, "poll");
	if (s->unmunge)
		unmunge_run(s->unmunge);
	if (fds[WAIT_NAMES].revents)
		names_run(s->names);
	if (fds[WAIT_JOBS].revents)
		jobs_run(s->jobs);
	if (s->daemon)
		MHD_run(s->daemon);
	now_ns = timesource_boot_ns(&s->p.ts);
	if (now_ns >= s->sweep_ns) {
		s->sweep_ns = now_ns + SWEEP_NS;
		peers_sweep(s, now_ns);
		certs_look(s, now_ns);
	} else if (s->renewing) {
		certs_look(s, now_ns);
	}
	return 0;
}

/* ---- life ---- */

/* Whom it would let in at all. */
static int users_read(server_t *s, struct err *err)
{
	if (!*s->p.unmunge && !*s->p.client_ca_file)
		return err_set(err, "no node could log in: give unmunge or client_ca_file in [site]");
	if (!*s->p.unmunge)
		return 0;
	if (access(s->p.unmunge, X_OK) < 0)
		return err_set_errno(err, "unmunge: '%s' cannot be run (unmunge = with nothing behind it: munge is not taken)",
				     s->p.unmunge);
	s->uid_count = credential_users(s->p.munge_users, s->uids, err);
	return s->uid_count < 0 ? -1 : 0;
}

static server_t *server_new(const struct server_params *params, struct err *err)
{
	server_t *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(err, "out of memory");
		return NULL;
	}
	s->p = *params;
	s->listen_fd = -1;
	s->paths = (struct certs_paths){ params->cert_file, params->key_file,
					 params->client_ca_file };
	if (users_read(s, err) == 0)
		return s;
	server_destroy(s);
	return NULL;
}

static int parts_create(server_t *s, struct err *err)
{
	s->sessions = sessions_create();
	if (!s->sessions)
		return err_set(err, "out of memory");
	if (*s->p.unmunge) {
		s->unmunge = unmunge_create(s->p.unmunge, &s->p.ts);
		if (!s->unmunge)
			return err_set(err, "out of memory");
	}
	s->jobs = jobs_create(SERVER_QUEUE_MAX, err);
	s->names = s->jobs ? names_create(&s->p.ts, err) : NULL;
	return s->names ? 0 : -1;
}

server_t *server_create(const struct server_params *params, struct err *err)
{
	server_t *s = server_new(params, err);

	if (!s)
		return NULL;
	s->listen_fd = listen_open(s->p.listen, err);
	if (s->listen_fd >= 0 && parts_create(s, err) == 0) {
		certs_take(s);
		if (daemon_want(s, err) == 0)
			return s;
	}
	server_destroy(s);
	return NULL;
}

/* libmicrohttpd wants none suspended when it stops. */
static void waiting_end(server_t *s)
{
	while (s->waiting) {
		struct request *r = s->waiting;

		request_refuse(r, 503, 1, "the site stops");
		request_wake(r);
	}
	if (s->daemon)
		MHD_run(s->daemon);
}

bool server_destroy(server_t *s)
{
	int saved = errno;

	if (!s)
		return true;
	unmunge_destroy(s->unmunge);
	names_destroy(s->names);
	if (!jobs_destroy(s->jobs))
		return false;	/* it has a request in its hands */
	waiting_end(s);
	daemon_stop(s);
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	nodes_free(s);
	sessions_destroy(s->sessions);
	certs_free(&s->certs);
	free(s);
	errno = saved;
	return true;
}

int server_check(const struct server_params *params, struct err *err)
{
	const char *port;
	char host[256];
	server_t *s;
	int rc = -1;

	if (address_split(params->listen, host, sizeof(host), &port, err) < 0)
		return -1;
	s = server_new(params, err);
	if (s)
		rc = certs_load(&s->certs, &s->paths,
				timesource_wall_ns(&params->ts) / NS_PER_S, err);
	server_destroy(s);
	return rc;
}
