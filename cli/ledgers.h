/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_LEDGERS_H
#define WATTGATE_CLI_LEDGERS_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/ledger.h"
#include "store/store.h"

/*
 * Where ledgers are: a directory with NODE.ledger, NODE.open and NODE.backfill
 * of each node; or, on a management host, the site's store instead of the
 * first two. Made by { .dir = "..." } or by ledgers_open().
 */
struct ledgers {
	const char *dir;
	store_t *store;		/* NULL: files */
	bool windowed;		/* only what these ask for need be found: */
	struct store_window window;
};

/*
 * As the configuration says: the store where mode = site and there is one. Root
 * takes a password file of wattgated's. conf outlives it. -1 with a text.
 */
int ledgers_open(struct ledgers *from, const struct conf *conf,
		 struct err *err);
void ledgers_close(struct ledgers *from);	/* of what was opened */

/* What it is called in messages. */
const char *ledgers_name(const struct ledgers *from);

struct names {
	char **list;		/* sorted, each once */
	size_t len, room;
};

/* The nodes that have a ledger there. -1 where it is unreadable. */
int ledgers_nodes(const struct ledgers *from, struct names *nodes,
		  struct err *err);

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
int ledgers_visit(const struct ledgers *from, const char *node,
		  enum ledger_file which,
		  const struct ledger_visitor *visitor, struct err *err);

/*
 * When the last interval ended that ledgers_visit() may have left out for the
 * window's sake, wall time; INT64_MIN: there is none.
 */
int ledgers_newest(const struct ledgers *from, const char *node,
		   int64_t *newest_ns, struct err *err);

#endif
