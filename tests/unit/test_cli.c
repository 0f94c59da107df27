/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pieces of wattgate that need no cluster: texts in, values out. */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/elf_symbol.h"
#include "lib/hostlist.h"
#include "cli/jobs.h"
#include "cli/json_report.h"
#include "cli/plugstack.h"
#include "cli/progress.h"
#include "cli/rows.h"
#include "cli/sacct_parse.h"
#include "cli/slurm_config.h"
#include "cli/text.h"
#include "cli/whose.h"
#include "lib/when.h"
#include "lib/clock.h"

/* Exported, so that the test can read it out of its own file. */
extern const uint32_t test_cli_version;
const uint32_t test_cli_version = 0x160508;

/* ---- points in time ---------------------------------------------------------- */

#define NOW_S INT64_C(1795443666)	/* 2026-11-23T14:21:06Z */

static const struct {
	const char *tz, *text;
	int64_t s;	/* -1: refused */
} times[] = {
	{ "UTC", "now", NOW_S },
	{ "UTC", "-3h", NOW_S - 3 * 3600 },
	{ "UTC", "now-1h", NOW_S - 3600 },
	{ "UTC", "now-90m", NOW_S - 5400 },
	{ "UTC", "+1h", NOW_S + 3600 },
	{ "UTC", "-2d", NOW_S - 2 * 86400 },
	{ "UTC", "-1w", NOW_S - 7 * 86400 },
	{ "UTC", "-45s", NOW_S - 45 },
	{ "UTC", "today", 1795392000 },
	{ "UTC", "yesterday", 1795392000 - 86400 },
	{ "UTC", "today-1d", 1795392000 - 86400 },
	{ "UTC", "@1795443666", NOW_S },
	{ "UTC", "@0", 0 },
	{ "UTC", "2026-11-23", 1795392000 },
	{ "UTC", "2026-11-23T14:21:06", NOW_S },
	{ "UTC", "2026-11-23 14:21:06", NOW_S },
	{ "UTC", "2026-11-23 14:21", NOW_S - 6 },
	{ "UTC", "2026-11-23T14:21:06Z", NOW_S },
	{ "UTC", "2026-11-23T15:21:06+01:00", NOW_S },
	{ "UTC", "2026-11-23T15:21:06+01", NOW_S },
	{ "UTC", "2026-11-23T08:51:06-0530", NOW_S },
	{ "UTC", "2028-02-29", 1835395200 },
	{ "Europe/Paris", "2026-11-23T15:21:06", NOW_S },
	{ "Europe/Paris", "2026-11-23T14:21:06Z", NOW_S },
	{ "Europe/Paris", "2026-07-01", 1782856800 },
	{ "Europe/Paris", "today", 1795388400 },
	/* happens twice: the first, in summer time */
	{ "Europe/Paris", "2026-10-25T02:30:00", 1792888200 },
	{ "Europe/Paris", "2026-10-25T02:30:00+01:00", 1792891800 },
	{ "Europe/Paris", "2026-10-25T03:00:00", 1792893600 },
	/* the day has 25 hours */
	{ "Europe/Paris", "2026-10-26", 1792969200 },
	/* left out: an hour on */
	{ "Europe/Paris", "2026-03-29T02:30:00", 1774747800 },
	{ "America/New_York", "2026-11-23", 1795410000 },
	{ "UTC", "", -1 },
	{ "UTC", "tomorrow", -1 },
	{ "UTC", "nowadays", -1 },
	{ "UTC", "now ", -1 },
	{ "UTC", "now-", -1 },
	{ "UTC", "now-1", -1 },
	{ "UTC", "now-1y", -1 },
	{ "UTC", "--1h", -1 },
	{ "UTC", "-1h30m", -1 },
	{ "UTC", "-99999999999999999999h", -1 },
	{ "UTC", "+9000000000s", -1 },
	{ "UTC", "-9000000000s", -1 },
	{ "UTC", "@", -1 },
	{ "UTC", "@-1", -1 },
	{ "UTC", "@99999999999", -1 },
	{ "UTC", "@1795443666x", -1 },
	{ "UTC", "1795443666", -1 },
	{ "UTC", "2026-13-01", -1 },
	{ "UTC", "2026-00-01", -1 },
	{ "UTC", "2026-02-29", -1 },
	{ "UTC", "2026-11-31", -1 },
	{ "UTC", "2026-1-1", -1 },
	{ "UTC", "1969-12-31", -1 },
	{ "UTC", "9999-01-01", -1 },
	{ "UTC", "2026-11-23T", -1 },
	{ "UTC", "2026-11-23T24:00", -1 },
	{ "UTC", "2026-11-23T14", -1 },
	{ "UTC", "2026-11-23T14:60", -1 },
	{ "UTC", "2026-11-23T14:21:60", -1 },
	{ "UTC", "2026-11-23T14:21:06.", -1 },
	{ "UTC", "2026-11-23T14:21:06ZZ", -1 },
	{ "UTC", "2026-11-23T14:21:06+25:00", -1 },
	{ "UTC", "2026-11-23T14:21:06+01:", -1 },
	{ "UTC", "2026-11-23Z", -1 },
	{ "UTC", "1970-01-01T00:00:00+01:00", -1 },
};

