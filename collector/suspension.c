/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "suspension.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

/* Up to size - 1 bytes of a small file. Its length, or -1. */
static ssize_t read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n >= 0)
		buf[n] = 0;
	return n;
}

/* State and parent of a process; 0 where it is gone. */
static char process_state(pid_t pid, pid_t *parent)
{
	char path[64], buf[512], *p, state;
	int ppid;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (read_text(path, buf, sizeof(buf)) <= 0)
		return 0;
	p = strrchr(buf, ')');	/* the name may hold anything */
	if (!p || sscanf(p + 1, " %c %d", &state, &ppid) != 2)
		return 0;
	*parent = ppid;
	return state;
}

static bool owned_by(pid_t pid, uid_t owner)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return stat(path, &st) == 0 && st.st_uid == owner;
}

/* The first child of stepd's main thread that belongs to owner; 0: none. */
static pid_t find_child(pid_t stepd, uid_t owner)
{
	char path[64], buf[1024], *p = buf, *end;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)stepd,
		 (int)stepd);
	if (read_text(path, buf, sizeof(buf)) <= 0)
		return 0;
	for (;;) {
		long pid = strtol(p, &end, 10);

		if (end == p)
			return 0;
		if (pid > 0 && pid <= INT_MAX && owned_by((pid_t)pid, owner))
			return (pid_t)pid;
		p = end;
	}
}

/* A path inside the hierarchy: absolute, and nowhere upwards. */
static bool path_inside(const char *path)
{
	const char *p;

	for (p = path; (p = strstr(p, "/..")); p++)
		if (p[3] == '/' || !p[3])
			return false;
	return *path == '/';
}

int suspension_cgroup_path(const char *text, const char *controller,
			   char *buf, size_t size)
{
	size_t clen = strlen(controller), len;

	for (; *text; text += len + (text[len] == '\n')) {
		const char *names, *path, *end;

		len = strcspn(text, "\n");
		end = text + len;
		names = memchr(text, ':', len);
		path = names ? memchr(names + 1, ':',
				      (size_t)(end - names - 1)) : NULL;
		if (!path)
			return -1;
		if ((size_t)(path - names - 1) != clen ||
		    memcmp(names + 1, controller, clen))
			continue;
		if ((size_t)(end - path) > size)
			return -1;
		memcpy(buf, path + 1, (size_t)(end - path - 1));
		buf[end - path - 1] = 0;
		return path_inside(buf) ? 0 : -1;
	}
	return -1;
}

static bool file_has(const char *root, const char *cgroup, const char *file,
		     const char *word)
{
	char path[PATH_MAX], text[256];

	if (snprintf(path, sizeof(path), "%s%s/%s", root, cgroup, file) >=
	    (int)sizeof(path))
		return false;
	return read_text(path, text, sizeof(text)) > 0 && strstr(text, word);
}

static bool cgroup_frozen(pid_t pid)
{
	char path[64], text[4096], cgroup[2048];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (read_text(path, text, sizeof(text)) <= 0)
		return false;
	if (suspension_cgroup_path(text, "freezer", cgroup,
				   sizeof(cgroup)) == 0 &&
	    file_has(CGROUP_ROOT "/freezer", cgroup, "freezer.state", "FROZEN"))
		return true;
	return suspension_cgroup_path(text, "", cgroup, sizeof(cgroup)) == 0 &&
	       file_has(CGROUP_ROOT, cgroup, "cgroup.events", "frozen 1");
}

enum suspension_state suspension_probe(pid_t stepd, pid_t *child, uid_t owner)
{
	pid_t parent = 0;
	char state = *child ? process_state(*child, &parent) : 0;

	if (!state || parent != stepd) {	/* the pid is another's by now */
		*child = find_child(stepd, owner);
		state = *child ? process_state(*child, &parent) : 0;
	}
	if (!state || parent != stepd)
		return SUSPENSION_UNKNOWN;
	if (state == 'T' || cgroup_frozen(*child))
		return SUSPENSION_YES;
	return SUSPENSION_NO;
}
