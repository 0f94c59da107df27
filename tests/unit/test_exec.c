/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power by a command: its words, who may have written it, and what it prints. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>

#include "scratch.h"
#include "source/exec.h"
#include "source/exec_words.h"

/* ---- words ---- */

static const struct {
	const char *command;
	const char *words;	/* '|' between; NULL: refused */
	const char *why;
} commands[] = {
	{ "/bin/pdu", "/bin/pdu", NULL },
	{ "  /bin/pdu\t-n  n1 ", "/bin/pdu|-n|n1", NULL },
	{ "/bin/pdu \"two words\" x", "/bin/pdu|two words|x", NULL },
	{ "/bin/pdu a\"b c\"d", "/bin/pdu|ab cd", NULL },
	{ "/bin/pdu \"\" x", "/bin/pdu||x", NULL },
	{ "\"/my bin/pdu\"", "/my bin/pdu", NULL },
	{ "/bin/pdu $(id) `id` ; | > * 'a b' \\", "/bin/pdu|$(id)|`id`|;|||>|*|'a|b'|\\", NULL },
	{ "", NULL, "needs command" },
	{ "   ", NULL, "needs command" },
	{ "pdu n1", NULL, "'pdu' is not an absolute path" },
	{ "./pdu", NULL, "not an absolute path" },
	{ "\"\"", NULL, "'' is not an absolute path" },
	{ "/bin/pdu \"n1", NULL, "no second one" },
	{ "/p 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 9 1",
	  NULL, "more than 64 words" },
};

START_TEST(test_words)
{
	static struct exec_words w;
	char got[256] = "";
	struct err err = { "" };
	int rc = exec_words_split(commands[_i].command, &w, &err);

	ck_assert_msg((rc == 0) == !commands[_i].why, "%s: %s",
		      commands[_i].command, err.text);
	if (rc < 0) {
		ck_assert_msg(strstr(err.text, commands[_i].why) != NULL, "%s",
			      err.text);
		return;
	}
	for (unsigned i = 0; i < w.count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s",
			 i ? "|" : "", w.word[i]);
	ck_assert_str_eq(got, commands[_i].words);
	ck_assert_ptr_null(w.word[w.count]);
}
END_TEST

/* ---- the program ---- */

static const char *script(const char *text)
{
	const char *path = scratch_path("script");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "#!/bin/sh\n", 10), 10);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static const struct {
	mode_t mode, dir_mode;
	uid_t owner;
	const char *why;
} programs[] = {
	{ 0755, 0755, 0, NULL },
	{ 0700, 0700, 0, NULL },
	{ 0755, 01777, 0, NULL },
	{ 0644, 0755, 0, "cannot be executed" },
	{ 0775, 0755, 0, "others can write it" },
	{ 0757, 0755, 0, "others can write it" },
	{ 01757, 0755, 0, "others can write it" },
	{ 0755, 0775, 0, "others can write it" },
	{ 0755, 0755, 65534, "belongs to uid 65534" },
};

START_TEST(test_program)
{
	struct err err = { "" };
	const char *path = script("echo 1 W\n");
	int rc;

	if (programs[_i].owner && geteuid() != 0)
		return;
	if (programs[_i].owner)
		ck_assert_int_eq(chown(path, programs[_i].owner, 0), 0);
	ck_assert_int_eq(chmod(path, programs[_i].mode), 0);
	ck_assert_int_eq(chmod(scratch, programs[_i].dir_mode), 0);
	rc = exec_program_check(path, geteuid(), &err);
	ck_assert_int_eq(chmod(scratch, 0700), 0);
	ck_assert_msg((rc == 0) == !programs[_i].why, "%d: %s", _i, err.text);
	if (rc < 0)
		ck_assert_msg(strstr(err.text, programs[_i].why) != NULL, "%s",
			      err.text);
}
END_TEST

