/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A private OAR cluster lives in a mount namespace of its own, where OAR's
 * packaged programs find the cluster's /etc/oar. This program stands in the
 * lab's bin directory, under the name of each of OAR's commands: it enters the
 * namespace and becomes that command, as the user who called it.
 *
 * setns() takes root, so the lab makes it set-user-id. It does for everybody
 * what a login on the frontend would do, and nothing else: it takes the
 * namespace from a file of root's beside it, gives root back before it looks
 * at anything of the caller's, and runs only what OAR has in /usr/bin and
 * /usr/sbin.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void __attribute__((format(printf, 1, 2)))
die(const char *format, ...)
{
	va_list args;

	fputs("oar-enter: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(127);
}

/* LAB/bin/oar-enter -> LAB/proc/namespace */
static void record_path(char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);
	char *slash;
	int up;

	if (len < 0)
		die("/proc/self/exe: %s", strerror(errno));
	path[len] = '\0';
	for (up = 0; up < 2; up++) {
		slash = strrchr(path, '/');
		if (!slash)
			die("%s: not in a lab's bin directory", path);
		*slash = '\0';
	}
	len = (ssize_t)strlen(path);
	if ((size_t)snprintf(path + len, size - (size_t)len,
			     "/proc/namespace") >= size - (size_t)len)
		die("the path of the lab is too long");
}

/* The process that keeps the namespace, and its start time in clock ticks. */
static void record_read(int *pid, unsigned long long *start)
{
	char path[PATH_MAX];
	struct stat st;
	FILE *f;

	record_path(path, sizeof(path));
	f = fopen(path, "re");
	if (!f)
		die("%s: %s; is the lab up?", path, strerror(errno));
	/* a copy or hard link elsewhere must not believe its surroundings */
	if (fstat(fileno(f), &st) != 0 || st.st_uid != 0 ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)))
		die("%s: does not belong to root alone", path);
	if (fscanf(f, "%d %llu", pid, start) != 2 || *pid <= 1)
		die("%s: unreadable", path);
	fclose(f);
}

/* Start time of the process whose directory in /proc is open, 0 if gone. */
static unsigned long long start_time(int dir)
{
	int fd = openat(dir, "stat", O_RDONLY | O_CLOEXEC);
	unsigned long long start = 0;
	char text[1024], *p;
	ssize_t len;

	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	p = strrchr(text, ')');
	/* field 22, and ") S" are 2 and 3 */
	if (p && sscanf(p + 1, " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
			" %*s %*s %*s %*s %*s %*s %*s %*s %llu", &start) != 1)
		start = 0;
	return start;
}

static void enter(void)
{
	unsigned long long start;
	char path[64];
	int pid, dir, ns, root;

	record_read(&pid, &start);
	snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* the directory stays that process's, even if its number is used again */
	if (dir < 0 || start_time(dir) != start)
		die("the lab is not up");
	ns = openat(dir, "ns/mnt", O_RDONLY | O_CLOEXEC);
	/* in a chroot that is not the namespace's own root */
	root = openat(dir, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ns < 0 || root < 0 || setns(ns, CLONE_NEWNS) != 0 ||
	    fchdir(root) != 0 || chroot(".") != 0)
		die("cannot enter the lab's namespace: %s", strerror(errno));
	close(ns);
	close(root);
	close(dir);
}

static bool name_is_oars(const char *name)
{
	return strncmp(name, "oar", 3) == 0 &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyz_-")] == '\0';
}

int main(int argc, char **argv)
{
	char cwd[PATH_MAX], path[PATH_MAX];
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;

	name = name ? name + 1 : argc > 0 ? argv[0] : "";
	if (!name_is_oars(name) || strcmp(name, "oar-enter") == 0)
		die("call it by the name of one of OAR's commands");
	if (!getcwd(cwd, sizeof(cwd)))
		strcpy(cwd, "/");
	enter();
	if (setresuid(getuid(), getuid(), getuid()) != 0)
		die("setresuid: %s", strerror(errno));
	if (chdir(cwd) != 0 && chdir("/") != 0)
		die("%s: %s", cwd, strerror(errno));
	snprintf(path, sizeof(path), "/usr/bin/%s", name);
	execv(path, argv);
	snprintf(path, sizeof(path), "/usr/sbin/%s", name);
	execv(path, argv);
	die("%s: %s", name, strerror(errno));
}
