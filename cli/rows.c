/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"

#define DECIMALS_MAX 12	/* of a kWh: 4 microjoules */

struct rows *rows_create(const struct column *columns, size_t columns_len)
{
	struct rows *rows = mem_zeroed(1, sizeof(*rows));

	rows->columns = columns;
	rows->columns_len = columns_len;
	return rows;
}

void rows_clear(struct rows *rows)
{
	for (size_t i = 0; i < rows->len * rows->columns_len; i++)
		free(rows->cells[i].text);
	rows->len = 0;
}

void rows_destroy(struct rows *rows)
{
	if (!rows)
		return;
	rows_clear(rows);
	free(rows->cells);
	free(rows);
}

struct cell *rows_add(struct rows *rows)
{
	struct cell *row;

	rows->cells = mem_grow(rows->cells, rows->len, &rows->room,
			       rows->columns_len * sizeof(*rows->cells));
	row = rows->cells + rows->len++ * rows->columns_len;
	memset(row, 0, rows->columns_len * sizeof(*row));
	return row;
}

void cell_set_text(struct cell *c, const char *text)
{
	free(c->text);
	c->text = text ? mem_string(text) : NULL;
	c->known = text != NULL;
}

void cell_set_integer(struct cell *c, int64_t v)
{
	c->integer = v;
	c->known = true;
}

void cell_set_number(struct cell *c, double v)
{
	c->number = v;
	c->known = isfinite(v);
}

void cell_set_time(struct cell *c, int64_t ns)
{
	c->integer = ns;
	c->known = ns != 0;
}

size_t rows_shown(const struct rows *rows)
{
	size_t n = rows->columns_len;

	while (n > 0 && !rows->columns[n - 1].title)
		n--;
	return n;
}

const struct cell *rows_cell(const struct rows *rows, size_t i, size_t j)
{
	return &rows->cells[i * rows->columns_len + j];
}

/* Decimals that a double has, at most DECIMALS_MAX. */
static int decimals_of(double v)
{
	const int digits = 15;
	int whole = fabs(v) >= 1 ? (int)floor(log10(fabs(v))) + 1 : 0;

	if (whole > digits)
		return 0;
	return digits - whole < DECIMALS_MAX ? digits - whole : DECIMALS_MAX;
}

char *rows_number(double v, char *buf, size_t size)
{
	size_t len;

	snprintf(buf, size, "%.*f", decimals_of(v), v);
	len = strlen(buf);
	if (strchr(buf, '.')) {
		while (buf[len - 1] == '0')
			buf[--len] = '\0';
		if (buf[len - 1] == '.')
			buf[--len] = '\0';
	}
	return strcmp(buf, "-0") == 0 ? strcpy(buf, "0") : buf;
}
