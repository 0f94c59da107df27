/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_OAR_PG_H
#define WATTGATE_OAR_PG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/conf.h"
#include "lib/err.h"

#include "fold.h"
#include "settle.h"
#include "share.h"

/*
 * OAR's PostgreSQL: its own tables, which are only read, and the schema
 * `wattgate`, into which results go. Calls block, with limits of their own
 * (connect 10 s, a statement 60 s, a lock 10 s). All of them fill err and
 * return -1 on failure; what stands in the database is never trusted: times
 * and ids are checked, and every answer has a largest size.
 */

typedef struct pg pg_t;

/*
 * Connect as [oar] says and look at the schema's version. follow: become the
 * only follower of that database, too. NULL with a text.
 */
pg_t *pg_open(const struct conf *conf, bool follow, struct err *err);
void pg_close(pg_t *pg);	/* NULL is fine; an open transaction is undone */

/* Is what [oar] says usable, as far as can be told without a connection? */
int pg_check(const struct conf *conf, struct err *err);

/* The database's clock. */
int pg_now(pg_t *pg, int64_t *now_s, struct err *err);

/*
 * All that is read and written from here to pg_commit() is of one moment and
 * lands as one. After a failure the caller calls pg_rollback().
 */
int pg_begin(pg_t *pg, struct err *err);
int pg_commit(pg_t *pg, struct err *err);
void pg_rollback(pg_t *pg);

/*
 * Was the last failure another's transaction that wrote the same rows? Then
 * nothing is wrong, and the transaction is to be tried again.
 */
bool pg_conflict(const pg_t *pg);

/* ---- pg_read.c: what OAR says ------------------------------------------------- */

/*
 * The resources of each host, one call for each. Hosts whose name is no node
 * name of ours are counted in *odd. A callback that returns -1 has filled err.
 */
typedef int pg_host_fn(void *arg, const char *node, const struct resource *rows,
		       uint32_t count, struct err *err);
int pg_read_hosts(pg_t *pg, pg_host_fn *fn, void *arg, uint32_t *odd,
		  struct err *err);

/* The nodes that a job holds a part of now, each once. */
typedef void pg_busy_fn(void *arg, const char *node);
int pg_read_busy(pg_t *pg, pg_busy_fn *fn, void *arg, struct err *err);

/* Up to where nodes are settled. */
typedef int pg_node_fn(void *arg, const char *node, int64_t settled_s,
		       struct err *err);
int pg_read_nodes(pg_t *pg, pg_node_fn *fn, void *arg, struct err *err);

/* A number that changes when resources come, go, or move to another node. */
int pg_read_rows_mark(pg_t *pg, int64_t *mark, struct err *err);

/* The newest entry of OAR's log of states. */
int pg_read_mark(pg_t *pg, int64_t *mark, struct err *err);

/* A job whose time overlaps a window. */
struct pg_job {
	int64_t id;
	int64_t moldable;
	int64_t inner_of;	/* 0 = of none */
	int64_t from_s, to_s;	/* to_s: CLAIM_OPEN where it has not ended */
	struct pause *pauses;	/* of all its life up to the window's end */
	uint32_t pause_count;
};

struct pg_jobs {
	struct pg_job *items;	/* by moldable */
	uint32_t count;
	bool more;		/* there are more than PG_JOBS_MAX: all left out */
};
#define PG_JOBS_MAX 50000

/*
 * Jobs with time in [from_s, to_s). mark: of pg_read_mark(), a minute before
 * from_s or earlier: jobs are found by what changed since then. Negative: there
 * is none, all jobs are looked through.
 */
int pg_read_jobs(pg_t *pg, int64_t from_s, int64_t to_s, int64_t mark,
		 struct pg_jobs *jobs, struct err *err);
void pg_jobs_free(struct pg_jobs *jobs);

/* The same, only of these jobs, and with their suspensions up to pauses_to_s. */
int pg_read_jobs_of(pg_t *pg, const int64_t *ids, uint32_t count,
		    int64_t from_s, int64_t to_s, int64_t pauses_to_s,
		    struct pg_jobs *jobs, struct err *err);

/*
 * What the jobs hold on these nodes, a call for each job and node. Without
 * nodes: on all there are.
 */
typedef int pg_held_fn(void *arg, uint32_t job, const char *node,
		       const int64_t *resource_ids, uint32_t count,
		       struct err *err);
int pg_read_held(pg_t *pg, const struct pg_jobs *jobs,
		 const char *const *nodes, uint32_t node_count, pg_held_fn *fn,
		 void *arg, struct err *err);

