/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A batch, in one transaction: a statement for each table, each column of the
 * batch one array. Whoever writes of a node holds the node's row, so that
 * several may write at once, and each of a node's records has its number.
 */
#include "pg_impl.h"

#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ledger_wall.h"

#define ARRAYS_MAX (STORE_COLUMNS_MAX + 8)

/* A batch under way. */
struct batch {
	struct pg_store *s;
	const char *node;
	const struct ledger_rec *recs;
	uint32_t n;
	bool open;
	struct pg_number node_id;
	int64_t next_seq;
	bool *fresh;		/* of each record */
	struct store_count *count;
	struct err *err;
};

/* Columns of one statement; $1 is the node. */
struct columns {
	struct pg_array arrays[ARRAYS_MAX];
	const char *params[ARRAYS_MAX + 1];
	int count;
};

static void columns_end(struct columns *c, const struct batch *b)
{
	c->params[0] = b->node_id.text;
	for (int i = 0; i < c->count; i++)
		c->params[i + 1] = pg_array_end(&c->arrays[i]);
}

/* -1 without memory. */
static PGresult *columns_query(struct columns *c, struct batch *b,
			       const char *sql)
{
	PGresult *r = NULL;
	bool whole = true;

	columns_end(c, b);
	for (int i = 0; i <= c->count; i++)
		whole &= c->params[i] != NULL;
	if (whole)
		r = pgdb_query(b->s->db, sql, c->params, c->count + 1, b->err);
	else
		err_set(b->err, "no memory for a batch");
	for (int i = 0; i < ARRAYS_MAX; i++)
		pg_array_free(&c->arrays[i]);
	return r;
}

static bool is_interval(const struct ledger_rec *rec)
{
	return rec->kind == LEDGER_INTERVAL;
}

static const char *boot_of(const struct ledger_rec *rec)
{
	return is_interval(rec) ? rec->interval.boot_id : rec->alloc.boot_id;
}

static void put_escaped(struct pg_array *a, const char *text)
{
	char escaped[3 * 64 + 1] = "";

	ledger_escape(text, escaped, sizeof(escaped));
	pg_array_text(a, escaped);
}

/* ---- node and boots --------------------------------------------------------------- */

/* 1 where it is there, 0 where not, -1. */
static int node_lock(struct batch *b)
{
	const char *params[] = { b->node };
	PGresult *r = pgdb_query(b->s->db, "SELECT id, next_seq FROM node "
				 "WHERE name = $1 FOR UPDATE", params, 1,
				 b->err);
	int64_t id;
	int rc;

	if (!r)
		return -1;
	rc = pgdb_int(r, 0, 0, &id) && pgdb_int(r, 0, 1, &b->next_seq);
	if (rc)
		b->node_id = pg_number(id);
	PQclear(r);
	return rc;
}

/* Only what is missing is inserted: each try takes a number for good. */
static int node_find(struct batch *b)
{
	const char *params[] = { b->node };
	int rc = node_lock(b);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (pgdb_do(b->s->db, "INSERT INTO node (name) VALUES ($1) "
		    "ON CONFLICT (name) DO NOTHING", params, 1, NULL,
		    b->err) < 0)
		return -1;
	rc = node_lock(b);
	return rc > 0 ? 0 : rc < 0 ? -1 :
	       err_set(b->err, "the store's database: node %.100s cannot be made", b->node);
}

static int boots_make(struct batch *b)
{
	struct columns c = { .count = 1 };
	const char *last = "";
	PGresult *r;

	for (uint32_t i = 0; i < b->n; i++) {
		if (strcmp(boot_of(&b->recs[i]), last) == 0)
			continue;
		last = boot_of(&b->recs[i]);
		put_escaped(&c.arrays[0], last);
	}
	r = columns_query(&c, b, "INSERT INTO boot (node_id, boot) "
			  "SELECT DISTINCT $1::int, d.boot FROM unnest($2::text[]) d(boot) "
			  "WHERE NOT EXISTS (SELECT FROM boot b "
			  "WHERE b.node_id = $1::int AND b.boot = d.boot)");
	PQclear(r);
	return r ? 0 : -1;
}

/* ---- statements ------------------------------------------------------------------- */

struct text {
	char buf[6000];
	size_t len;
};

