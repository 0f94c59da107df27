/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accountant while it runs: who gets which joules of the node. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>

#include "collector/suspension.h"
#include "rig.h"
#include "scratch.h"

static rig_t rig;
static struct rig_ledger out;

static void setup(void)
{
	scratch_setup();
	rig_init(&rig, scratch);
}

static void teardown(void)
{
	rig_ledger_free(&out);
	rig_free(&rig);
	scratch_teardown();
}

/* Stop, read the ledger, and hold it against its own laws. */
static void stop_and_read(const char *what)
{
	ck_assert_msg(rig_stop(&rig) == 0, "%s", rig.last_error);
	out = rig_ledger_read(rig.ledger_path);
	rig_check_laws(&out, what);
}

static void near(double got, double want, double tolerance, const char *what)
{
	ck_assert_msg(fabs(got - want) <= tolerance, "%s: %.6f, not %.6f", what,
		      got, want);
}

static const struct ledger_alloc *job_is(uint32_t job, double joules,
					 double active_s, double covered_s)
{
	const struct ledger_alloc *a = rig_alloc(&out, job, GATEREC_EXTERN, 0);

	near(a->gated_j, joules, 1e-6, "gated");
	near(ns_to_s(a->active_ns), active_s, 1e-9, "active");
	near(ns_to_s(a->covered_ns), covered_s, 1e-9, "covered");
	return a;
}

/* ---- sharing --------------------------------------------------------------------- */

START_TEST(test_two_halves)
{
	const struct ledger_alloc *a;
	struct ledger_interval sum;
	gaterec_t one, two;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	one = rig_begin(&rig, 1, 0.5);
	two = rig_begin(&rig, 2, 0.5);
	rig_run(&rig, 100, 200);
	rig_end(&rig, &one);
	rig_end(&rig, &two);
	rig_run(&rig, 30, 200);
	stop_and_read("two halves");

	a = job_is(1, 10000, 100, 100);
	ck_assert_int_eq(a->start_ns, RIG_START + SECONDS(20));
	ck_assert_int_eq(a->end_ns, RIG_START + SECONDS(120));
	ck_assert_int_eq(a->start_wall_ns, RIG_HOUR + SECONDS(80));
	ck_assert_int_eq(a->end_wall_ns, RIG_HOUR + SECONDS(180));
	ck_assert_str_eq(a->end, "exit");
	ck_assert_str_eq(a->node, "n1");
	ck_assert_str_eq(a->source, "redfish:power");
	ck_assert_str_eq(a->boot_id, rig.boot_id);
	ck_assert_uint_eq(a->uid, 1000);
	ck_assert(a->share == 0.5 && a->holding.cores == 2);
	near(a->node_j, 20000, 1e-6, "node");
	near(a->model_w, 2 * SHARE_DEFAULT_CORE_W, 1e-9, "model");
	ck_assert_int_eq(a->max_gap_ns, 0);
	job_is(2, 10000, 100, 100);

	sum = rig_total(&out);
	ck_assert_int_eq(sum.start_ns, RIG_START);
	near(sum.node_j, rig_truth(&rig, sum.start_ns, sum.end_ns), 1e-6, "all");
	near(sum.allocated_j, 20000, 1e-6, "allocated");
	near(sum.unallocated_j, 0, 1e-6, "unallocated");
	near(sum.idle_j, sum.node_j - 20000, 1e-6, "idle");
	ck_assert_int_eq(sum.unmeasured_ns, SECONDS(5));	/* the first period */
	ck_assert_int_eq(sum.idle_ns, sum.end_ns - sum.start_ns - SECONDS(100));
	ck_assert(!sum.scaled);
	ck_assert_int_eq(rig.errors, 0);
	ck_assert_int_eq(rig.warnings, 0);
}
END_TEST

START_TEST(test_unallocated)
{
	struct ledger_interval sum;
	gaterec_t job;

	rig_open(&rig);
	rig_run(&rig, 20, 400);
	job = rig_begin(&rig, 1, 0.25);
	rig_run(&rig, 60, 400);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 400);
	stop_and_read("unallocated");
	job_is(1, 6000, 60, 60);
	sum = rig_total(&out);
	near(sum.unallocated_j, 18000, 1e-6, "unallocated");
}
END_TEST

/* What Prometheus sees: all that was settled, and nothing twice after a crash. */
START_TEST(test_sums)
{
	const struct account_sums *sums;
	gaterec_t rec;
	double all;

	rig_open(&rig);
	rig_run(&rig, 60, 100);
	rec = rig_begin(&rig, 7, 0.25);
	rig_run(&rig, 100, 100);
	rig_end(&rig, &rec);
	rig_run(&rig, 60, 100);
	sums = account_sums(rig.account);
	all = sums->allocated_j + sums->unallocated_j + sums->idle_j;
	ck_assert_double_eq_tol(sums->allocated_j, 2500, 1);
	ck_assert_double_eq_tol(sums->unallocated_j, 7500, 1);
	ck_assert_double_eq_tol(ns_to_s(sums->allocated_ns), 100, 0.1);
	ck_assert_double_gt(sums->idle_j, 10000);
	ck_assert_double_eq_tol(sums->idle_j / 100, ns_to_s(sums->idle_ns), 10);
	rig_crash(&rig);
	rig_open(&rig);
	rig_run(&rig, 20, 100);
	/* a minute at most is counted once more: what no file had */
	sums = account_sums(rig.account);
	ck_assert_double_lt(sums->allocated_j + sums->unallocated_j +
			    sums->idle_j, 8100);
	ck_assert_double_gt(all, 20000);
}
END_TEST

