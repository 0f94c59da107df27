/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The source that speaks IPMI by a helper: its lines, and helpers (scripts
 * here) that lie, hang, die and shout.
 */
#include "source/ipmi.h"
#include "source/ipmi_answer.h"

#include <math.h>
#include <poll.h>
#include <signal.h>

#include "scratch.h"

/* ---- lines ------------------------------------------------------------------ */

static const struct {
	const char *line;
	enum ipmi_answer_kind kind;
	double watts;
	int64_t boot_ns;
	const char *text;
} lines[] = {
	{ "ok 200 12345 dcmi", IPMI_OK, 200, 12345, "dcmi" },
	{ "ok 123.456 0 sensor Pwr Consumption", IPMI_OK, 123.456, 0,
	  "sensor Pwr Consumption" },
	{ "ok 1e3 9223372036854775807 x", IPMI_OK, 1000, INT64_MAX, "x" },
	{ "none unavailable DCMI reads 0 W", IPMI_UNAVAILABLE, 0, 0,
	  "DCMI reads 0 W" },
	{ "none auth no", IPMI_AUTH, 0, 0, "no" },
	{ "none unreachable n1-bmc: no answer", IPMI_UNREACHABLE, 0, 0,
	  "n1-bmc: no answer" },
	{ "none config set sensor", IPMI_CONFIG, 0, 0, "set sensor" },
	{ "note sensor 1 reads 2 W", IPMI_NOTE, 0, 0, "sensor 1 reads 2 W" },
	{ "", IPMI_BAD, 0, 0, NULL },
	{ "ok", IPMI_BAD, 0, 0, NULL },
	{ "ok ", IPMI_BAD, 0, 0, NULL },
	{ "ok 200", IPMI_BAD, 0, 0, NULL },
	{ "ok 200 1", IPMI_BAD, 0, 0, NULL },
	{ "ok 200 1 ", IPMI_BAD, 0, 0, NULL },
	{ "ok 200 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok 200W 1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok 0 1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok -5 1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok nan 1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok inf 1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok 1e400 1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok 1e-400 1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok 1000001 1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok 0x10 1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok  200 1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok +200 1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok 200 -1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok 200 1.5 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "ok 200 9223372036854775808 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "OK 200 1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ " ok 200 1 dcmi", IPMI_BAD, 0, 0, NULL },
	{ "none", IPMI_BAD, 0, 0, NULL },
	{ "none auth", IPMI_BAD, 0, 0, NULL },
	{ "none auth ", IPMI_BAD, 0, 0, NULL },
	{ "none ok x", IPMI_BAD, 0, 0, NULL },
	{ "none unavailables x", IPMI_BAD, 0, 0, NULL },
	{ "note", IPMI_BAD, 0, 0, NULL },
	{ "note ", IPMI_BAD, 0, 0, NULL },
};

START_TEST(answer_lines)
{
	struct ipmi_answer a;

	ipmi_answer_parse(lines[_i].line, &a);
	ck_assert_msg(a.kind == lines[_i].kind, "%s: %d", lines[_i].line,
		      a.kind);
	ck_assert_double_eq(a.watts, lines[_i].watts);
	ck_assert_int_eq(a.boot_ns, lines[_i].boot_ns);
	if (lines[_i].text)
		ck_assert_str_eq(a.text, lines[_i].text);
	else
		ck_assert_ptr_null(a.text);
}
END_TEST

/* ---- a source and its helper --------------------------------------------------- */

static struct conf conf;
static watch_t *w;
static source_t *source;
static struct reading last;
static int readings;
static struct err err;
static char logged[512];

static void log_add(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	snprintf(logged, sizeof(logged), "%s", line);
}

static const logger_t logger = { log_add, NULL, LOG_LEVEL_DEBUG };

/* The helper, as a script: its whole life, or what it does for each command. */
static void helper_write(const char *body)
{
	char text[1024];

	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", body);
	file_write(scratch_path("helper"), text, strlen(text));
	ck_assert_int_eq(chmod(scratch_path("helper"), 0700), 0);
}

static void helper_answers(const char *body)
{
	char text[900];

	snprintf(text, sizeof(text), "while read -r what; do\n%s\ndone", body);
	helper_write(text);
}

static void open_source(void)
{
	struct source_env env = {
		.conf = &conf, .meter = &conf.bmc, .suffix = "", .watch = w,
		.ts = timesource_system(), .boot_id = "", .log = &logger,
	};

	source = ipmi_source.open(&env, &err);
}

static void setup(void)
{
	scratch_setup();
	signal(SIGPIPE, SIG_IGN);
	memset(&conf, 0, sizeof(conf));
	strcpy(conf.path, "CONF");
	strcpy(conf.node, "n1");
	conf.bmc.timeout_ns = run_is_slow() ? NS_PER_S : NS_PER_S / 10;
	setenv("WATTGATE_IPMI", scratch_path("helper"), 1);
	w = watch_create(&err);
	ck_assert_ptr_nonnull(w);
	source = NULL;
	logged[0] = '\0';
}

static void teardown(void)
{
	ipmi_source.close(source, NS_PER_S);
	watch_destroy(w);
	scratch_teardown();
}

static void on_reading(void *arg, const struct reading *r)
{
	ck_assert_ptr_eq(arg, &last);
	last = *r;
	readings++;
}

/* Let the loop run for so long, or until there is a reading. */
static void run(int64_t limit_ns, int wanted)
{
	struct pollfd fd = { .fd = watch_fd(w), .events = POLLIN };
	int64_t end_ns = clock_boot_ns() + limit_ns;

	while (readings < wanted && clock_boot_ns() < end_ns)
		if (poll(&fd, 1, 10) == 1)
			watch_run(w);
}

static void sample(void)
{
	int64_t from_ns = clock_boot_ns();

	readings = 0;
	memset(&last, 0x5a, sizeof(last));
	ipmi_source.sample(source, on_reading, &last);
	/* a busy machine may take its time; a helper that hangs takes all of it */
	ck_assert_msg(clock_boot_ns() - from_ns <
		      (run_is_slow() ? SECONDS(3) : NS_PER_S / 10), "it blocks");
	run(SECONDS(5), 1);
	ck_assert_int_eq(readings, 1);
	if (last.ok)
		ck_assert(last.boot_ns >= from_ns &&
			  last.boot_ns <= clock_boot_ns());
}

static void expect_none(enum backoff_kind backoff, const char *why)
{
	sample();
	ck_assert_msg(!last.ok && strstr(last.why.text, why), "%s",
		      last.ok ? last.source : last.why.text);
	ck_assert_int_eq(last.backoff, backoff);
	ck_assert(isnan(last.energy_j));
}

START_TEST(good_helper)
{
	char first[64];

	helper_answers("echo \"ok 200.5 0 sensor $$ $what\"");
	open_source();
	ck_assert_ptr_nonnull(source);
	ck_assert_str_eq(ipmi_source.place(source), "");
	sample();
	ck_assert_msg(last.ok, "%s", last.why.text);
	ck_assert_double_eq(last.watts, 200.5);
	ck_assert(isnan(last.energy_j));
	ck_assert_ptr_nonnull(strstr(last.source, "ipmi:sensor "));
	ck_assert_ptr_nonnull(strstr(last.source, " sample"));
	strcpy(first, last.source);
	ck_assert_str_eq(ipmi_source.place(source), first);
	for (int i = 0; i < 20; i++) {
		sample();
		ck_assert_str_eq(last.source, first);	/* the same process */
	}
}
END_TEST

/* What the helper says of time is taken where it can be true. */
START_TEST(time_of_a_reading)
{
	int64_t now_ns;

	helper_answers("set -- $(cat /proc/uptime); s=${1%.*}; echo ok 5 $s${1#*.}0000000 x; sleep 0.05");
	open_source();
	sample();		/* a script's uptime is cut: may be too early */
	ck_assert(last.ok);
	helper_answers("sleep 0.05; echo ok 5 9000000000000000000 x");
	ipmi_source.close(source, NS_PER_S);
	open_source();
	now_ns = clock_boot_ns();
	sample();
	ck_assert(last.ok);
	ck_assert_int_gt(last.boot_ns, now_ns + NS_PER_S / 50);
	ck_assert_int_lt(last.boot_ns, clock_boot_ns() - NS_PER_S / 50);
}
END_TEST

START_TEST(reasons)
{
	helper_answers("echo 'none unavailable 0 W'");
	open_source();
	expect_none(BACKOFF_NONE, "0 W");
	ipmi_source.close(source, NS_PER_S);
	helper_answers("echo 'none unreachable nobody'");
	open_source();
	expect_none(BACKOFF_SOON, "nobody");
	ipmi_source.close(source, NS_PER_S);
	helper_answers("echo 'none auth password'");
	open_source();
	expect_none(BACKOFF_SLOW, "password");
	ipmi_source.close(source, NS_PER_S);
	helper_answers("echo 'none config sensor'");
	open_source();
	expect_none(BACKOFF_SLOW, "sensor");
	/* it was well once: a BMC that starts has no sensors for a moment */
	ipmi_source.close(source, NS_PER_S);
	helper_answers("[ -e $0.on ] && echo none config sensor || echo ok 5 0 x; : >$0.on");
	open_source();
	sample();
	ck_assert(last.ok);
	expect_none(BACKOFF_SOON, "sensor");
}
END_TEST

/* Each once: the first process of a scratch directory is bad, the next good. */
static const struct {
	const char *what, *first, *why;
} hostile[] = {
	{ "garbage", "read -r x; head -c 500 /dev/urandom | tr '\\n' x; echo; read -r x", "cannot be read" },
	{ "a wrong word", "read -r x; echo watts 200; read -r x", "cannot be read" },
	{ "an endless line", "read -r x; exec cat /dev/zero", "ended without" },
	{ "dies at once", "exit 0", "" },
	{ "dies when asked", "read -r x; exit 1", "ended without" },
	{ "dies in a line", "read -r x; printf 'ok 200 0'", "ended without" },
	{ "is killed", "read -r x; kill -9 $$", "ended without" },
	{ "is silent", "read -r x; exec sleep 60", "in time" },
	{ "is silent, with children", "read -r x; sleep 61 & sleep 62", "in time" },
	{ "stops itself", "read -r x; kill -STOP $$", "in time" },
	{ "closes its output", "read -r x; exec >&-; sleep 60", "ended without" },
	{ "tells notes unasked", "read -r x; echo note x; read -r x", "not asked" },
	{ "does not read", "exec sleep 60", "in time" },
};

START_TEST(hostile_helpers)
{
	char text[900];

	snprintf(text, sizeof(text), "if [ ! -e %s ]; then : >%s\n%s\nexit; fi\nwhile read -r x; do echo ok 7 0 well; done",
		 scratch_path("once"), scratch_path("once"), hostile[_i].first);
	helper_write(text);
	open_source();
	expect_none(BACKOFF_SOON, hostile[_i].why);
	run(SECONDS(0.1), 2);	/* the least period is 20 ms */
	ck_assert_int_eq(readings, 1);
	for (int i = 0; i < 3; i++) {
		sample();
		ck_assert_msg(last.ok, "%s: %s", hostile[_i].what,
			      last.why.text);
		ck_assert_double_eq(last.watts, 7);
	}
}
END_TEST

/* The first of a flood counts; then it is killed, and the loop has its rest. */
START_TEST(flood)
{
	struct pollfd fd = { .fd = -1, .events = POLLIN };

	helper_write("echo $$ >$0.pid; read -r x; exec yes 'ok 7 0 flood'");
	open_source();
	sample();
	ck_assert(last.ok);
	run(SECONDS(0.3), 2);
	ck_assert_int_eq(readings, 1);
	ck_assert_ptr_nonnull(strstr(logged, "unasked"));
	fd.fd = watch_fd(w);
	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	ck_assert_int_ge(readings, 1);
}
END_TEST

static unsigned notes;

static void on_note(void *arg, const char *line)
{
	ck_assert_ptr_eq(arg, &notes);
	ck_assert_str_eq(line, "one");
	notes++;
}

START_TEST(explained)
{
	helper_answers("echo note one; echo note one; echo \"ok 5 0 $what\"");
	open_source();
	notes = 0;
	ipmi_explain(source, on_note, &notes);
	sample();
	ck_assert_uint_eq(notes, 2);
	ck_assert_str_eq(last.source, "ipmi:explain");
	ipmi_source.close(source, NS_PER_S);
	helper_answers("exec yes note one");
	open_source();
	ipmi_explain(source, on_note, &notes);
	expect_none(BACKOFF_SOON, "in time");
}
END_TEST

/* What can be seen in its argument vector. */
START_TEST(arguments)
{
	helper_answers("echo none config \"$*\"; exit");
	strcpy(conf.bmc.sensor, "Node Power; reboot");
	open_source();
	expect_none(BACKOFF_SLOW, run_is_slow() ?
		    "--timeout 900 --sensor Node Power; reboot" :
		    "--timeout 90 --sensor Node Power; reboot");
	ipmi_source.close(source, NS_PER_S);
	strcpy(conf.bmc.host, "n1-bmc");
	strcpy(conf.bmc.user, "reader");
	strcpy(conf.bmc.password_file, scratch_path("secret"));
	file_write(scratch_path("secret"), "hunter2\n", 8);
	ck_assert_int_eq(chmod(scratch_path("secret"), 0600), 0);
	open_source();
	expect_none(BACKOFF_SLOW, "--host n1-bmc --user reader --password-file /");
	ck_assert_ptr_null(strstr(last.why.text, "hunter2"));
}
END_TEST

START_TEST(refused_configurations)
{
	ck_assert_int_eq(ipmi_source.check(&conf, &conf.bmc, &err), 0);
	conf.mode = CONF_MODE_SITE;
	ck_assert_int_eq(ipmi_source.check(&conf, &conf.bmc, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "set host"));
	conf.mode = CONF_MODE_NODE;
	strcpy(conf.bmc.host, "n1-bmc");
	ck_assert_int_eq(ipmi_source.check(&conf, &conf.bmc, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "needs user and password_file"));
	strcpy(conf.bmc.user, "u");
	strcpy(conf.bmc.password_file, scratch_path("secret"));
	ck_assert_int_eq(ipmi_source.check(&conf, &conf.bmc, &err), 0);
	open_source();
	ck_assert_ptr_null(source);
	ck_assert_ptr_nonnull(strstr(err.text, "helper, which is built"));
	helper_answers("");
	open_source();
	ck_assert_ptr_null(source);
	ck_assert_ptr_nonnull(strstr(err.text, "secret"));
	file_write(scratch_path("secret"), "x\n", 2);	/* 0640 */
	open_source();
	ck_assert_ptr_null(source);
	ck_assert_ptr_nonnull(strstr(err.text, "chmod 0600"));
}
END_TEST

/* A source that goes: one that logs out is let, one that hangs is not waited for. */
START_TEST(closing)
{
	int64_t from_ns;

	helper_answers("echo ok 5 0 x");
	open_source();
	sample();
	from_ns = clock_boot_ns();
	ipmi_source.stop(source);
	ipmi_source.close(source, SECONDS(5));
	ck_assert_int_lt(clock_boot_ns() - from_ns, SECONDS(1));
	helper_write("exec sleep 60");
	open_source();
	readings = 0;
	ipmi_source.sample(source, on_reading, &last);
	from_ns = clock_boot_ns();
	ipmi_source.close(source, SECONDS(0.2));
	ck_assert_int_lt(clock_boot_ns() - from_ns, SECONDS(1));
	ck_assert_int_eq(readings, 0);
	source = NULL;
	ipmi_source.close(source, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ipmi source");
	TCase *tc = tcase_create("lines");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, answer_lines, 0, COUNT(lines));
	suite_add_tcase(s, tc);
	tc = tcase_create("helper");
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, good_helper);
	tcase_add_test(tc, time_of_a_reading);
	tcase_add_test(tc, reasons);
	tcase_add_loop_test(tc, hostile_helpers, 0, COUNT(hostile));
	tcase_add_test(tc, flood);
	tcase_add_test(tc, explained);
	tcase_add_test(tc, arguments);
	tcase_add_test(tc, refused_configurations);
	tcase_add_test(tc, closing);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
