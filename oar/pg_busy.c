/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which nodes hold a job now. */
#include <libpq-fe.h>

#include "pg_impl.h"

int pg_read_busy(pg_t *pg, pg_busy_fn *fn, void *arg, struct err *err)
{
	PGresult *r = pg_query(pg,
		"SELECT DISTINCT r.network_address FROM assigned_resources a "
		"JOIN resources r ON r.resource_id = a.resource_id "
		"WHERE a.assigned_resource_index = 'CURRENT' "
		"AND r.type = 'default' AND r.network_address <> ''",
		NULL, 0, err);

	if (!r)
		return -1;
	for (int i = 0; i < PQntuples(r); i++)
		fn(arg, PQgetvalue(r, i, 0));
	PQclear(r);
	return 0;
}
