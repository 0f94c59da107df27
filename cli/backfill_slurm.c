/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The past of Slurm's nodes: who held what, by sacct and scontrol. */
#include "cli/backfill.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#include "cli/backfill_jobs.h"
#include "cli/backfill_node.h"
#include "cli/child.h"
#include "cli/cmd.h"
#include "cli/jobs.h"
#include "cli/mem.h"
#include "cli/sacct.h"
#include "cli/slurm_config.h"
#include "cli/whose.h"
#include "lib/clock.h"
#include "lib/hardware.h"
#include "lib/hostlist.h"

#define HOUR_S 3600
#define YOUNG_S 600		/* a server may still get samples of that time */
#define SCONTROL_TIMEOUT_MS 30000

/* A node, and the jobs that had time on it. */
struct fill_target {
	const char *name;
	bool chosen;
	bool known;		/* Slurm told its totals */
	struct node_totals totals;
	struct fill_job *jobs;
	size_t jobs_len, jobs_room;
};

struct text {
	char *buf;
	size_t len, room;
};

struct slurm_fill {
	struct backfill *b;
	struct backfill_sums *sums;
	int64_t from_s, to_s, limit_s;	/* whole hours */
	struct jobs jobs;
	struct names names;		/* of the targets */
	struct fill_target *targets;
	struct text scontrol;		/* show node, of all nodes */
	bool mem_consumable;
	bool no_cores_told;
	int lock_fd;
};

/* ---- one at a time ----------------------------------------------------------------- */

