/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The series in memory: what it integrates, what it refuses, what it joins. */
#include <errno.h>
#include <math.h>

#include "lib/series.h"
#include "lib/series_impl.h"
#include "scratch.h"

#define PERIOD SECONDS(5)
#define MAX_GAP SECONDS(15)

static struct series_span between(const series_t *s, int64_t from, int64_t to)
{
	struct series_span span;

	memset(&span, 0xa5, sizeof(span));	/* all of it must be filled */
	series_between(s, from, to, &span);
	return span;
}

static void append_ok(series_t *s, int64_t boot_ns, double watts)
{
	const struct series_sample *last;

	last = series_append(s, boot_ns, boot_ns + SECONDS(1000), watts);
	ck_assert_ptr_nonnull(last);
	ck_assert_ptr_eq(last, series_last(s));
}

/* ---- constants -------------------------------------------------------------- */

/* Watts that binary fractions hold: their energy has no error at all. */
static const double constant_w[] = { 1, 0.5, 200, 614, 1234.5, 99999.75, 1e6 };

START_TEST(test_constant_is_exact)
{
	double w = constant_w[_i];
	series_t *s = series_create(720, PERIOD, MAX_GAP);
	struct series_span span;
	int i;

	for (i = 0; i < 720; i++)
		append_ok(s, SECONDS(100) + i * PERIOD, w);
	span = between(s, SECONDS(100), SECONDS(100) + 719 * PERIOD);
	ck_assert(span.joules == w * 719 * 5);
	ck_assert_int_eq(span.covered_ns, 719 * PERIOD);
	ck_assert_int_eq(span.max_gap_ns, 0);
	/* not at samples: a quarter of a second is a binary fraction, too */
	span = between(s, SECONDS(101.25), SECONDS(1234.5));
	ck_assert(span.joules == w * (1234.5 - 101.25));
	ck_assert_int_eq(span.covered_ns, SECONDS(1234.5) - SECONDS(101.25));
	/* inside one segment */
	span = between(s, SECONDS(1001.25), SECONDS(1003.75));
	ck_assert(span.joules == w * 2.5);
	series_destroy(s);
}
END_TEST

/* ---- steps and sines against their integrals -------------------------------- */

struct wave {
	const char *what;
	double low_w, high_w;
	double half_s;		/* of a square wave; 0: a sine */
	double sine_s;		/* its period */
	double phase_s;
	double from_s, to_s;	/* the window that is measured */
};

static const struct wave waves[] = {
	{ "one step in ten minutes", 200, 400, 300, 0, 2.6, 12, 612 },
	{ "steps of 61 s", 200, 600, 61, 0, 0, 5, 1225 },
	{ "steps of 61 s, shifted", 200, 600, 61, 0, 1.7, 61, 1281 },
	{ "steps of 73 s", 100, 700, 73, 0, 0.4, 10, 1470 },
	{ "steps of 97.3 s", 300, 1200, 97.3, 0, 3.1, 10.7, 1956.7 },
	{ "steps of 5 min", 90, 2000, 300, 0, 4.9, 0, 3600 },
	{ "sine of 121 s", 100, 700, 0, 121, 0, 0, 1210 },
	{ "sine of 121 s, its crest", 100, 700, 0, 121, 0, 0, 60.5 },
	{ "sine of 121 s, its trough", 150, 700, 0, 121, 0, 60.5, 121 },
	{ "sine of 150 s, odd window", 50, 3000, 0, 150, 7.3, 13.2, 1234.5 },
	{ "sine of 10 min", 400, 450, 0, 600, 11, 3, 3333 },
};

static double wave_w(const struct wave *w, double t)
{
	double mid = (w->low_w + w->high_w) / 2;
	double swing = (w->high_w - w->low_w) / 2;

	t -= w->phase_s;
	if (w->half_s > 0)
		return fmod(floor(t / w->half_s) + 2, 2) == 0 ? w->low_w
							       : w->high_w;
	return mid + swing * sin(2 * M_PI * t / w->sine_s);
}

/* Antiderivative, from the wave's own zero. */
static double wave_j(const struct wave *w, double t)
{
	double mid = (w->low_w + w->high_w) / 2;
	double swing = (w->high_w - w->low_w) / 2;
	double k, rest;

	t -= w->phase_s;
	if (w->half_s <= 0)
		return mid * t - swing * w->sine_s / (2 * M_PI) *
				 cos(2 * M_PI * t / w->sine_s);
	k = floor(t / (2 * w->half_s));		/* whole periods */
	rest = t - k * 2 * w->half_s;
	return k * 2 * w->half_s * mid + w->low_w * fmin(rest, w->half_s) +
	       w->high_w * fmax(rest - w->half_s, 0);
}

