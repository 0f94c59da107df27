/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time series of rates, and tables of intensities. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "rate_impl.h"
#include "when.h"

/* ---- lines ------------------------------------------------------------------- */

struct lines {
	const char *path;
	char *text, *next;	/* next: NULL at the end */
	int line;
};

static int lines_open(struct lines *l, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n = -1;

	*l = (struct lines){ .path = path };
	if (fd < 0 || fstat(fd, &st) < 0)
		err_set_errno(err, "cannot read '%s'", path);
	else if (!S_ISREG(st.st_mode) || st.st_size > RATE_FILE_MAX)
		err_set(err, "'%s' is not a regular file of at most %d bytes",
			path, RATE_FILE_MAX);
	else if (!(l->text = malloc((size_t)st.st_size + 1)))
		err_set(err, "out of memory for '%s'", path);
	else if ((n = file_read_all(fd, l->text, (size_t)st.st_size)) < 0)
		err_set_errno(err, "cannot read '%s'", path);
	if (fd >= 0)
		close(fd);
	if (n < 0) {
		free(l->text);
		return -1;
	}
	l->text[n] = '\0';
	l->next = l->text;
	return strlen(l->text) == (size_t)n ? 0 : (free(l->text),
		err_set(err, "'%s' has a NUL byte in it", path));
}

/* The next line that says something, without its end; NULL at the end. */
static char *lines_next(struct lines *l)
{
	while (l->next && *l->next) {
		char *line = l->next, *end = strchr(line, '\n');

		l->line++;
		l->next = end ? end + 1 : NULL;
		if (end)
			*end = '\0';
		end = line + strlen(line);
		if (end > line && end[-1] == '\r')
			end[-1] = '\0';
		if (*line && *line != '#')
			return line;
	}
	return NULL;
}

static int line_fail(const struct lines *l, const char *why, struct err *err)
{
	return err_set(err, "%s:%d: %s", l->path, l->line, why);
}

/* ---- time series --------------------------------------------------------------- */

/* A price may be below 0. */
static int point_value(enum rate_kind kind, const char *text, double *out,
		       struct err *why)
{
	bool minus = kind == RATE_TARIFF && *text == '-';

	if (!*text) {
		*out = NAN;
		return 0;
	}
	if (rate_value(kind, text + minus, out, why) < 0)
		return -1;
	if (minus)
		*out = -*out;
	return 0;
}

/* "TIME,VALUE": 0; 1 where the line may be the file's head. */
static int point_read(rate_t *r, const struct lines *l, char *line,
		      struct err *err)
{
	char *comma = strchr(line, ',');
	struct err why;
	int64_t at_ns;
	double value;

	if (comma)
		*comma++ = '\0';
	if (!comma || when_stamp(line, &at_ns) < 0)
		return l->line == 1 && comma && !r->steps_len ? 1 :
		       line_fail(l, "not TIME,VALUE with a time like 2026-11-01T06:00Z",
				 err);
	if (point_value(r->kind, comma, &value, &why) < 0)
		return line_fail(l, why.text, err);
	if (r->steps_len && at_ns <= r->steps[r->steps_len - 1].at_ns)
		return line_fail(l, "its time is not later than that of the line before",
				 err);
	if (rate_step_add(r, at_ns, value) < 0)
		return line_fail(l, "out of memory", err);
	return 0;
}

int rate_series_read(rate_t *r, const char *path, struct err *err)
{
	struct lines l;
	char *line;
	size_t n;
	int rc = 0;

	if (lines_open(&l, path, err) < 0)
		return -1;
	while (rc >= 0 && (line = lines_next(&l)))
		rc = point_read(r, &l, line, err);
	free(l.text);
	if (rc < 0)
		return -1;
	n = r->steps_len;
	if (n < 2)
		return err_set(err, "'%s': a time series has at least two lines TIME,VALUE",
			       path);
	if (rate_step_add(r, 2 * r->steps[n - 1].at_ns - r->steps[n - 2].at_ns,
			  NAN) < 0)
		return err_set(err, "out of memory");
	return 0;
}

/* ---- tables --------------------------------------------------------------------- */

#define FIELDS 5

/* A field, quoted or not, with "" for a quote; moves *at behind its comma. */
static char *field_next(char **at)
{
	char *from = *at, *to = from, *p = from;
	bool quoted = *p == '"';

	if (quoted)
		p++;
	for (; *p && (quoted || *p != ','); p++) {
		if (quoted && *p == '"' && *++p != '"')
			quoted = false;
		if (!*p || (!quoted && *p == ','))
			break;
		*to++ = *p;
	}
	*at = *p ? p + 1 : p;
	*to = '\0';
	return from;
}

static int row_take(rate_t *r, const struct lines *l, char *const f[FIELDS],
		    struct err *err)
{
	struct err why;

	if (rate_value(r->kind, f[2], &r->base, &why) < 0)
		return line_fail(l, why.text, err);
	snprintf(r->origin, sizeof(r->origin), "%s, %s %s g/kWh, %s: %s", f[0],
		 f[1], f[2], f[3], f[4]);
	return 0;
}

/* 1: found, 0: not, -1: the file is damaged. */
static int row_find(rate_t *r, struct lines *l, const char *code,
		    struct err *err)
{
	char *line, *f[FIELDS];

	while ((line = lines_next(l))) {
		for (int i = 0; i < FIELDS; i++)
			f[i] = field_next(&line);
		if (strcmp(f[0], code) == 0)
			return row_take(r, l, f, err) < 0 ? -1 : 1;
	}
	return 0;
}

int rate_table_read(rate_t *r, const char *text, const char *dir,
		    struct err *err)
{
	const char *code = strchr(text, '/') + 1;
	char path[4096];
	struct lines l;
	int rc;

	snprintf(path, sizeof(path), "%s/%.*s.csv", dir,
		 (int)(code - 1 - text), text);
	if (lines_open(&l, path, err) < 0)
		return -1;
	rc = row_find(r, &l, code, err);
	free(l.text);
	if (rc == 0)
		err_set(err, "'%s': %s has no line for it", text, path);
	return rc > 0 ? 0 : -1;
}
