/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/periods.h"

#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/mem.h"
#include "lib/clock.h"

#define PERIOD_COLUMNS_OF(name, title) { \
	[PERIOD_NAME] = { name, title, COLUMN_TEXT, UNIT_NONE }, \
	[PERIOD_JOBS] = { "jobs", "JOBS", COLUMN_INTEGER, UNIT_NONE }, \
	[PERIOD_KNOWN] = { "known_jobs", "KNOWN", COLUMN_INTEGER, UNIT_NONE }, \
	[PERIOD_FAILED] = { "failed_jobs", "FAILED", COLUMN_INTEGER, UNIT_NONE }, \
	[PERIOD_CORE_HOURS] = { "core_hours", "CORE-HOURS", COLUMN_NUMBER, UNIT_HOURS }, \
	[PERIOD_GPU_HOURS] = { "gpu_hours", "GPU-HOURS", COLUMN_NUMBER, UNIT_HOURS }, \
	[PERIOD_ENERGY] = { "energy_kwh", "ENERGY", COLUMN_NUMBER, UNIT_KWH }, \
	[PERIOD_SHARE] = { "share", "SHARE", COLUMN_NUMBER, UNIT_RATIO }, \
	[PERIOD_FAILED_ENERGY] = { "failed_kwh", "IN-FAILED", COLUMN_NUMBER, UNIT_KWH }, \
	[PERIOD_BMC] = { "bmc_kwh", "BMC", COLUMN_NUMBER, UNIT_KWH }, \
	[PERIOD_MODEL] = { "model_kwh", "MODEL", COLUMN_NUMBER, UNIT_KWH }, \
	[PERIOD_COVERAGE] = { "coverage", "COVERED", COLUMN_NUMBER, UNIT_RATIO }, \
	[PERIOD_MAX_GAP] = { "max_gap_s", "MAX-GAP", COLUMN_NUMBER, UNIT_SECONDS }, \
	[PERIOD_SOURCE] = { "source", "SOURCE", COLUMN_TEXT, UNIT_NONE }, \
	[PERIOD_CO2E] = { "co2e_g", "CO2E", COLUMN_NUMBER, UNIT_GRAMS }, \
	[PERIOD_COST] = { "cost", "COST", COLUMN_NUMBER, UNIT_MONEY }, \
	[PERIOD_EDGES] = { "edges_kwh", "(EDGES)", COLUMN_NUMBER, UNIT_KWH }, \
	[PERIOD_UNALLOCATED] = { "unallocated_kwh", "(UNALLOCATED)", COLUMN_NUMBER, UNIT_KWH }, \
	[PERIOD_IDLE] = { "idle_kwh", "(IDLE)", COLUMN_NUMBER, UNIT_KWH }, \
	[PERIOD_NODE] = { "node_kwh", "NODES", COLUMN_NUMBER, UNIT_KWH }, \
}

static const struct column day_columns[PERIOD_COLUMNS] =
	PERIOD_COLUMNS_OF("day", "DAY");
static const struct column month_columns[PERIOD_COLUMNS] =
	PERIOD_COLUMNS_OF("month", "MONTH");

struct period {
	int64_t start_s, end_s;
	int64_t jobs, known, failed;
	double sum[PERIOD_SUMS];
	bool told[PERIOD_SUMS];
	bool lacks[PERIOD_SUMS];	/* CO2e or cost of a part of the energy */
	double max_gap_s;	/* -1: not known */
	char source[96];	/* "mixed" where they differ; "": none */
};

struct periods {
	bool monthly;
	int64_t from_ns, to_ns;
	const struct rates *rates;
	void *tree;
	struct period **list;
	size_t len, room;
};

periods_t *periods_create(bool monthly, int64_t from_ns, int64_t to_ns,
			  const struct rates *rates)
{
	periods_t *p = mem_zeroed(1, sizeof(*p));

	p->monthly = monthly;
	p->from_ns = from_ns;
	p->to_ns = to_ns;
	p->rates = rates;
	return p;
}

static void forget(void *period)
{
	(void)period;		/* the list has it */
}

void periods_destroy(periods_t *p)
{
	if (!p)
		return;
	tdestroy(p->tree, forget);
	for (size_t i = 0; i < p->len; i++)
		free(p->list[i]);
	free(p->list);
	free(p);
}

/* ---- the calendar ---------------------------------------------------------- */

static int64_t day_of(int64_t t_ns)
{
	const int64_t day_ns = 86400 * NS_PER_S;

	return (t_ns >= 0 ? t_ns : t_ns - day_ns + 1) / day_ns * 86400;
}

