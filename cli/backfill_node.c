/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/backfill_node.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/backfill_file.h"
#include "cli/cmd.h"
#include "cli/mem.h"
#include "lib/clock.h"
#include "lib/ledger_wall.h"
#include "lib/samples.h"
#include "oar/settle.h"

#define HOUR_S 3600
#define DAY_S 86400
#define MORE_NS (NS_PER_S / 1000)	/* more measured time than that is more */

/* A job, and what becomes of it. */
struct fill_claim {
	const struct fill_job *job;
	struct claim claim;
	bool wanted;		/* it has time in the hours to fill */
	double active;		/* the part of its time that it is not suspended */
	holding_t holding;
	double share, model_w;
};

/* An hour to fill. */
struct fill_hour {
	int64_t hour_s;
	bool settled;		/* it was come to */
	bool keep;		/* what the file has of it stays */
	struct node_sums sums;
	struct ledger_part *parts;
	uint32_t parts_len;
	/* what is known of it already, the better of ledger and file */
	int64_t known_ns, past_ns;
	double known_j, known_jobs_j;
	bool forgotten;		/* a job that accounting does not know was there */
};

struct node_fill {
	struct backfill *b;
	const struct fill_node *n;
	struct backfill_file file;
	struct fill_claim *claims;
	struct claim *here;	/* those of an hour, for settling */
	uint32_t *here_of;
	struct fill_hour *hours;
	uint32_t hours_len;
	int64_t lo_s, hi_s;	/* with all of the jobs */
	char source[PAST_SOURCE_MAX];
	char boot[BOOT_ID_SIZE];
};

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t hour_down(int64_t t_s)
{
	return t_s - t_s % HOUR_S;
}

static int64_t hour_up(int64_t t_s)
{
	return hour_down(t_s + HOUR_S - 1);
}

/* ---- jobs ---------------------------------------------------------------------- */

static bool overlaps(const struct fill_job *j, int64_t from_s, int64_t to_s)
{
	return j->start_s < to_s && (!j->end_s || j->end_s > from_s);
}

/*
 * When a job was suspended accounting does not tell, only for how long: it is
 * charged as much less at every moment.
 */
static double active_part(const struct fill_job *j, int64_t until_s)
{
	const int64_t length_s = (j->end_s ? j->end_s : until_s) - j->start_s;

	if (length_s <= 0 || j->suspended_s >= length_s)
		return j->suspended_s > 0 ? 0 : 1;
	return 1 - (double)j->suspended_s / (double)length_s;
}

static double or_zero(double x)
{
	return x > 0 ? x : 0;
}

static void claim_set(const struct node_fill *f, struct fill_claim *c)
{
	const struct fill_job *j = c->job;
	const hardware_t *hw = &f->n->hw;
	const double threads = hw->threads_per_core ? hw->threads_per_core : 1;

	c->holding = (holding_t){ or_zero(j->part.cpus) / threads,
		or_zero(j->part.gpus),
		hw->mem_consumable ? or_zero(j->part.mem_mb) : 0 };
	c->share = isnan(j->part.cpus) ? NAN :
		   share_compute(f->n->share, hw, &c->holding);
	c->model_w = isnan(j->part.cpus) ? NAN :
		     share_model_w(hw, &c->holding);
	c->active = active_part(j, f->n->limit_s);
	c->wanted = overlaps(j, f->n->from_s, f->n->to_s);
	c->claim = (struct claim){
		.what.job_id = j->id,
		.fixed = { .share = c->share * c->active },
		.from_s = j->start_s, .to_s = j->end_s ? j->end_s : CLAIM_OPEN,
	};
}

