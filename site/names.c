/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jobs.h"

#define KEEP_NS (300 * NS_PER_S)
#define ADDRESSES_MAX 16

struct address {
	int family;
	unsigned char bytes[16];
};

struct entry {
	char node[256];
	int64_t at_ns;
	unsigned count;
	struct address address[ADDRESSES_MAX];
};

struct names {
	timesource_t ts;
	jobs_t *jobs;
	struct entry **entry;	/* NAMES_MAX pointers */
	unsigned count;
};

struct question {
	struct job job;		/* first: a job is a question */
	names_t *names;
	struct entry found;	/* the thread's */
	int rc;			/* of getaddrinfo() */
	char text[64];
	struct address address;
	names_done_fn done;
	void *arg;
};

/* ---- addresses ---- */

/* ::ffff:10.0.0.1 is 10.0.0.1. */
static void address_set(struct address *a, int family, const void *bytes)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	memset(a, 0, sizeof(*a));
	a->family = family;
	memcpy(a->bytes, bytes, family == AF_INET ? 4 : 16);
	if (family == AF_INET6 && memcmp(bytes, mapped, 12) == 0) {
		a->family = AF_INET;
		memmove(a->bytes, a->bytes + 12, 4);
		memset(a->bytes + 4, 0, 12);
	}
}

static bool address_parse(const char *text, struct address *a)
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		address_set(a, AF_INET, bytes);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		address_set(a, AF_INET6, bytes);
	else
		return false;
	return true;
}

static bool entry_has(const struct entry *e, const struct address *a)
{
	for (unsigned i = 0; i < e->count; i++)
		if (e->address[i].family == a->family &&
		    memcmp(e->address[i].bytes, a->bytes, 16) == 0)
			return true;
	return false;
}

/* ---- in the thread ---- */

static void entry_add(struct entry *e, const struct sockaddr *sa)
{
	struct address *a = &e->address[e->count];

	if (e->count == ADDRESSES_MAX)
		return;
	if (sa->sa_family == AF_INET)
		address_set(a, AF_INET,
			    &((const struct sockaddr_in *)sa)->sin_addr);
	else if (sa->sa_family == AF_INET6)
		address_set(a, AF_INET6,
			    &((const struct sockaddr_in6 *)sa)->sin6_addr);
	else
		return;
	e->count++;
}

static void question_work(struct job *job)
{
	struct question *q = (struct question *)job;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;

	q->rc = getaddrinfo(q->found.node, NULL, &hints, &list);
	if (q->rc != 0)
		return;
	for (const struct addrinfo *i = list; i; i = i->ai_next)
		entry_add(&q->found, i->ai_addr);
	freeaddrinfo(list);
}

/* ---- what is kept ---- */

static struct entry *entry_find(const names_t *n, const char *node)
{
	for (unsigned i = 0; i < n->count; i++)
		if (strcmp(n->entry[i]->node, node) == 0)
			return n->entry[i];
	return NULL;
}

/* A full table gives up the oldest. */
static struct entry *entry_room(names_t *n)
{
	struct entry *oldest = n->entry[0];

	if (n->count < NAMES_MAX) {
		struct entry *e = malloc(sizeof(*e));

		if (e)
			n->entry[n->count++] = e;
		return e;
	}
	for (unsigned i = 1; i < n->count; i++)
		if (n->entry[i]->at_ns < oldest->at_ns)
			oldest = n->entry[i];
	return oldest;
}

static void entry_keep(names_t *n, const struct entry *found)
{
	struct entry *e = entry_find(n, found->node);

	if (!e)
		e = entry_room(n);
	if (!e)
		return;
	*e = *found;
	e->at_ns = timesource_boot_ns(&n->ts);
}

/* ---- the loop's side ---- */

static void question_done(struct job *job)
{
	struct question *q = (struct question *)job;
	struct err why = { "" };

	if (q->rc != 0)
		err_set(&why, "the node's name cannot be resolved here: %s",
			gai_strerror(q->rc));
	else if (!entry_has(&q->found, &q->address))
		err_set(&why, "the credential was made on a host of address %s, which is none of the node's name; set munged's --origin on the node, or its name in the hosts file here",
			q->text);
	if (q->rc == 0)
		entry_keep(q->names, &q->found);
	q->done(q->arg, why.text);
	free(q);
}

static void question_drop(struct job *job)
{
	free(job);
}

int names_check(names_t *n, const char *node, const char *address,
		names_done_fn done, void *arg)
{
	const struct entry *e = entry_find(n, node);
	struct address a;
	struct question *q;

	if (!address_parse(address, &a)) {
		done(arg, "munge does not tell which host the credential was made on");
		return 0;
	}
	if (e && timesource_boot_ns(&n->ts) - e->at_ns < KEEP_NS &&
	    entry_has(e, &a)) {
		done(arg, "");
		return 0;
	}
	q = calloc(1, sizeof(*q));
	if (!q)
		return -1;
	*q = (struct question){
		.job = { .work = question_work, .done = question_done,
			 .drop = question_drop },
		.names = n, .address = a, .done = done, .arg = arg,
	};
	snprintf(q->found.node, sizeof(q->found.node), "%s", node);
	snprintf(q->text, sizeof(q->text), "%s", address);
	if (jobs_put(n->jobs, &q->job) == 0)
		return 0;
	free(q);
	return -1;
}

int names_fd(const names_t *n)
{
	return jobs_fd(n->jobs);
}

void names_run(names_t *n)
{
	jobs_run(n->jobs);
}

/* ---- life ---- */

names_t *names_create(const timesource_t *ts, struct err *err)
{
	names_t *n = calloc(1, sizeof(*n));

	if (n)
		n->entry = calloc(NAMES_MAX, sizeof(struct entry *));
	if (!n || !n->entry) {
		err_set(err, "out of memory");
		names_destroy(n);
		return NULL;
	}
	n->ts = *ts;
	n->jobs = jobs_create(NAMES_WAITING_MAX, err);
	if (n->jobs)
		return n;
	names_destroy(n);
	return NULL;
}

void names_destroy(names_t *n)
{
	if (!n)
		return;
	jobs_destroy(n->jobs);
	for (unsigned i = 0; i < n->count; i++)
		free(n->entry[i]);
	free(n->entry);
	free(n);
}
