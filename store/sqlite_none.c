/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instead of the others, where there was no SQLite. */
#include "store_impl.h"

const struct store_ops store_sqlite_ops;

void *store_sqlite_open(const char *file, enum store_use use, struct err *err)
{
	(void)use;
	err_set(err, "this wattgate was built without SQLite, so it has no store in %.300s: build it where SQLite is (Debian: libsqlite3-dev), or set database in [site]",
		file);
	return NULL;
}
