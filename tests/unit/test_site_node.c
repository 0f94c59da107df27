/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node with a site: what it believes, its clock, and that no joule is lost. */
#include <errno.h>
#include <math.h>

#include "lib/gate.h"
#include "rig.h"
#include "scratch.h"
#include "site/answer.h"
#include "source/json_site.h"
#include "source/site_track.h"

#define BOOT "3fb97892-045e-4f38-b879-0dd30d47cc8c"
#define MAX_GAP SECONDS(15)

/* ---- clocks -------------------------------------------------------------- */

static const struct {
	bool first;
	int64_t offset_ns, now_ns, sent_ns, received_ns, want_ns;
} offsets[] = {
	/* the middle, as long as nothing is known */
	{ true, 0, 1000, 500, 600, 450 },
	{ true, 77, 1000, 500, 500, 500 },
	/* the site was started later than this host */
	{ true, 0, 1000, 5000, 5100, -4050 },
	/* kept while it can be right */
	{ false, 450, 2000, 1500, 1600, 450 },
	{ false, 400, 2000, 1500, 1600, 400 },
	{ false, 500, 2000, 1500, 1600, 500 },
	/* else the nearer end */
	{ false, 399, 2000, 1500, 1600, 400 },
	{ false, 501, 2000, 1500, 1600, 500 },
	{ false, -4050, 2000, 1500, 1600, 400 },
};

START_TEST(test_offset)
{
	const struct site_moment m = { offsets[_i].sent_ns,
				       offsets[_i].received_ns };

	ck_assert_int_eq(site_offset(offsets[_i].first, offsets[_i].offset_ns,
				     offsets[_i].now_ns, &m),
			 offsets[_i].want_ns);
}
END_TEST

/* ---- joins --------------------------------------------------------------- */

static struct site_series answer;
static struct past_sample out[SITE_SAMPLES_MAX];

static void answer_begin(const char *boot_id, int64_t now_ns)
{
	memset(&answer, 0, sizeof(answer));
	snprintf(answer.boot_id, sizeof(answer.boot_id), "%s", boot_id);
	answer.now_ns = now_ns;
	answer.period_ns = SECONDS(5);
}

static void answer_add(double at_s, double watts, double cum_j,
		       double covered_s, uint32_t flags)
{
	answer.samples[answer.count++] = (struct site_sample){
		SECONDS(at_s), watts, cum_j, SECONDS(covered_s), flags };
}

/* The site's clock is 100 s ahead. */
static unsigned take(struct site_track *t, double now_s)
{
	const struct site_moment m = { SECONDS(now_s - 100), SECONDS(now_s - 100) };

	return site_track_take(t, &answer, &m, MAX_GAP, out);
}

START_TEST(test_joins)
{
	struct site_track t = { .known = false };

	answer_begin(BOOT, SECONDS(1000));
	answer_add(1000, 200, 5000, 600, 0);
	ck_assert_uint_eq(take(&t, 1000), 1);
	ck_assert_int_eq(out[0].join, SERIES_GAP);	/* there was none before */
	ck_assert_int_eq(out[0].boot_ns, SECONDS(900));

	answer_begin(BOOT, SECONDS(1060));
	answer_add(1005, 400, 6500, 605, 0);		/* a line */
	answer_add(1020, 400, 12500, 620, 0);		/* a line of three periods */
	answer_add(1025, 300, 12500, 620, 0);		/* the site's BMC was silent */
	answer_add(1045, 300, 19500, 640, 1);		/* its counter knew */
	answer_add(1050, 300, 21100, 645, 0);		/* one between is missing */
	answer_add(1060, 300, 22000, 648, 0);		/* covered in part */
	ck_assert_uint_eq(take(&t, 1060), 6);
	ck_assert_int_eq(out[0].join, SERIES_LINE);
	ck_assert_int_eq(out[1].join, SERIES_LINE);
	ck_assert_int_eq(out[2].join, SERIES_GAP);
	ck_assert_int_eq(out[3].join, SERIES_MEAN);
	ck_assert_double_eq(out[3].joules, 7000);
	ck_assert_int_eq(out[4].join, SERIES_MEAN);
	ck_assert_double_eq(out[4].joules, 1600);
	ck_assert_int_eq(out[5].join, SERIES_GAP);
	ck_assert_int_eq(out[5].boot_ns, SECONDS(960));
}
END_TEST

