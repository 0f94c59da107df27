/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "oar/settle.h"
#include "oar/window.h"
#include "scratch.h"

#define PERIOD SECONDS(5)
#define MAX_GAP SECONDS(15)

/* Second 0 of all tests: the begin of an hour. The host booted 1000 s before. */
#define T0 (INT64_C(1763800000) / 3600 * 3600)
#define WALL(s) ((T0 + (s)) * NS_PER_S)
#define BOOT(s) ((1000 + (s)) * NS_PER_S)

static const hardware_t watts = { .core_w = 10, .gpu_w = 100 };

/* ---- hosts, series, jobs --------------------------------------------------------------- */

/* `count` rows, one core each. */
static host_t *host_of(uint32_t count)
{
	struct resource rows[64] = { 0 };
	host_t *h;

	for (uint32_t i = 0; i < count; i++)
		rows[i].id = i;
	h = host_create(rows, count, &watts, SHARE_MODEL);
	ck_assert_ptr_nonnull(h);
	return h;
}

static void sample(series_t *s, int64_t at_s, double w)
{
	ck_assert_ptr_nonnull(series_append(s, BOOT(at_s), WALL(at_s), w));
}

/* w watts each 5 s from from_s to to_s. */
static void samples(series_t *s, int64_t from_s, int64_t to_s, double w)
{
	for (int64_t t = from_s; t <= to_s; t += 5)
		sample(s, t, w);
}

static series_t *series_new(void)
{
	series_t *s = series_create(4000, PERIOD, MAX_GAP);

	ck_assert_ptr_nonnull(s);
	return s;
}

static series_t *series_steady(int64_t from_s, int64_t to_s, double w)
{
	series_t *s = series_new();

	samples(s, from_s, to_s, w);
	return s;
}

#define JOBS_MAX 8
static const uint32_t all_rows[] = { 0, 1, 2, 3, 4, 5, 6, 7 };

/* A job on rows first .. first + count - 1. */
static struct claim claim_of(int64_t id, uint32_t first, uint32_t count,
			     int64_t from_s, int64_t to_s)
{
	return (struct claim){
		.what = { .job_id = id, .rows = all_rows + first,
			  .row_count = count },
		.from_s = T0 + from_s,
		.to_s = to_s == CLAIM_OPEN ? CLAIM_OPEN : T0 + to_s,
	};
}

static void settle(host_t *h, const series_t *s, int64_t from_s, int64_t to_s,
		   struct claim *claims, uint32_t count, struct node_sums *sums)
{
	struct err err = { "" };

	for (uint32_t i = 0; i < count; i++)
		claim_begin(&claims[i], T0 + from_s, 0);
	ck_assert_msg(settle_window(h, s, T0 + from_s, T0 + to_s, claims, count,
				    sums, &err) == 0, "%s", err.text);
}

#define near(a, b) ck_assert_double_eq_tol(a, b, 1e-6)

static void conserved(const struct node_sums *n, const struct claim *claims,
		      uint32_t count, int64_t length_s)
{
	double given = 0;

	for (uint32_t i = 0; i < count; i++)
		given += claims[i].gate.gated_j;
	ck_assert(fabs(given - n->allocated_j) <= 1e-9 * n->node_j);
	ck_assert(fabs(n->node_j - n->allocated_j - n->unallocated_j -
		       n->idle_j) <= 1e-9 * n->node_j);
	ck_assert_int_eq(n->measured_ns + n->unmeasured_ns, SECONDS(length_s));
	ck_assert(n->measured_ns >= 0 && n->unmeasured_ns >= 0);
	ck_assert(n->unallocated_j >= 0 && n->idle_j >= 0);
}

/* ---- jobs ---------------------------------------------------------------------------------- */

/*
 * 100 W for an hour on four cores; the window is 0 s to 600 s. Joules of each
 * job, unallocated and idle.
 */
