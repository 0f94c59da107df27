/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_PROBE_WATCH_H
#define WATTGATE_CLI_PROBE_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/probe.h"

/*
 * A BMC's power watched for a while: what a period, a sensor and a connection
 * are good for.
 */

/* One answer. */
struct watch_sample {
	int64_t boot_ns;	/* when the BMC read it */
	int64_t latency_ns;	/* from the request to the end of its answer */
	double watts;
};

struct watch_stats {
	unsigned asked;		/* samples, those without power too */
	unsigned good;
	struct watch_sample first, last;	/* of the good ones */
	bool apart;		/* one failed since the last good one */
	double min_w, max_w, sum_w;
	/* between good samples that follow each other */
	unsigned periods;
	int64_t period_ns, periods_ns;	/* the last, and all together */
	/* latency: mean and sum of squared differences from it */
	int64_t min_latency_ns, max_latency_ns;
	double mean_latency_ns, square_latency;
	/* changes of the value */
	double step_w;		/* the smallest one; 0: none was seen */
	unsigned changes;
	int64_t first_change_ns, last_change_ns;
	int64_t shortest_ns;	/* between two changes; 0: less than two */
};

/* NULL: a sample without power. */
void watch_stats_add(struct watch_stats *s, const struct watch_sample *sample);

double watch_period_s(const struct watch_stats *s);	/* mean; NaN: unknown */
double watch_jitter_s(const struct watch_stats *s);	/* standard deviation */
double watch_refresh_s(const struct watch_stats *s);	/* mean; NaN: unknown */

/* Two to five lines, each beginning with `prefix`. */
void watch_print_summary(FILE *f, const struct watch_stats *s,
			 int64_t period_ns, const char *prefix);

struct watch_params {
	int64_t period_ns;
	unsigned long count;	/* samples; 0: no end */
	bool live;		/* one line, written over; else one a sample */
	bool utf8;
};

/*
 * Go on from the first sample, which is `r`, until count, stop_fd, or nobody
 * reads standard output any more. The last sample's end; PROBE_INTERRUPTED.
 */
enum probe_end probe_watch(probe_t *p, const struct probe_result *r,
			   const struct watch_params *params,
			   struct watch_stats *stats);

#endif
