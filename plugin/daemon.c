/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf.h"

enum daemon daemon_which(void)
{
	char path[PATH_MAX];
	const char *base;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return DAEMON_OTHER;
	path[n] = 0;
	base = strrchr(path, '/');
	base = base ? base + 1 : path;
	/* Debian's is slurmd-wlm; an upgraded one reads "slurmd (deleted)" */
	if (!strncmp(base, "slurmstepd", 10))
		return DAEMON_STEPD;
	if (!strncmp(base, "slurmd", 6) && strncmp(base, "slurmdbd", 8))
		return DAEMON_SLURMD;
	return DAEMON_OTHER;
}

/* The argument of -N in this process's command line, or NULL. */
static const char *find_node_option(const char *args, size_t size)
{
	const char *end = args + size, *arg;

	for (arg = args; arg < end; arg += strlen(arg) + 1) {
		if (!strcmp(arg, "-N") && arg + 3 < end)
			return arg + 3;
		if (!strncmp(arg, "-N", 2) && arg[2])
			return arg + 2;
	}
	return NULL;
}

int daemon_node_name(char *buf, unsigned long size, struct err *err)
{
	const char *name = getenv("SLURMD_NODENAME");
	char args[4096];
	ssize_t n;
	int fd;

	if (name && *name)
		return conf_node_name(name, buf, size, err);
	name = NULL;
	fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, args, sizeof(args) - 1);
	if (fd >= 0)
		close(fd);
	if (n > 0) {
		args[n] = 0;
		name = find_node_option(args, (size_t)n);
	}
	return conf_node_name(name, buf, size, err);
}