static const struct {
	const char *what;
	struct {
		uint32_t first, count;
		int64_t from_s, to_s, inner_of;
		struct pause pause;
		double joules, active_s;
	} job[4];
	double unallocated_j, idle_j, idle_s;
} steady[] = {
	{ "nobody", { { 0 } }, 0, 60000, 600 },
	{ "two halves", {
		{ .first = 0, .count = 2, .from_s = 0, .to_s = 600, .joules = 30000, .active_s = 600 },
		{ .first = 2, .count = 2, .from_s = 0, .to_s = 600, .joules = 30000, .active_s = 600 } },
	  0, 0, 0 },
	{ "the whole node", {
		{ .first = 0, .count = 4, .from_s = -50, .to_s = 900, .joules = 60000, .active_s = 600 } },
	  0, 0, 0 },
	{ "a quarter of half the time", {
		{ .first = 1, .count = 1, .from_s = 100, .to_s = 400, .joules = 7500, .active_s = 300 } },
	  22500, 30000, 300 },
	{ "one after the other", {
		{ .first = 0, .count = 4, .from_s = 0, .to_s = 300, .joules = 30000, .active_s = 300 },
		{ .first = 0, .count = 4, .from_s = 300, .to_s = 600, .joules = 30000, .active_s = 300 } },
	  0, 0, 0 },
	{ "not ended", {
		{ .first = 0, .count = 2, .from_s = 500, .to_s = CLAIM_OPEN, .joules = 5000, .active_s = 100 } },
	  5000, 50000, 500 },
	{ "of no length", {
		{ .first = 0, .count = 4, .from_s = 200, .to_s = 200 },
		{ .first = 0, .count = 4, .from_s = 300, .to_s = 250 } },
	  0, 60000, 600 },
	{ "before and behind the window", {
		{ .first = 0, .count = 4, .from_s = -100, .to_s = 0 },
		{ .first = 0, .count = 4, .from_s = 600, .to_s = 700 } },
	  0, 60000, 600 },
	{ "a second", {
		{ .first = 0, .count = 4, .from_s = 599, .to_s = 601, .joules = 100, .active_s = 1 } },
	  0, 59900, 599 },
	{ "suspended", {
		{ .first = 0, .count = 2, .from_s = 0, .to_s = 600, .pause = { 100, 300 }, .joules = 20000, .active_s = 400 } },
	  40000, 0, 0 },
	{ "suspended all the time", {
		{ .first = 0, .count = 2, .from_s = 0, .to_s = 600, .pause = { -10, 700 } } },
	  60000, 0, 0 },
	{ "another on the suspended one's cores", {
		{ .first = 0, .count = 4, .from_s = 0, .to_s = 600, .pause = { 200, 500 }, .joules = 30000, .active_s = 300 },
		{ .first = 0, .count = 4, .from_s = 200, .to_s = 500, .joules = 30000, .active_s = 300 } },
	  0, 0, 0 },
	{ "a container and its inner job", {
		{ .first = 0, .count = 4, .from_s = 0, .to_s = 600, .joules = 45000, .active_s = 600 },
		{ .first = 0, .count = 2, .from_s = 100, .to_s = 400, .inner_of = 1, .joules = 15000, .active_s = 300 } },
	  0, 0, 0 },
	{ "timesharing", {
		{ .first = 0, .count = 4, .from_s = 0, .to_s = 600, .joules = 40000, .active_s = 600 },
		{ .first = 0, .count = 4, .from_s = 200, .to_s = 600, .joules = 20000, .active_s = 400 } },
	  0, 0, 0 },
};

