/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "ledger_codec.h"

/*
 * How far from the end a good line is looked for at open, in steps that double.
 * A torn write is at most one batch; if that much and more is damaged it was
 * something else, and nothing is cut off.
 */
#define TAIL_FIRST ((size_t)1024 * 1024)
#define TAIL_MAX ((size_t)2 * LEDGER_BATCH_MAX)

struct ledger {
	int dirfd;
	int fd;			/* holds the lock */
	bool cut_back;		/* an append failed and `size` is to be restored */
	off_t size;		/* behind the last whole append */
	char path[PATH_MAX];	/* for messages */
	char name[NAME_MAX + 1];	/* NODE.ledger */
	char open_name[NAME_MAX + 1];	/* NODE.open */
	char temp_name[NAME_MAX + 1];	/* .NODE.open.new */
};

/* ---- opening --------------------------------------------------------------- */

static int set_names(ledger_t *l, const char *dir, const char *node,
		     const char *kind, struct err *err)
{
	if (!*node || *node == '.' || strchr(node, '/') || strlen(node) > 240)
		return err_set(err, "\"%.64s\" cannot be the name of a ledger's node",
			       node);
	snprintf(l->name, sizeof(l->name), "%s.%s", node, kind);
	snprintf(l->open_name, sizeof(l->open_name), "%s.open", node);
	snprintf(l->temp_name, sizeof(l->temp_name), ".%s.open.new", node);
	if ((size_t)snprintf(l->path, sizeof(l->path), "%s/%s", dir,
			     l->name) >= sizeof(l->path))
		return err_set(err, "path of the ledger directory is too long");
	return 0;
}

