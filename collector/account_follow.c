/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looking at gate records, their processes, and suspensions. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account_impl.h"
#include "suspension.h"

/* A prolog that is still under way holds the ledger back no longer than this. */
#define PROLOG_PATIENCE_NS (600 * NS_PER_S)

/* Nor does a share that Slurm has not told yet, longer than it is asked again. */
#define SHARE_PATIENCE_NS (600 * NS_PER_S)

/* While a job's processes are stopped Slurm is asked about it, again and again; */
#define WORD_AGAIN_NS (60 * NS_PER_S)
/* without an answer for so long, the processes decide. */
#define WORD_PATIENCE_NS (30 * NS_PER_S)

static bool open_gate_dir(account_t *a)
{
	struct err err;
	struct stat st;
	bool bad;

	if (a->gate_dirfd >= 0 && fstat(a->gate_dirfd, &st) == 0 && st.st_nlink)
		return true;
	if (a->gate_dirfd >= 0)	/* removed: another may stand in its place */
		close(a->gate_dirfd);
	a->gate_dirfd = gaterec_dir_open(a->p.gate_dir, false, a->p.owner, &err);
	/* before the first job there is none: that is no trouble */
	bad = a->gate_dirfd < 0 && errno != ENOENT;
	if (log_latch_change(&a->gate_latch, bad) && bad)
		log_error(a->p.log, "node %s: %s: jobs are not accounted",
			  a->p.node, err.text);
	return a->gate_dirfd >= 0;
}

/* ---- records ---------------------------------------------------------------- */

static void note_prolog(account_t *a, const gaterec_t *rec, int64_t now_ns)
{
	if (now_ns - rec->start_ns < PROLOG_PATIENCE_NS &&
	    rec->start_ns < a->oldest_note_ns &&
	    !strcmp(rec->boot_id, a->p.boot_id))
		a->oldest_note_ns = rec->start_ns;
}

/* A job that was suspended when an earlier wattgated stopped still is. */
static void adopt_suspension(account_t *a, struct holder *h)
{
	const struct suspend_slot *slot =
		suspend_writer_find(a->p.suspend, h->rec.job_id);

	/* before its start: that was an earlier instance of the job */
	if (h->is_alloc && slot && slot->since_ns >= h->rec.start_ns)
		holder_suspend(h, slot->since_ns);
}

static void add_record(account_t *a, const gaterec_t *rec, ino_t ino)
{
	struct holder *h = holder_find(&a->set, rec);

	if (!h) {
		h = holder_add(&a->set, rec);
		if (!h)
			return;	/* the next look tries again */
		h->alive_ns = rec->start_ns;
		a->checkpointed_ns = 0;
	}
	if (!h->ino)
		adopt_suspension(a, h);
	h->rec = *rec;
	if (rec->share >= 0)
		h->share = rec->share;	/* the ledger rounds it */
	h->ino = ino;
	h->listed = true;
}

struct look {
	account_t *a;
	int64_t now_ns;
};

