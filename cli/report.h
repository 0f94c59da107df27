/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_REPORT_H
#define WATTGATE_CLI_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/confs.h"
#include "cli/ledgers.h"
#include "cli/pg_oar.h"
#include "cli/rates.h"
#include "cli/rows.h"
#include "cli/slurm_jobs.h"
#include "lib/err.h"

#define JOULES_PER_KWH 3.6e6

/*
 * Something done with each job of Slurm's, by the connection that it was read
 * from. Anything but 0, with a text, ends the report.
 */
typedef int report_each(slurm_jobs_t *source, const struct job *job,
			const struct cell *row, void *arg, struct err *err);

/* What names an instance of a job; 0: not known. */
struct job_key {
	int64_t id, submit_s, start_s, end_s;
};

/*
 * Is the job to be reported? Asked before its figures are looked for, once for
 * each of the window. Where it is set, jobs have cluster and submit time.
 */
typedef bool report_wants(const struct job_key *key, void *arg);

/* What `wattgate report` was asked for. */
struct report {
	int64_t from_ns, to_ns, now_ns;
	bool running;
	bool during;	/* all that had time in it, and of Slurm's when they drew */
	const char *user, *account;	/* NULL: all */
	char own_name[256];	/* what user is where nobody said */
	enum slurm_via via;
	bool texts;		/* rows have JOB_NAME and JOB_COMMENT, too */
	enum slurmdb_field field;	/* that jobs have as their note */
	report_each *each;	/* NULL: nothing */
	void *each_arg;
	report_wants *wants;	/* NULL: all */
	void *wants_arg;
	struct confs confs;
	struct rates rates;
};

/*
 * Something done for each node of the ledgers, where these tell of the report's
 * time. -1, with a text, is noted; -1 where it was so of all nodes.
 */
typedef int report_node_fn(const struct ledgers *from, const char *node,
			   void *arg, struct err *err);
int report_each_node(const struct report *report, report_node_fn *fn,
		     void *arg, struct err *err);

/* One row a node. NULL with a text. Notes go to standard error. */
struct rows *report_nodes(const struct report *report, struct err *err);

/*
 * Takes the rows of a part of a report; they are cleared after that. There is
 * one part at least.
 */
typedef void report_sink(struct rows *rows, void *arg);

/*
 * One row a job, part by part, in the order of their ends. -1 with a text,
 * perhaps after some parts.
 */
int report_jobs(struct report *report, report_sink *sink, void *arg,
		struct err *err);

/*
 * The same from what wattgated wrote into OAR's database, part by part. -1
 * with a text, perhaps after some parts.
 */
int report_oar_jobs(const struct report *report, struct pg_oar *db,
		    report_sink *sink, void *arg, struct err *err);
int report_oar_nodes(const struct report *report, struct pg_oar *db,
		     report_sink *sink, void *arg, struct err *err);

#endif
