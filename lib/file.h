/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_FILE_H
#define WATTGATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "err.h"

/* Small files, read and written whole. */

/* Up to `size` bytes of fd, or its rest; how many, or -1 with errno. */
ssize_t file_read_all(int fd, void *buf, size_t size);

/*
 * Put `size` bytes into PATH.new and rename it to PATH: a reader has the old
 * file or the new one. durable: both the bytes and the name are on disk before
 * this returns. 0, or -1 with a text and PATH as it was.
 */
int file_replace(const char *path, const void *data, size_t size, mode_t mode,
		 bool durable, struct err *err);

/* Rename, on disk before this returns; both are in one directory. */
int file_rename(const char *from, const char *to, struct err *err);

/* Remove it, on disk before this returns; one that is missing is fine. */
int file_remove(const char *path, struct err *err);

#endif
