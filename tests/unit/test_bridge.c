/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gaps of the series and what an energy counter makes of them. */
#include <math.h>

#include "lib/bridge.h"
#include "lib/series_impl.h"
#include "scratch.h"

#define PERIOD SECONDS(5)
#define MAX_GAP SECONDS(15)
#define BEGIN SECONDS(1000)
#define WRAP_32 4294967296.0

/* ---- a node with a BMC ------------------------------------------------------ */

/*
 * Between two samples its power is a straight line while it is asked, so that
 * the series is exact there; in gaps it is whatever the test says.
 */
struct node {
	series_t *s;
	bridge_t b;
	int64_t now_ns;
	double watts;
	double true_j;		/* since the first sample */
	/* its counter */
	double base_j, unit_j, wrap_j;
	int64_t late_ns;	/* read so much behind the power */
	/* what became of the last sample */
	bool bridged;
	struct err why;
};

static double raw_at(const struct node *n, double true_j)
{
	double j = floor((n->base_j + true_j) / n->unit_j) * n->unit_j;

	return n->wrap_j > 0 ? fmod(j, n->wrap_j) : j;
}

static struct bridge_counter counter_of(const struct node *n)
{
	return (struct bridge_counter){
		raw_at(n, n->true_j + n->watts * ns_to_s(n->late_ns)),
		n->wrap_j, n->now_ns + n->late_ns };
}

static const struct bridge_counter no_counter = { .energy_j = NAN };

/* As wattgated does with a reading. */
static void take(struct node *n, const struct bridge_counter *c)
{
	const struct series_sample *last = series_last(n->s);
	const struct bridge_end end = { n->now_ns, n->watts, *c };
	double joules;

	n->bridged = false;
	n->why.text[0] = '\0';
	if (last && n->now_ns - last->boot_ns > MAX_GAP)
		n->bridged = bridge_joules(&n->b, n->s, &end, &joules,
					   &n->why) == 0;
	if (n->bridged)
		ck_assert_ptr_nonnull(series_append_bridged(n->s, n->now_ns, 0,
							    n->watts, joules));
	else
		ck_assert_ptr_nonnull(series_append(n->s, n->now_ns, 0,
						    n->watts));
	bridge_note(&n->b, n->s, c, n->bridged);
}

/* dt later power is `watts`; it was mean_w since the last sample. */
static void pass(struct node *n, int64_t dt, double watts, double mean_w)
{
	n->now_ns += dt;
	n->true_j += mean_w * ns_to_s(dt);
	n->watts = watts;
}

static void sample(struct node *n, int64_t dt, double watts, bool counter)
{
	const struct bridge_counter c = (pass(n, dt, watts,
					      (n->watts + watts) / 2),
					 counter_of(n));

	take(n, counter ? &c : &no_counter);
}

/* Samples for so long, the counter each minute as wattgated reads it. */
static void run(struct node *n, double seconds, double watts)
{
	int i, count = (int)(seconds * 1e9 / PERIOD);

	for (i = 1; i <= count; i++)
		sample(n, PERIOD, watts, i % 12 == 0);
}

/* A gap, at whose end the counter is read. */
static void silence(struct node *n, double seconds, double watts, double mean_w)
{
	struct bridge_counter c;

	pass(n, SECONDS(seconds), watts, mean_w);
	c = counter_of(n);
	take(n, &c);
}

static struct node node_start(double watts)
{
	struct node n = { .now_ns = BEGIN, .watts = watts, .base_j = 204271934,
			  .unit_j = 1, .wrap_j = WRAP_32 };

	n.s = series_create(4000, PERIOD, MAX_GAP);
	ck_assert_ptr_nonnull(n.s);
	sample(&n, 0, watts, true);
	return n;
}

static double in_series(const struct node *n, int64_t from_ns, int64_t to_ns)
{
	struct series_span span;

	series_between(n->s, from_ns, to_ns, &span);
	return span.joules;
}

static void near(double got, double want, double tolerance, const char *what)
{
	ck_assert_msg(fabs(got - want) <= tolerance, "%s: %.9g, not %.9g", what,
		      got, want);
}

