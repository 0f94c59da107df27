/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "jobs.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 5

struct list {
	struct job *first, **last;
};

struct jobs {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool running, stop;
	unsigned count, limit;	/* waiting, or not yet fetched */
	struct list todo, finished;
	int fd;
};

/* ---- lists ---- */

static void list_clear(struct list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void list_add(struct list *l, struct job *job)
{
	job->next = NULL;
	*l->last = job;
	l->last = &job->next;
}

static struct job *list_take(struct list *l)
{
	struct job *job = l->first;

	if (job) {
		l->first = job->next;
		if (!l->first)
			l->last = &l->first;
	}
	return job;
}

/* ---- the thread ---- */

static struct job *job_wait(jobs_t *j)
{
	struct job *job;

	while (!j->stop && !j->todo.first)
		pthread_cond_wait(&j->wake, &j->lock);
	job = j->stop ? NULL : list_take(&j->todo);
	return job;
}

static void *thread_main(void *arg)
{
	const uint64_t one = 1;
	jobs_t *j = arg;
	struct job *job;

	pthread_mutex_lock(&j->lock);
	while ((job = job_wait(j))) {
		pthread_mutex_unlock(&j->lock);
		job->work(job);
		pthread_mutex_lock(&j->lock);
		list_add(&j->finished, job);
		while (write(j->fd, &one, sizeof(one)) < 0 && errno == EINTR)
			;
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

/* Signals are the loop's. */
static int thread_start(jobs_t *j)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&j->thread, NULL, thread_main, j);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = rc;
	j->running = rc == 0;
	return rc == 0 ? 0 : -1;
}

/* ---- the loop's side ---- */

int jobs_put(jobs_t *j, struct job *job)
{
	if (j->count >= j->limit)
		return -1;
	j->count++;
	pthread_mutex_lock(&j->lock);
	list_add(&j->todo, job);
	pthread_cond_signal(&j->wake);
	pthread_mutex_unlock(&j->lock);
	return 0;
}

int jobs_fd(const jobs_t *j)
{
	return j->fd;
}

void jobs_run(jobs_t *j)
{
	struct job *job;
	uint64_t n;

	if (read(j->fd, &n, sizeof(n)) < 0)
		return;
	for (;;) {
		pthread_mutex_lock(&j->lock);
		job = list_take(&j->finished);
		pthread_mutex_unlock(&j->lock);
		if (!job)
			return;
		j->count--;
		job->done(job);
	}
}

/* ---- life ---- */

jobs_t *jobs_create(unsigned limit, struct err *err)
{
	jobs_t *j = calloc(1, sizeof(*j));

	if (!j) {
		err_set(err, "out of memory");
		return NULL;
	}
	j->limit = limit;
	list_clear(&j->todo);
	list_clear(&j->finished);
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->wake, NULL);
	j->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (j->fd >= 0 && thread_start(j) == 0)
		return j;
	err_set_errno(err, "a thread cannot be started");
	jobs_destroy(j);
	return NULL;
}

static void list_drop(struct list *l)
{
	struct job *job;

	while ((job = list_take(l)))
		if (job->drop)
			job->drop(job);
}

bool jobs_destroy(jobs_t *j)
{
	struct timespec end;

	if (!j)
		return true;
	pthread_mutex_lock(&j->lock);
	j->stop = true;
	pthread_cond_signal(&j->wake);
	pthread_mutex_unlock(&j->lock);
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_S;
	if (j->running && pthread_timedjoin_np(j->thread, NULL, &end) != 0)
		return false;
	list_drop(&j->todo);
	list_drop(&j->finished);
	pthread_cond_destroy(&j->wake);
	pthread_mutex_destroy(&j->lock);
	if (j->fd >= 0)
		close(j->fd);
	free(j);
	return true;
}
