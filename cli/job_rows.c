/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/job_rows.h"

#include <stdio.h>
#include <string.h>

const struct column job_columns[JOB_COLUMNS] = {
	[JOB_ID] = { "job_id", "JOB", COLUMN_INTEGER, UNIT_NONE },
	[JOB_USER] = { "user", "USER", COLUMN_TEXT, UNIT_NONE },
	[JOB_ACCOUNT] = { "account", "ACCOUNT", COLUMN_TEXT, UNIT_NONE },
	[JOB_PROJECT] = { "project", "PROJECT", COLUMN_TEXT, UNIT_NONE },
	[JOB_STATE] = { "state", "STATE", COLUMN_TEXT, UNIT_NONE },
	[JOB_START] = { "start", "START", COLUMN_TIME, UNIT_NONE },
	[JOB_END] = { "end", "END", COLUMN_TIME, UNIT_NONE },
	[JOB_CORE_HOURS] = { "core_hours", "CORE-HOURS", COLUMN_NUMBER, UNIT_HOURS },
	[JOB_GPU_HOURS] = { "gpu_hours", "GPU-HOURS", COLUMN_NUMBER, UNIT_HOURS },
	[JOB_ENERGY] = { "energy_kwh", "ENERGY", COLUMN_NUMBER, UNIT_KWH },
	[JOB_BMC] = { "bmc_kwh", "BMC", COLUMN_NUMBER, UNIT_KWH },
	[JOB_MODEL] = { "model_kwh", "MODEL", COLUMN_NUMBER, UNIT_KWH },
	[JOB_COVERAGE] = { "coverage", "COVERED", COLUMN_NUMBER, UNIT_RATIO },
	[JOB_MAX_GAP] = { "max_gap_s", "MAX-GAP", COLUMN_NUMBER, UNIT_SECONDS },
	[JOB_SOURCE] = { "source", "SOURCE", COLUMN_TEXT, UNIT_NONE },
	[JOB_CO2E] = { "co2e_g", "CO2E", COLUMN_NUMBER, UNIT_GRAMS },
	[JOB_COST] = { "cost", "COST", COLUMN_NUMBER, UNIT_MONEY },
	[JOB_NODE_S] = { "node_s", NULL, COLUMN_NUMBER, UNIT_SECONDS },
	[JOB_ARRAY] = { "array_id", NULL, COLUMN_INTEGER, UNIT_NONE },
	[JOB_SUBMIT] = { "submit", NULL, COLUMN_TIME, UNIT_NONE },
	[JOB_CLUSTER] = { "cluster", NULL, COLUMN_TEXT, UNIT_NONE },
	[JOB_SETTLED] = { "settled", NULL, COLUMN_INTEGER, UNIT_NONE },
	[JOB_NAME] = { "name", NULL, COLUMN_TEXT, UNIT_NONE },
	[JOB_COMMENT] = { "comment", NULL, COLUMN_TEXT, UNIT_NONE },
};

/* Slurm's words, then OAR's. */
bool job_row_failed(const struct cell *state)
{
	static const char *const words[] = {
		"FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY",
		"BOOT_FAIL", "DEADLINE", "PREEMPTED", "REVOKED", "Error",
	};

	for (size_t i = 0; state->known && i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(state->text, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

void job_row_energy(struct cell *row, double kwh, const struct rates *rates,
		    int64_t now_ns)
{
	const struct cell *start = &row[JOB_START], *end = &row[JOB_END];
	const int64_t to_ns = end->known ? end->integer : now_ns;
	const int64_t from_ns = start->known ? start->integer : to_ns;
	const struct rated rated = rates_of(rates, kwh, from_ns, to_ns);

	cell_set_number(&row[JOB_ENERGY], kwh);
	cell_set_number(&row[JOB_CO2E], rated.co2e_g);
	cell_set_number(&row[JOB_COST], rated.cost);
}

bool job_row_never_ran(const struct cell *row)
{
	return row[JOB_SOURCE].known &&
	       strcmp(row[JOB_SOURCE].text, JOB_SOURCE_NEVER_RAN) == 0;
}

void job_totals_add(struct job_totals *totals, const struct rows *rows)
{
	totals->jobs += rows->len;
	for (size_t i = 0; i < rows->len; i++) {
		const struct cell *hours = rows_cell(rows, i, JOB_CORE_HOURS);
		const struct cell *energy = rows_cell(rows, i, JOB_ENERGY);

		if (hours->known)
			totals->core_hours += hours->number;
		if (energy->known) {
			totals->energy_kwh += energy->number;
			totals->known++;
		}
	}
}

void job_totals_print(const struct job_totals *totals)
{
	char energy[ROWS_NUMBER_SIZE];

	rows_figure(totals->energy_kwh, UNIT_KWH, energy, sizeof(energy));
	printf("\n%zu job%s, %.3f core-hours", totals->jobs,
	       totals->jobs == 1 ? "" : "s", totals->core_hours);
	if (totals->known > 0)
		printf(", %s", energy);
	if (totals->known < totals->jobs)
		printf(" (energy of %zu not known)",
		       totals->jobs - totals->known);
	putchar('\n');
}
