/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reqlog.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "moment.h"

#define METHOD_CHARS 16
#define PATH_CHARS 240

int reqlog_open(FILE **log, const char *path, struct fail *fail)
{
	*log = NULL;
	if (!path)
		return 0;
	*log = strcmp(path, "-") == 0 ? stdout : fopen(path, "ae");
	if (!*log)
		return fail_set(fail, "%s: %s", path, strerror(errno));
	setvbuf(*log, NULL, _IOLBF, 0);
	return 0;
}

/* What a client sent, as one word: at most max characters and a "...". */
static void word_escape(char *buf, const char *text, size_t max)
{
	size_t n = 0;

	for (; *text && n + 4 <= max; text++) {
		unsigned char c = (unsigned char)*text;

		if (c <= ' ' || c > '~' || c == '\\')
			n += (size_t)sprintf(buf + n, "\\x%02x", c);
		else
			buf[n++] = (char)c;
	}
	strcpy(buf + n, *text ? "..." : n == 0 ? "-" : "");
}

void reqlog_write(FILE *log, const struct reqlog_line *line)
{
	char method[METHOD_CHARS + 4], path[PATH_CHARS + 4];
	char wall[MOMENT_TEXT_SIZE], status[16] = "-";

	if (!log)
		return;
	word_escape(method, line->method, METHOD_CHARS);
	word_escape(path, line->path, PATH_CHARS);
	if (line->status)
		snprintf(status, sizeof(status), "%u", line->status);
	fprintf(log, "%s c%lu %s %s %s %s %.3f %s %s\n",
		moment_format(line->wall_ns, wall), line->conn, method, path,
		status, line->watts ? line->watts : "-", line->latency_ms,
		line->auth, line->fault);
}

void reqlog_note(FILE *log, int64_t wall_ns, const char *what,
		 const char *fmt, ...)
{
	char wall[MOMENT_TEXT_SIZE];
	va_list ap;

	if (!log)
		return;
	fprintf(log, "%s - %s ", moment_format(wall_ns, wall), what);
	va_start(ap, fmt);
	vfprintf(log, fmt, ap);
	va_end(ap);
	fputc('\n', log);
}