START_TEST(test_when)
{
	int64_t ns = -2;
	int rc;

	setenv("TZ", times[_i].tz, 1);
	tzset();
	rc = when_parse(times[_i].text, NOW_S * NS_PER_S, &ns);
	ck_assert_msg(rc == (times[_i].s < 0 ? -1 : 0), "\"%s\" gave %d",
		      times[_i].text, rc);
	if (rc == 0)
		ck_assert_int_eq(ns, times[_i].s * NS_PER_S);
	setenv("TZ", "UTC", 1);
	tzset();
}
END_TEST

START_TEST(test_when_fraction)
{
	int64_t ns;

	ck_assert_int_eq(when_parse("2026-11-23T14:21:06.25Z", 0, &ns), 0);
	ck_assert_int_eq(ns, NOW_S * NS_PER_S + NS_PER_S / 4);
	ck_assert_int_eq(when_parse("2026-11-23T14:21:06.1234567891Z", 0, &ns),
			 0);
	ck_assert_int_eq(ns, NOW_S * NS_PER_S + 123456789);
}
END_TEST

/* ---- texts -------------------------------------------------------------------- */

START_TEST(test_text_valid)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "plain", "plain" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "\xff", "\xef\xbf\xbd" },
		{ "a\xc3", "a\xef\xbf\xbd" },			/* cut short */
		{ "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },	/* overlong */
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xf0\x9f\x94\x8b", "\xf0\x9f\x94\x8b" },
		{ "", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *got = text_valid(cases[i].in);

		ck_assert_str_eq(got, cases[i].out);
		free(got);
	}
}
END_TEST

START_TEST(test_text_terminal)
{
	static const struct {
		const char *in;
		int width;
		const char *out;
		int columns;
	} cases[] = {
		{ "plain", 10, "plain", 5 },
		{ "exactly10c", 10, "exactly10c", 10 },
		{ "eleven chars", 10, "eleven ch~", 10 },
		{ "\x1b[31mred", 20, "?[31mred", 8 },
		{ "a\nb\tc\rd\x7f", 20, "a?b?c?d?", 8 },
		{ "caf\xc3\xa9", 10, "caf?", 4 },	/* no UTF-8 here */
		{ "\xe2\x80\xaegpj", 10, "?gpj", 4 },	/* turns the text */
		{ "\xff\xfe", 10, "??", 2 },
		{ "", 10, "", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int columns;
		char *got = text_terminal(cases[i].in, cases[i].width, false,
					  &columns);

		ck_assert_str_eq(got, cases[i].out);
		ck_assert_int_eq(columns, cases[i].columns);
		free(got);
	}
}
END_TEST

START_TEST(test_text_terminal_wide)
{
	int columns;
	char *got;

	ck_assert_msg(setlocale(LC_CTYPE, "C.UTF-8") != NULL, "no C.UTF-8");
	ck_assert(text_locale_utf8());
	/* two characters of two columns; the cut may not halve the second */
	got = text_terminal("\xe4\xbd\xa0\xe5\xa5\xbd" "x", 4, true, &columns);
	ck_assert_str_eq(got, "\xe4\xbd\xa0~");
	ck_assert_int_eq(columns, 3);
	free(got);
	got = text_terminal("caf\xc3\xa9", 4, true, &columns);
	ck_assert_str_eq(got, "caf\xc3\xa9");
	free(got);
	setlocale(LC_CTYPE, "C");
}
END_TEST

/* ---- rows --------------------------------------------------------------------- */

static const struct column columns[] = {
	{ "name", "NAME", COLUMN_TEXT, UNIT_NONE },
	{ "n", "N", COLUMN_INTEGER, UNIT_NONE },
	{ "kwh", "ENERGY", COLUMN_NUMBER, UNIT_KWH },
	{ "at", "AT", COLUMN_TIME, UNIT_NONE },
};

static struct rows *make_rows(const char *name)
{
	struct rows *rows = rows_create(columns, 4);
	struct cell *row = rows_add(rows);

	cell_set_text(&row[0], name);
	cell_set_integer(&row[1], -5);
	cell_set_number(&row[2], 0.000277777777777);
	cell_set_time(&row[3], NOW_S * NS_PER_S);
	row = rows_add(rows);
	cell_set_text(&row[0], NULL);
	cell_set_number(&row[2], NAN);
	cell_set_time(&row[3], 0);
	return rows;
}

static char *print_to_string(void (*print)(FILE *, const struct rows *),
			     struct rows *rows)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	print(f, rows);
	fclose(f);
	rows_destroy(rows);
	return text;
}

START_TEST(test_csv)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "alice", "alice" },
		{ "a,b", "\"a,b\"" },
		{ "say \"hi\"", "\"say \"\"hi\"\"\"" },
		{ "two\nlines", "\"two\nlines\"" },
		{ "=1+2", "'=1+2" },
		{ "+1", "'+1" },
		{ "-1", "'-1" },
		{ "@SUM(A1)", "'@SUM(A1)" },
		{ "\t=1", "'\t=1" },
		{ "\r=1", "\"'\r=1\"" },
		{ "=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\"" },
		{ "a=1", "a=1" },
		{ "bad\xff", "bad\xef\xbf\xbd" },
		{ "", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char want[256];
		char *got = print_to_string(rows_print_csv,
					    make_rows(cases[i].in));

		snprintf(want, sizeof(want),
			 "name,n,kwh,at\n%s,-5,0.000277777778,2026-11-23T14:21:06Z\n,,,\n",
			 cases[i].out);
		ck_assert_str_eq(got, want);
		free(got);
	}
}
END_TEST

