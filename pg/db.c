/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "db.h"

#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"

struct pgdb {
	PGconn *conn;
	const char *what;
	unsigned limit_s;
	int64_t until_ns;	/* of all statements; 0: each for itself */
	bool lost;
	char state[8];
};

/* ---- texts --------------------------------------------------------------------- */

/* libpq's texts end in a newline and may have several lines: the first one. */
int pgdb_fail(const char *what, const char *text, struct err *err)
{
	size_t len = text ? strcspn(text, "\n") : 0;

	return err_set(err, "%s: %.*s", what, (int)(len < 300 ? len : 300),
		       len ? text : "no reason given");
}

static int fail_result(pgdb_t *db, const PGresult *r, struct err *err)
{
	const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	snprintf(db->state, sizeof(db->state), "%s", state ? state : "");
	return pgdb_fail(db->what, text ? text : PQerrorMessage(db->conn), err);
}

enum pgdb_words pgdb_words(const char *conninfo, struct err *why)
{
	enum pgdb_words words = PGDB_WORDS_OK;
	char *text = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &text);

	if (!options) {
		size_t len = text ? strcspn(text, "\n") : 0;

		err_set(why, "%.*s", (int)(len < 300 ? len : 300),
			len ? text : "no reason given");
		words = PGDB_WORDS_BAD;
	}
	for (PQconninfoOption *o = options; o && o->keyword; o++)
		if (o->val && (strcmp(o->keyword, "password") == 0 ||
			       strcmp(o->keyword, "sslpassword") == 0))
			words = PGDB_WORDS_PASSWORD;
	PQconninfoFree(options);
	PQfreemem(text);
	return words;
}

/* ---- connecting ---------------------------------------------------------------- */

/* A server that went away without a word is noticed. */
static PGconn *connect_with(const struct pgdb_params *p)
{
	const char *const keys[] = {
		"application_name", "connect_timeout", "keepalives_idle",
		"keepalives_interval", "keepalives_count", "tcp_user_timeout",
		"dbname", "password", p->utf8 ? "client_encoding" : NULL, NULL
	};
	const struct pg_number limit =
		pg_number(p->limit_s && p->limit_s < 10 ? p->limit_s : 10);
	const char *const values[] = {
		p->program, limit.text, "30", "10", "3", "60000", p->conninfo,
		p->password && *p->password ? p->password : NULL, "UTF8", NULL
	};

	return PQconnectdbParams(keys, values, 1);
}

static void on_notice(void *arg, const PGresult *r)
{
	(void)arg;
	(void)r;	/* not onto standard error */
}

pgdb_t *pgdb_open(const struct pgdb_params *params, struct err *err)
{
	pgdb_t *db = calloc(1, sizeof(*db));

	if (db)
		db->conn = connect_with(params);
	if (!db || !db->conn) {
		err_set(err, "out of memory");
	} else if (PQstatus(db->conn) != CONNECTION_OK) {
		pgdb_fail(params->what, PQerrorMessage(db->conn), err);
	} else if (PQsetnonblocking(db->conn, 1) != 0) {
		pgdb_fail(params->what, PQerrorMessage(db->conn), err);
	} else {
		db->what = params->what;
		db->limit_s = params->limit_s;
		PQsetNoticeReceiver(db->conn, on_notice, NULL);
		return db;
	}
	pgdb_close(db);
	return NULL;
}

void pgdb_close(pgdb_t *db)
{
	if (!db)
		return;
	PQfinish(db->conn);
	free(db);
}

bool pgdb_lost(const pgdb_t *db)
{
	return db->lost || PQstatus(db->conn) != CONNECTION_OK;
}

bool pgdb_gone(const pgdb_t *db)
{
	return !db->lost && PQstatus(db->conn) != CONNECTION_OK;
}

const char *pgdb_state(const pgdb_t *db)
{
	return db->state;
}

const char *pgdb_user(const pgdb_t *db)
{
	return PQuser(db->conn);
}

const char *pgdb_name(const pgdb_t *db)
{
	return PQdb(db->conn);
}

void pgdb_limit(pgdb_t *db, unsigned seconds)
{
	db->until_ns = seconds ? clock_boot_ns() + seconds * NS_PER_S : 0;
}

/* ---- waiting ------------------------------------------------------------------- */

/* When a statement that begins now must have ended; INT64_MAX: never. */
static int64_t end_of_statement(const pgdb_t *db)
{
	if (db->until_ns)
		return db->until_ns;
	return db->limit_s ? clock_boot_ns() + db->limit_s * NS_PER_S :
			     INT64_MAX;
}

/* Until the server has taken or said something. A stopped one does neither. */
static int wait_for(pgdb_t *db, short events, int64_t end_ns, struct err *err)
{
	struct pollfd fd = { .fd = PQsocket(db->conn), .events = events };
	int n;

	do {
		int64_t left_ns = end_ns - clock_boot_ns();

		if (left_ns <= 0) {
			db->lost = true;
			return err_set(err, "%s: no answer in time; the connection was given up",
				       db->what);
		}
		n = poll(&fd, 1, end_ns == INT64_MAX ? -1 :
			 left_ns > 60 * NS_PER_S ? 60000 :
			 (int)(left_ns / 1000000) + 1);
	} while (n == 0 || (n < 0 && errno == EINTR));
	if (n < 0) {
		db->lost = true;
		return err_set_errno(err, "%s: poll", db->what);
	}
	if ((fd.revents & POLLOUT) == fd.revents)
		return 0;
	return PQconsumeInput(db->conn) ? 0 :
	       pgdb_fail(db->what, PQerrorMessage(db->conn), err);
}

