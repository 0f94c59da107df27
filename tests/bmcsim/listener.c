/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG 128

/* A socket bound to listener->addr, or -1 with errno. */
static int socket_bound(const struct listener *listener)
{
	int fd, on = 1;

	fd = socket(listener->addr.ss_family,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	    bind(fd, (const struct sockaddr *)&listener->addr,
		 listener->addr_size) == 0)
		return fd;
	close(fd);
	return -1;
}

int listener_resume(struct listener *listener, struct fail *fail)
{
	if (listener->fd >= 0)
		return 0;
	listener->fd = socket_bound(listener);
	if (listener->fd < 0 || listen(listener->fd, BACKLOG) < 0) {
		fail_set(fail, "cannot listen: %s", strerror(errno));
		listener_refuse(listener);
		return -1;
	}
	return 0;
}

void listener_refuse(struct listener *listener)
{
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
}

static int addr_parse(struct listener *listener, const char *addr,
		      unsigned int port, struct fail *fail)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *info;
	char service[16];

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(addr, service, &hints, &info) != 0)
		return fail_set(fail, "%s: no numeric address to listen on",
				addr);
	memcpy(&listener->addr, info->ai_addr, info->ai_addrlen);
	listener->addr_size = info->ai_addrlen;
	freeaddrinfo(info);
	return 0;
}

int listener_open(struct listener *listener, const char *addr,
		  unsigned int port, struct fail *fail)
{
	*listener = LISTENER_CLOSED;
	if (addr_parse(listener, addr, port, fail) < 0)
		return -1;
	listener->holder = socket_bound(listener);
	if (listener->holder < 0)
		return fail_set(fail, "%s port %u: %s", addr, port,
				strerror(errno));
	/* Learn the port that port 0 became. */
	if (getsockname(listener->holder, (struct sockaddr *)&listener->addr,
			&listener->addr_size) < 0)
		return fail_set(fail, "getsockname: %s", strerror(errno));
	return listener_resume(listener, fail);
}

void listener_close(struct listener *listener)
{
	listener_refuse(listener);
	if (listener->holder >= 0)
		close(listener->holder);
	listener->holder = -1;
}

unsigned int listener_port(const struct listener *listener)
{
	if (listener->addr.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)&listener->addr)
				     ->sin6_port);
	return ntohs(((const struct sockaddr_in *)&listener->addr)->sin_port);
}

void listener_accept(struct listener *listener, struct MHD_Daemon *daemon)
{
	struct sockaddr_storage peer;
	socklen_t size;
	int fd;

	for (;;) {
		size = sizeof(peer);
		fd = accept4(listener->fd, (struct sockaddr *)&peer, &size,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		/* Closes fd itself where it takes no more. */
		MHD_add_connection(daemon, fd, (struct sockaddr *)&peer, size);
	}
}

int listener_port_file(const struct listener *listener, const char *path,
		       struct fail *fail)
{
	char draft[4096];
	FILE *file;
	int ok;

	if (!path)
		return 0;
	if (snprintf(draft, sizeof(draft), "%s.%ld", path, (long)getpid()) >=
	    (int)sizeof(draft))
		return fail_set(fail, "%.200s...: path too long", path);
	file = fopen(draft, "we");
	if (!file)
		return fail_set(fail, "%s: %s", draft, strerror(errno));
	ok = fprintf(file, "%u\n", listener_port(listener)) > 0;
	if (fclose(file) == 0 && ok && rename(draft, path) == 0)
		return 0;
	fail_set(fail, "%s: %s", path, strerror(errno));
	unlink(draft);
	return -1;
}
