/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/pg_oar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"
#include "lib/oar_schema.h"
#include "pg/db.h"

#define NO_PRIVILEGE "42501"	/* insufficient_privilege */

struct pg_oar {
	pgdb_t *db;
};

/* libpq's types by a name of our own, so that its header stays here. */
struct pg_row {
	const struct pg_result *result;
};

/* ---- connecting ------------------------------------------------------------ */

static int conninfo_check(const char *conninfo, struct err *err)
{
	struct err why;

	switch (pgdb_words(conninfo, &why)) {
	case PGDB_WORDS_PASSWORD:
		return err_set(err, "no password in what names OAR's database, others can see it there: libpq finds it in PGPASSFILE, and password_file in [oar] of the configuration names a file with it");
	case PGDB_WORDS_BAD:
		/* a name alone is that of a database */
		if (strchr(conninfo, '=') || strstr(conninfo, "://"))
			return pgdb_fail("how to reach OAR's database",
					 why.text, err);
		break;
	case PGDB_WORDS_OK:
		break;
	}
	return 0;
}

/* What the last failure means to who asked. */
static int failed(const pg_oar_t *db, struct err *err)
{
	const struct err said = *err;

	if (strcmp(pgdb_state(db->db), NO_PRIVILEGE) == 0)
		err_set(err, "OAR's database: role %s: %.200s; wattgate-oar-schema install gives the rights to roles wattgate, oar and oar_ro",
			pgdb_user(db->db), strchr(said.text, ':') ?
			strchr(said.text, ':') + 2 : "permission denied");
	return -1;
}

static int run(pg_oar_t *db, const char *sql, struct err *err)
{
	return pgdb_do(db->db, sql, NULL, 0, NULL, err) == 0 ? 0 :
	       failed(db, err);
}

pg_oar_t *pg_oar_open(const char *conninfo, const char *password,
		      struct err *err)
{
	const struct pgdb_params params = {
		.what = "OAR's database", .conninfo = conninfo,
		.password = password, .program = "wattgate", .utf8 = true,
	};
	pg_oar_t *db;

	if (conninfo_check(conninfo, err) < 0)
		return NULL;
	db = mem_zeroed(1, sizeof(*db));
	db->db = pgdb_open(&params, err);
	if (db->db && run(db, "SELECT set_config('default_transaction_read_only', 'on', false), "
			  "set_config('extra_float_digits', '3', false), "
			  "set_config('jit', 'off', false), "
			  "set_config('search_path', 'pg_catalog', false)",
			  err) == 0)
		return db;
	pg_oar_close(db);
	return NULL;
}

void pg_oar_close(pg_oar_t *db)
{
	if (!db)
		return;
	pgdb_close(db->db);
	free(db);
}

int pg_oar_freeze(pg_oar_t *db, struct err *err)
{
	return run(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
}

/* ---- queries --------------------------------------------------------------- */

struct take {
	pg_row_fn *fn;
	void *arg;
};

static int take_row(const struct pg_result *result, void *arg)
{
	const struct take *take = arg;
	const struct pg_row row = { result };

	return take->fn(&row, take->arg);
}

int pg_oar_rows(pg_oar_t *db, const char *sql, const char *const *params,
		int count, pg_row_fn *fn, void *arg, struct err *err)
{
	struct take take = { fn, arg };
	int rc = pgdb_rows(db->db, sql, params, count, take_row, &take, err);

	return rc < 0 && *pgdb_state(db->db) ? failed(db, err) : rc;
}

const char *pg_row_text(const struct pg_row *row, int col)
{
	return pgdb_text(row->result, 0, col);
}

bool pg_row_int(const struct pg_row *row, int col, int64_t *out)
{
	*out = 0;
	return pgdb_int(row->result, 0, col, out);
}

double pg_row_number(const struct pg_row *row, int col)
{
	const char *text = pg_row_text(row, col);
	double v;
	char *end;

	if (!text || !*text)
		return NAN;
	v = strtod(text, &end);
	return *end == '\0' ? v : NAN;
}

bool pg_row_true(const struct pg_row *row, int col)
{
	const char *text = pg_row_text(row, col);

	return text && strcmp(text, "t") == 0;
}

/* ---- the schema ------------------------------------------------------------ */

static int take_int(const struct pg_row *row, void *arg)
{
	pg_row_int(row, 0, arg);
	return 0;
}

int pg_oar_schema(pg_oar_t *db, int64_t *version, struct err *err)
{
	int64_t there = 0;

	*version = 0;
	/* asked of the catalogue, which needs no rights */
	if (pg_oar_rows(db, "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
			"WHERE n.nspname = 'wattgate' AND c.relname = 'meta'",
			NULL, 0, take_int, &there, err) != 0)
		return -1;
	if (!there)
		return 0;
	return pg_oar_rows(db, "SELECT max(version) FROM wattgate.meta", NULL,
			   0, take_int, version, err);
}

int pg_oar_schema_check(pg_oar_t *db, struct err *err)
{
	int64_t version;

	if (pg_oar_schema(db, &version, err) != 0)
		return -1;
	if (version == 0)
		return err_set(err, "database %s has no schema wattgate: wattgate-oar-schema install makes it",
			       pgdb_name(db->db));
	if (version < OAR_SCHEMA_READABLE)
		return err_set(err, "schema wattgate has version %lld, this wattgate knows %d: run wattgate-oar-schema upgrade",
			       (long long)version, OAR_SCHEMA_VERSION);
	if (version > OAR_SCHEMA_VERSION)
		return err_set(err, "schema wattgate has version %lld, this wattgate knows %d: use the wattgate that came with it",
			       (long long)version, OAR_SCHEMA_VERSION);
	return 0;
}
