/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a node's ledger for the audit, and what the audit puts out. */
#include "cli/audit_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"

static const struct column node_columns[] = {
	{ "node", "NODE", COLUMN_TEXT, UNIT_NONE },
	{ "start", "START", COLUMN_TIME, UNIT_NONE },
	{ "end", "END", COLUMN_TIME, UNIT_NONE },
	{ "intervals", "INTERVALS", COLUMN_INTEGER, UNIT_NONE },
	{ "allocations", "ALLOCATIONS", COLUMN_INTEGER, UNIT_NONE },
	{ "allocations_added_up", "ADDED-UP", COLUMN_INTEGER, UNIT_NONE },
	{ "node_kwh", "NODE-ENERGY", COLUMN_NUMBER, UNIT_KWH },
	{ "allocated_kwh", "ALLOCATED", COLUMN_NUMBER, UNIT_KWH },
	{ "unallocated_kwh", "UNALLOCATED", COLUMN_NUMBER, UNIT_KWH },
	{ "idle_kwh", "IDLE", COLUMN_NUMBER, UNIT_KWH },
	{ "measured_s", "MEASURED", COLUMN_NUMBER, UNIT_SECONDS },
	{ "unmeasured_s", "UNMEASURED", COLUMN_NUMBER, UNIT_SECONDS },
	{ "coverage", "COVERED", COLUMN_NUMBER, UNIT_RATIO },
	{ "violations", "VIOLATIONS", COLUMN_INTEGER, UNIT_NONE },
};

static const struct column stretch_columns[] = {
	{ "node", "NODE", COLUMN_TEXT, UNIT_NONE },
	{ "start", "START", COLUMN_TIME, UNIT_NONE },
	{ "end", "END", COLUMN_TIME, UNIT_NONE },
	{ "unmeasured_s", "UNMEASURED", COLUMN_NUMBER, UNIT_SECONDS },
	{ "why", "WHY", COLUMN_TEXT, UNIT_NONE },
};

static const struct column meters_columns[] = {
	{ "node", "NODE", COLUMN_TEXT, UNIT_NONE },
	{ "start", "START", COLUMN_TIME, UNIT_NONE },
	{ "end", "END", COLUMN_TIME, UNIT_NONE },
	{ "first", "FIRST", COLUMN_TEXT, UNIT_NONE },
	{ "second", "SECOND", COLUMN_TEXT, UNIT_NONE },
	{ "first_s", "FIRST-COVERS", COLUMN_NUMBER, UNIT_SECONDS },
	{ "second_s", "SECOND-COVERS", COLUMN_NUMBER, UNIT_SECONDS },
	{ "both_s", "BOTH", COLUMN_NUMBER, UNIT_SECONDS },
	{ "first_kwh", "FIRST-ENERGY", COLUMN_NUMBER, UNIT_KWH },
	{ "second_kwh", "SECOND-ENERGY", COLUMN_NUMBER, UNIT_KWH },
	{ "ratio", "RATIO", COLUMN_NUMBER, UNIT_FACTOR },
};

static const struct column finding_columns[] = {
	{ "node", "NODE", COLUMN_TEXT, UNIT_NONE },
	{ "text", "FINDING", COLUMN_TEXT, UNIT_NONE },
};

#define ROWS(columns) rows_create(columns, sizeof(columns) / sizeof((columns)[0]))

struct audit_result audit_result_create(void)
{
	return (struct audit_result){
		.nodes = ROWS(node_columns),
		.unmeasured = ROWS(stretch_columns),
		.violations = ROWS(finding_columns),
		.notes = ROWS(finding_columns),
		.meters = ROWS(meters_columns),
	};
}

void audit_result_destroy(struct audit_result *result)
{
	rows_destroy(result->nodes);
	rows_destroy(result->unmeasured);
	rows_destroy(result->violations);
	rows_destroy(result->notes);
	rows_destroy(result->meters);
}

static void add_finding(struct audit *a, struct rows *rows, const char *fmt,
			va_list ap) __attribute__((format(printf, 3, 0)));

static void add_finding(struct audit *a, struct rows *rows, const char *fmt,
			va_list ap)
{
	struct cell *row = rows_add(rows);
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	cell_set_text(&row[0], a->node);
	cell_set_text(&row[1], text);
}

void audit_violation(struct audit *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_finding(a, a->result->violations, fmt, ap);
	va_end(ap);
}

void audit_note(struct audit *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_finding(a, a->result->notes, fmt, ap);
	va_end(ap);
}

/* ---- reading --------------------------------------------------------------- */

static uint32_t boot_number(struct audit *a, const char *boot_id)
{
	for (size_t i = a->boots.len; i-- > 0; )
		if (strcmp(a->boots.list[i], boot_id) == 0)
			return (uint32_t)i;
	names_add(&a->boots, boot_id);
	return (uint32_t)a->boots.len - 1;
}

static void add_part(struct audit *a, uint32_t boot,
		     const struct ledger_part *part)
{
	a->parts = mem_grow(a->parts, a->parts_len, &a->parts_room,
			    sizeof(*a->parts));
	a->parts[a->parts_len++] = (struct audit_part){
		boot, part->job_id, part->restart, part->joules
	};
}

