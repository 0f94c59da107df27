/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The series' file: one writer, any number of readers, and what may befall it. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "lib/series.h"
#include "lib/series_impl.h"
#include "scratch.h"

#define PERIOD SECONDS(5)
#define MAX_GAP SECONDS(15)
#define BOOT_A "11111111-2222-3333-4444-555555555555"
#define BOOT_B "99999999-2222-3333-4444-555555555555"

static const char *series_path(void)
{
	static char buf[128];

	snprintf(buf, sizeof(buf), "%s/series", scratch);
	return buf;
}

static struct series_params make_params(void)
{
	struct series_params p = {
		.node = "n1", .boot_id = BOOT_A, .source = "redfish:power",
		.period_ns = PERIOD, .max_gap_ns = MAX_GAP,
		.share = SHARE_CORES, .kill_wait_ns = SECONDS(30),
		.hw = { .cores = 64, .gpus = 4, .mem_mb = 262144, .core_w = 3.5,
			.gpu_w = 250, .mem_w_per_gb = 0.3725,
			.threads_per_core = 2, .mem_consumable = true },
	};

	return p;
}

static series_writer_t *writer_open(const struct series_params *p,
				    uint32_t capacity)
{
	struct err err = { "" };
	series_writer_t *w = series_writer_open(series_path(), p, capacity,
						&err);

	ck_assert_msg(w != NULL, "%s", err.text);
	return w;
}

static void append_ok(series_writer_t *w, int64_t boot_ns, double watts)
{
	struct err err = { "" };

	ck_assert_msg(series_writer_append(w, boot_ns, boot_ns + SECONDS(1000),
					   watts, &err) == 0, "%s", err.text);
}

/*
 * Sample i of a node of changing power, with a gap after each tenth; every
 * second one is bridged.
 */
static int64_t sample_ns(int i)
{
	return SECONDS(50) + i * PERIOD + i / 10 * 4 * MAX_GAP;
}

static double sample_w(int i)
{
	return 100 + 37.7 * (i % 13);
}

static bool sample_bridges(int i)
{
	return i % 20 == 10;
}

static double bridge_j(int i)
{
	return 20000 + i;
}

static void append_one(series_writer_t *w, int i)
{
	int64_t at = sample_ns(i);
	struct err err = { "" };

	if (!sample_bridges(i) || !series_last(series_writer_series(w)))
		append_ok(w, at, sample_w(i));
	else
		ck_assert_msg(series_writer_append_bridged(w, at,
					at + SECONDS(1000), sample_w(i),
					bridge_j(i), &err) == 0, "%s", err.text);
}

static void append_many(series_writer_t *w, int from, int to)
{
	for (; from < to; from++)
		append_one(w, from);
}

/* The same in memory. */
static void append_plain(series_t *s, int i)
{
	int64_t at = sample_ns(i), wall = at + SECONDS(1000);

	if (sample_bridges(i))
		series_append_bridged(s, at, wall, sample_w(i), bridge_j(i));
	else
		series_append(s, at, wall, sample_w(i));
}

static void reader_open(series_reader_t *r)
{
	struct err err = { "" };

	ck_assert_msg(series_reader_open(r, series_path(), &err) == 0, "%s",
		      err.text);
}

static void reader_head(const series_reader_t *r, struct series_head *head)
{
	ck_assert_int_eq(series_reader_head(r, head), 0);
}

static void same_samples(const series_t *a, const series_t *b)
{
	uint32_t i;

	ck_assert_uint_eq(series_size(a), series_size(b));
	for (i = 0; i < series_size(a); i++)	/* the checksum is the file's */
		ck_assert_mem_eq(series_get(a, i), series_get(b, i),
				 offsetof(struct series_sample, crc));
}

static series_t *load(void)
{
	struct err err = { "" };
	series_reader_t r;
	series_t *s;

	reader_open(&r);
	s = series_reader_load(&r, &err);
	ck_assert_msg(s != NULL, "%s", err.text);
	series_reader_close(&r);
	ck_assert_int_eq(r.fd, -1);
	return s;
}

/* ---- round trip ---------------------------------------------------------------- */

static void same_params(const struct series_params *a,
			const struct series_params *b)
{
	ck_assert_str_eq(a->node, b->node);
	ck_assert_str_eq(a->boot_id, b->boot_id);
	ck_assert_str_eq(a->source, b->source);
	ck_assert_int_eq(a->period_ns, b->period_ns);
	ck_assert_int_eq(a->max_gap_ns, b->max_gap_ns);
	ck_assert_int_eq(a->kill_wait_ns, b->kill_wait_ns);
	ck_assert_int_eq(a->share, b->share);
	ck_assert(a->hw.cores == b->hw.cores && a->hw.gpus == b->hw.gpus &&
		  a->hw.mem_mb == b->hw.mem_mb &&
		  a->hw.core_w == b->hw.core_w && a->hw.gpu_w == b->hw.gpu_w &&
		  a->hw.mem_w_per_gb == b->hw.mem_w_per_gb &&
		  a->hw.threads_per_core == b->hw.threads_per_core &&
		  a->hw.mem_consumable == b->hw.mem_consumable);
}