START_TEST(test_wave)
{
	const struct wave *w = &waves[_i];
	series_t *s = series_create(800, PERIOD, MAX_GAP);
	double truth = wave_j(w, w->to_s) - wave_j(w, w->from_s);
	struct series_span span;
	int i;

	for (i = 0; i < 800; i++)
		append_ok(s, i * PERIOD, wave_w(w, i * 5.0));
	span = between(s, SECONDS(w->from_s), SECONDS(w->to_s));
	ck_assert_msg(fabs(span.joules - truth) < 0.005 * truth,
		      "%s: %.3f J, truly %.3f J (%.3f %%)", w->what,
		      span.joules, truth, 100 * (span.joules / truth - 1));
	ck_assert_int_eq(span.covered_ns, SECONDS(w->to_s) - SECONDS(w->from_s));
	series_destroy(s);
}
END_TEST

/* ---- gaps -------------------------------------------------------------------- */

static const struct {
	int64_t gap_ns;
	bool covered;
} gaps[] = {
	{ 1, true },
	{ PERIOD, true },
	{ MAX_GAP - 1, true },
	{ MAX_GAP, true },
	{ MAX_GAP + 1, false },
	{ 100 * MAX_GAP, false },
};

START_TEST(test_gap)
{
	int64_t gap = gaps[_i].gap_ns, at = SECONDS(10);
	series_t *s = series_create(8, PERIOD, MAX_GAP);
	double want = gaps[_i].covered ? 300 * ns_to_s(gap) : 0;
	struct series_span span;

	append_ok(s, at, 200);
	append_ok(s, at + gap, 400);
	append_ok(s, at + gap + PERIOD, 400);
	span = between(s, at, at + gap);
	ck_assert_double_eq_tol(span.joules, want, 1e-9 * want + 1e-300);
	ck_assert_int_eq(span.covered_ns, gaps[_i].covered ? gap : 0);
	ck_assert_int_eq(span.max_gap_ns, gaps[_i].covered ? 0 : gap);
	ck_assert_int_eq(span.head_gap_ns, gaps[_i].covered ? 0 : gap);
	ck_assert_int_eq(span.tail_gap_ns, gaps[_i].covered ? 0 : gap);
	span = between(s, at, at + gap + PERIOD);
	ck_assert_double_eq_tol(span.joules, want + 2000, 1e-9 * (want + 2000));
	ck_assert_int_eq(span.covered_ns,
			 PERIOD + (gaps[_i].covered ? gap : 0));
	ck_assert_int_eq(span.tail_gap_ns, 0);
	series_destroy(s);
}
END_TEST

START_TEST(test_outside_is_uncovered)
{
	series_t *s = series_create(8, PERIOD, MAX_GAP);
	struct series_span span = between(s, SECONDS(1), SECONDS(3));

	ck_assert_ptr_null(series_first(s));
	ck_assert_ptr_null(series_last(s));
	ck_assert_int_eq(series_wall_ns(s, 5), 0);
	ck_assert(span.joules == 0);
	ck_assert_int_eq(span.covered_ns, 0);
	ck_assert_int_eq(span.max_gap_ns, SECONDS(2));
	ck_assert_int_eq(span.head_gap_ns, SECONDS(2));
	ck_assert_int_eq(span.tail_gap_ns, SECONDS(2));

	append_ok(s, SECONDS(100), 50);
	span = between(s, SECONDS(90), SECONDS(130));	/* one sample: no time */
	ck_assert(span.joules == 0);
	ck_assert_int_eq(span.covered_ns, 0);
	ck_assert_int_eq(span.max_gap_ns, SECONDS(40));
	append_ok(s, SECONDS(105), 50);
	span = between(s, SECONDS(90), SECONDS(130));
	ck_assert(span.joules == 250);
	ck_assert_int_eq(span.covered_ns, SECONDS(5));
	ck_assert_int_eq(span.head_gap_ns, SECONDS(10));
	ck_assert_int_eq(span.tail_gap_ns, SECONDS(25));
	ck_assert_int_eq(span.max_gap_ns, SECONDS(25));

	/* nothing, and backwards */
	span = between(s, SECONDS(102), SECONDS(102));
	ck_assert(span.joules == 0 && span.max_gap_ns == 0);
	span = between(s, SECONDS(104), SECONDS(102));
	ck_assert(span.joules == 0 && span.covered_ns == 0);
	series_destroy(s);
}
END_TEST

