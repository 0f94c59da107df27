/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "notes.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A note that is being written has this before its name. */
#define WRITING "tmp."
#define WRITING_MAX_S 60

/* So many are removed in one go: a hook may write as fast as we remove. */
#define TAKE_MAX 20000

void notes_open(struct notes *n, const char *run_dir)
{
	*n = (struct notes){ .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
			     .watch = -1 };
	if (snprintf(n->dir, sizeof(n->dir), "%s/oar.d", run_dir) >=
	    (int)sizeof(n->dir))
		n->dir[0] = '\0';	/* no directory has that name */
}

void notes_close(struct notes *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = n->watch = -1;
}

/* What a hook was killed over stays behind. */
static bool still_written(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       time(NULL) - st.st_mtime < WRITING_MAX_S;
}

static bool note_take(int dirfd, const char *name)
{
	const bool half = strncmp(name, WRITING, strlen(WRITING)) == 0;

	if (name[0] == '.' || (half && still_written(dirfd, name)))
		return false;
	return unlinkat(dirfd, name, 0) == 0 && !half;
}

/* Events only wake; the directory tells what is there. */
static void events_drop(struct notes *n)
{
	char events[4096];

	while (n->fd >= 0 && read(n->fd, events, sizeof(events)) > 0)
		;
}

static void watch_set(struct notes *n)
{
	/* of one that was removed and made anew the number changes */
	if (n->fd >= 0)
		n->watch = inotify_add_watch(n->fd, n->dir,
					     IN_CREATE | IN_MOVED_TO);
}

bool notes_take(struct notes *n)
{
	struct dirent *entry;
	bool any = false;
	int taken = 0;
	DIR *dir;

	events_drop(n);
	watch_set(n);
	dir = opendir(n->dir);
	if (!dir)
		return false;
	while (taken < TAKE_MAX && (entry = readdir(dir))) {
		if (note_take(dirfd(dir), entry->d_name)) {
			any = true;
			taken++;
		}
	}
	closedir(dir);
	return any;
}

void notes_wait(struct notes *n, int timeout_ms, bool for_notes)
{
	struct pollfd fd = { .fd = n->fd, .events = POLLIN };

	poll(&fd, for_notes && n->fd >= 0 && n->watch >= 0, timeout_ms);
}