static void end_node(struct node *n)
{
	series_destroy(n->s);
}

/* ---- what is bridged ---------------------------------------------------------- */

static const struct {
	const char *what;
	double before_s;	/* since the first sample */
	double gap_s, mean_w, after_w;	/* 200 W before */
	int64_t late_ns;
} bridged[] = {
	{ "constant", 120, 60, 200, 200, 0 },
	{ "the shortest", 120, 15.000000001, 200, 200, 0 },
	{ "the longest", 120, 600, 200, 200, 0 },
	{ "a step up inside", 120, 60, 350, 400, 0 },
	{ "a step down inside", 120, 60, 120, 50, 0 },
	{ "load that came and went", 120, 100, 900, 200, 0 },
	{ "idle that came and went", 120, 100, 30, 200, 0 },
	{ "near the most", 120, 60, 3900, 200, 0 },
	{ "near the least", 120, 60, 21, 200, 0 },
	{ "the counter read before the last sample", 155, 60, 250, 300, 0 },
	{ "the counter read behind the power", 155, 60, 250, 300, SECONDS(0.4) },
	{ "a slow BMC", 120, 60, 250, 300, SECONDS(4) },
	{ "the first minute", 30, 60, 300, 200, 0 },
};

START_TEST(test_bridged)
{
	struct node n = node_start(200);
	double before_j, want;
	int64_t gap_ns;

	n.late_ns = bridged[_i].late_ns;
	run(&n, bridged[_i].before_s, 200);
	gap_ns = n.now_ns;
	before_j = n.true_j;
	silence(&n, bridged[_i].gap_s, bridged[_i].after_w, bridged[_i].mean_w);
	ck_assert_msg(n.bridged, "%s: %s", bridged[_i].what, n.why.text);
	want = n.true_j - before_j;
	near(in_series(&n, gap_ns, n.now_ns), want, 2, bridged[_i].what);
	ck_assert_uint_eq(series_last(n.s)->flags, SERIES_BRIDGED);
	ck_assert_int_eq(series_last(n.s)->cum_covered_ns, n.now_ns - BEGIN);
	run(&n, 60, bridged[_i].after_w);
	near(in_series(&n, BEGIN, n.now_ns), n.true_j, 2, "all of it");
	end_node(&n);
}
END_TEST

/* Inside it power is the mean, whatever it was at the ends. */
START_TEST(test_inside)
{
	struct node n = node_start(200);
	struct series_span span;
	int64_t gap_ns;

	run(&n, 120, 200);
	gap_ns = n.now_ns;
	silence(&n, 100, 1000, 50);
	ck_assert(n.bridged);
	near(in_series(&n, gap_ns, gap_ns + SECONDS(10)), 500, 0.1, "its begin");
	near(in_series(&n, gap_ns + SECONDS(90), gap_ns + SECONDS(100)), 500,
	     0.1, "its end");
	series_between(n.s, gap_ns - SECONDS(10), n.now_ns + SECONDS(10), &span);
	near(span.joules, 2000 + 5000, 1, "around it");
	ck_assert_int_eq(span.covered_ns, SECONDS(110));
	ck_assert_int_eq(span.max_gap_ns, SECONDS(10));	/* behind the end */
	ck_assert_int_eq(span.tail_gap_ns, SECONDS(10));
	ck_assert_int_eq(span.head_gap_ns, 0);
	end_node(&n);
}
END_TEST

/* One gap behind the other, with and without measured time between them. */
START_TEST(test_back_to_back)
{
	struct node n = node_start(200);
	int i;

	run(&n, 120, 200);
	for (i = 0; i < 10; i++) {
		silence(&n, 40 + 7 * i, 200 + 10 * i, 220 + 30 * (i % 3));
		ck_assert_msg(n.bridged, "gap %d: %s", i, n.why.text);
		if (i % 2)
			run(&n, 10, 300);
		near(in_series(&n, BEGIN, n.now_ns), n.true_j, 3, "so far");
	}
	ck_assert_int_eq(series_last(n.s)->cum_covered_ns, n.now_ns - BEGIN);
	end_node(&n);
}
END_TEST