START_TEST(test_steady)
{
	series_t *s = series_steady(-60, 900, 100);
	host_t *h = host_of(4);
	struct claim claims[4];
	struct pause pauses[4];
	struct node_sums n;
	uint32_t count = 0;

	for (; count < 4 && steady[_i].job[count].count; count++) {
		claims[count] = claim_of(count + 1, steady[_i].job[count].first,
					 steady[_i].job[count].count,
					 steady[_i].job[count].from_s,
					 steady[_i].job[count].to_s);
		claims[count].what.inner_of = steady[_i].job[count].inner_of;
		if (steady[_i].job[count].pause.to_s) {
			pauses[count].from_s = T0 + steady[_i].job[count].pause.from_s;
			pauses[count].to_s = T0 + steady[_i].job[count].pause.to_s;
			claims[count].pauses = &pauses[count];
			claims[count].pause_count = 1;
		}
	}
	settle(h, s, 0, 600, claims, count, &n);
	for (uint32_t i = 0; i < count; i++) {
		const gate_t *g = &claims[i].gate;

		ck_assert_msg(fabs(g->gated_j - steady[_i].job[i].joules) < 1e-6,
			      "%s: job %u: %.9g J", steady[_i].what, i + 1,
			      g->gated_j);
		ck_assert_int_eq(g->active_ns, SECONDS(steady[_i].job[i].active_s));
		ck_assert_int_eq(g->covered_ns, g->active_ns);
		ck_assert_int_eq(g->max_gap_ns, 0);
		near(g->node_j, 100 * steady[_i].job[i].active_s);
		near(claims[i].share_s * 100, g->gated_j);
		/* four cores of 10 W; no memory */
		near(claims[i].model_j, claims[i].share_s * 40);
	}
	ck_assert_msg(fabs(n.unallocated_j - steady[_i].unallocated_j) < 1e-6,
		      "%s: %.9g J unallocated", steady[_i].what, n.unallocated_j);
	near(n.idle_j, steady[_i].idle_j);
	ck_assert_int_eq(n.idle_ns, SECONDS(steady[_i].idle_s));
	ck_assert_int_eq(n.unmeasured_ns, 0);
	ck_assert(!n.scaled);
	near(n.node_j, 60000);
	conserved(&n, claims, count, 600);
	host_destroy(h);
	series_destroy(s);
}
END_TEST

/* A job that has the node gets the node's joules, to the last bit. */
START_TEST(test_whole_node)
{
	series_t *s = series_new();
	host_t *h = host_of(7);
	struct claim c = claim_of(1, 0, 7, 0, CLAIM_OPEN);
	struct node_sums n;

	random_start("whole node");
	for (int t = 0; t <= 700; t += 5)
		sample(s, t, 100 + 300 * random_unit());
	settle(h, s, 3, 601, &c, 1, &n);
	ck_assert(c.gate.gated_j == n.node_j);
	ck_assert(c.gate.gated_j == c.gate.node_j);
	ck_assert(n.allocated_j == n.node_j);
	ck_assert(n.unallocated_j == 0 && n.idle_j == 0);
	host_destroy(h);
	series_destroy(s);
}
END_TEST

/* Power rises by 1 W a second: a job's joules are a trapezoid's. */
START_TEST(test_ramp)
{
	series_t *s = series_new();
	host_t *h = host_of(2);
	struct claim c = claim_of(1, 0, 1, 13, 47);
	struct node_sums n;

	for (int t = 0; t <= 100; t += 5)
		sample(s, t, 100 + t);
	settle(h, s, 0, 60, &c, 1, &n);
	near(c.gate.gated_j, 0.5 * (34 * 100 + (47.0 * 47 - 13.0 * 13) / 2));
	near(n.node_j, 60 * 100 + 60.0 * 60 / 2);
	conserved(&n, &c, 1, 60);
	host_destroy(h);
	series_destroy(s);
}
END_TEST

/* A job on several nodes: each node by itself, by what it holds there. */
START_TEST(test_many_nodes)
{
	static const struct { double w; uint32_t cores, held; } nodes[] = {
		{ 100, 4, 4 }, { 250, 8, 2 }, { 80, 2, 1 }, { 400, 4, 3 },
	};
	double sum = 0;

	for (size_t i = 0; i < COUNT(nodes); i++) {
		series_t *s = series_steady(-10, 200, nodes[i].w);
		host_t *h = host_of(nodes[i].cores);
		struct claim c = claim_of(7, 0, nodes[i].held, 10, 110);
		struct node_sums n;

		settle(h, s, 0, 120, &c, 1, &n);
		conserved(&n, &c, 1, 120);
		sum += c.gate.gated_j;
		host_destroy(h);
		series_destroy(s);
	}
	near(sum, 100 * (100 + 250 / 4.0 + 80 / 2.0 + 400 * 0.75));
}
END_TEST

/* ---- gaps ---------------------------------------------------------------------------------- */

