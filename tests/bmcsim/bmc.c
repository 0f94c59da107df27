/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bmc.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "moment.h"
#include "reqlog.h"
#include "timeline.h"

static char *password_read(const char *path, struct fail *fail)
{
	FILE *file = fopen(path, "re");
	char line[512];
	char *password;

	if (!file) {
		fail_set(fail, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	password = line[0] ? strdup(line) : NULL;
	if (!password)
		fail_set(fail, "%s: no password in its first line", path);
	return password;
}

static void program_note(const struct bmc *bmc, int64_t wall_ns)
{
	char epoch[MOMENT_TEXT_SIZE];

	reqlog_note(bmc->log, wall_ns, "PROGRAM", "%s %s",
		    program_spec(bmc->program),
		    moment_format(bmc->epoch_ns, epoch));
}

/* A wall clock that was set back adds nothing. */
static long double energy_since_start(const struct bmc *bmc, int64_t wall_ns)
{
	if (!bmc->program || wall_ns <= bmc->energy_ns)
		return bmc->energy_j;
	return bmc->energy_j + program_joules(bmc->program,
					      bmc_time(bmc, bmc->energy_ns),
					      bmc_time(bmc, wall_ns));
}

/* Takes over program. */
static int program_install(struct bmc *bmc, program_t *program,
			   int64_t wall_ns, int64_t epoch_ns,
			   struct fail *fail)
{
	if (bmc->opt->truth_file &&
	    truth_append(bmc->opt->truth_file, wall_ns, program, epoch_ns,
			 fail) < 0) {
		program_destroy(program);
		return -1;
	}
	bmc->energy_j = energy_since_start(bmc, wall_ns);
	bmc->energy_ns = wall_ns;
	program_destroy(bmc->program);
	bmc->program = program;
	bmc->epoch_ns = epoch_ns;
	program_note(bmc, wall_ns);
	return 0;
}

int bmc_program_set(struct bmc *bmc, const char *spec, int64_t wall_ns,
		    int64_t epoch_ns, struct fail *fail)
{
	program_t *program = program_parse(spec, fail);

	if (!program)
		return -1;
	return program_install(bmc, program, wall_ns, epoch_ns, fail);
}

static int tree_load(struct bmc *bmc, struct fail *fail)
{
	const struct options *opt = bmc->opt;

	if (!opt->tree_dir)
		return 0;
	bmc->files = files_load(opt->tree_dir, fail);
	if (!bmc->files)
		return -1;
	if (!opt->program && files_need_program(bmc->files))
		return fail_set(fail, "%s: holds \"@WATTS@\", \"@JOULES@\" or "
				"\"@KWH@\": needs --program", opt->tree_dir);
	return 0;
}

static int program_start(struct bmc *bmc, int64_t now_ns, struct fail *fail)
{
	const struct options *opt = bmc->opt;
	program_t *program;

	if (!opt->program)
		return 0;
	program = program_load(opt->program, fail);
	if (!program)
		return -1;
	return program_install(bmc, program, now_ns, opt->epoch_given ?
			       opt->epoch_ns : now_ns, fail);
}

int bmc_open(struct bmc *bmc, const struct options *opt, struct fail *fail)
{
	int64_t now_ns = moment_wall_ns();

	*bmc = (struct bmc){ .opt = opt, .rng = opt->seed,
			     .listener = LISTENER_CLOSED };
	bmc->sessions = sessions_create(opt->max_sessions,
		(int64_t)(opt->session_timeout_s * MOMENT_NS_PER_S));
	if (!bmc->sessions)
		return fail_set(fail, "out of memory");
	bmc->password = password_read(opt->password_file, fail);
	if (!bmc->password || reqlog_open(&bmc->log, opt->log_file, fail) < 0)
		return -1;
	if (tree_load(bmc, fail) < 0 || program_start(bmc, now_ns, fail) < 0)
		return -1;
	return listener_open(&bmc->listener, opt->listen, opt->port, fail);
}

void bmc_close(struct bmc *bmc)
{
	listener_close(&bmc->listener);
	if (bmc->log && bmc->log != stdout)
		fclose(bmc->log);
	program_destroy(bmc->program);
	files_destroy(bmc->files);
	sessions_destroy(bmc->sessions);
	free(bmc->password);
}

/* ---- power ---- */

long double bmc_time(const struct bmc *bmc, int64_t wall_ns)
{
	return ((long double)wall_ns - bmc->epoch_ns) / MOMENT_NS_PER_S;
}

double bmc_watts(const struct bmc *bmc, int64_t wall_ns)
{
	double watts, step = bmc->opt->resolution_w;

	watts = (double)program_watts(bmc->program, bmc_time(bmc, wall_ns));
	return step > 0 ? round(watts / step) * step : watts;
}

double bmc_joules(const struct bmc *bmc, int64_t wall_ns)
{
	long double j = energy_since_start(bmc, wall_ns);

	j += bmc->opt->energy_offset_j;
	if (bmc->opt->energy_wrap_j > 0)
		j = fmodl(j, bmc->opt->energy_wrap_j);
	return (double)j;
}

/* ---- faults ---- */

int64_t bmc_delay(struct bmc *bmc, double ms, double jitter_ms)
{
	/* splitmix64 */
	uint64_t x = bmc->rng += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	ms += jitter_ms * ((double)(x >> 11) / (double)(UINT64_C(1) << 53));
	return (int64_t)(ms * 1e6);
}

void bmc_fault_set(struct bmc *bmc, enum fault_kind kind,
		   const struct fault *fault)
{
	if (fault)
		bmc->faults.of[kind] = *fault;
	else
		bmc->faults.of[kind].on = false;
	if (fault && kind == FAULT_401)
		sessions_drop(bmc->sessions);
	bmc_door_sync(bmc);
}

static void conns_shut(struct bmc *bmc)
{
	for (struct conn *conn = bmc->conns; conn; conn = conn->next) {
		conn->broken = true;
		shutdown(conn->fd, SHUT_RDWR);
	}
}

void bmc_door_sync(struct bmc *bmc)
{
	bool refuse = fault_acts(&bmc->faults, FAULT_REFUSE, true,
				 moment_mono_ns());
	struct fail fail;

	if (refuse && bmc->listener.fd >= 0) {
		listener_refuse(&bmc->listener);
		conns_shut(bmc);
	} else if (!refuse && listener_resume(&bmc->listener, &fail) < 0) {
		fprintf(stderr, "bmcsim: %s\n", fail.text);
	}
}
