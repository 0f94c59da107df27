/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gaps that are joined, and allocations that are summed up from hours. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/samples.h"
#include "oar/fold.h"
#include "oar/window.h"

/* ---- gaps ---------------------------------------------------------------------- */

/* One letter a second: m measured, d dark, s suspended. */
static struct gaps gaps_of(const char *seconds, size_t len)
{
	const struct series_span lit = { .covered_ns = NS_PER_S };
	struct gaps g = { 0 };

	for (size_t i = 0; i < len; i++) {
		if (seconds[i] == 'm')
			gaps_span(&g, &lit, NS_PER_S);
		else if (seconds[i] == 's')
			gaps_break(&g);
		else
			gaps_dark(&g, NS_PER_S);
	}
	return g;
}

static const struct {
	const char *seconds;
	int head, tail, max;
	bool broken;
} cases[] = {
	{ "", 0, 0, 0, false },
	{ "d", 1, 1, 1, false },
	{ "m", 0, 0, 0, true },
	{ "s", 0, 0, 0, true },
	{ "dddd", 4, 4, 4, false },
	{ "ddmddd", 2, 3, 3, true },
	{ "mddddm", 0, 0, 4, true },
	{ "ddsdd", 2, 2, 2, true },	/* a suspension ends a gap */
	{ "sdddd", 0, 4, 4, true },
	{ "dddds", 4, 0, 4, true },
	{ "dmdmddmd", 1, 1, 2, true },
};

START_TEST(gaps_by_hand)
{
	const struct gaps g = gaps_of(cases[_i].seconds,
				      strlen(cases[_i].seconds));

	ck_assert_int_eq(g.head_ns, cases[_i].head * NS_PER_S);
	ck_assert_int_eq(g.tail_ns, cases[_i].tail * NS_PER_S);
	ck_assert_int_eq(g.max_ns, cases[_i].max * NS_PER_S);
	ck_assert_int_eq(g.broken, cases[_i].broken);
}
END_TEST

/* Cut wherever, it comes to the same. */
START_TEST(gaps_in_pieces)
{
	char seconds[60];

	srand(7);
	for (int round = 0; round < 20000; round++) {
		const size_t len = (size_t)rand() % sizeof(seconds);
		const size_t a = len ? (size_t)rand() % len : 0;
		const size_t b = a + (len > a ? (size_t)rand() % (len - a) : 0);
		struct gaps whole, left, middle, right;

		for (size_t i = 0; i < len; i++)
			seconds[i] = "ddddddms"[rand() % 8];
		whole = gaps_of(seconds, len);
		left = gaps_of(seconds, a);
		middle = gaps_of(seconds + a, b - a);
		right = gaps_of(seconds + b, len - b);
		if (round % 2) {
			gaps_join(&middle, &right);
			gaps_join(&left, &middle);
		} else {
			gaps_join(&left, &middle);
			gaps_join(&left, &right);
		}
		ck_assert_int_eq(left.head_ns, whole.head_ns);
		ck_assert_int_eq(left.tail_ns, whole.tail_ns);
		ck_assert_int_eq(left.max_ns, whole.max_ns);
		ck_assert_int_eq(left.broken, whole.broken);
	}
}
END_TEST

/* ---- folding ---------------------------------------------------------------------- */

#define H INT64_C(1790000000 / 3600 * 3600)

/* One core of two; the hour beginning at h of a node that draws 100 W. */
static struct fold_hour hour(int h, double active_s, double covered_s)
{
	return (struct fold_hour){
		.begin_s = H + h * 3600, .end_s = H + (h + 1) * 3600,
		.mine = true, .gated_j = 50 * covered_s,
		.node_j = 100 * covered_s, .model_j = 12 * active_s,
		.active_s = active_s, .covered_s = covered_s,
		.share_s = active_s / 2, .gaps_known = true,
		.gaps = { .broken = covered_s > 0 }, .source = "x",
	};
}

static const struct fold_rate half = { 0.5, 12 };

START_TEST(fold_plain)
{
	const struct claim c = { .from_s = H + 1800, .to_s = H + 9000 };
	const struct fold_hour hours[] = {
		hour(0, 1800, 1800), hour(1, 3600, 3600), hour(2, 1800, 1800)
	};
	struct fold f;

	fold_hours(&c, H + 20000, &half, NULL, hours, 3, &f);
	ck_assert_double_eq(f.active_s, 7200);
	ck_assert_double_eq(f.covered_s, 7200);
	ck_assert_double_eq(f.gated_j, 360000);
	ck_assert_double_eq(f.node_j, 720000);
	ck_assert_double_eq(f.model_j, 86400);
	ck_assert_double_eq(f.share_s, 3600);
	ck_assert_int_eq(f.gaps.max_ns, 0);
	ck_assert(f.gaps_exact);
	ck_assert_str_eq(f.source, "x");
}
END_TEST

