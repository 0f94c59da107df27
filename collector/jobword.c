/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jobword.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/child.h"
#include "lib/scontrol_parse.h"

#define LIMIT_NS (10 * NS_PER_S)
#define REAP_NS (NS_PER_S / 10)
#define QUESTIONS 256		/* as many as the suspension table has slots */

struct question {
	uint32_t job_id;	/* 0: free */
	int64_t put_ns;
	enum job_word word;
};

struct jobword {
	const struct conf *conf;
	timesource_t ts;
	child_t child;
	struct question *asking;	/* the child's; NULL: there is none */
	struct question questions[QUESTIONS];
};

/* ---- questions ---- */

/* This job's, else a free one, else the oldest that is answered, else NULL. */
static struct question *question_find(jobword_t *w, uint32_t job_id)
{
	struct question *best = NULL;

	for (int i = 0; i < QUESTIONS; i++) {
		struct question *q = &w->questions[i];

		if (q->job_id == job_id)
			return q;
		if (q->job_id && q->word == WORD_PENDING)
			continue;
		if (!best || (best->job_id &&
			      (!q->job_id || q->put_ns < best->put_ns)))
			best = q;
	}
	return best;
}

/* The one that has waited longest, or NULL. */
static const struct question *question_next(const jobword_t *w)
{
	const struct question *next = NULL;

	for (int i = 0; i < QUESTIONS; i++) {
		const struct question *q = &w->questions[i];

		if (q->job_id && q->word == WORD_PENDING &&
		    (!next || q->put_ns < next->put_ns))
			next = q;
	}
	return next;
}

enum job_word jobword_get(jobword_t *w, uint32_t job_id, int64_t since_ns)
{
	struct question *q;

	if (!w->conf->scontrol[0])
		return WORD_NONE;
	q = question_find(w, job_id);
	if (!q)
		return WORD_NONE;
	if (q->job_id == job_id &&
	    (q->word == WORD_PENDING || q->put_ns >= since_ns))
		return q->word;
	*q = (struct question){ job_id, timesource_boot_ns(&w->ts),
				WORD_PENDING };
	return WORD_PENDING;
}

/* ---- asking ---- */

static void question_start(jobword_t *w, struct question *q)
{
	char id[16];
	char *argv[] = { (char *)w->conf->scontrol, (char *)"-o",
			 (char *)"show", (char *)"job", id, NULL };

	snprintf(id, sizeof(id), "%u", q->job_id);
	if (child_start(&w->child, argv, timesource_boot_ns(&w->ts) + LIMIT_NS,
			NULL) < 0)
		q->word = WORD_NONE;
	else
		w->asking = q;
}

static enum job_word child_word(const jobword_t *w)
{
	/* thousands of one array, one of them ours: not to be told apart */
	if (w->child.too_much)
		return WORD_ACTIVE;
	if (child_result(&w->child, "scontrol show job", NULL) < 0)
		return WORD_NONE;
	switch (scontrol_parse_job(w->child.output, w->asking->job_id)) {
	case 1:
		return WORD_SUSPENDED;
	case 0:
		return WORD_ACTIVE;
	default:
		return WORD_NONE;
	}
}

void jobword_run(jobword_t *w)
{
	const struct question *q;

	if (w->asking) {
		if (child_run(&w->child, timesource_boot_ns(&w->ts)) !=
		    CHILD_DONE)
			return;
		w->asking->word = child_word(w);
		w->asking = NULL;
		child_clear(&w->child);
	}
	q = question_next(w);
	if (q)
		question_start(w, &w->questions[q - w->questions]);
}

int64_t jobword_due_ns(const jobword_t *w)
{
	if (!w->asking)
		return question_next(w) ? timesource_boot_ns(&w->ts) : INT64_MAX;
	/* its output has ended or its time is over: it is about to be reaped */
	if (w->child.fd < 0 || w->child.too_late)
		return timesource_boot_ns(&w->ts) + REAP_NS;
	return w->child.end_ns;
}

int jobword_fd(const jobword_t *w)
{
	return w->asking ? w->child.fd : -1;
}

/* ---- life ---- */

jobword_t *jobword_create(const struct conf *conf, const timesource_t *ts)
{
	jobword_t *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->conf = conf;
	w->ts = *ts;
	w->child.fd = -1;
	return w;
}

void jobword_destroy(jobword_t *w)
{
	if (w) {
		child_clear(&w->child);
		free(w);
	}
}
