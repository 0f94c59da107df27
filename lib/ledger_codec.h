/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_LEDGER_CODEC_H
#define WATTGATE_LEDGER_CODEC_H

#include <stdbool.h>
#include <stddef.h>

#include "ledger.h"

/*
 * One line of a ledger, to and from text. Inside lib/ledger*.c only;
 * docs/formats.md describes the line.
 */

/* Does the line (without its newline) carry the checksum of its own text? */
bool ledger_line_good(const char *line, size_t len);

/*
 * Write a record as a line without newline and with a NUL. Returns its length,
 * or -1 with a text where it does not fit or holds a value that may not be
 * stored (not finite, negative time, too many parts).
 */
long ledger_line_encode(const struct ledger_rec *rec, char *buf, size_t size,
			struct err *err);

/* As ledger_parse(), for LEDGER_METERS, which are unknown to that. */
int ledger_parse_meters(const char *line, size_t len, struct ledger_rec *rec,
			struct err *err);

#endif
