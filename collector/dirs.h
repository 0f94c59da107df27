/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_DIRS_H
#define WATTGATE_DIRS_H

#include "lib/err.h"

/* wattgated's directories. Each returns 0, or -1 with a text and errno. */

/* Make it where it is missing: 0750. */
int dir_make(const char *path, struct err *err);

/* Is it there, and can wattgated write to it? */
int dir_check(const char *path, struct err *err);

/* The same, or could wattgated make it? */
int dir_check_or_make(const char *path, struct err *err);

#endif
