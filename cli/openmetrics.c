/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/openmetrics.h"

#include <math.h>
#include <string.h>

#include "cli/groups.h"
#include "cli/node_rows.h"
#include "lib/clock.h"
#include "lib/expo.h"

#define SECONDS_PER_HOUR 3600

/* A column of rows as a family. */
struct family {
	int column;
	const char *name, *unit;
	double factor;		/* from the column's unit to this one */
	const char *help;
};

static const struct family group_families[] = {
	{ GROUP_JOBS, "wattgate_report_jobs", NULL, 1,
	  "Jobs that ended in the time." },
	{ GROUP_KNOWN, "wattgate_report_measured_jobs", NULL, 1,
	  "Jobs of which the energy is known." },
	{ GROUP_FAILED, "wattgate_report_failed_jobs", NULL, 1,
	  "Jobs that did not complete." },
	{ GROUP_CORE_HOURS, "wattgate_report_core_seconds", "seconds",
	  SECONDS_PER_HOUR, "Physical cores times time, less suspension." },
	{ GROUP_GPU_HOURS, "wattgate_report_gpu_seconds", "seconds",
	  SECONDS_PER_HOUR, "GPUs times time, less suspension." },
	{ GROUP_ENERGY, "wattgate_report_energy_joules", "joules",
	  JOULES_PER_KWH, "Energy of jobs of which it is known." },
	{ GROUP_FAILED_ENERGY, "wattgate_report_failed_energy_joules", "joules",
	  JOULES_PER_KWH, "Energy of jobs that did not complete." },
	{ GROUP_BMC, "wattgate_report_bmc_energy_joules", "joules",
	  JOULES_PER_KWH, "Energy of jobs' whole nodes meanwhile." },
	{ GROUP_MODEL, "wattgate_report_model_energy_joules", "joules",
	  JOULES_PER_KWH, "Energy by the Green Algorithms model." },
	{ GROUP_COVERAGE, "wattgate_report_coverage_ratio", "ratio", 1,
	  "Measured part of jobs' time on nodes." },
	{ GROUP_CO2E, "wattgate_report_co2e_grams", "grams", 1,
	  "CO2 equivalents of the energy." },
	{ GROUP_COST, "wattgate_report_cost", NULL, 1, "Cost of the energy." },
};

static const struct family node_families[] = {
	{ NODE_ENERGY, "wattgate_report_node_energy_joules", "joules",
	  JOULES_PER_KWH, "Energy of the node." },
	{ NODE_ALLOCATED, "wattgate_report_node_allocated_joules", "joules",
	  JOULES_PER_KWH, "Part of it that jobs were charged." },
	{ NODE_UNALLOCATED, "wattgate_report_node_unallocated_joules", "joules",
	  JOULES_PER_KWH, "Part of it that no job held while another part was held." },
	{ NODE_IDLE, "wattgate_report_node_idle_joules", "joules",
	  JOULES_PER_KWH, "Part of it without a job on the node." },
	{ NODE_MEASURED, "wattgate_report_node_measured_seconds", "seconds", 1,
	  "Measured time." },
	{ NODE_UNMEASURED, "wattgate_report_node_unmeasured_seconds", "seconds",
	  1, "Time that is in no figure." },
	{ NODE_COVERAGE, "wattgate_report_node_coverage_ratio", "ratio", 1,
	  "Measured part of the time." },
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void print_window(struct expo *e, const struct report *r)
{
	expo_family(e, "wattgate_report_start_timestamp_seconds", EXPO_GAUGE,
		    "seconds", NULL, "Begin of the time.");
	expo_sample(e, NULL, NULL, ns_to_s(r->from_ns));
	expo_family(e, "wattgate_report_end_timestamp_seconds", EXPO_GAUGE,
		    "seconds", NULL, "Its end, not itself part of it.");
	expo_sample(e, NULL, NULL, ns_to_s(r->to_ns));
}

static double value_of(const struct rows *rows, const struct cell *cell,
		       const struct family *f)
{
	if (!cell->known)
		return NAN;
	return f->factor * (rows->columns[f->column].type == COLUMN_INTEGER ?
			    (double)cell->integer : cell->number);
}

/* The first column names the row; one without name has an empty label. */
static void print_family(struct expo *e, const struct rows *rows,
			 const struct family *f, bool folded)
{
	const char *label = rows->columns[0].name;

	expo_family(e, f->name, EXPO_GAUGE, f->unit, label, f->help);
	for (size_t i = 0; i < rows->len; i++) {
		const struct cell *row = rows_cell(rows, i, 0);
		const char *name = row[0].known ? row[0].text : "";
		const double value = value_of(rows, &row[f->column], f);
		char own[64];

		/* as in lib/totals.c: no one's name is that of all others */
		snprintf(own, sizeof(own), "%s=\"%%6Fthers\"", label);
		if (!folded && strcmp(name, "others") == 0)
			expo_sample(e, NULL, own, value);
		else
			expo_sample(e, name, NULL, value);
	}
}

static void print_rows(FILE *f, const struct report *r,
		       const struct rows *rows, const struct family *families,
		       size_t len, bool folded)
{
	struct expo e;

	expo_begin(&e, f, EXPO_OPENMETRICS);
	print_window(&e, r);
	for (size_t i = 0; i < len; i++)
		print_family(&e, rows, &families[i], folded);
	expo_end(&e);
}

/* ---- jobs ------------------------------------------------------------------ */

static void add_rows(struct rows *rows, void *arg)
{
	groups_add(arg, rows);
}

static size_t count_others(const struct rows *rows)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->len; i++) {
		const struct cell *name = rows_cell(rows, i, 0);

		n += name->known && strcmp(name->text, "others") == 0;
	}
	return n;
}

/* All others together are no group that can be asked for by name. */
static int print_groups(const struct report *r, groups_t *g, FILE *f,
			struct err *err)
{
	const struct site_energy unknown = { NAN, NAN, NAN };
	struct rows *rows;
	int rc = 0;

	groups_fold(g, OPENMETRICS_GROUPS_MAX);
	rows = groups_rows(g, &unknown, SPREAD_NONE);
	if (count_others(rows) > 1)
		rc = err_set(err, "there are more than %d, and one is called others: ask for less",
			     OPENMETRICS_GROUPS_MAX);
	else
		print_rows(f, r, rows, group_families, COUNT(group_families),
			   !groups_have(g, "others"));
	rows_destroy(rows);
	return rc;
}

int report_openmetrics_groups(struct report *report, struct pg_oar *db,
			      enum job_column by, FILE *f, struct err *err)
{
	groups_t *g = groups_create(by);
	int rc = db ? report_oar_jobs(report, db, add_rows, g, err) :
		      report_jobs(report, add_rows, g, err);

	if (rc == 0)
		rc = print_groups(report, g, f, err);
	groups_destroy(g);
	return rc;
}

/* ---- nodes ----------------------------------------------------------------- */

struct printing {
	FILE *f;
	const struct report *report;
};

/* They come in one part. */
static void print_nodes(struct rows *rows, void *arg)
{
	const struct printing *p = arg;

	print_rows(p->f, p->report, rows, node_families, COUNT(node_families),
		   false);
}

int report_openmetrics_nodes(struct report *report, struct pg_oar *db, FILE *f,
			     struct err *err)
{
	struct printing p = { f, report };
	struct rows *rows;

	if (db)
		return report_oar_nodes(report, db, print_nodes, &p, err);
	rows = report_nodes(report, err);
	if (!rows)
		return -1;
	print_nodes(rows, &p);
	rows_destroy(rows);
	return 0;
}