static void text_add(struct text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, sizeof(t->buf) - t->len, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(t->buf) - t->len)
		t->len += (size_t)n;
}

static const char *array_type(const struct ledger_field *f)
{
	switch (f->type) {
	case FIELD_TEXT: return "text[]";
	case FIELD_FLAG: return "bool[]";
	case FIELD_JOULES:
	case FIELD_NUMBER:
	case FIELD_MAYBE: return "float8[]";
	default: return "bigint[]";
	}
}

static const char *key_of(bool interval)
{
	return interval ? "y.boot_id, y.start_ns" :
			  "y.boot_id, y.job, y.step, y.restart, y.start_ns";
}

/* x and y have the same key (SQL). */
static const char *same_key(bool interval)
{
	return interval ? "x.boot_id = y.boot_id AND x.start_ns = y.start_ns" :
		"x.boot_id = y.boot_id AND x.job = y.job AND x.step = y.step "
		"AND x.restart = y.restart AND x.start_ns = y.start_ns";
}

static const char *table_of(bool interval, bool open)
{
	return open ? (interval ? "open_interval" : "open_allocation") :
		      (interval ? "node_interval" : "allocation");
}

/* The rows of the batch as y(seq, boot_id, crc, ...). */
static void rows_text(struct text *t, bool interval)
{
	const struct ledger_field *fields =
		ledger_fields(interval ? LEDGER_INTERVAL : LEDGER_ALLOC);
	int i = 5;

	text_add(t, "(SELECT d.seq, b.id AS boot_id, d.crc, %s",
		 interval ? "d.from_wall_ns, d.to_wall_ns" : "d.is_step");
	for (const struct ledger_field *f = fields; f->key; f++)
		if (store_field_kept(f))
			text_add(t, f->type == FIELD_TEXT ?
				 ", coalesce(d.%s, '') AS %s" : ", d.%s AS %s",
				 store_field_column(f), store_field_column(f));
	text_add(t, " FROM unnest($2::bigint[], $3::text[], $4::bigint[], %s",
		 interval ? "$5::bigint[], $6::bigint[]" : "$5::bool[]");
	i = interval ? 7 : 6;
	for (const struct ledger_field *f = fields; f->key; f++)
		if (store_field_kept(f))
			text_add(t, ", $%d::%s", i++, array_type(f));
	text_add(t, ") AS d(seq, boot, crc, %s",
		 interval ? "from_wall_ns, to_wall_ns" : "is_step");
	for (const struct ledger_field *f = fields; f->key; f++)
		if (store_field_kept(f))
			text_add(t, ", %s", store_field_column(f));
	text_add(t, ") JOIN boot b ON b.node_id = $1::int AND b.boot = d.boot) y");
}

/* What is there is passed over; of what is open, what is closed, too. */
static void insert_text(struct text *t, bool interval, bool open)
{
	char columns[600];

	store_columns(interval ? LEDGER_INTERVAL : LEDGER_ALLOC, columns,
		      sizeof(columns));
	text_add(t, "INSERT INTO %s (node_id, seq, boot_id, crc, %s, %s) "
		 "SELECT DISTINCT ON (%s) $1::int, y.* FROM ",
		 table_of(interval, open),
		 interval ? "from_wall_ns, to_wall_ns" : "is_step", columns,
		 key_of(interval));
	rows_text(t, interval);
	/* not by unique keys: a hypertable's are others */
	text_add(t, " WHERE NOT EXISTS (SELECT FROM %s x WHERE %s) "
		 "ORDER BY %s, y.seq ON CONFLICT DO NOTHING RETURNING seq",
		 table_of(interval, false), same_key(interval),
		 key_of(interval));
}

static void put_field(struct pg_array *a, const struct ledger_field *f,
		      const struct ledger_rec *rec)
{
	const void *at = store_field_in(f, rec);

	switch (f->type) {
	case FIELD_U32: pg_array_int(a, *(const uint32_t *)at); break;
	case FIELD_I32: pg_array_int(a, *(const int32_t *)at); break;
	case FIELD_NS:
	case FIELD_WALL: pg_array_int(a, *(const int64_t *)at); break;
	case FIELD_FLAG: pg_array_bool(a, *(const bool *)at); break;
	case FIELD_JOULES:
	case FIELD_NUMBER:
	case FIELD_MAYBE: pg_array_double(a, *(const double *)at); break;
	case FIELD_TEXT: put_escaped(a, at); break;
	case FIELD_PARTS: break;
	}
}

