/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/pg_oar.h"

#include <errno.h>
#include <libpq-fe.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"
#include "lib/oar_schema.h"

#define NO_PRIVILEGE "42501"	/* insufficient_privilege */

struct pg_oar {
	PGconn *conn;
};

/* libpq's types by a name of our own, so that its header stays here. */
struct pg_row {
	const PGresult *result;
};

/* ---- texts ----------------------------------------------------------------- */

/* libpq's texts end in a newline and may have several lines: the first. */
static int fail(const char *what, const char *text, struct err *err)
{
	const size_t len = text ? strcspn(text, "\n") : 0;

	return err_set(err, "%s: %.*s", what, (int)(len < 300 ? len : 300),
		       len ? text : "no reason given");
}

static int fail_result(const pg_oar_t *db, const PGresult *r, struct err *err)
{
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	if (state && strcmp(state, NO_PRIVILEGE) == 0)
		return err_set(err, "OAR's database: role %s: %.200s; wattgate-oar-schema install gives the rights to roles wattgate, oar and oar_ro",
			       PQuser(db->conn), text ? text : "permission denied");
	return fail("OAR's database", text ? text : PQerrorMessage(db->conn),
		    err);
}

/* ---- connecting ------------------------------------------------------------ */

static int conninfo_check(const char *conninfo, struct err *err)
{
	char *why = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &why);
	int rc = 0;

	/* a name alone is that of a database */
	if (!options && !strchr(conninfo, '=') && !strstr(conninfo, "://")) {
		PQfreemem(why);
		return 0;
	}
	if (!options)
		rc = fail("how to reach OAR's database", why, err);
	for (PQconninfoOption *o = options; o && o->keyword && rc == 0; o++)
		if (o->val && strcmp(o->keyword, "password") == 0)
			rc = err_set(err, "no password in what names OAR's database, others can see it there: libpq finds it in PGPASSFILE, and password_file in [oar] of the configuration names a file with it");
	PQconninfoFree(options);
	PQfreemem(why);
	return rc;
}

static PGconn *connect_with(const char *conninfo, const char *password)
{
	const char *const keys[] = {
		"application_name", "connect_timeout", "keepalives_idle",
		"keepalives_interval", "keepalives_count", "tcp_user_timeout",
		"dbname", "client_encoding", "password", NULL
	};
	const char *const values[] = {
		"wattgate", "10", "30", "10", "3", "60000", conninfo, "UTF8",
		password && *password ? password : NULL, NULL
	};

	return PQconnectdbParams(keys, values, 1);
}

static void on_notice(void *arg, const PGresult *r)
{
	(void)arg;
	(void)r;	/* not onto standard error */
}

static int run(pg_oar_t *db, const char *sql, struct err *err)
{
	PGresult *r = PQexec(db->conn, sql);
	const ExecStatusType status = PQresultStatus(r);
	int rc = 0;

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		rc = fail_result(db, r, err);
	PQclear(r);
	return rc;
}

pg_oar_t *pg_oar_open(const char *conninfo, const char *password,
		      struct err *err)
{
	pg_oar_t *db;

	if (conninfo_check(conninfo, err) < 0)
		return NULL;
	db = mem_zeroed(1, sizeof(*db));
	db->conn = connect_with(conninfo, password);
	if (PQstatus(db->conn) != CONNECTION_OK) {
		fail("OAR's database", PQerrorMessage(db->conn), err);
	} else {
		PQsetNoticeReceiver(db->conn, on_notice, NULL);
		if (run(db, "SET default_transaction_read_only = on; "
			"SET extra_float_digits = 3; SET jit = off; "
			"SET search_path = pg_catalog", err) == 0)
			return db;
	}
	pg_oar_close(db);
	return NULL;
}

void pg_oar_close(pg_oar_t *db)
{
	if (!db)
		return;
	PQfinish(db->conn);
	free(db);
}

int pg_oar_freeze(pg_oar_t *db, struct err *err)
{
	return run(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", err);
}

/* ---- queries --------------------------------------------------------------- */

/* The server sends no more; what is on its way is thrown away. */
static void stop(pg_oar_t *db)
{
	PGcancel *cancel = PQgetCancel(db->conn);
	char why[256];

	if (cancel)
		PQcancel(cancel, why, sizeof(why));
	PQfreeCancel(cancel);
}

int pg_oar_rows(pg_oar_t *db, const char *sql, const char *const *params,
		int count, pg_row_fn *fn, void *arg, struct err *err)
{
	PGresult *r;
	int rc = 0;

	if (!PQsendQueryParams(db->conn, sql, count, NULL, params, NULL, NULL,
			       0) || !PQsetSingleRowMode(db->conn))
		return fail("OAR's database", PQerrorMessage(db->conn), err);
	while ((r = PQgetResult(db->conn))) {
		const struct pg_row row = { r };

		switch (PQresultStatus(r)) {
		case PGRES_SINGLE_TUPLE:
			if (rc != 0)
				break;
			rc = fn(&row, arg);
			if (rc != 0)
				stop(db);
			break;
		case PGRES_TUPLES_OK:
		case PGRES_COMMAND_OK:
			break;
		default:
			if (rc == 0)
				rc = fail_result(db, r, err);
		}
		PQclear(r);
	}
	return rc;
}

const char *pg_row_text(const struct pg_row *row, int col)
{
	if (col >= PQnfields(row->result) ||
	    PQgetisnull(row->result, 0, col))
		return NULL;
	return PQgetvalue(row->result, 0, col);
}

bool pg_row_int(const struct pg_row *row, int col, int64_t *out)
{
	const char *text = pg_row_text(row, col);
	char *end;

	*out = 0;
	if (!text || !*text)
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	if (errno == 0 && *end == '\0')
		return true;
	*out = 0;
	return false;
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
			       PQdb(db->conn));
	if (version < OAR_SCHEMA_READABLE)
		return err_set(err, "schema wattgate has version %lld, this wattgate knows %d: run wattgate-oar-schema upgrade",
			       (long long)version, OAR_SCHEMA_VERSION);
	if (version > OAR_SCHEMA_VERSION)
		return err_set(err, "schema wattgate has version %lld, this wattgate knows %d: use the wattgate that came with it",
			       (long long)version, OAR_SCHEMA_VERSION);
	return 0;
}
