/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The closed forms of the power programs against numbers worked out otherwise. */

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "moment.h"
#include "program.h"
#include "timeline.h"

#define NS MOMENT_NS_PER_S

static char dir[] = "/tmp/bmcsim-test-XXXXXX";

static char *file_make(const char *name, const char *text)
{
	static char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	return path;
}

static char *csv_spec(const char *kind, const char *text)
{
	static char spec[160];

	snprintf(spec, sizeof(spec), "%s:%s", kind, file_make("p.csv", text));
	return spec;
}

static program_t *parse(const char *spec)
{
	struct fail fail = { "" };
	program_t *program = program_parse(spec, &fail);

	ck_assert_msg(program != NULL, "%s: %s", spec, fail.text);
	return program;
}

static const char csv_text[] = "t_s,watts\n# a comment\n0,100\n 2.5 , 300\n"
			       "\n3,0\n7,220.5\n";

static const char *spec_of(int i)
{
	switch (i) {
	case 0:
		return "const:200";
	case 1:
		return "step:100@0,400@12.5,50@13,250@20";
	case 2:
		return "sine:mean=200,amp=50,period=30";
	case 3:
		return "sine:mean=200,amp=200,period=3.7,phase=-1.25";
	case 4:
		return csv_spec("csv-hold", csv_text);
	default:
		return csv_spec("csv-linear", csv_text);
	}
}
#define SPECS 6

static const double windows[][2] = {
	{ 0, 30 }, { -5, 3.25 }, { 12.4, 13.1 }, { 2.75, 2.75 },
	{ 1, 1.001 }, { 19.9, 100 }, { -9, -4 }, { 6.5, 41.7 },
};
#define WINDOWS ((int)(sizeof(windows) / sizeof(windows[0])))

/* Midpoints of many slices. A step inside one costs at most its own energy. */
static double sum_numerically(const program_t *program, double t0, double t1,
			      double *max)
{
	int slices = 200000;
	double h = (t1 - t0) / slices, sum = 0, w;

	*max = 0;
	for (int i = 0; i < slices; i++) {
		w = (double)program_watts(program, t0 + (i + 0.5) * h);
		*max = fmax(*max, w);
		sum += w * h;
	}
	return sum;
}

START_TEST(test_integral)
{
	program_t *program = parse(spec_of(_i / WINDOWS));
	const double *window = windows[_i % WINDOWS];
	double h = (window[1] - window[0]) / 200000, joules, max, sum;

	sum = sum_numerically(program, window[0], window[1], &max);
	joules = (double)program_joules(program, window[0], window[1]);
	ck_assert_double_eq_tol(joules, sum, 4 * 400 * h + 1e-6);
	if (h > 0)
		ck_assert_double_eq_tol(program_max(program, window[0],
						    window[1]), max, 500 * h);
	program_destroy(program);
}
END_TEST

START_TEST(test_integral_adds_up)
{
	program_t *program = parse(spec_of(_i));
	long double whole, parts = 0;

	whole = program_joules(program, -3, 47);
	for (int t = -30; t < 470; t++)
		parts += program_joules(program, t / 10.0L, (t + 1) / 10.0L);
	ck_assert_double_eq_tol((double)whole, (double)parts, 1e-9);
	program_destroy(program);
}
END_TEST

static const struct {
	const char *spec;
	double t0, t1, joules, max;
} exact[] = {
	{ "const:200", 10, 13.5, 700, 200 },
	{ "const:0", 10, 13.5, 0, 0 },
	{ "step:100@0,400@12.5", 0, 12.5, 1250, 400 },
	{ "step:100@0,400@12.5", 12, 13, 250, 400 },
	{ "step:100@0,400@12.5", -2, 1, 300, 100 },
	{ "step:100@5,400@12.5", 0, 10, 1000, 100 },
	{ "step:100@0,400@12.5", 1000000, 1000001, 400, 400 },
	{ "sine:mean=200,amp=50,period=30", 0, 30, 6000, 250 },
	/* half a period: 15 * 200 + 2 * 50 * 30 / (2 pi) */
	{ "sine:mean=200,amp=50,period=30", 0, 15, 3477.464829275686, 250 },
	{ "sine:mean=200,amp=50,period=30", 15, 30, 2522.535170724314, 200 },
	/* a quarter turn ahead it is a cosine: 50 * 30 / (2 pi) to t = 7.5 */
	{ "sine:mean=200,amp=50,period=30,phase=1.5707963267948966", 0, 7.5,
	  1738.732414637843, 250 },
	/* a billion periods later, as by an epoch of 0 */
	{ "sine:mean=200,amp=50,period=2", 2e9, 2e9 + 1,
	  231.8309886183791, 250 },
};

