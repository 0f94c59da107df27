/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_BACKFILL_NODE_H
#define WATTGATE_CLI_BACKFILL_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/backfill.h"
#include "cli/backfill_jobs.h"
#include "lib/share.h"

/* The past of one node of Slurm's, into LEDGER_DIR/NODE.backfill. */

/* A job with time on the node. */
struct fill_job {
	uint32_t id;
	int64_t start_s, end_s;	/* end_s 0: it runs */
	int64_t suspended_s;
	struct job_part part;
};

struct fill_node {
	const char *name;
	const struct conf *conf;	/* the cluster's: where ledgers are */
	hardware_t hw;		/* no cores: nobody's share is known */
	enum share_mode share;
	const struct fill_job *jobs;	/* by id, then by start */
	uint32_t jobs_len;
	int64_t from_s, to_s;	/* whole hours to fill */
	int64_t limit_s;	/* samples may still come from here on */
};

/*
 * What is known of that time: the nodes' ledgers, or the site's store of them.
 * Not to be kept open while a server is asked: a database gives up on that.
 */
int backfill_known_open(struct ledgers *from, const struct conf *conf,
			int64_t from_s, int64_t to_s, struct err *err);

/*
 * Fill the hours, and all of each job that has time in them. The file is
 * replaced where more is measured than it and the node's ledger have, else it
 * stays. Adds to sums. 0, or -1 with a text.
 */
int backfill_node(struct backfill *b, const struct fill_node *n,
		  struct backfill_sums *sums, struct err *err);

#endif