/* The counter starts again at 0: at each point of the gap, and at its ends. */
START_TEST(test_rolls_over)
{
	struct node n = node_start(200);
	double at_j = 200 * 120 + _i * 1000;	/* since the start */

	n.base_j = WRAP_32 - at_j;
	n.b = (bridge_t){ 0 };
	run(&n, 120, 200);
	silence(&n, 60, 200, 200);	/* 24000 to 36000 J */
	ck_assert_msg(n.bridged, "at %g J: %s", at_j, n.why.text);
	near(in_series(&n, n.now_ns - SECONDS(60), n.now_ns), 12000, 2, "gap");
	run(&n, 60, 200);
	near(in_series(&n, BEGIN, n.now_ns), n.true_j, 2, "all");
	end_node(&n);
}
END_TEST

/* ---- what is not -------------------------------------------------------------- */

static void no_counter_behind(struct node *n, struct bridge_counter *c)
{
	(void)n;
	*c = no_counter;
}

static void no_counter_before(struct node *n, struct bridge_counter *c)
{
	(void)c;
	n->b = (bridge_t){ 0 };
}

static void reset(struct node *n, struct bridge_counter *c)
{
	(void)n;
	c->energy_j = 3000;
}

static void reset_without_wrap(struct node *n, struct bridge_counter *c)
{
	n->b.last.wrap_j = c->wrap_j = 0;
	c->energy_j = 3000;
}

static void other_wrap(struct node *n, struct bridge_counter *c)
{
	(void)n;
	c->wrap_j *= 2;
}

static void small_wrap(struct node *n, struct bridge_counter *c)
{
	n->b.last.wrap_j = c->wrap_j = 60000;
	n->b.last.energy_j = fmod(n->b.last.energy_j, 60000);
	c->energy_j = fmod(n->b.last.energy_j + 12000, 60000);
}

static void still(struct node *n, struct bridge_counter *c)
{
	c->energy_j = n->b.last.energy_j;
}

static void too_little(struct node *n, struct bridge_counter *c)
{
	c->energy_j = n->b.last.energy_j + 19 * 60;
}

static void too_much(struct node *n, struct bridge_counter *c)
{
	c->energy_j = n->b.last.energy_j + 4010 * 60;
}

static void much_unknown(struct node *n, struct bridge_counter *c)
{
	n->b.known_s = 0;
	c->energy_j = n->b.last.energy_j + 1010 * 60;
}

static void off_of_late(struct node *n, struct bridge_counter *c)
{
	(void)c;
	n->b.slack_j = 6010;
}

static void counts_another_node(struct node *n, struct bridge_counter *c)
{
	(void)c;
	n->b.counted_j = 1.6 * n->b.measured_j;
}

static void old_reading(struct node *n, struct bridge_counter *c)
{
	(void)c;
	n->b.last.at_ns -= SECONDS(600.1);
	n->b.last.energy_j -= 200 * 600.1;
}

static void same_time(struct node *n, struct bridge_counter *c)
{
	c->at_ns = n->b.last.at_ns;
}

static void before_the_last(struct node *n, struct bridge_counter *c)
{
	pass(n, -SECONDS(44), 200, 200);	/* 16 s are left */
	n->b.last.at_ns += SECONDS(9);
	c->at_ns = n->now_ns - SECONDS(9);
}

static void read_too_late(struct node *n, struct bridge_counter *c)
{
	(void)n;
	c->at_ns += SECONDS(10.1);
}

static void read_too_early(struct node *n, struct bridge_counter *c)
{
	(void)n;
	c->at_ns -= SECONDS(10.1);
}