/* A line is none where the site joined them, and this node would not. */
START_TEST(test_wide_line)
{
	struct site_track t = { .known = false };

	answer_begin(BOOT, SECONDS(1000));
	answer_add(1000, 200, 5000, 600, 0);
	take(&t, 1000);
	answer_begin(BOOT, SECONDS(1030));
	answer_add(1030, 200, 11000, 630, 0);
	ck_assert_uint_eq(take(&t, 1030), 1);
	ck_assert_int_eq(out[0].join, SERIES_MEAN);
	ck_assert_double_eq(out[0].joules, 6000);
}
END_TEST

/* The clocks' rates differ: joules stay the site's. */
START_TEST(test_moved)
{
	struct site_track t = { .known = false };

	answer_begin(BOOT, SECONDS(1000));
	answer_add(1000, 200, 5000, 600, 0);
	take(&t, 1000);
	answer_begin(BOOT, SECONDS(1005));
	answer_add(1005, 200, 6000, 605, 0);
	ck_assert_uint_eq(take(&t, 1005.001), 1);	/* ours is 1 ms further */
	ck_assert_int_eq(out[0].boot_ns, SECONDS(905.001));
	ck_assert_int_eq(out[0].join, SERIES_MEAN);
	ck_assert_double_eq(out[0].joules, 1000);
	/* one that would fall on the one before is left to the next */
	answer_begin(BOOT, SECONDS(1006));
	answer_add(1006, 200, 6200, 606, 0);
	ck_assert_uint_eq(take(&t, 1004), 0);
	answer_begin(BOOT, SECONDS(1010));
	answer_add(1010, 200, 7000, 610, 0);
	ck_assert_uint_eq(take(&t, 1010.002), 1);
	ck_assert_int_eq(out[0].join, SERIES_MEAN);
	ck_assert_double_eq(out[0].joules, 1000);
}
END_TEST

/* Another boot of the site: its joules begin anew, and so does its clock. */
START_TEST(test_reboot)
{
	struct site_track t = { .known = false };

	answer_begin(BOOT, SECONDS(1000));
	answer_add(1000, 200, 5000, 600, 0);
	take(&t, 1000);
	answer_begin("11111111-045e-4f38-b879-0dd30d47cc8c", SECONDS(50));
	answer_add(20, 300, 0, 0, 0);		/* at 905 s here */
	answer_add(25, 300, 1500, 5, 0);
	answer_add(30, 300, 3000, 10, 0);
	ck_assert_uint_eq(site_track_take(&t, &answer,
		&(struct site_moment){ SECONDS(935), SECONDS(935) }, MAX_GAP,
		out), 3);
	ck_assert_int_eq(out[0].boot_ns, SECONDS(905));
	ck_assert_int_eq(out[0].join, SERIES_GAP);
	ck_assert_int_eq(out[1].join, SERIES_LINE);
	/* a series that began anew within one boot: less than there was */
	answer_begin("11111111-045e-4f38-b879-0dd30d47cc8c", SECONDS(60));
	answer_add(60, 300, 100, 1, 0);
	ck_assert_uint_eq(site_track_take(&t, &answer,
		&(struct site_moment){ SECONDS(945), SECONDS(945) }, MAX_GAP,
		out), 1);
	ck_assert_int_eq(out[0].join, SERIES_GAP);
}
END_TEST

START_TEST(test_kept)
{
	struct site_track t = { .known = false }, u;
	char text[512];

	ck_assert_int_lt(site_track_parse(&u, ""), 0);
	ck_assert_int_lt(site_track_parse(&u, "site_boot=x\noffset_ns=1e3\n"), 0);
	answer_begin(BOOT, SECONDS(1000));
	answer_add(999.7, 200.1, 5000.123456789, 600, 0);
	take(&t, 1000);
	ck_assert_int_eq(site_track_format(&t, text, sizeof(text)), 0);
	ck_assert_int_eq(site_track_parse(&u, text), 0);
	ck_assert_mem_eq(&u, &t, sizeof(t));
	ck_assert_int_lt(site_track_format(&t, text, 100), 0);
	/* the sample of before comes back where it was, whatever the clocks say */
	answer_begin(BOOT, SECONDS(1001));
	answer_add(999.7, 200.1, 5000.123456789, 600, 0);
	ck_assert_uint_eq(take(&u, 1003), 1);
	ck_assert_int_eq(out[0].boot_ns, t.node_ns);
}
END_TEST

