/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_FILES_H
#define BMCSIM_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "fail.h"

/*
 * A Redfish tree kept in files: what /redfish/v1/X answers is the text of
 * DIR/redfish/v1/X/index.json, JSON or not. DIR/_status.tsv may hold lines of
 * "URL<TAB>STATUS" for URLs that answer 400 to 599, and of
 * "URL<TAB>STATUS<TAB>LOCATION" for those that answer 301 to 308.
 *
 * In a text the strings "@WATTS@", "@JOULES@" and "@KWH@", as the value of a
 * member, stand for numbers: the power, and the energy until now.
 *
 * All is read at the start, so that no request reaches the file system;
 * links are refused, they could lead out of DIR.
 */
typedef struct files files_t;

#define FILES_MAX 4096			/* resources of a tree */
#define FILES_FILE_MAX (1024 * 1024)	/* bytes of one */
#define FILES_BYTES_MAX (64 * 1024 * 1024)	/* of all */
#define FILES_PATH_MAX 512		/* of a URL */

struct files_item {
	char *path;		/* without a slash at its end */
	unsigned int status;
	char *location;		/* of a redirect; else NULL */
	char *text;		/* of a 200 */
	size_t size;
	struct files_hole *holes;
	size_t n_holes;
	bool watts;		/* holds "@WATTS@" */
};

/* NULL with the reason. */
files_t *files_load(const char *dir, struct fail *fail);
void files_destroy(files_t *files);	/* NULL is fine */

/* Whether any text holds one of the strings. */
bool files_need_program(const files_t *files);

/* NULL: there is no such resource. A slash at the end is ignored. */
const struct files_item *files_find(const files_t *files, const char *path);

/* What the strings stand for. */
struct files_view {
	const char *reading;	/* JSON; NULL: the member is absent */
	double joules;
};

void files_write(FILE *out, const struct files_item *item,
		 const struct files_view *view);

#endif