/* All jobs, and the time that those to be filled take. */
static void claims_make(struct node_fill *f)
{
	const struct fill_node *n = f->n;

	f->claims = mem_zeroed((size_t)n->jobs_len + 1, sizeof(*f->claims));
	f->here = mem_zeroed((size_t)n->jobs_len + 1, sizeof(*f->here));
	f->here_of = mem_zeroed((size_t)n->jobs_len + 1, sizeof(*f->here_of));
	f->lo_s = n->from_s;
	f->hi_s = n->to_s;
	for (uint32_t i = 0; i < n->jobs_len; i++) {
		struct fill_claim *c = &f->claims[i];

		c->job = &n->jobs[i];
		claim_set(f, c);
		if (!c->wanted)
			continue;
		f->lo_s = sooner(f->lo_s, hour_down(c->job->start_s));
		if (c->job->end_s)
			f->hi_s = later(f->hi_s, hour_up(c->job->end_s));
	}
	f->hi_s = sooner(f->hi_s, n->limit_s);
	for (uint32_t i = 0; i < n->jobs_len; i++)
		claim_begin(&f->claims[i].claim, f->lo_s, 0);
}

static int compare_claim(const void *a, const void *b)
{
	const struct fill_claim *x = a, *y = b;

	if (x->job->id != y->job->id)
		return x->job->id < y->job->id ? -1 : 1;
	return x->job->start_s < y->job->start_s ? -1 :
	       x->job->start_s > y->job->start_s;
}

static const struct fill_claim *claim_find(const struct node_fill *f,
					   uint32_t job_id, int64_t start_s)
{
	const struct fill_job job = { .id = job_id, .start_s = start_s };
	const struct fill_claim key = { .job = &job };

	return f->n->jobs_len ? bsearch(&key, f->claims, f->n->jobs_len,
					sizeof(key), compare_claim) : NULL;
}

/* ---- what is known -------------------------------------------------------------- */

static struct fill_hour *hour_at(const struct node_fill *f, int64_t t_s)
{
	if (t_s < f->n->from_s || t_s >= f->n->to_s)
		return NULL;
	return &f->hours[(t_s - f->n->from_s) / HOUR_S];
}

static void hours_make(struct node_fill *f)
{
	f->hours_len = (uint32_t)((f->n->to_s - f->n->from_s) / HOUR_S);
	f->hours = mem_zeroed((size_t)f->hours_len + 1, sizeof(*f->hours));
	for (uint32_t i = 0; i < f->hours_len; i++)
		f->hours[i].hour_s = f->n->from_s + (int64_t)i * HOUR_S;
}

/* Of the node's own ledger: an interval lies within an hour. */
static void take_live(const struct ledger_rec *rec, void *arg)
{
	const struct ledger_interval *iv = &rec->interval;
	struct node_fill *f = arg;
	struct fill_hour *h;

	if (rec->kind != LEDGER_INTERVAL)
		return;
	h = hour_at(f, (wall_start(iv) + (iv->end_ns - iv->start_ns) / 2) /
			       NS_PER_S);
	if (!h)
		return;
	h->known_ns += iv->measured_ns;
	h->known_j += iv->node_j;
	h->known_jobs_j += iv->allocated_j;
}

/* A job that has a part of an hour, and that accounting has no more. */
static bool has_forgotten(const struct node_fill *f,
			  const struct ledger_interval *iv)
{
	for (uint32_t i = 0; i < iv->parts_len; i++) {
		if (!claim_find(f, iv->parts[i].job_id, iv->parts[i].restart))
			return true;
	}
	return false;
}

static void past_take(struct node_fill *f, struct fill_hour *h)
{
	const struct ledger_interval *iv =
		backfill_file_hour(&f->file, h->hour_s);

	if (!iv)
		return;
	h->past_ns = iv->measured_ns;
	h->forgotten = has_forgotten(f, iv);
	if (iv->measured_ns <= h->known_ns)
		return;
	h->known_ns = iv->measured_ns;
	h->known_j = iv->node_j;
	h->known_jobs_j = iv->allocated_j;
}

int backfill_known_open(struct ledgers *from, const struct conf *conf,
			int64_t from_s, int64_t to_s, struct err *err)
{
	if (ledgers_open(from, conf, err) < 0)
		return -1;
	from->windowed = true;
	from->window = (struct store_window){ from_s * NS_PER_S,
					      to_s * NS_PER_S };
	return 0;
}

