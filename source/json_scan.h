/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_JSON_SCAN_H
#define WATTGATE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"

/*
 * One number out of a JSON text, by JSON pointer (RFC 6901), in one pass and
 * without memory of its own: some BMCs send 50 KB for each sample, and a tree
 * of it would cost more than the request. The whole text is checked (RFC 8259,
 * at most JSON_DEPTH_MAX levels). Pure.
 */

#define JSON_DEPTH_MAX 32

enum json_number {
	JSON_NUMBER_OK,
	JSON_NUMBER_ABSENT,	/* no such member */
	JSON_NUMBER_NULL,
	JSON_NUMBER_TYPE,	/* something else than a number */
	JSON_NUMBER_RANGE	/* not finite as a double */
};

/*
 * 0 with *kind and, where OK, *value; -1 with a text where data is not one
 * JSON object or array. A string that holds a decimal number and nothing else
 * counts as one: some BMCs quote theirs. Of members with the same name the
 * last one counts. Names with escapes in them are never the one asked for.
 */
int json_scan_number(const char *data, size_t size, const char *pointer,
		     enum json_number *kind, double *value, struct err *err);

/* ---- shared with json_doc.c ---- */

#define JSON_TOKEN_MAX 256

/*
 * The first reference token of a pointer that begins with '/', unescaped, into
 * token. Returns what follows it; NULL where it is too long.
 */
const char *json_pointer_next(const char *pointer, char token[JSON_TOKEN_MAX]);

/* Is the token an index into an array? */
bool json_pointer_index(const char *token, size_t *index);

/* A text that is a decimal number and nothing else. */
enum json_number json_decimal(const char *text, size_t size, double *value);

#endif