/* ---- what is refused ----------------------------------------------------------- */

static const struct {
	int64_t after_ns;	/* the last sample */
	double watts;
} refused[] = {
	{ PERIOD, 0 },
	{ PERIOD, -0.0 },
	{ PERIOD, -1 },
	{ PERIOD, -1e300 },
	{ PERIOD, NAN },
	{ PERIOD, -NAN },
	{ PERIOD, INFINITY },
	{ PERIOD, -INFINITY },
	{ PERIOD, 1000000.0000001 },
	{ PERIOD, 1e300 },
	{ 0, 100 },
	{ -1, 100 },
	{ -PERIOD, 100 },
	{ INT64_MIN / 2, 100 },
};

START_TEST(test_refused)
{
	series_t *s = series_create(8, PERIOD, MAX_GAP);
	struct series_sample last;

	errno = 0;
	ck_assert_ptr_null(series_append(s, -1, 0, 100));	/* before boot */
	ck_assert_int_eq(errno, EINVAL);
	append_ok(s, SECONDS(20), 100);
	last = *series_last(s);
	errno = 0;
	ck_assert_ptr_null(series_append(s, SECONDS(20) + refused[_i].after_ns,
					 1, refused[_i].watts));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_uint_eq(series_size(s), 1);	/* it leaves no trace */
	ck_assert_mem_eq(series_last(s), &last, sizeof(last));
	append_ok(s, SECONDS(25), SERIES_MAX_W);
	ck_assert(series_last(s)->cum_j == (100 + SERIES_MAX_W) / 2 * 5);
	series_destroy(s);
}
END_TEST

/* ---- bridged ---------------------------------------------------------------------- */

static const struct {
	int64_t gap_ns;
	double watts, joules;
	bool taken;
} bridges[] = {
	{ MAX_GAP + 1, 100, 1, true },
	{ SECONDS(60), 100, 60e6, true },	/* a megawatt */
	{ SECONDS(60), 100, 1e-300, true },
	{ SECONDS(60), 100, 60e6 + 1, false },
	{ SECONDS(60), 100, 0, false },
	{ SECONDS(60), 100, -0.0, false },
	{ SECONDS(60), 100, -1, false },
	{ SECONDS(60), 100, NAN, false },
	{ SECONDS(60), 100, INFINITY, false },
	{ SECONDS(60), 100, -INFINITY, false },
	{ SECONDS(60), 100, 1e300, false },
	{ SECONDS(60), 0, 6000, false },
	{ SECONDS(60), NAN, 6000, false },
	{ MAX_GAP, 100, 1500, false },	/* no gap */
	{ 0, 100, 1500, false },
	{ -SECONDS(60), 100, 6000, false },
	{ INT64_MIN / 2, 100, 6000, false },
	{ INT64_MAX - SECONDS(20), 100, 6000, false },
};

START_TEST(test_bridge_taken)
{
	series_t *s = series_create(8, PERIOD, MAX_GAP);
	const struct series_sample *next;
	struct series_sample last;

	/* the first sample of all has nothing behind it */
	ck_assert_ptr_null(series_append_bridged(s, SECONDS(20), 1, 100, 100));
	append_ok(s, SECONDS(20), 100);
	last = *series_last(s);
	errno = 0;
	next = series_append_bridged(s, last.boot_ns + bridges[_i].gap_ns, 1,
				     bridges[_i].watts, bridges[_i].joules);
	ck_assert_int_eq(next != NULL, bridges[_i].taken);
	if (next) {
		ck_assert_ptr_eq(next, series_last(s));
		ck_assert(next->cum_j == bridges[_i].joules);
		ck_assert_int_eq(next->cum_covered_ns, bridges[_i].gap_ns);
		ck_assert_uint_eq(next->flags, SERIES_BRIDGED);
	} else {
		ck_assert_int_eq(errno, EINVAL);
		ck_assert_uint_eq(series_size(s), 1);
		ck_assert_mem_eq(series_last(s), &last, sizeof(last));
	}
	append_ok(s, series_last(s)->boot_ns + PERIOD, 100);
	ck_assert_uint_eq(series_last(s)->flags, 0);
	series_destroy(s);
}
END_TEST