static int known_read(struct node_fill *f, struct err *err)
{
	const struct ledger_visitor live = { take_live, NULL, f };
	const struct fill_node *n = f->n;
	struct ledgers from;
	int rc;

	if (backfill_file_read(&f->file, n->conf->ledger_dir, n->name, err) < 0 ||
	    backfill_known_open(&from, n->conf, n->from_s, n->to_s, err) < 0)
		return -1;
	rc = ledgers_visit(&from, n->name, LEDGER_FILE_CLOSED, &live, err);
	ledgers_close(&from);
	if (rc < 0)
		return -1;
	for (uint32_t i = 0; i < f->hours_len; i++)
		past_take(f, &f->hours[i]);
	return 0;
}

/* A job that ran at the end of what was filled, and has ended since. */
static bool has_ended(const struct node_fill *f)
{
	for (uint32_t i = 0; i < f->n->jobs_len; i++) {
		const struct fill_claim *c = &f->claims[i];
		const struct ledger_alloc *a = backfill_file_alloc(&f->file,
			c->job->id, c->job->start_s);

		if (c->wanted && c->job->end_s && a && ledgers_past_open(a))
			return true;
	}
	return false;
}

static unsigned hours_wanted(const struct node_fill *f)
{
	const bool all = f->b->force || has_ended(f);
	unsigned count = 0;

	for (uint32_t i = 0; i < f->hours_len; i++)
		count += all || f->hours[i].known_ns <
				HOUR_S * NS_PER_S - MORE_NS;
	return count;
}

/* ---- settling ---------------------------------------------------------------------- */

static uint32_t here_take(struct node_fill *f, int64_t hour_s)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < f->n->jobs_len; i++) {
		if (!overlaps(f->claims[i].job, hour_s, hour_s + HOUR_S))
			continue;
		f->here[count] = f->claims[i].claim;
		f->here_of[count++] = i;
	}
	return count;
}

/* Give the claims back; what each got in the hour becomes its part. */
static void here_return(struct node_fill *f, uint32_t count,
			struct fill_hour *h)
{
	if (h)
		h->parts = mem_zeroed((size_t)count + 1, sizeof(*h->parts));
	for (uint32_t i = 0; i < count; i++) {
		struct fill_claim *c = &f->claims[f->here_of[i]];
		const double joules = f->here[i].gate.gated_j -
				      c->claim.gate.gated_j;

		c->claim = f->here[i];
		if (h)
			h->parts[h->parts_len++] = (struct ledger_part){
				c->job->id, (uint32_t)c->job->start_s, joules };
	}
}

static int hour_settle(struct node_fill *f, const struct samples *samples,
		       int64_t hour_s, struct err *err)
{
	series_t *series = samples_series(samples, hour_s * NS_PER_S,
					  (hour_s + HOUR_S) * NS_PER_S);
	struct fill_hour *h = hour_at(f, hour_s);
	const uint32_t count = here_take(f, hour_s);
	struct node_sums sums;
	int rc;

	if (!series)
		mem_failed();
	rc = settle_window(NULL, series, hour_s, hour_s + HOUR_S, f->here,
			   count, &sums, err);
	series_destroy(series);
	if (rc < 0)
		return -1;
	here_return(f, count, h);
	if (!h)
		return 0;
	h->sums = sums;
	h->settled = true;
	if (count <= LEDGER_PARTS_MAX)
		return 0;
	return err_set(err, "node %s: more than %d jobs in one hour",
		       f->n->name, LEDGER_PARTS_MAX);
}

static int day_settle(struct node_fill *f, int64_t from_s, int64_t to_s,
		      struct err *err)
{
	char source[PAST_SOURCE_MAX];
	struct samples samples = { 0 };
	int rc = past_samples(&f->b->past, f->n->name, from_s, to_s, &samples,
			      source, err);

	if (*source)
		memcpy(f->source, source, sizeof(f->source));
	for (int64_t t_s = from_s; rc == 0 && t_s < to_s; t_s += HOUR_S)
		rc = hour_settle(f, &samples, t_s, err);
	samples_clear(&samples);
	return rc;
}

/* 0 with *stopped where the user wants no more: nothing is written then. */
static int days_settle(struct node_fill *f, bool *stopped, struct err *err)
{
	int64_t to_s;

	for (int64_t t_s = f->lo_s; t_s < f->hi_s; t_s = to_s) {
		to_s = sooner(t_s - t_s % DAY_S + DAY_S, f->hi_s);
		*stopped = f->b->stopped();
		if (*stopped)
			return 0;
		if (day_settle(f, t_s, to_s, err) < 0) {
			*stopped = f->b->stopped();
			return *stopped ? 0 : -1;
		}
		backfill_progress(f->b, f->n->name, t_s,
				  (unsigned)((to_s - t_s) / HOUR_S),
				  (unsigned)((to_s - t_s) / HOUR_S));
	}
	return 0;
}

