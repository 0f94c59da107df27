/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_NOTES_H
#define WATTGATE_OAR_NOTES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Notes that OAR's hooks leave in RUN/oar.d: each says "look now". What is in
 * them is not read. The directory may be missing, full or unreadable: then
 * there are no notes.
 */

struct notes {
	char dir[512];
	int fd;			/* of inotify; -1 */
	int watch;		/* of the directory; -1 */
};

void notes_open(struct notes *n, const char *run_dir);
void notes_close(struct notes *n);

/* Remove those that are there. Were there any? */
bool notes_take(struct notes *n);

/* Wait at most timeout_ms for a note, or without one where wait is false. */
void notes_wait(struct notes *n, int timeout_ms, bool for_notes);

#endif
