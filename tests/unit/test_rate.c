/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rates over time: what a kWh costs, emits, or takes with it. */
#include <math.h>

#include "lib/rate.h"
#include "scratch.h"

#define HOUR SECONDS(3600)
/* 2026-01-15 00:00 in Berlin, which is at +1 hour then. */
#define MIDNIGHT (SECONDS(1768435200) - HOUR)

static struct err err;

static void setup(void)
{
	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	scratch_setup();
}

static rate_t *open_ok(enum rate_kind kind, const char *text)
{
	rate_t *r = rate_open(kind, text, scratch, &err);

	ck_assert_msg(r != NULL, "'%s': %s", text, err.text);
	return r;
}

static void expect(enum rate_kind kind, const char *text, double from_h,
		   double to_h, double want)
{
	rate_t *r = open_ok(kind, text);
	double got = rate_mean(r, MIDNIGHT + (int64_t)(from_h * (double)HOUR),
			       MIDNIGHT + (int64_t)(to_h * (double)HOUR));

	if (isnan(want))
		ck_assert_msg(isnan(got), "'%s' %g-%g: %g", text, from_h, to_h, got);
	else
		ck_assert_msg(fabs(got - want) < 1e-12, "'%s' %g-%g: %.17g is not %.17g",
			      text, from_h, to_h, got, want);
	rate_close(r);
}

/* ---- what the text says -------------------------------------------------------- */

static const struct {
	enum rate_kind kind;
	const char *text;
	double from_h, to_h, mean;
} means[] = {
	{ RATE_TARIFF, "", 0, 1, NAN },
	{ RATE_TARIFF, "0.21", 0, 1e4, 0.21 },
	{ RATE_TARIFF, "0", 0, 1, 0 },
	{ RATE_INTENSITY, "51.28 g/kWh", 0, 1, 51.28 },
	{ RATE_PUE, "1.3", 5, 5, 1.3 },
	/* by hours of the local day, over midnight */
	{ RATE_TARIFF, "0.25, 22:00-06:00 0.15", 0, 6, 0.15 },
	{ RATE_TARIFF, "0.25, 22:00-06:00 0.15", 6, 22, 0.25 },
	{ RATE_TARIFF, "0.25, 22:00-06:00 0.15", 0, 24, (8 * 0.15 + 16 * 0.25) / 24 },
	{ RATE_TARIFF, "0.25, 22:00-06:00 0.15", 21.9, 22.1, 0.2 },
	{ RATE_TARIFF, "0.25,22-6 0.15", 5.75, 6.25, 0.2 },
	{ RATE_TARIFF, "0.25,22-6 0.15", 6, 6, 0.25 },
	{ RATE_TARIFF, "1, 00:15-00:30 2, 23:45-24 3", 0, 24, 1 + (0.25 + 0.5) / 24 },
	/* the last that fits counts */
	{ RATE_TARIFF, "1, 0-12 2, 6-18 3", 6, 12, 3 },
	/* from days on, local midnight */
	{ RATE_INTENSITY, "2026-01-15 50", 0, 1, 50 },
	{ RATE_INTENSITY, "2026-01-15 50", -1e-6, 1, NAN },
	{ RATE_INTENSITY, "2025-01-01 60, 2026-01-15 50 g/kWh", -1, 1, 55 },
	{ RATE_INTENSITY, "2025-01-01 60, 2026-01-15 50", -3, 1, 57.5 },
	{ RATE_INTENSITY, "2025-01-01 60, 2026-01-15 50", 0, 0, 50 },
};

START_TEST(test_means)
{
	expect(means[_i].kind, means[_i].text, means[_i].from_h, means[_i].to_h,
	       means[_i].mean);
}
END_TEST

/* The day of 25 hours has nine of the night, that of 23 has seven. */
START_TEST(test_summer_time)
{
	rate_t *r = open_ok(RATE_TARIFF, "1, 22-6 0");
	int64_t october = SECONDS(1792879200);	/* 2026-10-25 00:00 +2 */
	int64_t march = SECONDS(1774738800);	/* 2026-03-29 00:00 +1 */

	ck_assert_double_eq_tol(rate_mean(r, october, october + 25 * HOUR),
				16.0 / 25, 1e-12);
	ck_assert_double_eq_tol(rate_mean(r, march, march + 23 * HOUR),
				16.0 / 23, 1e-12);
	rate_close(r);
}
END_TEST