static int dir_lock(struct slurm_fill *f, const char *dir, struct err *err)
{
	f->lock_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->lock_fd < 0)
		return err_set_errno(err, "cannot open ledger directory %s",
				     dir);
	if (flock(f->lock_fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return err_set(err, "another wattgate backfill is at work in %s: wait for its end",
			       dir);
	return 0;
}

/* ---- what Slurm hides ----------------------------------------------------------------- */

/* Whose jobs are not told would count as nobody's: idle energy. */
static int privacy_check(struct err *err)
{
	const struct passwd *me = getpwuid(geteuid());
	struct slurm_privacy p;

	if (geteuid() == 0 || slurm_privacy_read(&p) < 0)
		return 0;
	if (!p.jobs_hidden || (me && strcmp(me->pw_name, p.slurm_user) == 0))
		return 0;
	return err_set(err, "Slurm hides the jobs of others (PrivateData): run this as root or as %s",
		       *p.slurm_user ? p.slurm_user : "Slurm's own user");
}

/* ---- jobs -------------------------------------------------------------------------- */

static int jobs_read(struct slurm_fill *f, int64_t from_s, int64_t to_s,
		     struct err *err)
{
	uint64_t strange = 0;

	jobs_destroy(&f->jobs);
	if (sacct_read_during(from_s * NS_PER_S, to_s * NS_PER_S, &f->jobs,
			      &strange, err) < 0)
		return -1;
	if (strange)
		cmd_note("backfill", "%llu lines of sacct were passed over: they are no rows",
			 (unsigned long long)strange);
	jobs_sort_by_id(&f->jobs);
	return 0;
}

static bool has_time(const struct job *job)
{
	return job->start_s > 0 && job->nodes_len > 0 &&
	       (!job->end_s || job->end_s > job->start_s);
}

/* With all of the jobs that have time in the hours to fill. */
static int jobs_read_all(struct slurm_fill *f, struct err *err)
{
	int64_t lo_s = f->from_s, hi_s = f->to_s;

	if (jobs_read(f, f->from_s, f->to_s, err) < 0)
		return -1;
	for (size_t i = 0; i < f->jobs.len; i++) {
		const struct job *job = &f->jobs.list[i];

		if (!has_time(job))
			continue;
		if (job->start_s < lo_s)
			lo_s = job->start_s - job->start_s % HOUR_S;
		if (job->end_s > hi_s)
			hi_s = job->end_s;
	}
	if (lo_s == f->from_s && hi_s == f->to_s)
		return 0;
	return jobs_read(f, lo_s, hi_s, err);	/* who shared nodes with them */
}

/* ---- nodes --------------------------------------------------------------------------- */

static int add_name(const char *name, void *arg)
{
	if (conf_node_name_valid(name))
		names_add(arg, name);
	return 0;
}

static bool is_wanted(const struct slurm_fill *f, const struct job *job)
{
	return has_time(job) && job->start_s < f->to_s &&
	       (!job->end_s || job->end_s > f->from_s);
}

/* Those with a ledger, and those that jobs were on; or those that were named. */
static int targets_list(struct slurm_fill *f, struct err *err)
{
	const struct backfill *b = f->b;
	struct names names = { 0 };
	struct ledgers from;
	int rc = backfill_known_open(&from, &b->confs->all, f->from_s, f->to_s,
				     err);

	if (rc == 0) {
		rc = ledgers_nodes(&from, &names, err);
		ledgers_close(&from);
	}

	for (size_t i = 0; rc == 0 && i < f->jobs.len; i++) {
		if (has_time(&f->jobs.list[i]))
			hostlist_each(f->jobs.list[i].nodes, add_name, &names);
	}
	for (size_t i = 0; rc == 0 && i < b->nodes.len; i++)
		names_add(&names, b->nodes.list[i]);
	names_sort(&names);
	f->names = names;
	f->targets = mem_zeroed(names.len + 1, sizeof(*f->targets));
	for (size_t i = 0; i < names.len; i++) {
		f->targets[i].name = names.list[i];
		f->targets[i].chosen = !b->nodes.len ||
				       names_have(&b->nodes, names.list[i]);
	}
	return rc;
}

static int compare_target(const void *key, const void *target)
{
	const struct fill_target *t = target;

	return strcmp(key, t->name);
}

static struct fill_target *target_find(const struct slurm_fill *f,
				       const char *name)
{
	return f->names.len ? bsearch(name, f->targets, f->names.len,
				      sizeof(*f->targets), compare_target) :
			      NULL;
}

/* ---- hardware -------------------------------------------------------------------------- */

static int text_take(char *line, void *arg)
{
	struct text *t = arg;
	size_t len = line ? strlen(line) : 0;

	if (t->len + len + 2 > t->room) {
		t->room = 2 * (t->len + len + 4096);
		t->buf = mem_resize(t->buf, t->room, 1);
	}
	if (len)
		memcpy(t->buf + t->len, line, len);
	t->len += len;
	t->buf[t->len++] = '\n';
	t->buf[t->len] = '\0';
	return 0;
}

/* Where Slurm does not answer, the configuration has to know. */
static void scontrol_ask(struct slurm_fill *f)
{
	char *scontrol = f->b->confs->all.scontrol;
	char *const nodes[] = { scontrol, "-o", "show", "node", NULL };
	char *const config[] = { scontrol, "show", "config", NULL };
	char *const env[] = { NULL };
	struct node_totals totals = { 0 };
	struct text text = { 0 };
	struct err err;

	if (!*scontrol)
		return;
	if (child_lines(nodes, env, SCONTROL_TIMEOUT_MS, text_take,
			&f->scontrol, &err) < 0 ||
	    child_lines(config, env, SCONTROL_TIMEOUT_MS, text_take, &text,
			&err) < 0)
		cmd_note("backfill", "%s; what nodes have is by the configuration alone",
			 err.text);
	else if (text.buf && scontrol_parse_config(text.buf, &totals, NULL) == 0)
		f->mem_consumable = totals.mem_consumable;
	free(text.buf);
}

static void targets_size(struct slurm_fill *f)
{
	for (size_t i = 0; f->scontrol.buf && i < f->names.len; i++) {
		struct fill_target *t = &f->targets[i];

		t->known = scontrol_parse_node(f->scontrol.buf, t->name,
					       &t->totals, NULL) == 0;
		t->totals.mem_consumable = f->mem_consumable;
	}
}

/* ---- who held what ------------------------------------------------------------------------ */

struct placing {
	struct slurm_fill *f;
	const struct job *job;
	struct node_size *sizes;	/* room for nodes_len */
	uint32_t count;
};

static int take_size(const char *name, void *arg)
{
	struct placing *p = arg;
	const struct fill_target *t = target_find(p->f, name);

	if (p->count == p->job->nodes_len)
		return 1;
	p->sizes[p->count++] = t && t->known ? (struct node_size){
		t->totals.cores * t->totals.threads_per_core, t->totals.gpus } :
		(struct node_size){ 0, 0 };
	return 0;
}

static int take_node(const char *name, void *arg)
{
	struct placing *p = arg;
	struct fill_target *t = target_find(p->f, name);
	const struct job *job = p->job;

	if (p->count == job->nodes_len)
		return 1;
	if (t) {
		t->jobs = mem_grow(t->jobs, t->jobs_len, &t->jobs_room,
				   sizeof(*t->jobs));
		t->jobs[t->jobs_len++] = (struct fill_job){
			job->id, job->start_s, job->end_s, job->suspended_s,
			job_part_of(job, p->sizes, p->count)
		};
	}
	p->count++;
	return 0;
}

/* Jobs are by id and start, and so are those of each node. */
static void jobs_place(struct slurm_fill *f)
{
	for (size_t i = 0; i < f->jobs.len; i++) {
		struct placing p = { .f = f, .job = &f->jobs.list[i] };

		if (!has_time(p.job))
			continue;
		p.sizes = mem_zeroed(p.job->nodes_len, sizeof(*p.sizes));
		hostlist_each(p.job->nodes, take_size, &p);
		p.count = 0;
		hostlist_each(p.job->nodes, take_node, &p);
		free(p.sizes);
	}
}

/* sacct may tell an instance twice (an array's own row): once is enough. */
static void jobs_once(struct fill_target *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->jobs_len; i++) {
		if (kept && t->jobs[kept - 1].id == t->jobs[i].id &&
		    t->jobs[kept - 1].start_s == t->jobs[i].start_s)
			continue;
		t->jobs[kept++] = t->jobs[i];
	}
	t->jobs_len = kept;
}

