/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follow.h"

#include <string.h>

#include "batch.h"
#include "fleet.h"
#include "notes.h"
#include "pg.h"

/* OAR writes starts and ends a moment after the time they name. */
#define LAG_S 5

#define WAKE_MS 2000
/* Of OAR's resources; those that come or go are seen at once. */
#define REFRESH_S 60
#define PROMPT_S 5		/* a look for notes, at most that often */
#define BACKOFF_MAX_MS 60000

/* Entries of the log of states: one a minute, for some minutes. */
#define MARKS 8
#define MARK_S 60

/* The poller is not forgotten while much is caught up. */
#define PUBLISH_NS (10 * NS_PER_S)

/* So far behind, what is done is told. */
#define BEHIND_S 600

struct mark {
	int64_t at_s;
	int64_t id;		/* newest entry of that moment */
};

struct follower {
	const struct conf *conf;
	timesource_t ts;
	const logger_t *log;
	pg_t *pg;
	struct fleet fleet;
	struct notes notes;
	int64_t refreshed_s;	/* OAR's resources; 0 = they must be read */
	int64_t rows_mark;	/* which ones there were */
	int64_t limit_s;	/* of the last round */
	bool waiting;		/* some nodes were not ripe up to it */
	int64_t want_s;		/* a note asks to settle up to here; 0 */
	struct mark marks[MARKS];	/* newest first; at_s 0 = none */
	int backoff_ms;
	struct log_latch trouble;
	struct log_latch odd;
	struct log_latch skew;
	struct log_latch publish;
	int64_t published_ns;
	struct {
		bool on;
		int64_t begun_ns;
		uint64_t windows, allocs;
	} behind;
};

/* ---- time ------------------------------------------------------------------------ */

static int64_t host_now_s(const struct follower *f)
{
	return timesource_wall_ns(&f->ts) / NS_PER_S;
}

/* Of two clocks, the one that is behind: nothing is settled too early. */
static int now_read(struct follower *f, int64_t *now_s, struct err *err)
{
	const int64_t host_s = host_now_s(f);
	int64_t off_s;

	if (pg_now(f->pg, now_s, err) < 0)
		return -1;
	off_s = *now_s - host_s;
	if (log_latch_change(&f->skew, off_s > 2 || off_s < -2) && f->skew.bad)
		log_warn(f->log, "oar: the database's clock is %lld s %s this host's: starts and ends of jobs are off by that",
			 (long long)(off_s < 0 ? -off_s : off_s),
			 off_s < 0 ? "behind" : "before");
	if (host_s < *now_s)
		*now_s = host_s;
	return 0;
}

/*
 * Up to where a round settles: a multiple of the interval, so that nodes stay
 * equally far; a note makes it sooner.
 */
static int64_t limit_of(struct follower *f, int64_t now_s)
{
	const int64_t interval_s = f->conf->oar.interval_ns / NS_PER_S;
	const int64_t ready_s = now_s - LAG_S;
	int64_t limit_s = ready_s - ready_s % interval_s;

	if (f->want_s && ready_s >= f->want_s) {
		if (limit_s >= f->want_s) {
			f->want_s = 0;
		} else if (ready_s >= f->limit_s + PROMPT_S) {
			f->want_s = 0;
			limit_s = ready_s;
		}
	}
	return limit_s > f->limit_s ? limit_s : f->limit_s;
}

/* ---- marks ------------------------------------------------------------------------ */

static int marks_add(struct follower *f, int64_t now_s, struct err *err)
{
	int64_t id;

	if (f->marks[0].at_s && now_s - f->marks[0].at_s < MARK_S &&
	    now_s >= f->marks[0].at_s)
		return 0;
	if (pg_read_mark(f->pg, &id, err) < 0)
		return -1;
	/* a clock that was set, or a database that was put back */
	if (now_s < f->marks[0].at_s || id < f->marks[0].id)
		memset(f->marks, 0, sizeof(f->marks));
	memmove(f->marks + 1, f->marks, (MARKS - 1) * sizeof(f->marks[0]));
	f->marks[0] = (struct mark){ now_s, id };
	return 0;
}

/*
 * The newest mark that lies well before from_s; -1 where there is none. An
 * entry may become visible some time after it got its number.
 */
static int64_t mark_before(const struct follower *f, int64_t from_s)
{
	for (int i = 0; i < MARKS; i++) {
		if (f->marks[i].at_s && f->marks[i].at_s + MARK_S <= from_s)
			return f->marks[i].id;
	}
	return -1;
}

/* ---- windows ------------------------------------------------------------------------ */

