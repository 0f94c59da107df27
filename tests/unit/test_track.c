/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs of a project: what a run is, the best one, and the factor's bound. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/latex.h"
#include "cli/track.h"
#include "lib/clock.h"
#include "scratch.h"

struct sample {
	int64_t id, array, end_s;	/* end_s 0: runs */
	const char *state, *name;	/* the name is its source, too */
	double kwh, coverage, node_s;	/* NaN: unknown */
};

static struct rows *rows_of(const struct sample *samples, size_t n)
{
	struct rows *rows = rows_create(job_columns, JOB_COLUMNS);

	for (size_t i = 0; i < n; i++) {
		const struct sample *s = &samples[i];
		struct cell *row = rows_add(rows);

		cell_set_integer(&row[JOB_ID], s->id);
		cell_set_integer(&row[JOB_ARRAY], s->array ? s->array : s->id);
		cell_set_time(&row[JOB_END], s->end_s * NS_PER_S);
		cell_set_text(&row[JOB_STATE], s->state);
		cell_set_text(&row[JOB_NAME], s->name);
		cell_set_text(&row[JOB_SOURCE], s->name);
		cell_set_number(&row[JOB_ENERGY], s->kwh);
		cell_set_number(&row[JOB_COVERAGE], s->coverage);
		cell_set_number(&row[JOB_NODE_S], s->node_s);
	}
	return rows;
}

static struct track_sum sum;
static struct err err;

static int run(const struct sample *samples, size_t n, enum track_unit unit,
	       int64_t id, const char *name)
{
	const struct track_best best = { id, name };
	struct rows *rows = rows_of(samples, n);
	track_t *t = track_create(unit, &best);
	int rc;

	track_add(t, rows);
	rows_destroy(rows);
	rc = track_sum(t, &sum, &err);
	sum.best_name = NULL;	/* goes with the track */
	track_destroy(t);
	return rc;
}

static bool same(double a, double b)
{
	return isnan(a) ? isnan(b) : fabs(a - b) <= 1e-12 * fabs(b);
}

/* Job 3 was requeued after its node failed; 10 to 12 are tasks of array 12. */
static const struct sample jobs[] = {
	{ 1, 0, 100, "FAILED", "sweep-1", 4, 1, 10 },
	{ 2, 0, 200, "COMPLETED", "sweep-2", 8, 1, 20 },
	{ 3, 0, 300, "NODE_FAIL", "final", 1, 1, 5 },
	{ 3, 0, 400, "COMPLETED", "final", 2, 1, 15 },
	{ 10, 12, 500, "COMPLETED", "grid", 16, 1, 10 },
	{ 11, 12, 500, "FAILED", "grid", 32, 1, 10 },
	{ 12, 12, 500, "COMPLETED", "grid", 64, 1, 10 },
};

