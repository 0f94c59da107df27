/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

void fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

/* ---- the input ---- */

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		exit(99);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

uint8_t fuzz_byte(struct fuzz_input *in)
{
	uint8_t byte = 0;

	fuzz_bytes(in, &byte, 1);
	return byte;
}

void fuzz_bytes(struct fuzz_input *in, void *buf, size_t size)
{
	size_t n = size < in->left ? size : in->left;

	memset(buf, 0, size);
	if (n)
		memcpy(buf, in->at, n);
	in->at += n;
	in->left -= n;
}

char *fuzz_line(struct fuzz_input *in)
{
	const uint8_t *end = in->left ? memchr(in->at, '\n', in->left) : NULL;
	size_t len = end ? (size_t)(end - in->at) : in->left;
	char *text = fuzz_text(in->at, len);

	len += end != NULL;
	in->at += len;
	in->left -= len;
	return text;
}

char *fuzz_rest(struct fuzz_input *in)
{
	char *text = fuzz_text(in->at, in->left);

	in->at += in->left;
	in->left = 0;
	return text;
}

/* ---- files ---- */

static char dir_made[PATH_MAX];

static void dir_remove(void)
{
	DIR *d = opendir(dir_made);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	rmdir(dir_made);
}

/* Files are written for each input: those of a disk would set the pace. */
static const char *dir_parent(void)
{
	const char *tmp = getenv("TMPDIR");

	if (access("/dev/shm", W_OK) == 0)
		return "/dev/shm";
	return tmp && *tmp ? tmp : "/tmp";
}

const char *fuzz_dir(void)
{
	const char *given = getenv("FUZZ_DIR");

	if (*dir_made)
		return dir_made;
	if (given && *given) {
		snprintf(dir_made, sizeof(dir_made), "%s", given);
		return dir_made;
	}
	snprintf(dir_made, sizeof(dir_made), "%s/wattgate-fuzz-XXXXXX",
		 dir_parent());
	if (!mkdtemp(dir_made)) {
		perror(dir_made);
		exit(99);
	}
	atexit(dir_remove);
	return dir_made;
}

const char *fuzz_path(char *buf, size_t size, const char *name)
{
	snprintf(buf, size, "%s/%s", fuzz_dir(), name);
	return buf;
}

void fuzz_put(const char *name, const void *data, size_t size)
{
	char path[PATH_MAX];
	int fd = open(fuzz_path(path, sizeof(path), name),
		      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
		perror(path);
		exit(99);
	}
	close(fd);
}

void fuzz_remove(const char *name)
{
	char path[PATH_MAX];

	unlink(fuzz_path(path, sizeof(path), name));
}

uint32_t fuzz_crc(const void *data, size_t size)
{
	return (uint32_t)crc32(0, data, (uInt)size);
}
