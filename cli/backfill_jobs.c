/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/backfill_jobs.h"

#include <math.h>

/* Does the job hold all that its nodes have of it? */
static bool is_whole(const struct job *job, double held, double all, bool known)
{
	return known && job->nodes_len > 0 && held > 0 &&
	       fabs(held - all) < 0.5;
}

struct job_part job_part_of(const struct job *job,
			    const struct node_size *sizes, uint32_t index)
{
	const double n = job->nodes_len;
	struct job_part part = { job->cpus, job->gpus, job->mem_mb, false };
	double cpus = 0, gpus = 0;
	bool known = true, whole_cpus, whole_gpus;

	if (job->nodes_len <= 1)
		return part;
	for (uint32_t i = 0; i < job->nodes_len; i++) {
		known &= sizes[i].cpus > 0;
		cpus += sizes[i].cpus;
		gpus += sizes[i].gpus;
	}
	whole_cpus = is_whole(job, job->cpus, cpus, known);
	whole_gpus = is_whole(job, job->gpus, gpus, known);
	part.cpus = whole_cpus ? sizes[index].cpus : job->cpus / n;
	part.gpus = whole_gpus ? sizes[index].gpus : job->gpus / n;
	part.mem_mb = job->mem_mb / n;
	part.split = !whole_cpus || (job->gpus > 0 && !whole_gpus);
	return part;
}
