/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_LINES_H
#define WATTGATE_SITE_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/ledger.h"

/*
 * What a node sent of its ledger, as records. A line that is damaged, another
 * node's or nonsense is left out and counted: it must not keep the others from
 * being kept.
 */

struct lines {
	struct ledger_rec *recs;	/* with parts of their own */
	uint32_t count;
	uint32_t refused;
	struct err why;		/* of the first that was */
};

/* Whole lines; what stands behind the last one is damaged. -1: no memory. */
int lines_parse(struct lines *l, const char *node, const char *text,
		size_t size);
void lines_free(struct lines *l);

#endif
