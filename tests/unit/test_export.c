/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wattgate export against an accounting that tells of jobs late, out of order,
 * after outages and with ends put into the past: no job is missed, none comes
 * twice, wherever a run is killed.
 */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cli/export_out.h"
#include "cli/job_rows.h"
#include "scratch.h"

#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define BEGIN INT64_C(1790000000)
#define KILLED 99

/* ---- a crash at the N-th of these calls ------------------------------------ */

static int crash_at, crash_calls;

static void maybe_crash(void)
{
	if (crash_at && ++crash_calls == crash_at)
		_exit(KILLED);
}

/* In the place of the C library's: before and behind each there may be one. */
int rename(const char *from, const char *to)
{
	long rc;

	maybe_crash();
	rc = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
	maybe_crash();
	return (int)rc;
}

int fsync(int fd)
{
	maybe_crash();
	return (int)syscall(SYS_fsync, fd);
}

int unlink(const char *path)
{
	long rc;

	maybe_crash();
	rc = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
	maybe_crash();
	return (int)rc;
}

/* ---- accounting ------------------------------------------------------------ */

#define JOBS_MAX 500
#define NEVER INT64_MAX

static struct truth {
	int64_t id, submit_s, start_s, end_s;
	int64_t shown_s;	/* from then on it is seen to run */
	int64_t told_s;		/* from then on its end is told */
	int64_t settled_s;	/* from then on its figures are final */
	double early, joules;	/* before and behind that; NaN: unknown */
	const char *account;
	bool glitch;		/* now it cannot be seen */
	unsigned came[3];	/* so often as revision 1, 2 */
	double last;		/* kWh of the highest revision */
} jobs[JOBS_MAX];
static size_t jobs_len;
static int64_t now_s;
static const char *cluster = "c1";

static void add_row(struct rows *rows, const struct truth *j)
{
	struct cell *row = rows_add(rows);
	const bool settled = now_s >= j->settled_s;
	const double joules = settled ? j->joules : j->early;

	cell_set_integer(&row[JOB_ID], j->id);
	cell_set_text(&row[JOB_ACCOUNT], j->account);
	cell_set_time(&row[JOB_START], j->start_s * NS_PER_S);
	cell_set_time(&row[JOB_END], j->end_s * NS_PER_S);
	cell_set_time(&row[JOB_SUBMIT], j->submit_s * NS_PER_S);
	cell_set_text(&row[JOB_CLUSTER], cluster);
	cell_set_number(&row[JOB_ENERGY], joules / JOULES_PER_KWH);
	cell_set_number(&row[JOB_COVERAGE], settled ? 1 : NAN);
	cell_set_number(&row[JOB_NODE_S], (double)(j->end_s - j->start_s));
	cell_set_integer(&row[JOB_SETTLED], settled);
}

static int ask(void *arg, const struct export_window *w, report_wants *wants,
	       void *wants_arg, report_sink *sink, void *sink_arg,
	       struct err *err)
{
	struct rows *rows = rows_create(job_columns, JOB_COLUMNS);

	(void)arg;
	(void)err;
	for (size_t i = 0; i < jobs_len; i++) {
		const struct truth *j = &jobs[i];
		const bool ended = now_s >= j->told_s;
		const struct job_key key = { j->id, j->submit_s, j->start_s,
					     ended ? j->end_s : 0 };

		if (j->glitch || now_s < j->shown_s)
			continue;
		if (ended ? j->end_s < w->from_s || j->end_s >= w->to_s :
			    !w->running)
			continue;
		if (wants(&key, wants_arg))
			add_row(rows, j);
	}
	sink(rows, sink_arg);
	rows_destroy(rows);
	return 0;
}

/* ---- a run, in a process of its own ---------------------------------------- */

static struct export_params params(void)
{
	return (struct export_params){ .now_s = now_s, .settle_s = DAY,
				       .horizon_s = 7 * DAY, .jobs = ask };
}

static int run_here(struct export_params p, bool to_dir)
{
	struct export_out out = { .cursor = scratch_path("cursor"),
				  .dir = to_dir ? scratch_path("out") : NULL,
				  .ending = "jsonl" };
	struct export_result result;
	struct err err = { "" };
	struct cursor c = { .floor_s = 0 };
	int rc = export_out_lock(&out, &err);

	if (rc == 0)
		rc = export_out_recover(&out, &err);
	if (rc >= 0)
		rc = cursor_read(&c, out.cursor, &err);
	if (rc == 0) {
		strcpy(c.scheduler, "slurm");
		c.floor_s = c.low_s = BEGIN;
	}
	if (rc >= 0)
		rc = export_out_batch(&out, &c, &p, &result, &err);
	export_out_close(&out);
	cursor_clear(&c);
	if (rc < 0)
		fprintf(stderr, "export: %s\n", err.text);
	return rc < 0 ? 1 : 0;
}

