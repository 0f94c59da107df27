/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meters.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/compare.h"
#include "lib/ledger.h"

#include "dirs.h"

#define RETRY_NS (10 * NS_PER_S)
#define LEAST_NS NS_PER_S	/* a shorter stretch goes with the next one */

/* Both series hold an hour and a quarter: no hour waits for longer. */
#define WAIT_NS (4200 * NS_PER_S)

struct meters {
	struct meters_params p;
	ledger_t *ledger;	/* NULL: not yet */
	int64_t written_ns;	/* up to here there are records of this boot */
	int64_t start_ns, end_ns;	/* the interval; end 0: none has begun */
	int64_t due_ns;
	struct log_latch latch;
};

/* ---- the file ---- */

/* Up to where it goes, in this boot. */
static int written_find(meters_t *m, struct err *err)
{
	const struct conf *conf = m->p.conf;
	char path[PATH_MAX];
	struct ledger_rec rec;
	ledger_reader_t *r;
	int rc;

	snprintf(path, sizeof(path), "%s/%s.meters", conf->ledger_dir,
		 conf->node);
	r = ledger_reader_open_meters(path, err);
	if (!r)
		return -1;
	while ((rc = ledger_reader_next(r, &rec, NULL)) != 0)
		if (rc > 0 && strcmp(rec.meters.boot_id, m->p.boot_id) == 0 &&
		    rec.meters.end_ns > m->written_ns)
			m->written_ns = rec.meters.end_ns;
	ledger_reader_close(r);
	return 0;
}

static int ledger_prepare(meters_t *m, struct err *err)
{
	const struct conf *conf = m->p.conf;
	uint64_t repaired = 0;

	if (m->ledger)
		return 0;
	if (dir_make(conf->ledger_dir, err) < 0)
		return -1;
	m->ledger = ledger_open_meters(conf->ledger_dir, conf->node, &repaired,
				       err);
	if (repaired)
		log_warn(m->p.log, "node %s: %s.meters: %llu bytes of a record that a crash cut off are gone",
			 conf->node, conf->node, (unsigned long long)repaired);
	if (m->ledger && written_find(m, err) == 0)
		return 0;
	ledger_close(m->ledger);
	m->ledger = NULL;
	return -1;
}

static void kept(meters_t *m, int rc, const struct err *err)
{
	if (log_latch_change(&m->latch, rc < 0) && rc < 0)
		log_error(m->p.log, "node %s: what its two meters say is not kept: %s",
			  m->p.conf->node, err->text);
}

/* True where it is there; else it is tried again later. */
static bool ledger_ready(meters_t *m, int64_t now_ns)
{
	struct err err;

	if (ledger_prepare(m, &err) == 0)
		return true;
	kept(m, -1, &err);
	m->due_ns = now_ns + RETRY_NS;
	return false;
}

/* ---- one interval ---- */

static const series_t *series_of(const poller_t *p)
{
	series_writer_t *w = poller_series(p);

	return w ? series_writer_series(w) : NULL;
}

static int64_t wall_of(const meters_t *m, int64_t boot_ns)
{
	return timesource_wall_ns(&m->p.ts) -
	       (timesource_boot_ns(&m->p.ts) - boot_ns);
}

/* Where [start, ...) ends: at a boundary of wall time. */
static int64_t boundary(const meters_t *m, int64_t start_ns)
{
	int64_t rollup_ns = m->p.conf->rollup_ns;
	int64_t left_ns = rollup_ns - wall_of(m, start_ns) % rollup_ns;

	/* a clock that is slewed may show the last boundary once more */
	if (left_ns < NS_PER_S && left_ns < rollup_ns / 2)
		left_ns += rollup_ns;
	return start_ns + left_ns;
}

/* A site's nodes do not all write in the same moment. */
static int64_t spread(const meters_t *m)
{
	int64_t most_ns = m->p.conf->rollup_ns / 12;
	uint64_t sum = 0;

	for (const char *c = m->p.conf->node; *c; c++)
		sum = sum * 1000003 + (unsigned char)*c;
	return (int64_t)(sum % (uint64_t)most_ns);
}

/* Begin where the last record ended, or where both have something to say. */
static bool interval_begin(meters_t *m, const series_t *a, const series_t *b,
			   int64_t now_ns)
{
	if (m->end_ns)
		return true;
	m->due_ns = now_ns + m->p.conf->period_ns;
	if (!a || !b || !series_last(a) || !series_last(b))
		return false;
	m->start_ns = m->written_ns;
	if (series_first(a)->boot_ns > m->start_ns)
		m->start_ns = series_first(a)->boot_ns;
	if (series_first(b)->boot_ns > m->start_ns)
		m->start_ns = series_first(b)->boot_ns;
	m->end_ns = boundary(m, m->start_ns);
	m->due_ns = m->end_ns + spread(m);
	return true;
}