static const struct {
	enum rate_kind kind;
	const char *text, *why;
} bad[] = {
	{ RATE_TARIFF, "-1", "not a number" },
	{ RATE_TARIFF, "nan", "not a number" },
	{ RATE_TARIFF, "1e3", "not a number" },
	{ RATE_TARIFF, "0.2 EUR", "not a number" },
	{ RATE_PUE, "0.99", "out of range" },
	{ RATE_PUE, "10.1", "out of range" },
	{ RATE_INTENSITY, "10001", "out of range" },
	{ RATE_TARIFF, "0.2,", "behind the comma" },
	{ RATE_TARIFF, "0.2, 0.3", "behind the comma" },
	{ RATE_TARIFF, "0.2, 22-6", "behind the comma" },
	{ RATE_TARIFF, "0.2, 22:10-6 1", "behind the comma" },
	{ RATE_TARIFF, "0.2, 25-6 1", "behind the comma" },
	{ RATE_TARIFF, "0.2, 24:15-6 1", "behind the comma" },
	{ RATE_TARIFF, "0.2, 6-6 1", "not empty" },
	{ RATE_TARIFF, "0.2, 0-24 1", "not empty" },
	{ RATE_TARIFF, "0.2, 24-6 1", "from 00:00" },
	{ RATE_TARIFF, "0.2, 2026-01-01 1", "behind the comma" },
	{ RATE_TARIFF, "2026-01-01 1, 22-6 2", "behind the comma" },
	{ RATE_TARIFF, "2026-01-01", "after a day" },
	{ RATE_TARIFF, "2026-01-01T06:00Z 1", "after a day" },
	{ RATE_TARIFF, "2026-13-01 1", "not a number" },
	{ RATE_TARIFF, "2026-01-02 1, 2026-01-01 2", "in order" },
	{ RATE_TARIFF, "2026-01-01 1, 2026-01-01 2", "in order" },
	{ RATE_TARIFF, "green-algorithms/FR", "intensities only" },
	{ RATE_INTENSITY, "Green/FR", "TABLE/CODE" },
	{ RATE_INTENSITY, "green/", "TABLE/CODE" },
	{ RATE_INTENSITY, "green/../x", "TABLE/CODE" },
	{ RATE_INTENSITY, "../green/x", "an intensity" },
	{ RATE_INTENSITY, "nothere/FR", "cannot read" },
	{ RATE_INTENSITY, "/nothere.csv", "cannot read" },
	{ RATE_INTENSITY, "/", "not a regular file" },
};

START_TEST(test_bad)
{
	rate_t *r = rate_open(bad[_i].kind, bad[_i].text, scratch, &err);

	ck_assert_msg(r == NULL, "taken: %s", bad[_i].text);
	ck_assert_msg(strstr(err.text, bad[_i].why) != NULL, "'%s': no '%s' in: %s",
		      bad[_i].text, bad[_i].why, err.text);
}
END_TEST

START_TEST(test_too_long)
{
	char text[RATE_TEXT_MAX + 1];

	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(rate_check(RATE_TARIFF, text, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "longer than"));
}
END_TEST

/* ---- files --------------------------------------------------------------------- */

static char path[128];

