/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_UPLOAD_H
#define BMCSIM_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>

/* The body of a request: kept up to a limit, read on for a while, no more. */
struct upload {
	char *data;		/* NUL-terminated, NULL while empty */
	size_t size;
	size_t seen;
	bool too_big;
};

#define UPLOAD_KEPT (64 * 1024)
#define UPLOAD_READ (1024 * 1024)

/* -1: not worth reading on, or no memory. */
int upload_add(struct upload *upload, const char *data, size_t size);
void upload_clear(struct upload *upload);

#endif
