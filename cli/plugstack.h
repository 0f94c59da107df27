/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_PLUGSTACK_H
#define WATTGATE_CLI_PLUGSTACK_H

#include <limits.h>
#include <stdbool.h>

#include "lib/err.h"

/* Slurm's plugstack.conf: which SPANK plugins are loaded. */

enum plugstack_kind {
	PLUGSTACK_NOTHING,	/* an empty line, a comment */
	PLUGSTACK_OPTIONAL,
	PLUGSTACK_REQUIRED,
	PLUGSTACK_INCLUDE,
	PLUGSTACK_BAD
};

struct plugstack_line {
	enum plugstack_kind kind;
	char path[PATH_MAX];	/* plugin, or pattern to include */
	char run_dir[PATH_MAX];	/* its argument run_dir=; "" where not given */
	const char *file;	/* where it stands */
	int number;
};

/* Take one line of the file apart (file and number are left alone). */
void plugstack_parse_line(const char *text, struct plugstack_line *line);

/*
 * Call fn with each line that says something, through all includes. A missing
 * file is an empty one, as it is to Slurm. -1 with a text where one cannot be
 * read or they include each other too deeply.
 */
int plugstack_visit(const char *path,
		    void (*fn)(const struct plugstack_line *line, void *arg),
		    void *arg, struct err *err);

#endif
