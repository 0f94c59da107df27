/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/groups.h"

#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"

static const struct column group_columns[GROUP_COLUMNS] = {
	[GROUP_NAME] = { "name", "NAME", COLUMN_TEXT, UNIT_NONE },
	[GROUP_JOBS] = { "jobs", "JOBS", COLUMN_INTEGER, UNIT_NONE },
	[GROUP_KNOWN] = { "known_jobs", "KNOWN", COLUMN_INTEGER, UNIT_NONE },
	[GROUP_FAILED] = { "failed_jobs", "FAILED", COLUMN_INTEGER, UNIT_NONE },
	[GROUP_CORE_HOURS] = { "core_hours", "CORE-HOURS", COLUMN_NUMBER, UNIT_HOURS },
	[GROUP_GPU_HOURS] = { "gpu_hours", "GPU-HOURS", COLUMN_NUMBER, UNIT_HOURS },
	[GROUP_ENERGY] = { "energy_kwh", "ENERGY", COLUMN_NUMBER, UNIT_KWH },
	[GROUP_SHARE] = { "share", "SHARE", COLUMN_NUMBER, UNIT_RATIO },
	[GROUP_FAILED_ENERGY] = { "failed_kwh", "IN-FAILED", COLUMN_NUMBER, UNIT_KWH },
	[GROUP_BMC] = { "bmc_kwh", "BMC", COLUMN_NUMBER, UNIT_KWH },
	[GROUP_MODEL] = { "model_kwh", "MODEL", COLUMN_NUMBER, UNIT_KWH },
	[GROUP_COVERAGE] = { "coverage", "COVERED", COLUMN_NUMBER, UNIT_RATIO },
	[GROUP_MAX_GAP] = { "max_gap_s", "MAX-GAP", COLUMN_NUMBER, UNIT_SECONDS },
	[GROUP_SOURCE] = { "source", "SOURCE", COLUMN_TEXT, UNIT_NONE },
	[GROUP_CO2E] = { "co2e_g", "CO2E", COLUMN_NUMBER, UNIT_GRAMS },
	[GROUP_COST] = { "cost", "COST", COLUMN_NUMBER, UNIT_MONEY },
	[GROUP_OFFSET] = { "offset_kwh", "OFFSET", COLUMN_NUMBER, UNIT_KWH },
};
static const struct column user_column = { "user", "USER", COLUMN_TEXT, UNIT_NONE };

/* Sums of which some are known. */
enum sum { CORE_HOURS, GPU_HOURS, ENERGY, FAILED_ENERGY, BMC, MODEL, CO2E, COST,
	   SUMS };

struct group {
	char *name;		/* "" = without one */
	char *user;		/* of an array; NULL: not known */
	int64_t jobs, failed, known;
	double sum[SUMS];
	bool told[SUMS];
	bool lacks[SUMS];	/* CO2e or cost of a part of the energy */
	double covered_s, node_s;	/* of jobs that tell their coverage */
	double max_gap_s;	/* -1: not known */
	const char *source;	/* "mixed" where they differ; NULL: none */
};

struct groups {
	enum job_column by;
	struct column columns[GROUP_COLUMNS];
	void *tree;
	void *sources;		/* tree of texts: there are few, of many groups */
	struct group **list;
	size_t len, room;
};

groups_t *groups_create(enum job_column by)
{
	groups_t *g = mem_zeroed(1, sizeof(*g));

	g->by = by;
	memcpy(g->columns, group_columns, sizeof(group_columns));
	g->columns[GROUP_NAME].name = job_columns[by].name;
	g->columns[GROUP_NAME].title = job_columns[by].title;
	if (by == JOB_ARRAY) {
		g->columns[GROUP_NAME].title = "ARRAY";
		g->columns[GROUP_USER] = user_column;
	}
	return g;
}

static void forget(void *group)
{
	(void)group;		/* the list has it */
}

static void free_group(struct group *group)
{
	free(group->name);
	free(group->user);
	free(group);
}

void groups_destroy(groups_t *g)
{
	if (!g)
		return;
	tdestroy(g->tree, forget);
	tdestroy(g->sources, free);
	for (size_t i = 0; i < g->len; i++)
		free_group(g->list[i]);
	free(g->list);
	free(g);
}

