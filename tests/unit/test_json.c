/* SPDX-License-Identifier: GPL-2.0-or-later */
/* json_doc and json_power: what BMCs send, and what an enemy would. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/json_doc.h"
#include "source/json_power.h"

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))

/* ---- watts ---- */

static const struct {
	const char *json;
	const char *pointer;
	double watts;		/* 0: unavailable */
	const char *why;	/* in the reason */
} readings[] = {
	{ "{\"p\":614}", "/p", 614, NULL },
	{ "{\"p\":614.25}", "/p", 614.25, NULL },
	{ "{\"p\":1.2e2}", "/p", 120, NULL },
	{ "\xef\xbb\xbf{\"p\":1} \r\n\t", "/p", 1, NULL },
	{ "{\"p\":1000000}", "/p", 1e6, NULL },
	{ "{\"p\":0.001}", "/p", 0.001, NULL },
	{ "{\"p\":\"120.5\"}", "/p", 120.5, NULL },
	{ "{\"p\":\"1e2\"}", "/p", 100, NULL },
	{ "[{\"p\":3}]", "/0/p", 3, NULL },
	{ "{\"a\":[1,{\"p\":2}]}", "/a/1/p", 2, NULL },
	{ "{\"a/b\":{\"c~d\":5}}", "/a~1b/c~0d", 5, NULL },
	{ "{\"\":{\"\":6}}", "//", 6, NULL },
	/* the last one of two is as good as any, as long as it is a number */
	{ "{\"p\":null,\"p\":7}", "/p", 7, NULL },

	{ "{\"p\":0}", "/p", 0, "cannot draw" },
	{ "{\"p\":-0.0}", "/p", 0, "cannot draw" },
	{ "{\"p\":-200}", "/p", 0, "cannot draw" },
	{ "{\"p\":\"0\"}", "/p", 0, "cannot draw" },
	{ "{\"p\":1000000.1}", "/p", 0, "more than" },
	{ "{\"p\":18446744073709551615}", "/p", 0, "more than" },
	{ "{\"p\":99999999999999999999999999999999}", "/p", 0, "more than" },
	{ "{\"p\":1e400}", "/p", 0, "finite" },
	{ "{\"p\":-1e400}", "/p", 0, "finite" },
	{ "{\"p\":\"1e400\"}", "/p", 0, "finite" },
	{ "{\"p\":null}", "/p", 0, "is null" },
	{ "{\"p\":true}", "/p", 0, "not a number" },
	{ "{\"p\":[5]}", "/p", 0, "not a number" },
	{ "{\"p\":{\"v\":5}}", "/p", 0, "not a number" },
	{ "{\"p\":\"\"}", "/p", 0, "not a number" },
	{ "{\"p\":\"N/A\"}", "/p", 0, "not a number" },
	{ "{\"p\":\"120 W\"}", "/p", 0, "not a number" },
	{ "{\"p\":\" 120\"}", "/p", 0, "not a number" },
	{ "{\"p\":\"+120\"}", "/p", 0, "not a number" },
	{ "{\"p\":\"0x78\"}", "/p", 0, "not a number" },
	{ "{\"p\":\"1,5\"}", "/p", 0, "not a number" },
	{ "{\"p\":\"1.\"}", "/p", 0, "not a number" },
	{ "{\"p\":\".5\"}", "/p", 0, "not a number" },
	{ "{\"p\":\"1e\"}", "/p", 0, "not a number" },
	{ "{\"p\":\"nan\"}", "/p", 0, "not a number" },
	{ "{\"p\":\"inf\"}", "/p", 0, "not a number" },
	{ "{\"p\":\"12\\u00003\"}", "/p", 0, "not a number" },
	{ "{\"p\":\"11111111111111111111111111111111111111111111111111111111111111111\"}",
	  "/p", 0, "not a number" },
	{ "{\"a\":NaN,\"b\":-Infinity,\"p\":5}", "/p", 5, NULL },
	{ "{\"p\":5,\"p\":{}}", "/p", 0, "not a number" },
	{ "{\"a\":{\"p\":5},\"a\":{}}", "/a/p", 0, "there is no /a/p" },
	{ "{\"a\":[],\"p\":5}", "/p", 5, NULL },
	{ "{\"a\":\"\\\"p\\\":6,\\\\\",\"p\":5}", "/p", 5, NULL },
	{ "{\"a\":\"\\x\",\"p\":5}", "/p", 0, "not JSON" },
	{ "{\"a\":\"\\u12g4\",\"p\":5}", "/p", 0, "not JSON" },
	{ "{\"a\":01,\"p\":5}", "/p", 0, "not JSON" },
	{ "{\"a\":-,\"p\":5}", "/p", 0, "not JSON" },
	{ "{\"a\":nul,\"p\":5}", "/p", 0, "not JSON" },
	{ "{\"a\" 1,\"p\":5}", "/p", 0, "not JSON" },
	{ "{\"a\":1 \"p\":5}", "/p", 0, "not JSON" },
	{ "{a:1,\"p\":5}", "/p", 0, "not JSON" },
	{ "{,\"p\":5}", "/p", 0, "not JSON" },
	{ "[5,]", "/0", 0, "not JSON" },
	{ "[5}", "/0", 0, "not JSON" },
	{ "{}", "/p", 0, "there is no /p" },
	{ "{\"P\":5}", "/p", 0, "there is no /p" },
	{ "{\"p\":5}", "/p/x", 0, "there is no" },
	{ "{\"a\":[1]}", "/a/1", 0, "there is no" },
	{ "{\"a\":[1]}", "/a/00", 0, "there is no" },
	{ "{\"a\":[1]}", "/a/-", 0, "there is no" },
	{ "{\"a\":[1]}", "/a/-1", 0, "there is no" },
	{ "{\"a\":[1]}", "/a/0x0", 0, "there is no" },
	{ "{\"a\":[1]}", "/a/99999999999999999999", 0, "there is no" },
	{ "{\"a\":null}", "/a/p", 0, "there is no" },
	{ "{\"error\":\"busy\"}", "/p", 0, "there is no" },
	{ "{\"p\":NaN}", "/p", 0, "finite" },
	{ "{\"p\":Infinity}", "/p", 0, "finite" },
	{ "{\"p\":-Infinity}", "/p", 0, "finite" },
	{ "{\"p\":0x10}", "/p", 0, "not JSON" },
	{ "{\"p\":'5'}", "/p", 0, "not JSON" },
	{ "{\"p\":5,}", "/p", 0, "not JSON" },
	{ "{\"p\":5 /* watts */}", "/p", 0, "not JSON" },
	{ "<html><body>Log in</body></html>", "/p", 0, "not JSON" },
	{ "{\"p\":5", "/p", 0, "too early" },
	{ "{\"p\":", "/p", 0, "too early" },
	{ "{", "/p", 0, "too early" },
	{ "{\"p\":5}}", "/p", 0, "followed" },
	{ "{\"p\":5}{\"p\":6}", "/p", 0, "followed" },
	{ "", "/p", 0, "empty" },
	{ " \r\n ", "/p", 0, "empty" },
	{ "5", "/p", 0, "JSON" },
	{ "\"5\"", "/p", 0, "not JSON" },
	{ "null", "/p", 0, "JSON" },
};

