/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second meter: what two series say of the same time, the record of it, and
 * hours of a node whose meters are files, on a clock of the test's.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <sys/wait.h>

#include "cli/audit_meters.h"
#include "collector/second.h"
#include "lib/compare.h"
#include "lib/ledger.h"
#include "lib/ledger_codec.h"
#include "scratch.h"

#define S NS_PER_S

/* ---- two series ---- */

/* `watts` from..to, a sample each 5 s; further apart than 15 s is a gap. */
static void draw(series_t *s, int64_t from_s, int64_t to_s, double watts)
{
	for (int64_t t = from_s; t <= to_s; t += 5)
		ck_assert_ptr_nonnull(series_append(s, t * S, 0, watts));
}

static const struct {
	double from_s, to_s;
	double first_j, second_j, both_s, first_s, second_s;
} windows[] = {
	{ 0, 120, 12000, 11400, 60, 100, 80 },
	{ 0, 100, 12000, 11400, 60, 100, 60 },
	{ 0, 20, 0, 0, 0, 20, 0 },
	{ 10, 30, 2000, 1900, 10, 20, 10 },
	{ 21.5, 22.5, 200, 190, 1, 1, 1 },
	{ 50, 90, 4000, 3800, 20, 40, 20 },
	{ 60, 80, 0, 0, 0, 20, 0 },
	{ 61, 62, 0, 0, 0, 1, 0 },
	{ 95, 105, 1000, 950, 5, 5, 10 },
	{ 100, 120, 0, 0, 0, 0, 20 },
	{ 130, 140, 0, 0, 0, 0, 0 },
	{ 50, 50, 0, 0, 0, 0, 0 },
	{ 60, 50, 0, 0, 0, 0, 0 },
};

START_TEST(test_windows)
{
	series_t *a = series_create(100, 5 * S, 15 * S);
	series_t *b = series_create(100, 5 * S, 15 * S);
	struct compare c;

	draw(a, 0, 100, 200);
	draw(b, 20, 60, 190);
	draw(b, 80, 120, 190);
	compare_series(a, b, SECONDS(windows[_i].from_s),
		       SECONDS(windows[_i].to_s), &c);
	ck_assert_double_eq_tol(c.first_j, windows[_i].first_j, 1e-6);
	ck_assert_double_eq_tol(c.second_j, windows[_i].second_j, 1e-6);
	ck_assert_int_eq(c.both_ns, SECONDS(windows[_i].both_s));
	ck_assert_int_eq(c.first_ns, SECONDS(windows[_i].first_s));
	ck_assert_int_eq(c.second_ns, SECONDS(windows[_i].second_s));
	series_destroy(a);
	series_destroy(b);
}
END_TEST

/* A ramp, of which the window has the upper half, beside a counter's mean. */
START_TEST(test_parts_of_stretches)
{
	series_t *a = series_create(10, 10 * S, 15 * S);
	series_t *b = series_create(10, 10 * S, 15 * S);
	struct compare c;

	series_append(a, 0, 0, 100);
	series_append(a, 10 * S, 0, 200);
	series_append(b, 0, 0, 50);
	series_append_as(b, 20 * S, 0, 50, SERIES_MEAN, 3000);
	compare_series(a, b, 5 * S, 20 * S, &c);
	ck_assert_double_eq_tol(c.first_j, 875, 1e-9);
	ck_assert_double_eq_tol(c.second_j, 750, 1e-9);
	ck_assert_int_eq(c.both_ns, 5 * S);
	ck_assert_int_eq(c.second_ns, 15 * S);
	series_destroy(a);
	series_destroy(b);
}
END_TEST

START_TEST(test_nothing_to_compare)
{
	series_t *a = series_create(20, 5 * S, 15 * S);
	series_t *b = series_create(20, 5 * S, 15 * S);
	struct compare c;

	compare_series(a, b, 0, 100 * S, &c);
	ck_assert(c.both_ns == 0 && c.first_ns == 0 && c.second_ns == 0);
	series_append(a, 0, 0, 100);
	compare_series(a, b, 0, 100 * S, &c);
	compare_series(b, a, 0, 100 * S, &c);
	ck_assert(c.both_ns == 0 && c.first_ns == 0 && c.second_ns == 0);
	draw(a, 5, 50, 100);
	compare_series(a, b, 0, 100 * S, &c);
	ck_assert(c.both_ns == 0 && c.first_ns == 50 * S && c.second_ns == 0);
	ck_assert(c.first_j == 0);
	series_destroy(a);
	series_destroy(b);
}
END_TEST

