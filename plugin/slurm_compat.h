/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SLURM_COMPAT_H
#define WATTGATE_SLURM_COMPAT_H

/*
 * Everything that differs between releases of Slurm, and nothing else.
 * Only public headers: slurm.h, slurm_errno.h and spank.h.
 */

#include <slurm/slurm.h>
#include <slurm/slurm_errno.h>
#include <slurm/spank.h>

#define COMPAT_SINCE(major, minor) \
	(SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(major, minor, 0))

/* Private to Slurm; only pointers to them pass through our hands. */
typedef struct s_p_options s_p_options_t;
typedef struct s_p_hashtbl s_p_hashtbl_t;

/* `List` left slurm.h in 24.11; it always was a pointer. */
#if COMPAT_SINCE(24, 11)
typedef list_t **compat_list_t;
#else
typedef List *compat_list_t;
#endif

/*
 * From 24.05 slurmstepd itself holds the extern step back until the job's
 * other steps are gone; before, a cancelled job's row may lose its energy.
 */
#define COMPAT_EXTERN_WAITS COMPAT_SINCE(24, 5)

#endif
