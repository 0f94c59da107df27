/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/backfill.h"

int backfill_slurm(struct backfill *b, struct backfill_sums *sums,
		   struct err *err)
{
	(void)b;
	(void)sums;
	return err_set(err, "--scheduler slurm is not available in this version");
}
