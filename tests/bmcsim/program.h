/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_PROGRAM_H
#define BMCSIM_PROGRAM_H

#include "fail.h"

/*
 * A power program: watts as a function of t, the seconds since its epoch,
 * whose integral and maximum are known in closed form.
 *
 *	const:W
 *	step:W@T,W@T,...		W from its T until the next
 *	sine:mean=W,amp=W,period=S[,phase=RAD]
 *				mean + amp sin(2 pi t / period + phase)
 *	csv-hold:FILE			"t_s,watts" lines, held until the next
 *	csv-linear:FILE			the same, straight lines between
 *
 * Before the first and after the last T or line their watts hold. Watts are
 * never negative.
 */
typedef struct program program_t;

#define PROGRAM_SPEC_MAX 4096

/* NULL with the reason in fail. A relative FILE is taken from the cwd. */
program_t *program_parse(const char *spec, struct fail *fail);

/* As program_parse(), or, when arg has no "kind:", the file that holds one. */
program_t *program_load(const char *arg, struct fail *fail);

void program_destroy(program_t *program);

/* The spec, free of blanks, with FILE made absolute. Lives with program. */
const char *program_spec(const program_t *program);

/* Whether the watts depend on t, so that the epoch matters. */
int program_varies(const program_t *program);

long double program_watts(const program_t *program, long double t_s);

/* The integral from t0_s to t1_s, t0_s <= t1_s. */
long double program_joules(const program_t *program, long double t0_s,
			   long double t1_s);

/* The maximum over the closed interval, t0_s <= t1_s. */
long double program_max(const program_t *program, long double t0_s,
			long double t1_s);

#endif