static const struct {
	const char *what;
	void (*spoil)(struct node *n, struct bridge_counter *c);
	const char *says;
} refused[] = {
	{ "none behind", no_counter_behind, "could not be read" },
	{ "none before", no_counter_before, "not read before" },
	{ "a reset that looks like a roll-over", reset, "started anew" },
	{ "a reset", reset_without_wrap, "it fell" },
	{ "another wrap", other_wrap, "another one" },
	{ "a wrap that may have come twice", small_wrap, "once more" },
	{ "stands still", still, "plausible" },
	{ "too little", too_little, "plausible" },
	{ "too much", too_much, "plausible" },
	{ "much, and not known yet", much_unknown, "plausible" },
	{ "off of late", off_of_late, "of late" },
	{ "counts something else", counts_another_node, "the power made" },
	{ "read long before", old_reading, "last read" },
	{ "the same reading", same_time, "cannot be" },
	{ "read before the last one", before_the_last, "another one" },
	{ "read long behind", read_too_late, "cannot be" },
	{ "read long ahead", read_too_early, "cannot be" },
};

START_TEST(test_not_bridged)
{
	struct node n = node_start(200);
	struct bridge_counter c;

	run(&n, 720, 200);
	pass(&n, SECONDS(60), 200, 200);
	c = counter_of(&n);
	refused[_i].spoil(&n, &c);
	take(&n, &c);
	ck_assert_msg(!n.bridged, "%s", refused[_i].what);
	ck_assert_msg(strstr(n.why.text, refused[_i].says), "%s: %s",
		      refused[_i].what, n.why.text);
	ck_assert_uint_eq(series_last(n.s)->flags, 0);
	near(in_series(&n, BEGIN, n.now_ns), 200 * 720, 1e-6, "no joule of it");
	ck_assert_int_eq(series_last(n.s)->cum_covered_ns, SECONDS(720));
	end_node(&n);
}
END_TEST

/* What no one spoilt is bridged: the table above fails for its own reasons. */
START_TEST(test_not_spoilt)
{
	struct node n = node_start(200);

	run(&n, 720, 200);
	silence(&n, 60, 200, 200);
	ck_assert_msg(n.bridged, "%s", n.why.text);
	end_node(&n);
}
END_TEST

/* Too long for the ledger to wait; and one that no counter is needed for. */
START_TEST(test_length)
{
	struct node n = node_start(200);
	const struct bridge_end no_gap[] = {
		{ SECONDS(1000), 200, { 1e6, 0, SECONDS(1000) } },
		{ SECONDS(999), 200, { 1e6, 0, SECONDS(999) } },
		{ -SECONDS(1), 200, { 1e6, 0, SECONDS(1060) } },
		{ INT64_MIN, 200, { 1e6, 0, SECONDS(1060) } },
		{ INT64_MAX, 200, { 1e6, 0, INT64_MAX } },
		{ SECONDS(1060), 0, { 1e6, 0, SECONDS(1060) } },
		{ SECONDS(1060), NAN, { 1e6, 0, SECONDS(1060) } },
		{ SECONDS(1060), INFINITY, { 1e6, 0, SECONDS(1060) } },
		{ SECONDS(1060), 1e300, { 1e6, 0, SECONDS(1060) } },
		{ SECONDS(1060), -200, { 1e6, 0, SECONDS(1060) } },
		{ SECONDS(1009.9), 200, { 204273914, WRAP_32, SECONDS(1009.9) } },
	};
	double joules;
	unsigned i;

	for (i = 0; i < COUNT(no_gap); i++)
		ck_assert_msg(bridge_joules(&n.b, n.s, &no_gap[i], &joules,
					    NULL) < 0, "%u", i);
	run(&n, 120, 200);
	silence(&n, 600.000000001, 200, 200);
	ck_assert(!n.bridged);
	silence(&n, 15, 400, 390);	/* max_gap: a straight line */
	ck_assert(!n.bridged);
	near(in_series(&n, n.now_ns - SECONDS(15), n.now_ns), 300 * 15, 1e-6,
	     "no gap");
	ck_assert_uint_eq(series_last(n.s)->flags, 0);
	end_node(&n);
}
END_TEST

