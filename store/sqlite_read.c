/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sqlite_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store_rows {
	struct sqlite_store *s;
	sqlite3_stmt *st, *parts_st;
	struct store_range range;
	bool intervals;
	struct ledger_part *parts;
};

/* ---- small answers ------------------------------------------------------------- */

int sqlite_nodes(void *db, void (*node)(const char *name, void *arg),
		 void *arg, struct err *err)
{
	struct sqlite_store *s = db;
	sqlite3_stmt *st = NULL;
	int rc;

	if (sqlite_ready(s, err) != 0)
		return -1;
	rc = sqlite3_prepare_v2(s->db, "SELECT name FROM node ORDER BY name",
				-1, &st, NULL);
	while (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		node((const char *)sqlite3_column_text(st, 0), arg);
	rc = sqlite3_finalize(st);
	return rc == SQLITE_OK ? 0 : sqlite_fail(s, err);
}

int sqlite_newest(void *db, const char *node, int64_t *newest_ns,
		  struct err *err)
{
	struct sqlite_store *s = db;
	sqlite3_stmt *st = NULL;

	if (sqlite_ready(s, err) != 0)
		return -1;
	if (sqlite3_prepare_v2(s->db, "SELECT max(to_wall_ns) FROM node_interval "
			       "WHERE node_id = (SELECT id FROM node WHERE name = ?1)",
			       -1, &st, NULL) == SQLITE_OK) {
		sqlite3_bind_text(st, 1, node, -1, SQLITE_STATIC);
		if (sqlite3_step(st) == SQLITE_ROW &&
		    sqlite3_column_type(st, 0) == SQLITE_INTEGER)
			*newest_ns = sqlite3_column_int64(st, 0);
	}
	return sqlite3_finalize(st) == SQLITE_OK ? 0 : sqlite_fail(s, err);
}

/* ---- rows ---------------------------------------------------------------------- */

#define MINE "r.node_id = (SELECT id FROM node WHERE name = ?1)"

/* ?2 and ?3 are the window, ?4 is its end and STORE_LONG_NS. */
static void rows_text(const struct store_range *range, bool intervals,
		      char *buf, size_t size)
{
	const char *table = range->open ?
		(intervals ? "open_interval" : "open_allocation") :
		(intervals ? "node_interval" : "allocation");
	char columns[600], select[900];

	store_columns(intervals ? LEDGER_INTERVAL : LEDGER_ALLOC, columns,
		      sizeof(columns));
	snprintf(select, sizeof(select),
		 "SELECT r.seq, %s, b.boot, %s FROM %s r "
		 "JOIN boot b ON b.id = r.boot_id WHERE " MINE,
		 intervals ? "r.node_id" : "r.is_step", columns, table);
	if (!range->window)
		snprintf(buf, size, "%s ORDER BY r.seq", select);
	else if (!intervals)
		snprintf(buf, size, "%s AND r.start_wall_ns >= ?2 "
			 "AND r.start_wall_ns < ?3 ORDER BY r.seq", select);
	else
		snprintf(buf, size, "%s AND r.to_wall_ns > ?2 "
			 "AND r.to_wall_ns < ?4 AND r.from_wall_ns < ?3 "
			 "UNION ALL %s AND r.to_wall_ns - r.from_wall_ns > 90000000000000 "
			 "AND r.from_wall_ns < ?3 AND r.to_wall_ns >= ?4 "
			 "ORDER BY 1", select, select);
}

static int prepare(store_rows_t *rows, struct err *err)
{
	const struct store_window *w = rows->range.window;
	sqlite3 *db = rows->s->db;
	char text[2400];

	rows_text(&rows->range, rows->intervals, text, sizeof(text));
	if (sqlite3_prepare_v2(db, text, -1, &rows->st, NULL) != SQLITE_OK)
		return sqlite_fail(rows->s, err);
	if (rows->intervals &&
	    sqlite3_prepare_v2(db, rows->range.open ?
			       "SELECT job, restart, joules FROM open_part WHERE node_id = ?1 AND seq = ?2 ORDER BY ord" :
			       "SELECT job, restart, joules FROM interval_part WHERE node_id = ?1 AND seq = ?2 ORDER BY ord",
			       -1, &rows->parts_st, NULL) != SQLITE_OK)
		return sqlite_fail(rows->s, err);
	sqlite3_bind_text(rows->st, 1, rows->range.node, -1, SQLITE_TRANSIENT);
	if (!w)
		return 0;
	sqlite3_bind_int64(rows->st, 2, w->from_ns);
	sqlite3_bind_int64(rows->st, 3, w->to_ns);
	sqlite3_bind_int64(rows->st, 4, w->to_ns < 0 ? w->to_ns :
			   ns_add(w->to_ns, STORE_LONG_NS));
	return 0;
}

store_rows_t *sqlite_rows(void *db, const struct store_range *range,
			  bool intervals, struct ledger_part *parts,
			  struct err *err)
{
	store_rows_t *rows;

	if (sqlite_ready(db, err) != 0)
		return NULL;
	rows = calloc(1, sizeof(*rows));
	if (!rows) {
		err_set(err, "no memory to read the store");
		return NULL;
	}
	rows->s = db;
	rows->range = *range;
	rows->intervals = intervals;
	rows->parts = parts;
	if (prepare(rows, err) == 0)
		return rows;
	sqlite_rows_close(rows);
	return NULL;
}

void sqlite_rows_close(store_rows_t *rows)
{
	sqlite3_finalize(rows->st);
	sqlite3_finalize(rows->parts_st);
	free(rows);
}

static int take_text(sqlite3_stmt *st, int i, char *buf, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(st, i);

	return text ? ledger_unescape(text, buf, size) : -1;
}

static int take_field(sqlite3_stmt *st, int i, const struct ledger_field *f,
		      struct ledger_rec *rec)
{
	void *at = store_field_at(f, rec);

	switch (f->type) {
	case FIELD_U32:
		*(uint32_t *)at = (uint32_t)sqlite3_column_int64(st, i);
		return 0;
	case FIELD_I32:
		*(int32_t *)at = (int32_t)sqlite3_column_int64(st, i);
		return 0;
	case FIELD_NS:
	case FIELD_WALL:
		*(int64_t *)at = sqlite3_column_int64(st, i);
		return 0;
	case FIELD_FLAG:
		*(bool *)at = sqlite3_column_int64(st, i) != 0;
		return 0;
	case FIELD_MAYBE:
		if (sqlite3_column_type(st, i) == SQLITE_NULL) {
			*(double *)at = NAN;
			return 0;
		}
		/* fallthrough */
	case FIELD_JOULES:
	case FIELD_NUMBER:
		*(double *)at = sqlite3_column_double(st, i);
		return 0;
	case FIELD_TEXT:
		return take_text(st, i, at, f->size);
	case FIELD_PARTS:
		break;
	}
	return 0;
}

static int take_parts(store_rows_t *rows, int64_t node_id, int64_t seq,
		      struct ledger_interval *iv, struct err *err)
{
	sqlite3_stmt *st = rows->parts_st;
	int rc = SQLITE_DONE;

	iv->parts = rows->parts;
	sqlite3_bind_int64(st, 1, node_id);
	sqlite3_bind_int64(st, 2, seq);
	while (iv->parts_len < LEDGER_PARTS_MAX &&
	       (rc = sqlite3_step(st)) == SQLITE_ROW)
		iv->parts[iv->parts_len++] = (struct ledger_part){
			(uint32_t)sqlite3_column_int64(st, 0),
			(uint32_t)sqlite3_column_int64(st, 1),
			sqlite3_column_double(st, 2)
		};
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return sqlite_fail(rows->s, err);
	sqlite3_reset(st);
	return 0;
}

int sqlite_next(store_rows_t *rows, struct ledger_rec *rec, int64_t *seq,
		struct err *err)
{
	sqlite3_stmt *st = rows->st;
	int rc = sqlite3_step(st), i = 3;
	char *node, *boot;

	if (rc == SQLITE_DONE)
		return 0;
	if (rc != SQLITE_ROW)
		return sqlite_fail(rows->s, err);
	memset(rec, 0, sizeof(*rec));
	*seq = sqlite3_column_int64(st, 0);
	rec->kind = rows->intervals ? LEDGER_INTERVAL :
		    sqlite3_column_int(st, 1) ? LEDGER_STEP : LEDGER_ALLOC;
	node = rows->intervals ? rec->interval.node : rec->alloc.node;
	boot = rows->intervals ? rec->interval.boot_id : rec->alloc.boot_id;
	snprintf(node, sizeof(rec->alloc.node), "%s", rows->range.node);
	rc = take_text(st, 2, boot, BOOT_ID_SIZE);
	for (const struct ledger_field *f = ledger_fields(rec->kind);
	     f->key && rc == 0; f++)
		if (store_field_kept(f))
			rc = take_field(st, i++, f, rec);
	if (rc != 0)
		return err_set(err, "store %.300s: a record of node %.100s is damaged",
			       rows->s->file, rows->range.node);
	if (rows->intervals && take_parts(rows, sqlite3_column_int64(st, 1),
					  *seq, &rec->interval, err) != 0)
		return -1;
	return 1;
}
