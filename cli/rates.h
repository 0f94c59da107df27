/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_RATES_H
#define WATTGATE_CLI_RATES_H

#include <stdint.h>

#include "lib/conf.h"
#include "lib/err.h"
#include "lib/rate.h"

/* What [report] says of PUE, intensity and tariff. All zero: unknown. */
struct rates {
	rate_t *pue, *intensity, *tariff;
};

/* 0, or -1 with a text; rates_clear() after both. */
int rates_open(struct rates *rates, const struct conf *conf, struct err *err);
void rates_clear(struct rates *rates);

/*
 * What `kwh` of the meters, drawn evenly over [from_ns, to_ns), emitted and
 * cost with all that the site adds to it (PUE). NaN: unknown.
 */
struct rated {
	double co2e_g, cost;
};
struct rated rates_of(const struct rates *rates, double kwh, int64_t from_ns,
		      int64_t to_ns);

#endif
