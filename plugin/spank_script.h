/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SPANK_SCRIPT_H
#define WATTGATE_SPANK_SCRIPT_H

/*
 * SPANK around the prolog and epilog of a job, in a process of its own (root).
 * Prolog: note when the allocation begins and its GPUs, which only the
 * prolog's environment has. Epilog: house-keeping.
 */
void spank_script_prolog(int ac, char **av);
void spank_script_epilog(int ac, char **av);

#endif
