/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "statefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int path_format(char buf[PATH_MAX], const char *dir, const char *node,
		       const char *name, const char *suffix, struct err *err)
{
	int n = snprintf(buf, PATH_MAX, "%s/%s.%s%s", dir, node, name, suffix);

	if (n < 0 || n >= PATH_MAX)
		return err_set(err, "%s/%s.%s: the path is too long", dir, node,
			       name);
	return 0;
}

static long read_all(int fd, char *buf, size_t size)
{
	size_t done = 0;

	while (done + 1 < size) {
		ssize_t n = read(fd, buf + done, size - 1 - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	buf[done] = '\0';
	return (long)done;
}

long statefile_read(const char *dir, const char *node, const char *name,
		    char *buf, size_t size, struct err *err)
{
	char path[PATH_MAX];
	struct stat st;
	long n = -1;
	int fd;

	buf[0] = '\0';
	if (path_format(path, dir, node, name, "", err) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set_errno(err, "%s", path);
	if (fstat(fd, &st) < 0)
		err_set_errno(err, "%s", path);
	else if (!S_ISREG(st.st_mode) || st.st_size >= (off_t)size)
		err_set(err, "%s: not a small regular file; remove it", path);
	else if ((n = read_all(fd, buf, size)) < 0)
		err_set_errno(err, "%s", path);
	close(fd);
	if (n > 0 && strlen(buf) != (size_t)n) {
		buf[0] = '\0';
		return err_set(err, "%s: holds a NUL; remove it", path);
	}
	return n;
}

static int dir_sync(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

static int text_write(const char *path, const char *text)
{
	size_t size = strlen(text);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		      0600);
	bool ok;

	if (fd < 0)
		return -1;
	ok = write(fd, text, size) == (ssize_t)size && fsync(fd) == 0;
	return close(fd) == 0 && ok ? 0 : -1;
}

int statefile_write(const char *dir, const char *node, const char *name,
		    const char *text, struct err *err)
{
	char path[PATH_MAX], temp[PATH_MAX];

	if (path_format(path, dir, node, name, "", err) < 0 ||
	    path_format(temp, dir, node, name, ".new", err) < 0)
		return -1;
	if (!*text) {
		if (unlink(path) < 0 && errno != ENOENT)
			return err_set_errno(err, "%s: cannot be removed", path);
		dir_sync(dir);
		return 0;
	}
	unlink(temp);		/* left by a crash */
	if (text_write(temp, text) < 0 || rename(temp, path) < 0 ||
	    dir_sync(dir) < 0) {
		err_set_errno(err, "%s: cannot be written", path);
		unlink(temp);
		return -1;
	}
	return 0;
}

int statefile_get(const char *text, const char *key, char *buf, size_t size)
{
	size_t len = strlen(key), value;

	buf[0] = '\0';
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		if (strncmp(text, key, len) != 0 || text[len] != '=')
			continue;
		value = strcspn(text + len + 1, "\n");
		if (value >= size)
			return -1;
		memcpy(buf, text + len + 1, value);
		buf[value] = '\0';
		return 0;
	}
	return -1;
}