/* Shares that add up to more than the node are scaled, and said once. */
START_TEST(test_scaled)
{
	struct ledger_interval sum;
	gaterec_t jobs[3];
	unsigned i;

	rig_open(&rig);
	rig_run(&rig, 20, 300);
	for (i = 0; i < 3; i++)
		jobs[i] = rig_begin(&rig, i + 1, i == 2 ? 1.0 : 0.5);
	rig_run(&rig, 100, 300);
	rig_end(&rig, &jobs[2]);
	rig_run(&rig, 50, 300);		/* the two halves alone: not scaled */
	rig_end(&rig, &jobs[0]);
	rig_end(&rig, &jobs[1]);
	rig_run(&rig, 30, 300);
	stop_and_read("scaled");
	job_is(1, 7500 + 7500, 150, 150);
	job_is(2, 7500 + 7500, 150, 150);
	job_is(3, 15000, 100, 100);
	sum = rig_total(&out);
	near(sum.unallocated_j, 0, 1e-6, "unallocated");
	ck_assert(sum.scaled);
	ck_assert_int_eq(rig.warnings, 1);
}
END_TEST

/* Steps have their own records and no part of the interval. */
START_TEST(test_steps)
{
	gaterec_t job, batch, step;
	const struct ledger_alloc *a;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_begin(&rig, 1, 0.5);
	batch = rig_record(&rig, 1, "batch", 0.5);
	rig_write(&rig, &batch);
	rig_run(&rig, 20, 200);
	step = rig_record(&rig, 1, "0", 0.25);
	rig_write(&rig, &step);
	rig_run(&rig, 40, 200);
	rig_end(&rig, &step);
	rig_run(&rig, 10, 200);
	rig_end(&rig, &batch);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("steps");
	job_is(1, 7000, 70, 70);
	a = rig_alloc(&out, 1, "batch", 0);
	near(a->gated_j, 7000, 1e-6, "batch");
	a = rig_alloc(&out, 1, "0", 0);
	near(a->gated_j, 2000, 1e-6, "step");
	near(ns_to_s(a->active_ns), 40, 1e-9, "step");
	near(rig_total(&out).allocated_j, 7000, 1e-6, "parts");
}
END_TEST

/* Begins and ends anywhere in a period, on changing power. */
START_TEST(test_between_samples)
{
	int64_t from, to;
	gaterec_t job;
	int i;

	rig_open(&rig);
	rig_run(&rig, 20, 100);
	rig.now_ns += SECONDS(1.7);
	from = rig.now_ns;
	job = rig_begin(&rig, 1, 0.75);
	rig.now_ns += SECONDS(3.3) - RIG_PERIOD;
	for (i = 0; i < 10; i++)
		rig_step(&rig, 100 + 50 * i);
	rig.now_ns += SECONDS(2.9);
	to = rig.now_ns;
	rig_end(&rig, &job);
	rig.now_ns -= SECONDS(2.9);
	rig_run(&rig, 30, 700);
	stop_and_read("between samples");
	job_is(1, 0.75 * rig_truth(&rig, from, to), ns_to_s(to - from),
	       ns_to_s(to - from));
}
END_TEST

/* From one tick to the next: its record is there, with its end. */
START_TEST(test_between_ticks)
{
	const struct ledger_alloc *a;
	gaterec_t job;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	rig.now_ns += SECONDS(1);
	job = rig_begin(&rig, 1, 1);
	rig.now_ns += SECONDS(2);
	rig_end(&rig, &job);
	rig.now_ns -= SECONDS(3);
	rig_run(&rig, 30, 200);
	stop_and_read("between ticks");
	a = job_is(1, 400, 2, 2);
	ck_assert_str_eq(a->end, "exit");
	ck_assert_int_eq(a->start_ns, RIG_START + SECONDS(21));
}
END_TEST

/* ---- what is not known ---------------------------------------------------------------- */

/* The share comes with the hardware totals, later: the ledger waits for it. */
START_TEST(test_share_known_later)
{
	const struct ledger_alloc *a;
	gaterec_t job;

	rig.sp.hw.cores = 0;
	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_begin(&rig, 1, NAN);	/* holds one core */
	rig_run(&rig, 50, 200);
	rig.sp.hw.cores = 4;
	rig_run(&rig, 100, 200);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("share known later");
	a = rig_alloc(&out, 1, GATEREC_EXTERN, 0);
	ck_assert(a->share == 0.25);
	job_is(1, 0.25 * 200 * 150, 150, 150);
	ck_assert_int_eq(a->max_gap_ns, 0);
}
END_TEST

START_TEST(test_share_never_known)
{
	const struct ledger_alloc *a;
	gaterec_t job;

	rig.sp.hw.cores = 0;
	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_begin(&rig, 1, NAN);
	rig_run(&rig, 50, 200);
	rig_end(&rig, &job);
	rig_run(&rig, 600, 200);	/* but not for ever */
	stop_and_read("share never known");
	a = job_is(1, 0, 50, 0);
	ck_assert(isnan(a->share));
	near(rig_total(&out).unallocated_j, 10000, 1e-6, "unallocated");
}
END_TEST

/* A record that turns up late: what was settled stays so, uncovered for it. */
START_TEST(test_late_record)
{
	const struct ledger_alloc *a;
	gaterec_t job;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	rig_run(&rig, 60, 200);		/* settled up to 79 s */
	rig_write(&rig, &job);
	rig_run(&rig, 40, 200);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("late record");
	a = job_is(1, 0.5 * 200 * 41, 100, 41);
	near(ns_to_s(a->max_gap_ns), 59, 1e-9, "gap");
}
END_TEST

