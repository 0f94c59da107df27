/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_JOBWORD_H
#define WATTGATE_JOBWORD_H

#include <stdint.h>

#include "lib/clock.h"
#include "lib/conf.h"

/*
 * Slurm's word on whether a job is suspended: `scontrol -o show job`, beside
 * the loop, one job at a time, ten seconds at most.
 */

enum job_word {
	WORD_PENDING,		/* being asked */
	WORD_NONE,		/* Slurm cannot be asked, or does not tell us */
	WORD_SUSPENDED,
	WORD_ACTIVE		/* any other state */
};

typedef struct jobword jobword_t;

/* conf outlives it. NULL: no memory. */
jobword_t *jobword_create(const struct conf *conf, const timesource_t *ts);
void jobword_destroy(jobword_t *w);	/* NULL is fine; kills a child */

/*
 * The answer to a question put at since_ns or later, which is put where there
 * is none.
 */
enum job_word jobword_get(jobword_t *w, uint32_t job_id, int64_t since_ns);

/* As in scontrol.h. */
void jobword_run(jobword_t *w);
int64_t jobword_due_ns(const jobword_t *w);
int jobword_fd(const jobword_t *w);

#endif
