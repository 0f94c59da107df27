/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CONF_IMPL_H
#define WATTGATE_CONF_IMPL_H

#include <stddef.h>

#include "conf.h"

/* Between conf.c, conf_keys.c and conf_parse.c only. */

enum conf_section {
	CONF_TOP,		/* before the first section */
	CONF_BMC,
	CONF_SECOND,
	CONF_SITE,
	CONF_HARDWARE,
	CONF_SLURM,
	CONF_OAR,
	CONF_METRICS,
	CONF_REPORT,
	CONF_ANNOTATE
};

#define CONF_KEYS_MAX 128

/* ---- conf_keys.c: what each key takes ----------------------------------------- */

/* The key's number, below CONF_KEYS_MAX; -1 where there is none. */
int conf_key_find(enum conf_section section, const char *name);

/* Check the value and put it into conf. */
int conf_key_set(int key, const char *value, struct conf *conf,
		 struct err *err);

/* ---- conf_parse.c: the text --------------------------------------------------- */

/* Where a key's value in force stands: its line; 0 where it was not given. */
struct conf_lines {
	int of[CONF_KEYS_MAX];
};

/*
 * Put the values of `text` that are for conf->node into conf; those for others
 * are checked all the same. `path` is for the error's text.
 */
int conf_parse(const char *path, const char *text, size_t len,
	       struct conf *conf, struct conf_lines *lines, struct err *err);

#endif
