/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "slurmdb/map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of TRES that Slurm has built in. */
enum { TRES_ID_CPU = 1, TRES_ID_MEM = 2, TRES_ID_ENERGY = 3 };

#define SECONDS_MAX INT64_C(9000000000)	/* in the year 2255 */

/* ---- states ---------------------------------------------------------------- */

/* A flag names the state; of several the first here. */
static const struct {
	uint32_t flag;
	const char *name;
} state_flags[] = {
	{ JOB_COMPLETING, "COMPLETING" },
	{ JOB_STAGE_OUT, "STAGE_OUT" },
	{ JOB_CONFIGURING, "CONFIGURING" },
#ifdef JOB_EXPEDITING
	{ JOB_EXPEDITING, "EXPEDITING" },
#endif
	{ JOB_RESIZING, "RESIZING" },
	{ JOB_REQUEUE, "REQUEUED" },
	{ JOB_REQUEUE_FED, "REQUEUE_FED" },
	{ JOB_REQUEUE_HOLD, "REQUEUE_HOLD" },
	{ JOB_SPECIAL_EXIT, "SPECIAL_EXIT" },
	{ JOB_STOPPED, "STOPPED" },
	{ JOB_REVOKED, "REVOKED" },
	{ JOB_RESV_DEL_HOLD, "RESV_DEL_HOLD" },
	{ JOB_SIGNALING, "SIGNALING" },
};

static const char *const state_names[] = {
	[JOB_PENDING] = "PENDING",
	[JOB_RUNNING] = "RUNNING",
	[JOB_SUSPENDED] = "SUSPENDED",
	[JOB_COMPLETE] = "COMPLETED",
	[JOB_CANCELLED] = "CANCELLED",
	[JOB_FAILED] = "FAILED",
	[JOB_TIMEOUT] = "TIMEOUT",
	[JOB_NODE_FAIL] = "NODE_FAIL",
	[JOB_PREEMPTED] = "PREEMPTED",
	[JOB_BOOT_FAIL] = "BOOT_FAIL",
	[JOB_DEADLINE] = "DEADLINE",
	[JOB_OOM] = "OUT_OF_MEMORY",
};

const char *map_state(uint32_t state)
{
	const uint32_t base = state & JOB_STATE_BASE;

	if (state == NO_VAL)
		return "";
	for (size_t i = 0; i < sizeof(state_flags) / sizeof(*state_flags); i++)
		if (state & state_flags[i].flag)
			return state_flags[i].name;
	return base < sizeof(state_names) / sizeof(*state_names) ?
	       state_names[base] : "?";
}

/* ---- TRES ------------------------------------------------------------------ */

int map_tres(const char *tres, uint32_t id, uint64_t *count)
{
	const char *at = tres;

	while (at && *at) {
		char *end;
		unsigned long n = strtoul(at, &end, 10);

		if (end == at)
			return 0;
		if (n == id) {
			if (*end != '=' || end[1] < '0' || end[1] > '9')
				return -1;
			*count = strtoull(end + 1, NULL, 10);
			return 1;
		}
		at = strchr(end, ',');
		at = at ? at + 1 : NULL;
	}
	return 0;
}

/* NaN where it is not there, or not known. */
static double tres_amount(const char *tres, uint32_t id)
{
	uint64_t count;

	if (map_tres(tres, id, &count) <= 0 || count == NO_VAL64 ||
	    count == INFINITE64)
		return NAN;
	return (double)count;
}

void map_add_gpu(struct gpu_ids *gpus, const slurmdb_tres_rec_t *tres)
{
	const size_t room = sizeof(gpus->typed) / sizeof(*gpus->typed);

	if (!tres->type || !tres->name || strcmp(tres->type, "gres") != 0 ||
	    tres->id == 0)
		return;
	if (strcmp(tres->name, "gpu") == 0)
		gpus->plain = tres->id;
	else if (strncmp(tres->name, "gpu:", 4) == 0 && gpus->typed_len < room)
		gpus->typed[gpus->typed_len++] = tres->id;
}

/* Typed entries add up where the plain one is missing. */
static double count_gpus(const char *tres, const struct gpu_ids *gpus)
{
	double sum = gpus->plain ? tres_amount(tres, gpus->plain) : NAN;

	if (!isnan(sum))
		return sum;
	for (size_t i = 0; i < gpus->typed_len; i++) {
		double n = tres_amount(tres, gpus->typed[i]);

		if (!isnan(n))
			sum = (isnan(sum) ? 0 : sum) + n;
	}
	return isnan(sum) && *tres ? 0 : sum;
}

/* What it holds; of one that holds nothing yet what it asks for. */
static double count_cpus(const slurmdb_job_rec_t *in)
{
	const char *tres = in->tres_alloc_str && *in->tres_alloc_str ?
			   in->tres_alloc_str : in->tres_req_str;
	double n = tres_amount(tres, TRES_ID_CPU);

	return isnan(n) ? 0 : n;
}

/* A job's row without energy has none: 0, which counts as unknown later. */
static double row_energy(const char *tres)
{
	uint64_t joules;
	int rc = map_tres(tres, TRES_ID_ENERGY, &joules);

	if (rc == 0)
		return 0;
	return rc < 0 ? NAN : map_energy(joules);
}

double map_energy(uint64_t joules)
{
	return joules == NO_VAL64 || joules == INFINITE64 ? NAN : (double)joules;
}

/* ---- the job --------------------------------------------------------------- */

/* 0 is unknown; NO_VAL is what a job has that never started. */
static int64_t map_time(time_t t)
{
	return t <= 0 || t > SECONDS_MAX || t == (time_t)NO_VAL ||
	       t == (time_t)INFINITE ? 0 : t;
}

static int64_t map_seconds(uint32_t s)
{
	return s == NO_VAL || s == INFINITE ? 0 : s;
}

static const char *map_text(const char *text)
{
	return text ? text : "";
}

static const char *map_nodes(const char *nodes)
{
	return nodes && strcmp(nodes, "None assigned") != 0 ? nodes : "";
}

void map_job(const slurmdb_job_rec_t *in, const struct gpu_ids *gpus,
	     struct slurmdb_job *out)
{
	const char *held = map_text(in->tres_alloc_str);
	const char *wckey = map_text(in->wckey);
	const bool of_array = in->array_job_id != 0 &&
			      in->array_task_id != NO_VAL;

	memset(out, 0, sizeof(*out));
	out->row = in->db_index;
	out->id = in->jobid;
	out->array_id = of_array ? in->array_job_id : 0;
	out->array_task = of_array ? in->array_task_id : 0;
	out->state = map_state(in->state);
	out->start_s = map_time(in->start);
	out->end_s = map_time(in->end);
	out->suspended_s = map_seconds(in->suspended);
	out->elapsed_s = map_seconds(in->elapsed);
	out->cpus = count_cpus(in);
	out->gpus = count_gpus(held, gpus);
	out->mem_mb = tres_amount(held, TRES_ID_MEM);
	out->energy_j = row_energy(held);
	out->nodes = map_nodes(in->nodes);
	out->user = in->user;
	out->account = map_text(in->account);
	out->name = map_text(in->jobname);
	out->comment = map_text(in->derived_es);
	/* An asterisk marks the key as the user's default. */
	out->wckey = wckey + (*wckey == '*');
	out->submit_s = map_time(in->submit);
	out->cluster = map_text(in->cluster);
	out->admin_comment = map_text(in->admin_comment);
	out->system_comment = map_text(in->system_comment);
	out->extra = map_text(compat_extra(in));
}
