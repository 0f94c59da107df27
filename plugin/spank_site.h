/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SPANK_SITE_H
#define WATTGATE_SPANK_SITE_H

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/gaterec.h"
#include "lib/series.h"
#include "slurm_compat.h"

/* Where SPANK's hooks work: this node's directories, found once per process. */

typedef struct spank_site {
	char node[256];
	char boot_id[BOOT_ID_SIZE];
	char run_dir[256];
	int gate_dirfd;		/* RUNDIR/gate.d/NODE; -1: closed */
} spank_site_t;

/*
 * Open the node's gate directory, making it below gate.d where missing.
 * run_dir=PATH in plugstack.conf names the run directory where it is not the
 * built-in one; the energy plugin knows it by $WATTGATE_RUN_DIR only.
 * 0, or -1 with a text.
 */
int spank_site_open(spank_site_t *site, int ac, char **av, struct err *err);
void spank_site_close(spank_site_t *site);

/* The node's series, for reading. 0, or -1 with a text. */
int spank_site_series(const spank_site_t *site, series_reader_t *series,
		      struct err *err);

#endif
