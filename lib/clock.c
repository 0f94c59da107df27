/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BOOT_ID_LEN 36

static int64_t clock_read_ns(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		return 0;
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_boot_ns(void)
{
	return clock_read_ns(CLOCK_BOOTTIME);
}

int64_t clock_wall_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

static int64_t system_boot_ns(void *arg)
{
	(void)arg;
	return clock_boot_ns();
}

static int64_t system_wall_ns(void *arg)
{
	(void)arg;
	return clock_wall_ns();
}

timesource_t timesource_system(void)
{
	return (timesource_t){ system_boot_ns, system_wall_ns, NULL };
}

int clock_boot_id(char buf[BOOT_ID_SIZE])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	memset(buf, 0, BOOT_ID_SIZE);
	if (fd < 0)
		return -1;
	n = read(fd, buf, BOOT_ID_LEN);
	close(fd);
	if (n != BOOT_ID_LEN ||
	    strspn(buf, "0123456789abcdef-") != BOOT_ID_LEN) {
		memset(buf, 0, BOOT_ID_SIZE);
		return -1;
	}
	return 0;
}

char *clock_iso8601(int64_t wall_ns, char *buf, unsigned long size)
{
	time_t secs = (time_t)(wall_ns / NS_PER_S);
	struct tm tm;

	if (wall_ns % NS_PER_S < 0)
		secs--;		/* before 1970: down, not towards zero */
	if (!gmtime_r(&secs, &tm) ||
	    strftime(buf, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		buf[0] = '\0';
	return buf;
}
