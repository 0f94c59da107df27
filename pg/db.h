/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_PG_DB_H
#define WATTGATE_PG_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

/*
 * A connection to a PostgreSQL, whoever's it is, and statements on it. Calls
 * block, but none for longer than the connection's limit. All fill err and
 * return -1 or NULL on failure. libpq's types go by their own names, so that
 * its header stays in files that may include it.
 */

typedef struct pgdb pgdb_t;

struct pgdb_params {
	const char *what;	/* "OAR's database": what errors begin with */
	const char *conninfo;	/* libpq's words */
	const char *password;	/* NULL or "": libpq looks for it */
	const char *program;	/* as the server shows it */
	bool utf8;		/* texts are asked for in UTF-8 */
	unsigned limit_s;	/* of a statement; 0: none. A connection: 10 s at most */
};

/* NULL with a text. what and program outlive it. */
pgdb_t *pgdb_open(const struct pgdb_params *params, struct err *err);
void pgdb_close(pgdb_t *db);	/* NULL is fine; what is open is undone */

/* What libpq makes of such words. */
enum pgdb_words {
	PGDB_WORDS_OK,
	PGDB_WORDS_PASSWORD,	/* there is one in them */
	PGDB_WORDS_BAD		/* they are none: why has libpq's reason */
};
enum pgdb_words pgdb_words(const char *conninfo, struct err *why);

/* Is it of no use any more? */
bool pgdb_lost(const pgdb_t *db);
/* Was it closed by the other side? Not one that was given up. */
bool pgdb_gone(const pgdb_t *db);
/* SQLSTATE of the last failure; "" where there is none. */
const char *pgdb_state(const pgdb_t *db);
const char *pgdb_user(const pgdb_t *db);
const char *pgdb_name(const pgdb_t *db);

/*
 * From now on all statements together may take that long, until it is set
 * again; 0: each one for itself, as at first.
 */
void pgdb_limit(pgdb_t *db, unsigned seconds);

/* Fill err from libpq's text: its first line behind what. -1. */
int pgdb_fail(const char *what, const char *text, struct err *err);

/* ---- statements ---------------------------------------------------------------- */

/*
 * Run one statement with parameters as text. The answer, which the caller
 * clears by PQclear(); NULL with a text.
 */
struct pg_result *pgdb_query(pgdb_t *db, const char *sql,
			     const char *const *params, int count,
			     struct err *err);

/* A statement without an answer. *rows (or NULL): how many it changed. */
int pgdb_do(pgdb_t *db, const char *sql, const char *const *params, int count,
	    int64_t *rows, struct err *err);

/*
 * Hand each row of the answer to fn as it comes: the answer is never in memory
 * as a whole. fn (row 0 of what it gets) ends all by returning another value
 * than 0, which is then returned; it may not run a statement itself.
 */
typedef int pgdb_row_fn(const struct pg_result *row, void *arg);
int pgdb_rows(pgdb_t *db, const char *sql, const char *const *params,
	      int count, pgdb_row_fn *fn, void *arg, struct err *err);

/* A COMMIT of a failed transaction is a ROLLBACK, and no error: this tells. */
int pgdb_commit(pgdb_t *db, struct err *err);
void pgdb_rollback(pgdb_t *db);

/* ---- values -------------------------------------------------------------------- */

/* NULL where it is null or none. Lives as long as the answer. */
const char *pgdb_text(const struct pg_result *r, int row, int col);
/* The value as a number; false where it is null or none. */
bool pgdb_int(const struct pg_result *r, int row, int col, int64_t *out);
bool pgdb_double(const struct pg_result *r, int row, int col, double *out);

/* A number as the text of a parameter. */
struct pg_number {
	char text[24];
};
struct pg_number pg_number(int64_t n);

#endif
