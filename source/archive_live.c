/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive_live.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Clocks that are kept by NTP agree much better. */
#define FUTURE_MAX_NS (5 * NS_PER_S)
/* Rows may be so late without being missed, or the longest gap, or ... */
#define QUIET_NS (60 * NS_PER_S)
#define QUIET_PERIODS 3		/* ... so many periods, whichever is longest */
#define SPAN_MIN_NS (10 * NS_PER_S)

struct source {
	struct archive archive;
	const struct conf *conf;
	timesource_t ts;
	const logger_t *log;
	http_conn_t *conn;
	struct rowset rows;
	struct past_sample *past;	/* of the reading at hand */
	unsigned past_room;
	int64_t last_wall_ns;	/* stamp of the last row given; 0 = none yet */
	int64_t last_boot_ns;
	double last_watts;
	int64_t span_ns;	/* how far back rows are asked for, at most */

	/* the sample under way */
	source_done_fn done;
	void *arg;
	int64_t from_ns, to_ns;
};

/* ---- the end of a sample ---- */

static void sample_end(source_t *s, const struct reading *r)
{
	source_done_fn done = s->done;

	s->done = NULL;
	done(s->arg, r);
}

static void sample_fail(source_t *s, enum backoff_kind backoff,
			int64_t retry_after_ns, const struct err *why)
{
	struct reading r = { .backoff = backoff, .why = *why,
			     .retry_after_ns = retry_after_ns };

	sample_end(s, &r);
}

/* ---- no rows ---- */

static int64_t quiet_ns(const source_t *s)
{
	int64_t ns = QUIET_PERIODS * s->conf->period_ns;

	if (ns < s->conf->max_gap_ns)
		ns = s->conf->max_gap_ns;
	return ns > QUIET_NS ? ns : QUIET_NS;
}

static void none_text(const source_t *s, struct err *why)
{
	const struct archive *a = &s->archive;
	char stamp[32];

	if (s->last_wall_ns)
		err_set(why, "%s: no row of %s since %s: %s", a->meter->url,
			a->place, clock_iso8601(s->last_wall_ns, stamp,
						sizeof(stamp)), a->ops->none);
	else
		err_set(why, "%s: no row of %s in the last %.0f s: %s",
			a->meter->url, a->place,
			ns_to_s(s->to_ns - a->ahead_ns - s->from_ns),
			a->ops->none);
}

/* Is the last row there is no power? */
static bool ends_dark(const struct rowset *rows)
{
	return rows->dark_ns &&
	       (rows->n == 0 || rows->dark_ns > rows->at[rows->n - 1].wall_ns);
}

/* Rows that are no power are trouble; none at all are, after a while. */
static void none_end(source_t *s, int64_t now_wall_ns)
{
	struct reading r = { .backoff = BACKOFF_NONE };
	struct err why;

	if (ends_dark(&s->rows)) {
		r.why = s->rows.dark;
		archive_blame(&s->archive, &r.why);
	} else if (s->last_wall_ns &&
		   now_wall_ns - s->last_wall_ns <= quiet_ns(s)) {
		r.nothing_new = true;
	} else {
		none_text(s, &why);
		r.why = why;
	}
	sample_end(s, &r);
}

/* ---- rows ---- */

static int past_reserve(source_t *s)
{
	struct past_sample *past;

	if (s->rows.n <= s->past_room)
		return 0;
	past = realloc(s->past, s->rows.n * sizeof(*past));
	if (!past)
		return -1;
	s->past = past;
	s->past_room = s->rows.n;
	return 0;
}

/*
 * A sample a period is enough: where rows are closer, one sample stands for
 * several, and has their joules. Not where a gap follows, and what is left at
 * the end is for the next time.
 */
static bool row_stands(const source_t *s, const struct row *row,
		       const struct row *end)
{
	int64_t since_ns = row->wall_ns - s->last_wall_ns;

	return !s->last_wall_ns || since_ns >= s->conf->period_ns * 9 / 10 ||
	       (row + 1 < end &&
		row[1].wall_ns - row->wall_ns > s->conf->max_gap_ns);
}

/* The sample of a row, and the joules since the one before it. */
static struct past_sample sample_of(source_t *s, const struct row *row,
				    int64_t boot_ns, unsigned skipped,
				    double joules)
{
	struct past_sample sample = { .boot_ns = boot_ns, .watts = row->watts };

	if (skipped) {
		sample.join = SERIES_MEAN;
		sample.joules = joules;
	}
	s->last_wall_ns = row->wall_ns;
	s->last_boot_ns = boot_ns;
	s->last_watts = row->watts;
	return sample;
}

/*
 * Rows become samples of boot time, by what is between the clocks now. What
 * lies before this boot, or, where the wall clock was set, before the sample
 * before, is left out.
 */
static unsigned rows_take(source_t *s, int64_t wall_to_boot_ns)
{
	const struct row *end = s->rows.at + s->rows.n;
	int64_t at_ns = s->last_boot_ns;
	double watts = s->last_watts, joules = 0;
	unsigned n = 0, skipped = 0;

	for (const struct row *row = s->rows.at; row < end; row++) {
		int64_t boot_ns = row->wall_ns + wall_to_boot_ns;

		if (boot_ns <= at_ns)
			continue;
		joules += (watts + row->watts) / 2 * ns_to_s(boot_ns - at_ns);
		at_ns = boot_ns;
		watts = row->watts;
		if (row_stands(s, row, end)) {
			s->past[n++] = sample_of(s, row, boot_ns, skipped,
						 joules);
			joules = 0;
			skipped = 0;
		} else {
			skipped++;
		}
	}
	return n;
}

