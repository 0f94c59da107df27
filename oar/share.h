/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_SHARE_H
#define WATTGATE_OAR_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/share.h"

/*
 * A host as OAR sees it: rows of its table `resources`. Each distinct value of
 * `core` is one physical core, and rows of the same core (hardware threads)
 * are equal parts of it; where there is no such value each row is a core.
 * Distinct values of `gpudevice` are the host's GPUs. Memory goes with the
 * cores; so do configured GPUs that OAR knows nothing of.
 *
 * What several jobs hold at once is given once: inner jobs before their
 * container, the rest in equal parts. A GPU belongs to the jobs that hold
 * rows of it, by their rows.
 */

/* NULL, "" or a negative number: no value. */
struct resource {
	int64_t id;
	const char *core;
	const char *gpu;
};

typedef struct host host_t;

/* Sums of rounded shares are no sign that more than a node was given. */
#define SHARE_EPSILON 1e-9

/*
 * configured: what the configuration says of the node, 0 where it is silent.
 * Its cores, where given, are what OAR's distinct cores stand for together.
 * NULL on lack of memory.
 */
host_t *host_create(const struct resource *rows, uint32_t count,
		    const hardware_t *configured, enum share_mode mode);
void host_destroy(host_t *h);	/* NULL is fine */

/* The whole host: physical cores, GPUs, watts. */
const hardware_t *host_hardware(const host_t *h);

uint32_t host_rows(const host_t *h);
/* The number of the row with that resource_id, below host_rows(); -1: none. */
int64_t host_row(const host_t *h, int64_t resource_id);

/* What a job holds on the host, and of which container it is an inner job. */
struct share_claim {
	int64_t job_id;
	int64_t inner_of;	/* 0 = of none */
	const uint32_t *rows;	/* numbers, each once */
	uint32_t row_count;
};

/* What the rows are, whoever else holds them; a GPU counts by any row of it. */
holding_t host_holding(host_t *h, const struct share_claim *claim);

struct share_part {
	holding_t holding;	/* of what is given once */
	double share;		/* 0..1 */
	double model_w;		/* Green Algorithms watts of the holding */
};

/*
 * Divide the host among the claims that are active at the same time. parts:
 * one for each. *scaled: the shares added up to more than 1 (modes `max` and
 * `exclusive`) and were scaled to 1. Returns 0; -1 on lack of memory.
 */
int host_divide(host_t *h, const struct share_claim *const *claims,
		uint32_t count, struct share_part *parts, bool *scaled);

#endif