START_TEST(test_no_series)
{
	host_t *h = host_of(4);
	struct claim c = claim_of(1, 0, 4, 100, 300);
	series_t *empty = series_new();
	struct node_sums n;

	for (int i = 0; i < 2; i++) {
		settle(h, i ? empty : NULL, 0, 600, &c, 1, &n);
		ck_assert(n.node_j == 0 && c.gate.gated_j == 0);
		ck_assert_int_eq(n.measured_ns, 0);
		ck_assert_int_eq(n.unmeasured_ns, SECONDS(600));
		ck_assert_int_eq(n.idle_ns, SECONDS(400));
		ck_assert_int_eq(c.gate.active_ns, SECONDS(200));
		ck_assert_int_eq(c.gate.covered_ns, 0);
		ck_assert_int_eq(c.gate.max_gap_ns, SECONDS(200));
		ck_assert_int_eq(c.gate.open_gap_ns, SECONDS(200));
		near(c.share_s, 200);
		near(c.model_j, 200 * 40);
	}
	series_destroy(empty);
	host_destroy(h);
}
END_TEST

/* No sample from 100 s to 160 s, and none behind 500 s. */
START_TEST(test_gaps)
{
	series_t *s = series_new();
	host_t *h = host_of(2);
	struct claim c[] = { claim_of(1, 0, 1, 0, 600), claim_of(2, 1, 1, 130, 300) };
	struct node_sums n;

	samples(s, -10, 100, 100);
	samples(s, 160, 500, 200);
	settle(h, s, 0, 600, c, 2, &n);
	near(n.node_j, 100 * 100 + 340 * 200);
	ck_assert_int_eq(n.measured_ns, SECONDS(440));
	near(c[0].gate.gated_j, n.node_j / 2);
	ck_assert_int_eq(c[0].gate.active_ns, SECONDS(600));
	ck_assert_int_eq(c[0].gate.covered_ns, SECONDS(440));
	ck_assert_int_eq(c[0].gate.max_gap_ns, SECONDS(100));
	ck_assert_int_eq(c[0].gate.open_gap_ns, SECONDS(100));
	near(c[1].gate.gated_j, 140 * 200 / 2.0);
	ck_assert_int_eq(c[1].gate.covered_ns, SECONDS(140));
	ck_assert_int_eq(c[1].gate.max_gap_ns, SECONDS(30));
	ck_assert_int_eq(c[1].gate.open_gap_ns, 0);
	conserved(&n, c, 2, 600);
	host_destroy(h);
	series_destroy(s);
}
END_TEST

/* A gap goes on over the end of a window. */
START_TEST(test_gap_across)
{
	series_t *s = series_new();
	host_t *h = host_of(1);
	struct claim c = claim_of(1, 0, 1, 0, CLAIM_OPEN);
	struct node_sums n;
	struct err err;

	samples(s, -10, 100, 100);
	samples(s, 200, 400, 100);
	settle(h, s, 0, 150, &c, 1, &n);
	ck_assert_int_eq(c.gate.open_gap_ns, SECONDS(50));
	claim_begin(&c, T0 + 150, ns_to_s(c.gate.open_gap_ns));
	ck_assert_int_eq(settle_window(h, s, T0 + 150, T0 + 300, &c, 1, &n, &err), 0);
	ck_assert_int_eq(c.gate.max_gap_ns, SECONDS(100));
	ck_assert_int_eq(c.gate.open_gap_ns, 0);
	ck_assert_int_eq(c.gate.active_ns, SECONDS(150));
	near(c.gate.gated_j, 10000);
	host_destroy(h);
	series_destroy(s);
}
END_TEST