START_TEST(test_late_and_over)
{
	gaterec_t job;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	rig_run(&rig, 20, 200);
	job.end_ns = rig.now_ns;
	rig_run(&rig, 60, 200);
	rig_write(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("late and over");
	job_is(1, 0, 20, 0);
}
END_TEST

/* A silent BMC: unmeasured, neither charged nor invented. */
START_TEST(test_gap)
{
	struct ledger_interval sum;
	const struct ledger_alloc *a;
	gaterec_t job;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_begin(&rig, 1, 0.5);
	rig_run(&rig, 40, 200);
	rig_run(&rig, 60, 0);
	rig_run(&rig, 40, 200);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("gap");
	a = job_is(1, 0.5 * 200 * 75, 140, 75);	/* 65 s between two samples */
	near(ns_to_s(a->max_gap_ns), 65, 1e-9, "gap");
	sum = rig_total(&out);
	ck_assert_int_eq(sum.unmeasured_ns, SECONDS(5 + 65));
}
END_TEST

/* A gap of max_gap is bridged, though ticks went by without a reading. */
START_TEST(test_bridged)
{
	gaterec_t job;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_begin(&rig, 1, 0.5);
	rig_run(&rig, 40, 200);
	rig_run(&rig, 10, 0);
	rig_run(&rig, 40, 400);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 400);
	stop_and_read("bridged");
	job_is(1, 0.5 * (200 * 40 + 300 * 15 + 400 * 35), 90, 90);
}
END_TEST

/* The BMC stays away: what ended is closed none the less. */
START_TEST(test_closed_in_the_dark)
{
	gaterec_t job;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_begin(&rig, 1, 0.5);
	rig_run(&rig, 20, 200);
	rig_run(&rig, 10, 0);
	rig_end(&rig, &job);
	rig_run(&rig, 60, 0);
	out = rig_ledger_read(rig.ledger_path);
	job_is(1, 0.5 * 200 * 20, 30, 20);
	rig_ledger_free(&out);
	stop_and_read("closed in the dark");
}
END_TEST

/* ---- how it ends -------------------------------------------------------------------------- */

START_TEST(test_vanished)
{
	stepd_t stepd = stepd_start();
	const struct ledger_alloc *a;
	gaterec_t job;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	stepd_is(&stepd, &job);
	rig_write(&rig, &job);
	rig_run(&rig, 60, 200);		/* last seen at 80 s */
	stepd_kill(&stepd);
	rig_run(&rig, 60, 200);
	stop_and_read("vanished");
	a = job_is(1, 0.5 * 200 * 60, 60, 60);
	ck_assert_str_eq(a->end, "vanished");
	ck_assert_int_eq(rig.warnings, 1);
}
END_TEST

/* It writes its end and exits while the accountant lists the directory. */
static stepd_t race_stepd;
static gaterec_t race_end;

static void end_and_exit(void)
{
	rig.now_ns -= SECONDS(1);
	rig_end(&rig, &race_end);
	rig.now_ns += SECONDS(1);
	stepd_kill(&race_stepd);
}

START_TEST(test_ends_behind_our_back)
{
	const struct ledger_alloc *a;
	char name[64];
	int i;

	race_stepd = stepd_start();
	rig_open(&rig);
	rig_run(&rig, 20, 200);
	race_end = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	stepd_is(&race_stepd, &race_end);
	/* files around it that are said to be damaged, each time */
	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "gate.d/%d.extern.0.1", 100 + i);
		file_write(scratch_path(name), "damaged", 7);
		if (i == 10)
			rig_write(&rig, &race_end);
	}
	rig_run(&rig, 50, 200);
	rig.debug_lines = _i;		/* before the record's turn, and behind it */
	rig.on_debug = end_and_exit;
	rig_run(&rig, 50, 200);
	ck_assert_ptr_null(rig.on_debug);
	stop_and_read("ends behind our back");
	a = job_is(1, 0.5 * 200 * 54, 54, 54);
	ck_assert_str_eq(a->end, "exit");
	ck_assert_int_eq(rig.warnings, 0);
}
END_TEST

/* The sweep says that it found it gone: that is no end of its own. */
START_TEST(test_vanished_and_swept)
{
	stepd_t stepd = stepd_start();
	const struct ledger_alloc *a;
	gaterec_t job;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	stepd_is(&stepd, &job);
	rig_write(&rig, &job);
	rig_run(&rig, 60, 200);
	stepd_kill(&stepd);
	rig.now_ns += SECONDS(4);
	gaterec_sweep(rig.gate_dirfd, getuid(), rig.boot_id, rig.now_ns,
		      series_writer_settled(rig.series), 100);
	rig.now_ns -= SECONDS(4);
	rig_run(&rig, 60, 200);
	/* once settled, it goes, and does not come back */
	ck_assert_int_eq(gaterec_sweep(rig.gate_dirfd, getuid(), rig.boot_id,
				       rig.now_ns,
				       series_writer_settled(rig.series), 100),
			 1);
	rig_run(&rig, 60, 200);
	stop_and_read("vanished and swept");
	a = job_is(1, 0.5 * 200 * 60, 60, 60);
	ck_assert_str_eq(a->end, "vanished");
}
END_TEST

