/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "meter_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meter_find.h"
#include "meter_text.h"
#include "tally.h"

#define FRESH_TRIES 3

/* One file that stays open. */
struct handle {
	char path[PATH_MAX];
	int fd;
};

enum { FRESHNESS, STARTUP, GENERATION, EXTRA_COUNT };

struct source {
	const struct source_ops *ops;
	const struct conf_meter *meter;
	timesource_t ts;
	struct meter_set set;
	char place[64];		/* of the set that was open last */
	bool open;
	struct handle file[METER_FILES_MAX];
	double wrap_j[METER_FILES_MAX];
	struct handle extra[EXTRA_COUNT];	/* of pm_counters; fd -1: none */
	uint64_t seen[EXTRA_COUNT];
	int64_t fresh_ns;	/* since when freshness is what was seen */
	tally_t tally;
};

/* What one look found. */
struct look {
	double watts;		/* NaN: no power */
	struct tally_count count[METER_FILES_MAX];
	unsigned counts;
	uint64_t extra[EXTRA_COUNT];
};

/* ---- files ---- */

static int handle_open(struct handle *h, const char *path, struct err *err)
{
	struct stat st;

	snprintf(h->path, sizeof(h->path), "%s", path);
	h->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (h->fd < 0 && (errno == EACCES || errno == EPERM))
		return err_set_errno(err, "%s: give wattgated's user the right to read it (wattgate.conf(5) tells how)",
				     path);
	if (h->fd < 0)
		return err_set_errno(err, "%s", path);
	if (fstat(h->fd, &st) == 0 && S_ISREG(st.st_mode))
		return 0;
	close(h->fd);
	h->fd = -1;
	errno = EINVAL;
	return err_set(err, "%s: not a regular file", path);
}

static void handle_close(struct handle *h)
{
	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
}

/* All of it into buf. Its length, or -1 with a text. */
static ssize_t handle_read(const struct handle *h, char buf[METER_TEXT_MAX],
			   struct err *err)
{
	size_t done = 0;
	ssize_t n = 1;

	while (n > 0 && done < METER_TEXT_MAX) {
		n = pread(h->fd, buf + done, METER_TEXT_MAX - done,
			  (off_t)done);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			done += (size_t)n;
	}
	if (n < 0)
		return err_set_errno(err, "%s", h->path);
	if (done == METER_TEXT_MAX)
		return err_set(err, "%s: longer than a number is", h->path);
	return (ssize_t)done;
}

static int handle_number(const struct handle *h, const char *unit,
			 uint64_t *number, struct err *err)
{
	char buf[METER_TEXT_MAX];
	ssize_t n = handle_read(h, buf, err);
	struct err why;

	if (n < 0)
		return -1;
	if (meter_file_number(buf, (size_t)n, unit, number, &why) == 0)
		return 0;
	return err_set(err, "%s: %s", h->path, why.text);
}

/* Does its path stand for another file by now, or for none? */
static bool handle_gone(const struct handle *h)
{
	struct stat st;

	return fstat(h->fd, &st) < 0 || st.st_nlink == 0;
}

/* ---- the meter ---- */

static void meter_close(source_t *s)
{
	if (!s->open)
		return;
	for (unsigned i = 0; i < s->set.count; i++)
		handle_close(&s->file[i]);
	for (unsigned i = 0; i < EXTRA_COUNT; i++)
		handle_close(&s->extra[i]);
	s->open = false;
}

/* Where a counter starts again at 0, from the file beside it. */
static int range_read(const struct meter_file *f, double *wrap_j,
		      struct err *err)
{
	struct handle h;
	char path[PATH_MAX];
	uint64_t range;
	int rc;

	*wrap_j = 0;
	if (!f->row->range)
		return 0;
	snprintf(path, sizeof(path), "%.*s/%s",
		 (int)(strrchr(f->path, '/') - f->path), f->path,
		 f->row->range);
	if (handle_open(&h, path, err) < 0)
		return -1;
	rc = handle_number(&h, f->row->unit, &range, err);
	handle_close(&h);
	*wrap_j = (double)range * f->row->factor;
	return rc;
}

static void extras_open(source_t *s)
{
	static const char *const names[] = {
		[FRESHNESS] = "freshness", [STARTUP] = "startup",
		[GENERATION] = "generation",
	};
	char path[PATH_MAX];

	for (unsigned i = 0; i < EXTRA_COUNT; i++) {
		s->seen[i] = 0;
		if (!*s->set.dir)
			continue;
		snprintf(path, sizeof(path), "%s/%s", s->set.dir, names[i]);
		handle_open(&s->extra[i], path, NULL);
	}
}

static int meter_open(source_t *s, struct err *err)
{
	struct err why;

	tally_forget(&s->tally);
	for (unsigned i = 0; i < METER_FILES_MAX; i++)
		s->file[i].fd = -1;
	for (unsigned i = 0; i < EXTRA_COUNT; i++)
		s->extra[i].fd = -1;
	if (meter_find(s->ops->name, s->meter->path, &s->set, &why) < 0)
		return err_set(err, "%s: %s", s->ops->name, why.text);
	s->open = true;
	for (unsigned i = 0; i < s->set.count; i++)
		if (handle_open(&s->file[i], s->set.file[i].path, err) < 0 ||
		    range_read(&s->set.file[i], &s->wrap_j[i], err) < 0) {
			meter_close(s);
			return -1;
		}
	extras_open(s);
	s->fresh_ns = 0;
	snprintf(s->place, sizeof(s->place), "%s", s->set.place);
	return 0;
}

