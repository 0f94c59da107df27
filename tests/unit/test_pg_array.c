/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "pg/array.h"
#include "scratch.h"

static const struct {
	const char *text, *want;
} texts[] = {
	{ "n1", "{\"n1\"}" },
	{ NULL, "{NULL}" },
	{ "", "{NULL}" },
	{ "NULL", "{\"NULL\"}" },
	{ "a,b}{", "{\"a,b}{\"}" },
	{ "a\"b\\c'", "{\"a\\\"b\\\\c'\"}" },
	{ "\\\\\"\"", "{\"\\\\\\\\\\\"\\\"\"}" },
	{ "tab\tnew\nline\x7f", "{\"tab?new?line?\"}" },
	{ "\xc3\xa9\xff", "{\"???\"}" },
};

START_TEST(test_text)
{
	struct pg_array a = { 0 };

	pg_array_text(&a, texts[_i].text);
	ck_assert_str_eq(pg_array_end(&a), texts[_i].want);
	pg_array_free(&a);
}
END_TEST

START_TEST(test_numbers)
{
	struct pg_array a = { 0 };

	ck_assert_str_eq(pg_array_end(&a), "{}");
	pg_array_free(&a);
	pg_array_int(&a, INT64_MIN);
	pg_array_int(&a, INT64_MAX);
	pg_array_int(&a, 0);
	pg_array_null(&a);
	ck_assert_str_eq(pg_array_end(&a),
			 "{-9223372036854775808,9223372036854775807,0,NULL}");
	pg_array_bool(&a, true);	/* it may go on */
	pg_array_bool(&a, false);
	ck_assert_str_eq(pg_array_end(&a),
			 "{-9223372036854775808,9223372036854775807,0,NULL,t,f}");
	pg_array_free(&a);
	pg_array_double(&a, 0.1);
	pg_array_double(&a, NAN);
	pg_array_double(&a, -INFINITY);
	pg_array_double(&a, 1e300);
	ck_assert_str_eq(pg_array_end(&a),
			 "{0.10000000000000001,NULL,NULL,1.0000000000000001e+300}");
	pg_array_free(&a);
}
END_TEST

/* It grows, whatever comes. */
START_TEST(test_long)
{
	struct pg_array a = { 0 };
	char text[3000];
	size_t len = 2;		/* braces */

	for (size_t n = 0; n < sizeof(text); n += 37) {
		memset(text, n % 2 ? '"' : 'x', n);
		text[n] = '\0';
		pg_array_text(&a, text);
		len += (n ? n * (n % 2 ? 2 : 1) + 2 : 4) + (n > 0);
	}
	ck_assert_uint_eq(strlen(pg_array_end(&a)), len);
	pg_array_free(&a);
}
END_TEST

static Suite *array_suite(void)
{
	Suite *s = suite_create("oar array");
	TCase *tc = tcase_create("array");

	tcase_add_loop_test(tc, test_text, 0, COUNT(texts));
	tcase_add_test(tc, test_numbers);
	tcase_add_test(tc, test_long);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return suite_run(array_suite());
}
