/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_LEDGER_FIELDS_H
#define WATTGATE_LEDGER_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger.h"

/*
 * What a ledger's record is made of, for who keeps records elsewhere: each key
 * of docs/formats.md with its place in struct ledger_rec.
 */

enum field_type {
	FIELD_U32,
	FIELD_I32,
	FIELD_NS,	/* int64_t, 0 to 2^60 */
	FIELD_WALL,	/* int64_t, 0 to 2^62 */
	FIELD_JOULES,	/* double, six decimals */
	FIELD_NUMBER,	/* double */
	FIELD_MAYBE,	/* double; NaN = unknown = key absent */
	FIELD_FLAG,	/* bool */
	FIELD_TEXT,
	FIELD_PARTS
};

struct ledger_field {
	const char *key;
	enum field_type type;
	size_t offset;		/* in struct ledger_rec */
	size_t size;		/* of a text */
};

/* Those of a kind; one whose key is NULL ends them. */
const struct ledger_field *ledger_fields(enum ledger_kind kind);

/*
 * A text as it stands in a line, %XX for all that is not plain ASCII; and
 * back. -1 where it does not fit, or is not of that form.
 */
int ledger_escape(const char *text, char *buf, size_t size);
int ledger_unescape(const char *text, char *buf, size_t size);

#endif
