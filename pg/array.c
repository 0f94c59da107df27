/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "db.h"

/* Room for `more` bytes, a comma or brace and the NUL. */
static bool array_grow(struct pg_array *a, size_t more)
{
	size_t size = a->size ? a->size : 256;
	char *text;

	while (size < a->len + more + 3)
		size *= 2;
	if (a->failed || size == a->size)
		return !a->failed;
	text = realloc(a->text, size);
	if (!text) {
		a->failed = true;
		return false;
	}
	a->text = text;
	a->size = size;
	return true;
}

/* The comma or brace before an element of at most `len` bytes. */
static bool element_begin(struct pg_array *a, size_t len)
{
	if (!array_grow(a, len))
		return false;
	a->text[a->len] = a->len ? ',' : '{';
	a->len++;
	return true;
}

static void element_put(struct pg_array *a, const char *text)
{
	size_t len = strlen(text);

	if (!element_begin(a, len))
		return;
	memcpy(a->text + a->len, text, len);
	a->len += len;
}

void pg_array_int(struct pg_array *a, int64_t n)
{
	const struct pg_number number = pg_number(n);

	element_put(a, number.text);
}

void pg_array_double(struct pg_array *a, double x)
{
	char text[32];

	if (isfinite(x))
		snprintf(text, sizeof(text), "%.17g", x);
	element_put(a, isfinite(x) ? text : "NULL");
}

void pg_array_bool(struct pg_array *a, bool x)
{
	element_put(a, x ? "t" : "f");
}

void pg_array_null(struct pg_array *a)
{
	element_put(a, "NULL");
}

void pg_array_text(struct pg_array *a, const char *text)
{
	if (!text || !*text) {
		pg_array_null(a);
		return;
	}
	if (!element_begin(a, 2 * strlen(text) + 2))
		return;
	a->text[a->len++] = '"';
	for (; *text; text++) {
		char c = *text >= ' ' && *text <= '~' ? *text : '?';

		if (c == '"' || c == '\\')
			a->text[a->len++] = '\\';
		a->text[a->len++] = c;
	}
	a->text[a->len++] = '"';
}

const char *pg_array_end(struct pg_array *a)
{
	if (!a->len && array_grow(a, 1))
		a->text[a->len++] = '{';
	if (!array_grow(a, 1))
		return NULL;
	a->text[a->len] = '}';	/* not counted: more may be put in */
	a->text[a->len + 1] = '\0';
	return a->text;
}

void pg_array_free(struct pg_array *a)
{
	free(a->text);
	*a = (struct pg_array){ 0 };
}