/* ---- what the source says of the time before --------------------------------------- */

static const struct {
	int64_t after_ns;
	enum series_join join;
	double joules;
	bool taken;
	double cum_j;
	int64_t covered_ns;
} joins[] = {
	{ SECONDS(4), SERIES_LINE, NAN, true, 4 * 150, SECONDS(4) },
	{ MAX_GAP + 1, SERIES_LINE, NAN, true, 0, 0 },
	{ SECONDS(4), SERIES_MEAN, 123, true, 123, SECONDS(4) },
	{ SECONDS(4), SERIES_MEAN, 0, true, 0, SECONDS(4) },
	{ SECONDS(60), SERIES_MEAN, 123, true, 123, SECONDS(60) },
	{ SECONDS(4), SERIES_MEAN, 4e6, true, 4e6, SECONDS(4) },
	{ SECONDS(4), SERIES_MEAN, 4e6 + 1, false, 0, 0 },
	{ SECONDS(4), SERIES_MEAN, -1e-9, false, 0, 0 },
	{ SECONDS(4), SERIES_MEAN, NAN, false, 0, 0 },
	{ SECONDS(4), SERIES_MEAN, INFINITY, false, 0, 0 },
	{ SECONDS(4), SERIES_GAP, NAN, true, 0, 0 },
	{ SECONDS(60), SERIES_GAP, 5, true, 0, 0 },
	{ 0, SERIES_GAP, NAN, false, 0, 0 },
	{ -1, SERIES_MEAN, 5, false, 0, 0 },
};

START_TEST(test_append_as)
{
	series_t *s = series_create(8, PERIOD, MAX_GAP);
	int64_t at = SECONDS(100), after = joins[_i].after_ns;
	const struct series_sample *next;
	struct series_span half;

	/* the first sample joins nothing, whatever it says */
	ck_assert_ptr_nonnull(series_append_as(s, at, 1, 100, joins[_i].join,
					       joins[_i].joules));
	ck_assert(series_last(s)->cum_j == 0);
	ck_assert_uint_eq(series_last(s)->flags, 0);
	next = series_append_as(s, at + after, 1, 200, joins[_i].join,
				joins[_i].joules);
	ck_assert_int_eq(next != NULL, joins[_i].taken);
	ck_assert_uint_eq(series_size(s), joins[_i].taken ? 2 : 1);
	if (next) {
		ck_assert(next->cum_j == joins[_i].cum_j);
		ck_assert_int_eq(next->cum_covered_ns, joins[_i].covered_ns);
		half = between(s, at, at + after / 2);
		ck_assert_int_eq(half.covered_ns, joins[_i].covered_ns / 2);
		/* of a mean, half the joules are in half the time */
		if (joins[_i].join == SERIES_MEAN)
			ck_assert_double_eq_tol(half.joules,
						joins[_i].cum_j / 2, 1e-6);
		else if (joins[_i].covered_ns)
			ck_assert_double_eq_tol(half.joules, 2 * 125, 1e-9);
	}
	series_destroy(s);
}
END_TEST

/* ---- the ring --------------------------------------------------------------------- */

START_TEST(test_ring_wraps)
{
	uint32_t capacity = (uint32_t)_i, i, k;
	series_t *s = series_create(capacity, PERIOD, MAX_GAP);
	uint32_t room = capacity < 2 ? 2 : capacity;

	for (i = 0; i < 100; i++) {
		append_ok(s, SECONDS(1) + i * PERIOD, 100 + i);
		ck_assert_uint_eq(series_size(s), i + 1 < room ? i + 1 : room);
		for (k = 0; k < series_size(s); k++)
			ck_assert(series_get(s, k)->watts ==
				  100 + i - (series_size(s) - 1 - k));
		ck_assert_ptr_eq(series_get(s, 0), series_first(s));
	}
	/* sum of (w[i] + w[i+1]) / 2 * 5, w[i] = 100 + i */
	ck_assert(series_last(s)->cum_j == 5 * (99 * 100 + 99 * 99 / 2.0));
	ck_assert_int_eq(series_last(s)->cum_covered_ns, 99 * PERIOD);
	series_destroy(s);
}
END_TEST