static int compare_names(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct group *new_group(const char *name)
{
	struct group *group = mem_zeroed(1, sizeof(*group));

	group->name = mem_string(name);
	group->max_gap_s = -1;
	return group;
}

/* The group's name, in `number` where it is no text. */
static char *name_of(const groups_t *g, const struct cell *row,
		     char number[24])
{
	const struct cell *name = &row[g->by];

	snprintf(number, 24, "%lld", (long long)name->integer);
	if (!name->known)
		return (char *)"";
	return job_columns[g->by].type == COLUMN_TEXT ? name->text : number;
}

static struct group *group_of(groups_t *g, const struct cell *row)
{
	char number[24];
	struct group key = { .name = name_of(g, row, number) };
	struct group **found = tfind(&key, &g->tree, compare_names);
	struct group *group;

	if (found)
		return *found;
	group = new_group(key.name);
	if (g->by == JOB_ARRAY && row[JOB_USER].known)
		group->user = mem_string(row[JOB_USER].text);
	g->list = mem_grow(g->list, g->len, &g->room, sizeof(*g->list));
	g->list[g->len++] = group;
	if (!tsearch(group, &g->tree, compare_names))
		mem_failed();
	return group;
}

/* ---- adding ---------------------------------------------------------------- */

static void add(struct group *group, enum sum which, const struct cell *cell)
{
	if (!cell->known)
		return;
	group->sum[which] += cell->number;
	group->told[which] = true;
}

/* What the energy emitted or cost: without a part of it, it is not that. */
static void add_rated(struct group *group, enum sum which,
		      const struct cell *energy, const struct cell *cell)
{
	group->lacks[which] |= !cell->known && energy->known &&
			       energy->number != 0;
	add(group, which, cell);
}

static void add_coverage(struct group *group, const struct cell *row)
{
	const struct cell *time = &row[JOB_NODE_S];

	if (row[JOB_MAX_GAP].known && row[JOB_MAX_GAP].number > group->max_gap_s)
		group->max_gap_s = row[JOB_MAX_GAP].number;
	if (!row[JOB_COVERAGE].known || !time->known)
		return;
	group->covered_s += row[JOB_COVERAGE].number * time->number;
	group->node_s += time->number;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

static const char *keep_source(groups_t *g, const char *source)
{
	char **found = tfind(source, &g->sources, compare_texts), *text;

	if (found)
		return *found;
	text = mem_string(source);
	if (!tsearch(text, &g->sources, compare_texts))
		mem_failed();
	return text;
}

static void join_source(struct group *group, const char *source)
{
	if (!group->source)
		group->source = source;
	else if (source && strcmp(group->source, source) != 0)
		group->source = "mixed";
}

static void add_row(groups_t *g, struct group *group, const struct cell *row)
{
	group->jobs++;
	group->known += row[JOB_ENERGY].known;
	add(group, CORE_HOURS, &row[JOB_CORE_HOURS]);
	add(group, GPU_HOURS, &row[JOB_GPU_HOURS]);
	add(group, ENERGY, &row[JOB_ENERGY]);
	add(group, BMC, &row[JOB_BMC]);
	add(group, MODEL, &row[JOB_MODEL]);
	add_rated(group, CO2E, &row[JOB_ENERGY], &row[JOB_CO2E]);
	add_rated(group, COST, &row[JOB_ENERGY], &row[JOB_COST]);
	if (job_row_failed(&row[JOB_STATE])) {
		group->failed++;
		add(group, FAILED_ENERGY, &row[JOB_ENERGY]);
	}
	add_coverage(group, row);
	if (row[JOB_SOURCE].known)
		join_source(group, keep_source(g, row[JOB_SOURCE].text));
}

void groups_add(groups_t *g, const struct rows *jobs)
{
	for (size_t i = 0; i < jobs->len; i++) {
		const struct cell *row = rows_cell(jobs, i, 0);

		add_row(g, group_of(g, row), row);
	}
}

/* ---- rows ------------------------------------------------------------------ */

static double energy_of(const struct group *group)
{
	return group->told[ENERGY] ? group->sum[ENERGY] : -1;
}

static int compare_energy(const void *a, const void *b)
{
	const struct group *x = *(struct group *const *)a;
	const struct group *y = *(struct group *const *)b;

	if (energy_of(x) != energy_of(y))
		return energy_of(x) < energy_of(y) ? 1 : -1;
	return strcmp(x->name, y->name);
}

static double total_of(const groups_t *g, enum sum which)
{
	double total = 0;

	for (size_t i = 0; i < g->len; i++)
		total += g->list[i]->sum[which];
	return total;
}

static double or_zero(double v)
{
	return isfinite(v) ? v : 0;
}

static void put(struct cell *row, enum group_column column,
		const struct group *group, enum sum which)
{
	cell_set_number(&row[column],
			group->told[which] && !group->lacks[which] ?
			group->sum[which] : NAN);
}

static void put_group(const groups_t *g, struct cell *row,
		      const struct group *group)
{
	cell_set_text(&row[GROUP_NAME], *group->name ? group->name : NULL);
	cell_set_integer(&row[GROUP_JOBS], group->jobs);
	cell_set_integer(&row[GROUP_KNOWN], group->known);
	cell_set_integer(&row[GROUP_FAILED], group->failed);
	put(row, GROUP_CORE_HOURS, group, CORE_HOURS);
	put(row, GROUP_GPU_HOURS, group, GPU_HOURS);
	put(row, GROUP_ENERGY, group, ENERGY);
	/* no failed job drew nothing; failed ones of unknown energy did not */
	cell_set_number(&row[GROUP_FAILED_ENERGY],
			group->told[FAILED_ENERGY] ? group->sum[FAILED_ENERGY] :
			group->failed ? NAN : 0);
	put(row, GROUP_BMC, group, BMC);
	put(row, GROUP_MODEL, group, MODEL);
	put(row, GROUP_CO2E, group, CO2E);
	put(row, GROUP_COST, group, COST);
	if (group->node_s > 0)
		cell_set_number(&row[GROUP_COVERAGE],
				group->covered_s / group->node_s);
	if (group->max_gap_s >= 0)
		cell_set_number(&row[GROUP_MAX_GAP], group->max_gap_s);
	cell_set_text(&row[GROUP_SOURCE], group->source);
	if (g->by == JOB_ARRAY)
		cell_set_text(&row[GROUP_USER], group->user);
}

static void put_site(struct rows *rows, const char *name, double kwh,
		     double total)
{
	struct cell *row;

	if (!isfinite(kwh))
		return;
	row = rows_add(rows);
	cell_set_text(&row[GROUP_NAME], name);
	cell_set_number(&row[GROUP_ENERGY], kwh);
	if (total > 0)
		cell_set_number(&row[GROUP_SHARE], kwh / total);
}

static void put_offset(const groups_t *g, struct rows *rows, double offset_kwh,
		       enum sum by)
{
	const double all = total_of(g, by);

	for (size_t i = 0; i < g->len && all > 0 && isfinite(offset_kwh); i++)
		if (g->list[i]->told[by])
			cell_set_number((struct cell *)rows_cell(rows, i,
							GROUP_OFFSET),
					offset_kwh * g->list[i]->sum[by] / all);
}

/* What makes the jobs' energy that of the time; NaN: not known, or nothing. */
static double edges_kwh(const groups_t *g, const struct site_energy *site)
{
	double sum = total_of(g, ENERGY), kwh = site->allocated_kwh - sum;

	return fabs(kwh) > 1e-9 + 1e-6 * sum ? kwh : NAN;
}

static void join(struct group *to, struct group *from)
{
	to->jobs += from->jobs;
	to->failed += from->failed;
	to->known += from->known;
	for (int i = 0; i < SUMS; i++) {
		to->sum[i] += from->sum[i];
		to->told[i] |= from->told[i];
		to->lacks[i] |= from->lacks[i];
	}
	to->covered_s += from->covered_s;
	to->node_s += from->node_s;
	if (from->max_gap_s > to->max_gap_s)
		to->max_gap_s = from->max_gap_s;
	join_source(to, from->source);
}

void groups_fold(groups_t *g, size_t keep)
{
	struct group *others;
	size_t len = g->len;

	if (len <= keep + 1)
		return;
	qsort(g->list, len, sizeof(*g->list), compare_energy);
	g->len = keep;
	for (size_t i = keep; i < len; i++)
		tdelete(g->list[i], &g->tree, compare_names);
	others = new_group("others");
	for (size_t i = keep; i < len; i++) {
		join(others, g->list[i]);
		free_group(g->list[i]);
	}
	g->list[g->len++] = others;
}

bool groups_have(const groups_t *g, const char *name)
{
	struct group key = { .name = (char *)name };

	return tfind(&key, &g->tree, compare_names) != NULL;
}

bool groups_lack_rates(const groups_t *g)
{
	for (size_t i = 0; i < g->len; i++) {
		const struct group *group = g->list[i];

		if ((group->told[CO2E] && group->lacks[CO2E]) ||
		    (group->told[COST] && group->lacks[COST]))
			return true;
	}
	return false;
}

struct rows *groups_rows(groups_t *g, const struct site_energy *site,
			 enum spread spread)
{
	const double edges = edges_kwh(g, site);
	const double total = total_of(g, ENERGY) + or_zero(edges) +
			     or_zero(site->unallocated_kwh) +
			     or_zero(site->idle_kwh);
	const bool last = spread != SPREAD_NONE || g->by == JOB_ARRAY;
	struct rows *rows = rows_create(g->columns, last ? GROUP_COLUMNS :
							   GROUP_COLUMNS - 1);

	if (g->len)
		qsort(g->list, g->len, sizeof(*g->list), compare_energy);
	for (size_t i = 0; i < g->len; i++) {
		struct cell *row = rows_add(rows);

		put_group(g, row, g->list[i]);
		if (g->list[i]->told[ENERGY] && total > 0)
			cell_set_number(&row[GROUP_SHARE],
					g->list[i]->sum[ENERGY] / total);
	}
	if (spread != SPREAD_NONE)
		put_offset(g, rows, site->unallocated_kwh + site->idle_kwh,
			   spread == SPREAD_ENERGY ? ENERGY : CORE_HOURS);
	put_site(rows, "(edges)", edges, total);
	put_site(rows, "(unallocated)", site->unallocated_kwh, total);
	put_site(rows, "(idle)", site->idle_kwh, total);
	return rows;
}
