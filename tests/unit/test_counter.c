/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A silent BMC with an energy counter: series, ledger and the live answer. */
#include <math.h>

#include "collector/counter.h"
#include "lib/bridge.h"
#include "lib/gate.h"
#include "lib/series_impl.h"
#include "rig.h"
#include "scratch.h"

static rig_t rig;
static struct rig_ledger out;
static counter_t *counter;
static char state_dir[128], bmc[64];
static double true_j, last_w;	/* what the node drew, and draws */
static bool has_counter, asked;

static void counter_open(void)
{
	const struct counter_params params = {
		.node = "n1", .boot_id = rig.boot_id, .bmc = bmc,
		.bmc_node = "Node0", .state_dir = state_dir, .suffix = "",
		.max_gap_ns = RIG_MAX_GAP, .log = &rig.log,
	};

	counter = counter_create(&params);
	ck_assert_ptr_nonnull(counter);
}

static void setup(void)
{
	scratch_setup();
	rig_init(&rig, scratch);
	snprintf(state_dir, sizeof(state_dir), "%s", scratch);
	strcpy(bmc, "https://n1-bmc");
	true_j = 204271934;
	last_w = 200;
	has_counter = true;
	counter_open();
	rig_open(&rig);
}

static void teardown(void)
{
	rig_ledger_free(&out);
	counter_destroy(counter);
	rig_free(&rig);
	scratch_teardown();
}

/* ---- time ---- */

static void tick(void)
{
	account_await(rig.account,
		      counter_until_ns(counter, series_writer_series(rig.series)));
	rig_tick(&rig);
}

/* While no one asks, power is `watts` from the first moment on. */
static void pass(double seconds, double watts)
{
	rig.now_ns += SECONDS(seconds);
	true_j += watts * seconds;
	last_w = watts;
	asked = false;
}

/* A reading now, as wattgated takes it. */
static void reading(void)
{
	const struct reading r = {
		.ok = true, .watts = last_w, .boot_ns = rig.now_ns,
		.source = "redfish:power", .energy_wrap_j = 4294967296.0,
		.energy_j = has_counter ? floor(true_j) : NAN,
		.energy_ns = rig.now_ns,
	};
	struct err err = { "" };

	ck_assert_msg(counter_append(counter, rig.series, rig.account, &r,
				     rig.now_ns + rig.wall_minus_boot_ns,
				     &err) == 0, "%s", err.text);
}

/* Readings each period, and a tick with each. */
static void run(double seconds, double watts)
{
	for (; seconds >= 5; seconds -= 5) {
		if (asked)	/* else a straight line */
			true_j += (last_w - watts) / 2 * 5;
		pass(5, watts);
		asked = true;
		reading();
		tick();
	}
}

/* Nothing but ticks. */
static void silence(double seconds, double watts)
{
	for (; seconds >= 5; seconds -= 5) {
		pass(5, watts);
		tick();
	}
}

/* ---- what came of it ---- */

static void near(double got, double want, double tolerance, const char *what)
{
	ck_assert_msg(fabs(got - want) <= tolerance, "%s: %.6f, not %.6f", what,
		      got, want);
}

static double series_j(void)
{
	return series_last(series_writer_series(rig.series))->cum_j;
}

/* Stop; the ledger has the series, joule for joule. */
static void stop_and_read(const char *what)
{
	struct ledger_interval sum;
	struct series_span span;
	double all_j;
	int64_t last_ns;

	last_ns = series_last(series_writer_series(rig.series))->boot_ns;
	all_j = series_j();
	series_between(series_writer_series(rig.series), 0,
		       account_settled_ns(rig.account), &span);
	ck_assert_int_ge(account_settled_ns(rig.account), last_ns - SECONDS(1));
	ck_assert_msg(rig_stop(&rig) == 0, "%s", rig.last_error);
	out = rig_ledger_read(rig.ledger_path);
	rig_check_laws(&out, what);
	sum = rig_total(&out);
	near(sum.node_j, span.joules, 1e-3, what);
	ck_assert_int_eq(sum.measured_ns, span.covered_ns);
	near(all_j - span.joules, last_w, last_w, "the last second");
}

