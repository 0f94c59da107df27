/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/listen.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

bool listen_split(const char *text, char *host, size_t room, const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;

	if (!colon || !colon[1] ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return false;
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return false;	/* IPv6 without brackets */
	}
	if (len >= room)
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	*port = colon + 1;
	return true;
}

unsigned listen_port(int fd)
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);
	char port[8] = "0";

	getsockname(fd, (struct sockaddr *)&sa, &len);
	getnameinfo((struct sockaddr *)&sa, len, NULL, 0, port, sizeof(port),
		    NI_NUMERICSERV);
	return (unsigned)strtoul(port, NULL, 10);
}
