/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <zlib.h>

#include "lib/conf.h"
#include "lib/gaterec.h"
#include "scratch.h"

#define BOOT_A "11111111-2222-3333-4444-555555555555"
#define BOOT_B "99999999-2222-3333-4444-555555555555"

static int dirfd_;

static void setup(void)
{
	struct err err = { "" };

	scratch_setup();
	dirfd_ = gaterec_dir_open(scratch, false, getuid(), &err);
	ck_assert_msg(dirfd_ >= 0, "%s", err.text);
}

static void teardown(void)
{
	close(dirfd_);
	scratch_teardown();
}

static gaterec_t make_record(void)
{
	gaterec_t rec = {
		.job_id = 4711, .step = GATEREC_EXTERN, .restart = 2,
		.uid = 1000, .stepd_pid = getpid(),
		.stepd_start = process_start_ticks(getpid()),
		.boot_id = BOOT_A, .start_ns = SECONDS(1234.5),
		.start_wall_ns = 1790000000123456789, .end_ns = 0,
		.holding = { .cores = 16, .gpus = 2, .mem_mb = 65536.5 },
		.share = 1.0 / 3, .cum_j = 123456789.123456789,
		.cum_covered_ns = SECONDS(1200),
	};

	return rec;
}

static void write_ok(const gaterec_t *rec)
{
	struct err err = { "" };

	ck_assert_msg(gaterec_write(dirfd_, rec, &err) == 0, "%s", err.text);
}

static const char *name_of(const gaterec_t *rec)
{
	static char name[GATEREC_NAME_MAX];

	return gaterec_name(rec, name, sizeof(name));
}

static void read_ok(const char *name, gaterec_t *rec)
{
	struct err err = { "" };

	ck_assert_msg(gaterec_read(dirfd_, name, getuid(), rec, &err) == 0,
		      "%s", err.text);
}

static bool exists(const char *name)
{
	return access(scratch_path(name), F_OK) == 0;
}