/* What a job ran before it was first seen is active and unmeasured. */
START_TEST(test_late)
{
	struct pause pauses[] = { { T0 - 800, T0 - 700 }, { T0 - 100, T0 + 50 } };
	series_t *s = series_steady(-10, 200, 100);
	host_t *h = host_of(4);
	struct claim c = claim_of(1, 0, 2, -1000, CLAIM_OPEN);
	struct node_sums n;
	struct err err;

	c.pauses = pauses;
	c.pause_count = 2;
	ck_assert_int_eq(claim_begin_late(&c, h, T0), 0);
	ck_assert_int_eq(c.gate.active_ns, SECONDS(800));
	ck_assert_int_eq(c.gate.covered_ns, 0);
	ck_assert_int_eq(c.gate.max_gap_ns, SECONDS(600));
	near(c.share_s, 400);
	near(c.model_j, 800 * 20);
	ck_assert_int_eq(settle_window(h, s, T0, T0 + 100, &c, 1, &n, &err), 0);
	ck_assert_int_eq(c.gate.active_ns, SECONDS(850));
	ck_assert_int_eq(c.gate.covered_ns, SECONDS(50));
	near(c.gate.gated_j, 50 * 50);
	near(n.node_j, 10000);
	host_destroy(h);
	series_destroy(s);
}
END_TEST

START_TEST(test_bad_window)
{
	host_t *h = host_of(1);
	struct node_sums n;
	struct err err;

	ck_assert_int_eq(settle_window(h, NULL, 0, 3601, NULL, 0, &n, &err), -1);
	ck_assert_int_eq(settle_window(h, NULL, 10, 9, NULL, 0, &n, &err), -1);
	ck_assert_int_eq(settle_window(h, NULL, -10, 0, NULL, 0, &n, &err), -1);
	ck_assert_int_eq(settle_window(h, NULL, 10, 10, NULL, 0, &n, &err), 0);
	ck_assert_int_eq(n.unmeasured_ns, 0);
	host_destroy(h);
}
END_TEST

/* ---- pauses -------------------------------------------------------------------------------- */

static const struct {
	const char *what;
	struct pause in[4], out[4];
	uint32_t count, left;
} joins[] = {
	{ "none", { { 0 } }, { { 0 } }, 0, 0 },
	{ "in order", { { 1, 2 }, { 3, 4 } }, { { 1, 2 }, { 3, 4 } }, 2, 2 },
	{ "not in order", { { 3, 4 }, { 1, 2 } }, { { 1, 2 }, { 3, 4 } }, 2, 2 },
	{ "one behind the other", { { 1, 2 }, { 2, 4 } }, { { 1, 4 } }, 2, 1 },
	{ "overlap", { { 1, 5 }, { 2, 3 }, { 4, 9 } }, { { 1, 9 } }, 3, 1 },
	{ "without length", { { 5, 5 }, { 7, 3 } }, { { 0 } }, 2, 0 },
	{ "open", { { 5, INT64_MAX }, { 1, 2 } }, { { 1, 2 }, { 5, INT64_MAX } }, 2, 2 },
	{ "twice", { { 1, 2 }, { 1, 2 }, { 1, 2 } }, { { 1, 2 } }, 3, 1 },
};

START_TEST(test_pauses)
{
	struct pause p[4];

	memcpy(p, joins[_i].in, sizeof(p));
	ck_assert_uint_eq(pauses_join(p, joins[_i].count), joins[_i].left);
	for (uint32_t i = 0; i < joins[_i].left; i++)
		ck_assert_msg(p[i].from_s == joins[_i].out[i].from_s &&
			      p[i].to_s == joins[_i].out[i].to_s, "%s: %u",
			      joins[_i].what, i);
}
END_TEST

/* ---- time ---------------------------------------------------------------------------------- */

START_TEST(test_walls)
{
	series_t *s = series_steady(0, 100, 50);
	struct walls w;
	int64_t boot_ns;

	walls_init(&w, s);
	ck_assert(w.in_order);
	for (int64_t t = -50; t < 150; t++) {
		ck_assert(walls_boot_ns(&w, WALL(t), &boot_ns));
		ck_assert_int_eq(boot_ns, BOOT(t));
		ck_assert_int_eq(series_wall_ns(s, boot_ns), WALL(t));
	}
	series_destroy(s);
	walls_init(&w, NULL);
	ck_assert(!walls_boot_ns(&w, WALL(0), &boot_ns));
	s = series_new();
	walls_init(&w, s);
	ck_assert(!walls_boot_ns(&w, WALL(0), &boot_ns));
	series_append(s, BOOT(0), 0, 50);	/* a sample without a wall time */
	walls_init(&w, s);
	ck_assert(!walls_boot_ns(&w, WALL(0), &boot_ns));
	series_append(s, BOOT(5), WALL(5), 50);
	walls_init(&w, s);
	ck_assert(walls_boot_ns(&w, WALL(9), &boot_ns));
	ck_assert_int_eq(boot_ns, BOOT(9));
	series_destroy(s);
}
END_TEST

