/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instead of pg_oar.c, where there was no libpq. Only the first is ever called. */
#include <math.h>
#include <stddef.h>

#include "cli/pg_oar.h"

static int none(struct err *err)
{
	return err_set(err, "this wattgate was built without PostgreSQL, so it cannot read OAR's database: build it where libpq is (Debian: libpq-dev)");
}

pg_oar_t *pg_oar_open(const char *conninfo, const char *password,
		      struct err *err)
{
	(void)conninfo;
	(void)password;
	none(err);
	return NULL;
}

void pg_oar_close(pg_oar_t *db)
{
	(void)db;
}

int pg_oar_freeze(pg_oar_t *db, struct err *err)
{
	(void)db;
	return none(err);
}

int pg_oar_schema(pg_oar_t *db, int64_t *version, struct err *err)
{
	(void)db;
	*version = 0;
	return none(err);
}

int pg_oar_schema_check(pg_oar_t *db, struct err *err)
{
	(void)db;
	return none(err);
}

int pg_oar_rows(pg_oar_t *db, const char *sql, const char *const *params,
		int count, pg_row_fn *fn, void *arg, struct err *err)
{
	(void)db;
	(void)sql;
	(void)params;
	(void)count;
	(void)fn;
	(void)arg;
	return none(err);
}

const char *pg_row_text(const struct pg_row *row, int col)
{
	(void)row;
	(void)col;
	return NULL;
}

bool pg_row_int(const struct pg_row *row, int col, int64_t *out)
{
	(void)row;
	(void)col;
	*out = 0;
	return false;
}

double pg_row_number(const struct pg_row *row, int col)
{
	(void)row;
	(void)col;
	return NAN;
}

bool pg_row_true(const struct pg_row *row, int col)
{
	(void)row;
	(void)col;
	return false;
}
