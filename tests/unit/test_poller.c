/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A counter in a file, through the poller, into the series: through gaps,
 * restarts and resets no joule is lost that could be kept, none counts twice.
 */
#include <math.h>

#include "collector/poller.h"
#include "scratch.h"

#define S NS_PER_S
#define START (1000 * S)

static struct conf conf;
static int64_t now_ns, truth_ns;
static double true_j, watts, offset_j;	/* what the node drew, and draws */
static watch_t *watch;
static poller_t *poller;
static char boot_id[BOOT_ID_SIZE], said[512];

static int64_t fake_now(void *arg)
{
	(void)arg;
	return now_ns;
}

static void log_sink(void *arg, enum log_level level, const char *text)
{
	(void)arg;
	(void)level;
	if (strstr(text, "bridged by") || strstr(text, "unmeasured"))
		snprintf(said, sizeof(said), "%s", text);
}

static const logger_t logger = { log_sink, NULL, LOG_LEVEL_INFO };

static void put(const char *text)
{
	int fd = open(scratch_path("energy1_input"),
		      O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* What the meter shows now. */
static void meter_put(void)
{
	char text[40];

	true_j += watts * ns_to_s(now_ns - truth_ns);
	truth_ns = now_ns;
	snprintf(text, sizeof(text), "%.0f\n", (true_j + offset_j) * 1e6);
	put(text);
}

static void start(void)
{
	struct poller_params p = {
		.conf = &conf, .meter = &conf.bmc, .suffix = "",
		.watch = watch, .ts = { fake_now, fake_now, NULL },
		.boot_id = boot_id, .log = &logger, .start_ns = now_ns,
	};
	struct err err;

	meter_put();
	poller = poller_create(&p, &err);
	ck_assert_msg(poller != NULL, "%s", err.text);
}

static void stop(void)
{
	poller_close(poller, 0);
	poller = NULL;
}

/* Samples for so long; meter: it can be read. */
static void run(double seconds, bool meter)
{
	int64_t end_ns = now_ns + SECONDS(seconds);

	while (poller_due_ns(poller) < end_ns) {
		if (poller_due_ns(poller) > now_ns)
			now_ns = poller_due_ns(poller);
		meter_put();
		if (!meter)
			put("no answer\n");
		poller_run(poller);
	}
	now_ns = end_ns;
	meter_put();
}

static void pass(double seconds)
{
	now_ns += SECONDS(seconds);
	meter_put();
}

static const series_t *series(void)
{
	return series_writer_series(poller_series(poller));
}

/* The series has all joules since the first look, and covers all that time. */
static void check_all(double from_j, double tolerance_j, int64_t uncovered_ns)
{
	const struct series_sample *last = series_last(series());
	double want = true_j - from_j -
		      watts * ns_to_s(truth_ns - last->boot_ns);

	ck_assert_msg(fabs(last->cum_j - want) <= tolerance_j, "%.3f, not %.3f",
		      last->cum_j, want);
	ck_assert_int_eq(last->cum_covered_ns,
			 last->boot_ns - START - uncovered_ns);
}

static void setup(void)
{
	struct err err;

	scratch_setup();
	memset(&conf, 0, sizeof(conf));
	strcpy(conf.node, "n1");
	strcpy(conf.bmc.source, "hwmon");
	strcpy(conf.bmc.path, scratch_path("energy1_input"));
	strcpy(conf.state_dir, scratch);
	conf.period_ns = 5 * S;
	conf.max_gap_ns = 15 * S;
	ck_assert_int_eq(mkdir(scratch_path("run"), 0755), 0);
	setenv("WATTGATE_RUN_DIR", scratch_path("run"), 1);
	ck_assert_int_eq(clock_boot_id(boot_id), 0);
	watch = watch_create(&err);
	now_ns = truth_ns = START;
	true_j = 0;
	offset_j = 12345;
	watts = 200;
	*said = '\0';
	start();
}

static void teardown(void)
{
	stop();
	watch_destroy(watch);
	scratch_teardown();
}

START_TEST(test_steady)
{
	for (int i = 0; i < 20; i++) {
		watts = 100 + 10 * i;
		run(60, true);
	}
	check_all(0, 1e-3, 0);
	ck_assert_str_eq(said, "");
}
END_TEST

/* The source counts on, so no gap is too short to be known. */
static const double gaps[] = { 16, 22, 60, 300, 590 };

START_TEST(test_gap)
{
	run(120, true);
	watts = 350;
	run(gaps[_i], false);
	watts = 150;
	run(120, true);
	check_all(0, 1e-3, 0);
	ck_assert_ptr_nonnull(strstr(said, "are bridged by hwmon:energy1_input: "));
}
END_TEST

START_TEST(test_gap_too_long)
{
	run(120, true);
	run(700, false);
	run(120, true);
	/* no more than the time around it */
	ck_assert_int_ge(series_last(series())->cum_covered_ns, 220 * S);
	ck_assert_int_le(series_last(series())->cum_covered_ns, 240 * S);
	ck_assert_double_eq_tol(series_last(series())->cum_j,
				200 * ns_to_s(series_last(series())->cum_covered_ns),
				1e-3);
}
END_TEST

/* What the ledger has as unmeasured is that for ever. */
START_TEST(test_gap_settled)
{
	int64_t last_ns;
	struct err err;

	run(120, true);
	last_ns = series_last(series())->boot_ns;
	run(60, false);
	ck_assert_int_eq(series_writer_set_settled(poller_series(poller),
						   last_ns + 20 * S, &err), 0);
	run(120, true);
	ck_assert_int_eq(series_last(series())->cum_covered_ns,
			 series_last(series())->boot_ns - START - 65 * S);
	ck_assert_double_eq_tol(series_last(series())->cum_j,
				200 * ns_to_s(series_last(series())->cum_covered_ns),
				1e-3);
}
END_TEST

/* Away for seconds: by power; for longer: by the counter that was noted. */
static const struct {
	double away_s, tolerance_j;
} restarts[] = {
	{ 0.5, 1500 }, { 3, 1500 }, { 9, 3000 }, { 20, 1e-3 }, { 60, 1e-3 }, { 500, 1e-3 },
};

START_TEST(test_restart)
{
	run(180, true);
	stop();
	watts = 250;
	pass(restarts[_i].away_s);
	start();
	run(180, true);
	check_all(0, restarts[_i].tolerance_j, 0);
}
END_TEST

START_TEST(test_reset)
{
	run(120, true);
	offset_j = -true_j;	/* it counts from 0 */
	meter_put();
	run(120, true);
	/* the stretch in which it was set back goes by power */
	check_all(0, 1e-3, 0);
}
END_TEST

/* All of it at random, gaps of any length up to ten minutes included. */
START_TEST(test_random)
{
	const struct series_sample *last;

	random_start("test_random");
	for (int i = 0; i < 300; i++) {
		watts = 100 + 200 * random_unit();
		run(20 + 100 * random_unit(), true);
		if (random_between(0, 2) == 0)
			run(20 + 500 * random_unit(), false);
	}
	run(20, true);
	last = series_last(series());
	ck_assert_int_eq(last->cum_covered_ns, last->boot_ns - START);
	check_all(0, 0.1, 0);
}
END_TEST

static Suite *poller_suite(void)
{
	Suite *s = suite_create("poller");
	TCase *tc = tcase_create("counter");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_steady);
	tcase_add_loop_test(tc, test_gap, 0, COUNT(gaps));
	tcase_add_test(tc, test_gap_too_long);
	tcase_add_test(tc, test_gap_settled);
	tcase_add_loop_test(tc, test_restart, 0, COUNT(restarts));
	tcase_add_test(tc, test_reset);
	tcase_add_test(tc, test_random);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return suite_run(poller_suite());
}