/* As long as a step lives the job holds its part. */
START_TEST(test_extern_gone)
{
	stepd_t stepd = stepd_start();
	const struct ledger_alloc *a;
	gaterec_t job, batch;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	stepd_is(&stepd, &job);
	rig_write(&rig, &job);
	batch = rig_record(&rig, 1, "batch", 0.5);
	rig_write(&rig, &batch);
	rig_run(&rig, 40, 200);
	stepd_kill(&stepd);
	rig_run(&rig, 62, 200);	/* ends between two looks */
	rig_end(&rig, &batch);
	rig_run(&rig, 60, 200);
	stop_and_read("extern gone");
	a = job_is(1, 0.5 * 200 * 102, 102, 102);
	ck_assert_str_eq(a->end, "vanished");
	a = rig_alloc(&out, 1, "batch", 0);
	ck_assert_str_eq(a->end, "exit");
	near(a->gated_j, 10200, 1e-6, "batch");
}
END_TEST

/* No descriptor is left for /proc: that says nothing of the jobs. */
START_TEST(test_no_descriptors)
{
	struct rlimit limit, none;
	gaterec_t job, old;

	rig_open(&rig);
	old = rig_begin(&rig, 2, 0.25);
	rig_run(&rig, 20, 200);
	rig_end(&rig, &old);
	job = rig_begin(&rig, 1, 0.5);
	rig_run(&rig, 40, 200);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	rig_run(&rig, 20, 200);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	rig_run(&rig, 40, 200);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("no descriptors");	/* and job 2 is there once */
	job_is(1, 0.5 * 200 * 100, 100, 100);
}
END_TEST

/* The same job id, requeued: two allocations. */
START_TEST(test_requeued)
{
	gaterec_t job, again;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_begin(&rig, 1, 0.5);
	rig_run(&rig, 40, 200);
	rig_end(&rig, &job);
	again = rig_record(&rig, 1, GATEREC_EXTERN, 1);
	again.restart = 1;
	rig_write(&rig, &again);
	rig_run(&rig, 40, 200);
	rig_end(&rig, &again);
	rig_run(&rig, 30, 200);
	stop_and_read("requeued");
	job_is(1, 4000, 40, 40);
	near(rig_alloc(&out, 1, GATEREC_EXTERN, 1)->gated_j, 8000, 1e-6, "again");
}
END_TEST

/* ---- prologs --------------------------------------------------------------------------------- */

START_TEST(test_prolog_holds_back)
{
	gaterec_t note, job;
	int64_t from;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	note = rig_record(&rig, 1, GATEREC_PROLOG, NAN);
	from = rig.now_ns;
	rig_write(&rig, &note);
	rig_run(&rig, 100, 200);	/* a long one */
	ck_assert_int_le(series_writer_settled(rig.series), from);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	job.start_ns = from;		/* it takes the note up */
	rig_write(&rig, &job);
	rig_remove(&rig, &note);
	rig_run(&rig, 50, 200);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("prolog");
	job_is(1, 0.5 * 200 * 150, 150, 150);
}
END_TEST

/*
 * The note is taken up while the accountant lists the directory: the record was
 * not there when it began, the note is gone when it comes to it.
 */
static gaterec_t race_note, race_job;

static void take_note_up(void)
{
	rig_write(&rig, &race_job);
	rig_remove(&rig, &race_note);
}

START_TEST(test_prolog_taken_up_behind_our_back)
{
	char name[64];
	int i;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	/* files around it that are said to be damaged, each time */
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "gate.d/%d.extern.0.1", 100 + i);
		file_write(scratch_path(name), "damaged", 7);
		if (i != 20)
			continue;
		race_note = rig_record(&rig, 1, GATEREC_PROLOG, NAN);
		rig_write(&rig, &race_note);
	}
	race_job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	rig_run(&rig, 50, 200);
	rig.on_debug = take_note_up;
	rig_run(&rig, 50, 200);
	ck_assert_ptr_null(rig.on_debug);
	rig_end(&rig, &race_job);
	rig_run(&rig, 30, 200);
	stop_and_read("taken up");
	job_is(1, 0.5 * 200 * 100, 100, 100);
}
END_TEST

/* Nothing waits for ever. */
START_TEST(test_prolog_for_ever)
{
	gaterec_t note;
	int64_t from;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	note = rig_record(&rig, 1, GATEREC_PROLOG, NAN);
	from = rig.now_ns;
	rig_write(&rig, &note);
	rig_run(&rig, 595, 200);
	ck_assert_int_le(series_writer_settled(rig.series), from);
	rig_run(&rig, 10, 200);
	ck_assert_int_ge(series_writer_settled(rig.series),
			 rig.now_ns - SECONDS(2));
	stop_and_read("prolog for ever");
}
END_TEST

START_TEST(test_other_boots_records)
{
	gaterec_t job, note;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	note = rig_record(&rig, 2, GATEREC_PROLOG, NAN);
	job.boot_id[0] = note.boot_id[0] = 'x';
	rig_write(&rig, &job);
	rig_write(&rig, &note);
	rig_run(&rig, 60, 200);
	stop_and_read("other boot's");
	ck_assert_uint_eq(rig_count(&out, LEDGER_ALLOC), 0);
	near(rig_total(&out).idle_j, rig_total(&out).node_j, 1e-9, "idle");
}
END_TEST

/* ---- the gate directory ------------------------------------------------------------------------ */

