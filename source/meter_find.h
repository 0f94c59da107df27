/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_METER_FIND_H
#define WATTGATE_METER_FIND_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/conf.h"
#include "lib/err.h"

/*
 * Which files a meter in sysfs is made of. Looks at directories and at names;
 * what the files say is the caller's.
 */

#define METER_FILES_MAX 64

/* What is known of a kind of file, by the source and its own name. */
struct meter_row {
	const char *source;
	const char *file;	/* its name, a shell pattern */
	bool energy;		/* a counter, else a power */
	double factor;		/* to W or J */
	const char *unit;	/* behind the number; "" = none */
	const char *range;	/* the file beside it that says where it starts
				   again at 0; NULL = never */
};

struct meter_file {
	char path[CONF_PATH_MAX];
	const struct meter_row *row;
	dev_t dev;
	ino_t ino;
};

struct meter_set {
	struct meter_file file[METER_FILES_MAX];
	unsigned count;
	char dir[CONF_PATH_MAX];	/* of pm_counters, for what else is there */
	char place[64];		/* "powercap:psys", ... */
};

/*
 * The files for `source` at `path` ("": where they usually are). 0, or -1 with
 * what is missing and what to do.
 */
int meter_find(const char *source, const char *path, struct meter_set *set,
	       struct err *err);

#endif