/* ---- rhythm -------------------------------------------------------------- */

/*
 * A site with a sample each site_s, to be had lag_s later, and a node with a
 * period of node_s. Once settled, the node has a sample at most late_s after it
 * can be had, and asks at most so many times for each of the site's periods.
 */
static const struct {
	double site_s, node_s, lag_s, late_s, requests;
} rhythms[] = {
	/* once a sample, a little after it is there */
	{ 1, 1, 0.002, 0.05, 1.1 },
	{ 5, 5, 0.01, 0.25, 1.1 },
	/* a slow BMC: the margin is learned, and not forgotten at once */
	{ 5, 5, 0.4, 0.8, 1.2 },
	{ 1, 1, 0.3, 0.2, 1.2 },
	/* the shorter period is the node's: as often as there is news */
	{ 5, 2.5, 0.01, 0.25, 1.1 },
	/* the longer: several at once, the newest of them fresh */
	{ 1, 5, 0.002, 0.05, 0.25 },
};

#define SETTLED 500
#define ASKED 1500

START_TEST(test_rhythm)
{
	const int64_t site_ns = SECONDS(rhythms[_i].site_s);
	const int64_t lag_ns = SECONDS(rhythms[_i].lag_s);
	int64_t now_ns = SECONDS(100.77), seen = -1, late_ns = 0, from_ns = 0;
	struct site_track t = { .known = true };
	struct site_rhythm r = { 0 };

	for (int i = 0; i < SETTLED + ASKED; i++) {
		int64_t newest = (now_ns - lag_ns) / site_ns;
		int64_t since_ns = now_ns - lag_ns - newest * site_ns;

		if (i == SETTLED)
			from_ns = now_ns;
		if (i >= SETTLED && newest > seen && since_ns > late_ns)
			late_ns = since_ns;
		t.node_ns = newest * site_ns;
		now_ns = site_rhythm_next(&r, &t, newest > seen, site_ns,
					  SECONDS(rhythms[_i].node_s), now_ns);
		ck_assert_int_gt(now_ns, t.node_ns);
		seen = newest;
	}
	ck_assert_double_le((double)late_ns / 1e9, rhythms[_i].late_s);
	ck_assert_double_le(ASKED / ((double)(now_ns - from_ns) / (double)site_ns),
			    rhythms[_i].requests);
}
END_TEST

/* A site that has nothing new is asked soon, a few times, then as ever. */
START_TEST(test_rhythm_lost)
{
	struct site_track t = { .known = false };
	struct site_rhythm r = { 0 };
	int64_t now_ns = SECONDS(1000);

	ck_assert_int_eq(site_rhythm_next(&r, &t, false, SECONDS(5), SECONDS(5),
					  now_ns), 0);
	t.known = true;
	t.node_ns = SECONDS(995);
	ck_assert_int_eq(site_rhythm_next(&r, &t, true, 0, SECONDS(5), now_ns), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(site_rhythm_next(&r, &t, false, SECONDS(4),
						  SECONDS(4), now_ns),
				 now_ns + SECONDS(0.5));
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(site_rhythm_next(&r, &t, false, SECONDS(4),
						  SECONDS(4), now_ns), 0);
	/* one miss was learned from, not a hundred */
	t.node_ns = now_ns;
	ck_assert_int_le(site_rhythm_next(&r, &t, true, SECONDS(4), SECONDS(4),
					  now_ns), now_ns + SECONDS(4.5));
	/* what is over already is not waited for */
	t.node_ns = now_ns - SECONDS(60);
	ck_assert_int_eq(site_rhythm_next(&r, &t, true, SECONDS(4), SECONDS(4),
					  now_ns), 0);
}
END_TEST

/* ---- joules -------------------------------------------------------------- */

/*
 * A site's life: lines, gaps, bridged gaps. The node asks now and then, with
 * answers late by anything, a clock of another rate, restarts. At the end it
 * has the site's joules and covered time, to rounding.
 */
struct life {
	series_t *site, *node;
	struct site_track track;
	int64_t now_ns;		/* the site's clock */
	double rate;		/* of the node's, against it */
	int64_t given_ns;
	double base_j;
	int64_t base_ns;
};

static int64_t node_clock(const struct life *l)
{
	return SECONDS(500) + (int64_t)((double)l->now_ns * l->rate);
}

static void site_step(struct life *l)
{
	uint64_t what = random_u64() % 20;
	double watts = 100 + 500 * random_unit();

	l->now_ns += SECONDS(5);
	if (what == 0) {
		l->now_ns += SECONDS(60);
		series_append_as(l->site, l->now_ns, 0, watts, SERIES_MEAN,
				 18000 * random_unit() + 1);
	} else if (what == 1) {
		l->now_ns += SECONDS(60);
		series_append(l->site, l->now_ns, 0, watts);
	} else {
		series_append(l->site, l->now_ns, 0, watts);
	}
}

static void node_keep(struct life *l, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct series_sample *last = series_last(l->node);
		const struct past_sample *s = &out[i];

		if (!last || s->boot_ns > last->boot_ns) {
			/* as the poller: joules count from the one before */
			ck_assert(s->join != SERIES_MEAN || !last ||
				  last->boot_ns == l->given_ns);
			ck_assert_ptr_nonnull(series_append_as(l->node,
				s->boot_ns, 0, s->watts, s->join, s->joules));
		}
		l->given_ns = s->boot_ns;
	}
}

