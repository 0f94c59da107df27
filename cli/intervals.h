/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_INTERVALS_H
#define WATTGATE_CLI_INTERVALS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/ledgers.h"

/*
 * A node's intervals around [from_ns, to_ns): each hour once, by whoever
 * measured more of it; what is open counts where it is not closed yet.
 */
struct intervals_query {
	int64_t from_ns, to_ns;	/* wall time */
	bool parts;		/* what jobs drew of them is wanted, too */
	void (*note)(const char *text);	/* of damaged lines; NULL: passed over */
};

typedef void interval_fn(const struct ledger_interval *iv, void *arg);

/*
 * *newest_ns gets the end of the newest interval that there is, or INT64_MIN.
 * -1 with a text where the ledger cannot be read.
 */
int intervals_visit(const struct ledgers *from, const char *node,
		    const struct intervals_query *query, interval_fn *each,
		    void *arg, int64_t *newest_ns, struct err *err);

/*
 * The part of an interval that lies in [from_ns, to_ns): 0 to 1, by time, and
 * what it spans.
 */
struct clip {
	int64_t from_ns, to_ns;
	double part;
};
struct clip interval_clip(const struct ledger_interval *iv, int64_t from_ns,
			  int64_t to_ns);

/* Let only what intervals_visit() needs of that time be looked for. */
void intervals_window(struct ledgers *from, int64_t from_ns, int64_t to_ns);

#endif
