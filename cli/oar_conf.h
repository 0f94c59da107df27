/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_OAR_CONF_H
#define WATTGATE_CLI_OAR_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"

/* OAR's configuration, read as OAR reads it. */
struct oar_conf {
	const char *path;
	char *text;
};

/* $OARCONFFILE, else /etc/oar/oar.conf. */
const char *oar_conf_path(void);

/*
 * Read the file. On failure -1 with errno, and a text that says what to do.
 * Release with oar_conf_clear(), which wipes it: it has passwords in it.
 */
int oar_conf_read(struct oar_conf *conf, struct err *err);
void oar_conf_clear(struct oar_conf *conf);

/*
 * The value of a key into buf: the last line of it counts, without quotes and
 * what follows a '#'. false where there is none, or it does not fit.
 */
bool oar_conf_get(const struct oar_conf *conf, const char *key, char *buf,
		  size_t size);

#endif