/* The wall clock is set by `step` s at 100 s; 100 W all along, 60 s asked for. */
static const struct {
	const char *what;
	int64_t step, from_s, to_s;
	double joules, covered_s;
} steps[] = {
	{ "not", 0, 80, 140, 6000, 60 },
	{ "forwards", 20, 80, 140, 4000, 40 },
	{ "forwards, what never was", 200, 150, 210, 0, 0 },
	{ "forwards, behind it", 20, 200, 260, 6000, 60 },
	{ "backwards, over what came twice", -20, 50, 110, 6000, 60 },
	{ "backwards, behind it", -20, 150, 210, 6000, 60 },
	{ "backwards, before it", -20, 10, 70, 6000, 60 },
};

START_TEST(test_clock_set)
{
	series_t *s = series_new();
	struct series_span span;
	struct walls w;

	for (int64_t t = 0; t <= 400; t += 5)
		ck_assert_ptr_nonnull(series_append(s, BOOT(t),
			WALL(t < 100 ? t : t + steps[_i].step), 100));
	walls_init(&w, s);
	walls_between(&w, WALL(steps[_i].from_s), WALL(steps[_i].to_s), &span);
	/* a step lies somewhere between two samples */
	ck_assert_msg(fabs(span.joules - steps[_i].joules) <= 500 &&
		      fabs(ns_to_s(span.covered_ns) - steps[_i].covered_s) <= 5,
		      "%s: %g J in %g s", steps[_i].what, span.joules,
		      ns_to_s(span.covered_ns));
	ck_assert(span.joules <= 6000 + 1e-6);
	ck_assert(span.covered_ns <= SECONDS(60));
	ck_assert(span.max_gap_ns <= SECONDS(60));
	ck_assert_int_ge(span.max_gap_ns, 0);
	series_destroy(s);
}
END_TEST

/* However the clock is set, windows in order never add up to more than all. */
START_TEST(test_clock_set_random)
{
	const int rounds = run_is_slow() ? 20 : 500;

	random_start("clock set");
	for (int round = 0; round < rounds; round++) {
		series_t *s = series_new();
		int64_t wall = 0, covered_ns = 0, first_s, t;
		struct series_span span;
		double joules = 0, all;
		struct walls w;

		for (t = 0; t <= 2000; t += 5) {
			if (random_between(0, 99) == 0)
				wall += random_between(-300, 300);
			series_append(s, BOOT(t), random_between(0, 99) ?
				      WALL(1000 + t + wall) : 0,
				      10 + 100 * random_unit());
		}
		all = series_last(s)->cum_j;
		walls_init(&w, s);
		first_s = random_between(0, 500);
		for (t = first_s; t < 4000; t += 10) {
			walls_between(&w, WALL(t), WALL(t + 10), &span);
			ck_assert(span.covered_ns <= SECONDS(10));
			joules += span.joules;
			covered_ns += span.covered_ns;
		}
		ck_assert(joules <= all * (1 + 1e-9));
		series_destroy(s);
	}
}
END_TEST

/* A clock that is slewed costs no cover. */
START_TEST(test_slew)
{
	series_t *s = series_new();
	struct series_span span;
	struct walls w;

	for (int64_t t = 0; t <= 400; t += 5)
		series_append(s, BOOT(t), WALL(t) + t * 500000, 100);
	walls_init(&w, s);
	walls_between(&w, WALL(100), WALL(160), &span);
	ck_assert_int_eq(span.covered_ns, SECONDS(60));
	ck_assert_double_eq_tol(span.joules, 6000, 6);
	series_destroy(s);
}
END_TEST

