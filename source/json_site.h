/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_JSON_SITE_H
#define WATTGATE_JSON_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/err.h"

/*
 * What a site answers; docs/site-protocol.md. It is believed only where all of
 * it can be true: a site that was broken into must not be able to do more than
 * tell wrong watts. Unknown members are passed over.
 */

#define SITE_SAMPLES_MAX 1000

struct site_sample {
	int64_t boot_ns;	/* on the site's clock */
	double watts;
	double cum_j;
	int64_t cum_covered_ns;
	uint32_t flags;
};

struct site_series {
	char boot_id[BOOT_ID_SIZE];	/* the site's */
	int64_t now_ns;
	char source[64];
	int64_t period_ns;
	bool more;
	unsigned count;
	struct site_sample samples[SITE_SAMPLES_MAX];	/* oldest first */
};

/* 0, or -1 with what cannot be. */
int json_site_series(const char *data, size_t size, const char *node,
		     struct site_series *out, struct err *err);

/* How long a session lives that was opened; -1: it was not. */
int json_site_session(const char *data, size_t size, int64_t *life_ns);

/*
 * How many lines the site has taken, how many of them were new, and how many
 * others it could not take; -1: it does not say.
 */
int json_site_taken(const char *data, size_t size, uint32_t *lines,
		    uint32_t *fresh, uint32_t *refused);

/* What it says of a refusal, into buf; -1: nothing. */
int json_site_error(const char *data, size_t size, char *buf, size_t room);

#endif