static void node_ask(struct life *l)
{
	int64_t trip_ns = random_between(1000, SECONDS(0.02));
	int64_t back_ns = random_between(1000, SECONDS(0.02));
	struct site_moment m;

	m.sent_ns = node_clock(l) - trip_ns;
	m.received_ns = node_clock(l) + back_ns;
	answer_begin(BOOT, l->now_ns);
	for (uint32_t i = 0; i < series_size(l->site); i++) {
		const struct series_sample *s = series_get(l->site, i);

		if (l->track.known && s->boot_ns <= l->track.at_ns)
			continue;
		answer.samples[answer.count++] = (struct site_sample){
			s->boot_ns, s->watts, s->cum_j, s->cum_covered_ns,
			s->flags };
		if (answer.count == SITE_SAMPLES_MAX)
			break;
	}
	if (!l->track.known) {
		answer.samples[0] = answer.samples[answer.count - 1];
		answer.count = 1;
		l->base_j = answer.samples[0].cum_j;
		l->base_ns = answer.samples[0].cum_covered_ns;
	}
	node_keep(l, site_track_take(&l->track, &answer, &m, MAX_GAP, out));
}

static void node_restart(struct life *l)
{
	char text[512];

	ck_assert_int_eq(site_track_format(&l->track, text, sizeof(text)), 0);
	ck_assert_int_eq(site_track_parse(&l->track, text), 0);
}

START_TEST(test_joules)
{
	uint64_t seed = random_start("test_joules");
	struct life l = { .site = NULL };
	int i, asked = 0;

	random_state += (uint64_t)_i;
	l.rate = 1 + (random_unit() - 0.5) * 2e-4;
	l.site = series_create(4096, SECONDS(5), MAX_GAP);
	l.node = series_create(4096, SECONDS(5), MAX_GAP);
	l.now_ns = SECONDS(1000);
	for (i = 0; i < 2000; i++) {
		site_step(&l);
		if (random_u64() % 100 == 0)
			for (int k = 0; k < 50; k++)	/* a silence */
				site_step(&l);
		if (i < 1999 && random_u64() % 4 == 0)
			continue;
		node_ask(&l);
		if (++asked % 17 == 0)
			node_restart(&l);
	}
	ck_assert_msg(fabs(series_last(l.node)->cum_j -
			   (series_last(l.site)->cum_j - l.base_j)) <
		      1e-9 * series_last(l.site)->cum_j,
		      "seed %" PRIu64 " life %d: %.9f J, the site has %.9f J",
		      seed, _i, series_last(l.node)->cum_j,
		      series_last(l.site)->cum_j - l.base_j);
	/* time is each clock's own: a rate of 1e-4, and a step at each answer */
	ck_assert_double_eq_tol(ns_to_s(series_last(l.node)->cum_covered_ns),
				ns_to_s(series_last(l.site)->cum_covered_ns -
					l.base_ns),
				2e-4 * ns_to_s(l.now_ns) + 1);
	series_destroy(l.site);
	series_destroy(l.node);
}
END_TEST

/* ---- hostile answers ----------------------------------------------------- */

#define HEAD "{\"version\":1,\"node\":\"n1\",\"boot_id\":\"" BOOT "\",\"now_ns\":100000,\"source\":\"redfish:power\",\"period_ns\":5,\"samples\":["
#define TAIL "],\"more\":false}"

