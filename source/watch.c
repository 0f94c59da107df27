/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/clock.h"

/* So many in one go: a descriptor that is always ready starves no one. */
#define TURN_MAX 64

/*
 * What is watched is a descriptor of our own for the same file. epoll forgets a
 * closed one only with its last copy, and a child that is being started has
 * copies for an instant; what is closed already cannot be taken out.
 */
struct entry {
	int fd;			/* the caller's name for it */
	int own;
	watch_fn fn;
	void *arg;
	struct entry *next;
};

struct watch {
	int epoll;
	struct entry *entries;
};

watch_t *watch_create(struct err *err)
{
	watch_t *w = calloc(1, sizeof(*w));

	if (w)
		w->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!w || w->epoll < 0) {
		err_set_errno(err, "epoll");
		free(w);
		return NULL;
	}
	return w;
}

static void entry_free(struct entry *e)
{
	close(e->own);
	free(e);
}

void watch_destroy(watch_t *w)
{
	int saved = errno;

	if (!w)
		return;
	while (w->entries) {
		struct entry *e = w->entries;

		w->entries = e->next;
		entry_free(e);
	}
	close(w->epoll);
	free(w);
	errno = saved;
}

int watch_fd(const watch_t *w)
{
	return w->epoll;
}

int watch_add(watch_t *w, int fd, watch_fn fn, void *arg, struct err *err)
{
	struct entry *e = calloc(1, sizeof(*e));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = e };
	int own = e ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;

	if (own < 0 || epoll_ctl(w->epoll, EPOLL_CTL_ADD, own, &event) < 0) {
		err_set_errno(err, "a descriptor cannot be watched");
		if (own >= 0)
			close(own);
		free(e);
		return -1;
	}
	*e = (struct entry){ .fd = fd, .own = own, .fn = fn, .arg = arg,
			     .next = w->entries };
	w->entries = e;
	return 0;
}

void watch_remove(watch_t *w, int fd)
{
	struct entry **link = &w->entries, *e;

	while (*link && (*link)->fd != fd)
		link = &(*link)->next;
	e = *link;
	if (!e)
		return;
	*link = e->next;
	epoll_ctl(w->epoll, EPOLL_CTL_DEL, e->own, NULL);
	entry_free(e);
}

/* One at a time: a call may remove any other entry. */
void watch_run(watch_t *w)
{
	struct epoll_event event;

	for (int i = 0; i < TURN_MAX; i++) {
		const struct entry *e;

		if (epoll_wait(w->epoll, &event, 1, 0) != 1)
			return;
		e = event.data.ptr;
		e->fn(e->arg);
	}
}

/* ---- timers ---- */

int watch_timer(struct err *err)
{
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0)
		err_set_errno(err, "timerfd");
	return fd;
}

void watch_timer_set(int fd, int64_t at_ns)
{
	struct itimerspec when = {
		.it_value = { at_ns / NS_PER_S, at_ns % NS_PER_S },
	};

	timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void watch_timer_clear(int fd)
{
	uint64_t count;

	while (read(fd, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}
