/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_STORE_IMPL_H
#define WATTGATE_STORE_IMPL_H

#include "store.h"

#include "lib/ledger_fields.h"

/* Between the files of this room. */

#define STORE_VERSION 1		/* of the tables */

/* The tables are the same in both: a column for each field, in this order. */
#define STORE_COLUMNS_MAX 32

/* Intervals longer than this are looked for apart: there are hardly any. */
#define STORE_LONG_NS (INT64_C(25) * 3600 * NS_PER_S)

/* Which records are meant. */
struct store_range {
	const char *node;
	bool open;
	const struct store_window *window;	/* NULL: all */
};

/* One kind of a node's records, as they come out: by the order they came in. */
typedef struct store_rows store_rows_t;

struct store_ops {
	void (*close)(void *db);
	int (*check)(void *db, struct err *err);
	int (*put)(void *db, const char *node, const struct ledger_rec *recs,
		   uint32_t n, struct store_count *count, struct err *err);
	int (*put_open)(void *db, const char *node,
			const struct ledger_rec *recs, uint32_t n,
			struct err *err);
	int (*nodes)(void *db, void (*node)(const char *name, void *arg),
		     void *arg, struct err *err);
	int (*newest)(void *db, const char *node, int64_t *newest_ns,
		      struct err *err);
	/*
	 * Allocations and steps, or intervals (with parts: room for
	 * LEDGER_PARTS_MAX). NULL with a text.
	 */
	store_rows_t *(*rows)(void *db, const struct store_range *range,
			      bool intervals, struct ledger_part *parts,
			      struct err *err);
	/* The next one: 1 with rec and seq filled, 0 at the end, -1. */
	int (*next)(store_rows_t *rows, struct ledger_rec *rec, int64_t *seq,
		    struct err *err);
	void (*rows_close)(store_rows_t *rows);
};

/* Each is given by a file that has it, or by one that says that it has not. */
extern const struct store_ops store_sqlite_ops, store_pg_ops;
void *store_sqlite_open(const char *file, enum store_use use, struct err *err);
void *store_pg_open(const struct store_params *params, enum store_use use,
		    struct err *err);

/* ---- store_record.c: what is kept of a record --------------------------------- */

/* "job 5.extern restart 0 from ..." */
void store_record_name(const struct ledger_rec *rec, char *buf, size_t size);

/* The checksum that its line has. `room`: LEDGER_LINE_MAX + 1 bytes. */
uint32_t store_record_crc(const struct ledger_rec *rec, char *room);

/* A field that has a column of its own: all but the node, the boot and parts. */
bool store_field_kept(const struct ledger_field *f);
/* What the column is called. */
const char *store_field_column(const struct ledger_field *f);

/* "a, b, c" of the columns of a kind; how many. */
int store_columns(enum ledger_kind kind, char *buf, size_t size);

/* Where a field lies. */
static inline void *store_field_at(const struct ledger_field *f,
				   struct ledger_rec *rec)
{
	return (char *)rec + f->offset;
}
static inline const void *store_field_in(const struct ledger_field *f,
					 const struct ledger_rec *rec)
{
	return (const char *)rec + f->offset;
}

#endif
