/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/mem.h"
#include "cli/rows.h"
#include "cli/text.h"
#include "lib/clock.h"

#define TEXT_WIDTH_MAX 40

/* A value of any size with its unit: 0.35 Wh, 12.3 kWh, 4.56 MWh. */
static void format_scaled(char *buf, size_t size, double v, const char *unit,
			  double small)
{
	static const char *const prefixes[] = { "", "k", "M", "G", "T" };
	size_t i = 0;

	v *= small;
	while (fabs(v) >= 999.5 && i + 1 < sizeof(prefixes) / sizeof(prefixes[0])) {
		v /= 1000;
		i++;
	}
	snprintf(buf, size, "%.*f %s%s",
		 fabs(v) >= 99.95 ? 0 : fabs(v) >= 9.995 ? 1 : 2, v, prefixes[i],
		 unit);
}

void rows_figure(double v, enum column_unit unit, char *buf, size_t size)
{
	switch (unit) {
	case UNIT_KWH:
		format_scaled(buf, size, v, "Wh", 1000);
		break;
	case UNIT_GRAMS:
		format_scaled(buf, size, v, "g", 1);
		break;
	case UNIT_HOURS:
		snprintf(buf, size, fabs(v) < 10 ? "%.3f h" : "%.1f h", v);
		break;
	case UNIT_SECONDS:
		snprintf(buf, size, "%.1f s", v);
		break;
	case UNIT_RATIO:
		/* 100 % is for what is whole. */
		snprintf(buf, size, "%.1f %%",
			 v < 1 ? fmin(v * 100, 99.9) : v * 100);
		break;
	case UNIT_MONEY:
		snprintf(buf, size, fabs(v) < 1 ? "%.4f" : "%.2f", v);
		break;
	case UNIT_FACTOR:
		snprintf(buf, size, "%.4f", v);
		break;
	case UNIT_NONE:
		rows_number(v, buf, size);
		break;
	}
}

static void format_local(char *buf, size_t size, int64_t ns)
{
	time_t t = (time_t)(ns / NS_PER_S);
	struct tm tm;

	if (!localtime_r(&t, &tm) ||
	    strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(buf, size, "?");
}

/* What one cell shows, and its width. The caller frees it. */
static char *show_cell(const struct column *column, const struct cell *cell,
		       bool utf8, int *width)
{
	char buf[ROWS_NUMBER_SIZE] = "-";

	if (cell->known) {
		if (column->type == COLUMN_TEXT)
			return text_terminal(*cell->text ? cell->text : "-",
					     TEXT_WIDTH_MAX, utf8, width);
		if (column->type == COLUMN_INTEGER)
			snprintf(buf, sizeof(buf), "%" PRId64, cell->integer);
		else if (column->type == COLUMN_TIME)
			format_local(buf, sizeof(buf), cell->integer);
		else
			rows_figure(cell->number, column->unit, buf,
				    sizeof(buf));
	}
	*width = (int)strlen(buf);
	return mem_string(buf);
}

struct shown {
	char *text;
	int width;
};

static void print_padded(FILE *f, const struct shown *s, int width, bool right,
			 bool last)
{
	if (right)
		fprintf(f, "%*s", width - s->width, "");
	fputs(s->text, f);
	if (!right && !last)
		fprintf(f, "%*s", width - s->width, "");
	fputs(last ? "\n" : "  ", f);
}

/* All cells as texts, row by row, the titles first; widths only grow. */
static struct shown *show_all(const struct rows *rows, int *widths)
{
	const size_t n = rows_shown(rows);
	struct shown *all = mem_zeroed((rows->len + 1) * n, sizeof(*all));
	const bool utf8 = text_locale_utf8();

	for (size_t j = 0; j < n; j++) {
		all[j].text = mem_string(rows->columns[j].title);
		all[j].width = (int)strlen(all[j].text);
		if (all[j].width > widths[j])
			widths[j] = all[j].width;
	}
	for (size_t i = 0; i < rows->len; i++) {
		for (size_t j = 0; j < n; j++) {
			struct shown *s = &all[(i + 1) * n + j];

			s->text = show_cell(&rows->columns[j],
					    rows_cell(rows, i, j), utf8,
					    &s->width);
			if (s->width > widths[j])
				widths[j] = s->width;
		}
	}
	return all;
}

void rows_print_table_part(FILE *f, const struct rows *rows, bool first,
			   int *widths)
{
	const size_t n = rows_shown(rows);
	struct shown *all = show_all(rows, widths);

	for (size_t k = 0; k < (rows->len + 1) * n; k++) {
		const size_t j = k % n;
		const enum column_type type = rows->columns[j].type;

		if (first || k >= n)
			print_padded(f, &all[k], widths[j],
				     type == COLUMN_NUMBER ||
				     type == COLUMN_INTEGER, j + 1 == n);
		free(all[k].text);
	}
	free(all);
}

void rows_print_table(FILE *f, const struct rows *rows)
{
	int *widths = mem_zeroed(rows->columns_len, sizeof(*widths));

	rows_print_table_part(f, rows, true, widths);
	free(widths);
}
