/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/rows.h"
#include "cli/text.h"
#include "lib/clock.h"

/*
 * Spreadsheets run a text that begins like this as a formula; an apostrophe
 * before it makes it a text again.
 */
static bool starts_formula(const char *text)
{
	return *text && strchr("=+-@\t\r", *text);
}

static void print_text(FILE *f, const char *raw)
{
	char *text = text_valid(raw);
	bool quote = strpbrk(text, ",\"\r\n") != NULL;

	if (quote)
		putc('"', f);
	if (starts_formula(text))
		putc('\'', f);
	for (const char *c = text; *c; c++) {
		if (*c == '"')
			putc('"', f);
		putc(*c, f);
	}
	if (quote)
		putc('"', f);
	free(text);
}

static void print_cell(FILE *f, const struct column *column,
		       const struct cell *cell)
{
	char buf[ROWS_NUMBER_SIZE];

	if (!cell->known)
		return;
	switch (column->type) {
	case COLUMN_TEXT:
		print_text(f, cell->text);
		break;
	case COLUMN_INTEGER:
		fprintf(f, "%" PRId64, cell->integer);
		break;
	case COLUMN_NUMBER:
		fputs(rows_number(cell->number, buf, sizeof(buf)), f);
		break;
	case COLUMN_TIME:
		fputs(clock_iso8601(cell->integer, buf, sizeof(buf)), f);
		break;
	}
}

static void print_head(FILE *f, const struct rows *rows)
{
	for (size_t j = 0; j < rows_shown(rows); j++)
		fprintf(f, "%s%s", j ? "," : "", rows->columns[j].name);
	putc('\n', f);
}

void rows_print_csv_part(FILE *f, const struct rows *rows, bool first)
{
	if (first)
		print_head(f, rows);
	for (size_t i = 0; i < rows->len; i++) {
		for (size_t j = 0; j < rows_shown(rows); j++) {
			if (j)
				putc(',', f);
			print_cell(f, &rows->columns[j], rows_cell(rows, i, j));
		}
		putc('\n', f);
	}
}

void rows_print_csv(FILE *f, const struct rows *rows)
{
	rows_print_csv_part(f, rows, true);
}
