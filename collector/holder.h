/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_HOLDER_H
#define WATTGATE_HOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/gate.h"
#include "lib/gaterec.h"

/*
 * Holders: the allocations and steps that hold parts of the node, each with
 * its gate record and what it has drawn so far. Pure book-keeping.
 */

enum holder_state {
	HOLDER_OPEN,
	HOLDER_ENDED,		/* end known, not yet in the ledger */
	HOLDER_DONE		/* in the ledger; its record file lingers */
};

/* Stretches in which the job was suspended, not yet settled past. */
#define HOLDER_SUSPENSIONS 16
struct suspension {
	int64_t from_ns;
	int64_t to_ns;		/* INT64_MAX: still suspended */
};

struct holder {
	gaterec_t rec;
	enum holder_state state;
	bool is_alloc;		/* the extern step's record */
	bool listed;		/* its file was there at the last look */
	bool in_ledger;		/* a ledger line exists: not to be written again */
	bool restored;		/* NODE.open or an interval of the ledger has it */
	int64_t dark_until_ns;	/* the ledger gave its energy before to others */
	double share;		/* NaN: not known */
	double model_w;
	gate_t gate;
	int64_t end_ns;		/* INT64_MAX while open */
	const char *end;	/* "exit", "vanished", "crash" */
	int64_t alive_ns;	/* last time its slurmstepd was seen */
	ino_t ino;		/* of the record file, to see it replaced */
	pid_t child;		/* the extern step's own process; 0 = not known */
	struct suspension susp[HOLDER_SUSPENSIONS];	/* of allocations */
	int susp_len;
	/* where its processes are stopped: when Slurm was asked about it ... */
	int64_t asked_ns;	/* 0: they are not */
	int64_t stop_ns;	/* ... and where that would be booked */
	struct series_point stop_point;
	bool in_doubt;		/* no answer yet */
};

struct holder_set {
	struct holder **items;
	uint32_t len, size;
};

/* A new holder of a copy of rec, open; NULL on lack of memory. */
struct holder *holder_add(struct holder_set *set, const gaterec_t *rec);
void holder_remove(struct holder_set *set, uint32_t i);
void holder_set_free(struct holder_set *set);

/* By the record's identity: job, step, restart, slurmstepd and boot. */
struct holder *holder_find(const struct holder_set *set, const gaterec_t *rec);
/* By the record's file name. */
struct holder *holder_find_name(const struct holder_set *set, const char *name);
/* The allocation that a step belongs to; NULL where there is none. */
struct holder *holder_alloc_of(const struct holder_set *set,
			       const struct holder *h);
/* Is another holder of the same job open? */
bool holder_job_open(const struct holder_set *set, const struct holder *h);
/* Is any holder of that job id not yet done? */
bool holder_job_known(const struct holder_set *set, uint32_t job_id);

/* Does it hold its part at t_ns (which is not suspended)? */
bool holder_holds(const struct holder *h, int64_t t_ns);
bool holder_suspended(const struct holder *h, int64_t t_ns);

/* Begin or end a suspension of an allocation. */
void holder_suspend(struct holder *h, int64_t t_ns);
void holder_resume(struct holder *h, int64_t t_ns);
/* Forget suspensions that ended before t_ns. */
void holder_forget_suspensions(struct holder *h, int64_t t_ns);

#endif
