/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What slurmdbd tells of jobs, and the windows in which it is asked. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "slurmdb/map.h"
#include "slurmdb/windows.h"

/* ---- values ---------------------------------------------------------------- */

static const struct gpu_ids gpus = { .plain = 1001, .typed = { 1002, 1003 },
				     .typed_len = 2 };

/* Texts of records are not ours to change; these are literals. */
static char *text(const char *s)
{
	return (char *)(size_t)s;
}

static slurmdb_job_rec_t make_record(void)
{
	slurmdb_job_rec_t r = {
		.jobid = 12, .db_index = 99, .array_task_id = NO_VAL,
		.state = JOB_COMPLETE, .start = 1000, .end = 1600,
		.suspended = 7, .elapsed = 593, .nodes = text("n[1-2]"),
		.user = text("ann"), .account = text("proj"),
		.wckey = text("*key"),
		.jobname = text("final \n"), .derived_es = text("exp=7"),
		.tres_alloc_str = text("1=4,2=2000,3=1234,4=2,5=4,1001=3"),
		.tres_req_str = text("1=9,2=1"),
	};

	return r;
}

static bool same(double a, double b)
{
	return isnan(a) ? isnan(b) : fabs(a - b) < 1e-9;
}

START_TEST(test_job)
{
	slurmdb_job_rec_t r = make_record();
	struct slurmdb_job job;

	map_job(&r, &gpus, &job);
	ck_assert_uint_eq(job.id, 12);
	ck_assert_uint_eq(job.row, 99);
	ck_assert_uint_eq(job.array_id, 0);
	ck_assert_str_eq(job.state, "COMPLETED");
	ck_assert_int_eq(job.start_s, 1000);
	ck_assert_int_eq(job.end_s, 1600);
	ck_assert_int_eq(job.suspended_s, 7);
	ck_assert_int_eq(job.elapsed_s, 593);
	ck_assert(same(job.cpus, 4) && same(job.mem_mb, 2000));
	ck_assert(same(job.gpus, 3) && same(job.energy_j, 1234));
	ck_assert_str_eq(job.nodes, "n[1-2]");
	ck_assert_str_eq(job.user, "ann");
	ck_assert_str_eq(job.account, "proj");
	ck_assert_str_eq(job.wckey, "key");
	ck_assert_str_eq(job.name, "final \n");
	ck_assert_str_eq(job.comment, "exp=7");
}
END_TEST

/* Nothing of a record is there. */
START_TEST(test_empty_job)
{
	slurmdb_job_rec_t r = { .array_task_id = NO_VAL };
	struct slurmdb_job job;

	map_job(&r, &gpus, &job);
	ck_assert_str_eq(job.state, "PENDING");
	ck_assert_str_eq(job.nodes, "");
	ck_assert_ptr_null(job.user);
	ck_assert_str_eq(job.account, "");
	ck_assert_str_eq(job.wckey, "");
	ck_assert_str_eq(job.name, "");
	ck_assert_str_eq(job.comment, "");
	ck_assert(same(job.cpus, 0) && same(job.energy_j, 0));
	ck_assert(isnan(job.gpus) && isnan(job.mem_mb));
	ck_assert_int_eq(job.start_s, 0);
	ck_assert_int_eq(job.end_s, 0);
}
END_TEST

START_TEST(test_times)
{
	static const struct {
		time_t told;
		int64_t want;
	} cases[] = {
		{ 0, 0 }, { 1, 1 }, { 1790000000, 1790000000 }, { -1, 0 },
		{ (time_t)NO_VAL, 0 }, { (time_t)INFINITE, 0 },
		{ INT64_MAX, 0 }, { INT64_MIN, 0 }, { 9000000001, 0 },
	};
	struct slurmdb_job job;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		slurmdb_job_rec_t r = make_record();

		r.start = r.end = cases[i].told;
		map_job(&r, &gpus, &job);
		ck_assert_int_eq(job.start_s, cases[i].want);
		ck_assert_int_eq(job.end_s, cases[i].want);
	}
}
END_TEST

#define UNSET64 "18446744073709551614"	/* NO_VAL64 */
#define ENDLESS64 "18446744073709551615"	/* INFINITE64 */

