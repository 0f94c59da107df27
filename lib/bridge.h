/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_BRIDGE_H
#define WATTGATE_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "series.h"

/*
 * Bridging gaps: what a node drew while its BMC could not be asked, by an
 * energy counter that the BMC kept on with. No clock, no file.
 *
 *     joules of the gap = what the counter counted between two of its readings
 *                       - what the series measured of that time
 *
 * The earlier reading lies before the gap (or in the moment behind the last
 * sample, since a counter is read behind the power), the later one comes with
 * the sample that ends it.
 *
 * How wrong can it be? A counter stands still between its own updates (10 to
 * 20 s on Cray) and counts in steps (10 Wh on shelves), so at each end it is
 * off by up to one of these. Neither can be read from the BMC, but both show
 * as disagreement with the power in time that is measured anyway: the largest
 * of late is the slack. A gap is bridged only where its joules are at least
 * BRIDGE_SLACK_TIMES the slack: they are wrong by a half at worst. Such errors
 * do not add up over gaps: what one lacks, the time around it has.
 *
 * Units: nanoseconds of CLOCK_BOOTTIME, watts, joules.
 */

#define BRIDGE_MIN_NS (10 * NS_PER_S)	/* shorter gaps are not bridged, */
#define BRIDGE_MAX_NS (600 * NS_PER_S)	/* nor longer ones: the ledger waits */
#define BRIDGE_AGE_MAX_NS (600 * NS_PER_S)	/* the earlier reading, before the gap */
#define BRIDGE_EDGE_NS (10 * NS_PER_S)	/* between a sample and its counter */
#define BRIDGE_SLACK_TIMES 2
#define BRIDGE_COUNTER_MAX_J 1e15	/* beyond, a double has no joules */

/*
 * The mean over a gap has to lie between these parts of the smaller power at
 * its ends and of the larger; nearer, as long as the counter was not held
 * against the power for BRIDGE_KNOWN_S.
 */
#define BRIDGE_LEAST 0.1
#define BRIDGE_MOST 20.0
#define BRIDGE_LEAST_UNKNOWN 0.2
#define BRIDGE_MOST_UNKNOWN 5.0
#define BRIDGE_KNOWN_S 59.0	/* a counter is read each minute */

/* One reading of a counter. */
struct bridge_counter {
	double energy_j;	/* raw; NaN: it was not read */
	double wrap_j;		/* where it starts again at 0; 0 = never */
	int64_t at_ns;
};

/* The sample that ends a gap, and the counter that came with it. */
struct bridge_end {
	int64_t boot_ns;
	double watts;
	struct bridge_counter counter;
};

/* What is known of a node's counter. All zero: nothing. */
typedef struct bridge {
	struct bridge_counter last;	/* at_ns 0: none */
	/* against the power, where that was measured all the time */
	double slack_j;
	double known_s, counted_j, measured_j;	/* sums, of the last hours */
} bridge_t;

/* Can a BMC have said so? */
bool bridge_counter_valid(const struct bridge_counter *c);

/*
 * The joules between the series' last sample and `end`, which is more than
 * max_gap later and not yet in the series. -1, with the reason, where the
 * counter cannot tell them.
 */
int bridge_joules(const bridge_t *b, const series_t *s,
		  const struct bridge_end *end, double *joules,
		  struct err *why);

/*
 * A counter came with what is now the series' last sample; `bridged`: and told
 * of the gap before it. One that cannot be leaves all as it was.
 */
void bridge_note(bridge_t *b, const series_t *s,
		 const struct bridge_counter *c, bool bridged);

/*
 * Until when a sample may come that bridges the time behind the series' last
 * one; 0 where none will.
 */
int64_t bridge_until_ns(const bridge_t *b, const series_t *s);

/*
 * As lines "key=value" for a state file, and back. -1: buf is too small; text
 * that says nothing sensible, and *b is all zero.
 */
int bridge_format(const bridge_t *b, char *buf, size_t size);
int bridge_parse(bridge_t *b, const char *text);

#endif
