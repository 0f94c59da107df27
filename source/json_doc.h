/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_JSON_DOC_H
#define WATTGATE_JSON_DOC_H

#include <stddef.h>

#include "lib/err.h"

#include "json_scan.h"

/*
 * A JSON text that a BMC sent, parsed by json-c into a tree (at most
 * JSON_DEPTH_MAX levels), and typed access to it by JSON pointer (RFC 6901).
 * Nothing here is taken on trust: what is not of the asked type is not there.
 */

#define JSON_SIZE_MAX (1024 * 1024)

typedef struct json_doc json_doc_t;

/* NULL with a text where data is not one JSON object or array. */
json_doc_t *json_doc_parse(const char *data, size_t size, struct err *err);
void json_doc_destroy(json_doc_t *doc);	/* NULL is fine */

/* The number at `pointer` into *value (0 unless OK), as json_scan_number(). */
enum json_number json_doc_number(const json_doc_t *doc, const char *pointer,
				 double *value);

/*
 * The string at `pointer` into buf. -1, with buf empty, where there is none
 * or it does not fit or holds a NUL.
 */
int json_doc_string(const json_doc_t *doc, const char *pointer, char *buf,
		    size_t size);

/* Members of the array at `pointer`; -1 where there is no array. */
int json_doc_length(const json_doc_t *doc, const char *pointer);

/*
 * The name of the i-th member of the object at `pointer` into buf. -1, with
 * buf empty, where it has none, or one that does not fit.
 */
int json_doc_name(const json_doc_t *doc, const char *pointer, unsigned i,
		  char *buf, size_t size);

/* Put '?' for what would act on a terminal, or is not ASCII: for messages. */
void json_blot(char *text);

/*
 * `text` as the inside of a JSON string into buf, in one pass and without
 * copies, for passwords. -1 where it does not fit.
 */
int json_escape(const char *text, char *buf, size_t size);

#endif
