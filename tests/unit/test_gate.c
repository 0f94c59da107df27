/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "lib/gate.h"
#include "scratch.h"

#define PERIOD SECONDS(5)
#define MAX_GAP SECONDS(15)

/* ---- whole history --------------------------------------------------------------- */

static struct series_span span_of(double joules, double covered_s,
				  double max_s, double head_s, double tail_s)
{
	return (struct series_span){
		.joules = joules, .covered_ns = SECONDS(covered_s),
		.max_gap_ns = SECONDS(max_s), .head_gap_ns = SECONDS(head_s),
		.tail_gap_ns = SECONDS(tail_s),
	};
}

/* One piece from 100 s to 110 s, 2000 J of the node in it. */
static const struct {
	const char *what;
	double share;
	bool active;
	double added, node, active_s, covered_s, suspended_s, gap_s;
} pieces[] = {
	{ "half", 0.5, true, 1000, 2000, 10, 9, 0, 1 },
	{ "whole", 1, true, 2000, 2000, 10, 9, 0, 1 },
	{ "none", 0, true, 0, 2000, 10, 9, 0, 1 },
	{ "more than all", 1.5, true, 2000, 2000, 10, 9, 0, 1 },
	{ "endless", INFINITY, true, 2000, 2000, 10, 9, 0, 1 },
	{ "not known", NAN, true, 0, 0, 10, 0, 0, 10 },
	{ "negative", -0.5, true, 0, 0, 10, 0, 0, 10 },
	{ "suspended", 0.5, false, 0, 0, 0, 0, 10, 0 },
	{ "suspended, not known", NAN, false, 0, 0, 0, 0, 10, 0 },
};

START_TEST(test_piece)
{
	struct series_span span = span_of(2000, 9, 1, 0, 1);
	gate_t g;
	double added;

	gate_start(&g, SECONDS(100));
	ck_assert_int_eq(g.start_ns, SECONDS(100));
	ck_assert_int_eq(g.settled_ns, SECONDS(100));
	ck_assert(gate_coverage(&g) == 1);
	added = gate_advance(&g, SECONDS(110), &span, pieces[_i].share,
			     pieces[_i].active);
	ck_assert_msg(added == pieces[_i].added, "%s: %g J", pieces[_i].what,
		      added);
	ck_assert(g.gated_j == pieces[_i].added);
	ck_assert(g.node_j == pieces[_i].node);
	ck_assert_int_eq(g.settled_ns, SECONDS(110));
	ck_assert_int_eq(g.active_ns, SECONDS(pieces[_i].active_s));
	ck_assert_int_eq(g.covered_ns, SECONDS(pieces[_i].covered_s));
	ck_assert_int_eq(g.suspended_ns, SECONDS(pieces[_i].suspended_s));
	ck_assert_int_eq(g.max_gap_ns, SECONDS(pieces[_i].gap_s));
	ck_assert(gate_coverage(&g) == (pieces[_i].active ?
					pieces[_i].covered_s / 10 : 1));
}
END_TEST

START_TEST(test_not_forward)
{
	struct series_span span = span_of(2000, 9, 1, 0, 1);
	gate_t g, before;
	int back;

	gate_start(&g, SECONDS(100));
	gate_advance(&g, SECONDS(110), &span, 0.5, true);
	before = g;
	for (back = 0; back < 20; back++) {
		ck_assert(gate_advance(&g, SECONDS(110 - back), &span, 0.5,
				       back & 1) == 0);
		ck_assert_mem_eq(&g, &before, sizeof(g));
	}
}
END_TEST

/* The longest unmeasured stretch, over pieces: length, head, tail, longest. */
enum piece_kind { ACTIVE, SUSPENDED, UNKNOWN };

static const struct {
	const char *what;
	struct {
		double len_s, head_s, tail_s, max_s;
		enum piece_kind kind;
	} piece[4];
	double longest_s, open_s;
} gaps[] = {
	{ "none", { { 10, 0, 0, 0, ACTIVE }, { 10, 0, 0, 0, ACTIVE } }, 0, 0 },
	{ "inside", { { 10, 0, 0, 3, ACTIVE }, { 10, 0, 0, 2, ACTIVE } }, 3, 0 },
	{ "across two", { { 10, 0, 4, 4, ACTIVE }, { 10, 3, 0, 3, ACTIVE } }, 7, 0 },
	{ "across three", { { 10, 0, 4, 4, ACTIVE }, { 10, 10, 10, 10, ACTIVE },
			    { 10, 2, 0, 5, ACTIVE } }, 16, 0 },
	{ "all dark", { { 10, 10, 10, 10, ACTIVE }, { 10, 10, 10, 10, ACTIVE } }, 20, 20 },
	{ "open at the end", { { 10, 1, 4, 4, ACTIVE }, { 5, 5, 5, 5, ACTIVE } }, 9, 9 },
	{ "a suspension between", { { 10, 0, 4, 4, ACTIVE }, { 100, 0, 0, 0, SUSPENDED },
				    { 10, 5, 0, 5, ACTIVE } }, 5, 0 },
	{ "share not known", { { 10, 0, 4, 4, ACTIVE }, { 10, 0, 0, 0, UNKNOWN },
			       { 10, 5, 1, 5, ACTIVE } }, 19, 1 },
	{ "two of one", { { 10, 3, 4, 4, ACTIVE }, { 10, 0, 0, 0, ACTIVE },
			  { 10, 0, 0, 6, ACTIVE } }, 6, 0 },
};

