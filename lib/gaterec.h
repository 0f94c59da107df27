/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_GATEREC_H
#define WATTGATE_GATEREC_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"
#include "share.h"

/*
 * Gate records: one small text file for each allocation and each step that
 * runs on a node, in RUNDIR/gate.d/NODE. Root (SPANK, in slurmstepd) writes
 * them; wattgated and the energy plugin read them. wattgated cannot write
 * there, and root never writes where wattgated can.
 *
 * Name: JOB.STEP.RESTART.PID (PID is slurmstepd's), JOB.prolog for the note
 * that the prolog leaves. docs/formats.md has the text.
 */

#define GATEREC_NAME_MAX 80
#define GATEREC_PROLOG "prolog"
#define GATEREC_EXTERN "extern"
#define GATEREC_PROLOG_MAX_NS (3600 * NS_PER_S)

/*
 * Where no wattgated takes ended records up, they go after this time: the run
 * directory is memory of the node. Its series reaches back no further.
 */
#define GATEREC_KEEP_NS (2 * 3600 * NS_PER_S)

typedef struct gaterec {
	uint32_t job_id;
	char step[24];		/* "extern", "batch", "interactive", "0", ...; "prolog" */
	uint32_t restart;
	uint32_t uid;
	int32_t stepd_pid;
	uint64_t stepd_start;	/* /proc/PID/stat field 22, clock ticks */
	char boot_id[BOOT_ID_SIZE];
	int64_t start_ns;	/* boot time */
	int64_t start_wall_ns;
	int64_t end_ns;		/* boot time; 0 = still running */
	bool swept;		/* end_ns is only when its stepd was found gone */
	holding_t holding;
	double share;		/* NaN = not known when it was written */
	double cum_j;		/* the series at start_ns, as known then; NaN */
	int64_t cum_covered_ns;
} gaterec_t;

/* RUN_DIR/gate.d/NODE into buf (run_dir NULL: conf_run_dir()). -1: too long. */
int gaterec_dir(char *buf, unsigned long size, const char *run_dir,
		const char *node);

/*
 * Open that directory; with `create` (root only) make NODE below gate.d where
 * it is missing. The directory must belong to `owner` (0 but in tests) and not
 * be writable by others. Returns a descriptor or -1.
 */
int gaterec_dir_open(const char *path, bool create, uint32_t owner,
		     struct err *err);

/* The record's file name into buf (at least GATEREC_NAME_MAX); buf. */
char *gaterec_name(const gaterec_t *rec, char *buf, unsigned long size);

/* Write or replace, atomically, 0640. */
int gaterec_write(int dirfd, const gaterec_t *rec, struct err *err);

/*
 * Read one. Refuses what is not a regular file of `owner`, is too big, has a
 * bad checksum, or whose content and name disagree. errno ENOENT: gone.
 */
int gaterec_read(int dirfd, const char *name, uint32_t owner, gaterec_t *rec,
		 struct err *err);

/* Is the slurmstepd that wrote it still there (same pid, start and boot)? */
bool gaterec_alive(const gaterec_t *rec, const char *boot_id);

/* /proc/PID/stat field 22; 0 where no such process runs (a zombie does not). */
uint64_t process_start_ticks(int32_t pid);

/*
 * Call fn with each record name in the directory, `prefix` first filtering
 * (NULL: all). Stops where fn returns non-zero and returns that. -1: cannot
 * read the directory.
 */
int gaterec_each(int dirfd, const char *prefix,
		 int (*fn)(const char *name, void *arg), void *arg);

/*
 * Root's house-keeping: records that ended at or before settled_ns (they are
 * in the ledger), or GATEREC_KEEP_NS ago, go; records whose slurmstepd vanished without an end get
 * now_ns as theirs (`swept`), so that a later call can drop them once settled;
 * notes of a prolog that are older than GATEREC_PROLOG_MAX_NS go. At most `limit`
 * files are looked at. Returns how many were removed.
 */
int gaterec_sweep(int dirfd, uint32_t owner, const char *boot_id,
		  int64_t now_ns, int64_t settled_ns, int limit);

#endif
