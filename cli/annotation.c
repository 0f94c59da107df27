/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/annotation.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"

#define MARK "wattgate/"
#define LINE_VERSION 1
#define BETWEEN "; "

/* Above these no figure of a job is. */
#define KWH_MAX 1e12
#define SECONDS_MAX 1e12

#define DIGITS "0123456789"
#define SOURCE_BYTES DIGITS "abcdefghijklmnopqrstuvwxyz_:+-"

/* A number of the line: its word, and where it goes. */
struct figure {
	const char *name;
	size_t offset;
	int decimals;
	double max;
	bool needed;
};

#define FIGURE(f) #f, offsetof(struct annotation, f)
static const struct figure figures[] = {
	{ FIGURE(energy_kwh), 9, KWH_MAX, false },
	{ FIGURE(bmc_kwh), 9, KWH_MAX, false },
	{ FIGURE(model_kwh), 9, KWH_MAX, false },
	{ FIGURE(coverage), 4, 1, true },
	{ FIGURE(max_gap_s), 3, SECONDS_MAX, false },
};
#define FIGURES (sizeof(figures) / sizeof(*figures))

/* ---- writing --------------------------------------------------------------- */

/* Rounded down: what is not whole is not 1. */
static double truncate_to(double v, int decimals)
{
	const double scale = pow(10, decimals);

	return floor(v * scale * (1 + 1e-12)) / scale;
}

/* Without trailing zeros. */
static void print_number(double v, int decimals, char *buf, size_t size)
{
	char *end;

	snprintf(buf, size, "%.*f", decimals, v);
	end = buf + strlen(buf);
	while (end[-1] == '0')
		*--end = '\0';
	if (end[-1] == '.')
		end[-1] = '\0';
}

static int append(char *buf, size_t size, size_t *used, const char *name,
		  const char *value)
{
	int n = snprintf(buf + *used, size - *used, " %s=%s", name, value);

	if (n < 0 || (size_t)n >= size - *used)
		return -1;
	*used += (size_t)n;
	return 0;
}

static int append_figure(const struct annotation *a, const struct figure *f,
			 char *buf, size_t size, size_t *used)
{
	double v;
	char text[40];

	memcpy(&v, (const char *)a + f->offset, sizeof(v));
	if (isnan(v))
		return f->needed ? -1 : 0;
	if (!(v >= 0 && v <= f->max))
		return -1;
	if (f->max == 1)
		v = truncate_to(v, f->decimals);
	print_number(fabs(v), f->decimals, text, sizeof(text));
	return append(buf, size, used, f->name, text);
}

/* What is no byte of a source's becomes "_"; upper case, lower. */
static void clean_source(const char *source, char *buf, size_t size)
{
	snprintf(buf, size, "%s", *source ? source : "unknown");
	for (char *c = buf; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		if (!strchr(SOURCE_BYTES, *c))
			*c = '_';
	}
}

int annotation_format(const struct annotation *a, char *buf, size_t size)
{
	char source[ANNOTATION_SOURCE_SIZE];
	size_t used;
	int n = snprintf(buf, size, MARK "%d", LINE_VERSION);

	if (n < 0 || (size_t)n >= size)
		return -1;
	used = (size_t)n;
	for (size_t i = 0; i < FIGURES; i++)
		if (append_figure(a, &figures[i], buf, size, &used) < 0)
			return -1;
	clean_source(a->source, source, sizeof(source));
	return append(buf, size, &used, "source", source);
}

/* ---- reading --------------------------------------------------------------- */

/* " NAME=" is where *text points: behind that. */
static bool take_name(const char **text, const char *name)
{
	const size_t len = strlen(name);

	if (**text != ' ' || strncmp(*text + 1, name, len) != 0 ||
	    (*text)[1 + len] != '=')
		return false;
	*text += len + 2;
	return true;
}

/* Plain decimals: "12", "0.25". */
static bool take_number(const char **text, double max, double *out)
{
	const char *at = *text;
	size_t len = strspn(at, DIGITS);
	char copy[40];

	if (len == 0)
		return false;
	if (at[len] == '.') {
		const size_t decimals = strspn(at + len + 1, DIGITS);

		if (decimals == 0)
			return false;
		len += 1 + decimals;
	}
	if (len >= sizeof(copy))
		return false;
	memcpy(copy, at, len);
	copy[len] = '\0';
	*out = strtod(copy, NULL);
	*text = at + len;
	return *out <= max;
}

