/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_KNOTS_H
#define BMCSIM_KNOTS_H

#include <stddef.h>

#include "fail.h"

/* Points (t, watts) in ascending t: the body of every program but the sine. */
struct knot {
	double t_s;
	double w;
};

struct knots {
	struct knot *at;
	size_t n;
	size_t room;
};

#define KNOTS_MAX 200000
#define KNOT_WATTS_MAX 1e7
#define KNOT_TIME_MAX 1e10

/* A finite decimal number that fills the whole of text. Returns 0 or -1. */
int knots_number(const char *text, double *value);

/* Checks and appends; text names the place for the message. */
int knots_add(struct knots *knots, double t_s, double w, const char *where,
	      struct fail *fail);

/* "W@T,W@T"; cuts text to pieces. */
int knots_parse_steps(struct knots *knots, char *text, struct fail *fail);

/* "t_s,watts" lines; '#' comments, and a first line of column names. */
int knots_read_csv(struct knots *knots, const char *path, struct fail *fail);

void knots_clear(struct knots *knots);

/* The last knot at or before t, the first one when t is before all. */
size_t knots_find(const struct knots *knots, long double t_s);

#endif
