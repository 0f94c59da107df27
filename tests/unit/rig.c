/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rig.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "scratch.h"

#define CAPACITY 2000

/* ---- clock and log ---------------------------------------------------------------- */

static int64_t rig_boot_ns(void *arg)
{
	return ((rig_t *)arg)->now_ns;
}

static int64_t rig_wall_ns(void *arg)
{
	rig_t *rig = arg;

	return rig->now_ns + rig->wall_minus_boot_ns;
}

static void rig_log(void *arg, enum log_level level, const char *line)
{
	rig_t *rig = arg;

	if (getenv("WATTGATE_TEST_LOG"))
		fprintf(stderr, "%.1f %d %s\n", ns_to_s(rig->now_ns), level,
			line);
	if (level == LOG_LEVEL_DEBUG && rig->on_debug &&
	    rig->debug_lines-- <= 0) {
		void (*hook)(void) = rig->on_debug;

		rig->on_debug = NULL;
		hook();
	}
	if (level == LOG_LEVEL_WARN)
		rig->warnings++;
	if (level != LOG_LEVEL_ERROR)
		return;
	rig->errors++;
	snprintf(rig->last_error, sizeof(rig->last_error), "%s", line);
}

/* ---- start and stop ----------------------------------------------------------------- */

static void set_paths(rig_t *rig, const char *scratch_dir)
{
	snprintf(rig->run_dir, sizeof(rig->run_dir), "%s/run", scratch_dir);
	snprintf(rig->gate_dir, sizeof(rig->gate_dir), "%s/gate.d", scratch_dir);
	snprintf(rig->ledger_dir, sizeof(rig->ledger_dir), "%s/ledger", scratch_dir);
	snprintf(rig->series_path, sizeof(rig->series_path), "%s/series",
		 rig->run_dir);
	snprintf(rig->suspend_path, sizeof(rig->suspend_path), "%s/suspend",
		 rig->run_dir);
	snprintf(rig->ledger_path, sizeof(rig->ledger_path), "%s/n1.ledger",
		 rig->ledger_dir);
	snprintf(rig->open_path, sizeof(rig->open_path), "%s/n1.open",
		 rig->ledger_dir);
}

void rig_init(rig_t *rig, const char *scratch_dir)
{
	memset(rig, 0, sizeof(*rig));
	set_paths(rig, scratch_dir);
	ck_assert_int_eq(mkdir(rig->run_dir, 0750), 0);
	ck_assert_int_eq(mkdir(rig->gate_dir, 0750), 0);
	ck_assert_int_eq(mkdir(rig->ledger_dir, 0750), 0);
	ck_assert_int_eq(clock_boot_id(rig->boot_id), 0);
	rig->gate_dirfd = gaterec_dir_open(rig->gate_dir, false, getuid(), NULL);
	ck_assert_int_ge(rig->gate_dirfd, 0);
	rig->now_ns = RIG_START;
	rig->wall_minus_boot_ns = RIG_HOUR + SECONDS(60) - RIG_START;
	rig->truth = series_create(50000, RIG_PERIOD, RIG_MAX_GAP);
	ck_assert_ptr_nonnull(rig->truth);
	rig->log = (logger_t){ .sink = rig_log, .arg = rig,
			       .level = LOG_LEVEL_DEBUG };
	rig->sp = (struct series_params){
		.node = "n1", .source = "redfish:power",
		.period_ns = RIG_PERIOD, .max_gap_ns = RIG_MAX_GAP,
		.share = SHARE_CORES, .hw = hardware_default(4),
	};
	rig->ap = (struct account_params){
		.node = "n1", .period_ns = RIG_PERIOD,
		.max_gap_ns = RIG_MAX_GAP, .timeout_ns = SECONDS(4),
		.rollup_ns = SECONDS(3600), .checkpoint_ns = SECONDS(60),
		.owner = getuid(),
	};
}

void rig_free(rig_t *rig)
{
	rig_crash(rig);
	close(rig->gate_dirfd);
	series_destroy(rig->truth);
}

static void open_files(rig_t *rig)
{
	struct err err = { "" };
	uint64_t repaired;

	strcpy(rig->sp.boot_id, rig->boot_id);
	rig->series = series_writer_open(rig->series_path, &rig->sp, CAPACITY,
					 &err);
	ck_assert_msg(rig->series != NULL, "%s", err.text);
	rig->suspend = suspend_writer_open(rig->suspend_path, rig->boot_id,
					   &err);
	ck_assert_msg(rig->suspend != NULL, "%s", err.text);
	rig->ledger = ledger_open(rig->ledger_dir, "n1", &repaired, &err);
	ck_assert_msg(rig->ledger != NULL, "%s", err.text);
	ck_assert_uint_eq(repaired, 0);
}