/* Killed at its `at`-th step, or not at all (0). Its exit status. */
static int run_in_child(struct export_params p, bool to_dir, int at)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (!to_dir && !freopen(scratch_path("stdout"), "a", stdout))
			_exit(98);
		crash_at = at;
		_exit(run_here(p, to_dir));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* ---- who takes what comes out ---------------------------------------------- */

static struct truth *find_truth(int64_t id, int64_t submit_s)
{
	for (size_t i = 0; i < jobs_len; i++)
		if (jobs[i].id == id && jobs[i].submit_s == submit_s)
			return &jobs[i];
	ck_abort_msg("job %" PRId64 ":%" PRId64 " never was", id, submit_s);
	return NULL;
}

static void take_line(const char *line)
{
	const char *name = strstr(line, "\"instance\": \"slurm:c1:");
	const char *revision = strstr(line, "\"revision\": ");
	const char *energy = strstr(line, "\"energy_kwh\": ");
	long long id, submit_s;
	struct truth *j;
	int n;

	ck_assert_msg(name && revision && energy, "%s", line);
	ck_assert_int_eq(sscanf(name, "\"instance\": \"slurm:c1:%lld:%lld\"",
				&id, &submit_s), 2);
	n = atoi(revision + 12);
	ck_assert_msg(n == 1 || n == 2, "%s", line);
	j = find_truth(id, submit_s);
	j->came[n]++;
	if (n == 1 && j->came[2])
		return;		/* files come in any order */
	j->last = strncmp(energy + 14, "null", 4) == 0 ? NAN :
		  atof(energy + 14);
}

static void take_file(const char *path)
{
	char line[4096];
	FILE *f = fopen(path, "r");

	ck_assert_msg(f != NULL, "%s", path);
	while (fgets(line, sizeof(line), f))
		take_line(line);
	fclose(f);
}

/* All whole batches, which are then taken away. */
static void take_batches(void)
{
	char path[512];
	DIR *dir = opendir(scratch_path("out"));
	struct dirent *e;

	while ((e = readdir(dir))) {
		if (*e->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", scratch_path("out"),
			 e->d_name);
		take_file(path);
		ck_assert_int_eq(unlink(path), 0);
	}
	closedir(dir);
}

/* ---- random histories ------------------------------------------------------ */

#define MONTHS (60 * DAY)
#define OUTAGE_FROM (BEGIN + 20 * DAY)	/* slurmctld cannot reach its database */
#define OUTAGE_TO (BEGIN + 38 * DAY)

static int64_t after_outage(int64_t at_s)
{
	return at_s >= OUTAGE_FROM && at_s < OUTAGE_TO ? OUTAGE_TO : at_s;
}

static void make_job(struct truth *j, int64_t id, int64_t submit_s)
{
	const int64_t kind = random_between(0, 99);

	*j = (struct truth){ .id = id, .submit_s = submit_s,
			     .account = "a", .early = NAN };
	j->start_s = submit_s + random_between(0, 2 * HOUR);
	j->end_s = j->start_s + random_between(0, DAY);
	j->shown_s = after_outage(j->start_s);
	j->told_s = j->end_s + random_between(0, 60);
	if (kind < 10)		/* late by days */
		j->told_s = j->end_s + random_between(0, 5 * DAY);
	if (kind >= 95 && j->shown_s == j->start_s) {
		/* runaway: it seems to run for a month, and ends as it began */
		j->told_s = j->end_s + random_between(20, 30) * DAY;
		j->end_s = j->start_s;
	}
	j->told_s = after_outage(j->told_s);
	j->joules = random_unit() * 1e8;
	j->settled_s = j->told_s + random_between(-60, 600);
	if (j->end_s == j->start_s)	/* nodes knew its end all the time */
		j->settled_s = j->end_s;
	else if (kind % 10 == 1)	/* a ledger that comes late, or never */
		j->settled_s = j->told_s + random_between(0, 4 * DAY);
	else if (kind % 20 == 2)
		j->settled_s = NEVER;
	if (kind % 3 == 0)
		j->early = j->joules / 2;
}

