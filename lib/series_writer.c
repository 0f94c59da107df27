/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "series.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "series_impl.h"

struct series_writer {
	int fd;
	int lock_fd;
	char path[PATH_MAX];
	struct series_static st;
	struct series_head head;
	series_t *series;
};

void series_static_fill(struct series_static *st,
			const struct series_params *p, uint32_t capacity)
{
	memset(st, 0, sizeof(*st));	/* padding is part of the checksum */
	memcpy(st->magic, SERIES_MAGIC, sizeof(st->magic));
	st->version = SERIES_VERSION;
	st->capacity = capacity;
	st->sample_size = sizeof(struct series_sample);
	st->share = p->share;
	snprintf(st->node, sizeof(st->node), "%s", p->node);
	snprintf(st->boot_id, sizeof(st->boot_id), "%s", p->boot_id);
	snprintf(st->source, sizeof(st->source), "%s", p->source);
	st->period_ns = p->period_ns;
	st->max_gap_ns = p->max_gap_ns;
	st->kill_wait_ns = p->kill_wait_ns;
	st->cores = p->hw.cores;
	st->gpus = p->hw.gpus;
	st->mem_mb = p->hw.mem_mb;
	st->core_w = p->hw.core_w;
	st->gpu_w = p->hw.gpu_w;
	st->mem_w_per_gb = p->hw.mem_w_per_gb;
	st->threads_per_core = p->hw.threads_per_core ? p->hw.threads_per_core : 1;
	st->mem_consumable = p->hw.mem_consumable;
	st->crc = SERIES_CRC(st);
}

