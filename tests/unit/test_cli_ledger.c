/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What wattgate makes of ledgers: audit, and the join with jobs. */

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/audit.h"
#include "cli/confs.h"
#include "cli/job_rows.h"
#include "cli/jobs_ledger.h"
#include "cli/report.h"
#include "cli/report_days.h"
#include "cli/report_sums.h"
#include "lib/clock.h"
#include "lib/ledger.h"

#define BOOT "6f6c1f0e-95c5-4be0-9f50-7a5a2a8a5f11"
#define WALL INT64_C(1790000000000000000)	/* at boot time 0 */
#define S NS_PER_S

static char dir[] = "/tmp/test_cli_ledger.XXXXXX";

static void setup(void)
{
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void)
{
	static const char *const names[] = { "n1.ledger", "n1.open",
					     "n2.ledger", "n2.open", "conf",
					     "sacct", "sacctmgr", "rows" };
	char path[80];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	ck_assert_int_eq(rmdir(dir), 0);
}

/* ---- a node's hour, which adds up ---------------------------------------------- */

/*
 * 100 W for 100 s: job 5 holds half of 10..60, job 6 a quarter of 40..80; the
 * node is cut into two intervals at 50, and idle before 10 and from 80 on.
 */
static struct ledger_part parts1[] = { { 5, 0, 2000 }, { 6, 0, 250 } };
static struct ledger_part parts2[] = { { 5, 0, 500 }, { 6, 0, 750 } };

static struct ledger_rec make_interval(int64_t from_s, int64_t to_s,
				       struct ledger_part *parts, uint32_t n,
				       double unallocated_j, double idle_j)
{
	struct ledger_rec r = { .kind = LEDGER_INTERVAL };
	struct ledger_interval *iv = &r.interval;

	strcpy(iv->node, "n1");
	strcpy(iv->boot_id, BOOT);
	iv->start_ns = from_s * S;
	iv->end_ns = to_s * S;
	iv->start_wall_ns = WALL + from_s * S;
	iv->end_wall_ns = WALL + to_s * S;
	iv->measured_ns = (to_s - from_s) * S;
	for (uint32_t i = 0; i < n; i++)
		iv->allocated_j += parts[i].joules;
	iv->unallocated_j = unallocated_j;
	iv->idle_j = idle_j;
	iv->node_j = iv->allocated_j + unallocated_j + idle_j;
	iv->parts = parts;
	iv->parts_len = n;
	return r;
}

static struct ledger_rec make_alloc(const char *node, uint32_t job,
				    int64_t from_s, int64_t to_s, double share)
{
	struct ledger_rec r = { .kind = LEDGER_ALLOC };
	struct ledger_alloc *a = &r.alloc;

	a->job_id = job;
	strcpy(a->step, "extern");
	strcpy(a->node, node);
	strcpy(a->boot_id, BOOT);
	a->start_ns = from_s * S;
	a->end_ns = a->settled_ns = to_s * S;
	a->start_wall_ns = WALL + from_s * S;
	a->end_wall_ns = WALL + to_s * S;
	a->active_ns = a->covered_ns = (to_s - from_s) * S;
	a->holding.cores = 2;
	a->holding.gpus = 1;
	a->share = share;
	a->node_j = 100.0 * (double)(to_s - from_s);
	a->gated_j = share * a->node_j;
	a->model_w = 50;
	strcpy(a->source, "redfish:power");
	strcpy(a->end, "exit");
	return r;
}

enum { FIRST, SECOND, JOB5, JOB6, RECS };

static void make_good(struct ledger_rec recs[RECS])
{
	recs[FIRST] = make_interval(0, 50, parts1, 2, 1750, 1000);
	recs[SECOND] = make_interval(50, 100, parts2, 2, 1750, 2000);
	recs[JOB5] = make_alloc("n1", 5, 10, 60, 0.5);
	recs[JOB6] = make_alloc("n1", 6, 40, 80, 0.25);
}

static void write_ledger(const char *node, const struct ledger_rec *recs,
			 uint32_t n, const struct ledger_rec *open,
			 uint32_t open_n)
{
	struct err err = { "" };
	uint64_t repaired;
	ledger_t *l = ledger_open(dir, node, &repaired, &err);

	ck_assert_msg(l != NULL, "%s", err.text);
	ck_assert_msg(ledger_append(l, recs, n, &err) == 0, "%s", err.text);
	ck_assert_msg(ledger_write_open(l, open, open_n, &err) == 0, "%s",
		      err.text);
	ledger_close(l);
}

static struct audit_result audit_all(void)
{
	struct audit_result r = audit_result_create();
	struct err err = { "" };