/* Will the meter say no more of the time before end_ns? */
static bool is_past(const poller_t *p, const series_t *s, int64_t end_ns,
		    int64_t max_gap_ns, int64_t now_ns)
{
	int64_t until_ns = end_ns + max_gap_ns;

	if (s && series_last(s) && series_last(s)->boot_ns >= end_ns)
		return true;
	if (poller_await_ns(p) > until_ns)
		until_ns = poller_await_ns(p);
	return now_ns > until_ns;
}

static bool interval_over(const meters_t *m, const poller_t *first,
			  const poller_t *second, int64_t now_ns)
{
	int64_t max_gap_ns = m->p.conf->max_gap_ns;

	if (now_ns < m->end_ns + spread(m))
		return false;
	return now_ns - m->start_ns > WAIT_NS ||
	       (is_past(first, series_of(first), m->end_ns, max_gap_ns,
			now_ns) &&
		is_past(second, series_of(second), m->end_ns, max_gap_ns,
			now_ns));
}

static void record_fill(const meters_t *m, const poller_t *first,
			const poller_t *second, int64_t end_ns,
			struct ledger_rec *rec)
{
	struct ledger_meters *r = &rec->meters;
	struct compare c;

	memset(rec, 0, sizeof(*rec));
	rec->kind = LEDGER_METERS;
	compare_series(series_of(first), series_of(second), m->start_ns,
		       end_ns, &c);
	snprintf(r->node, sizeof(r->node), "%s", m->p.conf->node);
	snprintf(r->boot_id, sizeof(r->boot_id), "%s", m->p.boot_id);
	r->start_ns = m->start_ns;
	r->end_ns = end_ns;
	r->start_wall_ns = wall_of(m, m->start_ns);
	r->end_wall_ns = wall_of(m, end_ns);
	r->both_ns = c.both_ns;
	r->first_j = c.first_j;
	r->second_j = c.second_j;
	r->first_ns = c.first_ns;
	r->second_ns = c.second_ns;
	snprintf(r->first, sizeof(r->first), "%s",
		 poller_series_params(first)->source);
	snprintf(r->second, sizeof(r->second), "%s",
		 poller_series_params(second)->source);
}

/* True where it is on disk; the next one begins where it ends. */
static bool interval_write(meters_t *m, const poller_t *first,
			   const poller_t *second, int64_t end_ns,
			   int64_t now_ns)
{
	struct ledger_rec rec;
	struct err err;
	int rc;

	record_fill(m, first, second, end_ns, &rec);
	rc = ledger_append(m->ledger, &rec, 1, &err);
	kept(m, rc, &err);
	if (rc < 0) {		/* it may have been moved away: open it anew */
		ledger_close(m->ledger);
		m->ledger = NULL;
		m->due_ns = now_ns + RETRY_NS;
		return false;
	}
	m->written_ns = end_ns;
	m->end_ns = 0;
	return true;
}

/* ---- all of them ---- */

void meters_run(meters_t *m, const poller_t *first, const poller_t *second,
		int64_t now_ns)
{
	const series_t *a = series_of(first), *b = series_of(second);

	if (now_ns < m->due_ns || !ledger_ready(m, now_ns))
		return;
	while (interval_begin(m, a, b, now_ns) && a && b) {
		if (!interval_over(m, first, second, now_ns)) {
			if (now_ns >= m->due_ns)
				m->due_ns = now_ns + m->p.conf->period_ns;
			return;
		}
		if (!interval_write(m, first, second, m->end_ns, now_ns))
			return;
	}
}

int64_t meters_due_ns(const meters_t *m)
{
	return m->due_ns;
}

void meters_end(meters_t *m, const poller_t *first, const poller_t *second)
{
	const series_t *a = series_of(first), *b = series_of(second);
	int64_t now_ns = timesource_boot_ns(&m->p.ts), end_ns;

	m->due_ns = 0;
	meters_run(m, first, second, now_ns);
	if (!m->ledger || !m->end_ns || !a || !b)
		return;
	end_ns = series_last(a)->boot_ns;
	if (series_last(b)->boot_ns < end_ns)
		end_ns = series_last(b)->boot_ns;
	if (end_ns - m->start_ns >= LEAST_NS && end_ns < m->end_ns)
		interval_write(m, first, second, end_ns, now_ns);
}

/* ---- life ---- */

meters_t *meters_create(const struct meters_params *params)
{
	meters_t *m = calloc(1, sizeof(*m));

	if (m)
		m->p = *params;
	return m;
}

void meters_destroy(meters_t *m)
{
	if (m)
		ledger_close(m->ledger);
	free(m);
}