START_TEST(test_no_gate_dir)
{
	char other[200];
	gaterec_t job;

	snprintf(other, sizeof(other), "%s.away", rig.gate_dir);
	ck_assert_int_eq(rename(rig.gate_dir, other), 0);
	rig_open(&rig);
	rig_run(&rig, 60, 200);
	ck_assert_int_eq(rig.errors, 0);	/* before the first job: no trouble */
	ck_assert_int_eq(rename(other, rig.gate_dir), 0);
	job = rig_begin(&rig, 1, 0.5);
	rig_run(&rig, 60, 200);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("no gate dir");
	job_is(1, 6000, 60, 60);
}
END_TEST

/* Removed with all that is in it, and made again. */
START_TEST(test_gate_dir_made_again)
{
	gaterec_t job, again;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_begin(&rig, 1, 0.5);
	rig_run(&rig, 40, 200);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	rig_remove(&rig, &job);
	close(rig.gate_dirfd);
	ck_assert_int_eq(rmdir(rig.gate_dir), 0);
	rig_run(&rig, 20, 200);
	ck_assert_int_eq(mkdir(rig.gate_dir, 0750), 0);
	rig.gate_dirfd = gaterec_dir_open(rig.gate_dir, false, getuid(), NULL);
	again = rig_begin(&rig, 2, 0.5);
	rig_run(&rig, 40, 200);
	rig_end(&rig, &again);
	rig_run(&rig, 30, 200);
	stop_and_read("made again");
	job_is(1, 4000, 40, 40);
	job_is(2, 4000, 40, 40);
}
END_TEST

START_TEST(test_unsafe_gate_dir)
{
	ck_assert_int_eq(chmod(rig.gate_dir, 0770), 0);
	rig_open(&rig);
	rig_begin(&rig, 1, 0.5);
	rig_run(&rig, 60, 200);
	ck_assert_int_eq(rig.errors, 1);	/* said once */
	ck_assert_ptr_nonnull(strstr(rig.last_error, "not accounted"));
	stop_and_read("unsafe gate dir");
	ck_assert_uint_eq(rig_count(&out, LEDGER_ALLOC), 0);
}
END_TEST

/* ---- hours --------------------------------------------------------------------------------------- */

START_TEST(test_hour)
{
	const struct ledger_interval *iv;
	gaterec_t job;
	int64_t hour;

	rig_open(&rig);
	/* 10:01:00 at the start: 11:00:00 is 3540 s away */
	hour = RIG_START + SECONDS(3540);
	rig_run(&rig, 3503, 200);
	job = rig_begin(&rig, 1, 0.5);
	rig_run(&rig, 127, 200);
	rig_end(&rig, &job);
	rig_run(&rig, 2 * 3600, 200);
	stop_and_read("hour");
	ck_assert_uint_eq(rig_count(&out, LEDGER_INTERVAL), 4);
	iv = &out.recs[0].interval;
	ck_assert_int_eq(out.recs[0].kind, LEDGER_INTERVAL);
	ck_assert_int_eq(iv->start_ns, RIG_START);
	ck_assert_int_eq(iv->end_ns, hour);
	ck_assert_int_eq(iv->start_wall_ns, RIG_HOUR + SECONDS(60));
	ck_assert_int_eq(iv->end_wall_ns, RIG_HOUR + SECONDS(3600));
	ck_assert_uint_eq(iv->parts_len, 1);
	near(iv->parts[0].joules, 0.5 * 200 * 37, 1e-6, "before the hour");
	iv = &out.recs[2].interval;
	ck_assert_int_eq(out.recs[2].kind, LEDGER_INTERVAL);
	ck_assert_int_eq(iv->end_ns, hour + SECONDS(3600));
	near(iv->parts[0].joules, 0.5 * 200 * 90, 1e-6, "behind the hour");
	iv = &out.recs[3].interval;
	ck_assert_int_eq(iv->end_ns, hour + SECONDS(7200));
	ck_assert_uint_eq(iv->parts_len, 0);
	near(iv->node_j, 200 * 3600, 1e-6, "an hour");
	near(iv->idle_j, 200 * 3600, 1e-6, "an hour");
	job_is(1, 0.5 * 200 * 127, 127, 127);
}
END_TEST

/* Steps of the wall clock, in seconds, in the middle of an hour. */
static const struct {
	double by_s;
	uint32_t most;	/* intervals in four hours */
} wall_steps[] = {
	{ -1800, 6 }, { 1800, 6 }, { -7200, 6 }, { 7200, 6 }, { -86400, 6 },
	{ 3599, 7 }, { -0.5, 6 }, { 0.5, 6 }, { -1e9, 6 }, { -3e9, 6 },
};

START_TEST(test_wall_steps)
{
	struct ledger_interval sum;
	gaterec_t job;
	uint32_t n;

	rig_open(&rig);
	rig_run(&rig, 600, 200);
	job = rig_begin(&rig, 1, 0.5);
	rig.wall_minus_boot_ns += SECONDS(wall_steps[_i].by_s);
	rig_run(&rig, 4 * 3600, 200);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("wall steps");
	job_is(1, 0.5 * 200 * 4 * 3600, 4 * 3600, 4 * 3600);
	sum = rig_total(&out);
	near(sum.node_j, rig_truth(&rig, sum.start_ns, sum.end_ns), 1e-3, "all");
	n = rig_count(&out, LEDGER_INTERVAL);
	ck_assert_msg(n >= 4 && n <= wall_steps[_i].most, "%u intervals", n);
}
END_TEST

/*
 * A wall clock that is slewed: the hour ends where the clock shows it, within a
 * second, and no splinter of an interval is left beside it.
 */
