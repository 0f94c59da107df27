/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/report_page.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/data_dir.h"
#include "cli/days.h"
#include "cli/mem.h"
#include "cli/page.h"
#include "lib/clock.h"

#define USERS_SHOWN 25
#define PROJECTS_SHOWN 10
#define DAYS_SHOWN 92		/* more are shown as months */

struct report_page {
	const struct report *report;
	groups_t *all, *users, *projects;
	days_t *days;
	bool monthly;
	const char *project;	/* whose runs; NULL: all jobs */
	const struct rows *track;
};

report_page_t *report_page_create(const struct report *report,
				  enum job_column project)
{
	report_page_t *p = mem_zeroed(1, sizeof(*p));

	p->report = report;
	p->monthly = report->to_ns - report->from_ns >
		     DAYS_SHOWN * 86400 * NS_PER_S;
	p->all = groups_create(JOB_USER);
	p->users = groups_create(JOB_USER);
	p->projects = groups_create(project);
	p->days = days_create(project, p->monthly);
	return p;
}

void report_page_destroy(report_page_t *p)
{
	if (!p)
		return;
	groups_destroy(p->all);
	groups_destroy(p->users);
	groups_destroy(p->projects);
	days_destroy(p->days);
	free(p);
}

void report_page_track(report_page_t *p, const char *title,
		       const struct rows *track)
{
	p->project = title;
	p->track = track;
}

void report_page_add(report_page_t *p, const struct rows *jobs)
{
	groups_add(p->all, jobs);
	groups_add(p->users, jobs);
	groups_add(p->projects, jobs);
	days_add(p->days, jobs);
}

/* ---- what it shows --------------------------------------------------------- */

