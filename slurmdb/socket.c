/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slurmdb/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define DESCRIPTORS (8 * (int)sizeof(((struct socket_set *)0)->was))

void socket_before(struct socket_set *set)
{
	memset(set, 0, sizeof(*set));
	for (int fd = 0; fd < DESCRIPTORS; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			set->was[fd / 8] |= (unsigned char)(1 << fd % 8);
}

int socket_since(const struct socket_set *set)
{
	for (int fd = 0; fd < DESCRIPTORS; fd++) {
		struct sockaddr_storage peer;
		socklen_t len = sizeof(peer);

		if (!(set->was[fd / 8] & 1 << fd % 8) &&
		    getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
		    (peer.ss_family == AF_INET || peer.ss_family == AF_INET6))
			return fd;
	}
	return -1;
}

void socket_hurry(int fd)
{
	const int yes = 1;

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof(yes));
}
