/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_PAST_H
#define WATTGATE_CLI_PAST_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/confs.h"
#include "lib/err.h"
#include "lib/samples.h"

/* Past power of nodes, from the server that the configuration names. */

struct past {
	const struct confs *confs;
	int64_t max_gap_ns;	/* 0 = the configuration's */
	bool (*stopped)(void);	/* end a fetch under way */
	bool sparse_told;	/* that samples are further apart than max_gap */
};

#define PAST_SOURCE_MAX 64

/*
 * The node's samples in [from_s, to_s) and up to max_gap around it, which the
 * caller clears, also after a failure. Their source, such as
 * "kwollect:bmc_node_power_watt". 0, or -1 with a text that names the node.
 */
int past_samples(struct past *past, const char *node, int64_t from_s,
		 int64_t to_s, struct samples *samples,
		 char source[PAST_SOURCE_MAX], struct err *err);

#endif