/* ---- what goes into the file ---------------------------------------------------------- */

/* What was measured once is not given up for less. */
static bool is_worse(const struct node_fill *f, const struct fill_hour *h)
{
	if (h->forgotten)
		return true;
	if (f->b->force)
		return h->past_ns > 0 && h->sums.measured_ns == 0;
	return h->sums.measured_ns < h->past_ns - MORE_NS;
}

/* Does the job have time in an hour that stays? */
static bool is_held(const struct node_fill *f, const struct fill_job *j)
{
	const int64_t end_s = j->end_s ? sooner(j->end_s, f->n->to_s) :
					 f->n->to_s;

	for (int64_t t_s = later(hour_down(j->start_s), f->n->from_s);
	     t_s < end_s; t_s += HOUR_S) {
		if (hour_at(f, t_s)->keep)
			return true;
	}
	return false;
}

static bool hold_all(struct node_fill *f, const struct fill_job *j)
{
	const int64_t end_s = j->end_s ? sooner(j->end_s, f->n->to_s) :
					 f->n->to_s;
	bool more = false;

	for (int64_t t_s = later(hour_down(j->start_s), f->n->from_s);
	     t_s < end_s; t_s += HOUR_S) {
		struct fill_hour *h = hour_at(f, t_s);

		more |= !h->keep;
		h->keep = true;
	}
	return more;
}

/*
 * An hour that stays keeps the jobs that were there, and they keep all their
 * hours: a job's parts and its record are always of one filling.
 */
static void keep_find(struct node_fill *f)
{
	bool more;

	for (uint32_t i = 0; i < f->hours_len; i++)
		f->hours[i].keep = is_worse(f, &f->hours[i]);
	do {
		more = false;
		for (uint32_t i = 0; i < f->n->jobs_len; i++) {
			const struct fill_job *j = f->claims[i].job;

			if (f->claims[i].wanted && is_held(f, j))
				more |= hold_all(f, j);
		}
	} while (more);
}

/* Is there an hour of which more is known now, or a job that has ended? */
static bool is_gain(const struct node_fill *f)
{
	bool any = false;

	for (uint32_t i = 0; i < f->hours_len; i++) {
		const struct fill_hour *h = &f->hours[i];

		any |= !h->keep && h->sums.measured_ns > 0 &&
		       (f->b->force ||
			h->sums.measured_ns > h->known_ns + MORE_NS);
	}
	return any || has_ended(f);
}

static struct ledger_rec hour_record(const struct node_fill *f,
				     const struct fill_hour *h)
{
	struct ledger_rec rec = { .kind = LEDGER_INTERVAL };
	struct ledger_interval *iv = &rec.interval;

	snprintf(iv->node, sizeof(iv->node), "%s", f->n->name);
	memcpy(iv->boot_id, f->boot, sizeof(iv->boot_id));
	iv->start_wall_ns = h->hour_s * NS_PER_S;
	iv->end_wall_ns = iv->start_wall_ns + HOUR_S * NS_PER_S;
	iv->start_ns = iv->start_wall_ns - SAMPLES_OFFSET_NS;
	iv->end_ns = iv->end_wall_ns - SAMPLES_OFFSET_NS;
	iv->node_j = h->sums.node_j;
	iv->allocated_j = h->sums.allocated_j;
	iv->unallocated_j = h->sums.unallocated_j;
	iv->idle_j = h->sums.idle_j;
	iv->measured_ns = h->sums.measured_ns;
	iv->unmeasured_ns = h->sums.unmeasured_ns;
	iv->idle_ns = h->sums.idle_ns;
	iv->scaled = h->sums.scaled;
	iv->parts = h->parts;
	iv->parts_len = h->parts_len;
	return rec;
}