/* The batch's records of a kind; how many. */
static uint32_t columns_fill(struct columns *c, const struct batch *b,
			     bool interval)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < b->n; k++) {
		const struct ledger_rec *rec = &b->recs[k];
		int i = 3;

		if (is_interval(rec) != interval)
			continue;
		n++;
		pg_array_int(&c->arrays[0], b->next_seq + k);
		put_escaped(&c->arrays[1], boot_of(rec));
		pg_array_int(&c->arrays[2], store_record_crc(rec, b->s->line));
		if (interval) {
			pg_array_int(&c->arrays[i++], wall_start(&rec->interval));
			pg_array_int(&c->arrays[i++], wall_end(&rec->interval));
		} else {
			pg_array_bool(&c->arrays[i++], rec->kind == LEDGER_STEP);
		}
		for (const struct ledger_field *f = ledger_fields(rec->kind);
		     f->key; f++)
			if (store_field_kept(f))
				put_field(&c->arrays[i++], f, rec);
		c->count = i;
	}
	return n;
}

/* ---- what is new, and what differs --------------------------------------------------- */

static void take_fresh(struct batch *b, const PGresult *r)
{
	for (int i = 0; i < PQntuples(r); i++) {
		int64_t seq;

		if (pgdb_int(r, i, 0, &seq) && seq >= b->next_seq &&
		    seq < b->next_seq + b->n)
			b->fresh[seq - b->next_seq] = true;
	}
}

/* Those of the n that came with other figures than are there. */
static void take_conflicts(struct batch *b, const PGresult *r)
{
	char name[160];
	int64_t seq;

	for (int i = 0; i < PQntuples(r); i++) {
		if (*PQgetvalue(r, i, 1) != 't' || !pgdb_int(r, i, 0, &seq))
			continue;
		if (b->count->conflicts++ > 0)
			continue;
		store_record_name(&b->recs[seq - b->next_seq], name,
				  sizeof(name));
		err_set(&b->count->conflict, "node %.100s: %s is there already with other figures, which stay",
			b->node, name);
	}
}

/* Now all n of the batch must be there, these or others of their keys. */
static int compare(struct batch *b, bool interval, uint32_t n)
{
	struct columns c = { 0 };
	struct text t = { .len = 0 };
	PGresult *r;
	int rc = 0;

	columns_fill(&c, b, interval);
	text_add(&t, "SELECT y.seq, x.crc <> y.crc FROM %s x JOIN ",
		 table_of(interval, false));
	rows_text(&t, interval);
	text_add(&t, " ON %s ORDER BY y.seq", same_key(interval));
	r = columns_query(&c, b, t.buf);
	if (!r)
		return -1;
	if ((uint32_t)PQntuples(r) < n)
		rc = err_set(b->err, "the store's database: records of node %.100s cannot be numbered: next_seq of its row is too low",
			     b->node);
	take_conflicts(b, r);
	PQclear(r);
	return rc;
}

/* Parts of the intervals that are new. */
static int insert_parts(struct batch *b)
{
	struct columns c = { .count = 5 };
	bool any = false;
	PGresult *r;

	for (uint32_t k = 0; k < b->n; k++) {
		const struct ledger_interval *iv = &b->recs[k].interval;

		if (!is_interval(&b->recs[k]) || !b->fresh[k])
			continue;
		for (uint32_t i = 0; i < iv->parts_len; i++) {
			any = true;
			pg_array_int(&c.arrays[0], b->next_seq + k);
			pg_array_int(&c.arrays[1], i);
			pg_array_int(&c.arrays[2], iv->parts[i].job_id);
			pg_array_int(&c.arrays[3], iv->parts[i].restart);
			pg_array_double(&c.arrays[4], iv->parts[i].joules);
		}
	}
	if (!any)
		return 0;
	r = columns_query(&c, b, b->open ?
		"INSERT INTO open_part SELECT $1::int, d.* FROM unnest($2::bigint[], "
		"$3::int[], $4::bigint[], $5::bigint[], $6::float8[]) d" :
		"INSERT INTO interval_part SELECT $1::int, d.* FROM unnest($2::bigint[], "
		"$3::int[], $4::bigint[], $5::bigint[], $6::float8[]) d");
	PQclear(r);
	return r ? 0 : -1;
}

