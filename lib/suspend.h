/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SUSPEND_H
#define WATTGATE_SUSPEND_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"

/*
 * The suspension table of a node (RUNDIR/NODE/suspend): what wattgated saw of
 * suspended jobs, for the energy plugin, which no one tells. Fixed size, one
 * writer, read with pread; docs/formats.md has the bytes.
 *
 * A slot carries the joules and covered time of the whole node that fell into
 * the job's suspensions so far, so that a reader subtracts them.
 */

#define SUSPEND_SLOTS 256

struct suspend_slot {
	uint32_t job_id;	/* 0 = free */
	uint32_t reserved;
	int64_t since_ns;	/* suspended since (boot time); 0 = running */
	double since_cum_j;	/* series at since_ns */
	int64_t since_cum_covered_ns;
	int64_t total_ns;	/* ended suspensions: their time, ... */
	double total_j;		/* ... the node's joules, ... */
	int64_t total_covered_ns;	/* ... and covered time in them */
	uint32_t reserved2;
	uint32_t crc;
};

typedef struct suspend_writer suspend_writer_t;

/* Opens or creates the table (0640); slots of this boot are kept. */
suspend_writer_t *suspend_writer_open(const char *path, const char *boot_id,
				      struct err *err);
void suspend_writer_close(suspend_writer_t *w);

/* Slot of a job, NULL if it has none. */
const struct suspend_slot *suspend_writer_find(const suspend_writer_t *w,
					       uint32_t job_id);
/*
 * The job is suspended since t_ns / runs again since t_ns; cum_j and covered
 * are the series at that instant. Repeating a state changes nothing.
 * -1 with a text where the table is full or cannot be written.
 */
int suspend_writer_stop(suspend_writer_t *w, uint32_t job_id, int64_t t_ns,
			double cum_j, int64_t cum_covered_ns, struct err *err);
int suspend_writer_resume(suspend_writer_t *w, uint32_t job_id, int64_t t_ns,
			  double cum_j, int64_t cum_covered_ns, struct err *err);
/*
 * The series is known better than when these were booked: add to its values at
 * `since` and to what ended suspensions had. Nothing where there is no slot.
 */
int suspend_writer_correct(suspend_writer_t *w, uint32_t job_id,
			   double since_j, int64_t since_covered_ns,
			   double total_j, int64_t total_covered_ns,
			   struct err *err);
/* The job is gone: frees its slot. */
int suspend_writer_drop(suspend_writer_t *w, uint32_t job_id, struct err *err);

typedef struct suspend_reader {
	int fd;			/* -1: closed */
	uint32_t generation;	/* of the table when last searched */
	uint32_t job_id;	/* that was searched for */
	int slot;		/* where its slot was; -1: none */
} suspend_reader_t;

int suspend_reader_open(suspend_reader_t *r, const char *path, struct err *err);
void suspend_reader_close(suspend_reader_t *r);

/*
 * The job's slot into out (all zero where it was never suspended). A few
 * preads, no allocation. -1 where the table is unreadable.
 */
int suspend_reader_get(suspend_reader_t *r, uint32_t job_id,
		       struct suspend_slot *out);

#endif
