/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_REDFISH_PLACE_H
#define WATTGATE_REDFISH_PLACE_H

#include <stddef.h>

#include "lib/err.h"

/*
 * Where a BMC keeps a number: one resource, and in it one JSON pointer, or a
 * few whose values are added up (the inputs of a node's power supplies).
 */

#define REDFISH_URL_MAX 512
#define REDFISH_POINTER_MAX 256
#define REDFISH_TERMS_MAX 16
#define REDFISH_SUM_MAX (REDFISH_TERMS_MAX * (REDFISH_POINTER_MAX + 3))

struct redfish_number {
	char url[REDFISH_URL_MAX];	/* an absolute path; "" = there is none */
	unsigned terms;
	char pointer[REDFISH_TERMS_MAX][REDFISH_POINTER_MAX];
};

/* What a search found. */
struct redfish_place {
	struct redfish_number power;	/* watts */
	struct redfish_number energy;	/* a trusted counter, or url "" */
	double energy_unit_j;		/* joules in one of its units */
	double energy_wrap;		/* it starts again at 0 here, in its units; 0 = never */
	char source[64];		/* "redfish:environment", "redfish:power", ... */
};

/* "/a/0/b" or "/a/0/b + /a/1/b" into buf; -1 where it does not fit. */
int redfish_number_format(const struct redfish_number *n, char *buf,
			  size_t size);

/* The pointers of such a text; -1 where it is none, and n->terms is 0. */
int redfish_number_parse(struct redfish_number *n, const char *text);

/*
 * Watts out of the text of an answer: each term a finite number of at least
 * 0, their sum above 0 and at most POWER_MAX_W. 0, or -1 with the reason.
 */
int redfish_power_read(const struct redfish_number *n, const char *data,
		       size_t size, double *watts, struct err *why);

/* The same for a counter: its value, in its own units, at least 0. */
int redfish_energy_read(const struct redfish_number *n, const char *data,
			size_t size, double *value, struct err *why);

#endif