static void make_jobs(size_t n)
{
	jobs_len = 0;
	for (size_t i = 0; i < n; i++) {
		const int64_t submit_s = BEGIN + random_between(0, MONTHS);

		make_job(&jobs[jobs_len], (int64_t)i + 1, submit_s);
		jobs_len++;
		/* requeued: the same number once more */
		if (random_between(0, 9) == 0 && jobs_len < JOBS_MAX) {
			make_job(&jobs[jobs_len], (int64_t)i + 1,
				 jobs[jobs_len - 1].end_s + 1);
			jobs_len++;
		}
	}
}

static void set_glitches(unsigned run)
{
	for (size_t i = 0; i < jobs_len; i++)
		jobs[i].glitch = run % 3 == 1 && random_between(0, 30) == 0;
}

/* exactly: each once; else once at least. */
static void check_all(bool exactly)
{
	for (size_t i = 0; i < jobs_len; i++) {
		const struct truth *j = &jobs[i];

		ck_assert_msg(exactly ? j->came[1] == 1 : j->came[1] >= 1,
			      "job %" PRId64 " came %u times (submit +%" PRId64
			      ", end +%" PRId64 ", told +%" PRId64 ")",
			      j->id, j->came[1], j->submit_s - BEGIN,
			      j->end_s - BEGIN, j->told_s - BEGIN);
		if (exactly)
			ck_assert_uint_le(j->came[2], 1);
		/* what came last is what is known last */
		if (j->settled_s != NEVER)
			ck_assert_msg(fabs(j->last - j->joules / JOULES_PER_KWH)
				      < 1e-9, "job %" PRId64, j->id);
	}
}

static void live(bool to_dir)
{
	const int64_t stride_s = run_is_slow() ? 5 * DAY : DAY;
	unsigned run = 0, crashes = 0;
	struct export_params p;

	for (now_s = BEGIN; now_s < BEGIN + MONTHS + 40 * DAY;
	     now_s += random_between(1, stride_s)) {
		int at = (int)random_between(0, 30), status;

		set_glitches(run++);
		p = params();
		if (random_between(0, 3) == 0)
			p.limit = (uint64_t)random_between(1, 5);
		status = run_in_child(p, to_dir, at);
		ck_assert_int_ne(status, 1);
		crashes += status == KILLED;
		if (to_dir && random_between(0, 1))
			take_batches();
	}
	set_glitches(0);
	for (int i = 0; i < 4; i++) {
		now_s += HOUR;
		ck_assert_int_eq(run_in_child(params(), to_dir, 0), 0);
	}
	ck_assert_uint_gt(crashes, run / 20);
	if (to_dir)
		take_batches();
	else
		take_file(scratch_path("stdout"));
}

START_TEST(test_random_dir)
{
	random_start("test_random_dir");
	ck_assert_int_eq(mkdir(scratch_path("out"), 0755), 0);
	make_jobs(300);
	live(true);
	check_all(true);
}
END_TEST

START_TEST(test_random_stdout)
{
	random_start("test_random_stdout");
	make_jobs(100);
	live(false);
	check_all(false);
}
END_TEST

/* ---- a crash at every step ------------------------------------------------- */

static void one_job(size_t i, int64_t end_s, double joules)
{
	jobs[i] = (struct truth){ .id = 7 + (int64_t)i, .submit_s = BEGIN + 1,
				  .start_s = BEGIN + 2, .end_s = end_s,
				  .shown_s = BEGIN, .told_s = end_s,
				  .settled_s = end_s, .early = NAN,
				  .joules = joules, .account = "a" };
	jobs_len = i + 1;
}

START_TEST(test_every_step)
{
	int status = KILLED, at;

	ck_assert_int_eq(mkdir(scratch_path("out"), 0755), 0);
	for (at = 1; status == KILLED; at++) {
		ck_assert_int_lt(at, 200);
		one_job((size_t)at - 1, BEGIN + 100 * at, 3.6e6);
		now_s = BEGIN + 100 * at + 50;
		status = run_in_child(params(), true, at);
		if (at % 2)	/* it may be taken before the next run, or not */
			take_batches();
		if (status == KILLED)
			ck_assert_int_eq(run_in_child(params(), true, 0), 0);
		take_batches();
		check_all(true);
	}
	ck_assert_int_gt(at, 12);
	printf("crashes at %d steps\n", at - 2);
}
END_TEST

/* ---- what else may be ------------------------------------------------------ */

