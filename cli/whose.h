/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_WHOSE_H
#define WATTGATE_CLI_WHOSE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whose jobs a report is of where nobody said: as sacct has it, one's own; all
 * for root and those who look after jobs. That is a default, no permission:
 * what may be seen is the scheduler's word, or its database's.
 */

/*
 * Slurm's: SlurmUser and operators look after all. true with the caller's name
 * in buf; false: all jobs.
 */
bool whose_slurm(char *buf, size_t size);

/* OAR's: user oar does, and wattgate. */
bool whose_oar(char *buf, size_t size);

/* Of what `sacctmgr show config` prints: who Slurm runs as, and what it hides. */
struct slurm_privacy {
	bool jobs_hidden;
	char slurm_user[64];
};
/* -1 where Slurm does not say. */
int slurm_privacy_read(struct slurm_privacy *privacy);

#endif
