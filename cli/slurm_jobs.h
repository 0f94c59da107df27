/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_SLURM_JOBS_H
#define WATTGATE_CLI_SLURM_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/jobs.h"
#include "lib/err.h"
#include "slurmdb/module.h"

/* How Slurm's accounting is read: by the module slurmdb.so, or from sacct. */
enum slurm_via { SLURM_VIA_ANY, SLURM_VIA_SLURMDB, SLURM_VIA_SACCT };

/* Which jobs are wanted. */
struct slurm_jobs_query {
	int64_t from_ns, to_ns;	/* that ended in [from, to) */
	bool running;		/* and those that started before `to` and run */
	bool during;		/* and all others that had time before `to` */
	const char *user, *account;	/* exactly these; NULL: all */
	enum slurm_via via;
	bool texts;		/* with names and comments */
	enum slurmdb_field field;	/* its text is a job's note */
	bool identity;		/* cluster and submit time, from sacct too */
};

typedef struct slurm_jobs slurm_jobs_t;

/*
 * By SLURM_VIA_ANY the module where it is there and fits the Slurm that is
 * installed, else sacct, which `note` is told. The query has to stay. NULL
 * with a text. Close before another is opened.
 */
slurm_jobs_t *slurm_jobs_open(const struct slurm_jobs_query *query,
			      void (*note)(const char *text), struct err *err);
void slurm_jobs_close(slurm_jobs_t *s);	/* NULL is fine */

/*
 * Append the next jobs; what comes in one call has ended before all that
 * comes in the next, and what runs is in the last. 1, 0 where there are no
 * more, -1 with a text.
 *
 * Where slurmdbd does not answer in time, the process says so and ends.
 */
int slurm_jobs_next(slurm_jobs_t *s, struct jobs *jobs, struct err *err);

/*
 * Fill in the energy of the extern steps of those jobs that have ended and
 * that `wants` says; of others it may be there or not. Jobs are in the order
 * of their ends. -1 with a text.
 */
int slurm_jobs_extern(slurm_jobs_t *s, struct jobs *jobs,
		      bool (*wants)(const struct job *job), struct err *err);

/*
 * Change that field of an instance that has ended, as slurmdb_ops say; joules
 * of its row. By the module only. enum slurmdb_edited, or -1 with a text.
 */
int slurm_jobs_edit(slurm_jobs_t *s, const struct job *job, slurmdb_edit *edit,
		    void *arg, struct err *err);
int slurm_jobs_set_energy(slurm_jobs_t *s, const struct job *job,
			  uint64_t joules, struct err *err);

/* Can this Slurm do that, and does it have that field? -1 with a text. */
int slurm_jobs_can(slurm_jobs_t *s, bool set_energy, struct err *err);

/* Does accounting know GPUs (is gres/gpu among its TRES)? */
bool slurm_jobs_tracks_gpus(slurm_jobs_t *s);

#endif
