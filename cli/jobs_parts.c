/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/jobs_parts.h"

#include <string.h>

#include "cli/intervals.h"
#include "cli/mem.h"
#include "lib/clock.h"
#include "lib/ledger_wall.h"

/* By how much the clocks of node and controller may disagree. */
#define SLACK_NS (60 * NS_PER_S)

struct taking {
	struct jobs *jobs;
	int64_t from_ns, to_ns;
};

static bool ran_in(const struct job *job, const struct ledger_interval *iv)
{
	const int64_t start_ns = job->start_s * NS_PER_S;

	return wall_end(iv) > start_ns - SLACK_NS &&
	       (job->end_s == 0 ||
		wall_start(iv) < ns_add(job->end_s * NS_PER_S, SLACK_NS));
}

/* What was filled later has the start in place of the count of restarts. */
static struct job *job_of(const struct taking *t, const struct ledger_part *part,
			  const struct ledger_interval *iv)
{
	const bool past = ledgers_past_boot(iv->boot_id);

	for (size_t i = jobs_first(t->jobs, part->job_id);
	     i < t->jobs->len && t->jobs->list[i].id == part->job_id; i++) {
		struct job *job = &t->jobs->list[i];

		if (job_ledger_whole(job) && ran_in(job, iv) &&
		    part->restart == (past ? (uint32_t)job->start_s :
					     job->ledger.restart))
			return job;
	}
	return NULL;
}

/* The first part that does not begin before. */
static size_t first_part(const struct job *job, int64_t from_ns)
{
	size_t low = 0, high = job->parts_len;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (job->parts[mid].from_ns < from_ns)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Hours are the same on all nodes, as a rule. */
static void add_part(struct job *job, struct job_drew part)
{
	const size_t first = first_part(job, part.from_ns);

	for (size_t i = first; i < job->parts_len &&
	     job->parts[i].from_ns == part.from_ns; i++) {
		if (job->parts[i].to_ns == part.to_ns) {
			job->parts[i].joules += part.joules;
			return;
		}
	}
	job->parts = mem_grow(job->parts, job->parts_len, &job->parts_room,
			      sizeof(*job->parts));
	memmove(job->parts + first + 1, job->parts + first,
		(job->parts_len - first) * sizeof(*job->parts));
	job->parts[first] = part;
	job->parts_len++;
}

/*
 * A job's part of an hour was drawn while it ran, as far as seconds tell. The
 * window cuts that in proportion to time.
 */
static void add_clipped(const struct taking *t, struct job *job,
			const struct ledger_interval *iv, double joules)
{
	const int64_t start_ns = job->start_s * NS_PER_S;
	int64_t from_ns = wall_start(iv), to_ns = wall_end(iv);
	struct job_drew part;

	if (start_ns > from_ns && start_ns < to_ns)
		from_ns = start_ns;
	if (job->end_s && job->end_s < to_ns / NS_PER_S &&
	    job->end_s * NS_PER_S > from_ns)
		to_ns = job->end_s * NS_PER_S;
	part.from_ns = from_ns > t->from_ns ? from_ns : t->from_ns;
	part.to_ns = to_ns < t->to_ns ? to_ns : t->to_ns;
	if (part.to_ns <= part.from_ns)
		return;
	part.joules = joules * (double)(part.to_ns - part.from_ns) /
		      (double)(to_ns - from_ns);
	add_part(job, part);
}

static void take_interval(const struct ledger_interval *iv, void *arg)
{
	const struct taking *t = arg;

	for (uint32_t i = 0; i < iv->parts_len; i++) {
		struct job *job = job_of(t, &iv->parts[i], iv);

		if (job)
			add_clipped(t, job, iv, iv->parts[i].joules);
	}
}

/* When any of the jobs ran. */
static void narrow(const struct jobs *jobs, int64_t *from_ns, int64_t *to_ns)
{
	int64_t start_ns = *to_ns, end_ns = *from_ns;

	for (size_t i = 0; i < jobs->len; i++) {
		const struct job *job = &jobs->list[i];
		const int64_t job_end_ns = job->end_s ?
			job->end_s * NS_PER_S : *to_ns;

		if (!job_ledger_whole(job))
			continue;
		if (job->start_s * NS_PER_S < start_ns)
			start_ns = job->start_s * NS_PER_S;
		if (job_end_ns > end_ns)
			end_ns = job_end_ns;
	}
	if (start_ns > *from_ns)
		*from_ns = start_ns;
	if (end_ns < *to_ns)
		*to_ns = end_ns;
}

void jobs_add_parts(struct jobs *jobs, struct ledgers *from,
		    const struct names *nodes, int64_t from_ns, int64_t to_ns)
{
	struct taking t = { jobs, from_ns, to_ns };
	struct intervals_query query = { .from_ns = from_ns, .to_ns = to_ns,
					 .parts = true };
	int64_t newest_ns;
	struct err err;

	narrow(jobs, &query.from_ns, &query.to_ns);
	if (query.from_ns >= query.to_ns)
		return;
	intervals_window(from, query.from_ns, query.to_ns);
	for (size_t i = 0; i < nodes->len; i++)
		intervals_visit(from, nodes->list[i], &query, take_interval,
				&t, &newest_ns, &err);
}
