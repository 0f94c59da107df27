/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collector/account.h"
#include "lib/gaterec.h"

/*
 * A node on the bench for the accountant: run and ledger directory in a scratch
 * place, a clock that the test moves, gate records that the test writes, and
 * readings that the test makes up. Boot id and processes are real, since that
 * is what liveness is read from.
 */

#define RIG_PERIOD SECONDS(5)
#define RIG_MAX_GAP SECONDS(15)
#define RIG_START SECONDS(1000)		/* boot time */
#define RIG_HOUR SECONDS(1767261600)	/* 2026-01-01T10:00:00Z */

typedef struct rig {
	char run_dir[128], gate_dir[160], ledger_dir[160];
	char series_path[160], suspend_path[160];
	char ledger_path[200], open_path[200];
	char boot_id[BOOT_ID_SIZE];
	int64_t now_ns;
	int64_t wall_minus_boot_ns;
	int gate_dirfd;
	struct series_params sp;
	struct account_params ap;	/* pointers are set by rig_open() */
	series_writer_t *series;
	suspend_writer_t *suspend;
	ledger_t *ledger;
	account_t *account;
	series_t *truth;	/* every sample, whatever befell the file */
	logger_t log;
	int errors, warnings;
	char last_error[1024];
	void (*on_debug)(void);	/* called once, at a line for debugging ... */
	int debug_lines;	/* ... when so many have gone by */
} rig_t;

/* In the scratch directory of the test; nothing is open yet. */
void rig_init(rig_t *rig, const char *scratch_dir);
void rig_free(rig_t *rig);

void rig_open(rig_t *rig);		/* as wattgated starts */
int rig_stop(rig_t *rig);		/* as it stops: account_close()'s answer */
void rig_crash(rig_t *rig);		/* as it is killed */

/* A reading now; one period later; a tick. watts 0: no reading. */
void rig_sample(rig_t *rig, double watts);
void rig_tick(rig_t *rig);
void rig_step(rig_t *rig, double watts);
/* Steps until `seconds` have passed. */
void rig_run(rig_t *rig, double seconds, double watts);

/* A record of this process, that starts now. */
gaterec_t rig_record(const rig_t *rig, uint32_t job, const char *step,
		     double share);
void rig_write(const rig_t *rig, const gaterec_t *rec);
void rig_remove(const rig_t *rig, const gaterec_t *rec);
/* Both in one: an allocation that starts now, and one that ends now. */
gaterec_t rig_begin(const rig_t *rig, uint32_t job, double share);
void rig_end(const rig_t *rig, gaterec_t *rec);

/* The node's joules by all samples. */
double rig_truth(const rig_t *rig, int64_t from_ns, int64_t to_ns);

/* ---- what was written ---- */

struct rig_ledger {
	struct ledger_rec *recs;
	uint32_t len;
	uint32_t damaged;
};

struct rig_ledger rig_ledger_read(const char *path);
void rig_ledger_free(struct rig_ledger *l);

/* The one record of that step; fails where there is none or a second. */
const struct ledger_alloc *rig_alloc(const struct rig_ledger *l, uint32_t job,
				     const char *step, uint32_t restart);
uint32_t rig_count(const struct rig_ledger *l, enum ledger_kind kind);

/*
 * The ledger's own laws: every interval closes to 1 mJ, follows the one before,
 * measured + unmeasured is its length; each allocation's parts add up to its
 * joules to 1 mJ; active + suspended is its length; none is there twice.
 */
void rig_check_laws(const struct rig_ledger *l, const char *what);

/* Sums over the intervals. */
struct ledger_interval rig_total(const struct rig_ledger *l);

/* ---- a process that plays slurmstepd ---- */

/*
 * A child, and one of its own, as the extern step has. Both die with the test.
 */
typedef struct stepd {
	pid_t pid, child;
} stepd_t;

stepd_t stepd_start(void);
void stepd_kill(stepd_t *s);		/* and wait until it is gone */
/* Stop or continue its child, and wait until that is so. */
void stepd_suspend(const stepd_t *s);
void stepd_resume(const stepd_t *s);
void stepd_is(const stepd_t *s, gaterec_t *rec);	/* let rec be its */

#endif