START_TEST(test_json)
{
	char *got = print_to_string(json_print_rows, make_rows("a\"\n\xff"));

	ck_assert_str_eq(got,
		"[\n"
		" { \"name\": \"a\\\"\\n\xef\xbf\xbd\", \"n\": -5, \"kwh\": 0.000277777778, "
		"\"at\": \"2026-11-23T14:21:06Z\" },\n"
		" { \"name\": null, \"n\": null, \"kwh\": null, \"at\": null }\n"
		"]\n");
	free(got);
	got = print_to_string(json_print_rows, rows_create(columns, 4));
	ck_assert_uint_eq(strspn(got, "[]\n "), strlen(got));
	free(got);
}
END_TEST

START_TEST(test_table)
{
	char *got = print_to_string(rows_print_table, make_rows("x\x1b"));

	ck_assert_str_eq(got,
		"NAME   N   ENERGY  AT\n"
		"x?    -5  0.28 Wh  2026-11-23 14:21:06\n"
		"-      -        -  -\n");
	free(got);
}
END_TEST

START_TEST(test_numbers)
{
	static const struct { double v; const char *text; } cases[] = {
		{ 0, "0" }, { -0.0, "0" }, { 1, "1" }, { 100, "100" },
		{ 0.5, "0.5" }, { 1234567.9, "1234567.9" },
		{ 1e-12, "0.000000000001" }, { 1e-13, "0" },
		{ -2.25, "-2.25" }, { 0.1, "0.1" }, { 1e20, "100000000000000000000" },
		{ 123456789012345, "123456789012345" },
		{ 1.0 / 3, "0.333333333333" },
	};
	char buf[ROWS_NUMBER_SIZE];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_str_eq(rows_number(cases[i].v, buf, sizeof(buf)),
				 cases[i].text);
	ck_assert_uint_gt(strlen(rows_number(1e300, buf, sizeof(buf))), 300);
}
END_TEST

/* ---- sacct -------------------------------------------------------------------- */

static int parse_row(const char *text, struct sacct_row *row)
{
	static char line[1024];

	snprintf(line, sizeof(line), "%s", text);
	return sacct_parse_row(line, "|", row);
}

START_TEST(test_sacct_row)
{
	struct sacct_row r;

	ck_assert_int_eq(parse_row("5|3_2|CANCELLED by 0|1795443673|1795443675|00:00:01|2|4|"
		"billing=2,cpu=4,gres/gpu=2,mem=2000M,node=2|7200|n[1-2]|alice|proj|*key",
		&r), 0);
	ck_assert_uint_eq(r.job_id, 5);
	ck_assert_uint_eq(r.array_id, 3);
	ck_assert_str_eq(r.step, "");
	ck_assert_str_eq(r.state, "CANCELLED");
	ck_assert_int_eq(r.start_s, 1795443673);
	ck_assert_int_eq(r.end_s, 1795443675);
	ck_assert_int_eq(r.suspended_s, 1);
	ck_assert_int_eq(r.elapsed_s, 2);
	ck_assert_double_eq(r.cpus, 4);
	ck_assert_double_eq(r.gpus, 2);
	ck_assert_double_eq(r.mem_mb, 2000);
	ck_assert_double_eq(r.energy_j, 7200);
	ck_assert_str_eq(r.nodes, "n[1-2]");
	ck_assert_str_eq(r.user, "alice");
	ck_assert_str_eq(r.account, "proj");
	ck_assert_str_eq(r.wckey, "key");

	ck_assert_int_eq(parse_row("5.extern|5.extern|RUNNING|1|Unknown|00:00:00|1|1|cpu=1||n1||p|",
				   &r), 0);
	ck_assert_str_eq(r.step, "extern");
	ck_assert_int_eq(r.end_s, 0);
	ck_assert(isnan(r.energy_j));
	ck_assert(isnan(r.mem_mb));
	ck_assert_double_eq(r.gpus, 0);

	ck_assert_int_eq(parse_row("8|8|PENDING|None|Unknown|00:00:00|0|1||0|None assigned|u|a|",
				   &r), 0);
	ck_assert_str_eq(r.nodes, "");
	ck_assert_int_eq(r.start_s, 0);
	ck_assert(isnan(r.gpus));
	ck_assert_double_eq(r.energy_j, 0);
}
END_TEST

/* ---- long work --------------------------------------------------------------- */

/* What standard error gets of it, where that is a terminal or a file. */
static void run_progress(int fd, char *got, size_t size, int from)
{
	const int saved = dup(STDERR_FILENO);
	ssize_t n;

	fflush(stderr);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	progress_begin(0, 1000 * NS_PER_S);
	progress_jobs(10, 100 * NS_PER_S);	/* in the first second: nothing */
	usleep(1100000);
	progress_jobs(20, 439 * NS_PER_S);
	progress_jobs(5, 500 * NS_PER_S);	/* too soon */
	progress_end();
	usleep(300000);
	progress_jobs(5, 600 * NS_PER_S);	/* over */
	dup2(saved, STDERR_FILENO);
	close(saved);
	fcntl(from, F_SETFL, O_NONBLOCK);
	n = read(from, got, size - 1);
	got[n > 0 ? n : 0] = '\0';
}

