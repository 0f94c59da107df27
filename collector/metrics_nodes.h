/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_METRICS_NODES_H
#define WATTGATE_METRICS_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/expo.h"

/* What the series of nodes say, as metrics. */

struct node_figures {
	char name[256];
	char source[64];
	bool known;		/* the rest is: there is a sample of this boot */
	bool fresh;		/* the newest one is at most max_gap old */
	double watts, joules, covered_s, unmeasured_s;
	double at_s;		/* of the newest sample, since 1970 */
};

struct node_list {
	struct node_figures *list;
	size_t len, room;
};

/* Look at RUN/NAME/series and append. -1: no memory. */
int node_list_add(struct node_list *nodes, const char *name,
		  const char *boot_id);

/* All that have a series in the run directory, sorted by name. -1: no memory. */
int node_list_scan(struct node_list *nodes, const char *boot_id);

void node_list_clear(struct node_list *nodes);

void node_list_expose(struct expo *e, const struct node_list *nodes);

#endif