static const struct ledger_alloc *job_is(uint32_t job, double joules,
					 double active_s, double covered_s)
{
	const struct ledger_alloc *a = rig_alloc(&out, job, GATEREC_EXTERN, 0);

	near(a->gated_j, joules, 2, "gated");	/* the counter has whole joules */
	near(ns_to_s(a->active_ns), active_s, 1e-9, "active");
	near(ns_to_s(a->covered_ns), covered_s, 1e-9, "covered");
	return a;
}

static bool in_ledger(uint32_t job)
{
	struct rig_ledger l = rig_ledger_read(rig.ledger_path);
	bool found = false;

	for (uint32_t i = 0; i < l.len; i++)
		found |= l.recs[i].kind == LEDGER_ALLOC &&
			 l.recs[i].alloc.job_id == job;
	rig_ledger_free(&l);
	return found;
}

/* ---- gaps ------------------------------------------------------------------------ */

/* A job runs across; its node did something else meanwhile. */
START_TEST(test_across)
{
	gaterec_t job;

	run(60, 200);
	job = rig_begin(&rig, 1, 0.5);
	run(40, 200);
	silence(100, 700);
	run(40, 300);
	rig_end(&rig, &job);
	run(30, 300);
	stop_and_read("across");
	/* the first reading behind it is 5 s later */
	job_is(1, 0.5 * (200 * 40 + 700 * 100 + 300 * 40), 180, 180);
	ck_assert_int_eq(rig_alloc(&out, 1, GATEREC_EXTERN, 0)->max_gap_ns, 0);
	near(rig_total(&out).node_j, 200 * 95 + 700 * 100 + 300 * 69, 2, "node");
	ck_assert_int_eq(rig_total(&out).unmeasured_ns, SECONDS(5));
	ck_assert_int_eq(rig.errors, 0);
}
END_TEST

/* What ended while the BMC was silent closes when that is over, not before. */
START_TEST(test_ended_inside)
{
	double mean = (700 * 100 + 300 * 5) / 105.0;
	gaterec_t job, next;

	run(60, 200);
	job = rig_begin(&rig, 1, 0.5);
	run(40, 200);
	silence(50, 700);
	rig_end(&rig, &job);
	next = rig_begin(&rig, 2, 1);
	silence(50, 700);
	ck_assert(!in_ledger(1));
	run(5, 300);
	ck_assert(in_ledger(1));	/* with that very reading */
	run(35, 300);
	rig_end(&rig, &next);
	run(30, 300);
	stop_and_read("ended inside");
	job_is(1, 0.5 * (200 * 40 + mean * 50), 90, 90);
	job_is(2, mean * 55 + 300 * 35, 90, 90);
	near(rig_total(&out).unallocated_j, 0.5 * (200 * 40 + mean * 50), 2,
	     "unallocated");
}
END_TEST

/* Without a counter nothing waits longer than it did. */
START_TEST(test_no_counter)
{
	gaterec_t job;

	has_counter = false;
	run(60, 200);
	job = rig_begin(&rig, 1, 0.5);
	run(20, 200);
	silence(10, 200);
	rig_end(&rig, &job);
	silence(25, 200);
	ck_assert(in_ledger(1));
	run(30, 200);
	stop_and_read("no counter");
	job_is(1, 0.5 * 200 * 20, 30, 20);
	ck_assert_int_eq(rig_total(&out).unmeasured_ns, SECONDS(5 + 40));
}
END_TEST

/* Too long: it is settled as unmeasured, and stays that in the series, too. */
START_TEST(test_too_long)
{
	double before_j;
	gaterec_t job;

	run(60, 200);
	job = rig_begin(&rig, 1, 1);
	run(20, 200);
	silence(50, 700);
	rig_end(&rig, &job);
	before_j = series_j();
	silence(550, 700);		/* ten minutes in all */
	ck_assert(!in_ledger(1));
	silence(10, 700);
	ck_assert(in_ledger(1));	/* though the BMC never came back */
	run(5, 300);
	near(series_j(), before_j, 1e-9, "series");
	run(30, 300);
	stop_and_read("too long");
	job_is(1, 200 * 20, 70, 20);
	ck_assert_int_eq(rig_total(&out).unmeasured_ns, SECONDS(5 + 615));
}
END_TEST

