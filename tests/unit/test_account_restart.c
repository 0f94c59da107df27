/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The accountant over stops, crashes, other boots and a ledger that fails. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>

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

static void read_ledger(const char *what)
{
	rig_ledger_free(&out);
	out = rig_ledger_read(rig.ledger_path);
	rig_check_laws(&out, what);
}

static void stop_and_read(const char *what)
{
	ck_assert_msg(rig_stop(&rig) == 0, "%s", rig.last_error);
	read_ledger(what);
}

static void near(double got, double want, double tolerance, const char *what)
{
	ck_assert_msg(fabs(got - want) <= tolerance, "%s: %.9f, not %.9f", what,
		      got, want);
}

/* ---- the same with and without ------------------------------------------------------ */

enum how { NOT, CLEAN, CRASH, STALE, CLEAN_STALE, CLEAN_LOST, HOWS };

static const char *const how_names[] = {
	"not at all", "clean", "crash", "crash before NODE.open",
	"stop, NODE.open not written", "stop, NODE.open of the last tick",
};

static void restart(enum how how, const char *stale, size_t size)
{
	if (how == CLEAN || how == CLEAN_STALE || how == CLEAN_LOST)
		ck_assert_msg(rig_stop(&rig) == 0, "%s", rig.last_error);
	else
		rig_crash(&rig);
	if (how == STALE || how == CLEAN_STALE || how == CLEAN_LOST)
		file_write(rig.open_path, stale, size);
	rig_open(&rig);
}

/* Two jobs and a third one's end, on odd power, over a UTC hour. */
#define STORY_TICKS 40
#define RESTART_TICKS (STORY_TICKS - 1)	/* one tick at least comes after */
static void story(enum how how, int at)
{
	gaterec_t a, b, c;
	int k;

	rig.wall_minus_boot_ns = RIG_HOUR + SECONDS(3600 - 93) - RIG_START;
	rig_open(&rig);
	a = rig_begin(&rig, 1, 1.0 / 3);
	for (k = 0; k < STORY_TICKS; k++) {
		char *stale = NULL;
		size_t size = 0;

		rig.now_ns += SECONDS(2.1);
		if (k == 5)
			b = rig_begin(&rig, 2, 0.1);
		if (k == 9)
			c = rig_begin(&rig, 3, 0.5);
		if (k == 10)
			rig_end(&rig, &c);
		if (k == 25)
			rig_end(&rig, &a);
		if (k == 30)
			rig_end(&rig, &b);
		rig.now_ns -= SECONDS(2.1);
		if (how != NOT && how != CLEAN_LOST && k == at)
			stale = file_read(rig.open_path, &size);
		rig_step(&rig, k == 13 || k == 20 || k == 21 ? 0 :
			 200 + 123.4567 * (k % 7));
		if (how == CLEAN_LOST && k == at)
			stale = file_read(rig.open_path, &size);
		if (how != NOT && k == at)
			restart(how, stale, size);
		free(stale);
	}
	stop_and_read(how_names[how]);
}

