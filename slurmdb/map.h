/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SLURMDB_MAP_H
#define WATTGATE_SLURMDB_MAP_H

#include "slurmdb/module.h"
#include "slurmdb/slurm_compat.h"

/*
 * What slurmdbd tells of a job, as our values: the same that sacct would
 * print. Pure: no connection, no clock.
 */

/* Ids of accounting's GPUs among its TRES. */
struct gpu_ids {
	uint32_t plain;		/* gres/gpu; 0: not there */
	uint32_t typed[64];	/* gres/gpu:NAME */
	size_t typed_len;
};

/* Take note of a TRES if it is a GPU. */
void map_add_gpu(struct gpu_ids *gpus, const slurmdb_tres_rec_t *tres);

/* Texts of *out point into *in; user is NULL where accounting has no name. */
void map_job(const slurmdb_job_rec_t *in, const struct gpu_ids *gpus,
	     struct slurmdb_job *out);

/* Joules of a step's row; NaN unknown. */
double map_energy(uint64_t joules);

/* sacct's name of a state. */
const char *map_state(uint32_t state);

/*
 * How much of TRES `id` a text of slurmdbd's ("1=2,2=2000") has: 0 where it
 * was not found, 1 with *count, -1 where it is there without a value.
 */
int map_tres(const char *tres, uint32_t id, uint64_t *count);

#endif
