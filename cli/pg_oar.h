/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_PG_OAR_H
#define WATTGATE_CLI_PG_OAR_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

/*
 * OAR's PostgreSQL, for commands: nothing is ever written. Without libpq there
 * is pg_none.c instead, with which pg_oar_open() fails and says so.
 */

typedef struct pg_oar pg_oar_t;
struct pg_row;

/*
 * conninfo: libpq's words, without a password: in --database everybody could
 * see it. password: NULL or "" = libpq looks for it. NULL with a text.
 */
pg_oar_t *pg_oar_open(const char *conninfo, const char *password,
		      struct err *err);
void pg_oar_close(pg_oar_t *db);	/* NULL is fine */

/* All that is read from here on is of one moment. */
int pg_oar_freeze(pg_oar_t *db, struct err *err);

/* The schema's version; 0: there is none. */
int pg_oar_schema(pg_oar_t *db, int64_t *version, struct err *err);
/* -1, with what to do, where it is not the one that is known here. */
int pg_oar_schema_check(pg_oar_t *db, struct err *err);

/*
 * Run a query, and hand each row to fn as it comes: the answer is never in
 * memory as a whole. params are texts, or NULL. fn ends all by returning
 * another value than 0, which is then returned; it may not run a query itself.
 */
typedef int pg_row_fn(const struct pg_row *row, void *arg);
int pg_oar_rows(pg_oar_t *db, const char *sql, const char *const *params,
		int count, pg_row_fn *fn, void *arg, struct err *err);

/* NULL where it is null. Valid until fn returns. */
const char *pg_row_text(const struct pg_row *row, int col);
/* false, and 0, where it is null or no such number. */
bool pg_row_int(const struct pg_row *row, int col, int64_t *out);
/* NaN where it is null or no number. */
double pg_row_number(const struct pg_row *row, int col);
bool pg_row_true(const struct pg_row *row, int col);

#endif
