/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_GATE_H
#define WATTGATE_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "series.h"
#include "suspend.h"

/*
 * Gated energy: E = integral of P(t) x Gate(t), Gate(t) = time x share, both
 * piecewise constant, on half-open intervals (the study's third method).
 */

/* ---- whole history, for the ledger --------------------------------------- */

/*
 * What one allocation has drawn so far. Advanced piece by piece, in order;
 * every sum only grows.
 */
typedef struct gate {
	int64_t start_ns;
	int64_t settled_ns;	/* advanced up to here */
	double gated_j;
	double node_j;		/* the whole node's energy in the same time */
	int64_t active_ns;	/* time not suspended */
	int64_t covered_ns;	/* of it, measured */
	int64_t suspended_ns;
	int64_t max_gap_ns;	/* longest unmeasured stretch of active time */
	int64_t open_gap_ns;	/* the unmeasured stretch it now ends with */
} gate_t;

void gate_start(gate_t *g, int64_t start_ns);

/*
 * Advance to to_ns with `span` = the series in [settled_ns, to_ns). share is
 * the part held in it (0..1); where not active (suspended) only suspended_ns
 * grows. A to_ns at or before settled_ns changes nothing.
 * Returns the joules that were added.
 */
double gate_advance(gate_t *g, int64_t to_ns, const struct series_span *span,
		    double share, bool active);

/* covered_ns / active_ns; 1 for an allocation without length, never NaN. */
double gate_coverage(const gate_t *g);

/* ---- the live answer, for the energy plugin ------------------------------ */

/*
 * Joules since start, by two points of the series and the suspension slot.
 * One per step; lives in slurmstepd. Never decreases.
 */
typedef struct gate_live {
	int64_t start_ns;
	double share;
	double start_j;		/* series at start_ns ... */
	bool start_exact;	/* ... once a sample lies beyond it */
	double suspended_before_j;	/* slot's total when the step began */
	double suspended_j;	/* joules in ended suspensions since then */
	double carried_j;	/* drawn before the series was begun anew */
	double answer_j;	/* the largest answer so far */
} gate_live_t;

/* Begin at start_ns, where the series stands at start_j. */
void gate_live_start(gate_live_t *g, int64_t start_ns, double share,
		     double start_j, const struct suspend_slot *slot);

/*
 * The series was begun anew (its joules fell): what was answered stays, and
 * counting goes on from start_j of the new one.
 */
void gate_live_rebase(gate_live_t *g, double start_j,
		      const struct suspend_slot *slot);

/* now: the series' point at the time of asking; slot: see suspend.h. */
double gate_live_advance(gate_live_t *g, const struct series_point *now,
			 const struct suspend_slot *slot);

#endif
