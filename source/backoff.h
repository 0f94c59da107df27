/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_BACKOFF_H
#define WATTGATE_BACKOFF_H

#include <stdint.h>

/*
 * How long to leave a BMC alone after a failure. Time is the caller's: this
 * only turns failures into delays, counted from the start of the attempt that
 * failed.
 *
 * SOON doubles from one period to four, 30 s at most, so that a BMC that comes
 * back is found again while little is lost. SLOW doubles on to five minutes:
 * a refused password must not lock the account, and a search that found
 * nothing need not run all the time. A Retry-After goes before both, up to
 * five minutes. Delays beyond a period are shortened by up to a fifth at
 * random, so that nodes on one BMC spread out.
 */

enum backoff_kind {
	BACKOFF_NONE,	/* the BMC is well: again next period */
	BACKOFF_SOON,
	BACKOFF_SLOW
};

typedef struct backoff {
	int64_t period_ns;
	unsigned failures;	/* in a row */
	uint64_t random;
} backoff_t;

void backoff_init(backoff_t *b, int64_t period_ns, uint64_t seed);
void backoff_reset(backoff_t *b);

/* After a failure. At least one period. retry_after_ns 0: none was given. */
int64_t backoff_delay_ns(backoff_t *b, enum backoff_kind kind,
			 int64_t retry_after_ns);

#endif
