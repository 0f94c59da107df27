/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "series.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "series_impl.h"

uint32_t series_crc(const void *data, size_t size)
{
	return (uint32_t)crc32(0, data, (uInt)size);
}

/* pread of exactly size bytes; a short file is EIO, never a fault. */
static int read_at(int fd, void *buf, size_t size, int64_t offset)
{
	ssize_t n;

	do {
		n = pread(fd, buf, size, offset);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	if ((size_t)n != size) {
		errno = EIO;
		return -1;
	}
	return 0;
}

static bool static_valid(const struct series_static *st)
{
	return memchr(st->node, 0, sizeof(st->node)) &&
	       memchr(st->boot_id, 0, sizeof(st->boot_id)) &&
	       memchr(st->source, 0, sizeof(st->source)) &&
	       st->sample_size == sizeof(struct series_sample) &&
	       st->capacity >= 2 && st->capacity <= SERIES_CAPACITY_MAX &&
	       st->period_ns > 0 && st->max_gap_ns >= st->period_ns &&
	       st->share <= SHARE_EXCLUSIVE && st->threads_per_core > 0 &&
	       isfinite(st->cores) && isfinite(st->gpus) &&
	       isfinite(st->mem_mb) && isfinite(st->core_w) &&
	       isfinite(st->gpu_w) && isfinite(st->mem_w_per_gb);
}

static void params_from_static(const struct series_static *st,
			       struct series_params *params)
{
	memset(params, 0, sizeof(*params));
	memcpy(params->node, st->node, sizeof(params->node));
	memcpy(params->boot_id, st->boot_id, sizeof(params->boot_id));
	memcpy(params->source, st->source, sizeof(params->source));
	params->period_ns = st->period_ns;
	params->max_gap_ns = st->max_gap_ns;
	params->kill_wait_ns = st->kill_wait_ns;
	params->share = (enum share_mode)st->share;
	params->hw = (hardware_t){
		.cores = st->cores, .gpus = st->gpus, .mem_mb = st->mem_mb,
		.core_w = st->core_w, .gpu_w = st->gpu_w,
		.mem_w_per_gb = st->mem_w_per_gb,
		.threads_per_core = st->threads_per_core,
		.mem_consumable = st->mem_consumable,
	};
}

int series_static_read(int fd, const char *path, struct series_params *params,
		       uint32_t *capacity, struct err *err)
{
	struct series_static st;

	if (read_at(fd, &st, sizeof(st), 0) < 0)
		return err_set_errno(err, "%s: cannot read the series", path);
	if (memcmp(st.magic, SERIES_MAGIC, sizeof(st.magic))) {
		errno = EINVAL;
		return err_set(err, "%s: not a wattgate series", path);
	}
	if (st.version != SERIES_VERSION) {
		errno = EPROTO;
		return err_set(err, "%s: series of format %u, this is format %u: "
			       "run wattgated and the plugin of one release",
			       path, st.version, SERIES_VERSION);
	}
	if (st.crc != SERIES_CRC(&st) || !static_valid(&st)) {
		errno = EINVAL;
		return err_set(err, "%s: damaged series header", path);
	}
	params_from_static(&st, params);
	*capacity = st.capacity;
	return 0;
}

/* Are these joules that a node can draw in ns? A sum is rounded. */
static bool joules_possible(double j, int64_t ns)
{
	return j >= 0 && j <= SERIES_MAX_W * 1.000001 * ns_to_s(ns);
}

/* Nothing is covered before boot; no time is near the end of 64 bits. */
static bool sample_valid(const struct series_sample *s)
{
	return s->crc == SERIES_CRC(s) && s->boot_ns >= 0 &&
	       s->boot_ns <= SERIES_BOOT_MAX_NS && s->wall_ns >= 0 &&
	       s->wall_ns <= SERIES_WALL_MAX_NS && s->cum_covered_ns >= 0 &&
	       s->cum_covered_ns <= s->boot_ns &&
	       joules_possible(s->cum_j, s->cum_covered_ns) &&
	       series_watts_valid(s->watts);
}

int series_sample_read(int fd, uint32_t capacity, uint64_t index,
		       struct series_sample *out)
{
	if (read_at(fd, out, sizeof(*out),
		    series_sample_offset(capacity, index)) < 0)
		return -1;
	if (!sample_valid(out)) {
		errno = EIO;
		return -1;
	}
	return 0;
}

int series_head_read(int fd, struct series_head *head)
{
	int tries;

	for (tries = 0; tries < 3; tries++) {	/* a write may be under way */
		if (read_at(fd, head, sizeof(*head), SERIES_HEAD_OFFSET) < 0)
			return -1;
		if (head->crc == SERIES_CRC(head) &&
		    head->count <= SERIES_COUNT_MAX &&
		    (!head->count || sample_valid(&head->last)))
			return 0;
	}
	errno = EIO;
	return -1;
}

static bool sample_follows(const series_t *s, const struct series_sample *next)
{
	const struct series_sample *last = series_last(s);
	int64_t covered_ns;

	if (!last)
		return true;
	covered_ns = next->cum_covered_ns - last->cum_covered_ns;
	return next->boot_ns > last->boot_ns && covered_ns >= 0 &&
	       covered_ns <= next->boot_ns - last->boot_ns &&
	       next->cum_j >= last->cum_j;
}

static uint64_t ring_first(uint32_t capacity, const struct series_head *head)
{
	return head->count > capacity ? head->count - capacity : 0;
}

/* Samples from number `first` on. -1 where some are left out. */
static int load_from(int fd, uint32_t capacity, const struct series_head *head,
		     uint64_t first, series_t *into)
{
	struct series_sample s;
	uint64_t i;
	int rc = 0;

	for (i = first; i < head->count; i++) {
		if (series_sample_read(fd, capacity, i, &s) < 0 ||
		    s.boot_ns > head->last.boot_ns ||	/* its slot was reused */
		    !sample_follows(into, &s))
			rc = -1;
		else
			series_push(into, &s);
	}
	return rc;
}

int series_load_ring(int fd, uint32_t capacity, const struct series_head *head,
		     series_t *into, bool numbered)
{
	const uint64_t first = ring_first(capacity, head);

	into->count = numbered ? first : 0;
	return load_from(fd, capacity, head, first, into);
}

int series_reader_open(series_reader_t *r, const char *path, struct err *err)
{
	int saved;

	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (r->fd < 0)
		return err_set_errno(err, "%s: no series to read", path);
	if (series_static_read(r->fd, path, &r->params, &r->capacity, err) == 0)
		return 0;
	saved = errno;
	series_reader_close(r);
	errno = saved;
	return -1;
}

void series_reader_close(series_reader_t *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

int series_reader_head(const series_reader_t *r, struct series_head *head)
{
	return series_head_read(r->fd, head);
}

/*
 * The first sample later than t_ns, by binary search over the file: its index
 * in *index, the sample in *after. -1 where the file is damaged.
 */
static int search_after(const series_reader_t *r, uint64_t lo, uint64_t hi,
			int64_t t_ns, uint64_t *index,
			struct series_sample *after)
{
	struct series_sample s;

	*after = (struct series_sample){ 0 };
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (series_sample_read(r->fd, r->capacity, mid, &s) < 0)
			return -1;
		if (s.boot_ns <= t_ns) {
			lo = mid + 1;
		} else {
			hi = mid;
			*after = s;
		}
	}
	*index = lo;
	return 0;
}

int series_reader_point(const series_reader_t *r, const struct series_head *head,
			int64_t t_ns, struct series_point *out)
{
	uint64_t first, i;
	struct series_sample before, after;

	if (!head->count || t_ns >= head->last.boot_ns) {
		series_head_point(head, r->params.period_ns, t_ns, out);
		return 0;
	}
	/* the oldest slot may be overwritten while we look: leave it out */
	first = head->count >= r->capacity ? head->count - r->capacity + 1 : 0;
	if (search_after(r, first, head->count, t_ns, &i, &after) < 0)
		return -1;
	/* before the series began; one that moved may begin in its middle */
	if (i == 0 && after.cum_covered_ns == 0) {
		*out = (struct series_point){ .exact = true };
		return 0;
	}
	if (i == first || i >= head->count ||
	    series_sample_read(r->fd, r->capacity, i - 1, &before) < 0 ||
	    before.boot_ns > t_ns || after.boot_ns <= before.boot_ns) {
		errno = ERANGE;
		return -1;
	}
	series_segment_point(&before, &after, t_ns, out);
	return 0;
}

/* The newest sample whose wall time is known and not after wall_ns. */
static uint64_t search_wall(const series_reader_t *r,
			    const struct series_head *head, int64_t wall_ns)
{
	const uint64_t first = ring_first(r->capacity, head);
	struct series_sample s;
	uint64_t i = head->count;

	while (i > first) {
		if (series_sample_read(r->fd, r->capacity, --i, &s) == 0 &&
		    s.wall_ns > 0 && s.wall_ns <= wall_ns)
			break;
	}
	return i;
}

static int head_for_load(const series_reader_t *r, struct series_head *head,
			 struct err *err)
{
	if (series_reader_head(r, head) == 0)
		return 0;
	return err_set_errno(err, "node %s: cannot read the series' head",
			     r->params.node);
}

/* Samples from number `first` on into a series with room for `room`. */
static series_t *load(const series_reader_t *r, const struct series_head *head,
		      uint64_t first, uint32_t room, struct err *err)
{
	series_t *s = series_create(room, r->params.period_ns,
				    r->params.max_gap_ns);

	if (s)
		load_from(r->fd, r->capacity, head, first, s);
	else
		err_set_errno(err, "node %s: series of %u samples",
			      r->params.node, room);
	return s;
}

series_t *series_reader_load(const series_reader_t *r, struct err *err)
{
	struct series_head head;

	if (head_for_load(r, &head, err) < 0)
		return NULL;
	return load(r, &head, ring_first(r->capacity, &head), r->capacity,
		    err);
}

series_t *series_reader_load_since(const series_reader_t *r, int64_t wall_ns,
				   struct err *err)
{
	struct series_head head;
	uint64_t first;

	if (head_for_load(r, &head, err) < 0)
		return NULL;
	first = search_wall(r, &head, wall_ns);
	return load(r, &head, first, (uint32_t)(head.count - first), err);
}

/*
 * Where to begin to look for samples later than after_ns: as a rule the newest
 * few, so from the end. One that cannot be read may be anything: look before it.
 */
static uint64_t search_back(const series_reader_t *r,
			    const struct series_head *head, int64_t after_ns)
{
	const uint64_t first = ring_first(r->capacity, head);
	uint64_t lo = first, hi = head->count - 1, step = 1, mid;
	struct series_sample s;

	while (hi > first) {
		mid = hi - first > step ? hi - step : first;
		if (series_sample_read(r->fd, r->capacity, mid, &s) == 0 &&
		    s.boot_ns <= after_ns) {
			lo = mid + 1;
			break;
		}
		hi = mid;
		step *= 2;
	}
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (series_sample_read(r->fd, r->capacity, mid, &s) == 0 &&
		    s.boot_ns <= after_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

unsigned series_reader_after(const series_reader_t *r,
			     const struct series_head *head, int64_t after_ns,
			     struct series_sample *out, unsigned max,
			     bool *more)
{
	int64_t last_ns = after_ns;
	unsigned n = 0;
	uint64_t i;

	*more = false;
	if (!head->count || head->last.boot_ns <= after_ns)
		return 0;
	for (i = search_back(r, head, after_ns); i < head->count && n < max;
	     i++) {
		if (i + 1 == head->count)
			out[n] = head->last;
		else if (series_sample_read(r->fd, r->capacity, i, &out[n]) < 0)
			continue;
		if (out[n].boot_ns > head->last.boot_ns ||	/* its slot was reused */
		    out[n].boot_ns <= last_ns)
			continue;
		last_ns = out[n++].boot_ns;
	}
	*more = i < head->count;
	return n;
}

int64_t series_reader_first_ns(const series_reader_t *r,
			       const struct series_head *head)
{
	struct series_sample s;

	for (uint64_t i = ring_first(r->capacity, head); i < head->count; i++)
		if (series_sample_read(r->fd, r->capacity, i, &s) == 0 &&
		    s.boot_ns <= head->last.boot_ns)
			return s.boot_ns;
	return -1;
}