static bool meter_gone(const source_t *s)
{
	for (unsigned i = 0; i < s->set.count; i++)
		if (handle_gone(&s->file[i]))
			return true;
	return false;
}

/* ---- a look ---- */

static int files_look(const source_t *s, struct look *l, struct err *err)
{
	l->watts = NAN;
	l->counts = 0;
	for (unsigned i = 0; i < s->set.count; i++) {
		const struct meter_row *row = s->set.file[i].row;
		uint64_t number;

		if (handle_number(&s->file[i], row->unit, &number, err) < 0)
			return -1;
		if (row->energy)
			l->count[l->counts++] = (struct tally_count){
				(double)number * row->factor, s->wrap_j[i] };
		else
			l->watts = (double)number * row->factor;
	}
	return 0;
}

static int extra_look(const source_t *s, unsigned which, uint64_t *value,
		      struct err *err)
{
	*value = 0;
	if (s->extra[which].fd < 0)
		return 0;
	return handle_number(&s->extra[which], "", value, err);
}

/* All of one moment: freshness is the same before and after. */
static int look(const source_t *s, struct look *l, struct err *err)
{
	uint64_t after;

	for (int i = 0; i < FRESH_TRIES; i++) {
		if (extra_look(s, FRESHNESS, &l->extra[FRESHNESS], err) < 0 ||
		    extra_look(s, STARTUP, &l->extra[STARTUP], err) < 0 ||
		    extra_look(s, GENERATION, &l->extra[GENERATION], err) < 0 ||
		    files_look(s, l, err) < 0 ||
		    extra_look(s, FRESHNESS, &after, err) < 0)
			return -1;
		if (after == l->extra[FRESHNESS])
			return 0;
	}
	return err_set(err, "%s: its files change faster than they can be read",
		       s->set.dir);
}

/* Is there anything new? Where not, r says so. */
static bool fresh(source_t *s, const struct look *l, int64_t now_ns,
		  struct reading *r)
{
	int64_t age_ns = now_ns - s->fresh_ns;

	if (s->extra[FRESHNESS].fd < 0 || !s->fresh_ns ||
	    l->extra[FRESHNESS] != s->seen[FRESHNESS]) {
		s->fresh_ns = now_ns;
		return true;
	}
	r->nothing_new = age_ns <= s->tally.stuck_ns;
	err_set(&r->why, "%s: freshness has stood still for %.0f s",
		s->set.dir, ns_to_s(age_ns));
	return false;
}

/* The controller was started anew, or caps power anew: counters may, too. */
static void started_look(source_t *s, const struct look *l)
{
	if (l->extra[STARTUP] != s->seen[STARTUP] ||
	    l->extra[GENERATION] != s->seen[GENERATION])
		tally_forget(&s->tally);
	memcpy(s->seen, l->extra, sizeof(s->seen));
}

/* The device has gone: the next look begins with finding it. */
static void vanished(source_t *s, int error)
{
	if (error == ENODEV || error == ENXIO || error == ENOENT ||
	    error == ESTALE)
		meter_close(s);
}

static void counters_take(source_t *s, const struct look *l, int64_t now_ns,
			  struct reading *r)
{
	struct err why;

	started_look(s, l);
	if (tally_take(&s->tally, now_ns, l->watts, l->count, l->counts, r))
		return;
	why = r->why;
	err_set(&r->why, "%s: %s", s->set.file[0].path, why.text);
}

static void look_take(source_t *s, struct reading *r)
{
	struct look l;
	int64_t now_ns;

	errno = 0;
	if (look(s, &l, &r->why) < 0) {
		vanished(s, errno);
		tally_miss(&s->tally, r);
		return;
	}
	now_ns = timesource_boot_ns(&s->ts);
	if (fresh(s, &l, now_ns, r))
		counters_take(s, &l, now_ns, r);
	else
		tally_miss(&s->tally, r);
}

static void meter_sample(source_t *s, source_done_fn done, void *arg)
{
	struct reading r = { .energy_j = NAN };

	if (s->open && meter_gone(s))
		meter_close(s);
	if (s->open || meter_open(s, &r.why) == 0)
		look_take(s, &r);
	else
		tally_miss(&s->tally, &r);
	snprintf(r.source, sizeof(r.source), "%s", s->place);
	done(arg, &r);
}

/* ---- life ---- */

static const char *meter_place(const source_t *s)
{
	return s->place;
}

static void meter_free(source_t *s, int64_t limit_ns)
{
	(void)limit_ns;
	if (s)
		meter_close(s);
	free(s);
}

static source_t *meter_new(const struct source_env *env,
			   const struct source_ops *ops, struct err *err)
{
	source_t *s = calloc(1, sizeof(*s));
	struct err why;

	if (!s) {
		err_set(err, "out of memory");
		return NULL;
	}
	s->ops = ops;
	s->meter = env->meter;
	s->ts = env->ts;
	tally_init(&s->tally, env->conf->max_gap_ns);
	if (meter_open(s, &why) == 0)
		return s;
	err_set(err, "%s: node %s: %s", env->conf->path, env->conf->node,
		why.text);
	meter_free(s, 0);
	return NULL;
}

#define METER_SOURCE(id) \
	static source_t *id##_open(const struct source_env *env, \
				   struct err *err) \
	{ \
		return meter_new(env, &id##_source, err); \
	} \
	const struct source_ops id##_source = { \
		.name = #id, \
		.open = id##_open, \
		.sample = meter_sample, \
		.place = meter_place, \
		.close = meter_free, \
	}

METER_SOURCE(hwmon);
METER_SOURCE(powercap);
METER_SOURCE(pm_counters);
