/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_RECORDS_H
#define BMCSIM_RECORDS_H

#include "answer.h"
#include "bmc.h"

/*
 * The same power as a site's data base has it, beside the BMC's own tree:
 *
 *	/stable/sites/SITE/metrics	a Kwollect server's rows, of the past, too
 *	/metrics			an exporter that a Prometheus scrapes
 *
 * Rows stand every row_step seconds of wall time (each other one some
 * milliseconds later, so that stamps with and without parts of a second
 * occur), from the first program in the truth file on, save in gaps.
 */

/* Whether the request is for one of them, by the options. */
bool records_path(const struct bmc *bmc, const char *path);

/* fault: one that spoils readings, or FAULT_NONE. */
void records_answer(const struct bmc *bmc, struct MHD_Connection *connection,
		    const char *path, int64_t wall_ns, enum fault_kind fault,
		    struct answer *answer);

/* "2025-04-18T18:55:33[.25]Z" or with "+02:00", or unix seconds. 0 or -1. */
int records_instant(const char *text, int64_t *ns);

#endif
