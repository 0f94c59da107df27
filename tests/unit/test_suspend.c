/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <zlib.h>

#include "lib/suspend.h"
#include "scratch.h"

#define BOOT_A "11111111-2222-3333-4444-555555555555"
#define BOOT_B "99999999-2222-3333-4444-555555555555"

/* The file's layout, docs/formats.md: told here again, so that it stays. */
#define HEADER_SIZE 72
#define HEADER_USED 56
#define HEADER_GENERATION 60
#define HEADER_CRC 68
#define SLOT_SIZE 64
#define TABLE_SIZE (HEADER_SIZE + SUSPEND_SLOTS * SLOT_SIZE)

static const char *table_path(void)
{
	static char buf[128];

	snprintf(buf, sizeof(buf), "%s/suspend", scratch);
	return buf;
}

static suspend_writer_t *writer_open(const char *boot_id)
{
	struct err err = { "" };
	suspend_writer_t *w = suspend_writer_open(table_path(), boot_id, &err);

	ck_assert_msg(w != NULL, "%s", err.text);
	return w;
}

static void reader_open(suspend_reader_t *r)
{
	struct err err = { "" };

	ck_assert_msg(suspend_reader_open(r, table_path(), &err) == 0, "%s",
		      err.text);
}

static void stop(suspend_writer_t *w, uint32_t job, double t_s, double joules)
{
	struct err err = { "" };

	ck_assert_msg(suspend_writer_stop(w, job, SECONDS(t_s), joules,
					  SECONDS(t_s / 2), &err) == 0, "%s",
		      err.text);
}

static void resume(suspend_writer_t *w, uint32_t job, double t_s, double joules)
{
	struct err err = { "" };

	ck_assert_msg(suspend_writer_resume(w, job, SECONDS(t_s), joules,
					    SECONDS(t_s / 2), &err) == 0, "%s",
		      err.text);
}

static void drop(suspend_writer_t *w, uint32_t job)
{
	struct err err = { "" };

	ck_assert_msg(suspend_writer_drop(w, job, &err) == 0, "%s", err.text);
	ck_assert_ptr_null(suspend_writer_find(w, job));
}

/* What a reader is told of the job: since, total time, joules, cover. */
static void expect(suspend_reader_t *r, uint32_t job, double since_s,
		   double since_j, double total_s, double total_j)
{
	struct suspend_slot s;

	memset(&s, 0xa5, sizeof(s));
	ck_assert_int_eq(suspend_reader_get(r, job, &s), 0);
	ck_assert_int_eq(s.since_ns, SECONDS(since_s));
	if (since_s > 0)
		ck_assert(s.since_cum_j == since_j);
	ck_assert_int_eq(s.total_ns, SECONDS(total_s));
	ck_assert(s.total_j == total_j);
	ck_assert_int_eq(s.total_covered_ns, SECONDS(total_s / 2));
}

/* ---- stop, resume, drop ------------------------------------------------------- */

START_TEST(test_stop_resume_drop)
{
	suspend_writer_t *w = writer_open(BOOT_A);
	suspend_reader_t r, late;

	ck_assert_uint_eq(file_mode(table_path()), S_IFREG | 0640);
	reader_open(&r);
	expect(&r, 7, 0, 0, 0, 0);	/* never suspended */
	resume(w, 7, 50, 100);		/* was not: nothing changes */
	drop(w, 7);
	expect(&r, 7, 0, 0, 0, 0);

	stop(w, 7, 100, 1000);
	expect(&r, 7, 100, 1000, 0, 0);
	stop(w, 7, 110, 1500);		/* repeated */
	expect(&r, 7, 100, 1000, 0, 0);
	ck_assert_int_eq(suspend_writer_find(w, 7)->since_ns, SECONDS(100));
	resume(w, 7, 130, 2500);
	expect(&r, 7, 0, 0, 30, 1500);
	resume(w, 7, 150, 9999);	/* repeated */
	expect(&r, 7, 0, 0, 30, 1500);
	stop(w, 7, 200, 3000);
	expect(&r, 7, 200, 3000, 30, 1500);
	resume(w, 7, 210, 3250);
	expect(&r, 7, 0, 0, 40, 1750);
	expect(&r, 8, 0, 0, 0, 0);
	reader_open(&late);
	expect(&late, 7, 0, 0, 40, 1750);

	drop(w, 7);
	expect(&r, 7, 0, 0, 0, 0);
	expect(&late, 7, 0, 0, 0, 0);
	suspend_reader_close(&late);
	suspend_reader_close(&r);
	suspend_reader_close(&r);	/* twice does no harm */
	suspend_writer_close(w);
	suspend_writer_close(NULL);
}
END_TEST