static bool same_double(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static void same_record(const gaterec_t *a, const gaterec_t *b)
{
	ck_assert_uint_eq(a->job_id, b->job_id);
	ck_assert_str_eq(a->step, b->step);
	ck_assert_uint_eq(a->restart, b->restart);
	ck_assert_uint_eq(a->uid, b->uid);
	ck_assert_int_eq(a->stepd_pid, b->stepd_pid);
	ck_assert_uint_eq(a->stepd_start, b->stepd_start);
	ck_assert_str_eq(a->boot_id, b->boot_id);
	ck_assert_int_eq(a->start_ns, b->start_ns);
	ck_assert_int_eq(a->start_wall_ns, b->start_wall_ns);
	ck_assert_int_eq(a->end_ns, b->end_ns);
	ck_assert_int_eq(a->swept, b->swept);
	ck_assert(a->holding.cores == b->holding.cores);
	ck_assert(a->holding.gpus == b->holding.gpus);
	ck_assert(a->holding.mem_mb == b->holding.mem_mb);
	ck_assert(same_double(a->share, b->share));
	ck_assert(same_double(a->cum_j, b->cum_j));
	ck_assert_int_eq(a->cum_covered_ns, b->cum_covered_ns);
}

/* ---- round trip ------------------------------------------------------------------ */

static void as_it_is(gaterec_t *r) { (void)r; }
static void nan_share(gaterec_t *r) { r->share = NAN; r->cum_j = NAN; }
static void minus_nan(gaterec_t *r) { r->share = -NAN; r->cum_j = -NAN; }
static void whole(gaterec_t *r) { r->share = 1; r->cum_j = 0; }
static void tiny(gaterec_t *r) { r->share = 1e-12; r->cum_j = 1e-9; }
static void ended(gaterec_t *r) { r->end_ns = INT64_MAX / 8; }
static void swept(gaterec_t *r) { r->end_ns = 5; r->swept = true; }
static void batch(gaterec_t *r) { strcpy(r->step, "batch"); }
static void het_step(gaterec_t *r) { strcpy(r->step, "0+1"); }
static void third(gaterec_t *r) { r->holding.cores = 1.0 / 3; }
static void many(gaterec_t *r) { r->holding.cores = 1234567.5; }
static void prolog(gaterec_t *r) { strcpy(r->step, GATEREC_PROLOG); }
static void largest(gaterec_t *r)
{
	r->job_id = r->restart = r->uid = UINT32_MAX;
	strcpy(r->step, "01234567890123456789012");
	r->stepd_pid = INT32_MAX;
	r->stepd_start = INT64_MAX;
	r->start_ns = r->cum_covered_ns = INT64_MAX / 8;
	r->start_wall_ns = INT64_MAX / 2;
	r->holding.mem_mb = r->cum_j = 1.2345678901234567e300;
}

static void (*const trips[])(gaterec_t *) = {
	as_it_is, nan_share, minus_nan, whole, tiny, ended, swept, batch,
	het_step, third, many, prolog, largest,
};

START_TEST(test_round_trip)
{
	gaterec_t rec = make_record(), back;

	trips[_i](&rec);
	write_ok(&rec);
	ck_assert_uint_eq(file_mode(scratch_path(name_of(&rec))),
			  S_IFREG | 0640);
	memset(&back, 0xa5, sizeof(back));
	read_ok(name_of(&rec), &back);
	same_record(&rec, &back);
	/* again, in its place, and nothing is left beside it */
	rec.end_ns = SECONDS(5000);
	write_ok(&rec);
	read_ok(name_of(&rec), &back);
	same_record(&rec, &back);
	ck_assert_int_eq(unlink(scratch_path(name_of(&rec))), 0);
	ck_assert_int_eq(rmdir(scratch), 0);
	ck_assert_int_eq(mkdir(scratch, 0700), 0);
}
END_TEST

START_TEST(test_names)
{
	static const struct {
		uint32_t job;
		const char *step;
		uint32_t restart;
		int32_t pid;
		const char *name;
	} names[] = {
		{ 12, "extern", 0, 99, "12.extern.0.99" },
		{ 12, "batch", 3, 100, "12.batch.3.100" },
		{ 12, "0", 0, 1, "12.0.0.1" },
		{ 12, "prolog", 7, 100, "12.prolog" },
		{ UINT32_MAX, "interactive", UINT32_MAX, INT32_MAX,
		  "4294967295.interactive.4294967295.2147483647" },
	};
	char buf[GATEREC_NAME_MAX];
	unsigned i;

	for (i = 0; i < COUNT(names); i++) {
		gaterec_t rec = { .job_id = names[i].job,
				  .restart = names[i].restart,
				  .stepd_pid = names[i].pid };

		strcpy(rec.step, names[i].step);
		ck_assert_str_eq(gaterec_name(&rec, buf, sizeof(buf)),
				 names[i].name);
	}
}
END_TEST

START_TEST(test_dir_name)
{
	char buf[64], tight[sizeof("/run/x/gate.d/n1")];

	ck_assert_int_eq(gaterec_dir(buf, sizeof(buf), "/run/x", "n1"), 0);
	ck_assert_str_eq(buf, "/run/x/gate.d/n1");
	ck_assert_int_eq(gaterec_dir(tight, sizeof(tight), "/run/x", "n1"), 0);
	ck_assert_int_eq(gaterec_dir(tight, sizeof(tight) - 1, "/run/x", "n1"),
			 -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
	ck_assert_int_eq(setenv("WATTGATE_RUN_DIR", "/run/y", 1), 0);
	ck_assert_int_eq(gaterec_dir(buf, sizeof(buf), NULL, "n2"), 0);
	ck_assert_str_eq(buf, "/run/y/gate.d/n2");
	ck_assert_int_eq(unsetenv("WATTGATE_RUN_DIR"), 0);
}
END_TEST

/* ---- the directory ----------------------------------------------------------------- */

START_TEST(test_dir_open)
{
	const char *sub = scratch_path("n1"), *link = scratch_path("link");
	struct err err = { "" };
	int fd;

	ck_assert_int_eq(gaterec_dir_open(sub, false, getuid(), &err), -1);
	ck_assert_int_eq(errno, ENOENT);
	fd = gaterec_dir_open(sub, true, getuid(), &err);
	ck_assert_msg(fd >= 0, "%s", err.text);
	close(fd);
	ck_assert_uint_eq(file_mode(sub) & 07027, 0);
	fd = gaterec_dir_open(sub, true, getuid(), &err);	/* it is there */
	ck_assert_int_ge(fd, 0);
	close(fd);
	/* someone else's, or one that others may write */
	ck_assert_int_eq(gaterec_dir_open(sub, true, getuid() + 1, &err), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_ptr_nonnull(strstr(err.text, sub));
	ck_assert_int_eq(chmod(sub, 0770), 0);
	ck_assert_int_eq(gaterec_dir_open(sub, true, getuid(), &err), -1);
	ck_assert_int_eq(chmod(sub, 0752), 0);
	ck_assert_int_eq(gaterec_dir_open(sub, true, getuid(), &err), -1);
	ck_assert_int_eq(chmod(sub, 02750), 0);
	/* a link to it, or a file */
	ck_assert_int_eq(symlink(sub, link), 0);
	ck_assert_int_eq(gaterec_dir_open(link, true, getuid(), &err), -1);
	file_write(scratch_path("file"), "x", 1);
	ck_assert_int_eq(gaterec_dir_open(scratch_path("file"), true, getuid(),
					  &err), -1);
	ck_assert_int_eq(gaterec_dir_open(scratch_path("a/b"), true, getuid(),
					  &err), -1);
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------ */

static void refuse(const char *name, int want_errno)
{
	struct err err = { "" };
	gaterec_t rec;

	errno = 0;
	ck_assert_msg(gaterec_read(dirfd_, name, getuid(), &rec, &err) == -1,
		      "%s was taken", name);
	ck_assert_msg(errno == want_errno, "%s: errno %d, not %d", name, errno,
		      want_errno);
	ck_assert_ptr_nonnull(strstr(err.text, name));
}

START_TEST(test_refused_files)
{
	gaterec_t rec = make_record(), back;
	char name[GATEREC_NAME_MAX];
	struct err err;
	size_t size;
	char *text;

	write_ok(&rec);
	strcpy(name, name_of(&rec));
	text = file_read(scratch_path(name), &size);
	/* not the owner's */
	ck_assert_int_eq(gaterec_read(dirfd_, name, getuid() + 1, &back, &err),
			 -1);
	ck_assert_int_eq(errno, EPERM);
	/* another name than it tells */
	file_write(scratch_path("4711.extern.2.1"), text, size);
	refuse("4711.extern.2.1", EINVAL);
	file_write(scratch_path("4711.prolog"), text, size);
	refuse("4711.prolog", EINVAL);
	refuse("no.such.0.1", ENOENT);
	/* no regular file */
	ck_assert_int_eq(rename(scratch_path(name), scratch_path("elsewhere")), 0);
	ck_assert_int_eq(symlink("elsewhere", scratch_path(name)), 0);
	refuse(name, ELOOP);
	ck_assert_int_eq(unlink(scratch_path(name)), 0);
	ck_assert_int_eq(mkfifo(scratch_path(name), 0640), 0);
	refuse(name, EPERM);
	ck_assert_int_eq(unlink(scratch_path(name)), 0);
	ck_assert_int_eq(mkdir(scratch_path(name), 0750), 0);
	refuse(name, EPERM);
	ck_assert_int_eq(rmdir(scratch_path(name)), 0);
	/* nothing in it, too much in it */
	file_write(scratch_path(name), "", 0);
	refuse(name, EIO);
	text = realloc(text, 5000);
	ck_assert_ptr_nonnull(text);
	memset(text + size, '\n', 5000 - size);
	file_write(scratch_path(name), text, 5000);
	refuse(name, EPERM);
	free(text);
}
END_TEST

START_TEST(test_foreign_owner)
{
	gaterec_t rec = make_record();

	if (getuid() != 0)
		return;		/* only root can give a file away */
	write_ok(&rec);
	ck_assert_int_eq(chown(scratch_path(name_of(&rec)), 65534, 65534), 0);
	refuse(name_of(&rec), EPERM);
}
END_TEST

/* Every byte, every length: refused, or what was written. */
START_TEST(test_damaged)
{
	gaterec_t rec = make_record(), back;
	const char *name = name_of(&rec);
	const char *path = scratch_path(name);
	size_t size, at;
	char *text;

	write_ok(&rec);
	text = file_read(path, &size);
	for (at = 0; at < size; at++) {
		char kept = text[at];

		file_write(path, text, at);
		refuse(name, at ? EINVAL : EIO);
		text[at] ^= (char)(1 << at % 8);
		file_write(path, text, size);
		if (gaterec_read(dirfd_, name, getuid(), &back, NULL) == 0)
			same_record(&rec, &back);	/* as by CRC32's capitals */
		text[at] = 0;
		file_write(path, text, size);
		ck_assert_int_eq(gaterec_read(dirfd_, name, getuid(), &back,
					      NULL), -1);
		text[at] = kept;
	}
	free(text);
}
END_TEST

/* Right checksum, wrong contents: line by line. */
static const struct {
	const char *from, *to;
} lies[] = {
	{ "job=4711", "job=0" }, { "job=4711", "job=-4711" },
	{ "job=4711", "job=4294967296" }, { "job=4711", "job=" },
	{ "job=4711", "job=4711x" }, { "job=4711", "jobs=4711" },
	{ "step=extern", "step=" }, { "step=extern", "step=../x" },
	{ "step=extern", "step=a b" }, { "step=extern", "step=ext.rn" },
	{ "step=extern", "step=012345678901234567890123" },
	{ "restart=2", "restart=-1" }, { "restart=2\n", "" },
	{ "uid=1000", "uid=99999999999" },
	{ "boot_id=", "boot_id=1234567890" },
	{ "stepd_start=", "stepd_start=99999999999999999999" },
	{ "start_ns=1234500000000", "start_ns=0" },
	{ "start_ns=1234500000000", "start_ns=-5" },
	{ "start_ns=1234500000000", "start_ns=9223372036854775808" },
	/* sums of them must not overflow */
	{ "start_ns=1234500000000", "start_ns=1152921504606846976" },
	{ "start_wall_ns=1790000000123456789",
	  "start_wall_ns=4611686018427387904" },
	{ "end_ns=0", "end_ns=1152921504606846976" },
	{ "start_wall_ns=", "start_wall_ns=-" },
	{ "end_ns=0", "end_ns=-1" }, { "swept=0", "swept=2" },
	{ "cores=16", "cores=nan" }, { "cores=16", "cores=-16" },
	{ "cores=16", "cores=inf" }, { "gpus=2", "gpus=1e999" },
	{ "gpus=2", "gpus=" }, { "mem_mb=", "mem_mb=-" },
	{ "share=", "share=-" }, { "share=", "share=inf" },
	{ "cum_j=", "cum_j=x" },
	{ "cum_covered_ns=1200000000000", "cum_covered_ns=-1" },
	{ "cum_covered_ns=1200000000000\n", "" },
	{ "cum_covered_ns=1200000000000\n", "cum_covered_ns=1200000000000" },
};

/* The body with one line changed and signed anew. */
static void write_lie(const char *path, const char *text, const char *from,
		      const char *to)
{
	char body[4096], file[4200], *at;
	const char *old = strchr(text, '\n') + 1;

	at = strstr(strcpy(body, old), from);
	ck_assert_msg(at != NULL, "%s", from);
	sprintf(at, "%s%s", to, old + (at - body) + strlen(from));
	snprintf(file, sizeof(file), "wattgate-gate 1 %08lx\n%s",
		 crc32(0, (const Bytef *)body, (uInt)strlen(body)), body);
	file_write(path, file, strlen(file));
}

START_TEST(test_lies)
{
	gaterec_t rec = make_record();
	const char *path = scratch_path(name_of(&rec));
	gaterec_t back;
	size_t size;
	char *text;

	write_ok(&rec);
	text = file_read(path, &size);
	write_lie(path, text, "uid=1000", "uid=1001");	/* the way is right */
	read_ok(name_of(&rec), &back);
	ck_assert_uint_eq(back.uid, 1001);
	write_lie(path, text, lies[_i].from, lies[_i].to);
	refuse(name_of(&rec), EINVAL);
	free(text);
}
END_TEST

START_TEST(test_other_version)
{
	gaterec_t rec = make_record();
	const char *path = scratch_path(name_of(&rec));
	size_t size;
	char *text;

	write_ok(&rec);
	text = file_read(path, &size);
	ck_assert_mem_eq(text, "wattgate-gate 1 ", 16);
	text[14] = '2';
	file_write(path, text, size);
	refuse(name_of(&rec), EINVAL);
	free(text);
}
END_TEST

/* A write that fails leaves the old record, and nothing beside it. */
START_TEST(test_write_fails)
{
	gaterec_t rec = make_record(), back, changed;
	struct rlimit limit, none;
	struct err err = { "" };
	int fd;

	write_ok(&rec);
	changed = rec;
	changed.end_ns = SECONDS(5000);
	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	none = limit;
	none.rlim_cur = 100;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	ck_assert_int_eq(gaterec_write(dirfd_, &changed, &err), -1);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_ptr_nonnull(strstr(err.text, name_of(&rec)));
	read_ok(name_of(&rec), &back);
	same_record(&rec, &back);
	ck_assert_int_eq(unlink(scratch_path(name_of(&rec))), 0);
	ck_assert_int_eq(rmdir(scratch), 0);
	ck_assert_int_eq(gaterec_write(dirfd_, &rec, &err), -1);
	ck_assert_int_eq(mkdir(scratch, 0700), 0);
	fd = open("/dev/null", O_RDONLY);
	ck_assert_int_eq(gaterec_write(fd, &rec, &err), -1);
	close(fd);
}
END_TEST

/* ---- listing ------------------------------------------------------------------------------ */

struct listed {
	int n, stop_at;
	char names[8][GATEREC_NAME_MAX];
};

static int list_one(const char *name, void *arg)
{
	struct listed *l = arg;

	ck_assert_int_lt(l->n, 8);
	strcpy(l->names[l->n++], name);
	return l->n == l->stop_at ? 42 : 0;
}

START_TEST(test_each)
{
	struct listed l = { .n = 0 };

	file_write(scratch_path("12.extern.0.7"), "", 0);
	file_write(scratch_path("12.batch.0.8"), "", 0);
	file_write(scratch_path("123.extern.0.9"), "", 0);
	file_write(scratch_path(".12.extern.0.7.99"), "", 0);	/* half written */
	ck_assert_int_eq(gaterec_each(dirfd_, NULL, list_one, &l), 0);
	ck_assert_int_eq(l.n, 3);
	l.n = 0;
	ck_assert_int_eq(gaterec_each(dirfd_, NULL, list_one, &l), 0);
	ck_assert_int_eq(l.n, 3);	/* from the start each time */
	l.n = 0;
	ck_assert_int_eq(gaterec_each(dirfd_, "12.", list_one, &l), 0);
	ck_assert_int_eq(l.n, 2);
	l = (struct listed){ .stop_at = 1 };
	ck_assert_int_eq(gaterec_each(dirfd_, "12.extern", list_one, &l), 42);
	ck_assert_str_eq(l.names[0], "12.extern.0.7");
	ck_assert_int_eq(gaterec_each(-1, NULL, list_one, &l), -1);
}
END_TEST

/* ---- processes ----------------------------------------------------------------------------- */

/* A child that waits, by a name that is hard to read in /proc/PID/stat. */
static pid_t start_child(const char *name)
{
	int ready[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void wait_dead_unreaped(pid_t pid)
{
	siginfo_t info;

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static const char *const process_names[] = {
	"slurmstepd", "a b c", ") R 1 2 3 4", "((", "))", "x) Z 1 1 1", "", "\n",
};

START_TEST(test_alive)
{
	gaterec_t rec = make_record();
	uint64_t own = process_start_ticks(getpid());
	pid_t pid = start_child(process_names[_i]);

	ck_assert_uint_gt(own, 0);
	ck_assert(gaterec_alive(&rec, BOOT_A));
	ck_assert(!gaterec_alive(&rec, BOOT_B));
	rec.stepd_start++;		/* the pid is another's by now */
	ck_assert(!gaterec_alive(&rec, BOOT_A));
	rec.stepd_start = 0;
	ck_assert(!gaterec_alive(&rec, BOOT_A));

	rec.stepd_pid = pid;
	rec.stepd_start = process_start_ticks(pid);
	ck_assert_uint_ge(rec.stepd_start, own);
	ck_assert_uint_lt(rec.stepd_start, own + 100 * 3600);
	ck_assert(gaterec_alive(&rec, BOOT_A));
	ck_assert_int_eq(kill(pid, SIGSTOP), 0);	/* stopped is alive */
	ck_assert(gaterec_alive(&rec, BOOT_A));
	/* dead is dead, before its parent takes note, too */
	wait_dead_unreaped(pid);
	ck_assert(!gaterec_alive(&rec, BOOT_A));
	ck_assert_uint_eq(process_start_ticks(pid), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert(!gaterec_alive(&rec, BOOT_A));
	ck_assert_uint_eq(process_start_ticks(pid), 0);
}
END_TEST

START_TEST(test_no_process)
{
	gaterec_t rec = make_record();
	static const int32_t pids[] = { 0, -1, INT32_MIN, INT32_MAX };
	unsigned i;

	for (i = 0; i < COUNT(pids); i++) {
		rec.stepd_pid = pids[i];
		rec.stepd_start = 1;
		ck_assert(!gaterec_alive(&rec, BOOT_A));
		ck_assert_uint_eq(process_start_ticks(pids[i]), 0);
	}
}
END_TEST

/* ---- house-keeping --------------------------------------------------------------------------- */

#define NOW SECONDS(10000)
#define SETTLED SECONDS(9000)

static const struct {
	const char *what;
	const char *step, *boot_id;
	double start_s, end_s;
	bool alive, was_swept;
	enum { KEPT, GONE, MARKED } then;
} sweeps[] = {
	{ "runs", "extern", BOOT_A, 100, 0, true, false, KEPT },
	{ "runs, a step", "0", BOOT_A, 100, 0, true, false, KEPT },
	{ "settled", "extern", BOOT_A, 100, 8000, false, false, GONE },
	{ "settled just so", "batch", BOOT_A, 100, 9000, false, false, GONE },
	{ "settled, lingers", "extern", BOOT_A, 100, 8000, true, false, GONE },
	{ "not settled", "extern", BOOT_A, 100, 9000.001, false, false, KEPT },
	{ "vanished", "extern", BOOT_A, 100, 0, false, false, MARKED },
	{ "swept before, settled", "3", BOOT_A, 100, 8500, false, true, GONE },
	{ "swept before", "3", BOOT_A, 100, 9500, false, true, KEPT },
	{ "another boot", "extern", BOOT_B, 100, 0, true, false, GONE },
	{ "another boot, ended", "0", BOOT_B, 100, 99999, true, false, GONE },
	{ "prolog under way", "prolog", BOOT_A, 9990, 0, true, false, KEPT },
	{ "prolog gone", "prolog", BOOT_A, 9990, 0, false, false, KEPT },
	{ "prolog an hour ago", "prolog", BOOT_A, 6400, 0, false, false, KEPT },
	{ "older prolog", "prolog", BOOT_A, 6399.9, 0, true, false, GONE },
	{ "another boot's prolog", "prolog", BOOT_B, 9999, 0, true, false, GONE },
};

static gaterec_t sweep_record(int i)
{
	gaterec_t rec = make_record();

	rec.job_id = 100 + (uint32_t)i;
	strcpy(rec.step, sweeps[i].step);
	strcpy(rec.boot_id, sweeps[i].boot_id);
	rec.start_ns = SECONDS(sweeps[i].start_s);
	rec.end_ns = SECONDS(sweeps[i].end_s);
	rec.swept = sweeps[i].was_swept;
	if (!sweeps[i].alive)
		rec.stepd_start++;
	return rec;
}

static int sweep(int64_t settled_ns, int limit)
{
	return gaterec_sweep(dirfd_, getuid(), BOOT_A, NOW, settled_ns, limit);
}

START_TEST(test_sweep_rule)
{
	gaterec_t rec = sweep_record(_i), back;
	int removed;

	write_ok(&rec);
	removed = sweep(SETTLED, 100);
	ck_assert_msg(removed == (sweeps[_i].then == GONE), "%s",
		      sweeps[_i].what);
	ck_assert_msg(exists(name_of(&rec)) == (sweeps[_i].then != GONE), "%s",
		      sweeps[_i].what);
	if (sweeps[_i].then == GONE)
		return;
	read_ok(name_of(&rec), &back);
	if (sweeps[_i].then == MARKED) {
		ck_assert_int_eq(back.end_ns, NOW);
		ck_assert(back.swept);
		ck_assert_int_eq(sweep(NOW - 1, 100), 0);
		ck_assert_int_eq(sweep(NOW, 100), 1);	/* settled by now */
		return;
	}
	same_record(&rec, &back);
}
END_TEST

/* Where nothing is ever settled, records of ended steps go all the same. */
START_TEST(test_sweep_unsettled)
{
	gaterec_t rec = make_record(), runs = rec;

	runs.job_id++;
	write_ok(&runs);
	rec.end_ns = NOW;
	write_ok(&rec);
	ck_assert_int_eq(gaterec_sweep(dirfd_, getuid(), BOOT_A,
				       NOW + GATEREC_KEEP_NS, 0, 9), 0);
	ck_assert_int_eq(gaterec_sweep(dirfd_, getuid(), BOOT_A,
				       NOW + GATEREC_KEEP_NS + 1, 0, 9), 1);
	ck_assert(!exists(name_of(&rec)));
	ck_assert(exists(name_of(&runs)));
}
END_TEST

/* Nothing is thrown away that root did not write. */
START_TEST(test_sweep_leaves)
{
	gaterec_t rec = sweep_record(2);	/* one that would go */
	char text[] = "wattgate-gate 1 00000000\njob=1\n";

	file_write(scratch_path("102.extern.2.1"), text, sizeof(text) - 1);
	ck_assert_int_eq(symlink("/etc/passwd", scratch_path("5.extern.0.1")), 0);
	ck_assert_int_eq(mkfifo(scratch_path("6.extern.0.1"), 0640), 0);
	ck_assert_int_eq(mkdir(scratch_path("7.extern.0.1"), 0750), 0);
	write_ok(&rec);
	ck_assert_int_eq(gaterec_sweep(dirfd_, getuid() + 1, BOOT_A, NOW,
				       SETTLED, 100), 0);
	ck_assert(exists(name_of(&rec)));
	ck_assert_int_eq(sweep(SETTLED, 100), 1);
	ck_assert(exists("102.extern.2.1"));
	ck_assert(!exists(name_of(&rec)));
	ck_assert_int_eq(gaterec_sweep(-1, getuid(), BOOT_A, NOW, SETTLED, 9), 0);
}
END_TEST

START_TEST(test_sweep_limit)
{
	gaterec_t rec = sweep_record(2);
	int i;

	for (i = 0; i < 20; i++) {
		rec.job_id = 1000 + (uint32_t)i;
		write_ok(&rec);
	}
	ck_assert_int_eq(sweep(SETTLED, 0), 0);
	ck_assert_int_eq(sweep(SETTLED, 7), 7);
	ck_assert_int_eq(sweep(SETTLED, 100), 13);
	ck_assert_int_eq(sweep(SETTLED, 100), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gaterec");
	TCase *tc = tcase_create("gaterec");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, test_round_trip, 0, COUNT(trips));
	tcase_add_test(tc, test_names);
	tcase_add_test(tc, test_dir_name);
	tcase_add_test(tc, test_dir_open);
	tcase_add_test(tc, test_refused_files);
	tcase_add_test(tc, test_foreign_owner);
	tcase_add_test(tc, test_damaged);
	tcase_add_loop_test(tc, test_lies, 0, COUNT(lies));
	tcase_add_test(tc, test_other_version);
	tcase_add_test(tc, test_write_fails);
	tcase_add_test(tc, test_each);
	tcase_add_loop_test(tc, test_alive, 0, COUNT(process_names));
	tcase_add_test(tc, test_no_process);
	tcase_add_loop_test(tc, test_sweep_rule, 0, COUNT(sweeps));
	tcase_add_test(tc, test_sweep_unsettled);
	tcase_add_test(tc, test_sweep_leaves);
	tcase_add_test(tc, test_sweep_limit);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
