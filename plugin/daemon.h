/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_DAEMON_H
#define WATTGATE_DAEMON_H

#include "lib/err.h"

/*
 * Which of Slurm's daemons this code runs in, and for which node. The public
 * ways to ask Slurm come and go with its releases; /proc does not.
 */

enum daemon { DAEMON_OTHER, DAEMON_SLURMD, DAEMON_STEPD };

enum daemon daemon_which(void);

/*
 * The Slurm name of this node: $SLURMD_NODENAME (set in slurmstepd), else
 * slurmd's own -N, else conf_node_name(). 0, or -1 with a text.
 */
int daemon_node_name(char *buf, unsigned long size, struct err *err);

#endif
