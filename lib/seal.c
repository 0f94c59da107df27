/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "file.h"

#define HEAD_MAX 64

static unsigned long crc_of(const char *text, size_t len)
{
	return crc32_z(0, (const Bytef *)text, len);
}

static int head_format(char head[HEAD_MAX], const char *kind, int version,
		       unsigned long crc)
{
	return snprintf(head, HEAD_MAX, "%s %d %08lx\n", kind, version, crc);
}

const char *seal_body(const char *text, size_t len, const char *kind,
		      int version, const char *path, struct err *err)
{
	const char *line = memchr(text, '\n', len), *body = line ? line + 1 : "";
	const size_t kind_len = strlen(kind);
	char head[HEAD_MAX];
	size_t head_len;

	if (!line || strncmp(text, kind, kind_len) != 0 ||
	    text[kind_len] != ' ') {
		err_set(err, "%s: it is no %s file", path, kind);
		return NULL;
	}
	if (atoi(text + kind_len + 1) != version) {
		err_set(err, "%s: it is of version %d, and %d is known here: another release of wattgate wrote it",
			path, atoi(text + kind_len + 1), version);
		return NULL;
	}
	head_len = (size_t)head_format(head, kind, version,
				       crc_of(body, len - (size_t)(body - text)));
	if (head_len == (size_t)(body - text) &&
	    memcmp(head, text, head_len) == 0 &&
	    strlen(body) == len - head_len)
		return body;
	err_set(err, "%s: it is damaged: its checksum differs", path);
	return NULL;
}

static char *fd_text(int fd, const char *path, size_t max, size_t *len,
		     struct err *err)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    (unsigned long long)st.st_size > max) {
		err_set(err, "%s: it is not a regular file of at most %zu bytes",
			path, max);
		return NULL;
	}
	text = malloc((size_t)st.st_size + 1);
	if (!text) {
		err_set(err, "%s: out of memory", path);
		return NULL;
	}
	n = file_read_all(fd, text, (size_t)st.st_size);
	if (n < 0) {
		err_set_errno(err, "%s", path);
		free(text);
		return NULL;
	}
	text[n] = '\0';
	*len = (size_t)n;
	return text;
}

char *seal_read(const char *path, const char *kind, int version, size_t max,
		const char **body, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len;
	char *text;

	if (fd < 0) {
		err_set_errno(err, "%s", path);
		return NULL;
	}
	text = fd_text(fd, path, max, &len, err);
	close(fd);
	*body = text ? seal_body(text, len, kind, version, path, err) : NULL;
	if (*body)
		return text;
	free(text);
	errno = EINVAL;
	return NULL;
}

int seal_write(const char *path, const char *kind, int version,
	       const char *body, mode_t mode, struct err *err)
{
	const size_t len = strlen(body);
	char head[HEAD_MAX];
	int head_len = head_format(head, kind, version, crc_of(body, len));
	char *text = malloc((size_t)head_len + len + 1);
	int rc;

	if (!text)
		return err_set(err, "%s: out of memory", path);
	memcpy(text, head, (size_t)head_len);
	memcpy(text + head_len, body, len + 1);
	rc = file_replace(path, text, (size_t)head_len + len, mode, true, err);
	free(text);
	return rc;
}