static void draw_random(series_t *s)
{
	int64_t t_ns = random_between(0, 50) * S;

	while (t_ns < 500 * S) {
		ck_assert_ptr_nonnull(series_append(s, t_ns, 0,
			100 + 100 * random_unit()));
		t_ns += random_between(1, 20) * S;
	}
}

/* Second by second it is the same. */
START_TEST(test_random_series)
{
	random_start("test_random_series");
	for (int round = 0; round < 200; round++) {
		series_t *a = series_create(200, 5 * S, 15 * S);
		series_t *b = series_create(200, 5 * S, 15 * S);
		int64_t from = random_between(0, 300), to = from + 200;
		struct compare c, sum = { 0 };

		draw_random(a);
		draw_random(b);
		for (int64_t t = from; t < to; t++) {
			struct series_span x, y;

			series_between(a, t * S, (t + 1) * S, &x);
			series_between(b, t * S, (t + 1) * S, &y);
			sum.first_ns += x.covered_ns;
			sum.second_ns += y.covered_ns;
			if (!x.covered_ns || !y.covered_ns)
				continue;
			sum.both_ns += S;
			sum.first_j += x.joules;
			sum.second_j += y.joules;
		}
		compare_series(a, b, from * S, to * S, &c);
		ck_assert_int_eq(c.both_ns, sum.both_ns);
		ck_assert_int_eq(c.first_ns, sum.first_ns);
		ck_assert_int_eq(c.second_ns, sum.second_ns);
		ck_assert_double_eq_tol(c.first_j, sum.first_j, 1e-6);
		ck_assert_double_eq_tol(c.second_j, sum.second_j, 1e-6);
		series_destroy(a);
		series_destroy(b);
	}
}
END_TEST

/* ---- the record ---- */

static struct ledger_rec example(void)
{
	struct ledger_rec rec = { .kind = LEDGER_METERS };

	rec.meters = (struct ledger_meters){
		.node = "n1", .boot_id = "b", .start_ns = 1, .end_ns = 3600 * S,
		.start_wall_ns = 5, .end_wall_ns = 6, .both_ns = 7,
		.first_j = 1.5, .second_j = 2.25, .first_ns = 8,
		.second_ns = 9, .first = "redfish:power",
		.second = "powercap:package (a part of the node)",
	};
	return rec;
}

START_TEST(test_record)
{
	struct ledger_rec rec = example(), back;
	static struct ledger_part parts[LEDGER_PARTS_MAX];
	char line[1000];
	struct err err;
	int n = ledger_format(&rec, line, sizeof(line));

	ck_assert_int_gt(n, 0);
	ck_assert_ptr_nonnull(strstr(line, " 1 meters node=n1 boot=b start_ns=1 "));
	ck_assert_ptr_nonnull(strstr(line, "second=powercap:package%20(a%20part%20of%20the%20node)"));
	ck_assert_int_eq(ledger_parse_meters(line, (size_t)n, &back, &err), 0);
	ck_assert_mem_eq(&back.meters, &rec.meters, sizeof(rec.meters));
	/* to a ledger it is unknown, as an allocation is here */
	ck_assert_int_eq(ledger_parse(line, (size_t)n, &back, parts, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "not known here"));
	rec.kind = LEDGER_ALLOC;
	memset(&rec.alloc, 0, sizeof(rec.alloc));
	n = ledger_format(&rec, line, sizeof(line));
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(ledger_parse_meters(line, (size_t)n, &back, &err), -1);
	line[20] ^= 1;
	ck_assert_int_eq(ledger_parse_meters(line, (size_t)n, &back, &err), -1);
	ck_assert_str_eq(err.text, "checksum differs");
}
END_TEST

