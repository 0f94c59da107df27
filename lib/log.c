/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

#define LOG_LINE_MAX 1024

/*
 * Replace what a terminal or a log reader would act on: C0, DEL, and C1 in
 * its UTF-8 form (0xc2 0x80..0x9f).
 */
static void line_clean(char *line)
{
	unsigned char *p = (unsigned char *)line;

	for (; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			p[0] = p[1] = '?';
	}
}

void log_line(const logger_t *log, enum log_level level, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	int saved = errno;
	va_list ap;
	int len;

	if (!log || !log->sink || level > log->level)
		return;
	va_start(ap, fmt);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (len < 0)
		line[0] = '\0';
	else if ((size_t)len >= sizeof(line))
		memcpy(line + sizeof(line) - 4, "...", 4);
	line_clean(line);
	log->sink(log->arg, level, line);
	errno = saved;
}

/* One write for a line, so that lines of several processes do not mix. */
static void stderr_write(const char *prefix, const char *line)
{
	char buf[LOG_LINE_MAX + 16];
	size_t len, done = 0;
	ssize_t n;

	len = (size_t)snprintf(buf, sizeof(buf), "%s%s\n", prefix, line);
	if (len >= sizeof(buf))
		len = sizeof(buf) - 1;
	while (done < len) {
		n = write(STDERR_FILENO, buf + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;	/* nowhere left to complain */
		done += (size_t)n;
	}
}

static void stderr_sink(void *arg, enum log_level level, const char *line)
{
	static const char prefix[][12] = {
		"error: ", "warning: ", "info: ", "debug: "
	};

	(void)arg;
	stderr_write(prefix[level], line);
}

static void systemd_sink(void *arg, enum log_level level, const char *line)
{
	/* LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG of syslog(3) */
	static const char prefix[][4] = { "<3>", "<4>", "<6>", "<7>" };

	(void)arg;
	stderr_write(prefix[level], line);
}

logger_t logger_stderr(enum log_level level, bool systemd)
{
	return (logger_t){
		.sink = systemd ? systemd_sink : stderr_sink,
		.level = level,
	};
}

bool log_rate_allow(struct log_rate *rate, int64_t now_ns)
{
	if (now_ns >= rate->end_ns)
		*rate = (struct log_rate){ now_ns + 60 * NS_PER_S, 0 };
	if (rate->count == LOG_RATE_MAX)
		return false;
	rate->count++;
	return true;
}

bool log_latch_change(struct log_latch *latch, bool bad)
{
	/* the first good state is no news */
	bool change = latch->seen ? latch->bad != bad : bad;

	latch->seen = true;
	latch->bad = bad;
	return change;
}
