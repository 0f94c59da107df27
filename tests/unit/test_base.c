/* SPDX-License-Identifier: GPL-2.0-or-later */
/* err, log and clock. */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))

/* ---- err --------------------------------------------------------------------- */

START_TEST(test_err_text)
{
	struct err err;

	errno = EBUSY;
	ck_assert_int_eq(err_set(&err, "%s:%d: no", "file", 7), -1);
	ck_assert_str_eq(err.text, "file:7: no");
	ck_assert_int_eq(errno, EBUSY);
	errno = ENOENT;
	ck_assert_int_eq(err_set_errno(&err, "cannot open '%s'", "x"), -1);
	ck_assert_str_eq(err.text,
			 "cannot open 'x': No such file or directory");
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(test_err_null)
{
	errno = EBUSY;
	ck_assert_int_eq(err_set(NULL, "%s", "x"), -1);
	ck_assert_int_eq(err_set_errno(NULL, "%s", "x"), -1);
	ck_assert_int_eq(errno, EBUSY);
}
END_TEST

/* Lengths around the buffer's: only what does not fit is cut, and shows it. */
START_TEST(test_err_cut)
{
	char text[2048];
	struct err err;
	const size_t room = sizeof(err.text) - 1, len = room - 2 + (size_t)_i;

	memset(text, 'x', len);
	text[len] = '\0';
	err_set(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.text), len < room ? len : room);
	ck_assert_int_eq(strcmp(err.text + strlen(err.text) - 3, "...") == 0,
			 len > room);
}
END_TEST

static const size_t errno_lengths[] = {
	480, 490, 491, 492, 507, 508, 509, 510, 511, 512, 513, 2000
};

START_TEST(test_err_errno_cut)
{
	static const char reason[] = ": No such file or directory";
	const size_t len = errno_lengths[_i];
	char text[2048];
	struct err err;
	bool fits = len + strlen(reason) < sizeof(err.text);

	memset(text, 'x', len);
	text[len] = '\0';
	errno = ENOENT;
	err_set_errno(&err, "%s", text);
	ck_assert_uint_eq(strlen(err.text), fits ? len + strlen(reason) :
			  sizeof(err.text) - 1);
	ck_assert_str_eq(err.text + strlen(err.text) - 3,
			 fits ? "ory" : "...");
}
END_TEST

/* ---- log ---------------------------------------------------------------------- */

static char last_line[2048];
static int last_level, lines;

static void keep_line(void *arg, enum log_level level, const char *line)
{
	ck_assert_ptr_eq(arg, last_line);
	snprintf(last_line, sizeof(last_line), "%s", line);
	last_level = (int)level;
	lines++;
	errno = EIO;	/* a sink may do that */
}

static logger_t keeper(enum log_level level)
{
	last_line[0] = '\0';
	lines = 0;
	return (logger_t){ keep_line, last_line, level };
}

START_TEST(test_log_levels)
{
	logger_t log = keeper((enum log_level)_i);

	errno = EBUSY;
	log_error(&log, "at %d", LOG_LEVEL_ERROR);
	log_warn(&log, "at %d", LOG_LEVEL_WARN);
	log_info(&log, "at %d", LOG_LEVEL_INFO);
	log_debug(&log, "at %d", LOG_LEVEL_DEBUG);
	ck_assert_int_eq(errno, EBUSY);
	ck_assert_int_eq(lines, _i + 1);
	ck_assert_int_eq(last_level, _i);
	ck_assert_int_eq(last_line[3], '0' + _i);
}
END_TEST

START_TEST(test_log_nowhere)
{
	logger_t none = { 0 };

	log_error(NULL, "%s", "x");
	log_error(&none, "%s", "x");
}
END_TEST