START_TEST(test_gaps)
{
	int64_t at = SECONDS(100);
	gate_t g;
	int i;

	gate_start(&g, at);
	for (i = 0; i < 4 && gaps[_i].piece[i].len_s > 0; i++) {
		struct series_span span = span_of(100, 1,
			gaps[_i].piece[i].max_s, gaps[_i].piece[i].head_s,
			gaps[_i].piece[i].tail_s);

		at += SECONDS(gaps[_i].piece[i].len_s);
		gate_advance(&g, at, &span,
			     gaps[_i].piece[i].kind == UNKNOWN ? NAN : 0.5,
			     gaps[_i].piece[i].kind != SUSPENDED);
	}
	ck_assert_msg(g.max_gap_ns == SECONDS(gaps[_i].longest_s) &&
		      g.open_gap_ns == SECONDS(gaps[_i].open_s),
		      "%s: %g s, open %g s", gaps[_i].what,
		      ns_to_s(g.max_gap_ns), ns_to_s(g.open_gap_ns));
}
END_TEST

/* Advanced at random points over a random series: the same as in one go. */
START_TEST(test_cut_at_random)
{
	uint64_t seed = random_start("test_cut_at_random");
	series_t *s = series_create(500, PERIOD, MAX_GAP);
	int64_t t = SECONDS(1), from, to, at;
	struct series_span span;
	gate_t one, many;
	int i, round;

	for (i = 0; i < 400; i++) {
		series_append(s, t, t, 100 + 900 * random_unit());
		t += random_u64() % 7 ? PERIOD : random_between(1, 3 * MAX_GAP);
	}
	for (round = 0; round < 300; round++) {
		double share = random_unit(), sum = 0;

		from = random_between(0, t);
		to = random_between(from + 1, t + SECONDS(60));
		gate_start(&one, from);
		gate_start(&many, from);
		series_between(s, from, to, &span);
		gate_advance(&one, to, &span, share, true);
		while ((at = many.settled_ns) < to) {
			at = random_between(at + 1, at + (to - from) / 3 + 1);
			at = at < to ? at : to;
			series_between(s, many.settled_ns, at, &span);
			sum += gate_advance(&many, at, &span, share, true);
		}
		ck_assert_msg(fabs(many.gated_j - one.gated_j) < 1e-6 &&
			      fabs(many.gated_j - sum) < 1e-9 &&
			      many.covered_ns == one.covered_ns &&
			      many.active_ns == one.active_ns &&
			      many.max_gap_ns == one.max_gap_ns &&
			      many.open_gap_ns == one.open_gap_ns,
			      "seed %" PRIu64 " round %d", seed, round);
		ck_assert(gate_coverage(&one) >= 0 && gate_coverage(&one) <= 1);
	}
	series_destroy(s);
}
END_TEST

/* ---- the live answer ------------------------------------------------------------------ */

static const struct suspend_slot never;

static struct series_point point(double joules)
{
	return (struct series_point){ .cum_j = joules };
}

static double ask(gate_live_t *g, double joules, const struct suspend_slot *slot)
{
	struct series_point now = point(joules);

	return gate_live_advance(g, &now, slot);
}

static const struct { double share, answer; } live_shares[] = {
	{ 0.25, 250 }, { 1, 1000 }, { 1.5, 1000 }, { 0, 0 }, { -1, 0 },
	{ NAN, 0 },
};

START_TEST(test_live_share)
{
	gate_live_t g;

	gate_live_start(&g, SECONDS(10), live_shares[_i].share, 5000, &never);
	ck_assert(ask(&g, 5000, &never) == 0);
	ck_assert(ask(&g, 6000, &never) == live_shares[_i].answer);
	/* what cannot be is passed over */
	ck_assert(ask(&g, NAN, &never) == live_shares[_i].answer);
	ck_assert(ask(&g, INFINITY, &never) == live_shares[_i].answer);
	ck_assert(ask(&g, 0, &never) == live_shares[_i].answer);
	ck_assert(ask(&g, 5500, &never) == live_shares[_i].answer);
}
END_TEST

/* The step's start becomes exact later: the answer waits, it does not fall. */
START_TEST(test_live_start_moves)
{
	gate_live_t g;

	gate_live_start(&g, SECONDS(10), 0.5, 5000, &never);
	ck_assert(ask(&g, 5200, &never) == 100);
	g.start_j = 5060;
	g.start_exact = true;
	ck_assert(ask(&g, 5210, &never) == 100);
	ck_assert(ask(&g, 5360, &never) == 150);
	g.start_j = 4960;
	ck_assert(ask(&g, 5360, &never) == 200);
}
END_TEST