/* What was booked is known better now; the table has to stay one. */
START_TEST(test_correct)
{
	suspend_writer_t *w = writer_open(BOOT_A);
	struct err err = { "" };
	suspend_reader_t r;

	reader_open(&r);
	ck_assert_int_eq(suspend_writer_correct(w, 7, 1, 1, 1, 1, &err), 0);
	expect(&r, 7, 0, 0, 0, 0);	/* no slot: nothing */
	stop(w, 7, 100, 1000);
	ck_assert_int_eq(suspend_writer_correct(w, 7, 250, 0, 0, 0, &err), 0);
	expect(&r, 7, 100, 1250, 0, 0);
	resume(w, 7, 130, 2500);
	expect(&r, 7, 0, 0, 30, 1250);
	/* since is over: only the total can change */
	ck_assert_int_eq(suspend_writer_correct(w, 7, 99, 0, -250, 0, &err), 0);
	expect(&r, 7, 0, 0, 30, 1000);
	stop(w, 7, 140, 2700);
	expect(&r, 7, 140, 2700, 30, 1000);
	ck_assert_int_eq(suspend_writer_correct(w, 7, -1e300, INT64_MIN, 1e300,
						INT64_MIN, &err), 0);
	ck_assert(suspend_writer_find(w, 7)->since_cum_j == 0);
	ck_assert_int_eq(suspend_writer_find(w, 7)->since_cum_covered_ns, 0);
	ck_assert_int_eq(suspend_writer_find(w, 7)->total_covered_ns, 0);
	suspend_writer_close(w);
	w = writer_open(BOOT_A);	/* it is still taken up */
	ck_assert_ptr_nonnull(suspend_writer_find(w, 7));
	suspend_reader_close(&r);
	suspend_writer_close(w);
}
END_TEST

/* A resume that is booked before its stop takes nothing away. */
START_TEST(test_backwards)
{
	suspend_writer_t *w = writer_open(BOOT_A);
	suspend_reader_t r;

	reader_open(&r);
	stop(w, 7, 100, 1000);
	resume(w, 7, 90, 900);
	expect(&r, 7, 0, 0, 0, 0);
	suspend_reader_close(&r);
	suspend_writer_close(w);
}
END_TEST

START_TEST(test_full)
{
	suspend_writer_t *w = writer_open(BOOT_A);
	struct suspend_slot slot;
	suspend_reader_t r;
	struct err err = { "" };
	uint32_t job;

	reader_open(&r);
	for (job = 1; job <= SUSPEND_SLOTS; job++)
		stop(w, job, job, 10.0 * job);
	ck_assert_int_eq(suspend_writer_stop(w, 9999, 1, 1, 1, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "9999"));
	ck_assert_ptr_null(suspend_writer_find(w, 9999));
	stop(w, 17, 5000, 1);		/* it has a slot */
	resume(w, 17, 20, 300);
	ck_assert_int_eq(suspend_reader_get(&r, 9999, &slot), 0);
	ck_assert_int_eq(slot.since_ns, 0);
	drop(w, 40);
	stop(w, 9999, 77, 770);		/* takes the free one */
	for (job = 1; job <= SUSPEND_SLOTS; job++) {
		suspend_reader_t one;

		reader_open(&one);
		if (job == 17)
			expect(&one, job, 0, 0, 3, 130);
		else if (job == 40)
			expect(&one, job, 0, 0, 0, 0);
		else
			expect(&one, job, job, 10.0 * job, 0, 0);
		suspend_reader_close(&one);
	}
	expect(&r, 9999, 77, 770, 0, 0);
	suspend_reader_close(&r);
	suspend_writer_close(w);
}
END_TEST

