/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail.h"

#include <stdarg.h>
#include <stdio.h>

int fail_set(struct fail *fail, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fail->text, sizeof(fail->text), fmt, ap);
	va_end(ap);
	return -1;
}