/* The BMC is back without its counter: decided at once. */
START_TEST(test_counter_gone)
{
	gaterec_t job;

	run(60, 200);
	job = rig_begin(&rig, 1, 1);
	run(20, 200);
	silence(50, 700);
	rig_end(&rig, &job);
	has_counter = false;
	run(5, 200);
	ck_assert(in_ledger(1));
	has_counter = true;
	run(30, 200);
	stop_and_read("counter gone");
	job_is(1, 200 * 20, 70, 20);
}
END_TEST

/*
 * Nobody said that a bridge may come, and the ledger has the time: it stays as
 * it is, whether that was this wattgated (0) or the one before it (1).
 */
START_TEST(test_settled_already)
{
	account_t *account = rig.account;
	int i;

	run(60, 200);
	account_await(rig.account, 0);
	for (i = 0; i < 10; i++) {
		pass(5, 700);
		rig_tick(&rig);
	}
	if (_i == 1)	/* the ledger's place is not there yet */
		rig.account = NULL;
	reading();
	rig.account = account;
	near(series_j(), 200 * 55, 1e-9, "series");
	run(30, 200);
	stop_and_read("settled already");
	ck_assert_int_eq(rig_total(&out).unmeasured_ns, SECONDS(5 + 50));
}
END_TEST

/* ---- wattgated stops ------------------------------------------------------------- */

static void away(bool killed, double seconds, double watts)
{
	if (killed)
		rig_crash(&rig);
	else
		ck_assert_int_eq(rig_stop(&rig), 0);
	counter_destroy(counter);
	pass(seconds, watts);
	counter_open();
	rig_open(&rig);
}

/* The gap is wattgated's own. 0: stopped, 1: killed. */
START_TEST(test_away)
{
	double mean = (700 * 115 + 300 * 5) / 120.0;
	gaterec_t job, gone;

	run(70, 200);
	job = rig_begin(&rig, 1, 0.5);
	gone = rig_begin(&rig, 2, 0.5);
	run(80, 200);
	rig.now_ns += SECONDS(40);
	rig_end(&rig, &gone);
	rig.now_ns -= SECONDS(40);
	away(_i, 100, 700);
	silence(15, 700);	/* the BMC is slow to answer */
	run(40, 300);
	rig_end(&rig, &job);
	run(30, 300);
	stop_and_read("away");
	job_is(1, 0.5 * (200 * 80 + 700 * 115 + 300 * 40), 235, 235);
	job_is(2, 0.5 * (200 * 80 + mean * 40), 120, 120);
	ck_assert_int_eq(rig_total(&out).unmeasured_ns, SECONDS(5));
}
END_TEST

/* The file is of another boot, another BMC, or damaged. */
START_TEST(test_file_refused)
{
	gaterec_t job;
	size_t size;
	char *text;

	run(60, 200);
	job = rig_begin(&rig, 1, 1);
	run(80, 200);
	text = file_read(scratch_path("n1.counter"), &size);
	ck_assert_ptr_nonnull(strstr(text, "bmc=https://n1-bmc\nbmc_node=Node0\n"));
	ck_assert_int_eq(rig_stop(&rig), 0);
	counter_destroy(counter);
	if (_i == 0)
		strcpy(bmc, "https://n2-bmc");
	else if (_i == 1)
		memcpy(strstr(text, "boot_id=") + 8, "xxxxxxxx", 8);
	else if (_i == 2)
		memcpy(strstr(text, "energy_j="), "energy_k=", 9);
	else if (_i == 3)
		size = 0;
	if (_i == 4)	/* no file at all */
		ck_assert_int_eq(unlink(scratch_path("n1.counter")), 0);
	else
		file_write(scratch_path("n1.counter"), text, size);
	free(text);
	pass(100, 700);
	counter_open();
	rig_open(&rig);
	run(40, 200);
	rig_end(&rig, &job);
	run(30, 200);
	stop_and_read("file refused");
	job_is(1, 200 * (80 + 35), 220, 115);
}
END_TEST

