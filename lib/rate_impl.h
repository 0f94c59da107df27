/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_RATE_IMPL_H
#define WATTGATE_RATE_IMPL_H

#include "rate.h"

/* Between rate.c and rate_file.c only. */

#define RATE_HOURS_MAX 24
#define RATE_QUARTERS 96	/* of a day */
#define RATE_FILE_MAX (64 * 1024 * 1024)

/* From this instant on. NaN: unknown. */
struct rate_step {
	int64_t at_ns;
	double value;
};

/* [from, to) of the local day, in quarters of an hour; over midnight: from > to */
struct rate_hours {
	int from, to;
	double value;
};

struct rate {
	enum rate_kind kind;
	double base;		/* where there are no steps; NaN: unknown */
	struct rate_hours hours[RATE_HOURS_MAX];
	unsigned hours_len;
	struct rate_step *steps;	/* in order; before the first: unknown */
	size_t steps_len, steps_room;
	char origin[512];
};

int rate_step_add(rate_t *r, int64_t at_ns, double value);

/* A number of that kind, with its unit or without. 0, or -1 with a text. */
int rate_value(enum rate_kind kind, const char *text, double *out,
	       struct err *err);

/* ---- rate_file.c ---- */

/* Steps of a time series; the last one ends it. */
int rate_series_read(rate_t *r, const char *path, struct err *err);

/* The base from DIR/NAME.csv for "NAME/CODE". */
int rate_table_read(rate_t *r, const char *text, const char *dir,
		    struct err *err);

#endif
