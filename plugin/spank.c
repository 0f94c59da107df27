/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spank_wattgate: SPANK's entry points, which only dispatch by context. All
 * return 0: nothing here fails a job.
 *
 * plugstack.conf:  optional spank_wattgate.so [run_dir=PATH]
 *
 * PATH has to be what slurmd and wattgated have in $WATTGATE_RUN_DIR; the
 * prolog's process does not get that variable.
 */

#include "slurm_compat.h"
#include "spank_script.h"
#include "spank_stepd.h"

extern const char plugin_name[];
extern const char plugin_type[];
extern const unsigned int plugin_version;
extern const unsigned int spank_plugin_version;

SPANK_PLUGIN(wattgate, 1)

int slurm_spank_init(spank_t spank, int ac, char **av)
{
	if (spank_context() == S_CTX_REMOTE)
		spank_stepd_begin(spank, ac, av);
	return ESPANK_SUCCESS;
}

int slurm_spank_exit(spank_t spank, int ac, char **av)
{
	(void)spank;
	(void)ac;
	(void)av;
	if (spank_context() == S_CTX_REMOTE)
		spank_stepd_end();
	return ESPANK_SUCCESS;
}

int slurm_spank_job_prolog(spank_t spank, int ac, char **av)
{
	(void)spank;
	spank_script_prolog(ac, av);
	return ESPANK_SUCCESS;
}

int slurm_spank_job_epilog(spank_t spank, int ac, char **av)
{
	(void)spank;
	spank_script_epilog(ac, av);
	return ESPANK_SUCCESS;
}