START_TEST(test_round_trip)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 32);
	struct series_head head;
	series_reader_t r;
	series_t *s;
	int i;

	ck_assert_uint_eq(file_mode(series_path()), S_IFREG | 0640);
	reader_open(&r);
	same_params(&r.params, &p);
	ck_assert_uint_eq(r.capacity, 32);
	reader_head(&r, &head);
	ck_assert_uint_eq(head.count, 0);
	for (i = 0; i < 100; i++) {	/* far beyond the ring's end */
		append_many(w, i, i + 1);
		reader_head(&r, &head);
		ck_assert_uint_eq(head.count, (uint64_t)i + 1);
		ck_assert_uint_eq(head.flags, 0);
		ck_assert_mem_eq(&head.last,
				 series_last(series_writer_series(w)),
				 offsetof(struct series_sample, crc));
		s = load();
		same_samples(s, series_writer_series(w));
		series_destroy(s);
	}
	series_reader_close(&r);
	series_writer_close(w);
}
END_TEST

START_TEST(test_refused_reading)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 8);
	struct err err = { "" };
	series_t *s;

	append_ok(w, SECONDS(10), 100);
	ck_assert_int_eq(series_writer_append(w, SECONDS(15), 1, 0, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "n1"));
	ck_assert_int_eq(series_writer_append(w, SECONDS(10), 1, 5, &err), -1);
	ck_assert_int_eq(series_writer_append(w, SECONDS(15), 1, NAN, NULL), -1);
	s = load();
	ck_assert_uint_eq(series_size(s), 1);
	series_destroy(s);
	series_writer_close(w);
}
END_TEST

START_TEST(test_settled)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 8);
	struct series_head head;
	struct err err;
	series_reader_t r;

	reader_open(&r);
	ck_assert_int_eq(series_writer_settled(w), 0);
	ck_assert_int_eq(series_writer_set_settled(w, SECONDS(7), &err), 0);
	ck_assert_int_eq(series_writer_set_settled(w, SECONDS(6), &err), 0);
	ck_assert_int_eq(series_writer_settled(w), SECONDS(7));	/* never back */
	reader_head(&r, &head);
	ck_assert_int_eq(head.settled_ns, SECONDS(7));
	append_ok(w, SECONDS(10), 100);
	reader_head(&r, &head);
	ck_assert_int_eq(head.settled_ns, SECONDS(7));
	series_writer_close(w);
	w = writer_open(&p, 8);
	ck_assert_int_eq(series_writer_settled(w), SECONDS(7));
	series_writer_close(w);
	series_reader_close(&r);
}
END_TEST

/* Samples from each second on are the last ones of the whole. */
START_TEST(test_load_since)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 16);
	const series_t *all = series_writer_series(w);
	struct err err = { "" };
	series_reader_t r;
	series_t *s;

	reader_open(&r);
	s = series_reader_load_since(&r, 0, &err);
	ck_assert_uint_eq(series_size(s), 0);
	series_destroy(s);
	append_many(w, 0, 40);
	for (uint32_t i = 0; i < series_size(all); i++) {
		const int64_t wall_ns = series_get(all, i)->wall_ns;

		for (int off = i ? -1 : 0; off <= 1; off++) {
			s = series_reader_load_since(&r, wall_ns + off, &err);
			ck_assert_msg(s != NULL, "%s", err.text);
			ck_assert_uint_eq(series_size(s),
					  series_size(all) - i + (off < 0));
			ck_assert_int_eq(series_first(s)->boot_ns,
				series_get(all, i - (off < 0))->boot_ns);
			ck_assert_int_eq(series_last(s)->boot_ns,
					 series_last(all)->boot_ns);
			series_destroy(s);
		}
	}
	/* before the first one: all; from the newest on: it alone */
	s = series_reader_load_since(&r, 1, &err);
	same_samples(s, all);
	series_destroy(s);
	s = series_reader_load_since(&r, INT64_MAX, &err);
	ck_assert_uint_eq(series_size(s), 1);
	series_destroy(s);
	series_reader_close(&r);
	series_writer_close(w);
}
END_TEST

/* ---- a second writer -------------------------------------------------------------- */

START_TEST(test_resume)
{
	static const int counts[] = { 0, 1, 2, 7, 15, 16, 17, 32, 50 };
	struct series_params p = make_params();
	int n = counts[_i];
	series_writer_t *w = writer_open(&p, 16);
	series_t *before, *s;
	ino_t ino;

	append_many(w, 0, n);
	series_writer_close(w);
	ino = file_inode(series_path());
	before = load();

	w = writer_open(&p, 16);
	ck_assert_uint_eq(file_inode(series_path()), ino);
	same_samples(series_writer_series(w), before);
	series_destroy(before);
	append_many(w, n, n + 5);
	s = load();
	same_samples(s, series_writer_series(w));
	/* as if there had been one writer */
	before = series_create(16, PERIOD, MAX_GAP);
	for (int i = 0; i < n + 5; i++)
		append_plain(before, i);
	same_samples(s, before);
	series_destroy(before);
	series_destroy(s);
	series_writer_close(w);
}
END_TEST