/* Once a minute, and at the end. */
START_TEST(test_file_written)
{
	ino_t inode, last = 0;
	int i, writes = 0;
	size_t size;
	char *text, want[64];

	for (i = 0; i < 120; i++) {	/* ten minutes, a counter each sample */
		run(5, 200);
		inode = file_inode(scratch_path("n1.counter"));
		writes += inode != last;
		last = inode;
	}
	ck_assert_int_ge(writes, 9);
	ck_assert_int_le(writes, 11);
	ck_assert_uint_eq(file_mode(scratch_path("n1.counter")),
			  S_IFREG | 0600);
	counter_destroy(counter);
	counter_open();
	text = file_read(scratch_path("n1.counter"), &size);
	snprintf(want, sizeof(want), "at_ns=%" PRId64 "\n", rig.now_ns);
	ck_assert_ptr_nonnull(strstr(text, want));
	free(text);
}
END_TEST

/* No place for it: said once, and all goes on. */
START_TEST(test_file_unwritable)
{
	int warnings = rig.warnings;

	snprintf(state_dir, sizeof(state_dir), "%s/nowhere", scratch);
	counter_destroy(counter);
	counter_open();
	run(300, 200);
	ck_assert_int_eq(rig.warnings, warnings + 1);
	silence(60, 300);
	run(30, 200);
	stop_and_read("unwritable");
	ck_assert_int_eq(rig_total(&out).unmeasured_ns, SECONDS(5));
}
END_TEST

/* ---- the live answer --------------------------------------------------------------- */

/* What the energy plugin would say of the job that began at start_ns. */
static double live_answer(gate_live_t *g, uint32_t job)
{
	struct suspend_slot slot = { 0 };
	struct series_head head;
	struct series_point now;
	suspend_reader_t suspended;
	series_reader_t r;

	ck_assert_int_eq(series_reader_open(&r, rig.series_path, NULL), 0);
	ck_assert_int_eq(series_reader_head(&r, &head), 0);
	ck_assert_int_eq(suspend_reader_open(&suspended, rig.suspend_path,
					     NULL), 0);
	ck_assert_int_eq(suspend_reader_get(&suspended, job, &slot), 0);
	if (!g->start_exact && head.last.boot_ns > g->start_ns) {
		ck_assert_int_eq(series_reader_point(&r, &head, g->start_ns,
						     &now), 0);
		g->start_exact = true;
		g->start_j = now.cum_j;
	}
	series_head_point(&head, RIG_PERIOD, rig.now_ns, &now);
	suspend_reader_close(&suspended);
	series_reader_close(&r);
	return gate_live_advance(g, &now, &slot);
}

/* It holds for a period, then stands, then has what the counter told. */
START_TEST(test_live)
{
	const struct suspend_slot none = { 0 };
	gate_live_t g;
	gaterec_t job;
	double held, said = 0;
	int i;

	run(60, 200);
	job = rig_begin(&rig, 1, 0.5);
	gate_live_start(&g, rig.now_ns, 0.5, series_j(), &none);
	run(40, 200);
	near(live_answer(&g, 1), 0.5 * 200 * 40, 1e-6, "before");
	held = 0.5 * 200 * 45;
	for (i = 0; i < 20; i++) {
		silence(5, 700);
		near(live_answer(&g, 1), held, 1e-6, "silent");
	}
	for (i = 0; i < 8; i++) {
		run(5, 300);
		ck_assert(live_answer(&g, 1) >= said);
		said = live_answer(&g, 1);
	}
	rig_end(&rig, &job);
	run(30, 300);
	stop_and_read("live");
	job_is(1, said, 180, 180);
}
END_TEST

/* One that began in it: from the mean on, like the ledger. */
START_TEST(test_live_began_inside)
{
	const struct suspend_slot none = { 0 };
	gate_live_t g;
	gaterec_t job;
	double said;

	run(100, 200);
	silence(30, 700);
	job = rig_begin(&rig, 1, 1);
	gate_live_start(&g, rig.now_ns, 1, series_j() + 200 * 5, &none);
	near(live_answer(&g, 1), 0, 1e-9, "silent");
	silence(70, 700);
	run(40, 300);
	said = live_answer(&g, 1);
	rig_end(&rig, &job);
	run(30, 300);
	stop_and_read("began inside");
	job_is(1, said, 110, 110);
}
END_TEST

/*
 * Suspended and running again, before (-10 s), in (10 s to 90 s) or behind (at
 * 110 s) a silence of 100 s: ledger and plugin say the same.
 */
static const struct {
	int stop_s, resume_s;
} suspensions[] = {
	{ -10, 30 }, { -10, 110 }, { 30, 60 }, { 10, 90 }, { 50, 110 },
};

