/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slurmdb/modify.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slurmdb/ask.h"

/* Joules among the TRES that Slurm has built in. */
#define TRES_ID_ENERGY 3

/* ---- which instance -------------------------------------------------------- */

/* It and the list in it have to stay while it is asked for. */
struct instance {
	slurm_selected_step_t step;
	slurmdb_job_cond_t cond;
};

/*
 * A row of the database cannot be named. Its id and the second of its end can:
 * a job that was requeued has a row with the same id for each time it ran. The
 * states are what makes slurmdbd look at the end. A change takes whatever the
 * same condition finds.
 */
static int instance_name(struct instance *in, const struct modify_at *at,
			 const struct slurmdb_job *job, struct err *err)
{
	memset(in, 0, sizeof(*in));
	in->step.array_task_id = job->array_id ? job->array_task : NO_VAL;
	in->step.het_job_offset = NO_VAL;
	in->step.step_id.job_id = job->array_id ? job->array_id : job->id;
	in->step.step_id.step_het_comp = NO_VAL;
	in->step.step_id.step_id = NO_VAL;
	in->cond.cluster_list = at->clusters;
	in->cond.state_list = at->states;
	in->cond.db_flags = SLURMDB_JOB_FLAG_NOTSET;
	in->cond.flags = JOBCOND_FLAG_DUP | JOBCOND_FLAG_NO_TRUNC |
			 JOBCOND_FLAG_NO_WHOLE_HETJOB | JOBCOND_FLAG_NO_STEP |
			 JOBCOND_FLAG_NO_DEFAULT_USAGE;
	in->cond.usage_start = in->cond.usage_end = (time_t)job->end_s;
	in->cond.step_list = slurm_list_create(NULL);
	if (!in->cond.step_list)
		return err_set(err, "out of memory");
	slurm_list_append(in->cond.step_list, &in->step);
	return 0;
}

static void instance_clear(struct instance *in)
{
	if (in->cond.step_list)
		slurm_list_destroy(in->cond.step_list);
}

/* ---- questions ------------------------------------------------------------- */

static int failed(struct err *err, const char *what)
{
	if (errno == ESLURM_ACCESS_DENIED)
		return err_set(err, "slurmdbd lets only operators and administrators write into rows of jobs: run as root, as SlurmUser, or as a user who is one (sacctmgr modify user NAME set adminlevel=operator)");
	return ask_failed(err, what);
}

/* The end of a transaction, and of what it sees of others' changes. */
static int end_transaction(const struct modify_at *at, bool commit,
			   struct err *err)
{
	ask_begin(at->socket);
	if (slurmdb_connection_commit(at->connection, commit) == SLURM_SUCCESS)
		return 0;
	return failed(err, commit ? "slurmdbd does not commit" :
					"slurmdbd does not begin anew");
}

/* What answers to the instance's name. NULL with a text. */
static compat_list_t find(const struct modify_at *at, struct instance *in,
			  struct err *err)
{
	compat_list_t list;

	ask_begin(at->socket);
	list = slurmdb_jobs_get(at->connection, &in->cond);
	if (!list)
		failed(err, "slurmdbd does not say what a job's comment is");
	return list;
}

/* The row of the instance, where nothing else has its name. */
static const slurmdb_job_rec_t *only_row(compat_list_t list, uint64_t row)
{
	const slurmdb_job_rec_t *record, *found = NULL;
	compat_itr_t itr;

	if (slurm_list_count(list) != 1)
		return NULL;
	itr = slurm_list_iterator_create(list);
	while ((record = slurm_list_next(itr)))
		if (record->db_index == row)
			found = record;
	slurm_list_iterator_destroy(itr);
	return found;
}

/* ---- texts ----------------------------------------------------------------- */

bool modify_has_field(enum slurmdb_field field)
{
	return field == SLURMDB_ADMIN_COMMENT ||
	       field == SLURMDB_SYSTEM_COMMENT ||
	       (field == SLURMDB_EXTRA && COMPAT_HAS_EXTRA);
}

static const char *field_of(const slurmdb_job_rec_t *record,
			    enum slurmdb_field field)
{
	const char *text = field == SLURMDB_ADMIN_COMMENT ?
			   record->admin_comment :
			   field == SLURMDB_SYSTEM_COMMENT ?
			   record->system_comment : compat_extra(record);

	return text ? text : "";
}

