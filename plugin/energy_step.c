/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "energy_step.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "lib/conf.h"
#include "slurm_compat.h"

#define LOOKUPS_MAX 3

void energy_step_init(energy_step_t *s)
{
	memset(s, 0, sizeof(*s));
	s->series.fd = s->suspend.fd = -1;
	s->lookups_left = LOOKUPS_MAX;
}

void energy_step_close(energy_step_t *s)
{
	series_reader_close(&s->series);
	suspend_reader_close(&s->suspend);
}

/*
 * One line a step is enough, and at info: errors of slurmstepd go to the
 * user's own stderr as well.
 */
static void __attribute__((format(printf, 2, 3)))
say_missing(energy_step_t *s, const char *fmt, ...)
{
	char line[1024];
	va_list args;

	if (s->said_missing)
		return;
	s->said_missing = true;
	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	slurm_info("wattgate: %s", line);
}

/* ---- the gate record ------------------------------------------------------- */

struct own_record {
	int dirfd;
	uint64_t start_ticks;	/* of this process */
	char suffix[16];
	gaterec_t rec;
};

/* Our pid in the name is not enough: an earlier process may have had it. */
static int match_own(const char *name, void *arg)
{
	struct own_record *own = arg;
	size_t n = strlen(name), m = strlen(own->suffix);

	return n > m && !strcmp(name + n - m, own->suffix) &&
	       gaterec_read(own->dirfd, name, 0, &own->rec, NULL) == 0 &&
	       own->rec.stepd_start == own->start_ticks;
}

static int read_own_record(energy_step_t *s, struct err *err)
{
	struct own_record own = { .start_ticks = process_start_ticks(getpid()) };
	char path[PATH_MAX];
	int found;

	snprintf(own.suffix, sizeof(own.suffix), ".%d", (int)getpid());
	if (gaterec_dir(path, sizeof(path), NULL, s->node) < 0)
		return err_set_errno(err, "run directory");
	own.dirfd = gaterec_dir_open(path, false, 0, err);
	if (own.dirfd < 0)
		return -1;
	found = gaterec_each(own.dirfd, NULL, match_own, &own);
	close(own.dirfd);
	if (found != 1)
		return err_set(err, "none in %s", path);
	s->rec = own.rec;
	return 0;
}

static bool find_record(energy_step_t *s)
{
	struct err err;

	if (s->found || s->lookups_left == 0)
		return s->found;
	s->lookups_left--;
	if (daemon_node_name(s->node, sizeof(s->node), &err) == 0 &&
	    read_own_record(s, &err) == 0) {
		s->found = true;
		return true;
	}
	if (s->lookups_left == 0)
		say_missing(s, "this step has no gate record, so its energy is 0 "
			    "(%s). Needed: PrologFlags=Contain in slurm.conf and "
			    "'optional spank_wattgate.so' in plugstack.conf; jobs "
			    "that ran before have none", err.text);
	return false;
}

/* ---- the series ------------------------------------------------------------ */

static int open_series(energy_step_t *s)
{
	char path[PATH_MAX];
	struct err err;

	if (s->series.fd >= 0)
		return 0;
	if (conf_run_path(path, sizeof(path), s->node, "series") < 0)
		return -1;
	if (series_reader_open(&s->series, path, &err) < 0) {
		if (!strcmp(s->rec.step, GATEREC_EXTERN))	/* once a job */
			say_missing(s, "node %s: energy is not measured: %s. "
				    "Is wattgated running? (systemctl status "
				    "wattgated)", s->node, err.text);
		return -1;
	}
	if (!(s->rec.share >= 0))	/* not known when the step began */
		s->rec.share = share_compute(s->series.params.share,
					     &s->series.params.hw,
					     &s->rec.holding);
	return 0;
}

/* The head, by a freshly opened file where this one was replaced. */
static int read_head(energy_step_t *s, struct series_head *head)
{
	int tries;

	for (tries = 0; tries < 2; tries++) {
		if (open_series(s) < 0)
			return -1;
		if (series_reader_head(&s->series, head) == 0 &&
		    !(head->flags & SERIES_REPLACED))
			return 0;
		series_reader_close(&s->series);
	}
	return -1;
}

/*
 * The job's suspensions; none where there is no table. -1 where the table
 * cannot be read just now: the last answer is better than one without them.
 */
static int read_suspend(energy_step_t *s, struct suspend_slot *slot)
{
	char path[PATH_MAX];

	memset(slot, 0, sizeof(*slot));
	if (s->suspend.fd < 0 &&
	    (conf_run_path(path, sizeof(path), s->node, "suspend") < 0 ||
	     suspend_reader_open(&s->suspend, path, NULL) < 0))
		return 0;
	return suspend_reader_get(&s->suspend, s->rec.job_id, slot);
}

/*
 * The series' joules at t_ns; where it does not reach back so far, its newest:
 * what cannot be told is not charged.
 */
static double series_joules(const energy_step_t *s,
			    const struct series_head *head, int64_t t_ns)
{
	struct series_point p;

	if (series_reader_point(&s->series, head, t_ns, &p) < 0)
		return head->last.cum_j;
	return p.cum_j;
}

/*
 * Where the series stood when the step began: as the record says until a
 * sample lies beyond that instant, then for good.
 */
static void settle_start(energy_step_t *s, const struct series_head *head)
{
	struct series_point p;

	if (s->gate.start_exact || !head->count ||
	    head->last.boot_ns <= s->rec.start_ns)
		return;
	s->gate.start_exact = true;
	if (series_reader_point(&s->series, head, s->rec.start_ns, &p) == 0)
		s->gate.start_j = p.cum_j;
}

static void begin_gate(energy_step_t *s, const struct series_head *head,
		       const struct suspend_slot *slot)
{
	double start_j = s->rec.cum_j;

	if (isnan(start_j))
		start_j = series_joules(s, head, s->rec.start_ns);
	gate_live_start(&s->gate, s->rec.start_ns, s->rec.share, start_j, slot);
	s->gate_begun = true;
}

/* A series that was begun anew counts from zero again. */
static void check_rebase(energy_step_t *s, const struct series_head *head,
			 const struct suspend_slot *slot)
{
	if (head->last.cum_j < s->last_cum_j)
		gate_live_rebase(&s->gate,
				 series_joules(s, head, s->last_poll_ns), slot);
	s->last_cum_j = head->last.cum_j;
}

void energy_step_poll(energy_step_t *s, struct energy_answer *out)
{
	struct series_head head;
	struct series_point now;
	struct suspend_slot slot;
	int64_t now_ns = clock_boot_ns();

	*out = (struct energy_answer){ .joules = s->gate.answer_j };
	if (!find_record(s) || read_head(s, &head) < 0 ||
	    read_suspend(s, &slot) < 0)
		return;
	if (!s->gate_begun)
		begin_gate(s, &head, &slot);
	s->gate.share = s->rec.share;	/* the ledger waits for it, too */
	check_rebase(s, &head, &slot);
	settle_start(s, &head);
	series_head_point(&head, s->series.params.period_ns, now_ns, &now);
	out->joules = gate_live_advance(&s->gate, &now, &slot);
	out->elapsed_s = ns_to_s(now_ns - s->rec.start_ns);
	if (head.count && s->rec.share > 0 && !slot.since_ns &&
	    now_ns - head.last.boot_ns <= s->series.params.max_gap_ns)
		out->watts = head.last.watts * s->rec.share;
	s->last_poll_ns = now_ns;
}
