/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger_codec.h"

/* One line and its newline always fit. */
#define BUF_SIZE (LEDGER_LINE_MAX + 1)

struct ledger_reader {
	int fd;
	char path[PATH_MAX];
	uint64_t line;		/* number of the line last taken */
	bool ended;
	bool meters;		/* reads these, and nothing else */
	size_t from, to;	/* what buf holds and was not taken yet */
	char *buf;
	struct ledger_part *parts;
};

/* A link, a pipe or a device in a ledger's place is never opened or waited on. */
static int open_regular(const char *path, struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return err_set_errno(err, "cannot open ledger %s", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	errno = EINVAL;
	return err_set(err, "%s is not a regular file, so it is no ledger",
		       path);
}

ledger_reader_t *ledger_reader_open(const char *path, struct err *err)
{
	ledger_reader_t *r;
	int saved;

	if (strlen(path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		err_set(err, "path of the ledger is too long");
		return NULL;
	}
	r = calloc(1, sizeof(*r));
	if (!r)
		goto nomem;
	r->fd = -1;
	strcpy(r->path, path);
	r->buf = malloc(BUF_SIZE);
	r->parts = calloc(LEDGER_PARTS_MAX, sizeof(*r->parts));
	if (!r->buf || !r->parts)
		goto nomem;
	r->fd = open_regular(path, err);
	if (r->fd >= 0)
		return r;
	saved = errno;
	ledger_reader_close(r);
	errno = saved;
	return NULL;
nomem:
	ledger_reader_close(r);
	errno = ENOMEM;
	err_set(err, "no memory to read ledger %s", path);
	return NULL;
}

ledger_reader_t *ledger_reader_open_meters(const char *path, struct err *err)
{
	ledger_reader_t *r = ledger_reader_open(path, err);

	if (r)
		r->meters = true;
	return r;
}

void ledger_reader_close(ledger_reader_t *r)
{
	int saved = errno;

	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	free(r->parts);
	free(r->buf);
	free(r);
	errno = saved;
}

/* More bytes behind what is held: 1, 0 at the end of the file, -1 on failure. */
static int fill(ledger_reader_t *r)
{
	ssize_t n;

	memmove(r->buf, r->buf + r->from, r->to - r->from);
	r->to -= r->from;
	r->from = 0;
	do {
		n = read(r->fd, r->buf + r->to, BUF_SIZE - r->to);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		r->to += (size_t)n;
	return n > 0 ? 1 : (int)n;
}

/*
 * The next whole line: 1, 0 at the end (what has no newline is still being
 * written, or torn), -1 on a read error. *len is SIZE_MAX for a line that is
 * too long; it is passed over.
 */
static int take_line(ledger_reader_t *r, const char **line, size_t *len)
{
	bool too_long = false;

	for (;;) {
		char *start = r->buf + r->from;
		char *end = memchr(start, '\n', r->to - r->from);
		int rc;

		if (end) {
			*line = start;
			*len = too_long ? SIZE_MAX : (size_t)(end - start);
			r->from = (size_t)(end - r->buf) + 1;
			r->line++;
			return 1;
		}
		if (r->to - r->from == BUF_SIZE) {
			too_long = true;
			r->from = r->to;
		}
		rc = fill(r);
		if (rc <= 0)
			return rc;
	}
}

int ledger_reader_next(ledger_reader_t *r, struct ledger_rec *rec,
		       struct err *err)
{
	struct err why;
	const char *line;
	size_t len;
	int rc;

	if (r->ended)
		return 0;
	rc = take_line(r, &line, &len);
	if (rc <= 0) {
		r->ended = true;
		if (rc < 0)
			err_set_errno(err, "cannot read ledger %s", r->path);
		return rc;
	}
	if (len == SIZE_MAX)
		return err_set(err, "%s:%llu: line is longer than %d bytes",
			       r->path, (unsigned long long)r->line,
			       LEDGER_LINE_MAX);
	rc = r->meters ? ledger_parse_meters(line, len, rec, &why) :
			 ledger_parse(line, len, rec, r->parts, &why);
	if (rc < 0)
		return err_set(err, "%s:%llu: %s", r->path,
			       (unsigned long long)r->line, why.text);
	return 1;
}
