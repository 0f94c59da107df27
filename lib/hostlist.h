/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_HOSTLIST_H
#define WATTGATE_HOSTLIST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Slurm's node lists: "n1", "n[1-3,07],m", "rack[0-1]node[0-3]".
 */

#define HOSTLIST_MAX 100000	/* nodes of one list */
#define HOSTLIST_NAME_MAX 256

/*
 * Call fn with each name; non-zero ends all and is returned. -1 where the text
 * is no node list or has more than HOSTLIST_MAX names.
 */
int hostlist_each(const char *text, int (*fn)(const char *name, void *arg),
		  void *arg);

/* Number of names; 0 for an empty list, -1 as above. */
long hostlist_count(const char *text);

bool hostlist_has(const char *text, const char *name);

/* The first name into buf; -1 where there is none. */
int hostlist_first(const char *text, char *buf, size_t size);

#endif