/* What a change has beside what it changes: nothing. */
static slurmdb_job_rec_t no_change(void)
{
	return (slurmdb_job_rec_t){
		.array_task_id = NO_VAL, .derived_ec = NO_VAL,
		.requid = (uint32_t)-1, .resvid = NO_VAL,
	};
}

static slurmdb_job_rec_t text_change(enum slurmdb_field field, char *text)
{
	slurmdb_job_rec_t change = no_change();

	if (field == SLURMDB_ADMIN_COMMENT)
		change.admin_comment = text;
	else if (field == SLURMDB_SYSTEM_COMMENT)
		change.system_comment = text;
	else
		compat_set_extra(&change, text);
	return change;
}

/* slurmdbd escapes what it gets. */
static int change_row(const struct modify_at *at, struct instance *in,
		      slurmdb_job_rec_t *change, struct err *err)
{
	compat_list_t changed;
	int count;

	ask_begin(at->socket);
	changed = slurmdb_job_modify(at->connection, &in->cond, change);
	if (!changed)
		return failed(err, "slurmdbd does not change a job");
	count = slurm_list_count(changed);
	slurm_list_destroy(changed);
	if (count == 0)
		return SLURMDB_NOT_ALONE;
	return end_transaction(at, true, err) < 0 ? -1 : SLURMDB_EDITED;
}

/*
 * As the row is now: the transaction that the jobs were read in sees it as it
 * was then, and ends first.
 */
static int edit_now(const struct modify_at *at, const struct slurmdb_job *job,
		    struct instance *in, enum slurmdb_field field,
		    slurmdb_edit *edit, void *arg, struct err *err)
{
	const slurmdb_job_rec_t *row;
	slurmdb_job_rec_t change;
	compat_list_t list;
	char *text;
	int rc;

	if (end_transaction(at, false, err) < 0)
		return -1;
	list = find(at, in, err);
	if (!list)
		return -1;
	row = only_row(list, job->row);
	text = row ? edit(field_of(row, field), arg) : NULL;
	slurm_list_destroy(list);
	if (!row)
		return SLURMDB_NOT_ALONE;
	if (!text)
		return SLURMDB_STAYS;
	change = text_change(field, text);
	rc = change_row(at, in, &change, err);
	free(text);
	return rc;
}

int modify_text(const struct modify_at *at, const struct slurmdb_job *job,
		enum slurmdb_field field, slurmdb_edit *edit, void *arg,
		struct err *err)
{
	struct instance in;
	int rc;

	if (!modify_has_field(field))
		return err_set(err, "jobs have no such field in Slurm %d.%02d; 23.02 and later have extra",
			       COMPAT_MAJOR, COMPAT_MINOR);
	if (instance_name(&in, at, job, err) < 0)
		return -1;
	rc = edit_now(at, job, &in, field, edit, arg, err);
	instance_clear(&in);
	return rc;
}

/* ---- joules ---------------------------------------------------------------- */

bool modify_sets_energy(void)
{
	return COMPAT_SETS_ENERGY;
}

/*
 * From 25.11 on tres_alloc_str replaces the TRES in it and leaves the others.
 * Before, slurmdbd passes over it.
 */
static int set_now(const struct modify_at *at, const struct slurmdb_job *job,
		   struct instance *in, uint64_t joules, struct err *err)
{
	slurmdb_job_rec_t change = no_change();
	char tres[40];
	compat_list_t list;
	bool alone;

	if (end_transaction(at, false, err) < 0)
		return -1;
	list = find(at, in, err);
	if (!list)
		return -1;
	alone = only_row(list, job->row) != NULL;
	slurm_list_destroy(list);
	if (!alone)
		return SLURMDB_NOT_ALONE;
	snprintf(tres, sizeof(tres), "%d=%llu", TRES_ID_ENERGY,
		 (unsigned long long)joules);
	change.tres_alloc_str = tres;
	return change_row(at, in, &change, err);
}

int modify_energy(const struct modify_at *at, const struct slurmdb_job *job,
		  uint64_t joules, struct err *err)
{
	struct instance in;
	int rc;

	if (!modify_sets_energy())
		return err_set(err, "Slurm %d.%02d cannot put the joules of a job right; 25.11 and later can",
			       COMPAT_MAJOR, COMPAT_MINOR);
	if (instance_name(&in, at, job, err) < 0)
		return -1;
	rc = set_now(at, job, &in, joules, err);
	instance_clear(&in);
	return rc;
}
