/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_ANSWER_H
#define WATTGATE_SITE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/series.h"

/*
 * The series of nodes as JSON; docs/site-protocol.md describes it. A series'
 * file stays open from one question to the next.
 */

#define ANSWER_SAMPLES_MAX 1000
#define ANSWER_SIZE (160 * 1024)	/* that many samples, and the rest */

struct answer_node {
	char *name;
	series_reader_t reader;
	char source[400];	/* as JSON shows it */
	uint64_t count;		/* of samples, when it was asked for last */
	int64_t first_ns;	/* of the oldest one, as of then */
};

/* What one answer is made in. */
struct answer_room {
	struct series_sample samples[ANSWER_SAMPLES_MAX];
	char text[ANSWER_SIZE];
};

struct answer_query {
	bool from;		/* of this boot, and what comes after ... */
	int64_t after_ns;	/* ... this; else only the newest sample */
};

/*
 * What ?boot=ID&after=NS means to who runs since boot_id (each may be NULL):
 * another boot's past is asked for as all that there is of this one. -1: the
 * number is none.
 */
int answer_query_parse(struct answer_query *q, const char *boot,
		       const char *after, const char *boot_id);

void answer_node_init(struct answer_node *n, char *name);
void answer_node_close(struct answer_node *n);

/*
 * The answer into room->text: its length, or -1 with a reason where there is no
 * series of this boot, or it cannot be read.
 */
long answer_series(struct answer_node *n, const struct answer_query *q,
		   const timesource_t *ts, const char *boot_id,
		   struct answer_room *room, struct err *why);

#endif