static const struct column group_columns[] = {
	{ "name", "", COLUMN_TEXT, UNIT_NONE },
	{ "jobs", "", COLUMN_INTEGER, UNIT_NONE },
	{ "core_hours", "", COLUMN_NUMBER, UNIT_HOURS },
	{ "gpu_hours", "", COLUMN_NUMBER, UNIT_HOURS },
	{ "energy_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "bmc_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "model_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "coverage", "", COLUMN_NUMBER, UNIT_RATIO },
	{ "co2e_g", "", COLUMN_NUMBER, UNIT_GRAMS },
	{ "cost", "", COLUMN_NUMBER, UNIT_MONEY },
};
#define GROUP_WIDTH (sizeof(group_columns) / sizeof(group_columns[0]))

static const enum group_column taken[GROUP_WIDTH] = {
	GROUP_NAME, GROUP_JOBS, GROUP_CORE_HOURS, GROUP_GPU_HOURS, GROUP_ENERGY,
	GROUP_BMC, GROUP_MODEL, GROUP_COVERAGE, GROUP_CO2E, GROUP_COST,
};

static void copy_cell(struct cell *to, const struct cell *from, bool text)
{
	if (text)
		cell_set_text(to, from->known ? from->text : "(none)");
	else
		*to = *from;
}

static struct rows *group_rows(groups_t *g)
{
	const struct site_energy none = { NAN, NAN, NAN };
	struct rows *from = groups_rows(g, &none, SPREAD_NONE);
	struct rows *rows = rows_create(group_columns, GROUP_WIDTH);

	for (size_t i = 0; i < from->len; i++) {
		struct cell *row = rows_add(rows);

		for (size_t j = 0; j < GROUP_WIDTH; j++)
			copy_cell(&row[j], rows_cell(from, i, taken[j]), j == 0);
	}
	rows_destroy(from);
	return rows;
}

static const struct column total_columns[] = {
	{ "jobs", "", COLUMN_INTEGER, UNIT_NONE },
	{ "core_hours", "", COLUMN_NUMBER, UNIT_HOURS },
	{ "gpu_hours", "", COLUMN_NUMBER, UNIT_HOURS },
	{ "energy_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "coverage", "", COLUMN_NUMBER, UNIT_RATIO },
	{ "co2e_g", "", COLUMN_NUMBER, UNIT_GRAMS },
	{ "cost", "", COLUMN_NUMBER, UNIT_MONEY },
	{ "allocated_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "unallocated_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "idle_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "node_coverage", "", COLUMN_NUMBER, UNIT_RATIO },
};

/* All users in one. */
static struct rows *total_rows(groups_t *g, const struct site_energy *site,
			       double measured)
{
	static const enum group_column from[] = {
		GROUP_JOBS, GROUP_CORE_HOURS, GROUP_GPU_HOURS, GROUP_ENERGY,
		GROUP_COVERAGE, GROUP_CO2E, GROUP_COST,
	};
	const struct site_energy none = { NAN, NAN, NAN };
	struct rows *rows = rows_create(total_columns, 11), *all;
	struct cell *row = rows_add(rows);
	size_t n = sizeof(from) / sizeof(from[0]);

	groups_fold(g, 0);
	all = groups_rows(g, &none, SPREAD_NONE);
	for (size_t j = 0; j < n && all->len; j++)
		row[j] = *rows_cell(all, 0, from[j]);
	rows_destroy(all);
	cell_set_number(&row[n], site->allocated_kwh);
	cell_set_number(&row[n + 1], site->unallocated_kwh);
	cell_set_number(&row[n + 2], site->idle_kwh);
	cell_set_number(&row[n + 3], measured);
	return rows;
}

static const struct column note_columns[] = {
	{ "text", "", COLUMN_TEXT, UNIT_NONE },
};

static void note_rate(struct rows *rows, const char *what, const rate_t *rate)
{
	char text[700];

	if (!rate || !*rate_origin(rate))
		return;
	snprintf(text, sizeof(text), "%s: %s.", what, rate_origin(rate));
	cell_set_text(&rows_add(rows)[0], text);
}

static struct rows *note_rows(const struct report *report)
{
	struct rows *rows = rows_create(note_columns, 1);

	note_rate(rows, "PUE", report->rates.pue);
	note_rate(rows, "Intensity", report->rates.intensity);
	note_rate(rows, "Tariff", report->rates.tariff);
	cell_set_text(&rows_add(rows)[0],
		      "Jobs that ended in the time; a job's energy is shown as drawn evenly over its own. What is not known is left out, not 0.");
	return rows;
}

static bool keep_project(const void *groups, const char *name)
{
	return groups_have(groups, name);
}

enum { TOTALS, USERS, PROJECTS, TIME, NOTES, PARTS };

static int print_parts(FILE *f, const report_page_t *p,
		       struct rows *const part[PARTS], struct err *err)
{
	const struct report *r = p->report;
	char from[64], to[64], now[64], title[200], dir[PATH_MAX];
	struct page_files files = { NULL, PAGE_CHART_JS };
	const struct json_member data[] = {
		{ "title", title, NULL }, { "from", from, NULL },
		{ "to", to, NULL }, { "generated", now, NULL },
		{ "step", p->monthly ? "month" : "day", NULL },
		{ "totals", NULL, part[TOTALS] },
		{ "users", NULL, part[USERS] },
		{ "projects", NULL, part[PROJECTS] },
		{ "time", NULL, part[TIME] }, { "notes", NULL, part[NOTES] },
		{ "by", p->project ? "user" : "project", NULL },
		{ "track", NULL, p->track },
	};
	size_t n = sizeof(data) / sizeof(data[0]);

	files.dir = data_dir("page", dir, sizeof(dir));
	clock_iso8601(r->from_ns, from, sizeof(from));
	clock_iso8601(r->to_ns, to, sizeof(to));
	clock_iso8601(r->now_ns, now, sizeof(now));
	snprintf(title, sizeof(title), "Energy of %.100s, %.10s to %.10s",
		 p->project ? p->project : "jobs", from, to);
	return page_print(f, &files, title, data, p->track ? n : n - 1, err);
}

int report_page_print(FILE *f, report_page_t *p,
		      const struct site_energy *site, double measured,
		      struct err *err)
{
	const struct report *r = p->report;
	struct rows *part[PARTS];
	int rc;

	part[TOTALS] = total_rows(p->all, site, measured);
	groups_fold(p->users, USERS_SHOWN);
	groups_fold(p->projects, PROJECTS_SHOWN);
	part[USERS] = group_rows(p->users);
	part[PROJECTS] = group_rows(p->projects);
	part[TIME] = days_rows(p->days, keep_project, p->projects);
	part[NOTES] = note_rows(r);
	rc = print_parts(f, p, part, err);
	for (int i = 0; i < PARTS; i++)
		rows_destroy(part[i]);
	return rc;
}
