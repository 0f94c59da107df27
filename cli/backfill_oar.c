/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/backfill.h"

#include "cli/cmd.h"
#include "oar/backfill.h"

static int take_samples(void *arg, const char *node, int64_t from_s,
			int64_t to_s, struct samples *samples, char *source,
			struct err *err)
{
	struct backfill *b = arg;

	return past_samples(&b->past, node, from_s, to_s, samples, source, err);
}

static void day(void *arg, const char *node, int64_t day_s, unsigned filled,
		unsigned hours)
{
	backfill_progress(arg, node, day_s, filled, hours);
}

static void note(void *arg, const char *text)
{
	(void)arg;
	cmd_note("backfill", "%s", text);
}

static bool stopped(void *arg)
{
	const struct backfill *b = arg;

	return b->stopped();
}

int backfill_oar(struct backfill *b, struct backfill_sums *sums,
		 struct err *err)
{
	const struct oar_backfill o = {
		.conf = &b->confs->all, .from_s = b->from_s, .to_s = b->to_s,
		.nodes = (const char *const *)b->nodes.list,
		.node_count = (uint32_t)b->nodes.len, .force = b->force,
		.dry_run = b->dry_run, .samples = take_samples, .day = day,
		.note = note, .stopped = stopped, .arg = b,
	};
	struct oar_backfill_sums s;
	const int rc = oar_backfill_run(&o, &s, err);

	*sums = (struct backfill_sums){
		.hours = s.hours, .filled = s.filled, .left = s.forgotten,
		.young = s.unsettled, .jobs = s.jobs, .failed = s.nodes_failed,
		.stopped = s.stopped, .total_s = s.total_s,
		.before_s = s.before_s, .gained_s = s.gained_s,
		.node_j = s.before_node_j, .node_gained_j = s.gained_node_j,
		.jobs_j = s.before_jobs_j, .jobs_gained_j = s.gained_jobs_j,
	};
	return rc;
}
