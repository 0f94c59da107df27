/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What OAR runs: that it leaves a note where it can, and that whatever state
 * the machine is in, it returns 0 in time and says nothing. Runs in the build
 * directory.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/unit/scratch.h"

#define HOOK "./oar-hooks/wattgate-oar-hook"
#define TRIES 8
#define NOBODY 65534
#define NOTES_MAX 10000
#ifdef __SANITIZE_ADDRESS__
#define INSTRUMENTED true
#define TIME_LIMIT_NS (200 * 1000000LL)
#else
#define INSTRUMENTED false
#define TIME_LIMIT_NS (50 * 1000000LL)
#endif

typedef void prepare_fn(void);

static const char *spool(void)
{
	return scratch_path("oar.d");
}

static void setup(void)
{
	scratch_setup();
	/* some of the tests become another user */
	ck_assert_int_eq(chmod(scratch, 0755), 0);
	ck_assert_int_eq(mkdir(spool(), 0755), 0);
	ck_assert_int_eq(setenv("WATTGATE_RUN_DIR", scratch, 1), 0);
}

/* ---- running it -------------------------------------------------------------- */

struct run {
	int status;
	int64_t took_ns;
	size_t said;	/* bytes on standard output and error */
};

static void child(char *const *argv, prepare_fn *prepare, int out)
{
	int hook = open(HOOK, O_PATH);

	if (hook < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		_exit(90);
	close(out);
	if (prepare)
		prepare();
	/* the build directory may be closed to the user it became */
	fexecve(hook, argv, environ);
	_exit(91);
}

static struct run run_hook(char *const *argv, prepare_fn *prepare)
{
	struct run run = { 0 };
	char name[] = "/tmp/wattgate-hook.XXXXXX";
	int out = mkstemp(name);
	int64_t start_ns;
	struct stat st;
	pid_t pid;

	ck_assert_int_ge(out, 0);
	unlink(name);
	start_ns = clock_boot_ns();
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		child(argv, prepare, out);
	ck_assert_int_eq(waitpid(pid, &run.status, 0), pid);
	run.took_ns = clock_boot_ns() - start_ns;
	ck_assert_int_eq(fstat(out, &st), 0);
	run.said = (size_t)st.st_size;
	close(out);
	return run;
}

/* Status 0, silent, and in time; a busy machine gets some tries. */
static void run_quietly(char *const *argv, prepare_fn *prepare)
{
	struct run run;
	int i;

	for (i = 0; i < TRIES; i++) {
		run = run_hook(argv, prepare);
		ck_assert_msg(WIFEXITED(run.status) && WEXITSTATUS(run.status) == 0,
			      "wait status %#x", run.status);
		ck_assert_uint_eq(run.said, 0);
		if (run.took_ns < TIME_LIMIT_NS || run_is_slow())
			return;
	}
	ck_abort_msg("took %.1f ms", (double)run.took_ns / 1e6);
}

/* The number of files in the spool; the name of the last into name. */
static int notes_count(char *name, size_t size)
{
	DIR *dir = opendir(spool());
	struct dirent *entry;
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		count++;
		if (name)
			snprintf(name, size, "%s", entry->d_name);
	}
	closedir(dir);
	return count;
}

/* The path of a file in the spool, into a static buffer. */
static const char *note_path(const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/oar.d/%s", scratch, name);
	return path;
}

/*
 * Runs it until it has left a note: where the machine is so busy that its time
 * is over, it leaves none.
 */
static struct run run_to_note(char *const *argv, prepare_fn *prepare)
{
	int before = notes_count(NULL, 0), i;
	struct run run;

	for (i = 0; i < TRIES; i++) {
		run = run_hook(argv, prepare);
		ck_assert_int_eq(run.status, 0);
		if (notes_count(NULL, 0) > before)
			return run;
	}
	ck_abort_msg("no note");
	return run;
}

/* ---- notes --------------------------------------------------------------------- */

