/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_BACKFILL_H
#define WATTGATE_OAR_BACKFILL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/samples.h"

/*
 * Fill hours of the past in schema wattgate: what jobs drew while nobody read
 * power, or before anybody did. Hours are those of UTC; only those that the
 * follower has settled, each replaced as a whole (refill.h).
 */

struct oar_backfill {
	const struct conf *conf;
	int64_t from_s, to_s;	/* every hour that overlaps */
	const char *const *nodes;	/* none: all */
	uint32_t node_count;
	bool force, dry_run;

	/*
	 * The node's samples in [from_s, to_s) and max_gap around it; the caller
	 * clears them. 0 with their source (256 bytes), or -1 with a text.
	 */
	int (*samples)(void *arg, const char *node, int64_t from_s,
		       int64_t to_s, struct samples *samples, char *source,
		       struct err *err);
	/* A day of a node is over; days without anything to do are not told. */
	void (*day)(void *arg, const char *node, int64_t day_s,
		    unsigned filled, unsigned hours);
	/* A node that cannot be filled, or hours that were left. */
	void (*note)(void *arg, const char *text);
	bool (*stopped)(void *arg);	/* end as soon as possible */
	void *arg;
};

struct oar_backfill_sums {
	uint64_t hours;		/* looked at */
	uint64_t filled;
	uint64_t forgotten;	/* left: OAR has deleted jobs of theirs */
	uint64_t unsettled;	/* left: the follower has not come to them */
	uint64_t jobs;		/* that had time in what was filled */
	unsigned nodes_failed;
	bool stopped;
	/* before: of all these hours; gained: what became of it since */
	double before_node_j, gained_node_j;
	double before_jobs_j, gained_jobs_j;
	double before_s, gained_s;	/* measured */
	double total_s;
};

/* 0, or -1 with a text; what was done until then is done. */
int oar_backfill_run(const struct oar_backfill *b,
		     struct oar_backfill_sums *sums, struct err *err);

#endif
