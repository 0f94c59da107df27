/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What SPANK says that a step holds. The first line is its list of cores, the
 * second its list of GPUs, the third its memory. The functions that slurmstepd
 * has are here.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "plugin/spank_holding.h"

#define COUNT_MAX 65536u

static char *cores, *gpus;
static uint64_t memory_mb;

spank_err_t spank_get_item(spank_t spank, spank_item_t item, ...)
{
	va_list ap;

	(void)spank;
	va_start(ap, item);
	if (item == S_JOB_ALLOC_CORES || item == S_STEP_ALLOC_CORES)
		*va_arg(ap, char **) = cores;
	else
		*va_arg(ap, uint64_t *) = memory_mb;
	va_end(ap);
	return ESPANK_SUCCESS;
}

spank_err_t spank_getenv(spank_t spank, const char *var, char *buf, int len)
{
	(void)spank;
	if (strcmp(var, "SLURM_STEP_GPUS") != 0)
		return ESPANK_ENV_NOEXIST;
	if (strlen(gpus) >= (size_t)len)
		return ESPANK_NOSPACE;
	strcpy(buf, gpus);
	return ESPANK_SUCCESS;
}

/* Each comma is the border of at most one more; no list has fewer than none. */
static void check_count(const char *list)
{
	unsigned n = spank_list_count(list), commas = 0;
	char *twice = malloc(2 * strlen(list) + 2);

	FUZZ_CHECK(twice && n <= COUNT_MAX);
	for (const char *p = list; *p; p++)
		commas += *p == ',';
	FUZZ_CHECK(*list ? n > 0 || commas == strlen(list) : n == 0);
	if (!strchr(list, '-'))
		FUZZ_CHECK(n <= commas + 1);
	sprintf(twice, "%s,%s", list, list);
	FUZZ_CHECK(spank_list_count(twice) ==
		   (2 * n < COUNT_MAX ? 2 * n : COUNT_MAX));
	free(twice);
}

static void check_holding(const holding_t *h)
{
	FUZZ_CHECK(h->cores >= 0 && h->cores <= COUNT_MAX);
	FUZZ_CHECK(h->gpus >= 0 && h->gpus <= COUNT_MAX);
	FUZZ_CHECK(h->mem_mb >= 0 && h->mem_mb < 1e16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	holding_t job, step;
	char *memory;

	cores = fuzz_line(&in);
	gpus = fuzz_line(&in);
	memory = fuzz_rest(&in);
	memory_mb = strtoull(memory, NULL, 0);
	check_count(cores);
	check_count(gpus);
	FUZZ_CHECK(spank_list_count(NULL) == 0);
	job = spank_job_holding(NULL);
	step = spank_step_holding(NULL);
	check_holding(&job);
	check_holding(&step);
	FUZZ_CHECK(job.cores == step.cores && job.mem_mb == step.mem_mb);
	free(cores);
	free(gpus);
	free(memory);
	return 0;
}
