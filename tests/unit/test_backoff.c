/* SPDX-License-Identifier: GPL-2.0-or-later */
/* backoff: delays, without waiting for any. */
#include <check.h>
#include <stdlib.h>

#include "source/backoff.h"
#include "lib/clock.h"

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))
#define S NS_PER_S

/* The n-th failure in a row: the longest delay that may come out. */
static const struct {
	enum backoff_kind kind;
	int64_t period_ns;
	int64_t max_ns[8];
} rows[] = {
	{ BACKOFF_SOON, 5 * S, { 5 * S, 10 * S, 20 * S, 20 * S, 20 * S, 20 * S, 20 * S, 20 * S } },
	{ BACKOFF_SOON, S / 4, { S / 4, S / 2, S, S, S, S, S, S } },
	{ BACKOFF_SOON, 10 * S, { 10 * S, 20 * S, 30 * S, 30 * S, 30 * S, 30 * S, 30 * S, 30 * S } },
	{ BACKOFF_SOON, 60 * S, { 60 * S, 60 * S, 60 * S, 60 * S, 60 * S, 60 * S, 60 * S, 60 * S } },
	{ BACKOFF_SOON, 300 * S, { 300 * S, 300 * S, 300 * S, 300 * S, 300 * S, 300 * S, 300 * S, 300 * S } },
	{ BACKOFF_SLOW, 5 * S, { 5 * S, 10 * S, 20 * S, 40 * S, 80 * S, 160 * S, 300 * S, 300 * S } },
	{ BACKOFF_SLOW, 300 * S, { 300 * S, 300 * S, 300 * S, 300 * S, 300 * S, 300 * S, 300 * S, 300 * S } },
};

START_TEST(test_rows)
{
	for (uint64_t seed = 0; seed < 50; seed++) {
		backoff_t b;

		backoff_init(&b, rows[_i].period_ns, seed);
		for (int n = 0; n < LEN(rows[_i].max_ns); n++) {
			int64_t max = rows[_i].max_ns[n];
			int64_t d = backoff_delay_ns(&b, rows[_i].kind, 0);

			ck_assert_int_le(d, max);
			ck_assert_int_ge(d, max - max / 5);
			ck_assert_int_ge(d, rows[_i].period_ns);
		}
		backoff_reset(&b);
		ck_assert_int_eq(backoff_delay_ns(&b, rows[_i].kind, 0),
				 rows[_i].period_ns);
	}
}
END_TEST

/* Delays of many nodes must not fall on the same instant. */
START_TEST(test_jitter_spreads)
{
	int64_t low = INT64_MAX, high = 0;

	for (uint64_t seed = 1; seed <= 100; seed++) {
		backoff_t b;
		int64_t d;

		backoff_init(&b, 5 * S, seed * UINT64_C(0x9e3779b97f4a7c15));
		backoff_delay_ns(&b, BACKOFF_SOON, 0);
		d = backoff_delay_ns(&b, BACKOFF_SOON, 0);
		low = d < low ? d : low;
		high = d > high ? d : high;
	}
	ck_assert_int_gt(high - low, S);
}
END_TEST

START_TEST(test_many_failures)
{
	backoff_t b;

	backoff_init(&b, 5 * S, 7);
	for (int i = 0; i < 100000; i++)
		ck_assert_int_le(backoff_delay_ns(&b, BACKOFF_SLOW, 0), 300 * S);
}
END_TEST

static const struct {
	int64_t wish_ns, delay_ns;
} wishes[] = {
	{ 30 * S, 30 * S },
	{ 299 * S, 299 * S },
	{ 300 * S, 300 * S },
	{ 301 * S, 300 * S },
	{ 86400 * S, 300 * S },
	{ 1 * S, 5 * S },	/* never sooner than the period */
	{ -5 * S, 5 * S },
};

START_TEST(test_retry_after)
{
	backoff_t b;

	backoff_init(&b, 5 * S, 3);
	ck_assert_int_eq(backoff_delay_ns(&b, BACKOFF_SOON, wishes[_i].wish_ns),
			 wishes[_i].delay_ns);
}
END_TEST

START_TEST(test_no_failure)
{
	backoff_t b;

	backoff_init(&b, 5 * S, 3);
	backoff_delay_ns(&b, BACKOFF_SOON, 0);
	backoff_delay_ns(&b, BACKOFF_SOON, 0);
	ck_assert_int_eq(backoff_delay_ns(&b, BACKOFF_NONE, 0), 5 * S);
	ck_assert_int_eq(backoff_delay_ns(&b, BACKOFF_SOON, 0), 5 * S);
}
END_TEST

static Suite *backoff_suite(void)
{
	Suite *s = suite_create("backoff");
	TCase *tc = tcase_create("backoff");

	tcase_add_loop_test(tc, test_rows, 0, LEN(rows));
	tcase_add_test(tc, test_jitter_spreads);
	tcase_add_test(tc, test_many_failures);
	tcase_add_loop_test(tc, test_retry_after, 0, LEN(wishes));
	tcase_add_test(tc, test_no_failure);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(backoff_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
