/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_METER_TEXT_H
#define WATTGATE_METER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

/* What meters say in text: files of sysfs, the output of a command. */

#define METER_TEXT_MAX 256	/* bytes of a file or an output; more is none */

/*
 * "N", or "N UNIT" and whatever follows a blank, with a newline or without:
 * N a whole number of at most 64 bits. unit "": the number stands alone. 0, or
 * -1 with a text that quotes it.
 */
int meter_file_number(const char *text, size_t len, const char *unit,
		      uint64_t *number, struct err *err);

/* One number with a unit. */
struct meter_amount {
	bool energy;		/* W, or J of a counter */
	double value;
};

/*
 * "230.5 W": a number, not below 0, and a unit of W, kW, mW, J, kJ, Wh, kWh;
 * blanks and newlines around it and between them do not count. 0, or -1.
 */
int meter_amount_parse(const char *text, size_t len, struct meter_amount *out,
		       struct err *err);

/* The text in '' for a message: cut short, what is not printable as \xXX. */
#define METER_QUOTE_MAX 200
const char *meter_quote(char buf[METER_QUOTE_MAX], const char *text,
			size_t len);

#endif