void rig_open(rig_t *rig)
{
	struct err err = { "" };

	open_files(rig);
	rig->ap.boot_id = rig->boot_id;
	rig->ap.ledger = rig->ledger;
	rig->ap.ledger_path = rig->ledger_path;
	rig->ap.open_path = rig->open_path;
	rig->ap.suspend = rig->suspend;
	rig->ap.gate_dir = rig->gate_dir;
	rig->ap.ts = (timesource_t){ rig_boot_ns, rig_wall_ns, rig };
	rig->ap.log = &rig->log;
	rig->account = account_create(&rig->ap, &err);
	ck_assert_msg(rig->account != NULL, "%s", err.text);
}

void rig_crash(rig_t *rig)
{
	account_destroy(rig->account);
	series_writer_close(rig->series);
	suspend_writer_close(rig->suspend);
	ledger_close(rig->ledger);
	rig->account = NULL;
	rig->series = NULL;
	rig->suspend = NULL;
	rig->ledger = NULL;
}

int rig_stop(rig_t *rig)
{
	struct err err = { "" };
	int rc = account_close(rig->account, rig->series, &err);

	if (rc < 0)
		snprintf(rig->last_error, sizeof(rig->last_error), "%s",
			 err.text);
	rig_crash(rig);
	return rc;
}

/* ---- time --------------------------------------------------------------------------- */

void rig_sample(rig_t *rig, double watts)
{
	struct err err = { "" };

	if (!(watts > 0))
		return;
	ck_assert_ptr_nonnull(series_append(rig->truth, rig->now_ns,
					    rig_wall_ns(rig), watts));
	ck_assert_msg(series_writer_append(rig->series, rig->now_ns,
					   rig_wall_ns(rig), watts, &err) == 0,
		      "%s", err.text);
}

void rig_tick(rig_t *rig)
{
	account_tick(rig->account, rig->series, &rig->sp);
}

void rig_step(rig_t *rig, double watts)
{
	rig->now_ns += RIG_PERIOD;
	rig_sample(rig, watts);
	rig_tick(rig);
}

void rig_run(rig_t *rig, double seconds, double watts)
{
	int64_t end_ns = rig->now_ns + SECONDS(seconds);

	while (rig->now_ns + RIG_PERIOD <= end_ns)
		rig_step(rig, watts);
	rig->now_ns = end_ns;
}

double rig_truth(const rig_t *rig, int64_t from_ns, int64_t to_ns)
{
	struct series_span span;

	series_between(rig->truth, from_ns, to_ns, &span);
	return span.joules;
}

/* ---- records -------------------------------------------------------------------------- */

gaterec_t rig_record(const rig_t *rig, uint32_t job, const char *step,
		     double share)
{
	gaterec_t rec = {
		.job_id = job, .uid = 1000, .stepd_pid = getpid(),
		.stepd_start = process_start_ticks(getpid()),
		.start_ns = rig->now_ns,
		.start_wall_ns = rig->now_ns + rig->wall_minus_boot_ns,
		.holding = { .cores = 4 * share }, .share = share,
		.cum_j = NAN,
	};

	if (isnan(share))
		rec.holding.cores = 1;
	strcpy(rec.step, step);
	strcpy(rec.boot_id, rig->boot_id);
	return rec;
}

void rig_write(const rig_t *rig, const gaterec_t *rec)
{
	struct err err = { "" };

	ck_assert_msg(gaterec_write(rig->gate_dirfd, rec, &err) == 0, "%s",
		      err.text);
}

void rig_remove(const rig_t *rig, const gaterec_t *rec)
{
	char name[GATEREC_NAME_MAX];

	ck_assert_int_eq(unlinkat(rig->gate_dirfd,
				  gaterec_name(rec, name, sizeof(name)), 0), 0);
}

gaterec_t rig_begin(const rig_t *rig, uint32_t job, double share)
{
	gaterec_t rec = rig_record(rig, job, GATEREC_EXTERN, share);

	rig_write(rig, &rec);
	return rec;
}

void rig_end(const rig_t *rig, gaterec_t *rec)
{
	rec->end_ns = rig->now_ns;
	rig_write(rig, rec);
}

/* ---- what was written ---------------------------------------------------------------- */

static void ledger_add(struct rig_ledger *l, const struct ledger_rec *rec)
{
	struct ledger_rec *copy;

	if ((l->len & (l->len - 1)) == 0) {	/* full: twice as many */
		l->recs = realloc(l->recs, (2 * l->len + 1) *
					   sizeof(*l->recs));
		ck_assert_ptr_nonnull(l->recs);
	}
	copy = &l->recs[l->len++];
	*copy = *rec;
	if (rec->kind != LEDGER_INTERVAL)
		return;
	copy->interval.parts = calloc(rec->interval.parts_len + 1,
				      sizeof(*rec->interval.parts));
	ck_assert_ptr_nonnull(copy->interval.parts);
	memcpy(copy->interval.parts, rec->interval.parts,
	       rec->interval.parts_len * sizeof(*rec->interval.parts));
}

