/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CONF_VALUES_H
#define WATTGATE_CONF_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * Values of wattgate.conf. Numbers are plain decimals ("12", "0.25"): no sign,
 * no exponent, no hex, no locale. Errors name the value and what would be
 * taken; the caller says where.
 */

enum quantity {
	QUANTITY_DURATION,	/* ns; unit ms, s, m or h */
	QUANTITY_COUNT,		/* a whole number */
	QUANTITY_NUMBER,
	QUANTITY_WATTS,		/* unit W */
	QUANTITY_MEMORY,	/* MiB; unit M, G or T, of 1024 each; bare: MiB */
	QUANTITY_W_PER_GB,	/* unit W/GB, or bare */
	QUANTITY_G_PER_KWH,	/* unit g/kWh, or bare */
	QUANTITY_PER_S		/* times a second; unit /s, /min or /h */
};

/* The number in the quantity's base unit. -1 where text is none. */
int quantity_parse(enum quantity q, const char *text, double *out);

/* As above, and within [min, max], which are written like the value. */
int quantity_read(enum quantity q, const char *text, const char *min,
		  const char *max, double *out, struct err *err);

/* "true", "yes", "false", "no". */
int value_bool(const char *text, bool *out, struct err *err);

/* text with %n as node and %% as %, into buf. */
int value_expand(const char *text, const char *node, char *buf, size_t size,
		 struct err *err);

/*
 * A day "2026-11-01", an instant "2026-11-01T06:00:00Z" or seconds since 1970,
 * all UTC -> seconds since 1970, above 0.
 */
int value_instant(const char *text, int64_t *out_s, struct err *err);

/*
 * An http or https URL without credentials, query or fragment. The scheme
 * becomes lower case; slashes at the end go. In place.
 */
int value_url(char *url, struct err *err);

/*
 * "sha256//BASE64" or several with ';' between them, as curl takes it: SHA-256
 * of public keys. Strict, since a pin that is written wrongly matches nothing.
 */
int value_public_key(const char *text, struct err *err);

/* Is the URL one without TLS? */
bool url_is_plain(const char *url);

#endif