/* The allocations of these jobs that exist already, on these nodes. */
typedef int pg_known_fn(void *arg, int64_t job_id, const char *node,
			double open_gap_s, struct err *err);
int pg_read_known(pg_t *pg, const struct pg_jobs *jobs,
		  const char *const *nodes, uint32_t node_count,
		  pg_known_fn *fn, void *arg, struct err *err);

/* ---- pg_store.c: results --------------------------------------------------------- */

/* A node that is not there yet is settled up to since_s. */
int pg_node_add(pg_t *pg, const char *node, int64_t since_s, struct err *err);

/* Lock the nodes. 1 where all of them are settled up to from_s, 0 where not. */
int pg_nodes_lock(pg_t *pg, const char *const *nodes, uint32_t count,
		  int64_t from_s, struct err *err);

/* A claim that was settled. */
struct pg_alloc {
	int64_t job_id;
	const char *node;
	const char *source;	/* "" = not known */
	const struct claim *claim;
	holding_t holding;	/* of the rows, whoever else holds them */
	struct claim_late late;	/* of it, before the window */
};

struct pg_node_result {
	const char *node;
	const char *source;
	double cores, gpus;
	const struct node_sums *sums;
};

struct pg_results {
	int64_t from_s, to_s;	/* within an hour */
	int64_t now_s;
	const struct pg_alloc *allocs;
	uint32_t alloc_count;
	const struct pg_node_result *nodes;
	uint32_t node_count;
};

/* Add them to what is there, and settle the nodes up to to_s. */
int pg_store(pg_t *pg, const struct pg_results *results, struct err *err);

/* Copy states and ends of jobs that ended up to settled_s. */
int pg_jobs_refresh(pg_t *pg, int64_t settled_s, int64_t now_s,
		    struct err *err);

/* ---- pg_refill.c: hours of the past ---------------------------------------------- */

/* Be the only one who fills hours of the past. */
int pg_refill_lock(pg_t *pg, struct err *err);

/* Lock the node. 1 with up to where it is settled; 0: it is not there. */
int pg_node_lock(pg_t *pg, const char *node, int64_t *settled_s,
		 struct err *err);

/* The hours that a node has in [from_s, to_s), in order. */
struct pg_hour {
	int64_t hour_s;
	double measured_s, unmeasured_s;
	double node_j, allocated_j;
};
typedef int pg_hour_fn(void *arg, const struct pg_hour *hour, struct err *err);
int pg_read_hours(pg_t *pg, const char *node, int64_t from_s, int64_t to_s,
		  pg_hour_fn *fn, void *arg, struct err *err);

/* The jobs that have time in the node's hour. */
typedef int pg_hour_job_fn(void *arg, int64_t job_id, struct err *err);
int pg_read_hour_jobs(pg_t *pg, const char *node, int64_t hour_s,
		      pg_hour_job_fn *fn, void *arg, struct err *err);

/*
 * Copy these jobs of OAR's, which ended up to settled_s; fn is called for each
 * that was not there.
 */
int pg_jobs_copy(pg_t *pg, const int64_t *ids, uint32_t count,
		 int64_t settled_s, int64_t now_s, pg_hour_job_fn *fn,
		 void *arg, struct err *err);

/* Make the allocations that are not there; what they drew comes later. */
int pg_allocs_make(pg_t *pg, const struct pg_alloc *allocs, uint32_t count,
		   int64_t settled_s, struct err *err);

/* Replace the hour (from_s) of the one node in there. */
int pg_hour_replace(pg_t *pg, const struct pg_results *results,
		    struct err *err);

/* The hours that an allocation is made of, and where its power came from. */
typedef int pg_fold_fn(void *arg, int64_t job_id, const char *source,
		       const struct fold_hour *hours, uint32_t count,
		       struct err *err);
int pg_read_fold(pg_t *pg, const char *node, const struct pg_alloc *allocs,
		 uint32_t count, int64_t settled_s, pg_fold_fn *fn, void *arg,
		 struct err *err);

/* What allocations came to. */
struct pg_total {
	int64_t job_id;
	int64_t start_s;
	struct fold fold;
};
int pg_totals_set(pg_t *pg, const char *node, const struct pg_total *totals,
		  uint32_t count, struct err *err);

/* Core and GPU seconds of the jobs, from their allocations. */
int pg_jobs_sum(pg_t *pg, const int64_t *ids, uint32_t count, int64_t now_s,
		struct err *err);

#endif
