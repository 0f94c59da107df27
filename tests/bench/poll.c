/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a poll of the energy plugin costs slurmstepd, with the BMC hung (the
 * series stands still), beside one clock_gettime() and one pread() of the same
 * size. The real plugin, loaded as Slurm loads it; this program's name begins
 * with "slurmstepd", since that is how the plugin knows where it is.
 *
 *   slurmstepd-poll PLUGIN.so RUN_DIR POLLS        the ratio
 *   slurmstepd-poll PLUGIN.so RUN_DIR POLLS trace  only polls, between two
 *                                                  getppid(), for strace
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <math.h>
#include <slurm/slurm.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/gaterec.h"
#include "lib/series.h"
#include "lib/suspend.h"

#define NODE "bench"
#define ROUNDS 7

/* Slurm's log functions, which its daemons give to plugins. */
#define SLURM_LOG(name) \
	void name(const char *fmt, ...) __attribute__((format(printf, 1, 2))); \
	void name(const char *fmt, ...) \
	{ \
		va_list args; \
		va_start(args, fmt); \
		vfprintf(stderr, fmt, args); \
		va_end(args); \
		fputc('\n', stderr); \
	}
SLURM_LOG(slurm_info)
SLURM_LOG(slurm_error)

/* Every allocation of this process and of what it loads is counted. */
static unsigned long allocations;
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	allocations++;
	return __libc_realloc(old, size);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int64_t thread_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void make_series(const char *run_dir)
{
	struct series_params params = {
		.node = NODE, .source = "bench", .period_ns = NS_PER_S,
		.max_gap_ns = 3 * NS_PER_S, .share = SHARE_CORES,
		.hw = hardware_default(2),
	};
	int64_t now_ns = clock_boot_ns();
	series_writer_t *w;
	char path[512];
	struct err err;
	int i;

	clock_boot_id(params.boot_id);
	snprintf(path, sizeof(path), "%s/" NODE, run_dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/" NODE "/series", run_dir);
	w = series_writer_open(path, &params, 3700, &err);
	for (i = 600; w && i > 60; i--)	/* the BMC fell silent a minute ago */
		series_writer_append(w, now_ns - i * NS_PER_S, i, 200, &err);
	if (!w)
		die(err.text);
	series_writer_close(w);
	snprintf(path, sizeof(path), "%s/" NODE "/suspend", run_dir);
	suspend_writer_close(suspend_writer_open(path, params.boot_id, &err));
}

static void make_record(const char *run_dir)
{
	gaterec_t rec = {
		.job_id = 1, .step = "0", .stepd_pid = getpid(),
		.stepd_start = process_start_ticks(getpid()),
		.start_ns = clock_boot_ns() - 300 * NS_PER_S, .share = 0.5,
		.cum_j = NAN, .holding = { .cores = 1 },
	};
	char path[512];
	struct err err;
	int fd;

	clock_boot_id(rec.boot_id);
	snprintf(path, sizeof(path), "%s/gate.d", run_dir);
	mkdir(path, 0755);
	gaterec_dir(path, sizeof(path), run_dir, NODE);
	fd = gaterec_dir_open(path, true, getuid(), &err);
	if (fd < 0 || gaterec_write(fd, &rec, &err) < 0)
		die(err.text);
	close(fd);
}

typedef int (*get_data_f)(enum acct_energy_type type, void *data);

static acct_gather_energy_t answer;

static double poll_ns(get_data_f get_data, int polls)
{
	int64_t start = thread_ns();
	int i;

	for (i = 0; i < polls; i++)
		get_data(ENERGY_DATA_NODE_ENERGY_UP, &answer);
	return (double)(thread_ns() - start) / polls;
}

static double bare_ns(const char *run_dir, int polls)
{
	char path[512], buf[sizeof(struct series_head)];
	struct timespec ts;
	int64_t start;
	int fd, i;

	snprintf(path, sizeof(path), "%s/" NODE "/series", run_dir);
	fd = open(path, O_RDONLY);
	start = thread_ns();
	for (i = 0; i < polls; i++) {
		clock_gettime(CLOCK_BOOTTIME, &ts);
		if (pread(fd, buf, sizeof(buf), 4096) != (ssize_t)sizeof(buf))
			die(path);
	}
	start = thread_ns() - start;
	close(fd);
	return (double)start / polls;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

static get_data_f load(const char *path)
{
	void *so = dlopen(path, RTLD_LAZY);
	int (*init)(void);
	get_data_f get_data;

	if (!so) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	*(void **)&init = dlsym(so, "init");
	*(void **)&get_data = dlsym(so, "acct_gather_energy_p_get_data");
	if (!init || !get_data || init() != 0)
		die(path);
	return get_data;
}

int main(int argc, char **argv)
{
	const char *run_dir = argv[2];
	double mine[ROUNDS], bare[ROUNDS];
	get_data_f get_data;
	int i, polls;

	if (argc < 4 || (polls = atoi(argv[3])) < 1) {
		fprintf(stderr, "usage: %s PLUGIN.so RUN_DIR POLLS [trace]\n",
			argv[0]);
		return 2;
	}
	setenv("WATTGATE_RUN_DIR", run_dir, 1);
	setenv("SLURMD_NODENAME", NODE, 1);
	make_series(run_dir);
	make_record(run_dir);
	get_data = load(argv[1]);
	poll_ns(get_data, 2);		/* opens what it needs */
	if (argc > 4) {
		getppid();
		poll_ns(get_data, polls);
		getppid();
		return 0;
	}
	allocations = 0;
	for (i = 0; i < ROUNDS; i++) {
		bare[i] = bare_ns(run_dir, polls);
		mine[i] = poll_ns(get_data, polls);
	}
	printf("allocations in %d polls: %lu\n", ROUNDS * polls, allocations);
	printf("poll with the BMC hung: %.0f ns; clock_gettime + pread: %.0f ns; "
	       "ratio %.2f (at most 20)\n", median(mine), median(bare),
	       mine[ROUNDS / 2] / bare[ROUNDS / 2]);
	return allocations || mine[ROUNDS / 2] > 20 * bare[ROUNDS / 2];
}
