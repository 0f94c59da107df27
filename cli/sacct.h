/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_SACCT_H
#define WATTGATE_CLI_SACCT_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/jobs.h"
#include "lib/err.h"

/* Which jobs of Slurm's accounting are wanted. */
struct sacct_query {
	int64_t from_ns, to_ns;	/* that ended in [from, to) */
	bool running;		/* and those that started before `to` and run */
	bool during;		/* and all others that had time before `to` */
	const char *user, *account;	/* exactly these; NULL: all */
	bool identity;		/* cluster and submit time, too */
	bool texts;		/* with names and comments */
};

/*
 * Append the jobs that sacct tells, each instance with the energy of its own
 * row and of its extern step's. *strange counts lines that were no rows.
 */
int sacct_read(const struct sacct_query *query, struct jobs *jobs,
	       uint64_t *strange, struct err *err);

/* The same of all jobs that had time in [from, to), whenever they ended. */
int sacct_read_during(int64_t from_ns, int64_t to_ns, struct jobs *jobs,
		      uint64_t *strange, struct err *err);

/*
 * Does Slurm's accounting know GPUs (is gres/gpu among its TRES)? 1, 0, or -1
 * where it does not say.
 */
int sacct_tracks_gpus(void);

#endif