/* Before a gap lay another one, which no one bridged: it is not paid here. */
START_TEST(test_gap_before)
{
	struct node n = node_start(200);

	run(&n, 120, 200);
	sample(&n, SECONDS(60), 200, false);	/* no counter: unmeasured */
	ck_assert(!n.bridged);
	ck_assert_int_eq(bridge_until_ns(&n.b, n.s), 0);
	sample(&n, PERIOD, 200, false);
	silence(&n, 60, 200, 200);
	ck_assert(!n.bridged);
	ck_assert(strstr(n.why.text, "all the time"));
	silence(&n, 60, 200, 200);	/* known again since its last sample */
	ck_assert(n.bridged);
	end_node(&n);
}
END_TEST

START_TEST(test_hostile_counters)
{
	static const double bad[] = { NAN, -NAN, INFINITY, -INFINITY, -1, -1e300,
				      1e300, 1.1e15, -0x1p-1074 };
	static const int64_t bad_ns[] = { 0, -1, INT64_MIN, INT64_MAX,
					  INT64_MAX / 8 + 1 };
	struct node n = node_start(200);
	bridge_t before;
	unsigned i;

	run(&n, 120, 200);
	before = n.b;
	for (i = 0; i < 2 * COUNT(bad) + COUNT(bad_ns) + 1; i++) {
		struct bridge_counter c = counter_of(&n);
		struct bridge_end end = { n.now_ns + SECONDS(60), 200, c };
		unsigned k = i % COUNT(bad);
		double joules;

		c.energy_j += 12000;
		c.at_ns += SECONDS(60);
		if (i < COUNT(bad))
			c.energy_j = bad[k];
		else if (i < 2 * COUNT(bad))
			c.wrap_j = bad[k];
		else if (i < 2 * COUNT(bad) + COUNT(bad_ns))
			c.at_ns = bad_ns[i - 2 * COUNT(bad)];
		else
			c.wrap_j = c.energy_j - 1;	/* beyond its own end */
		ck_assert_msg(!bridge_counter_valid(&c), "%u", i);
		end.counter = c;
		ck_assert_msg(bridge_joules(&n.b, n.s, &end, &joules, NULL) < 0,
			      "%u", i);
		bridge_note(&n.b, n.s, &c, false);
		ck_assert_mem_eq(&n.b, &before, sizeof(before));
	}
	end_node(&n);
}
END_TEST

/* ---- what is learnt --------------------------------------------------------------- */

/* 10 Wh a step: at 1749 W it is right on average, and says so after a minute. */
START_TEST(test_coarse)
{
	struct node n = node_start(1749);
	int i, bridges = 0;

	n.b = (bridge_t){ 0 };
	n.unit_j = 36000;
	n.wrap_j = 0;
	for (i = 0; i < 60; i++) {
		double gap_s = 20 + i % 10 * 60, before_j, got;

		run(&n, 300, 1749);
		before_j = n.true_j;
		silence(&n, gap_s, 1749, 1749);
		bridges += n.bridged;
		got = in_series(&n, n.now_ns - SECONDS(gap_s), n.now_ns);
		if (n.bridged)	/* by a half at worst */
			near(got, n.true_j - before_j, (n.true_j - before_j) / 2,
			     "coarse");
	}
	ck_assert_int_ge(bridges, 40);	/* those that are long enough */
	ck_assert_int_le(bridges, 58);
	end_node(&n);
}
END_TEST

/* A disagreement is not held against it for ever. */
START_TEST(test_slack_fades)
{
	struct node n = node_start(200);

	run(&n, 60, 200);
	n.base_j += 50000;
	run(&n, 60, 200);
	near(n.b.slack_j, 50000, 100, "slack");
	silence(&n, 60, 200, 200);
	ck_assert(!n.bridged);
	run(&n, 3 * 1800, 200);
	near(n.b.slack_j, 50000 / 8.0, 200, "slack");
	run(&n, 3 * 1800, 200);
	silence(&n, 60, 200, 200);
	ck_assert_msg(n.bridged, "%s", n.why.text);
	end_node(&n);
}
END_TEST