static const struct {
	const char *text;
	int count;		/* -1: refused */
} answers[] = {
	{ HEAD TAIL, 0 },
	{ HEAD "[1000,200,0,0,0]" TAIL, 1 },
	{ HEAD "[1000,200.5,0,0,0,\"more of it\"]" TAIL, 1 },
	{ HEAD "[1000,2e2,0,0,0],[2000,200,0.0002,1000,1]" TAIL, 2 },
	{ HEAD "],\"more\":false,\"later\":{\"a\":[1]}}", 0 },
	{ "", -1 }, { "{}", -1 }, { "[]", -1 }, { "null", -1 }, { "\xff", -1 },
	{ HEAD, -1 },
	{ HEAD TAIL "x", -1 },
	{ HEAD "[1000,200,0,0]" TAIL, -1 },
	{ HEAD "1000" TAIL, -1 },
	{ HEAD "[\"1000\",200,0,0,0]" TAIL, -1 },
	{ HEAD "[1000.5,200,0,0,0]" TAIL, -1 },
	{ HEAD "[-1,200,0,0,0]" TAIL, -1 },
	{ HEAD "[100001,200,0,0,0]" TAIL, -1 },		/* from the future */
	{ HEAD "[9223372036854775807,200,0,0,0]" TAIL, -1 },
	{ HEAD "[1000,0,0,0,0]" TAIL, -1 },
	{ HEAD "[1000,null,0,0,0]" TAIL, -1 },
	{ HEAD "[1000,NaN,0,0,0]" TAIL, -1 },
	{ HEAD "[1000,Infinity,0,0,0]" TAIL, -1 },
	{ HEAD "[1000,1e999,0,0,0]" TAIL, -1 },
	{ HEAD "[1000,1000001,0,0,0]" TAIL, -1 },
	{ HEAD "[1000,200,-1,0,0]" TAIL, -1 },
	{ HEAD "[1000,200,2,1000,0]" TAIL, -1 },	/* two megawatts */
	{ HEAD "[1000,200,0,1001,0]" TAIL, -1 },	/* covered before boot */
	{ HEAD "[1000,200,0,-1,0]" TAIL, -1 },
	{ HEAD "[1000,200,0,0,-1]" TAIL, -1 },
	{ HEAD "[1000,200,0,0,4294967296]" TAIL, -1 },
	{ HEAD "[2000,200,0,0,0],[1000,200,0,0,0]" TAIL, -1 },
	{ HEAD "[1000,200,0,0,0],[1000,200,0,0,0]" TAIL, -1 },
	{ HEAD "[1000,200,0.0001,500,0],[2000,200,0,500,0]" TAIL, -1 },
	{ HEAD "[1000,200,0,500,0],[2000,200,0,400,0]" TAIL, -1 },
	{ HEAD "[1000,200,0,0,0],[2000,200,0,1001,0]" TAIL, -1 },
	{ "{\"version\":2,\"node\":\"n1\",\"boot_id\":\"" BOOT "\",\"now_ns\":1,\"source\":\"\",\"period_ns\":5,\"samples\":[]}", -1 },
	{ "{\"version\":1,\"node\":\"n2\",\"boot_id\":\"" BOOT "\",\"now_ns\":1,\"source\":\"\",\"period_ns\":5,\"samples\":[]}", -1 },
	{ "{\"version\":1,\"node\":\"n1\\u0000\",\"boot_id\":\"" BOOT "\",\"now_ns\":1,\"source\":\"\",\"period_ns\":5,\"samples\":[]}", -1 },
	{ "{\"version\":1,\"node\":\"n1\",\"boot_id\":\"a b\\nurl=x\",\"now_ns\":1,\"source\":\"\",\"period_ns\":5,\"samples\":[]}", -1 },
	{ "{\"version\":1,\"node\":\"n1\",\"boot_id\":\"\",\"now_ns\":1,\"source\":\"\",\"period_ns\":5,\"samples\":[]}", -1 },
	{ "{\"version\":1,\"node\":\"n1\",\"boot_id\":\"a\",\"now_ns\":-1,\"source\":\"\",\"period_ns\":5,\"samples\":[]}", -1 },
	{ "{\"version\":1,\"node\":\"n1\",\"boot_id\":\"a\",\"now_ns\":1,\"source\":\"\",\"period_ns\":0,\"samples\":[]}", -1 },
	{ "{\"version\":1,\"node\":\"n1\",\"boot_id\":\"a\",\"now_ns\":1,\"source\":\"0123456789012345678901234567890123456789012345678901234567890123\",\"period_ns\":1,\"samples\":[]}", -1 },
	{ "{\"version\":1,\"node\":\"n1\",\"boot_id\":\"a\",\"now_ns\":1,\"source\":\"\",\"period_ns\":1,\"samples\":{}}", -1 },
	{ "{\"version\":1,\"node\":\"n1\",\"boot_id\":\"a\",\"now_ns\":1,\"source\":\"\",\"period_ns\":1}", -1 },
	{ "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", -1 },
};

