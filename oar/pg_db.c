/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection, and statements on it. */
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/oar_schema.h"
#include "lib/secret.h"

#include "pg_impl.h"

/* ---- texts ------------------------------------------------------------------------ */

/* libpq's texts end in a newline and may have several lines: the first one. */
static int fail(const char *what, const char *text, struct err *err)
{
	size_t len = text ? strcspn(text, "\n") : 0;

	return err_set(err, "%s: %.*s", what, (int)(len < 300 ? len : 300),
		       len ? text : "no reason given");
}

static int fail_result(const pg_t *pg, const PGresult *r, struct err *err)
{
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	return fail("OAR's database", text ? text : PQerrorMessage(pg->conn),
		    err);
}

/* ---- what is configured ------------------------------------------------------------ */

static int conninfo_check(const struct conf *conf, struct err *err)
{
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(conf->oar.database, &why);
	int rc = 0;

	if (!options) {
		rc = err_set(err, "%s: [oar] database", conf->path);
		if (why) {
			struct err prefix = *err;

			fail(prefix.text, why, err);
		}
		PQfreemem(why);
		return rc;
	}
	for (PQconninfoOption *o = options; o->keyword && rc == 0; o++) {
		if (o->val && (strcmp(o->keyword, "password") == 0 ||
			       strcmp(o->keyword, "sslpassword") == 0))
			rc = err_set(err, "%s: [oar] database has a password in it: put it into a file of its own and name that by password_file",
				     conf->path);
	}
	PQconninfoFree(options);
	return rc;
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
 * A server that went away without a word is noticed, and no statement or lock
 * keeps us or OAR for long.
 */
static PGconn *connect_with(const struct conf *conf, const char *password)
{
	const char *const keys[] = {
		"application_name", "connect_timeout", "keepalives_idle",
		"keepalives_interval", "keepalives_count", "tcp_user_timeout",
		"dbname", "password", NULL
	};
	const char *const values[] = {
		"wattgated", "10", "30", "10", "3", "60000",
		conf->oar.database, *password ? password : NULL, NULL
	};

	return PQconnectdbParams(keys, values, 1);
}

static void on_notice(void *arg, const PGresult *r)
{
	(void)arg;
	(void)r;	/* not onto standard error */
}

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
	pg_int(r, 0, 0, &version);
	PQclear(r);
	if (version == 0)
		return err_set(err, "OAR's database has no schema wattgate: wattgate-oar-schema install makes it");
	r = pg_query(pg, "SELECT max(version) FROM wattgate.meta", NULL, 0, err);
	if (!r)
		return -1;
	if (!pg_int(r, 0, 0, &version))
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
	pg_int(r, 0, 0, &got);
	PQclear(r);
	if (got)
		return 0;
	return err_set(err, "OAR's database: another wattgated follows it: stop one of the two");
}

pg_t *pg_open(const struct conf *conf, bool follow, struct err *err)
{
	char password[SECRET_MAX];
	pg_t *pg;

	if (pg_check(conf, err) < 0 ||
	    password_read(conf, password, sizeof(password), err) < 0)
		return NULL;
	pg = calloc(1, sizeof(*pg));
	if (pg)
		pg->conn = connect_with(conf, password);
	secret_wipe(password, sizeof(password));
	if (!pg || !pg->conn) {
		err_set(err, "out of memory");
	} else if (PQstatus(pg->conn) != CONNECTION_OK) {
		fail("OAR's database", PQerrorMessage(pg->conn), err);
	} else {
		PQsetNoticeReceiver(pg->conn, on_notice, NULL);
		if (session_set(pg, err) == 0 && schema_check(pg, err) == 0 &&
		    (!follow || follower_lock(pg, err) == 0))
			return pg;
	}
	pg_close(pg);
	return NULL;
}

void pg_close(pg_t *pg)
{
	if (!pg)
		return;
	PQfinish(pg->conn);
	free(pg);
}

/* ---- statements ----------------------------------------------------------------------- */

/* Class 40: the transaction was undone, and may be tried again. */
static bool is_conflict(const PGresult *r)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	return state && strncmp(state, "40", 2) == 0;
}

bool pg_conflict(const pg_t *pg)
{
	return pg->conflict;
}

struct pg_result *pg_query(pg_t *pg, const char *sql,
			   const char *const *params, int count,
			   struct err *err)
{
	PGresult *r;

	pg->conflict = false;
	for (int i = 0; i < count; i++) {
		if (!params[i]) {
			err_set(err, "out of memory");
			return NULL;
		}
	}
	r = PQexecParams(pg->conn, sql, count, NULL, params, NULL, NULL, 0);
	switch (PQresultStatus(r)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		return r;
	default:
		pg->conflict = is_conflict(r);
		fail_result(pg, r, err);
		PQclear(r);
		return NULL;
	}
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

/* A COMMIT of a failed transaction is a ROLLBACK, and no error. */
int pg_commit(pg_t *pg, struct err *err)
{
	PGresult *r = pg_query(pg, "COMMIT", NULL, 0, err);
	bool done;

	if (!r)
		return -1;
	done = strcmp(PQcmdStatus(r), "COMMIT") == 0;
	PQclear(r);
	return done ? 0 : err_set(err, "OAR's database: the transaction was undone");
}

void pg_rollback(pg_t *pg)
{
	PGresult *r;

	if (PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
		return;
	r = PQexec(pg->conn, "ROLLBACK");
	PQclear(r);
}

int pg_now(pg_t *pg, int64_t *now_s, struct err *err)
{
	PGresult *r = pg_query(pg, "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint",
			       NULL, 0, err);
	bool ok;

	if (!r)
		return -1;
	ok = pg_int(r, 0, 0, now_s);
	PQclear(r);
	return ok ? 0 : err_set(err, "OAR's database: it does not tell the time");
}

/* ---- values ---------------------------------------------------------------------------- */

struct pg_number pg_number(int64_t n)
{
	struct pg_number number;

	snprintf(number.text, sizeof(number.text), "%" PRId64, n);
	return number;
}

static const char *value_at(const PGresult *r, int row, int col)
{
	if (row >= PQntuples(r) || col >= PQnfields(r) ||
	    PQgetisnull(r, row, col))
		return NULL;
	return PQgetvalue(r, row, col);
}

bool pg_int(const struct pg_result *r, int row, int col, int64_t *out)
{
	const char *text = value_at(r, row, col);
	long long n;
	char *end;

	if (!text || !*text)
		return false;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno || *end)
		return false;
	*out = n;
	return true;
}

bool pg_double(const struct pg_result *r, int row, int col, double *out)
{
	const char *text = value_at(r, row, col);
	double x;
	char *end;

	if (!text || !*text)
		return false;
	x = strtod(text, &end);
	if (*end || !(x > -1e300 && x < 1e300))
		return false;
	*out = x;
	return true;
}
