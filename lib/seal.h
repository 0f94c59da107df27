/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SEAL_H
#define WATTGATE_SEAL_H

#include <stddef.h>
#include <sys/types.h>

#include "err.h"

/*
 * A text file with a first line "KIND VERSION CRC32HEX", the checksum of all
 * that follows it; docs/formats.md names those that there are.
 */

/* Is `text` (len bytes) such a one? Its body, which ends in NUL; or NULL. */
const char *seal_body(const char *text, size_t len, const char *kind,
		      int version, const char *path, struct err *err);

/*
 * The file's text with a NUL behind it, which the caller frees; *body its body.
 * A file of more than max bytes is refused. NULL with a text, and errno ENOENT
 * where there is no file.
 */
char *seal_read(const char *path, const char *kind, int version, size_t max,
		const char **body, struct err *err);

/* Replace the file by that body (fsync, rename). 0, or -1 with a text. */
int seal_write(const char *path, const char *kind, int version,
	       const char *body, mode_t mode, struct err *err);

#endif