START_TEST(test_wall_slews)
{
	int64_t per_step = _i ? 300000 : -300000;	/* 60 ppm of 5 s */
	uint32_t i;
	int k;

	rig_open(&rig);
	for (k = 0; k < 3 * 720; k++) {
		rig.wall_minus_boot_ns += per_step;
		rig_step(&rig, 200);
	}
	stop_and_read("wall slews");
	ck_assert_uint_eq(rig_count(&out, LEDGER_INTERVAL), 4);
	for (i = 0; i + 1 < out.len; i++) {
		int64_t past = out.recs[i].interval.end_wall_ns % SECONDS(3600);

		ck_assert_msg(past < SECONDS(1) || past > SECONDS(3599),
			      "%.6f s", ns_to_s(past));
		near(ns_to_s(out.recs[i].interval.end_ns -
			     out.recs[i].interval.start_ns), i ? 3600 : 3540, 1,
		     "length");
	}
}
END_TEST

/* More jobs in an hour than one interval may have parts. */
START_TEST(test_many_jobs)
{
	struct ledger_interval sum;
	uint32_t job = 0;
	int i, k;

	rig_open(&rig);
	rig_run(&rig, 10, 200);
	for (i = 0; i < 90; i++) {
		gaterec_t recs[50];

		for (k = 0; k < 50; k++)
			recs[k] = rig_begin(&rig, ++job, 0.02);
		rig.now_ns += SECONDS(5);
		for (k = 0; k < 50; k++)
			rig_end(&rig, &recs[k]);
		rig.now_ns -= SECONDS(5);
		rig_run(&rig, 10, 200);
		for (k = 0; i > 0 && k < 50; k++)
			rig_remove(&rig, &recs[k]);
	}
	rig_run(&rig, 30, 200);
	ck_assert_msg(rig.errors == 0, "%s", rig.last_error);
	ck_assert_int_eq(rig_stop(&rig), 0);
	out = rig_ledger_read(rig.ledger_path);
	ck_assert_uint_eq(rig_count(&out, LEDGER_ALLOC), 4500);
	ck_assert_uint_ge(rig_count(&out, LEDGER_INTERVAL), 2);
	sum = rig_total(&out);
	near(sum.allocated_j, 4500 * 0.02 * 200 * 5, 1e-3, "allocated");
	near(sum.node_j, sum.allocated_j + sum.unallocated_j + sum.idle_j, 1e-3,
	     "all");
}
END_TEST

/* ---- suspension ----------------------------------------------------------------------------------- */

/* What the energy plugin would be told. */
static struct suspend_slot slot_of(uint32_t job)
{
	struct suspend_slot slot = { 0 };
	suspend_reader_t r;

	ck_assert_int_eq(suspend_reader_open(&r, rig.suspend_path, NULL), 0);
	ck_assert_int_eq(suspend_reader_get(&r, job, &slot), 0);
	suspend_reader_close(&r);
	return slot;
}

START_TEST(test_suspended)
{
	stepd_t stepd = stepd_start();
	const struct ledger_alloc *a;
	struct suspend_slot slot;
	gaterec_t job, other, batch;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	stepd_is(&stepd, &job);
	rig_write(&rig, &job);
	batch = rig_record(&rig, 1, "batch", 0.5);
	rig_write(&rig, &batch);
	other = rig_begin(&rig, 2, 0.5);
	rig_run(&rig, 40, 200);
	stepd_suspend(&stepd);
	rig_run(&rig, 100, 200);	/* seen at 65 s */
	slot = slot_of(1);
	ck_assert_int_eq(slot.since_ns, RIG_START + SECONDS(65));
	near(slot.since_cum_j, 200 * 60, 1e-6, "since");
	stepd_resume(&stepd);
	rig_run(&rig, 40, 200);		/* seen at 165 s */
	slot = slot_of(1);
	ck_assert_int_eq(slot.since_ns, 0);
	ck_assert_int_eq(slot.total_ns, SECONDS(100));
	near(slot.total_j, 20000, 1e-6, "total");
	ck_assert_int_eq(slot.total_covered_ns, SECONDS(100));
	rig_end(&rig, &batch);
	rig_end(&rig, &job);
	rig_end(&rig, &other);
	rig_run(&rig, 30, 200);
	ck_assert_int_eq(slot_of(1).total_ns, 0);	/* its slot is free */
	stop_and_read("suspended");
	a = job_is(1, 0.5 * 200 * 80, 80, 80);
	ck_assert_int_eq(a->suspended_ns, SECONDS(100));
	near(a->node_j, 200 * 80, 1e-6, "node");
	a = rig_alloc(&out, 1, "batch", 0);
	near(a->gated_j, 0.5 * 200 * 80, 1e-6, "batch");
	job_is(2, 0.5 * 200 * 180, 180, 180);
	near(rig_total(&out).unallocated_j, 0.5 * 200 * 100, 1e-6, "its part");
	stepd_kill(&stepd);
}
END_TEST

/* What Slurm is made to say of a job, and how often it was asked. */
static enum job_word slurms_word, answer;
static int64_t asked_ns;
static int questions;

static enum job_word word_of(void *arg, uint32_t job_id, int64_t since_ns)
{
	(void)arg;
	ck_assert_uint_eq(job_id, 1);
	if (since_ns != asked_ns || answer == WORD_PENDING)
		answer = slurms_word;
	questions += since_ns != asked_ns;
	asked_ns = since_ns;
	return answer;
}