START_TEST(test_record_refused)
{
	struct ledger_rec rec = example();
	char line[1000];

	rec.meters.first_j = NAN;
	ck_assert_int_lt(ledger_format(&rec, line, sizeof(line)), 0);
	rec = example();
	rec.meters.both_ns = -1;
	ck_assert_int_lt(ledger_format(&rec, line, sizeof(line)), 0);
}
END_TEST

/* ---- a node, whose meters are files ---- */

/* 2026-01-01T10:00:00Z is at boot time 10000 s. */
#define HOUR_S 10000
#define WALL_MINUS_BOOT (SECONDS(1767261600) - SECONDS(HOUR_S))

static struct conf conf;
static int64_t now_ns;
static watch_t *watch;
static poller_t *first;
static second_t *second;
static char last_error[512], boot_id[BOOT_ID_SIZE];
static int errors;

static int64_t boot_now(void *arg)
{
	(void)arg;
	return now_ns;
}

static int64_t wall_now(void *arg)
{
	(void)arg;
	return now_ns + WALL_MINUS_BOOT;
}

static const timesource_t ts = { boot_now, wall_now, NULL };

static void log_sink(void *arg, enum log_level level, const char *text)
{
	(void)arg;
	if (level != LOG_LEVEL_ERROR)
		return;
	errors++;
	snprintf(last_error, sizeof(last_error), "%s", text);
}

static const logger_t logger = { log_sink, NULL, LOG_LEVEL_ERROR };

static void watts_put(const char *name, int watts)
{
	char text[40];

	snprintf(text, sizeof(text), "%d000000\n", watts);
	file_write(scratch_path(name), text, strlen(text));
}

static struct second_params second_params(void)
{
	return (struct second_params){
		.conf = &conf, .first = first, .watch = watch, .ts = ts,
		.boot_id = boot_id, .log = &logger,
	};
}

static void node_start(void)
{
	struct poller_params p = {
		.conf = &conf, .meter = &conf.bmc, .suffix = "",
		.watch = watch, .ts = ts, .boot_id = boot_id, .log = &logger,
		.start_ns = now_ns,
	};
	struct second_params sp;
	struct err err;

	first = poller_create(&p, &err);
	ck_assert_msg(first != NULL, "%s", err.text);
	sp = second_params();
	second = second_create(&sp);
	ck_assert_ptr_nonnull(second);
}

static void node_stop(void)
{
	second_close(second, 0);
	second = NULL;
	poller_close(first, 0);
	first = NULL;
}

/* As the loop does: both whenever they are due. */
static void node_run(double seconds)
{
	int64_t end_ns = now_ns + SECONDS(seconds);

	for (;;) {
		int64_t due_ns = poller_due_ns(first);

		if (second_due_ns(second) < due_ns)
			due_ns = second_due_ns(second);
		ck_assert_int_ge(due_ns, now_ns);
		if (due_ns > end_ns)
			break;
		now_ns = due_ns;
		poller_run(first);
		second_run(second);
	}
	now_ns = end_ns;
}

static void setup(void)
{
	struct err err;

	scratch_setup();
	memset(&conf, 0, sizeof(conf));
	strcpy(conf.path, "wattgate.conf");
	strcpy(conf.node, "n1");
	strcpy(conf.bmc.source, "hwmon");
	strcpy(conf.second.source, "hwmon");
	strcpy(conf.bmc.path, scratch_path("power1_input"));
	strcpy(conf.second.path, scratch_path("power2_input"));
	strcpy(conf.ledger_dir, scratch_path("ledger"));
	strcpy(conf.state_dir, scratch);
	conf.period_ns = 5 * S;
	conf.max_gap_ns = 15 * S;
	conf.rollup_ns = 3600 * S;
	watts_put("power1_input", 200);
	watts_put("power2_input", 190);
	ck_assert_int_eq(mkdir(scratch_path("run"), 0755), 0);
	setenv("WATTGATE_RUN_DIR", scratch_path("run"), 1);
	ck_assert_int_eq(clock_boot_id(boot_id), 0);
	now_ns = SECONDS(HOUR_S);
	errors = 0;
	watch = watch_create(&err);
	ck_assert_ptr_nonnull(watch);
}

