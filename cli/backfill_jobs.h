/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_BACKFILL_JOBS_H
#define WATTGATE_CLI_BACKFILL_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/jobs.h"
#include "lib/share.h"

/* What a job of Slurm's accounting held on each of its nodes. Pure. */

/* What a node has, in Slurm's CPUs; 0 where it is not known. */
struct node_size {
	double cpus, gpus;
};

/* A node's part of a job. */
struct job_part {
	double cpus, gpus, mem_mb;	/* NaN unknown */
	bool split;	/* not told: each of its nodes was given as much */
};

/*
 * sacct tells what a job held on all its nodes together. On one node that is
 * all of it; whole nodes are known by their size; else each node gets as much.
 * sizes: of each node of the job, in the order of its list, `index` this one.
 */
struct job_part job_part_of(const struct job *job,
			    const struct node_size *sizes, uint32_t index);

#endif
