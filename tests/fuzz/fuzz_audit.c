/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `wattgate audit` and `wattgate report` make of a ledger: the input is
 * NODE.open, a line "--", and NODE.ledger; all lines get good checksums.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit.h"
#include "cli/cmd.h"
#include "cli/jobs_ledger.h"
#include "cli/json_report.h"
#include "cli/mem.h"
#include "cli/report.h"
#include "source/json_doc.h"
#include "fuzz.h"
#include "ledger_check.h"
#include "lib/clock.h"

/* In the place of the one that prints. */
void cmd_note(const char *command, const char *fmt, ...)
{
	(void)command;
	FUZZ_CHECK(*fmt);
}

const char *cmd_running(void)
{
	return "audit";
}

/* JSON knows no infinity, so this would not be JSON. */
static void check_json(const struct rows *rows)
{
	struct err err = { "" };
	char *out = NULL;
	json_doc_t *doc;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	FUZZ_CHECK(f);
	json_print_rows(f, rows);
	fclose(f);
	doc = json_doc_parse(out, len, &err);
	FUZZ_CHECK(len > JSON_SIZE_MAX || (doc && json_doc_length(doc, "") ==
					   (int)rows->len));
	json_doc_destroy(doc);
	free(out);
}

static double cell_of(const struct rows *rows, size_t row, const char *name)
{
	for (size_t j = 0; j < rows->columns_len; j++)
		if (strcmp(rows->columns[j].name, name) == 0) {
			const struct cell *c = rows_cell(rows, row, j);

			return c->known ? c->number : NAN;
		}
	fuzz_fail(__FILE__, __LINE__, name);
}

static void check_node_row(const struct rows *rows)
{
	double coverage;

	FUZZ_CHECK(rows->len == 1);
	coverage = cell_of(rows, 0, "coverage");
	FUZZ_CHECK(isnan(coverage) || (coverage >= 0 && coverage <= 1));
	FUZZ_CHECK(!(cell_of(rows, 0, "measured_s") < 0));
	FUZZ_CHECK(!(cell_of(rows, 0, "unmeasured_s") < 0));
	check_json(rows);
}

static void check_audit(void)
{
	struct audit_result result = audit_result_create();
	struct err err = { "" };

	FUZZ_CHECK(audit_node(&(struct ledgers){ .dir = fuzz_dir() }, "n", &result, &err) == 0);
	check_node_row(result.nodes);
	check_json(result.unmeasured);
	check_json(result.violations);
	check_json(result.notes);
	audit_result_destroy(&result);
}

static void check_report(void)
{
	static struct report report;
	struct err err = { "" };
	struct rows *rows;

	report.from_ns = INT64_C(1700000000) * NS_PER_S;
	report.to_ns = report.now_ns = INT64_C(1800000000) * NS_PER_S;
	strcpy(report.confs.all.ledger_dir, fuzz_dir());
	rows = report_nodes(&report, &err);
	FUZZ_CHECK(rows);
	check_node_row(rows);
	rows_destroy(rows);
}

static void note_nothing(const char *text)
{
	FUZZ_CHECK(*text);
}

static void check_jobs(void)
{
	struct names nodes = { 0 };
	struct jobs jobs = { 0 };

	names_add(&nodes, "n");
	for (uint32_t id = 1; id <= 3; id++) {
		struct job *job = jobs_add(&jobs);

		job->id = id;
		job->start_s = 1;
		job->nodes = mem_string("n");
	}
	jobs_sort_by_id(&jobs);
	jobs_add_ledgers(&jobs, &(struct ledgers){ .dir = fuzz_dir() },
			 &nodes, note_nothing);
	for (size_t i = 0; i < jobs.len; i++) {
		const struct job_ledger *l = &jobs.list[i].ledger;

		FUZZ_CHECK(l->nodes <= 1 && l->active_ns >= 0 &&
			   l->covered_ns >= 0 && l->max_gap_ns >= 0);
		FUZZ_CHECK(isfinite(l->gated_j) && isfinite(l->node_j));
	}
	jobs_destroy(&jobs);
	names_destroy(&nodes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ledger_put_pair(data, size);
	check_audit();
	check_report();
	check_jobs();
	return 0;
}
