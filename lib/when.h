/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_WHEN_H
#define WATTGATE_WHEN_H

#include <stdint.h>

/*
 * Points in time as people write them:
 *
 *   2026-11-23                     local midnight
 *   2026-11-23T14:05[:09[.5]]      a blank may stand for the T
 *   ...Z, ...+01:00, ...-0530      with a zone, else local time
 *   @1795443666                    seconds since 1970
 *   now, today, yesterday          today: local midnight
 *   -3h, now-90m, today-1d, +1h    s m h d w; a day is 24 hours
 *
 * A local time that the change to winter time makes happen twice is the first
 * of the two; one that the change to summer time leaves out is moved forward.
 * Returns 0 with nanoseconds since 1970, or -1.
 */
int when_parse(const char *text, int64_t now_ns, int64_t *ns);

/*
 * A point in time as programs write it: a date, a clock and a zone, all of
 * them. 0 with nanoseconds since 1970, or -1.
 */
int when_stamp(const char *text, int64_t *ns);

#endif