/* Up to where the job is filled; its end where it has one. */
static int64_t filled_to(const struct node_fill *f, const struct fill_claim *c)
{
	return c->job->end_s ? c->job->end_s : f->hi_s;
}

/* Time of the job that the fetch did not come to is unmeasured. */
static void claim_finish(const struct node_fill *f, struct fill_claim *c)
{
	gate_t *g = &c->claim.gate;
	const int64_t to_ns = filled_to(f, c) * NS_PER_S;
	const int64_t dark_ns = to_ns - g->settled_ns;
	const struct series_span dark = { .head_gap_ns = dark_ns,
		.tail_gap_ns = dark_ns, .max_gap_ns = dark_ns };

	gate_advance(g, to_ns, &dark, 0, true);
}

static int64_t part_ns(int64_t ns, double part)
{
	return part < 1 ? (int64_t)((double)ns * part) : ns;
}

/* Where its power comes from, and what was not told of the job. */
static void source_set(const struct node_fill *f, const struct fill_claim *c,
		       char *buf, size_t size)
{
	char text[PAST_SOURCE_MAX + 32];
	size_t len;

	snprintf(text, sizeof(text), "%s%s%s", f->source,
		 c->job->part.split ? "+even-split" : "",
		 c->active < 1 ? "+even-suspension" : "");
	len = strnlen(text, size - 1);
	memcpy(buf, text, len);
	buf[len] = '\0';
}

static struct ledger_rec job_record(const struct node_fill *f,
				    const struct fill_claim *c)
{
	struct ledger_rec rec = { .kind = LEDGER_ALLOC };
	struct ledger_alloc *a = &rec.alloc;
	const gate_t *g = &c->claim.gate;

	a->job_id = c->job->id;
	strcpy(a->step, "extern");
	a->restart = (uint32_t)c->job->start_s;
	a->uid = UINT32_MAX;
	snprintf(a->node, sizeof(a->node), "%s", f->n->name);
	memcpy(a->boot_id, f->boot, sizeof(a->boot_id));
	a->start_wall_ns = c->job->start_s * NS_PER_S;
	a->end_wall_ns = filled_to(f, c) * NS_PER_S;
	a->start_ns = a->start_wall_ns - SAMPLES_OFFSET_NS;
	a->end_ns = a->settled_ns = a->end_wall_ns - SAMPLES_OFFSET_NS;
	a->active_ns = part_ns(g->active_ns, c->active);
	a->suspended_ns = a->end_ns - a->start_ns - a->active_ns;
	a->covered_ns = part_ns(g->covered_ns, c->active);
	a->max_gap_ns = g->max_gap_ns;
	a->open_gap_ns = g->open_gap_ns;
	a->holding = c->holding;
	a->share = c->share;
	a->gated_j = g->gated_j;
	a->node_j = g->node_j * c->active;
	a->model_w = c->model_w;
	source_set(f, c, a->source, sizeof(a->source));
	strcpy(a->end, c->job->end_s ? "exit" : "open");
	return rec;
}

/* What the new records take the place of. */
static bool is_replaced(const struct ledger_rec *rec, void *arg)
{
	struct node_fill *f = arg;
	const struct fill_claim *c;
	const struct fill_hour *h;

	if (rec->kind == LEDGER_INTERVAL) {
		h = hour_at(f, rec->interval.start_wall_ns / NS_PER_S);
		return h && !h->keep;
	}
	c = claim_find(f, rec->alloc.job_id,
		       rec->alloc.start_wall_ns / NS_PER_S);
	return c && c->wanted && !is_held(f, c->job);
}

/* Has the job no record yet, or one that says something else? Files round. */
static bool is_other(const struct node_fill *f, const struct ledger_rec *rec)
{
	const struct ledger_alloc *a = &rec->alloc;
	const struct ledger_alloc *old = backfill_file_alloc(&f->file, a->job_id,
		a->start_wall_ns / NS_PER_S);

	return !old || old->end_ns != a->end_ns ||
	       old->active_ns != a->active_ns ||
	       old->covered_ns != a->covered_ns ||
	       fabs(old->gated_j - a->gated_j) > 2e-6 ||
	       fabs(old->node_j - a->node_j) > 2e-6;
}