/* ---- nodes, one by one ---------------------------------------------------------------------- */

static int target_conf(struct slurm_fill *f, const struct fill_target *t,
		       struct fill_node *n, struct err *err)
{
	struct conf *conf = mem_zeroed(1, sizeof(*conf));
	bool defaults;
	int rc = conf_load(f->b->confs->path, t->name, conf, err);

	if (rc == 0) {
		hardware_resolve(conf, t->known ? &t->totals : NULL, &n->hw,
				 &defaults);
		n->share = conf->share;
	}
	free(conf);
	if (rc == 0 && n->hw.cores <= 0 && n->share != SHARE_EXCLUSIVE &&
	    t->jobs_len && !f->no_cores_told) {
		f->no_cores_told = true;
		cmd_note("backfill", "node %s: how many cores it has is not known, so that no job's share is: set cores in [hardware %s]",
			 t->name, t->name);
	}
	return rc;
}

static void target_fill(struct slurm_fill *f, struct fill_target *t)
{
	struct fill_node n = { .name = t->name,
		.conf = &f->b->confs->all, .jobs = t->jobs,
		.from_s = f->from_s, .to_s = f->to_s, .limit_s = f->limit_s };
	struct err err;

	jobs_once(t);
	n.jobs = t->jobs;
	n.jobs_len = (uint32_t)t->jobs_len;
	if (target_conf(f, t, &n, &err) == 0 &&
	    backfill_node(f->b, &n, f->sums, &err) == 0)
		return;
	f->sums->failed++;
	cmd_note("backfill", "%s", err.text);
}

static int targets_fill(struct slurm_fill *f, struct err *err)
{
	size_t chosen = 0;

	for (size_t i = 0; i < f->names.len && !f->sums->stopped; i++) {
		f->sums->stopped = f->b->stopped();
		if (!f->targets[i].chosen || f->sums->stopped)
			continue;
		chosen++;
		target_fill(f, &f->targets[i]);
	}
	if (!chosen && !f->sums->stopped)
		return err_set(err, "there is no node to fill: neither a ledger nor a job that ran then; --node names one");
	return 0;
}

/* Hours that are over, and a while back. */
static int hours_set(struct slurm_fill *f, struct err *err)
{
	const struct backfill *b = f->b;

	f->limit_s = (b->now_s - YOUNG_S) / HOUR_S * HOUR_S;
	f->from_s = b->from_s / HOUR_S * HOUR_S;
	f->to_s = (b->to_s + HOUR_S - 1) / HOUR_S * HOUR_S;
	if (f->to_s > f->limit_s) {
		f->sums->young = (uint64_t)(f->to_s - f->limit_s) / HOUR_S;
		f->to_s = f->limit_s;
	}
	if (f->from_s < f->to_s)
		return 0;
	return err_set(err, "no hour of that time has been over for ten minutes yet");
}

static int fill_run(struct slurm_fill *f, struct err *err)
{
	const char *dir = f->b->confs->all.ledger_dir;
	bool any = false;

	if (hours_set(f, err) < 0 || dir_lock(f, dir, err) < 0 ||
	    privacy_check(err) < 0 || jobs_read_all(f, err) < 0 ||
	    targets_list(f, err) < 0)
		return -1;
	for (size_t i = 0; i < f->jobs.len; i++)
		any |= is_wanted(f, &f->jobs.list[i]);
	if (!any)
		cmd_note("backfill", "sacct tells no job of that time: all that nodes drew is idle");
	scontrol_ask(f);
	targets_size(f);
	jobs_place(f);
	return targets_fill(f, err);
}

int backfill_slurm(struct backfill *b, struct backfill_sums *sums,
		   struct err *err)
{
	struct slurm_fill f = { .b = b, .sums = sums, .lock_fd = -1 };
	const int rc = fill_run(&f, err);

	for (size_t i = 0; f.targets && i < f.names.len; i++)
		free(f.targets[i].jobs);
	free(f.targets);
	names_destroy(&f.names);
	jobs_destroy(&f.jobs);
	free(f.scontrol.buf);
	if (f.lock_fd >= 0)
		close(f.lock_fd);
	return rc;
}
