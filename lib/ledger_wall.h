/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_LEDGER_WALL_H
#define WATTGATE_LEDGER_WALL_H

#include "ledger.h"

/*
 * When an interval was, by the calendar. Its length is the boot clock's, since
 * the wall clock may have been set in it; its start is not known where it
 * began before the first sample, then its end is.
 */
static inline int64_t wall_start(const struct ledger_interval *iv)
{
	return iv->start_wall_ns ? iv->start_wall_ns :
	       iv->end_wall_ns - (iv->end_ns - iv->start_ns);
}

static inline int64_t wall_end(const struct ledger_interval *iv)
{
	return wall_start(iv) + (iv->end_ns - iv->start_ns);
}

#endif
