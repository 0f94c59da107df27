/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_ANNOTATION_H
#define WATTGATE_CLI_ANNOTATION_H

#include <stddef.h>

/*
 * The line that `wattgate annotate` leaves in a comment of a job:
 *
 *   wattgate/1 energy_kwh=0.012 bmc_kwh=0.05 model_kwh=0.01 coverage=0.998 max_gap_s=2 source=redfish
 *
 * Columns of the report by their names, in this order; what is unknown is left
 * out, but for coverage and source. All in lower case, since sacctmgr makes it
 * so. It stands alone or behind a blank or a semicolon, and ends where no such
 * word follows: other text of the comment stays around it. docs/formats.md
 * has the grammar. Pure.
 */

#define ANNOTATION_SOURCE_SIZE 64
#define ANNOTATION_LINE_SIZE 320

/* The longest comment that gets a line: it must fit into a TEXT of MySQL's,
   and once more, escaped, into slurmdbd's record of the change. */
#define ANNOTATION_COMMENT_MAX 16384

/* NaN is unknown. */
struct annotation {
	double energy_kwh, bmc_kwh, model_kwh;
	double coverage;	/* 0..1 */
	double max_gap_s;
	char source[ANNOTATION_SOURCE_SIZE];
};

/* The line into buf; -1 where it does not fit or a number cannot be told. */
int annotation_format(const struct annotation *a, char *buf, size_t size);

enum annotation_found {
	ANNOTATION_NONE,
	ANNOTATION_FOUND,
	ANNOTATION_LATER	/* of a later version of this text */
};

/*
 * The last line in a comment. *at and *len, where it is; NULL: not wanted. a is
 * filled by ANNOTATION_FOUND only.
 */
enum annotation_found annotation_find(const char *comment,
				      struct annotation *a, size_t *at,
				      size_t *len);

enum annotation_merged {
	ANNOTATION_SAME,	/* the comment has just that line */
	ANNOTATION_ADDED,
	ANNOTATION_REPLACED,	/* it had a line with other figures */
	ANNOTATION_KEPT_LATER,	/* it has one of a later version */
	ANNOTATION_KEPT_FOREIGN,	/* another program reads all of it */
	ANNOTATION_KEPT_LONG	/* there is no room */
};

/*
 * The comment with the line in it, every other byte as it was, into *out, which
 * the caller frees; NULL where nothing is to change. Out of memory ends the
 * process.
 */
enum annotation_merged annotation_merge(const char *comment, const char *line,
					char **out);

#endif