/* It counts four nodes: after a minute that shows, however long the gap. */
START_TEST(test_counts_four)
{
	struct node n = node_start(200);
	int i;

	for (i = 0; i <= 12; i++) {
		struct bridge_counter c = (pass(&n, PERIOD, 200, 200),
					   counter_of(&n));

		if (i == 0)
			n.b = (bridge_t){ 0 };
		c.energy_j = 4 * n.true_j + 1e6;
		take(&n, i % 12 ? &no_counter : &c);
	}
	for (i = 0; i < 3; i++) {
		struct bridge_counter c;

		run(&n, 55, 200);
		pass(&n, SECONDS(500), 200, 200);
		c = counter_of(&n);
		c.energy_j = 4 * n.true_j + 1e6;
		take(&n, &c);
		ck_assert_msg(strstr(n.why.text, "the power made"), "%s",
			      n.why.text);
	}
	end_node(&n);
}
END_TEST

/* A BMC that was started anew between two readings teaches nothing wrong. */
START_TEST(test_reset_in_measured_time)
{
	struct node n = node_start(200);

	run(&n, 300, 200);
	n.base_j = -n.true_j;	/* from 0 again */
	run(&n, 120, 200);
	ck_assert_msg(n.b.slack_j < 10, "%g", n.b.slack_j);
	silence(&n, 60, 200, 200);
	ck_assert_msg(n.bridged, "%s", n.why.text);
	near(in_series(&n, BEGIN, n.now_ns), n.true_j, 2, "all");
	end_node(&n);
}
END_TEST

/* ---- until when ---------------------------------------------------------------------- */

START_TEST(test_until)
{
	struct node n = node_start(200);
	series_t *none = series_create(4, PERIOD, MAX_GAP);

	ck_assert_int_eq(bridge_until_ns(&n.b, none), 0);
	ck_assert_int_eq(bridge_until_ns(&n.b, n.s), BEGIN + BRIDGE_MAX_NS);
	run(&n, 30, 200);
	ck_assert_int_eq(bridge_until_ns(&n.b, n.s), n.now_ns + BRIDGE_MAX_NS);
	while (n.now_ns < BEGIN + BRIDGE_AGE_MAX_NS)
		sample(&n, PERIOD, 200, false);
	ck_assert_int_eq(bridge_until_ns(&n.b, n.s), n.now_ns + BRIDGE_MAX_NS);
	sample(&n, PERIOD, 200, false);	/* its reading is too old */
	ck_assert_int_eq(bridge_until_ns(&n.b, n.s), 0);
	n.b = (bridge_t){ 0 };
	ck_assert_int_eq(bridge_until_ns(&n.b, n.s), 0);
	series_destroy(none);
	end_node(&n);
}
END_TEST

/* ---- as text ---------------------------------------------------------------------------- */

START_TEST(test_text)
{
	struct node n = node_start(212.5);
	char text[512];
	bridge_t back;

	n.late_ns = SECONDS(0.123456789);
	run(&n, 200, 333.25);
	ck_assert_int_eq(bridge_format(&n.b, text, sizeof(text)), 0);
	ck_assert_int_eq(bridge_parse(&back, text), 0);
	ck_assert_mem_eq(&back, &n.b, sizeof(back));
	ck_assert_int_lt(bridge_format(&n.b, text, 20), 0);
	end_node(&n);
}
END_TEST

#define GOOD "slack_j=1\nknown_s=60\ncounted_j=10\nmeasured_j=11\n"
static const char *const bad_texts[] = {
	"", "\n", "energy_j=1\n",
	"energy_j=1\nwrap_j=0\nat_ns=5\n",
	"wrap_j=0\nat_ns=5\n" GOOD,
	"energy_j=\nwrap_j=0\nat_ns=5\n" GOOD,
	"energy_j=1 \nwrap_j=0\nat_ns=5\n" GOOD,
	"energy_j=nan\nwrap_j=0\nat_ns=5\n" GOOD,
	"energy_j=inf\nwrap_j=0\nat_ns=5\n" GOOD,
	"energy_j=-1\nwrap_j=0\nat_ns=5\n" GOOD,
	"energy_j=1e300\nwrap_j=0\nat_ns=5\n" GOOD,
	"energy_j=9\nwrap_j=8\nat_ns=5\n" GOOD,
	"energy_j=1\nwrap_j=0\nat_ns=0\n" GOOD,
	"energy_j=1\nwrap_j=0\nat_ns=-5\n" GOOD,
	"energy_j=1\nwrap_j=0\nat_ns=5.0\n" GOOD,
	"energy_j=1\nwrap_j=0\nat_ns=99999999999999999999\n" GOOD,
	"energy_j=1\nwrap_j=0\nat_ns=5\nslack_j=nan\nknown_s=60\ncounted_j=1\nmeasured_j=1\n",
	"energy_j=1\nwrap_j=0\nat_ns=5\nslack_j=-1\nknown_s=60\ncounted_j=1\nmeasured_j=1\n",
	"energy_j=1\nwrap_j=0\nat_ns=5\nslack_j=1\nknown_s=inf\ncounted_j=1\nmeasured_j=1\n",
};

