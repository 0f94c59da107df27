/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A batch, in one transaction. */
#include "sqlite_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/ledger_wall.h"

/* A batch under way. */
struct batch {
	struct sqlite_store *s;
	const char *node;
	int64_t node_id, next_seq, conflicts;
	int64_t boot_id;	/* of the boot last met */
	char boot[BOOT_ID_SIZE];
	struct err *err;
};

/* ---- statements --------------------------------------------------------------- */

#define ALLOC_KEY "boot_id = ?1 AND job = ?2 AND step = ?3 AND restart = ?4 AND start_ns = ?5"
#define INTERVAL_KEY "boot_id = ?1 AND start_ns = ?2"

static const char *const texts[ST_STATEMENTS] = {
	[ST_BEGIN] = "BEGIN IMMEDIATE",
	[ST_COMMIT] = "COMMIT",
	[ST_NODE_ADD] = "INSERT INTO node (name) VALUES (?1) ON CONFLICT (name) DO NOTHING",
	[ST_NODE_GET] = "SELECT id, next_seq, conflicts FROM node WHERE name = ?1",
	[ST_NODE_SET] = "UPDATE node SET next_seq = ?2, conflicts = ?3 WHERE id = ?1",
	[ST_BOOT_ADD] = "INSERT INTO boot (node_id, boot) VALUES (?1, ?2) ON CONFLICT (node_id, boot) DO NOTHING",
	[ST_BOOT_GET] = "SELECT id FROM boot WHERE node_id = ?1 AND boot = ?2",
	[ST_ALLOC_CRC] = "SELECT crc FROM allocation WHERE " ALLOC_KEY,
	[ST_ALLOC_CLOSE] = "DELETE FROM open_allocation WHERE " ALLOC_KEY,
	[ST_INTERVAL_CRC] = "SELECT crc FROM node_interval WHERE " INTERVAL_KEY,
	[ST_INTERVAL_CLOSE] = "DELETE FROM open_interval WHERE " INTERVAL_KEY,
	[ST_PART_PUT] = "INSERT INTO interval_part VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[ST_OPEN_PART_PUT] = "INSERT INTO open_part VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[ST_OPEN_ALLOC_CLEAR] = "DELETE FROM open_allocation WHERE node_id = ?1",
	[ST_OPEN_INTERVAL_CLEAR] = "DELETE FROM open_interval WHERE node_id = ?1",
};

/* INSERT of a whole record, made of its fields. */
static void put_text(enum sqlite_statement which, char *buf, size_t size)
{
	const bool alloc = which == ST_ALLOC_PUT || which == ST_OPEN_ALLOC_PUT;
	const char *table = which == ST_ALLOC_PUT ? "allocation" :
			    which == ST_OPEN_ALLOC_PUT ? "open_allocation" :
			    which == ST_INTERVAL_PUT ? "node_interval" :
			    "open_interval";
	char columns[600];
	int n = store_columns(alloc ? LEDGER_ALLOC : LEDGER_INTERVAL, columns,
			      sizeof(columns)) + (alloc ? 5 : 6);
	size_t len = (size_t)snprintf(buf, size,
		"INSERT INTO %s (node_id, seq, boot_id, crc, %s, %s) VALUES (",
		table, alloc ? "is_step" : "from_wall_ns, to_wall_ns", columns);

	for (int i = 1; i <= n; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s?%d",
					i > 1 ? ", " : "", i);
	/* nothing else is passed over: a value that is refused is an error */
	snprintf(buf + len, size - len, ") ON CONFLICT (%s) DO NOTHING",
		 alloc ? "boot_id, job, step, restart, start_ns" :
			 "boot_id, start_ns");
}

/* A statement that is ready for its parameters. */
static sqlite3_stmt *statement(struct sqlite_store *s,
			       enum sqlite_statement which)
{
	char text[2048];

	if (!s->statements[which]) {
		if (texts[which])
			snprintf(text, sizeof(text), "%s", texts[which]);
		else
			put_text(which, text, sizeof(text));
		if (sqlite3_prepare_v3(s->db, text, -1,
				       SQLITE_PREPARE_PERSISTENT,
				       &s->statements[which], NULL) != SQLITE_OK)
			return NULL;
	}
	return s->statements[which];
}

/* Run it: 1 where it has a row, which holds until reset; 0, or -1/-2. */
static int step(struct batch *b, sqlite3_stmt *st)
{
	const int rc = st ? sqlite3_step(st) : SQLITE_ERROR;
	int result;

	if (rc == SQLITE_ROW)
		return 1;
	result = rc == SQLITE_DONE ? 0 : sqlite_fail(b->s, b->err);
	if (st && b->s->db)	/* else it is gone */
		sqlite3_reset(st);
	return result;
}

/* With whole numbers for parameters. */
static int run(struct batch *b, enum sqlite_statement which, int n,
	       const int64_t *values)
{
	sqlite3_stmt *st = statement(b->s, which);

	for (int i = 0; st && i < n; i++)
		sqlite3_bind_int64(st, i + 1, values[i]);
	return step(b, st);
}