/* A job that runs, with its processes stopped from 60 s on. */
static gaterec_t look_suspended(const stepd_t *stepd, enum job_word word)
{
	gaterec_t job;

	slurms_word = word;
	asked_ns = questions = 0;
	rig.ap.word = word_of;
	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	stepd_is(stepd, &job);
	rig_write(&rig, &job);
	rig_run(&rig, 40, 200);
	stepd_suspend(stepd);
	return job;
}

/* A user has Slurm stop what belongs to his job: it is not suspended. */
START_TEST(test_stopped_by_user)
{
	stepd_t stepd = stepd_start();
	gaterec_t job = look_suspended(&stepd, WORD_ACTIVE);

	rig_run(&rig, 100, 200);
	ck_assert_int_eq(questions, 2);	/* at 65 s and a minute later */
	ck_assert_int_eq(slot_of(1).job_id, 0);
	slurms_word = WORD_SUSPENDED;	/* and then, really */
	rig_run(&rig, 60, 200);		/* asked at 185 s */
	ck_assert_int_eq(questions, 3);
	ck_assert_int_eq(slot_of(1).since_ns, RIG_START + SECONDS(185));
	slurms_word = WORD_ACTIVE;	/* resumed, and stopped again at once */
	rig_run(&rig, 60, 200);		/* asked at 245 s */
	stepd_resume(&stepd);
	rig_run(&rig, 20, 200);		/* up to 300 s */
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("stopped by the user");
	job_is(1, 0.5 * 200 * 220, 220, 220);
	stepd_kill(&stepd);
}
END_TEST

/* The answer takes its time: the ledger waits, and books it where it was seen. */
START_TEST(test_suspended_in_doubt)
{
	stepd_t stepd = stepd_start();
	gaterec_t job = look_suspended(&stepd, WORD_PENDING);

	rig_run(&rig, 20, 200);
	ck_assert_int_eq(slot_of(1).job_id, 0);
	slurms_word = WORD_SUSPENDED;
	rig_run(&rig, 30, 200);
	ck_assert_int_eq(questions, 1);
	ck_assert_int_eq(slot_of(1).since_ns, RIG_START + SECONDS(65));
	near(slot_of(1).since_cum_j, 200 * 60, 1e-6, "since");
	stepd_resume(&stepd);
	rig_run(&rig, 30, 200);		/* seen at 115 s, up to 140 s */
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("suspended in doubt");
	job_is(1, 0.5 * 200 * 70, 70, 70);
	stepd_kill(&stepd);
}
END_TEST

/* Slurm does not answer: after half a minute what is seen counts. */
START_TEST(test_suspended_no_answer)
{
	stepd_t stepd = stepd_start();
	gaterec_t job = look_suspended(&stepd, WORD_PENDING);

	rig_run(&rig, 40, 200);
	ck_assert_int_eq(slot_of(1).since_ns, RIG_START + SECONDS(65));
	rig_end(&rig, &job);
	stepd_kill(&stepd);
	rig_run(&rig, 30, 200);
	stop_and_read("no answer");
	job_is(1, 0.5 * 200 * 45, 45, 45);
}
END_TEST

/* Over before the answer: it was charged all along. */
START_TEST(test_ends_in_doubt)
{
	stepd_t stepd = stepd_start();
	gaterec_t job = look_suspended(&stepd, WORD_PENDING);

	rig_run(&rig, 20, 200);
	rig_end(&rig, &job);
	stepd_kill(&stepd);
	rig_run(&rig, 30, 200);
	stop_and_read("ends in doubt");
	job_is(1, 0.5 * 200 * 60, 60, 60);
}
END_TEST

/* Before the first reading there is no joule to take off, but there is time. */
START_TEST(test_suspended_before_any_sample)
{
	stepd_t stepd = stepd_start();
	gaterec_t job;

	rig_open(&rig);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	stepd_is(&stepd, &job);
	rig_write(&rig, &job);
	stepd_suspend(&stepd);
	rig_run(&rig, 20, 0);
	ck_assert_int_eq(slot_of(1).since_ns, RIG_START + RIG_PERIOD);
	ck_assert(slot_of(1).since_cum_j == 0);
	rig_run(&rig, 40, 200);
	stepd_resume(&stepd);
	rig_run(&rig, 40, 200);		/* seen at 65 s */
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("suspended before any sample");
	/* the first period is active, and has no sample */
	job_is(1, 0.5 * 200 * 35, 40, 35);
	stepd_kill(&stepd);
}
END_TEST

/* Cancelled while it is suspended: over, and nothing more is charged. */
START_TEST(test_ends_suspended)
{
	stepd_t stepd = stepd_start();
	gaterec_t job;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	stepd_is(&stepd, &job);
	rig_write(&rig, &job);
	rig_run(&rig, 40, 200);
	stepd_suspend(&stepd);
	rig_run(&rig, 60, 200);
	rig_end(&rig, &job);
	stepd_kill(&stepd);
	rig_run(&rig, 30, 200);
	ck_assert_int_eq(slot_of(1).since_ns, 0);
	stop_and_read("ends suspended");
	job_is(1, 0.5 * 200 * 45, 45, 45);
}
END_TEST

/*
 * Requeued while suspended, and running again before the old instance is in the
 * ledger: the new one is not suspended, though the job id has a slot that says so.
 */
