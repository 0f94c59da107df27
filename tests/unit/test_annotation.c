/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line of an annotated job, comments around it, and how far a run came.
 */
#include <math.h>

#include "cli/annotate_state.h"
#include "cli/annotation.h"
#include "scratch.h"

#define LINE "wattgate/1 energy_kwh=0.5 coverage=1 source=redfish"
#define OTHER "wattgate/1 energy_kwh=0.25 coverage=0.5 source=redfish"

/* ---- writing --------------------------------------------------------------- */

static const struct {
	struct annotation a;
	const char *line;	/* NULL: it cannot be told */
} lines[] = {
	{ { 1.25, 2.5, 0.75, 0.9987, 12.5, "redfish:power" },
	  "wattgate/1 energy_kwh=1.25 bmc_kwh=2.5 model_kwh=0.75 coverage=0.9987 max_gap_s=12.5 source=redfish:power" },
	{ { 0, 0, 0, 1, 0, "ipmi" },
	  "wattgate/1 energy_kwh=0 bmc_kwh=0 model_kwh=0 coverage=1 max_gap_s=0 source=ipmi" },
	/* nothing was measured: no energy, not 0 */
	{ { NAN, NAN, 0.5, 0, 3600, "ipmi" },
	  "wattgate/1 model_kwh=0.5 coverage=0 max_gap_s=3600 source=ipmi" },
	{ { NAN, NAN, NAN, 1, NAN, "" },
	  "wattgate/1 coverage=1 source=unknown" },
	/* what is not whole is not 1 */
	{ { NAN, NAN, NAN, 0.99999, NAN, "x" },
	  "wattgate/1 coverage=0.9999 source=x" },
	{ { NAN, NAN, NAN, 0.57, NAN, "x" },
	  "wattgate/1 coverage=0.57 source=x" },
	/* a joule, a large job, and no exponent */
	{ { 1 / 3.6e6, 123456789, 1e12, 1, 1e12, "x" },
	  "wattgate/1 energy_kwh=0.000000278 bmc_kwh=123456789 model_kwh=1000000000000 coverage=1 max_gap_s=1000000000000 source=x" },
	{ { -0.0, NAN, NAN, 1, NAN, "x" },
	  "wattgate/1 energy_kwh=0 coverage=1 source=x" },
	/* bytes that end the line, or that sacctmgr changes */
	{ { NAN, NAN, NAN, 1, NAN, "Red fish;'\n\"\xc3\xa9=1" },
	  "wattgate/1 coverage=1 source=red_fish_______1" },
	{ { 1, 1, 1, NAN, 1, "x" }, NULL },
	{ { -1, 1, 1, 1, 1, "x" }, NULL },
	{ { 1, INFINITY, 1, 1, 1, "x" }, NULL },
	{ { 1, 1, 1, 1.01, 1, "x" }, NULL },
	{ { 1, 1, 1e13, 1, 1, "x" }, NULL },
};

static void same(double a, double b, double off)
{
	ck_assert_msg(isnan(a) ? isnan(b) : fabs(a - b) <= off, "%g, not %g",
		      b, a);
}

START_TEST(test_format)
{
	const struct annotation *a = &lines[_i].a;
	struct annotation back;
	char buf[ANNOTATION_LINE_SIZE];
	size_t at, len;

	if (!lines[_i].line) {
		ck_assert_int_eq(annotation_format(a, buf, sizeof(buf)), -1);
		return;
	}
	ck_assert_int_eq(annotation_format(a, buf, sizeof(buf)), 0);
	ck_assert_str_eq(buf, lines[_i].line);
	ck_assert_int_eq(annotation_find(buf, &back, &at, &len),
			 ANNOTATION_FOUND);
	ck_assert_uint_eq(at, 0);
	ck_assert_uint_eq(len, strlen(buf));
	same(a->energy_kwh, back.energy_kwh, 5e-10);
	same(a->bmc_kwh, back.bmc_kwh, 5e-10);
	same(a->model_kwh, back.model_kwh, 5e-10);
	same(a->coverage, back.coverage, 1e-4);
	same(a->max_gap_s, back.max_gap_s, 5e-4);
}
END_TEST