static int write_at(int fd, const void *buf, size_t size, int64_t offset)
{
	ssize_t n;

	do {
		n = pwrite(fd, buf, size, offset);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	if ((size_t)n != size) {
		errno = ENOSPC;
		return -1;
	}
	return 0;
}

static int write_head(series_writer_t *w, struct err *err)
{
	w->head.crc = SERIES_CRC(&w->head);
	if (write_at(w->fd, &w->head, sizeof(w->head), SERIES_HEAD_OFFSET) < 0)
		return err_set_errno(err, "%s: cannot write", w->path);
	return 0;
}

static int lock_series(series_writer_t *w, struct err *err)
{
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s.lock", w->path);
	w->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (w->lock_fd < 0)
		return err_set_errno(err, "%s: cannot create (does the run "
				     "directory belong to this user?)", path);
	if (flock(w->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return err_set_errno(err, "%s: another wattgated serves this "
				     "node", path);
	return 0;
}

/* Did an earlier wattgated of this boot and node write this file? */
static bool is_predecessor(const series_writer_t *w, int fd,
			   struct series_params *params, uint32_t *capacity,
			   struct series_head *head)
{
	return series_static_read(fd, w->path, params, capacity, NULL) == 0 &&
	       series_head_read(fd, head) == 0 &&
	       head->count <= SERIES_COUNT_MAX / 2 &&	/* can go on */
	       !strcmp(params->boot_id, w->st.boot_id) &&
	       !strcmp(params->node, w->st.node);
}

/*
 * Take over what an earlier writer left: its samples and how far the ledger had
 * settled. *same: its file can simply go on.
 * Returns the old file's descriptor, or -1 where there is nothing of use.
 */
static int adopt_old(series_writer_t *w, uint32_t capacity, bool *same)
{
	struct series_static old;
	struct series_params params;
	struct series_head head;
	uint32_t old_capacity;
	int fd = open(w->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	*same = false;
	if (fd < 0 || !is_predecessor(w, fd, &params, &old_capacity, &head))
		return fd;
	series_static_fill(&old, &params, old_capacity);
	*same = old_capacity == capacity && old.crc == w->st.crc;
	if (*same && series_load_ring(fd, capacity, &head, w->series, true) < 0)
		*same = false;
	if (!*same)
		series_load_ring(fd, old_capacity, &head, w->series, false);
	if (*same)
		w->head = head;
	w->head.settled_ns = head.settled_ns;
	return fd;
}

static int write_samples(series_writer_t *w, int fd)
{
	uint64_t i, first = w->series->count - series_size(w->series);

	for (i = first; i < w->series->count; i++) {
		struct series_sample s = w->series->ring[i % w->st.capacity];

		s.crc = SERIES_CRC(&s);
		if (write_at(fd, &s, sizeof(s),
			     series_sample_offset(w->st.capacity, i)) < 0)
			return -1;
	}
	return 0;
}

static int fill_new(series_writer_t *w, int fd)
{
	const struct series_sample *last = series_last(w->series);
	off_t size = series_sample_offset(w->st.capacity, w->st.capacity - 1) +
		     (off_t)sizeof(struct series_sample);
	int rc = posix_fallocate(fd, 0, size);

	if (rc) {
		errno = rc;
		return -1;
	}
	w->head.count = w->series->count;
	w->head.flags = 0;
	if (last)
		w->head.last = *last;
	w->head.last.crc = SERIES_CRC(&w->head.last);
	w->head.crc = SERIES_CRC(&w->head);
	if (write_samples(w, fd) < 0 ||
	    write_at(fd, &w->st, sizeof(w->st), 0) < 0 ||
	    write_at(fd, &w->head, sizeof(w->head), SERIES_HEAD_OFFSET) < 0)
		return -1;
	return fchmod(fd, 0640);
}

/*
 * Tell readers that hold the old file to open the path again: before the new
 * one is there, so that no crash can leave them with a file that stands still.
 */
static void mark_replaced(int fd)
{
	struct series_head head;

	if (series_head_read(fd, &head) < 0)
		return;
	head.flags |= SERIES_REPLACED;
	head.crc = SERIES_CRC(&head);
	write_at(fd, &head, sizeof(head), SERIES_HEAD_OFFSET);
}

/* old: the file in its place, or -1 */
static int create_file(series_writer_t *w, int old, struct err *err)
{
	char tmp[PATH_MAX + 8];

	snprintf(tmp, sizeof(tmp), "%s.tmp", w->path);
	unlink(tmp);
	w->fd = open(tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		     0640);
	if (w->fd < 0)
		return err_set_errno(err, "%s: cannot create", tmp);
	if (fill_new(w, w->fd) < 0)
		goto fail;
	if (old >= 0)
		mark_replaced(old);
	if (rename(tmp, w->path) == 0)
		return 0;
fail:
	err_set_errno(err, "%s: cannot write the new series", w->path);
	unlink(tmp);
	return -1;
}

static int writer_start(series_writer_t *w, uint32_t capacity, struct err *err)
{
	bool same;
	int old, rc;

	if (lock_series(w, err) < 0)
		return -1;
	old = adopt_old(w, capacity, &same);
	if (same) {
		w->fd = old;
		w->head.flags = 0;	/* a crash may have come before the rename */
		return write_head(w, err);
	}
	rc = create_file(w, old, err);
	if (old >= 0)
		close(old);
	return rc;
}

series_writer_t *series_writer_open(const char *path,
				    const struct series_params *params,
				    uint32_t capacity, struct err *err)
{
	series_writer_t *w = calloc(1, sizeof(*w));

	if (capacity < 2 || capacity > SERIES_CAPACITY_MAX ||
	    strlen(path) >= sizeof(w->path)) {
		err_set(err, "%s: a series of %u samples cannot be made", path,
			capacity);
		free(w);
		return NULL;
	}
	if (w)
		w->series = series_create(capacity, params->period_ns,
					  params->max_gap_ns);
	if (!w || !w->series) {
		err_set_errno(err, "%s: series of %u samples", path, capacity);
		free(w);
		return NULL;
	}
	w->fd = w->lock_fd = -1;
	snprintf(w->path, sizeof(w->path), "%s", path);
	series_static_fill(&w->st, params, capacity);
	if (writer_start(w, capacity, err) == 0)
		return w;
	series_writer_close(w);
	return NULL;
}

void series_writer_close(series_writer_t *w)
{
	int saved = errno;

	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	if (w->lock_fd >= 0) {
		/* a child may have it, too, that was forked a moment ago */
		flock(w->lock_fd, LOCK_UN);
		close(w->lock_fd);
	}
	series_destroy(w->series);
	free(w);
	errno = saved;
}

const series_t *series_writer_series(const series_writer_t *w)
{
	return w->series;
}

static int write_newest(series_writer_t *w, struct err *err)
{
	struct series_sample s = *series_last(w->series);
	struct series_head before = w->head;

	s.crc = SERIES_CRC(&s);
	if (write_at(w->fd, &s, sizeof(s),
		     series_sample_offset(w->st.capacity,
					  w->series->count - 1)) < 0)
		return err_set_errno(err, "%s: cannot write", w->path);
	w->head.count = w->series->count;
	w->head.last = s;
	if (write_head(w, err) == 0)
		return 0;
	w->head = before;
	return -1;
}

/* Make the sample in memory the file's newest; undo it where that fails. */
static int keep_newest(series_writer_t *w, const struct series_sample *kept,
		       struct err *err)
{
	series_t *s = w->series;

	if (write_newest(w, err) == 0)
		return 0;
	/* lost to all, that the file has no hole: the next takes its place */
	s->count--;
	s->ring[s->count % s->capacity] = *kept;
	return -1;
}

static int refuse(const series_writer_t *w, int64_t boot_ns, double watts,
		  struct err *err)
{
	return err_set(err, "node %s: refused a reading of %g W at %.3f s since boot",
		       w->st.node, watts, ns_to_s(boot_ns));
}

int series_writer_append_as(series_writer_t *w, int64_t boot_ns,
			    int64_t wall_ns, double watts,
			    enum series_join join, double joules,
			    struct err *err)
{
	series_t *s = w->series;
	struct series_sample kept = s->ring[s->count % s->capacity];

	if (!series_append_as(s, boot_ns, wall_ns, watts, join, joules))
		return refuse(w, boot_ns, watts, err);
	return keep_newest(w, &kept, err);
}

int series_writer_append(series_writer_t *w, int64_t boot_ns, int64_t wall_ns,
			 double watts, struct err *err)
{
	return series_writer_append_as(w, boot_ns, wall_ns, watts, SERIES_LINE,
				       NAN, err);
}

int series_writer_append_bridged(series_writer_t *w, int64_t boot_ns,
				 int64_t wall_ns, double watts, double joules,
				 struct err *err)
{
	series_t *s = w->series;
	struct series_sample kept = s->ring[s->count % s->capacity];

	if (!series_append_bridged(s, boot_ns, wall_ns, watts, joules))
		return refuse(w, boot_ns, watts, err);
	return keep_newest(w, &kept, err);
}

int series_writer_set_settled(series_writer_t *w, int64_t settled_ns,
			      struct err *err)
{
	if (settled_ns <= w->head.settled_ns)
		return 0;
	w->head.settled_ns = settled_ns;
	return write_head(w, err);
}

int64_t series_writer_settled(const series_writer_t *w)
{
	return w->head.settled_ns;
}