START_TEST(test_same_totals)
{
	enum how how = (enum how)(1 + _i / RESTART_TICKS);
	int at = _i % RESTART_TICKS;
	struct ledger_interval sum, sum_once;
	struct rig_ledger once;
	uint32_t job;

	if (run_is_slow() && _i % 7)
		return;
	story(NOT, 0);
	once = out;
	out = (struct rig_ledger){ 0 };
	rig_free(&rig);
	scratch_teardown();
	setup();
	story(how, at);

	for (job = 1; job <= 3; job++) {
		const struct ledger_alloc *x = rig_alloc(&once, job, "extern", 0);
		const struct ledger_alloc *y = rig_alloc(&out, job, "extern", 0);

		/* both figures are told to the microjoule */
		near(y->gated_j, x->gated_j, 1.01e-6, how_names[how]);
		near(y->node_j, x->node_j, 1.01e-6, how_names[how]);
		ck_assert_int_eq(y->active_ns, x->active_ns);
		ck_assert_int_eq(y->covered_ns, x->covered_ns);
		ck_assert_int_eq(y->max_gap_ns, x->max_gap_ns);
		ck_assert_int_eq(y->end_wall_ns, x->end_wall_ns);
		ck_assert_str_eq(y->end, x->end);
		ck_assert_str_eq(y->source, x->source);
		ck_assert_double_eq_tol(y->model_w, x->model_w, 1e-9);
	}
	sum = rig_total(&out);
	sum_once = rig_total(&once);
	near(sum.node_j, sum_once.node_j, 5e-6, how_names[how]);
	near(sum.allocated_j, sum_once.allocated_j, 5e-6, how_names[how]);
	near(sum.unallocated_j, sum_once.unallocated_j, 5e-6, how_names[how]);
	near(sum.idle_j, sum_once.idle_j, 5e-6, how_names[how]);
	ck_assert_int_eq(sum.start_ns, sum_once.start_ns);
	ck_assert_int_eq(sum.end_ns, sum_once.end_ns);
	ck_assert_int_eq(sum.unmeasured_ns, sum_once.unmeasured_ns);
	ck_assert_int_eq(sum.idle_ns, sum_once.idle_ns);
	/* a clean stop ends the interval, a crash does not */
	ck_assert_uint_eq(rig_count(&out, LEDGER_INTERVAL),
			  rig_count(&once, LEDGER_INTERVAL) +
			  (how == CLEAN || how >= CLEAN_STALE));
	ck_assert_int_eq(rig.errors, 0);
	ck_assert_int_eq(rig.warnings, 0);
	rig_ledger_free(&once);
}
END_TEST

/*
 * It began and ended behind the last NODE.open and was written; its record
 * lingers, or was swept: only the ledger knows its share, or all of it, when the
 * stretch is settled once more.
 */
START_TEST(test_known_to_the_ledger_only)
{
	struct ledger_interval sum;
	gaterec_t job;
	size_t size;
	char *stale;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	stale = file_read(rig.open_path, &size);
	job = rig_begin(&rig, 1, NAN);	/* a core of two */
	rig.sp.hw.cores = 2;
	rig.now_ns += SECONDS(3);
	rig_end(&rig, &job);
	rig.now_ns -= SECONDS(3);
	rig_run(&rig, 10, 200);
	if (_i)
		ck_assert_int_eq(gaterec_sweep(rig.gate_dirfd, getuid(),
			rig.boot_id, rig.now_ns,
			series_writer_settled(rig.series), 9), 1);
	restart(STALE, stale, size);
	free(stale);
	rig_run(&rig, 30, 200);
	stop_and_read("known to the ledger only");
	near(rig_alloc(&out, 1, "extern", 0)->gated_j, 300, 1e-6, "job");
	sum = rig_total(&out);
	near(sum.allocated_j, 300, 1e-6, "part");
	near(sum.unallocated_j, 300, 1e-6, "the rest");
}
END_TEST

/* One record that cannot be stored: said, and the others are. */
START_TEST(test_unstorable)
{
	gaterec_t bad, good;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	good = rig_begin(&rig, 2, 0.5);
	bad = rig_record(&rig, 1, "extern", 0.25);
	bad.holding.mem_mb = 1e20;	/* beyond what the ledger takes */
	rig_write(&rig, &bad);
	rig_run(&rig, 50, 200);
	rig_crash(&rig);		/* nor does NODE.open suffer */
	rig_open(&rig);
	ck_assert_int_eq(rig.errors, 0);
	rig_end(&rig, &bad);
	rig_end(&rig, &good);
	rig_run(&rig, 30, 200);
	ck_assert_int_eq(rig_stop(&rig), 0);
	out = rig_ledger_read(rig.ledger_path);
	ck_assert_uint_eq(rig_count(&out, LEDGER_ALLOC), 1);
	near(rig_alloc(&out, 2, "extern", 0)->gated_j, 5000, 1e-6, "good");
	ck_assert_int_eq(rig.errors, 1);
}
END_TEST

/* ---- while it was away ------------------------------------------------------------------ */

