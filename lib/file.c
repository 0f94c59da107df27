/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

ssize_t file_read_all(int fd, void *buf, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while (done < size) {
		n = read(fd, (char *)buf + done, size - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* The directory that holds path. */
static int dir_sync(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";
	int fd, rc;

	if (slash)
		snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 :
			 (int)(slash - path), path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

static int file_create(const char *path, const void *data, size_t size,
		       mode_t mode, bool durable)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		      mode);
	bool ok;

	if (fd < 0)
		return -1;
	ok = write(fd, data, size) == (ssize_t)size &&
	     (!durable || fsync(fd) == 0);
	return close(fd) == 0 && ok ? 0 : -1;
}

int file_replace(const char *path, const void *data, size_t size, mode_t mode,
		 bool durable, struct err *err)
{
	char temp[PATH_MAX];

	if (snprintf(temp, sizeof(temp), "%s.new", path) >= (int)sizeof(temp))
		return err_set(err, "%s: the path is too long", path);
	unlink(temp);		/* left by a crash */
	if (file_create(temp, data, size, mode, durable) == 0 &&
	    rename(temp, path) == 0 && (!durable || dir_sync(path) == 0))
		return 0;
	err_set_errno(err, "%s: cannot be written", path);
	unlink(temp);
	return -1;
}

int file_rename(const char *from, const char *to, struct err *err)
{
	if (rename(from, to) == 0 && dir_sync(to) == 0)
		return 0;
	return err_set_errno(err, "%s: cannot be renamed to %s", from, to);
}

int file_remove(const char *path, struct err *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return err_set_errno(err, "%s: cannot be removed", path);
	dir_sync(path);
	return 0;
}
