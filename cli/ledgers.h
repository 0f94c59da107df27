/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_LEDGERS_H
#define WATTGATE_CLI_LEDGERS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"
#include "lib/ledger.h"

/* A directory of ledgers: NODE.ledger and NODE.open. */

struct names {
	char **list;		/* sorted, each once */
	size_t len, room;
};

/* The nodes that have a ledger there. -1 where the directory is unreadable. */
int ledgers_nodes(const char *dir, struct names *nodes, struct err *err);

void names_add(struct names *names, const char *name);
void names_sort(struct names *names);	/* and drop what is there twice */
bool names_have(const struct names *names, const char *name);	/* sorted ones */
void names_destroy(struct names *names);	/* what is in it, not itself */

enum ledger_file { LEDGER_FILE_CLOSED, LEDGER_FILE_OPEN };

struct ledger_visitor {
	void (*record)(const struct ledger_rec *rec, void *arg);
	/* A damaged line, "FILE:LINE: what"; NULL: passed over. */
	void (*damage)(const char *text, void *arg);
	void *arg;
};

/*
 * Every record of a node's ledger, or of what is open. No such file is an
 * empty one. -1 with a text where it cannot be read.
 *
 * Who reads both begins with what is open: what is closed meanwhile is then
 * seen twice, which can be told, and not missed, which cannot.
 */
int ledgers_visit(const char *dir, const char *node, enum ledger_file which,
		  const struct ledger_visitor *visitor, struct err *err);

#endif
