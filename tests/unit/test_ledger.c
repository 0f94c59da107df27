/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include "lib/ledger.h"
#include "lib/ledger_fields.h"

#ifndef GOLDEN_DIR
#define GOLDEN_DIR "tests/unit/golden"
#endif

static char dir[] = "/tmp/test_ledger.XXXXXX";
static char file[64];		/* dir/n1.ledger */
static char open_file[64];	/* dir/n1.open */

static void setup(void)
{
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/n1.ledger", dir);
	snprintf(open_file, sizeof(open_file), "%s/n1.open", dir);
}

static void teardown(void)
{
	unlink(file);
	unlink(open_file);
	ck_assert_int_eq(rmdir(dir), 0);	/* nothing else was left behind */
}

/* ---- helpers --------------------------------------------------------------- */

static struct ledger_rec make_alloc(uint32_t job)
{
	struct ledger_rec r = { .kind = LEDGER_ALLOC };
	struct ledger_alloc *a = &r.alloc;

	a->job_id = job;
	strcpy(a->step, "extern");
	a->restart = 2;
	a->uid = 1000;
	a->stepd_pid = 4711;
	strcpy(a->node, "n1");
	strcpy(a->boot_id, "6f6c1f0e-95c5-4be0-9f50-7a5a2a8a5f11");
	a->start_ns = 1000000001;
	a->end_ns = 21000000002;
	a->settled_ns = 21000000002;
	a->start_wall_ns = 1790000000000000003;
	a->end_wall_ns = 1790000020000000004;
	a->suspended_ns = 5;
	a->holding = (holding_t){ 1.5, 2, 2048 };
	a->share = 1.0 / 3;
	a->gated_j = 1234.567891;
	a->node_j = 3703.703673;
	a->model_w = 418.7;
	a->active_ns = 19999999996;
	a->covered_ns = 19000000000;
	a->max_gap_ns = 700000000;
	a->open_gap_ns = 6;
	strcpy(a->source, "redfish:environment");
	strcpy(a->end, "exit");
	return r;
}

static struct ledger_rec make_interval(struct ledger_part *parts, uint32_t n)
{
	struct ledger_rec r = { .kind = LEDGER_INTERVAL };
	struct ledger_interval *iv = &r.interval;

	strcpy(iv->node, "n1");
	strcpy(iv->boot_id, "6f6c1f0e-95c5-4be0-9f50-7a5a2a8a5f11");
	iv->start_ns = 1;
	iv->end_ns = 3600000000001;
	iv->start_wall_ns = 1790000000000000000;
	iv->end_wall_ns = 1790003600000000000;
	iv->unallocated_j = 20.25;
	iv->idle_j = 10.125;
	for (uint32_t i = 0; i < n; i++) {
		parts[i] = (struct ledger_part){ 100 + i, i % 3, 0.5 * i };
		iv->allocated_j += parts[i].joules;
	}
	iv->node_j = iv->allocated_j + iv->unallocated_j + iv->idle_j;
	iv->measured_ns = 3599000000000;
	iv->unmeasured_ns = 1000000000;
	iv->idle_ns = 60000000000;
	iv->scaled = true;
	iv->parts = parts;
	iv->parts_len = n;
	return r;
}

static ledger_t *open_ok(uint64_t torn)
{
	struct err err = { "" };
	uint64_t repaired = 99;
	ledger_t *l = ledger_open(dir, "n1", &repaired, &err);

	ck_assert_msg(l != NULL, "%s", err.text);
	ck_assert_uint_eq(repaired, torn);
	return l;
}

static void open_refused(const char *text)
{
	struct err err = { "" };
	uint64_t repaired;
	ledger_t *l = ledger_open(dir, "n1", &repaired, &err);

	ck_assert_ptr_null(l);
	ck_assert_msg(strstr(err.text, text) != NULL, "%s", err.text);
}

static void append_ok(ledger_t *l, const struct ledger_rec *recs, uint32_t n)
{
	struct err err = { "" };

	ck_assert_msg(ledger_append(l, recs, n, &err) == 0, "%s", err.text);
}

static long file_size(const char *path)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return (long)st.st_size;
}

static char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text;

	ck_assert_ptr_nonnull(f);
	*len = (size_t)file_size(path);
	text = malloc(*len + 1);
	ck_assert_uint_eq(fread(text, 1, *len, f), *len);
	text[*len] = '\0';
	fclose(f);
	return text;
}

