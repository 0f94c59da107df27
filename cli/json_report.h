/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_JSON_REPORT_H
#define WATTGATE_CLI_JSON_REPORT_H

#include <stdio.h>

#include "cli/rows.h"

/* Rows as a JSON array of objects, one member a column; unknown is null. */
void json_print_rows(FILE *f, const struct rows *rows);

/*
 * The same in parts, the end after the last of them. Only the first may be
 * without rows.
 */
void json_print_rows_part(FILE *f, const struct rows *rows, bool first);
void json_print_rows_end(FILE *f);

/* A line a row: JSON Lines. */
void json_print_lines(FILE *f, const struct rows *rows);

/* A member of a JSON object: exactly one of text and rows is set. */
struct json_member {
	const char *name;
	const char *text;
	const struct rows *rows;
};

void json_print_object(FILE *f, const struct json_member *members, size_t n);

#endif
