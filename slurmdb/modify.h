/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SLURMDB_MODIFY_H
#define WATTGATE_SLURMDB_MODIFY_H

#include "slurmdb/module.h"
#include "slurmdb/slurm_compat.h"

/* What the module writes into slurmdbd: see edit and set_energy of module.h. */

struct modify_at {
	void *connection;
	int socket;		/* its; -1: not known */
	compat_list_t clusters;	/* the jobs' one */
	compat_list_t states;	/* all in which a job can have ended */
};

int modify_text(const struct modify_at *at, const struct slurmdb_job *job,
		enum slurmdb_field field, slurmdb_edit *edit, void *arg,
		struct err *err);
int modify_energy(const struct modify_at *at, const struct slurmdb_job *job,
		  uint64_t joules, struct err *err);

bool modify_has_field(enum slurmdb_field field);
bool modify_sets_energy(void);

#endif
