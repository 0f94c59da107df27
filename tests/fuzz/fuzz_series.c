/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A series file. First byte 's': static block, head and samples stand one
 * behind the other in the input, get to their places in the file, and have
 * good checksums. Any other: the rest of the input is the file as it is.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "lib/series_impl.h"

#define SAMPLES_MAX 40
#define PERIOD_MAX_NS (600 * NS_PER_S)

/* ---- the file ---- */

static void seal_sample(struct series_sample *s)
{
	s->crc = SERIES_CRC(s);
}

static void put_sealed(struct fuzz_input *in)
{
	static uint8_t file[SERIES_RING_OFFSET +
			    SAMPLES_MAX * sizeof(struct series_sample)];
	struct series_static st;
	struct series_head head;
	struct series_sample s;
	size_t at = SERIES_RING_OFFSET;

	memset(file, 0, sizeof(file));
	fuzz_bytes(in, &st, sizeof(st));
	memcpy(st.magic, SERIES_MAGIC, sizeof(st.magic));
	st.version = SERIES_VERSION;
	st.sample_size = sizeof(s);
	st.crc = SERIES_CRC(&st);
	memcpy(file, &st, sizeof(st));
	fuzz_bytes(in, &head, sizeof(head));
	seal_sample(&head.last);
	head.crc = SERIES_CRC(&head);
	memcpy(file + SERIES_HEAD_OFFSET, &head, sizeof(head));
	for (; in->left && at < sizeof(file); at += sizeof(s)) {
		fuzz_bytes(in, &s, sizeof(s));
		seal_sample(&s);
		memcpy(file + at, &s, sizeof(s));
	}
	fuzz_put("series", file, at);
}

/* ---- instants to ask for ---- */

struct instants {
	int64_t ns[3 * SAMPLES_MAX + 4];
	size_t len;
};