/* The longest fits; a byte less room is refused. */
START_TEST(test_room)
{
	struct annotation a = { 999999999999.999, 999999999999.999,
				999999999999.999, 0.1234, 999999999999.999,
				"" };
	char buf[ANNOTATION_LINE_SIZE];

	memset(a.source, 's', sizeof(a.source) - 1);
	ck_assert_int_eq(annotation_format(&a, buf, sizeof(buf)), 0);
	ck_assert_int_eq(annotation_format(&a, buf, strlen(buf) + 1), 0);
	for (size_t size = 0; size <= strlen(buf); size++) {
		char *small = malloc(size + 1);

		ck_assert_ptr_nonnull(small);
		small[size] = 'x';
		ck_assert_int_eq(annotation_format(&a, small, size), -1);
		ck_assert_int_eq(small[size], 'x');
		free(small);
	}
}
END_TEST

/* ---- reading --------------------------------------------------------------- */

static const struct {
	const char *comment;
	enum annotation_found found;
	size_t at, len;
} comments[] = {
	{ "", ANNOTATION_NONE, 0, 0 },
	{ LINE, ANNOTATION_FOUND, 0, sizeof(LINE) - 1 },
	{ "as asked; " LINE, ANNOTATION_FOUND, 10, sizeof(LINE) - 1 },
	{ "as asked\n" LINE "\n", ANNOTATION_FOUND, 9, sizeof(LINE) - 1 },
	{ LINE " seen by bob", ANNOTATION_FOUND, 0, sizeof(LINE) - 1 },
	{ LINE "; seen=1", ANNOTATION_FOUND, 0, sizeof(LINE) - 1 },
	{ LINE " seen=1", ANNOTATION_FOUND, 0, sizeof(LINE) - 1 },
	/* the last counts */
	{ OTHER "; " LINE, ANNOTATION_FOUND, sizeof(OTHER) + 1,
	  sizeof(LINE) - 1 },
	{ OTHER "; wattgate/1 is here", ANNOTATION_FOUND, 0,
	  sizeof(OTHER) - 1 },
	/* not behind something else */
	{ "not-" LINE, ANNOTATION_NONE, 0, 0 },
	{ "'" LINE, ANNOTATION_NONE, 0, 0 },
	{ LINE ".", ANNOTATION_NONE, 0, 0 },
	/* other versions */
	{ "wattgate/2 kwh=1", ANNOTATION_LATER, 0, 0 },
	{ "wattgate/2", ANNOTATION_LATER, 0, 0 },
	{ "wattgate/12;", ANNOTATION_LATER, 0, 0 },
	{ "wattgate/2x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/0 energy_kwh=1 coverage=1 source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/01 energy_kwh=1 coverage=1 source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/99999 x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/-1 coverage=1 source=x", ANNOTATION_NONE, 0, 0 },
	/* not all of it, or in another order */
	{ "wattgate/", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 energy_kwh=1", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 energy_kwh=1 coverage=1", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 energy_kwh=1 source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 coverage=1 energy_kwh=1 source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 coverage=1 coverage=1 source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1  coverage=1 source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 coverage=1 source=", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1\tcoverage=1 source=x", ANNOTATION_NONE, 0, 0 },
	/* numbers */
	{ "wattgate/1 coverage=1.5 source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 coverage=-1 source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 coverage=nan source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 coverage=inf source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 coverage=1e-3 source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 coverage=0x1 source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 coverage=. source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 coverage=1. source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 coverage= source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 energy_kwh=1000000000001 coverage=1 source=x",
	  ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 energy_kwh=0.00000000000000000000000000000000000000001 "
	  "coverage=1 source=x", ANNOTATION_NONE, 0, 0 },
	{ "wattgate/1 coverage=1 source="
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	  ANNOTATION_NONE, 0, 0 },
};