static const struct {
	const char *what;
	int64_t newest_s, max_gap_s, to_s, now_s, lag_s;
	bool ripe;
} ripe[] = {
	{ "a sample a second beyond", 101, 15, 100, 106, 5, true },
	{ "not quite a second", 100, 15, 100, 106, 5, false },
	{ "OAR may still write", 200, 15, 100, 104, 5, false },
	{ "just not any more", 200, 15, 100, 105, 5, true },
	{ "silent, but a sample may come", 90, 15, 100, 119, 5, false },
	{ "silent for good", 90, 15, 100, 120, 5, true },
	{ "no series at all", 0, 15, 100, 119, 5, false },
	{ "no series for long", 0, 15, 100, 120, 5, true },
	{ "of the future", 5000, 15, 300, 200, 5, false },
};

START_TEST(test_ripe)
{
	const struct freshness f = { ripe[_i].newest_s * NS_PER_S,
				     ripe[_i].max_gap_s * NS_PER_S };

	ck_assert_msg(window_ripe(&f, ripe[_i].to_s, ripe[_i].now_s,
				  ripe[_i].lag_s) == ripe[_i].ripe, "%s",
		      ripe[_i].what);
}
END_TEST

START_TEST(test_window_end)
{
	ck_assert_int_eq(window_end(0, 10), 10);
	ck_assert_int_eq(window_end(0, 3600), 3600);
	ck_assert_int_eq(window_end(0, 3601), 3600);
	ck_assert_int_eq(window_end(3599, 9999), 3600);
	ck_assert_int_eq(window_end(3600, 9999), 7200);
	ck_assert_int_eq(hour_of(7199), 3600);
	ck_assert_int_eq(hour_of(7200), 7200);
	ck_assert_int_eq(hour_of(-1), -3600);
}
END_TEST

/* ---- properties ---------------------------------------------------------------------------- */

struct random_jobs {
	struct claim claims[JOBS_MAX];
	struct pause pauses[JOBS_MAX][4];
	uint32_t rows[JOBS_MAX][16];
	double gap_s[JOBS_MAX];
	uint32_t count;
};

static void jobs_draw(struct random_jobs *j, uint32_t rows)
{
	memset(j, 0, sizeof(*j));
	j->count = (uint32_t)random_between(0, JOBS_MAX);
	for (uint32_t i = 0; i < j->count; i++) {
		struct claim *c = &j->claims[i];
		const uint32_t pauses = (uint32_t)random_between(0, 4);
		uint32_t k = 0;

		c->what.job_id = i + 1;
		c->what.inner_of = random_between(0, 3) ? 0 : random_between(0, j->count);
		for (uint32_t r = 0; r < rows; r++)
			if (random_between(0, 1))
				j->rows[i][k++] = r;
		c->what.rows = j->rows[i];
		c->what.row_count = k;
		c->from_s = T0 + random_between(-500, 4000);
		c->to_s = random_between(0, 5) ? c->from_s + random_between(-5, 3000)
					       : CLAIM_OPEN;
		for (uint32_t p = 0; p < pauses; p++) {
			j->pauses[i][p].from_s = T0 + random_between(-500, 4000);
			j->pauses[i][p].to_s = j->pauses[i][p].from_s +
					       random_between(-5, 900);
		}
		c->pauses = j->pauses[i];
		c->pause_count = pauses_join(j->pauses[i], pauses);
	}
}

static series_t *series_draw(void)
{
	series_t *s = series_new();
	int64_t t = random_between(-400, 200);

	while (t < 4200) {
		sample(s, t, 1 + 500 * random_unit());
		t += random_between(0, 60) ? random_between(1, 9)
					   : random_between(10, 300);
	}
	return s;
}

/* One window; what it gives is added to the sums of all. */
static void window_check(host_t *h, const series_t *s, struct random_jobs *j,
			 int64_t from_s, int64_t to_s, double *node_j,
			 double *job_j)
{
	struct node_sums n;
	struct err err = { "" };

	for (uint32_t i = 0; i < j->count; i++)
		claim_begin(&j->claims[i], T0 + from_s, j->gap_s[i]);
	ck_assert_msg(settle_window(h, s, T0 + from_s, T0 + to_s, j->claims,
				    j->count, &n, &err) == 0, "%s", err.text);
	conserved(&n, j->claims, j->count, to_s - from_s);
	for (uint32_t i = 0; i < j->count; i++) {
		const gate_t *g = &j->claims[i].gate;

		ck_assert(g->gated_j >= 0 && g->gated_j <= g->node_j * (1 + 1e-9));
		ck_assert(g->node_j <= n.node_j * (1 + 1e-9));
		ck_assert(g->covered_ns <= g->active_ns);
		ck_assert(g->active_ns <= SECONDS(to_s - from_s));
		ck_assert(j->claims[i].share_s <= ns_to_s(g->active_ns) + 1e-9);
		j->gap_s[i] = ns_to_s(g->open_gap_ns);
		job_j[i] += g->gated_j;
	}
	*node_j += n.node_j;
}