START_TEST(test_exact)
{
	program_t *program = parse(exact[_i].spec);

	ck_assert_double_eq_tol(program_joules(program, exact[_i].t0,
					       exact[_i].t1),
				exact[_i].joules, 1e-7);
	ck_assert_double_eq_tol(program_max(program, exact[_i].t0,
					    exact[_i].t1),
				exact[_i].max, 1e-9);
	program_destroy(program);
}
END_TEST

START_TEST(test_csv)
{
	program_t *hold = parse(spec_of(4));
	program_t *linear = parse(spec_of(5));

	/* 2.5 * 100 + 0.5 * 300 + 4 * 0 + 1 * 220.5 */
	ck_assert_double_eq_tol(program_joules(hold, 0, 8), 620.5, 1e-9);
	/* 2.5 * 200 + 0.5 * 150 + 4 * 110.25 + 1 * 220.5 */
	ck_assert_double_eq_tol(program_joules(linear, 0, 8), 1236.5, 1e-9);
	ck_assert_double_eq((double)program_watts(hold, 2.5), 300);
	ck_assert_double_eq((double)program_watts(hold, 2.499), 100);
	ck_assert_double_eq_tol(program_watts(linear, 1.25), 200, 1e-12);
	ck_assert_double_eq((double)program_watts(linear, -1), 100);
	ck_assert_double_eq((double)program_watts(linear, 99), 220.5);
	ck_assert_double_eq((double)program_max(linear, 2.4, 2.6), 300);
	ck_assert_int_eq(program_spec(hold)[9], '/');
	program_destroy(hold);
	program_destroy(linear);
}
END_TEST

static const char *const bad_specs[] = {
	"", "200", "const", "const:", "const:x", "const:nan", "const:inf",
	"const:-1", "const:0x10", "const:1e300", "const: 1", "const:1 ",
	"const:1,2", "step:", "step:100", "step:100@", "step:@1", "step:1@2,",
	"step:1@5,2@5", "step:1@5,2@4", "step:1@nan", "step:1@1e99",
	"sine:", "sine:mean=1", "sine:mean=1,amp=2,period=3",
	"sine:mean=1,amp=1,period=0", "sine:mean=1,amp=1,period=-3",
	"sine:mean=1,amp=1,period=3,phase=inf", "sine:mean=1,amp=1,perod=3",
	"sine:mean=1,amp=1,period=3,phase", "csv:/dev/null",
	"csv-hold:/nonexistent", "csv-hold:/dev/null", "csv-linear:/",
};

START_TEST(test_bad_spec)
{
	struct fail fail = { "" };

	ck_assert_ptr_null(program_parse(bad_specs[_i], &fail));
	ck_assert_msg(fail.text[0] != '\0', "%s", bad_specs[_i]);
}
END_TEST

static const char *const bad_csv[] = {
	"1;2\n", "1,2\n1,3\n", "2,1\n1,1\n", "1,-5\n", "1,nan\n", "1,\n",
	"0,1\nt,watts\n", "# nothing\n", "1,2,3\n",
};

START_TEST(test_bad_csv)
{
	struct fail fail = { "" };

	ck_assert_ptr_null(program_parse(csv_spec("csv-hold", bad_csv[_i]),
					 &fail));
	ck_assert_ptr_nonnull(strstr(fail.text, "p.csv"));
}
END_TEST

START_TEST(test_load_file)
{
	struct fail fail;
	program_t *program;

	program = program_load(file_make("spec", "# mine\n\nconst:42\n"),
			       &fail);
	ck_assert_ptr_nonnull(program);
	ck_assert_str_eq(program_spec(program), "const:42");
	program_destroy(program);
	ck_assert_ptr_null(program_load(file_make("spec", "\n"), &fail));
}
END_TEST