/* The month that the day lies in, from its first second to the next one's. */
static void month_of(int64_t day_s, int64_t *start_s, int64_t *end_s)
{
	time_t t = (time_t)day_s;
	struct tm tm;

	*start_s = day_s;
	*end_s = day_s + 86400;
	if (!gmtime_r(&t, &tm))
		return;
	*start_s = day_s - (int64_t)(tm.tm_mday - 1) * 86400;
	tm = (struct tm){ .tm_year = tm.tm_year, .tm_mon = tm.tm_mon + 1,
			  .tm_mday = 1 };
	*end_s = (int64_t)timegm(&tm);
}

static int compare(const void *a, const void *b)
{
	const struct period *x = a, *y = b;

	return x->start_s < y->start_s ? -1 : x->start_s > y->start_s;
}

static struct period *period_of(periods_t *p, int64_t t_ns)
{
	struct period key = { .start_s = day_of(t_ns), .max_gap_s = -1 };
	struct period **found, *period;

	key.end_s = key.start_s + 86400;
	if (p->monthly)
		month_of(key.start_s, &key.start_s, &key.end_s);
	found = tfind(&key, &p->tree, compare);
	if (found)
		return *found;
	period = mem_zeroed(1, sizeof(*period));
	*period = key;
	p->list = mem_grow(p->list, p->len, &p->room, sizeof(*p->list));
	p->list[p->len++] = period;
	if (!tsearch(period, &p->tree, compare))
		mem_failed();
	return period;
}

/* ---- adding ---------------------------------------------------------------- */

/* Of something in [from, to) the piece in one period: part of the whole. */
struct piece {
	struct period *period;
	int64_t from_ns, to_ns;
	double part;
};

typedef void piece_fn(periods_t *p, const struct piece *piece, const void *arg);

static void each_piece(periods_t *p, int64_t from_ns, int64_t to_ns,
		       piece_fn *fn, const void *arg)
{
	const int64_t end_ns = to_ns < p->to_ns ? to_ns : p->to_ns;
	int64_t at_ns = from_ns > p->from_ns ? from_ns : p->from_ns;
	struct piece piece = { .part = 1 };

	if (to_ns <= from_ns && from_ns >= p->from_ns && from_ns < p->to_ns) {
		piece.period = period_of(p, from_ns);
		piece.from_ns = piece.to_ns = from_ns;
		fn(p, &piece, arg);
		return;
	}
	while (at_ns < end_ns) {
		piece.period = period_of(p, at_ns);
		piece.from_ns = at_ns;
		piece.to_ns = piece.period->end_s * NS_PER_S;
		if (piece.to_ns > end_ns)
			piece.to_ns = end_ns;
		piece.part = (double)(piece.to_ns - at_ns) /
			     (double)(to_ns - from_ns);
		fn(p, &piece, arg);
		at_ns = piece.to_ns;
	}
}

static void add(struct period *period, enum period_sum which, double amount)
{
	if (!isfinite(amount))
		return;
	period->sum[which] += amount;
	period->told[which] = true;
}

struct amount {
	enum period_sum which;
	double amount;
	bool failed;
};

static void add_piece(periods_t *p, const struct piece *piece, const void *arg)
{
	const struct amount *a = arg;

	(void)p;
	add(piece->period, a->which, a->amount * piece->part);
}

void periods_add(periods_t *p, enum period_sum which, double amount,
		 int64_t from_ns, int64_t to_ns)
{
	const struct amount a = { which, amount, false };

	if (isfinite(amount))
		each_piece(p, from_ns, to_ns, add_piece, &a);
}

/* What the energy emitted or cost: without a part of it, it is not that. */
static void add_rated(struct period *period, enum period_sum which, double kwh,
		      double amount)
{
	period->lacks[which] |= kwh != 0 && !isfinite(amount);
	add(period, which, amount);
}

static void energy_piece(periods_t *p, const struct piece *piece,
			 const void *arg)
{
	const struct amount *a = arg;
	const double kwh = a->amount * piece->part;
	const struct rated rated = rates_of(p->rates, kwh, piece->from_ns,
					    piece->to_ns);

	add(piece->period, SUM_ENERGY, kwh);
	if (a->failed)
		add(piece->period, SUM_FAILED_ENERGY, kwh);
	add_rated(piece->period, SUM_CO2E, kwh, rated.co2e_g);
	add_rated(piece->period, SUM_COST, kwh, rated.cost);
}

void periods_energy(periods_t *p, double kwh, bool failed, int64_t from_ns,
		    int64_t to_ns)
{
	const struct amount a = { SUM_ENERGY, kwh, failed };

	if (isfinite(kwh))
		each_piece(p, from_ns, to_ns, energy_piece, &a);
}

static void add_source(struct period *period, const char *source)
{
	if (!source)
		return;
	if (!*period->source)
		snprintf(period->source, sizeof(period->source), "%s", source);
	else if (strcmp(period->source, source) != 0)
		strcpy(period->source, "mixed");
}

