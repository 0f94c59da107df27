/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hostlist.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	int (*fn)(const char *name, void *arg);
	void *arg;
	long count;
};

static int expand(struct walk *w, char *name, size_t used, const char *rest);

/* Digits at *at: their value, and how many. -1 where there are none. */
static long take_number(const char **at, int *digits)
{
	long v = 0;

	for (*digits = 0; isdigit((unsigned char)**at) && *digits < 9;
	     ++*digits)
		v = v * 10 + (*(*at)++ - '0');
	return *digits ? v : -1;
}

/* One range of the brackets, "7" or "01-12", before what comes behind them. */
static int expand_range(struct walk *w, char *name, size_t used,
			const char **range, const char *rest)
{
	int digits, ignored, rc;
	long from = take_number(range, &digits), to = from;

	if (from >= 0 && **range == '-') {
		++*range;
		to = take_number(range, &ignored);
	}
	if (from < 0 || to < from || to - from >= HOSTLIST_MAX)
		return -1;
	for (long i = from; i <= to; i++) {
		int n = snprintf(name + used, HOSTLIST_NAME_MAX - used, "%0*ld",
				 digits, i);

		if (n < 0 || used + (size_t)n >= HOSTLIST_NAME_MAX)
			return -1;
		rc = expand(w, name, used + (size_t)n, rest);
		if (rc)
			return rc;
	}
	return 0;
}

static int expand_brackets(struct walk *w, char *name, size_t used,
			   const char *open)
{
	const char *at = open + 1, *close = strchr(open, ']');

	if (!close)
		return -1;
	for (;;) {
		int rc = expand_range(w, name, used, &at, close + 1);

		if (rc)
			return rc;
		if (at == close)
			return 0;
		if (*at++ != ',')
			return -1;
	}
}

/* name[0..used) and then what `rest` says, up to its comma. */
static int expand(struct walk *w, char *name, size_t used, const char *rest)
{
	for (; *rest && *rest != ',' && *rest != '['; rest++) {
		if (*rest == ']' || used + 1 >= HOSTLIST_NAME_MAX)
			return -1;
		name[used++] = *rest;
	}
	if (*rest == '[')
		return expand_brackets(w, name, used, rest);
	if (used == 0 || w->count++ == HOSTLIST_MAX)
		return -1;
	name[used] = '\0';
	return w->fn(name, w->arg);
}

/* The comma that ends the item, or the end of the text. */
static const char *item_end(const char *at)
{
	bool inside = false;

	for (; *at && (inside || *at != ','); at++)
		inside = *at == '[' || (inside && *at != ']');
	return at;
}

int hostlist_each(const char *text, int (*fn)(const char *name, void *arg),
		  void *arg)
{
	struct walk w = { fn, arg, 0 };
	char name[HOSTLIST_NAME_MAX];

	while (*text) {
		int rc = expand(&w, name, 0, text);

		if (rc)
			return rc;
		text = item_end(text);
		if (*text && !*++text)
			return -1;	/* ends in a comma */
	}
	return 0;
}

static int count_name(const char *name, void *arg)
{
	(void)name;
	++*(long *)arg;
	return 0;
}

long hostlist_count(const char *text)
{
	long n = 0;

	return hostlist_each(text, count_name, &n) < 0 ? -1 : n;
}

static int match_name(const char *name, void *arg)
{
	return strcmp(name, arg) == 0;
}

bool hostlist_has(const char *text, const char *name)
{
	return hostlist_each(text, match_name, (void *)(size_t)name) == 1;
}

struct first {
	char *buf;
	size_t size;
};

static int keep_name(const char *name, void *arg)
{
	struct first *first = arg;

	return (size_t)snprintf(first->buf, first->size, "%s", name) <
	       first->size ? 1 : -1;
}

int hostlist_first(const char *text, char *buf, size_t size)
{
	struct first first = { buf, size };

	return hostlist_each(text, keep_name, &first) == 1 ? 0 : -1;
}
