/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spank_stepd.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "spank_holding.h"
#include "spank_site.h"

#define WAIT_DEFAULT_NS (30 * NS_PER_S)	/* Slurm's own default KillWait */
#define WAIT_LEAST_NS (5 * NS_PER_S)
#define WAIT_MOST_NS (600 * NS_PER_S)	/* the series is not root's */

/* One slurmstepd serves one step; between its begin and end lies this. */
static struct {
	bool begun;
	spank_site_t site;
	gaterec_t rec;
	int64_t wait_ns;	/* how long the extern step waits for others */
} step;

static void name_step(uint32_t id, char *buf, size_t size)
{
	switch (id) {
	case SLURM_EXTERN_CONT:
		snprintf(buf, size, GATEREC_EXTERN);
		break;
	case SLURM_BATCH_SCRIPT:
		snprintf(buf, size, "batch");
		break;
	case SLURM_INTERACTIVE_STEP:
		snprintf(buf, size, "interactive");
		break;
	default:
		snprintf(buf, size, "%u", id);
	}
}

static int fill_identity(spank_t spank, struct err *err)
{
	uint32_t job_id = 0, step_id = 0, restart = 0;
	uid_t uid = 0;

	if (spank_get_item(spank, S_JOB_ID, &job_id) != ESPANK_SUCCESS ||
	    spank_get_item(spank, S_JOB_STEPID, &step_id) != ESPANK_SUCCESS)
		return err_set(err, "SPANK gives neither job nor step");
	if (spank_get_item(spank, S_JOB_UID, &uid) != ESPANK_SUCCESS)
		return err_set(err, "job %u: SPANK gives no user", job_id);
	spank_get_item(spank, S_SLURM_RESTART_COUNT, &restart);
	step.rec.job_id = job_id;
	step.rec.restart = restart;
	step.rec.uid = uid;
	name_step(step_id, step.rec.step, sizeof(step.rec.step));
	step.rec.stepd_pid = getpid();
	step.rec.stepd_start = process_start_ticks(getpid());
	memcpy(step.rec.boot_id, step.site.boot_id, sizeof(step.rec.boot_id));
	step.rec.start_ns = clock_boot_ns();
	step.rec.start_wall_ns = clock_wall_ns();
	return 0;
}

/*
 * The allocation begins with the prolog: take its note up. How often the job
 * was requeued, too: the slurmstepd of 22.05 does not know.
 */
static void take_prolog_note(void)
{
	char name[GATEREC_NAME_MAX];
	gaterec_t note;

	snprintf(name, sizeof(name), "%u." GATEREC_PROLOG, step.rec.job_id);
	if (gaterec_read(step.site.gate_dirfd, name, 0, &note, NULL) < 0 ||
	    strcmp(note.boot_id, step.rec.boot_id) ||
	    note.start_ns > step.rec.start_ns)
		return;
	step.rec.start_ns = note.start_ns;
	step.rec.start_wall_ns = note.start_wall_ns;
	step.rec.restart = note.restart;
	step.rec.holding.gpus = note.holding.gpus;
}

struct newest {
	gaterec_t rec;
	bool found;
};

static int keep_newest_extern(const char *name, void *arg)
{
	struct newest *n = arg;
	gaterec_t rec;

	if (gaterec_read(step.site.gate_dirfd, name, 0, &rec, NULL) == 0 &&
	    (!n->found || rec.start_ns > n->rec.start_ns)) {
		n->rec = rec;
		n->found = true;
	}
	return 0;
}

