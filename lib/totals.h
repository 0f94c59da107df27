/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_TOTALS_H
#define WATTGATE_TOTALS_H

#include <stdint.h>
#include <stdio.h>

#include "err.h"
#include "expo.h"

/*
 * What accounts' jobs drew since a beginning: sums that never fall. `wattgate
 * export` keeps them with its cursor and leaves them in a file, wattgated
 * serves them. docs/formats.md has the lines.
 *
 * There are at most TOTALS_MAX accounts, those that came first; all others
 * together are one without a name of its own.
 */

#define TOTALS_MAX 1000
#define TOTALS_KIND "wattgate-totals"
#define TOTALS_VERSION 1
#define TOTALS_FILE_MAX (8 * 1024 * 1024)

/* Sums; NaN in what is added is unknown and adds nothing. */
enum total_sum {
	TOTAL_JOULES,		/* gated */
	TOTAL_COVERED_S,	/* of the next, measured */
	TOTAL_NODE_S,		/* time on nodes, of jobs that tell their coverage */
	TOTAL_CORE_S, TOTAL_GPU_S,
	TOTAL_CO2E_G, TOTAL_COST,
	TOTAL_SUMS
};

struct total {
	char *name;		/* "" = jobs without account; NULL: all others */
	uint64_t jobs, measured;	/* measured: with energy */
	double sum[TOTAL_SUMS];
	double owed[TOTAL_SUMS];	/* taken back, to be made up for by what comes */
};

struct totals {
	struct total *list;	/* in the order in which they came */
	size_t len, room;
	int64_t at_s;		/* what they are of, since 1970 */
	char scheduler[8];
};

void totals_clear(struct totals *t);	/* what is in it, not itself */

/* The account's, or all others'. NULL: no memory. */
struct total *totals_of(struct totals *t, const char *account);

/* A sum grows by that, or what it should lose is remembered. */
void total_add(struct total *total, enum total_sum which, double amount);

/* Lines, and from lines; -1 with what is wrong. totals is empty before. */
void totals_print(FILE *f, const struct totals *t);
int totals_parse_line(struct totals *t, const char *line, struct err *err);

/* A whole body of a file. */
int totals_parse(struct totals *t, const char *body, struct err *err);

/* As families of metrics. */
void totals_expose(struct expo *e, const struct totals *t);

#endif