START_TEST(test_begun_and_ended_while_away)
{
	gaterec_t a, b, c;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	a = rig_begin(&rig, 1, 0.5);
	rig_run(&rig, 50, 200);
	if (_i)
		rig_crash(&rig);
	else
		ck_assert_int_eq(rig_stop(&rig), 0);
	rig.now_ns += SECONDS(4);
	rig_end(&rig, &a);		/* at 74 s */
	b = rig_begin(&rig, 2, 0.25);	/* from 74 s to 77 s */
	c = rig_begin(&rig, 3, 0.5);	/* from 74 s on */
	rig.now_ns += SECONDS(3);
	rig_end(&rig, &b);
	rig.now_ns += SECONDS(3);	/* back within max_gap */
	rig_open(&rig);
	rig_run(&rig, 40, 200);
	rig_end(&rig, &c);
	rig_run(&rig, 30, 200);
	stop_and_read("while away");
	near(rig_alloc(&out, 1, "extern", 0)->gated_j, 100 * 54, 1e-6, "ended");
	near(rig_alloc(&out, 2, "extern", 0)->gated_j, 50 * 3, 1e-6, "both");
	near(rig_alloc(&out, 3, "extern", 0)->gated_j, 100 * 46, 1e-6, "begun");
	ck_assert_int_eq(rig_total(&out).unmeasured_ns, SECONDS(5));
}
END_TEST

START_TEST(test_vanished_while_away)
{
	stepd_t stepd = stepd_start();
	const struct ledger_alloc *a;
	gaterec_t job;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, "extern", 0.5);
	stepd_is(&stepd, &job);
	rig_write(&rig, &job);
	rig_run(&rig, 50, 200);
	ck_assert_int_eq(rig_stop(&rig), 0);
	stepd_kill(&stepd);
	rig.now_ns += SECONDS(5);
	rig_open(&rig);
	rig_run(&rig, 40, 200);
	stop_and_read("vanished while away");
	a = rig_alloc(&out, 1, "extern", 0);
	ck_assert_str_eq(a->end, "vanished");
	near(a->gated_j, 100 * 49, 1e-6, "up to what was settled");
}
END_TEST

/* The gate directory cannot be looked at for a while: no one is gone for that. */
START_TEST(test_blind_after_restart)
{
	gaterec_t job;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_begin(&rig, 1, 0.5);
	rig_run(&rig, 50, 200);
	ck_assert_int_eq(rig_stop(&rig), 0);
	ck_assert_int_eq(chmod(rig.gate_dir, 0777), 0);
	rig_open(&rig);
	rig_run(&rig, 20, 200);
	ck_assert_int_eq(rig.errors, 1);
	ck_assert_int_eq(chmod(rig.gate_dir, 0750), 0);
	rig_run(&rig, 20, 200);
	rig_end(&rig, &job);
	rig_run(&rig, 20, 200);
	stop_and_read("blind");
	near(rig_alloc(&out, 1, "extern", 0)->gated_j, 100 * 90, 1e-6, "job");
	ck_assert_str_eq(rig_alloc(&out, 1, "extern", 0)->end, "exit");
}
END_TEST

/* ---- suspended over a restart -------------------------------------------------------------- */

START_TEST(test_suspended_over_restart)
{
	stepd_t stepd = stepd_start();
	const struct ledger_alloc *a;
	gaterec_t job;
	int k;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, "extern", 0.5);
	stepd_is(&stepd, &job);
	rig_write(&rig, &job);
	rig_run(&rig, 40, 200);
	stepd_suspend(&stepd);
	for (k = 1; k <= 20; k++) {	/* seen at 65 s; each tick ends so */
		rig_step(&rig, 200);
		if (_i == 0)
			ck_assert_int_eq(rig_stop(&rig), 0);
		else
			rig_crash(&rig);
		rig_open(&rig);
	}
	stepd_resume(&stepd);
	rig_run(&rig, 40, 200);		/* seen at 165 s */
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("suspended over restart");
	a = rig_alloc(&out, 1, "extern", 0);
	near(a->gated_j, 100 * 80, 3e-5, "gated");
	ck_assert_int_eq(a->suspended_ns, SECONDS(100));
	ck_assert_int_eq(a->active_ns, SECONDS(80));
	stepd_kill(&stepd);
}
END_TEST

