/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "share.h"

#include <math.h>
#include <string.h>

/* A whole is a whole, whatever rounding its parts went through. */
#define WHOLE_TOLERANCE 1e-9

#define MIB_PER_GB 1024.0

static const char mode_names[][12] = {
	[SHARE_MODEL] = "model",
	[SHARE_CORES] = "cores",
	[SHARE_GPUS] = "gpus",
	[SHARE_MEMORY] = "memory",
	[SHARE_MAX] = "max",
	[SHARE_EXCLUSIVE] = "exclusive",
};
#define MODE_COUNT (sizeof(mode_names) / sizeof(mode_names[0]))

const char *share_mode_name(enum share_mode mode)
{
	return (unsigned)mode < MODE_COUNT ? mode_names[mode] : "unknown";
}

int share_mode_parse(const char *name, enum share_mode *mode)
{
	for (unsigned i = 0; i < MODE_COUNT; i++) {
		if (strcmp(name, mode_names[i]) == 0) {
			*mode = (enum share_mode)i;
			return 0;
		}
	}
	return -1;
}

hardware_t hardware_default(double cores)
{
	return (hardware_t){
		.cores = cores,
		.core_w = SHARE_DEFAULT_CORE_W,
		.gpu_w = SHARE_DEFAULT_GPU_W,
		.mem_w_per_gb = SHARE_DEFAULT_MEM_W_PER_GB,
		.threads_per_core = 1,
	};
}

/* A count or watts that can be calculated with. */
static bool is_amount(double x)
{
	return isfinite(x) && x >= 0;
}

static bool hardware_valid(const hardware_t *hw)
{
	return is_amount(hw->cores) && is_amount(hw->gpus) &&
	       is_amount(hw->mem_mb) && is_amount(hw->core_w) &&
	       is_amount(hw->gpu_w) && is_amount(hw->mem_w_per_gb);
}

static bool holding_valid(const holding_t *h)
{
	return is_amount(h->cores) && is_amount(h->gpus) &&
	       is_amount(h->mem_mb);
}

/*
 * What is held, within what the node has; memory that the scheduler does not
 * allocate goes with the cores. node->cores > 0.
 */
static holding_t holding_on(const hardware_t *node, const holding_t *part)
{
	holding_t h = {
		.cores = fmin(part->cores, node->cores),
		.gpus = fmin(part->gpus, node->gpus),
		.mem_mb = fmin(part->mem_mb, node->mem_mb),
	};

	if (!node->mem_consumable || part->mem_mb == 0)
		h.mem_mb = node->mem_mb * (h.cores / node->cores);
	return h;
}

static double watts_of(const hardware_t *node, const holding_t *h)
{
	return h->gpus * node->gpu_w + h->cores * node->core_w +
	       h->mem_mb / MIB_PER_GB * node->mem_w_per_gb;
}

/* part / whole; NaN where the node has none of it. */
static double ratio(double part, double whole)
{
	return whole > 0 ? part / whole : NAN;
}

static double share_by_model(const hardware_t *node, const holding_t *h)
{
	const holding_t all = { node->cores, node->gpus, node->mem_mb };

	return ratio(watts_of(node, h), watts_of(node, &all));
}

/* The largest of the parts that the node has at all. */
static double share_by_max(const hardware_t *node, const holding_t *h)
{
	/* fmax() passes over NaN */
	return fmax(ratio(h->cores, node->cores),
		    fmax(ratio(h->gpus, node->gpus),
			 ratio(h->mem_mb, node->mem_mb)));
}

static double share_by_mode(enum share_mode mode, const hardware_t *node,
			    const holding_t *h)
{
	const double cores = ratio(h->cores, node->cores);

	switch (mode) {
	case SHARE_MODEL:
		return share_by_model(node, h);
	case SHARE_CORES:
		return cores;
	case SHARE_GPUS:
		return node->gpus > 0 ? ratio(h->gpus, node->gpus) : cores;
	case SHARE_MEMORY:
		return node->mem_mb > 0 ? ratio(h->mem_mb, node->mem_mb) : cores;
	case SHARE_MAX:
		return share_by_max(node, h);
	case SHARE_EXCLUSIVE:
		return 1;
	}
	return NAN;
}

double share_compute(enum share_mode mode, const hardware_t *node,
		     const holding_t *part)
{
	holding_t h;
	double share;

	if (mode == SHARE_EXCLUSIVE)
		return 1;
	if (!hardware_valid(node) || node->cores <= 0 || !holding_valid(part))
		return NAN;
	h = holding_on(node, part);
	if (h.cores >= node->cores * (1 - WHOLE_TOLERANCE))
		return 1;
	share = share_by_mode(mode, node, &h);
	return share > 1 ? 1 : share;	/* NaN stays */
}

double share_model_w(const hardware_t *node, const holding_t *part)
{
	holding_t h = *part;

	if (!hardware_valid(node) || !holding_valid(part))
		return NAN;
	if (node->cores > 0)
		h = holding_on(node, part);
	return watts_of(node, &h);
}
