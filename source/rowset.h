/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_ROWSET_H
#define WATTGATE_ROWSET_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

/*
 * Samples with stamps of wall time, as a server that keeps them hands them
 * out: gathered as they come, then put in order.
 *
 * A row that is no power (null, 0 W, not a number) is counted and left out.
 * Of rows of one instant that agree one stays; those that do not are no power.
 */

#define ROWS_MAX 20000		/* of one answer */

struct row {
	int64_t wall_ns;
	double watts;		/* NaN: no power */
};

struct rowset {
	struct row *at;
	unsigned n, room;
	unsigned unmeasured;	/* rows that were no power */
	int64_t newest_ns;	/* stamp of the last row, power or not; 0 = none */
	int64_t dark_ns;	/* of the last one that was no power; 0 = none */
	struct err dark;	/* why it is none */
};

/* Empties it; what it has allocated stays. */
void rowset_reset(struct rowset *r);
void rowset_free(struct rowset *r);		/* NULL is fine */

/* -1 with a text where there are too many, or no memory. */
int rowset_add(struct rowset *r, int64_t wall_ns, double watts, struct err *err);
/* A row that is no power, and why. */
int rowset_add_dark(struct rowset *r, int64_t wall_ns, const struct err *why,
		  struct err *err);

/* Keep those from from_ns to to_ns, put them in order, leave out the dark. */
void rowset_settle(struct rowset *r, int64_t from_ns, int64_t to_ns);

#endif