START_TEST(test_reading)
{
	const char *json = readings[_i].json;
	struct err why = { "" };
	double watts = 99;
	int rc = json_power_read(json, strlen(json), readings[_i].pointer,
				 &watts, &why);

	ck_assert_msg(watts == readings[_i].watts, "%s: %g W, %s", json, watts,
		      why.text);
	ck_assert_int_eq(rc, readings[_i].watts > 0 ? 0 : -1);
	if (rc < 0)
		ck_assert_msg(strstr(why.text, readings[_i].why) != NULL,
			      "%s: %s", json, why.text);
}
END_TEST

/* The scanner and the tree say the same of what both take for JSON. */
START_TEST(test_agreement)
{
	const char *json = readings[_i].json, *pointer = readings[_i].pointer;
	json_doc_t *doc = json_doc_parse(json, strlen(json), NULL);
	double scanned, watts;

	if (json_power_read(json, strlen(json), pointer, &scanned, NULL) == 0) {
		ck_assert_msg(doc != NULL, "%s", json);
		ck_assert_int_eq(json_power_doc(doc, pointer, &watts, NULL), 0);
		ck_assert_msg(scanned == watts, "%s", json);
	}
	json_doc_destroy(doc);
}
END_TEST

/* No byte past `size` counts, and every shorter text is an error. */
START_TEST(test_cut_anywhere)
{
	const char *json = "{\"a\":[1,\"x\\u00e9\",{\"p\":120.5}],\"b\":null}";
	double watts;

	for (size_t n = 0; n < strlen(json); n++) {
		char *copy = malloc(n ? n : 1);

		memcpy(copy, json, n);
		ck_assert_int_eq(json_power_read(copy, n, "/a/2/p", &watts,
						 NULL), -1);
		free(copy);
	}
	ck_assert_int_eq(json_power_read(json, strlen(json), "/a/2/p", &watts,
					 NULL), 0);
	ck_assert(watts == 120.5);
}
END_TEST

