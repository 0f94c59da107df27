/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "suspend.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "clock.h"

#define SUSPEND_MAGIC "WGSUSPND"
#define SUSPEND_VERSION 1
#define TIME_MAX_NS (INT64_MAX / 8)	/* 36 years */
#define JOULES_MAX 1e15			/* 36 years of almost a megawatt */

/* Offset 0; host byte order. The slots follow. */
struct suspend_header {
	char magic[8];
	uint32_t version;
	uint32_t slots;
	char boot_id[BOOT_ID_SIZE];
	uint32_t used;		/* slots in use: 0 spares readers the search */
	uint32_t generation;	/* grows whenever a slot changes its job */
	uint32_t reserved;
	uint32_t crc;
};

struct suspend_writer {
	int fd;
	char path[PATH_MAX];
	struct suspend_header header;
	struct suspend_slot slots[SUSPEND_SLOTS];
};

#define CRC_OF(rec) \
	((uint32_t)crc32(0, (const void *)(rec), offsetof(__typeof__(*(rec)), crc)))

static off_t slot_offset(int i)
{
	return (off_t)sizeof(struct suspend_header) +
	       (off_t)i * (off_t)sizeof(struct suspend_slot);
}

static bool header_valid(const struct suspend_header *h)
{
	return !memcmp(h->magic, SUSPEND_MAGIC, sizeof(h->magic)) &&
	       h->version == SUSPEND_VERSION && h->slots == SUSPEND_SLOTS &&
	       h->crc == CRC_OF(h);
}

/* Beyond these there is no sum that could be added to without overflow. */
static bool time_valid(int64_t ns)
{
	return ns >= 0 && ns <= TIME_MAX_NS;
}

static bool joules_valid(double j)
{
	return j >= 0 && j <= JOULES_MAX;
}

static bool slot_valid(const struct suspend_slot *s)
{
	return s->crc == CRC_OF(s) && time_valid(s->since_ns) &&
	       time_valid(s->since_cum_covered_ns) &&
	       time_valid(s->total_ns) && time_valid(s->total_covered_ns) &&
	       joules_valid(s->since_cum_j) && joules_valid(s->total_j);
}

static int write_all(int fd, const void *buf, size_t size, off_t offset)
{
	ssize_t n = pwrite(fd, buf, size, offset);

	if (n == (ssize_t)size)
		return 0;
	if (n >= 0)
		errno = ENOSPC;
	return -1;
}

static int write_header(suspend_writer_t *w, struct err *err)
{
	w->header.crc = CRC_OF(&w->header);
	if (write_all(w->fd, &w->header, sizeof(w->header), 0) < 0)
		return err_set_errno(err, "%s: cannot write", w->path);
	return 0;
}

static int write_slot(suspend_writer_t *w, struct suspend_slot *slot,
		      struct err *err)
{
	int i = (int)(slot - w->slots);

	slot->crc = CRC_OF(slot);
	if (write_all(w->fd, slot, sizeof(*slot), slot_offset(i)) < 0)
		return err_set_errno(err, "%s: cannot write", w->path);
	return 0;
}

/* Keep the slots of an earlier wattgated of this boot. */
static bool adopt(suspend_writer_t *w, const char *boot_id)
{
	uint32_t used = 0;
	int i;

	if (pread(w->fd, &w->header, sizeof(w->header), 0) !=
		    (ssize_t)sizeof(w->header) ||
	    !header_valid(&w->header) || strcmp(w->header.boot_id, boot_id) ||
	    pread(w->fd, w->slots, sizeof(w->slots), slot_offset(0)) !=
		    (ssize_t)sizeof(w->slots))
		return false;
	for (i = 0; i < SUSPEND_SLOTS; i++) {
		if (!slot_valid(&w->slots[i]))
			return false;
		used += w->slots[i].job_id != 0;
	}
	if (used == w->header.used)
		return true;
	/* a crash came between a slot and the header: let readers look again */
	w->header.used = used;
	w->header.generation++;
	return write_header(w, NULL) == 0;
}