static void bind_text(sqlite3_stmt *st, int i, const char *text)
{
	char escaped[3 * 64 + 1];	/* the longest of them has 64 bytes */

	if (st && ledger_escape(text, escaped, sizeof(escaped)) == 0)
		sqlite3_bind_text(st, i, escaped, -1, SQLITE_TRANSIENT);
}

/* ---- node and boot -------------------------------------------------------------- */

static int node_find(struct batch *b)
{
	sqlite3_stmt *st = statement(b->s, ST_NODE_ADD);
	int rc;

	if (st)
		sqlite3_bind_text(st, 1, b->node, -1, SQLITE_STATIC);
	rc = step(b, st);
	if (rc != 0)
		return rc;
	st = statement(b->s, ST_NODE_GET);
	if (st)
		sqlite3_bind_text(st, 1, b->node, -1, SQLITE_STATIC);
	rc = step(b, st);
	if (rc <= 0)
		return rc < 0 ? rc : err_set(b->err, "store: no node");
	b->node_id = sqlite3_column_int64(st, 0);
	b->next_seq = sqlite3_column_int64(st, 1);
	b->conflicts = sqlite3_column_int64(st, 2);
	sqlite3_reset(st);
	return 0;
}

static int boot_find(struct batch *b, const char *boot)
{
	sqlite3_stmt *st;
	int rc = 0;

	if (b->boot_id && strcmp(b->boot, boot) == 0)
		return 0;
	for (enum sqlite_statement w = ST_BOOT_ADD; w <= ST_BOOT_GET; w++) {
		st = statement(b->s, w);
		if (st)
			sqlite3_bind_int64(st, 1, b->node_id);
		bind_text(st, 2, boot);
		rc = step(b, st);
		if (rc < 0)
			return rc;
	}
	if (rc == 0)
		return err_set(b->err, "store: no boot");
	b->boot_id = sqlite3_column_int64(st, 0);
	snprintf(b->boot, sizeof(b->boot), "%s", boot);
	sqlite3_reset(st);
	return 0;
}

/* ---- records -------------------------------------------------------------------- */

static void bind_field(sqlite3_stmt *st, int i, const struct ledger_field *f,
		       const struct ledger_rec *rec)
{
	const void *at = store_field_in(f, rec);

	switch (f->type) {
	case FIELD_U32:
		sqlite3_bind_int64(st, i, *(const uint32_t *)at);
		break;
	case FIELD_I32:
		sqlite3_bind_int64(st, i, *(const int32_t *)at);
		break;
	case FIELD_NS:
	case FIELD_WALL:
		sqlite3_bind_int64(st, i, *(const int64_t *)at);
		break;
	case FIELD_FLAG:
		sqlite3_bind_int64(st, i, *(const bool *)at);
		break;
	case FIELD_JOULES:
	case FIELD_NUMBER:
	case FIELD_MAYBE:
		sqlite3_bind_double(st, i, *(const double *)at);	/* NaN: null */
		break;
	case FIELD_TEXT:
		bind_text(st, i, at);
		break;
	case FIELD_PARTS:
		break;
	}
}

/* 1 where it is new, 0 where its key is there already. */
static int insert(struct batch *b, const struct ledger_rec *rec, bool open)
{
	const bool interval = rec->kind == LEDGER_INTERVAL;
	sqlite3_stmt *st = statement(b->s, open ?
		(interval ? ST_OPEN_INTERVAL_PUT : ST_OPEN_ALLOC_PUT) :
		(interval ? ST_INTERVAL_PUT : ST_ALLOC_PUT));
	int i = 5, rc;

	if (!st)
		return sqlite_fail(b->s, b->err);
	sqlite3_bind_int64(st, 1, b->node_id);
	sqlite3_bind_int64(st, 2, b->next_seq);
	sqlite3_bind_int64(st, 3, b->boot_id);
	sqlite3_bind_int64(st, 4, store_record_crc(rec, b->s->line));
	if (interval) {
		sqlite3_bind_int64(st, i++, wall_start(&rec->interval));
		sqlite3_bind_int64(st, i++, wall_end(&rec->interval));
	} else {
		sqlite3_bind_int64(st, i++, rec->kind == LEDGER_STEP);
	}
	for (const struct ledger_field *f = ledger_fields(rec->kind); f->key; f++)
		if (store_field_kept(f))
			bind_field(st, i++, f, rec);
	rc = step(b, st);
	return rc != 0 ? rc : sqlite3_changes(b->s->db) > 0;
}