static bool take_source(const char **text, char *buf, size_t size)
{
	const size_t len = strspn(*text, SOURCE_BYTES);

	if (len == 0 || len >= size)
		return false;
	memcpy(buf, *text, len);
	buf[len] = '\0';
	*text += len;
	return true;
}

static bool is_end(char c)
{
	return c == '\0' || c == ';' || c == ' ' || c == '\t' || c == '\n' ||
	       c == '\r';
}

/* What follows the version: the words of version 1. NULL: it is no line. */
static const char *take_words(const char *text, struct annotation *a)
{
	for (size_t i = 0; i < FIGURES; i++) {
		const struct figure *f = &figures[i];
		double v = NAN;

		if (take_name(&text, f->name) ?
		    !take_number(&text, f->max, &v) : f->needed)
			return NULL;
		memcpy((char *)a + f->offset, &v, sizeof(v));
	}
	if (!take_name(&text, "source") ||
	    !take_source(&text, a->source, sizeof(a->source)) ||
	    !is_end(*text))
		return NULL;
	return text;
}

/* The line at `text`, which begins with the mark. */
static enum annotation_found read_line(const char *text, struct annotation *a,
				       size_t *len)
{
	const char *version = text + strlen(MARK), *end;
	const size_t digits = strspn(version, DIGITS);

	if (digits == 0 || digits > 4 || *version == '0')
		return ANNOTATION_NONE;
	if (atoi(version) > LINE_VERSION)
		return is_end(version[digits]) ? ANNOTATION_LATER :
						 ANNOTATION_NONE;
	end = take_words(version + digits, a);
	if (!end)
		return ANNOTATION_NONE;
	*len = (size_t)(end - text);
	return ANNOTATION_FOUND;
}

enum annotation_found annotation_find(const char *comment,
				      struct annotation *a, size_t *at,
				      size_t *len)
{
	enum annotation_found found = ANNOTATION_NONE, now;
	const char *p = comment;
	struct annotation line;
	size_t n = 0;

	while ((p = strstr(p, MARK))) {
		/* 0, the end of a text, is none before it */
		if (p == comment || is_end(p[-1])) {
			now = read_line(p, &line, &n);
			if (now != ANNOTATION_NONE) {
				found = now;
				if (at)
					*at = (size_t)(p - comment);
				if (len)
					*len = n;
			}
			if (now == ANNOTATION_FOUND && a)
				*a = line;
		}
		p += strlen(MARK);
	}
	return found;
}

/* ---- both ------------------------------------------------------------------ */

/* A JSON text, or what jobstats reads: behind it nothing may stand. */
static bool is_foreign(const char *comment)
{
	const size_t len = strlen(comment);
	const char last = len > 0 ? comment[len - 1] : '\0';

	return (*comment == '{' && last == '}') ||
	       (*comment == '[' && last == ']') ||
	       strncmp(comment, "JS1:", 4) == 0;
}

static char *splice(const char *comment, size_t at, size_t old,
		    const char *between, const char *line)
{
	const size_t rest = strlen(comment + at + old);
	const size_t b = strlen(between), l = strlen(line);
	char *out = mem_zeroed(1, at + b + l + rest + 1);

	memcpy(out, comment, at);
	memcpy(out + at, between, b);
	memcpy(out + at + b, line, l);
	memcpy(out + at + b + l, comment + at + old, rest);
	return out;
}

enum annotation_merged annotation_merge(const char *comment, const char *line,
					char **out)
{
	const size_t total = strlen(comment);
	size_t at = 0, len = 0;
	enum annotation_found found = annotation_find(comment, NULL, &at, &len);

	*out = NULL;
	if (found == ANNOTATION_LATER)
		return ANNOTATION_KEPT_LATER;
	if (found == ANNOTATION_FOUND && strlen(line) == len &&
	    memcmp(comment + at, line, len) == 0)
		return ANNOTATION_SAME;
	if (found == ANNOTATION_NONE && is_foreign(comment))
		return ANNOTATION_KEPT_FOREIGN;
	if (total - len + strlen(BETWEEN) + strlen(line) >
	    ANNOTATION_COMMENT_MAX)
		return ANNOTATION_KEPT_LONG;
	if (found == ANNOTATION_FOUND) {
		*out = splice(comment, at, len, "", line);
		return ANNOTATION_REPLACED;
	}
	*out = splice(comment, total, 0, total ? BETWEEN : "", line);
	return ANNOTATION_ADDED;
}
