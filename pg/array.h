/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_PG_ARRAY_H
#define WATTGATE_PG_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Arrays as the text of a parameter, {1,2,NULL} or {"a","b"}: the rows of a
 * whole batch go into one statement, each column as one array.
 */

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
