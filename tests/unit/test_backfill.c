/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `wattgate backfill` decides for Slurm, and what reads it afterwards. */
#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/backfill_file.h"
#include "cli/backfill_jobs.h"
#include "cli/contest.h"
#include "cli/jobs_ledger.h"
#include "cli/ledgers.h"
#include "lib/samples.h"

/* ---- what a job held on a node --------------------------------------------------- */

static const struct {
	double cpus, gpus, mem_mb;
	uint32_t nodes;
	struct node_size sizes[3];
	uint32_t index;
	double want_cpus, want_gpus, want_mem;
	bool want_split;
} parts[] = {
	/* on one node all of it, however large that is */
	{ 3, 1, 1000, 1, { { 0, 0 } }, 0, 3, 1, 1000, false },
	{ 3, NAN, NAN, 1, { { 2, 0 } }, 0, 3, NAN, NAN, false },
	/* whole nodes of different sizes */
	{ 12, 0, 600, 2, { { 4, 0 }, { 8, 0 } }, 1, 8, 0, 300, false },
	{ 12, 5, 600, 2, { { 4, 1 }, { 8, 4 } }, 1, 8, 4, 300, false },
	/* whole nodes, but not all of their GPUs */
	{ 12, 2, 600, 2, { { 4, 1 }, { 8, 4 } }, 1, 8, 1, 300, true },
	/* not told */
	{ 6, 0, 600, 2, { { 4, 0 }, { 8, 0 } }, 0, 3, 0, 300, true },
	{ 6, 3, 600, 3, { { 4, 1 }, { 4, 1 }, { 4, 1 } }, 2, 2, 1, 200, true },
	/* a node that is not known: no node's size is believed */
	{ 12, 0, 600, 2, { { 12, 0 }, { 0, 0 } }, 0, 6, 0, 300, true },
	{ NAN, NAN, NAN, 2, { { 4, 0 }, { 8, 0 } }, 0, NAN, NAN, NAN, true },
	{ 0, 0, 0, 2, { { 0, 0 }, { 0, 0 } }, 0, 0, 0, 0, true },
};

static bool same(double a, double b)
{
	return (isnan(a) && isnan(b)) || fabs(a - b) < 1e-9;
}

START_TEST(parts_of_nodes)
{
	const struct job job = { .cpus = parts[_i].cpus, .gpus = parts[_i].gpus,
		.mem_mb = parts[_i].mem_mb, .nodes_len = parts[_i].nodes };
	const struct job_part p = job_part_of(&job, parts[_i].sizes,
					      parts[_i].index);

	ck_assert_msg(same(p.cpus, parts[_i].want_cpus), "%g CPUs", p.cpus);
	ck_assert_msg(same(p.gpus, parts[_i].want_gpus), "%g GPUs", p.gpus);
	ck_assert_msg(same(p.mem_mb, parts[_i].want_mem), "%g MiB", p.mem_mb);
	ck_assert_int_eq(p.split, parts[_i].want_split);
}
END_TEST

/* ---- whose hour counts ------------------------------------------------------------- */

#define T0 INT64_C(1790000000 / 3600 * 3600)

/* From..to in seconds behind T0, so much of it measured. */
static struct ledger_interval stretch(int from_s, int to_s, int measured_s,
				      bool past)
{
	struct ledger_interval iv = { .start_wall_ns = (T0 + from_s) * NS_PER_S,
		.end_wall_ns = (T0 + to_s) * NS_PER_S,
		.end_ns = (to_s - from_s) * NS_PER_S,
		.measured_ns = measured_s * NS_PER_S };

	strcpy(iv.boot_id, past ? LEDGER_PAST_BOOT "1-2" : "3fb97892");
	return iv;
}

START_TEST(hours_count_once)
{
	const struct ledger_interval ivs[] = {
		stretch(0, 3600, 3600, false), stretch(0, 3600, 3600, true),
		/* in pieces, less than the other together */
		stretch(3600, 5000, 1400, false), stretch(5100, 7200, 2000, false),
		stretch(3600, 7200, 3401, true),
		/* in pieces, as much */
		stretch(7200, 9000, 1800, false), stretch(9000, 10800, 1800, false),
		stretch(7200, 10800, 3600, true),
		/* alone, both */
		stretch(10800, 14400, 0, true), stretch(14400, 18000, 0, false),
	};
	const bool want[] = { false, true, true, true, false, false, false,
			      true, false, false };
	const struct ledger_interval *list[10];
	bool beaten[10];

	for (int turn = 0; turn < 10; turn++) {
		for (int i = 0; i < 10; i++)
			list[i] = &ivs[(i + turn) % 10];
		intervals_contest(list, 10, beaten);
		for (int i = 0; i < 10; i++)
			ck_assert_int_eq(beaten[i], want[(i + turn) % 10]);
	}
	intervals_contest(NULL, 0, NULL);
}
END_TEST

