/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLOCK_H
#define WATTGATE_CLOCK_H

#include <stdint.h>

/*
 * Time, injectable. Intervals are measured on CLOCK_BOOTTIME, which goes on
 * through host suspend and never steps; wall time is only a label.
 */

#define NS_PER_S INT64_C(1000000000)

typedef struct timesource {
	int64_t (*boot_ns)(void *arg);	/* nanoseconds since boot */
	int64_t (*wall_ns)(void *arg);	/* nanoseconds since 1970, UTC */
	void *arg;
} timesource_t;

/* The system's clocks. */
timesource_t timesource_system(void);

static inline int64_t timesource_boot_ns(const timesource_t *ts)
{
	return ts->boot_ns(ts->arg);
}

static inline int64_t timesource_wall_ns(const timesource_t *ts)
{
	return ts->wall_ns(ts->arg);
}

/* The clocks without indirection, for the plugin's poll path. */
int64_t clock_boot_ns(void);
int64_t clock_wall_ns(void);

static inline double ns_to_s(int64_t ns)
{
	return (double)ns / 1e9;
}

/* a + b of times that are not negative; INT64_MAX where that is too much. */
static inline int64_t ns_add(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

#define BOOT_ID_SIZE 40		/* 36 characters, NUL, padding */

/*
 * The kernel's id of this boot (/proc/sys/kernel/random/boot_id) into buf.
 * Returns 0, or -1 with buf empty.
 */
int clock_boot_id(char buf[BOOT_ID_SIZE]);

/* wall_ns as "2026-11-23T13:57:00Z" into buf (at least 32 bytes); buf. */
char *clock_iso8601(int64_t wall_ns, char *buf, unsigned long size);

#endif