static const struct {
	const char *args[6];
	const char *role;
	const char *job;
} calls[] = {
	{ { "server_prologue", "12" }, "server_prologue", "12" },
	{ { "server_epilogue", "1" }, "server_epilogue", "1" },
	{ { "prologue", "7", "ann", "/var/lib/oar/7" }, "prologue", "7" },
	{ { "epilogue", "2147483647", "ann", "" }, "epilogue", "2147483647" },
	{ { "suspend", "12" }, "suspend", "12" },
	/* OAR 2.5 shifts these arguments by one; another release may not */
	{ { "resume", "script", "12" }, "resume", "12" },
	{ { "resume", "12" }, "resume", "12" },
};

static char *const *argv_of(const char *const *args, size_t count)
{
	static char *argv[8];
	size_t i;

	argv[0] = (char *)HOOK;
	for (i = 0; i < count && args[i]; i++)
		argv[i + 1] = (char *)args[i];
	argv[i + 1] = NULL;
	return argv;
}

START_TEST(test_note)
{
	int64_t before_ns = clock_boot_ns();
	char name[256], role[32], job[32], host[256], want[256];
	long long wall_ns, boot_ns;
	size_t size;
	char *text;

	run_to_note(argv_of(calls[_i].args, COUNT(calls[_i].args)), NULL);
	ck_assert_int_eq(notes_count(name, sizeof(name)), 1);
	snprintf(want, sizeof(want), "%s.%s.", calls[_i].role, calls[_i].job);
	ck_assert_msg(strncmp(name, want, strlen(want)) == 0, "%s", name);
	ck_assert_uint_eq(file_mode(note_path(name)), S_IFREG | 0640);
	text = file_read(note_path(name), &size);
	ck_assert_msg(sscanf(text, "role=%31s job_id=%31s node=%255s wall_ns=%lld boot_ns=%lld",
			     role, job, host, &wall_ns, &boot_ns) == 5, "%s", text);
	ck_assert_str_eq(role, calls[_i].role);
	ck_assert_str_eq(job, calls[_i].job);
	ck_assert_int_eq(gethostname(want, sizeof(want)), 0);
	ck_assert_str_eq(host, want);
	ck_assert(boot_ns >= before_ns && boot_ns <= clock_boot_ns());
	ck_assert(llabs(wall_ns / 1000000000LL - (long long)time(NULL)) < 60);
	free(text);
}
END_TEST

/* Each leaves its own, the same role and job or not. */
START_TEST(test_many)
{
	char *const argv[] = { (char *)HOOK, (char *)"suspend", (char *)"3", NULL };
	int i;

	for (i = 0; i < 20; i++)
		run_to_note(argv, NULL);
	ck_assert_int_eq(notes_count(NULL, 0), 20);
}
END_TEST

/* ---- what OAR would not say ---------------------------------------------------- */

static const char *const hostile[][4] = {
	{ NULL },
	{ "" },
	{ "server_prologue" },
	{ "server_prologue", "" },
	{ "server_prologue", "0" },
	{ "server_prologue", "-1" },
	{ "server_prologue", "+1" },
	{ "server_prologue", " 1" },
	{ "server_prologue", "1 " },
	{ "server_prologue", "1\n" },
	{ "server_prologue", "01" },
	{ "server_prologue", "0x1" },
	{ "server_prologue", "1e3" },
	{ "server_prologue", "2147483648" },
	{ "server_prologue", "12345678901" },
	{ "server_prologue", "99999999999999999999999999999999999999999999999" },
	{ "server_prologue", "../../1" },
	{ "server_prologue", "1;touch x" },
	{ "server_prologue", "\xd9\xa1" },	/* an Arabic 1 */
	{ "suspend", "script", "12" },
	{ "resume", "script", "script", "12" },
	{ "resume", "script" },
	{ "Resume", "12" },
	{ "../resume", "12" },
	{ "12", "resume" },
	{ "--help" },
};