static void change_period(struct series_params *p) { p->period_ns++; }
static void change_gap(struct series_params *p) { p->max_gap_ns++; }
static void change_share(struct series_params *p) { p->share = SHARE_MODEL; }
static void change_source(struct series_params *p) { p->source[0] = 'x'; }
static void change_wait(struct series_params *p) { p->kill_wait_ns = 0; }
static void change_cores(struct series_params *p) { p->hw.cores = 63; }
static void change_gpus(struct series_params *p) { p->hw.gpus = 0; }
static void change_mem(struct series_params *p) { p->hw.mem_mb++; }
static void change_core_w(struct series_params *p) { p->hw.core_w = 4; }
static void change_gpu_w(struct series_params *p) { p->hw.gpu_w = 300; }
static void change_mem_w(struct series_params *p) { p->hw.mem_w_per_gb = 0; }
static void change_threads(struct series_params *p) { p->hw.threads_per_core = 1; }
static void change_cr(struct series_params *p) { p->hw.mem_consumable = false; }
static void change_nothing(struct series_params *p) { (void)p; }

static const struct {
	void (*change)(struct series_params *p);
	uint32_t capacity;
} changes[] = {
	{ change_period, 16 }, { change_gap, 16 }, { change_share, 16 },
	{ change_source, 16 }, { change_wait, 16 }, { change_cores, 16 },
	{ change_gpus, 16 }, { change_mem, 16 }, { change_core_w, 16 },
	{ change_gpu_w, 16 }, { change_mem_w, 16 }, { change_threads, 16 },
	{ change_cr, 16 }, { change_nothing, 40 }, { change_nothing, 15 },
	{ change_nothing, 2 },
};

/* The samples and how far was settled move to a new file. */
START_TEST(test_changed_params)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 16);
	struct series_head head;
	series_reader_t old;
	series_t *s;
	ino_t ino;
	struct err err;

	append_many(w, 0, 23);
	ck_assert_int_eq(series_writer_set_settled(w, SECONDS(60), &err), 0);
	reader_open(&old);
	ino = file_inode(series_path());
	series_writer_close(w);

	changes[_i].change(&p);
	w = writer_open(&p, changes[_i].capacity);
	ck_assert_uint_ne(file_inode(series_path()), ino);
	reader_head(&old, &head);
	ck_assert(head.flags & SERIES_REPLACED);
	ck_assert_uint_eq(head.count, 23);	/* else it is as it was */
	ck_assert_int_eq(series_writer_settled(w), SECONDS(60));
	ck_assert_uint_eq(series_size(series_writer_series(w)),
			  changes[_i].capacity < 16 ? changes[_i].capacity : 16);
	ck_assert(series_last(series_writer_series(w))->cum_j ==
		  head.last.cum_j);
	append_many(w, 23, 26);
	s = load();
	same_samples(s, series_writer_series(w));
	ck_assert(series_last(s)->cum_j > head.last.cum_j);
	series_destroy(s);
	series_reader_close(&old);
	series_writer_close(w);
}
END_TEST

/*
 * A crash when the old file was marked and the new one not yet in its place: it
 * goes on, and its readers are not sent away any more.
 */
START_TEST(test_crash_before_rename)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 16);
	ino_t ino = file_inode(series_path());
	struct series_head head;
	series_reader_t r;
	int fd;

	append_many(w, 0, 23);
	reader_open(&r);
	reader_head(&r, &head);
	series_writer_close(w);
	head.flags |= SERIES_REPLACED;
	head.crc = SERIES_CRC(&head);
	fd = open(series_path(), O_WRONLY);
	ck_assert_int_eq(pwrite(fd, &head, sizeof(head), SERIES_HEAD_OFFSET),
			 sizeof(head));
	close(fd);
	file_write(scratch_path("series.tmp"), "half", 4);

	w = writer_open(&p, 16);
	ck_assert_uint_eq(file_inode(series_path()), ino);
	ck_assert_uint_eq(series_size(series_writer_series(w)), 16);
	reader_head(&r, &head);
	ck_assert_uint_eq(head.flags, 0);
	append_many(w, 23, 24);
	reader_head(&r, &head);
	ck_assert_uint_eq(head.count, 24);
	ck_assert_uint_eq(head.flags, 0);
	series_reader_close(&r);
	series_writer_close(w);
}
END_TEST

static void change_boot(struct series_params *p)
{
	strcpy(p->boot_id, BOOT_B);
}

static void change_node(struct series_params *p)
{
	strcpy(p->node, "n2");
}

static void (*const strangers[])(struct series_params *) = {
	change_boot, change_node
};

/* Another boot's samples, or another node's, are of no use. */
START_TEST(test_starts_afresh)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 16);
	struct series_head head;
	series_reader_t old, now;
	struct err err;

	append_many(w, 0, 23);
	ck_assert_int_eq(series_writer_set_settled(w, SECONDS(60), &err), 0);
	reader_open(&old);
	series_writer_close(w);
	strangers[_i](&p);
	w = writer_open(&p, 16);
	ck_assert_uint_eq(series_size(series_writer_series(w)), 0);
	ck_assert_int_eq(series_writer_settled(w), 0);
	reader_head(&old, &head);
	ck_assert(head.flags & SERIES_REPLACED);
	reader_open(&now);
	reader_head(&now, &head);
	ck_assert_uint_eq(head.count, 0);
	append_ok(w, SECONDS(2), 100);	/* earlier than what was there */
	series_reader_close(&old);
	series_reader_close(&now);
	series_writer_close(w);
}
END_TEST