/* A reader that remembers a slot must see it change hands. */
START_TEST(test_reader_follows_slots)
{
	suspend_writer_t *w = writer_open(BOOT_A);
	suspend_reader_t r7, r8;
	int i;

	reader_open(&r7);
	reader_open(&r8);
	for (i = 1; i < 20; i++) {
		double t = 100 * i;

		expect(&r7, 7, 0, 0, 0, 0);
		stop(w, 7, t, 10);		/* slot 0 */
		expect(&r7, 7, t, 10, 0, 0);
		expect(&r8, 8, 0, 0, 0, 0);
		stop(w, 8, t + 1, 20);		/* slot 1 */
		expect(&r8, 8, t + 1, 20, 0, 0);
		drop(w, 7);			/* slot 0 is free */
		expect(&r8, 8, t + 1, 20, 0, 0);
		drop(w, 8);
		stop(w, 8, t + 2, 30);		/* 8 is in slot 0 now */
		stop(w, 7, t + 3, 40);		/* and 7 in slot 1 */
		expect(&r7, 7, t + 3, 40, 0, 0);
		expect(&r8, 8, t + 2, 30, 0, 0);
		drop(w, 8);
		drop(w, 7);
	}
	suspend_reader_close(&r7);
	suspend_reader_close(&r8);
	suspend_writer_close(w);
}
END_TEST

/* ---- taken up by a later writer --------------------------------------------------- */

START_TEST(test_adopt)
{
	suspend_writer_t *w = writer_open(BOOT_A);
	ino_t ino = file_inode(table_path());
	suspend_reader_t r;

	reader_open(&r);
	stop(w, 7, 100, 1000);
	stop(w, 8, 110, 1100);
	resume(w, 8, 120, 1200);
	suspend_writer_close(w);
	expect(&r, 7, 100, 1000, 0, 0);

	w = writer_open(BOOT_A);
	ck_assert_uint_eq(file_inode(table_path()), ino);
	ck_assert_int_eq(suspend_writer_find(w, 7)->since_ns, SECONDS(100));
	ck_assert_int_eq(suspend_writer_find(w, 8)->total_ns, SECONDS(10));
	expect(&r, 8, 0, 0, 10, 100);
	resume(w, 7, 130, 1300);
	expect(&r, 7, 0, 0, 30, 300);
	stop(w, 8, 140, 1400);
	drop(w, 7);
	expect(&r, 8, 140, 1400, 10, 100);
	suspend_writer_close(w);

	w = writer_open(BOOT_B);	/* what was, is no more */
	ck_assert_uint_eq(file_inode(table_path()), ino);
	ck_assert_ptr_null(suspend_writer_find(w, 8));
	expect(&r, 8, 0, 0, 0, 0);
	stop(w, 8, 1, 2);
	expect(&r, 8, 1, 2, 0, 0);
	suspend_reader_close(&r);
	suspend_writer_close(w);
}
END_TEST

static void put_u32(char *table, size_t at, uint32_t value)
{
	memcpy(table + at, &value, sizeof(value));
}

static uint32_t get_u32(const char *table, size_t at)
{
	uint32_t value;

	memcpy(&value, table + at, sizeof(value));
	return value;
}

static void sign_header(char *table)
{
	put_u32(table, HEADER_CRC,
		(uint32_t)crc32(0, (const Bytef *)table, HEADER_CRC));
}

/*
 * A crash between the two writes of a stop: the slot is taken, but the header
 * does not know. What the next writer leaves must be found.
 */
START_TEST(test_crash_in_stop)
{
	suspend_writer_t *w = writer_open(BOOT_A);
	suspend_reader_t r;
	char *before, *after;
	size_t size;

	reader_open(&r);
	if (_i)
		stop(w, 5, 50, 500);
	before = file_read(table_path(), &size);
	ck_assert_uint_eq(size, TABLE_SIZE);
	stop(w, 7, 100, 1000);
	suspend_writer_close(w);
	after = file_read(table_path(), &size);
	memcpy(after, before, HEADER_SIZE);
	file_write(table_path(), after, size);

	expect(&r, 7, _i ? 100 : 0, 1000, 0, 0);	/* as far as one can tell */
	w = writer_open(BOOT_A);
	ck_assert_ptr_nonnull(suspend_writer_find(w, 7));
	expect(&r, 7, 100, 1000, 0, 0);
	resume(w, 7, 110, 1200);
	expect(&r, 7, 0, 0, 10, 200);
	drop(w, 7);
	free(after);
	after = file_read(table_path(), &size);
	ck_assert_uint_eq(get_u32(after, HEADER_USED), (uint32_t)_i);
	free(before);
	free(after);
	suspend_reader_close(&r);
	suspend_writer_close(w);
}
END_TEST