START_TEST(test_exact_at_samples)
{
	series_t *s = series_create(64, PERIOD, MAX_GAP);
	uint32_t i, k;

	for (i = 0; i < 40; i++)	/* every tenth step is a gap */
		append_ok(s, SECONDS(3) + i * PERIOD + i / 10 * 4 * MAX_GAP,
			  123.456 + 7.89 * (i % 7));
	for (i = 0; i < 40; i++) {
		const struct series_sample *a = series_get(s, i);

		for (k = i; k < 40; k++) {
			const struct series_sample *b = series_get(s, k);
			struct series_span span = between(s, a->boot_ns,
							  b->boot_ns);

			ck_assert(span.joules == b->cum_j - a->cum_j);
			ck_assert_int_eq(span.covered_ns, b->cum_covered_ns -
							  a->cum_covered_ns);
		}
	}
	series_destroy(s);
}
END_TEST

/* ---- against a plain integration ---------------------------------------------------- */

#define PLAIN_MAX 400
struct plain {
	int n;
	int64_t t[PLAIN_MAX];
	double w[PLAIN_MAX];
	double bridge_w[PLAIN_MAX];	/* mean since the one before; 0: not bridged */
};

static double plain_w(const struct plain *p, int i, int64_t t)
{
	return p->w[i] + (p->w[i + 1] - p->w[i]) *
			 ns_to_s(t - p->t[i]) / ns_to_s(p->t[i + 1] - p->t[i]);
}

struct plain_gap {
	int64_t longest, run;	/* the run ends at `upto` */
	int64_t upto;
};