START_TEST(test_tres)
{
	static const struct {
		const char *held, *asked;
		double cpus, mem_mb, gpus, energy_j;
	} cases[] = {
		{ "1=2,2=100,3=5", NULL, 2, 100, 0, 5 },
		{ "", "1=3,2=50,3=7", 3, NAN, NAN, 0 },
		{ NULL, NULL, 0, NAN, NAN, 0 },
		/* what Slurm has in the place of "not set" */
		{ "1=2,3=" UNSET64, NULL, 2, NAN, 0, NAN },
		{ "1=2,3=" ENDLESS64, NULL, 2, NAN, 0, NAN },
		{ "1=" UNSET64 ",2=" UNSET64 ",1001=" UNSET64, NULL, 0, NAN, 0, 0 },
		{ "1=1,2=" ENDLESS64, NULL, 1, NAN, 0, 0 },
		/* a counter that wrapped: large, and not unknown here */
		{ "1=1,3=18446744073709540016", NULL, 1, NAN, 0,
		  18446744073709540016.0 },
		/* the plain entry, else typed ones together */
		{ "1=1,1002=2,1003=3", NULL, 1, NAN, 5, 0 },
		{ "1=1,1002=2,1001=4", NULL, 1, NAN, 4, 0 },
		{ "1=1,1001=0", NULL, 1, NAN, 0, 0 },
		/* ids are whole: 11=, 21=, 31= are others */
		{ "11=8,21=9,31=10", NULL, 0, NAN, 0, 0 },
		{ "3=1,1=6", NULL, 6, NAN, 0, 1 },
		/* nonsense */
		{ "1", NULL, 0, NAN, 0, 0 },
		{ "1=", NULL, 0, NAN, 0, 0 },
		{ "1=x,3=", NULL, 0, NAN, 0, NAN },
		{ "1=-5,3=-7", NULL, 0, NAN, 0, NAN },
		{ ",,,", NULL, 0, NAN, 0, 0 },
		{ "cpu=4,energy=9", NULL, 0, NAN, 0, 0 },
		{ "1=2=3,3=4=5", NULL, 2, NAN, 0, 4 },
		{ "99999999999999999999999=1,3=8", NULL, 0, NAN, 0, 8 },
	};
	struct slurmdb_job job;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		slurmdb_job_rec_t r = make_record();

		r.tres_alloc_str = text(cases[i].held);
		r.tres_req_str = text(cases[i].asked);
		map_job(&r, &gpus, &job);
		ck_assert_msg(same(job.cpus, cases[i].cpus) &&
			      same(job.mem_mb, cases[i].mem_mb) &&
			      same(job.gpus, cases[i].gpus) &&
			      same(job.energy_j, cases[i].energy_j),
			      "%zu \"%s\": %g CPUs, %g MB, %g GPUs, %g J", i,
			      cases[i].held ? cases[i].held : "(none)", job.cpus,
			      job.mem_mb, job.gpus, job.energy_j);
	}
}
END_TEST