static const char *file(const char *name, const char *text)
{
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", scratch, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

/* Unknown before, behind (the last holds as long as the one before) and inside. */
START_TEST(test_series)
{
	const char *p = file("s.csv", "time,value\n# a comment\n"
			     "2026-01-14T23:00Z,10\r\n"
			     "2026-01-15T01:00:00+01:00,20\n\n"
			     "2026-01-15T01:00:00Z,\n"
			     "2026-01-15T02:00:00Z,40 g/kWh");

	expect(RATE_INTENSITY, p, 0, 1, 10);
	expect(RATE_INTENSITY, p, 0, 2, 15);
	expect(RATE_INTENSITY, p, 0.5, 1.25, 40.0 / 3);
	expect(RATE_INTENSITY, p, 1, 1, 20);
	expect(RATE_INTENSITY, p, -1e-6, 1, NAN);
	expect(RATE_INTENSITY, p, 0, 2.001, NAN);
	expect(RATE_INTENSITY, p, 2.5, 2.6, NAN);
	expect(RATE_INTENSITY, p, 3, 4, 40);
	expect(RATE_INTENSITY, p, 3, 4.001, NAN);
}
END_TEST

/* Prices fall below zero at times; intensities do not. */
START_TEST(test_negative_price)
{
	const char *p = file("p.csv", "2026-01-14T23:00Z,-0.05\n"
			     "2026-01-15T00:00Z,0.15\n");

	expect(RATE_TARIFF, p, 0, 2, 0.05);
	ck_assert_ptr_null(rate_open(RATE_INTENSITY, p, scratch, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "p.csv:1: "));
}
END_TEST

static const struct {
	const char *text, *why;
} bad_series[] = {
	{ "", "at least two" },
	{ "2026-01-01T00:00Z,1\n", "at least two" },
	{ "time;value\n2026-01-01T00:00Z;1\n", ":1: not TIME,VALUE" },
	{ "time,value\nagain,value\n", ":2: not TIME,VALUE" },
	{ "2026-01-01T00:00,1\n2026-01-01T01:00Z,1\n2026-01-01T02:00,1\n",
	  ":3: not TIME,VALUE" },	/* no zone; the first one may be a head */
	{ "2026-01-01T01:00Z,1\n2026-01-01T01:00Z,1\n", ":2: its time" },
	{ "2026-01-01T01:00Z,1\n2026-01-01T01:30+01:00,1\n", ":2: its time" },
	{ "2026-01-01T01:00Z,x\n", ":1: 'x' is not" },
	{ "2026-01-01T01:00Z,1,2\n", ":1: '1,2' is not" },
	{ "2026-01-01T01:00Z,10001\n", "out of range" },
};

START_TEST(test_bad_series)
{
	const char *p = file("b.csv", bad_series[_i].text);

	ck_assert_ptr_null(rate_open(RATE_INTENSITY, p, scratch, &err));
	ck_assert_msg(strstr(err.text, p) && strstr(err.text, bad_series[_i].why),
		      "no '%s' in: %s", bad_series[_i].why, err.text);
}
END_TEST

START_TEST(test_table)
{
	rate_t *r;

	file("my-table.csv", "# code,place\nAA,\"Place, \"\"the\"\" first\",12.5,2020,\"who, knows\"\n"
	     "AB,B,1,2021,x\nA,short,7,,\nBAD,x,-1,2020,x\n");
	r = open_ok(RATE_INTENSITY, "my-table/AA");
	ck_assert_double_eq(rate_mean(r, 0, 1), 12.5);
	ck_assert_str_eq(rate_origin(r), "AA, Place, \"the\" first 12.5 g/kWh, 2020: who, knows");
	ck_assert(rate_constant(r));
	rate_close(r);
	r = open_ok(RATE_INTENSITY, "my-table/A");
	ck_assert_double_eq(rate_mean(r, 0, 1), 7);
	rate_close(r);
	ck_assert_ptr_null(rate_open(RATE_INTENSITY, "my-table/B", scratch, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "no line for it"));
	ck_assert_ptr_null(rate_open(RATE_INTENSITY, "my-table/BAD", scratch, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "my-table.csv:5: "));
}
END_TEST

/* Each line of the tables that are shipped can be used. */
START_TEST(test_shipped)
{
	static const char *const names[] = { "green-algorithms", "codecarbon" };
	char name[300], line[1000], text[RATE_TEXT_MAX];
	int count = 0;
	FILE *f;

	snprintf(name, sizeof(name), "%s/%s.csv", INTENSITY_DIR, names[_i]);
	f = fopen(name, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		rate_t *r;

		if (*line == '#')
			continue;
		snprintf(text, sizeof(text), "%s/%.*s", names[_i],
			 (int)strcspn(line, ","), line);
		r = rate_open(RATE_INTENSITY, text, INTENSITY_DIR, &err);
		ck_assert_msg(r && rate_mean(r, 0, 1) >= 0, "%s: %s", text, err.text);
		rate_close(r);
		count++;
	}
	fclose(f);
	ck_assert_int_gt(count, 100);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rate");
	TCase *tc = tcase_create("rate");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, scratch_teardown);
	tcase_add_loop_test(tc, test_means, 0, COUNT(means));
	tcase_add_test(tc, test_summer_time);
	tcase_add_loop_test(tc, test_bad, 0, COUNT(bad));
	tcase_add_test(tc, test_too_long);
	tcase_add_test(tc, test_series);
	tcase_add_test(tc, test_negative_price);
	tcase_add_loop_test(tc, test_bad_series, 0, COUNT(bad_series));
	tcase_add_test(tc, test_table);
	tcase_add_loop_test(tc, test_shipped, 0, 2);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
