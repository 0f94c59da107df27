/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection, and statements on it. */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "lib/oar_schema.h"
#include "lib/secret.h"

#include "pg_impl.h"

/* ---- what is configured ------------------------------------------------------------ */

static int conninfo_check(const struct conf *conf, struct err *err)
{
	struct err why;

	switch (pgdb_words(conf->oar.database, &why)) {
	case PGDB_WORDS_OK:
		return 0;
	case PGDB_WORDS_PASSWORD:
		return err_set(err, "%s: [oar] database has a password in it: put it into a file of its own and name that by password_file",
			       conf->path);
	case PGDB_WORDS_BAD:
		break;
	}
	return err_set(err, "%s: [oar] database: %.300s", conf->path, why.text);
}

static int password_read(const struct conf *conf, char *buf, size_t size,
			 struct err *err)
{
	buf[0] = '\0';
	if (!*conf->oar.password_file)
		return 0;
	return secret_read(conf->oar.password_file, buf, size, err);
}

int pg_check(const struct conf *conf, struct err *err)
{
	char password[SECRET_MAX];
	int rc;

	if (!*conf->oar.database)
		return err_set(err, "%s: [oar] database is not set: give libpq's words for OAR's PostgreSQL, like host=db dbname=oar user=wattgate",
			       conf->path);
	if (conninfo_check(conf, err) < 0)
		return -1;
	rc = password_read(conf, password, sizeof(password), err);
	secret_wipe(password, sizeof(password));
	return rc;
}

/* ---- connecting ---------------------------------------------------------------------- */

/*
 * force_custom_plan: a foreign key's check that was planned while a table was
 * small would read all of it, row by row, when it has grown.
 */
static int session_set(pg_t *pg, struct err *err)
{
	return pg_do(pg, "SELECT set_config('statement_timeout', '60s', false), "
		     "set_config('lock_timeout', '10s', false), "
		     "set_config('idle_in_transaction_session_timeout', '120s', false), "
		     "set_config('standard_conforming_strings', 'on', false), "
		     "set_config('plan_cache_mode', 'force_custom_plan', false), "
		     "set_config('jit', 'off', false), "
		     "set_config('extra_float_digits', '3', false)",
		     NULL, 0, NULL, err);
}

static int schema_check(pg_t *pg, struct err *err)
{
	PGresult *r = pg_query(pg, "SELECT CASE WHEN to_regclass('wattgate.meta') IS NULL THEN 0 ELSE 1 END",
			       NULL, 0, err);
	int64_t version = 0;

	if (!r)
		return -1;
	pgdb_int(r, 0, 0, &version);
	PQclear(r);
	if (version == 0)
		return err_set(err, "OAR's database has no schema wattgate: wattgate-oar-schema install makes it");
	r = pg_query(pg, "SELECT max(version) FROM wattgate.meta", NULL, 0, err);
	if (!r)
		return -1;
	if (!pgdb_int(r, 0, 0, &version))
		version = 0;
	PQclear(r);
	if (version < OAR_SCHEMA_VERSION)
		return err_set(err, "schema wattgate in OAR's database is of version %lld, this is for %d: run wattgate-oar-schema install",
			       (long long)version, OAR_SCHEMA_VERSION);
	if (version > OAR_SCHEMA_VERSION)
		return err_set(err, "schema wattgate in OAR's database is of version %lld, this is for %d: run the wattgated that belongs to it",
			       (long long)version, OAR_SCHEMA_VERSION);
	return 0;
}

/* Held as long as the connection. */
static int follower_lock(pg_t *pg, struct err *err)
{
	PGresult *r = pg_query(pg, "SELECT CASE WHEN pg_try_advisory_lock(" OAR_FOLLOWER_LOCK ") THEN 1 ELSE 0 END",
			       NULL, 0, err);
	int64_t got = 0;

	if (!r)
		return -1;
	pgdb_int(r, 0, 0, &got);
	PQclear(r);
	if (got)
		return 0;
	return err_set(err, "OAR's database: another wattgated follows it: stop one of the two");
}

static pgdb_t *connect_as(const struct conf *conf, struct err *err)
{
	char password[SECRET_MAX];
	const struct pgdb_params params = {
		.what = "OAR's database", .conninfo = conf->oar.database,
		.password = password, .program = "wattgated",
	};
	pgdb_t *db = NULL;

	if (password_read(conf, password, sizeof(password), err) == 0)
		db = pgdb_open(&params, err);
	secret_wipe(password, sizeof(password));
	return db;
}

pg_t *pg_open(const struct conf *conf, bool follow, struct err *err)
{
	pg_t *pg;

	if (pg_check(conf, err) < 0)
		return NULL;
	pg = calloc(1, sizeof(*pg));
	if (!pg) {
		err_set(err, "out of memory");
		return NULL;
	}
	pg->db = connect_as(conf, err);
	if (pg->db && session_set(pg, err) == 0 && schema_check(pg, err) == 0 &&
	    (!follow || follower_lock(pg, err) == 0))
		return pg;
	pg_close(pg);
	return NULL;
}

void pg_close(pg_t *pg)
{
	if (!pg)
		return;
	pgdb_close(pg->db);
	free(pg);
}

/* ---- statements ----------------------------------------------------------------------- */

bool pg_conflict(const pg_t *pg)
{
	return pg->conflict;
}

struct pg_result *pg_query(pg_t *pg, const char *sql,
			   const char *const *params, int count,
			   struct err *err)
{
	struct pg_result *r;

	pg->conflict = false;
	for (int i = 0; i < count; i++) {
		if (!params[i]) {
			err_set(err, "out of memory");
			return NULL;
		}
	}
	r = pgdb_query(pg->db, sql, params, count, err);
	/* class 40: the transaction was undone, and may be tried again */
	if (!r)
		pg->conflict = strncmp(pgdb_state(pg->db), "40", 2) == 0;
	return r;
}

int pg_do(pg_t *pg, const char *sql, const char *const *params, int count,
	  int64_t *rows, struct err *err)
{
	PGresult *r = pg_query(pg, sql, params, count, err);

	if (!r)
		return -1;
	if (rows)
		*rows = strtoll(PQcmdTuples(r), NULL, 10);
	PQclear(r);
	return 0;
}

int pg_begin(pg_t *pg, struct err *err)
{
	return pg_do(pg, "BEGIN ISOLATION LEVEL REPEATABLE READ", NULL, 0, NULL,
		     err);
}

int pg_commit(pg_t *pg, struct err *err)
{
	pg->conflict = false;
	if (pgdb_commit(pg->db, err) == 0)
		return 0;
	pg->conflict = strncmp(pgdb_state(pg->db), "40", 2) == 0;
	return -1;
}

void pg_rollback(pg_t *pg)
{
	pgdb_rollback(pg->db);
}

int pg_now(pg_t *pg, int64_t *now_s, struct err *err)
{
	PGresult *r = pg_query(pg, "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint",
			       NULL, 0, err);
	bool ok;

	if (!r)
		return -1;
	ok = pgdb_int(r, 0, 0, now_s);
	PQclear(r);
	return ok ? 0 : err_set(err, "OAR's database: it does not tell the time");
}