START_TEST(test_answers)
{
	const char *text = answers[_i].text;
	struct err err = { "" };
	int rc = json_site_series(text, strlen(text), "n1", &answer, &err);

	if (answers[_i].count < 0) {
		ck_assert_int_lt(rc, 0);
		ck_assert_str_ne(err.text, "");
	} else {
		ck_assert_msg(rc == 0, "%s", err.text);
		ck_assert_uint_eq(answer.count, (unsigned)answers[_i].count);
	}
}
END_TEST

START_TEST(test_too_many)
{
	size_t room = 64 * (SITE_SAMPLES_MAX + 2) + 1024, n;
	char *text = malloc(room);
	struct err err = { "" };

	n = (size_t)snprintf(text, room, "%s", HEAD);
	for (int i = 0; i <= SITE_SAMPLES_MAX; i++)
		n += (size_t)snprintf(text + n, room - n, "%s[%d,200,0,0,0]",
				      i ? "," : "", i);
	n += (size_t)snprintf(text + n, room - n, "%s", TAIL);
	ck_assert_int_lt(json_site_series(text, n, "n1", &answer, &err), 0);
	free(text);
}
END_TEST

static const struct {
	const char *text;
	int64_t life_s;		/* 0: none */
} lives[] = {
	{ "{\"version\":1,\"node\":\"n1\",\"lifetime_s\":3600}", 3600 },
	{ "{\"version\":1,\"lifetime_s\":1}", 0 },
	{ "{\"version\":1,\"lifetime_s\":99999999}", 0 },
	{ "{\"version\":1,\"lifetime_s\":\"3600\"}", 0 },
	{ "{\"version\":1}", 0 },
	{ "{\"lifetime_s\":3600}", 0 },
	{ "lifetime_s", 0 },
};

START_TEST(test_session)
{
	int64_t life_ns;
	int rc = json_site_session(lives[_i].text, strlen(lives[_i].text),
				   &life_ns);

	ck_assert_int_eq(rc, lives[_i].life_s ? 0 : -1);
	ck_assert_int_eq(life_ns, lives[_i].life_s * NS_PER_S);
}
END_TEST

START_TEST(test_taken)
{
	static const char *const bad[] = {
		"{\"version\":1,\"lines\":1,\"new\":2,\"refused\":0}",
		"{\"version\":1,\"lines\":-1,\"new\":-2,\"refused\":0}",
		"{\"version\":1,\"lines\":1,\"new\":1}", "{}", "",
	};
	static const char good[] =
		"{\"version\":1,\"lines\":3,\"new\":2,\"refused\":1}";
	uint32_t lines, fresh, refused;
	char said[8];

	ck_assert_int_eq(json_site_taken(good, strlen(good), &lines,
					 &fresh, &refused), 0);
	ck_assert_uint_eq(lines, 3);
	ck_assert_uint_eq(fresh, 2);
	ck_assert_uint_eq(refused, 1);
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_int_lt(json_site_taken(bad[i], strlen(bad[i]), &lines,
						 &fresh, &refused), 0);
	ck_assert_int_eq(json_site_error("{\"error\":\"no\"}", 14, said,
					 sizeof(said)), 0);
	ck_assert_str_eq(said, "no");
	ck_assert_int_lt(json_site_error("{\"error\":\"no more of it\"}", 24,
					 said, sizeof(said)), 0);
}
END_TEST

/* ---- what the site says is what the node reads ----------------------------- */

static rig_t rig;
static struct answer_room room;

static void setup(void)
{
	scratch_setup();
	rig_init(&rig, scratch);
	rig_open(&rig);
}

static void teardown(void)
{
	rig_free(&rig);
	scratch_teardown();
}

static int64_t rig_clock(void *arg)
{
	return ((rig_t *)arg)->now_ns;
}

