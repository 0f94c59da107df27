/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int dir_make(const char *path, struct err *err)
{
	if (mkdir(path, 0750) == 0 || errno == EEXIST)
		return 0;
	return err_set_errno(err, "%s: the directory cannot be made", path);
}

static bool writable(const char *path)
{
	return faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0;
}

int dir_check(const char *path, struct err *err)
{
	if (writable(path))
		return 0;
	return err_set_errno(err, "%s: not a directory that wattgated can write to",
			     path);
}

int dir_check_or_make(const char *path, struct err *err)
{
	char parent[PATH_MAX], *slash;

	if (dir_check(path, err) == 0)
		return 0;
	if (errno != ENOENT)
		return -1;
	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	if (slash && slash != parent)
		*slash = '\0';
	if (writable(parent))
		return 0;
	return err_set_errno(err, "%s: missing, and wattgated cannot make it",
			     path);
}
