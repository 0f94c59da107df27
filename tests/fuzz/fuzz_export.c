/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an export left: the body of a cursor, and of accounts' totals. What is
 * taken is written and read again the same. Their checksum is not in the way.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/export_cursor.h"
#include "lib/seal.h"
#include "fuzz.h"

static void check_cursor(const char *body)
{
	struct cursor c = { .floor_s = 0 }, again;
	struct err err = { "" };
	char path[512];

	if (cursor_parse(&c, body, &err) < 0) {
		FUZZ_CHECK(*err.text);
		cursor_clear(&c);
		return;
	}
	for (size_t i = 0; i < c.jobs_len; i++)
		FUZZ_CHECK(cursor_find(&c, c.jobs[i].id, c.jobs[i].submit_s) ==
			   &c.jobs[i]);
	snprintf(path, sizeof(path), "%s/cursor", fuzz_dir());
	FUZZ_CHECK(cursor_write(&c, path, &err) == 0);
	FUZZ_CHECK(cursor_read(&again, path, &err) == 1);
	FUZZ_CHECK(again.jobs_len == c.jobs_len &&
		   again.opens_len == c.opens_len &&
		   again.totals.len == c.totals.len &&
		   again.low_s == c.low_s && again.batches == c.batches &&
		   strcmp(again.cluster, c.cluster) == 0);
	cursor_forget(&again, INT64_MAX);
	FUZZ_CHECK(again.jobs_len <= c.jobs_len);
	cursor_clear(&again);
	cursor_clear(&c);
}

static void check_totals(const char *body)
{
	struct totals t = { .len = 0 };
	struct err err = { "" };
	char *text = NULL;
	struct expo e;
	size_t size;
	FILE *f;

	if (totals_parse(&t, body, &err) == 0) {
		FUZZ_CHECK(t.len <= TOTALS_MAX + 1);
		f = open_memstream(&text, &size);
		FUZZ_CHECK(f);
		expo_begin(&e, f, EXPO_OPENMETRICS);
		totals_expose(&e, &t);
		expo_end(&e);
		fclose(f);
		FUZZ_CHECK(size >= 6 && memcmp(text + size - 6, "# EOF\n", 6) == 0);
		free(text);
	}
	totals_clear(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	struct err err = { "" };

	FUZZ_CHECK(text);
	memcpy(text, data, size);
	if (!seal_body(text, size, CURSOR_KIND, CURSOR_VERSION, "f", &err))
		FUZZ_CHECK(*err.text);
	check_cursor(text);
	check_totals(text);
	free(text);
	return 0;
}