static void at_second(int second, int i, const stepd_t *stepd)
{
	if (second == suspensions[i].stop_s)
		stepd_suspend(stepd);
	if (second == suspensions[i].resume_s)
		stepd_resume(stepd);
}

START_TEST(test_live_suspended)
{
	const struct suspend_slot none = { 0 };
	stepd_t stepd = stepd_start();
	gate_live_t g;
	gaterec_t job;
	double said;
	int t;

	run(60, 200);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	stepd_is(&stepd, &job);
	rig_write(&rig, &job);
	gate_live_start(&g, rig.now_ns, 0.5, series_j(), &none);
	run(20, 200);
	for (t = -20; t < 140; t += 5) {
		at_second(t, _i, &stepd);
		if (t < 0 || t >= 100)
			run(5, 400);
		else
			silence(5, 700);
		live_answer(&g, 1);
	}
	said = live_answer(&g, 1);
	rig_end(&rig, &job);
	run(30, 400);
	stop_and_read("suspended");
	/* each change is seen with the next tick */
	job_is(1, said, 180 - (suspensions[_i].resume_s -
			       suspensions[_i].stop_s),
	       180 - (suspensions[_i].resume_s - suspensions[_i].stop_s));
	stepd_kill(&stepd);
}
END_TEST

/* ---- anything ------------------------------------------------------------------------ */

/* Whatever happens, the ledger has what the series has. */
START_TEST(test_random)
{
	uint64_t seed = random_start("test_random");
	gaterec_t job = { 0 };
	int i, bridged = 0, dark = 0;
	uint32_t id = 0;
	char what[64];

	random_state += (uint64_t)_i;
	snprintf(what, sizeof(what), "seed %" PRIu64 " life %d", seed, _i);
	run(65, 200);
	for (i = 0; i < 40; i++) {
		double watts = 100 + 800 * random_unit();
		double gap_s = 20 + 5 * floor(140 * random_unit());
		double before_j, before_true_j;

		run(5 * floor(20 * random_unit()), watts);
		if (id && random_u64() % 2)
			rig_end(&rig, &job);
		if (!id || job.end_ns)
			job = rig_begin(&rig, ++id, random_unit());
		has_counter = random_u64() % 4 != 0;
		run(5, watts);
		before_j = series_j();
		before_true_j = true_j;
		if (random_u64() % 3 == 0)
			away(random_u64() % 2, gap_s, watts / 2);
		else
			silence(gap_s, watts / 2);
		has_counter |= random_u64() % 2;
		run(5, watts / 2);
		if (series_j() > before_j) {
			bridged++;
			near(series_j() - before_j, true_j - before_true_j, 2,
			     what);
		} else {
			dark++;
		}
	}
	ck_assert_int_gt(bridged, 0);
	ck_assert_int_gt(dark, 0);
	run(30, 200);
	stop_and_read(what);
}
END_TEST

static Suite *counter_suite(void)
{
	Suite *suite = suite_create("counter");
	TCase *gaps = tcase_create("gaps");
	TCase *live = tcase_create("live");

	tcase_add_checked_fixture(gaps, setup, teardown);
	tcase_add_test(gaps, test_across);
	tcase_add_test(gaps, test_ended_inside);
	tcase_add_test(gaps, test_no_counter);
	tcase_add_test(gaps, test_too_long);
	tcase_add_test(gaps, test_counter_gone);
	tcase_add_loop_test(gaps, test_settled_already, 0, 2);
	tcase_add_loop_test(gaps, test_away, 0, 2);
	tcase_add_loop_test(gaps, test_file_refused, 0, 5);
	tcase_add_test(gaps, test_file_written);
	tcase_add_test(gaps, test_file_unwritable);
	tcase_add_loop_test(gaps, test_random, 0, 10);
	suite_add_tcase(suite, gaps);
	tcase_add_checked_fixture(live, setup, teardown);
	tcase_set_timeout(live, 30);
	tcase_add_test(live, test_live);
	tcase_add_test(live, test_live_began_inside);
	tcase_add_loop_test(live, test_live_suspended, 0, COUNT(suspensions));
	suite_add_tcase(suite, live);
	return suite;
}

int main(void)
{
	return suite_run(counter_suite());
}
