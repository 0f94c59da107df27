/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows by a cursor on the server, some at a time. */
#include "pg_impl.h"

#include <libpq-fe.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FETCH "500"

struct store_rows {
	struct pg_store *s;
	PGresult *page;		/* what was fetched last */
	int at;			/* the row of it that comes next */
	char node[256];
	bool intervals, declared;
	struct ledger_part *parts;
};

/* ---- small answers ------------------------------------------------------------- */

int pg_nodes(void *db, void (*node)(const char *name, void *arg), void *arg,
	     struct err *err)
{
	struct pg_store *s = db;
	PGresult *r;

	if (pg_ready(s, err) < 0)
		return -1;
	r = pgdb_query(s->db, "SELECT name FROM node ORDER BY name COLLATE \"C\"",
		       NULL, 0, err);
	if (!r) {
		pg_failed(s);
		return -1;
	}
	for (int i = 0; i < PQntuples(r); i++)
		node(PQgetvalue(r, i, 0), arg);
	PQclear(r);
	return 0;
}

int pg_newest(void *db, const char *node, int64_t *newest_ns, struct err *err)
{
	const char *params[] = { node };
	struct pg_store *s = db;
	PGresult *r;

	if (pg_ready(s, err) < 0)
		return -1;
	r = pgdb_query(s->db, "SELECT max(to_wall_ns) FROM node_interval "
		       "WHERE node_id = (SELECT id FROM node WHERE name = $1)",
		       params, 1, err);
	if (!r) {
		pg_failed(s);
		return -1;
	}
	pgdb_int(r, 0, 0, newest_ns);
	PQclear(r);
	return 0;
}

/* ---- rows ---------------------------------------------------------------------- */

#define MINE "r.node_id = (SELECT id FROM node WHERE name = $1)"

/* $2 and $3 are the window, $4 is its end and STORE_LONG_NS. */
static void rows_text(const struct store_range *range, bool intervals,
		      char *buf, size_t size)
{
	const char *table = range->open ?
		(intervals ? "open_interval" : "open_allocation") :
		(intervals ? "node_interval" : "allocation");
	char columns[600], parts[300] = "r.is_step::int", select[1400];

	if (intervals)
		snprintf(parts, sizeof(parts), "(SELECT string_agg(p.job || '.' || p.restart || ':' || p.joules, ',' ORDER BY p.ord) "
			 "FROM %s p WHERE p.node_id = r.node_id AND p.seq = r.seq)",
			 range->open ? "open_part" : "interval_part");
	store_columns(intervals ? LEDGER_INTERVAL : LEDGER_ALLOC, columns,
		      sizeof(columns));
	snprintf(select, sizeof(select),
		 "SELECT r.seq, %s, b.boot, %s FROM %s r "
		 "JOIN boot b ON b.id = r.boot_id WHERE " MINE,
		 parts, columns, table);
	if (!range->window)
		snprintf(buf, size, "%s ORDER BY r.seq", select);
	else if (!intervals)
		snprintf(buf, size, "%s AND r.start_wall_ns >= $2::bigint "
			 "AND r.start_wall_ns < $3::bigint ORDER BY r.seq",
			 select);
	else
		snprintf(buf, size, "%s AND r.to_wall_ns > $2::bigint "
			 "AND r.to_wall_ns < $4::bigint AND r.from_wall_ns < $3::bigint "
			 "UNION ALL %s AND r.to_wall_ns - r.from_wall_ns > 90000000000000 "
			 "AND r.from_wall_ns < $3::bigint AND r.to_wall_ns >= $4::bigint "
			 "ORDER BY 1", select, select);
}

static int declare(store_rows_t *rows, const struct store_range *range,
		   struct err *err)
{
	const struct store_window *w = range->window;
	const struct pg_number from = pg_number(w ? w->from_ns : 0),
		to = pg_number(w ? w->to_ns : 0),
		beyond = pg_number(!w || w->to_ns < 0 ? 0 :
				   ns_add(w->to_ns, STORE_LONG_NS));
	const char *params[] = { range->node, from.text, to.text, beyond.text };
	char select[3200], text[3300];

	rows_text(range, rows->intervals, select, sizeof(select));
	snprintf(text, sizeof(text), "DECLARE %s NO SCROLL CURSOR FOR %s",
		 rows->intervals ? "intervals_read" : "allocations_read",
		 select);
	if (pgdb_do(rows->s->db, text, params,
		    !w ? 1 : rows->intervals ? 4 : 3, NULL, err) < 0)
		return -1;
	rows->declared = true;
	return 0;
}

store_rows_t *pg_rows(void *db, const struct store_range *range, bool intervals,
		      struct ledger_part *parts, struct err *err)
{
	store_rows_t *rows;

	if (pg_ready(db, err) < 0)
		return NULL;
	rows = calloc(1, sizeof(*rows));
	if (!rows) {
		err_set(err, "no memory to read the store");
		return NULL;
	}
	rows->s = db;
	snprintf(rows->node, sizeof(rows->node), "%s", range->node);
	rows->intervals = intervals;
	rows->parts = parts;
	if (declare(rows, range, err) == 0)
		return rows;
	pg_failed(rows->s);
	pg_rows_close(rows);
	return NULL;
}

