/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SITE_JOBS_H
#define WATTGATE_SITE_JOBS_H

#include <stdbool.h>

#include "lib/err.h"

/*
 * One thread beside the loop for calls that may block: a database, a name
 * server. The queue is bounded; jobs are done in order, one at a time, and come
 * back to the loop.
 */

struct job {
	void (*work)(struct job *job);	/* in the thread */
	void (*done)(struct job *job);	/* in the loop, from jobs_run() */
	void (*drop)(struct job *job);	/* instead of done, at the end; or NULL */
	struct job *next;
};

typedef struct jobs jobs_t;

jobs_t *jobs_create(unsigned limit, struct err *err);

/*
 * Waits for the job under way, a few seconds at most, and calls `drop` for all
 * that did not come back. False: the thread is stuck; what its job uses must
 * stay. NULL is fine.
 */
bool jobs_destroy(jobs_t *j);

/* -1 where the queue is full. The job stays the caller's; not to be touched. */
int jobs_put(jobs_t *j, struct job *job);

/* Readable when a job has come back; then run. */
int jobs_fd(const jobs_t *j);
void jobs_run(jobs_t *j);

#endif