static void spit(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

/* What follows the checksum, with the checksum that belongs to it. */
static size_t sign_line(const char *text, size_t len, char *line)
{
	uint32_t crc = (uint32_t)crc32(0, (const Bytef *)text, (uInt)len);

	sprintf(line, "%08x ", crc);
	memcpy(line + 9, text, len);
	line[9 + len] = '\n';
	return len + 10;
}

static ledger_reader_t *reader_ok(const char *path)
{
	struct err err = { "" };
	ledger_reader_t *r = ledger_reader_open(path, &err);

	ck_assert_msg(r != NULL, "%s", err.text);
	return r;
}

struct counts {
	int good, bad;
	struct err last;
};

static struct counts read_all(const char *path)
{
	struct counts c = { 0, 0, { "" } };
	ledger_reader_t *r = reader_ok(path);
	struct ledger_rec rec;
	int rc;

	while ((rc = ledger_reader_next(r, &rec, &c.last)) != 0)
		*(rc > 0 ? &c.good : &c.bad) += 1;
	ck_assert_int_eq(ledger_reader_next(r, &rec, &c.last), 0);
	ledger_reader_close(r);
	return c;
}

static void same_alloc(const struct ledger_alloc *a,
		       const struct ledger_alloc *b)
{
	ck_assert_uint_eq(a->job_id, b->job_id);
	ck_assert_str_eq(a->step, b->step);
	ck_assert_uint_eq(a->restart, b->restart);
	ck_assert_uint_eq(a->uid, b->uid);
	ck_assert_int_eq(a->stepd_pid, b->stepd_pid);
	ck_assert_str_eq(a->node, b->node);
	ck_assert_str_eq(a->boot_id, b->boot_id);
	ck_assert_int_eq(a->start_ns, b->start_ns);
	ck_assert_int_eq(a->end_ns, b->end_ns);
	ck_assert_int_eq(a->settled_ns, b->settled_ns);
	ck_assert_int_eq(a->start_wall_ns, b->start_wall_ns);
	ck_assert_int_eq(a->end_wall_ns, b->end_wall_ns);
	ck_assert_int_eq(a->suspended_ns, b->suspended_ns);
	ck_assert_double_eq(a->holding.cores, b->holding.cores);
	ck_assert_double_eq(a->holding.gpus, b->holding.gpus);
	ck_assert_double_eq(a->holding.mem_mb, b->holding.mem_mb);
	ck_assert(isnan(a->share) ? isnan(b->share) :
		  fabs(a->share - b->share) < 1e-11);
	ck_assert_double_eq_tol(a->gated_j, b->gated_j, 0.5e-6);
	ck_assert_double_eq_tol(a->node_j, b->node_j, 0.5e-6);
	ck_assert(isnan(a->model_w) ? isnan(b->model_w) :
		  fabs(a->model_w - b->model_w) < 1e-9);
	ck_assert_int_eq(a->active_ns, b->active_ns);
	ck_assert_int_eq(a->covered_ns, b->covered_ns);
	ck_assert_int_eq(a->max_gap_ns, b->max_gap_ns);
	ck_assert_int_eq(a->open_gap_ns, b->open_gap_ns);
	ck_assert_str_eq(a->source, b->source);
	ck_assert_str_eq(a->end, b->end);
}

static void same_interval(const struct ledger_interval *a,
			  const struct ledger_interval *b)
{
	ck_assert_str_eq(a->node, b->node);
	ck_assert_str_eq(a->boot_id, b->boot_id);
	ck_assert_int_eq(a->start_ns, b->start_ns);
	ck_assert_int_eq(a->end_ns, b->end_ns);
	ck_assert_int_eq(a->start_wall_ns, b->start_wall_ns);
	ck_assert_int_eq(a->end_wall_ns, b->end_wall_ns);
	ck_assert_double_eq_tol(a->node_j, b->node_j, 0.5e-6);
	ck_assert_double_eq_tol(a->allocated_j, b->allocated_j, 0.5e-6);
	ck_assert_double_eq_tol(a->unallocated_j, b->unallocated_j, 0.5e-6);
	ck_assert_double_eq_tol(a->idle_j, b->idle_j, 0.5e-6);
	ck_assert_int_eq(a->measured_ns, b->measured_ns);
	ck_assert_int_eq(a->unmeasured_ns, b->unmeasured_ns);
	ck_assert_int_eq(a->idle_ns, b->idle_ns);
	ck_assert_int_eq(a->scaled, b->scaled);
	ck_assert_uint_eq(a->parts_len, b->parts_len);
	for (uint32_t i = 0; i < a->parts_len; i++) {
		ck_assert_uint_eq(a->parts[i].job_id, b->parts[i].job_id);
		ck_assert_uint_eq(a->parts[i].restart, b->parts[i].restart);
		ck_assert_double_eq_tol(a->parts[i].joules, b->parts[i].joules,
					0.5e-6);
	}
}

/* ---- round trips ----------------------------------------------------------- */

START_TEST(test_round_trip)
{
	struct ledger_part parts[5];
	struct ledger_rec recs[3], got;
	struct err err;
	struct stat st;
	ledger_t *l;
	ledger_reader_t *r;

	recs[0] = make_alloc(17);
	recs[1] = make_alloc(4294967295u);
	recs[1].kind = LEDGER_STEP;
	recs[1].alloc.share = NAN;
	recs[1].alloc.model_w = NAN;
	strcpy(recs[1].alloc.step, "4294967293");
	strcpy(recs[1].alloc.source, "a b=c%\n\x01\xc3\xa9");
	recs[1].alloc.end[0] = '\0';
	recs[2] = make_interval(parts, 5);

	l = open_ok(0);
	append_ok(l, recs, 2);
	append_ok(l, recs + 2, 1);
	append_ok(l, recs, 0);
	ledger_close(l);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);

	r = reader_ok(file);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(ledger_reader_next(r, &got, &err), 1);
		ck_assert_int_eq(got.kind, recs[i].kind);
		if (i < 2)
			same_alloc(&recs[i].alloc, &got.alloc);
		else
			same_interval(&recs[i].interval, &got.interval);
	}
	ck_assert_int_eq(ledger_reader_next(r, &got, &err), 0);
	ledger_reader_close(r);
	ledger_reader_close(NULL);
	ledger_close(NULL);
}
END_TEST

