/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_OAR_LOGIN_H
#define WATTGATE_CLI_OAR_LOGIN_H

#include "cli/pg_oar.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/secret.h"

/* How a command gets at OAR's database. */
struct oar_login {
	char conninfo[2048];	/* libpq's words */
	char password[SECRET_MAX];	/* "": libpq looks for it */
};

/*
 * The first of these that there is: `database` (--database); [oar] database
 * and password_file of the configuration; the login of oar.conf that may only
 * read. Root takes a password file of wattgated's. -1 with a text that says
 * what a user can do who may read none of them. The caller wipes login.
 */
int oar_login_find(const char *database, const struct conf *conf,
		   struct oar_login *login, struct err *err);

/* The same, connected, with a schema that is known here. NULL with a text. */
pg_oar_t *oar_login_open(const char *database, const struct conf *conf,
			 struct err *err);

/* As secret_read(), but root reads with its owner's rights and for him. */
int oar_secret_read(const char *path, char *buf, size_t size, struct err *err);

#endif
