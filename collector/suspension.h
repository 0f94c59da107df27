/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SUSPENSION_H
#define WATTGATE_SUSPENSION_H

#include <sys/types.h>

/*
 * Does a job look suspended? Slurm tells no plugin. The extern step's own
 * process (a root-owned child of its slurmstepd) is stopped, or its cgroup
 * frozen, while the job is. Users can signal it through Slurm only: scancel
 * --signal=STOP does, so that this is the prompt to ask Slurm, and no proof.
 */

enum suspension_state { SUSPENSION_UNKNOWN, SUSPENSION_NO, SUSPENSION_YES };

/*
 * stepd: the extern step's slurmstepd. *child caches its process (0 at first).
 * owner: the uid that process must have (0 but in tests). UNKNOWN where /proc
 * does not tell: it proves nothing.
 */
enum suspension_state suspension_probe(pid_t stepd, pid_t *child, uid_t owner);

/*
 * The two tests on /proc/PID/cgroup's text: the path in the hierarchy that has
 * `controller` ("" = version 2) into buf. 0, or -1 where there is none.
 */
int suspension_cgroup_path(const char *text, const char *controller,
			   char *buf, size_t size);

#endif