struct rig_ledger rig_ledger_read(const char *path)
{
	struct rig_ledger l = { 0 };
	struct err err = { "" };
	ledger_reader_t *reader = ledger_reader_open(path, &err);
	static struct ledger_rec rec;
	int rc;

	ck_assert_msg(reader != NULL, "%s", err.text);
	while ((rc = ledger_reader_next(reader, &rec, &err)) != 0) {
		if (rc < 0)
			l.damaged++;
		else
			ledger_add(&l, &rec);
	}
	ledger_reader_close(reader);
	return l;
}

void rig_ledger_free(struct rig_ledger *l)
{
	uint32_t i;

	for (i = 0; i < l->len; i++)
		if (l->recs[i].kind == LEDGER_INTERVAL)
			free(l->recs[i].interval.parts);
	free(l->recs);
	*l = (struct rig_ledger){ 0 };
}

const struct ledger_alloc *rig_alloc(const struct rig_ledger *l, uint32_t job,
				     const char *step, uint32_t restart)
{
	const struct ledger_alloc *found = NULL;
	uint32_t i;

	for (i = 0; i < l->len; i++) {
		const struct ledger_alloc *a = &l->recs[i].alloc;

		if (l->recs[i].kind == LEDGER_INTERVAL || a->job_id != job ||
		    strcmp(a->step, step) || a->restart != restart)
			continue;
		ck_assert_msg(!found, "job %u %s is there twice", job, step);
		found = a;
	}
	ck_assert_msg(found != NULL, "job %u %s is missing", job, step);
	return found;
}

uint32_t rig_count(const struct rig_ledger *l, enum ledger_kind kind)
{
	uint32_t i, n = 0;

	for (i = 0; i < l->len; i++)
		n += l->recs[i].kind == kind;
	return n;
}

static void check_interval(const struct ledger_interval *iv,
			   const struct ledger_interval *before,
			   const char *what)
{
	double sum = iv->unallocated_j + iv->idle_j, parts = 0;
	uint32_t i;

	for (i = 0; i < iv->parts_len; i++)
		parts += iv->parts[i].joules;
	ck_assert_msg(fabs(iv->node_j - sum - parts) <= 1e-3 &&
		      fabs(iv->allocated_j - parts) <= 1e-3,
		      "%s: interval from %.3f s: %.6f J is not %.6f + %.6f + "
		      "%.6f", what, ns_to_s(iv->start_ns), iv->node_j, parts,
		      iv->unallocated_j, iv->idle_j);
	ck_assert_msg(iv->unallocated_j > -1e-3 && iv->idle_j > -1e-3, "%s", what);
	ck_assert_msg(iv->end_ns > iv->start_ns &&
		      iv->measured_ns + iv->unmeasured_ns ==
		      iv->end_ns - iv->start_ns &&
		      iv->idle_ns <= iv->end_ns - iv->start_ns,
		      "%s: interval from %.3f s: times", what,
		      ns_to_s(iv->start_ns));
	ck_assert_msg(!before || strcmp(before->boot_id, iv->boot_id) ||
		      before->end_ns == iv->start_ns,
		      "%s: interval from %.9f s after one to %.9f s", what,
		      ns_to_s(iv->start_ns), before ? ns_to_s(before->end_ns) : 0);
}

static double sum_of_parts(const struct rig_ledger *l,
			   const struct ledger_alloc *a)
{
	double sum = 0;
	uint32_t i, k;

	for (i = 0; i < l->len; i++) {
		const struct ledger_interval *iv = &l->recs[i].interval;

		if (l->recs[i].kind != LEDGER_INTERVAL ||
		    strcmp(iv->boot_id, a->boot_id))
			continue;
		for (k = 0; k < iv->parts_len; k++)
			if (iv->parts[k].job_id == a->job_id &&
			    iv->parts[k].restart == a->restart)
				sum += iv->parts[k].joules;
	}
	return sum;
}

static void check_alloc(const struct rig_ledger *l,
			const struct ledger_alloc *a, const char *what)
{
	ck_assert_msg(a->active_ns + a->suspended_ns == a->end_ns - a->start_ns &&
		      a->settled_ns == a->end_ns && a->covered_ns >= 0 &&
		      a->covered_ns <= a->active_ns &&
		      a->max_gap_ns <= a->active_ns,
		      "%s: job %u %s: times", what, a->job_id, a->step);
	ck_assert_msg(a->gated_j >= 0 && a->gated_j <= a->node_j + 1e-3,
		      "%s: job %u %s: %.6f J of %.6f J", what, a->job_id,
		      a->step, a->gated_j, a->node_j);
	if (!strcmp(a->step, GATEREC_EXTERN))
		ck_assert_msg(fabs(sum_of_parts(l, a) - a->gated_j) <= 1e-3,
			      "%s: job %u: %.6f J in parts, %.6f J in all",
			      what, a->job_id, sum_of_parts(l, a), a->gated_j);
}

