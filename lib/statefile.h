/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_STATEFILE_H
#define WATTGATE_STATEFILE_H

#include <stddef.h>

#include "err.h"

/*
 * Small text files in state_dir that spare work after a restart: STATE_DIR/
 * NODE.NAME, lines "key=value". None of them is needed: where one is missing
 * or damaged, it is as if wattgated ran for the first time.
 */

#define STATEFILE_MAX 8192

/*
 * Read into buf (NUL-terminated). Returns its length, 0 where there is no
 * such file; -1 where it is unreadable, not a regular file, or too big.
 */
long statefile_read(const char *dir, const char *node, const char *name,
		    char *buf, size_t size, struct err *err);

/*
 * Replace by `text`, atomically, 0600, and on disk before this returns. Empty
 * text removes the file. 0, or -1.
 */
int statefile_write(const char *dir, const char *node, const char *name,
		    const char *text, struct err *err);

/* The value of `key` in text into buf; -1, with buf empty, where it has none. */
int statefile_get(const char *text, const char *key, char *buf, size_t size);

#endif