/*
 * Of a suspension that ended there is kept how long it was, not when. A crash
 * in the very tick charges what was not settled: a second, no more.
 */
START_TEST(test_crash_at_resume)
{
	stepd_t stepd = stepd_start();
	const struct ledger_alloc *a;
	gaterec_t job;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_record(&rig, 1, "extern", 0.5);
	stepd_is(&stepd, &job);
	rig_write(&rig, &job);
	rig_run(&rig, 40, 200);
	stepd_suspend(&stepd);
	rig_run(&rig, 100, 200);
	stepd_resume(&stepd);
	rig_run(&rig, 5.0 + 5.0 * _i, 200);
	rig_crash(&rig);
	rig_open(&rig);
	rig_run(&rig, 50, 200);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	stop_and_read("crash at resume");
	a = rig_alloc(&out, 1, "extern", 0);
	near(ns_to_s(a->suspended_ns), 100, _i ? 0 : 1, "suspended");
	near(a->gated_j, 100 * ns_to_s(a->active_ns), 1e-5, "gated");
	stepd_kill(&stepd);
}
END_TEST

/* ---- another boot ---------------------------------------------------------------------------- */

/* The node went down: run directory and clock begin anew. */
static void reboot(void)
{
	rig_crash(&rig);
	ck_assert_int_eq(unlink(rig.series_path), 0);
	ck_assert_int_eq(unlink(rig.suspend_path), 0);
	rig.boot_id[0] = rig.boot_id[0] == 'a' ? 'b' : 'a';
	rig.wall_minus_boot_ns += rig.now_ns - SECONDS(40) + SECONDS(120);
	rig.now_ns = SECONDS(40);
	series_destroy(rig.truth);
	rig.truth = series_create(1000, RIG_PERIOD, RIG_MAX_GAP);
	ck_assert_ptr_nonnull(rig.truth);
}

START_TEST(test_other_boot)
{
	const struct ledger_alloc *a;
	const struct ledger_interval *iv;
	gaterec_t job, done;
	int i;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	done = rig_begin(&rig, 2, 0.25);
	job = rig_begin(&rig, 1, 0.5);
	rig_run(&rig, 30, 200);
	rig_end(&rig, &done);
	rig_run(&rig, 100, 200);
	rig_remove(&rig, &done);
	rig_remove(&rig, &job);		/* the run directory is in memory */
	reboot();
	rig_open(&rig);
	read_ledger("other boot");
	a = rig_alloc(&out, 1, "extern", 0);
	ck_assert_str_eq(a->end, "crash");
	/* as of NODE.open: at most a minute, and a second, before */
	ck_assert_int_ge(a->end_ns, RIG_START + SECONDS(150 - 60 - 1));
	near(a->gated_j, 100 * ns_to_s(a->end_ns - a->start_ns), 1e-6, "gated");
	ck_assert_str_eq(a->source, "redfish:power");
	ck_assert_str_eq(rig_alloc(&out, 2, "extern", 0)->end, "exit");
	ck_assert_uint_eq(rig_count(&out, LEDGER_INTERVAL), 1);
	iv = &out.recs[out.len - 1].interval;
	if (out.recs[out.len - 1].kind != LEDGER_INTERVAL)
		iv = &out.recs[out.len - 2].interval;
	ck_assert_int_eq(iv->end_ns, a->end_ns);

	for (i = 0; i < 3; i++) {	/* nothing is written again */
		rig_run(&rig, 30, 300);
		if (i == 1)
			rig_crash(&rig);
		else
			ck_assert_int_eq(rig_stop(&rig), 0);
		rig_open(&rig);
	}
	stop_and_read("other boot, later");
	ck_assert_uint_eq(rig_count(&out, LEDGER_ALLOC), 2);
	for (i = 0; i < (int)out.len; i++)
		if (out.recs[i].kind == LEDGER_INTERVAL &&
		    !strcmp(out.recs[i].interval.boot_id, rig.boot_id))
			ck_assert_int_ge(out.recs[i].interval.start_ns,
					 SECONDS(40));
	ck_assert_int_eq(rig.errors, 0);
}
END_TEST

