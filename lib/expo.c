/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "expo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

void expo_begin(struct expo *e, FILE *f, enum expo_dialect dialect)
{
	*e = (struct expo){ .f = f, .dialect = dialect };
}

void expo_end(struct expo *e)
{
	if (e->dialect == EXPO_OPENMETRICS)
		fputs("# EOF\n", e->f);
}

/* ---- families -------------------------------------------------------------- */

/* What a sample's name has behind its family's. */
static const char *suffix_of(enum expo_type type)
{
	switch (type) {
	case EXPO_COUNTER:
		return "_total";
	case EXPO_INFO:
		return "_info";
	case EXPO_GAUGE:
		break;
	}
	return "";
}

/* Prometheus' own text knows no info, and a counter by its whole name. */
static const char *type_name(const struct expo *e)
{
	if (e->type == EXPO_COUNTER)
		return "counter";
	return e->type == EXPO_INFO && e->dialect == EXPO_OPENMETRICS ?
	       "info" : "gauge";
}

void expo_family(struct expo *e, const char *name, enum expo_type type,
		 const char *unit, const char *label, const char *help)
{
	const char *suffix = e->dialect == EXPO_OPENMETRICS ? "" :
						suffix_of(type);

	e->name = name;
	e->type = type;
	e->label = label;
	fprintf(e->f, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help,
		name, suffix, type_name(e));
	if (unit && e->dialect == EXPO_OPENMETRICS)
		fprintf(e->f, "# UNIT %s %s\n", name, unit);
}

/* ---- labels ---------------------------------------------------------------- */

static char *put_byte(char *to, unsigned char byte)
{
	static const char digits[] = "0123456789ABCDEF";

	*to++ = '%';
	*to++ = digits[byte >> 4];
	*to++ = digits[byte & 15];
	return to;
}

char *expo_escape(const char *text)
{
	char *out = malloc(3 * strlen(text) + 1), *to = out;

	if (!out)
		return NULL;
	while (*text) {
		unsigned code = 0;
		int len = utf8_length(text, &code);

		if (len == 0 || code < 0x20 || code == '%' ||
		    (code >= 0x7f && code < 0xa0)) {
			do
				to = put_byte(to, (unsigned char)*text++);
			while (--len > 0);
			continue;
		}
		if (*text == '"' || *text == '\\')
			*to++ = '\\';
		memcpy(to, text, (size_t)len);
		to += len;
		text += len;
	}
	*to = '\0';
	return out;
}

int expo_label(char *buf, size_t size, const char *name, const char *text)
{
	char *value = expo_escape(text);
	int n = value ? snprintf(buf, size, "%s=\"%s\"", name, value) : -1;

	free(value);
	return n >= 0 && (size_t)n < size ? 0 : -1;
}

/* ---- samples --------------------------------------------------------------- */

static void print_labels(const struct expo *e, const char *value,
			 const char *more)
{
	if (!value && !more)
		return;
	putc('{', e->f);
	if (value)
		fprintf(e->f, "%s=\"%s\"", e->label, value);
	if (more)
		fprintf(e->f, "%s%s", value ? "," : "", more);
	putc('}', e->f);
}

/* Digits enough to be the number, and no more. */
static void print_value(FILE *f, double value)
{
	char text[40];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	fprintf(f, " %s\n", text);
}

void expo_sample(struct expo *e, const char *text, const char *more,
		 double value)
{
	const bool labelled = text && e->label;
	char *label = labelled ? expo_escape(text) : NULL;

	/* without memory for its label it would be another's sample */
	if (isfinite(value) && (e->type != EXPO_COUNTER || value >= 0) &&
	    (label || !labelled)) {
		fprintf(e->f, "%s%s", e->name, suffix_of(e->type));
		print_labels(e, label, more);
		print_value(e->f, value);
	}
	free(label);
}
