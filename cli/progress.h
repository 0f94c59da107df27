/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_PROGRESS_H
#define WATTGATE_CLI_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

/*
 * One line on standard error that tells how far long work is: only where that
 * is a terminal, not in the first second, and not faster than people read.
 * Commands have one such work at a time.
 */

/* Work that goes through jobs of [from_ns, to_ns) in the order of their ends. */
void progress_begin(int64_t from_ns, int64_t to_ns);

/* So many more jobs, the last of which ended then (0: not known). */
void progress_jobs(size_t more, int64_t end_ns);

/* Take the line away, since other text follows; it comes back. */
void progress_clear(void);

/* And it does not. */
void progress_end(void);

#endif