START_TEST(test_parts_limit)
{
	struct ledger_part *parts = calloc(LEDGER_PARTS_MAX + 1, sizeof(*parts));
	struct ledger_rec rec, got;
	struct err err;
	ledger_t *l = open_ok(0);
	ledger_reader_t *r;

	rec = make_interval(parts, LEDGER_PARTS_MAX + 1);
	ck_assert_int_eq(ledger_append(l, &rec, 1, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "at most 4096"));
	ck_assert_int_eq(file_size(file), 0);

	/* The longest parts there can be fit into a line. */
	rec = make_interval(parts, LEDGER_PARTS_MAX);
	for (int i = 0; i < LEDGER_PARTS_MAX; i++)
		parts[i] = (struct ledger_part){ UINT32_MAX, UINT32_MAX,
						 -123456789012345.678901 };
	append_ok(l, &rec, 1);
	rec = make_interval(parts, LEDGER_PARTS_MAX);
	append_ok(l, &rec, 1);
	rec = make_interval(parts, 0);
	append_ok(l, &rec, 1);
	ledger_close(l);

	r = reader_ok(file);
	ck_assert_int_eq(ledger_reader_next(r, &got, &err), 1);
	ck_assert_uint_eq(got.interval.parts_len, LEDGER_PARTS_MAX);
	ck_assert_double_eq_tol(got.interval.parts[4095].joules,
				-123456789012345.678901, 0.02);
	rec = make_interval(parts, LEDGER_PARTS_MAX);
	ck_assert_int_eq(ledger_reader_next(r, &got, &err), 1);
	same_interval(&rec.interval, &got.interval);
	ck_assert_int_eq(ledger_reader_next(r, &got, &err), 1);
	ck_assert_uint_eq(got.interval.parts_len, 0);
	ledger_reader_close(r);
	free(parts);
}
END_TEST

START_TEST(test_refused_values)
{
	struct ledger_part part;
	struct ledger_rec good = make_alloc(1), bad[9], iv;
	struct err err;
	char buf[64];
	ledger_t *l = open_ok(0);

	for (int i = 0; i < 9; i++)
		bad[i] = good;
	bad[0].alloc.gated_j = NAN;
	bad[1].alloc.node_j = INFINITY;
	bad[2].alloc.holding.cores = -INFINITY;
	bad[3].alloc.share = INFINITY;
	bad[4].alloc.end_ns = -1;
	bad[5].alloc.max_gap_ns = INT64_MIN;
	bad[6].alloc.gated_j = 2e15;
	bad[7].alloc.model_w = -INFINITY;
	bad[8].kind = (enum ledger_kind)3;
	for (int i = 0; i < 9; i++) {
		struct ledger_rec both[2] = { good, bad[i] };

		err.text[0] = '\0';
		ck_assert_msg(ledger_append(l, both, 2, &err) == -1, "%d", i);
		ck_assert_str_ne(err.text, "");
		ck_assert_int_eq(ledger_write_open(l, both, 2, &err), -1);
	}
	iv = make_interval(&part, 1);
	part.joules = NAN;
	ck_assert_int_eq(ledger_append(l, &iv, 1, &err), -1);
	ck_assert_int_eq(file_size(file), 0);
	ck_assert_int_eq(access(open_file, F_OK), -1);
	ck_assert_int_eq(ledger_format(&good, buf, sizeof(buf)), -1);
	ledger_close(l);
}
END_TEST

