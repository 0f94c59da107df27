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

/* The release this is built for. */
#define COMPAT_MAJOR (SLURM_VERSION_NUMBER >> 16)
#define COMPAT_MINOR (SLURM_VERSION_NUMBER >> 8 & 0xff)

/* ---- texts of jobs ---- */

#define COMPAT_HAS_EXTRA \
	(SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 2, 0))
/* Joules of a job's row can be set. */
#define COMPAT_SETS_ENERGY \
	(SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(25, 11, 0))

static inline const char *compat_extra(const slurmdb_job_rec_t *job)
{
#if COMPAT_HAS_EXTRA
	return job->extra;
#else
	(void)job;
	return NULL;
#endif
}

static inline void compat_set_extra(slurmdb_job_rec_t *job, char *text)
{
#if COMPAT_HAS_EXTRA
	job->extra = text;
#else
	(void)job;
	(void)text;
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
