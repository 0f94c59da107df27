/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan.h"

#include <math.h>

#include "scratch.h"

/* ---- making one ------------------------------------------------------------------ */

static int64_t tick_ns(int tick)
{
	return RIG_START + (tick + 1) * RIG_PERIOD;
}

static void make_watts(struct plan *p)
{
	double level = 100 + 400 * random_unit();
	int k, silent = 0;

	for (k = 0; k < p->ticks; k++) {
		if (random_u64() % 20 == 0)
			level = 100 + 900 * random_unit();
		if (random_u64() % 25 == 0)
			silent = (int)random_between(1, 8);
		/* the first two are there, so that time has a label */
		p->watts[k] = silent && k > 1 ? 0 : level + 50 * random_unit();
		if (silent)
			silent--;
	}
}

static void make_suspension(const struct plan *p, struct plan_job *j)
{
	int first = (int)((j->start_ns - RIG_START) / RIG_PERIOD) + 1;
	int last = (int)((j->end_ns - RIG_START) / RIG_PERIOD) - 2;

	(void)p;
	if (last - first < 8)
		return;
	j->suspend_tick = (int)random_between(first, last - 6);
	j->resume_tick = (int)random_between(j->suspend_tick + 1, last);
	if (random_u64() % 4 == 0)
		j->resume_tick = 0;	/* ends suspended */
}

/* Another instance of the job before, if there is time for it. */
static void requeue_job(struct plan_job *j, const struct plan_job *before,
			int64_t day_end_ns)
{
	int64_t start_ns = before->end_ns + SECONDS(20);

	if (start_ns + SECONDS(1) > day_end_ns)
		return;
	j->id = before->id;
	j->restart = before->restart + 1;
	j->start_ns = start_ns;
	j->end_ns = random_between(start_ns + 1, day_end_ns);
}

static void make_job(struct plan *p, const struct plan_options *o, int i)
{
	struct plan_job *j = &p->job[i];
	int64_t day = (p->ticks - 4) * RIG_PERIOD;
	double most = o->over_subscribed ? 1.2 : 0.3;

	*j = (struct plan_job){ .id = 100 + (uint32_t)i };
	j->start_ns = RIG_START + random_between(1, day - 1);
	j->end_ns = j->start_ns + 1 + (int64_t)(random_unit() * random_unit() *
		    (double)(RIG_START + day - j->start_ns));
	j->share = random_u64() % 8 == 0 ? NAN : fmin(1, most * random_unit());
	j->has_step = random_u64() % 3 == 0;
	if (random_u64() % 6 == 0 && i > 0)
		requeue_job(j, &p->job[i - 1], RIG_START + day);
	if (o->suspensions && i % 5 == 0)
		make_suspension(p, j);
}

/*
 * What is kept of a suspension that has ended is how long it was, not when: a
 * stop before its end is settled charges what lies behind, a second as a rule.
 * So there is none here; nor is NODE.open behind the ledger while a job is
 * suspended, since the ledger, too, tells only how long.
 */
static bool may_interrupt(const struct plan *p, int tick, enum plan_event event)
{
	int i;

	for (i = 0; i < p->jobs; i++) {
		const struct plan_job *j = &p->job[i];
		int end = (int)((j->end_ns - RIG_START) / RIG_PERIOD) + 12;

		if (j->resume_tick && tick >= j->resume_tick &&
		    tick <= j->resume_tick + 8)
			return false;
		if (event == PLAN_STALE && j->suspend_tick &&
		    tick >= j->suspend_tick && tick <= end)
			return false;
	}
	return true;
}

static void make_events(struct plan *p)
{
	int k;

	for (k = 2; k < p->ticks; k++) {
		p->sweep[k] = random_u64() % 3 == 0;
		if (random_u64() % 12 == 0)
			p->event[k] = (enum plan_event)random_between(PLAN_CLEAN,
								     PLAN_DOWN);
		if (!may_interrupt(p, k, p->event[k]))
			p->event[k] = PLAN_RUN;
		if (p->event[k] == PLAN_DOWN)
			p->watts[k] = 0;
	}
}

void plan_make(struct plan *p, uint64_t seed, const struct plan_options *o)
{
	int i;

	random_state = seed;
	memset(p, 0, sizeof(*p));
	p->ticks = (int)random_between(60, PLAN_TICKS);
	p->jobs = (int)random_between(1, PLAN_JOBS);
	make_watts(p);
	for (i = 0; i < p->jobs; i++)
		make_job(p, o, i);
	if (o->interruptions)
		make_events(p);
}