/* What is closed now is not open any more. */
static int close_open(struct batch *b, bool interval)
{
	const char *params[] = { b->node_id.text };
	struct text t = { .len = 0 };

	text_add(&t, "DELETE FROM %s x USING %s y WHERE x.node_id = $1::int AND %s",
		 table_of(interval, true), table_of(interval, false),
		 same_key(interval));
	return pgdb_do(b->s->db, t.buf, params, 1, NULL, b->err);
}

static int put_kind(struct batch *b, bool interval)
{
	struct columns c = { 0 };
	struct text t = { .len = 0 };
	uint32_t n = columns_fill(&c, b, interval), fresh;
	PGresult *r;

	if (n == 0)
		return 0;
	insert_text(&t, interval, b->open);
	r = columns_query(&c, b, t.buf);
	if (!r)
		return -1;
	fresh = (uint32_t)PQntuples(r);
	take_fresh(b, r);
	PQclear(r);
	if (interval && insert_parts(b) < 0)
		return -1;
	if (b->open)
		return 0;
	b->count->fresh += fresh;
	if (fresh && close_open(b, interval) < 0)
		return -1;
	return fresh < n ? compare(b, interval, n) : 0;
}

/* ---- batches ----------------------------------------------------------------------- */

static int node_set(struct batch *b)
{
	const struct pg_number next = pg_number(b->next_seq + b->n),
		conflicts = pg_number(b->count->conflicts);
	const char *params[] = { b->node_id.text, next.text, conflicts.text };

	if (b->count->fresh == 0 && b->count->conflicts == 0)
		return 0;
	return pgdb_do(b->s->db, "UPDATE node SET next_seq = $2::bigint, "
		       "conflicts = conflicts + $3::bigint WHERE id = $1::int",
		       params, 3, NULL, b->err);
}

static int open_clear(struct batch *b)
{
	const char *params[] = { b->node_id.text };

	if (pgdb_do(b->s->db, "DELETE FROM open_allocation WHERE node_id = $1::int",
		    params, 1, NULL, b->err) < 0)
		return -1;
	return pgdb_do(b->s->db, "DELETE FROM open_interval WHERE node_id = $1::int",
		       params, 1, NULL, b->err);
}

/* A connection that was lost while nobody used it costs nothing. */
static int begin(struct batch *b)
{
	if (pgdb_do(b->s->db, "BEGIN", NULL, 0, NULL, b->err) == 0)
		return 0;
	if (!pgdb_gone(b->s->db))
		return -1;
	if (pg_ready(b->s, b->err) < 0)
		return -1;
	return pgdb_do(b->s->db, "BEGIN", NULL, 0, NULL, b->err);
}

static int put_all(struct batch *b)
{
	if (begin(b) < 0 || node_find(b) < 0)
		return -1;
	if (b->open && open_clear(b) < 0)
		return -1;
	if (b->n > 0 && (boots_make(b) < 0 || put_kind(b, false) < 0 ||
			 put_kind(b, true) < 0))
		return -1;
	if (!b->open && node_set(b) < 0)
		return -1;
	return pgdb_commit(b->s->db, b->err);
}

static int put_batch(struct batch *b)
{
	int rc = -1;

	if (pg_ready(b->s, b->err) < 0)
		return -1;
	b->fresh = calloc(b->n ? b->n : 1, sizeof(*b->fresh));
	if (!b->fresh)
		return err_set(b->err, "no memory for a batch");
	rc = put_all(b);
	if (rc < 0 && b->s->db)
		rc = pg_failed(b->s);
	free(b->fresh);
	return rc;
}

int pg_put(void *db, const char *node, const struct ledger_rec *recs,
	   uint32_t n, struct store_count *count, struct err *err)
{
	struct batch b = { .s = db, .node = node, .recs = recs, .n = n,
			   .count = count, .err = err };

	return put_batch(&b);
}

int pg_put_open(void *db, const char *node, const struct ledger_rec *recs,
		uint32_t n, struct err *err)
{
	struct store_count count = { 0 };
	struct batch b = { .s = db, .node = node, .recs = recs, .n = n,
			   .open = true, .count = &count, .err = err };

	return put_batch(&b);
}