START_TEST(test_second_writer_refused)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 16);
	struct err err = { "" };

	ck_assert_ptr_null(series_writer_open(series_path(), &p, 16, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "another wattgated"));
	append_many(w, 0, 3);	/* the first one is not hurt */
	series_writer_close(w);
	w = writer_open(&p, 16);
	ck_assert_uint_eq(series_size(series_writer_series(w)), 3);
	series_writer_close(w);
}
END_TEST

static const uint32_t bad_capacities[] = {
	0, 1, SERIES_CAPACITY_MAX + 1, UINT32_MAX
};

/* A child that has not come to its exec() yet has our descriptors. */
START_TEST(test_lock_of_child)
{
	const struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 16);
	pid_t child = fork();

	if (child == 0)
		for (;;)
			pause();
	ck_assert_int_gt(child, 0);
	series_writer_close(w);
	series_writer_close(writer_open(&p, 16));
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

START_TEST(test_bad_capacity)
{
	struct series_params p = make_params();
	struct err err = { "" };

	ck_assert_ptr_null(series_writer_open(series_path(), &p,
					      bad_capacities[_i], &err));
	ck_assert_ptr_nonnull(strstr(err.text, "series"));
	ck_assert_int_eq(access(series_path(), F_OK), -1);
}
END_TEST

START_TEST(test_no_directory)
{
	const char *path = scratch_path("missing/series");
	struct series_params p = make_params();
	struct err err = { "" };
	series_reader_t r;

	ck_assert_ptr_null(series_writer_open(path, &p, 16, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "missing/series"));
	ck_assert_int_eq(series_reader_open(&r, path, &err), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(r.fd, -1);
}
END_TEST

/* ---- links and other things in its place ----------------------------------------- */

START_TEST(test_symlink)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 16);
	const char *target = scratch_path("target");
	size_t size, after;
	char *data, *now;
	struct err err;
	series_reader_t r;

	append_many(w, 0, 5);
	series_writer_close(w);
	ck_assert_int_eq(rename(series_path(), target), 0);
	ck_assert_int_eq(symlink(target, series_path()), 0);
	data = file_read(target, &size);

	ck_assert_int_eq(series_reader_open(&r, series_path(), &err), -1);
	ck_assert_int_eq(errno, ELOOP);
	/* the writer replaces the link; what it points to is left alone */
	w = writer_open(&p, 16);
	ck_assert_uint_eq(series_size(series_writer_series(w)), 0);
	append_many(w, 0, 3);
	series_writer_close(w);
	ck_assert_uint_eq(file_mode(series_path()), S_IFREG | 0640);
	now = file_read(target, &after);
	ck_assert_uint_eq(size, after);
	ck_assert_mem_eq(data, now, size);
	free(data);
	free(now);

	/* nor is the lock's or the new file's name followed */
	ck_assert_int_eq(unlink(scratch_path("series.lock")), 0);
	ck_assert_int_eq(symlink(target, scratch_path("series.lock")), 0);
	ck_assert_ptr_null(series_writer_open(series_path(), &p, 16, &err));
	ck_assert_int_eq(unlink(scratch_path("series.lock")), 0);
	ck_assert_int_eq(unlink(series_path()), 0);
	ck_assert_int_eq(symlink(target, scratch_path("series.tmp")), 0);
	w = writer_open(&p, 16);
	append_many(w, 0, 7);
	series_writer_close(w);
	now = file_read(target, &after);
	ck_assert_uint_eq(size, after);
	free(now);
}
END_TEST

static void make_fifo(void)
{
	ck_assert_int_eq(mkfifo(series_path(), 0640), 0);
}

static void make_directory(void)
{
	ck_assert_int_eq(mkdir(series_path(), 0750), 0);
}

static void make_empty(void)
{
	file_write(series_path(), "", 0);
}

static void make_text(void)
{
	static const char text[] = "WGSERIES, but only in name\n";

	file_write(series_path(), text, sizeof(text) - 1);
}

static void make_zeros(void)
{
	static const char zeros[20000];

	file_write(series_path(), zeros, sizeof(zeros));
}

static const struct {
	void (*make)(void);
	bool writable;		/* a writer puts a series there */
} things[] = {
	{ make_fifo, true }, { make_directory, false }, { make_empty, true },
	{ make_text, true }, { make_zeros, true },
};

START_TEST(test_not_a_series)
{
	struct series_params p = make_params();
	struct err err = { "" };
	series_writer_t *w;
	series_reader_t r;

	things[_i].make();
	ck_assert_int_eq(series_reader_open(&r, series_path(), &err), -1);
	ck_assert_int_eq(r.fd, -1);
	ck_assert_ptr_nonnull(strstr(err.text, "series"));
	w = series_writer_open(series_path(), &p, 16, &err);
	ck_assert_int_eq(w != NULL, things[_i].writable);
	if (w)
		reader_open(&r);
	series_reader_close(&r);
	series_writer_close(w);
}
END_TEST