START_TEST(test_progress)
{
	const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	char got[1000];
	int fd, ends[2];

	ck_assert_int_ge(terminal, 0);
	ck_assert_int_eq(grantpt(terminal), 0);
	ck_assert_int_eq(unlockpt(terminal), 0);
	fd = open(ptsname(terminal), O_RDWR | O_NOCTTY);
	ck_assert_int_ge(fd, 0);
	setenv("TZ", "UTC", 1);
	tzset();
	run_progress(fd, got, sizeof(got), terminal);
	ck_assert_str_eq(got, "\r\033[Kreading jobs: 30, up to 1970-01-01 00:07 (43 %)\r\033[K");
	close(fd);
	close(terminal);
	ck_assert_int_eq(pipe(ends), 0);
	run_progress(ends[1], got, sizeof(got), ends[0]);
	ck_assert_str_eq(got, "");
}
END_TEST

/* As nobody, in a process of its own: 0, or the number of what is wrong. */
static int whose_nobody(uid_t uid)
{
	char name[64];

	if (setuid(uid) < 0 || !whose_oar(name, sizeof(name)) ||
	    strcmp(name, "nobody") != 0)
		return 1;
	/* no sacctmgr that makes an operator of it */
	setenv("PATH", "/nowhere", 1);
	if (!whose_slurm(name, sizeof(name)) || strcmp(name, "nobody") != 0)
		return 2;
	return whose_slurm(name, 3) ? 3 : 0;	/* no part of a name */
}

/* A report that names no user is of one's own jobs; of all for root. */
START_TEST(test_whose)
{
	const struct passwd *nobody = getpwnam("nobody");
	char name[64];
	int status;
	pid_t pid;

	if (getuid() != 0 || !nobody)
		return;
	ck_assert(!whose_slurm(name, sizeof(name)));
	ck_assert(!whose_oar(name, sizeof(name)));
	pid = fork();
	if (pid == 0)
		_exit(whose_nobody(nobody->pw_uid));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(test_sacct_array)
{
	static const struct { const char *text; unsigned id; } cases[] = {
		{ "5", 0 }, { "5+1", 0 }, { "3_4", 3 }, { "3_[4-6,9%2]", 3 },
		{ "3_4.extern", 3 }, { "", 0 }, { "_4", 0 }, { "x_4", 0 },
		{ "-3_4", 0 }, { "4294967296_1", 0 },
		{ "99999999999999999999999_1", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];
		struct sacct_row r;

		snprintf(text, sizeof(text), "5|%s|COMPLETED|1|2|00:00:00|1|1|cpu=1|1|n1|u|a|",
			 cases[i].text);
		ck_assert_int_eq(parse_row(text, &r), 0);
		ck_assert_uint_eq(r.array_id, cases[i].id);
	}
}
END_TEST

START_TEST(test_sacct_energy)
{
	static const struct { const char *text; double j; } cases[] = {
		{ "0", 0 }, { "3600", 3600 },
		{ "4294967296123", 4294967296123.0 },
		{ "18446744073709551614", NAN },	/* NO_VAL64 */
		{ "", NAN }, { "-1", NAN }, { "x", NAN }, { "12K", NAN },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];
		struct sacct_row r;

		snprintf(text, sizeof(text), "5|5|COMPLETED|1|2|00:00:00|1|1|cpu=1|%s|n1|u|a|",
			 cases[i].text);
		ck_assert_int_eq(parse_row(text, &r), 0);
		if (isnan(cases[i].j))
			ck_assert(isnan(r.energy_j));
		else
			ck_assert_double_eq(r.energy_j, cases[i].j);
	}
}
END_TEST

/* What users can choose must not become a row, or move another's fields. */
START_TEST(test_sacct_hostile)
{
	static const char *const bad[] = {
		"", "|", "5", "5|5|COMPLETED",
		"5|5|COMPLETED|1|2|00:00:00|1|1|cpu=1|0|n1|u|a",		/* too few */
		"5|5|COMPLETED|1|2|00:00:00|1|1|cpu=1|0|n1|u|a|k|k",	/* too many */
		"x|x|COMPLETED|1|2|00:00:00|1|1|cpu=1|0|n1|u|a|k",
		"-5|-5|COMPLETED|1|2|00:00:00|1|1|cpu=1|0|n1|u|a|k",
		"0|0|COMPLETED|1|2|00:00:00|1|1|cpu=1|0|n1|u|a|k",
		"4294967296|4294967296|COMPLETED|1|2|00:00:00|1|1|cpu=1|0|n1|u|a|k",
		"5.|5.|COMPLETED|1|2|00:00:00|1|1|cpu=1|0|n1|u|a|k",
		"forged row of a user's key",
	};
	struct sacct_row r;
	char line[256];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(parse_row(bad[i], &r) == -1, "%s", bad[i]);

	/* The usual separators in a key stay in the key. */
	snprintf(line, sizeof(line), "5#!#5#!#S#!#1#!#2#!#0:00#!#1#!#1#!#c#!#0#!#n1#!#u#!#a#!#k|9|root");
	ck_assert_int_eq(sacct_parse_row(line, "#!#", &r), 0);
	ck_assert_str_eq(r.wckey, "k|9|root");
	ck_assert_str_eq(r.user, "u");
}
END_TEST