/* The node goes down between ledger and NODE.open, and again while it starts. */
START_TEST(test_other_boot_stale)
{
	gaterec_t job, other;
	size_t size;
	char *stale;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_begin(&rig, 1, 0.5);
	other = rig_begin(&rig, 2, 0.25);
	rig_run(&rig, 60, 200);
	rig_end(&rig, &job);
	stale = file_read(rig.open_path, &size);
	rig_run(&rig, 15, 200);		/* job 1 is in the ledger, */
	file_write(rig.open_path, stale, size);	/* and open */
	rig_remove(&rig, &job);
	rig_remove(&rig, &other);
	reboot();
	rig_open(&rig);
	rig_crash(&rig);
	file_write(rig.open_path, stale, size);
	rig_open(&rig);
	rig_run(&rig, 30, 200);
	/* of the interval is known what NODE.open had: less than the job has */
	ck_assert_int_eq(rig_stop(&rig), 0);
	out = rig_ledger_read(rig.ledger_path);
	ck_assert_str_eq(rig_alloc(&out, 1, "extern", 0)->end, "exit");
	ck_assert_str_eq(rig_alloc(&out, 2, "extern", 0)->end, "crash");
	free(stale);
}
END_TEST

/* ---- a ledger that fails ------------------------------------------------------------------------ */

static void move_away(bool away)
{
	char other[256];

	snprintf(other, sizeof(other), "%s.away", rig.ledger_path);
	ck_assert_int_eq(away ? rename(rig.ledger_path, other)
			      : rename(other, rig.ledger_path), 0);
}

START_TEST(test_ledger_away)
{
	gaterec_t a, b;
	int64_t settled;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	a = rig_begin(&rig, 1, 0.5);
	b = rig_begin(&rig, 2, 0.5);
	rig_run(&rig, 50, 200);
	move_away(true);
	settled = series_writer_settled(rig.series);
	rig_end(&rig, &a);
	rig_run(&rig, 100, 200);
	rig_end(&rig, &b);
	rig_run(&rig, 100, 200);
	ck_assert_int_eq(rig.errors, 1);	/* said once */
	ck_assert_ptr_nonnull(strstr(rig.last_error, "wait"));
	/* no record may be swept before it is in the ledger */
	ck_assert_int_le(series_writer_settled(rig.series),
			 settled + SECONDS(10));
	ck_assert_int_eq(gaterec_sweep(rig.gate_dirfd, getuid(), rig.boot_id,
				       rig.now_ns,
				       series_writer_settled(rig.series), 99), 0);
	if (_i) {	/* stopped meanwhile: NODE.open and the series know */
		ck_assert_int_eq(rig_stop(&rig), -1);
		ck_assert_ptr_nonnull(strstr(rig.last_error, rig.open_path));
		move_away(false);
		rig_open(&rig);
	} else {
		move_away(false);
	}
	rig_run(&rig, 30, 200);
	ck_assert_int_ge(series_writer_settled(rig.series),
			 rig.now_ns - SECONDS(2));
	stop_and_read("ledger away");
	near(rig_alloc(&out, 1, "extern", 0)->gated_j, 5000, 2e-6, "a");
	near(rig_alloc(&out, 2, "extern", 0)->gated_j, 15000, 2e-6, "b");
	near(rig_total(&out).node_j, 200 * (300 - 6), 1e-5, "node");
}
END_TEST

