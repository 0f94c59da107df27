/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/json_report.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "cli/mem.h"
#include "cli/text.h"
#include "lib/clock.h"

#define JSON_LINE (JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)
#define JSON_TREE (JSON_LINE | JSON_C_TO_STRING_PRETTY)

static struct json_object *or_exit(struct json_object *obj)
{
	if (!obj)
		mem_failed();
	return obj;
}

static struct json_object *text_object(const char *raw)
{
	char *text = text_valid(raw);
	struct json_object *obj = or_exit(json_object_new_string(text));

	free(text);
	return obj;
}

/* NULL is JSON's null. */
static struct json_object *cell_object(const struct column *column,
				       const struct cell *cell)
{
	char buf[ROWS_NUMBER_SIZE];

	if (!cell->known)
		return NULL;
	switch (column->type) {
	case COLUMN_TEXT:
		return text_object(cell->text);
	case COLUMN_INTEGER:
		return or_exit(json_object_new_int64(cell->integer));
	case COLUMN_NUMBER:
		return or_exit(json_object_new_double_s(
			cell->number,
			rows_number(cell->number, buf, sizeof(buf))));
	case COLUMN_TIME:
		return text_object(clock_iso8601(cell->integer, buf,
						 sizeof(buf)));
	}
	return NULL;
}

static void add_member(struct json_object *obj, const char *name,
		       struct json_object *value)
{
	if (json_object_object_add(obj, name, value) < 0)
		mem_failed();
}

static struct json_object *row_object(const struct rows *rows, size_t i)
{
	struct json_object *row = or_exit(json_object_new_object());

	for (size_t j = 0; j < rows_shown(rows); j++)
		add_member(row, rows->columns[j].name,
			   cell_object(&rows->columns[j],
				       rows_cell(rows, i, j)));
	return row;
}

static struct json_object *rows_object(const struct rows *rows)
{
	struct json_object *array = or_exit(json_object_new_array());

	for (size_t i = 0; i < rows->len; i++)
		if (json_object_array_add(array, row_object(rows, i)) < 0)
			mem_failed();
	return array;
}

static void print_object(FILE *f, struct json_object *obj, int flags)
{
	const char *text = json_object_to_json_string_ext(obj, flags);

	if (!text)
		mem_failed();
	fputs(text, f);
	json_object_put(obj);
}

/* A line a row, each made when it is its turn: there may be many. */
void json_print_rows_part(FILE *f, const struct rows *rows, bool first)
{
	if (first)
		fputs("[", f);
	for (size_t i = 0; i < rows->len; i++) {
		fputs(first && i == 0 ? "\n " : ",\n ", f);
		print_object(f, row_object(rows, i), JSON_LINE);
	}
}

void json_print_lines(FILE *f, const struct rows *rows)
{
	for (size_t i = 0; i < rows->len; i++) {
		print_object(f, row_object(rows, i), JSON_LINE);
		putc('\n', f);
	}
}

void json_print_rows_end(FILE *f)
{
	fputs("\n]\n", f);
}

void json_print_rows(FILE *f, const struct rows *rows)
{
	json_print_rows_part(f, rows, true);
	json_print_rows_end(f);
}

void json_print_object(FILE *f, const struct json_member *members, size_t n)
{
	struct json_object *obj = or_exit(json_object_new_object());

	for (size_t i = 0; i < n; i++)
		add_member(obj, members[i].name,
			   members[i].rows ? rows_object(members[i].rows) :
					     text_object(members[i].text));
	print_object(f, obj, JSON_TREE);
	putc('\n', f);
}
