/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_ANNOTATE_H
#define WATTGATE_CLI_ANNOTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/annotate_state.h"
#include "cli/report.h"
#include "lib/err.h"

/*
 * Lines into comments of jobs that have ended and whose ledgers, those of all
 * their nodes, are closed. The comment itself says whether its job is done, so
 * that it does not matter where a run is cut short; the state spares looking
 * at all of them again.
 */

/* A job without closed ledgers is waited for so long, and passed over then. */
#define ANNOTATE_WAIT_S 86400
/* So long slurmctld may take to tell slurmdbd of an end. */
#define ANNOTATE_LATE_S 600

struct annotate_sums {
	size_t added, replaced, same, repaired;
	size_t open;		/* ledgers that may close, or come, yet */
	size_t unknown;		/* that did not */
	size_t later, foreign, too_long, not_alone, failed;
};

struct annotate {
	bool dry_run, repair_energy;
	double per_s;
	struct annotate_state *state;	/* NULL: none is kept */
	struct annotate_sums sums;
	/* private: */
	bool begun;
	int64_t wait_s;		/* the end of the first job that is waited for */
	int64_t turn_ns;	/* when the next may be written, boot time */
	int64_t saved_ns;	/* when the state was, boot time */
	size_t in_a_row;	/* failures */
};

/*
 * report says which jobs, and is filled in with what else it needs; its field
 * is set. -1 with a text; sums are those of what was done.
 */
int annotate_jobs(struct annotate *a, struct report *report, struct err *err);

#endif