static void rows_end(source_t *s, int64_t wall_to_boot_ns, int64_t now_wall_ns)
{
	struct reading r = { .ok = true, .past = s->past };
	unsigned n = rows_take(s, wall_to_boot_ns);

	if (n == 0) {
		none_end(s, now_wall_ns);
		return;
	}
	r.past_count = n - 1;
	r.watts = s->past[n - 1].watts;
	r.boot_ns = s->past[n - 1].boot_ns;
	r.join = s->past[n - 1].join;
	r.joules = s->past[n - 1].joules;
	r.energy_j = __builtin_nan("");
	snprintf(r.source, sizeof(r.source), "%s", s->archive.place);
	sample_end(s, &r);
}

/* What is of the future, by a little, is for the next time. */
static void rows_until(struct rowset *rows, int64_t now_wall_ns)
{
	while (rows->n > 0 && rows->at[rows->n - 1].wall_ns > now_wall_ns)
		rows->n--;
	if (rows->dark_ns > now_wall_ns)
		rows->dark_ns = 0;
}

static bool future_refused(source_t *s, int64_t now_wall_ns)
{
	struct err why;

	if (s->rows.newest_ns - now_wall_ns <= FUTURE_MAX_NS)
		return false;
	err_set(&why, "%s: a row of %s is stamped %.0f s in the future; the clocks of this host and of what stamps the rows do not agree, check NTP on both",
		s->archive.meter->url, s->archive.place,
		ns_to_s(s->rows.newest_ns - now_wall_ns));
	sample_fail(s, BACKOFF_NONE, 0, &why);
	return true;
}

static void rows_read(source_t *s)
{
	/* one between two of the other: we may have had to wait in between */
	int64_t before_ns = timesource_boot_ns(&s->ts);
	int64_t wall_ns = timesource_wall_ns(&s->ts);
	int64_t boot_ns = (before_ns + timesource_boot_ns(&s->ts)) / 2;
	struct err why;

	s->span_ns = ARCHIVE_LATE_NS;
	if (future_refused(s, wall_ns))
		return;
	rows_until(&s->rows, wall_ns);
	if (s->rows.n == 0) {
		none_end(s, wall_ns);
	} else if (past_reserve(s) < 0) {
		err_set(&why, "out of memory");
		sample_fail(s, BACKOFF_SOON, 0, &why);
	} else {
		rows_end(s, boot_ns - wall_ns, wall_ns);
	}
}

/* ---- asking ---- */

/*
 * Less at a time where an answer was too much; and where it had rows of two
 * series, no more of the past: the one may just have taken the other's place.
 */
static void span_shorten(source_t *s, enum archive_end end)
{
	if (end == ARCHIVE_WIDE)
		s->span_ns /= 2;
	if (end == ARCHIVE_MIXED)
		s->span_ns = s->conf->max_gap_ns;
	if (s->span_ns < SPAN_MIN_NS)
		s->span_ns = SPAN_MIN_NS;
	if (s->span_ns > ARCHIVE_LATE_NS)
		s->span_ns = ARCHIVE_LATE_NS;
}

static void on_reply(void *arg, const struct http_reply *reply)
{
	source_t *s = arg;
	struct err why;
	enum archive_end end = archive_read(&s->archive, reply, s->from_ns,
					    s->to_ns, &s->rows, &why);

	if (end == ARCHIVE_ROWS) {
		rows_read(s);
		return;
	}
	span_shorten(s, end);
	sample_fail(s, end == ARCHIVE_REFUSED ? BACKOFF_SLOW : BACKOFF_SOON,
		    reply->retry_after_ns, &why);
}

void archive_live_sample(source_t *s, source_done_fn done, void *arg)
{
	int64_t now_ns = timesource_wall_ns(&s->ts);
	struct err why;
	int rc;

	s->done = done;
	s->arg = arg;
	s->to_ns = now_ns + s->archive.ahead_ns;
	s->from_ns = now_ns - s->span_ns;
	/* not from the last one on where the clock was set back behind it */
	if (s->last_wall_ns >= s->from_ns && s->last_wall_ns <= now_ns)
		s->from_ns = s->last_wall_ns + 1;
	rowset_reset(&s->rows);
	rc = archive_ask(&s->archive, s->conn, s->from_ns, s->to_ns, on_reply,
			 s, &why);
	if (rc < 0)
		sample_fail(s, BACKOFF_SLOW, 0, &why);
	else if (rc > 0)
		none_end(s, now_ns);
}

/* ---- life ---- */

const char *archive_live_place(const source_t *s)
{
	return s->last_wall_ns ? s->archive.place : "";
}

static source_t *live_create(const struct source_env *env,
			     const struct archive_ops *ops, struct err *err)
{
	source_t *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(err, "out of memory");
		return NULL;
	}
	s->conf = env->conf;
	s->ts = env->ts;
	s->log = env->log;
	s->span_ns = ARCHIVE_LATE_NS;
	if (archive_open(&s->archive, ops, env->meter, env->conf->node,
			 env->conf->period_ns, err) == 0)
		s->conn = archive_connect(&s->archive, env->http, &s->ts, 0,
					  err);
	if (s->conn)
		return s;
	archive_live_close(s, 0);
	return NULL;
}

source_t *archive_live_open(const struct source_env *env,
			    const struct archive_ops *ops, struct err *err)
{
	source_t *s = live_create(env, ops, err);

	if (s && env->meter->insecure)
		log_warn(s->log, "%s: insecure = true: nothing proves that this is the server",
			 env->meter->url);
	return s;
}

/* There is nothing to log out of. */
void archive_live_close(source_t *s, int64_t limit_ns)
{
	int saved = errno;

	(void)limit_ns;
	if (!s)
		return;
	http_conn_destroy(s->conn);
	archive_close(&s->archive);
	rowset_free(&s->rows);
	free(s->past);
	free(s);
	errno = saved;
}