START_TEST(test_hostile)
{
	run_quietly(argv_of(hostile[_i], COUNT(hostile[_i])), NULL);
	ck_assert_int_eq(notes_count(NULL, 0), 0);
}
END_TEST

/* Even no name of its own; and more than anybody would pass. */
START_TEST(test_arguments)
{
	static char *none[] = { NULL };
	static char *many[2001];
	static char large[100001];
	int i;

	if (!run_is_slow())	/* valgrind minds it */
		run_quietly(none, NULL);
	memset(large, '1', sizeof(large) - 1);
	many[0] = (char *)HOOK;
	many[1] = (char *)"prologue";
	many[2] = large;
	for (i = 3; i < 2000; i++)
		many[i] = (char *)"x";
	run_quietly(many, NULL);
	ck_assert_int_eq(notes_count(NULL, 0), 0);
}
END_TEST

/* ---- machines in a bad state ------------------------------------------------------ */

static void limit(int resource, rlim_t value)
{
	struct rlimit rl = { value, value };

	if (setrlimit(resource, &rl) != 0)
		_exit(92);
}

static void no_change(void) { }
static void spool_missing(void) { rmdir(spool()); }
static void spool_is_file(void)
{
	rmdir(spool());
	close(open(spool(), O_WRONLY | O_CREAT, 0666));
}
static void spool_is_fifo(void) { rmdir(spool()); mkfifo(spool(), 0666); }
static void spool_links_to(const char *target)
{
	rmdir(spool());
	if (symlink(target, spool()) != 0 && errno != EEXIST)
		_exit(93);
}
static void spool_dangles(void) { spool_links_to("/nonexistent/wattgate"); }
static void spool_loops(void) { spool_links_to("oar.d"); }
/* somebody may have laid it: the notes would go where he wants */
static void spool_is_link(void)
{
	mkdir(scratch_path("elsewhere"), 0777);
	spool_links_to("elsewhere");
}
static void become_nobody(void)
{
	if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
		_exit(94);
}
static void spool_unwritable(void) { chmod(spool(), 0555); become_nobody(); }
static void spool_closed(void) { chmod(spool(), 0); become_nobody(); }
static void run_unreachable(void) { chmod(scratch, 0); become_nobody(); }
static void run_relative(void) { setenv("WATTGATE_RUN_DIR", "run", 1); }
static void run_long(void)
{
	static char path[PATH_MAX + 100];

	memset(path, '/', sizeof(path) - 1);
	setenv("WATTGATE_RUN_DIR", path, 1);
}
/* of each of these there is SIGXFSZ, no descriptor, no memory */
static void no_file_size(void) { limit(RLIMIT_FSIZE, 0); }
static void few_bytes(void) { limit(RLIMIT_FSIZE, 10); }
static void no_descriptors(void)
{
	close(STDIN_FILENO);	/* the loader needs one */
	limit(RLIMIT_NOFILE, 1);
}

static const struct {
	const char *what;
	prepare_fn *prepare;
} broken[] = {
	{ "the spool is missing", spool_missing },
	{ "the spool is a file", spool_is_file },
	{ "the spool is a pipe", spool_is_fifo },
	{ "the spool is a dangling link", spool_dangles },
	{ "the spool is a link to itself", spool_loops },
	{ "the spool is a link", spool_is_link },
	{ "the spool is not writable", spool_unwritable },
	{ "the spool is closed", spool_closed },
	{ "the run directory is closed", run_unreachable },
	{ "the run directory is relative", run_relative },
	{ "the run directory is too long", run_long },
	{ "no file may grow", no_file_size },
	{ "no file may hold a note", few_bytes },
	{ "hardly any descriptor", no_descriptors },
};

