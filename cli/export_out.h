/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_EXPORT_OUT_H
#define WATTGATE_CLI_EXPORT_OUT_H

#include <limits.h>
#include <stdio.h>

#include "cli/export.h"
#include "lib/err.h"

/*
 * How a batch leaves, and the cursor moves with it.
 *
 * To a directory, exactly once, wherever a crash falls:
 *   1. the batch is in DIR/.NAME.new, on disk
 *   2. CURSOR.next has the cursor as it will be, with NAME
 *   3. .NAME.new becomes NAME
 *   4. CURSOR.next becomes CURSOR
 * Before 2 nothing has happened; behind it the next run does what is left.
 *
 * To standard output: the cursor moves when all is written. A crash between
 * gives the same jobs once more.
 */

struct export_out {
	const char *cursor;	/* path */
	const char *dir;	/* NULL: standard output */
	const char *ending;	/* of names: "csv", "jsonl" */
	FILE *spool;
	int lock;		/* -1: not taken */
	char temp[PATH_MAX], file[PATH_MAX];	/* of the batch in dir */
};

/* Nobody else exports by this cursor meanwhile. 0, or -1 with a text. */
int export_out_lock(struct export_out *o, struct err *err);
void export_out_close(struct export_out *o);

/* Do what a crash left to do. 1: there was something; 0; -1 with a text. */
int export_out_recover(struct export_out *o, struct err *err);

/*
 * The jobs that are not out yet, out, and the cursor moved. 0, or -1 with a
 * text: the file of the cursor is then as it was, or as it will be after
 * export_out_recover().
 */
int export_out_batch(struct export_out *o, struct cursor *c,
		     const struct export_params *p,
		     struct export_result *result, struct err *err);

#endif
