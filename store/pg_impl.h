/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_STORE_PG_IMPL_H
#define WATTGATE_STORE_PG_IMPL_H

#include "store_impl.h"

#include "pg/array.h"
#include "pg/db.h"

/* Between pg_*.c; no one else. */

struct pg_store {
	char *conninfo, *password;
	enum store_use use;
	unsigned limit_s;
	pgdb_t *db;		/* NULL: to be connected */
	char *line;		/* LEDGER_LINE_MAX + 1 bytes */
};

/* Connect where that is to be done. The call that begins has STORE_LIMIT_S. */
int pg_ready(struct pg_store *s, struct err *err);

/* After a failure: undo, or connect anew. STORE_REFUSED for a row's fault. */
int pg_failed(struct pg_store *s);

/* ---- pg_write.c ------------------------------------------------------------------- */

int pg_put(void *db, const char *node, const struct ledger_rec *recs,
	   uint32_t n, struct store_count *count, struct err *err);
int pg_put_open(void *db, const char *node, const struct ledger_rec *recs,
		uint32_t n, struct err *err);

/* ---- pg_read.c -------------------------------------------------------------------- */

int pg_nodes(void *db, void (*node)(const char *name, void *arg), void *arg,
	     struct err *err);
int pg_newest(void *db, const char *node, int64_t *newest_ns, struct err *err);
store_rows_t *pg_rows(void *db, const struct store_range *range, bool intervals,
		      struct ledger_part *parts, struct err *err);
int pg_next(store_rows_t *rows, struct ledger_rec *rec, int64_t *seq,
	    struct err *err);
void pg_rows_close(store_rows_t *rows);

#endif
