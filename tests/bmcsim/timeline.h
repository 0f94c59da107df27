/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_TIMELINE_H
#define BMCSIM_TIMELINE_H

#include <stdint.h>

#include "fail.h"
#include "program.h"

/*
 * What the BMC's power was: programs one after another, each from an instant
 * of wall time, each with its epoch. A truth file holds it as lines of
 * "WALL SPEC EPOCH", WALL and EPOCH in unix seconds with nine decimals.
 */
typedef struct timeline timeline_t;

/* One program for ever. Takes over program. NULL: out of memory. */
timeline_t *timeline_always(program_t *program, int64_t epoch_ns);

/* NULL with the reason, and the line, in fail. */
timeline_t *timeline_read(const char *path, struct fail *fail);

void timeline_destroy(timeline_t *timeline);

/* Each returns -1 where t0 is before the first program or after t1. */
int timeline_joules(const timeline_t *timeline, int64_t t0_ns, int64_t t1_ns,
		    long double *joules, struct fail *fail);
int timeline_max(const timeline_t *timeline, int64_t t0_ns, int64_t t1_ns,
		 long double *watts, struct fail *fail);
int timeline_watts(const timeline_t *timeline, int64_t t_ns,
		   long double *watts, struct fail *fail);

/* Appends one line to the truth file at path. */
int truth_append(const char *path, int64_t wall_ns, const program_t *program,
		 int64_t epoch_ns, struct fail *fail);

#endif