/* ---- playing it -------------------------------------------------------------------- */

struct play {
	const struct plan *p;
	rig_t *rig;
	stepd_t stepd[PLAN_JOBS];
	gaterec_t rec[PLAN_JOBS], step[PLAN_JOBS];
};

static void begin_job(struct play *y, int i)
{
	const struct plan_job *j = &y->p->job[i];
	rig_t *rig = y->rig;
	gaterec_t *rec = &y->rec[i];

	rig->now_ns = j->start_ns;
	*rec = rig_record(rig, j->id, GATEREC_EXTERN, j->share);
	rec->restart = j->restart;
	if (j->suspend_tick) {
		y->stepd[i] = stepd_start();
		stepd_is(&y->stepd[i], rec);
	}
	rig_write(rig, rec);
	if (!j->has_step)
		return;
	y->step[i] = *rec;
	strcpy(y->step[i].step, "batch");
	rig_write(rig, &y->step[i]);
}

static void end_job(struct play *y, int i)
{
	y->rig->now_ns = y->p->job[i].end_ns;
	if (y->p->job[i].has_step)
		rig_end(y->rig, &y->step[i]);
	rig_end(y->rig, &y->rec[i]);
	if (y->p->job[i].suspend_tick)
		stepd_kill(&y->stepd[i]);
}

/* What befell between two ticks. */
static void play_jobs(struct play *y, int tick)
{
	int64_t from = tick_ns(tick - 1), to = tick_ns(tick);
	int i;

	for (i = 0; i < y->p->jobs; i++) {
		const struct plan_job *j = &y->p->job[i];

		if (j->start_ns > from && j->start_ns <= to)
			begin_job(y, i);
		if (j->suspend_tick && j->suspend_tick == tick)
			stepd_suspend(&y->stepd[i]);
		if (j->resume_tick && j->resume_tick == tick)
			stepd_resume(&y->stepd[i]);
		if (j->end_ns > from && j->end_ns <= to)
			end_job(y, i);
	}
	y->rig->now_ns = from;
}

static void interrupt(rig_t *rig, enum plan_event event, const char *stale,
		      size_t size)
{
	if (event == PLAN_CLEAN)
		ck_assert_msg(rig_stop(rig) == 0, "%s", rig->last_error);
	else
		rig_crash(rig);
	if (event == PLAN_STALE)
		file_write(rig->open_path, stale, size);
	rig_open(rig);
}

static void sweep(const rig_t *rig)
{
	gaterec_sweep(rig->gate_dirfd, getuid(), rig->boot_id, rig->now_ns,
		      series_writer_settled(rig->series), 1000);
}

static void play_tick(struct play *y, int tick, bool interrupted)
{
	enum plan_event event = interrupted ? y->p->event[tick] : PLAN_RUN;
	rig_t *rig = y->rig;
	char *stale = NULL;
	size_t size = 0;

	if (event == PLAN_DOWN) {
		if (rig->account)
			rig_stop(rig);
		rig->now_ns += RIG_PERIOD;
		return;
	}
	if (!rig->account)
		rig_open(rig);
	if (event == PLAN_STALE)
		stale = file_read(rig->open_path, &size);
	rig_step(rig, y->p->watts[tick]);
	if (y->p->sweep[tick])
		sweep(rig);
	if (event != PLAN_RUN)
		interrupt(rig, event, stale, size);
	free(stale);
}

void plan_play(const struct plan *p, rig_t *rig, bool interrupted)
{
	struct play *y = calloc(1, sizeof(*y));
	int k;

	ck_assert_ptr_nonnull(y);
	y->p = p;
	y->rig = rig;
	rig_open(rig);
	for (k = 0; k < p->ticks; k++) {
		play_jobs(y, k);
		play_tick(y, k, interrupted);
	}
	free(y);
	if (!rig->account)
		rig_open(rig);
	rig_run(rig, 60, 321);
	ck_assert_msg(rig_stop(rig) == 0, "%s", rig->last_error);
}

/* ---- and worked out again ------------------------------------------------------------- */

struct due {
	double gated_j, node_j;
	int64_t active_ns, covered_ns, suspended_ns;
};

static double share_of(const struct plan_job *j)
{
	return isnan(j->share) ? 0.25 : j->share;
}

/* Where a change is booked: when it is seen, at a fresh reading. */
static int64_t booked_ns(const struct plan *p, int tick)
{
	while (tick + 1 < p->ticks && p->event[tick] == PLAN_DOWN)
		tick++;
	if (p->watts[tick] > 0)
		return tick_ns(tick);
	if (tick > 0 && p->watts[tick - 1] > 0)
		return tick_ns(tick - 1);
	return tick_ns(tick);
}