static void teardown(void)
{
	node_stop();
	watch_destroy(watch);
	scratch_teardown();
}

/* All records, at most max; how many. */
static int records(struct ledger_meters *out, int max)
{
	ledger_reader_t *r;
	struct ledger_rec rec;
	struct err err = { "" };
	int n = 0, rc;

	r = ledger_reader_open_meters(scratch_path("ledger/n1.meters"), &err);
	if (!r)
		return 0;
	while ((rc = ledger_reader_next(r, &rec, &err)) != 0) {
		ck_assert_msg(rc > 0, "%s", err.text);
		ck_assert_int_lt(n, max);
		out[n++] = rec.meters;
	}
	ledger_reader_close(r);
	return n;
}

/* Each begins where the one before it ended, and has what it can have. */
static void check_records(const struct ledger_meters *m, int n)
{
	for (int i = 0; i < n; i++) {
		ck_assert_str_eq(m[i].node, "n1");
		ck_assert_str_eq(m[i].boot_id, boot_id);
		ck_assert_str_eq(m[i].first, "hwmon:power1_input");
		ck_assert_str_eq(m[i].second, "hwmon:power2_input");
		ck_assert_int_gt(m[i].end_ns, m[i].start_ns);
		ck_assert_int_le(m[i].both_ns, m[i].first_ns);
		ck_assert_int_le(m[i].both_ns, m[i].second_ns);
		ck_assert_int_le(m[i].first_ns, m[i].end_ns - m[i].start_ns);
		ck_assert_int_eq(m[i].start_wall_ns,
				 m[i].start_ns + WALL_MINUS_BOOT);
		ck_assert_double_eq_tol(m[i].first_j,
					200 * ns_to_s(m[i].both_ns), 1e-3);
		ck_assert_double_eq_tol(m[i].second_j,
					190 * ns_to_s(m[i].both_ns), 1e-3);
		if (i)
			ck_assert_int_ge(m[i].start_ns, m[i - 1].end_ns);
	}
}

START_TEST(test_hours)
{
	struct ledger_meters m[8];

	now_ns += 1800 * S;
	node_start();
	node_run(3600 * 2);
	ck_assert_int_eq(records(m, 8), 2);
	check_records(m, 2);
	/* from where both begin */
	ck_assert_int_eq(m[0].start_ns, SECONDS(HOUR_S + 1802.5));
	ck_assert_int_eq(m[0].end_ns, SECONDS(HOUR_S + 3600));
	ck_assert_int_eq(m[1].start_ns, SECONDS(HOUR_S + 3600));
	ck_assert_int_eq(m[1].end_ns, SECONDS(HOUR_S + 7200));
	ck_assert_int_eq(m[1].both_ns, 3600 * S);
	node_stop();
	/* what is left of an hour at a stop */
	ck_assert_int_eq(records(m, 8), 3);
	check_records(m, 3);
	ck_assert_int_eq(m[2].start_ns, m[1].end_ns);
	ck_assert_int_gt(m[2].end_ns, SECONDS(HOUR_S + 8990));
	ck_assert_int_eq(errors, 0);
}
END_TEST

START_TEST(test_restart)
{
	struct ledger_meters m[8];
	int n;

	node_start();
	node_run(600);
	node_stop();
	now_ns += 3 * S;
	node_start();
	node_run(3600);
	n = records(m, 8);
	ck_assert_int_eq(n, 2);
	check_records(m, n);
	ck_assert_int_eq(m[1].start_ns, m[0].end_ns);
	ck_assert_int_eq(m[1].end_ns, SECONDS(HOUR_S + 3600));
	ck_assert_int_eq(m[0].both_ns + m[1].both_ns,
			 m[1].end_ns - m[0].start_ns);
}
END_TEST

