/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_ACCOUNT_IMPL_H
#define WATTGATE_ACCOUNT_IMPL_H

#include "account.h"
#include "holder.h"
#include "lib/gate.h"

/* Shared by account*.c; no one else. */

struct account {
	struct account_params p;
	struct holder_set set;
	int64_t settled_ns;
	int64_t settled_wall_ns;
	struct ledger_interval interval;	/* the open one */
	uint32_t parts_size;
	struct account_sums sums;
	int64_t boundary_ns;	/* boot time at which the interval ends; 0 = not known */
	int64_t checkpointed_ns;	/* NODE.open is settled up to here; 0: due now */
	int64_t replayed_ns;	/* the ledger has intervals up to here */
	int64_t await_ns;	/* until when an open gap may be bridged; 0: it won't */
	int64_t bridged_ns;	/* suspensions in the gap that began here are right */
	int64_t oldest_note_ns;	/* a prolog under way; INT64_MAX: none */
	struct ledger_rec *pending;	/* to be appended */
	uint32_t pending_len, pending_size;
	int gate_dirfd;
	char source[64];
	struct log_latch gate_latch, ledger_latch, open_latch, scale_latch,
		proc_latch;
};

/* account_settle.c: divide [settled_ns, to_ns) among its holders. */
void account_settle(account_t *a, const series_t *s, int64_t to_ns);

/* account_interval.c */
void interval_begin(account_t *a);
/* Add an allocation's joules to the open interval. */
void interval_add_part(account_t *a, uint32_t job_id, uint32_t restart,
		       double joules);
/* Queue the interval up to settled_ns for the ledger and begin the next. */
void interval_end(account_t *a);
/*
 * Where the interval ends after settled_ns: at the next UTC boundary, by the
 * series, or first where the ledger's last interval did.
 */
int64_t interval_boundary(const account_t *a, const series_t *s);
/* Wall time of an instant at or after settled_ns; never negative. */
int64_t interval_wall_ns(const account_t *a, const series_t *s,
			 int64_t boot_ns);

/* account_store.c */
void store_queue(account_t *a, const struct ledger_rec *rec);
/* Append what is queued. False: it stays queued, and is tried again. */
bool store_flush(account_t *a);
/* Replace NODE.open. */
void store_checkpoint(account_t *a);
/* Take up NODE.open, and leave out what the ledger already has. */
int store_restore(account_t *a, struct err *err);
struct ledger_alloc store_alloc(const account_t *a, const struct holder *h,
				const char *end);

/* account_follow.c: look at records, processes and suspensions. */
void account_follow(account_t *a, const struct series_params *sp,
		    const series_t *s, int64_t now_ns);
/*
 * Up to when it is known who holds what: a prolog under way, a share that Slurm
 * has not told yet and a suspension in doubt hold settling back.
 */
int64_t account_known_until(const account_t *a, int64_t now_ns);
/* Only the first part of it: know every record in the gate directory. */
void account_list_records(account_t *a, int64_t now_ns);

#endif
