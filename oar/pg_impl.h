/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_PG_IMPL_H
#define WATTGATE_OAR_PG_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#include "pg.h"

/* Between the files named pg_*.c. libpq's types by their own names, so that
 * its header stays in these files. */

struct pg {
	struct pg_conn *conn;
};

/*
 * Run one statement with parameters as text. The answer, which the caller
 * clears; NULL with a text.
 */
struct pg_result *pg_query(pg_t *pg, const char *sql,
			   const char *const *params, int count,
			   struct err *err);

/* A statement without an answer. *rows (or NULL): how many it changed. */
int pg_do(pg_t *pg, const char *sql, const char *const *params, int count,
	  int64_t *rows, struct err *err);

/* The value as a number; false where it is null or none. */
bool pg_int(const struct pg_result *r, int row, int col, int64_t *out);
bool pg_double(const struct pg_result *r, int row, int col, double *out);

/* A number as the text of a parameter. */
struct pg_number {
	char text[24];
};
struct pg_number pg_number(int64_t n);

/* ---- arrays: {1,2,NULL}, {"a","b"} ------------------------------------------- */

struct pg_array {
	char *text;		/* NULL before pg_array_end(), and without memory */
	size_t len, size;
	bool failed;
};

void pg_array_int(struct pg_array *a, int64_t n);
/* Not finite: NULL. */
void pg_array_double(struct pg_array *a, double x);
void pg_array_bool(struct pg_array *a, bool x);
/* NULL or "": NULL. What is not printable ASCII becomes '?'. */
void pg_array_text(struct pg_array *a, const char *text);
void pg_array_null(struct pg_array *a);
/* The array's text, "{}" where nothing was put in; NULL without memory. */
const char *pg_array_end(struct pg_array *a);
void pg_array_free(struct pg_array *a);

#endif