/* From `at` on, nothing but newlines. */
static void overwrite(const char *path, long at)
{
	long size = file_size(path);
	FILE *f = fopen(path, "r+");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fseek(f, at, SEEK_SET), 0);
	for (; at < size; at++)
		putc('\n', f);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(test_batch_limit)
{
	struct ledger_part *parts = calloc(LEDGER_PARTS_MAX, sizeof(*parts));
	struct ledger_rec *recs = calloc(1000, sizeof(*recs));
	struct ledger_rec one = make_alloc(1);
	struct err err;
	long size, full;
	ledger_t *l = open_ok(0);

	/* a line of 80000 bytes or so: 1000 of them are above 64 MiB */
	for (int i = 0; i < 1000; i++) {
		recs[i] = make_interval(parts, LEDGER_PARTS_MAX);
		recs[i].interval.start_ns = i;
	}
	append_ok(l, &one, 1);
	size = file_size(file);
	ck_assert_int_eq(ledger_append(l, recs, 1000, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "too much"));
	ck_assert_int_eq(file_size(file), size);
	append_ok(l, recs, 100);
	ledger_close(l);
	ck_assert_int_eq(read_all(file).good, 101);

	/* so large a write, torn from its first byte on, is looked behind */
	full = file_size(file);
	ck_assert_int_gt(full, 4 * 1024 * 1024);
	overwrite(file, size);
	ledger_close(open_ok((uint64_t)(full - size)));
	ck_assert_int_eq(read_all(file).good, 1);
	free(recs);
	free(parts);
}
END_TEST

START_TEST(test_small_negative_is_zero)
{
	struct ledger_rec rec = make_alloc(1);
	char buf[4096];

	rec.alloc.gated_j = -1e-9;
	ck_assert_int_gt(ledger_format(&rec, buf, sizeof(buf)), 0);
	ck_assert_ptr_nonnull(strstr(buf, " gated_j=0.000000 "));
}
END_TEST

/* ---- hostile lines --------------------------------------------------------- */

#define ALLOC_HEAD "job=1 step=extern restart=0 uid=0 pid=1 node=n1 boot=b "
#define ALLOC_TIMES "start_ns=1 end_ns=2 settled_ns=2 start_wall_ns=1 end_wall_ns=2 suspended_ns=0 "
#define ALLOC_REST "cores=1 gpus=0 mem_mb=0 share=0.5 gated_j=1 node_j=2 model_w=3 active_ns=1 covered_ns=1 max_gap_ns=0 open_gap_ns=0 source=s end=exit"
#define IV_HEAD "node=n boot=b start_ns=1 end_ns=2 start_wall_ns=1 end_wall_ns=2 node_j=1 allocated_j=1 unallocated_j=0 idle_j=0 measured_ns=1 unmeasured_ns=0 idle_ns=0 scaled=0 "

