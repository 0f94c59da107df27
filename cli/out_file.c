/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static char target[PATH_MAX];		/* "": none, or written to as it is */
static char temporary[PATH_MAX + 8];

void out_file_drop(void)
{
	if (*target)
		unlink(temporary);
}

static void clean_up(int number)
{
	out_file_drop();
	signal(number, SIG_DFL);
	raise(number);
}

/* A signal that is ignored, as below nohup, stays so. */
static void watch_signals(bool on)
{
	struct sigaction old;

	for (size_t i = 0; i < SIGNALS; i++) {
		sigaction(signals[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			signal(signals[i], on ? clean_up : SIG_DFL);
	}
}

static int to_stdout(int fd, const char *path, struct err *err)
{
	int rc = fd < 0 || dup2(fd, STDOUT_FILENO) < 0 ? -1 : 0;

	if (rc < 0)
		err_set_errno(err, "cannot write %s", path);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* As open() would make it: mkstemp() lets nobody else read. */
static int make_temporary(void)
{
	const mode_t mask = umask(0);
	int fd = mkostemp(temporary, O_CLOEXEC);

	umask(mask);
	if (fd >= 0 && fchmod(fd, 0666 & ~mask) < 0) {
		close(fd);
		unlink(temporary);
		return -1;
	}
	return fd;
}

int out_file_begin(const char *path, struct err *err)
{
	struct stat st;
	int fd;

	*target = '\0';
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return to_stdout(open(path, O_WRONLY | O_CLOEXEC), path, err);
	/* a link keeps leading where it did */
	if (!realpath(path, target) &&
	    (size_t)snprintf(target, sizeof(target), "%s", path) >=
		    sizeof(target)) {
		*target = '\0';
		return err_set(err, "the name of the output is too long");
	}
	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", target);
	fd = make_temporary();
	if (fd < 0)
		*target = '\0';
	else
		watch_signals(true);
	atexit(out_file_drop);
	return to_stdout(fd, path, err);
}

int out_file_end(bool keep, struct err *err)
{
	int rc = 0;

	if (!*target)
		return 0;
	if (keep && (fflush(stdout) != 0 || fsync(STDOUT_FILENO) < 0 ||
		     rename(temporary, target) < 0))
		rc = err_set_errno(err, "cannot write %s", target);
	if (!keep || rc < 0)
		unlink(temporary);
	watch_signals(false);
	*target = '\0';
	return rc;
}