START_TEST(test_sacct_duration)
{
	static const struct { const char *text; int64_t s; } cases[] = {
		{ "00:00:00", 0 }, { "00:03", 3 }, { "01:02:03", 3723 },
		{ "2-01:02:03", 176523 }, { "10:00.123", 600 },
		{ "100:00:00", 360000 },
		{ "", -1 }, { "5", -1 }, { "x", -1 }, { "1:2:3:4", -1 },
		{ "1-", -1 }, { "1-2-3:4", -1 }, { "-1:00", -1 },
		{ "00:00:00x", -1 }, { "99999999999:00", -1 }, { ":", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_msg(sacct_parse_duration(cases[i].text) == cases[i].s,
			      "%s", cases[i].text);
}
END_TEST

START_TEST(test_sacct_tres)
{
	static const struct { const char *tres, *name; double v; } cases[] = {
		{ "billing=5,cpu=1,gres/gpu=1,node=1", "cpu", 1 },
		{ "billing=5,cpu=1,gres/gpu=3,node=1", "gres/gpu", 3 },
		{ "cpu=1,gres/gpu:a100=1,gres/gpu:v100=2", "gres/gpu", 3 },
		{ "cpu=1,gres/gpu:a100=2,gres/gpu=2", "gres/gpu", 2 },
		{ "gres/gpumem=80G,cpu=1", "gres/gpu", NAN },
		{ "cpu=2,mem=2000M", "mem", 2000 },
		{ "mem=2G", "mem", 2048 }, { "mem=0.50T", "mem", 524288 },
		{ "mem=1024K", "mem", 1 }, { "mem=7", "mem", 7 },
		{ "mem=0", "mem", 0 },
		{ "mem=2X", "mem", NAN }, { "mem=", "mem", NAN },
		{ "mem", "mem", NAN }, { "", "mem", NAN },
		{ "cpu=x", "cpu", NAN }, { "cpu=-1", "cpu", NAN },
		{ "cpu=1M", "cpu", NAN }, { "cpu=1 ,mem=2M", "cpu", NAN },
		{ ",,,cpu=4,,", "cpu", 4 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double v = sacct_parse_tres(cases[i].tres, cases[i].name);

		ck_assert_msg(isnan(cases[i].v) ? isnan(v) : v == cases[i].v,
			      "%s of \"%s\" is %g", cases[i].name,
			      cases[i].tres, v);
	}
}
END_TEST

/* ---- node lists and instances --------------------------------------------------- */

static int join_name(const char *name, void *arg)
{
	strcat(arg, name);
	strcat(arg, " ");
	return 0;
}

START_TEST(test_hostlist)
{
	static const struct { const char *list, *names; } cases[] = {
		{ "", "" },
		{ "n1", "n1 " },
		{ "n1,n2", "n1 n2 " },
		{ "n[1-3]", "n1 n2 n3 " },
		{ "n[01-03,7]", "n01 n02 n03 n7 " },
		{ "n[9-11]", "n9 n10 n11 " },
		{ "a[1-2]-ib,b", "a1-ib a2-ib b " },
		{ "r[0-1]n[1-2]", "r0n1 r0n2 r1n1 r1n2 " },
		{ "x,n[1,3],y", "x n1 n3 y " },
	};
	static const char *const bad[] = {
		"n[", "n[1", "n[]", "n[1-]", "n[-1]", "n[2-1]", "n[1-2", "n]",
		",", "n1,", ",n1", "n1,,n2", "n[1,]", "n[a-b]", "n[1-999999999]",
		"n[0-99999],m", "n[0-999]m[0-999]",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char got[256] = "";

		ck_assert_int_eq(hostlist_each(cases[i].list, join_name, got), 0);
		ck_assert_str_eq(got, cases[i].names);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(hostlist_count(bad[i]) == -1, "%s", bad[i]);
	ck_assert_int_eq(hostlist_count("n[1-64],m"), 65);
	ck_assert(hostlist_has("n[1-64],m", "n64"));
	ck_assert(!hostlist_has("n[1-64],m", "n65"));
	ck_assert(!hostlist_has("n[01-09]", "n1"));
}
END_TEST

START_TEST(test_hostlist_first)
{
	char name[HOSTLIST_NAME_MAX];

	ck_assert_int_eq(hostlist_first("n[07-12]", name, sizeof(name)), 0);
	ck_assert_str_eq(name, "n07");
	ck_assert_int_eq(hostlist_first("", name, sizeof(name)), -1);
	ck_assert_int_eq(hostlist_first("n[", name, sizeof(name)), -1);
	ck_assert_int_eq(hostlist_first("n100", name, 4), -1);
}
END_TEST

static void add_instance(struct jobs *jobs, uint32_t id, int64_t start,
			 int64_t end)
{
	struct job *job = jobs_add(jobs);

	job->id = id;
	job->start_s = start;
	job->end_s = end;
}

START_TEST(test_jobs_find)
{
	struct jobs jobs = { 0 };

	add_instance(&jobs, 7, 5000, 0);	/* runs */
	add_instance(&jobs, 5, 3000, 3100);	/* requeued twice */
	add_instance(&jobs, 5, 1000, 1100);
	add_instance(&jobs, 5, 1120, 1200);
	add_instance(&jobs, 6, 1000, 9000);
	jobs_sort_by_id(&jobs);

	ck_assert_int_eq(jobs_find(&jobs, 5, 1001, 60)->start_s, 1000);
	ck_assert_int_eq(jobs_find(&jobs, 5, 1118, 60)->start_s, 1120);
	ck_assert_int_eq(jobs_find(&jobs, 5, 960, 60)->start_s, 1000);
	ck_assert_int_eq(jobs_find(&jobs, 5, 3001, 60)->start_s, 3000);
	ck_assert_int_eq(jobs_find(&jobs, 6, 1002, 60)->id, 6);
	ck_assert_int_eq(jobs_find(&jobs, 7, 90000, 60)->start_s, 5000);
	ck_assert_ptr_null(jobs_find(&jobs, 5, 2000, 60));
	ck_assert_ptr_null(jobs_find(&jobs, 5, 900, 60));
	ck_assert_ptr_null(jobs_find(&jobs, 7, 4000, 60));
	ck_assert_ptr_null(jobs_find(&jobs, 8, 1000, 60));

	jobs_sort_by_end(&jobs);
	ck_assert_int_eq(jobs.list[0].end_s, 1100);
	ck_assert_int_eq(jobs.list[4].end_s, 0);
	jobs_destroy(&jobs);
	ck_assert_ptr_null(jobs_find(&jobs, 5, 1000, 60));
}
END_TEST

/* ---- children ------------------------------------------------------------------- */

static int collect(char *line, void *arg)
{
	char *all = arg;

	strncat(all, line ? line : "(too long)", 100);
	strcat(all, ";");
	return 0;
}

static int stop_at_two(char *line, void *arg)
{
	collect(line, arg);
	return strcmp(line, "2") == 0 ? 42 : 0;
}

static int run_shell(const char *script, int timeout_ms,
		     int (*fn)(char *, void *), char *all, struct err *err)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)(size_t)script,
			 NULL };
	char *env[] = { (char *)"WG_TEST=yes", NULL };

	*all = '\0';
	return child_lines(argv, env, timeout_ms, fn, all, err);
}

START_TEST(test_child)
{
	char all[1024];
	struct err err;
	char *argv[] = { (char *)"/nowhere/at/all", NULL }, *env[] = { NULL };
	int64_t before;

	setenv("WG_TEST", "no", 1);
	setenv("LC_ALL", "xx_YY", 1);
	ck_assert_int_eq(run_shell("echo a; echo $WG_TEST $LC_ALL; printf b", 0,
				   collect, all, &err), 0);
	ck_assert_str_eq(all, "a;yes C;b;");
	ck_assert_int_eq(run_shell("echo bad luck >&2; echo more >&2; exit 3", 0,
				   collect, all, &err), -1);
	ck_assert_str_eq(err.text, "sh failed with status 3: bad luck");
	ck_assert_int_eq(run_shell("kill -9 $$", 0, collect, all, &err), -1);
	ck_assert_str_eq(err.text, "sh was ended by signal 9");
	ck_assert_int_eq(run_shell("head -c 70000 /dev/zero | tr '\\0' x; echo; echo c",
				   0, collect, all, &err), 0);
	ck_assert_str_eq(all, "(too long);c;");
	ck_assert_int_eq(run_shell("echo 1; echo 2; echo 3; sleep 60", 0,
				   stop_at_two, all, &err), 42);
	ck_assert_str_eq(all, "1;2;");

	before = clock_boot_ns();
	ck_assert_int_eq(run_shell("exec sleep 60", 100, collect, all, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "took too long"));
	/* quiet, but it does not end */
	ck_assert_int_eq(run_shell("exec >&- 2>&-; exec sleep 60", 100, collect,
				   all, &err), -1);
	ck_assert_int_lt(clock_boot_ns() - before, 30 * NS_PER_S);

	ck_assert_int_eq(child_lines(argv, env, 0, collect, all, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/at/all"));
}
END_TEST

/* ---- doctor's texts --------------------------------------------------------------- */

START_TEST(test_slurm_texts)
{
	char pair[] = "PrologFlags             = Alloc,Contain  ";
	char header[] = "Configuration data as of 2026-11-23T14:21:06";
	char indented[] = "  x = y";
	char *key, *value, buf[64];
	const char *line = "PartitionName=main OverSubscribe=FORCE:4 "
		"TRESBillingWeights=CPU=1.0,Energy=0.1 State=UP";

	ck_assert_int_eq(slurm_split_pair(pair, &key, &value), 0);
	ck_assert_str_eq(key, "PrologFlags");
	ck_assert_str_eq(value, "Alloc,Contain");
	ck_assert_int_eq(slurm_split_pair(header, &key, &value), -1);
	ck_assert_int_eq(slurm_split_pair(indented, &key, &value), -1);

	ck_assert(slurm_line_get(line, "OverSubscribe", buf, sizeof(buf)));
	ck_assert_str_eq(buf, "FORCE:4");
	ck_assert(slurm_line_get(line, "tresbillingweights", buf, sizeof(buf)));
	ck_assert_str_eq(buf, "CPU=1.0,Energy=0.1");
	ck_assert(!slurm_line_get(line, "Energy", buf, sizeof(buf)));
	ck_assert(!slurm_line_get(line, "Name", buf, sizeof(buf)));
	ck_assert(!slurm_line_get("", "State", buf, sizeof(buf)));

	ck_assert(slurm_list_has("CPU=1.0,Energy=0.1", "energy", "="));
	ck_assert(!slurm_list_has("CPU=1.0,Energy=0.1", "energy", ""));
	ck_assert(!slurm_list_has("CPU=1.0", "energy", "="));
	ck_assert(!slurm_list_has("GRES/energy2=1", "energy", "="));
	ck_assert(slurm_list_has("Alloc,Contain", "contain", ""));
	ck_assert(!slurm_list_has("Alloc,Contained", "contain", ""));
	ck_assert(!slurm_list_has("", "contain", ""));
	ck_assert_int_eq(slurm_list_len(""), 0);
	ck_assert_int_eq(slurm_list_len("a"), 1);
	ck_assert_int_eq(slurm_list_len("a,b"), 2);
}
END_TEST

START_TEST(test_slurm_numbers)
{
	char buf[32];

	ck_assert_uint_eq(slurm_parse_version("slurm-wlm 22.05.8"), 0x160508);
	ck_assert_uint_eq(slurm_parse_version("slurm 24.11.0-0rc1"), 0x180b00);
	ck_assert_uint_eq(slurm_parse_version("slurm"), 0);
	ck_assert_uint_eq(slurm_parse_version("slurm 22"), 0);
	ck_assert_uint_eq(slurm_parse_version(""), 0);
	ck_assert_str_eq(slurm_format_version(0x160508, buf, sizeof(buf)),
			 "22.05.8");

	ck_assert_int_eq(slurm_parse_task_frequency("30"), 30);
	ck_assert_int_eq(slurm_parse_task_frequency("0"), 0);
	ck_assert_int_eq(slurm_parse_task_frequency("task=5,energy=5"), 5);
	ck_assert_int_eq(slurm_parse_task_frequency("energy=5,Task=0"), 0);
	ck_assert_int_eq(slurm_parse_task_frequency("energy=5"), -1);
	ck_assert_int_eq(slurm_parse_task_frequency(""), -1);

	ck_assert_int_eq(slurm_parse_oversubscribe("NO"), 1);
	ck_assert_int_eq(slurm_parse_oversubscribe("EXCLUSIVE"), 1);
	ck_assert_int_eq(slurm_parse_oversubscribe("FORCE"), 4);
	ck_assert_int_eq(slurm_parse_oversubscribe("FORCE:1"), 1);
	ck_assert_int_eq(slurm_parse_oversubscribe("FORCE:2"), 2);
	ck_assert_int_eq(slurm_parse_oversubscribe("YES:8"), 8);
}
END_TEST

START_TEST(test_plugstack_line)
{
	static const struct {
		const char *text;
		enum plugstack_kind kind;
		const char *path, *run_dir;
	} cases[] = {
		{ "", PLUGSTACK_NOTHING, "", "" },
		{ "  # optional x.so", PLUGSTACK_NOTHING, "", "" },
		{ "optional spank_wattgate.so\n", PLUGSTACK_OPTIONAL,
		  "spank_wattgate.so", "" },
		{ "\trequired  /a/b.so  arg # c", PLUGSTACK_REQUIRED, "/a/b.so",
		  "" },
		{ "optional a.so run_dir=/r x=1", PLUGSTACK_OPTIONAL, "a.so",
		  "/r" },
		{ "include plugstack.conf.d/*.conf", PLUGSTACK_INCLUDE,
		  "plugstack.conf.d/*.conf", "" },
		{ "optional", PLUGSTACK_BAD, "", "" },
		{ "optional # a.so", PLUGSTACK_BAD, "", "" },
		{ "Optional a.so", PLUGSTACK_BAD, "a.so", "" },
		{ "a.so", PLUGSTACK_BAD, "", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plugstack_line line;

		plugstack_parse_line(cases[i].text, &line);
		ck_assert_msg(line.kind == cases[i].kind, "%s", cases[i].text);
		ck_assert_str_eq(line.path, cases[i].path);
		ck_assert_str_eq(line.run_dir, cases[i].run_dir);
	}
}
END_TEST

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void join_line(const struct plugstack_line *line, void *arg)
{
	char text[PATH_MAX + 64];

	snprintf(text, sizeof(text), "%s:%d:%s ",
		 strrchr(line->file, '/') + 1, line->number, line->path);
	strcat(arg, text);
}

START_TEST(test_plugstack_files)
{
	char dir[] = "/tmp/test_cli.XXXXXX", path[64], all[1024] = "";
	struct err err;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	snprintf(path, sizeof(path), "%s/p.conf", dir);
	write_file("p.conf", "# top\noptional a.so\ninclude d*.conf\ninclude none/*\nbad\n");
	write_file("d1.conf", "optional b.so\n");
	write_file("d2.conf", "\nrequired c.so x\n");
	ck_assert_int_eq(plugstack_visit(path, join_line, all, &err), 0);
	ck_assert_str_eq(all, "p.conf:2:a.so d1.conf:1:b.so d2.conf:2:c.so p.conf:5: ");

	/* a file that includes itself */
	write_file("d2.conf", "include d2.conf\n");
	ck_assert_int_eq(plugstack_visit(path, join_line, all, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "d2.conf"));
	unlink("p.conf");
	ck_assert_int_eq(plugstack_visit(path, join_line, all, &err), 0);
	unlink("d1.conf");
	unlink("d2.conf");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

/* This program's file; under valgrind /proc/self/exe is not one to open. */
static const char *own_path(void)
{
	static char path[PATH_MAX];

	ck_assert_int_gt(readlink("/proc/self/exe", path, sizeof(path) - 1), 0);
	return path;
}

START_TEST(test_elf_symbol)
{
	char path[] = "/tmp/test_cli.XXXXXX";
	int fd = mkstemp(path);
	uint32_t value = 0;
	struct err err;
	FILE *f = fopen(own_path(), "re");
	static char image[4096];

	ck_assert_int_ge(fd, 0);
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(elf_symbol_u32(own_path(), "test_cli_version",
					&value, &err), 0);
	ck_assert_uint_eq(value, 0x160508);
	ck_assert_int_eq(elf_symbol_u32(own_path(), "not_there", &value,
					&err), -1);
	ck_assert_int_eq(elf_symbol_u32("/nowhere", "x", &value, &err), -1);
	ck_assert_int_eq(errno, ENOENT);

	/* cut at any place, it is refused, not read past its end */
	ck_assert_uint_eq(fread(image, 1, sizeof(image), f), sizeof(image));
	fclose(f);
	for (off_t len = 0; len <= 4096; len += 16) {
		ck_assert_int_eq(ftruncate(fd, 0), 0);
		ck_assert_int_eq(pwrite(fd, image, (size_t)len, 0), len);
		ck_assert_int_eq(elf_symbol_u32(path, "test_cli_version", &value,
						&err), -1);
	}
	close(fd);
	unlink(path);
}
END_TEST

/* The same with every byte of the header and the tables turned over. */
START_TEST(test_elf_symbol_damaged)
{
	char path[] = "/tmp/test_cli.XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fopen(own_path(), "re");
	uint32_t value;
	struct err err;
	char *image;
	long len;

	ck_assert_int_ge(fd, 0);
	ck_assert_ptr_nonnull(f);
	fseek(f, 0, SEEK_END);
	len = ftell(f);
	rewind(f);
	image = malloc((size_t)len);
	ck_assert_uint_eq(fread(image, 1, (size_t)len, f), (size_t)len);
	fclose(f);
	ck_assert_int_eq(pwrite(fd, image, (size_t)len, 0), len);
	for (long at = 0; at < 64 + 13 * 56; at++) {
		char turned = (char)~image[at];

		ck_assert_int_eq(pwrite(fd, &turned, 1, at), 1);
		err.text[0] = '\0';
		if (elf_symbol_u32(path, "test_cli_version", &value, &err) < 0)
			ck_assert_str_ne(err.text, "");
		ck_assert_int_eq(pwrite(fd, &image[at], 1, at), 1);
	}
	ck_assert_int_eq(elf_symbol_u32(path, "test_cli_version", &value, &err),
			 0);
	free(image);
	close(fd);
	unlink(path);
}
END_TEST

static Suite *cli_suite(void)
{
	Suite *s = suite_create("cli");
	TCase *tc = tcase_create("cli");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_when, 0, sizeof(times) / sizeof(times[0]));
	tcase_add_test(tc, test_when_fraction);
	tcase_add_test(tc, test_text_valid);
	tcase_add_test(tc, test_text_terminal);
	tcase_add_test(tc, test_text_terminal_wide);
	tcase_add_test(tc, test_csv);
	tcase_add_test(tc, test_json);
	tcase_add_test(tc, test_table);
	tcase_add_test(tc, test_numbers);
	tcase_add_test(tc, test_sacct_row);
	tcase_add_test(tc, test_progress);
	tcase_add_test(tc, test_whose);
	tcase_add_test(tc, test_sacct_array);
	tcase_add_test(tc, test_sacct_energy);
	tcase_add_test(tc, test_sacct_hostile);
	tcase_add_test(tc, test_sacct_duration);
	tcase_add_test(tc, test_sacct_tres);
	tcase_add_test(tc, test_hostlist);
	tcase_add_test(tc, test_hostlist_first);
	tcase_add_test(tc, test_jobs_find);
	tcase_add_test(tc, test_child);
	tcase_add_test(tc, test_slurm_texts);
	tcase_add_test(tc, test_slurm_numbers);
	tcase_add_test(tc, test_plugstack_line);
	tcase_add_test(tc, test_plugstack_files);
	tcase_add_test(tc, test_elf_symbol);
	tcase_add_test(tc, test_elf_symbol_damaged);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr;
	int failed;

	setenv("TZ", "UTC", 1);
	tzset();
	sr = srunner_create(cli_suite());
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
