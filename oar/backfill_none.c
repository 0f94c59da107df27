/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backfill.h"

/* Built without libpq. */
int oar_backfill_run(const struct oar_backfill *b,
		     struct oar_backfill_sums *sums, struct err *err)
{
	(void)b;
	*sums = (struct oar_backfill_sums){ 0 };
	return err_set(err, "this wattgate was built without libpq: it cannot fill what OAR's database has");
}