/* The end of the node's next window; its beginning where it must wait. */
static int64_t next_end(const struct follower *f, const struct fleet_node *n,
			int64_t now_s)
{
	const int64_t interval_s = f->conf->oar.interval_ns / NS_PER_S;
	int64_t to_s = window_end(n->settled_s, f->limit_s), silent_s;

	if (n->settled_s < 0 || to_s <= n->settled_s)
		return n->settled_s;
	if (window_ripe(&n->fresh, to_s, now_s, LAG_S))
		return to_s;
	silent_s = now_s - LAG_S - (n->fresh.max_gap_ns + NS_PER_S - 1) / NS_PER_S;
	silent_s -= silent_s % interval_s;
	to_s = window_end(n->settled_s, silent_s);
	return to_s > n->settled_s ? to_s : n->settled_s;
}

/* The nodes that are the furthest behind and equally far. */
static uint32_t batch_choose(struct follower *f, int64_t now_s,
			     struct batch_window *w)
{
	uint32_t count = 0;

	f->waiting = false;
	for (uint32_t i = 0; i < f->fleet.count; i++) {
		struct fleet_node *n = f->fleet.nodes[i];
		const int64_t to_s = next_end(f, n, now_s);

		if (n->settled_s < f->limit_s && to_s <= n->settled_s)
			f->waiting = true;
		if (to_s <= n->settled_s)
			continue;
		if (!count || n->settled_s < w->from_s ||
		    (n->settled_s == w->from_s && to_s < w->to_s)) {
			w->from_s = n->settled_s;
			w->to_s = to_s;
			count = 0;
		}
		if (n->settled_s == w->from_s && to_s == w->to_s &&
		    count < BATCH_NODES_MAX)
			w->nodes[count++] = n;
	}
	return count;
}

/* One window; a shorter one where it has too many jobs. */
static enum batch_result window_settle(struct follower *f,
				       struct batch_window *w, struct err *err)
{
	enum batch_result result;
	uint32_t allocs;

	while ((result = batch_settle(f->pg, w, &allocs, err)) == BATCH_TOO_MUCH) {
		if (w->to_s - w->from_s <= 1) {
			err_set(err, "OAR's database: more than %d jobs ran in one second (at %lld)",
				PG_JOBS_MAX, (long long)w->from_s);
			return BATCH_FAILED;
		}
		w->to_s = w->from_s + (w->to_s - w->from_s) / 2;
	}
	if (result == BATCH_DONE && f->behind.on) {
		f->behind.windows += w->count;
		f->behind.allocs += allocs;
	}
	return result;
}

static void fleet_look_all(struct follower *f)
{
	for (uint32_t i = 0; i < f->fleet.count; i++)
		fleet_look(&f->fleet, f->fleet.nodes[i]);
}

static int fleet_read(struct follower *f, int64_t now_s, struct err *err)
{
	const int64_t since_s = f->conf->oar.since_s ? f->conf->oar.since_s
						     : now_s;

	if (fleet_refresh(&f->fleet, f->pg, since_s < now_s ? since_s : now_s,
			  err) < 0)
		return -1;
	f->refreshed_s = now_s;
	fleet_look_all(f);
	if (log_latch_change(&f->odd, f->fleet.odd > 0) && f->odd.bad)
		log_warn(f->log, "oar: %u hosts of OAR's resources have names that are no plain file names: they are left out",
			 f->fleet.odd);
	return 0;
}

/* For the poller. Where that fails it reads power all the same. */
static void publish(struct follower *f)
{
	struct err err;
	bool bad = fleet_publish(&f->fleet, f->pg, &err) < 0;

	f->published_ns = timesource_boot_ns(&f->ts);
	if (!log_latch_change(&f->publish, bad))
		return;
	if (bad)
		log_error(f->log, "oar: the poller does not learn which nodes hold a job: %s",
			  err.text);
	else
		log_info(f->log, "oar: the poller learns again which nodes hold a job");
}

/* All windows that are ripe. Returns how many, or -1. */
static int windows_settle(struct follower *f, int64_t now_s, struct err *err)
{
	struct fleet_node *nodes[BATCH_NODES_MAX];
	struct batch_window w = { .now_s = now_s, .nodes = nodes };
	int done = 0, again = 0;

	while ((w.count = batch_choose(f, now_s, &w)) > 0) {
		w.mark = mark_before(f, w.from_s);
		switch (window_settle(f, &w, err)) {
		case BATCH_DONE:
			done++;
			again = 0;
			break;
		case BATCH_MOVED:
		case BATCH_STALE:
			if (++again > 3)
				return err_set(err, "OAR's database: resources or nodes change faster than they can be read");
			if (fleet_read(f, now_s, err) < 0)
				return -1;
			break;
		default:
			return -1;
		}
		if (notes_take(&f->notes))
			f->want_s = host_now_s(f) + 1;
		if (timesource_boot_ns(&f->ts) - f->published_ns > PUBLISH_NS)
			publish(f);
	}
	return done;
}

/* ---- being behind ------------------------------------------------------------------- */

static int64_t oldest_settled(const struct follower *f)
{
	int64_t oldest_s = f->limit_s;

	for (uint32_t i = 0; i < f->fleet.count; i++) {
		const int64_t s = f->fleet.nodes[i]->settled_s;

		if (s >= 0 && s < oldest_s)
			oldest_s = s;
	}
	return oldest_s;
}

