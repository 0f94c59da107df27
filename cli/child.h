/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_CHILD_H
#define WATTGATE_CLI_CHILD_H

#include <stddef.h>

#include "lib/err.h"

/* Longest line that is taken from a child; a longer one is passed over. */
#define CHILD_LINE_MAX 65536

/*
 * Run a program (found along PATH; no shell) with standard input empty, and
 * hand each line of its standard output, without newline, to fn; line is NULL
 * for one that is too long. fn may change the line, and ends all by returning
 * non-zero (the child is then killed).
 *
 * `extra_env` is a NULL-ended list of NAME=VALUE that replace the caller's;
 * LC_ALL=C is among them always. timeout_ms bounds the whole run (0: no
 * bound).
 *
 * Returns 0; what fn returned; or -1 with a text (cannot be started, ended
 * with another status than 0, took too long).
 */
int child_lines(char *const argv[], char *const extra_env[], int timeout_ms,
		int (*fn)(char *line, void *arg), void *arg, struct err *err);

#endif
