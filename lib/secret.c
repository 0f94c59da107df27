/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

/* What is being looked at, for the checks and their texts. */
struct secret_file {
	const char *path;
	char dir[PATH_MAX];
	const char *base;
	uid_t reader;
	bool credential;	/* lies in $CREDENTIALS_DIRECTORY */
};

static int secret_split(struct secret_file *s, struct err *err)
{
	const char *slash = strrchr(s->path, '/');
	size_t len = slash ? (size_t)(slash - s->path) : 0;

	s->base = slash ? slash + 1 : s->path;
	if (!*s->base)
		return err_set(err, "secret file '%s' is a directory's name",
			       s->path);
	if (len >= sizeof(s->dir))
		return err_set(err, "secret file '%.80s...': path too long",
			       s->path);
	if (!slash) {
		strcpy(s->dir, ".");
	} else if (len == 0) {
		strcpy(s->dir, "/");
	} else {
		memcpy(s->dir, s->path, len);
		s->dir[len] = '\0';
	}
	return 0;
}

static bool is_credentials_dir(const struct stat *dir)
{
	const char *name = getenv("CREDENTIALS_DIRECTORY");
	struct stat st;

	return name && *name == '/' && stat(name, &st) == 0 &&
	       st.st_dev == dir->st_dev && st.st_ino == dir->st_ino;
}

/* Who can write the directory can put another file in the secret's place. */
static int secret_check_dir(struct secret_file *s, int dirfd, struct err *err)
{
	struct stat st;

	if (fstat(dirfd, &st) != 0)
		return err_set_errno(err, "cannot look at directory '%s'",
				     s->dir);
	if (st.st_uid != 0 && st.st_uid != s->reader)
		return err_set(err, "directory '%s' of secret file '%s' belongs to uid %u, who could replace it: chown it to root or uid %u",
			       s->dir, s->path, (unsigned)st.st_uid,
			       (unsigned)s->reader);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) && !(st.st_mode & S_ISVTX))
		return err_set(err, "directory '%s' of secret file '%s' is writable by group or others: chmod go-w '%s'",
			       s->dir, s->path, s->dir);
	s->credential = is_credentials_dir(&st);
	return 0;
}

/*
 * A credential that root owns is opened to the service's user by an ACL, whose
 * mask shows as the group's read bit.
 */
static mode_t secret_allowed_mode(const struct secret_file *s,
				  const struct stat *st)
{
	if (s->credential && st->st_uid == 0 && st->st_gid == 0)
		return S_IRWXU | S_IRGRP;
	return S_IRWXU;
}

static int secret_check_file(const struct secret_file *s, int fd,
			     struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_set_errno(err, "cannot look at secret file '%s'",
				     s->path);
	if (S_ISLNK(st.st_mode))
		return err_set(err, "secret file '%s' is a symbolic link: name the file itself",
			       s->path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "secret file '%s' is not a regular file",
			       s->path);
	if (st.st_uid != s->reader && !(s->credential && st.st_uid == 0))
		return err_set(err, "secret file '%s' belongs to uid %u, not to its reader: chown it to uid %u",
			       s->path, (unsigned)st.st_uid,
			       (unsigned)s->reader);
	if (st.st_mode & 07777 & ~secret_allowed_mode(s, &st))
		return err_set(err, "secret file '%s' has mode %04o: chmod 0600 '%s'",
			       s->path, (unsigned)(st.st_mode & 07777),
			       s->path);
	return 0;
}

/*
 * Open and check; `flags` is O_PATH or O_RDONLY. Checks look at what was
 * opened, not at what the name stands for by then. Returns a descriptor or -1.
 */
static int secret_open(const char *path, uid_t reader, int flags,
		       struct err *err)
{
	struct secret_file s = { .path = path, .reader = reader };
	int dirfd, fd = -1;

	if (secret_split(&s, err) != 0)
		return -1;
	dirfd = open(s.dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_set_errno(err, "cannot open directory '%s' of secret file '%s'",
				     s.dir, path);
	if (secret_check_dir(&s, dirfd, err) != 0)
		goto out;
	fd = openat(dirfd, s.base, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
				   O_CLOEXEC);
	if (fd < 0 && errno == ELOOP)
		err_set(err, "secret file '%s' is a symbolic link: name the file itself",
			path);
	else if (fd < 0)
		err_set_errno(err, "cannot open secret file '%s'", path);
	else if (secret_check_file(&s, fd, err) != 0) {
		close(fd);
		fd = -1;
	}
out:
	close(dirfd);
	return fd;
}

int secret_check(const char *path, unsigned owner, struct err *err)
{
	int fd = secret_open(path, (uid_t)owner, O_PATH, err);

	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* The first of the `len` bytes' lines becomes a string. */
static int secret_first_line(const char *path, char *buf, size_t len,
			     struct err *err)
{
	char *newline = memchr(buf, '\n', len);
	size_t line = newline ? (size_t)(newline - buf) : len;

	if (newline && line > 0 && buf[line - 1] == '\r')
		line--;
	if (line == 0)
		return err_set(err, "secret file '%s': its first line is empty",
			       path);
	if (line >= SECRET_MAX)
		return err_set(err, "secret file '%s': its first line is longer than %d bytes",
			       path, SECRET_MAX - 1);
	if (memchr(buf, '\0', line))
		return err_set(err, "secret file '%s': its first line has a NUL byte",
			       path);
	buf[line] = '\0';
	return 0;
}

int secret_read(const char *path, char *buf, size_t size, struct err *err)
{
	char tmp[SECRET_MAX + 1];	/* the longest line and "\r\n" */
	ssize_t len;
	int fd, rc = -1;

	if (size < SECRET_MAX)
		return err_set(err, "no room for a secret of %d bytes",
			       SECRET_MAX);
	fd = secret_open(path, geteuid(), O_RDONLY, err);
	if (fd < 0)
		return -1;
	len = file_read_all(fd, tmp, sizeof(tmp));
	if (len < 0)
		err_set_errno(err, "cannot read secret file '%s'", path);
	else
		rc = secret_first_line(path, tmp, (size_t)len, err);
	close(fd);
	if (rc == 0)
		strcpy(buf, tmp);
	secret_wipe(tmp, sizeof(tmp));
	return rc;
}

void secret_wipe(void *buf, size_t size)
{
	explicit_bzero(buf, size);
}
