/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_ENERGY_STEP_H
#define WATTGATE_ENERGY_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/gate.h"
#include "lib/gaterec.h"

/*
 * The energy of the one step that a slurmstepd serves: its own gate record
 * and the node's series. Everything is opened at the first poll; from then on
 * a poll is clock_gettime() and two or three preads.
 */

typedef struct energy_step {
	int lookups_left;	/* tries to find the gate record */
	bool found;		/* rec is valid */
	bool said_missing;	/* the one log line was written */
	bool gate_begun;	/* gate is valid */
	char node[256];
	gaterec_t rec;
	series_reader_t series;
	suspend_reader_t suspend;
	gate_live_t gate;
	double last_cum_j;	/* series at the last poll: finds a new one */
	int64_t last_poll_ns;
} energy_step_t;

struct energy_answer {
	double joules;		/* since the step began, gated; never falls */
	double watts;		/* gated; 0 where the series is stale */
	double elapsed_s;
};

void energy_step_init(energy_step_t *s);
void energy_step_close(energy_step_t *s);

/* The answer now. 0 J where anything is missing: nothing is invented. */
void energy_step_poll(energy_step_t *s, struct energy_answer *out);

#endif