static int compare_ns(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void instant_add(struct instants *t, int64_t ns)
{
	if (ns >= 0)
		t->ns[t->len++] = ns;
}

/* At, just before and somewhere behind the oldest samples and the newest. */
static struct instants instants_of(const series_t *s,
				   const struct series_head *head)
{
	struct instants t = { .len = 0 };
	uint32_t n = series_size(s) < SAMPLES_MAX ? series_size(s) : SAMPLES_MAX;

	instant_add(&t, 0);
	instant_add(&t, INT64_MAX);
	for (uint32_t i = 0; i < n; i++) {
		int64_t at = series_get(s, i)->boot_ns;

		instant_add(&t, at);
		instant_add(&t, at - 1);
		instant_add(&t, at < INT64_MAX - NS_PER_S ? at + NS_PER_S / 3 : at);
	}
	instant_add(&t, head->last.boot_ns);
	qsort(t.ns, t.len, sizeof(t.ns[0]), compare_ns);
	return t;
}

/* ---- what has to hold ---- */

static void check_params(const series_reader_t *r)
{
	const struct series_params *p = &r->params;

	FUZZ_CHECK(r->capacity >= 2 && r->capacity <= SERIES_CAPACITY_MAX);
	FUZZ_CHECK(p->period_ns > 0 && p->max_gap_ns >= p->period_ns);
	FUZZ_CHECK(strlen(p->node) < sizeof(p->node) &&
		   strlen(p->boot_id) < sizeof(p->boot_id) &&
		   strlen(p->source) < sizeof(p->source));
	FUZZ_CHECK(p->share <= SHARE_EXCLUSIVE && p->hw.threads_per_core > 0);
	FUZZ_CHECK(isfinite(p->hw.cores) && isfinite(p->hw.mem_mb));
}

/* Samples that were taken over are in order. */
static void check_loaded(const series_reader_t *r, const series_t *s)
{
	FUZZ_CHECK(series_size(s) <= r->capacity);
	for (uint32_t i = 0; i < series_size(s); i++) {
		const struct series_sample *b = series_get(s, i);

		FUZZ_CHECK(isfinite(b->cum_j) && b->cum_j >= 0 &&
			   b->cum_covered_ns >= 0 && series_watts_valid(b->watts));
		if (i == 0)
			continue;
		FUZZ_CHECK(b->boot_ns > b[-1].boot_ns &&
			   b->cum_j >= b[-1].cum_j &&
			   b->cum_covered_ns >= b[-1].cum_covered_ns);
	}
}

/* Is every sample that the head counts there, up to the one it names? */
static bool whole(const series_reader_t *r, const struct series_head *head,
		  const series_t *s)
{
	uint64_t held = head->count < r->capacity ? head->count : r->capacity;

	return series_size(s) == held &&
	       (!held || memcmp(series_last(s), &head->last,
				sizeof(head->last)) == 0);
}

static void check_points(const series_reader_t *r,
			 const struct series_head *head,
			 const struct instants *t, bool ordered)
{
	struct series_point p, last = { 0 };

	for (size_t i = 0; i < t->len; i++) {
		if (series_reader_point(r, head, t->ns[i], &p) < 0)
			continue;
		if (!head->count)
			continue;
		FUZZ_CHECK(isfinite(p.cum_j) && p.cum_j >= 0);
		FUZZ_CHECK(p.cum_covered_ns >= 0 &&
			   p.cum_covered_ns <= t->ns[i]);
		FUZZ_CHECK(!ordered || (p.cum_j >= last.cum_j &&
			   p.cum_covered_ns >= last.cum_covered_ns));
		last = p;
	}
}

static void check_span(const struct series_span *a, int64_t length)
{
	FUZZ_CHECK(isfinite(a->joules) && a->joules >= 0);
	FUZZ_CHECK(a->covered_ns >= 0 && a->max_gap_ns >= 0 &&
		   a->head_gap_ns >= 0 && a->tail_gap_ns >= 0);
	FUZZ_CHECK(a->covered_ns <= length - a->max_gap_ns);
	FUZZ_CHECK(a->head_gap_ns <= a->max_gap_ns &&
		   a->tail_gap_ns <= a->max_gap_ns);
}

/* Two spans that meet are one. */
static void check_spans(const series_t *s, const struct instants *t)
{
	for (size_t i = 0; i + 2 < t->len; i++) {
		int64_t a = t->ns[i], b = t->ns[i + 1], c = t->ns[t->len - 1];
		struct series_span ab, bc, ac;

		series_between(s, a, b, &ab);
		series_between(s, b, c, &bc);
		series_between(s, a, c, &ac);
		check_span(&ab, b - a);
		check_span(&bc, c - b);
		check_span(&ac, c - a);
		series_span_join(&ab, b - a, &bc, c - b);
		FUZZ_CHECK(ab.covered_ns == ac.covered_ns &&
			   ab.max_gap_ns == ac.max_gap_ns &&
			   ab.head_gap_ns == ac.head_gap_ns &&
			   ab.tail_gap_ns == ac.tail_gap_ns);
		FUZZ_CHECK(fabs(ab.joules - ac.joules) <=
			   1e-6 + 1e-9 * series_last(s)->cum_j);
		series_wall_ns(s, a);
	}
}

/* A writer goes on behind what it finds, and readers see that. */
static void check_writer(const series_reader_t *r, const char *path)
{
	struct series_head head;
	struct err err = { "" };
	series_writer_t *w;
	series_reader_t again;
	const struct series_sample *last;
	int64_t at;

	if (r->capacity > SAMPLES_MAX || r->params.period_ns > PERIOD_MAX_NS)
		return;
	w = series_writer_open(path, &r->params, r->capacity, &err);
	FUZZ_CHECK(w);
	last = series_last(series_writer_series(w));
	at = last ? last->boot_ns : 0;
	at += r->params.period_ns;
	if (at <= SERIES_BOOT_MAX_NS) {
		FUZZ_CHECK(series_writer_append(w, at, -1, 200, &err) == 0);
		FUZZ_CHECK(series_reader_open(&again, path, &err) == 0);
		FUZZ_CHECK(series_reader_head(&again, &head) == 0 &&
			   head.last.boot_ns == at);
		series_reader_close(&again);
	}
	series_writer_close(w);
}

static void check_reader(const series_reader_t *r, const char *path)
{
	struct series_head head;
	struct err err = { "" };
	struct instants t;
	series_t *s;

	check_params(r);
	if (r->capacity > 8 * SAMPLES_MAX)
		return;		/* 48 MB a turn are no use */
	s = series_reader_load(r, &err);
	if (series_reader_head(r, &head) < 0) {
		FUZZ_CHECK(!s && *err.text);
		return;
	}
	FUZZ_CHECK(s);
	check_loaded(r, s);
	t = instants_of(s, &head);
	check_points(r, &head, &t, whole(r, &head, s));
	if (series_size(s))
		check_spans(s, &t);
	series_destroy(s);
	check_writer(r, path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct err err = { "" };
	char path[PATH_MAX];
	series_reader_t r;

	if (fuzz_byte(&in) == 's')
		put_sealed(&in);
	else
		fuzz_put("series", in.at, in.left);
	fuzz_path(path, sizeof(path), "series");
	if (series_reader_open(&r, path, &err) == 0) {
		check_reader(&r, path);
		series_reader_close(&r);
	} else {
		FUZZ_CHECK(r.fd == -1 && strstr(err.text, path));
	}
	return 0;
}