static int lock_file(const ledger_t *l, struct err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	/* Open file description locks: close() of another descriptor of the
	   same file, as a reader in this process has, does not drop them. */
	if (fcntl(l->fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return err_set(err, "ledger %s is locked: another wattgated writes it; stop that one first",
			       l->path);
	return err_set_errno(err, "cannot lock ledger %s", l->path);
}

/* Is what was opened still what the name stands for? */
static bool still_there(const ledger_t *l, const struct stat *st)
{
	struct stat named;

	return fstatat(l->dirfd, l->name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       named.st_dev == st->st_dev && named.st_ino == st->st_ino;
}

/* A new, empty ledger must outlive a crash as its lines do. */
static int publish_file(const ledger_t *l, struct err *err)
{
	if (fchmod(l->fd, 0640) < 0 || fsync(l->fd) < 0 || fsync(l->dirfd) < 0)
		return err_set_errno(err, "cannot create ledger %s", l->path);
	return 0;
}

static int open_file(ledger_t *l, struct err *err)
{
	const int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW |
			  O_NONBLOCK;
	struct stat st;

	l->fd = openat(l->dirfd, l->name, flags);
	if (l->fd < 0 && errno == ENOENT)
		l->fd = openat(l->dirfd, l->name, flags | O_CREAT | O_EXCL,
			       0640);
	if (l->fd < 0)
		return err_set_errno(err, "cannot open ledger %s", l->path);
	if (fstat(l->fd, &st) < 0)
		return err_set_errno(err, "cannot look at ledger %s", l->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "ledger %s is not a regular file", l->path);
	if (lock_file(l, err) < 0)
		return -1;
	if (!still_there(l, &st))
		return err_set(err, "ledger %s was replaced while it was opened; try again",
			       l->path);
	return st.st_size == 0 ? publish_file(l, err) : 0;
}

/* ---- the torn tail --------------------------------------------------------- */

static int read_tail(const ledger_t *l, char *buf, size_t len, off_t at,
		     struct err *err)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = pread(l->fd, buf + got, len - got,
				  at + (off_t)got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, "cannot read ledger %s",
					     l->path);
		if (n == 0)
			return err_set(err, "ledger %s shrinks while it is read",
				       l->path);
		got += (size_t)n;
	}
	return 0;
}

/*
 * The end of the last good line in buf, or -1 where there is none. Counts in
 * *lines the damaged ones with a newline behind it.
 */
static ssize_t last_good_end(const char *buf, size_t len, int *lines)
{
	const char *at = buf, *end;
	ssize_t good = -1;

	*lines = 0;
	while ((end = memchr(at, '\n', len - (size_t)(at - buf)))) {
		++*lines;
		if (ledger_line_good(at, (size_t)(end - at))) {
			good = end - buf + 1;
			*lines = 0;
		}
		at = end + 1;
	}
	return good;
}

static int cut_file(ledger_t *l, off_t size, struct err *err)
{
	if (ftruncate(l->fd, size) < 0 || fsync(l->fd) < 0)
		return err_set_errno(err, "cannot cut the torn tail off ledger %s",
				     l->path);
	l->size = size;
	return 0;
}

/*
 * Look for the end of the last good line in the last `len` bytes: 1 with
 * *good_end, 0 where there is none, -1 with a text. *lines as above.
 */
static int find_good_end(const ledger_t *l, size_t len, off_t *good_end,
			 int *lines, struct err *err)
{
	const off_t at = l->size - (off_t)len;
	char *buf = malloc(len);
	ssize_t good;
	int rc;

	if (!buf)
		return err_set(err, "no memory to check ledger %s", l->path);
	rc = read_tail(l, buf, len, at, err);
	if (rc == 0) {
		good = last_good_end(buf, len, lines);
		*good_end = at + (good < 0 ? 0 : (off_t)good);
		rc = good >= 0;
	}
	free(buf);
	return rc;
}

/*
 * A crash in a write leaves a tail that is cut off. A file without any good
 * line may be someone's other file: unless one torn line is all there is, it
 * is left alone.
 */
static int repair_tail(ledger_t *l, uint64_t *repaired, struct err *err)
{
	off_t good_end = 0;
	int rc = 0, lines = 0;
	bool whole = false;

	for (size_t len = TAIL_FIRST; rc == 0 && !whole && len <= TAIL_MAX;
	     len *= 2) {
		whole = (off_t)len >= l->size;
		rc = find_good_end(l, whole ? (size_t)l->size : len, &good_end,
				   &lines, err);
	}
	if (rc < 0)
		return -1;
	if (rc == 0 && (l->size > LEDGER_LINE_MAX + 1 || lines > 1))
		return err_set(err, "%s does not end in a ledger's lines; move it away, or restore it",
			       l->path);
	*repaired = (uint64_t)(l->size - good_end);
	return *repaired ? cut_file(l, good_end, err) : 0;
}

static int check_tail(ledger_t *l, uint64_t *repaired, struct err *err)
{
	struct stat st;

	*repaired = 0;
	if (fstat(l->fd, &st) < 0)
		return err_set_errno(err, "cannot look at ledger %s", l->path);
	l->size = st.st_size;
	return l->size == 0 ? 0 : repair_tail(l, repaired, err);
}

static ledger_t *open_kind(const char *dir, const char *node,
			   const char *kind, uint64_t *repaired,
			   struct err *err)
{
	ledger_t *l = calloc(1, sizeof(*l));

	*repaired = 0;
	if (!l) {
		err_set(err, "no memory to open the ledger of %.64s", node);
		return NULL;
	}
	l->fd = l->dirfd = -1;
	if (set_names(l, dir, node, kind, err) < 0)
		goto fail;
	l->dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (l->dirfd < 0) {
		err_set_errno(err, "cannot open ledger directory %s", dir);
		goto fail;
	}
	if (open_file(l, err) < 0 || check_tail(l, repaired, err) < 0)
		goto fail;
	return l;
fail:
	ledger_close(l);
	return NULL;
}

ledger_t *ledger_open(const char *dir, const char *node, uint64_t *repaired,
		      struct err *err)
{
	return open_kind(dir, node, "ledger", repaired, err);
}

ledger_t *ledger_open_meters(const char *dir, const char *node,
			     uint64_t *repaired, struct err *err)
{
	return open_kind(dir, node, "meters", repaired, err);
}

void ledger_close(ledger_t *l)
{
	int saved = errno;

	if (!l)
		return;
	if (l->fd >= 0)
		close(l->fd);	/* drops the lock */
	if (l->dirfd >= 0)
		close(l->dirfd);
	free(l);
	errno = saved;
}

/* ---- writing --------------------------------------------------------------- */

/* All records as lines into *text, which grows; the caller frees it. */
static int encode_all(const struct ledger_rec *recs, uint32_t n, char **text,
		      size_t *len, struct err *err)
{
	size_t room = 0;

	*text = NULL;
	*len = 0;
	for (uint32_t i = 0; i < n; i++) {
		long line;

		if (room - *len < LEDGER_LINE_MAX + 2) {
			char *more;

			room = *len * 2 + LEDGER_LINE_MAX + 2;
			more = realloc(*text, room);
			if (!more)
				return err_set(err, "no memory for %u ledger records", n);
			*text = more;
		}
		line = ledger_line_encode(&recs[i], *text + *len, room - *len,
					  err);
		if (line < 0)
			return -1;
		*len += (size_t)line;
		(*text)[(*len)++] = '\n';
	}
	return 0;
}

/* All of it; one write unless the file system takes less. */
static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ENOSPC : errno;
			return -1;
		}
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Undo what a failed append left; at the latest before the next one. */
static int restore_size(ledger_t *l, struct err *err)
{
	if (!l->cut_back)
		return 0;
	if (ftruncate(l->fd, l->size) < 0)
		return err_set_errno(err, "cannot cut ledger %s back after a failed write",
				     l->path);
	l->cut_back = false;
	return 0;
}

