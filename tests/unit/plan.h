/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_PLAN_H
#define TESTS_PLAN_H

#include "rig.h"

/*
 * A random day of a node: jobs with steps, shares, suspensions; readings and
 * silence; stops, crashes and times when wattgated is down. It can be played
 * with and without the interruptions, and what each job must have drawn is
 * worked out again, piece by piece, from nothing but the plan.
 */

#define PLAN_TICKS 300
#define PLAN_JOBS 40

enum plan_event {
	PLAN_RUN,
	PLAN_CLEAN,		/* stop and start behind this tick */
	PLAN_CRASH,		/* killed behind this tick, started again */
	PLAN_STALE,		/* killed between ledger and NODE.open */
	PLAN_DOWN,		/* not there at this tick */
};

struct plan_job {
	uint32_t id, restart;
	int64_t start_ns, end_ns;
	double share;		/* NaN: one core of four, found out */
	bool has_step;
	/* the ticks at which it is suspended and runs again; 0: never */
	int suspend_tick, resume_tick;
};

struct plan {
	int ticks, jobs;
	double watts[PLAN_TICKS];	/* 0: no reading */
	enum plan_event event[PLAN_TICKS];
	bool sweep[PLAN_TICKS];	/* an epilog cleans up behind this tick */
	struct plan_job job[PLAN_JOBS];
};

struct plan_options {
	bool suspensions, interruptions, over_subscribed;
};

/* The same for the same seed. */
void plan_make(struct plan *p, uint64_t seed, const struct plan_options *o);

/* Plays it, and the ticks that settle its end, and stops. */
void plan_play(const struct plan *p, rig_t *rig, bool interrupted);

/* Holds each job's record against the plan. */
void plan_check(const struct plan *p, const rig_t *rig,
		const struct rig_ledger *l, double tolerance_j,
		const char *what);

#endif
