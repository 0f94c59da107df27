/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_PROCESS_H
#define WATTGATE_PROCESS_H

#include "err.h"

/* What the processes of wattgated set up at their start, all alike. */

/*
 * From now on these signals (0 at the end) come by the descriptor that is
 * returned, as struct signalfd_siginfo, without waiting; SIGPIPE is ignored.
 * -1 with a text.
 */
int process_signals(const int *signals, struct err *err);

/* As many open files as the limit lets us have. */
void process_files_allow(void);

#endif
