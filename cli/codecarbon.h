/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_CODECARBON_H
#define WATTGATE_CLI_CODECARBON_H

#include <stdint.h>
#include <stdio.h>

#include "cli/report.h"

/*
 * Jobs as rows of CodeCarbon's emissions.csv, with the columns of its release
 * 3.3, so that its tools read them and it appends to the file itself. In its
 * units: kWh with the site's PUE in them, kg, seconds, local time.
 *
 * What is not known is empty, which its tools read as not a number. A job
 * whose energy is not known would make the sums of its project unknown, too:
 * it has no row, and is counted. What was cancelled before it ran has none.
 */

typedef struct codecarbon codecarbon_t;

/* rates stay; conf: [report] intensity, for the country it is of. */
codecarbon_t *codecarbon_create(const struct rates *rates,
				const char *intensity, int64_t now_ns);
void codecarbon_destroy(codecarbon_t *c);	/* NULL is fine */

/* Rows of job_columns; the first part has the head. */
void codecarbon_print_part(FILE *f, codecarbon_t *c, const struct rows *jobs,
			   bool first);

/* How many jobs have no row so far, and of how many there are no emissions. */
struct codecarbon_lack {
	size_t energy, emissions;
};
struct codecarbon_lack codecarbon_lack(const codecarbon_t *c);

/* The report, from Slurm, or OAR's database; notes tell what is lacking. */
int report_codecarbon(struct report *report, struct pg_oar *db, FILE *f,
		      struct err *err);

#endif
