/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unmunge.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/child.h"
#include "lib/secret.h"

#define LIMIT_NS (5 * NS_PER_S)

struct question {
	char text[CREDENTIAL_MAX + 1];
	unmunge_done_fn done;
	void *arg;
};

struct unmunge {
	const char *program;
	timesource_t ts;
	struct worker {
		child_t child;
		struct question question;
	} worker[UNMUNGE_AT_ONCE];
	struct question *waiting[UNMUNGE_WAITING_MAX];	/* a ring */
	unsigned first, count;
};

static void answer(struct worker *w, int rc, const struct credential *c,
		   const char *why)
{
	unmunge_done_fn done = w->question.done;
	void *arg = w->question.arg;

	secret_wipe(&w->question, sizeof(w->question));
	done(arg, rc, c, why);
}

static void worker_start(unmunge_t *u, struct worker *w)
{
	char *const argv[] = {
		(char *)u->program, (char *)"--numeric",
		(char *)"--keys=STATUS,ENCODE_HOST,UID", NULL,
	};
	int64_t now_ns = timesource_boot_ns(&u->ts);
	struct err err;

	if (child_start_fed(&w->child, argv, w->question.text,
			    strlen(w->question.text), now_ns + LIMIT_NS,
			    &err) < 0)
		answer(w, CREDENTIAL_UNASKED, NULL, err.text);
}

static void worker_ended(struct worker *w)
{
	struct credential c;
	struct err why, killed;
	int status = WIFEXITED(w->child.status) ?
		     WEXITSTATUS(w->child.status) : -1;
	int rc = credential_parse(w->child.output, status, &c, &why);

	/* it fails where the credential is not valid, too */
	if (child_result(&w->child, "unmunge", &killed) < 0 &&
	    (rc == 0 || w->child.too_late || w->child.too_much)) {
		rc = CREDENTIAL_UNASKED;
		why = killed;
	}
	child_clear(&w->child);
	answer(w, rc, &c, rc < 0 ? why.text : "");
}

static void waiting_start(unmunge_t *u)
{
	for (int i = 0; i < UNMUNGE_AT_ONCE && u->count; i++) {
		struct worker *w = &u->worker[i];
		struct question *q = u->waiting[u->first];

		if (w->child.state != CHILD_NONE)
			continue;
		w->question = *q;
		secret_wipe(q, sizeof(*q));
		free(q);
		u->first = (u->first + 1) % UNMUNGE_WAITING_MAX;
		u->count--;
		worker_start(u, w);
	}
}

void unmunge_run(unmunge_t *u)
{
	int64_t now_ns = timesource_boot_ns(&u->ts);

	for (int i = 0; i < UNMUNGE_AT_ONCE; i++)
		if (child_run(&u->worker[i].child, now_ns) == CHILD_DONE)
			worker_ended(&u->worker[i]);
	waiting_start(u);
}

int unmunge_ask(unmunge_t *u, const char *text, unmunge_done_fn done, void *arg)
{
	struct question *q;
	size_t len = strlen(text);

	if (u->count == UNMUNGE_WAITING_MAX || len >= sizeof(q->text))
		return -1;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -1;
	memcpy(q->text, text, len);
	q->done = done;
	q->arg = arg;
	u->waiting[(u->first + u->count++) % UNMUNGE_WAITING_MAX] = q;
	return 0;
}

/* One that has closed its output ends any moment, and nothing may tell. */
int64_t unmunge_due_ns(const unmunge_t *u)
{
	int64_t due_ns = INT64_MAX;

	for (int i = 0; i < UNMUNGE_AT_ONCE; i++) {
		const child_t *c = &u->worker[i].child;
		int64_t t_ns = c->end_ns;

		if (c->state == CHILD_NONE && !u->count)
			continue;
		if (c->state == CHILD_NONE)
			return 0;
		if (c->fd < 0)
			t_ns = timesource_boot_ns(&u->ts) + NS_PER_S / 1000;
		if (t_ns < due_ns)
			due_ns = t_ns;
	}
	return due_ns;
}

unsigned unmunge_fds(const unmunge_t *u, struct pollfd fds[UNMUNGE_AT_ONCE])
{
	unsigned n = 0;

	for (int i = 0; i < UNMUNGE_AT_ONCE; i++)
		if (u->worker[i].child.state != CHILD_NONE &&
		    u->worker[i].child.fd >= 0)
			fds[n++] = (struct pollfd){ .events = POLLIN,
				.fd = u->worker[i].child.fd };
	return n;
}

unmunge_t *unmunge_create(const char *program, const timesource_t *ts)
{
	unmunge_t *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->program = program;
	u->ts = *ts;
	for (int i = 0; i < UNMUNGE_AT_ONCE; i++)
		u->worker[i].child.fd = -1;
	return u;
}

void unmunge_destroy(unmunge_t *u)
{
	if (!u)
		return;
	for (int i = 0; i < UNMUNGE_AT_ONCE; i++)
		child_clear(&u->worker[i].child);
	for (; u->count; u->count--) {
		free(u->waiting[u->first]);
		u->first = (u->first + 1) % UNMUNGE_WAITING_MAX;
	}
	secret_wipe(u, sizeof(*u));
	free(u);
}