/* Killed at any moment: no hour twice, none lost. */
START_TEST(test_crash)
{
	struct ledger_meters m[16];
	int n, status;

	random_start("test_crash");
	for (int i = 0; i < 12; i++) {
		double seconds = 100 + 2000 * random_unit();
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			node_start();
			node_run(seconds);
			_exit(0);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
		now_ns += SECONDS(seconds) + 2 * S;
	}
	node_start();
	node_run(3700);
	n = records(m, 16);
	check_records(m, n);
	for (int i = 0; i < n; i++) {
		ck_assert_int_eq(m[i].end_ns, SECONDS(HOUR_S + 3600 * (i + 1)));
		if (i) {
			ck_assert_int_eq(m[i].start_ns, m[i - 1].end_ns);
			ck_assert_int_eq(m[i].both_ns, 3600 * S);
		}
	}
	/* the last one may have its five minutes yet */
	ck_assert_int_ge(n, (now_ns - SECONDS(HOUR_S + 300)) / (3600 * S));
	ck_assert_int_le(n, (now_ns - SECONDS(HOUR_S)) / (3600 * S));
}
END_TEST

START_TEST(test_torn_tail)
{
	struct ledger_meters m[8];
	char *text;
	size_t size;

	node_start();
	node_run(4000);
	node_stop();
	ck_assert_int_eq(records(m, 8), 2);
	text = file_read(scratch_path("ledger/n1.meters"), &size);
	file_write(scratch_path("ledger/n1.meters"), text, size - 20);
	free(text);
	ck_assert_int_eq(records(m, 8), 1);
	now_ns += 2 * S;
	node_start();
	node_run(3600);
	/* what was torn off is written again, with the rest of its hour */
	ck_assert_int_eq(records(m, 8), 2);
	check_records(m, 2);
	ck_assert_int_eq(m[1].start_ns, m[0].end_ns);
	ck_assert_int_eq(m[1].end_ns, SECONDS(HOUR_S + 7200));
}
END_TEST

/* No place for records: the meters go on, and hours come when there is one. */
START_TEST(test_no_ledger)
{
	struct ledger_meters m[8];

	file_write(conf.ledger_dir, "", 0);
	node_start();
	node_run(4000);
	ck_assert_int_eq(errors, 1);
	ck_assert_ptr_nonnull(strstr(last_error, "what its two meters say is not kept"));
	ck_assert_int_eq(unlink(conf.ledger_dir), 0);
	node_run(20);
	ck_assert_int_eq(records(m, 8), 1);
	check_records(m, 1);
	ck_assert_int_eq(m[0].both_ns, m[0].end_ns - m[0].start_ns);
	ck_assert_int_eq(errors, 1);
}
END_TEST

/* Of the hour in which the second one was silent there is that, too. */
START_TEST(test_second_silent)
{
	struct ledger_meters m[8];

	node_start();
	node_run(1800);
	file_write(scratch_path("power2_input"), "garbage\n", 8);
	node_run(3600 * 2);
	ck_assert_int_eq(records(m, 8), 2);
	check_records(m, 2);
	ck_assert_int_ge(m[0].second_ns, SECONDS(1790));
	ck_assert_int_le(m[0].second_ns, SECONDS(1800));
	ck_assert_int_eq(m[0].first_ns, m[0].end_ns - m[0].start_ns);
	ck_assert(m[1].second_ns == 0 && m[1].both_ns == 0);
	ck_assert(m[1].first_j == 0 && m[1].second_j == 0);
	ck_assert_int_eq(m[1].first_ns, 3600 * S);
}
END_TEST

/* A second meter that is not there disturbs nothing, and may come later. */
START_TEST(test_second_missing)
{
	struct second_params p;
	struct err err;

	ck_assert_int_eq(unlink(scratch_path("power2_input")), 0);
	node_start();
	ck_assert_int_eq(errors, 1);
	ck_assert_ptr_nonnull(strstr(last_error, "node n1: the second meter is not read: wattgate.conf: node n1: "));
	p = second_params();
	ck_assert_int_eq(second_check(&p, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "the second meter: wattgate.conf: node n1: "));
	node_run(200);
	ck_assert_int_eq(errors, 1);
	ck_assert_uint_ge(series_size(series_writer_series(poller_series(first))), 40);
	watts_put("power2_input", 190);
	ck_assert_int_eq(second_check(&p, &err), 0);
	node_run(100);
	ck_assert_int_eq(access(scratch_path("run/n1/series2"), F_OK), 0);
}
END_TEST