static bool suspended_at(const struct plan *p, const struct plan_job *j,
			 int64_t t)
{
	int64_t from, to;

	if (!j->suspend_tick)
		return false;
	from = booked_ns(p, j->suspend_tick);
	to = j->resume_tick ? booked_ns(p, j->resume_tick) : INT64_MAX;
	return from <= t && t < to;
}

static bool runs_at(const struct plan_job *j, int64_t t)
{
	return j->start_ns <= t && t < j->end_ns;
}

static void cut(int64_t *next, int64_t t, int64_t at)
{
	if (at > t && at < *next)
		*next = at;
}

static int64_t piece_end(const struct plan *p, int64_t t, int64_t end)
{
	int64_t next = end;
	int i;

	for (i = 0; i < p->jobs; i++) {
		const struct plan_job *j = &p->job[i];

		cut(&next, t, j->start_ns);
		cut(&next, t, j->end_ns);
		if (j->suspend_tick)
			cut(&next, t, booked_ns(p, j->suspend_tick));
		if (j->resume_tick)
			cut(&next, t, booked_ns(p, j->resume_tick));
	}
	return next;
}

static double scale_at(const struct plan *p, int64_t t)
{
	double total = 0;
	int i;

	for (i = 0; i < p->jobs; i++)
		if (runs_at(&p->job[i], t) &&
		    !suspended_at(p, &p->job[i], t))
			total += share_of(&p->job[i]);
	return total > 1 ? 1 / total : 1;
}

static void add_piece(const struct plan *p, struct due *due, int64_t t,
		      int64_t next, const struct series_span *span)
{
	double scale = scale_at(p, t);
	int i;

	for (i = 0; i < p->jobs; i++) {
		const struct plan_job *j = &p->job[i];

		if (!runs_at(j, t))
			continue;
		if (suspended_at(p, j, t)) {
			due[i].suspended_ns += next - t;
			continue;
		}
		due[i].active_ns += next - t;
		due[i].covered_ns += span->covered_ns;
		due[i].node_j += span->joules;
		due[i].gated_j += span->joules * share_of(j) * scale;
	}
}

static void check_job(const struct ledger_alloc *a, const struct due *due,
		      double tolerance_j, const char *what)
{
	ck_assert_msg(fabs(a->gated_j - due->gated_j) <= tolerance_j &&
		      fabs(a->node_j - due->node_j) <= tolerance_j,
		      "%s: job %u.%u %s: %.9f of %.9f J, not %.9f of %.9f",
		      what, a->job_id, a->restart, a->step, a->gated_j,
		      a->node_j, due->gated_j, due->node_j);
	ck_assert_msg(a->active_ns == due->active_ns &&
		      a->covered_ns == due->covered_ns &&
		      a->suspended_ns == due->suspended_ns,
		      "%s: job %u.%u %s: %" PRId64 " %" PRId64 " %" PRId64
		      " ns, not %" PRId64 " %" PRId64 " %" PRId64, what,
		      a->job_id, a->restart, a->step, a->active_ns,
		      a->covered_ns, a->suspended_ns, due->active_ns,
		      due->covered_ns, due->suspended_ns);
	ck_assert_msg(!strcmp(a->end, "exit"), "%s: job %u: %s", what,
		      a->job_id, a->end);
}

void plan_check(const struct plan *p, const rig_t *rig,
		const struct rig_ledger *l, double tolerance_j,
		const char *what)
{
	struct due due[PLAN_JOBS] = { { 0 } };
	int64_t t = RIG_START, end = tick_ns(p->ticks + 20), next;
	struct ledger_interval sum = rig_total(l);
	struct series_span span;
	int i;

	for (; t < end; t = next) {
		next = piece_end(p, t, end);
		series_between(rig->truth, t, next, &span);
		add_piece(p, due, t, next, &span);
	}
	for (i = 0; i < p->jobs; i++) {
		const struct plan_job *j = &p->job[i];

		check_job(rig_alloc(l, j->id, GATEREC_EXTERN, j->restart),
			  &due[i], tolerance_j, what);
		if (j->has_step)
			check_job(rig_alloc(l, j->id, "batch", j->restart),
				  &due[i], tolerance_j, what);
	}
	ck_assert_msg(sum.start_ns == RIG_START, "%s", what);
	ck_assert_msg(fabs(sum.node_j - rig_truth(rig, sum.start_ns,
						  sum.end_ns)) < 1e-3,
		      "%s: node", what);
}