static void job_piece(periods_t *p, const struct piece *piece, const void *arg)
{
	const struct period_job *job = arg;
	struct period *period = piece->period;

	(void)p;
	period->jobs++;
	period->known += job->known;
	period->failed += job->failed;
	if (job->max_gap_s > period->max_gap_s)
		period->max_gap_s = job->max_gap_s;
	add_source(period, job->source);
}

void periods_job(periods_t *p, const struct period_job *job)
{
	each_piece(p, job->from_ns, job->to_ns, job_piece, job);
}

/* ---- rows ------------------------------------------------------------------ */

static int compare_entries(const void *a, const void *b)
{
	return compare(*(struct period *const *)a, *(struct period *const *)b);
}

static void put(struct cell *row, enum period_column column,
		const struct period *period, enum period_sum which)
{
	cell_set_number(&row[column],
			period->told[which] && !period->lacks[which] ?
			period->sum[which] : NAN);
}

static void put_name(struct cell *cell, const periods_t *p,
		     const struct period *period)
{
	time_t t = (time_t)period->start_s;
	char text[64] = "?";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), p->monthly ? "%Y-%m" : "%Y-%m-%d",
			 &tm);
	cell_set_text(cell, text);
}

static void put_jobs(struct cell *row, const struct period *period)
{
	cell_set_integer(&row[PERIOD_JOBS], period->jobs);
	cell_set_integer(&row[PERIOD_KNOWN], period->known);
	cell_set_integer(&row[PERIOD_FAILED], period->failed);
	put(row, PERIOD_CORE_HOURS, period, SUM_CORE_HOURS);
	put(row, PERIOD_GPU_HOURS, period, SUM_GPU_HOURS);
	put(row, PERIOD_ENERGY, period, SUM_ENERGY);
	/* no failed job drew nothing; failed ones of unknown energy did not */
	cell_set_number(&row[PERIOD_FAILED_ENERGY],
			period->told[SUM_FAILED_ENERGY] ?
			period->sum[SUM_FAILED_ENERGY] :
			period->failed ? NAN : 0);
	put(row, PERIOD_BMC, period, SUM_BMC);
	put(row, PERIOD_MODEL, period, SUM_MODEL);
	put(row, PERIOD_CO2E, period, SUM_CO2E);
	put(row, PERIOD_COST, period, SUM_COST);
	if (period->sum[SUM_NODE_S] > 0)
		cell_set_number(&row[PERIOD_COVERAGE],
				period->sum[SUM_COVERED_S] /
				period->sum[SUM_NODE_S]);
	if (period->max_gap_s >= 0)
		cell_set_number(&row[PERIOD_MAX_GAP], period->max_gap_s);
	cell_set_text(&row[PERIOD_SOURCE],
		      *period->source ? period->source : NULL);
}

/* A period of which no node has anything is not known to have drawn nothing. */
static void put_site(struct cell *row, const struct period *period)
{
	put(row, PERIOD_UNALLOCATED, period, SUM_UNALLOCATED);
	put(row, PERIOD_IDLE, period, SUM_IDLE);
	put(row, PERIOD_NODE, period, SUM_NODE);
	if (period->told[SUM_ALLOCATED])
		cell_set_number(&row[PERIOD_EDGES],
				period->sum[SUM_ALLOCATED] -
				period->sum[SUM_ENERGY]);
}

/* What shares are of: all that the rows tell. */
static double total_of(const periods_t *p, bool site)
{
	double total = 0;

	for (size_t i = 0; i < p->len; i++)
		total += p->list[i]->sum[site && p->list[i]->told[SUM_NODE] ?
					 SUM_NODE : SUM_ENERGY];
	return total;
}

bool periods_lack_rates(const periods_t *p)
{
	for (size_t i = 0; i < p->len; i++) {
		const struct period *period = p->list[i];

		if ((period->told[SUM_CO2E] && period->lacks[SUM_CO2E]) ||
		    (period->told[SUM_COST] && period->lacks[SUM_COST]))
			return true;
	}
	return false;
}

struct rows *periods_rows(periods_t *p, bool site)
{
	struct rows *rows = rows_create(p->monthly ? month_columns : day_columns,
					PERIOD_COLUMNS);
	const double total = total_of(p, site);

	if (p->len)
		qsort(p->list, p->len, sizeof(*p->list), compare_entries);
	for (size_t i = 0; i < p->len; i++) {
		const struct period *period = p->list[i];
		struct cell *row = rows_add(rows);

		put_name(&row[PERIOD_NAME], p, period);
		put_jobs(row, period);
		if (site)
			put_site(row, period);
		if (period->told[SUM_ENERGY] && total > 0)
			cell_set_number(&row[PERIOD_SHARE],
					period->sum[SUM_ENERGY] / total);
	}
	return rows;
}
