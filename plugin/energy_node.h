/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_ENERGY_NODE_H
#define WATTGATE_ENERGY_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/series.h"

/* The whole node, for slurmd (scontrol show node). */

typedef struct energy_node {
	char node[256];		/* "" until known */
	bool said_missing;
	bool begun;
	series_reader_t series;
	double first_j;		/* the series at the first answer */
	int64_t first_covered_ns;
} energy_node_t;

struct node_answer {
	bool known;		/* false: no series, or a stale one */
	double joules;		/* since slurmd first asked */
	double watts;		/* the last reading */
	double average_w;	/* over the measured time since then */
};

void energy_node_init(energy_node_t *n);
void energy_node_close(energy_node_t *n);
void energy_node_poll(energy_node_t *n, struct node_answer *out);

#endif