static const struct {
	const char *text;	/* behind the checksum */
	const char *error;	/* NULL: is read */
} hostile[] = {
	{ "1 alloc " ALLOC_HEAD ALLOC_TIMES ALLOC_REST, NULL },
	{ "1 alloc later=1 " ALLOC_HEAD ALLOC_TIMES ALLOC_REST " more=x", NULL },
	{ "1 interval " IV_HEAD "parts=", NULL },
	{ "1 interval " IV_HEAD "parts=1.0:1,2.1:3.5", NULL },
	{ "2 alloc " ALLOC_HEAD ALLOC_TIMES ALLOC_REST, "version 2" },
	{ "x alloc " ALLOC_HEAD ALLOC_TIMES ALLOC_REST, "no format version" },
	{ " alloc " ALLOC_HEAD ALLOC_TIMES ALLOC_REST, "no format version" },
	{ "99999999999999999999 alloc", "no format version" },
	{ "1", "kind of record" },
	{ "1 ", "kind of record" },
	{ "1 ALLOC " ALLOC_HEAD ALLOC_TIMES ALLOC_REST, "kind of record" },
	{ "1 alloc", "job is missing" },
	{ "1 alloc " ALLOC_HEAD ALLOC_TIMES, "no '='" },
	{ "1 alloc " ALLOC_HEAD ALLOC_TIMES "cores=1", "gpus is missing" },
	{ "1 alloc job", "no '='" },
	{ "1 alloc " ALLOC_HEAD "job=2 " ALLOC_TIMES ALLOC_REST, "job is there twice" },
	{ "1 alloc job=-1 ", "bad value of job" },
	{ "1 alloc job=4294967296 ", "bad value of job" },
	{ "1 alloc job= ", "bad value of job" },
	{ "1 alloc job=1x ", "bad value of job" },
	{ "1 alloc job=0x10 ", "bad value of job" },
	{ "1 alloc job=--1 ", "bad value of job" },
	{ "1 alloc start_ns=-1", "bad value of start_ns" },
	{ "1 alloc start_ns=9223372036854775808", "bad value of start_ns" },
	{ "1 alloc start_ns=1.5", "bad value of start_ns" },
	{ "1 alloc gated_j=nan", "bad value of gated_j" },
	{ "1 alloc gated_j=inf", "bad value of gated_j" },
	{ "1 alloc gated_j=1e999", "bad value of gated_j" },
	{ "1 alloc gated_j=2e15", "bad value of gated_j" },
	{ "1 alloc gated_j=0x1p3", "bad value of gated_j" },
	{ "1 alloc gated_j=1,5", "bad value of gated_j" },
	{ "1 alloc gated_j=", "bad value of gated_j" },
	{ "1 alloc share=nan", "bad value of share" },
	{ "1 alloc step=123456789012345678901234", "bad value of step" },
	{ "1 alloc step=a%00b", "bad value of step" },
	{ "1 alloc step=a%0", "bad value of step" },
	{ "1 alloc step=a%", "bad value of step" },
	{ "1 alloc step=a%zz", "bad value of step" },
	{ "1 alloc step=a\tb", "bad value of step" },
	{ "1 alloc step=\xc3\xa9", "bad value of step" },
	{ "1 interval " IV_HEAD, "no '='" },
	{ "1 interval " IV_HEAD "parts=1", "bad value of parts" },
	{ "1 interval " IV_HEAD "parts=1.0", "bad value of parts" },
	{ "1 interval " IV_HEAD "parts=1.0:", "bad value of parts" },
	{ "1 interval " IV_HEAD "parts=1:0", "bad value of parts" },
	{ "1 interval " IV_HEAD "parts=,", "bad value of parts" },
	{ "1 interval " IV_HEAD "parts=1.0:1,", "bad value of parts" },
	{ "1 interval " IV_HEAD "parts=1.0:nan", "bad value of parts" },
	{ "1 interval " IV_HEAD "parts=-1.0:1", "bad value of parts" },
	{ "1 interval scaled=2", "bad value of scaled" },
	{ "", "kind" },		/* too short to be a line at all */
};
#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

START_TEST(test_hostile_lines)
{
	char text[4096];
	size_t len = sign_line(hostile[_i].text, strlen(hostile[_i].text), text);
	struct counts c;

	spit(file, text, len);
	c = read_all(file);
	if (!hostile[_i].error) {
		ck_assert_msg(c.good == 1, "%s", c.last.text);
		return;
	}
	ck_assert_int_eq(c.good, 0);
	ck_assert_int_eq(c.bad, 1);
	if (*hostile[_i].text)
		ck_assert_msg(strstr(c.last.text, hostile[_i].error) != NULL,
			      "%s", c.last.text);
	ck_assert_msg(strstr(c.last.text, "n1.ledger:1: ") != NULL, "%s",
		      c.last.text);
}
END_TEST

START_TEST(test_nul_in_line)
{
	static const char text[] = "1 alloc job=1\0 step=extern";
	char line[64];
	size_t len = sign_line(text, sizeof(text) - 1, line);
	struct counts c;

	spit(file, line, len);
	c = read_all(file);
	ck_assert_int_eq(c.bad, 1);
	ck_assert_ptr_nonnull(strstr(c.last.text, "bad value of job"));
}
END_TEST