/* A link's own directory may be well, and the one that it leads to not. */
START_TEST(test_program_link)
{
	struct err err = { "" };
	const char *link = scratch_path("link"), *dir = scratch_path("dir");
	const char *path = scratch_path("dir/script");

	ck_assert_int_eq(mkdir(dir, 0755), 0);
	ck_assert_int_eq(rename(script("echo 1 W\n"), path), 0);
	ck_assert_int_eq(symlink(path, link), 0);
	ck_assert_msg(exec_program_check(link, geteuid(), &err) == 0, "%s",
		      err.text);
	ck_assert_int_eq(chmod(dir, 0777), 0);
	ck_assert_int_eq(exec_program_check(link, geteuid(), &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "/dir/: others can write it"));
}
END_TEST

/* ---- as a source ---- */

static struct conf conf;
static watch_t *watch;
static source_t *source;
static struct reading reading;
static int done_count;
static struct err err;

static void on_done(void *arg, const struct reading *r)
{
	(void)arg;
	reading = *r;
	done_count++;
}

static source_t *exec_start(const char *command)
{
	struct source_env env = {
		.conf = &conf, .meter = &conf.bmc, .suffix = "",
		.watch = watch, .ts = timesource_system(),
	};

	strcpy(conf.bmc.command, command);
	source = exec_source.open(&env, &err);
	return source;
}

static void setup(void)
{
	scratch_setup();
	watch = watch_create(&err);
	ck_assert_ptr_nonnull(watch);
	strcpy(conf.path, "wattgate.conf");
	strcpy(conf.node, "n1");
	conf.max_gap_ns = SECONDS(15);
	conf.bmc.timeout_ns = SECONDS(20);
	done_count = 0;
}

static void teardown(void)
{
	exec_source.close(source, 0);
	source = NULL;
	watch_destroy(watch);
	scratch_teardown();
}

static void loop_until(int count)
{
	struct pollfd fd = { .fd = watch_fd(watch), .events = POLLIN };
	int64_t end_ns = clock_boot_ns() + SECONDS(run_is_slow() ? 60 : 15);

	while (done_count < count && clock_boot_ns() < end_ns) {
		poll(&fd, 1, 1000);
		watch_run(watch);
	}
	ck_assert_int_eq(done_count, count);
}

/* One sample of the command. */
static void sample(void)
{
	int count = done_count + 1;

	exec_source.sample(source, on_done, NULL);
	loop_until(count);
}

static void run_script(const char *text)
{
	ck_assert_msg(exec_start(script(text)) != NULL, "%s", err.text);
	sample();
}

START_TEST(test_watts)
{
	int64_t before = clock_boot_ns();

	run_script("echo 230.5 W\n");
	ck_assert_msg(reading.ok, "%s", reading.why.text);
	ck_assert_double_eq(reading.watts, 230.5);
	ck_assert(reading.join == SERIES_LINE && isnan(reading.energy_j));
	ck_assert(reading.boot_ns >= before &&
		  reading.boot_ns <= clock_boot_ns());
	ck_assert_str_eq(reading.source, "exec:script");
	sample();
	ck_assert(reading.ok);
}
END_TEST

START_TEST(test_joules)
{
	/* 100 J more each time */
	char text[600];

	snprintf(text, sizeof(text),
		 "n=$(cat %s/n 2>/dev/null || echo 0)\n"
		 "echo $((n + 100)) >%s/n\nsleep 0.05\necho $n J\n", scratch,
		 scratch);
	run_script(text);
	ck_assert(!reading.ok && reading.nothing_new);
	sample();
	ck_assert(reading.ok && reading.join == SERIES_LINE);
	sample();
	ck_assert(reading.ok && reading.join == SERIES_MEAN);
	ck_assert_double_eq(reading.joules, 100);
	ck_assert_uint_eq(reading.past_count, 1);
	ck_assert_double_eq(reading.energy_j, 200);
}
END_TEST