START_TEST(test_other_version)
{
	struct series_params p = make_params();
	struct series_static st;
	struct err err = { "" };
	series_reader_t r;

	series_static_fill(&st, &p, 16);
	st.version++;
	st.crc = SERIES_CRC(&st);
	file_write(series_path(), &st, sizeof(st));
	ck_assert_int_eq(series_reader_open(&r, series_path(), &err), -1);
	ck_assert_int_eq(errno, EPROTO);
	ck_assert_ptr_nonnull(strstr(err.text, "release"));
}
END_TEST

/* Correct checksums, impossible contents. */
static void spoil_capacity(struct series_static *st) { st->capacity = 0; }
static void spoil_capacity_1(struct series_static *st) { st->capacity = 1; }
static void spoil_capacity_max(struct series_static *st) { st->capacity = UINT32_MAX; }
static void spoil_size(struct series_static *st) { st->sample_size = 56; }
static void spoil_share(struct series_static *st) { st->share = 77; }
static void spoil_node(struct series_static *st) { memset(st->node, 'n', sizeof(st->node)); }
static void spoil_boot(struct series_static *st) { memset(st->boot_id, 'b', sizeof(st->boot_id)); }
static void spoil_source(struct series_static *st) { memset(st->source, 's', sizeof(st->source)); }
static void spoil_period(struct series_static *st) { st->period_ns = 0; }
static void spoil_gap(struct series_static *st) { st->max_gap_ns = st->period_ns - 1; }
static void spoil_cores(struct series_static *st) { st->cores = NAN; }
static void spoil_gpus(struct series_static *st) { st->gpus = INFINITY; }
static void spoil_mem(struct series_static *st) { st->mem_mb = -INFINITY; }
static void spoil_watts(struct series_static *st) { st->core_w = NAN; }
static void spoil_threads(struct series_static *st) { st->threads_per_core = 0; }

static void (*const spoilers[])(struct series_static *) = {
	spoil_capacity, spoil_capacity_1, spoil_capacity_max, spoil_size,
	spoil_share, spoil_node, spoil_boot, spoil_source, spoil_period,
	spoil_gap, spoil_cores, spoil_gpus, spoil_mem, spoil_watts,
	spoil_threads,
};

START_TEST(test_impossible_header)
{
	struct series_params p = make_params();
	struct series_static st;
	struct err err = { "" };
	series_reader_t r;

	series_static_fill(&st, &p, 16);
	spoilers[_i](&st);
	st.crc = SERIES_CRC(&st);
	file_write(series_path(), &st, sizeof(st));
	ck_assert_int_eq(series_reader_open(&r, series_path(), &err), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "damaged"));
}
END_TEST

/* ---- points ------------------------------------------------------------------------ */

/* series_reader_point() against series_between() on the same samples. */
START_TEST(test_point_equals_between)
{
	static const uint32_t capacities[] = { 2, 3, 16, 64, 300 };
	uint64_t seed = random_start("test_point_equals_between");
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, capacities[_i]);
	const series_t *s = series_writer_series(w);
	struct series_head head;
	struct series_point point;
	struct series_span span;
	series_reader_t r;
	int i, answered = 0;

	append_many(w, 0, 100);
	reader_open(&r);
	reader_head(&r, &head);
	for (i = 0; i < 2000; i++) {
		int64_t t = random_between(0, head.last.boot_ns);
		const struct series_sample *first = series_first(s);
		/* the oldest slot of a full ring is being overwritten */
		bool held = head.count < capacities[_i] ||
			    t >= series_get(s, 1)->boot_ns;

		errno = 0;
		if (series_reader_point(&r, &head, t, &point) < 0) {
			ck_assert_msg(!held, "seed %" PRIu64 " t %" PRId64,
				      seed, t);
			ck_assert_int_eq(errno, ERANGE);
			continue;
		}
		ck_assert_msg(held || head.count < capacities[_i],
			      "seed %" PRIu64 " t %" PRId64, seed, t);
		answered++;
		series_between(s, first->boot_ns, t, &span);
		ck_assert(point.cum_j - first->cum_j == span.joules);
		ck_assert_int_eq(point.cum_covered_ns - first->cum_covered_ns,
				 span.covered_ns);
		ck_assert(point.exact || t >= head.last.boot_ns);
	}
	ck_assert_int_eq(answered > 0, capacities[_i] > 2);
	/* the newest sample itself, and held beyond it */
	ck_assert_int_eq(series_reader_point(&r, &head, head.last.boot_ns +
					     SECONDS(60), &point), 0);
	ck_assert(point.cum_j == head.last.cum_j + head.last.watts * 5);
	ck_assert_int_eq(point.cum_covered_ns - head.last.cum_covered_ns, PERIOD);
	series_reader_close(&r);
	series_writer_close(w);
}
END_TEST