static const struct {
	const char *text, *line;
} dirty[] = {
	{ "plain text", "plain text" },
	{ "two\nlines\r\n", "two?lines??" },
	{ "a\x1b[31mred", "a?[31mred" },
	{ "bell\a tab\t del\x7f", "bell? tab? del?" },
	{ "\xc3\xa4 stays", "\xc3\xa4 stays" },
	{ "csi \xc2\x9b" "2J", "csi ??2J" },
	{ "nbsp \xc2\xa0", "nbsp \xc2\xa0" },
	{ "end \xc2", "end \xc2" },
	{ "%s%n", "%s%n" },
	{ "", "" },
};

START_TEST(test_log_dirty)
{
	logger_t log = keeper(LOG_LEVEL_INFO);

	log_info(&log, "%s", dirty[_i].text);
	ck_assert_int_eq(lines, 1);
	ck_assert_str_eq(last_line, dirty[_i].line);
}
END_TEST

START_TEST(test_log_long)
{
	logger_t log = keeper(LOG_LEVEL_INFO);
	char text[1500];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	log_info(&log, "%s", text);
	ck_assert_uint_eq(strlen(last_line), 1023);
	ck_assert_str_eq(last_line + 1019, "x...");
}
END_TEST

static const struct {
	bool systemd;
	enum log_level level;
	const char *line;
} prefixes[] = {
	{ true, LOG_LEVEL_ERROR, "<3>hello\n" },
	{ true, LOG_LEVEL_WARN, "<4>hello\n" },
	{ true, LOG_LEVEL_INFO, "<6>hello\n" },
	{ true, LOG_LEVEL_DEBUG, "<7>hello\n" },
	{ false, LOG_LEVEL_ERROR, "error: hello\n" },
	{ false, LOG_LEVEL_WARN, "warning: hello\n" },
	{ false, LOG_LEVEL_INFO, "info: hello\n" },
	{ false, LOG_LEVEL_DEBUG, "debug: hello\n" },
};

