/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meter_text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUOTED_MAX 40		/* bytes of it */
#define NUMBER_MAX 40
#define AMOUNT_MAX 1e15		/* beyond, a double has no joules */

static const char blanks[] = " \t\r\n";
static const char digits[] = "0123456789";

/* A piece of text, which may hold anything. */
struct piece {
	const char *at;
	size_t len;
};

static struct piece piece_strip(const char *text, size_t len)
{
	while (len && memchr(blanks, text[len - 1], sizeof(blanks) - 1))
		len--;
	while (len && memchr(blanks, *text, sizeof(blanks) - 1)) {
		text++;
		len--;
	}
	return (struct piece){ text, len };
}

/* How many of its first bytes are of `set`. */
static size_t piece_span(struct piece p, const char *set)
{
	size_t n = 0;

	while (n < p.len && p.at[n] && strchr(set, p.at[n]))
		n++;
	return n;
}

static struct piece piece_rest(struct piece p, size_t skip)
{
	return (struct piece){ p.at + skip, p.len - skip };
}

static bool piece_is(struct piece p, const char *text)
{
	return p.len == strlen(text) && memcmp(p.at, text, p.len) == 0;
}

const char *meter_quote(char buf[METER_QUOTE_MAX], const char *text,
			size_t len)
{
	struct piece p = piece_strip(text, len);
	size_t n = 0;

	buf[n++] = '\'';
	for (size_t i = 0; i < p.len && i < QUOTED_MAX; i++) {
		unsigned char c = (unsigned char)p.at[i];

		n += (size_t)snprintf(buf + n, METER_QUOTE_MAX - n,
				      c < 0x20 || c >= 0x7f || c == '\\' ?
				      "\\x%02x" : "%c", c);
	}
	snprintf(buf + n, METER_QUOTE_MAX - n, "%s'",
		 p.len > QUOTED_MAX ? "..." : "");
	return buf;
}

static int bad(const char *text, size_t len, const char *what, struct err *err)
{
	char quoted[METER_QUOTE_MAX];

	return err_set(err, "%s is not %s", meter_quote(quoted, text, len),
		       what);
}

/* ---- files ---- */

static bool unit_follows(struct piece p, const char *unit)
{
	size_t blank = piece_span(p, " \t"), len = strlen(unit);

	if (!len)
		return p.len == 0;
	p = piece_rest(p, blank);
	return blank && p.len >= len && memcmp(p.at, unit, len) == 0 &&
	       (p.len == len || piece_span(piece_rest(p, len), " \t"));
}

int meter_file_number(const char *text, size_t len, const char *unit,
		      uint64_t *number, struct err *err)
{
	struct piece p = piece_strip(text, len);
	size_t n = piece_span(p, digits);
	char copy[NUMBER_MAX];

	if (n > 0 && n < sizeof(copy) && unit_follows(piece_rest(p, n), unit)) {
		memcpy(copy, p.at, n);
		copy[n] = '\0';
		errno = 0;
		*number = strtoull(copy, NULL, 10);
		if (!errno)
			return 0;
	}
	return bad(text, len, *unit ? "a whole number with its unit"
				    : "a whole number", err);
}

/* ---- output ---- */

static const struct unit {
	const char *name;
	bool energy;
	double factor;
} units[] = {
	{ "W", false, 1 }, { "kW", false, 1e3 }, { "mW", false, 1e-3 },
	{ "J", true, 1 }, { "kJ", true, 1e3 },
	{ "Wh", true, 3600 }, { "kWh", true, 3.6e6 },
};

/* 12, 12.5, .5, 1.25e3: as much of it as strtod() has to take whole. */
static int decimal(struct piece p, double *value)
{
	char copy[NUMBER_MAX], *end;

	if (!p.len || p.len >= sizeof(copy) ||
	    !memchr("0123456789.", p.at[0], 11))
		return -1;
	memcpy(copy, p.at, p.len);
	copy[p.len] = '\0';
	*value = strtod(copy, &end);
	return end == copy + p.len && *value >= 0 && *value <= AMOUNT_MAX ?
	       0 : -1;
}

int meter_amount_parse(const char *text, size_t len, struct meter_amount *out,
		       struct err *err)
{
	struct piece p = piece_strip(text, len), unit;
	size_t n = piece_span(p, "0123456789.eE+-");
	double value;

	unit = piece_rest(p, n);
	unit = piece_rest(unit, piece_span(unit, blanks));
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!piece_is(unit, units[i].name))
			continue;
		if (decimal((struct piece){ p.at, n }, &value) < 0)
			break;
		out->energy = units[i].energy;
		out->value = value * units[i].factor;
		return 0;
	}
	return bad(text, len, "one number with a unit of W, kW, mW, J, kJ, Wh, kWh",
		   err);
}