static const struct {
	const char *script, *why;
} failures[] = {
	{ "exit 3\n", "script: exit status 3 ()" },
	{ "echo no such outlet >&2; echo more >&2; exit 1\n",
	  "script: exit status 1 (no such outlet)" },
	{ "echo 5 W; exit 1\n", "exit status 1 (5 W)" },
	{ "kill -SEGV $$\n", "ended by signal 11" },
	{ "true\n", "script: '' is not one number with a unit" },
	{ "echo 5\n", "'5' is not one number" },
	{ "echo 0 W\n", "script: 0 W is no power of a node" },
	{ "echo -5 W\n", "'-5 W' is not" },
	{ "echo 5 W >&2\n", "'' is not one number" },
	{ "printf '\\033[31mHELLO\\n\\n'\n", "'\\x1b[31mHELLO' is not" },
	{ "echo 1 W; echo 2 W\n", "'1 W\\x0a2 W' is not" },
	{ "yes 12345678901234567890 | head -c 100000\n", "...' is not one" },
	{ "cat /dev/zero\n", "it printed more than" },
	{ "cat\n", "'' is not one number" },	/* of no input */
};

START_TEST(test_failures)
{
	run_script(failures[_i].script);
	ck_assert(!reading.ok && !reading.nothing_new);
	ck_assert_msg(strstr(reading.why.text, failures[_i].why) != NULL, "%s",
		      reading.why.text);
}
END_TEST

/* Warnings beside a number are the command's own business. */
START_TEST(test_warnings)
{
	run_script("yes warning | head -c 300000 >&2; echo 7 W\n");
	ck_assert_msg(reading.ok, "%s", reading.why.text);
	ck_assert_double_eq(reading.watts, 7);
}
END_TEST

static bool alive(const char *file)
{
	size_t size;
	char *text = file_read(scratch_path(file), &size);
	pid_t pid = (pid_t)atol(text);
	char stat_path[64], state = 0;
	FILE *f;

	free(text);
	ck_assert_int_gt(pid, 1);
	snprintf(stat_path, sizeof(stat_path), "/proc/%d/stat", (int)pid);
	f = fopen(stat_path, "r");
	if (!f)
		return false;
	if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	fclose(f);
	return state != 'Z' && state != 'X';
}

static bool gone_soon(const char *file)
{
	for (int i = 0; i < 500 && alive(file); i++)
		usleep(10000);
	return !alive(file);
}

START_TEST(test_timeout)
{
	int64_t before;
	char text[300];

	conf.bmc.timeout_ns = SECONDS(0.5);
	snprintf(text, sizeof(text),
		 "trap '' TERM\nsleep 1000 & echo $! >%s/pid; echo 5 W; wait\n",
		 scratch);
	before = clock_boot_ns();
	run_script(text);
	ck_assert_str_eq(strrchr(reading.why.text, ':'),
			 ": killed, it took too long");
	ck_assert_int_ge(clock_boot_ns() - before, SECONDS(0.5));
	ck_assert(gone_soon("pid"));
}
END_TEST

/* It ends, what it started holds its output: neither is waited for. */
START_TEST(test_left_behind)
{
	int64_t before = clock_boot_ns();
	char text[300];

	snprintf(text, sizeof(text), "sleep 1000 & echo $! >%s/pid; echo 5 W\n",
		 scratch);
	run_script(text);
	ck_assert(reading.ok);
	if (!run_is_slow())
		ck_assert_int_lt(clock_boot_ns() - before, SECONDS(10));
	ck_assert(gone_soon("pid"));
}
END_TEST

/* A program that closes its output is waited for all the same. */
START_TEST(test_closed_output)
{
	run_script("echo 5 W; exec >&- 2>&-; sleep 0.3; exit 4\n");
	ck_assert(!reading.ok);
	ck_assert_ptr_nonnull(strstr(reading.why.text, "exit status 4"));
}
END_TEST