START_TEST(test_find)
{
	struct annotation a;
	size_t at = 0, len = 0;

	ck_assert_int_eq(annotation_find(comments[_i].comment, &a, &at, &len),
			 comments[_i].found);
	if (comments[_i].found != ANNOTATION_FOUND)
		return;
	ck_assert_uint_eq(at, comments[_i].at);
	ck_assert_uint_eq(len, comments[_i].len);
	ck_assert_str_eq(a.source, "redfish");
	ck_assert(isnan(a.bmc_kwh) && isnan(a.max_gap_s));
}
END_TEST

/* ---- both ------------------------------------------------------------------ */

static const struct {
	const char *comment;
	enum annotation_merged merged;
	const char *out;	/* NULL: it stays */
} merges[] = {
	{ "", ANNOTATION_ADDED, LINE },
	{ "ok", ANNOTATION_ADDED, "ok; " LINE },
	{ "'; drop table x; -- \\", ANNOTATION_ADDED,
	  "'; drop table x; -- \\; " LINE },
	{ "\"a\" \xc3\xbc \xe2\x9a\xa1 \xff %s\n", ANNOTATION_ADDED,
	  "\"a\" \xc3\xbc \xe2\x9a\xa1 \xff %s\n; " LINE },
	{ LINE, ANNOTATION_SAME, NULL },
	{ "a; " LINE " b", ANNOTATION_SAME, NULL },
	{ OTHER, ANNOTATION_REPLACED, LINE },
	{ "a; " OTHER " seen=1 b", ANNOTATION_REPLACED, "a; " LINE " seen=1 b" },
	{ "a; " OTHER "; b", ANNOTATION_REPLACED, "a; " LINE "; b" },
	{ "wattgate/1 cut", ANNOTATION_ADDED, "wattgate/1 cut; " LINE },
	{ "a; wattgate/2 kwh=1", ANNOTATION_KEPT_LATER, NULL },
	{ "{}", ANNOTATION_KEPT_FOREIGN, NULL },
	{ "{\"a\": 1}", ANNOTATION_KEPT_FOREIGN, NULL },
	{ "[1]", ANNOTATION_KEPT_FOREIGN, NULL },
	{ "JS1:H4sIAAAA", ANNOTATION_KEPT_FOREIGN, NULL },
	{ "[bob] as asked", ANNOTATION_ADDED, "[bob] as asked; " LINE },
	/* one was there before all became JSON's */
	{ "{ " OTHER " }", ANNOTATION_REPLACED, "{ " LINE " }" },
};

START_TEST(test_merge)
{
	char *out, *again;

	ck_assert_int_eq(annotation_merge(merges[_i].comment, LINE, &out),
			 merges[_i].merged);
	if (!merges[_i].out) {
		ck_assert_ptr_null(out);
		return;
	}
	ck_assert_str_eq(out, merges[_i].out);
	ck_assert_int_eq(annotation_merge(out, LINE, &again), ANNOTATION_SAME);
	ck_assert_ptr_null(again);
	free(out);
}
END_TEST

/* Up to the bound, and not a byte further. */
START_TEST(test_merge_long)
{
	const size_t room = ANNOTATION_COMMENT_MAX - strlen("; " LINE);
	char *comment = calloc(1, room + 2), *out;

	ck_assert_ptr_nonnull(comment);
	memset(comment, 'c', room);
	ck_assert_int_eq(annotation_merge(comment, LINE, &out),
			 ANNOTATION_ADDED);
	ck_assert_uint_eq(strlen(out), ANNOTATION_COMMENT_MAX);
	free(out);
	comment[room] = 'c';
	ck_assert_int_eq(annotation_merge(comment, LINE, &out),
			 ANNOTATION_KEPT_LONG);
	ck_assert_ptr_null(out);
	free(comment);
}
END_TEST

/* ---- how far --------------------------------------------------------------- */

