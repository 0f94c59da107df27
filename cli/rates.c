/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/rates.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "cli/data_dir.h"
#include "lib/clock.h"

#define HOUR_NS (3600 * NS_PER_S)

static int open_one(rate_t **rate, enum rate_kind kind, const char *key,
		    const char *text, const struct conf *conf, struct err *err)
{
	char dir[PATH_MAX];
	struct err why;

	*rate = rate_open(kind, text, data_dir("intensity", dir, sizeof(dir)),
			  &why);
	if (*rate)
		return 0;
	return err_set(err, "%s: %s: %s", conf->path, key, why.text);
}

int rates_open(struct rates *rates, const struct conf *conf, struct err *err)
{
	memset(rates, 0, sizeof(*rates));
	if (open_one(&rates->pue, RATE_PUE, "pue", conf->pue, conf, err) < 0 ||
	    open_one(&rates->intensity, RATE_INTENSITY, "intensity",
		     conf->intensity, conf, err) < 0)
		return -1;
	return open_one(&rates->tariff, RATE_TARIFF, "tariff", conf->tariff,
			conf, err);
}

void rates_clear(struct rates *rates)
{
	rate_close(rates->pue);
	rate_close(rates->intensity);
	rate_close(rates->tariff);
	memset(rates, 0, sizeof(*rates));
}

/* The mean of a product: where only one of them varies, that of its factors. */
static double mean_of_both(rate_t *pue, rate_t *rate, int64_t from_ns,
			   int64_t to_ns)
{
	double sum = 0;

	if (!pue || !rate)
		return NAN;
	if (rate_constant(pue) || rate_constant(rate) || from_ns >= to_ns)
		return rate_mean(pue, from_ns, to_ns) *
		       rate_mean(rate, from_ns, to_ns);
	for (int64_t at_ns = from_ns; at_ns < to_ns; ) {
		int64_t end_ns = (at_ns / HOUR_NS + 1) * HOUR_NS;

		if (end_ns > to_ns)
			end_ns = to_ns;
		sum += rate_mean(pue, at_ns, end_ns) *
		       rate_mean(rate, at_ns, end_ns) *
		       (double)(end_ns - at_ns);
		at_ns = end_ns;
	}
	return sum / (double)(to_ns - from_ns);
}

struct rated rates_of(const struct rates *rates, double kwh, int64_t from_ns,
		      int64_t to_ns)
{
	return (struct rated){
		kwh * mean_of_both(rates->pue, rates->intensity, from_ns, to_ns),
		kwh * mean_of_both(rates->pue, rates->tariff, from_ns, to_ns),
	};
}
