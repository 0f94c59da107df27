/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_ROWS_H
#define WATTGATE_CLI_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Rows of named, typed columns: what every command puts out, as a table, CSV
 * or JSON. A cell that was never set is unknown: empty in CSV, null in JSON,
 * "-" in a table, 0 nowhere.
 */

enum column_type {
	COLUMN_TEXT,
	COLUMN_INTEGER,
	COLUMN_NUMBER,
	COLUMN_TIME	/* nanoseconds since 1970 */
};

/* How a table shows a number to a person. */
enum column_unit { UNIT_NONE, UNIT_HOURS, UNIT_SECONDS, UNIT_KWH, UNIT_RATIO,
		   UNIT_GRAMS, UNIT_MONEY, UNIT_FACTOR };

struct column {
	const char *name;	/* in CSV and JSON */
	const char *title;	/* in a table; NULL: it is for us alone, and stands
				   behind all that are shown */
	enum column_type type;
	enum column_unit unit;
};

struct cell {
	bool known;
	int64_t integer;	/* and time */
	double number;
	char *text;
};

struct rows {
	const struct column *columns;
	size_t columns_len;
	struct cell *cells;	/* len * columns_len */
	size_t len, room;
};

/* columns outlive the rows. */
struct rows *rows_create(const struct column *columns, size_t columns_len);
void rows_destroy(struct rows *rows);	/* NULL is fine */
void rows_clear(struct rows *rows);	/* no row is left; the columns stay */

/* A new row: its cells, all unknown; valid until the next call. */
struct cell *rows_add(struct rows *rows);

void cell_set_text(struct cell *c, const char *text);	/* copies; NULL: unknown */
void cell_set_integer(struct cell *c, int64_t v);
void cell_set_number(struct cell *c, double v);	/* not finite: unknown */
void cell_set_time(struct cell *c, int64_t ns);	/* 0: unknown */

/* How many columns are shown: the first ones. */
size_t rows_shown(const struct rows *rows);

/* The cell of row i in column j. */
const struct cell *rows_cell(const struct rows *rows, size_t i, size_t j);

/*
 * A number in full for machines: no exponent, at most twelve decimals, no
 * trailing zeros. buf has at least ROWS_NUMBER_SIZE bytes.
 */
#define ROWS_NUMBER_SIZE 340
char *rows_number(double v, char *buf, size_t size);

/* A number as a table shows it to a person, with its unit. */
void rows_figure(double v, enum column_unit unit, char *buf, size_t size);

/* RFC 4180 quoting, lines end in LF; a first line with the names. */
void rows_print_csv(FILE *f, const struct rows *rows);

/* Aligned, with units for people; times are local. */
void rows_print_table(FILE *f, const struct rows *rows);

/*
 * The same in parts, for more rows than memory should hold: titles come with
 * the first. widths has one element a column, 0 at first: what a part needs is
 * kept for those after it.
 */
void rows_print_csv_part(FILE *f, const struct rows *rows, bool first);
void rows_print_table_part(FILE *f, const struct rows *rows, bool first,
			   int *widths);

#endif
