/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SLURMDB_WINDOWS_H
#define WATTGATE_SLURMDB_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Time cut into windows of about WINDOW_JOBS jobs each. How many jobs a window
 * has is known only once it was read, so windows begin small, grow by steps,
 * and shrink at once. Pure: no clock.
 */

#define WINDOW_JOBS 20000
#define WINDOW_FIRST_S (4 * 3600)
#define WINDOW_GROWTH 8
#define WINDOW_MAX_S (16 * 86400)	/* for a busy time after an idle one */

struct windows {
	int64_t next_s, end_s;	/* what is left: [next, end) */
	int64_t now_s;		/* nothing ends much after it */
	int64_t width_s;
};

void windows_begin(struct windows *w, int64_t from_s, int64_t to_s,
		   int64_t now_s);

/* The next window [*from_s, *to_s); false where none is left. */
bool windows_next(struct windows *w, int64_t *from_s, int64_t *to_s);

/* That window had so many jobs. */
void windows_had(struct windows *w, size_t jobs);

#endif