/* The job has time in what was filled. */
static bool is_filled(const struct node_fill *f, const struct fill_claim *c)
{
	return c->wanted && !is_held(f, c->job) &&
	       filled_to(f, c) > c->job->start_s;
}

static void claims_finish(struct node_fill *f)
{
	for (uint32_t i = 0; i < f->n->jobs_len; i++)
		if (is_filled(f, &f->claims[i]))
			claim_finish(f, &f->claims[i]);
}

static uint64_t others_count(const struct node_fill *f)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < f->n->jobs_len; i++) {
		struct ledger_rec rec;

		if (!is_filled(f, &f->claims[i]))
			continue;
		rec = job_record(f, &f->claims[i]);
		count += is_other(f, &rec);
	}
	return count;
}

static void records_merge(struct node_fill *f)
{
	struct ledger_rec rec;

	backfill_file_drop(&f->file, is_replaced, f);
	for (uint32_t i = 0; i < f->hours_len; i++) {
		if (f->hours[i].keep || !f->hours[i].settled)
			continue;
		rec = hour_record(f, &f->hours[i]);
		backfill_file_add(&f->file, &rec);
	}
	for (uint32_t i = 0; i < f->n->jobs_len; i++) {
		struct fill_claim *c = &f->claims[i];

		if (!is_filled(f, c))
			continue;
		rec = job_record(f, c);
		backfill_file_add(&f->file, &rec);
	}
	backfill_file_sort(&f->file);
}

/* ---- all of it --------------------------------------------------------------------------- */

static void sums_known(const struct node_fill *f, struct backfill_sums *s)
{
	for (uint32_t i = 0; i < f->hours_len; i++) {
		s->hours++;
		s->total_s += HOUR_S;
		s->before_s += ns_to_s(f->hours[i].known_ns);
		s->node_j += f->hours[i].known_j;
		s->jobs_j += f->hours[i].known_jobs_j;
		s->left += f->hours[i].forgotten;
	}
}

/* Only what counts from now on: the better one does. */
static void sums_gained(struct node_fill *f, struct backfill_sums *s)
{
	for (uint32_t i = 0; i < f->hours_len; i++) {
		const struct fill_hour *h = &f->hours[i];

		if (h->keep || h->sums.measured_ns <= h->known_ns)
			continue;
		s->filled++;
		s->gained_s += ns_to_s(h->sums.measured_ns - h->known_ns);
		s->node_gained_j += h->sums.node_j - h->known_j;
		s->jobs_gained_j += h->sums.allocated_j - h->known_jobs_j;
	}
}

static int node_write(struct node_fill *f, struct backfill_sums *sums,
		      struct err *err)
{
	uint64_t jobs;

	keep_find(f);
	if (!is_gain(f))
		return 0;
	claims_finish(f);
	jobs = others_count(f);
	records_merge(f);
	if (!f->b->dry_run &&
	    backfill_file_write(&f->file, f->n->conf->ledger_dir, f->n->name,
				err) < 0)
		return -1;
	sums_gained(f, sums);
	sums->jobs += jobs;
	return 0;
}

static int node_run(struct node_fill *f, struct backfill_sums *sums,
		    struct err *err)
{
	bool stopped = false;

	if (known_read(f, err) < 0)
		return -1;
	sums_known(f, sums);
	if (!hours_wanted(f))
		return 0;
	if (days_settle(f, &stopped, err) < 0)
		return -1;
	sums->stopped |= stopped;
	return stopped ? 0 : node_write(f, sums, err);
}

int backfill_node(struct backfill *b, const struct fill_node *n,
		  struct backfill_sums *sums, struct err *err)
{
	struct node_fill f = { .b = b, .n = n };
	int rc;

	snprintf(f.boot, sizeof(f.boot), "%s%lld-%lld", LEDGER_PAST_BOOT,
		 (long long)n->from_s,
		 (long long)((n->to_s - n->from_s) / HOUR_S));
	hours_make(&f);
	claims_make(&f);
	rc = node_run(&f, sums, err);
	for (uint32_t i = 0; i < f.hours_len; i++)
		free(f.hours[i].parts);
	free(f.hours);
	free(f.claims);
	free(f.here);
	free(f.here_of);
	backfill_file_clear(&f.file);
	return rc;
}