START_TEST(test_too_many_parts_read)
{
	char *text = malloc(300000), *line = malloc(300000);
	size_t n;
	struct counts c;

	strcpy(text, "1 interval " IV_HEAD "parts=1.0:1");
	n = strlen(text);
	for (int i = 0; i < LEDGER_PARTS_MAX; i++)
		n += (size_t)sprintf(text + n, ",1.0:1");
	spit(file, line, sign_line(text, n, line));
	c = read_all(file);
	ck_assert_int_eq(c.bad, 1);
	ck_assert_ptr_nonnull(strstr(c.last.text, "bad value of parts"));
	free(text);
	free(line);
}
END_TEST

START_TEST(test_over_long_line)
{
	struct ledger_rec rec = make_alloc(5);
	size_t long_len = 3 * LEDGER_LINE_MAX + 17;
	char *text = malloc(long_len + 8192);
	struct counts c;
	size_t n;

	memset(text, 'x', long_len);
	text[long_len] = '\n';
	n = long_len + 1;
	n += (size_t)ledger_format(&rec, text + n, 4096);
	text[n++] = '\n';
	spit(file, text, n);
	c = read_all(file);
	ck_assert_int_eq(c.good, 1);
	ck_assert_int_eq(c.bad, 1);
	ck_assert_ptr_nonnull(strstr(c.last.text, ":1: line is longer"));
	ledger_close(open_ok(0));
	free(text);
}
END_TEST

START_TEST(test_damaged_middle_is_kept)
{
	struct ledger_rec recs[3] = { make_alloc(1), make_alloc(2),
				      make_alloc(3) };
	char *before, *after;
	size_t len, len2;
	struct counts c;
	ledger_t *l = open_ok(0);

	append_ok(l, recs, 3);
	ledger_close(l);
	before = slurp(file, &len);
	strstr(before, "job=2")[4] = '7';
	spit(file, before, len);

	ledger_close(open_ok(0));
	after = slurp(file, &len2);
	ck_assert_uint_eq(len, len2);
	ck_assert_mem_eq(before, after, len);
	c = read_all(file);
	ck_assert_int_eq(c.good, 2);
	ck_assert_int_eq(c.bad, 1);
	ck_assert_ptr_nonnull(strstr(c.last.text,
				     "n1.ledger:2: checksum differs"));
	free(before);
	free(after);
}
END_TEST

/* ---- torn tails ------------------------------------------------------------ */

/* Whatever byte the last write ends at, what was there before stays, and the
   ledger goes on. */
START_TEST(test_torn_at_every_byte)
{
	struct ledger_part parts[3];
	struct ledger_rec recs[2] = { make_alloc(1), make_interval(parts, 3) };
	struct ledger_rec more = make_alloc(9);
	char *text;
	size_t len, first;
	ledger_t *l = open_ok(0);

	append_ok(l, recs, 2);
	ledger_close(l);
	text = slurp(file, &len);
	first = (size_t)(strchr(text, '\n') + 1 - text);
	for (size_t cut = first; cut < len; cut++) {
		spit(file, text, cut);
		ck_assert_int_eq(read_all(file).good, 1);
		ck_assert_int_eq(read_all(file).bad, 0);
		l = open_ok(cut - first);
		ck_assert_int_eq(file_size(file), (long)first);
		append_ok(l, &more, 1);
		ledger_close(l);
		ck_assert_int_eq(read_all(file).good, 2);
	}
	free(text);
}
END_TEST

/* The same for the first line of all, and for a tail that reads as zeros. */
START_TEST(test_torn_first_and_zeros)
{
	struct ledger_rec recs[2] = { make_alloc(1), make_alloc(2) };
	char *text;
	size_t len, first;
	ledger_t *l = open_ok(0);

	append_ok(l, recs, 2);
	ledger_close(l);
	text = slurp(file, &len);
	first = (size_t)(strchr(text, '\n') + 1 - text);

	spit(file, text, first - 1);
	ledger_close(open_ok(first - 1));
	ck_assert_int_eq(file_size(file), 0);

	memset(text + first + 20, 0, len - first - 20);
	spit(file, text, len);
	ledger_close(open_ok(len - first));
	text[len - 1] = '\n';
	spit(file, text, len);
	ledger_close(open_ok(len - first));
	ck_assert_int_eq(file_size(file), (long)first);
	free(text);
}
END_TEST

