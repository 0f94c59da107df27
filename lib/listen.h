/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_LIB_LISTEN_H
#define WATTGATE_LIB_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

/*
 * "10.0.0.1:6830", "[fe80::1]:6830", ":6830": the host, without brackets, into
 * host, and where in text the port begins, which is digits. False where text is
 * none of these, or the host has no room.
 */
bool listen_split(const char *text, char *host, size_t room,
		  const char **port);

/* The port of a socket that is bound; 0: it is not. */
unsigned listen_port(int fd);

#endif
