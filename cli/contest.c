/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/contest.h"

#include <stdlib.h>

#include "cli/ledgers.h"
#include "cli/mem.h"
#include "lib/ledger_wall.h"

#define HOUR_NS (3600 * NS_PER_S)

struct entry {
	int64_t hour;
	bool past;
	size_t index;
	int64_t measured_ns;
};

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->hour < y->hour ? -1 : x->hour > y->hour;
}

/* The entries of one hour. */
static void contest_hour(const struct entry *entries, size_t len, bool *beaten)
{
	int64_t live_ns = 0, past_ns = 0;
	bool live = false;

	for (size_t i = 0; i < len; i++) {
		int64_t *sum = entries[i].past ? &past_ns : &live_ns;

		*sum = ns_add(*sum, entries[i].measured_ns);
		live |= !entries[i].past;
	}
	for (size_t i = 0; live && i < len; i++)
		beaten[entries[i].index] = entries[i].past ?
			past_ns <= live_ns : past_ns > live_ns;
}

void intervals_contest(const struct ledger_interval *const *list, size_t len,
		       bool *beaten)
{
	struct entry *entries = mem_zeroed(len + 1, sizeof(*entries));
	size_t i, end;

	for (i = 0; i < len; i++) {
		const struct ledger_interval *iv = list[i];
		const int64_t middle = wall_start(iv) +
				       (iv->end_ns - iv->start_ns) / 2;

		beaten[i] = false;
		entries[i] = (struct entry){ middle / HOUR_NS,
			ledgers_past_boot(iv->boot_id), i, iv->measured_ns };
	}
	if (len)
		qsort(entries, len, sizeof(*entries), compare);
	for (i = 0; i < len; i = end) {
		for (end = i + 1; end < len; end++)
			if (entries[end].hour != entries[i].hour)
				break;
		contest_hour(entries + i, end - i, beaten);
	}
	free(entries);
}
