/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SPANK_STEPD_H
#define WATTGATE_SPANK_STEPD_H

#include "slurm_compat.h"

/*
 * SPANK in slurmstepd: the gate record of the step. Errors are logged, never
 * returned: a job runs on, whatever state wattgate is in.
 */
void spank_stepd_begin(spank_t spank, int ac, char **av);
void spank_stepd_end(void);

#endif
