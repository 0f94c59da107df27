/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_STORE_H
#define WATTGATE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/ledger.h"

/*
 * The ledgers of a site's nodes in one database: a file of SQLite's, or schema
 * wattgate_site in PostgreSQL. docs/site-store.md describes the tables.
 *
 * Calls block: on PostgreSQL for STORE_LIMIT_S at most, on a locked file for
 * STORE_LOCK_S. All fill err on failure, and change nothing then; what was lost
 * (a connection, a file) is opened again by the next call. One thread at a time.
 */

#define STORE_LIMIT_S 60
#define STORE_LOCK_S 10

/* Returned for what will not be taken, however often it comes. */
#define STORE_REFUSED (-2)

enum store_use {
	STORE_WRITE,	/* a file is made, with its tables, where there is none */
	STORE_READ	/* nothing is changed; all reads are of one moment */
};

/* Where it is: database, or else file. */
struct store_params {
	const char *file;	/* of SQLite */
	const char *database;	/* libpq's words, without a password; "": file */
	const char *password;	/* NULL or "": libpq looks for it */
	unsigned limit_s;	/* 0: STORE_LIMIT_S */
};

typedef struct store store_t;

/*
 * As [site] says. Nothing is opened or connected yet: NULL with a text only
 * where the configuration cannot be used.
 */
store_t *store_open(const struct conf *conf, enum store_use use,
		    struct err *err);
store_t *store_open_at(const struct store_params *params, enum store_use use,
		       struct err *err);
void store_close(store_t *s);	/* NULL is fine */

/* Is it there, and of a version that is known here? */
int store_check(store_t *s, struct err *err);

/*
 * Would a record of that node be taken? 0, or STORE_REFUSED with a text that
 * names it. Asks nobody.
 */
int store_record_check(const struct ledger_rec *rec, const char *node,
		       struct err *err);

/* ---- writing --------------------------------------------------------------- */

struct store_count {
	uint32_t fresh;		/* records that were not there */
	uint32_t conflicts;	/* were there, with other content: kept as they were */
	struct err conflict;	/* the first of them, in words */
};

/*
 * Keep closed records of a node, all of them or none: when this returns 0 they
 * are on disk. What is there already is passed over; what was open is not any
 * more. -1: not now; STORE_REFUSED: a record is nonsense, or another node's.
 */
int store_put(store_t *s, const char *node, const struct ledger_rec *recs,
	      uint32_t n, struct store_count *count, struct err *err);

/*
 * What is open on a node, in place of what was. A record that is closed already
 * is passed over. As store_put().
 */
int store_put_open(store_t *s, const char *node, const struct ledger_rec *recs,
		   uint32_t n, struct err *err);

/* ---- reading --------------------------------------------------------------- */

/* The nodes, sorted by byte. */
int store_nodes(store_t *s, void (*node)(const char *name, void *arg),
		void *arg, struct err *err);

/* Wall time, half-open. Allocations and steps count by their start. */
struct store_window {
	int64_t from_ns, to_ns;
};

/*
 * The records of a node, closed or open ones, in the order in which they came;
 * interval parts live until the call returns. window (or NULL: all): intervals
 * that overlap it, and allocations and steps that start in it, and no others
 * where they are closed.
 */
int store_visit(store_t *s, const char *node, bool open,
		const struct store_window *window,
		void (*record)(const struct ledger_rec *rec, void *arg),
		void *arg, struct err *err);

/* When the node's last closed interval ended, wall time; INT64_MIN: none. */
int store_newest(store_t *s, const char *node, int64_t *newest_ns,
		 struct err *err);

#endif
