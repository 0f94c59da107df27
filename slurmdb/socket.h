/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SLURMDB_SOCKET_H
#define WATTGATE_SLURMDB_SOCKET_H

/*
 * libslurm sends a message in two pieces. On a socket as it comes, the second
 * waits for an answer to the first, which the other side puts off: 40 ms for
 * each question, and as much for each answer. Up to Slurm 23.02 nothing is
 * done about that, so it is done here. Where it fails, all is only slower.
 */

struct socket_set {
	unsigned char was[32];	/* a bit for each of the first descriptors */
};

/* Before libslurm connects: what is open. */
void socket_before(struct socket_set *set);

/* The TCP socket that was opened since; -1: none. */
int socket_since(const struct socket_set *set);

/* Before each question: acknowledgements are not kept for every answer. */
void socket_hurry(int fd);

#endif
