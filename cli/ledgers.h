/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_LEDGERS_H
#define WATTGATE_CLI_LEDGERS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"
#include "lib/ledger.h"

/* A directory of ledgers: NODE.ledger, NODE.open and NODE.backfill. */

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

enum ledger_file { LEDGER_FILE_CLOSED, LEDGER_FILE_OPEN, LEDGER_FILE_PAST };

/*
 * Records of NODE.backfill are of no boot that ever was: their boot id begins
 * so, their boot times are wall times less an offset (lib/samples.h).
 */
#define LEDGER_PAST_BOOT "backfill-"
bool ledgers_past_boot(const char *boot_id);

/* One of NODE.backfill's that is not whole: the job went on behind it. */
bool ledgers_past_open(const struct ledger_alloc *alloc);

/* LEDGER_DIR/NODE.backfill into buf; -1 where it does not fit. */
int ledgers_past_path(char *buf, size_t size, const char *dir,
		      const char *node);

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