/* A file that never was a ledger is not touched. */
START_TEST(test_foreign_file_is_kept)
{
	static const char text[] = "dear diary\ntoday nothing\nhappened";
	char *big = malloc(5 * 1024 * 1024);

	spit(file, text, sizeof(text) - 1);
	open_refused("does not end in a ledger's lines");
	ck_assert_int_eq(file_size(file), sizeof(text) - 1);

	memset(big, 'x', 5 * 1024 * 1024);
	spit(file, big, 5 * 1024 * 1024);
	open_refused("does not end in a ledger's lines");
	ck_assert_int_eq(file_size(file), 5 * 1024 * 1024);
	free(big);
}
END_TEST

/* ---- full disk ------------------------------------------------------------- */

static void set_file_limit(rlim_t bytes)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(test_full_disk)
{
	struct ledger_rec recs[3] = { make_alloc(1), make_alloc(2),
				      make_alloc(3) };
	struct err err;
	long before;
	ledger_t *l = open_ok(0);

	signal(SIGXFSZ, SIG_IGN);
	append_ok(l, recs, 1);
	before = file_size(file);
	ck_assert_int_eq(ledger_write_open(l, recs, 1, &err), 0);

	/* Room for the first record and a part of the second. */
	set_file_limit((rlim_t)(2 * before + before / 2));
	err.text[0] = '\0';
	ck_assert_int_eq(ledger_append(l, recs, 3, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot append to ledger"));
	ck_assert_int_eq(file_size(file), before);
	ck_assert_int_eq(ledger_write_open(l, recs, 3, &err), -1);
	ck_assert_int_eq(file_size(open_file), before);

	set_file_limit(0);
	append_ok(l, recs + 1, 2);
	ck_assert_int_eq(ledger_write_open(l, recs, 3, &err), 0);
	ledger_close(l);
	ck_assert_int_eq(read_all(file).good, 3);
	ck_assert_int_eq(read_all(open_file).good, 3);
	ck_assert_int_eq(read_all(file).bad, 0);
}
END_TEST

/* ---- who else is there ----------------------------------------------------- */

START_TEST(test_second_writer)
{
	struct ledger_rec rec = make_alloc(1);
	ledger_t *l = open_ok(0);
	pid_t child;
	int status;

	open_refused("another wattgated");
	child = fork();
	if (child == 0) {
		uint64_t repaired;

		_exit(ledger_open(dir, "n1", &repaired, NULL) ? 1 : 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);

	/* A reader that comes and goes in this process drops no lock. */
	append_ok(l, &rec, 1);
	ck_assert_int_eq(read_all(file).good, 1);
	open_refused("another wattgated");
	ledger_close(l);
	ledger_close(open_ok(0));
}
END_TEST

START_TEST(test_links_and_others)
{
	char elsewhere[80];
	struct err err;
	uint64_t repaired;

	snprintf(elsewhere, sizeof(elsewhere), "%s/target", dir);
	spit(elsewhere, "", 0);
	ck_assert_int_eq(symlink(elsewhere, file), 0);
	open_refused("cannot open ledger");
	ck_assert_ptr_null(ledger_reader_open(file, &err));
	ck_assert_int_eq(errno, ELOOP);
	unlink(file);
	unlink(elsewhere);

	ck_assert_int_eq(mkfifo(file, 0600), 0);
	open_refused("not a regular file");
	ck_assert_ptr_null(ledger_reader_open(file, &err));
	unlink(file);

	ck_assert_ptr_null(ledger_reader_open(file, &err));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_ptr_null(ledger_open(dir, "../n1", &repaired, &err));
	ck_assert_ptr_null(ledger_open(dir, "", &repaired, &err));
	ck_assert_ptr_null(ledger_open(dir, ".", &repaired, &err));
	ck_assert_ptr_null(ledger_open("/nowhere/at/all", "n1", &repaired, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "/nowhere/at/all"));
}
END_TEST

/* A link in the way of NODE.open is replaced, not followed. */
START_TEST(test_write_open_replaces_link)
{
	char target[80];
	struct ledger_rec rec = make_alloc(1);
	struct err err = { "" };
	struct stat st;
	ledger_t *l = open_ok(0);

	snprintf(target, sizeof(target), "%s/target", dir);
	spit(target, "keep", 4);
	ck_assert_int_eq(symlink(target, open_file), 0);
	ck_assert_msg(ledger_write_open(l, &rec, 1, &err) == 0, "%s", err.text);
	ck_assert_int_eq(lstat(open_file, &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(file_size(target), 4);
	ck_assert_int_eq(ledger_write_open(l, NULL, 0, &err), 0);
	ck_assert_int_eq(file_size(open_file), 0);
	unlink(target);
	ledger_close(l);
}
END_TEST

START_TEST(test_changed_under_writer)
{
	struct ledger_rec rec = make_alloc(1);
	struct err err;
	FILE *f;
	ledger_t *l = open_ok(0);

	append_ok(l, &rec, 1);
	f = fopen(file, "a");
	fputs("x", f);
	fclose(f);
	ck_assert_int_eq(ledger_append(l, &rec, 1, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "changed by someone else"));
	unlink(file);
	ck_assert_int_eq(ledger_append(l, &rec, 1, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "removed or replaced"));
	ledger_close(l);
}
END_TEST

/* ---- the golden file ------------------------------------------------------- */

/* Written once, never again: version 1 stays readable. */
START_TEST(test_golden_v1)
{
	static const char path[] = GOLDEN_DIR "/ledger-v1.ledger";
	static struct ledger_part parts[5];
	struct ledger_rec want[4], got;
	struct err err = { "" };
	ledger_reader_t *r = reader_ok(path);

	want[0] = make_alloc(17);
	want[1] = make_alloc(18);
	want[1].kind = LEDGER_STEP;
	want[1].alloc.share = NAN;
	want[1].alloc.model_w = NAN;
	strcpy(want[1].alloc.step, "batch");
	strcpy(want[1].alloc.source, "a b=c%\xc3\xa9");
	want[2] = make_interval(parts, 5);
	want[3] = make_interval(NULL, 0);
	for (int i = 0; i < 4; i++) {
		ck_assert_msg(ledger_reader_next(r, &got, &err) == 1, "%s",
			      err.text);
		ck_assert_int_eq(got.kind, want[i].kind);
		if (i < 2)
			same_alloc(&want[i].alloc, &got.alloc);
		else
			same_interval(&want[i].interval, &got.interval);
	}
	ck_assert_int_eq(ledger_reader_next(r, &got, &err), 0);
	ledger_reader_close(r);
}
END_TEST

/* ---- texts as they stand in a line ------------------------------------------ */

START_TEST(test_escape)
{
	static const char *const texts[][2] = {
		{ "", "" },
		{ "redfish:power", "redfish:power" },
		{ "a b%c\n", "a%20b%25c%0A" },
		{ "\xc3\xa9\x7f", "%C3%A9%7F" },
	};
	static const char *const bad[] = { "a b", "%", "%4", "%zz", "%00",
					   "\x80", "12345678" };
	char buf[32];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ck_assert_int_eq(ledger_escape(texts[i][0], buf, sizeof(buf)),
				 0);
		ck_assert_str_eq(buf, texts[i][1]);
		ck_assert_int_eq(ledger_unescape(texts[i][1], buf,
						 sizeof(buf)), 0);
		ck_assert_str_eq(buf, texts[i][0]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_int_eq(ledger_unescape(bad[i], buf, 8), -1);
	ck_assert_int_eq(ledger_escape("abc", buf, 3), -1);
	ck_assert_int_eq(ledger_escape("abc", buf, 4), 0);
	ck_assert_int_eq(ledger_escape("", buf, 0), -1);
}
END_TEST

static Suite *ledger_suite(void)
{
	Suite *s = suite_create("ledger");
	TCase *tc = tcase_create("ledger");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_round_trip);
	tcase_add_test(tc, test_parts_limit);
	tcase_add_test(tc, test_refused_values);
	tcase_add_test(tc, test_batch_limit);
	tcase_add_test(tc, test_small_negative_is_zero);
	tcase_add_loop_test(tc, test_hostile_lines, 0, HOSTILE);
	tcase_add_test(tc, test_nul_in_line);
	tcase_add_test(tc, test_too_many_parts_read);
	tcase_add_test(tc, test_over_long_line);
	tcase_add_test(tc, test_damaged_middle_is_kept);
	tcase_add_test(tc, test_torn_at_every_byte);
	tcase_add_test(tc, test_torn_first_and_zeros);
	tcase_add_test(tc, test_foreign_file_is_kept);
	tcase_add_test(tc, test_full_disk);
	tcase_add_test(tc, test_second_writer);
	tcase_add_test(tc, test_links_and_others);
	tcase_add_test(tc, test_write_open_replaces_link);
	tcase_add_test(tc, test_changed_under_writer);
	tcase_add_test(tc, test_golden_v1);
	tcase_add_test(tc, test_escape);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(ledger_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
