/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/when.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"

/* Ends of what struct tm and nanoseconds in 64 bits hold without surprise. */
#define SECONDS_MAX INT64_C(9000000000)	/* in the year 2255 */

struct civil {
	int year, month, day, hour, minute, second;
	int64_t frac_ns;
};

/* Exactly `count` digits; moves *at behind them. -1 where they are not there. */
static int take_digits(const char **at, int count)
{
	int v = 0;

	while (count-- > 0) {
		if (!isdigit((unsigned char)**at))
			return -1;
		v = v * 10 + (*(*at)++ - '0');
	}
	return v;
}

static bool take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	++*at;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30,
				    31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

static int take_date(const char **at, struct civil *c)
{
	c->year = take_digits(at, 4);
	if (c->year < 1970 || c->year > 2254 || !take_char(at, '-'))
		return -1;
	c->month = take_digits(at, 2);
	if (c->month < 1 || c->month > 12 || !take_char(at, '-'))
		return -1;
	c->day = take_digits(at, 2);
	return c->day < 1 || c->day > days_in_month(c->year, c->month) ? -1 : 0;
}

static int take_fraction(const char **at, int64_t *ns)
{
	int64_t unit = NS_PER_S / 10;

	*ns = 0;
	if (!isdigit((unsigned char)**at))
		return -1;
	for (; isdigit((unsigned char)**at); ++*at, unit /= 10)
		*ns += (**at - '0') * unit;
	return 0;
}

static int take_clock(const char **at, struct civil *c)
{
	c->hour = take_digits(at, 2);
	if (c->hour < 0 || c->hour > 23 || !take_char(at, ':'))
		return -1;
	c->minute = take_digits(at, 2);
	if (c->minute < 0 || c->minute > 59)
		return -1;
	if (!take_char(at, ':'))
		return 0;
	c->second = take_digits(at, 2);
	if (c->second < 0 || c->second > 59)
		return -1;
	return take_char(at, '.') ? take_fraction(at, &c->frac_ns) : 0;
}

/* Z, +HH, +HHMM, +HH:MM. 1 with seconds east, 0 where there is none, -1. */
static int take_zone(const char **at, int *east_s)
{
	int sign, hours, minutes = 0;

	*east_s = 0;
	if (take_char(at, 'Z') || take_char(at, 'z'))
		return 1;
	if (**at != '+' && **at != '-')
		return 0;
	sign = *(*at)++ == '-' ? -1 : 1;
	hours = take_digits(at, 2);
	if (take_char(at, ':') || **at)
		minutes = take_digits(at, 2);
	if (hours < 0 || hours > 18 || minutes < 0 || minutes > 59)
		return -1;
	*east_s = sign * (hours * 3600 + minutes * 60);
	return 1;
}

static struct tm civil_tm(const struct civil *c, int dst)
{
	return (struct tm){
		.tm_year = c->year - 1900, .tm_mon = c->month - 1,
		.tm_mday = c->day, .tm_hour = c->hour, .tm_min = c->minute,
		.tm_sec = c->second, .tm_isdst = dst,
	};
}

/*
 * mktime() may pick either of two local times alike; summer time's, the first,
 * is asked for first.
 */
static int64_t local_seconds(const struct civil *c)
{
	struct tm tm = civil_tm(c, 1);
	time_t t = mktime(&tm);

	if (t != (time_t)-1 && tm.tm_isdst > 0 && tm.tm_hour == c->hour &&
	    tm.tm_min == c->minute && tm.tm_mday == c->day)
		return t;
	tm = civil_tm(c, -1);
	return mktime(&tm);
}

static int64_t zoned_seconds(const struct civil *c, int east_s)
{
	struct tm tm = civil_tm(c, 0);

	return (int64_t)timegm(&tm) - east_s;
}

/* A date with or without a clock and a zone; *zone: had it one? */
static int take_stamp(const char **at, int64_t *ns, int *zone)
{
	struct civil c = { 0 };
	int east_s = 0;
	int64_t s;

	*zone = 0;
	if (take_date(at, &c) < 0)
		return -1;
	if (take_char(at, 'T') || take_char(at, 't') || take_char(at, ' ')) {
		if (take_clock(at, &c) < 0)
			return -1;
		*zone = take_zone(at, &east_s);
	}
	if (*zone < 0)
		return -1;
	s = *zone ? zoned_seconds(&c, east_s) : local_seconds(&c);
	if (s < 0)
		return -1;
	*ns = s * NS_PER_S + c.frac_ns;
	return 0;
}

static int64_t local_midnight(int64_t now_ns, int day_offset)
{
	time_t now = (time_t)(now_ns / NS_PER_S);
	struct tm tm;

	if (!localtime_r(&now, &tm))
		return -1;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_mday += day_offset;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * NS_PER_S;
}

static bool take_word(const char **at, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*at, word, len) != 0)
		return false;
	*at += len;
	return true;
}

/* -3h, +90m; 0 also where nothing is left. */
static int take_offset(const char **at, int64_t *ns)
{
	static const char units[] = "smhdw";
	static const int64_t seconds[] = { 1, 60, 3600, 86400, 604800 };
	const char *unit;
	int64_t v = 0;
	int sign;

	if (!**at)
		return 0;
	if (**at != '+' && **at != '-')
		return -1;
	sign = *(*at)++ == '-' ? -1 : 1;
	if (!isdigit((unsigned char)**at))
		return -1;
	while (isdigit((unsigned char)**at) && v <= SECONDS_MAX)
		v = v * 10 + (*(*at)++ - '0');
	unit = **at ? strchr(units, **at) : NULL;
	if (!unit || v > SECONDS_MAX / seconds[unit - units])
		return -1;
	++*at;
	v *= sign * seconds[unit - units] * NS_PER_S;
	return __builtin_add_overflow(*ns, v, ns) ? -1 : 0;
}

static int take_epoch(const char **at, int64_t *ns)
{
	int64_t v = 0;

	if (!isdigit((unsigned char)**at))
		return -1;
	while (isdigit((unsigned char)**at)) {
		v = v * 10 + (*(*at)++ - '0');
		if (v > SECONDS_MAX)
			return -1;
	}
	*ns = v * NS_PER_S;
	return 0;
}

static int take_relative(const char **at, int64_t now_ns, int64_t *ns)
{
	*ns = now_ns;
	if (take_word(at, "today"))
		*ns = local_midnight(now_ns, 0);
	else if (take_word(at, "yesterday"))
		*ns = local_midnight(now_ns, -1);
	else if (!take_word(at, "now") && !**at)
		return -1;
	return take_offset(at, ns);
}

int when_parse(const char *text, int64_t now_ns, int64_t *ns)
{
	const char *at = text;
	int rc, zone;

	if (isdigit((unsigned char)*at))
		rc = take_stamp(&at, ns, &zone);
	else if (take_char(&at, '@'))
		rc = take_epoch(&at, ns);
	else
		rc = take_relative(&at, now_ns, ns);
	return rc < 0 || *at || *ns < 0 ? -1 : 0;
}

int when_stamp(const char *text, int64_t *ns)
{
	const char *at = text;
	int zone;

	return take_stamp(&at, ns, &zone) < 0 || *at || !zone ? -1 : 0;
}