/* ---- the file ------------------------------------------------------------------------ */

static char dir[] = "/tmp/test_backfill.XXXXXX";

static void remove_all(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void make_dir(void)
{
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static struct ledger_rec alloc_of(uint32_t id, int start_s, int covered_s,
				  const char *boot, const char *end)
{
	struct ledger_rec rec = { .kind = LEDGER_ALLOC };
	struct ledger_alloc *a = &rec.alloc;

	a->job_id = id;
	strcpy(a->step, "extern");
	strcpy(a->node, "n1");
	strcpy(a->boot_id, boot);
	strcpy(a->source, boot);
	strcpy(a->end, end);
	a->start_wall_ns = (T0 + start_s) * NS_PER_S;
	a->end_wall_ns = a->start_wall_ns + 1000 * NS_PER_S;
	a->start_ns = a->start_wall_ns - SAMPLES_OFFSET_NS;
	a->end_ns = a->settled_ns = a->start_ns + 1000 * NS_PER_S;
	a->active_ns = 1000 * NS_PER_S;
	a->covered_ns = covered_s * NS_PER_S;
	a->gated_j = a->node_j = covered_s;
	a->share = 1;
	a->model_w = NAN;
	return rec;
}

static bool drop_second(const struct ledger_rec *rec, void *arg)
{
	(void)arg;
	return rec->kind == LEDGER_ALLOC && rec->alloc.job_id == 2;
}

START_TEST(file_goes_round)
{
	struct ledger_part list[] = { { 1, 7, 2.5 }, { 2, 8, 0 } };
	struct ledger_rec rec = { .kind = LEDGER_INTERVAL };
	struct backfill_file f = { 0 };
	char path[64];
	struct err err;
	int fd;

	ck_assert_int_eq(backfill_file_read(&f, dir, "n1", &err), 0);
	ck_assert_uint_eq(f.len, 0);
	ck_assert_ptr_null(backfill_file_hour(&f, T0));
	ck_assert_ptr_null(backfill_file_alloc(&f, 1, T0));
	for (uint32_t id = 5; id > 0; id--) {
		rec = alloc_of(id, 100 * (int)id, 5, LEDGER_PAST_BOOT "x", "exit");
		backfill_file_add(&f, &rec);
	}
	for (int h = 3; h >= 0; h--) {
		rec = (struct ledger_rec){ .kind = LEDGER_INTERVAL,
			.interval = stretch(h * 3600, h * 3600 + 3600, 9, true) };
		strcpy(rec.interval.node, "n1");
		rec.interval.unmeasured_ns = 3591 * NS_PER_S;
		rec.interval.parts = list;
		rec.interval.parts_len = h % 2 ? 2 : 0;
		backfill_file_add(&f, &rec);
	}
	backfill_file_sort(&f);
	ck_assert_int_eq(backfill_file_write(&f, dir, "n1", &err), 0);
	backfill_file_clear(&f);
	ck_assert_int_eq(backfill_file_read(&f, dir, "n1", &err), 0);
	ck_assert_uint_eq(f.len, 9);
	ck_assert_uint_eq(backfill_file_hour(&f, T0 + 3600)->parts_len, 2);
	ck_assert_double_eq(backfill_file_hour(&f, T0 + 3600)->parts[0].joules, 2.5);
	ck_assert_uint_eq(backfill_file_hour(&f, T0 + 7200)->parts_len, 0);
	ck_assert_ptr_null(backfill_file_hour(&f, T0 + 4 * 3600));
	ck_assert_uint_eq(backfill_file_alloc(&f, 2, T0 + 200)->job_id, 2);
	ck_assert_ptr_null(backfill_file_alloc(&f, 2, T0 + 201));
	backfill_file_drop(&f, drop_second, NULL);
	ck_assert_uint_eq(f.len, 8);
	ck_assert_ptr_null(backfill_file_alloc(&f, 2, T0 + 200));
	backfill_file_clear(&f);
	/* nothing is written over what cannot be read */
	snprintf(path, sizeof(path), "%s/n1.backfill", dir);
	fd = open(path, O_WRONLY | O_APPEND);
	ck_assert_int_eq((int)write(fd, "nonsense\n", 9), 9);
	close(fd);
	ck_assert_int_eq(backfill_file_read(&f, dir, "n1", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "n1.backfill:10: "));
	ck_assert_ptr_nonnull(strstr(err.text, "move the file away"));
	backfill_file_clear(&f);
	ck_assert_int_eq(backfill_file_write(&f, "/nonexistent", "n1", &err), -1);
}
END_TEST

/* What root writes belongs to who owns the ledgers. */
START_TEST(file_is_the_owners)
{
	struct backfill_file f = { 0 };
	struct stat st;
	char path[64];
	struct err err;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(dir, 4321, 8765), 0);
	snprintf(path, sizeof(path), "%s/n1.backfill", dir);
	for (int i = 0; i < 2; i++) {	/* also in the place of his own */
		ck_assert_int_eq(backfill_file_write(&f, dir, "n1", &err), 0);
		ck_assert_int_eq(lstat(path, &st), 0);
		ck_assert_uint_eq(st.st_uid, 4321);
		ck_assert_uint_eq(st.st_gid, 8765);
		ck_assert_int_eq(st.st_mode & 07777, 0640);
	}
}
END_TEST

/* ---- whose record of a job counts ------------------------------------------------------- */

static void note(const char *text)
{
	ck_abort_msg("%s", text);
}

static const struct {
	int live_s, open_s, past_s;	/* measured; -1: there is none */
	const char *past_end;
	const char *want;	/* its source; "": none */
	int want_s;
	uint32_t want_open;
} rivals[] = {
	{ 900, -1, -1, "exit", "live", 900, 0 },
	{ 900, -1, 900, "exit", "live", 900, 0 },
	{ 900, -1, 901, "exit", LEDGER_PAST_BOOT "1", 901, 0 },
	{ 900, -1, 0, "exit", "live", 900, 0 },
	{ -1, -1, 0, "exit", LEDGER_PAST_BOOT "1", 0, 0 },
	{ -1, -1, 500, "exit", LEDGER_PAST_BOOT "1", 500, 0 },
	{ -1, -1, 500, "open", LEDGER_PAST_BOOT "1", 500, 1 },
	{ -1, 600, 500, "open", "live", 600, 1 },
	{ -1, 400, 500, "exit", LEDGER_PAST_BOOT "1", 500, 0 },
	{ 700, 600, 650, "exit", "live", 700, 0 },
	{ 0, -1, 10, "exit", LEDGER_PAST_BOOT "1", 10, 0 },
	{ -1, -1, -1, "exit", "", 0, 0 },
};

static void put(ledger_t *l, int live_s, int open_s, int past_s,
		const char *past_end)
{
	struct ledger_rec rec = alloc_of(1, 0, live_s, "live", "exit");
	struct err err;
	char path[64];

	if (live_s >= 0)
		ck_assert_int_eq(ledger_append(l, &rec, 1, &err), 0);
	rec = alloc_of(1, 0, open_s, "live", "open");
	if (open_s >= 0)
		ck_assert_int_eq(ledger_write_open(l, &rec, 1, &err), 0);
	rec = alloc_of(1, 1, past_s, LEDGER_PAST_BOOT "1", past_end);
	ck_assert_int_eq(ledgers_past_path(path, sizeof(path), dir, "n1"), 0);
	if (past_s >= 0)
		ck_assert_int_eq(ledger_replace(path, &rec, 1, &err), 0);
}

START_TEST(jobs_count_once)
{
	uint64_t repaired;
	struct err err;
	ledger_t *l = ledger_open(dir, "n1", &repaired, &err);
	const struct ledgers from = { .dir = dir };
	struct names nodes = { 0 };
	struct jobs jobs = { 0 };
	struct job *job = jobs_add(&jobs);

	ck_assert_ptr_nonnull(l);
	put(l, rivals[_i].live_s, rivals[_i].open_s, rivals[_i].past_s,
	    rivals[_i].past_end);
	job->id = 1;
	job->start_s = T0;
	job->end_s = T0 + 1000;
	job->nodes = strdup("n1");
	job->nodes_len = 1;
	ck_assert_int_eq(ledgers_nodes(&from, &nodes, &err), 0);
	ck_assert_uint_eq(nodes.len, 1);
	jobs_add_ledgers(&jobs, &from, &nodes, note);
	ck_assert_str_eq(job->ledger.source, rivals[_i].want);
	ck_assert_int_eq(job->ledger.covered_ns, rivals[_i].want_s * NS_PER_S);
	ck_assert_double_eq_tol(job->ledger.gated_j, rivals[_i].want_s, 1e-6);
	ck_assert_uint_eq(job->ledger.nodes, *rivals[_i].want != '\0');
	ck_assert_uint_eq(job->ledger.open_nodes, rivals[_i].want_open);
	jobs_destroy(&jobs);
	names_destroy(&nodes);
	ledger_close(l);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backfill");
	TCase *pure = tcase_create("pure"), *files = tcase_create("files");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(pure, parts_of_nodes, 0,
			    sizeof(parts) / sizeof(parts[0]));
	tcase_add_test(pure, hours_count_once);
	suite_add_tcase(suite, pure);
	tcase_add_checked_fixture(files, make_dir, remove_all);
	tcase_add_test(files, file_goes_round);
	tcase_add_test(files, file_is_the_owners);
	tcase_add_loop_test(files, jobs_count_once, 0,
			    sizeof(rivals) / sizeof(rivals[0]));
	suite_add_tcase(suite, files);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
