/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "moment.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * MOMENT_NS_PER_S + ts.tv_nsec;
}

int64_t moment_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t moment_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* Reads up to max digits into *value, advancing *at; returns how many. */
static int digits_parse(const char **at, int max, int64_t *value)
{
	int n = 0;

	for (*value = 0; **at >= '0' && **at <= '9' && n < max; (*at)++, n++)
		*value = *value * 10 + (**at - '0');
	return n;
}

int moment_parse(const char *text, int64_t *ns)
{
	int negative = *text == '-';
	int64_t seconds, fraction = 0;
	int n = 9;

	text += negative;
	if (digits_parse(&text, 10, &seconds) == 0 ||
	    seconds > INT64_C(9000000000))
		return -1;
	if (*text == '.') {
		text++;
		n = digits_parse(&text, 9, &fraction);
		if (n == 0)
			return -1;
	}
	if (*text != '\0')
		return -1;
	for (; n < 9; n++)
		fraction *= 10;
	*ns = seconds * MOMENT_NS_PER_S + fraction;
	if (negative)
		*ns = -*ns;
	return 0;
}

char *moment_format(int64_t ns, char buf[MOMENT_TEXT_SIZE])
{
	uint64_t abs = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

	snprintf(buf, MOMENT_TEXT_SIZE, "%s%" PRIu64 ".%09" PRIu64,
		 ns < 0 ? "-" : "", abs / MOMENT_NS_PER_S,
		 abs % MOMENT_NS_PER_S);
	return buf;
}