/* Bytes that are no text: not JSON, or not part of what is asked for. */
static const struct {
	const char *json;
	size_t size;
	double watts;		/* 0: unavailable */
} bytes[] = {
#define BYTES(text, watts) { text, sizeof(text) - 1, watts }
	BYTES("{\"p\":5}\0{\"p\":6}", 0),
	BYTES("{\"p\":5}\0", 0),
	BYTES("\0{\"p\":5}", 0),
	BYTES("{\"p\":5\0}", 0),
	BYTES("{\"p\":\0" "5}", 0),
	BYTES("{\"p\":\"5\0\"}", 0),
	BYTES("{\"p\0\":5}", 0),
	BYTES("{\"a\":\"x\0y\",\"p\":5}", 0),
	BYTES("{\"p\xff\":5}", 0),
	BYTES("{\"p\":5\xff}", 0),
	BYTES("{\"p\":\"5\xff\"}", 0),
	BYTES("{\"p\":\"\xef\xbc\x95\"}", 0),	/* a wide 5 */
	BYTES("\xff\xfe{\0\"\0p\0\"\0:\0" "5\0}\0", 0),	/* UTF-16 */
	BYTES("\xef\xbb\xbf\xef\xbb\xbf{\"p\":5}", 0),	/* two marks */
	BYTES("\xef\xbb", 0),
	/* in other members than the one that counts */
	BYTES("{\"a\":\"\xff\xc0\xaf\xed\xa0\x80\",\"p\":5}", 5),
	BYTES("{\"\xff\":1,\"p\":5}", 5),
	BYTES("{\"a\":\"\\ud800\",\"p\":5}", 5),
};

START_TEST(test_bytes)
{
	double watts = 99;
	int rc = json_power_read(bytes[_i].json, bytes[_i].size, "/p", &watts,
				 NULL);

	ck_assert_int_eq(rc, bytes[_i].watts > 0 ? 0 : -1);
	ck_assert(watts == bytes[_i].watts);
}
END_TEST

/* A tree of it, where there is one, says nothing else. */
START_TEST(test_bytes_tree)
{
	json_doc_t *doc = json_doc_parse(bytes[_i].json, bytes[_i].size, NULL);
	double watts = 0;

	if (doc && json_power_doc(doc, "/p", &watts, NULL) == 0)
		ck_assert(watts == bytes[_i].watts);
	ck_assert(doc || bytes[_i].watts == 0);
	json_doc_destroy(doc);
}
END_TEST

static char *nest(size_t depth)
{
	char *text = calloc(1, depth * 2 + 2);

	memset(text, '[', depth);
	text[depth] = '1';
	memset(text + depth + 1, ']', depth);
	return text;
}

START_TEST(test_depth)
{
	static const size_t depths[] = { JSON_DEPTH_MAX - 1, 1000, 100000 };
	struct err err = { "" };
	enum json_number kind;
	json_doc_t *doc;
	double value;

	for (int i = 0; i < LEN(depths); i++) {
		char *text = nest(depths[i]);

		doc = json_doc_parse(text, strlen(text), &err);
		ck_assert_int_eq(doc != NULL, depths[i] < JSON_DEPTH_MAX);
		if (!doc)
			ck_assert_str_eq(err.text, "the JSON is nested too deeply");
		json_doc_destroy(doc);
		ck_assert_int_eq(json_scan_number(text, strlen(text), "/0", &kind,
						  &value, &err),
				 depths[i] < JSON_DEPTH_MAX ? 0 : -1);
		free(text);
	}
	ck_assert_str_eq(err.text, "the JSON is nested too deeply");
}
END_TEST

START_TEST(test_size)
{
	char *text = malloc(JSON_SIZE_MAX + 1);
	struct err err;

	memset(text, ' ', JSON_SIZE_MAX + 1);
	text[0] = '{';
	text[JSON_SIZE_MAX - 1] = '}';
	json_doc_t *doc = json_doc_parse(text, JSON_SIZE_MAX, &err);

	ck_assert_ptr_nonnull(doc);
	json_doc_destroy(doc);
	ck_assert_ptr_null(json_doc_parse(text, JSON_SIZE_MAX + 1, &err));
	ck_assert_str_eq(err.text, "the JSON is too large");
	free(text);
}
END_TEST

