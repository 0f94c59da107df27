/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample DIR CHARTJS [KIND]: a page with figures and names as bad as they come. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/page.h"

static const struct column group_columns[] = {
	{ "name", "", COLUMN_TEXT, UNIT_NONE },
	{ "jobs", "", COLUMN_INTEGER, UNIT_NONE },
	{ "core_hours", "", COLUMN_NUMBER, UNIT_HOURS },
	{ "energy_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "bmc_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "model_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "coverage", "", COLUMN_NUMBER, UNIT_RATIO },
};

static const struct {
	const char *name;
	double hours, kwh;	/* kwh < 0: unknown */
} users[] = {
	{ "alice", 4000, 16 }, { "bob", 1000, 64 },
	{ "</script><script>document.title='owned'</script>", 2000, 32 },
	{ "<img src=x onerror=\"document.title='owned'\">", 500, 8 },
	{ "=cmd|' /C calc'!A0", 250, 4 }, { "caf\xe9\xff", 125, 2 },
	{ "quote\"amp&lt;line\nbreak", 60, -1 }, { "others", 3000, 12 },
};

static struct rows *groups(void)
{
	struct rows *rows = rows_create(group_columns, 7);

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		struct cell *row = rows_add(rows);

		cell_set_text(&row[0], users[i].name);
		cell_set_integer(&row[1], (int64_t)i + 1);
		cell_set_number(&row[2], users[i].hours);
		if (users[i].kwh < 0)
			continue;
		cell_set_number(&row[3], users[i].kwh);
		cell_set_number(&row[4], 3 * users[i].kwh);
		cell_set_number(&row[5], users[i].kwh / 2);
		cell_set_number(&row[6], 0.999);
	}
	return rows;
}

static const struct column time_columns[] = {
	{ "day", "", COLUMN_TEXT, UNIT_NONE },
	{ "name", "", COLUMN_TEXT, UNIT_NONE },
	{ "energy_kwh", "", COLUMN_NUMBER, UNIT_KWH },
};

static struct rows *days(void)
{
	static const char *const names[] = { "alice", "others" };
	struct rows *rows = rows_create(time_columns, 3);

	for (int i = 0; i < 8; i++) {
		struct cell *row = rows_add(rows);
		char day[16];

		snprintf(day, sizeof(day), "2026-11-0%d", 1 + i / 2);
		cell_set_text(&row[0], day);
		cell_set_text(&row[1], names[i % 2]);
		if (i != 3)	/* a day of which nothing is known */
			cell_set_number(&row[2], 1 + i);
	}
	return rows;
}

static const struct column total_columns[] = {
	{ "jobs", "", COLUMN_INTEGER, UNIT_NONE },
	{ "core_hours", "", COLUMN_NUMBER, UNIT_HOURS },
	{ "gpu_hours", "", COLUMN_NUMBER, UNIT_HOURS },
	{ "energy_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "coverage", "", COLUMN_NUMBER, UNIT_RATIO },
	{ "allocated_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "unallocated_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "idle_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "node_coverage", "", COLUMN_NUMBER, UNIT_RATIO },
	{ "co2e_g", "", COLUMN_NUMBER, UNIT_GRAMS },
};

static struct rows *totals(void)
{
	struct rows *rows = rows_create(total_columns, 10);
	struct cell *row = rows_add(rows);

	cell_set_integer(&row[0], 36);
	cell_set_number(&row[1], 10935);
	/* no GPUs: unknown, and not shown */
	cell_set_number(&row[3], 138);
	cell_set_number(&row[4], 0.9981);
	cell_set_number(&row[5], 138);
	cell_set_number(&row[6], 23);
	cell_set_number(&row[7], 69);
	cell_set_number(&row[8], 0.99);
	cell_set_number(&row[9], 7076.6);
	return rows;
}

/* A project: of 128 kWh 32 in failed runs, 2 in the best one; some unknown. */
static const struct column track_columns[] = {
	{ "runs", "", COLUMN_INTEGER, UNIT_NONE },
	{ "failed_runs", "", COLUMN_INTEGER, UNIT_NONE },
	{ "unknown_runs", "", COLUMN_INTEGER, UNIT_NONE },
	{ "run", "", COLUMN_TEXT, UNIT_NONE },
	{ "energy_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "failed_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "coverage", "", COLUMN_NUMBER, UNIT_RATIO },
	{ "best_id", "", COLUMN_INTEGER, UNIT_NONE },
	{ "best_name", "", COLUMN_TEXT, UNIT_NONE },
	{ "best_kwh", "", COLUMN_NUMBER, UNIT_KWH },
	{ "best_coverage", "", COLUMN_NUMBER, UNIT_RATIO },
	{ "factor", "", COLUMN_NUMBER, UNIT_FACTOR },
	{ "factor_bound", "", COLUMN_TEXT, UNIT_NONE },
};

static struct rows *track(bool with_best)
{
	struct rows *rows = rows_create(track_columns, 13);
	struct cell *row = rows_add(rows);

	cell_set_integer(&row[0], 30);
	cell_set_integer(&row[1], 7);
	cell_set_integer(&row[2], 3);
	cell_set_text(&row[3], "job");
	cell_set_number(&row[4], 128);
	cell_set_number(&row[5], 32);
	cell_set_number(&row[6], 0.9981);
	if (!with_best)
		return rows;
	cell_set_integer(&row[7], 4711);
	cell_set_text(&row[8], "<img src=x onerror=\"document.title='owned'\">");
	cell_set_number(&row[9], 2);
	cell_set_number(&row[10], 1);
	cell_set_number(&row[11], 64);
	cell_set_text(&row[12], "at least");
	return rows;
}

/* KIND "track": a project's runs; "unnamed": without a best one. */
int main(int argc, char **argv)
{
	const char *kind = argc > 3 ? argv[3] : "";
	const char *title = "Energy of <b>nodes</b> & \"jobs\"";
	struct page_files files = { argc > 1 ? argv[1] : "",
				    argc > 2 ? argv[2] : "" };
	struct rows *all[] = { totals(), groups(), groups(), days(),
			       track(strcmp(kind, "unnamed") != 0) };
	const struct json_member data[] = {
		{ "title", title, NULL },
		{ "from", "2026-11-01T00:00:00Z", NULL },
		{ "to", "2026-11-05T00:00:00Z", NULL },
		{ "generated", "2026-11-23T22:00:00Z", NULL },
		{ "step", "day", NULL },
		{ "totals", NULL, all[0] }, { "users", NULL, all[1] },
		{ "projects", NULL, all[2] }, { "time", NULL, all[3] },
		{ "by", "user", NULL }, { "track", NULL, all[4] },
	};
	const size_t n = sizeof(data) / sizeof(data[0]);
	struct err err;
	int rc = page_print(stdout, &files, title, data,
			    *kind ? n : n - 2, &err);

	for (int i = 0; i < 5; i++)
		rows_destroy(all[i]);
	if (rc < 0)
		fprintf(stderr, "sample: %s\n", err.text);
	return rc < 0;
}
