/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_ACCOUNT_H
#define WATTGATE_ACCOUNT_H

#include <stdbool.h>

#include "jobword.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/ledger.h"
#include "lib/log.h"
#include "lib/series.h"
#include "lib/suspend.h"

/*
 * The accountant: follows the gate records of a node, divides the series among
 * them, and writes what ended into the ledger. docs/architecture.md explains.
 *
 * Time is settled in order, once, a little behind the newest sample: every
 * joule of a settled stretch is given to an allocation, to `unallocated` or to
 * `idle`, so that the ledger's intervals close to the last microjoule.
 */

struct account_params {
	const char *node;
	const char *boot_id;
	int64_t period_ns;
	int64_t max_gap_ns;
	int64_t timeout_ns;	/* of one sample with its counter: none is later */
	int64_t rollup_ns;
	int64_t checkpoint_ns;
	uint32_t owner;		/* of gate records: 0 but in tests */
	ledger_t *ledger;
	const char *ledger_path;	/* LEDGER_DIR/NODE.ledger */
	const char *open_path;	/* LEDGER_DIR/NODE.open */
	suspend_writer_t *suspend;
	const char *gate_dir;	/* may appear later: slurmd makes it */
	/* Slurm's word on a job, as jobword_get(); NULL: none to be had */
	enum job_word (*word)(void *arg, uint32_t job_id, int64_t since_ns);
	void *word_arg;
	timesource_t ts;
	const logger_t *log;
};

typedef struct account account_t;

/*
 * Takes up where NODE.open and the ledger left off. The params' pointers must
 * outlive it. NULL with a text on failure.
 */
account_t *account_create(const struct account_params *params, struct err *err);
void account_destroy(account_t *a);	/* NULL is fine */

/*
 * While the BMC is silent: until that boot time its energy counter may bridge
 * the gap, and so it is not settled as unmeasured before. 0: it will not.
 */
void account_await(account_t *a, int64_t until_ns);

/* Up to here every joule is given away: the series must not change there. */
int64_t account_settled_ns(const account_t *a);

/*
 * The gap between two samples is about to be bridged: what was booked in it of
 * suspensions, when only `from` was known, is put right for the energy plugin.
 * Before `to` is in the series: at no time may a reader find too much charged.
 */
void account_bridge(account_t *a, const struct series_sample *from,
		    const struct series_sample *to);

/*
 * The same for samples that come several at once, after a silence: `known` was
 * the series' last when these suspensions were booked, from and to follow each
 * other in what is now learnt. newest: to is the last of it.
 */
void account_learn(account_t *a, const struct series_sample *known,
		   const struct series_sample *from,
		   const struct series_sample *to, bool newest);

/*
 * Once a period, after the sample, whether or not one came. series, its params
 * and writer may change between calls (hardware totals learnt later).
 */
void account_tick(account_t *a, series_writer_t *series,
		  const struct series_params *sp);

/* What was settled since account_create(), to whom it went: it never falls. */
struct account_sums {
	double allocated_j, unallocated_j, idle_j;
	int64_t allocated_ns, idle_ns;	/* with an allocation there, and without */
};
const struct account_sums *account_sums(const account_t *a);

/*
 * Clean stop: closes the interval and writes NODE.open, so that the next start
 * goes on without a seam. 0, or -1 with a text.
 */
int account_close(account_t *a, series_writer_t *series, struct err *err);

#endif