START_TEST(test_log_stderr)
{
	logger_t log = logger_stderr(LOG_LEVEL_DEBUG, prefixes[_i].systemd);
	int saved = dup(STDERR_FILENO), fds[2];
	char got[64] = "";

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	log_line(&log, prefixes[_i].level, "hello");
	ck_assert_int_eq(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	/* one read: it was one write */
	ck_assert_int_gt(read(fds[0], got, sizeof(got) - 1), 0);
	close(saved);
	close(fds[0]);
	close(fds[1]);
	ck_assert_str_eq(got, prefixes[_i].line);
}
END_TEST

START_TEST(test_latch)
{
	struct log_latch latch = { 0 };

	ck_assert(!log_latch_change(&latch, false));	/* good from the start */
	ck_assert(log_latch_change(&latch, true));
	ck_assert(!log_latch_change(&latch, true));
	ck_assert(log_latch_change(&latch, false));
	ck_assert(!log_latch_change(&latch, false));
	latch = (struct log_latch){ 0 };
	ck_assert(log_latch_change(&latch, true));	/* bad from the start */
	ck_assert(!log_latch_change(&latch, true));
	ck_assert(log_latch_change(&latch, false));
}
END_TEST

START_TEST(test_rate)
{
	struct log_rate rate = { 0 };

	for (int64_t minute = 0; minute < 3; minute++) {
		for (int i = 0; i < LOG_RATE_MAX; i++)
			ck_assert(log_rate_allow(&rate, minute * 60 * NS_PER_S + i));
		ck_assert(!log_rate_allow(&rate, minute * 60 * NS_PER_S + 99));
		ck_assert(!log_rate_allow(&rate, (minute + 1) * 60 * NS_PER_S - 1));
	}
}
END_TEST

/* ---- clock ---------------------------------------------------------------------- */

static const struct {
	int64_t ns;
	const char *text;
} times[] = {
	{ 0, "1970-01-01T00:00:00Z" },
	{ 999999999, "1970-01-01T00:00:00Z" },
	{ -1, "1969-12-31T23:59:59Z" },
	{ -NS_PER_S, "1969-12-31T23:59:59Z" },
	{ -NS_PER_S - 1, "1969-12-31T23:59:58Z" },
	{ 951782400 * NS_PER_S, "2000-02-29T00:00:00Z" },
	{ 1795442220 * NS_PER_S, "2026-11-23T13:57:00Z" },
	{ 4102444799 * NS_PER_S, "2099-12-31T23:59:59Z" },
	{ INT64_MAX, "2262-04-11T23:47:16Z" },
	{ INT64_MIN, "1677-09-21T00:12:43Z" },
};

START_TEST(test_iso8601)
{
	char buf[32];

	setenv("TZ", "America/New_York", 1);	/* must not matter */
	ck_assert_str_eq(clock_iso8601(times[_i].ns, buf, sizeof(buf)),
			 times[_i].text);
}
END_TEST

START_TEST(test_iso8601_no_room)
{
	char buf[20];

	ck_assert_str_eq(clock_iso8601(0, buf, sizeof(buf)), "");
}
END_TEST

START_TEST(test_boot_id)
{
	char a[BOOT_ID_SIZE], b[BOOT_ID_SIZE];

	memset(a, 'x', sizeof(a));
	memset(b, 'y', sizeof(b));
	ck_assert_int_eq(clock_boot_id(a), 0);
	ck_assert_int_eq(clock_boot_id(b), 0);
	ck_assert_uint_eq(strlen(a), 36);
	ck_assert_mem_eq(a, b, BOOT_ID_SIZE);	/* padding too */
}
END_TEST

START_TEST(test_system_clocks)
{
	timesource_t ts = timesource_system();
	int64_t boot = clock_boot_ns();

	ck_assert_int_gt(boot, 0);
	ck_assert_int_ge(timesource_boot_ns(&ts), boot);
	/* wall time is after 2020, boot time is not wall time */
	ck_assert_int_gt(timesource_wall_ns(&ts), 1577836800 * NS_PER_S);
	ck_assert_int_gt(clock_wall_ns(), 1577836800 * NS_PER_S);
	ck_assert_int_lt(boot, clock_wall_ns());
}
END_TEST

static int64_t fixed_boot(void *arg)
{
	return *(int64_t *)arg;
}

static int64_t fixed_wall(void *arg)
{
	return *(int64_t *)arg + 1;
}

START_TEST(test_injected_clock)
{
	int64_t now = 1500000000;
	timesource_t ts = { fixed_boot, fixed_wall, &now };

	ck_assert_int_eq(timesource_boot_ns(&ts), 1500000000);
	ck_assert_int_eq(timesource_wall_ns(&ts), 1500000001);
	ck_assert_double_eq(ns_to_s(now), 1.5);
}
END_TEST

static Suite *base_suite(void)
{
	Suite *s = suite_create("base");
	TCase *tc = tcase_create("base");

	tcase_add_test(tc, test_err_text);
	tcase_add_test(tc, test_err_null);
	tcase_add_loop_test(tc, test_err_cut, 0, 6);
	tcase_add_loop_test(tc, test_err_errno_cut, 0, LEN(errno_lengths));
	tcase_add_loop_test(tc, test_log_levels, LOG_LEVEL_ERROR,
			    LOG_LEVEL_DEBUG + 1);
	tcase_add_test(tc, test_log_nowhere);
	tcase_add_loop_test(tc, test_log_dirty, 0, LEN(dirty));
	tcase_add_test(tc, test_log_long);
	tcase_add_loop_test(tc, test_log_stderr, 0, LEN(prefixes));
	tcase_add_test(tc, test_latch);
	tcase_add_test(tc, test_rate);
	tcase_add_loop_test(tc, test_iso8601, 0, LEN(times));
	tcase_add_test(tc, test_iso8601_no_room);
	tcase_add_test(tc, test_boot_id);
	tcase_add_test(tc, test_system_clocks);
	tcase_add_test(tc, test_injected_clock);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(base_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
