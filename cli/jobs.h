/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_JOBS_H
#define WATTGATE_CLI_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/annotation.h"

/*
 * Jobs as the scheduler's accounting tells them. A requeued job is here once
 * for each time it ran: an instance has its own start, end and energy.
 */

/* What the nodes' ledgers hold of an instance, all its nodes together. */
struct job_ledger {
	uint32_t nodes;		/* nodes whose ledger has it */
	uint32_t open_nodes;	/* of them, not closed yet */
	uint32_t restart;	/* what nodes' records call this instance */
	uint64_t last_node;	/* number of the ledger last added; 0: none */
	int64_t last_start_ns;	/* of the record last added */
	double gated_j, node_j;
	double model_j;		/* NaN where one of them does not know */
	double cores, gpus;	/* held, on all nodes */
	int64_t active_ns, covered_ns, max_gap_ns;
	char source[64];	/* "mixed" where nodes differ */
};

/* What a job drew in a stretch of time, on all its nodes together. */
struct job_drew {
	int64_t from_ns, to_ns;	/* wall time */
	double joules;
};

struct job {
	uint64_t row;		/* in the database, where it was read by slurmdb */
	uint32_t array_id;	/* 0: of no array */
	uint32_t array_task;	/* where it was read by slurmdb */
	uint32_t id;
	char *user, *account, *project;
	char *cluster;		/* NULL: not told */
	int64_t submit_s;	/* 0: not told */
	char *name, *comment;	/* NULL: were not asked for */
	char state[24];
	int64_t start_s, end_s;	/* since 1970; 0 = did not start, runs */
	int64_t suspended_s;
	int64_t elapsed_s;	/* less suspension */
	double cpus, gpus, mem_mb;	/* as sacct has them; NaN unknown */
	char *nodes;		/* Slurm's list; "" = none */
	uint32_t nodes_len;
	double job_row_j;	/* the job's own row; NaN unknown */
	double extern_j;	/* its extern step's row; NaN unknown */
	struct annotation *annotation;	/* what its comments tell; NULL: nothing */
	char *note;		/* the text that was asked for; NULL: none was */
	struct job_ledger ledger;
	struct job_drew *parts;	/* in order, where they were asked for */
	size_t parts_len, parts_room;
};

struct jobs {
	struct job *list;
	size_t len, room;
};

/* A new job, all zero; valid until the next call. */
struct job *jobs_add(struct jobs *jobs);
void jobs_remove_last(struct jobs *jobs);
void jobs_clear(struct jobs *jobs);	/* none is left, but room for as many */
void jobs_destroy(struct jobs *jobs);	/* what is in it, not itself */

/* Of names and comments, which may have any length, so much is kept. */
#define JOB_TEXT_MAX 1024
void job_set_texts(struct job *job, const char *name, const char *comment);

/*
 * Seconds that a job ran, less suspension: from start and end, since what the
 * scheduler tells follows its options; while it runs, what the scheduler
 * tells.
 */
int64_t jobs_elapsed_s(int64_t start_s, int64_t end_s, int64_t suspended_s,
		       int64_t told_s);

/* Every node's ledger has the job. */
bool job_ledger_whole(const struct job *job);

/* By job id, then by start: what jobs_find() needs. */
void jobs_sort_by_id(struct jobs *jobs);
/* By end (those without last), then by id and start: for people. */
void jobs_sort_by_end(struct jobs *jobs);

/* Index of the first instance of `id`, or of what follows it; sorted by id. */
size_t jobs_first(const struct jobs *jobs, uint32_t id);

/*
 * The instance of job `id` that an allocation belongs to which a node saw
 * start at start_s: one that was running then, within `slack_s` for clocks
 * that disagree; of several the one whose start is nearest. NULL: none.
 */
struct job *jobs_find(struct jobs *jobs, uint32_t id, int64_t start_s,
		      int64_t slack_s);

#endif
