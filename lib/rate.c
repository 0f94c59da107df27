/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rate.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "conf_values.h"
#include "rate_impl.h"
#include "when.h"

#define QUARTER_NS (900 * NS_PER_S)

static const struct {
	enum quantity quantity;
	const char *min, *max;
} kinds[] = {
	[RATE_PUE] = { QUANTITY_NUMBER, "1", "10" },
	[RATE_INTENSITY] = { QUANTITY_G_PER_KWH, "0", "10000" },
	[RATE_TARIFF] = { QUANTITY_NUMBER, "0", "1000000" },
};

int rate_value(enum rate_kind kind, const char *text, double *out,
	       struct err *err)
{
	return quantity_read(kinds[kind].quantity, text, kinds[kind].min,
			     kinds[kind].max, out, err);
}

int rate_step_add(rate_t *r, int64_t at_ns, double value)
{
	if (r->steps_len == r->steps_room) {
		size_t room = r->steps_room ? 2 * r->steps_room : 16;
		struct rate_step *grown = realloc(r->steps,
						  room * sizeof(*grown));

		if (!grown)
			return -1;
		r->steps = grown;
		r->steps_room = room;
	}
	r->steps[r->steps_len++] = (struct rate_step){ at_ns, value };
	return 0;
}

/* ---- the text --------------------------------------------------------------- */

/* "22:30", "06", "24" -> quarters of the day. Moves *at behind it. */
static int clock_parse(const char **at, int *quarters)
{
	int hour = 0, minute = 0, digits;

	for (digits = 0; digits < 2 && isdigit((unsigned char)**at); digits++)
		hour = hour * 10 + *(*at)++ - '0';
	if (digits == 0)
		return -1;
	if (**at == ':') {
		++*at;
		for (digits = 0; digits < 2 && isdigit((unsigned char)**at);
		     digits++)
			minute = minute * 10 + *(*at)++ - '0';
		if (digits != 2)
			return -1;
	}
	if (minute % 15 || minute > 45 || hour > 24 || (hour == 24 && minute))
		return -1;
	*quarters = hour * 4 + minute / 15;
	return 0;
}

/* "22:00-06:00 0.15"; where it is none of these at all, 1. */
static int hours_parse(rate_t *r, const char *text, struct err *err)
{
	struct rate_hours h;
	const char *at = text;

	if (clock_parse(&at, &h.from) < 0 || *at != '-')
		return 1;
	at++;
	if (clock_parse(&at, &h.to) < 0 || *at != ' ')
		return 1;
	h.to %= RATE_QUARTERS;
	if (h.from == RATE_QUARTERS || h.from == h.to)
		return err_set(err, "'%.40s': hours are from 00:00 to 24:00, and not empty",
			       text);
	if (r->hours_len == RATE_HOURS_MAX)
		return err_set(err, "more than %d stretches of a day",
			       RATE_HOURS_MAX);
	while (*at == ' ')
		at++;
	if (rate_value(r->kind, at, &h.value, err) < 0)
		return -1;
	r->hours[r->hours_len++] = h;
	return 0;
}

/* "2026-01-01 51.28" */
static int day_parse(rate_t *r, const char *text, struct err *err)
{
	char day[16];
	int64_t at_ns;
	double value;

	snprintf(day, sizeof(day), "%.10s", text);
	if (when_parse(day, 0, &at_ns) < 0 || text[10] != ' ')
		return err_set(err, "'%.40s': after a day and a blank comes a number",
			       text);
	text += 10;
	while (*text == ' ')
		text++;
	if (rate_value(r->kind, text, &value, err) < 0)
		return -1;
	if (r->steps_len && at_ns <= r->steps[r->steps_len - 1].at_ns)
		return err_set(err, "%s: days are in order, each once", day);
	if (rate_step_add(r, at_ns, value) < 0)
		return err_set(err, "out of memory");
	return 0;
}

static bool begins_with_day(const char *text)
{
	int64_t ns;
	char day[16];

	if (strlen(text) < 10 || text[4] != '-' || text[7] != '-')
		return false;
	snprintf(day, sizeof(day), "%.10s", text);
	return when_parse(day, 0, &ns) == 0;
}

/* The parts of the text between commas; the first tells what it is. */
static int part_parse(rate_t *r, const char *part, bool first, struct err *err)
{
	int rc;

	if (begins_with_day(part) && (first || r->steps_len))
		return day_parse(r, part, err);
	if (first)
		return rate_value(r->kind, part, &r->base, err);
	rc = r->steps_len ? 1 : hours_parse(r, part, err);
	if (rc > 0)
		return err_set(err, "'%.40s': behind the comma comes '22:00-06:00 NUMBER' or, where the first is one, '2026-01-01 NUMBER'",
			       part);
	return rc;
}

static int parts_parse(rate_t *r, const char *text, struct err *err)
{
	char buf[RATE_TEXT_MAX], *part = buf, *comma;
	bool first = true;

	snprintf(buf, sizeof(buf), "%s", text);
	do {
		size_t len;

		comma = strchr(part, ',');
		if (comma)
			*comma = '\0';
		part += strspn(part, " \t");
		for (len = strlen(part); len && strchr(" \t", part[len - 1]); )
			part[--len] = '\0';
		if (part_parse(r, part, first, err) < 0)
			return -1;
		first = false;
		part = comma + 1;
	} while (comma);
	return 0;
}

