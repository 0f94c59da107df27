/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SHARE_H
#define WATTGATE_SHARE_H

#include <stdbool.h>

/*
 * Share: the part of a node that an allocation holds, 0..1.
 *
 * `model` (the default) weighs cores, GPUs and memory by their Green
 * Algorithms power (Lannelongue et al., Advanced Science 2021: TDP per core,
 * TDP per GPU, 0.3725 W per GB):
 *
 *   share = (gpus * gpu_w + cores * core_w + mem_gb * mem_w_per_gb) of the job
 *         / the same of the whole node
 *
 * with a GB of 1024 MiB, as Slurm counts. In every mode an allocation that
 * holds every allocatable core has share 1.
 */

enum share_mode {
	SHARE_MODEL,
	SHARE_CORES,
	SHARE_GPUS,		/* cores where the node has no GPU */
	SHARE_MEMORY,
	SHARE_MAX,		/* the largest of cores, GPUs and memory */
	SHARE_EXCLUSIVE		/* 1 */
};

/* Green Algorithms' values for hardware that is not in their table. */
#define SHARE_DEFAULT_CORE_W		12.0
#define SHARE_DEFAULT_GPU_W		200.0
#define SHARE_DEFAULT_MEM_W_PER_GB	0.3725

/* A whole node, as far as the scheduler can allocate it. */
typedef struct hardware {
	double cores;		/* physical cores, without CoreSpec */
	double gpus;
	double mem_mb;		/* MiB, without MemSpec; 0 = unknown */
	double core_w;		/* TDP of the package / its cores */
	double gpu_w;
	double mem_w_per_gb;
	unsigned threads_per_core;	/* >= 1 */
	bool mem_consumable;	/* the scheduler allocates memory */
} hardware_t;

/* What an allocation or a step holds on one node. */
typedef struct holding {
	double cores;		/* physical cores */
	double gpus;
	double mem_mb;		/* MiB; 0 = not a consumable: follows the cores */
} holding_t;

/* A node of `cores` cores with the default watts and nothing else known. */
hardware_t hardware_default(double cores);

/*
 * The share. Holdings above the node's are clamped. Returns 0..1; NaN where
 * the hardware cannot answer (no cores known) or a number is negative or not
 * finite. SHARE_EXCLUSIVE asks nothing: 1.
 */
double share_compute(enum share_mode mode, const hardware_t *node,
		     const holding_t *part);

/*
 * Green Algorithms watts of a holding: usage 1, PUE 1. Clamped as above where
 * the node's cores are known. NaN as above, save that cores may be unknown.
 */
double share_model_w(const hardware_t *node, const holding_t *part);

/* "model", "cores", ...; share_mode_parse() returns 0, or -1 for no mode. */
const char *share_mode_name(enum share_mode mode);
int share_mode_parse(const char *name, enum share_mode *mode);

#endif
