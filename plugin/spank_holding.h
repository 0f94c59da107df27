/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SPANK_HOLDING_H
#define WATTGATE_SPANK_HOLDING_H

#include "lib/share.h"
#include "slurm_compat.h"

/*
 * How many ids a list like "0-3,8" names, bounded by 65536. Tokens that are no
 * numbers (GPU UUIDs) count as one each. 0 for NULL or "".
 */
unsigned spank_list_count(const char *list);

/* Cores and memory that the whole job holds on this node. */
holding_t spank_job_holding(spank_t spank);

/* Cores, memory and GPUs that this step holds on this node. */
holding_t spank_step_holding(spank_t spank);

#endif