static int look_at(const char *name, void *arg)
{
	struct look *look = arg;
	account_t *a = look->a;
	struct holder *h = holder_find_name(&a->set, name);
	struct err err;
	struct stat st;
	gaterec_t rec;

	if (fstatat(a->gate_dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (h)
		h->listed = true;
	if (h && h->ino == st.st_ino)
		return 0;
	if (gaterec_read(a->gate_dirfd, name, a->p.owner, &rec, &err) < 0) {
		if (errno != ENOENT)
			log_debug(a->p.log, "node %s: %s", a->p.node, err.text);
		return 0;
	}
	if (!strcmp(rec.step, GATEREC_PROLOG))
		note_prolog(a, &rec, look->now_ns);
	else if (!strcmp(rec.boot_id, a->p.boot_id))
		add_record(a, &rec, st.st_ino);
	return 0;
}

/* -1: the directory cannot be read now. */
static int list_once(account_t *a, int64_t now_ns)
{
	struct look look = { .a = a, .now_ns = now_ns };
	uint32_t i;

	a->oldest_note_ns = INT64_MAX;
	for (i = 0; i < a->set.len; i++)
		a->set.items[i]->listed = false;
	if (gaterec_each(a->gate_dirfd, NULL, look_at, &look) == 0)
		return 0;
	log_debug(a->p.log, "node %s: cannot list %s", a->p.node,
		  a->p.gate_dir);
	return -1;
}

void account_list_records(account_t *a, int64_t now_ns)
{
	int64_t note_ns = a->oldest_note_ns;
	uint32_t i;

	a->oldest_note_ns = INT64_MAX;
	if (!open_gate_dir(a))
		return;
	if (list_once(a, now_ns) < 0) {
		a->oldest_note_ns = note_ns;
		return;
	}
	/*
	 * A note went: the record that takes it up was written before, perhaps
	 * behind our back while we listed.
	 */
	if (a->oldest_note_ns > note_ns && list_once(a, now_ns) < 0)
		return;
	for (i = a->set.len; i-- > 0; )
		if (a->set.items[i]->state == HOLDER_DONE &&
		    !a->set.items[i]->listed)
			holder_remove(&a->set, i);
}

/* ---- processes -------------------------------------------------------------- */

/* An allocation lives as long as any step of its job. */
static bool any_step_alive(const account_t *a, const struct holder *h)
{
	uint32_t i;

	for (i = 0; i < a->set.len; i++) {
		const struct holder *o = a->set.items[i];

		if (o->state == HOLDER_OPEN &&
		    o->rec.job_id == h->rec.job_id &&
		    o->rec.restart == h->rec.restart && !o->rec.end_ns &&
		    gaterec_alive(&o->rec, a->p.boot_id))
			return true;
	}
	return false;
}

static void end_holder(account_t *a, struct holder *h, int64_t end_ns,
		       const char *how)
{
	h->state = HOLDER_ENDED;
	h->end = how;
	/* what is settled stays settled */
	h->end_ns = end_ns > h->gate.settled_ns ? end_ns : h->gate.settled_ns;
	log_debug(a->p.log, "node %s: job %u step %s ended (%s)", a->p.node,
		  h->rec.job_id, h->rec.step, how);
}

/* When it was last alive; an allocation was as long as its job's steps were. */
static int64_t last_seen(const account_t *a, const struct holder *h)
{
	int64_t seen_ns = h->alive_ns;
	uint32_t i;

	for (i = 0; h->is_alloc && i < a->set.len; i++) {
		const gaterec_t *r = &a->set.items[i]->rec;

		if (r->job_id == h->rec.job_id &&
		    r->restart == h->rec.restart &&
		    !r->swept && r->end_ns > seen_ns)
			seen_ns = r->end_ns;
	}
	return seen_ns;
}

/* Trouble of our own says nothing of the job. */
static bool cannot_tell(const account_t *a, const struct holder *h, int error)
{
	if (a->gate_dirfd < 0)	/* a restored one is known by its record only */
		return !h->ino && a->gate_latch.bad;
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/*
 * Where /proc hides root's processes (hidepid) no slurmstepd can be looked at:
 * then only the records tell of ends, and no suspension is seen.
 */
static bool proc_visible(account_t *a)
{
	bool hidden = access("/proc/1/stat", R_OK) < 0;

	if (log_latch_change(&a->proc_latch, hidden) && hidden)
		log_error(a->p.log, "node %s: /proc hides root's processes: "
			  "suspended jobs are charged on, and jobs whose "
			  "slurmstepd was killed stay open. Mount /proc with "
			  "gid= of a group that wattgated is in (proc(5), "
			  "hidepid)", a->p.node);
	return !hidden;
}

static void follow_process(account_t *a, struct holder *h, int64_t now_ns)
{
	char name[GATEREC_NAME_MAX];
	gaterec_t rec;
	bool known;

	if (h->rec.end_ns && !h->rec.swept) {
		end_holder(a, h, h->rec.end_ns, "exit");
		return;
	}
	if (h->is_alloc ? any_step_alive(a, h)
			: gaterec_alive(&h->rec, a->p.boot_id)) {
		h->alive_ns = now_ns;
		return;
	}
	if (!proc_visible(a))
		return;
	/* it may have written its end after we listed */
	known = a->gate_dirfd >= 0 &&
		gaterec_read(a->gate_dirfd,
			     gaterec_name(&h->rec, name, sizeof(name)),
			     a->p.owner, &rec, NULL) == 0;
	if (!known && cannot_tell(a, h, errno))
		return;
	if (known && rec.end_ns && !rec.swept) {
		h->rec = rec;
		end_holder(a, h, rec.end_ns, "exit");
		return;
	}
	log_warn(a->p.log, "node %s: job %u step %s: slurmstepd %d vanished: its "
		 "energy is counted up to when it was last seen", a->p.node,
		 h->rec.job_id, h->rec.step, h->rec.stepd_pid);
	end_holder(a, h, last_seen(a, h), "vanished");
}

/* ---- suspension -------------------------------------------------------------- */

/*
 * The instant that a change seen now is booked at, with the series there: the
 * newest sample, where there is a fresh one, since its value is final.
 */
static int64_t booking_point(const account_t *a, const series_t *s,
			     int64_t now_ns, struct series_point *p)
{
	const struct series_sample *last = series_last(s);
	struct series_head head = { .count = last != NULL };

	if (!last) {
		*p = (struct series_point){ 0 };
		return now_ns;
	}
	if (now_ns - last->boot_ns <= a->p.period_ns)
		now_ns = last->boot_ns;
	head.last = *last;
	series_head_point(&head, a->p.period_ns, now_ns, p);
	return now_ns;
}

static void book_suspension(account_t *a, struct holder *h, bool suspended,
			    int64_t t_ns, const struct series_point *p)
{
	struct err err;
	int rc;

	if (suspended) {
		holder_suspend(h, t_ns);
		rc = suspend_writer_stop(a->p.suspend, h->rec.job_id, t_ns,
					 p->cum_j, p->cum_covered_ns, &err);
	} else {
		holder_resume(h, t_ns);
		rc = suspend_writer_resume(a->p.suspend, h->rec.job_id, t_ns,
					   p->cum_j, p->cum_covered_ns, &err);
	}
	if (rc < 0)
		log_error(a->p.log, "node %s: job %u: %s", a->p.node,
			  h->rec.job_id, err.text);
	log_info(a->p.log, "node %s: job %u is %s", a->p.node, h->rec.job_id,
		 suspended ? "suspended" : "running again");
	a->checkpointed_ns = 0;	/* a crash must not forget it */
}

/*
 * Stopped processes are the prompt only: users may have Slurm stop those of a
 * job that runs (scancel --signal=STOP), and start theirs again by themselves.
 */
static enum job_word ask_slurm(account_t *a, struct holder *h,
			       const series_t *s, int64_t now_ns)
{
	enum job_word word;

	if (!h->asked_ns || now_ns - h->asked_ns >= WORD_AGAIN_NS) {
		h->asked_ns = now_ns;
		h->stop_ns = booking_point(a, s, now_ns, &h->stop_point);
	}
	if (!a->p.word)
		return WORD_NONE;
	word = a->p.word(a->p.word_arg, h->rec.job_id, h->asked_ns);
	if (word == WORD_PENDING && now_ns - h->asked_ns >= WORD_PATIENCE_NS)
		return WORD_NONE;
	return word;
}

static void follow_suspension(account_t *a, struct holder *h, const series_t *s,
			      int64_t now_ns)
{
	enum suspension_state state =
		suspension_probe(h->rec.stepd_pid, &h->child, a->p.owner);
	bool was = holder_suspended(h, INT64_MAX - 1);
	enum job_word word = WORD_ACTIVE;
	struct series_point p;
	int64_t t_ns;

	if (state == SUSPENSION_UNKNOWN)
		return;
	if (state == SUSPENSION_YES)
		word = ask_slurm(a, h, s, now_ns);
	else
		h->asked_ns = 0;
	h->in_doubt = word == WORD_PENDING && !was;
	if (word == WORD_PENDING || was == (word != WORD_ACTIVE))
		return;
	if (!was && h->stop_ns >= a->settled_ns) {
		book_suspension(a, h, true, h->stop_ns, &h->stop_point);
		return;
	}
	t_ns = booking_point(a, s, now_ns, &p);
	book_suspension(a, h, !was, t_ns, &p);
}

/* -------------------------------------------------------------------------------- */

static void know_share(const struct series_params *sp, struct holder *h)
{
	if (!(h->share >= 0))
		h->share = h->rec.share >= 0 ? h->rec.share :
			   share_compute(sp->share, &sp->hw, &h->rec.holding);
	if (!(h->model_w > 0))
		h->model_w = share_model_w(&sp->hw, &h->rec.holding);
}

/* Up to when it can be settled. */
static int64_t known_until(const struct holder *h, int64_t now_ns)
{
	if (h->state == HOLDER_DONE)
		return INT64_MAX;
	if (!(h->share >= 0) && now_ns - h->rec.start_ns < SHARE_PATIENCE_NS)
		return h->gate.settled_ns;
	if (h->state == HOLDER_OPEN && h->in_doubt)
		return h->stop_ns;
	return INT64_MAX;
}

int64_t account_known_until(const account_t *a, int64_t now_ns)
{
	int64_t until_ns = a->oldest_note_ns;
	uint32_t i;

	for (i = 0; i < a->set.len; i++) {
		int64_t t_ns = known_until(a->set.items[i], now_ns);

		if (t_ns < until_ns)
			until_ns = t_ns;
	}
	return until_ns;
}

void account_follow(account_t *a, const struct series_params *sp,
		    const series_t *s, int64_t now_ns)
{
	uint32_t i;

	account_list_records(a, now_ns);
	for (i = 0; i < a->set.len; i++) {
		struct holder *h = a->set.items[i];

		if (h->state != HOLDER_DONE)
			know_share(sp, h);
		if (h->state != HOLDER_OPEN)
			continue;
		follow_process(a, h, now_ns);
		if (h->state == HOLDER_OPEN && h->is_alloc)
			follow_suspension(a, h, s, now_ns);
	}
}
