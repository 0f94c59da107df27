/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_NODELIST_H
#define WATTGATE_NODELIST_H

#include <stdbool.h>

#include "lib/err.h"

/*
 * RUN/nodes: which nodes there are, as whoever follows the scheduler writes
 * it, by rename. Lines "NAME busy" or "NAME idle" below "wattgate-nodes 1".
 */

#define NODELIST_MAX 20000	/* nodes */

struct nodelist_item {
	char name[201];
	bool busy;		/* it holds a job, or may soon */
};

struct nodelist {
	struct nodelist_item *item;
	unsigned count;
};

/*
 * 0, or -1 with a text that names file and line, and list empty. Names are
 * plain file names, each once.
 */
int nodelist_read(const char *path, struct nodelist *list, struct err *err);
void nodelist_free(struct nodelist *list);

const struct nodelist_item *nodelist_find(const struct nodelist *list,
					  const char *name);

#endif
