/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank_script.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spank_holding.h"
#include "spank_site.h"

#define SWEEP_LIMIT 4096	/* files looked at in one epilog */

/* A number from the environment; 0 where it is missing or is none. */
static uint32_t number_from_env(const char *name)
{
	const char *text = getenv(name);
	char *end;
	unsigned long n;

	if (!text)
		return 0;
	n = strtoul(text, &end, 10);
	return end == text || *end || n > UINT32_MAX ? 0 : (uint32_t)n;
}

/*
 * The job's own id: for a component of a heterogeneous job SPANK's item would
 * be the leader's. Slurm sets this after what users can influence.
 */
static uint32_t job_id_from_env(void)
{
	return number_from_env("SLURM_JOB_ID");
}

void spank_script_prolog(int ac, char **av)
{
	spank_site_t site;
	struct err err;
	gaterec_t note = {
		.step = GATEREC_PROLOG, .job_id = job_id_from_env(),
		.restart = number_from_env("SLURM_JOB_RESTART_COUNT"),
		.uid = number_from_env("SLURM_JOB_UID"), .stepd_pid = getpid(),
		.stepd_start = process_start_ticks(getpid()),
		.start_ns = clock_boot_ns(), .start_wall_ns = clock_wall_ns(),
		.share = NAN, .cum_j = NAN,
	};

	if (!note.job_id)
		return;
	note.holding.gpus = spank_list_count(getenv("SLURM_JOB_GPUS"));
	if (spank_site_open(&site, ac, av, &err) < 0) {
		slurm_info("wattgate: job %u: the prolog leaves no note: %s",
			    note.job_id, err.text);
		return;
	}
	memcpy(note.boot_id, site.boot_id, sizeof(note.boot_id));
	if (gaterec_write(site.gate_dirfd, &note, &err) < 0)
		slurm_info("wattgate: job %u: %s", note.job_id, err.text);
	spank_site_close(&site);
}

/* How far the ledger has settled; 0 where there is no series. */
static int64_t settled_ns(const spank_site_t *site)
{
	series_reader_t series;
	struct series_head head;
	int64_t settled = 0;

	if (spank_site_series(site, &series, NULL) < 0)
		return 0;
	if (series_reader_head(&series, &head) == 0)
		settled = head.settled_ns;
	series_reader_close(&series);
	return settled;
}

void spank_script_epilog(int ac, char **av)
{
	char note[GATEREC_NAME_MAX];
	spank_site_t site;

	if (spank_site_open(&site, ac, av, NULL) < 0)
		return;
	/* a prolog that failed leaves a note that no extern step takes up */
	snprintf(note, sizeof(note), "%u." GATEREC_PROLOG, job_id_from_env());
	unlinkat(site.gate_dirfd, note, 0);
	gaterec_sweep(site.gate_dirfd, 0, site.boot_id, clock_boot_ns(),
		      settled_ns(&site), SWEEP_LIMIT);
	spank_site_close(&site);
}
