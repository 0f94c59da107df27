/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_COUNTER_H
#define WATTGATE_COUNTER_H

#include <stdint.h>

#include "account.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/series.h"
#include "source/source.h"

/*
 * A node's energy counter: asks it about gaps (bridge.h), says what came of
 * that, and keeps its last reading in STATE_DIR/NODE.counter, so that the gap
 * of a wattgated that was away is bridged like a BMC's.
 */

typedef struct counter counter_t;

struct counter_params {
	const char *node;
	const char *boot_id;
	const char *bmc;	/* its URL, and its name of the node: */
	const char *bmc_node;	/* others have other counters */
	const char *state_dir;
	const char *suffix;	/* of the meter's state files */
	int64_t max_gap_ns;
	const logger_t *log;
};

/* The params' pointers must outlive it. NULL: no memory. */
counter_t *counter_create(const struct counter_params *params);
/* Writes what was not yet written. NULL is fine. */
void counter_destroy(counter_t *c);

/*
 * As series_writer_append_as(), as r joins the series' last sample, and bridges
 * the gap that r ends where the counter can: by r's own joules, or, where it
 * joins by power, by what the counter was before. What `account` (NULL: there
 * is none yet), or one before it, has settled as unmeasured remains that; the
 * caller sees to it that r does not join by joules there.
 */
int counter_append(counter_t *c, series_writer_t *series, account_t *account,
		   const struct reading *r, int64_t wall_ns, struct err *err);

/* Up to here the ledger has divided the series, now or before a restart. */
int64_t counter_settled_ns(const series_writer_t *series,
			   const account_t *account);

/* As bridge_until_ns(), for account_await(). */
int64_t counter_until_ns(const counter_t *c, const series_t *s);

#endif