/* Hours in which nobody accounted: before the first, between, behind. */
START_TEST(fold_unaccounted)
{
	const struct claim c = { .from_s = H - 1000, .to_s = H + 4 * 3600 };
	const struct fold_hour hours[] = { hour(0, 3600, 3600),
					   hour(2, 3600, 3600) };
	struct fold f;

	fold_hours(&c, H + 3 * 3600 + 60, &half, NULL, hours, 2, &f);
	ck_assert_double_eq(f.active_s, 1000 + 3 * 3600 + 60);
	ck_assert_double_eq(f.covered_s, 7200);
	ck_assert_double_eq(f.share_s, f.active_s / 2);
	ck_assert_double_eq(f.model_j, f.active_s * 12);
	ck_assert_int_eq(f.gaps.head_ns, 1000 * NS_PER_S);
	ck_assert_int_eq(f.gaps.max_ns, 3600 * NS_PER_S);
	ck_assert_int_eq(f.gaps.tail_ns, 60 * NS_PER_S);
}
END_TEST

/* A first hour of which the node was accounted only at its end. */
START_TEST(fold_first_hour)
{
	const struct claim c = { .from_s = H + 600, .to_s = H + 3600 };
	struct fold_hour first = hour(0, 1000, 1000);
	struct fold f;

	first.begin_s = H + 2600;
	fold_hours(&c, H + 7200, &half, NULL, &first, 1, &f);
	ck_assert_double_eq(f.active_s, 3000);
	ck_assert_int_eq(f.gaps.max_ns, 2000 * NS_PER_S);
	ck_assert_int_eq(f.gaps.tail_ns, 0);
}
END_TEST

/* Suspended where nobody accounted; and where the job was not there. */
START_TEST(fold_suspended)
{
	struct pause pauses[] = { { H + 1000, H + 2000 }, { H + 3000, H + 9000 } };
	const struct claim c = { .from_s = H, .to_s = CLAIM_OPEN,
				 .pauses = pauses, .pause_count = 2 };
	struct fold_hour absent = hour(4, 0, 0);
	struct fold f;

	absent.mine = false;
	fold_hours(&c, H + 6 * 3600, &half, NULL, &absent, 1, &f);
	ck_assert_double_eq(f.active_s, 1000 + 1000 + 5400 + 3600);
	ck_assert_double_eq(f.covered_s, 0);
	ck_assert_int_eq(f.gaps.head_ns, 1000 * NS_PER_S);
	ck_assert_int_eq(f.gaps.max_ns, 5400 * NS_PER_S);
	ck_assert_int_eq(f.gaps.tail_ns, 3600 * NS_PER_S);
	ck_assert_str_eq(f.source, "");
}
END_TEST

/* Gaps that are not known are told as long as they can be, and as not exact. */
START_TEST(fold_unknown_gaps)
{
	const struct claim c = { .from_s = H, .to_s = H + 3 * 3600 };
	struct fold_hour hours[] = { hour(0, 3600, 3000), hour(1, 3600, 0),
				     hour(2, 3600, 3600) };
	struct fold f;

	for (int i = 0; i < 3; i++) {
		hours[i].gaps_known = false;
		hours[i].source = NULL;
	}
	fold_hours(&c, H + 20000, &half, "old", hours, 3, &f);
	ck_assert_int_eq(f.gaps.max_ns, 4200 * NS_PER_S);
	ck_assert(!f.gaps_exact);
	ck_assert_str_eq(f.source, "old");
	hours[2].source = "new";
	hours[1].source = "never used";
	fold_hours(&c, H + 20000, &half, "old", hours, 3, &f);
	ck_assert_str_eq(f.source, "mixed");
	fold_hours(&c, H + 20000, &half, "old", hours + 2, 1, &f);
	ck_assert(f.gaps_exact);
}
END_TEST

START_TEST(fold_nothing)
{
	const struct claim none = { .from_s = H, .to_s = H };
	const struct claim later = { .from_s = H, .to_s = CLAIM_OPEN };
	struct fold_hour hours[] = { hour(0, 3600, 3600) };
	struct fold f;

	fold_hours(&none, H + 7200, &half, NULL, NULL, 0, &f);
	ck_assert_double_eq(f.active_s, 0);
	fold_hours(&later, H - 7200, &half, NULL, NULL, 0, &f);
	ck_assert_double_eq(f.active_s, 0);
	hours[0].model_j = NAN;
	fold_hours(&later, H + 3600, &half, NULL, hours, 1, &f);
	ck_assert(isnan(f.model_j));
	ck_assert_double_eq(f.active_s, 3600);
}
END_TEST

