/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SCONTROL_PARSE_H
#define WATTGATE_SCONTROL_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/* What Slurm says of a node, from the text that scontrol prints. Pure. */

struct node_totals {
	double cores;		/* physical, that jobs can have */
	double gpus;
	double mem_mb;		/* MiB that jobs can have; 0 = unknown */
	unsigned threads_per_core;	/* of Slurm's CPUs: 1 where a CPU is a core */
	bool mem_consumable;
	int64_t kill_wait_ns;	/* 0 = unknown */
};

/*
 * `scontrol -o show node NODE`: cores, gpus, mem_mb and threads_per_core.
 * 0, or -1 with a text where the node or its CPUs are not there.
 */
int scontrol_parse_node(const char *text, const char *node,
			struct node_totals *t, struct err *err);

/* `scontrol show config`: mem_consumable and kill_wait_ns. */
int scontrol_parse_config(const char *text, struct node_totals *t,
			  struct err *err);

/*
 * `scontrol -o show job ID`: 1 where the job is suspended, 0 where it is not,
 * -1 where it is not there. Users fill names and comments as they like: the job
 * is suspended where all that looks like its state says so.
 */
int scontrol_parse_job(const char *text, uint32_t job_id);

#endif