	ck_assert_msg(audit_node(&(struct ledgers){ .dir = dir }, "n1", &r, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(r.nodes->len, 1);
	return r;
}

static double node_number(const struct audit_result *r, const char *name)
{
	for (size_t j = 0; j < r->nodes->columns_len; j++)
		if (strcmp(r->nodes->columns[j].name, name) == 0)
			return rows_cell(r->nodes, 0, j)->known ?
				r->nodes->columns[j].type == COLUMN_INTEGER ?
				(double)rows_cell(r->nodes, 0, j)->integer :
				rows_cell(r->nodes, 0, j)->number : NAN;
	ck_abort_msg("no column %s", name);
	return NAN;
}

/* Exactly `n` findings, the first of which says `text`. */
static void expect_violations(size_t n, const char *text)
{
	struct audit_result r = audit_all();

	ck_assert_uint_eq(r.violations->len, n);
	if (n)
		ck_assert_msg(strstr(rows_cell(r.violations, 0, 1)->text, text) != NULL,
			      "%s", rows_cell(r.violations, 0, 1)->text);
	ck_assert_double_eq(node_number(&r, "violations"), (double)n);
	audit_result_destroy(&r);
}

START_TEST(test_audit_good)
{
	struct ledger_rec recs[RECS];
	struct audit_result r;

	make_good(recs);
	write_ledger("n1", recs, RECS, NULL, 0);
	r = audit_all();
	ck_assert_uint_eq(r.violations->len, 0);
	ck_assert_uint_eq(r.notes->len, 0);
	ck_assert_uint_eq(r.unmeasured->len, 0);
	ck_assert_double_eq(node_number(&r, "intervals"), 2);
	ck_assert_double_eq(node_number(&r, "allocations"), 2);
	ck_assert_double_eq(node_number(&r, "allocations_added_up"), 2);
	ck_assert_double_eq_tol(node_number(&r, "node_kwh") * 3.6e6, 10000, 1e-6);
	ck_assert_double_eq_tol(node_number(&r, "allocated_kwh") * 3.6e6, 3500, 1e-6);
	ck_assert_double_eq_tol(node_number(&r, "unallocated_kwh") * 3.6e6, 3500, 1e-6);
	ck_assert_double_eq_tol(node_number(&r, "idle_kwh") * 3.6e6, 3000, 1e-6);
	ck_assert_double_eq(node_number(&r, "measured_s"), 100);
	ck_assert_double_eq(node_number(&r, "unmeasured_s"), 0);
	ck_assert_double_eq(node_number(&r, "coverage"), 1);
	audit_result_destroy(&r);
}
END_TEST

/* One thing wrong at a time. */
START_TEST(test_audit_violations)
{
	struct ledger_rec recs[RECS];
	static const struct { int what; size_t n; const char *text; } cases[] = {
		{ 0, 1, "the node drew" }, { 1, 1, "its parts are" },
		{ 2, 1, "energy is negative" }, { 3, 1, "in no measured time" },
		{ 4, 1, "are not its" }, { 5, 1, "idle for longer" },
		{ 6, 1, "begins before" }, { 7, 1, "charged" },
		{ 8, 2, "covered for longer" }, { 9, 1, "of the" },
		{ 10, 1, "active" }, { 11, 1, "is of node" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ledger_interval *iv = &recs[SECOND].interval;
		struct ledger_alloc *a = &recs[JOB5].alloc;

		make_good(recs);
		switch (cases[i].what) {
		case 0: iv->node_j += 0.002; break;
		case 1: iv->allocated_j -= 0.01; break;
		case 2: iv->idle_j = -1; iv->unallocated_j += 2001; break;
		case 3: iv->unmeasured_ns = iv->measured_ns; iv->measured_ns = 0; break;
		case 4: iv->unmeasured_ns = 1; break;
		case 5: iv->idle_ns = 51 * S; break;
		case 6: iv->start_ns -= 1; iv->unmeasured_ns = 1; break;
		case 7: a->gated_j += 0.002; break;
		case 8: a->covered_ns += 1; recs[JOB6].alloc.covered_ns += 1; break;
		case 9: a->node_j = a->gated_j - 0.01; break;
		case 10: a->suspended_ns = 1; break;
		case 11: strcpy(a->node, "n2"); break;
		}
		write_ledger("n1", recs, RECS, NULL, 0);
		expect_violations(cases[i].n, cases[i].text);
		teardown();
		setup();
	}
}
END_TEST

/* What is within rounding is no violation. */
START_TEST(test_audit_tolerance)
{
	struct ledger_rec recs[RECS];

	make_good(recs);
	recs[SECOND].interval.node_j += 0.0009;
	recs[JOB5].alloc.gated_j -= 0.0009;
	write_ledger("n1", recs, RECS, NULL, 0);
	expect_violations(0, "");
}
END_TEST

START_TEST(test_audit_twice)
{
	struct ledger_rec recs[RECS + 1];

	make_good(recs);
	recs[RECS] = recs[JOB5];
	write_ledger("n1", recs, RECS + 1, NULL, 0);
	expect_violations(1, "two records");
	teardown();
	setup();
	recs[RECS] = recs[FIRST];
	write_ledger("n1", recs, RECS + 1, NULL, 0);
	expect_violations(3, "begins before");	/* and both jobs' sums */
}
END_TEST

/* Requeued, but with the number of its first instance: parts are in common. */
START_TEST(test_audit_same_restart)
{
	static struct ledger_part both[] = { { 5, 0, 2000 + 500 } };
	struct ledger_rec recs[4];

	recs[0] = make_interval(0, 100, both, 1, 2500, 5000);
	recs[1] = make_alloc("n1", 5, 10, 50, 0.5);
	recs[2] = make_alloc("n1", 5, 60, 70, 0.5);
	write_ledger("n1", recs, 3, NULL, 0);
	expect_violations(0, "");
	teardown();
	setup();

	recs[2].alloc.gated_j += 1;
	write_ledger("n1", recs, 3, NULL, 0);
	expect_violations(1, "charged 2501.000000 J");
	teardown();
	setup();

	/* while the second runs, neither can be added up */
	write_ledger("n1", recs, 2, recs + 2, 1);
	expect_violations(0, "");
	teardown();
	setup();

	/* closed, and not yet gone from NODE.open */
	recs[2].alloc.gated_j -= 1;
	recs[3] = recs[2];
	recs[3].alloc.gated_j = 1;
	write_ledger("n1", recs, 3, recs + 3, 1);
	expect_violations(0, "");
}
END_TEST

/* A job that began before the first interval cannot be added up. */
START_TEST(test_audit_unknown_life)
{
	struct ledger_rec recs[RECS];
	struct audit_result r;

	make_good(recs);
	write_ledger("n1", recs + SECOND, RECS - 1, NULL, 0);
	r = audit_all();
	ck_assert_uint_eq(r.violations->len, 0);
	ck_assert_double_eq(node_number(&r, "allocations"), 2);
	ck_assert_double_eq(node_number(&r, "allocations_added_up"), 0);
	audit_result_destroy(&r);
}
END_TEST

/* The same numbers, the second half still open; then closed, but not yet
   gone from NODE.open. */
START_TEST(test_audit_open)
{
	struct ledger_rec recs[RECS], closed[3];
	struct audit_result r;

	make_good(recs);
	closed[0] = recs[FIRST];
	closed[1] = recs[JOB5];
	closed[2] = recs[JOB6];
	write_ledger("n1", closed, 3, recs + SECOND, 1);
	r = audit_all();
	ck_assert_uint_eq(r.violations->len, 0);
	ck_assert_double_eq(node_number(&r, "allocations_added_up"), 2);
	ck_assert_double_eq_tol(node_number(&r, "node_kwh") * 3.6e6, 10000, 1e-6);
	audit_result_destroy(&r);

	write_ledger("n1", recs + SECOND, 1, recs + SECOND, 1);
	r = audit_all();
	ck_assert_uint_eq(r.violations->len, 0);
	ck_assert_double_eq(node_number(&r, "intervals"), 2);
	ck_assert_double_eq_tol(node_number(&r, "node_kwh") * 3.6e6, 10000, 1e-6);
	audit_result_destroy(&r);
}
END_TEST

START_TEST(test_audit_unmeasured)
{
	struct ledger_rec recs[3];
	struct audit_result r;

	recs[0] = make_interval(0, 50, NULL, 0, 0, 4500);
	recs[0].interval.measured_ns = 45 * S;
	recs[0].interval.unmeasured_ns = 5 * S;
	recs[1] = make_interval(80, 100, NULL, 0, 0, 2000);
	recs[2] = make_interval(100, 120, NULL, 0, 0, 1995);
	recs[2].interval.measured_ns -= S / 2;
	recs[2].interval.unmeasured_ns = S / 2;
	write_ledger("n1", recs, 3, NULL, 0);
	r = audit_all();
	ck_assert_uint_eq(r.violations->len, 0);
	ck_assert_uint_eq(r.unmeasured->len, 2);
	ck_assert_str_eq(rows_cell(r.unmeasured, 0, 4)->text, "no reading");
	ck_assert_double_eq(rows_cell(r.unmeasured, 0, 3)->number, 5);
	ck_assert_str_eq(rows_cell(r.unmeasured, 1, 4)->text, "no record");
	ck_assert_int_eq(rows_cell(r.unmeasured, 1, 1)->integer, WALL + 50 * S);
	ck_assert_int_eq(rows_cell(r.unmeasured, 1, 2)->integer, WALL + 80 * S);
	ck_assert_double_eq(node_number(&r, "measured_s"), 84.5);
	ck_assert_double_eq(node_number(&r, "unmeasured_s"), 35.5);
	audit_result_destroy(&r);
}
END_TEST

START_TEST(test_audit_damage_and_orphans)
{
	struct ledger_rec recs[RECS];
	struct audit_result r;
	char path[80];
	FILE *f;

	make_good(recs);
	write_ledger("n1", recs, 2, NULL, 0);
	snprintf(path, sizeof(path), "%s/n1.ledger", dir);
	f = fopen(path, "a");
	fputs("00000000 1 alloc job=1\n", f);
	fclose(f);
	r = audit_all();
	ck_assert_uint_eq(r.violations->len, 1);
	ck_assert_ptr_nonnull(strstr(rows_cell(r.violations, 0, 1)->text,
				     "n1.ledger:3: checksum differs"));
	ck_assert_uint_eq(r.notes->len, 2);
	ck_assert_ptr_nonnull(strstr(rows_cell(r.notes, 0, 1)->text, "job 5"));
	audit_result_destroy(&r);
}
END_TEST

/* ---- the join with jobs ----------------------------------------------------------- */

static void no_note(const char *text)
{
	ck_abort_msg("%s", text);
}

static struct job *add_job(struct jobs *jobs, uint32_t id, int64_t from_s,
			   int64_t to_s, const char *nodes, uint32_t n)
{
	struct job *job = jobs_add(jobs);

	job->id = id;
	job->start_s = WALL / S + from_s;
	job->end_s = to_s ? WALL / S + to_s : 0;
	job->nodes = strdup(nodes);
	job->nodes_len = n;
	return job;
}

static void join(struct jobs *jobs)
{
	const struct ledgers from = { .dir = dir };
	struct names nodes = { 0 };
	struct err err;

	ck_assert_int_eq(ledgers_nodes(&from, &nodes, &err), 0);
	jobs_sort_by_id(jobs);
	jobs_add_ledgers(jobs, &from, &nodes, no_note);
	names_destroy(&nodes);
}

START_TEST(test_join_nodes)
{
	struct ledger_rec n1[3], n2[1];
	struct jobs jobs = { 0 };
	const struct job_ledger *l;

	n1[0] = make_alloc("n1", 5, 10, 60, 0.5);
	n1[1] = make_alloc("n1", 5, 11, 60, 0.5);
	n1[1].kind = LEDGER_STEP;		/* steps do not count */
	n1[2] = make_alloc("n1", 6, 40, 80, 0.25);
	n2[0] = make_alloc("n2", 5, 12, 60, 1);
	n2[0].alloc.covered_ns = 0;
	n2[0].alloc.max_gap_ns = 48 * S;
	strcpy(n2[0].alloc.source, "redfish:environment");
	write_ledger("n1", n1, 3, NULL, 0);
	write_ledger("n2", n2, 1, NULL, 0);

	add_job(&jobs, 5, 10, 61, "n[1-2]", 2);
	add_job(&jobs, 6, 40, 81, "n2", 1);	/* not on n1, says Slurm */
	join(&jobs);
	l = &jobs.list[0].ledger;
	ck_assert_uint_eq(l->nodes, 2);
	ck_assert_uint_eq(l->open_nodes, 0);
	ck_assert_double_eq(l->gated_j, 2500 + 4800);
	ck_assert_double_eq(l->node_j, 5000 + 4800);
	ck_assert_double_eq(l->model_j, 50 * 50 + 50 * 48);
	ck_assert_double_eq(l->cores, 4);
	ck_assert_double_eq(l->gpus, 2);
	ck_assert_int_eq(l->active_ns, 98 * S);
	ck_assert_int_eq(l->covered_ns, 50 * S);
	ck_assert_int_eq(l->max_gap_ns, 48 * S);
	ck_assert_str_eq(l->source, "mixed");
	ck_assert_uint_eq(jobs.list[1].ledger.nodes, 0);
	jobs_destroy(&jobs);
}
END_TEST

/* Each time that a requeued job ran gets its own record. */
START_TEST(test_join_restarts)
{
	struct ledger_rec recs[2];
	struct jobs jobs = { 0 };

	recs[0] = make_alloc("n1", 5, 10, 60, 0.5);
	recs[1] = make_alloc("n1", 5, 200, 300, 0.5);
	recs[1].alloc.restart = 1;
	write_ledger("n1", recs, 2, NULL, 0);
	add_job(&jobs, 5, 198, 301, "n1", 1);
	add_job(&jobs, 5, 9, 60, "n1", 1);
	join(&jobs);
	ck_assert_double_eq(jobs.list[0].ledger.gated_j, 2500);
	ck_assert_double_eq(jobs.list[1].ledger.gated_j, 5000);
	jobs_destroy(&jobs);
}
END_TEST

START_TEST(test_join_open)
{
	struct ledger_rec closed = make_alloc("n1", 5, 10, 60, 0.5);
	struct ledger_rec open[2] = { make_alloc("n1", 5, 10, 50, 0.5),
				      make_alloc("n1", 6, 40, 80, 0.25) };
	struct jobs jobs = { 0 };

	/* job 5 was closed between the two files: it counts once, as closed */
	write_ledger("n1", &closed, 1, open, 2);
	add_job(&jobs, 5, 10, 60, "n1", 1);
	add_job(&jobs, 6, 40, 0, "n1", 1);
	join(&jobs);
	ck_assert_uint_eq(jobs.list[0].ledger.nodes, 1);
	ck_assert_uint_eq(jobs.list[0].ledger.open_nodes, 0);
	ck_assert_double_eq(jobs.list[0].ledger.gated_j, 2500);
	ck_assert_uint_eq(jobs.list[1].ledger.open_nodes, 1);
	ck_assert_double_eq(jobs.list[1].ledger.gated_j, 1000);
	jobs_destroy(&jobs);
}
END_TEST

/* ---- nodes -------------------------------------------------------------------------- */

static double cell(const struct rows *rows, const char *name)
{
	for (size_t j = 0; j < rows->columns_len; j++)
		if (strcmp(rows->columns[j].name, name) == 0)
			return rows_cell(rows, 0, j)->known ?
			       rows_cell(rows, 0, j)->number : NAN;
	ck_abort_msg("no column %s", name);
	return NAN;
}

static struct rows *nodes_between(int64_t from_s, int64_t to_s)
{
	struct report r = { .from_ns = WALL + from_s * S,
			    .to_ns = WALL + to_s * S,
			    .now_ns = WALL + 100000 * S };
	struct err err = { "" };
	struct rows *rows;

	snprintf(r.confs.all.ledger_dir, sizeof(r.confs.all.ledger_dir), "%s",
		 dir);
	rows = report_nodes(&r, &err);
	ck_assert_msg(rows != NULL, "%s", err.text);
	return rows;
}

START_TEST(test_report_nodes)
{
	struct ledger_rec recs[RECS];
	struct rows *rows;

	make_good(recs);
	write_ledger("n1", recs, RECS, recs + SECOND, 1);

	rows = nodes_between(0, 100);
	ck_assert_uint_eq(rows->len, 1);
	ck_assert_str_eq(rows_cell(rows, 0, 0)->text, "n1");
	ck_assert_double_eq_tol(cell(rows, "node_kwh") * 3.6e6, 10000, 1e-6);
	ck_assert_double_eq(cell(rows, "coverage"), 1);
	rows_destroy(rows);

	/* a quarter of the first, and none of the second */
	rows = nodes_between(25, 50);
	ck_assert_double_eq_tol(cell(rows, "node_kwh") * 3.6e6, 2500, 1e-6);
	ck_assert_double_eq_tol(cell(rows, "idle_kwh") * 3.6e6, 500, 1e-6);
	ck_assert_double_eq(cell(rows, "measured_s"), 25);
	rows_destroy(rows);

	/* long before and behind: no record is no measurement */
	rows = nodes_between(-900, 100);
	ck_assert_double_eq(cell(rows, "unmeasured_s"), 900);
	ck_assert_double_eq_tol(cell(rows, "coverage"), 0.1, 1e-9);
	rows_destroy(rows);
	rows = nodes_between(1000, 2000);
	ck_assert(isnan(cell(rows, "node_kwh")));
	ck_assert_double_eq(cell(rows, "coverage"), 0);
	ck_assert_double_eq(cell(rows, "unmeasured_s"), 1000);
	rows_destroy(rows);
}
END_TEST

/* What the newest checkpoint does not have yet is not missing. */
START_TEST(test_report_nodes_lag)
{
	struct ledger_rec recs[RECS];
	struct rows *rows;

	make_good(recs);
	write_ledger("n1", recs, RECS, NULL, 0);
	rows = nodes_between(0, 150);
	ck_assert_int_eq(rows_cell(rows, 0, 2)->integer, WALL + 100 * S);
	ck_assert_double_eq(cell(rows, "coverage"), 1);
	rows_destroy(rows);
	rows = nodes_between(0, 300);
	ck_assert_int_eq(rows_cell(rows, 0, 2)->integer, WALL + 300 * S);
	ck_assert_double_eq(cell(rows, "unmeasured_s"), 200);
	rows_destroy(rows);
}
END_TEST

/* ---- the whole report, with a sacct that prints what a file holds ------------------- */

static void write_text(const char *name, const char *text, mode_t mode)
{
	char path[80];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* '|' in rows stands for the separator that sacct is given. */
static void fake_sacct(const char *rows, const char *tres)
{
	static char saved[4096];
	char script[512], path[4400];

	if (!*saved)
		snprintf(saved, sizeof(saved), "%s", getenv("PATH"));
	snprintf(script, sizeof(script),
		 "#!/bin/sh\n"
		 "[ \"$SLURM_TIME_FORMAT\" = %%s ] || exit 9\n"
		 "for a; do case $a in --delimiter=*) d=${a#--delimiter=};; esac; done\n"
		 "sed \"s/|/$d/g\" %s/rows\n", dir);
	write_text("sacct", script, 0755);
	snprintf(script, sizeof(script), "#!/bin/sh\necho 'cpu|'\necho '%s'\n",
		 tres);
	write_text("sacctmgr", script, 0755);
	write_text("rows", rows, 0644);
	snprintf(path, sizeof(path), "%s:%s", dir, saved);
	setenv("PATH", path, 1);
}

/* The only part of a report, kept. */
static void keep_rows(struct rows *rows, void *arg)
{
	struct rows *kept = arg, empty = *kept;

	ck_assert_uint_eq(kept->len, 0);
	*kept = *rows;
	*rows = empty;
}

static struct rows *jobs_report(bool running, const char *user)
{
	struct report r = { .from_ns = WALL, .to_ns = WALL + 1000 * S,
			    .now_ns = WALL + 1000 * S, .running = running,
			    .user = user };
	struct err err = { "" };
	struct rows *rows = rows_create(job_columns, JOB_COLUMNS);
	int rc;

	r.via = SLURM_VIA_SACCT;
	r.confs.absent = true;
	strcpy(r.confs.all.pue, "1.5");
	strcpy(r.confs.all.intensity, "100");
	ck_assert_int_eq(rates_open(&r.rates, &r.confs.all, &err), 0);
	snprintf(r.confs.all.ledger_dir, sizeof(r.confs.all.ledger_dir), "%s",
		 dir);
	rc = report_jobs(&r, keep_rows, rows, &err);
	rates_clear(&r.rates);
	confs_clear(&r.confs);
	ck_assert_msg(rc == 0, "%s", err.text);
	return rows;
}

static const struct cell *find_cell(const struct rows *rows, int64_t job,
				    const char *name)
{
	for (size_t i = 0; i < rows->len; i++)
		for (size_t j = 0; j < rows->columns_len; j++)
			if (rows_cell(rows, i, 0)->integer == job &&
			    strcmp(rows->columns[j].name, name) == 0)
				return rows_cell(rows, i, j);
	ck_abort_msg("no %s of job %d", name, (int)job);
	return NULL;
}

/* Joules of a kWh column; NaN where it is unknown. */
static double joules(const struct rows *rows, int64_t job, const char *name)
{
	const struct cell *c = find_cell(rows, job, name);

	return c->known ? c->number * 3.6e6 : NAN;
}

static const char *source(const struct rows *rows, int64_t job)
{
	const struct cell *c = find_cell(rows, job, "source");

	return c->known ? c->text : "";
}

/* Rows of sacct: wall time begins at 1790000000. */
#define ROW(id, state, start, end, tres, j, nodes, rest) \
	id "|" id "|" state "|" start "|" end "|00:00:00|50|2|" tres "|" j "|" nodes \
	"|" rest "\n"
#define T(s) "17900000" s

static const char sacct_rows[] =
	/* the ledger has it all; what sacct says does not matter */
	ROW("5", "COMPLETED", T("10"), T("60"), "cpu=2,gres/gpu=1", "9999", "n1", "ann|a|*proj")
	ROW("5.extern", "COMPLETED", T("10"), T("60"), "cpu=2", "8888", "n1", "||")
	/* no ledger, and Slurm lost the job's own: the extern row */
	ROW("10", "CANCELLED by 0", T("10"), T("60"), "cpu=2", "", "n9", "ann|a|")
	ROW("10.batch", "CANCELLED", T("10"), T("60"), "cpu=2", "7", "n9", "||")
	ROW("10.extern", "COMPLETED", T("10"), T("60"), "cpu=2", "3600", "n9", "||")
	/* the job's own, as it was put right */
	ROW("11", "COMPLETED", T("10"), T("60"), "cpu=2", "1800", "n9", "bob|b|")
	ROW("11.extern", "COMPLETED", T("10"), T("60"), "cpu=2", "7", "n9", "||")
	/* 0 is nothing measured; blank is unknown; a wrapped counter is neither */
	ROW("12", "COMPLETED", T("10"), T("60"), "cpu=2", "0", "n9", "bob|b|")
	ROW("12.extern", "COMPLETED", T("10"), T("60"), "cpu=2", "0", "n9", "||")
	ROW("13", "REQUEUED", T("10"), T("60"), "cpu=2", "", "n9", "bob|b|")
	ROW("14", "COMPLETED", T("10"), T("60"), "cpu=2", "18446744073709540016", "n9", "bob|b|")
	/* one node of two in the ledgers: not what it drew */
	ROW("15", "COMPLETED", T("10"), T("60"), "cpu=2", "", "n[1,9]", "bob|b|")
	/* never ran */
	ROW("16", "CANCELLED by 0", T("60"), T("60"), "", "0", "None assigned", "bob|b|")
	/* a key that looks like a row of someone else */
	ROW("17", "COMPLETED", T("10"), T("60"), "cpu=2", "60", "n9", "eve|e|x")
	"18;18;COMPLETED;1;2;0:00;1;1;cpu=1;99;n9;ann;a;\n"
	/* not measured for a second: no figure, coverage 0 */
	ROW("19", "COMPLETED", T("10"), T("60"), "cpu=2", "0", "n1", "bob|b|")
	/* the node went down: what was open is all there is */
	ROW("20", "NODE_FAIL", T("10"), T("90"), "cpu=2", "", "n1", "bob|b|")
	/* runs; ended before, ended at the end */
	ROW("21", "RUNNING", T("10"), "Unknown", "cpu=2", "5", "n1", "bob|b|")
	ROW("22", "COMPLETED", "1789999000", "1789999999", "cpu=2", "5", "n9", "bob|b|")
	ROW("23", "COMPLETED", T("10"), "1790001000", "cpu=2", "5", "n9", "bob|b|");

static void write_job_ledger(void)
{
	struct ledger_rec closed[3], open[2];

	closed[0] = make_alloc("n1", 5, 10, 60, 0.5);
	closed[1] = make_alloc("n1", 15, 10, 60, 0.5);
	closed[2] = make_alloc("n1", 19, 10, 60, 0.5);
	closed[2].alloc.covered_ns = 0;
	closed[2].alloc.gated_j = closed[2].alloc.node_j = 0;
	closed[2].alloc.max_gap_ns = 50 * S;
	open[0] = make_alloc("n1", 20, 10, 50, 0.5);
	open[1] = make_alloc("n1", 21, 10, 50, 0.25);
	write_ledger("n1", closed, 3, open, 2);
}

START_TEST(test_report_sources)
{
	static const struct {
		int64_t job;
		double energy_j, bmc_j, coverage;
		const char *source;
	} want[] = {
		{ 5, 2500, 5000, 1, "ledger:redfish:power" },
		{ 10, 3600, NAN, NAN, "sacct:extern" },
		{ 11, 1800, NAN, NAN, "sacct" },
		{ 12, NAN, NAN, NAN, "" },
		{ 13, NAN, NAN, NAN, "" },
		{ 14, NAN, NAN, NAN, "" },
		{ 15, NAN, NAN, NAN, "" },
		{ 16, 0, 0, NAN, "never-ran" },
		{ 17, 60, NAN, NAN, "sacct" },
		{ 19, NAN, NAN, 0, "ledger:redfish:power" },
		{ 20, 2000, 4000, 0.5, "ledger-open:redfish:power" },
	};
	struct rows *rows;

	fake_sacct(sacct_rows, "gres|gpu");
	write_job_ledger();
	rows = jobs_report(false, NULL);
	ck_assert_uint_eq(rows->len, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const int64_t job = want[i].job;
		const struct cell *c = find_cell(rows, job, "coverage");
		double e = joules(rows, job, "energy_kwh");
		double b = joules(rows, job, "bmc_kwh");

		ck_assert_msg(isnan(want[i].energy_j) ? isnan(e) :
			      fabs(e - want[i].energy_j) < 1e-6,
			      "job %d: %g J", (int)job, e);
		ck_assert_msg(isnan(want[i].bmc_j) ? isnan(b) :
			      fabs(b - want[i].bmc_j) < 1e-6,
			      "job %d: BMC %g J", (int)job, b);
		ck_assert_msg(isnan(want[i].coverage) ? !c->known :
			      c->known && fabs(c->number - want[i].coverage) < 1e-9,
			      "job %d: coverage %g", (int)job, c->number);
		ck_assert_str_eq(source(rows, job), want[i].source);
	}
	rows_destroy(rows);
}
END_TEST

START_TEST(test_report_columns)
{
	struct rows *rows;

	fake_sacct(sacct_rows, "gres|gpu");
	write_job_ledger();
	rows = jobs_report(false, "ann");
	ck_assert_uint_eq(rows->len, 2);
	ck_assert_str_eq(find_cell(rows, 5, "project")->text, "proj");
	ck_assert(!find_cell(rows, 10, "project")->known);
	ck_assert_str_eq(find_cell(rows, 10, "state")->text, "CANCELLED");
	ck_assert_double_eq_tol(find_cell(rows, 5, "core_hours")->number,
				2 * 50 / 3600.0, 1e-12);
	ck_assert_double_eq_tol(find_cell(rows, 5, "gpu_hours")->number,
				50 / 3600.0, 1e-12);
	ck_assert_double_eq(find_cell(rows, 10, "gpu_hours")->number, 0);
	ck_assert_double_eq_tol(joules(rows, 5, "model_kwh"), 50 * 50, 1e-6);
	ck_assert_double_eq_tol(joules(rows, 10, "model_kwh"), 24 * 50, 1e-6);
	ck_assert_double_eq_tol(find_cell(rows, 10, "co2e_g")->number,
				0.001 * 1.5 * 100, 1e-12);
	ck_assert(!find_cell(rows, 10, "cost")->known);
	rows_destroy(rows);

	/* GPUs are not counted: none is not 0 */
	fake_sacct(sacct_rows, "mem|");
	rows = jobs_report(false, "ann");
	ck_assert(!find_cell(rows, 10, "gpu_hours")->known);
	ck_assert(find_cell(rows, 5, "gpu_hours")->known);
	rows_destroy(rows);
}
END_TEST

START_TEST(test_report_running)
{
	struct rows *rows;

	fake_sacct(sacct_rows, "gres|gpu");
	write_job_ledger();
	rows = jobs_report(true, "bob");
	ck_assert_str_eq(source(rows, 21), "ledger-open:redfish:power");
	ck_assert_double_eq_tol(joules(rows, 21, "energy_kwh"), 1000, 1e-6);
	ck_assert(!find_cell(rows, 21, "end")->known);
	ck_assert(find_cell(rows, 21, "start")->known);
	rows_destroy(rows);
}
END_TEST

START_TEST(test_report_sacct_fails)
{
	struct report r = { .from_ns = WALL, .to_ns = WALL + 1000 * S,
			    .via = SLURM_VIA_SACCT };
	struct err err = { "" };

	fake_sacct("", "");
	write_text("sacct", "#!/bin/sh\necho 'sacct: error: no database' >&2\nexit 1\n",
		   0755);
	ck_assert_int_eq(report_jobs(&r, keep_rows, NULL, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no database"));
}
END_TEST

/* ---- by day, month ------------------------------------------------------------------ */

/*
 * 100 W in the hours before and after a midnight (2026-09-22). Job 5 held a half
 * from half an hour before it to a quarter after it; job 6 a quarter, once in
 * the first hour and, requeued, once in the second; job 7 was on a node without
 * a ledger, so is job 8, of which nothing is known.
 */
#define MIDNIGHT INT64_C(35200)	/* s behind WALL */
#define M(s) "17900" s

static const char day_rows[] =
	ROW("5", "FAILED", M("33400"), M("36100"), "cpu=2", "1", "n1", "ann|a|")
	ROW("6", "REQUEUED", M("31600"), M("33400"), "cpu=2", "", "n1", "bob|a|")
	ROW("6", "COMPLETED", M("35800"), M("36400"), "cpu=2", "1", "n1", "bob|a|")
	ROW("7", "COMPLETED", M("35100"), M("35500"), "cpu=2", "400", "n9", "bob|b|")
	ROW("8", "RUNNING", M("38200"), "Unknown", "cpu=2", "", "n9", "bob|b|")
	ROW("9", "COMPLETED", M("31000"), M("31600"), "cpu=2", "99", "n9", "bob|b|")
	ROW("10", "CANCELLED by 0", M("35000"), M("35000"), "", "0", "None assigned", "bob|b|")
	ROW("11", "COMPLETED", M("39000"), M("39100"), "cpu=2", "99", "n9", "bob|b|");

static void set_days_up(void)
{
	static struct ledger_part before[] = { { 5, 0, 90000 }, { 6, 0, 45000 } };
	static struct ledger_part after[] = { { 5, 0, 45000 }, { 6, 1, 15000 } };
	const int64_t m = MIDNIGHT;
	struct ledger_rec recs[5];

	recs[0] = make_interval(m - 3600, m, before, 2, 225000, 0);
	recs[1] = make_interval(m, m + 3600, after, 2, 60000, 240000);
	recs[2] = make_alloc("n1", 5, m - 1800, m + 900, 0.5);
	recs[3] = make_alloc("n1", 6, m - 3600, m - 1800, 0.25);
	recs[4] = make_alloc("n1", 6, m + 600, m + 1200, 0.25);
	recs[4].alloc.restart = 1;
	write_ledger("n1", recs, 5, NULL, 0);
	fake_sacct(day_rows, "gres|gpu");
}

static struct rows *days_report(int64_t from_s, int64_t to_s, bool monthly,
				const char *user)
{
	struct report r = { .from_ns = WALL + (MIDNIGHT + from_s) * S,
			    .to_ns = WALL + (MIDNIGHT + to_s) * S,
			    .now_ns = WALL + (MIDNIGHT + 3600) * S,
			    .via = SLURM_VIA_SACCT, .user = user };
	struct err err = { "" };
	struct rows *rows = rows_create(job_columns, 1);

	r.confs.absent = true;
	strcpy(r.confs.all.pue, "1.5");
	strcpy(r.confs.all.intensity, "100");
	ck_assert_int_eq(rates_open(&r.rates, &r.confs.all, &err), 0);
	snprintf(r.confs.all.ledger_dir, sizeof(r.confs.all.ledger_dir), "%s",
		 dir);
	ck_assert_msg(report_days(&r, NULL, monthly, keep_rows, rows, &err) == 0,
		      "%s", err.text);
	rates_clear(&r.rates);
	confs_clear(&r.confs);
	return rows;
}

/* Joules, of which the last four are the nodes'. */
struct day {
	const char *name;
	int64_t jobs, known, failed;
	double energy_j, failed_j, bmc_j, edges_j, unallocated_j, idle_j, node_j;
};

static void expect_joules(const struct cell *row, enum period_column column,
			  double want)
{
	ck_assert_msg(row[column].known == !isnan(want), "column %d: known %d",
		      column, row[column].known);
	if (!isnan(want))
		ck_assert_msg(fabs(row[column].number * 3.6e6 - want) < 1e-6,
			      "column %d: %g J, not %g", column,
			      row[column].number * 3.6e6, want);
}

static void expect_days(const struct rows *rows, const struct day *want,
			size_t n)
{
	ck_assert_uint_eq(rows->len, n);
	for (size_t i = 0; i < n; i++) {
		const struct cell *row = rows_cell(rows, i, 0);

		ck_assert_str_eq(row[PERIOD_NAME].text, want[i].name);
		ck_assert_int_eq(row[PERIOD_JOBS].integer, want[i].jobs);
		ck_assert_int_eq(row[PERIOD_KNOWN].integer, want[i].known);
		ck_assert_int_eq(row[PERIOD_FAILED].integer, want[i].failed);
		expect_joules(row, PERIOD_ENERGY, want[i].energy_j);
		expect_joules(row, PERIOD_FAILED_ENERGY, want[i].failed_j);
		expect_joules(row, PERIOD_BMC, want[i].bmc_j);
		expect_joules(row, PERIOD_EDGES, want[i].edges_j);
		expect_joules(row, PERIOD_UNALLOCATED, want[i].unallocated_j);
		expect_joules(row, PERIOD_IDLE, want[i].idle_j);
		expect_joules(row, PERIOD_NODE, want[i].node_j);
	}
}

START_TEST(test_report_days)
{
	static const struct day want[] = {
		{ "2026-09-21", 3, 3, 1, 135100, 90000, 360000, -100, 225000, 0, 360000 },
		{ "2026-09-22", 4, 3, 1, 60300, 45000, 150000, -300, 60000, 240000, 360000 },
	};
	static const struct day month[] = {
		{ "2026-09", 5, 4, 1, 195400, 135000, 510000, -400, 285000, 240000, 720000 },
	};
	struct rows *rows;
	const struct cell *row;

	set_days_up();
	rows = days_report(-3600, 3600, false, NULL);
	row = rows_cell(rows, 0, 0);
	ck_assert_str_eq(rows->columns[0].name, "day");
	expect_days(rows, want, 2);
	ck_assert_double_eq_tol(row[PERIOD_CORE_HOURS].number,
				2 * (1800 + 1800 + 100) / 3600.0, 1e-9);
	ck_assert_double_eq_tol(row[PERIOD_CO2E].number,
				135100 / 3.6e6 * 150, 1e-9);
	ck_assert_double_eq_tol(row[PERIOD_SHARE].number, 135100 / 720000.0,
				1e-9);
	ck_assert_double_eq_tol(row[PERIOD_COVERAGE].number, 1, 1e-9);
	ck_assert_str_eq(row[PERIOD_SOURCE].text, "mixed");
	ck_assert(!row[PERIOD_COST].known);
	rows_destroy(rows);
	rows = days_report(-3600, 3600, true, NULL);
	ck_assert_str_eq(rows->columns[0].name, "month");
	expect_days(rows, month, 1);
	rows_destroy(rows);
}
END_TEST

/* An hour that the window cuts: a job's part by the time that it ran in it. */
START_TEST(test_report_days_cut)
{
	static const struct day want[] = {
		{ "2026-09-21", 2, 2, 1, 45100, 45000, 90000, 33750 - 45100, 56250, 0, 90000 },
		{ "2026-09-22", 2, 2, 1, 22800, 22500, 45000, 7500 - 22800, 7500, 30000, 45000 },
	};
	struct rows *rows;

	set_days_up();
	rows = days_report(-900, 450, false, NULL);
	expect_days(rows, want, 2);
	rows_destroy(rows);
}
END_TEST

/* Of some jobs only: the nodes' rest is nobody's, and not told. */
START_TEST(test_report_days_user)
{
	static const struct day want[] = {
		{ "2026-09-21", 1, 1, 1, 90000, 90000, 180000, NAN, NAN, NAN, NAN },
		{ "2026-09-22", 1, 1, 1, 45000, 45000, 90000, NAN, NAN, NAN, NAN },
	};
	struct rows *rows;

	set_days_up();
	rows = days_report(-3600, 3600, false, "ann");
	expect_days(rows, want, 2);
	ck_assert_double_eq_tol(rows_cell(rows, 0, PERIOD_SHARE)->number,
				90 / 135.0, 1e-9);
	rows_destroy(rows);
	rows = days_report(-3600, 3600, false, "nobody");
	ck_assert_uint_eq(rows->len, 0);
	rows_destroy(rows);
}
END_TEST

/* Sums close on the nodes' energy: what stands in no job's row has its own. */
START_TEST(test_report_sums)
{
	struct report r = { .from_ns = WALL + (MIDNIGHT - 3600) * S,
			    .to_ns = WALL + (MIDNIGHT + 3600) * S,
			    .now_ns = WALL + (MIDNIGHT + 3600) * S,
			    .via = SLURM_VIA_SACCT };
	struct rows *rows = rows_create(job_columns, 1);
	struct err err = { "" };
	double kwh = 0;

	set_days_up();
	r.confs.absent = true;
	snprintf(r.confs.all.ledger_dir, sizeof(r.confs.all.ledger_dir), "%s",
		 dir);
	ck_assert_msg(report_groups(&r, NULL, JOB_USER, SPREAD_NONE, keep_rows,
				    rows, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(rows->len, 5);
	ck_assert_str_eq(rows_cell(rows, 2, GROUP_NAME)->text, "(edges)");
	ck_assert_str_eq(rows_cell(rows, 3, GROUP_NAME)->text, "(unallocated)");
	ck_assert_str_eq(rows_cell(rows, 4, GROUP_NAME)->text, "(idle)");
	for (size_t i = 0; i < rows->len; i++)
		kwh += rows_cell(rows, i, GROUP_ENERGY)->number;
	ck_assert_double_eq_tol(kwh * 3.6e6, 720000, 1e-6);
	rows_destroy(rows);
	confs_clear(&r.confs);
}
END_TEST

/* ---- hardware ----------------------------------------------------------------------- */

START_TEST(test_hardware)
{
	struct confs confs;
	struct held held = { 8, 2, 16384, 2 };
	double cores, watts;
	struct err err = { "" };
	char path[80];
	FILE *f;

	snprintf(path, sizeof(path), "%s/conf", dir);
	f = fopen(path, "w");
	fputs("[hardware gpu*]\nthreads_per_core = 2\ncore_power = 10W\n"
	      "gpu_power = 300W\nmemory_power = 0.5\n", f);
	fclose(f);
	ck_assert_msg(confs_load(&confs, path, &err) == 0, "%s", err.text);

	/* by the file: 4 cores, 2 GPUs and 16 GB */
	confs_hardware(&confs, "gpu1", &held, &cores, &watts);
	ck_assert_double_eq(cores, 4);
	ck_assert_double_eq_tol(watts, 4 * 10 + 2 * 300 + 16 * 0.5, 1e-9);
	/* by default */
	confs_hardware(&confs, "n1", &held, &cores, &watts);
	ck_assert_double_eq(cores, 8);
	ck_assert_double_eq_tol(watts, 8 * 12 + 2 * 200 + 16 * 0.3725, 1e-9);
	held.mem_mb = held.gpus = NAN;
	confs_hardware(&confs, "n1", &held, &cores, &watts);
	ck_assert_double_eq_tol(watts, 8 * 12, 1e-9);
	held.cpus = NAN;
	confs_hardware(&confs, "n1", &held, &cores, &watts);
	ck_assert(isnan(cores) && isnan(watts));
	confs_clear(&confs);
}
END_TEST

static Suite *cli_ledger_suite(void)
{
	Suite *s = suite_create("cli_ledger");
	TCase *tc = tcase_create("cli_ledger");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_audit_good);
	tcase_add_test(tc, test_audit_violations);
	tcase_add_test(tc, test_audit_tolerance);
	tcase_add_test(tc, test_audit_twice);
	tcase_add_test(tc, test_audit_same_restart);
	tcase_add_test(tc, test_audit_unknown_life);
	tcase_add_test(tc, test_audit_open);
	tcase_add_test(tc, test_audit_unmeasured);
	tcase_add_test(tc, test_audit_damage_and_orphans);
	tcase_add_test(tc, test_join_nodes);
	tcase_add_test(tc, test_join_restarts);
	tcase_add_test(tc, test_join_open);
	tcase_add_test(tc, test_report_nodes);
	tcase_add_test(tc, test_report_nodes_lag);
	tcase_add_test(tc, test_report_sources);
	tcase_add_test(tc, test_report_columns);
	tcase_add_test(tc, test_report_running);
	tcase_add_test(tc, test_report_sacct_fails);
	tcase_add_test(tc, test_report_days);
	tcase_add_test(tc, test_report_days_cut);
	tcase_add_test(tc, test_report_days_user);
	tcase_add_test(tc, test_report_sums);
	tcase_add_test(tc, test_hardware);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(cli_ledger_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
