/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_ARCHIVE_LIVE_H
#define WATTGATE_ARCHIVE_LIVE_H

#include "archive.h"
#include "source.h"

/*
 * What Kwollect and Prometheus have as sources: one GET a period, for the rows
 * behind the last one. Rows may come late, together, or not at all. Their
 * stamps are wall time of the server or its collectors and become boot time by
 * this host's clocks, so the clocks must agree; stamps of the future are
 * refused.
 *
 * After a start, or after the server was away, rows are taken from up to
 * ARCHIVE_LATE_NS ago; what is older is for `wattgate backfill`.
 */

#define ARCHIVE_LATE_NS (600 * NS_PER_S)

source_t *archive_live_open(const struct source_env *env,
			    const struct archive_ops *ops, struct err *err);
void archive_live_sample(source_t *s, source_done_fn done, void *arg);
const char *archive_live_place(const source_t *s);
void archive_live_close(source_t *s, int64_t limit_ns);

#endif
