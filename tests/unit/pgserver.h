/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_PGSERVER_H
#define TESTS_PGSERVER_H

/*
 * A PostgreSQL of the test's own in a directory, whose socket is there, too:
 * superuser boss, everybody else trusted.
 */

#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline int shell(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));
static inline int shell(const char *fmt, ...)
{
	char command[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command);
}

/* With an empty database of that name. False where there is no PostgreSQL. */
static inline bool pgserver_start(const char *dir, const char *database)
{
	const struct passwd *pw = getpwnam("postgres");

	/* PostgreSQL refuses root */
	if (geteuid() == 0 &&
	    (!pw || chown(dir, pw->pw_uid, pw->pw_gid) != 0))
		return false;
	return shell("cd %s; b=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1); "
		     "[ -x \"$b/initdb\" ] || b=$(pg_config --bindir 2>/dev/null); "
		     "[ -x \"$b/initdb\" ] && command -v psql >/dev/null || exit 1; "
		     "as=; [ $(id -u) != 0 ] || as='setpriv --reuid postgres --regid postgres --clear-groups'; "
		     "$as $b/initdb -D db -U boss -A trust -E UTF8 -N >log 2>&1 && "
		     "$as $b/pg_ctl -D db -s -w -l dblog start "
		     "-o \"-k %s -c listen_addresses= -c fsync=off -c max_connections=20\" >>log 2>&1 && "
		     "psql -X -q -h %s -U boss -d postgres -c 'CREATE DATABASE %s' >>log 2>&1",
		     dir, dir, dir, database) == 0;
}

/* The private cluster's own postmaster. */
static inline void pgserver_stop(const char *dir)
{
	shell("kill -INT $(head -n 1 %s/db/postmaster.pid); "
	      "for i in $(seq 100); do [ -e %s/db/postmaster.pid ] || break; sleep 0.05; done",
	      dir, dir);
}

#endif
