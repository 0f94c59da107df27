/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SLURMDB_SLURM_COMPAT_H
#define WATTGATE_SLURMDB_SLURM_COMPAT_H

/* All that differs between Slurm's releases, for this room. */

#include <slurm/slurm.h>
#include <slurm/slurmdb.h>
#include <slurm/slurm_errno.h>

/* The name of a list's type; lists themselves did not change. */
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(24, 11, 0)
typedef list_t *compat_list_t;
#else
typedef List compat_list_t;
#endif
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(24, 5, 0)
typedef list_itr_t *compat_itr_t;
#else
typedef ListIterator compat_itr_t;
#endif

/* Associations that were removed, too. */
static inline void compat_with_deleted(slurmdb_assoc_cond_t *cond)
{
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(24, 11, 0)
	cond->flags |= ASSOC_COND_FLAG_WITH_DELETED;
#else
	cond->with_deleted = 1;
#endif
}

/*
 * Of what slurm_init() read only two words are wanted, which no public function
 * tells: the type is slurm.h's, the variable has been exported from libslurm in
 * each release, but not declared.
 */
extern slurm_conf_t slurm_conf;

static inline const char *compat_storage(void)
{
	return slurm_conf.accounting_storage_type;
}

static inline const char *compat_cluster(void)
{
	return slurm_conf.cluster_name;
}

#endif
