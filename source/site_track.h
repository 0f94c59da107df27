/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_TRACK_H
#define WATTGATE_SITE_TRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"

#include "json_site.h"
#include "source.h"

/*
 * A site's samples as this node's: on its own clock, each joined to the one
 * before by what the site's cumulative joules and covered time say of the time
 * between, so that no joule is lost or made, whatever the clocks do. Pure.
 *
 * The two clocks differ by an offset, which is known as well as an answer took
 * time: its now_ns lay between sent and received. The offset is kept as long as
 * it lies within that, else it moves to the nearer end; a sample that would
 * then come to lie at or before the last one is left to the next.
 */

struct site_track {
	char boot_id[BOOT_ID_SIZE];	/* the site's; "": nothing is known */
	int64_t offset_ns;	/* the site's clock less ours */
	bool known;		/* the site's last sample: */
	int64_t at_ns;		/* on its clock */
	int64_t node_ns;	/* on ours */
	double cum_j, watts;
	int64_t cum_covered_ns;
};

/* Between these two, on our clock, the site looked at its own. */
struct site_moment {
	int64_t sent_ns, received_ns;
};

/* The offset as an answer leaves it. first: there was none before. */
int64_t site_offset(bool first, int64_t offset_ns, int64_t now_ns,
		    const struct site_moment *m);

/*
 * Turn an answer into samples for `out` (SITE_SAMPLES_MAX); returns how many.
 * max_gap_ns: this node's, up to which power may join two samples.
 */
unsigned site_track_take(struct site_track *t, const struct site_series *s,
			 const struct site_moment *m, int64_t max_gap_ns,
			 struct past_sample *out);

/*
 * When to ask next. A sample that waits at the site is one that a job's end does
 * not see: so a node asks shortly after the site has its next one, as its period
 * tells, by a margin that is learned. Pure.
 */
struct site_rhythm {
	int64_t margin_ns;	/* 0: nothing is known yet */
	unsigned misses;	/* in a row */
};

/*
 * After an answer with something new (got) or without: when to ask, on our
 * clock; 0: at the node's own rhythm, as the site's is not kept now.
 */
int64_t site_rhythm_next(struct site_rhythm *r, const struct site_track *t,
			 bool got, int64_t site_period_ns, int64_t period_ns,
			 int64_t now_ns);

/*
 * As lines "key=value", and back. -1: it does not fit; the text is none, and
 * *t knows nothing.
 */
int site_track_format(const struct site_track *t, char *buf, size_t size);
int site_track_parse(struct site_track *t, const char *text);

#endif