START_TEST(test_bad_text)
{
	static const bridge_t nothing;
	bridge_t b;

	memset(&b, 0x5a, sizeof(b));
	ck_assert_msg(bridge_parse(&b, bad_texts[_i]) < 0, "%s", bad_texts[_i]);
	ck_assert_mem_eq(&b, &nothing, sizeof(b));
	ck_assert_int_eq(bridge_parse(&b, "energy_j=1\nwrap_j=0\nat_ns=5\n" GOOD),
			 0);
}
END_TEST

/* ---- anything --------------------------------------------------------------------------- */

/*
 * Power of any shape, gaps at any time, a counter that counts in any step and
 * starts again anywhere: whatever is bridged is right to the step, and what
 * the series has in all is the truth less what stayed unmeasured.
 */
static int random_life(uint64_t seed)
{
	struct node n = node_start(50 + 1000 * random_unit());
	double dark_j = 0, unit_j = pow(10, -3 + 4 * random_unit());
	int i, bridges = 0;

	n.unit_j = unit_j;
	n.base_j = 1e9 * random_unit();
	n.wrap_j = random_u64() % 2 ? 0 : 1e8 + 1e9 * random_unit();
	n.wrap_j = floor(n.wrap_j / unit_j) * unit_j;
	for (i = 0; i < 300; i++) {
		double watts = fmax(20, n.watts * (0.5 + random_unit()));
		double true_j = n.true_j;

		watts = fmin(watts, 5000);
		if (random_u64() % 20) {
			sample(&n, random_between(SECONDS(2), PERIOD), watts,
			       random_u64() % 8 == 0);
			continue;
		}
		silence(&n, 15.1 + 400 * random_unit(), watts,
			fmin(n.watts, watts) +
			fabs(n.watts - watts) * 2 * random_unit());
		bridges += n.bridged;
		if (!n.bridged)
			dark_j += n.true_j - true_j;
	}
	ck_assert_msg(fabs(series_last(n.s)->cum_j + dark_j - n.true_j) <=
		      1e-6 * n.true_j + 2 * unit_j * (bridges + 1),
		      "seed %" PRIu64 ": %.3f J and %.3f J in the dark, not "
		      "%.3f J", seed, series_last(n.s)->cum_j, dark_j,
		      n.true_j);
	end_node(&n);
	return bridges;
}

START_TEST(test_random)
{
	uint64_t seed = random_start("test_random");
	int i, bridges = 0, lives = run_is_slow() ? 10 : 300;

	for (i = 0; i < lives; i++)
		bridges += random_life(seed);
	ck_assert_int_gt(bridges, 5 * lives);	/* of 15 gaps each */
}
END_TEST

static double hostile_number(double sane)
{
	static const double numbers[] = { 0, -1, NAN, INFINITY, -INFINITY, 1e300,
					  -1e300, 1e-300, 4294967296, 1e15 };
	uint64_t k = random_u64() % (3 * COUNT(numbers));

	return k < COUNT(numbers) ? numbers[k] : sane * 2 * random_unit();
}

static int64_t hostile_time(int64_t sane)
{
	static const int64_t times[] = { 0, -1, INT64_MIN, INT64_MAX, 1,
					 INT64_MAX / 8 };
	uint64_t k = random_u64() % (8 * COUNT(times));

	return k < COUNT(times) ? times[k]
				: sane + random_between(-SECONDS(30), SECONDS(30));
}