static void plain_gap_add(struct plain_gap *g, int64_t from, int64_t to)
{
	if (from >= to)
		return;
	g->run = (g->upto == from ? g->run : 0) + to - from;
	g->upto = to;
	if (g->run > g->longest)
		g->longest = g->run;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Segment by segment, with nothing cumulative. */
static struct series_span plain_between(const struct plain *p, int first,
					int64_t from, int64_t to)
{
	struct series_span out = { 0 };
	struct plain_gap g = { 0, 0, INT64_MIN };
	int64_t covered_from = INT64_MAX;
	int i;

	plain_gap_add(&g, from, least(to, p->t[first]));
	for (i = first; i + 1 < p->n; i++) {
		int64_t a = most(from, p->t[i]), b = least(to, p->t[i + 1]);

		if (a >= b)
			continue;
		if (p->t[i + 1] - p->t[i] > MAX_GAP && !p->bridge_w[i + 1]) {
			plain_gap_add(&g, a, b);
			continue;
		}
		covered_from = least(covered_from, a);
		out.covered_ns += b - a;
		if (p->bridge_w[i + 1]) {
			out.joules += p->bridge_w[i + 1] * ns_to_s(b - a);
			continue;
		}
		out.joules += (plain_w(p, i, a) + plain_w(p, i, b)) / 2 *
			      ns_to_s(b - a);
	}
	plain_gap_add(&g, most(from, p->t[p->n - 1]), to);
	out.max_gap_ns = g.longest;
	out.head_gap_ns = least(covered_from, to) - from;
	out.tail_gap_ns = g.upto == to ? g.run : 0;
	return out;
}

static void make_random(struct plain *p, series_t *s)
{
	int64_t t = random_between(1, SECONDS(100));
	int i;

	p->n = PLAIN_MAX;
	for (i = 0; i < p->n; i++) {
		p->t[i] = t;
		p->w[i] = 50 + 2000 * random_unit();
		p->bridge_w[i] = 0;
		if (i && t - p->t[i - 1] > MAX_GAP && random_u64() % 2) {
			p->bridge_w[i] = 5 + 4000 * random_unit();
			ck_assert_ptr_nonnull(series_append_bridged(s, t, 0,
				p->w[i], p->bridge_w[i] *
				ns_to_s(t - p->t[i - 1])));
		} else {
			append_ok(s, t, p->w[i]);
		}
		t += random_u64() % 8 == 0 ?
			random_between(MAX_GAP - SECONDS(1), 4 * MAX_GAP) :
			random_between(1, 2 * PERIOD);
	}
}

static void spans_equal(const struct series_span *a,
			const struct series_span *b, const char *what)
{
	ck_assert_msg(fabs(a->joules - b->joules) <= 1e-7 + 1e-10 * b->joules &&
		      a->covered_ns == b->covered_ns &&
		      a->max_gap_ns == b->max_gap_ns &&
		      a->head_gap_ns == b->head_gap_ns &&
		      a->tail_gap_ns == b->tail_gap_ns,
		      "%s: %.9f J %" PRId64 " gaps %" PRId64 " %" PRId64
		      " %" PRId64 ", not %.9f J %" PRId64 " gaps %" PRId64
		      " %" PRId64 " %" PRId64, what,
		      a->joules, a->covered_ns, a->max_gap_ns, a->head_gap_ns,
		      a->tail_gap_ns, b->joules, b->covered_ns, b->max_gap_ns,
		      b->head_gap_ns, b->tail_gap_ns);
}

/* A time in and around the samples, often at one. */
static int64_t random_time(const struct plain *p)
{
	if (random_u64() % 4 == 0)
		return p->t[random_u64() % (uint64_t)p->n];
	return random_between(most(0, p->t[0] - SECONDS(50)),
			      p->t[p->n - 1] + SECONDS(50));
}

START_TEST(test_against_plain)
{
	static const uint32_t capacities[] = { 2, 3, 17, 128, 400, 1000 };
	static struct plain p;
	uint64_t seed = random_start("test_against_plain");
	char what[96];
	unsigned c, i;

	for (c = 0; c < COUNT(capacities); c++) {
		series_t *s = series_create(capacities[c], PERIOD, MAX_GAP);

		make_random(&p, s);
		for (i = 0; i < 1000; i++) {
			int64_t a = random_time(&p), b = random_time(&p);
			struct series_span got, want;

			if (a == b)
				continue;
			got = between(s, least(a, b), most(a, b));
			want = plain_between(&p, p.n - (int)series_size(s),
					     least(a, b), most(a, b));
			snprintf(what, sizeof(what), "seed %" PRIu64
				 " capacity %u pair %u", seed, capacities[c], i);
			spans_equal(&got, &want, what);
		}
		series_destroy(s);
	}
}
END_TEST

START_TEST(test_join)
{
	static struct plain p;
	uint64_t seed = random_start("test_join");
	series_t *s = series_create(300, PERIOD, MAX_GAP);
	char what[64];
	unsigned i;

	make_random(&p, s);
	for (i = 0; i < 500; i++) {
		int64_t a = random_time(&p), b = random_time(&p), at, next;
		int64_t from = least(a, b), to = most(a, b);
		struct series_span sum = { 0 }, whole = between(s, from, to);

		for (at = from; at < to; at = next) {
			struct series_span part;

			next = least(to, at + 1 + (int64_t)((double)(to - from) *
				     random_unit() * random_unit()));
			part = between(s, at, next);
			series_span_join(&sum, at - from, &part, next - at);
		}
		snprintf(what, sizeof(what), "seed %" PRIu64 " span %u", seed, i);
		spans_equal(&sum, &whole, what);
	}
	series_destroy(s);
}
END_TEST

/* Cumulative values never fall, however dense one looks. */
START_TEST(test_monotonic)
{
	static struct plain p;
	uint64_t seed = random_start("test_monotonic");
	series_t *s = series_create(400, PERIOD, MAX_GAP);
	int64_t from, t, step;
	struct series_span last = { 0 };

	make_random(&p, s);
	from = p.t[0];
	step = (p.t[p.n - 1] - from) / 20011;
	for (t = from; t < p.t[p.n - 1] + SECONDS(30); t += step) {
		struct series_span span = between(s, from, t);

		ck_assert_msg(span.joules >= last.joules &&
			      span.covered_ns >= last.covered_ns &&
			      span.max_gap_ns >= last.max_gap_ns &&
			      span.covered_ns <= t - from,
			      "seed %" PRIu64 " at %" PRId64, seed, t);
		last = span;
	}
	series_destroy(s);
}
END_TEST

/*
 * A file whose middle was damaged gives samples with one missing, next to a
 * gap: cover may jump at a sample, but it never goes back.
 */
START_TEST(test_missing_sample)
{
	series_t *whole = series_create(8, PERIOD, MAX_GAP);
	series_t *s = series_create(8, PERIOD, MAX_GAP);
	struct series_span a, b;
	int64_t t;

	append_ok(whole, SECONDS(10), 100);
	append_ok(whole, SECONDS(110), 100);	/* behind a gap; lost */
	append_ok(whole, SECONDS(115), 100);
	append_ok(whole, SECONDS(120), 100);
	series_push(s, series_get(whole, 0));
	series_push(s, series_get(whole, 2));
	series_push(s, series_get(whole, 3));
	for (t = SECONDS(10); t <= SECONDS(120); t += SECONDS(0.5)) {
		a = between(s, SECONDS(10), t);
		b = between(s, t, SECONDS(120));
		ck_assert_msg(a.covered_ns >= 0 && b.covered_ns >= 0 &&
			      a.covered_ns + b.covered_ns == SECONDS(10) &&
			      fabs(a.joules + b.joules - 1000) < 1e-9,
			      "%.1f s: %" PRId64 " + %" PRId64, ns_to_s(t),
			      a.covered_ns, b.covered_ns);
	}
	series_destroy(whole);
	series_destroy(s);
}
END_TEST

/* ---- the rest -------------------------------------------------------------------------- */

START_TEST(test_head_point)
{
	struct series_head head = {
		.count = 7,
		.last = { .boot_ns = SECONDS(100), .watts = 300,
			  .cum_j = 5000, .cum_covered_ns = SECONDS(40) },
	};
	static const struct { double t_s, joules, covered_s; } points[] = {
		{ 99, 5000, 40 }, { 100, 5000, 40 }, { 100.5, 5150, 40.5 },
		{ 104, 6200, 44 }, { 105, 6500, 45 }, { 105.000001, 6500, 45 },
		{ 1000, 6500, 45 }, { 9e9, 6500, 45 },
	};
	struct series_point p;
	unsigned i;

	for (i = 0; i < COUNT(points); i++) {
		series_head_point(&head, PERIOD, SECONDS(points[i].t_s), &p);
		ck_assert(p.cum_j == points[i].joules);
		ck_assert_int_eq(p.cum_covered_ns, SECONDS(points[i].covered_s));
		ck_assert(!p.exact);
	}
	head = (struct series_head){ 0 };	/* no sample: nothing is held */
	series_head_point(&head, PERIOD, SECONDS(100), &p);
	ck_assert(p.cum_j == 0 && p.cum_covered_ns == 0);
}
END_TEST

START_TEST(test_wall)
{
	series_t *s = series_create(8, PERIOD, MAX_GAP);

	/* the wall clock goes from 1000 s ahead of boot time to 500 s ahead */
	ck_assert_ptr_nonnull(series_append(s, SECONDS(10), SECONDS(1010), 100));
	ck_assert_ptr_nonnull(series_append(s, SECONDS(20), SECONDS(520), 100));
	ck_assert_int_eq(series_wall_ns(s, SECONDS(4)), SECONDS(1004));
	ck_assert_int_eq(series_wall_ns(s, SECONDS(10)), SECONDS(1010));
	ck_assert_int_eq(series_wall_ns(s, SECONDS(14)), SECONDS(1014));
	ck_assert_int_eq(series_wall_ns(s, SECONDS(16)), SECONDS(516));
	ck_assert_int_eq(series_wall_ns(s, SECONDS(20)), SECONDS(520));
	ck_assert_int_eq(series_wall_ns(s, SECONDS(99)), SECONDS(599));
	series_destroy(s);
	errno = 4711;
	series_destroy(NULL);
	ck_assert_int_eq(errno, 4711);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("series");
	TCase *tc = tcase_create("memory");

	tcase_add_loop_test(tc, test_constant_is_exact, 0, COUNT(constant_w));
	tcase_add_loop_test(tc, test_wave, 0, COUNT(waves));
	tcase_add_loop_test(tc, test_gap, 0, COUNT(gaps));
	tcase_add_test(tc, test_outside_is_uncovered);
	tcase_add_loop_test(tc, test_refused, 0, COUNT(refused));
	tcase_add_loop_test(tc, test_bridge_taken, 0, COUNT(bridges));
	tcase_add_loop_test(tc, test_append_as, 0, COUNT(joins));
	tcase_add_loop_test(tc, test_ring_wraps, 1, 12);
	tcase_add_test(tc, test_exact_at_samples);
	tcase_add_test(tc, test_against_plain);
	tcase_add_test(tc, test_join);
	tcase_add_test(tc, test_monotonic);
	tcase_add_test(tc, test_missing_sample);
	tcase_add_test(tc, test_head_point);
	tcase_add_test(tc, test_wall);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
