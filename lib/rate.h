/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_RATE_H
#define WATTGATE_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * What a kWh costs or emits, or what a site adds to it, over time:
 *
 *   0.21                           always
 *   0.25, 22:00-06:00 0.15         at these hours of the local day another
 *   2025-01-01 56, 2026-01-01 51   from these days on (local midnight); unknown
 *                                  before the first
 *   /etc/wattgate/intensity.csv    a time series, see below
 *   green-algorithms/FR            a table that comes with wattgate
 *
 * A number may have its unit behind it. Hours begin and end at full quarters.
 *
 * A time series has lines "TIME,VALUE", in order; TIME as "2026-11-01T06:00Z",
 * with a zone. A value holds until the next line, the last one as long as the
 * one before it did; an empty value is unknown, and so is all time outside. The
 * first line may be a head, lines that begin with # are comments.
 *
 * A table, DIR/NAME.csv, has lines "CODE,PLACE,VALUE,YEAR,SOURCE".
 */

enum rate_kind { RATE_PUE, RATE_INTENSITY, RATE_TARIFF };

#define RATE_TEXT_MAX 256	/* of the text, with its NUL */

typedef struct rate rate_t;

/* Is the text one of those? Opens no file. 0, or -1 with a text. */
int rate_check(enum rate_kind kind, const char *text, struct err *err);

/*
 * dir: where tables are. "" is a rate that is unknown at all times. NULL with
 * a text, "FILE:LINE: what" where a file is wrong.
 */
rate_t *rate_open(enum rate_kind kind, const char *text, const char *dir,
		  struct err *err);
void rate_close(rate_t *r);	/* NULL is fine */

/*
 * The mean over [from_ns, to_ns), wall time; at the instant where both are
 * equal. NaN where a part of that time is unknown.
 */
double rate_mean(rate_t *r, int64_t from_ns, int64_t to_ns);

/* Is it the same at all times? */
bool rate_constant(const rate_t *r);

/* Where it comes from, for people: "51.28", "FILE", "CODE, PLACE, YEAR: SOURCE". */
const char *rate_origin(const rate_t *r);

#endif