/* Nothing in the directory, be it the spool or what is there instead. */
static int files_below_scratch(void)
{
	static const char *const dirs[] = { "oar.d", "elsewhere" };
	struct dirent *entry;
	int count = 0;
	size_t i;
	DIR *dir;

	chmod(scratch, 0755);
	for (i = 0; i < COUNT(dirs); i++) {
		chmod(scratch_path(dirs[i]), 0755);
		dir = opendir(scratch_path(dirs[i]));
		while (dir && (entry = readdir(dir)))
			count += entry->d_name[0] != '.';
		if (dir)
			closedir(dir);
	}
	return count;
}

static bool ends_as_nobody(prepare_fn *prepare)
{
	return prepare == spool_unwritable || prepare == spool_closed ||
	       prepare == run_unreachable;
}

START_TEST(test_broken)
{
	char *const argv[] = { (char *)HOOK, (char *)"server_epilogue", (char *)"12", NULL };

	printf("%s\n", broken[_i].what);
	fflush(stdout);
	/* the instruments need descriptors of their own */
	if (broken[_i].prepare == no_descriptors && (INSTRUMENTED || run_is_slow()))
		return;
	/* valgrind reaches a program by its path only, which may be closed */
	if (ends_as_nobody(broken[_i].prepare) && run_is_slow())
		return;
	run_quietly(argv, broken[_i].prepare);
	ck_assert_int_eq(files_below_scratch(), 0);
}
END_TEST

/* ---- descriptors and signals: all of these leave a note ------------------------------ */

static void all_closed(void)
{
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
}
static void full_pipe(int fd)
{
	static const char zeros[4096];
	int ends[2];

	if (pipe2(ends, O_NONBLOCK) != 0)
		_exit(95);
	while (write(ends[1], zeros, sizeof(zeros)) > 0)
		;
	/* as OAR would hand it over: a write would wait */
	fcntl(ends[1], F_SETFL, 0);
	dup2(fd == STDIN_FILENO ? ends[0] : ends[1], fd);
}
static void stdin_full(void) { full_pipe(STDIN_FILENO); }
static void stdin_silent(void)
{
	int ends[2];

	if (pipe(ends) != 0 || dup2(ends[0], STDIN_FILENO) < 0)
		_exit(95);
}
static void stderr_full(void)
{
	full_pipe(STDERR_FILENO);
	setenv("WATTGATE_OAR_DEBUG", "1", 1);
}
static void stderr_broken(void)
{
	int ends[2];

	if (pipe(ends) != 0 || dup2(ends[1], STDERR_FILENO) < 0)
		_exit(95);
	close(ends[0]);
	close(ends[1]);
	signal(SIGPIPE, SIG_DFL);
	setenv("WATTGATE_OAR_DEBUG", "1", 1);
}
static void closed_debug(void)
{
	all_closed();
	setenv("WATTGATE_OAR_DEBUG", "1", 1);
}
static void signals_blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGTRAP);	/* how a tracer hears of exec */
	sigprocmask(SIG_BLOCK, &all, NULL);
}
static void no_environment(void)
{
	char *run = strdup(getenv("WATTGATE_RUN_DIR"));

	clearenv();
	setenv("WATTGATE_RUN_DIR", run, 1);
}
static void umask_strict(void) { umask(0777); }

static const struct {
	const char *what;
	prepare_fn *prepare;
} odd[] = {
	{ "nothing odd", no_change },
	{ "0 to 2 are closed", all_closed },
	{ "0 to 2 are closed, with debug", closed_debug },
	{ "standard input is full", stdin_full },
	{ "standard input never ends", stdin_silent },
	{ "standard error is full", stderr_full },
	{ "standard error is a broken pipe", stderr_broken },
	{ "all signals are blocked", signals_blocked },
	{ "no environment", no_environment },
	{ "umask 0777", umask_strict },
};

