/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/days.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/mem.h"
#include "lib/clock.h"

#define DAY_NS (86400 * NS_PER_S)

static const struct column day_columns[] = {
	{ "day", "DAY", COLUMN_TEXT, UNIT_NONE },
	{ "name", "NAME", COLUMN_TEXT, UNIT_NONE },
	{ "energy_kwh", "ENERGY", COLUMN_NUMBER, UNIT_KWH },
};

struct day {
	int64_t start_s;	/* of the day or month */
	char *name;
	double kwh;
};

struct days {
	enum job_column by;
	bool monthly;
	void *tree;
	struct day **list;
	size_t len, room;
};

days_t *days_create(enum job_column by, bool monthly)
{
	days_t *d = mem_zeroed(1, sizeof(*d));

	d->by = by;
	d->monthly = monthly;
	return d;
}

static void forget(void *day)
{
	(void)day;		/* the list has it */
}

void days_destroy(days_t *d)
{
	if (!d)
		return;
	tdestroy(d->tree, forget);
	for (size_t i = 0; i < d->len; i++) {
		free(d->list[i]->name);
		free(d->list[i]);
	}
	free(d->list);
	free(d);
}

static int compare(const void *a, const void *b)
{
	const struct day *x = a, *y = b;

	if (x->start_s != y->start_s)
		return x->start_s < y->start_s ? -1 : 1;
	return strcmp(x->name, y->name);
}

static struct day *day_of(days_t *d, int64_t start_s, char *name)
{
	struct day key = { .start_s = start_s, .name = name };
	struct day **found = tfind(&key, &d->tree, compare), *day;

	if (found)
		return *found;
	day = mem_zeroed(1, sizeof(*day));
	day->start_s = start_s;
	day->name = mem_string(name);
	d->list = mem_grow(d->list, d->len, &d->room, sizeof(*d->list));
	d->list[d->len++] = day;
	if (!tsearch(day, &d->tree, compare))
		mem_failed();
	return day;
}

/* The month that the instant lies in: its begin, s. */
static int64_t month_of(int64_t t_s)
{
	time_t t = (time_t)t_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return t_s;
	return t_s - ((int64_t)(tm.tm_mday - 1) * 86400 + tm.tm_hour * 3600 +
		      tm.tm_min * 60 + tm.tm_sec);
}

static void add_part(days_t *d, char *name, int64_t at_ns, double kwh)
{
	int64_t start_s = at_ns / DAY_NS * 86400;

	day_of(d, d->monthly ? month_of(start_s) : start_s, name)->kwh += kwh;
}

static void add_job(days_t *d, char *name, double kwh, int64_t from_ns,
		    int64_t to_ns)
{
	if (to_ns <= from_ns) {
		add_part(d, name, from_ns, kwh);
		return;
	}
	for (int64_t at_ns = from_ns; at_ns < to_ns; ) {
		int64_t end_ns = (at_ns / DAY_NS + 1) * DAY_NS;

		if (end_ns > to_ns)
			end_ns = to_ns;
		add_part(d, name, at_ns, kwh * (double)(end_ns - at_ns) /
			 (double)(to_ns - from_ns));
		at_ns = end_ns;
	}
}

void days_add(days_t *d, const struct rows *jobs)
{
	for (size_t i = 0; i < jobs->len; i++) {
		const struct cell *row = rows_cell(jobs, i, 0);
		const struct cell *name = &row[d->by];

		if (row[JOB_ENERGY].known && row[JOB_START].known &&
		    row[JOB_END].known && row[JOB_START].integer > 0)
			add_job(d, name->known ? name->text : (char *)"",
				row[JOB_ENERGY].number, row[JOB_START].integer,
				row[JOB_END].integer);
	}
}

/* ---- rows ------------------------------------------------------------------ */

static int compare_entries(const void *a, const void *b)
{
	return compare(*(struct day *const *)a, *(struct day *const *)b);
}

static void put(struct rows *rows, const days_t *d, const struct day *day,
		const char *name, double kwh)
{
	struct cell *row = rows_add(rows);
	time_t t = (time_t)day->start_s;
	char text[32] = "?";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), d->monthly ? "%Y-%m" : "%Y-%m-%d",
			 &tm);
	cell_set_text(&row[0], text);
	cell_set_text(&row[1], *name ? name : "(none)");
	cell_set_number(&row[2], kwh);
}

struct rows *days_rows(const days_t *d, days_keep *keep, const void *arg)
{
	struct rows *rows = rows_create(day_columns, 3);
	double others = 0;
	bool any = false;

	if (d->len)
		qsort(d->list, d->len, sizeof(*d->list), compare_entries);
	for (size_t i = 0; i < d->len; i++) {
		const struct day *day = d->list[i];

		if (keep(arg, day->name)) {
			put(rows, d, day, day->name, day->kwh);
		} else {
			others += day->kwh;
			any = true;
		}
		if (any && (i + 1 == d->len ||
			    d->list[i + 1]->start_s != day->start_s)) {
			put(rows, d, day, "others", others);
			others = 0;
			any = false;
		}
	}
	return rows;
}
