/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_HARDWARE_H
#define WATTGATE_HARDWARE_H

#include <stdbool.h>

#include "conf.h"
#include "scontrol_parse.h"
#include "share.h"

/*
 * The node's totals: the configuration, key by key, before what Slurm says,
 * before Green Algorithms' watts for unknown hardware. Cores stay 0 where no
 * one knows them: shares are then unknown too, never guessed.
 *
 * totals: NULL where Slurm has not answered. *defaults: watts were defaulted.
 */
void hardware_resolve(const struct conf *conf, const struct node_totals *totals,
		      hardware_t *hw, bool *defaults);

#endif
