/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_OUT_FILE_H
#define WATTGATE_CLI_OUT_FILE_H

#include <stdbool.h>

#include "lib/err.h"

/*
 * Standard output into a file that appears as a whole or not at all: it is
 * written beside its place and renamed in the end; an interrupt or a failure
 * takes it away. What is there and no regular file, such as a pipe, is written
 * to as it is. One at a time.
 */
int out_file_begin(const char *path, struct err *err);

/* keep: put it into its place; else nothing changes there. */
int out_file_end(bool keep, struct err *err);

/* What is half written goes away: for a signal's handler. */
void out_file_drop(void);

#endif