START_TEST(test_point_before_series)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 16);
	struct series_head head;
	struct series_point point;
	series_reader_t r;

	reader_open(&r);
	reader_head(&r, &head);		/* no sample at all */
	ck_assert_int_eq(series_reader_point(&r, &head, SECONDS(3), &point), 0);
	ck_assert(point.cum_j == 0 && point.cum_covered_ns == 0);
	append_many(w, 0, 5);
	reader_head(&r, &head);
	ck_assert_int_eq(series_reader_point(&r, &head, SECONDS(3), &point), 0);
	ck_assert(point.cum_j == 0 && point.cum_covered_ns == 0 && point.exact);
	series_reader_close(&r);
	series_writer_close(w);
}
END_TEST

/*
 * A full ring that moved to a larger file: it does not begin at zero there, and
 * what was before its first sample is not known.
 */
START_TEST(test_point_before_moved_series)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 4);
	struct series_head head;
	struct series_point point;
	series_reader_t r;

	append_many(w, 0, 9);
	series_writer_close(w);
	w = writer_open(&p, 64);
	ck_assert(series_first(series_writer_series(w))->cum_j > 0);
	reader_open(&r);
	reader_head(&r, &head);
	errno = 0;
	ck_assert_int_eq(series_reader_point(&r, &head, sample_ns(2), &point),
			 -1);
	ck_assert_int_eq(errno, ERANGE);
	ck_assert_int_eq(series_reader_point(&r, &head, sample_ns(5), &point), 0);
	ck_assert(point.cum_j == series_first(series_writer_series(w))->cum_j);
	series_reader_close(&r);
	series_writer_close(w);
}
END_TEST

/* A head that was read before the writer went on. */
START_TEST(test_overrun)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 8);
	series_t *all = series_create(64, PERIOD, MAX_GAP), *s;
	struct series_head head;
	struct series_point point;
	struct series_span span;
	series_reader_t r;
	int ahead, i;

	append_many(w, 0, 20);
	for (i = 0; i < 30; i++)
		append_plain(all, i);
	reader_open(&r);
	reader_head(&r, &head);		/* samples 12 to 19 are there */
	for (ahead = 0; ahead < 10; ahead++) {
		for (i = 0; i < 19; i++) {
			int64_t t = sample_ns(i) + SECONDS(1);

			if (series_reader_point(&r, &head, t, &point) < 0) {
				/* behind by one at most in its life */
				ck_assert(i < 13 || ahead > 1);
				continue;
			}
			ck_assert_int_ge(i, 12 + ahead);
			series_between(all, sample_ns(0), t, &span);
			ck_assert_double_eq_tol(point.cum_j, span.joules, 1e-9);
		}
		s = series_create(8, PERIOD, MAX_GAP);
		series_load_ring(r.fd, r.capacity, &head, s, false);
		/* what was overwritten is left out, and nothing else */
		ck_assert_uint_eq(series_size(s), ahead < 8 ? 8 - ahead : 0);
		series_destroy(s);
		append_many(w, 20 + ahead, 21 + ahead);
	}
	series_destroy(all);
	series_reader_close(&r);
	series_writer_close(w);
}
END_TEST

/* ---- damage -------------------------------------------------------------------------- */

#define DAMAGE_CAPACITY 6
#define DAMAGE_SAMPLES 9

/* Whatever stands in the file: no answer, or finite ones that never fall. */
static void look_at_damage(const char *what, long at)
{
	struct series_point last = { 0 }, point;
	struct series_head head;
	series_reader_t r;
	series_t *s;
	uint32_t k;
	int i;

	if (series_reader_open(&r, series_path(), NULL) < 0)
		return;
	if (series_reader_head(&r, &head) < 0)
		head.count = 0;
	for (i = 0; head.count && i < DAMAGE_SAMPLES * 2 + 4; i++) {
		if (series_reader_point(&r, &head, sample_ns(0) +
					i * (PERIOD / 2), &point) < 0)
			continue;
		ck_assert_msg(isfinite(point.cum_j) &&
			      point.cum_j >= last.cum_j &&
			      point.cum_covered_ns >= last.cum_covered_ns,
			      "%s at %ld: %g after %g", what, at, point.cum_j,
			      last.cum_j);
		last = point;
	}
	s = series_reader_load(&r, NULL);
	for (k = 1; s && k < series_size(s); k++)
		ck_assert_msg(series_get(s, k)->boot_ns >
			      series_get(s, k - 1)->boot_ns &&
			      series_get(s, k)->cum_j >=
			      series_get(s, k - 1)->cum_j, "%s at %ld", what, at);
	series_destroy(s);
	series_reader_close(&r);
}

/* A writer that finds it takes what is whole, and all goes on. */
static void write_on_damage(const char *what, long at)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, DAMAGE_CAPACITY);
	const series_t *s = series_writer_series(w);
	struct err err = { "" };
	series_t *file;

	ck_assert_msg(series_size(s) <= DAMAGE_CAPACITY, "%s at %ld", what, at);
	ck_assert_msg(series_writer_append(w, sample_ns(DAMAGE_SAMPLES),
					   SECONDS(9), 100, &err) == 0,
		      "%s at %ld: %s", what, at, err.text);
	file = load();
	same_samples(file, s);
	series_destroy(file);
	series_writer_close(w);
}