static bool overlap(const struct ledger_interval *a,
		    const struct ledger_interval *b)
{
	return a->start_ns < b->end_ns && b->start_ns < a->end_ns;
}

/* The open interval counts once: where the ledger has it, it is closed now. */
static void add_interval(struct audit *a, const struct ledger_interval *iv)
{
	const uint32_t boot = boot_number(a, iv->boot_id);
	struct audit_interval *entry;

	if (a->reading_open)
		for (size_t i = 0; i < a->intervals_len; i++)
			if (a->intervals[i].boot == boot &&
			    !a->intervals[i].open &&
			    overlap(&a->intervals[i].iv, iv))
				return;
	a->intervals = mem_grow(a->intervals, a->intervals_len,
				&a->intervals_room, sizeof(*a->intervals));
	entry = &a->intervals[a->intervals_len++];
	*entry = (struct audit_interval){ .boot = boot, .iv = *iv,
					  .open = a->reading_open,
					  .parts_len = iv->parts_len };
	entry->iv.parts = NULL;
	for (uint32_t i = 0; i < iv->parts_len; i++) {
		entry->parts_j += iv->parts[i].joules;
		add_part(a, boot, &iv->parts[i]);
	}
}

static void take_record(const struct ledger_rec *rec, void *arg)
{
	struct audit *a = arg;
	const char *node = rec->kind == LEDGER_INTERVAL ? rec->interval.node :
							  rec->alloc.node;

	if (strcmp(node, a->node) != 0)
		audit_violation(a, "a record is of node %s", node);
	if (rec->kind == LEDGER_INTERVAL) {
		add_interval(a, &rec->interval);
		return;
	}
	a->allocs = mem_grow(a->allocs, a->allocs_len, &a->allocs_room,
			     sizeof(*a->allocs));
	a->allocs[a->allocs_len++] = (struct audit_alloc){
		.boot = boot_number(a, rec->alloc.boot_id),
		.step = rec->kind == LEDGER_STEP,
		.open = a->reading_open || ledgers_past_open(&rec->alloc),
		.rec = rec->alloc,
	};
}

static void take_damage(const char *text, void *arg)
{
	audit_violation(arg, "%s", text);
}

/* A snapshot of what is open, since the ledger is to be read first. */
struct kept {
	struct ledger_rec *recs;
	size_t len, room;
};

static void keep_record(const struct ledger_rec *rec, void *arg)
{
	struct kept *kept = arg;
	struct ledger_rec *copy;

	kept->recs = mem_grow(kept->recs, kept->len, &kept->room,
			      sizeof(*kept->recs));
	copy = &kept->recs[kept->len++];
	*copy = *rec;
	if (rec->kind != LEDGER_INTERVAL)
		return;
	copy->interval.parts = mem_zeroed(rec->interval.parts_len,
					  sizeof(*copy->interval.parts));
	memcpy(copy->interval.parts, rec->interval.parts,
	       rec->interval.parts_len * sizeof(*copy->interval.parts));
}

static void take_kept(struct audit *a, struct kept *kept)
{
	a->reading_open = true;
	for (size_t i = 0; i < kept->len; i++) {
		take_record(&kept->recs[i], a);
		if (kept->recs[i].kind == LEDGER_INTERVAL)
			free(kept->recs[i].interval.parts);
	}
	free(kept->recs);
}

struct open_visit {
	struct kept kept;
	struct audit *audit;
};

static void open_record(const struct ledger_rec *rec, void *arg)
{
	keep_record(rec, &((struct open_visit *)arg)->kept);
}

static void open_damage(const char *text, void *arg)
{
	take_damage(text, ((struct open_visit *)arg)->audit);
}

static int read_node(struct audit *a, const struct ledgers *from,
		     struct err *err)
{
	struct open_visit visit = { .audit = a };
	const struct ledger_visitor open = { open_record, open_damage, &visit };
	const struct ledger_visitor closed = { take_record, take_damage, a };
	int rc = ledgers_visit(from, a->node, LEDGER_FILE_OPEN, &open, err);

	if (rc == 0)
		rc = ledgers_visit(from, a->node, LEDGER_FILE_CLOSED, &closed,
				   err);
	if (rc == 0)
		rc = ledgers_visit(from, a->node, LEDGER_FILE_PAST, &closed,
				   err);
	take_kept(a, &visit.kept);
	return rc;
}

int audit_node(const struct ledgers *from, const char *node,
	       struct audit_result *result, struct err *err)
{
	struct audit a = { .node = node, .result = result };
	const size_t violations = result->violations->len;
	int rc = read_node(&a, from, err);

	if (rc == 0) {
		struct cell *row;

		audit_check_intervals(&a);
		audit_check_allocs(&a);
		audit_sum_node(&a);
		row = &result->nodes->cells[(result->nodes->len - 1) *
					    result->nodes->columns_len];
		cell_set_integer(&row[result->nodes->columns_len - 1],
				 (int64_t)(result->violations->len - violations));
	}
	names_destroy(&a.boots);
	free(a.intervals);
	free(a.parts);
	free(a.allocs);
	return rc;
}
