/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "knots.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int knots_number(const char *text, double *value)
{
	char *end;

	/* strtod() would also take blanks, "inf", "nan" and hexadecimals. */
	if (text[strspn(text, "0123456789+-.eE")] != '\0' || *text == '\0')
		return -1;
	*value = strtod(text, &end);
	return *end == '\0' && isfinite(*value) ? 0 : -1;
}

static int knots_grow(struct knots *knots, struct fail *fail)
{
	size_t room = knots->room ? 2 * knots->room : 16;
	struct knot *at;

	at = realloc(knots->at, room * sizeof(*at));
	if (!at)
		return fail_set(fail, "out of memory");
	knots->at = at;
	knots->room = room;
	return 0;
}

int knots_add(struct knots *knots, double t_s, double w, const char *where,
	      struct fail *fail)
{
	if (!(w >= 0 && w <= KNOT_WATTS_MAX))
		return fail_set(fail, "%s: %g watts: not in 0..%g", where, w,
				KNOT_WATTS_MAX);
	if (!(fabs(t_s) <= KNOT_TIME_MAX))
		return fail_set(fail, "%s: t = %g s is too far away", where,
				t_s);
	if (knots->n && t_s <= knots->at[knots->n - 1].t_s)
		return fail_set(fail, "%s: t = %g s does not come after %g s",
				where, t_s, knots->at[knots->n - 1].t_s);
	if (knots->n == KNOTS_MAX)
		return fail_set(fail, "%s: more than %d points", where,
				KNOTS_MAX);
	if (knots->n == knots->room && knots_grow(knots, fail) < 0)
		return -1;
	knots->at[knots->n++] = (struct knot){ t_s, w };
	return 0;
}

int knots_parse_steps(struct knots *knots, char *text, struct fail *fail)
{
	char *piece, *at, *next = text;
	double t_s, w;

	while ((piece = strsep(&next, ",")) != NULL) {
		at = strchr(piece, '@');
		if (at)
			*at++ = '\0';
		if (!at || knots_number(piece, &w) < 0 ||
		    knots_number(at, &t_s) < 0)
			return fail_set(fail, "step: each piece is W@T, as in "
					"step:100@0,400@12.5");
		if (knots_add(knots, t_s, w, "step", fail) < 0)
			return -1;
	}
	return 0;
}

static char *blanks_strip(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	n = strlen(text);
	while (n && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
	return text;
}

static int csv_line(struct knots *knots, char *line, const char *path,
		    unsigned int number, struct fail *fail)
{
	char where[300];
	double t_s, w;
	char *comma;

	line = blanks_strip(line);
	if (*line == '\0' || *line == '#' ||
	    (number == 1 && isalpha((unsigned char)*line)))
		return 0;
	snprintf(where, sizeof(where), "%.256s:%u", path, number);
	comma = strchr(line, ',');
	if (comma)
		*comma++ = '\0';
	if (!comma || knots_number(blanks_strip(line), &t_s) < 0 ||
	    knots_number(blanks_strip(comma), &w) < 0)
		return fail_set(fail, "%s: not a line of \"t_s,watts\"", where);
	return knots_add(knots, t_s, w, where, fail);
}

int knots_read_csv(struct knots *knots, const char *path, struct fail *fail)
{
	unsigned int number = 0;
	char line[256];
	int rc = 0;
	FILE *file;

	file = fopen(path, "re");
	if (!file)
		return fail_set(fail, "%s: %s", path, strerror(errno));
	while (rc == 0 && fgets(line, sizeof(line), file)) {
		number++;
		if (!strchr(line, '\n') && !feof(file))
			rc = fail_set(fail, "%s:%u: line too long", path,
				      number);
		else
			rc = csv_line(knots, line, path, number, fail);
	}
	if (rc == 0 && ferror(file))
		rc = fail_set(fail, "%s: cannot be read", path);
	if (rc == 0 && knots->n == 0)
		rc = fail_set(fail, "%s: no points in it", path);
	fclose(file);
	return rc;
}

void knots_clear(struct knots *knots)
{
	free(knots->at);
	*knots = (struct knots){ 0 };
}

size_t knots_find(const struct knots *knots, long double t_s)
{
	size_t low = 0, high = knots->n;

	/* at[low].t_s <= t_s < at[high].t_s, but for the ends */
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (knots->at[mid].t_s <= t_s)
			low = mid;
		else
			high = mid;
	}
	return low;
}
