/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_LEDGER_H
#define WATTGATE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"
#include "share.h"

/*
 * The ledger: what finished allocations and steps drew on one node, and how
 * each interval of the node's energy divides. LEDGER_DIR/NODE.ledger is
 * append-only text, a checksum before each line, fsynced before a call
 * returns. A torn last line (a crash in the middle of a write) is cut off at
 * the next open and said once. LEDGER_DIR/NODE.open, replaced whole, holds the
 * same kinds of line for what is still open, at most a minute old.
 * docs/formats.md has the text.
 */

#define LEDGER_VERSION 1

#define LEDGER_LINE_MAX (256 * 1024)	/* bytes of a line, without newline */
#define LEDGER_PARTS_MAX 4096	/* of an interval; a writer ends one before */
#define LEDGER_BATCH_MAX (64 * 1024 * 1024)	/* bytes of one append */

enum ledger_kind {
	LEDGER_ALLOC, LEDGER_STEP, LEDGER_INTERVAL,
	LEDGER_METERS	/* in NODE.meters, and nowhere else */
};

/* An allocation (the extern step's record) or a step. */
struct ledger_alloc {
	uint32_t job_id;
	char step[24];		/* "extern" for the allocation */
	uint32_t restart;
	uint32_t uid;
	int32_t stepd_pid;
	char node[256];
	char boot_id[BOOT_ID_SIZE];
	int64_t start_ns, end_ns;	/* boot time; half-open */
	int64_t settled_ns;	/* advanced up to here; end_ns where closed */
	int64_t start_wall_ns, end_wall_ns;
	int64_t suspended_ns;
	holding_t holding;
	double share;		/* the part held; NaN unknown */
	double gated_j;
	double node_j;		/* the whole node's in the same time (BMC) */
	double model_w;		/* Green Algorithms watts of the holding */
	int64_t active_ns;	/* end - start - suspended */
	int64_t covered_ns;	/* of active_ns, measured */
	int64_t max_gap_ns;
	int64_t open_gap_ns;	/* for NODE.open only: see gate.h */
	char source[64];
	char end[16];		/* exit, vanished, crash; open in NODE.open */
};

/* An allocation's part of an interval. */
struct ledger_part {
	uint32_t job_id;
	uint32_t restart;
	double joules;
};

/*
 * A stretch of the node's time: an hour (UTC), or less where wattgated started
 * or stopped in it. node_j = sum of parts + unallocated_j + idle_j, and
 * measured_ns + unmeasured_ns = end - start.
 */
struct ledger_interval {
	char node[256];
	char boot_id[BOOT_ID_SIZE];
	int64_t start_ns, end_ns;
	int64_t start_wall_ns, end_wall_ns;
	double node_j;		/* from the series' own cumulative joules */
	double allocated_j;	/* sum of parts */
	double unallocated_j;	/* rest of a node that holds an allocation */
	double idle_j;		/* node without allocation */
	int64_t measured_ns;
	int64_t unmeasured_ns;
	int64_t idle_ns;	/* time without allocation, measured or not */
	bool scaled;		/* shares added up to more than 1 somewhere */
	struct ledger_part *parts;
	uint32_t parts_len;
};

/*
 * What two meters of a node say of the same time. first_j and second_j are of
 * the time that both covered.
 */
struct ledger_meters {
	char node[256];
	char boot_id[BOOT_ID_SIZE];
	int64_t start_ns, end_ns;
	int64_t start_wall_ns, end_wall_ns;
	int64_t both_ns;
	double first_j, second_j;
	int64_t first_ns, second_ns;	/* that each covered */
	char first[64], second[64];	/* sources */
};

struct ledger_rec {
	enum ledger_kind kind;
	union {
		struct ledger_alloc alloc;	/* LEDGER_ALLOC, LEDGER_STEP */
		struct ledger_interval interval;
		struct ledger_meters meters;
	};
};

/* ---- writer ---------------------------------------------------------------- */

typedef struct ledger ledger_t;

/*
 * Open LEDGER_DIR/NODE.ledger for appending, creating it (0640). A second
 * writer is refused (lock). *repaired is set to the bytes of a torn tail that
 * were cut off (0 as a rule). NULL with a text on failure.
 */
ledger_t *ledger_open(const char *dir, const char *node, uint64_t *repaired,
		      struct err *err);
void ledger_close(ledger_t *l);		/* NULL is fine */

/* The same for LEDGER_DIR/NODE.meters, which has LEDGER_METERS only. */
ledger_t *ledger_open_meters(const char *dir, const char *node,
			     uint64_t *repaired, struct err *err);

/*
 * Append n records with one write and one fsync: all or nothing, also on a
 * full disk (the file is cut back). 0, or -1 with a text. Refused: a value that
 * is not finite (share and model_w may be NaN), a time beyond the bounds in
 * docs/formats.md, an interval of more than LEDGER_PARTS_MAX parts, more than
 * LEDGER_BATCH_MAX at once.
 */
int ledger_append(ledger_t *l, const struct ledger_rec *recs, uint32_t n,
		  struct err *err);

/* Replace LEDGER_DIR/NODE.open with n records (fsync, rename). */
int ledger_write_open(ledger_t *l, const struct ledger_rec *recs, uint32_t n,
		      struct err *err);

/*
 * Replace a whole file of records by another (fsync, rename), 0640: what a
 * command wrote, which is no file that wattgated appends to.
 */
int ledger_replace(const char *path, const struct ledger_rec *recs, uint32_t n,
		   struct err *err);

/* ---- reader ---------------------------------------------------------------- */

typedef struct ledger_reader ledger_reader_t;

/* Any ledger or .open file by path. errno ENOENT where there is none. */
ledger_reader_t *ledger_reader_open(const char *path, struct err *err);
/* A .meters file, of which LEDGER_METERS are read, as others are elsewhere. */
ledger_reader_t *ledger_reader_open_meters(const char *path, struct err *err);
void ledger_reader_close(ledger_reader_t *r);

/*
 * The next record: 1 with *rec filled (interval parts belong to the reader and
 * live until the next call), 0 at the end, -1 with a text for a line that is
 * damaged ("FILE:LINE: checksum differs"); the call after goes on behind it.
 * A torn last line of a file that is being written is the end, not damage.
 */
int ledger_reader_next(ledger_reader_t *r, struct ledger_rec *rec,
		       struct err *err);

/*
 * One line without its newline, as from somewhere else than a file. `parts` has
 * room for LEDGER_PARTS_MAX, and is what rec->interval.parts points to
 * afterwards. 0, or -1 with what is wrong with it.
 */
int ledger_parse(const char *line, size_t len, struct ledger_rec *rec,
		 struct ledger_part *parts, struct err *err);

/*
 * The line of one record. No newline.
 * Returns its length, or -1 where it does not fit or may not be stored.
 */
int ledger_format(const struct ledger_rec *rec, char *buf, unsigned long size);

#endif