static int insert_parts(struct batch *b, const struct ledger_interval *iv,
			bool open)
{
	for (uint32_t i = 0; i < iv->parts_len; i++) {
		sqlite3_stmt *st = statement(b->s, open ? ST_OPEN_PART_PUT :
							  ST_PART_PUT);
		const int64_t numbers[] = { b->node_id, b->next_seq, i,
					    iv->parts[i].job_id,
					    iv->parts[i].restart };
		int rc;

		for (int k = 0; st && k < 5; k++)
			sqlite3_bind_int64(st, k + 1, numbers[k]);
		if (st)
			sqlite3_bind_double(st, 6, iv->parts[i].joules);
		rc = step(b, st);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* A statement that takes the record's key. */
static int by_key(struct batch *b, enum sqlite_statement alloc,
		  enum sqlite_statement interval, const struct ledger_rec *rec,
		  sqlite3_stmt **st)
{
	const struct ledger_alloc *a = &rec->alloc;

	*st = statement(b->s, rec->kind == LEDGER_INTERVAL ? interval : alloc);
	if (!*st)
		return sqlite_fail(b->s, b->err);
	sqlite3_bind_int64(*st, 1, b->boot_id);
	if (rec->kind == LEDGER_INTERVAL) {
		sqlite3_bind_int64(*st, 2, rec->interval.start_ns);
	} else {
		sqlite3_bind_int64(*st, 2, a->job_id);
		bind_text(*st, 3, a->step);
		sqlite3_bind_int64(*st, 4, a->restart);
		sqlite3_bind_int64(*st, 5, a->start_ns);
	}
	return step(b, *st);
}

static const char *boot_of(const struct ledger_rec *rec)
{
	return rec->kind == LEDGER_INTERVAL ? rec->interval.boot_id :
					      rec->alloc.boot_id;
}

/* What is there under the record's key: 1 with its checksum, 0 for nothing. */
static int find_closed(struct batch *b, const struct ledger_rec *rec,
		       int64_t *crc)
{
	sqlite3_stmt *st;
	int rc = by_key(b, ST_ALLOC_CRC, ST_INTERVAL_CRC, rec, &st);

	if (rc > 0) {
		*crc = sqlite3_column_int64(st, 0);
		sqlite3_reset(st);
	}
	return rc;
}

static int compare(struct batch *b, const struct ledger_rec *rec,
		   struct store_count *count)
{
	char name[160];
	int64_t crc = 0;
	int rc = find_closed(b, rec, &crc);

	if (rc <= 0)
		return rc;
	if (crc == store_record_crc(rec, b->s->line))
		return 0;
	if (count->conflicts++ == 0) {
		store_record_name(rec, name, sizeof(name));
		err_set(&count->conflict, "node %.100s: %s is there already with other figures, which stay",
			b->node, name);
	}
	b->conflicts++;
	return 0;
}

/* A record that is new takes the place of what was open. */
static int put_closed(struct batch *b, const struct ledger_rec *rec,
		      struct store_count *count)
{
	sqlite3_stmt *st;
	int rc = boot_find(b, boot_of(rec));

	if (rc == 0)
		rc = insert(b, rec, false);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return compare(b, rec, count);
	rc = rec->kind == LEDGER_INTERVAL ?
	     insert_parts(b, &rec->interval, false) : 0;
	if (rc == 0)
		rc = by_key(b, ST_ALLOC_CLOSE, ST_INTERVAL_CLOSE, rec, &st);
	count->fresh++;
	b->next_seq++;
	return rc;
}

static int put_one_open(struct batch *b, const struct ledger_rec *rec)
{
	int64_t crc;
	int rc = boot_find(b, boot_of(rec));

	if (rc == 0)
		rc = find_closed(b, rec, &crc);
	if (rc != 0)
		return rc > 0 ? 0 : rc;
	rc = insert(b, rec, true);
	if (rc > 0)
		rc = rec->kind == LEDGER_INTERVAL ?
		     insert_parts(b, &rec->interval, true) : 0;
	b->next_seq++;
	return rc;
}

/* ---- batches ---------------------------------------------------------------------- */

static int begin(struct batch *b)
{
	int rc;

	if (sqlite_ready(b->s, b->err) != 0)
		return -1;
	rc = run(b, ST_BEGIN, 0, NULL);
	return rc != 0 ? rc : node_find(b);
}

static void undo(struct batch *b)
{
	if (b->s->db && !sqlite3_get_autocommit(b->s->db))
		sqlite_shut(b->s);
}

int sqlite_put(void *db, const char *node, const struct ledger_rec *recs,
	       uint32_t n, struct store_count *count, struct err *err)
{
	struct batch b = { .s = db, .node = node, .err = err };
	int rc = begin(&b);

	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = put_closed(&b, &recs[i], count);
	if (rc == 0 && (count->fresh || count->conflicts))
		rc = run(&b, ST_NODE_SET, 3, (const int64_t[]){
			 b.node_id, b.next_seq, b.conflicts });
	if (rc == 0)
		rc = run(&b, ST_COMMIT, 0, NULL);
	if (rc != 0)
		undo(&b);
	return rc;
}

int sqlite_put_open(void *db, const char *node, const struct ledger_rec *recs,
		    uint32_t n, struct err *err)
{
	struct batch b = { .s = db, .node = node, .err = err };
	int rc = begin(&b);

	b.next_seq = 0;		/* they have an order of their own */
	if (rc == 0)
		rc = run(&b, ST_OPEN_ALLOC_CLEAR, 1, &b.node_id);
	if (rc == 0)
		rc = run(&b, ST_OPEN_INTERVAL_CLEAR, 1, &b.node_id);
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = put_one_open(&b, &recs[i]);
	if (rc == 0)
		rc = run(&b, ST_COMMIT, 0, NULL);
	if (rc != 0)
		undo(&b);
	return rc;
}
