/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* After a text of `len` wanted bytes: mark that it was cut. */
static void err_mark_cut(struct err *err, int len)
{
	if (len < 0)
		err->text[0] = '\0';
	else if ((size_t)len >= sizeof(err->text))
		memcpy(err->text + sizeof(err->text) - 4, "...", 4);
}

int err_set(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		err_mark_cut(err, vsnprintf(err->text, sizeof(err->text),
					    fmt, ap));
		va_end(ap);
	}
	errno = saved;
	return -1;
}

int err_set_errno(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	char reason[128];
	va_list ap;
	int len, room;

	if (err) {
		va_start(ap, fmt);
		len = vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
		room = (int)sizeof(err->text) - len;
		if (len >= 0 && room > 0)
			len += snprintf(err->text + len, (size_t)room, ": %s",
					strerror_r(saved, reason,
						   sizeof(reason)));
		err_mark_cut(err, len);
	}
	errno = saved;
	return -1;
}
