/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_BACKFILL_FILE_H
#define WATTGATE_CLI_BACKFILL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/ledger.h"

/* The records of LEDGER_DIR/NODE.backfill, in memory: read, merged, replaced. */

struct backfill_file {
	struct ledger_rec *recs;	/* intervals have parts of their own */
	size_t len, room;
};

/*
 * Read it; one that is missing is empty. A damaged line is an error: nothing is
 * written over what cannot be read.
 */
int backfill_file_read(struct backfill_file *f, const char *dir,
		       const char *node, struct err *err);
/* Replace the node's file, whole or not at all; it gets the directory's owner. */
int backfill_file_write(const struct backfill_file *f, const char *dir,
			const char *node, struct err *err);
void backfill_file_clear(struct backfill_file *f);

/* Copies the record with its parts. */
void backfill_file_add(struct backfill_file *f, const struct ledger_rec *rec);

/* The interval of the hour that begins at hour_s; NULL. */
const struct ledger_interval *
backfill_file_hour(const struct backfill_file *f, int64_t hour_s);

/* The allocation of that job which began at start_s; NULL. */
const struct ledger_alloc *
backfill_file_alloc(const struct backfill_file *f, uint32_t job_id,
		    int64_t start_s);

/* Take out those of which drop() is true. */
void backfill_file_drop(struct backfill_file *f,
			bool (*drop)(const struct ledger_rec *rec, void *arg),
			void *arg);

/* Intervals by hour, then allocations by start and job. */
void backfill_file_sort(struct backfill_file *f);

#endif