/* A full disk: the write stops half-way, for real. */
START_TEST(test_ledger_full)
{
	static struct ledger_rec filler[300];
	struct rlimit limit, full;
	struct err err = { "" };
	gaterec_t a;
	struct stat st;
	unsigned i;

	rig_open(&rig);
	/* the limit is for all files: the ledger must be the longest one */
	for (i = 0; i < COUNT(filler); i++) {
		filler[i] = (struct ledger_rec){ .kind = LEDGER_ALLOC };
		filler[i].alloc.job_id = 9000 + i;
		filler[i].alloc.share = filler[i].alloc.model_w = NAN;
		memset(filler[i].alloc.node, 'x', 200);
		strcpy(filler[i].alloc.step, "batch");
	}
	ck_assert_msg(ledger_append(rig.ledger, filler, COUNT(filler), &err) ==
		      0, "%s", err.text);
	rig_run(&rig, 20, 200);
	a = rig_begin(&rig, 1, 0.5);
	rig_run(&rig, 50, 200);
	ck_assert_int_eq(stat(rig.ledger_path, &st), 0);
	ck_assert_int_ge(st.st_size, 120000);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	full = limit;
	full.rlim_cur = (rlim_t)st.st_size + 100;
	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
	rig_end(&rig, &a);
	rig_run(&rig, 100, 200);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(rig.errors, 1);
	rig_run(&rig, 30, 200);
	stop_and_read("ledger full");
	near(rig_alloc(&out, 1, "extern", 0)->gated_j, 5000, 1e-6, "a");
	ck_assert_uint_eq(rig_count(&out, LEDGER_ALLOC), 301);
}
END_TEST

/* So long away that the queue is more than one append takes. */
START_TEST(test_long_queue)
{
	uint32_t job = 0;
	int i, k;

	rig_open(&rig);
	rig_run(&rig, 10, 200);
	move_away(true);
	for (i = 0; i < 34; i++) {
		gaterec_t recs[500];

		for (k = 0; k < 500; k++)
			recs[k] = rig_begin(&rig, ++job, 0.002);
		rig.now_ns += SECONDS(5);
		for (k = 0; k < 500; k++)
			rig_end(&rig, &recs[k]);
		rig.now_ns -= SECONDS(5);
		rig_run(&rig, 10, 200);
		for (k = 0; k < 500; k++)	/* as a sweep never would */
			rig_remove(&rig, &recs[k]);
	}
	rig_run(&rig, 30, 200);
	move_away(false);
	rig_run(&rig, 10, 200);
	ck_assert_int_eq(rig_stop(&rig), 0);
	out = rig_ledger_read(rig.ledger_path);
	ck_assert_uint_eq(rig_count(&out, LEDGER_ALLOC), 17000);
	ck_assert_uint_ge(rig_count(&out, LEDGER_INTERVAL), 4);
	near(rig_total(&out).allocated_j, 17000 * 0.002 * 200 * 5, 1e-2, "all");
}
END_TEST

/* ---- no reading, ever ------------------------------------------------------------------------------ */

START_TEST(test_never_a_sample)
{
	gaterec_t job;
	uint32_t i, n;
	int k;

	rig_open(&rig);
	job = rig_begin(&rig, 1, 0.5);
	for (k = 0; k < 4; k++) {
		rig_run(&rig, 2000, 0);
		if (k == 2)
			rig_end(&rig, &job);
		stop_and_read("never a sample");
		rig_open(&rig);
	}
	rig_run(&rig, 60, 200);
	stop_and_read("then some");
	near(rig_alloc(&out, 1, "extern", 0)->gated_j, 0, 0, "nothing");
	ck_assert_int_eq(rig_alloc(&out, 1, "extern", 0)->covered_ns, 0);
	/* the hours are there, and are told apart */
	n = rig_count(&out, LEDGER_INTERVAL);
	ck_assert_msg(n >= 6 && n <= 8, "%u", n);
	for (i = 0; i < out.len; i++) {
		const struct ledger_interval *iv = &out.recs[i].interval;

		if (out.recs[i].kind != LEDGER_INTERVAL)
			continue;
		ck_assert_int_eq(iv->start_wall_ns,
				 iv->start_ns + rig.wall_minus_boot_ns);
		ck_assert_int_eq(iv->end_wall_ns,
				 iv->end_ns + rig.wall_minus_boot_ns);
	}
	ck_assert_int_eq(rig.errors, 0);
}
END_TEST