static int send_statement(pgdb_t *db, const char *sql,
			  const char *const *params, int count, bool by_row,
			  int64_t end_ns, struct err *err)
{
	int more;

	db->state[0] = '\0';
	if (db->lost)
		return err_set(err, "%s: the connection was lost", db->what);
	if (!PQsendQueryParams(db->conn, sql, count, NULL, params, NULL, NULL,
			       0) || (by_row && !PQsetSingleRowMode(db->conn)))
		return pgdb_fail(db->what, PQerrorMessage(db->conn), err);
	while ((more = PQflush(db->conn)) > 0)
		if (wait_for(db, POLLIN | POLLOUT, end_ns, err) < 0)
			return -1;
	return more == 0 ? 0 :
	       pgdb_fail(db->what, PQerrorMessage(db->conn), err);
}

/* 1 with the next answer, 0 after the last one, -1. */
static int next_answer(pgdb_t *db, int64_t end_ns, PGresult **r,
		       struct err *err)
{
	while (PQisBusy(db->conn))
		if (wait_for(db, POLLIN, end_ns, err) < 0)
			return -1;
	*r = PQgetResult(db->conn);
	return *r != NULL;
}

/* ---- statements ---------------------------------------------------------------- */

static PGresult *take_answer(pgdb_t *db, int64_t end_ns, struct err *err)
{
	PGresult *r, *kept = NULL;
	int rc;

	while ((rc = next_answer(db, end_ns, &r, err)) > 0) {
		PQclear(kept);	/* one statement has one answer */
		kept = r;
	}
	if (rc == 0)
		return kept;
	PQclear(kept);
	return NULL;
}

struct pg_result *pgdb_query(pgdb_t *db, const char *sql,
			     const char *const *params, int count,
			     struct err *err)
{
	const int64_t end_ns = end_of_statement(db);
	PGresult *r;

	if (send_statement(db, sql, params, count, false, end_ns, err) < 0)
		return NULL;
	r = take_answer(db, end_ns, err);
	if (!r) {
		if (!db->lost)
			pgdb_fail(db->what, PQerrorMessage(db->conn), err);
		return NULL;
	}
	switch (PQresultStatus(r)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		return r;
	default:
		fail_result(db, r, err);
		PQclear(r);
		return NULL;
	}
}

int pgdb_do(pgdb_t *db, const char *sql, const char *const *params, int count,
	    int64_t *rows, struct err *err)
{
	PGresult *r = pgdb_query(db, sql, params, count, err);

	if (!r)
		return -1;
	if (rows)
		*rows = strtoll(PQcmdTuples(r), NULL, 10);
	PQclear(r);
	return 0;
}

/* The server sends no more; what is on its way is thrown away. */
static void stop(pgdb_t *db)
{
	PGcancel *cancel = PQgetCancel(db->conn);
	char why[256];

	if (cancel)
		PQcancel(cancel, why, sizeof(why));
	PQfreeCancel(cancel);
}

/* What one answer means; *rc keeps what came first. */
static void take_row(pgdb_t *db, PGresult *r, pgdb_row_fn *fn, void *arg,
		     int *rc, struct err *err)
{
	switch (PQresultStatus(r)) {
	case PGRES_SINGLE_TUPLE:
		if (*rc != 0)
			break;
		*rc = fn(r, arg);
		if (*rc != 0)
			stop(db);
		break;
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		break;
	default:
		if (*rc == 0)
			*rc = fail_result(db, r, err);
	}
	PQclear(r);
}

int pgdb_rows(pgdb_t *db, const char *sql, const char *const *params,
	      int count, pgdb_row_fn *fn, void *arg, struct err *err)
{
	PGresult *r;
	int rc = 0, more;

	if (send_statement(db, sql, params, count, true, end_of_statement(db),
			   err) < 0)
		return -1;
	/* the limit is one of silence here */
	while ((more = next_answer(db, end_of_statement(db), &r, err)) > 0)
		take_row(db, r, fn, arg, &rc, err);
	return more < 0 ? -1 : rc;
}

int pgdb_commit(pgdb_t *db, struct err *err)
{
	PGresult *r = pgdb_query(db, "COMMIT", NULL, 0, err);
	bool done;

	if (!r)
		return -1;
	done = strcmp(PQcmdStatus(r), "COMMIT") == 0;
	PQclear(r);
	return done ? 0 : err_set(err, "%s: the transaction was undone",
				  db->what);
}

void pgdb_rollback(pgdb_t *db)
{
	if (!pgdb_lost(db) && PQtransactionStatus(db->conn) != PQTRANS_IDLE &&
	    pgdb_do(db, "ROLLBACK", NULL, 0, NULL, NULL) < 0)
		db->lost = true;
}

/* ---- values -------------------------------------------------------------------- */

struct pg_number pg_number(int64_t n)
{
	struct pg_number number;

	snprintf(number.text, sizeof(number.text), "%" PRId64, n);
	return number;
}

const char *pgdb_text(const struct pg_result *r, int row, int col)
{
	if (row >= PQntuples(r) || col >= PQnfields(r) ||
	    PQgetisnull(r, row, col))
		return NULL;
	return PQgetvalue(r, row, col);
}

bool pgdb_int(const struct pg_result *r, int row, int col, int64_t *out)
{
	const char *text = pgdb_text(r, row, col);
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

bool pgdb_double(const struct pg_result *r, int row, int col, double *out)
{
	const char *text = pgdb_text(r, row, col);
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