/* The same for a drop: a slot that is free is still counted. */
START_TEST(test_crash_in_drop)
{
	suspend_writer_t *w = writer_open(BOOT_A);
	char *table;
	size_t size;

	stop(w, 7, 100, 1000);
	suspend_writer_close(w);
	table = file_read(table_path(), &size);
	memset(table + HEADER_SIZE, 0, SLOT_SIZE);
	put_u32(table, HEADER_SIZE + SLOT_SIZE - 4,
		(uint32_t)crc32(0, (const Bytef *)table + HEADER_SIZE,
				SLOT_SIZE - 4));
	file_write(table_path(), table, size);
	free(table);
	w = writer_open(BOOT_A);
	ck_assert_ptr_null(suspend_writer_find(w, 7));
	table = file_read(table_path(), &size);
	ck_assert_uint_eq(get_u32(table, HEADER_USED), 0);
	free(table);
	suspend_writer_close(w);
}
END_TEST

/* A table that is begun anew must not look like the old one to its readers. */
START_TEST(test_generation_goes_on)
{
	suspend_writer_t *w = writer_open(BOOT_A);
	suspend_reader_t r;
	char *table;
	size_t size;

	stop(w, 5, 50, 500);
	reader_open(&r);
	expect(&r, 7, 0, 0, 0, 0);	/* r knows: 7 has no slot */
	suspend_writer_close(w);
	table = file_read(table_path(), &size);
	table[HEADER_SIZE + 20] ^= 1;	/* a slot is damaged: all are dropped */
	file_write(table_path(), table, size);
	free(table);
	w = writer_open(BOOT_A);
	ck_assert_ptr_null(suspend_writer_find(w, 5));
	stop(w, 7, 100, 1000);
	expect(&r, 7, 100, 1000, 0, 0);
	suspend_reader_close(&r);
	suspend_writer_close(w);
}
END_TEST

/* ---- damage --------------------------------------------------------------------------- */

static char *make_good_table(void)
{
	suspend_writer_t *w = writer_open(BOOT_A);
	char *table;
	size_t size;

	stop(w, 5, 50, 500);
	stop(w, 7, 100, 1000);
	resume(w, 7, 130, 1300);
	stop(w, 7, 140, 1400);
	suspend_writer_close(w);
	table = file_read(table_path(), &size);
	ck_assert_uint_eq(size, TABLE_SIZE);
	return table;
}

/* The truth or no answer; never something else. */
static void look_at_damage(const char *what, size_t at)
{
	struct suspend_slot s;
	suspend_reader_t r;
	int rc;

	if (suspend_reader_open(&r, table_path(), NULL) < 0) {
		ck_assert_int_eq(r.fd, -1);
		return;
	}
	rc = suspend_reader_get(&r, 7, &s);
	ck_assert_msg(rc == -1 || (s.job_id == 7 && s.total_j == 300 &&
				   s.since_ns == SECONDS(140)),
		      "%s at %zu", what, at);
	rc = suspend_reader_get(&r, 9, &s);
	ck_assert_msg(rc == -1 || (s.since_ns == 0 && s.total_j == 0),
		      "%s at %zu", what, at);
	suspend_reader_close(&r);
}

static void write_on_damage(const char *what, size_t at)
{
	suspend_writer_t *w = writer_open(BOOT_A);
	const struct suspend_slot *s = suspend_writer_find(w, 7);
	suspend_reader_t r;

	ck_assert_msg(!s || s->total_j == 300, "%s at %zu", what, at);
	stop(w, 11, 200, 2000);
	reader_open(&r);
	expect(&r, 11, 200, 2000, 0, 0);
	suspend_reader_close(&r);
	suspend_writer_close(w);
}