START_TEST(test_close_while_running)
{
	char text[300];

	snprintf(text, sizeof(text), "echo $$ >%s/pid; sleep 1000\n", scratch);
	ck_assert_ptr_nonnull(exec_start(script(text)));
	exec_source.sample(source, on_done, NULL);
	for (int i = 0; i < 500 && access(scratch_path("pid"), F_OK) < 0; i++)
		usleep(10000);
	usleep(50000);
	exec_source.close(source, 0);
	source = NULL;
	ck_assert(gone_soon("pid"));
	ck_assert_int_eq(done_count, 0);
}
END_TEST

/* Nothing of ours: environment, descriptors, signals. */
START_TEST(test_clean)
{
	char text[300], *said;
	size_t size;
	int fd = open("/dev/null", O_RDONLY);	/* without O_CLOEXEC */

	ck_assert_int_ge(fd, 3);
	setenv("SECRET", "x", 1);
	snprintf(text, sizeof(text),
		 "{ /usr/bin/env | sort; ls /proc/self/fd | wc -l; } >%s/said; echo 5 W\n",
		 scratch);
	run_script(text);
	ck_assert(reading.ok);
	said = file_read(scratch_path("said"), &size);
	/* PWD and the like are the shell's; ls has 0, 1, 2 and its directory */
	ck_assert_msg(strstr(said, "LC_ALL=C\n") && strstr(said, "WATTGATE_NODE=n1\n") &&
		      strstr(said, "PATH=/usr/local/sbin:") &&
		      !strstr(said, "SECRET") && strstr(said, "\n4\n"), "%s",
		      said);
	free(said);
	close(fd);
}
END_TEST

START_TEST(test_arguments)
{
	char command[400];

	snprintf(command, sizeof(command), "%s \"a b\" $HOME;",
		 script("[ $# = 2 ] && [ \"$1\" = 'a b' ] && [ \"$2\" = '$HOME;' ] && echo 5 W\n"));
	ck_assert_ptr_nonnull(exec_start(command));
	sample();
	ck_assert_msg(reading.ok, "%s", reading.why.text);
}
END_TEST

START_TEST(test_refused)
{
	ck_assert_ptr_null(exec_start("/nonexistent/pdu n1"));
	ck_assert_ptr_nonnull(strstr(err.text, "wattgate.conf: node n1: /nonexistent/pdu: "));
	ck_assert_ptr_null(exec_start(""));
	ck_assert_ptr_nonnull(strstr(err.text, "needs command"));
	ck_assert_int_eq(exec_source.check(&conf, &conf.bmc, &err), -1);
	ck_assert_ptr_null(exec_start("/dev"));
	ck_assert_ptr_nonnull(strstr(err.text, "not a program"));
}
END_TEST

/* It was there when wattgated started. */
START_TEST(test_removed)
{
	run_script("echo 5 W\n");
	ck_assert_int_eq(unlink(scratch_path("script")), 0);
	sample();
	ck_assert(!reading.ok);
	/* under valgrind a program is found not to be there one step later */
	ck_assert(strstr(reading.why.text, "cannot be run") ||
		  strstr(reading.why.text, "127"));
	script("echo 6 W\n");
	sample();
	ck_assert(reading.ok && reading.watts == 6);
}
END_TEST

static Suite *exec_suite(void)
{
	Suite *s = suite_create("exec");
	TCase *pure = tcase_create("words"), *tc = tcase_create("exec");

	tcase_add_loop_test(pure, test_words, 0, COUNT(commands));
	suite_add_tcase(s, pure);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_program, 0, COUNT(programs));
	tcase_add_test(tc, test_program_link);
	tcase_add_test(tc, test_watts);
	tcase_add_test(tc, test_joules);
	tcase_add_loop_test(tc, test_failures, 0, COUNT(failures));
	tcase_add_test(tc, test_warnings);
	tcase_add_test(tc, test_timeout);
	tcase_add_test(tc, test_left_behind);
	tcase_add_test(tc, test_closed_output);
	tcase_add_test(tc, test_close_while_running);
	tcase_add_test(tc, test_clean);
	tcase_add_test(tc, test_arguments);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_removed);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return suite_run(exec_suite());
}