static void both_sides(struct answer_node *n, int64_t after_ns)
{
	const timesource_t ts = { rig_clock, rig_clock, &rig };
	struct answer_query q = { .from = after_ns >= -1, .after_ns = after_ns };
	struct err err = { "" };
	long size = answer_series(n, &q, &ts, rig.boot_id, &room, &err);

	ck_assert_msg(size > 0, "%s", err.text);
	ck_assert_int_lt(size, ANSWER_SIZE);
	ck_assert_msg(json_site_series(room.text, (size_t)size, n->name,
				       &answer, &err) == 0, "%s: %s", err.text,
		      room.text);
}

START_TEST(test_answer)
{
	struct answer_node n;
	const series_t *s = series_writer_series(rig.series);
	char name[] = "n1";

	setenv("WATTGATE_RUN_DIR", scratch, 1);
	ck_assert_int_eq(mkdir(scratch_path("n1"), 0755) == 0 ||
			 errno == EEXIST, 1);
	ck_assert_int_eq(symlink(rig.series_path, scratch_path("link")), 0);
	answer_node_init(&n, name);
	if (strcmp(rig.series_path, scratch_path("n1/series")) != 0)
		ck_assert_int_eq(link(rig.series_path,
				      scratch_path("n1/series")), 0);
	both_sides(&n, -2);
	ck_assert_uint_eq(answer.count, 0);
	rig_run(&rig, 7000, 123.456789);	/* 1400 samples; the ring has 900 or so */
	both_sides(&n, -2);
	ck_assert_uint_eq(answer.count, 1);
	ck_assert_int_eq(answer.samples[0].boot_ns, series_last(s)->boot_ns);
	ck_assert_double_eq(answer.samples[0].cum_j, series_last(s)->cum_j);
	both_sides(&n, series_last(s)->boot_ns);
	ck_assert_uint_eq(answer.count, 0);
	ck_assert(!answer.more);
	both_sides(&n, series_get(s, series_size(s) - 8)->boot_ns);
	ck_assert_uint_eq(answer.count, 7);
	both_sides(&n, -1);
	ck_assert_uint_ge(answer.count, 100);
	for (uint32_t i = 0; i < answer.count && !answer.more; i++) {
		const struct series_sample *want = series_get(s,
				series_size(s) - answer.count + i);

		ck_assert_int_eq(answer.samples[i].boot_ns, want->boot_ns);
		ck_assert_double_eq(answer.samples[i].cum_j, want->cum_j);
		ck_assert_int_eq(answer.samples[i].cum_covered_ns,
				 want->cum_covered_ns);
	}
	answer_node_close(&n);
}
END_TEST

static const struct {
	const char *boot, *after;
	int rc;
	bool from;
	int64_t after_ns;
} queries[] = {
	{ NULL, NULL, 0, false, 0 },
	{ BOOT, "5000", 0, true, 5000 },
	{ "other", "5000", 0, true, -1 },
	{ BOOT, NULL, -1, false, 0 },
	{ NULL, "5", -1, false, 0 },
	{ BOOT, "", -1, false, 0 },
	{ BOOT, "-5", -1, false, 0 },
	{ BOOT, " 5", -1, false, 0 },
	{ BOOT, "5x", -1, false, 0 },
	{ BOOT, "99999999999999999999", -1, false, 0 },
};

START_TEST(test_query)
{
	struct answer_query q;

	ck_assert_int_eq(answer_query_parse(&q, queries[_i].boot,
					    queries[_i].after, BOOT),
			 queries[_i].rc);
	if (queries[_i].rc == 0) {
		ck_assert_int_eq(q.from, queries[_i].from);
		ck_assert_int_eq(q.after_ns, queries[_i].after_ns);
	}
}
END_TEST

/* ---- suspensions in a silence that is learnt of at once --------------------- */

static double live_answer(gate_live_t *g)
{
	struct suspend_slot slot = { 0 };
	struct series_head head = { .count = 1 };
	suspend_reader_t suspended;
	struct series_point now;

	head.last = *series_last(series_writer_series(rig.series));
	ck_assert_int_eq(suspend_reader_open(&suspended, rig.suspend_path,
					     NULL), 0);
	ck_assert_int_eq(suspend_reader_get(&suspended, 1, &slot), 0);
	suspend_reader_close(&suspended);
	series_head_point(&head, RIG_PERIOD, rig.now_ns, &now);
	return gate_live_advance(g, &now, &slot);
}