/* ---- parts that are fixed ------------------------------------------------------------ */

static series_t *steady(double watts)
{
	struct samples s = { .max_gap_ns = 15 * NS_PER_S };
	series_t *series;

	for (int i = -1; i <= 361; i++)
		samples_add(&s, (H + 10 * i) * NS_PER_S, watts);
	series = samples_series(&s, H * NS_PER_S, (H + 3600) * NS_PER_S);
	ck_assert_int_eq(samples_period_ns(&s), 10 * NS_PER_S);
	samples_clear(&s);
	return series;
}

START_TEST(fixed_parts)
{
	series_t *series = steady(100);
	struct claim claims[] = {
		{ .what.job_id = 1, .fixed = { .share = 0.25, .model_w = 3 },
		  .from_s = H, .to_s = H + 1000 },
		{ .what.job_id = 2, .fixed = { .share = 1, .model_w = 12 },
		  .from_s = H + 500, .to_s = H + 2000 },
		{ .what.job_id = 3, .fixed = { .share = NAN },
		  .from_s = H + 3000, .to_s = H + 3100 },
	};
	struct node_sums sums;
	struct err err;

	for (int i = 0; i < 3; i++)
		claim_begin(&claims[i], H, 0);
	ck_assert_int_eq(settle_window(NULL, series, H, H + 3600, claims, 3,
				       &sums, &err), 0);
	/* 25 W alone; then 1.25 nodes are scaled to one */
	ck_assert_double_eq_tol(claims[0].gate.gated_j, 12500 + 500 * 20, 1e-6);
	ck_assert_double_eq_tol(claims[1].gate.gated_j, 500 * 80 + 100000, 1e-6);
	ck_assert_double_eq(claims[2].gate.gated_j, 0);
	ck_assert_int_eq(claims[2].gate.covered_ns, 0);
	ck_assert(sums.scaled);
	ck_assert_double_eq_tol(sums.node_j, 360000, 1e-6);
	ck_assert_double_eq_tol(sums.allocated_j + sums.unallocated_j +
				sums.idle_j, sums.node_j, 1e-6);
	ck_assert_double_eq_tol(sums.unallocated_j, 37500 + 10000, 1e-6);
	ck_assert_int_eq(sums.idle_ns, 1500 * NS_PER_S);
	series_destroy(series);
}
END_TEST

START_TEST(samples_hostile)
{
	static const struct sample_of_past bad[] = {
		{ 0, 100 }, { INT64_MIN, 100 }, { INT64_MAX, 100 },
		{ SAMPLES_OFFSET_NS, 100 }, { H * NS_PER_S, 0 },
		{ H * NS_PER_S, NAN }, { H * NS_PER_S, INFINITY },
		{ H * NS_PER_S, -5 }, { H * NS_PER_S, 1e7 },
	};
	struct samples s = { .max_gap_ns = NS_PER_S };
	series_t *series;

	ck_assert_int_eq(samples_period_ns(&s), 0);
	series = samples_series(&s, 0, INT64_MAX);
	ck_assert_ptr_null(series_first(series));
	series_destroy(series);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(samples_add(&s, bad[i].wall_ns, bad[i].watts), 0);
	series = samples_series(&s, 0, INT64_MAX);
	ck_assert_ptr_null(series_first(series));
	series_destroy(series);
	samples_add(&s, H * NS_PER_S, 100);
	samples_add(&s, (H - 5) * NS_PER_S, 100);	/* back in time */
	samples_add(&s, (H + 1) * NS_PER_S, 100);
	series = samples_series(&s, 0, INT64_MAX);
	ck_assert_uint_eq(series_size(series), 2);
	ck_assert_double_eq_tol(series_last(series)->cum_j, 100, 1e-9);
	series_destroy(series);
	samples_clear(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("oar_fold");
	TCase *t = tcase_create("fold");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(t, gaps_by_hand, 0,
			    sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(t, gaps_in_pieces);
	tcase_add_test(t, fold_plain);
	tcase_add_test(t, fold_unaccounted);
	tcase_add_test(t, fold_first_hour);
	tcase_add_test(t, fold_suspended);
	tcase_add_test(t, fold_unknown_gaps);
	tcase_add_test(t, fold_nothing);
	tcase_add_test(t, fixed_parts);
	tcase_add_test(t, samples_hostile);
	suite_add_tcase(suite, t);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