START_TEST(test_requeued_suspended)
{
	stepd_t stepd = stepd_start();
	gaterec_t job, again;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	stepd_is(&stepd, &job);
	rig_write(&rig, &job);
	rig_run(&rig, 40, 200);
	stepd_suspend(&stepd);
	rig_run(&rig, 60, 200);
	rig_end(&rig, &job);
	stepd_kill(&stepd);
	again = rig_record(&rig, 1, GATEREC_EXTERN, 1);	/* has no child to ask */
	again.restart = 1;
	rig_write(&rig, &again);
	rig_run(&rig, 40, 200);
	ck_assert_int_eq(slot_of(1).since_ns, 0);
	rig_end(&rig, &again);
	rig_run(&rig, 30, 200);
	stop_and_read("requeued suspended");
	job_is(1, 0.5 * 200 * 45, 45, 45);
	near(rig_alloc(&out, 1, GATEREC_EXTERN, 1)->gated_j, 200 * 40, 1e-6,
	     "again");
}
END_TEST

/* Only a child of that slurmstepd, of that owner, proves anything. */
START_TEST(test_probe)
{
	stepd_t ours = stepd_start(), other = stepd_start();
	pid_t child = 0;

	ck_assert_int_eq(suspension_probe(ours.pid, &child, getuid()),
			 SUSPENSION_NO);
	ck_assert_int_eq(child, ours.child);
	stepd_suspend(&other);
	ck_assert_int_eq(suspension_probe(ours.pid, &child, getuid()),
			 SUSPENSION_NO);
	child = other.child;		/* the pid went to another's process */
	ck_assert_int_eq(suspension_probe(ours.pid, &child, getuid()),
			 SUSPENSION_NO);
	ck_assert_int_eq(child, ours.child);
	stepd_suspend(&ours);
	ck_assert_int_eq(suspension_probe(ours.pid, &child, getuid()),
			 SUSPENSION_YES);
	child = 0;
	ck_assert_int_eq(suspension_probe(ours.pid, &child, getuid()),
			 SUSPENSION_YES);
	child = 0;
	ck_assert_int_eq(suspension_probe(ours.pid, &child, getuid() + 1),
			 SUSPENSION_UNKNOWN);
	ck_assert_int_eq(child, 0);
	stepd_resume(&ours);
	ck_assert_int_eq(suspension_probe(ours.pid, &child, getuid()),
			 SUSPENSION_NO);
	stepd_kill(&ours);
	ck_assert_int_eq(suspension_probe(ours.pid, &child, getuid()),
			 SUSPENSION_UNKNOWN);
	stepd_kill(&other);
}
END_TEST

/* What a child's own child does is a user's matter. */
START_TEST(test_not_ours)
{
	stepd_t stepd = stepd_start();
	gaterec_t job;

	rig.ap.owner = getuid();
	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	stepd_is(&stepd, &job);
	job.stepd_pid = getpid();	/* whose child is stepd, stopped below */
	job.stepd_start = process_start_ticks(getpid());
	rig_write(&rig, &job);
	rig_run(&rig, 40, 200);
	stepd_suspend(&stepd);		/* the grandchild */
	rig_run(&rig, 40, 200);
	ck_assert_int_eq(slot_of(1).since_ns, 0);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("not ours");
	job_is(1, 0.5 * 200 * 80, 80, 80);
	stepd_kill(&stepd);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("account");
	TCase *tc = tcase_create("running");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_two_halves);
	tcase_add_test(tc, test_unallocated);
	tcase_add_test(tc, test_sums);
	tcase_add_test(tc, test_scaled);
	tcase_add_test(tc, test_steps);
	tcase_add_test(tc, test_between_samples);
	tcase_add_test(tc, test_between_ticks);
	tcase_add_test(tc, test_share_known_later);
	tcase_add_test(tc, test_share_never_known);
	tcase_add_test(tc, test_late_record);
	tcase_add_test(tc, test_late_and_over);
	tcase_add_test(tc, test_gap);
	tcase_add_test(tc, test_bridged);
	tcase_add_test(tc, test_closed_in_the_dark);
	tcase_add_test(tc, test_vanished);
	tcase_add_loop_test(tc, test_ends_behind_our_back, 0, 20);
	tcase_add_test(tc, test_vanished_and_swept);
	tcase_add_test(tc, test_extern_gone);
	tcase_add_test(tc, test_no_descriptors);
	tcase_add_test(tc, test_requeued);
	tcase_add_test(tc, test_prolog_holds_back);
	tcase_add_test(tc, test_prolog_taken_up_behind_our_back);
	tcase_add_test(tc, test_prolog_for_ever);
	tcase_add_test(tc, test_other_boots_records);
	tcase_add_test(tc, test_no_gate_dir);
	tcase_add_test(tc, test_gate_dir_made_again);
	tcase_add_test(tc, test_unsafe_gate_dir);
	tcase_add_test(tc, test_hour);
	tcase_add_loop_test(tc, test_wall_steps, 0, COUNT(wall_steps));
	tcase_add_loop_test(tc, test_wall_slews, 0, 2);
	tcase_add_test(tc, test_many_jobs);
	tcase_add_test(tc, test_suspended);
	tcase_add_test(tc, test_stopped_by_user);
	tcase_add_test(tc, test_suspended_in_doubt);
	tcase_add_test(tc, test_suspended_no_answer);
	tcase_add_test(tc, test_ends_in_doubt);
	tcase_add_test(tc, test_suspended_before_any_sample);
	tcase_add_test(tc, test_ends_suspended);
	tcase_add_test(tc, test_requeued_suspended);
	tcase_add_test(tc, test_probe);
	tcase_add_test(tc, test_not_ours);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