#define NOW_S 1800000000

static void state_open(struct annotate_state *s, const char *field)
{
	struct err err;

	ck_assert_msg(annotate_state_open(s, scratch_path("state"), field,
					  NOW_S, &err) == 0, "%s", err.text);
}

static void state_save(struct annotate_state *s, int64_t to_s)
{
	struct err err;

	ck_assert_msg(annotate_state_save(s, to_s, &err) == 0, "%s", err.text);
}

START_TEST(test_state)
{
	struct annotate_state s, second;
	struct err err;

	state_open(&s, "extra");
	ck_assert_int_eq(s.done_s, 0);
	s.from_s = 1000;
	state_save(&s, 2000);
	/* one at a time */
	ck_assert_int_eq(annotate_state_open(&second, scratch_path("state"),
					     "extra", NOW_S, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "another wattgate annotate"));
	annotate_state_close(&s);

	state_open(&s, "extra");
	ck_assert_int_eq(s.done_s, 2000);
	s.from_s = 500;		/* looked at again: nothing is lost */
	state_save(&s, 1500);
	ck_assert_int_eq(s.done_s, 2000);
	s.from_s = 2001;	/* what lies between was not looked at */
	state_save(&s, 3000);
	ck_assert_int_eq(s.done_s, 2000);
	s.from_s = 2000;
	state_save(&s, 3000);
	annotate_state_close(&s);

	state_open(&s, "extra");
	ck_assert_int_eq(s.done_s, 3000);
	annotate_state_close(&s);
	/* of another field nothing is done */
	state_open(&s, "admin_comment");
	ck_assert_int_eq(s.done_s, 0);
	annotate_state_close(&s);
}
END_TEST

static const char *const damaged[] = {
	"", "\n", "version=1\nfield=extra\n", "version=2\nfield=extra\ndone=5\n",
	"version=1\ndone=5\n", "version=1\nfield=extra\ndone=\n",
	"version=1\nfield=extra\ndone=-5\n", "version=1\nfield=extra\ndone=0\n",
	"version=1\nfield=extra\ndone=5x\n", "version=1\nfield=extra\ndone=nan\n",
	"version=1\nfield=extra\ndone=99999999999999999999999\n",
	"version=1\nfield=extra\ndone=1800000001\n",	/* is yet to come */
	"version=1\nfield=extrax\ndone=5\n",
};

START_TEST(test_state_damaged)
{
	struct annotate_state s;

	file_write(scratch_path("state"), damaged[_i], strlen(damaged[_i]));
	state_open(&s, "extra");
	ck_assert_int_eq(s.done_s, 0);
	annotate_state_close(&s);
}
END_TEST

/* Links are not followed, and what cannot be kept is said. */
START_TEST(test_state_refused)
{
	struct annotate_state s;
	struct err err;

	ck_assert_int_eq(symlink("/dev/null", scratch_path("state")), 0);
	ck_assert_int_eq(annotate_state_open(&s, scratch_path("state"), "extra",
					     NOW_S, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "/state"));
	ck_assert_int_eq(annotate_state_open(&s, scratch_path("none/state"),
					     "extra", NOW_S, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "--state"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("annotation");
	TCase *line = tcase_create("line"), *state = tcase_create("state");

	tcase_add_loop_test(line, test_format, 0, (int)COUNT(lines));
	tcase_add_test(line, test_room);
	tcase_add_loop_test(line, test_find, 0, (int)COUNT(comments));
	tcase_add_loop_test(line, test_merge, 0, (int)COUNT(merges));
	tcase_add_test(line, test_merge_long);
	suite_add_tcase(s, line);
	tcase_add_checked_fixture(state, scratch_setup, scratch_teardown);
	tcase_add_test(state, test_state);
	tcase_add_loop_test(state, test_state_damaged, 0, (int)COUNT(damaged));
	tcase_add_test(state, test_state_refused);
	suite_add_tcase(s, state);
	return suite_run(s);
}
