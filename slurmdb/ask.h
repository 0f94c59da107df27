/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SLURMDB_ASK_H
#define WATTGATE_SLURMDB_ASK_H

#include "lib/err.h"

/* Around each question to slurmdbd, on the socket it goes by (-1: not known). */

void ask_begin(int socket);

/* "what: why", by what libslurm left in errno. Returns -1. */
int ask_failed(struct err *err, const char *what);

#endif
