/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/jobs.h"

#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"

struct job *jobs_add(struct jobs *jobs)
{
	struct job *job;

	jobs->list = mem_grow(jobs->list, jobs->len, &jobs->room,
			      sizeof(*jobs->list));
	job = &jobs->list[jobs->len++];
	memset(job, 0, sizeof(*job));
	return job;
}

static void job_clear(struct job *job)
{
	free(job->user);
	free(job->account);
	free(job->project);
	free(job->cluster);
	free(job->nodes);
	free(job->parts);
	free(job->name);
	free(job->comment);
	free(job->annotation);
	free(job->note);
}

void jobs_remove_last(struct jobs *jobs)
{
	job_clear(&jobs->list[--jobs->len]);
}

void jobs_clear(struct jobs *jobs)
{
	while (jobs->len > 0)
		jobs_remove_last(jobs);
}

void jobs_destroy(struct jobs *jobs)
{
	jobs_clear(jobs);
	free(jobs->list);
	jobs->list = NULL;
	jobs->room = 0;
}

int64_t jobs_elapsed_s(int64_t start_s, int64_t end_s, int64_t suspended_s,
		       int64_t told_s)
{
	int64_t s = end_s - start_s - suspended_s;

	if (start_s == 0)
		return 0;
	if (end_s == 0)
		return told_s;
	return s > 0 ? s : 0;
}

static int compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_id(const void *a, const void *b)
{
	const struct job *x = a, *y = b;
	int rc = compare(x->id, y->id);

	return rc ? rc : compare(x->start_s, y->start_s);
}

static int compare_end(const void *a, const void *b)
{
	const struct job *x = a, *y = b;
	int rc = compare(x->end_s ? x->end_s : INT64_MAX,
			 y->end_s ? y->end_s : INT64_MAX);

	return rc ? rc : compare_id(a, b);
}

static char *head_of(const char *text)
{
	char *head = strndup(text, JOB_TEXT_MAX);

	if (!head)
		mem_failed();
	return head;
}

void job_set_texts(struct job *job, const char *name, const char *comment)
{
	job->name = head_of(name);
	job->comment = head_of(comment);
}

void jobs_sort_by_id(struct jobs *jobs)
{
	if (jobs->len > 0)
		qsort(jobs->list, jobs->len, sizeof(*jobs->list), compare_id);
}

void jobs_sort_by_end(struct jobs *jobs)
{
	if (jobs->len > 0)
		qsort(jobs->list, jobs->len, sizeof(*jobs->list), compare_end);
}

bool job_ledger_whole(const struct job *job)
{
	return job->nodes_len > 0 && job->ledger.nodes == job->nodes_len;
}

size_t jobs_first(const struct jobs *jobs, uint32_t id)
{
	size_t low = 0, high = jobs->len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (jobs->list[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct job *jobs_find(struct jobs *jobs, uint32_t id, int64_t start_s,
		      int64_t slack_s)
{
	struct job *best = NULL;
	int64_t best_off = INT64_MAX;

	for (size_t i = jobs_first(jobs, id);
	     i < jobs->len && jobs->list[i].id == id; i++) {
		struct job *job = &jobs->list[i];
		int64_t off = llabs(start_s - job->start_s);

		if (start_s < job->start_s - slack_s ||
		    (job->end_s && start_s > job->end_s + slack_s))
			continue;
		if (off < best_off) {
			best_off = off;
			best = job;
		}
	}
	return best;
}