START_TEST(test_flipped)
{
	char *good = make_good_table();
	size_t at;

	for (at = 0; at < TABLE_SIZE; at++) {
		/* the header, the two slots, a free one, the last one */
		if (at >= HEADER_SIZE + 3 * SLOT_SIZE &&
		    at < TABLE_SIZE - SLOT_SIZE)
			continue;
		good[at] ^= (char)(1 << at % 8);
		file_write(table_path(), good, TABLE_SIZE);
		look_at_damage("flipped", at);
		write_on_damage("flipped", at);
		good[at] ^= (char)(1 << at % 8);
	}
	free(good);
}
END_TEST

START_TEST(test_truncated)
{
	char *good = make_good_table();
	size_t at;

	for (at = 0; at < TABLE_SIZE; at += at < 300 ? 1 : 97) {
		file_write(table_path(), good, at);
		look_at_damage("cut", at);
		write_on_damage("cut", at);
	}
	free(good);
}
END_TEST

START_TEST(test_truncated_under_reader)
{
	struct suspend_slot s;
	suspend_reader_t r;
	char *good = make_good_table();

	reader_open(&r);
	ck_assert_int_eq(suspend_reader_get(&r, 7, &s), 0);
	ck_assert_int_eq(truncate(table_path(), HEADER_SIZE + SLOT_SIZE + 9), 0);
	ck_assert_int_eq(suspend_reader_get(&r, 7, &s), -1);
	ck_assert_int_eq(truncate(table_path(), 9), 0);
	ck_assert_int_eq(suspend_reader_get(&r, 7, &s), -1);
	ck_assert_int_eq(s.since_ns, 0);
	/* and back again */
	file_write(table_path(), good, TABLE_SIZE);
	ck_assert_int_eq(suspend_reader_get(&r, 7, &s), 0);
	ck_assert(s.total_j == 300);
	suspend_reader_close(&r);
	free(good);
}
END_TEST

/* A slot that is being written while one searches is not a slot that is not. */
START_TEST(test_torn_while_searching)
{
	struct suspend_slot s;
	suspend_reader_t r;
	char *good = make_good_table();

	reader_open(&r);
	good[HEADER_SIZE + SLOT_SIZE + 30] ^= 4;
	file_write(table_path(), good, TABLE_SIZE);
	ck_assert_int_eq(suspend_reader_get(&r, 7, &s), -1);
	good[HEADER_SIZE + SLOT_SIZE + 30] ^= 4;
	file_write(table_path(), good, TABLE_SIZE);
	ck_assert_int_eq(suspend_reader_get(&r, 7, &s), 0);
	ck_assert(s.total_j == 300);
	suspend_reader_close(&r);
	/* another job's damaged slot is no reason to withhold ours */
	good[HEADER_SIZE + 30] ^= 4;
	file_write(table_path(), good, TABLE_SIZE);
	reader_open(&r);
	ck_assert_int_eq(suspend_reader_get(&r, 7, &s), 0);
	ck_assert(s.total_j == 300);
	suspend_reader_close(&r);
	free(good);
}
END_TEST

/* Checksums right, contents impossible. */
static const struct {
	size_t at;	/* in a slot */
	int64_t value;
	double number;	/* where not 0 */
} lies[] = {
	{ offsetof(struct suspend_slot, since_ns), -1, 0 },
	{ offsetof(struct suspend_slot, total_ns), -5, 0 },
	{ offsetof(struct suspend_slot, since_cum_j), 0, NAN },
	{ offsetof(struct suspend_slot, total_j), 0, INFINITY },
	{ offsetof(struct suspend_slot, total_j), 0, -INFINITY },
};

START_TEST(test_lying_slot)
{
	struct suspend_slot s;
	suspend_reader_t r;
	char *table = make_good_table(), *slot = table + HEADER_SIZE + SLOT_SIZE;

	memcpy(slot + lies[_i].at, &lies[_i].value, 8);
	if (lies[_i].number != 0)
		memcpy(slot + lies[_i].at, &lies[_i].number, 8);
	put_u32(slot, SLOT_SIZE - 4,
		(uint32_t)crc32(0, (const Bytef *)slot, SLOT_SIZE - 4));
	file_write(table_path(), table, TABLE_SIZE);
	reader_open(&r);
	ck_assert_int_eq(suspend_reader_get(&r, 7, &s), -1);
	suspend_reader_close(&r);
	write_on_damage("lying", 0);
	free(table);
}
END_TEST

