/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_JSON_POWER_H
#define WATTGATE_JSON_POWER_H

#include <stddef.h>

#include "lib/err.h"
#include "json_doc.h"

/*
 * Watts out of what a BMC answered. A reading is a finite number above 0 and
 * at most 1 MW. Everything else (0, null, absent, negative, text) means that
 * power is unavailable, and why; it is never a value.
 */

#define POWER_MAX_W 1e6

/* 0 where it is a number; -1 with the reason why the one at pointer is none. */
int json_number_check(enum json_number kind, const char *pointer,
		      struct err *why);

/* 0 with *watts set, or -1 with the reason. */
int json_power_doc(const json_doc_t *doc, const char *pointer, double *watts,
		   struct err *why);

/* The same from the text of an answer. */
int json_power_read(const char *data, size_t size, const char *pointer,
		    double *watts, struct err *why);

#endif