/* "NAME/CODE": letters first, which no number, day or path has. */
static bool is_table(const char *text)
{
	return isalpha((unsigned char)*text) && strchr(text, '/');
}

static int table_check(enum rate_kind kind, const char *text, struct err *err)
{
	static const char names[] = "abcdefghijklmnopqrstuvwxyz-";
	size_t len = strspn(text, names);

	if (kind != RATE_INTENSITY)
		return err_set(err, "'%.60s': there are tables of intensities only",
			       text);
	if (text[len] != '/' || !text[len + 1] || strpbrk(text + len + 1, "/,\""))
		return err_set(err, "'%.60s' is not TABLE/CODE, as in green-algorithms/FR",
			       text);
	return 0;
}

int rate_check(enum rate_kind kind, const char *text, struct err *err)
{
	rate_t r = { .kind = kind };
	int rc;

	if (strlen(text) >= RATE_TEXT_MAX)
		return err_set(err, "it is longer than %d bytes",
			       RATE_TEXT_MAX - 1);
	if (*text == '/')
		return 0;
	if (is_table(text))
		return table_check(kind, text, err);
	rc = parts_parse(&r, text, err);
	free(r.steps);
	return rc;
}

static int rate_read(rate_t *r, const char *text, const char *dir,
		     struct err *err)
{
	if (!*text)
		return 0;
	if (*text == '/')
		return rate_series_read(r, text, err);
	if (is_table(text))
		return rate_table_read(r, text, dir, err);
	return parts_parse(r, text, err);
}

rate_t *rate_open(enum rate_kind kind, const char *text, const char *dir,
		  struct err *err)
{
	rate_t *r;

	if (*text && rate_check(kind, text, err) < 0)
		return NULL;
	r = calloc(1, sizeof(*r));
	if (!r) {
		err_set(err, "out of memory");
		return NULL;
	}
	r->kind = kind;
	r->base = NAN;
	snprintf(r->origin, sizeof(r->origin), "%s", text);
	if (rate_read(r, text, dir, err) == 0)
		return r;
	rate_close(r);
	return NULL;
}

void rate_close(rate_t *r)
{
	if (r)
		free(r->steps);
	free(r);
}

const char *rate_origin(const rate_t *r)
{
	return r->origin;
}

/* ---- the mean --------------------------------------------------------------- */

/* How many steps begin at or before t_ns. */
static size_t steps_until(const rate_t *r, int64_t t_ns)
{
	size_t lo = 0, hi = r->steps_len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->steps[mid].at_ns <= t_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static double steps_mean(const rate_t *r, int64_t from_ns, int64_t to_ns)
{
	size_t i = steps_until(r, from_ns);
	double sum = 0;

	if (i == 0)
		return NAN;
	if (from_ns >= to_ns)
		return r->steps[i - 1].value;
	for (int64_t at_ns = from_ns; at_ns < to_ns; i++) {
		int64_t end_ns = i < r->steps_len && r->steps[i].at_ns < to_ns ?
				 r->steps[i].at_ns : to_ns;

		sum += r->steps[i - 1].value * (double)(end_ns - at_ns);
		at_ns = end_ns;
	}
	return sum / (double)(to_ns - from_ns);
}

static double quarter_value(const rate_t *r, int quarter)
{
	double value = r->base;

	for (unsigned i = 0; i < r->hours_len; i++) {
		const struct rate_hours *h = &r->hours[i];
		bool in = h->from < h->to ?
			  quarter >= h->from && quarter < h->to :
			  quarter >= h->from || quarter < h->to;

		if (in)
			value = h->value;
	}
	return value;
}

/* Zones differ from UTC by full quarters: a quarter of UTC is one here. */
static double value_at(const rate_t *r, int64_t t_ns)
{
	time_t t = (time_t)(t_ns / NS_PER_S);
	struct tm tm;

	if (!localtime_r(&t, &tm))
		return NAN;
	return quarter_value(r, tm.tm_hour * 4 + tm.tm_min / 15);
}

static double hours_mean(const rate_t *r, int64_t from_ns, int64_t to_ns)
{
	double sum = 0;

	if (from_ns >= to_ns)
		return value_at(r, from_ns);
	for (int64_t at_ns = from_ns; at_ns < to_ns; ) {
		int64_t end_ns = (at_ns / QUARTER_NS + 1) * QUARTER_NS;

		if (end_ns > to_ns)
			end_ns = to_ns;
		sum += value_at(r, at_ns) * (double)(end_ns - at_ns);
		at_ns = end_ns;
	}
	return sum / (double)(to_ns - from_ns);
}

double rate_mean(rate_t *r, int64_t from_ns, int64_t to_ns)
{
	if (r->steps_len)
		return steps_mean(r, from_ns, to_ns);
	return r->hours_len ? hours_mean(r, from_ns, to_ns) : r->base;
}

bool rate_constant(const rate_t *r)
{
	return !r->steps_len && !r->hours_len;
}
