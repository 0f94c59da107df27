/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_BACKFILL_H
#define WATTGATE_CLI_BACKFILL_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/ledgers.h"
#include "cli/past.h"
#include "lib/err.h"

/* What `wattgate backfill` was asked for. */
struct backfill {
	int64_t from_s, to_s, now_s;
	struct names nodes;	/* none: all */
	bool dry_run, force;
	bool progress;		/* a line for each node and day */
	struct past past;
	struct confs *confs;
	bool (*stopped)(void);
};

/* What came of it; hours of nodes. */
struct backfill_sums {
	uint64_t hours, filled;
	uint64_t left;		/* as they are: the scheduler has forgotten jobs */
	uint64_t young;		/* not finished, or not accounted yet */
	uint64_t jobs;		/* Slurm's: allocations that changed; OAR's: jobs */
	unsigned failed;	/* nodes */
	bool stopped;
	double total_s, before_s, gained_s;	/* measured */
	double node_j, node_gained_j;
	double jobs_j, jobs_gained_j;
};

/* 0, or -1 with a text; what was done until then is done. */
int backfill_oar(struct backfill *b, struct backfill_sums *sums,
		 struct err *err);
int backfill_slurm(struct backfill *b, struct backfill_sums *sums,
		   struct err *err);

/* Where the user wants to see it: what became of a node's day. */
void backfill_progress(const struct backfill *b, const char *node,
		       int64_t day_s, unsigned filled, unsigned hours);

#endif
