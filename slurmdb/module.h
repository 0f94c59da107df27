/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SLURMDB_MODULE_H
#define WATTGATE_SLURMDB_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

/*
 * slurmdb.so: jobs from slurmdbd by Slurm's public API. A module of its own,
 * so that a program that loads it runs where there is no Slurm. No type of
 * Slurm's is seen here.
 *
 * Records of Slurm's change from one release to the next; so does the name of
 * libslurm, so that what was built for another release does not load.
 *
 * It must be loaded with RTLD_GLOBAL, since Slurm's own plugins look for
 * libslurm's symbols, and once in a process: libslurm has globals.
 */

/* Which jobs are wanted. */
struct slurmdb_query {
	int64_t from_s, to_s;	/* that ended in [from, to) */
	bool running;		/* and those that started before `to` and run */
	bool during;		/* and all others that had time before `to` */
	const char *user;	/* of this user, as accounting names it; NULL: all */
};

/* An instance of a job. Texts belong to the page, and none is NULL. */
struct slurmdb_job {
	uint64_t row;		/* its number in the database */
	uint32_t id;
	uint32_t array_id;	/* 0: of no array */
	uint32_t array_task;
	const char *state;
	int64_t start_s, end_s;	/* since 1970; 0 = unknown */
	int64_t suspended_s;
	int64_t elapsed_s;	/* less suspension, by the scheduler's clock */
	double cpus;		/* NaN unknown, as the next */
	double gpus;		/* 0 where the job holds TRES, but no gres/gpu */
	double mem_mb;		/* MiB */
	double energy_j;	/* of its own row */
	const char *nodes;	/* "" = none */
	const char *user, *account, *wckey;
	int64_t submit_s;	/* with cluster and id it names the instance */
	const char *cluster;
	const char *name, *comment;	/* the comment is the user's own */
	/* The last is of 23.02 and later; users write it. */
	const char *admin_comment, *system_comment, *extra;
};

/* What of a job's row can be written after its end. */
enum slurmdb_field {
	SLURMDB_NO_FIELD,
	SLURMDB_ADMIN_COMMENT,
	SLURMDB_SYSTEM_COMMENT,
	SLURMDB_EXTRA
};

/*
 * The text that is to stand for `text`, by malloc(); NULL: it stays.
 */
typedef char *slurmdb_edit(const char *text, void *arg);

enum slurmdb_edited {
	SLURMDB_EDITED,
	SLURMDB_STAYS,
	SLURMDB_NOT_ALONE	/* nothing, or more than this instance, answers to
				   its id and its end */
};

struct slurmdb_page {
	const struct slurmdb_job *jobs;
	size_t len;
};

typedef struct slurmdb slurmdb_t;

struct slurmdb_ops {
	uint32_t version;	/* SLURMDB_MODULE_VERSION */

	/*
	 * Slurm's own configuration (SLURM_CONF) says where slurmdbd is; where
	 * there is none, libslurm says so and ends the process. Strings of the
	 * query have to stay. NULL with a text.
	 */
	slurmdb_t *(*open)(const struct slurmdb_query *query, struct err *err);

	/*
	 * The next jobs, by one question to slurmdbd: there may be none in a
	 * page. What a page has ended before all that the next one has, and
	 * what runs comes last. 1, 0 where there are no more, -1 with a text.
	 * The page is valid until the next call.
	 */
	int (*next)(slurmdb_t *db, struct slurmdb_page *page, struct err *err);

	/*
	 * joules[i] gets what the extern step of jobs[i], which has ended, has;
	 * NaN where there is none. Of a job only row, id, array_id, array_task
	 * and end_s are used. Best with jobs in the order of their ends.
	 */
	int (*extern_energy)(slurmdb_t *db, const struct slurmdb_job *jobs,
			     size_t len, double *joules, struct err *err);

	/* Does accounting know GPUs (is gres/gpu among its TRES)? */
	bool (*tracks_gpus)(const slurmdb_t *db);

	/*
	 * Change a text of one instance that has ended, by what it is at this
	 * moment, and nothing else of it: in one transaction, which is over
	 * before this returns, so that the text is the old or the new one
	 * whatever happens. Of a job the same is used as by extern_energy. enum
	 * slurmdb_edited, or -1 with a text. A page stays valid.
	 */
	int (*edit)(slurmdb_t *db, const struct slurmdb_job *job,
		    enum slurmdb_field field, slurmdb_edit *edit, void *arg,
		    struct err *err);

	/*
	 * Put the joules of its row right; the same way. Slurm's usage is rolled
	 * up again from the job's start on.
	 */
	int (*set_energy)(slurmdb_t *db, const struct slurmdb_job *job,
			  uint64_t joules, struct err *err);

	/* Does this Slurm have them? */
	bool (*has_field)(enum slurmdb_field field);
	bool (*sets_energy)(void);

	void (*close)(slurmdb_t *db);	/* NULL is fine */
};

#define SLURMDB_MODULE_VERSION 3
#define SLURMDB_MODULE_SYMBOL "wattgate_slurmdb"

#endif