static char *make_good_file(size_t *size)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, DAMAGE_CAPACITY);

	append_many(w, 0, DAMAGE_SAMPLES);
	series_writer_close(w);
	return file_read(series_path(), size);
}

/* Is there anything but padding at this offset? */
static bool is_content(size_t at)
{
	return at < sizeof(struct series_static) ||
	       (at >= SERIES_HEAD_OFFSET &&
		at < SERIES_HEAD_OFFSET + sizeof(struct series_head)) ||
	       at >= SERIES_RING_OFFSET;
}

START_TEST(test_truncated)
{
	size_t size, at;
	char *good = make_good_file(&size);

	for (at = 0; at < size; at++) {
		if (!is_content(at) && at % 64)
			continue;
		file_write(series_path(), good, at);
		look_at_damage("cut", (long)at);
		write_on_damage("cut", (long)at);
	}
	free(good);
}
END_TEST

START_TEST(test_flipped)
{
	size_t size, at;
	char *good = make_good_file(&size);

	for (at = 0; at < size; at++) {
		if (!is_content(at) && at % 64)
			continue;
		good[at] ^= (char)(1 << (at + (size_t)_i) % 8);
		file_write(series_path(), good, size);
		look_at_damage("flipped", (long)at);
		write_on_damage("flipped", (long)at);
		good[at] ^= (char)(1 << (at + (size_t)_i) % 8);
	}
	free(good);
}
END_TEST

START_TEST(test_zeroed)
{
	size_t size, at, len;
	char *good = make_good_file(&size), *copy = malloc(size);

	ck_assert_ptr_nonnull(copy);
	for (at = 0; at < size; at += 24) {
		for (len = 8; len <= 4096; len *= 8) {
			memcpy(copy, good, size);
			memset(copy + at, 0, len < size - at ? len : size - at);
			file_write(series_path(), copy, size);
			look_at_damage("zeroed", (long)at);
		}
		write_on_damage("zeroed", (long)at);
	}
	free(copy);
	free(good);
}
END_TEST

/* Checksums are right, samples are nonsense: written by someone else. */
START_TEST(test_lying_samples)
{
	static const double lies_w[] = { NAN, INFINITY, -1, 0, 1e9, 100, 100 };
	static const double lies_j[] = { 5, 5, 5, 5, 5, NAN, -1 };
	struct series_sample lie = {
		.boot_ns = sample_ns(DAMAGE_SAMPLES - 1), .wall_ns = 1,
		.watts = lies_w[_i], .cum_j = lies_j[_i], .cum_covered_ns = 1,
	};
	struct series_head head = { .count = DAMAGE_SAMPLES, .last = lie };
	size_t size;
	char *good = make_good_file(&size);
	series_reader_t r;

	lie.crc = SERIES_CRC(&lie);
	head.last = lie;
	head.crc = SERIES_CRC(&head);
	memcpy(good + SERIES_HEAD_OFFSET, &head, sizeof(head));
	memcpy(good + series_sample_offset(DAMAGE_CAPACITY, DAMAGE_SAMPLES - 1),
	       &lie, sizeof(lie));
	file_write(series_path(), good, size);
	reader_open(&r);
	ck_assert_int_eq(series_reader_head(&r, &head), -1);
	series_reader_close(&r);
	look_at_damage("lying", _i);
	write_on_damage("lying", _i);
	free(good);
}
END_TEST

START_TEST(test_truncated_under_reader)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 16);
	struct series_head head;
	struct series_point point;
	series_reader_t r;

	append_many(w, 0, 12);
	reader_open(&r);
	reader_head(&r, &head);
	ck_assert_int_eq(truncate(series_path(), SERIES_RING_OFFSET + 100), 0);
	ck_assert_int_eq(series_reader_point(&r, &head, sample_ns(8) + 1,
					     &point), -1);
	ck_assert_int_eq(truncate(series_path(), SERIES_HEAD_OFFSET + 10), 0);
	errno = 0;
	ck_assert_int_eq(series_reader_head(&r, &head), -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert_ptr_null(series_reader_load(&r, NULL));
	ck_assert_int_eq(truncate(series_path(), 0), 0);
	ck_assert_int_eq(series_reader_head(&r, &head), -1);
	series_reader_close(&r);
	series_writer_close(w);
}
END_TEST

/* ---- a crash between the two writes of a sample -------------------------------------- */

/* The sample is in its slot, the head still tells of the one before. */
START_TEST(test_crash_in_append)
{
	static const int counts[] = { 1, 5, 15, 16, 17, 40 };
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 16);
	int n = counts[_i];
	struct series_head head;
	series_t *before, *loaded;
	series_reader_t r;
	uint32_t lost;
	int fd;

	append_many(w, 0, n);
	reader_open(&r);
	reader_head(&r, &head);
	before = load();
	append_many(w, n, n + 1);
	series_writer_close(w);
	fd = open(series_path(), O_WRONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, &head, sizeof(head), SERIES_HEAD_OFFSET),
			 sizeof(head));
	close(fd);

	lost = n >= 16;		/* the oldest one's slot was reused */
	loaded = load();
	ck_assert_uint_eq(series_size(loaded), series_size(before) - lost);
	w = writer_open(&p, 16);
	same_samples(series_writer_series(w), loaded);
	ck_assert_mem_eq(series_last(loaded), series_last(before),
			 offsetof(struct series_sample, crc));
	append_many(w, n, n + 1);
	series_destroy(loaded);
	loaded = load();
	same_samples(series_writer_series(w), loaded);
	series_destroy(before);
	series_destroy(loaded);
	series_reader_close(&r);
	series_writer_close(w);
}
END_TEST