static int format_table(suspend_writer_t *w, const char *boot_id,
			struct err *err)
{
	uint32_t generation = w->header.generation;	/* of what was here */
	int i, rc = posix_fallocate(w->fd, 0, slot_offset(SUSPEND_SLOTS));

	if (rc) {
		errno = rc;
		return err_set_errno(err, "%s: cannot allocate", w->path);
	}
	memset(&w->header, 0, sizeof(w->header));
	memset(w->slots, 0, sizeof(w->slots));
	memcpy(w->header.magic, SUSPEND_MAGIC, sizeof(w->header.magic));
	w->header.version = SUSPEND_VERSION;
	w->header.slots = SUSPEND_SLOTS;
	w->header.generation = generation + 1;	/* its readers look again */
	snprintf(w->header.boot_id, sizeof(w->header.boot_id), "%s", boot_id);
	for (i = 0; i < SUSPEND_SLOTS; i++)
		if (write_slot(w, &w->slots[i], err) < 0)
			return -1;
	return write_header(w, err);
}

suspend_writer_t *suspend_writer_open(const char *path, const char *boot_id,
				      struct err *err)
{
	suspend_writer_t *w = calloc(1, sizeof(*w));

	if (!w || strlen(path) >= sizeof(w->path)) {
		err_set(err, "%s: cannot open the suspension table", path);
		free(w);
		return NULL;
	}
	strcpy(w->path, path);
	/* same inode for ever: steps keep it open */
	w->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
			     O_NONBLOCK, 0640);
	if (w->fd < 0) {
		err_set_errno(err, "%s: cannot create", path);
		free(w);
		return NULL;
	}
	if (fchmod(w->fd, 0640) < 0)
		err_set_errno(err, "%s: cannot set its mode", path);
	else if (adopt(w, boot_id) || format_table(w, boot_id, err) == 0)
		return w;
	suspend_writer_close(w);
	return NULL;
}

void suspend_writer_close(suspend_writer_t *w)
{
	int saved = errno;

	if (w)
		close(w->fd);
	free(w);
	errno = saved;
}

static int find_slot(const suspend_writer_t *w, uint32_t job_id)
{
	int i;

	for (i = 0; i < SUSPEND_SLOTS; i++)
		if (w->slots[i].job_id == job_id)
			return i;
	return -1;
}

const struct suspend_slot *suspend_writer_find(const suspend_writer_t *w,
					       uint32_t job_id)
{
	int i = find_slot(w, job_id);

	return i < 0 ? NULL : &w->slots[i];
}

/* A free slot, given to the job; NULL where all are taken. */
static struct suspend_slot *take_slot(suspend_writer_t *w, uint32_t job_id)
{
	int i = find_slot(w, 0);

	if (i < 0)
		return NULL;
	memset(&w->slots[i], 0, sizeof(w->slots[i]));
	w->slots[i].job_id = job_id;
	w->header.used++;
	w->header.generation++;
	return &w->slots[i];
}

int suspend_writer_stop(suspend_writer_t *w, uint32_t job_id, int64_t t_ns,
			double cum_j, int64_t cum_covered_ns, struct err *err)
{
	int i = find_slot(w, job_id);
	struct suspend_slot *s = i < 0 ? take_slot(w, job_id) : &w->slots[i];

	if (!s)
		return err_set(err, "%s: more than %d jobs of one node are "
			       "suspended: job %u is charged while it is",
			       w->path, SUSPEND_SLOTS, job_id);
	if (s->since_ns)
		return 0;
	s->since_ns = t_ns;
	s->since_cum_j = cum_j;
	s->since_cum_covered_ns = cum_covered_ns;
	if (write_slot(w, s, err) < 0)
		return -1;
	return write_header(w, err);
}

int suspend_writer_resume(suspend_writer_t *w, uint32_t job_id, int64_t t_ns,
			  double cum_j, int64_t cum_covered_ns, struct err *err)
{
	int i = find_slot(w, job_id);
	struct suspend_slot *s = &w->slots[i < 0 ? 0 : i];

	if (i < 0 || !s->since_ns)
		return 0;
	if (t_ns > s->since_ns)
		s->total_ns += t_ns - s->since_ns;
	if (cum_j > s->since_cum_j)
		s->total_j += cum_j - s->since_cum_j;
	if (cum_covered_ns > s->since_cum_covered_ns)
		s->total_covered_ns += cum_covered_ns - s->since_cum_covered_ns;
	s->since_ns = 0;
	return write_slot(w, s, err);
}

