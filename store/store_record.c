/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of a record, and what is not taken at all. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_impl.h"

/* A difference of sums may be this much below nothing; the audit allows it. */
#define ROUNDING_J 1e-3

static const char *node_of(const struct ledger_rec *rec)
{
	return rec->kind == LEDGER_INTERVAL ? rec->interval.node :
					      rec->alloc.node;
}

void store_record_name(const struct ledger_rec *rec, char *buf, size_t size)
{
	if (rec->kind == LEDGER_INTERVAL)
		snprintf(buf, size, "interval from %lld ns of boot %.40s",
			 (long long)rec->interval.start_ns,
			 rec->interval.boot_id);
	else
		snprintf(buf, size, "job %u.%.24s restart %u from %lld ns of boot %.40s",
			 rec->alloc.job_id, rec->alloc.step,
			 rec->alloc.restart, (long long)rec->alloc.start_ns,
			 rec->alloc.boot_id);
}

uint32_t store_record_crc(const struct ledger_rec *rec, char *room)
{
	if (ledger_format(rec, room, LEDGER_LINE_MAX + 1) < 0)
		return 0;
	return (uint32_t)strtoul(room, NULL, 16);
}

/* ---- nonsense -------------------------------------------------------------- */

/*
 * What adds up wrongly is the audit's to tell, and is kept for that. What could
 * not be of any node is refused.
 */
static const char *alloc_nonsense(const struct ledger_alloc *a)
{
	if (!*a->step || !*a->boot_id)
		return "has no step, or no boot";
	if (a->end_ns < a->start_ns)
		return "ends before it starts";
	if (a->gated_j < 0 || a->node_j < 0)
		return "drew less than nothing";
	if (a->holding.cores < 0 || a->holding.gpus < 0 ||
	    a->holding.mem_mb < 0 || a->model_w < 0)
		return "holds less than nothing";
	if (a->share < 0 || a->share > 1)
		return "has a share that is not of 0 to 1";
	return NULL;
}

static const char *interval_nonsense(const struct ledger_interval *iv)
{
	if (!*iv->boot_id)
		return "has no boot";
	if (iv->end_ns < iv->start_ns)
		return "ends before it starts";
	if (iv->node_j < 0 || iv->allocated_j < -ROUNDING_J ||
	    iv->unallocated_j < -ROUNDING_J || iv->idle_j < -ROUNDING_J)
		return "drew less than nothing";
	for (uint32_t i = 0; i < iv->parts_len; i++)
		if (iv->parts[i].joules < -ROUNDING_J)
			return "has a part that drew less than nothing";
	return NULL;
}

/* Most of it holds of what was read from a line; records may be made, too. */
static const char *out_of_range(const struct ledger_rec *rec)
{
	static const int64_t most[] = { [FIELD_NS] = INT64_MAX / 8,
					[FIELD_WALL] = INT64_MAX / 2 };

	for (const struct ledger_field *f = ledger_fields(rec->kind); f->key; f++) {
		const void *at = store_field_in(f, rec);

		switch (f->type) {
		case FIELD_NS:
		case FIELD_WALL:
			if (*(const int64_t *)at < 0 ||
			    *(const int64_t *)at > most[f->type])
				return f->key;
			break;
		case FIELD_MAYBE:
			if (isnan(*(const double *)at))
				break;
			/* fallthrough */
		case FIELD_JOULES:
		case FIELD_NUMBER:
			if (!(fabs(*(const double *)at) <= 1e15))
				return f->key;
			break;
		default:
			break;
		}
	}
	return NULL;
}

static bool parts_in_range(const struct ledger_interval *iv)
{
	if (iv->parts_len > LEDGER_PARTS_MAX)
		return false;
	for (uint32_t i = 0; i < iv->parts_len; i++)
		if (!(fabs(iv->parts[i].joules) <= 1e15))
			return false;
	return true;
}

int store_record_check(const struct ledger_rec *rec, const char *node,
		       struct err *err)
{
	const char *what;
	char name[160];

	if (rec->kind != LEDGER_ALLOC && rec->kind != LEDGER_STEP &&
	    rec->kind != LEDGER_INTERVAL) {
		err_set(err, "a record is of no kind that is known here");
		return STORE_REFUSED;
	}
	store_record_name(rec, name, sizeof(name));
	if (strcmp(node_of(rec), node) != 0) {
		err_set(err, "%s is of node %.100s, not of %.100s", name,
			node_of(rec), node);
		return STORE_REFUSED;
	}
	what = out_of_range(rec);
	if (!what && rec->kind == LEDGER_INTERVAL &&
	    !parts_in_range(&rec->interval))
		what = "parts";
	if (what) {
		err_set(err, "%s: %s is out of range", name, what);
		return STORE_REFUSED;
	}
	what = rec->kind == LEDGER_INTERVAL ?
	       interval_nonsense(&rec->interval) : alloc_nonsense(&rec->alloc);
	if (!what)
		return 0;
	err_set(err, "%s %s", name, what);
	return STORE_REFUSED;
}

/* ---- columns --------------------------------------------------------------- */

bool store_field_kept(const struct ledger_field *f)
{
	return f->type != FIELD_PARTS && strcmp(f->key, "node") != 0 &&
	       strcmp(f->key, "boot") != 0;
}

const char *store_field_column(const struct ledger_field *f)
{
	return strcmp(f->key, "end") == 0 ? "ending" : f->key;	/* a word of SQL's */
}

int store_columns(enum ledger_kind kind, char *buf, size_t size)
{
	size_t len = 0;
	int n = 0;

	*buf = '\0';
	for (const struct ledger_field *f = ledger_fields(kind); f->key; f++) {
		if (!store_field_kept(f))
			continue;
		len += (size_t)snprintf(buf + len, size - len, "%s%s",
					n++ ? ", " : "",
					store_field_column(f));
	}
	return n;
}