START_TEST(test_held_then_deadline_then_revision)
{
	ck_assert_int_eq(mkdir(scratch_path("out"), 0755), 0);
	one_job(0, BEGIN + HOUR, 7.2e6);
	jobs[0].settled_s = BEGIN + 3 * DAY;
	jobs[0].early = 3.6e6;
	now_s = BEGIN + 2 * HOUR;
	run_in_child(params(), true, 0);
	take_batches();
	ck_assert_uint_eq(jobs[0].came[1], 0);	/* it waits */
	now_s = BEGIN + HOUR + DAY;	/* since its end, not since it was seen */
	run_in_child(params(), true, 0);
	take_batches();
	ck_assert_uint_eq(jobs[0].came[1], 0);
	now_s = BEGIN + 2 * HOUR + DAY;
	run_in_child(params(), true, 0);
	take_batches();
	ck_assert_uint_eq(jobs[0].came[1], 1);	/* as it is */
	ck_assert_double_eq(jobs[0].last, 1);
	now_s = BEGIN + 4 * DAY;
	for (int i = 0; i < 3; i++)
		run_in_child(params(), true, 0);
	take_batches();
	ck_assert_uint_eq(jobs[0].came[1], 1);
	ck_assert_uint_eq(jobs[0].came[2], 1);	/* and as it became */
	ck_assert_double_eq(jobs[0].last, 2);
}
END_TEST

START_TEST(test_revise)
{
	struct export_params p;

	ck_assert_int_eq(mkdir(scratch_path("out"), 0755), 0);
	one_job(0, BEGIN + HOUR, 3.6e6);
	now_s = BEGIN + 2 * HOUR;
	run_in_child(params(), true, 0);
	jobs[0].joules = 7.2e6;		/* a backfill */
	run_in_child(params(), true, 0);
	take_batches();
	ck_assert_uint_eq(jobs[0].came[2], 0);
	p = params();
	p.revise = true;
	run_in_child(p, true, 0);
	run_in_child(p, true, 0);
	take_batches();
	ck_assert_uint_eq(jobs[0].came[1], 1);
	ck_assert_uint_eq(jobs[0].came[2], 1);
	ck_assert_double_eq(jobs[0].last, 2);
}
END_TEST

/* Totals are those of what is out: of the last revision, and never less. */
START_TEST(test_totals)
{
	struct cursor c;
	struct err err;
	double sum = 0;

	random_start("test_totals");
	ck_assert_int_eq(mkdir(scratch_path("out"), 0755), 0);
	make_jobs(100);
	for (size_t i = 0; i < jobs_len; i++)
		jobs[i].account = i % 2 ? "a" : NULL;
	live(true);
	for (size_t i = 0; i < jobs_len; i++)
		if (!isnan(jobs[i].last))
			sum += jobs[i].last * JOULES_PER_KWH;
	ck_assert_int_eq(cursor_read(&c, scratch_path("cursor"), &err), 1);
	ck_assert_uint_eq(c.totals.len, 2);
	ck_assert_uint_eq(c.totals.list[0].jobs + c.totals.list[1].jobs,
			  jobs_len);
	ck_assert_double_eq_tol(c.totals.list[0].sum[TOTAL_JOULES] +
				c.totals.list[1].sum[TOTAL_JOULES], sum,
				1e-6 * sum);
	cursor_clear(&c);
}
END_TEST

/* The cursor forgets what it need not know. */
START_TEST(test_bounded)
{
	struct cursor c;
	struct err err;

	ck_assert_int_eq(mkdir(scratch_path("out"), 0755), 0);
	for (size_t i = 0; i < 60; i++)
		one_job(i, BEGIN + ((int64_t)i + 1) * DAY, 1);
	for (size_t i = 0; i < 62; i++) {
		now_s = BEGIN + ((int64_t)i + 1) * DAY + HOUR;
		ck_assert_int_eq(run_in_child(params(), true, 0), 0);
		take_batches();
	}
	check_all(true);
	ck_assert_int_eq(cursor_read(&c, scratch_path("cursor"), &err), 1);
	ck_assert_uint_le(c.jobs_len, 9);
	ck_assert_uint_eq(c.opens_len, 0);
	cursor_clear(&c);
}
END_TEST

/* What has to wait for its turn is not given up meanwhile. */
START_TEST(test_limit)
{
	struct export_params p;

	ck_assert_int_eq(mkdir(scratch_path("out"), 0755), 0);
	for (size_t i = 0; i < 60; i++)
		one_job(i, BEGIN + ((int64_t)i + 1) * DAY, 1);
	now_s = BEGIN + 61 * DAY;
	for (int i = 0; i < 20; i++) {
		p = params();
		p.limit = 3;
		ck_assert_int_eq(run_in_child(p, true, 0), 0);
		take_batches();
	}
	check_all(true);
	/* and with none left there is none */
	ck_assert_int_eq(run_in_child(params(), true, 0), 0);
	ck_assert_int_ne(access(scratch_path("out/wattgate-0000000021.jsonl"),
				F_OK), 0);
}
END_TEST