START_TEST(test_timeline)
{
	static const char text[] =
		"1000.000000000 const:100 1000.000000000\n"
		"1010.500000000 step:10@0,20@2 1010.000000000\n"
		"1020.000000000 const:7 1000.000000000\n";
	struct fail fail = { "" };
	timeline_t *timeline = timeline_read(file_make("truth", text), &fail);
	long double answer;

	ck_assert_msg(timeline != NULL, "%s", fail.text);
	/* 10.5 * 100, then 1.5 * 10 + 8 * 20, then 7 */
	ck_assert_int_eq(timeline_joules(timeline, 1000 * NS, 1021 * NS,
					 &answer, &fail), 0);
	ck_assert_double_eq_tol((double)answer, 1050 + 175 + 7, 1e-9);
	ck_assert_int_eq(timeline_max(timeline, 1011 * NS, 1019 * NS, &answer,
				      &fail), 0);
	ck_assert_double_eq((double)answer, 20);
	ck_assert_int_eq(timeline_watts(timeline, 1010 * NS + NS / 2, &answer,
					&fail), 0);
	ck_assert_double_eq((double)answer, 10);
	ck_assert_int_eq(timeline_joules(timeline, 999 * NS, 1021 * NS,
					 &answer, &fail), -1);
	ck_assert_int_eq(timeline_joules(timeline, 1021 * NS, 1020 * NS,
					 &answer, &fail), -1);
	timeline_destroy(timeline);
}
END_TEST

START_TEST(test_truth_append)
{
	char *path = file_make("appended", "");
	program_t *program = parse("const:8");
	struct fail fail = { "" };
	timeline_t *timeline;
	long double joules;

	ck_assert_int_eq(truth_append(path, 5 * NS + 1, program, 4 * NS,
				      &fail), 0);
	ck_assert_int_eq(truth_append(path, 6 * NS, program, 4 * NS, &fail),
			 0);
	program_destroy(program);
	timeline = timeline_read(path, &fail);
	ck_assert_msg(timeline != NULL, "%s", fail.text);
	ck_assert_int_eq(timeline_joules(timeline, 5 * NS + 1, 7 * NS, &joules,
					 &fail), 0);
	ck_assert_double_eq_tol((double)joules, 16 - 8e-9, 1e-12);
	timeline_destroy(timeline);
}
END_TEST

static const char *const bad_truth[] = {
	"", "1.0 const:1\n", "x const:1 1\n", "1 const:1 1 1\n",
	"2 const:1 1\n1 const:1 1\n", "1 const:1 1", "1 consd:1 1\n",
};

START_TEST(test_bad_truth)
{
	struct fail fail = { "" };

	ck_assert_ptr_null(timeline_read(file_make("truth", bad_truth[_i]),
					 &fail));
	ck_assert_ptr_nonnull(strstr(fail.text, "/truth"));
}
END_TEST

START_TEST(test_moment)
{
	static const char *const bad[] = { "", "-", ".5", "1.", "1.0000000001",
					   "1e9", "+1", " 1", "1 ", "99999999999" };
	char text[MOMENT_TEXT_SIZE];
	int64_t ns;

	ck_assert_int_eq(moment_parse("1732370000.000000001", &ns), 0);
	ck_assert_int_eq(ns, INT64_C(1732370000000000001));
	ck_assert_str_eq(moment_format(ns, text), "1732370000.000000001");
	ck_assert_int_eq(moment_parse("-1.5", &ns), 0);
	ck_assert_int_eq(ns, -1500000000);
	ck_assert_str_eq(moment_format(ns, text), "-1.500000000");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(moment_parse(bad[i], &ns) < 0, "%s", bad[i]);
}
END_TEST

static void dir_make(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void dir_remove(void)
{
	static const char *const names[] = { "p.csv", "spec", "truth",
					     "appended" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *program_suite(void)
{
	Suite *suite = suite_create("bmcsim program");
	TCase *tcase = tcase_create("all");

	tcase_add_unchecked_fixture(tcase, dir_make, dir_remove);
	tcase_add_loop_test(tcase, test_integral, 0, SPECS * WINDOWS);
	tcase_add_loop_test(tcase, test_integral_adds_up, 0, SPECS);
	tcase_add_loop_test(tcase, test_exact, 0, COUNT(exact));
	tcase_add_test(tcase, test_csv);
	tcase_add_loop_test(tcase, test_bad_spec, 0, COUNT(bad_specs));
	tcase_add_loop_test(tcase, test_bad_csv, 0, COUNT(bad_csv));
	tcase_add_test(tcase, test_load_file);
	tcase_add_test(tcase, test_timeline);
	tcase_add_test(tcase, test_truth_append);
	tcase_add_loop_test(tcase, test_bad_truth, 0, COUNT(bad_truth));
	tcase_add_test(tcase, test_moment);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(program_suite());
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
