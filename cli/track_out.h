/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_TRACK_OUT_H
#define WATTGATE_CLI_TRACK_OUT_H

#include <stdio.h>

#include "cli/report.h"
#include "cli/track.h"

/* What `wattgate track` puts out. */
struct track_out {
	const struct report *report;
	const char *title;	/* whose runs; anybody's text */
	const char *scheduler;	/* "Slurm" or "OAR" */
	enum track_unit unit;
	const struct track_sum *sum;
	const struct cell *all;	/* all runs as a group: enum group_column */
	const struct rows *time;	/* track_time() */
	const char *step;	/* of that: "day" or "month" */
};

/* Energy over time, of rows "day", "name", "energy_kwh" in order. */
struct rows *track_time(const struct rows *days);

/* All that is known, as one row. The caller destroys it. */
struct rows *track_rows(const struct track_out *out);

/* "at least 58.6"; "" where it is not known. */
void track_factor_text(const struct track_sum *sum, char *buf, size_t size);

void track_print_table(FILE *f, const struct track_out *out);
void track_print_csv(FILE *f, const struct track_out *out);
void track_print_json(FILE *f, const struct track_out *out);

/* For a paper: figures, methods and coverage in words; as an entry of BibTeX. */
void track_print_text(FILE *f, const struct track_out *out);
void track_print_bibtex(FILE *f, const struct track_out *out);

#endif