START_TEST(test_states)
{
	static const struct {
		uint32_t state;
		const char *name;
	} cases[] = {
		{ JOB_PENDING, "PENDING" }, { JOB_RUNNING, "RUNNING" },
		{ JOB_SUSPENDED, "SUSPENDED" }, { JOB_COMPLETE, "COMPLETED" },
		{ JOB_CANCELLED, "CANCELLED" }, { JOB_FAILED, "FAILED" },
		{ JOB_TIMEOUT, "TIMEOUT" }, { JOB_NODE_FAIL, "NODE_FAIL" },
		{ JOB_PREEMPTED, "PREEMPTED" }, { JOB_BOOT_FAIL, "BOOT_FAIL" },
		{ JOB_DEADLINE, "DEADLINE" }, { JOB_OOM, "OUT_OF_MEMORY" },
		{ JOB_REQUEUE, "REQUEUED" }, { JOB_RESIZING, "RESIZING" },
		{ JOB_REVOKED, "REVOKED" },
		{ JOB_CANCELLED | JOB_REQUEUE, "REQUEUED" },
		{ JOB_RUNNING | JOB_COMPLETING, "COMPLETING" },
		{ JOB_END, "?" }, { 255, "?" }, { NO_VAL, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_str_eq(map_state(cases[i].state), cases[i].name);
}
END_TEST

START_TEST(test_odd_fields)
{
	slurmdb_job_rec_t r = make_record();
	struct slurmdb_job job;

	r.nodes = text("None assigned");
	r.wckey = text("");
	r.array_job_id = 5;
	r.array_task_id = 0;
	r.suspended = NO_VAL;
	r.elapsed = INFINITE;
	map_job(&r, &gpus, &job);
	ck_assert_str_eq(job.nodes, "");
	ck_assert_str_eq(job.wckey, "");
	ck_assert_uint_eq(job.array_id, 5);
	ck_assert_uint_eq(job.array_task, 0);
	ck_assert_int_eq(job.suspended_s, 0);
	ck_assert_int_eq(job.elapsed_s, 0);
	/* what is left of an array that waits */
	r.array_task_id = NO_VAL;
	map_job(&r, &gpus, &job);
	ck_assert_uint_eq(job.array_id, 0);
	ck_assert(isnan(map_energy(NO_VAL64)) && isnan(map_energy(INFINITE64)));
	ck_assert(same(map_energy(0), 0));
}
END_TEST

START_TEST(test_gpu_ids)
{
	struct gpu_ids ids = { 0 };
	slurmdb_tres_rec_t tres = { .type = text("gres"), .name = text("gpu"),
				    .id = 1001 };

	map_add_gpu(&ids, &tres);
	tres.name = text("gpu:a100");
	for (uint32_t id = 2000; id < 2100; id++) {
		tres.id = id;
		map_add_gpu(&ids, &tres);
	}
	ck_assert_uint_eq(ids.plain, 1001);
	ck_assert_uint_eq(ids.typed_len, 64);
	ck_assert_uint_eq(ids.typed[0], 2000);

	memset(&ids, 0, sizeof(ids));
	tres.id = 1;
	tres.name = NULL;
	map_add_gpu(&ids, &tres);
	tres.name = text("gpu");
	tres.type = text("license");
	map_add_gpu(&ids, &tres);
	tres.type = NULL;
	map_add_gpu(&ids, &tres);
	tres.type = text("gres");
	tres.name = text("gpux");
	map_add_gpu(&ids, &tres);
	ck_assert(ids.plain == 0 && ids.typed_len == 0);
}
END_TEST

/* ---- windows --------------------------------------------------------------- */

#define NOW INT64_C(1790000000)

/* They follow each other without a gap from `from` to `to`; how many? */
static size_t walk(int64_t from_s, int64_t to_s, size_t (*jobs)(int64_t, int64_t),
		   size_t *most)
{
	struct windows w;
	int64_t at = from_s > 0 ? from_s : 1, a, b;
	size_t n = 0;

	*most = 0;
	windows_begin(&w, from_s, to_s, NOW);
	while (windows_next(&w, &a, &b)) {
		size_t had = jobs(a, b);

		ck_assert_int_eq(a, at);
		ck_assert_int_gt(b, a);
		at = b;
		if (had > *most)
			*most = had;
		windows_had(&w, had);
		ck_assert_uint_lt(++n, 100000);
	}
	ck_assert(from_s >= to_s || at == to_s);
	return n;
}

static size_t none(int64_t from_s, int64_t to_s)
{
	(void)from_s;
	(void)to_s;
	return 0;
}

static size_t one_a_second(int64_t from_s, int64_t to_s)
{
	return (size_t)(to_s - from_s);
}

static size_t thousand_a_second(int64_t from_s, int64_t to_s)
{
	return (size_t)(to_s - from_s) * 1000;
}

static size_t all_in_one_second(int64_t from_s, int64_t to_s)
{
	return from_s <= NOW - 5000 && to_s > NOW - 5000 ? 5000000 : 0;
}

START_TEST(test_windows)
{
	size_t most;

	ck_assert_uint_eq(walk(NOW, NOW, none, &most), 0);
	ck_assert_uint_eq(walk(NOW, NOW - 1, none, &most), 0);
	ck_assert_uint_eq(walk(NOW - 1, NOW, none, &most), 1);
	ck_assert_uint_le(walk(NOW - 7 * 86400, NOW, none, &most), 4);
	/* all time, and the far future, take few */
	ck_assert_uint_le(walk(0, NOW, none, &most), 600);
	ck_assert_uint_le(walk(NOW - 3600, NOW * 4, none, &most), 10);
	/* a page has about as many as it should */
	ck_assert_uint_le(walk(NOW - 30 * 86400, NOW, one_a_second, &most), 140);
	ck_assert_uint_le(most, WINDOW_JOBS * 3 / 2);
	walk(NOW - 86400, NOW, all_in_one_second, &most);
}
END_TEST

/* The first window may be too much; those after it are not. */
START_TEST(test_windows_shrink)
{
	struct windows w;
	int64_t a, b;

	windows_begin(&w, NOW - 86400, NOW, NOW);
	ck_assert(windows_next(&w, &a, &b));
	windows_had(&w, thousand_a_second(a, b));
	ck_assert(windows_next(&w, &a, &b));
	ck_assert_uint_le(thousand_a_second(a, b), WINDOW_JOBS);
	windows_had(&w, SIZE_MAX);
	ck_assert(windows_next(&w, &a, &b));
	ck_assert_int_ge(b - a, 1);
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("slurmdb");
	Suite *suite = suite_create("slurmdb");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, test_job);
	tcase_add_test(tc, test_empty_job);
	tcase_add_test(tc, test_times);
	tcase_add_test(tc, test_tres);
	tcase_add_test(tc, test_states);
	tcase_add_test(tc, test_odd_fields);
	tcase_add_test(tc, test_gpu_ids);
	tcase_add_test(tc, test_windows);
	tcase_add_test(tc, test_windows_shrink);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