START_TEST(test_no_second)
{
	struct second_params p = second_params();
	struct err err;

	*conf.second.source = '\0';
	ck_assert_ptr_null(second_create(&p));
	ck_assert_int_eq(second_check(&p, &err), 0);
	second_run(NULL);
	second_stop(NULL);
	second_set_period(NULL, S);
	ck_assert_int_eq(second_due_ns(NULL), INT64_MAX);
}
END_TEST

/* ---- wattgate audit ---- */

static double number(const struct audit_result *r, size_t row, size_t column)
{
	const struct cell *c = rows_cell(r->meters, row, column);

	return c->known ? c->number : NAN;
}

START_TEST(test_audit)
{
	struct audit_result r = audit_result_create();
	struct ledger_rec rec[3] = { example(), example(), example() };
	uint64_t repaired;
	struct err err;
	ledger_t *l;

	rec[0].meters.first_j = rec[1].meters.first_j = 3.6e6;
	rec[0].meters.second_j = 3.5e6;
	rec[1].meters.second_j = 3.34e6;
	rec[0].meters.both_ns = rec[1].meters.both_ns = 3600 * S;
	strcpy(rec[2].meters.second, "exec:pdu");
	rec[2].meters.both_ns = 0;
	l = ledger_open_meters(scratch, "n1", &repaired, &err);
	ck_assert_ptr_nonnull(l);
	ck_assert_int_eq(ledger_append(l, rec, 3, &err), 0);
	ledger_close(l);
	file_write(scratch_path("n2.meters"), "damage\n", 7);
	audit_meters(scratch, NULL, &r);
	ck_assert_uint_eq(r.meters->len, 2);
	ck_assert_str_eq(rows_cell(r.meters, 0, 0)->text, "n1");
	ck_assert_str_eq(rows_cell(r.meters, 0, 3)->text, "redfish:power");
	ck_assert_double_eq_tol(number(&r, 0, 7), 7200, 1e-9);
	ck_assert_double_eq_tol(number(&r, 0, 8), 2, 1e-9);
	ck_assert_double_eq_tol(number(&r, 0, 10), 0.95, 1e-9);
	/* unknown is not 0 */
	ck_assert_str_eq(rows_cell(r.meters, 1, 4)->text, "exec:pdu");
	ck_assert(number(&r, 1, 7) == 0 && isnan(number(&r, 1, 8)));
	ck_assert(isnan(number(&r, 1, 10)));
	ck_assert_uint_eq(r.notes->len, 1);
	ck_assert_ptr_nonnull(strstr(rows_cell(r.notes, 0, 1)->text, "n2.meters:1: checksum differs"));
	audit_result_destroy(&r);
	r = audit_result_create();
	audit_meters(scratch, "n2", &r);
	audit_meters("/nonexistent", NULL, &r);
	ck_assert_uint_eq(r.meters->len, 0);
	audit_result_destroy(&r);
}
END_TEST

static Suite *second_suite(void)
{
	Suite *s = suite_create("second");
	TCase *pure = tcase_create("pure"), *node = tcase_create("node");

	tcase_add_loop_test(pure, test_windows, 0, COUNT(windows));
	tcase_add_test(pure, test_parts_of_stretches);
	tcase_add_test(pure, test_nothing_to_compare);
	tcase_add_test(pure, test_random_series);
	tcase_add_test(pure, test_record);
	tcase_add_test(pure, test_record_refused);
	suite_add_tcase(s, pure);
	tcase_add_checked_fixture(node, setup, teardown);
	tcase_add_test(node, test_hours);
	tcase_add_test(node, test_restart);
	tcase_add_test(node, test_crash);
	tcase_add_test(node, test_torn_tail);
	tcase_add_test(node, test_no_ledger);
	tcase_add_test(node, test_second_silent);
	tcase_add_test(node, test_second_missing);
	tcase_add_test(node, test_no_second);
	tcase_add_test(node, test_audit);
	tcase_set_timeout(node, 60);
	suite_add_tcase(s, node);
	return s;
}

int main(void)
{
	return suite_run(second_suite());
}