/* So is one that waits for its figures, while others end. */
START_TEST(test_held_long)
{
	struct export_params p;

	ck_assert_int_eq(mkdir(scratch_path("out"), 0755), 0);
	for (size_t i = 0; i < 40; i++)
		one_job(i, BEGIN + ((int64_t)i + 1) * DAY, 1);
	jobs[0].settled_s = BEGIN + 30 * DAY;
	for (size_t i = 0; i < 42; i++) {
		now_s = BEGIN + ((int64_t)i + 1) * DAY + HOUR;
		p = params();
		p.settle_s = 35 * DAY;
		ck_assert_int_eq(run_in_child(p, true, 0), 0);
		take_batches();
		ck_assert_uint_eq(jobs[0].came[1],
				  now_s >= BEGIN + 30 * DAY);
	}
	check_all(true);
}
END_TEST

START_TEST(test_refused)
{
	ck_assert_int_eq(mkdir(scratch_path("out"), 0755), 0);
	one_job(0, BEGIN + HOUR, 1);
	now_s = BEGIN + 2 * HOUR;
	ck_assert_int_eq(run_in_child(params(), true, 0), 0);
	/* another cluster's jobs */
	one_job(1, BEGIN + HOUR, 1);
	cluster = "c2";
	ck_assert_int_eq(run_in_child(params(), true, 0), 1);
	cluster = "c1";
	/* no submit time */
	jobs[1].submit_s = 0;
	ck_assert_int_eq(run_in_child(params(), true, 0), 1);
	jobs[1].submit_s = BEGIN + 9;
	/* a file of someone else's is in its way */
	file_write(scratch_path("out/wattgate-0000000002.jsonl"), "x", 1);
	ck_assert_int_eq(run_in_child(params(), true, 0), 1);
	ck_assert_int_eq(unlink(scratch_path("out/wattgate-0000000002.jsonl")), 0);
	/* the cursor was damaged */
	file_write(scratch_path("cursor.sav"), "", 0);
	ck_assert_int_eq(rename(scratch_path("cursor"), scratch_path("cursor.sav")), 0);
	file_write(scratch_path("cursor"), "wattgate-cursor 1 00000000\nend\n", 31);
	ck_assert_int_eq(run_in_child(params(), true, 0), 1);
	ck_assert_int_eq(rename(scratch_path("cursor.sav"), scratch_path("cursor")), 0);
	ck_assert_int_eq(run_in_child(params(), true, 0), 0);
	take_batches();
	check_all(true);
}
END_TEST

static const char *const bad_bodies[] = {
	"", "end", "x\nend\n", "low=1\n", "low=-1\nend\n", "low=1 \nend\n",
	"low=99999999999\nend\n", "end\nend\n", "job 1 2 3\nend\n",
	"job 1 2 3 1 1 - -\nend\n", "job 1 2 3 1 2 5 - -\nend\n",
	"job 1 2 3 1 1 5 nan -\nend\n", "job 1 2 3 1 1 5 - 1.5\nend\n",
	"job 1 2 3 1 1 5 - - -\nend\n", "job -1 2 3 1 1 5 - -\nend\n",
	"job 1 2 3 1 1 5 - -\njob 1 2 4 1 1 5 - -\nend\n", "open 1 2\nend\n",
	"open 1 2 3 4 5\nend\n", "scheduler=aaaaaaaaaaaaaaaa\nend\n",
	"cluster=%0\nend\n", "account x\nend\n", "\nend\n",
};

START_TEST(test_bad_cursor)
{
	struct cursor c = { .floor_s = 0 };
	struct err err;

	ck_assert_msg(cursor_parse(&c, bad_bodies[_i], &err) < 0, "%s",
		      bad_bodies[_i]);
	cursor_clear(&c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("export");
	TCase *tc = tcase_create("export");

	tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_every_step);
	tcase_add_test(tc, test_held_then_deadline_then_revision);
	tcase_add_test(tc, test_revise);
	tcase_add_test(tc, test_bounded);
	tcase_add_test(tc, test_limit);
	tcase_add_test(tc, test_held_long);
	tcase_add_test(tc, test_refused);
	tcase_add_loop_test(tc, test_bad_cursor, 0, COUNT(bad_bodies));
	tcase_add_test(tc, test_totals);
	tcase_add_test(tc, test_random_stdout);
	tcase_add_test(tc, test_random_dir);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