/* A clock that shows 1970 until someone sets it. */
START_TEST(test_no_wall_clock)
{
	rig.wall_minus_boot_ns = -RIG_START;
	rig_open(&rig);
	rig_run(&rig, 30, 200);
	ck_assert_int_eq(rig_stop(&rig), 0);
	rig_open(&rig);
	rig.wall_minus_boot_ns = RIG_HOUR;
	rig_run(&rig, 30, 200);
	stop_and_read("no wall clock");
	ck_assert_int_eq(rig.errors, 0);
}
END_TEST

/* ---- what is damaged -------------------------------------------------------------------------------- */

START_TEST(test_damaged_open)
{
	gaterec_t job, batch;
	size_t size, at;
	uint32_t i;
	char *text;

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	job = rig_begin(&rig, 1, 0.5);
	batch = rig_record(&rig, 1, "batch", 0.5);
	rig_write(&rig, &batch);
	rig_run(&rig, 60, 200);
	ck_assert_int_eq(rig_stop(&rig), 0);
	text = file_read(rig.open_path, &size);
	for (at = 0; at < size; at += 41) {
		char kept = text[at];

		text[at] = _i ? kept ^ 1 : kept;
		file_write(rig.open_path, text, _i ? size : at);
		rig_open(&rig);		/* whatever is there */
		rig_run(&rig, 15, 200);
		ck_assert_int_eq(rig_stop(&rig), 0);
		text[at] = kept;
	}
	free(text);
	rig_open(&rig);
	rig_end(&rig, &job);
	rig_end(&rig, &batch);
	rig_run(&rig, 30, 200);
	ck_assert_int_eq(rig_stop(&rig), 0);
	out = rig_ledger_read(rig.ledger_path);
	rig_alloc(&out, 1, "extern", 0);	/* once */
	rig_alloc(&out, 1, "batch", 0);
	for (i = 0; i < out.len; i++) {
		const struct ledger_interval *iv = &out.recs[i].interval;

		if (out.recs[i].kind == LEDGER_INTERVAL)
			near(iv->allocated_j + iv->unallocated_j + iv->idle_j,
			     iv->node_j, 1e-3, "closes");
	}
}
END_TEST

/* A link in NODE.open's place is not followed, and said. */
START_TEST(test_linked_open)
{
	struct err err = { "" };

	rig_open(&rig);
	rig_run(&rig, 20, 200);
	ck_assert_int_eq(rig_stop(&rig), 0);
	ck_assert_int_eq(unlink(rig.open_path), 0);
	ck_assert_int_eq(symlink(rig.ledger_path, rig.open_path), 0);
	rig.ap.ledger = NULL;
	ck_assert_ptr_null(account_create(&rig.ap, &err));
	ck_assert_ptr_nonnull(strstr(err.text, rig.open_path));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("account, restarts");
	TCase *tc = tcase_create("restarts");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_same_totals, 0,
			    (HOWS - 1) * RESTART_TICKS);
	tcase_add_loop_test(tc, test_known_to_the_ledger_only, 0, 2);
	tcase_add_test(tc, test_unstorable);
	tcase_add_loop_test(tc, test_begun_and_ended_while_away, 0, 2);
	tcase_add_test(tc, test_vanished_while_away);
	tcase_add_test(tc, test_blind_after_restart);
	tcase_add_loop_test(tc, test_suspended_over_restart, 0, 2);
	tcase_add_loop_test(tc, test_crash_at_resume, 0, 3);
	tcase_add_test(tc, test_other_boot);
	tcase_add_test(tc, test_other_boot_stale);
	tcase_add_loop_test(tc, test_ledger_away, 0, 2);
	tcase_add_test(tc, test_ledger_full);
	if (!run_is_slow())
		tcase_add_test(tc, test_long_queue);
	tcase_add_test(tc, test_never_a_sample);
	tcase_add_test(tc, test_no_wall_clock);
	tcase_add_loop_test(tc, test_damaged_open, 0, 2);
	tcase_add_test(tc, test_linked_open);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