void pg_rows_close(store_rows_t *rows)
{
	PQclear(rows->page);
	if (rows->declared && rows->s->db && !pgdb_lost(rows->s->db))
		pgdb_do(rows->s->db, rows->intervals ? "CLOSE intervals_read" :
			"CLOSE allocations_read", NULL, 0, NULL, NULL);
	free(rows);
}

/* 1 where there is a row at rows->at, 0 at the end, -1. */
static int fetch(store_rows_t *rows, struct err *err)
{
	if (rows->page && rows->at < PQntuples(rows->page))
		return 1;
	if (!rows->s->db)
		return err_set(err, "the store's database: the connection was lost");
	PQclear(rows->page);
	rows->at = 0;
	rows->page = pgdb_query(rows->s->db, rows->intervals ?
				"FETCH " FETCH " FROM intervals_read" :
				"FETCH " FETCH " FROM allocations_read",
				NULL, 0, err);
	if (!rows->page) {
		pg_failed(rows->s);
		return -1;
	}
	return PQntuples(rows->page) > 0;
}

/* "JOB.RESTART:JOULES,..." */
static int take_parts(store_rows_t *rows, const char *text,
		      struct ledger_interval *iv)
{
	iv->parts = rows->parts;
	while (text && *text) {
		struct ledger_part *part = &iv->parts[iv->parts_len];
		char *end;

		if (iv->parts_len++ == LEDGER_PARTS_MAX)
			return -1;
		part->job_id = (uint32_t)strtoul(text, &end, 10);
		if (*end != '.')
			return -1;
		part->restart = (uint32_t)strtoul(end + 1, &end, 10);
		if (*end != ':')
			return -1;
		part->joules = strtod(end + 1, &end);
		if (*end != ',' && *end != '\0')
			return -1;
		text = *end ? end + 1 : end;
	}
	return 0;
}

static int take_field(const PGresult *r, int row, int col,
		      const struct ledger_field *f, struct ledger_rec *rec)
{
	const char *text = pgdb_text(r, row, col);
	void *at = store_field_at(f, rec);
	int64_t n = 0;

	switch (f->type) {
	case FIELD_U32:
	case FIELD_I32:
	case FIELD_NS:
	case FIELD_WALL:
		if (!pgdb_int(r, row, col, &n))
			return -1;
		if (f->type == FIELD_U32)
			*(uint32_t *)at = (uint32_t)n;
		else if (f->type == FIELD_I32)
			*(int32_t *)at = (int32_t)n;
		else
			*(int64_t *)at = n;
		return 0;
	case FIELD_FLAG:
		*(bool *)at = text && *text == 't';
		return text ? 0 : -1;
	case FIELD_MAYBE:
		if (!text) {
			*(double *)at = NAN;
			return 0;
		}
		/* fallthrough */
	case FIELD_JOULES:
	case FIELD_NUMBER:
		return pgdb_double(r, row, col, at) ? 0 : -1;
	case FIELD_TEXT:
		return text ? ledger_unescape(text, at, f->size) : -1;
	case FIELD_PARTS:
		break;
	}
	return 0;
}

static int take_record(store_rows_t *rows, struct ledger_rec *rec, int64_t *seq)
{
	const PGresult *r = rows->page;
	const int row = rows->at++;
	const char *boot = pgdb_text(r, row, 2);
	int64_t is_step = 0;
	int col = 3;

	memset(rec, 0, sizeof(*rec));
	if (!pgdb_int(r, row, 0, seq) || !boot)
		return -1;
	if (!rows->intervals)
		pgdb_int(r, row, 1, &is_step);
	rec->kind = rows->intervals ? LEDGER_INTERVAL :
		    is_step ? LEDGER_STEP : LEDGER_ALLOC;
	snprintf(rows->intervals ? rec->interval.node : rec->alloc.node,
		 sizeof(rec->alloc.node), "%s", rows->node);
	if (ledger_unescape(boot, rows->intervals ? rec->interval.boot_id :
			    rec->alloc.boot_id, BOOT_ID_SIZE) != 0)
		return -1;
	for (const struct ledger_field *f = ledger_fields(rec->kind); f->key; f++)
		if (store_field_kept(f) && take_field(r, row, col++, f, rec) != 0)
			return -1;
	return rows->intervals ?
	       take_parts(rows, pgdb_text(r, row, 1), &rec->interval) : 0;
}

int pg_next(store_rows_t *rows, struct ledger_rec *rec, int64_t *seq,
	    struct err *err)
{
	const int rc = fetch(rows, err);

	if (rc <= 0)
		return rc;
	if (take_record(rows, rec, seq) == 0)
		return 1;
	return err_set(err, "the store's database: a record of node %.100s is damaged",
		       rows->node);
}
