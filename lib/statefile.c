/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "statefile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

static int path_format(char buf[PATH_MAX], const char *dir, const char *node,
		       const char *name, struct err *err)
{
	int n = snprintf(buf, PATH_MAX, "%s/%s.%s", dir, node, name);

	if (n < 0 || n >= PATH_MAX)
		return err_set(err, "%s/%s.%s: the path is too long", dir, node,
			       name);
	return 0;
}

static long text_read(int fd, char *buf, size_t size)
{
	ssize_t n = file_read_all(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	return n;
}

long statefile_read(const char *dir, const char *node, const char *name,
		    char *buf, size_t size, struct err *err)
{
	char path[PATH_MAX];
	struct stat st;
	long n = -1;
	int fd;

	buf[0] = '\0';
	if (path_format(path, dir, node, name, err) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_set_errno(err, "%s", path);
	if (fstat(fd, &st) < 0)
		err_set_errno(err, "%s", path);
	else if (!S_ISREG(st.st_mode) || st.st_size >= (off_t)size)
		err_set(err, "%s: not a small regular file; remove it", path);
	else if ((n = text_read(fd, buf, size)) < 0)
		err_set_errno(err, "%s", path);
	close(fd);
	if (n > 0 && strlen(buf) != (size_t)n) {
		buf[0] = '\0';
		return err_set(err, "%s: holds a NUL; remove it", path);
	}
	return n;
}

int statefile_write(const char *dir, const char *node, const char *name,
		    const char *text, struct err *err)
{
	char path[PATH_MAX];

	if (path_format(path, dir, node, name, err) < 0)
		return -1;
	if (*text)
		return file_replace(path, text, strlen(text), 0600, true, err);
	return file_remove(path, err);
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