/* The allocation that a step belongs to: of a requeued job's the newest. */
static bool find_allocation(gaterec_t *out)
{
	struct newest n = { .found = false };
	char prefix[GATEREC_NAME_MAX];

	snprintf(prefix, sizeof(prefix), "%u." GATEREC_EXTERN ".",
		 step.rec.job_id);
	gaterec_each(step.site.gate_dirfd, prefix, keep_newest_extern, &n);
	*out = n.rec;
	return n.found;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

/*
 * A step holds no more than its allocation, whatever its environment says. No
 * record for steps of an allocation without one: without PrologFlags=Contain
 * Slurm's job row would be wrong, and no figure is better.
 */
static int fill_step_holding(spank_t spank, struct err *err)
{
	gaterec_t job;
	holding_t *h = &step.rec.holding;

	if (!find_allocation(&job))
		return err_set(err, "job %u step %s: the allocation has no gate "
			       "record", step.rec.job_id, step.rec.step);
	step.rec.restart = job.restart;
	*h = spank_step_holding(spank);
	if (!strcmp(step.rec.step, "batch") ||
	    !strcmp(step.rec.step, "interactive"))
		*h = job.holding;
	h->cores = least(h->cores, job.holding.cores);
	h->gpus = least(h->gpus, job.holding.gpus);
	h->mem_mb = least(h->mem_mb, job.holding.mem_mb);
	return 0;
}

/* Share and joules at the start, as far as the series tells. */
static void fill_series(void)
{
	series_reader_t series;
	struct series_head head;
	struct series_point p;

	step.rec.share = NAN;
	step.rec.cum_j = NAN;
	step.wait_ns = WAIT_DEFAULT_NS;
	if (spank_site_series(&step.site, &series, NULL) < 0)
		return;
	step.rec.share = share_compute(series.params.share, &series.params.hw,
				       &step.rec.holding);
	if (series.params.kill_wait_ns > 0)
		step.wait_ns = series.params.kill_wait_ns;
	if (series_reader_head(&series, &head) == 0 && head.count &&
	    series_reader_point(&series, &head, step.rec.start_ns, &p) == 0) {
		step.rec.cum_j = p.cum_j;
		step.rec.cum_covered_ns = p.cum_covered_ns;
	}
	series_reader_close(&series);
}

static int write_record(spank_t spank, struct err *err)
{
	char note[GATEREC_NAME_MAX];
	bool extern_step;

	if (fill_identity(spank, err) < 0)
		return -1;
	extern_step = !strcmp(step.rec.step, GATEREC_EXTERN);
	if (extern_step) {
		step.rec.holding = spank_job_holding(spank);
		take_prolog_note();
	} else if (fill_step_holding(spank, err) < 0) {
		return -1;
	}
	fill_series();
	if (gaterec_write(step.site.gate_dirfd, &step.rec, err) < 0)
		return -1;
	if (extern_step) {
		snprintf(note, sizeof(note), "%u." GATEREC_PROLOG,
			 step.rec.job_id);
		unlinkat(step.site.gate_dirfd, note, 0);
	}
	return 0;
}

void spank_stepd_begin(spank_t spank, int ac, char **av)
{
	struct err err;

	memset(&step.rec, 0, sizeof(step.rec));
	if (spank_site_open(&step.site, ac, av, &err) == 0 &&
	    write_record(spank, &err) == 0) {
		step.begun = true;
		return;
	}
	spank_site_close(&step.site);
	/* the energy plugin finds no record and says what to mend */
	slurm_verbose("wattgate: %s", err.text);
}

/* ---- end ------------------------------------------------------------------- */

static int is_live_sibling(const char *name, void *arg)
{
	gaterec_t rec;

	(void)arg;
	if (gaterec_read(step.site.gate_dirfd, name, 0, &rec, NULL) < 0 ||
	    rec.stepd_pid == step.rec.stepd_pid ||
	    rec.restart != step.rec.restart)
		return 0;
	return gaterec_alive(&rec, step.rec.boot_id);
}

static void nap(int64_t ns)
{
	struct timespec ts = { .tv_sec = ns / NS_PER_S,
			       .tv_nsec = ns % NS_PER_S };

	nanosleep(&ts, NULL);
}

/*
 * Up to 23.11 a cancelled job's row loses its energy where the extern step
 * reports before the job's other steps. Slurm's own later remedy is to wait
 * for them, at most KillWait and at least 5 s; so does this, and only while
 * another step of the job is alive.
 */
static void wait_for_siblings(void)
{
	char prefix[GATEREC_NAME_MAX];
	int64_t naps_ns[] = { 20000000, 50000000, 100000000, 250000000 };
	int64_t limit_ns = step.wait_ns < WAIT_LEAST_NS ? WAIT_LEAST_NS :
			   step.wait_ns > WAIT_MOST_NS ? WAIT_MOST_NS :
			   step.wait_ns;
	int64_t deadline_ns = clock_boot_ns() + limit_ns;
	unsigned i = 0;

	if (COMPAT_EXTERN_WAITS)
		return;
	snprintf(prefix, sizeof(prefix), "%u.", step.rec.job_id);
	while (clock_boot_ns() < deadline_ns &&
	       gaterec_each(step.site.gate_dirfd, prefix, is_live_sibling,
			    NULL) == 1) {
		nap(naps_ns[i]);
		if (i + 1 < sizeof(naps_ns) / sizeof(naps_ns[0]))
			i++;
	}
}

void spank_stepd_end(void)
{
	struct err err;

	if (!step.begun)
		return;
	step.begun = false;
	if (!strcmp(step.rec.step, GATEREC_EXTERN))
		wait_for_siblings();
	step.rec.end_ns = clock_boot_ns();
	if (gaterec_write(step.site.gate_dirfd, &step.rec, &err) < 0)
		slurm_info("wattgate: %s", err.text);
	spank_site_close(&step.site);
}