/* As the poller does it, one period late: the newest lies a period back. */
static void learn_all(int64_t from_ns, double watts, enum series_join join)
{
	const series_t *s = series_writer_series(rig.series);
	struct series_sample known = *series_last(s), next;
	int64_t to_ns = rig.now_ns - SECONDS(1);
	struct err err;

	for (int64_t t = from_ns + RIG_PERIOD; t <= to_ns; t += RIG_PERIOD) {
		ck_assert_int_eq(series_next_as(s, t, 0, watts, join,
						watts * 5, &next), 0);
		account_learn(rig.account, &known, series_last(s), &next,
			      t + RIG_PERIOD > to_ns);
		ck_assert_int_eq(series_writer_append_as(rig.series, t, 0,
				watts, join, watts * 5, &err), 0);
	}
}

static const struct {
	int stop_s, resume_s;
} suspensions[] = {
	{ -10, 30 }, { -10, 110 }, { 30, 60 }, { 10, 90 }, { 50, 110 },
	{ 95, 130 }, { 5, 10 },
};

START_TEST(test_suspended)
{
	const struct suspend_slot none = { 0 };
	const int i = _i / 3;
	const enum series_join joins[] = { SERIES_LINE, SERIES_MEAN, SERIES_GAP };
	stepd_t stepd = stepd_start();
	struct rig_ledger written;
	const struct ledger_alloc *a;
	int64_t silent_ns = 0;
	gate_live_t g;
	gaterec_t job;
	double said;

	rig_run(&rig, 60, 200);
	job = rig_record(&rig, 1, GATEREC_EXTERN, 0.5);
	stepd_is(&stepd, &job);
	rig_write(&rig, &job);
	gate_live_start(&g, rig.now_ns, 0.5,
			series_last(series_writer_series(rig.series))->cum_j,
			&none);
	for (int t = -20; t < 140; t += 5) {
		if (t == suspensions[i].stop_s)
			stepd_suspend(&stepd);
		if (t == suspensions[i].resume_s)
			stepd_resume(&stepd);
		account_await(rig.account, INT64_MAX);
		if (t == 0)
			silent_ns = series_last(series_writer_series(rig.series))->boot_ns;
		if (t == 100)
			learn_all(silent_ns, 200, joins[_i % 3]);
		rig_step(&rig, t < 0 || t >= 100 ? 200 : 0);
		live_answer(&g);
	}
	said = live_answer(&g);
	rig_end(&rig, &job);
	rig_run(&rig, 30, 200);
	ck_assert_int_eq(rig_stop(&rig), 0);
	written = rig_ledger_read(rig.ledger_path);
	rig_check_laws(&written, "suspended");
	a = rig_alloc(&written, 1, GATEREC_EXTERN, 0);
	/* a held period is all that the plugin may be off by in a gap */
	ck_assert_double_eq_tol(said, a->gated_j, _i % 3 == 2 ? 501 : 1);
	rig_ledger_free(&written);
	stepd_kill(&stepd);
}
END_TEST

static Suite *site_node_suite(void)
{
	Suite *suite = suite_create("site_node");
	TCase *tc = tcase_create("track");
	TCase *with_rig = tcase_create("rig");

	tcase_add_loop_test(tc, test_offset, 0, COUNT(offsets));
	tcase_add_test(tc, test_joins);
	tcase_add_test(tc, test_wide_line);
	tcase_add_test(tc, test_moved);
	tcase_add_test(tc, test_reboot);
	tcase_add_test(tc, test_kept);
	tcase_add_loop_test(tc, test_rhythm, 0, COUNT(rhythms));
	tcase_add_test(tc, test_rhythm_lost);
	tcase_add_loop_test(tc, test_joules, 0, 10);
	tcase_add_loop_test(tc, test_answers, 0, COUNT(answers));
	tcase_add_test(tc, test_too_many);
	tcase_add_loop_test(tc, test_session, 0, COUNT(lives));
	tcase_add_test(tc, test_taken);
	tcase_add_loop_test(tc, test_query, 0, COUNT(queries));
	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(with_rig, setup, teardown);
	tcase_set_timeout(with_rig, 60);
	tcase_add_test(with_rig, test_answer);
	tcase_add_loop_test(with_rig, test_suspended, 0,
			    3 * COUNT(suspensions));
	suite_add_tcase(suite, with_rig);
	return suite;
}

int main(void)
{
	return suite_run(site_node_suite());
}
