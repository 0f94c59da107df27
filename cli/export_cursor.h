/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_EXPORT_CURSOR_H
#define WATTGATE_CLI_EXPORT_CURSOR_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/totals.h"

/*
 * What `wattgate export` has exported. docs/formats.md has the file's lines,
 * docs/billing.md says why it is enough.
 *
 * All jobs that ended before low_s are exported, or stand among those that were
 * seen to run. Of those that ended later, the exported ones are known.
 */

#define CURSOR_KIND "wattgate-cursor"
#define CURSOR_VERSION 1
#define CURSOR_FILE_MAX ((size_t)1 << 30)

/* A job that is exported, or waits for its figures. */
struct cursor_job {
	int64_t id, submit_s, end_s;
	uint32_t revision;	/* from 1; 0: it waits */
	bool settled;		/* it was final */
	int64_t since_s;	/* it was exported, or first seen */
	double joules, coverage;	/* as told; NaN: unknown */
};

/* A job that was seen to run. */
struct cursor_open {
	int64_t id, submit_s, start_s;
	uint32_t missed;	/* so many times it was neither running nor ended */
	bool seen;		/* this time */
};

struct cursor {
	char scheduler[8];
	char cluster[256];	/* "": not told yet, or the scheduler has none */
	int64_t floor_s;	/* what ended before is not for this cursor */
	int64_t low_s, newest_s;	/* newest: the latest end that was seen */
	uint64_t batches, rows;	/* so many were exported */
	char file[PATH_MAX];	/* of the batch under way: its final name */
	struct cursor_job *jobs;
	size_t jobs_len, jobs_room;
	struct cursor_open *opens;
	size_t opens_len, opens_room;
	size_t opens_read;	/* so many of them are the file's, sorted */
	struct totals totals;
	/* of jobs: index + 1 by hash, 0 = free */
	uint32_t *slots;
	size_t slots_len;
};

void cursor_clear(struct cursor *c);	/* what is in it, not itself */

/*
 * 1, 0 with the cursor empty where there is no such file, -1 with a text: one
 * that is damaged is not passed over, since all would be exported again.
 */
int cursor_read(struct cursor *c, const char *path, struct err *err);
/* By rename, on disk before this returns. */
int cursor_write(const struct cursor *c, const char *path, struct err *err);

/* Its body of lines; cursor is empty before. */
int cursor_parse(struct cursor *c, const char *body, struct err *err);

/* NULL: it is not exported, or not known any more. Valid until one is added. */
struct cursor_job *cursor_find(struct cursor *c, int64_t id, int64_t submit_s);
/* All zero but for its name. */
struct cursor_job *cursor_add(struct cursor *c, int64_t id, int64_t submit_s);
/* Forget jobs that ended before low_s and were exported before since_s. */
void cursor_forget(struct cursor *c, int64_t since_s);

/* One of those that the file had. */
struct cursor_open *cursor_find_open(struct cursor *c, int64_t id,
				     int64_t submit_s);
struct cursor_open *cursor_add_open(struct cursor *c, int64_t id,
				    int64_t submit_s, int64_t start_s);

#endif
