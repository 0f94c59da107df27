/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_CONTEST_H
#define WATTGATE_CLI_CONTEST_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/ledger.h"

/*
 * An hour of a node may be known twice: by what wattgated wrote, and by what
 * `wattgate backfill` filled later. It counts once: as wattgated wrote it,
 * unless what was filled has more measured time. beaten[i] is set for each of
 * the list's intervals that does not count.
 */
void intervals_contest(const struct ledger_interval *const *list, size_t len,
		       bool *beaten);

#endif