START_TEST(test_odd)
{
	char *const argv[] = { (char *)HOOK, (char *)"epilogue", (char *)"5", (char *)"ann", NULL };
	char name[256];
	size_t size;
	char *text;

	printf("%s\n", odd[_i].what);
	fflush(stdout);
	run_quietly(argv, odd[_i].prepare);
	if (notes_count(NULL, 0) == 0)
		run_to_note(argv, odd[_i].prepare);
	ck_assert_int_ge(notes_count(name, sizeof(name)), 1);
	ck_assert_uint_eq(file_mode(note_path(name)), S_IFREG | 0640);
	text = file_read(note_path(name), &size);
	/* nothing of what it says elsewhere got into the note */
	ck_assert_msg(strncmp(text, "role=epilogue\njob_id=5\n", 23) == 0, "%s", text);
	ck_assert_ptr_null(strstr(text, "wattgate"));
	free(text);
}
END_TEST

static void debug(void) { setenv("WATTGATE_OAR_DEBUG", "1", 1); }

START_TEST(test_debug)
{
	char *const argv[] = { (char *)HOOK, (char *)"resume", (char *)"script", (char *)"5", NULL };
	struct run run = run_to_note(argv, debug);

	ck_assert_uint_gt(run.said, 20);
	ck_assert_uint_lt(run.said, 160);
}
END_TEST

/* ---- time ------------------------------------------------------------------------------ */

static void traced(void)
{
	signals_blocked();
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(96);
}

/*
 * True once the process is stopped at the end of its first call of this number;
 * false where it may not be traced.
 */
static bool run_past(pid_t pid, unsigned long number)
{
	struct __ptrace_syscall_info call = { 0 };
	bool inside = false;
	int status = 0;

	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (inside)
			return true;
		/* without SYSGOOD a call is told from a signal by nothing else */
		ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD);
		memset(&call, 0, sizeof(call));
		ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call), &call);
		inside = call.op == PTRACE_SYSCALL_INFO_ENTRY && call.entry.nr == number;
		ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
	}
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 96,
		      "it ended without that call, wait status %#x", status);
	return false;
}

/* Held up, as by a file system that hangs, it gives up; no note comes late. */
START_TEST(test_held_up)
{
	char *const argv[] = { (char *)HOOK, (char *)"suspend", (char *)"5", NULL };
	struct timespec hold = { .tv_nsec = TIME_LIMIT_NS };
	int out = open("/dev/null", O_WRONLY), status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		child(argv, traced, out);
	close(out);
	if (!run_past(pid, SYS_setitimer))
		return;
	nanosleep(&hold, NULL);
	ck_assert_int_eq(ptrace(PTRACE_DETACH, pid, NULL, NULL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(notes_count(NULL, 0), 0);
}
END_TEST

/* ---- the number of notes --------------------------------------------------------------- */

START_TEST(test_limit)
{
	char *const argv[] = { (char *)HOOK, (char *)"suspend", (char *)"5", NULL };
	char name[32];
	int i;

	for (i = 0; i < NOTES_MAX - 1; i++) {
		snprintf(name, sizeof(name), "%d", i);
		close(open(note_path(name), O_WRONLY | O_CREAT, 0600));
	}
	run_to_note(argv, NULL);
	ck_assert_int_eq(notes_count(NULL, 0), NOTES_MAX);
	run_quietly(argv, NULL);
	ck_assert_int_eq(notes_count(NULL, 0), NOTES_MAX);
}
END_TEST

static Suite *oar_hook_suite(void)
{
	Suite *s = suite_create("oar-hook");
	TCase *tc = tcase_create("oar-hook");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, scratch_teardown);
	tcase_add_loop_test(tc, test_note, 0, COUNT(calls));
	tcase_add_test(tc, test_many);
	tcase_add_loop_test(tc, test_hostile, 0, COUNT(hostile));
	tcase_add_test(tc, test_arguments);
	tcase_add_loop_test(tc, test_broken, 0, COUNT(broken));
	tcase_add_loop_test(tc, test_odd, 0, COUNT(odd));
	tcase_add_test(tc, test_debug);
	tcase_add_test(tc, test_held_up);
	tcase_add_test(tc, test_limit);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return suite_run(oar_hook_suite());
}
