/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_LISTENER_H
#define BMCSIM_LISTENER_H

#include <stdbool.h>
#include <stdio.h>

#include <microhttpd.h>
#include <sys/socket.h>

#include "fail.h"

/*
 * A listening socket that can stop to listen and start again at the same
 * port: a second socket, bound but never listening, keeps the port meanwhile,
 * so that clients are refused and nobody else gets it.
 */
struct listener {
	int holder;
	int fd;			/* -1: refusing */
	struct sockaddr_storage addr;
	socklen_t addr_size;
};

#define LISTENER_CLOSED ((struct listener){ .holder = -1, .fd = -1 })

/* A numeric address; port 0: the system chooses. */
int listener_open(struct listener *listener, const char *addr,
		  unsigned int port, struct fail *fail);
void listener_close(struct listener *listener);

unsigned int listener_port(const struct listener *listener);

void listener_refuse(struct listener *listener);
int listener_resume(struct listener *listener, struct fail *fail);

/* Hands all that wait to the daemon. */
void listener_accept(struct listener *listener, struct MHD_Daemon *daemon);

/* Writes the port to path, whole or not at all; NULL: nowhere. */
int listener_port_file(const struct listener *listener, const char *path,
		       struct fail *fail);

#endif
