/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/annotate_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/statefile.h"

#define STATE_VERSION "1"

static int take_lock(struct annotate_state *s, struct err *err)
{
	char path[sizeof(s->path) + 8];

	snprintf(path, sizeof(path), "%s.lock", s->path);
	s->lock = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (s->lock < 0)
		return err_set_errno(err, "cannot keep how far it came: %s (--state FILE puts it elsewhere)",
				     path);
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		err_set(err, "another wattgate annotate works with %s: let it end",
			s->path);
	else
		err_set_errno(err, "cannot lock %s", path);
	close(s->lock);
	return -1;
}

/* What is damaged is as if it were not there. */
static void parse(struct annotate_state *s, const char *text, int64_t now_s)
{
	char version[8], field[sizeof(s->field)], done[24], *end;
	long long v;

	if (statefile_get(text, "version", version, sizeof(version)) < 0 ||
	    strcmp(version, STATE_VERSION) != 0 ||
	    statefile_get(text, "field", field, sizeof(field)) < 0 ||
	    strcmp(field, s->field) != 0 ||
	    statefile_get(text, "done", done, sizeof(done)) < 0)
		return;
	errno = 0;
	v = strtoll(done, &end, 10);
	if (errno == 0 && end != done && *end == '\0' && v > 0 && v <= now_s)
		s->done_s = v;
}

static int read_text(struct annotate_state *s, int64_t now_s, struct err *err)
{
	char text[1024];
	ssize_t n;
	int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT)
		return 0;
	n = fd < 0 ? -1 : file_read_all(fd, text, sizeof(text) - 1);
	if (n < 0)
		err_set_errno(err, "cannot read how far it came: %s", s->path);
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return -1;
	text[n] = '\0';
	parse(s, text, now_s);
	return 0;
}

int annotate_state_open(struct annotate_state *s, const char *path,
			const char *field, int64_t now_s, struct err *err)
{
	memset(s, 0, sizeof(*s));
	if (strlen(path) >= sizeof(s->path))
		return err_set(err, "%.80s...: the path is too long", path);
	strcpy(s->path, path);
	snprintf(s->field, sizeof(s->field), "%s", field);
	if (take_lock(s, err) < 0)
		return -1;
	if (read_text(s, now_s, err) == 0)
		return 0;
	annotate_state_close(s);
	return -1;
}

/* FILE.lock stays: were it removed, two could hold a lock each. */
void annotate_state_close(struct annotate_state *s)
{
	close(s->lock);
}

int annotate_state_save(struct annotate_state *s, int64_t to_s,
			struct err *err)
{
	char text[128];
	int n;

	if (to_s <= s->done_s || (s->done_s > 0 && s->from_s > s->done_s))
		return 0;
	n = snprintf(text, sizeof(text), "version=" STATE_VERSION "\nfield=%s\ndone=%lld\n",
		     s->field, (long long)to_s);
	if (file_replace(s->path, text, (size_t)n, 0644, true, err) < 0)
		return -1;
	s->done_s = to_s;
	return 0;
}
