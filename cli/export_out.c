/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/export_out.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/json_report.h"
#include "lib/file.h"

/* ---- one at a time --------------------------------------------------------- */

static int path_with(char buf[PATH_MAX], const char *path, const char *suffix,
		     struct err *err)
{
	return snprintf(buf, PATH_MAX, "%s%s", path, suffix) < PATH_MAX ? 0 :
	       err_set(err, "%s: the path is too long", path);
}

int export_out_lock(struct export_out *o, struct err *err)
{
	char path[PATH_MAX];

	o->lock = -1;
	if (path_with(path, o->cursor, ".lock", err) < 0)
		return -1;
	o->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (o->lock < 0)
		return err_set_errno(err, "%s", path);
	if (flock(o->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ?
	       err_set(err, "%s: another export by this cursor is at work",
		       o->cursor) : err_set_errno(err, "%s", path);
}

void export_out_close(struct export_out *o)
{
	if (o->spool)
		fclose(o->spool);
	o->spool = NULL;
	if (o->lock >= 0)
		close(o->lock);
	o->lock = -1;
}

/* ---- after a crash --------------------------------------------------------- */

/* DIR/NAME -> DIR/.NAME.new */
static int temp_path(char buf[PATH_MAX], const char *file, struct err *err)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;

	return snprintf(buf, PATH_MAX, "%.*s.%s.new", (int)(name - file), file,
			name) < PATH_MAX ? 0 :
	       err_set(err, "%s: the path is too long", file);
}

/* 3 and 4 of what export_out.h tells. One that is gone was renamed before. */
static int finish(const struct export_out *o, const char *file,
		  const char *next, struct err *err)
{
	char temp[PATH_MAX];

	if (temp_path(temp, file, err) < 0)
		return -1;
	if (*file && access(temp, F_OK) == 0) {
		if (file_rename(temp, file, err) < 0)
			return -1;
	} else if (*file && errno != ENOENT) {
		return err_set_errno(err, "%s", temp);
	}
	return file_rename(next, o->cursor, err);
}

int export_out_recover(struct export_out *o, struct err *err)
{
	char next[PATH_MAX];
	struct cursor c;
	int rc;

	if (path_with(next, o->cursor, ".next", err) < 0)
		return -1;
	rc = cursor_read(&c, next, err);
	if (rc > 0 && finish(o, c.file, next, err) < 0)
		rc = -1;
	cursor_clear(&c);
	return rc;
}

/* ---- a batch --------------------------------------------------------------- */

static int dir_begin(struct export_out *o, const struct cursor *c,
		     struct err *err)
{
	char dir[PATH_MAX];
	int fd;

	if (!realpath(o->dir, dir))
		return err_set_errno(err, "%s", o->dir);
	if (snprintf(o->file, sizeof(o->file), "%s/wattgate-%010" PRIu64 ".%s",
		     dir, c->batches + 1, o->ending) >= (int)sizeof(o->file))
		return err_set(err, "%s: the path is too long", dir);
	if (temp_path(o->temp, o->file, err) < 0)
		return -1;
	if (access(o->file, F_OK) == 0)
		return err_set(err, "%s is there already, and the cursor %s has not made it: each cursor needs a directory of its own",
			       o->file, o->cursor);
	unlink(o->temp);	/* of a batch that was never due */
	fd = open(o->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0640);
	if (fd < 0)
		return err_set_errno(err, "%s", o->temp);
	o->spool = fdopen(fd, "w");
	return o->spool ? 0 : err_set_errno(err, "%s", o->temp);
}

static int spool_open(struct export_out *o, const struct cursor *c,
		      struct err *err)
{
	if (o->dir)
		return dir_begin(o, c, err);
	o->spool = tmpfile();
	return o->spool ? 0 : err_set_errno(err, "no temporary file");
}

static int spool_to_stdout(struct export_out *o, struct err *err)
{
	char buf[65536];
	size_t n;

	rewind(o->spool);
	while ((n = fread(buf, 1, sizeof(buf), o->spool)) > 0)
		fwrite(buf, 1, n, stdout);
	if (ferror(o->spool))
		return err_set(err, "the temporary file cannot be read");
	/* a file is on disk before the cursor moves; a pipe cannot be */
	if (fflush(stdout) != 0 || ferror(stdout) ||
	    (fsync(STDOUT_FILENO) < 0 && errno != EINVAL && errno != EROFS))
		return err_set_errno(err, "cannot write to standard output: the cursor stays where it was");
	return 0;
}

static int spool_sync(struct export_out *o, struct err *err)
{
	if (fflush(o->spool) != 0 || ferror(o->spool) ||
	    fsync(fileno(o->spool)) < 0)
		return err_set_errno(err, "%s: cannot be written", o->temp);
	return 0;
}

static int dir_commit(struct export_out *o, struct cursor *c, struct err *err)
{
	char next[PATH_MAX];

	if (path_with(next, o->cursor, ".next", err) < 0 ||
	    spool_sync(o, err) < 0)
		return -1;
	c->batches++;
	snprintf(c->file, sizeof(c->file), "%s", o->file);
	if (cursor_write(c, next, err) < 0)
		return -1;
	return finish(o, c->file, next, err);
}

static int commit(struct export_out *o, struct cursor *c, uint64_t rows,
		  struct err *err)
{
	if (o->dir && rows)
		return dir_commit(o, c, err);
	if (o->dir)
		unlink(o->temp);
	else if (spool_to_stdout(o, err) < 0)
		return -1;
	c->batches += rows > 0;
	c->file[0] = '\0';
	return cursor_write(c, o->cursor, err);
}

/* ---- rows ------------------------------------------------------------------ */

struct printing {
	FILE *f;
	bool json, begun;
};

static void print_part(struct rows *rows, void *arg)
{
	struct printing *p = arg;

	if (p->json)
		json_print_lines(p->f, rows);
	else
		rows_print_csv_part(p->f, rows, !p->begun);
	p->begun = true;
}

int export_out_batch(struct export_out *o, struct cursor *c,
		     const struct export_params *p,
		     struct export_result *result, struct err *err)
{
	struct printing printing;

	if (spool_open(o, c, err) < 0)
		return -1;
	printing = (struct printing){ o->spool,
				      strcmp(o->ending, "jsonl") == 0, false };
	if (export_collect(c, p, print_part, &printing, result, err) < 0)
		return -1;
	return commit(o, c, result->rows, err);
}
