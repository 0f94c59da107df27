/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank_holding.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 65536u

/* Ids in one token, "7" or "0-3"; *end is set behind it. */
static unsigned token_count(const char *token, const char **end)
{
	unsigned long first, last;
	char *p;

	*end = token + strcspn(token, ",");
	if (!isdigit((unsigned char)*token))
		return *end > token ? 1 : 0;
	first = last = strtoul(token, &p, 10);
	if (*p == '-' && isdigit((unsigned char)p[1]))
		last = strtoul(p + 1, &p, 10);
	if (p != *end || last < first)
		return 1;
	if (last - first >= LIST_MAX)
		return LIST_MAX;
	return (unsigned)(last - first + 1);
}

unsigned spank_list_count(const char *list)
{
	unsigned count = 0;
	const char *end;

	while (list && *list && count < LIST_MAX) {
		count += token_count(list, &end);
		list = *end ? end + 1 : end;
	}
	return count < LIST_MAX ? count : LIST_MAX;
}

static holding_t holding_of(spank_t spank, spank_item_t cores,
			    spank_item_t memory)
{
	holding_t h = { 0 };
	char *list = NULL;
	uint64_t mb = 0;

	if (spank_get_item(spank, cores, &list) == ESPANK_SUCCESS)
		h.cores = spank_list_count(list);
	if (spank_get_item(spank, memory, &mb) == ESPANK_SUCCESS &&
	    mb < UINT64_C(1) << 50)
		h.mem_mb = (double)mb;
	return h;
}

holding_t spank_job_holding(spank_t spank)
{
	return holding_of(spank, S_JOB_ALLOC_CORES, S_JOB_ALLOC_MEM);
}

holding_t spank_step_holding(spank_t spank)
{
	holding_t h = holding_of(spank, S_STEP_ALLOC_CORES, S_STEP_ALLOC_MEM);
	char gpus[4096];

	if (spank_getenv(spank, "SLURM_STEP_GPUS", gpus, sizeof(gpus)) ==
	    ESPANK_SUCCESS)
		h.gpus = spank_list_count(gpus);
	return h;
}
