/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_STORE_SQLITE_IMPL_H
#define WATTGATE_STORE_SQLITE_IMPL_H

#include <limits.h>
#include <sqlite3.h>
#include <sys/types.h>

#include "store_impl.h"

/* Between sqlite_*.c; no one else. */

enum sqlite_statement {
	ST_BEGIN, ST_COMMIT, ST_NODE_ADD, ST_NODE_GET,
	ST_NODE_SET, ST_BOOT_ADD, ST_BOOT_GET,
	ST_ALLOC_PUT, ST_ALLOC_CRC, ST_ALLOC_CLOSE,
	ST_INTERVAL_PUT, ST_INTERVAL_CRC, ST_INTERVAL_CLOSE,
	ST_PART_PUT, ST_OPEN_ALLOC_PUT, ST_OPEN_INTERVAL_PUT,
	ST_OPEN_PART_PUT, ST_OPEN_ALLOC_CLEAR,
	ST_OPEN_INTERVAL_CLEAR, ST_STATEMENTS
};

struct sqlite_store {
	char file[PATH_MAX];
	enum store_use use;
	sqlite3 *db;		/* NULL: to be opened */
	dev_t dev;		/* of what was opened */
	ino_t inode;
	sqlite3_stmt *statements[ST_STATEMENTS];
	char *line;		/* LEDGER_LINE_MAX + 1 bytes */
};

/* Open what is not open, with what it needs. */
int sqlite_ready(struct sqlite_store *s, struct err *err);
void sqlite_shut(struct sqlite_store *s);

/* What went wrong, in words: STORE_REFUSED for a row's fault, else -1. */
int sqlite_fail(struct sqlite_store *s, struct err *err);

/* Run what has no answer. */
int sqlite_run(struct sqlite_store *s, const char *sql, struct err *err);
/* A whole number; 0 where there is none. */
int sqlite_number(struct sqlite_store *s, const char *sql, int64_t *n,
		  struct err *err);

extern const char sqlite_schema[];

/* ---- sqlite_write.c ------------------------------------------------------------- */

int sqlite_put(void *db, const char *node, const struct ledger_rec *recs,
	       uint32_t n, struct store_count *count, struct err *err);
int sqlite_put_open(void *db, const char *node, const struct ledger_rec *recs,
		    uint32_t n, struct err *err);

/* ---- sqlite_read.c -------------------------------------------------------------- */

int sqlite_nodes(void *db, void (*node)(const char *name, void *arg),
		 void *arg, struct err *err);
int sqlite_newest(void *db, const char *node, int64_t *newest_ns,
		  struct err *err);
store_rows_t *sqlite_rows(void *db, const struct store_range *range,
			  bool intervals, struct ledger_part *parts,
			  struct err *err);
int sqlite_next(store_rows_t *rows, struct ledger_rec *rec, int64_t *seq,
		struct err *err);
void sqlite_rows_close(store_rows_t *rows);

#endif
