/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A suspension table. First byte 's': header, then entries of one byte (the
 * number of a slot) and that slot; they get to their places, and all have good
 * checksums. Any other: the rest of the input is the file as it is. Then a
 * writer takes the table over, and reader and writer must agree.
 */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "lib/clock.h"
#include "lib/suspend.h"

#define MAGIC "WGSUSPND"
#define HEADER_SIZE 72
#define TABLE_SIZE (HEADER_SIZE + SUSPEND_SLOTS * sizeof(struct suspend_slot))

static const char boot_id[] = "3fb97892-045e-4f38-b879-0dd30d47cc8c";

static void put_u32(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, sizeof(v));
}

static void seal(struct suspend_slot *s)
{
	s->crc = fuzz_crc(s, offsetof(struct suspend_slot, crc));
}

static void put_sealed(struct fuzz_input *in)
{
	static uint8_t file[TABLE_SIZE];
	struct suspend_slot slot = { 0 };

	fuzz_bytes(in, file, HEADER_SIZE);
	memcpy(file, MAGIC, 8);
	put_u32(file + 8, 1);
	put_u32(file + 12, SUSPEND_SLOTS);
	put_u32(file + HEADER_SIZE - 4, fuzz_crc(file, HEADER_SIZE - 4));
	seal(&slot);
	for (size_t i = 0; i < SUSPEND_SLOTS; i++)
		memcpy(file + HEADER_SIZE + i * sizeof(slot), &slot,
		       sizeof(slot));
	for (int n = 0; in->left && n < SUSPEND_SLOTS; n++) {
		size_t i = fuzz_byte(in);

		fuzz_bytes(in, &slot, sizeof(slot));
		seal(&slot);
		memcpy(file + HEADER_SIZE + i * sizeof(slot), &slot,
		       sizeof(slot));
	}
	fuzz_put("suspend", file, sizeof(file));
}

static void check_slot(const struct suspend_slot *s)
{
	FUZZ_CHECK(s->since_ns >= 0 && s->total_ns >= 0);
	FUZZ_CHECK(isfinite(s->since_cum_j) && isfinite(s->total_j));
}

/* Readers and the writer see the same slot of a job. */
static void check_agree(const suspend_writer_t *w, suspend_reader_t *r,
			uint32_t job_id)
{
	const struct suspend_slot *own = suspend_writer_find(w, job_id);
	struct suspend_slot slot;

	FUZZ_CHECK(suspend_reader_get(r, job_id, &slot) == 0);
	check_slot(&slot);
	if (!own)
		FUZZ_CHECK(slot.job_id == 0 && slot.since_ns == 0 &&
			   slot.total_ns == 0);
	else
		FUZZ_CHECK(memcmp(own, &slot, sizeof(slot)) == 0);
}

/* Stop, go on and drop a job; its total never falls while it has its slot. */
static void check_job(suspend_writer_t *w, suspend_reader_t *r, uint32_t job_id)
{
	const struct suspend_slot *s;
	struct err err = { "" };
	double total_j;

	check_agree(w, r, job_id);
	if (suspend_writer_stop(w, job_id, 100 * NS_PER_S, 5e3, NS_PER_S,
				&err) < 0) {
		FUZZ_CHECK(*err.text);
		return;
	}
	check_agree(w, r, job_id);
	s = suspend_writer_find(w, job_id);
	FUZZ_CHECK(s && s->since_ns > 0);
	total_j = s->total_j;
	FUZZ_CHECK(suspend_writer_resume(w, job_id, 200 * NS_PER_S, 6e3,
					 2 * NS_PER_S, &err) == 0);
	FUZZ_CHECK(s->since_ns == 0 && s->total_j >= total_j);
	check_agree(w, r, job_id);
	FUZZ_CHECK(suspend_writer_drop(w, job_id, &err) == 0);
	check_agree(w, r, job_id);
}

static void check_writer(const char *path)
{
	struct err err = { "" };
	suspend_writer_t *w = suspend_writer_open(path, boot_id, &err);
	suspend_reader_t r;

	FUZZ_CHECK(w);
	FUZZ_CHECK(suspend_reader_open(&r, path, &err) == 0);
	for (uint32_t job_id = 1; job_id < 5; job_id++)
		check_job(w, &r, job_id);
	suspend_reader_close(&r);
	suspend_writer_close(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct err err = { "" };
	struct suspend_slot slot;
	char path[PATH_MAX];
	suspend_reader_t r;

	if (fuzz_byte(&in) == 's')
		put_sealed(&in);
	else
		fuzz_put("suspend", in.at, in.left);
	fuzz_path(path, sizeof(path), "suspend");
	if (suspend_reader_open(&r, path, &err) == 0) {
		for (uint32_t job_id = 1; job_id < 5; job_id++)
			if (suspend_reader_get(&r, job_id, &slot) == 0)
				check_slot(&slot);
		suspend_reader_close(&r);
	} else {
		FUZZ_CHECK(r.fd == -1 && strstr(err.text, path));
	}
	check_writer(path);
	return 0;
}
