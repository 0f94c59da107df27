/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of users and accounts on their way to a terminal, to CSV and to JSON.
 * The first byte is how wide the column is.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_report.h"
#include "cli/mem.h"
#include "cli/rows.h"
#include "cli/text.h"
#include "source/json_doc.h"
#include "fuzz.h"

static bool is_utf8(const char *s)
{
	while (*s) {
		int len = text_utf8(s, NULL);

		if (len == 0)
			return false;
		s += len;
	}
	return true;
}

static void check_valid(const char *text)
{
	char *valid = text_valid(text), *again = text_valid(valid);

	FUZZ_CHECK(is_utf8(valid) && strcmp(valid, again) == 0);
	FUZZ_CHECK(!is_utf8(text) || strcmp(valid, text) == 0);
	free(valid);
	free(again);
}

static void check_terminal(const char *text, int width, bool utf8)
{
	int columns = -1;
	char *out = text_terminal(text, width, utf8, &columns);

	FUZZ_CHECK(columns >= 0 && columns <= width && is_utf8(out));
	for (const char *p = out; *p; p++) {
		FUZZ_CHECK((unsigned char)*p >= 0x20 && *p != 0x7f);
		FUZZ_CHECK(utf8 || !(*p & 0x80));
	}
	FUZZ_CHECK(utf8 || (int)strlen(out) == columns);
	free(out);
}

static const struct column columns[] = {
	{ "name", "NAME", COLUMN_TEXT, UNIT_NONE },
	{ "n", "N", COLUMN_INTEGER, UNIT_NONE },
};

/* The JSON is JSON, and holds the text. */
static void check_json(const struct rows *rows, const char *text)
{
	char *valid = text_valid(text), *out = NULL;
	char *back = malloc(strlen(valid) + 1);
	struct err err = { "" };
	json_doc_t *doc;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	FUZZ_CHECK(f && back);
	json_print_rows(f, rows);
	fclose(f);
	doc = json_doc_parse(out, len, &err);
	FUZZ_CHECK(doc && json_doc_length(doc, "") == 1);
	FUZZ_CHECK(json_doc_string(doc, "/0/name", back,
				   strlen(valid) + 1) == 0);
	FUZZ_CHECK(strcmp(back, valid) == 0);
	json_doc_destroy(doc);
	free(valid);
	free(back);
	free(out);
}

/* Exactly two lines of two fields, whatever the text: as RFC 4180 reads it. */
static void check_csv(const struct rows *rows)
{
	unsigned fields = 1, lines = 0;
	bool quoted = false;
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	FUZZ_CHECK(f);
	rows_print_csv(f, rows);
	fclose(f);
	for (size_t i = 0; i < len; i++) {
		if (out[i] == '"')
			quoted = !quoted;
		else if (!quoted && out[i] == ',')
			fields++;
		else if (!quoted && out[i] == '\n') {
			FUZZ_CHECK(fields == 2);
			fields = 1;
			lines++;
		}
	}
	FUZZ_CHECK(!quoted && lines == 2);
	free(out);
}

static void check_rows(const char *text)
{
	struct rows *rows = rows_create(columns, 2);
	struct cell *row = rows_add(rows);

	cell_set_text(&row[0], text);
	cell_set_integer(&row[1], 7);
	check_json(rows, text);
	check_csv(rows);
	rows_destroy(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	int width = fuzz_byte(&in) % 64 + 1;
	char *text = fuzz_rest(&in);

	setlocale(LC_CTYPE, "C.UTF-8");
	check_valid(text);
	check_terminal(text, width, true);
	check_terminal(text, width, false);
	check_rows(text);
	free(text);
	return 0;
}