/* Nothing that a BMC may say makes the series fall, or more than can be. */
START_TEST(test_hostile_lives)
{
	uint64_t seed = random_start("test_hostile_lives");
	int i, bridges = 0, turns = run_is_slow() ? 2000 : 200000;
	struct node n = node_start(200);

	for (i = 0; i < turns; i++) {
		struct series_sample last = *series_last(n.s);
		int64_t at = last.boot_ns + random_between(1, SECONDS(100));
		struct bridge_end end = { random_u64() % 2 ? at : hostile_time(at),
			hostile_number(200),
			{ hostile_number(fmax(n.b.last.energy_j, 1)),
			  random_u64() % 2 ? WRAP_32 : hostile_number(1e6),
			  hostile_time(at) } };
		double joules = NAN;

		if (random_u64() % 2)	/* one that could be */
			end.counter = (struct bridge_counter){
				n.b.last.energy_j + 400 * random_unit() *
				ns_to_s(at - last.boot_ns), WRAP_32, at };
		if (bridge_joules(&n.b, n.s, &end, &joules, NULL) == 0) {
			int64_t dt = end.boot_ns - last.boot_ns;

			ck_assert_msg(joules > 0 && dt >= BRIDGE_MIN_NS &&
				      dt <= BRIDGE_MAX_NS &&
				      joules <= SERIES_MAX_W * ns_to_s(dt) &&
				      joules <= BRIDGE_MOST * ns_to_s(dt) *
				      fmax(last.watts, end.watts) * 1.000001,
				      "seed %" PRIu64 " turn %d", seed, i);
			if (series_append_bridged(n.s, end.boot_ns, 0,
						  end.watts, joules)) {
				bridge_note(&n.b, n.s, &end.counter, true);
				bridges++;
			}
		} else if (series_append(n.s, end.boot_ns, 0, end.watts)) {
			bridge_note(&n.b, n.s, &end.counter, false);
		}
		ck_assert(series_last(n.s)->cum_j >= last.cum_j &&
			  isfinite(series_last(n.s)->cum_j));
		ck_assert(series_last(n.s)->cum_covered_ns >=
			  last.cum_covered_ns);
		ck_assert(bridge_until_ns(&n.b, n.s) >= 0);
		if (i % 50 == 0) {
			end_node(&n);
			n = node_start(200);
		}
	}
	ck_assert_int_gt(bridges, turns / 200);
	end_node(&n);
}
END_TEST

static Suite *bridge_suite(void)
{
	Suite *suite = suite_create("bridge");
	TCase *gaps = tcase_create("gaps");
	TCase *text = tcase_create("text");
	TCase *any = tcase_create("anything");

	tcase_add_loop_test(gaps, test_bridged, 0, COUNT(bridged));
	tcase_add_test(gaps, test_inside);
	tcase_add_test(gaps, test_back_to_back);
	tcase_add_loop_test(gaps, test_rolls_over, -1, 14);
	tcase_add_loop_test(gaps, test_not_bridged, 0, COUNT(refused));
	tcase_add_test(gaps, test_not_spoilt);
	tcase_add_test(gaps, test_length);
	tcase_add_test(gaps, test_gap_before);
	tcase_add_test(gaps, test_hostile_counters);
	tcase_add_test(gaps, test_coarse);
	tcase_add_test(gaps, test_slack_fades);
	tcase_add_test(gaps, test_counts_four);
	tcase_add_test(gaps, test_reset_in_measured_time);
	tcase_add_test(gaps, test_until);
	suite_add_tcase(suite, gaps);
	tcase_add_test(text, test_text);
	tcase_add_loop_test(text, test_bad_text, 0, COUNT(bad_texts));
	suite_add_tcase(suite, text);
	tcase_set_timeout(any, 60);
	tcase_add_test(any, test_random);
	tcase_add_test(any, test_hostile_lives);
	suite_add_tcase(suite, any);
	return suite;
}

int main(void)
{
	return suite_run(bridge_suite());
}
