/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a source is asked: on a clock of the test's, so that it takes no time. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "collector/sampler.h"

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))
#define S NS_PER_S
#define PERIOD (5 * S)
#define START (1000 * S)

static int64_t now_ns;
static int samples, readings, lines;
static char line[512];
static source_done_fn pending;
static void *pending_arg;
static sampler_t *sampler;

static int64_t now(void *arg)
{
	(void)arg;
	return now_ns;
}

static void log_sink(void *arg, enum log_level level, const char *text)
{
	(void)arg;
	(void)level;
	lines++;
	strcpy(line, text);
}

static const logger_t logger = { log_sink, NULL, LOG_LEVEL_INFO };

static void fake_sample(source_t *s, source_done_fn done, void *arg)
{
	(void)s;
	ck_assert_ptr_null(pending);	/* one at a time */
	samples++;
	pending = done;
	pending_arg = arg;
}

static const struct source_ops fake_source = { .sample = fake_sample };

static void on_reading(void *arg, const struct reading *r)
{
	(void)arg;
	(void)r;
	readings++;
}

static void setup(void)
{
	struct sampler_params p = {
		.node = "n1", .ops = &fake_source, .period_ns = PERIOD,
		.start_ns = START, .ts = { now, now, NULL }, .log = &logger,
		.on_reading = on_reading,
	};

	now_ns = START;
	samples = readings = lines = 0;
	pending = NULL;
	sampler = sampler_create(&p);
}

static void teardown(void)
{
	sampler_destroy(sampler);
}

static void answer(struct reading r, int64_t after_ns)
{
	source_done_fn done = pending;

	now_ns += after_ns;
	pending = NULL;
	done(pending_arg, &r);
}

static const struct reading good = { .ok = true, .watts = 100, .source = "x" };
static const struct reading none = { .backoff = BACKOFF_NONE, .why = { "null" } };
static const struct reading dead = { .backoff = BACKOFF_SOON, .why = { "no answer" } };

/* Go to when it is due; how long that took. */
static int64_t advance(void)
{
	int64_t before = now_ns, due = sampler_due_ns(sampler);

	ck_assert(due < INT64_MAX);
	now_ns = due - 1;
	sampler_run(sampler);
	ck_assert_ptr_null(pending);
	now_ns = due > before ? due : before;
	sampler_run(sampler);
	ck_assert_ptr_nonnull(pending);
	return now_ns - before;
}

/* The time a sample takes does not shift the grid. */
START_TEST(test_grid)
{
	for (int i = 0; i < 1000; i++) {
		advance();
		ck_assert_int_eq(now_ns, START + i * PERIOD);
		ck_assert_int_eq(sampler_due_ns(sampler), INT64_MAX);
		sampler_run(sampler);
		answer(i % 3 ? good : none, (i * 7919) % PERIOD);
	}
	ck_assert_int_eq(samples, 1000);
	ck_assert_int_eq(readings, 1000);
}
END_TEST

/* A sample longer than a period costs the points it covers, no more. */
START_TEST(test_slow)
{
	advance();
	answer(good, 2 * PERIOD + S);
	advance();
	ck_assert_int_eq(now_ns, START + 3 * PERIOD);
	answer(good, PERIOD);
	advance();
	ck_assert_int_eq(now_ns, START + 5 * PERIOD);
}
END_TEST

/* The host slept for an hour: one sample at once, then the grid. */
START_TEST(test_after_sleep)
{
	advance();
	answer(good, 0);
	now_ns += 3600 * S + S;
	sampler_run(sampler);
	ck_assert_int_eq(samples, 2);
	answer(good, 0);
	advance();
	ck_assert_int_eq((now_ns - START) % PERIOD, 0);
	ck_assert_int_eq(samples, 3);
}
END_TEST