/* x + dx, as a slot can have it. */
static double joules_add(double x, double dx)
{
	return fmin(fmax(x + dx, 0), JOULES_MAX);
}

static int64_t time_add(int64_t x, int64_t dx)
{
	return dx > -x ? x + dx : 0;
}

int suspend_writer_correct(suspend_writer_t *w, uint32_t job_id,
			   double since_j, int64_t since_covered_ns,
			   double total_j, int64_t total_covered_ns,
			   struct err *err)
{
	int i = find_slot(w, job_id);
	struct suspend_slot *s = &w->slots[i < 0 ? 0 : i];

	if (i < 0)
		return 0;
	if (s->since_ns) {
		s->since_cum_j = joules_add(s->since_cum_j, since_j);
		s->since_cum_covered_ns = time_add(s->since_cum_covered_ns,
						   since_covered_ns);
	}
	s->total_j = joules_add(s->total_j, total_j);
	s->total_covered_ns = time_add(s->total_covered_ns, total_covered_ns);
	return write_slot(w, s, err);
}

int suspend_writer_drop(suspend_writer_t *w, uint32_t job_id, struct err *err)
{
	int i = find_slot(w, job_id);

	if (i < 0)
		return 0;
	memset(&w->slots[i], 0, sizeof(w->slots[i]));
	w->header.used--;
	w->header.generation++;
	if (write_slot(w, &w->slots[i], err) < 0)
		return -1;
	return write_header(w, err);
}

int suspend_reader_open(suspend_reader_t *r, const char *path, struct err *err)
{
	struct suspend_header h;

	*r = (suspend_reader_t){ .slot = -1 };
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (r->fd < 0)
		return err_set_errno(err, "%s: cannot open", path);
	if (pread(r->fd, &h, sizeof(h), 0) == (ssize_t)sizeof(h) &&
	    header_valid(&h))
		return 0;
	suspend_reader_close(r);
	errno = EINVAL;
	return err_set(err, "%s: damaged suspension table", path);
}

void suspend_reader_close(suspend_reader_t *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

static int read_slot(int fd, int i, struct suspend_slot *out)
{
	int tries;

	for (tries = 0; tries < 3; tries++)	/* a write may be under way */
		if (pread(fd, out, sizeof(*out), slot_offset(i)) ==
			    (ssize_t)sizeof(*out) && slot_valid(out))
			return 0;
	errno = EIO;
	return -1;
}

/*
 * Where the job's slot is, into *slot (-1: it has none). -1 where one that
 * cannot be read may be it.
 */
static int search_slot(int fd, uint32_t job_id, int *slot)
{
	struct suspend_slot s;
	int i, rc = 0;

	*slot = -1;
	for (i = 0; i < SUSPEND_SLOTS; i++) {
		if (read_slot(fd, i, &s) < 0) {
			rc = -1;
		} else if (s.job_id == job_id) {
			*slot = i;
			return 0;
		}
	}
	return rc;
}

int suspend_reader_get(suspend_reader_t *r, uint32_t job_id,
		       struct suspend_slot *out)
{
	struct suspend_header h;
	int tries;

	memset(out, 0, sizeof(*out));
	for (tries = 0; ; tries++) {
		if (tries == 3) {
			errno = EIO;
			return -1;
		}
		if (pread(r->fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h))
			return -1;
		if (header_valid(&h))
			break;
	}
	if (!h.used)
		return 0;
	if (h.generation != r->generation || job_id != r->job_id) {
		if (search_slot(r->fd, job_id, &r->slot) < 0)
			return -1;
		r->generation = h.generation;
		r->job_id = job_id;
	}
	if (r->slot < 0)
		return 0;
	if (read_slot(r->fd, r->slot, out) < 0)
		return -1;
	if (out->job_id != job_id)
		memset(out, 0, sizeof(*out));
	return 0;
}
