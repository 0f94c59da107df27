/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hardware.h"

static double first_of(double configured, double other)
{
	return configured > 0 ? configured : other;
}

static double watts_of(double configured, double usual, bool *defaults)
{
	if (configured > 0)
		return configured;
	*defaults = true;
	return usual;
}

void hardware_resolve(const struct conf *conf, const struct node_totals *totals,
		      hardware_t *hw, bool *defaults)
{
	static const struct node_totals nothing;
	const struct node_totals *t = totals ? totals : &nothing;
	const hardware_t *c = &conf->hw;

	*defaults = false;
	hw->cores = first_of(c->cores, t->cores);
	hw->gpus = first_of(c->gpus, t->gpus);
	hw->mem_mb = first_of(c->mem_mb, t->mem_mb);
	hw->threads_per_core = c->threads_per_core ? c->threads_per_core :
			       t->threads_per_core ? t->threads_per_core : 1;
	hw->mem_consumable = conf->hw_mem_consumable_set ? c->mem_consumable :
			     t->mem_consumable;
	hw->core_w = watts_of(c->core_w, SHARE_DEFAULT_CORE_W, defaults);
	hw->mem_w_per_gb = first_of(c->mem_w_per_gb, SHARE_DEFAULT_MEM_W_PER_GB);
	hw->gpu_w = c->gpu_w > 0 ? c->gpu_w : SHARE_DEFAULT_GPU_W;
	if (hw->gpus > 0)
		hw->gpu_w = watts_of(c->gpu_w, SHARE_DEFAULT_GPU_W, defaults);
}