static bool same_identity(const struct ledger_rec *a, const struct ledger_rec *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == LEDGER_INTERVAL)
		return a->interval.start_ns == b->interval.start_ns &&
		       !strcmp(a->interval.boot_id, b->interval.boot_id);
	return a->alloc.job_id == b->alloc.job_id &&
	       a->alloc.restart == b->alloc.restart &&
	       a->alloc.stepd_pid == b->alloc.stepd_pid &&
	       !strcmp(a->alloc.step, b->alloc.step) &&
	       !strcmp(a->alloc.boot_id, b->alloc.boot_id);
}

void rig_check_laws(const struct rig_ledger *l, const char *what)
{
	const struct ledger_interval *before = NULL;
	uint32_t i, k;

	ck_assert_msg(l->damaged == 0, "%s: damaged lines", what);
	for (i = 0; i < l->len; i++) {
		for (k = 0; k < i; k++)
			ck_assert_msg(!same_identity(&l->recs[i], &l->recs[k]),
				      "%s: record %u is record %u again", what,
				      i, k);
		if (l->recs[i].kind != LEDGER_INTERVAL) {
			check_alloc(l, &l->recs[i].alloc, what);
			continue;
		}
		check_interval(&l->recs[i].interval, before, what);
		before = &l->recs[i].interval;
	}
}

struct ledger_interval rig_total(const struct rig_ledger *l)
{
	struct ledger_interval sum = { .start_ns = INT64_MAX };
	uint32_t i;

	for (i = 0; i < l->len; i++) {
		const struct ledger_interval *iv = &l->recs[i].interval;

		if (l->recs[i].kind != LEDGER_INTERVAL)
			continue;
		if (iv->start_ns < sum.start_ns)
			sum.start_ns = iv->start_ns;
		if (iv->end_ns > sum.end_ns)
			sum.end_ns = iv->end_ns;
		sum.node_j += iv->node_j;
		sum.allocated_j += iv->allocated_j;
		sum.unallocated_j += iv->unallocated_j;
		sum.idle_j += iv->idle_j;
		sum.measured_ns += iv->measured_ns;
		sum.unmeasured_ns += iv->unmeasured_ns;
		sum.idle_ns += iv->idle_ns;
		sum.scaled |= iv->scaled;
	}
	return sum;
}

/* ---- a process that plays slurmstepd --------------------------------------------------- */

static void wait_for_ever(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static void play_stepd(int out)
{
	pid_t child;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* the locks that the test holds are not ours to hold on to */
	if (dup2(out, 3) != 3 || close_range(4, ~0U, 0) < 0)
		_exit(1);
	child = fork();
	if (child == 0)
		wait_for_ever();
	if (write(3, &child, sizeof(child)) != sizeof(child))
		_exit(1);
	for (;;)
		pause();
}

stepd_t stepd_start(void)
{
	stepd_t s;
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	s.pid = fork();
	if (s.pid == 0)
		play_stepd(pipes[1]);
	ck_assert_int_gt(s.pid, 0);
	ck_assert_int_eq(read(pipes[0], &s.child, sizeof(s.child)),
			 sizeof(s.child));
	close(pipes[0]);
	close(pipes[1]);
	return s;
}

void stepd_kill(stepd_t *s)
{
	/* stopped before it could ask to die with its parent, it would stay */
	ck_assert_int_eq(kill(s->child, SIGKILL), 0);
	ck_assert_int_eq(kill(s->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(s->pid, NULL, 0), s->pid);
}

static char state_of(pid_t pid)
{
	char path[64], buf[512] = "", *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (!fgets(buf, sizeof(buf), f))
		buf[0] = 0;
	fclose(f);
	p = strrchr(buf, ')');
	return p && p[1] ? p[2] : 0;
}

static void signal_child(const stepd_t *s, int sig, bool stopped)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	ck_assert_int_eq(kill(s->child, sig), 0);
	while ((state_of(s->child) == 'T') != stopped)
		nanosleep(&ms, NULL);
}

void stepd_suspend(const stepd_t *s)
{
	signal_child(s, SIGSTOP, true);
}

void stepd_resume(const stepd_t *s)
{
	signal_child(s, SIGCONT, false);
}

void stepd_is(const stepd_t *s, gaterec_t *rec)
{
	rec->stepd_pid = s->pid;
	rec->stepd_start = process_start_ticks(s->pid);
}