/* Failures space out to four periods, counted from the attempt's start. */
START_TEST(test_backoff)
{
	static const int64_t most[] = { 1, 2, 4, 4, 4, 4 };

	advance();
	for (int i = 0; i < LEN(most); i++) {
		int64_t began = now_ns, gap;

		answer(dead, 4 * S);
		advance();
		gap = now_ns - began;
		ck_assert_int_le(gap, most[i] * PERIOD);
		ck_assert_int_ge(gap, most[i] * PERIOD * 4 / 5);
	}
	answer(good, 0);
	advance();
	ck_assert_int_eq((now_ns - START) % PERIOD, 0);
	answer(dead, 0);
	ck_assert_int_eq(advance(), PERIOD);
}
END_TEST

START_TEST(test_retry_after)
{
	struct reading busy = dead;

	busy.retry_after_ns = 60 * S;
	advance();
	answer(busy, S);
	ck_assert_int_eq(advance(), 60 * S);
}
END_TEST

START_TEST(test_log_once)
{
	advance();
	answer(good, 0);
	ck_assert_int_eq(lines, 1);
	ck_assert_str_eq(line, "node n1: first reading: 100 W (x)");
	for (int i = 0; i < 5; i++) {
		advance();
		answer(i % 2 ? none : dead, S);
	}
	ck_assert_int_eq(lines, 2);
	ck_assert_str_eq(line, "node n1: power is unavailable: no answer");
	for (int i = 0; i < 5; i++) {
		advance();
		answer(good, 0);
	}
	ck_assert_int_eq(lines, 3);
	ck_assert_ptr_nonnull(strstr(line, "power is back after"));
}
END_TEST

/* A node that got a job is read sooner; one that lost it, later. */
START_TEST(test_another_period)
{
	advance();
	answer(good, 0);
	sampler_set_period(sampler, 2 * PERIOD);
	ck_assert_int_eq(sampler_due_ns(sampler), START + PERIOD);
	advance();
	answer(good, 0);
	advance();
	ck_assert_int_eq(now_ns, START + 2 * PERIOD);
	answer(good, 0);
	ck_assert_int_eq(sampler_due_ns(sampler), START + 4 * PERIOD);
	now_ns += S;
	sampler_set_period(sampler, PERIOD);
	ck_assert_int_eq(sampler_due_ns(sampler), START + 3 * PERIOD);
	advance();
	answer(dead, 0);
	int64_t due = sampler_due_ns(sampler);
	sampler_set_period(sampler, PERIOD / 5);
	ck_assert_int_eq(sampler_due_ns(sampler), due);
}
END_TEST

/* A source that knows when it has something new is asked then. */
START_TEST(test_again)
{
	struct reading r = good;

	advance();
	r.again_ns = now_ns + 3 * S;
	answer(r, S);
	ck_assert_int_eq(advance(), 2 * S);
	r = none;
	r.nothing_new = true;
	r.again_ns = now_ns + 12 * S;
	answer(r, 2 * S);
	ck_assert_int_eq(advance(), 10 * S);
	/* what is over, too far off, or said beside trouble is not heeded */
	r = good;
	r.again_ns = now_ns + S;
	answer(r, S);
	ck_assert_int_eq(sampler_due_ns(sampler), START + 4 * PERIOD);
	advance();
	r.again_ns = now_ns + 2 * PERIOD + 1;
	answer(r, 0);
	ck_assert_int_eq(sampler_due_ns(sampler), START + 5 * PERIOD);
	advance();
	r = dead;
	r.again_ns = now_ns + S;
	answer(r, 0);
	ck_assert_int_eq(sampler_due_ns(sampler), START + 6 * PERIOD);
}
END_TEST

static Suite *sampler_suite(void)
{
	Suite *s = suite_create("sampler");
	TCase *tc = tcase_create("sampler");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_grid);
	tcase_add_test(tc, test_slow);
	tcase_add_test(tc, test_after_sleep);
	tcase_add_test(tc, test_backoff);
	tcase_add_test(tc, test_retry_after);
	tcase_add_test(tc, test_log_once);
	tcase_add_test(tc, test_another_period);
	tcase_add_test(tc, test_again);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(sampler_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