START_TEST(test_live_suspended)
{
	struct suspend_slot slot = { .job_id = 7 };
	gate_live_t g;

	gate_live_start(&g, SECONDS(10), 0.5, 1000, &never);
	ck_assert(ask(&g, 2000, &never) == 500);
	slot.since_ns = SECONDS(20);
	slot.since_cum_j = 2100;
	ck_assert(ask(&g, 2100, &slot) == 550);
	ck_assert(ask(&g, 9000, &slot) == 550);		/* stands still */
	slot.since_ns = 0;
	slot.total_j = 7000;
	slot.total_ns = SECONDS(100);
	ck_assert(ask(&g, 9100, &slot) == 550);
	ck_assert(ask(&g, 9300, &slot) == 650);
	slot.since_ns = SECONDS(200);
	slot.since_cum_j = 9300;
	ck_assert(ask(&g, 9700, &slot) == 650);
	slot.since_ns = 0;
	slot.total_j = 7400;
	ck_assert(ask(&g, 9700, &slot) == 650);
	/* the job's slot goes when the job is closed: nothing comes back */
	ck_assert(ask(&g, 9700, &never) == 650);
	ck_assert(ask(&g, 9900, &never) == 750);
}
END_TEST

/* A suspension that the step found on its way: only what lies in the step. */
START_TEST(test_live_suspended_before)
{
	struct suspend_slot slot = { .job_id = 7, .total_j = 400,
				     .since_ns = SECONDS(5),
				     .since_cum_j = 900 };
	gate_live_t g;

	gate_live_start(&g, SECONDS(10), 0.5, 1000, &slot);
	ck_assert(ask(&g, 1600, &slot) == 0);	/* suspended since before */
	slot.since_ns = 0;
	slot.total_j = 400 + 100 + 600;		/* 100 J lay before the start */
	ck_assert(ask(&g, 1600, &slot) == 0);
	ck_assert(ask(&g, 1800, &slot) == 100);
}
END_TEST

/* The series was lost, and begins at zero again. */
START_TEST(test_live_rebase)
{
	struct suspend_slot slot = { .job_id = 7, .total_j = 100 };
	gate_live_t g;

	gate_live_start(&g, SECONDS(10), 0.5, 1000, &never);
	ck_assert(ask(&g, 2000, &slot) == 450);
	gate_live_rebase(&g, 30, &slot);
	ck_assert(g.start_exact);
	ck_assert(ask(&g, 30, &slot) == 450);
	ck_assert(ask(&g, 20, &slot) == 450);
	ck_assert(ask(&g, 230, &slot) == 550);
	slot.total_j = 150;
	ck_assert(ask(&g, 280, &slot) == 550);
	gate_live_rebase(&g, 0, &slot);
	ck_assert(ask(&g, 100, &slot) == 600);
}
END_TEST

/*
 * A life of a step at random, and the same by plain sums: polls, suspensions
 * booked at samples, a hold that overshoots. The answer never falls, and stays
 * within what the last period can hold.
 */
START_TEST(test_live_random)
{
	uint64_t seed = random_start("test_live_random");
	int round, i;

	for (round = 0; round < 200; round++) {
		struct suspend_slot slot = { .job_id = 7 };
		double share = random_unit(), truth = 0, node_j = 1e5;
		double last = 0, answer;
		gate_live_t g;

		gate_live_start(&g, SECONDS(10), share, node_j, &slot);
		for (i = 0; i < 200; i++) {
			double sample_j = 500 + 2000 * random_unit();
			bool held = slot.since_ns != 0;

			/* a poll between samples, held too high */
			answer = ask(&g, node_j + 5 * 500 * random_unit(), &slot);
			ck_assert_msg(answer >= last, "seed %" PRIu64, seed);
			last = answer;
			node_j += sample_j;
			if (!held)
				truth += sample_j * share;
			if (random_u64() % 10 == 0 && !held) {
				slot.since_ns = i + 1;
				slot.since_cum_j = node_j;
			} else if (random_u64() % 5 == 0 && held) {
				slot.since_ns = 0;
				slot.total_j += node_j - slot.since_cum_j;
			}
			answer = ask(&g, node_j, &slot);
			ck_assert_msg(answer >= last && answer >= truth - 1e-6 &&
				      answer <= truth + 2500 * share + 1e-6,
				      "seed %" PRIu64 " round %d: %g, truly %g",
				      seed, round, answer, truth);
			last = answer;
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gate");
	TCase *tc = tcase_create("gate");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, test_piece, 0, COUNT(pieces));
	tcase_add_test(tc, test_not_forward);
	tcase_add_loop_test(tc, test_gaps, 0, COUNT(gaps));
	tcase_add_test(tc, test_cut_at_random);
	tcase_add_loop_test(tc, test_live_share, 0, COUNT(live_shares));
	tcase_add_test(tc, test_live_start_moves);
	tcase_add_test(tc, test_live_suspended);
	tcase_add_test(tc, test_live_suspended_before);
	tcase_add_test(tc, test_live_rebase);
	tcase_add_test(tc, test_live_random);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