/* Joules are conserved, and how time is cut into windows changes nothing. */
START_TEST(test_random)
{
	static struct random_jobs jobs;
	const int rounds = run_is_slow() ? 5 : 150;

	random_start("settle");
	for (int round = 0; round < rounds; round++) {
		const uint32_t rows = (uint32_t)random_between(1, 16);
		double once_j = 0, often_j = 0;
		double once[JOBS_MAX] = { 0 }, often[JOBS_MAX] = { 0 };
		host_t *h = host_of(rows);
		series_t *s = series_draw();

		jobs_draw(&jobs, rows);
		window_check(h, s, &jobs, 0, 3600, &once_j, once);
		memset(jobs.gap_s, 0, sizeof(jobs.gap_s));
		for (int64_t t = 0, end; t < 3600; t = end) {
			end = t + random_between(1, 500);
			if (end > 3600)
				end = 3600;
			window_check(h, s, &jobs, t, end, &often_j, often);
		}
		ck_assert_double_eq_tol(once_j, often_j, 1e-9 * once_j);
		for (uint32_t i = 0; i < jobs.count; i++)
			ck_assert_double_eq_tol(once[i], often[i], 1e-9 * once_j);
		series_destroy(s);
		host_destroy(h);
	}
}
END_TEST

/* k equal jobs that fill the node: each gets a k-th of it. */
START_TEST(test_equal_jobs)
{
	series_t *s = series_draw();

	random_start("equal jobs");
	for (uint32_t k = 1; k <= 8; k++) {
		struct claim claims[8];
		struct node_sums n;
		host_t *h = host_of(k);

		for (uint32_t i = 0; i < k; i++)
			claims[i] = claim_of(i + 1, i, 1, -10, CLAIM_OPEN);
		settle(h, s, 0, 3600, claims, k, &n);
		for (uint32_t i = 0; i < k; i++)
			ck_assert_double_eq_tol(claims[i].gate.gated_j, n.node_j / k,
						1e-9 * n.node_j);
		ck_assert(n.unallocated_j <= 1e-9 * n.node_j);
		conserved(&n, claims, k, 3600);
		host_destroy(h);
	}
	series_destroy(s);
}
END_TEST

static Suite *settle_suite(void)
{
	Suite *s = suite_create("oar settle");
	TCase *tc = tcase_create("jobs");

	tcase_add_loop_test(tc, test_steady, 0, COUNT(steady));
	tcase_add_test(tc, test_whole_node);
	tcase_add_test(tc, test_ramp);
	tcase_add_test(tc, test_many_nodes);
	tcase_add_test(tc, test_no_series);
	tcase_add_test(tc, test_gaps);
	tcase_add_test(tc, test_gap_across);
	tcase_add_test(tc, test_late);
	tcase_add_test(tc, test_bad_window);
	tcase_add_loop_test(tc, test_pauses, 0, COUNT(joins));
	suite_add_tcase(s, tc);
	tc = tcase_create("time");
	tcase_add_test(tc, test_walls);
	tcase_add_loop_test(tc, test_clock_set, 0, COUNT(steps));
	tcase_add_test(tc, test_clock_set_random);
	tcase_add_test(tc, test_slew);
	tcase_add_loop_test(tc, test_ripe, 0, COUNT(ripe));
	tcase_add_test(tc, test_window_end);
	suite_add_tcase(s, tc);
	tc = tcase_create("properties");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_random);
	tcase_add_test(tc, test_equal_jobs);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return suite_run(settle_suite());
}
