/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * private-mounts COMMAND [ARGUMENT...]: run a command in a mount namespace of
 * its own, where what it mounts is seen by nobody outside.
 *
 * `unshare --mount` does that where / is a mount point. In a chroot it is none,
 * and the mount that is to be made private lies above: setns() into the very
 * namespace that we are in leads to its own root, from where all can be
 * reached, and chroot() back to where we came from.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "private-mounts: %s: %s\n", what, strerror(errno));
	exit(127);
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(path);
	return fd;
}

int main(int argc, char **argv)
{
	int root, cwd, ns;

	if (argc < 2) {
		fputs("usage: private-mounts COMMAND [ARGUMENT...]\n", stderr);
		return 2;
	}
	if (unshare(CLONE_NEWNS) != 0)
		die("unshare");
	root = open_or_die("/", O_DIRECTORY);
	cwd = open_or_die(".", O_DIRECTORY);
	ns = open_or_die("/proc/self/ns/mnt", 0);
	if (setns(ns, CLONE_NEWNS) != 0)
		die("setns");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		die("making all mounts private");
	if (fchdir(root) != 0 || chroot(".") != 0 || fchdir(cwd) != 0)
		die("going back to where / was");
	execvp(argv[1], argv + 1);
	die(argv[1]);
}
