/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instead of the others, where there was no libpq. */
#include "store_impl.h"

const struct store_ops store_pg_ops;

void *store_pg_open(const struct store_params *params, enum store_use use,
		    struct err *err)
{
	(void)params;
	(void)use;
	err_set(err, "this wattgate was built without PostgreSQL, so it has no store in a database: build it where libpq is (Debian: libpq-dev), or leave database in [site] out");
	return NULL;
}