static void behind_begin(struct follower *f)
{
	const int64_t oldest_s = oldest_settled(f);
	char text[32];

	if (f->limit_s - oldest_s < BEHIND_S)
		return;
	memset(&f->behind, 0, sizeof(f->behind));
	f->behind.on = true;
	f->behind.begun_ns = timesource_boot_ns(&f->ts);
	log_info(f->log, "oar: %u nodes, settled up to %s: catching up",
		 f->fleet.count,
		 clock_iso8601(oldest_s * NS_PER_S, text, sizeof(text)));
}

static void behind_end(struct follower *f)
{
	if (f->behind.on)
		log_info(f->log, "oar: caught up: %llu windows with %llu allocations in %.1f s",
			 (unsigned long long)f->behind.windows,
			 (unsigned long long)f->behind.allocs,
			 ns_to_s(timesource_boot_ns(&f->ts) - f->behind.begun_ns));
	f->behind.on = false;
}

/* ---- the loop ------------------------------------------------------------------------- */

/* Is there anything that this round could do? */
static bool round_due(struct follower *f, int64_t now_s)
{
	const int64_t before_s = f->limit_s;

	f->limit_s = limit_of(f, now_s);
	return f->limit_s > before_s || f->waiting || !f->refreshed_s;
}

/* A node that lost or got rows has other shares from then on. */
static int fleet_keep(struct follower *f, int64_t now_s, struct err *err)
{
	int64_t mark;

	if (pg_read_rows_mark(f->pg, &mark, err) < 0)
		return -1;
	if (f->refreshed_s && mark == f->rows_mark && now_s >= f->refreshed_s &&
	    now_s - f->refreshed_s < REFRESH_S)
		return 0;
	if (fleet_read(f, now_s, err) < 0)
		return -1;
	f->rows_mark = mark;
	return 0;
}

static int round_run(struct follower *f, struct err *err)
{
	int64_t now_s;
	int done;

	if (!round_due(f, host_now_s(f)))
		return 0;
	if (now_read(f, &now_s, err) < 0 || marks_add(f, now_s, err) < 0 ||
	    fleet_keep(f, now_s, err) < 0)
		return -1;
	if (now_s != f->refreshed_s)
		fleet_look_all(f);
	publish(f);
	if (!f->behind.on)
		behind_begin(f);
	done = windows_settle(f, now_s, err);
	if (done < 0 || (done > 0 &&
	    pg_jobs_refresh(f->pg, oldest_settled(f), now_s, err) < 0))
		return -1;
	behind_end(f);
	return 0;
}

static int connected(struct follower *f, struct err *err)
{
	if (f->pg)
		return 0;
	f->refreshed_s = 0;
	memset(f->marks, 0, sizeof(f->marks));	/* it may be another one */
	f->pg = pg_open(f->conf, true, err);
	return f->pg ? 0 : -1;
}

static void trouble_tell(struct follower *f, int rc, const struct err *err)
{
	if (!log_latch_change(&f->trouble, rc < 0))
		return;
	if (rc < 0)
		log_error(f->log, "oar: nothing is settled, trying again: %s",
			  err->text);
	else if (f->backoff_ms)
		log_info(f->log, "oar: OAR's database is followed again");
}

static int backoff_next(int backoff_ms)
{
	if (!backoff_ms)
		return 1000;
	return backoff_ms < BACKOFF_MAX_MS / 2 ? 2 * backoff_ms : BACKOFF_MAX_MS;
}

static void follow_once(struct follower *f)
{
	struct err err;
	int rc;

	if (notes_take(&f->notes))
		f->want_s = host_now_s(f) + 1;
	rc = connected(f, &err) < 0 || round_run(f, &err) < 0 ? -1 : 0;
	trouble_tell(f, rc, &err);
	if (rc == 0) {
		f->backoff_ms = 0;
		notes_wait(&f->notes, WAKE_MS, true);
		return;
	}
	/* whatever it was: a new connection, and all is read again */
	pg_close(f->pg);
	f->pg = NULL;
	f->backoff_ms = backoff_next(f->backoff_ms);
	notes_wait(&f->notes, f->backoff_ms, false);
}

int oar_follow(const struct conf *conf, const timesource_t *ts,
	       const logger_t *log, struct err *err)
{
	struct follower f = { .conf = conf, .ts = *ts, .log = log,
			      .fleet = { .conf = conf } };

	if (pg_check(conf, err) < 0)
		return -1;
	log_info(log, "oar: following OAR's database, results each %g s",
		 ns_to_s(conf->oar.interval_ns));
	notes_open(&f.notes, conf_run_dir());
	for (;;)
		follow_once(&f);
}

int oar_follow_check(const struct conf *conf, struct err *err)
{
	pg_t *pg;

	if (pg_check(conf, err) < 0)
		return -1;
	pg = pg_open(conf, false, err);
	if (!pg)
		return -1;
	pg_close(pg);
	return 0;
}