static int check_unchanged(const ledger_t *l, struct err *err)
{
	struct stat st;

	if (fstat(l->fd, &st) < 0)
		return err_set_errno(err, "cannot look at ledger %s", l->path);
	if (st.st_nlink == 0 || !still_there(l, &st))
		return err_set(err, "ledger %s was removed or replaced while it was open; restart wattgated",
			       l->path);
	if (st.st_size != l->size)
		return err_set(err, "ledger %s was changed by someone else while it was open; restart wattgated",
			       l->path);
	return 0;
}

static int append_text(ledger_t *l, const char *text, size_t len,
		       struct err *err)
{
	if (restore_size(l, err) < 0 || check_unchanged(l, err) < 0)
		return -1;
	if (write_all(l->fd, text, len) == 0 && fsync(l->fd) == 0) {
		l->size += (off_t)len;
		return 0;
	}
	err_set_errno(err, "cannot append to ledger %s", l->path);
	l->cut_back = true;
	restore_size(l, NULL);
	return -1;
}

int ledger_append(ledger_t *l, const struct ledger_rec *recs, uint32_t n,
		  struct err *err)
{
	char *text;
	size_t len;
	int rc;

	if (n == 0)
		return 0;
	rc = encode_all(recs, n, &text, &len, err);
	if (rc == 0 && len > LEDGER_BATCH_MAX)
		rc = err_set(err, "%u records of %zu bytes are too much for one append to %s; the limit is %d bytes",
			     n, len, l->path, LEDGER_BATCH_MAX);
	if (rc == 0)
		rc = append_text(l, text, len, err);
	free(text);
	return rc;
}

static int write_temp(const ledger_t *l, const char *text, size_t len,
		      struct err *err)
{
	int fd, rc = 0;

	if (unlinkat(l->dirfd, l->temp_name, 0) < 0 && errno != ENOENT)
		return err_set_errno(err, "cannot remove the old %s beside %s",
				     l->temp_name, l->path);
	fd = openat(l->dirfd, l->temp_name,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return err_set_errno(err, "cannot create %s beside %s",
				     l->temp_name, l->path);
	if (fchmod(fd, 0640) < 0 || write_all(fd, text, len) < 0 ||
	    fsync(fd) < 0)
		rc = err_set_errno(err, "cannot write %s beside %s",
				   l->temp_name, l->path);
	close(fd);
	if (rc < 0)
		unlinkat(l->dirfd, l->temp_name, 0);
	return rc;
}

int ledger_write_open(ledger_t *l, const struct ledger_rec *recs, uint32_t n,
		      struct err *err)
{
	char *text;
	size_t len;
	int rc;

	rc = encode_all(recs, n, &text, &len, err);
	if (rc == 0)
		rc = write_temp(l, text, len, err);
	free(text);
	if (rc < 0)
		return -1;
	if (renameat(l->dirfd, l->temp_name, l->dirfd, l->open_name) < 0 ||
	    fsync(l->dirfd) < 0)
		return err_set_errno(err, "cannot replace %s beside %s",
				     l->open_name, l->path);
	return 0;
}

int ledger_replace(const char *path, const struct ledger_rec *recs, uint32_t n,
		   struct err *err)
{
	char *text;
	size_t len;
	int rc;

	rc = encode_all(recs, n, &text, &len, err);
	if (rc == 0)
		rc = file_replace(path, text, len, 0640, true, err);
	free(text);
	return rc;
}