/* A pointer of the configuration's or a state file's making is hostile too. */
START_TEST(test_pointer_hostile)
{
	const char *json = "{\"p\":5,\"~\":6}";
	json_doc_t *doc = json_doc_parse(json, strlen(json), NULL);
	char *token = calloc(1, 10002);
	double v;

	memset(token, 'p', 10000);
	token[0] = '/';
	ck_assert_int_eq(json_doc_number(doc, token, &v), JSON_NUMBER_ABSENT);
	ck_assert_int_eq(json_doc_number(doc, "p", &v), JSON_NUMBER_ABSENT);
	ck_assert_int_eq(json_doc_number(doc, "/p/", &v), JSON_NUMBER_ABSENT);
	ck_assert_int_eq(json_doc_number(doc, "", &v), JSON_NUMBER_TYPE);
	ck_assert_int_eq(json_doc_number(doc, "/~", &v), JSON_NUMBER_OK);
	ck_assert(v == 6);
	json_doc_destroy(doc);
	free(token);
}
END_TEST

/* ---- strings and arrays ---- */

START_TEST(test_string)
{
	const char *json = "{\"s\":\"abc\",\"n\":5,\"z\":\"a\\u0000b\",\"e\":\"\",\"a\":[1,2,3]}";
	json_doc_t *doc = json_doc_parse(json, strlen(json), NULL);
	char buf[8];

	ck_assert_int_eq(json_doc_string(doc, "/s", buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, "abc");
	ck_assert_int_eq(json_doc_string(doc, "/s", buf, 3), -1);
	ck_assert_str_eq(buf, "");
	ck_assert_int_eq(json_doc_string(doc, "/s", buf, 4), 0);
	ck_assert_int_eq(json_doc_string(doc, "/n", buf, sizeof(buf)), -1);
	ck_assert_int_eq(json_doc_string(doc, "/z", buf, sizeof(buf)), -1);
	ck_assert_int_eq(json_doc_string(doc, "/x", buf, sizeof(buf)), -1);
	ck_assert_int_eq(json_doc_string(doc, "/e", buf, sizeof(buf)), 0);
	ck_assert_int_eq(json_doc_length(doc, "/a"), 3);
	ck_assert_int_eq(json_doc_length(doc, "/s"), -1);
	ck_assert_int_eq(json_doc_length(doc, "/x"), -1);
	json_doc_destroy(doc);
}
END_TEST

static const struct {
	const char *text, *escaped;
} escapes[] = {
	{ "plain", "plain" },
	{ "", "" },
	{ "a\"b\\c", "a\\\"b\\\\c" },
	{ "\n\x01\x1f", "\\u000a\\u0001\\u001f" },
	{ "pa:ss \xc3\xbc", "pa:ss \xc3\xbc" },
};

START_TEST(test_escape)
{
	char buf[64], json[128], back[64];
	json_doc_t *doc;

	ck_assert_int_eq(json_escape(escapes[_i].text, buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, escapes[_i].escaped);
	snprintf(json, sizeof(json), "{\"p\":\"%s\"}", buf);
	doc = json_doc_parse(json, strlen(json), NULL);
	ck_assert_ptr_nonnull(doc);
	ck_assert_int_eq(json_doc_string(doc, "/p", back, sizeof(back)), 0);
	ck_assert_str_eq(back, escapes[_i].text);
	json_doc_destroy(doc);
}
END_TEST

START_TEST(test_escape_no_room)
{
	char buf[16];

	ck_assert_int_eq(json_escape("0123456789abcdef", buf, sizeof(buf)), -1);
	ck_assert_int_eq(json_escape("\n\n\n", buf, sizeof(buf)), -1);
	ck_assert_int_eq(json_escape("", buf, 0), -1);
}
END_TEST

static Suite *json_suite(void)
{
	Suite *s = suite_create("json");
	TCase *tc = tcase_create("json");

	tcase_add_loop_test(tc, test_reading, 0, LEN(readings));
	tcase_add_loop_test(tc, test_agreement, 0, LEN(readings));
	tcase_add_test(tc, test_cut_anywhere);
	tcase_add_loop_test(tc, test_bytes, 0, LEN(bytes));
	tcase_add_loop_test(tc, test_bytes_tree, 0, LEN(bytes));
	tcase_add_test(tc, test_depth);
	tcase_add_test(tc, test_size);
	tcase_add_test(tc, test_pointer_hostile);
	tcase_add_test(tc, test_string);
	tcase_add_loop_test(tc, test_escape, 0, LEN(escapes));
	tcase_add_test(tc, test_escape_no_room);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(json_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
