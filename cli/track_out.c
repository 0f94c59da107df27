/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/track_out.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/groups.h"
#include "cli/json_report.h"
#include "cli/mem.h"
#include "cli/text.h"

#define NAME_WIDTH 60		/* columns of a terminal that a name takes */

enum track_column {
	T_PROJECT, T_SCHEDULER, T_FROM, T_TO, T_RUN, T_RUNS, T_FAILED,
	T_RUNNING, T_UNKNOWN, T_UNCOVERED, T_CORE_HOURS, T_GPU_HOURS, T_ENERGY,
	T_FAILED_ENERGY, T_BMC, T_MODEL, T_COVERAGE, T_MAX_GAP, T_SOURCE,
	T_CO2E, T_COST, T_BEST, T_BEST_NAME, T_BEST_STATE, T_BEST_ENERGY, T_BEST_COVERAGE,
	T_FACTOR, T_BOUND, T_COLUMNS
};

static const struct column columns[T_COLUMNS] = {
	[T_PROJECT] = { "project", "", COLUMN_TEXT, UNIT_NONE },
	[T_SCHEDULER] = { "scheduler", "", COLUMN_TEXT, UNIT_NONE },
	[T_FROM] = { "from", "", COLUMN_TIME, UNIT_NONE },
	[T_TO] = { "to", "", COLUMN_TIME, UNIT_NONE },
	[T_RUN] = { "run", "", COLUMN_TEXT, UNIT_NONE },
	[T_RUNS] = { "runs", "", COLUMN_INTEGER, UNIT_NONE },
	[T_FAILED] = { "failed_runs", "", COLUMN_INTEGER, UNIT_NONE },
	[T_RUNNING] = { "running_runs", "", COLUMN_INTEGER, UNIT_NONE },
	[T_UNKNOWN] = { "unknown_runs", "", COLUMN_INTEGER, UNIT_NONE },
	[T_UNCOVERED] = { "unknown_coverage_runs", "", COLUMN_INTEGER, UNIT_NONE },
	[T_CORE_HOURS] = { "core_hours", "", COLUMN_NUMBER, UNIT_HOURS },
	[T_GPU_HOURS] = { "gpu_hours", "", COLUMN_NUMBER, UNIT_HOURS },
	[T_ENERGY] = { "energy_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	[T_FAILED_ENERGY] = { "failed_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	[T_BMC] = { "bmc_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	[T_MODEL] = { "model_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	[T_COVERAGE] = { "coverage", "", COLUMN_NUMBER, UNIT_RATIO },
	[T_MAX_GAP] = { "max_gap_s", "", COLUMN_NUMBER, UNIT_SECONDS },
	[T_SOURCE] = { "source", "", COLUMN_TEXT, UNIT_NONE },
	[T_CO2E] = { "co2e_g", "", COLUMN_NUMBER, UNIT_GRAMS },
	[T_COST] = { "cost", "", COLUMN_NUMBER, UNIT_MONEY },
	[T_BEST] = { "best_id", "", COLUMN_INTEGER, UNIT_NONE },
	[T_BEST_NAME] = { "best_name", "", COLUMN_TEXT, UNIT_NONE },
	[T_BEST_STATE] = { "best_state", "", COLUMN_TEXT, UNIT_NONE },
	[T_BEST_ENERGY] = { "best_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	[T_BEST_COVERAGE] = { "best_coverage", "", COLUMN_NUMBER, UNIT_RATIO },
	[T_FACTOR] = { "factor", "", COLUMN_NUMBER, UNIT_FACTOR },
	[T_BOUND] = { "factor_bound", "", COLUMN_TEXT, UNIT_NONE },
};

static const char *const unit_names[] = {
	[TRACK_JOB] = "job", [TRACK_INSTANCE] = "instance",
	[TRACK_ARRAY] = "array",
};

static const char *const bound_names[] = {
	[BOUND_EXACT] = "exact", [BOUND_AT_LEAST] = "at least",
	[BOUND_AT_MOST] = "at most", [BOUND_ABOUT] = "about",
};

static const char *const bound_signs[] = {
	[BOUND_EXACT] = "", [BOUND_AT_LEAST] = ">= ",
	[BOUND_AT_MOST] = "<= ", [BOUND_ABOUT] = "~ ",
};

/* ---- rows ------------------------------------------------------------------ */

/* Numbers that the runs have as a group. */
static void put_group(struct cell *row, const struct cell *all)
{
	static const struct { enum track_column to; enum group_column from; }
	taken[] = {
		{ T_CORE_HOURS, GROUP_CORE_HOURS },
		{ T_GPU_HOURS, GROUP_GPU_HOURS }, { T_BMC, GROUP_BMC },
		{ T_MODEL, GROUP_MODEL }, { T_MAX_GAP, GROUP_MAX_GAP },
		{ T_CO2E, GROUP_CO2E }, { T_COST, GROUP_COST },
	};

	for (size_t i = 0; all && i < sizeof(taken) / sizeof(taken[0]); i++)
		row[taken[i].to] = all[taken[i].from];
}

static void put_best(struct cell *row, const struct track_sum *s)
{
	if (!s->has_best)
		return;
	cell_set_integer(&row[T_BEST], s->best_id);
	cell_set_text(&row[T_BEST_NAME], s->best_name);
	cell_set_text(&row[T_BEST_STATE], s->best_running ? "runs" :
		      s->best_failed ? "failed" : "ended");
	cell_set_number(&row[T_BEST_ENERGY], s->best_kwh);
	cell_set_number(&row[T_BEST_COVERAGE], s->best_coverage);
	cell_set_number(&row[T_FACTOR], s->factor);
	if (row[T_FACTOR].known)
		cell_set_text(&row[T_BOUND], bound_names[s->bound]);
}

struct rows *track_rows(const struct track_out *out)
{
	const struct track_sum *s = out->sum;
	struct rows *rows = rows_create(columns, T_COLUMNS);
	struct cell *row = rows_add(rows);

	put_group(row, out->all);
	cell_set_text(&row[T_PROJECT], out->title);
	cell_set_text(&row[T_SCHEDULER], out->scheduler);
	cell_set_time(&row[T_FROM], out->report->from_ns);
	cell_set_time(&row[T_TO], out->report->to_ns);
	cell_set_text(&row[T_RUN], unit_names[out->unit]);
	cell_set_integer(&row[T_RUNS], s->runs);
	cell_set_integer(&row[T_FAILED], s->failed);
	cell_set_integer(&row[T_RUNNING], s->running);
	cell_set_integer(&row[T_UNKNOWN], s->unknown);
	cell_set_integer(&row[T_UNCOVERED], s->uncovered);
	cell_set_number(&row[T_ENERGY], s->energy_kwh);
	cell_set_number(&row[T_FAILED_ENERGY], s->failed_kwh);
	cell_set_number(&row[T_COVERAGE], s->coverage);
	cell_set_text(&row[T_SOURCE], *s->sources ? s->sources : NULL);
	put_best(row, s);
	return rows;
}

static const struct column time_columns[] = {
	{ "day", "DAY", COLUMN_TEXT, UNIT_NONE },
	{ "energy_kwh", "ENERGY", COLUMN_NUMBER, UNIT_KWH },
};

struct rows *track_time(const struct rows *days)
{
	struct rows *rows = rows_create(time_columns, 2);
	struct cell *row = NULL;

	for (size_t i = 0; i < days->len; i++) {
		const struct cell *day = rows_cell(days, i, 0);

		if (!row || strcmp(row[0].text, day[0].text) != 0) {
			row = rows_add(rows);
			cell_set_text(&row[0], day[0].text);
			cell_set_number(&row[1], 0);
		}
		row[1].number += day[2].number;
	}
	return rows;
}

void track_print_csv(FILE *f, const struct track_out *out)
{
	struct rows *rows = track_rows(out);

	rows_print_csv(f, rows);
	rows_destroy(rows);
}

void track_print_json(FILE *f, const struct track_out *out)
{
	struct rows *rows = track_rows(out);
	const struct json_member members[] = {
		{ "track", NULL, rows }, { "step", out->step, NULL },
		{ "time", NULL, out->time },
	};

	json_print_object(f, members, sizeof(members) / sizeof(members[0]));
	rows_destroy(rows);
}

/* ---- for people ------------------------------------------------------------ */

/* Three digits: a factor has no more that mean anything. */
static void format_factor(double v, char *buf, size_t size)
{
	snprintf(buf, size, "%.*f", v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2, v);
}

void track_factor_text(const struct track_sum *sum, char *buf, size_t size)
{
	char number[32];

	*buf = '\0';
	if (isnan(sum->factor))
		return;
	format_factor(sum->factor, number, sizeof(number));
	snprintf(buf, size, "%s%s%s",
		 sum->bound == BOUND_EXACT ? "" : bound_names[sum->bound],
		 sum->bound == BOUND_EXACT ? "" : " ", number);
}

static void line(FILE *f, const char *what, double v, enum column_unit unit)
{
	char text[ROWS_NUMBER_SIZE];

	if (isnan(v))
		strcpy(text, "-");
	else
		rows_figure(v, unit, text, sizeof(text));
	fprintf(f, "%-18s %s\n", what, text);
}

static void print_best(FILE *f, const struct track_sum *s)
{
	char factor[32] = "-";
	int width;
	char *name;

	if (!s->has_best) {
		fputs("best run           - (--best or --best-name names it)\n", f);
		fputs("factor             -\n", f);
		return;
	}
	name = text_terminal(s->best_name ? s->best_name : "", NAME_WIDTH,
			     text_locale_utf8(), &width);
	fprintf(f, "best run           %lld%s%s%s\n", (long long)s->best_id,
		*name ? " " : "", name, s->best_failed ? " (failed)" :
		s->best_running ? " (still runs)" : "");
	free(name);
	line(f, "  energy", s->best_kwh, UNIT_KWH);
	line(f, "  covered", s->best_coverage, UNIT_RATIO);
	if (isfinite(s->factor))
		format_factor(s->factor, factor, sizeof(factor));
	fprintf(f, "factor             %s%s\n",
		isfinite(s->factor) ? bound_signs[s->bound] : "", factor);
}

static void print_runs(FILE *f, const struct track_sum *s)
{
	fprintf(f, "runs               %lld (%lld failed", (long long)s->runs,
		(long long)s->failed);
	if (s->running)
		fprintf(f, ", %lld still run", (long long)s->running);
	if (s->unknown)
		fprintf(f, ", energy of %lld not known", (long long)s->unknown);
	fputs(")\n", f);
	line(f, "energy", s->energy_kwh, UNIT_KWH);
	line(f, "  in failed runs", s->failed_kwh, UNIT_KWH);
	line(f, "  covered", s->coverage, UNIT_RATIO);
	if (s->uncovered)
		fprintf(f, "                   (not known of %lld of the runs)\n",
			(long long)s->uncovered);
}

void track_print_table(FILE *f, const struct track_out *out)
{
	struct rows *rows = track_rows(out);
	const struct cell *row = rows_cell(rows, 0, 0);
	int width;
	char *title = text_terminal(out->title, NAME_WIDTH, text_locale_utf8(),
				    &width);

	fprintf(f, "%-18s %s\n", "project", title);
	print_runs(f, out->sum);
	for (int j = T_CO2E; j <= T_COST; j++)
		if (row[j].known)
			line(f, j == T_CO2E ? "CO2e" : "cost", row[j].number,
			     columns[j].unit);
	print_best(f, out->sum);
	free(title);
	rows_destroy(rows);
	if (out->time->len == 0)
		return;
	fputs("\n", f);
	rows_print_table(f, out->time);
}