START_TEST(test_units)
{
	static const struct {
		enum track_unit unit;
		int64_t best, runs, failed;
		double failed_kwh, factor;
	} cases[] = {
		{ TRACK_JOB, 3, 6, 2, 36, 127 / 3.0 },
		{ TRACK_JOB, 2, 6, 2, 36, 127 / 8.0 },
		{ TRACK_INSTANCE, 2, 7, 3, 37, 127 / 8.0 },
		{ TRACK_ARRAY, 12, 4, 2, 116, 127 / 112.0 },
		{ TRACK_ARRAY, 3, 4, 2, 116, 127 / 3.0 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_assert_int_eq(run(jobs, COUNT(jobs), cases[i].unit,
				     cases[i].best, NULL), 0);
		ck_assert_int_eq(sum.runs, cases[i].runs);
		ck_assert_int_eq(sum.failed, cases[i].failed);
		ck_assert(same(sum.energy_kwh, 127));
		ck_assert(same(sum.failed_kwh, cases[i].failed_kwh));
		ck_assert_msg(same(sum.factor, cases[i].factor), "%zu: %g", i,
			      sum.factor);
		ck_assert_int_eq(sum.bound, BOUND_EXACT);
		ck_assert(same(sum.coverage, 1));
		ck_assert(sum.best_failed == (cases[i].best == 12));
		ck_assert(!sum.best_running);
	}
}
END_TEST

/* One run exactly is the best, or nothing is told. */
START_TEST(test_best)
{
	static const struct {
		enum track_unit unit;
		int64_t id;
		const char *name, *says;	/* NULL: it is found */
	} cases[] = {
		{ TRACK_JOB, 0, "final", NULL },
		{ TRACK_JOB, 0, "f*l", NULL },
		{ TRACK_JOB, 0, "sweep-[2-9]", NULL },
		{ TRACK_ARRAY, 0, "grid", NULL },
		{ TRACK_INSTANCE, 3, NULL, "job 3 ran 2 times: --run job" },
		{ TRACK_INSTANCE, 0, "final", "2 runs have a name like" },
		{ TRACK_JOB, 0, "sweep*", "2 runs have a name like \"sweep*\" (1 2): name one" },
		{ TRACK_JOB, 0, "*", "(1 2 3 ...)" },
		{ TRACK_JOB, 99, NULL, "job 99 is not among the runs, of which there are 6" },
		{ TRACK_ARRAY, 11, NULL, "array 11 is not among" },
		{ TRACK_JOB, 0, "FINAL", "no run's name is like \"FINAL\"" },
		{ TRACK_JOB, 0, "", "no run's name" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int rc = run(jobs, COUNT(jobs), cases[i].unit, cases[i].id,
			     cases[i].name);

		ck_assert_int_eq(rc, cases[i].says ? -1 : 0);
		ck_assert(sum.has_best == !cases[i].says);
		ck_assert(isnan(sum.factor) == !!cases[i].says);
		if (cases[i].says)
			ck_assert_msg(strstr(err.text, cases[i].says), "%zu: %s",
				      i, err.text);
	}
	/* not asked for: no factor, and no fault */
	ck_assert_int_eq(run(jobs, COUNT(jobs), TRACK_JOB, 0, NULL), 0);
	ck_assert(!sum.has_best && isnan(sum.factor) && isnan(sum.best_kwh));
}
END_TEST

/* What is missing of the others makes the factor too small, of the best too
   large. */
START_TEST(test_bounds)
{
	static const struct {
		double kwh, coverage, best_kwh, best_coverage, factor;
		enum track_bound bound;
	} cases[] = {
		{ 9, 1, 1, 1, 10, BOUND_EXACT },
		{ 9, 0.995, 1, 0.995, 10, BOUND_EXACT },
		{ 9, 0.5, 1, 1, 10, BOUND_AT_LEAST },
		{ NAN, NAN, 1, 1, 1, BOUND_AT_LEAST },
		{ 9, 1, 1, 0.9, 10, BOUND_AT_MOST },
		{ 9, 0.98, 1, 0.98, 10, BOUND_ABOUT },
		{ NAN, NAN, 1, 0.5, 1, BOUND_ABOUT },
		/* coverage that is not known is told apart */
		{ 9, NAN, 1, NAN, 10, BOUND_EXACT },
		{ NAN, NAN, 1, NAN, 1, BOUND_AT_LEAST },
		{ 9, 1, NAN, NAN, NAN, BOUND_EXACT },
		{ 9, 1, 0, 1, NAN, BOUND_EXACT },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct sample two[] = {
			{ 1, 0, 100, "COMPLETED", "a", cases[i].kwh,
			  cases[i].coverage, 1000 },
			{ 2, 0, 200, "COMPLETED", "b", cases[i].best_kwh,
			  cases[i].best_coverage, 10 },
		};

		ck_assert_int_eq(run(two, 2, TRACK_JOB, 2, NULL), 0);
		ck_assert_msg(same(sum.factor, cases[i].factor), "%zu: %g", i,
			      sum.factor);
		if (isfinite(sum.factor))
			ck_assert_msg(sum.bound == cases[i].bound, "%zu: %d", i,
				      sum.bound);
	}
}
END_TEST

START_TEST(test_unknown)
{
	static const struct sample list[] = {
		{ 1, 0, 100, "FAILED", "a", NAN, NAN, 100 },
		{ 2, 0, 200, "COMPLETED", "b", 5, NAN, 50 },
		{ 3, 0, 250, "PREEMPTED", "c", NAN, NAN, 50 },
		{ 3, 0, 300, "COMPLETED", "c", 7, 1, 50 },
		{ 4, 0, 0, "RUNNING", "d", 1, 1, 50 },
	};

	static const struct sample silent[] = {
		{ 1, 0, 100, "COMPLETED", "a", NAN, 0, 300 },
		{ 2, 0, 200, "COMPLETED", "b", 5, 1, 100 },
	};

	ck_assert_int_eq(run(list, COUNT(list), TRACK_JOB, 0, NULL), 0);
	ck_assert_int_eq(sum.runs, 4);
	ck_assert_int_eq(sum.unknown, 2);
	ck_assert_int_eq(sum.uncovered, 1);
	ck_assert_int_eq(sum.running, 1);
	ck_assert_int_eq(sum.failed, 1);
	ck_assert(same(sum.energy_kwh, 13));
	ck_assert(isnan(sum.failed_kwh));	/* not 0 */
	ck_assert(same(sum.coverage, 1));

	/* what was not measured at all counts for coverage */
	ck_assert_int_eq(run(silent, 2, TRACK_JOB, 2, NULL), 0);
	ck_assert(same(sum.coverage, 0.25) && same(sum.factor, 1));
	ck_assert_int_eq(sum.bound, BOUND_AT_LEAST);

	/* of the best one a part is not known, or it is not over */
	ck_assert_int_eq(run(list, COUNT(list), TRACK_JOB, 3, NULL), 0);
	ck_assert(isnan(sum.best_kwh) && isnan(sum.factor));
	ck_assert_int_eq(run(list, COUNT(list), TRACK_JOB, 4, NULL), 0);
	ck_assert(sum.best_running && isnan(sum.factor));

	ck_assert_int_eq(run(list, 1, TRACK_JOB, 1, NULL), 0);
	ck_assert(sum.best_failed);
	ck_assert(isnan(sum.energy_kwh) && isnan(sum.factor) && isnan(sum.coverage));

	ck_assert_int_eq(run(list, 0, TRACK_JOB, 0, NULL), 0);
	ck_assert_int_eq(sum.runs, 0);
	ck_assert(isnan(sum.energy_kwh) && isnan(sum.coverage));
	ck_assert_int_eq(run(list, 0, TRACK_JOB, 7, NULL), -1);
}
END_TEST

START_TEST(test_sources)
{
	struct sample list[6] = { { 0 } };
	const char *const names[] = { "a", "b", "a", "c", "d", "e" };

	for (size_t i = 0; i < COUNT(list); i++)
		list[i] = (struct sample){ (int64_t)i + 1, 0, 100 + (int64_t)i,
					   "COMPLETED", names[i], 1, 1, 1 };
	ck_assert_int_eq(run(list, 1, TRACK_JOB, 0, NULL), 0);
	ck_assert_str_eq(sum.sources, "a");
	ck_assert_int_eq(run(list, 5, TRACK_JOB, 0, NULL), 0);
	ck_assert_str_eq(sum.sources, "a, b, c, d");
	ck_assert_int_eq(run(list, 6, TRACK_JOB, 0, NULL), 0);
	ck_assert_str_eq(sum.sources, "a, b, c, d, ...");
}
END_TEST

/* ---- which jobs ------------------------------------------------------------ */

START_TEST(test_tags)
{
	static const struct {
		const char *account, *wckey, *name, *comment, *source;
	} all[] = {
		{ "vision", "resnet", "train", "lr=1", "x" },
		{ "vision", NULL, "eval", NULL, "x" },
		{ NULL, "vision", NULL, "", "x" },
		{ "vision2", "other", "train", "lr=2", "x" },
		{ "vision", "resnet", "train", "lr=1", "never-ran" },
	};
	static const struct { struct track_tags tags; unsigned found; } cases[] = {
		{ { .project = "vision" }, 1 | 2 | 4 },
		{ { .project = "vision*" }, 1 | 2 | 4 | 8 },
		{ { .project = "resnet" }, 1 },
		{ { .project = "*" }, 1 | 2 | 4 | 8 },
		{ { .account = "vision" }, 1 | 2 },
		{ { .wckey = "vision" }, 4 },
		{ { .wckey = "[ro]*" }, 1 | 8 },
		{ { .name = "train" }, 1 | 8 },
		{ { .project = "vision", .name = "train" }, 1 },
		{ { .comment = "lr=?" }, 1 | 8 },
		{ { .comment = "" }, 2 | 4 },
		{ { .project = "VISION" }, 0 },
		{ { .project = "" }, 0 },
	};
	struct rows *rows = rows_create(job_columns, JOB_COLUMNS);

	for (size_t i = 0; i < COUNT(all); i++) {
		struct cell *row = rows_add(rows);

		cell_set_integer(&row[JOB_ID], (int64_t)i);
		cell_set_text(&row[JOB_ACCOUNT], all[i].account);
		cell_set_text(&row[JOB_PROJECT], all[i].wckey);
		cell_set_text(&row[JOB_NAME], all[i].name);
		cell_set_text(&row[JOB_COMMENT], all[i].comment);
		cell_set_text(&row[JOB_SOURCE], all[i].source);
	}
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rows *found = track_wanted(&cases[i].tags, rows);
		unsigned bits = 0;

		for (size_t j = 0; j < found->len; j++)
			bits |= 1U << rows_cell(found, j, JOB_ID)->integer;
		ck_assert_msg(bits == cases[i].found, "%zu: %x", i, bits);
		rows_destroy(found);
	}
	rows_destroy(rows);
}
END_TEST

START_TEST(test_title)
{
	const struct track_tags tags = { "p*", NULL, NULL, "a\"b", "c" };
	char *title = track_title(&tags);

	ck_assert_str_eq(title, "p*, name a\"b, comment c");
	free(title);
}
END_TEST

/* ---- LaTeX ----------------------------------------------------------------- */

static char *latex_of(const char *text)
{
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	latex_print(f, text);
	fclose(f);
	return out;
}

START_TEST(test_latex)
{
	static const struct { const char *text, *latex; } cases[] = {
		{ "", "" }, { "a-b.c,1", "a-{}b.c,1" },
		{ "50 % & $5 #1 a_b", "50 \\% \\& \\$5 \\#1 a\\_b" },
		{ "\\input{/etc/passwd}", "\\textbackslash{}input\\textbraceleft{}/etc/passwd\\textbraceright{}" },
		{ "}", "\\textbraceright{}" }, { "{{", "\\textbraceleft{}\\textbraceleft{}" },
		{ "~^<>|", "\\textasciitilde{}\\textasciicircum{}\\textless{}\\textgreater{}\\textbar{}" },
		{ "@misc{x", "\\char64{}misc\\textbraceleft{}x" },
		{ "a\nb\tc\x7f", "a b c " },
		{ "\"x\"", "''x''" },
		{ "caf\xc3\xa9 \xff\xc3(", "caf\xc3\xa9   (" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char *out = latex_of(cases[i].text);

		ck_assert_str_eq(out, cases[i].latex);
		free(out);
	}
}
END_TEST

/* Whatever the text: braces in pairs, and a backslash is of ours. */
START_TEST(test_latex_any)
{
	for (int a = 1; a < 256; a++) {
		char text[2 * 256] = "", *out;
		int depth = 0, wrong = 0;

		for (int b = 1; b < 256; b++) {
			text[2 * b - 2] = (char)a;
			text[2 * b - 1] = (char)b;
		}
		out = latex_of(text);
		for (const char *c = out; *c; c++) {
			depth += *c == '{';
			depth -= *c == '}';
			wrong += depth < 0 || strchr("\n@~", *c) ||
				 (*c == '\\' && !strchr("%&$#_tc", c[1]));
		}
		ck_assert_int_eq(depth, 0);
		ck_assert_int_eq(wrong, 0);
		free(out);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("track");
	TCase *tc = tcase_create("track");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, test_units);
	tcase_add_test(tc, test_best);
	tcase_add_test(tc, test_bounds);
	tcase_add_test(tc, test_unknown);
	tcase_add_test(tc, test_sources);
	tcase_add_test(tc, test_tags);
	tcase_add_test(tc, test_title);
	tcase_add_test(tc, test_latex);
	tcase_add_test(tc, test_latex_any);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