START_TEST(test_other_version)
{
	suspend_reader_t r;
	struct err err = { "" };
	char *table = make_good_table();

	put_u32(table, 8, 2);
	sign_header(table);
	file_write(table_path(), table, TABLE_SIZE);
	ck_assert_int_eq(suspend_reader_open(&r, table_path(), &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, table_path()));
	put_u32(table, 8, 1);
	put_u32(table, 12, 2 * SUSPEND_SLOTS);
	sign_header(table);
	file_write(table_path(), table, TABLE_SIZE);
	ck_assert_int_eq(suspend_reader_open(&r, table_path(), &err), -1);
	free(table);
}
END_TEST

/* ---- other things in its place --------------------------------------------------------- */

START_TEST(test_symlink)
{
	const char *target = scratch_path("target");
	struct err err = { "" };
	suspend_reader_t r;
	size_t size;
	char *data;

	file_write(target, "mine", 4);
	ck_assert_int_eq(symlink(target, table_path()), 0);
	ck_assert_int_eq(suspend_reader_open(&r, table_path(), &err), -1);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(r.fd, -1);
	err.text[0] = 0;
	ck_assert_ptr_null(suspend_writer_open(table_path(), BOOT_A, &err));
	ck_assert_ptr_nonnull(strstr(err.text, table_path()));
	data = file_read(target, &size);
	ck_assert_str_eq(data, "mine");
	free(data);
}
END_TEST

START_TEST(test_refused_places)
{
	struct err err = { "" };
	suspend_reader_t r;

	ck_assert_int_eq(suspend_reader_open(&r, table_path(), &err), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(mkfifo(table_path(), 0640), 0);
	ck_assert_int_eq(suspend_reader_open(&r, table_path(), &err), -1);
	err.text[0] = 0;
	ck_assert_ptr_null(suspend_writer_open(table_path(), BOOT_A, &err));
	ck_assert_ptr_nonnull(strstr(err.text, table_path()));
	ck_assert_int_eq(unlink(table_path()), 0);
	ck_assert_int_eq(mkdir(table_path(), 0750), 0);
	ck_assert_int_eq(suspend_reader_open(&r, table_path(), &err), -1);
	err.text[0] = 0;
	ck_assert_ptr_null(suspend_writer_open(table_path(), BOOT_A, &err));
	ck_assert_ptr_nonnull(strstr(err.text, table_path()));
	err.text[0] = 0;
	ck_assert_ptr_null(suspend_writer_open(scratch_path("no/such"), BOOT_A,
					       &err));
	ck_assert_ptr_nonnull(strstr(err.text, "no/such"));
}
END_TEST

/* A file that this user may write but not own: said, not left unsaid. */
START_TEST(test_foreign_file)
{
	struct err err = { "" };

	if (getuid() != 0)
		return;		/* only root can give a file away */
	file_write(table_path(), "", 0);
	ck_assert_int_eq(chmod(scratch, 0777), 0);
	ck_assert_int_eq(chmod(table_path(), 0666), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	memset(err.text, 0, sizeof(err.text));
	ck_assert_ptr_null(suspend_writer_open(table_path(), BOOT_A, &err));
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_ptr_nonnull(strstr(err.text, table_path()));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("suspend");
	TCase *tc = tcase_create("suspend");

	tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, test_stop_resume_drop);
	tcase_add_test(tc, test_correct);
	tcase_add_test(tc, test_backwards);
	tcase_add_test(tc, test_full);
	tcase_add_test(tc, test_reader_follows_slots);
	tcase_add_test(tc, test_adopt);
	tcase_add_loop_test(tc, test_crash_in_stop, 0, 2);
	tcase_add_test(tc, test_crash_in_drop);
	tcase_add_test(tc, test_generation_goes_on);
	tcase_add_test(tc, test_flipped);
	tcase_add_test(tc, test_truncated);
	tcase_add_test(tc, test_truncated_under_reader);
	tcase_add_test(tc, test_torn_while_searching);
	tcase_add_loop_test(tc, test_lying_slot, 0, COUNT(lies));
	tcase_add_test(tc, test_other_version);
	tcase_add_test(tc, test_symlink);
	tcase_add_test(tc, test_refused_places);
	tcase_add_test(tc, test_foreign_file);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
