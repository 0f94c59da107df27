/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/probe_trace.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/json_trace.h"
#include "cli/mem.h"
#include "cli/probe_redact.h"

#define ANSWERS_MAX 512
#define SEGMENT_MAX 200		/* of a path; file systems take 255 */

struct answer {
	char *path;
	long status;
	char *body;
	size_t size;
};

struct trace {
	char *dir;
	int fd;
	redact_t *redact;
	struct answer *answers;
	size_t len, room;
};

/* ---- the directory ---- */

static bool is_empty(int fd)
{
	int copy = dup(fd);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	bool empty = dir != NULL;

	if (!dir) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	while (empty && (entry = readdir(dir)))
		empty = strcmp(entry->d_name, ".") == 0 ||
			strcmp(entry->d_name, "..") == 0;
	closedir(dir);
	return empty;
}

/* No one else may lay links where we are going to write. */
static int dir_check(int fd, const char *dir, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s", dir);
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_set(err, "%s: belongs to someone else or is writable by others; name a directory that does not exist",
			       dir);
	if (!is_empty(fd))
		return err_set(err, "%s: is not empty; name a directory that does not exist",
			       dir);
	return 0;
}

static int dir_open(const char *dir, struct err *err)
{
	int fd;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_set_errno(err, "%s: cannot be made", dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err, "%s: cannot be opened", dir);
	if (dir_check(fd, dir, err) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* "n1-bmc.example.org" is also called "n1-bmc"; 10.0.0.1 is not called "10". */
static void learn_host(redact_t *r, const char *host)
{
	char *name = mem_string(host);

	redact_learn(r, name);
	name[strcspn(name, ".")] = '\0';
	redact_learn(r, name);	/* which takes no "10" */
	free(name);
}

trace_t *trace_create(const char *dir, const char *host, struct err *err)
{
	int fd = dir_open(dir, err);
	trace_t *t;

	if (fd < 0)
		return NULL;
	t = mem_zeroed(1, sizeof(*t));
	t->dir = mem_string(dir);
	t->fd = fd;
	t->redact = redact_create();
	learn_host(t->redact, host);
	return t;
}

void trace_destroy(trace_t *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->len; i++) {
		free(t->answers[i].path);
		free(t->answers[i].body);
	}
	free(t->answers);
	redact_destroy(t->redact);
	close(t->fd);
	free(t->dir);
	free(t);
}

/* ---- answers ---- */

/* "/redfish/v1/" is "/redfish/v1": both are the same file. */
static size_t path_length(const char *path)
{
	size_t n = strcspn(path, "#");

	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

static struct answer *answer_of(trace_t *t, const char *path)
{
	size_t n = path_length(path);
	struct answer *a;

	for (size_t i = 0; i < t->len; i++)
		if (strlen(t->answers[i].path) == n &&
		    strncmp(t->answers[i].path, path, n) == 0)
			return &t->answers[i];
	if (t->len == ANSWERS_MAX)
		return NULL;
	t->answers = mem_grow(t->answers, t->len, &t->room, sizeof(*a));
	a = &t->answers[t->len++];
	memset(a, 0, sizeof(*a));
	a->path = mem_string(path);
	a->path[n] = '\0';
	return a;
}

void trace_add(trace_t *t, const char *path, long status, const char *body,
	       size_t size)
{
	struct answer *a = answer_of(t, path);

	if (!a)
		return;
	free(a->body);
	a->status = status;
	a->body = mem_zeroed(size + 1, 1);
	a->size = size;
	if (size)
		memcpy(a->body, body, size);
}

/* ---- files ---- */

static FILE *file_create(int at_fd, const char *name)
{
	int fd = openat(at_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
				     O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	if (!f && fd >= 0)
		close(fd);
	return f;
}

/* The directory `name` below at_fd, which is closed. */
static int dir_enter(int at_fd, const char *name)
{
	int fd = -1;

	if (mkdirat(at_fd, name, 0700) == 0 || errno == EEXIST)
		fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
					 O_CLOEXEC);
	close(at_fd);
	return fd;
}

/* A part of a BMC's link becomes the name of a directory. */
static bool segment_fine(const char *s, size_t n)
{
	if (n == 0 || n > SEGMENT_MAX || s[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isgraph((unsigned char)s[i]))
			return false;
	return n != strlen("index.json") || strncmp(s, "index.json", n) != 0;
}

/* The directory of a redacted path; -1 where it cannot be one. */
static int path_enter(trace_t *t, const char *path)
{
	int fd = dup(t->fd);

	while (fd >= 0 && *path) {
		char name[SEGMENT_MAX + 1];
		size_t n = strcspn(++path, "/");

		if (!segment_fine(path, n)) {
			close(fd);
			errno = EINVAL;
			return -1;
		}
		memcpy(name, path, n);
		name[n] = '\0';
		fd = dir_enter(fd, name);
		path += n;
	}
	return fd;
}

static int close_file(FILE *f)
{
	bool bad = ferror(f);

	return fclose(f) != 0 || bad ? -1 : 0;
}

/* -1 with errno. */
static int index_write(trace_t *t, const char *path, const char *text)
{
	int fd = path_enter(t, path);
	FILE *f = fd < 0 ? NULL : file_create(fd, "index.json");

	if (fd >= 0)
		close(fd);
	if (!f)
		return -1;
	fprintf(f, "%s\n", text);
	return close_file(f);
}

/* Lines that begin with '#' are for people. */
static int answer_write(trace_t *t, const struct answer *a, FILE *status)
{
	char *path = redact_text(t->redact, a->path);
	char *text = json_trace_redact(t->redact, a->body, a->size);
	int rc = 0;

	for (char *c = path; *c; c++)
		if (!isgraph((unsigned char)*c))
			*c = '?';
	if (a->status >= 400 && a->status <= 599)
		fprintf(status, "%s\t%ld\n", path, a->status);
	else if (a->status != 200)
		fprintf(status, "# %s: status %ld\n", path, a->status);
	if (!text) {
		fprintf(status, "# %s: %zu bytes that are not JSON\n", path,
			a->size);
	} else if (index_write(t, path, text) < 0) {
		rc = errno == ENOSPC || errno == EDQUOT || errno == EIO ? -1 : 0;
		fprintf(status, "# %s: cannot be the name of a file\n", path);
	}
	free(text);
	free(path);
	return rc;
}

int trace_write(trace_t *t, struct err *err)
{
	FILE *status = file_create(t->fd, "_status.tsv");
	int rc = 0;

	if (!status)
		return err_set_errno(err, "%s/_status.tsv", t->dir);
	for (size_t i = 0; i < t->len; i++)
		json_trace_learn(t->redact, t->answers[i].body,
				 t->answers[i].size);
	for (size_t i = 0; rc == 0 && i < t->len; i++)
		rc = answer_write(t, &t->answers[i], status);
	if (close_file(status) < 0 || rc < 0)
		return err_set_errno(err, "%s: cannot be written", t->dir);
	return 0;
}
