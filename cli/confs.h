/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_CONFS_H
#define WATTGATE_CLI_CONFS_H

#include <stdbool.h>

#include "lib/conf.h"

/*
 * The configuration as a command sees it: what holds for all nodes, and the
 * hardware of each. Without -c, without WATTGATE_CONF and without the file in
 * its place there is none, and ledger_dir is "".
 */
struct confs {
	const char *path;
	bool absent;
	struct conf all;	/* for this host */
	void *nodes;		/* tree of what was looked up */
};

/* Release with confs_clear(), also after a failure. */
int confs_load(struct confs *confs, const char *path_arg, struct err *err);
void confs_clear(struct confs *confs);

/* Does a wattgated with this configuration follow an OAR? */
bool confs_follow_oar(const struct confs *confs);

/*
 * Physical cores, and Green Algorithms watts, of what a job holds on `nodes`
 * nodes that are like `node`. cpus as the scheduler counts; a NaN of gpus or
 * mem_mb counts as none. NaN where cpus is.
 */
struct held {
	double cpus, gpus, mem_mb;	/* on all nodes together */
	double nodes;
};
void confs_hardware(struct confs *confs, const char *node,
		    const struct held *held, double *cores, double *model_w);

#endif