/* ---- a write that fails ------------------------------------------------------------------ */

/* Below the ring, in it, and at the head: what is lost is lost to all alike. */
static const rlim_t limits[] = { 0, SERIES_HEAD_OFFSET + 8, SERIES_RING_OFFSET,
				 SERIES_RING_OFFSET + 300 };

START_TEST(test_write_fails)
{
	struct series_params p = make_params();
	series_writer_t *w = writer_open(&p, 8);
	struct rlimit limit, none;
	struct err err = { "" };
	int i, failed = 0;
	series_t *s;
	ino_t ino = file_inode(series_path());

	append_many(w, 0, 9 + _i);
	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	none = limit;
	none.rlim_cur = limits[_i];
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
	for (i = 20; i < 30; i++)
		failed += series_writer_append(w, sample_ns(i), 1, 100, &err) < 0;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_gt(failed, 0);
	ck_assert_ptr_nonnull(strstr(err.text, series_path()));
	append_many(w, 30, 32);
	s = load();
	same_samples(s, series_writer_series(w));
	series_destroy(s);
	series_writer_close(w);
	w = writer_open(&p, 8);		/* a file like any other */
	ck_assert_uint_eq(file_inode(series_path()), ino);
	ck_assert_uint_eq(series_size(series_writer_series(w)), 8);
	series_writer_close(w);
}
END_TEST

/* ---- readers without locks -------------------------------------------------------------- */

/* Another process reads as fast as it can: its answers never fall. */
static int read_on(void)
{
	double last_j = 0;
	int answered = 0;
	struct series_head head = { 0 };
	struct series_point point;
	series_reader_t r;

	while (series_reader_open(&r, series_path(), NULL) < 0)
		;	/* the writer is about to make it */
	do {
		if (series_reader_head(&r, &head) < 0)
			continue;
		series_head_point(&head, PERIOD, head.last.boot_ns, &point);
		if (point.cum_j < last_j)
			return 3;
		last_j = point.cum_j;
		answered++;
		/* at most one sample behind a head that was just read */
		if (head.count > 4 &&
		    series_reader_point(&r, &head, head.last.boot_ns - PERIOD,
					&point) == 0 && point.cum_j > last_j)
			return 4;
	} while (head.settled_ns == 0);
	series_reader_close(&r);
	return answered ? 0 : 5;
}

START_TEST(test_concurrent)
{
	struct series_params p = make_params();
	series_writer_t *w;
	struct err err;
	int i, status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(read_on());
	ck_assert_int_gt(pid, 0);
	w = writer_open(&p, 720);
	for (i = 1; i < 20000; i++)
		append_ok(w, i * PERIOD, 100 + i % 50);
	ck_assert_int_eq(series_writer_set_settled(w, 1, &err), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		      "status %d", status);
	series_writer_close(w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("series file");
	TCase *tc = tcase_create("file");

	tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_round_trip);
	tcase_add_test(tc, test_refused_reading);
	tcase_add_test(tc, test_settled);
	tcase_add_test(tc, test_load_since);
	tcase_add_loop_test(tc, test_resume, 0, 9);
	tcase_add_loop_test(tc, test_changed_params, 0, COUNT(changes));
	tcase_add_test(tc, test_crash_before_rename);
	tcase_add_loop_test(tc, test_starts_afresh, 0, COUNT(strangers));
	tcase_add_test(tc, test_second_writer_refused);
	tcase_add_test(tc, test_lock_of_child);
	tcase_add_loop_test(tc, test_bad_capacity, 0, COUNT(bad_capacities));
	tcase_add_test(tc, test_no_directory);
	tcase_add_test(tc, test_symlink);
	tcase_add_loop_test(tc, test_not_a_series, 0, COUNT(things));
	tcase_add_test(tc, test_other_version);
	tcase_add_loop_test(tc, test_impossible_header, 0, COUNT(spoilers));
	tcase_add_loop_test(tc, test_point_equals_between, 0, 5);
	tcase_add_test(tc, test_point_before_series);
	tcase_add_test(tc, test_point_before_moved_series);
	tcase_add_test(tc, test_overrun);
	tcase_add_test(tc, test_truncated);
	tcase_add_loop_test(tc, test_flipped, 0, 2);
	tcase_add_test(tc, test_zeroed);
	tcase_add_loop_test(tc, test_lying_samples, 0, 7);
	tcase_add_test(tc, test_truncated_under_reader);
	tcase_add_loop_test(tc, test_crash_in_append, 0, 6);
	tcase_add_loop_test(tc, test_write_fails, 0, COUNT(limits));
	tcase_add_test(tc, test_concurrent);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
