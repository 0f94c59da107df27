/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An answer of a BMC: the first line is a JSON pointer into the JSON behind
 * it. The line as a text, put into JSON, must be found there again.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/json_doc.h"
#include "source/json_power.h"
#include "source/json_scan.h"
#include "fuzz.h"

static void check_power(const char *body, size_t size, const char *pointer)
{
	struct err why = { "" };
	double watts = 1;

	if (json_power_read(body, size, pointer, &watts, &why) == 0) {
		FUZZ_CHECK(watts > 0 && watts <= POWER_MAX_W);
	} else {
		FUZZ_CHECK(watts == 0 && *why.text);
	}
}

static void check_access(const json_doc_t *doc, const char *pointer)
{
	char *buf = malloc(16), member[300];
	enum json_number kind;
	double v = 1;
	int n = json_doc_length(doc, pointer);

	FUZZ_CHECK(buf && n >= -1);
	kind = json_doc_number(doc, pointer, &v);
	FUZZ_CHECK(kind == JSON_NUMBER_OK ? isfinite(v) : v == 0);
	if (json_doc_string(doc, pointer, buf, 16) == 0)
		FUZZ_CHECK(strlen(buf) < 16);
	else
		FUZZ_CHECK(*buf == '\0');
	/* an array has members up to its length and none behind */
	if (n >= 0 && strlen(pointer) < 250) {
		snprintf(member, sizeof(member), "%s/%d", pointer, n);
		FUZZ_CHECK(json_doc_number(doc, member, &v) ==
			   JSON_NUMBER_ABSENT);
		snprintf(member, sizeof(member), "%s/%d", pointer, n - 1);
		FUZZ_CHECK(n == 0 || n > 1000000 ||
			   json_doc_number(doc, member, &v) !=
			   JSON_NUMBER_ABSENT);
	}
	free(buf);
}

/*
 * One pass and a tree say the same of a number. Names and texts with escapes
 * the pass does not look at, long numbers neither.
 */
static void check_scan(const json_doc_t *doc, const char *body, size_t size,
		       const char *pointer)
{
	struct err err = { "" };
	enum json_number kind, tree;
	double v = 1, w = 1;

	if (json_scan_number(body, size, pointer, &kind, &v, &err) < 0) {
		FUZZ_CHECK(*err.text);	/* json-c takes "1." and 'a', too */
		return;
	}
	FUZZ_CHECK(kind == JSON_NUMBER_OK ? isfinite(v) : v == 0);
	if (memchr(body, 0, size))
		return;		/* ends json-c's reading */
	FUZZ_CHECK(doc);
	tree = json_doc_number(doc, pointer, &w);
	if (memchr(body, '\\', size))
		return;
	FUZZ_CHECK(kind == tree || (kind == JSON_NUMBER_TYPE && size > 64));
	FUZZ_CHECK(v == w || kind != tree || v > 1e18 || v < -1e18);
}

static void check_escape(const char *text)
{
	size_t room = strlen(text) * 6 + 8;
	char *inside = malloc(room), *body = malloc(room + 16);
	char *back = malloc(strlen(text) + 1);
	struct err err = { "" };
	json_doc_t *doc;

	FUZZ_CHECK(inside && body && back);
	FUZZ_CHECK(json_escape(text, inside, room) == 0);
	snprintf(body, room + 16, "{\"a\":\"%s\"}", inside);
	doc = json_doc_parse(body, strlen(body), &err);
	if (doc) {		/* what is no UTF-8 may be refused */
		FUZZ_CHECK(json_doc_string(doc, "/a", back,
					   strlen(text) + 1) == 0);
		FUZZ_CHECK(strcmp(back, text) == 0);
	} else {
		for (; *text; text++)
			if (*text & 0x80)
				break;
		FUZZ_CHECK(*text);
	}
	json_doc_destroy(doc);
	free(inside);
	free(body);
	free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	char *pointer = fuzz_line(&in);
	size_t len = in.left;
	char *body = malloc(len ? len : 1);
	struct err err = { "" };
	json_doc_t *doc;

	FUZZ_CHECK(body);
	fuzz_bytes(&in, body, len);	/* has no NUL behind it */
	doc = json_doc_parse(body, len, &err);
	if (doc)
		check_access(doc, pointer);
	else
		FUZZ_CHECK(*err.text);
	check_scan(doc, body, len, pointer);
	json_doc_destroy(doc);
	check_power(body, len, pointer);
	check_escape(pointer);
	free(body);
	free(pointer);
	return 0;
}
