/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store on a real SQLite file and on a real PostgreSQL of the test's own:
 * each test once for each, where there are both.
 */
#include <err.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/ledger.h"
#include "lib/ledger_fields.h"
#include "store/store.h"
#include "pgserver.h"
#include "scratch.h"

#define BOOT "6f6c1f0e-95c5-4be0-9f50-7a5a2a8a5f11"
#define WALL INT64_C(1790000000000000000)	/* at boot time 0 */
#define S NS_PER_S

enum backend { SQLITE, POSTGRES, BACKENDS };

static char dir[] = "/tmp/test_store.XXXXXX";
static bool server;

/* ---- stores ------------------------------------------------------------------ */

#define SKIP_WITHOUT(backend)					\
	do {							\
		if ((backend) == POSTGRES && !server)		\
			return;					\
		if ((backend) == SQLITE && !HAVE_SQLITE)	\
			return;					\
	} while (0)

static int sql(enum backend backend, const char *text)
{
	file_write(scratch_path("sql"), text, strlen(text));
	return backend == SQLITE ?
		shell("sqlite3 -bail %s/site.db <%s/sql >%s/out 2>&1", scratch, scratch, scratch) :
		shell("PGOPTIONS='-c search_path=wattgate_site' psql -X -q -A -t -1 -v ON_ERROR_STOP=1 -h %s -U boss -d site -f %s/sql >%s/out 2>&1",
		      dir, scratch, scratch);
}

static store_t *open_use(enum backend backend, enum store_use use)
{
	static char conninfo[128];
	char file[128];
	const struct store_params params = {
		file, backend == POSTGRES ? conninfo : "", NULL, 0
	};
	struct err err = { "" };
	store_t *s;

	snprintf(file, sizeof(file), "%s/site.db", scratch);
	snprintf(conninfo, sizeof(conninfo), "host=%s dbname=site user=%s", dir,
		 use == STORE_WRITE ? "wattgate" : "reader");
	s = store_open_at(&params, use, &err);
	ck_assert_msg(s != NULL, "%s", err.text);
	return s;
}

static store_t *open_writer(enum backend backend)
{
	return open_use(backend, STORE_WRITE);
}

/* ---- records ------------------------------------------------------------------ */

static struct ledger_part some_parts[] = { { 5, 0, 2.25 }, { 6, 3, 0.000001 } };

static struct ledger_rec make_interval(const char *node, int64_t from_s,
				       int64_t to_s)
{
	struct ledger_rec r = { .kind = LEDGER_INTERVAL };
	struct ledger_interval *iv = &r.interval;

	snprintf(iv->node, sizeof(iv->node), "%s", node);
	strcpy(iv->boot_id, BOOT);
	iv->start_ns = from_s * S;
	iv->end_ns = to_s * S;
	iv->start_wall_ns = WALL + from_s * S;
	iv->end_wall_ns = WALL + to_s * S;
	iv->measured_ns = (to_s - from_s) * S;
	iv->node_j = 100.0 * (double)(to_s - from_s);
	iv->parts = some_parts;
	iv->parts_len = 2;
	iv->allocated_j = 2.250001;
	iv->idle_j = iv->node_j - iv->allocated_j;
	return r;
}

static struct ledger_rec make_alloc(const char *node, uint32_t job,
				    int64_t from_s, int64_t to_s)
{
	struct ledger_rec r = { .kind = LEDGER_ALLOC };
	struct ledger_alloc *a = &r.alloc;

	a->job_id = job;
	strcpy(a->step, "extern");
	snprintf(a->node, sizeof(a->node), "%s", node);
	strcpy(a->boot_id, BOOT);
	a->start_ns = from_s * S;
	a->end_ns = a->settled_ns = to_s * S;
	a->start_wall_ns = WALL + from_s * S;
	a->end_wall_ns = WALL + to_s * S;
	a->active_ns = a->covered_ns = (to_s - from_s) * S;
	a->holding = (holding_t){ 2, 1, 1000 };
	a->share = 0.5;
	a->node_j = 100.0 * (double)(to_s - from_s);
	a->gated_j = 0.5 * a->node_j;
	a->model_w = NAN;
	strcpy(a->source, "redfish:power");
	strcpy(a->end, "exit");
	return r;
}

/* ---- what a store has, as lines ------------------------------------------------ */

struct lines {
	char *text;
	size_t len;
	FILE *f;
	unsigned count;
};

static void add_line(const struct ledger_rec *rec, void *arg)
{
	static char line[LEDGER_LINE_MAX + 1];
	struct lines *lines = arg;

	ck_assert_int_gt(ledger_format(rec, line, sizeof(line)), 0);
	fprintf(lines->f, "%s\n", line);
	lines->count++;
}

static struct lines lines_of(const struct ledger_rec *recs, uint32_t n)
{
	struct lines lines = { 0 };

	lines.f = open_memstream(&lines.text, &lines.len);
	for (uint32_t i = 0; i < n; i++)
		add_line(&recs[i], &lines);
	fclose(lines.f);
	return lines;
}

static struct lines visit(store_t *s, const char *node, bool open,
			  const struct store_window *window)
{
	struct lines lines = { 0 };
	struct err err = { "" };

	lines.f = open_memstream(&lines.text, &lines.len);
	ck_assert_msg(store_visit(s, node, open, window, add_line, &lines,
				  &err) == 0, "%s", err.text);
	fclose(lines.f);
	return lines;
}

/* A reader of its own sees exactly these. */
static void expect_window(enum backend backend, const char *node, bool open,
			  const struct store_window *window,
			  const struct ledger_rec *recs, uint32_t n)
{
	store_t *s = open_use(backend, STORE_READ);
	struct lines got = visit(s, node, open, window);
	struct lines want = lines_of(recs, n);

	ck_assert_str_eq(got.text, want.text);
	free(got.text);
	free(want.text);
	store_close(s);
}

static void expect(enum backend backend, const char *node, bool open,
		   const struct ledger_rec *recs, uint32_t n)
{
	expect_window(backend, node, open, NULL, recs, n);
}

static struct store_count put(store_t *s, const char *node,
			      const struct ledger_rec *recs, uint32_t n)
{
	struct store_count count;
	struct err err = { "" };

	ck_assert_msg(store_put(s, node, recs, n, &count, &err) == 0, "%s",
		      err.text);
	return count;
}

static void put_open(store_t *s, const char *node,
		     const struct ledger_rec *recs, uint32_t n)
{
	struct err err = { "" };

	ck_assert_msg(store_put_open(s, node, recs, n, &err) == 0, "%s",
		      err.text);
}

/* ---- keeping ------------------------------------------------------------------- */

/* All there is in a record comes back as it was, and in the order it came. */
START_TEST(test_round_trip)
{
	struct ledger_part *many = calloc(LEDGER_PARTS_MAX, sizeof(*many));
	struct ledger_rec recs[8], empty = make_interval("n1", 300, 400);
	store_t *s;

	SKIP_WITHOUT(_i);
	for (uint32_t i = 0; i < LEDGER_PARTS_MAX; i++)
		many[i] = (struct ledger_part){ UINT32_MAX - i, i, 1e-6 * i };
	recs[0] = make_interval("n1", 0, 100);
	recs[1] = make_alloc("n1", 5, 10, 60);
	recs[2] = recs[1];
	recs[2].kind = LEDGER_STEP;
	strcpy(recs[2].alloc.step, "0");
	/* at the limits */
	recs[3] = make_alloc("n1", UINT32_MAX, 0, 1);
	recs[3].alloc.restart = recs[3].alloc.uid = UINT32_MAX;
	recs[3].alloc.stepd_pid = INT32_MIN;
	recs[3].alloc.end_ns = recs[3].alloc.settled_ns = INT64_MAX / 8;
	recs[3].alloc.active_ns = recs[3].alloc.max_gap_ns = INT64_MAX / 8;
	recs[3].alloc.start_wall_ns = 0;
	recs[3].alloc.end_wall_ns = INT64_MAX / 2;
	recs[3].alloc.node_j = 123456789012345.654321;
	recs[3].alloc.gated_j = 0.1;
	recs[3].alloc.share = NAN;
	recs[3].alloc.model_w = 1e15;
	recs[3].alloc.holding.cores = 1.0 / 3;
	/* texts of whoever wrote the line */
	recs[4] = make_alloc("n1", 0, 0, 0);
	strcpy(recs[4].alloc.step, "'; DROP TABLE a--");
	strcpy(recs[4].alloc.source, "\xff\x01 \"\\{}%,NULL\n\xc3\xa9");
	strcpy(recs[4].alloc.end, "");
	strcpy(recs[4].alloc.boot_id, "NULL");
	memset(recs[4].alloc.source + 20, '\xfe', 43);
	recs[4].alloc.source[63] = '\0';
	recs[5] = make_interval("n1", 100, 200);
	recs[5].interval.parts = many;
	recs[5].interval.parts_len = LEDGER_PARTS_MAX;
	recs[5].interval.scaled = true;
	recs[6] = empty;
	recs[6].interval.parts_len = 0;
	recs[6].interval.start_wall_ns = 0;	/* not known */
	recs[6].interval.idle_j = -1e-6;
	recs[7] = make_alloc("n1", 7, 1, 2);
	s = open_writer(_i);
	ck_assert_uint_eq(put(s, "n1", recs, 5).fresh, 5);
	ck_assert_uint_eq(put(s, "n1", recs + 5, 3).fresh, 3);
	put_open(s, "n1", recs, 8);	/* all of it is closed */
	store_close(s);
	expect(_i, "n1", false, recs, 8);
	expect(_i, "n1", true, NULL, 0);
	expect(_i, "n2", false, NULL, 0);
	free(many);
}
END_TEST

START_TEST(test_open_round_trip)
{
	struct ledger_rec recs[3] = { make_interval("n1", 0, 100),
				      make_alloc("n1", 5, 10, 60),
				      make_alloc("n1", 6, 10, 60) };
	store_t *s;

	SKIP_WITHOUT(_i);
	s = open_writer(_i);
	put_open(s, "n1", recs, 2);
	expect(_i, "n1", true, recs, 2);
	put_open(s, "n2", NULL, 0);
	recs[0].interval.end_ns += S;
	put_open(s, "n1", recs, 3);
	expect(_i, "n1", true, recs, 3);
	put_open(s, "n1", recs + 2, 1);
	expect(_i, "n1", true, recs + 2, 1);
	put_open(s, "n1", NULL, 0);
	expect(_i, "n1", true, NULL, 0);
	store_close(s);
}
END_TEST

/* The same batch again, parts of it, and within itself. */
static void check_duplicates(enum backend backend)
{
	struct ledger_rec recs[4] = { make_interval("n1", 0, 100),
				      make_alloc("n1", 5, 10, 60),
				      make_alloc("n1", 5, 10, 60),
				      make_alloc("n1", 6, 10, 60) };
	struct ledger_rec other[2] = { recs[1], recs[0] };
	struct ledger_rec both[2] = { make_interval("n2", 0, 100),
				      make_interval("n2", 0, 50) };
	struct store_count count;
	store_t *s;

	s = open_writer(backend);
	count = put(s, "n1", recs, 3);
	ck_assert_uint_eq(count.fresh, 2);
	ck_assert_uint_eq(count.conflicts, 0);
	count = put(s, "n1", recs, 4);
	ck_assert_uint_eq(count.fresh, 1);
	ck_assert_uint_eq(count.conflicts, 0);
	/* other figures under the same key */
	other[0].alloc.gated_j += 1;
	other[1].interval.parts_len = 1;
	count = put(s, "n1", other, 2);
	ck_assert_uint_eq(count.fresh, 0);
	ck_assert_uint_eq(count.conflicts, 2);
	ck_assert_ptr_nonnull(strstr(count.conflict.text, "job 5.extern restart 0"));
	ck_assert_uint_eq(put(s, "n1", NULL, 0).fresh, 0);
	count = put(s, "n2", both, 2);
	ck_assert_uint_eq(count.fresh, 1);
	ck_assert_uint_eq(count.conflicts, 1);
	store_close(s);
	recs[2] = recs[3];
	expect(backend, "n1", false, recs, 3);
	expect(backend, "n2", false, both, 1);
}

START_TEST(test_duplicates)
{
	SKIP_WITHOUT(_i);
	check_duplicates(_i);
}
END_TEST

/*
 * With the keys that a hypertable has. TimescaleDB itself is not there to be
 * tried: its function is one of ours, which does nothing.
 */
START_TEST(test_hypertable_keys)
{
	SKIP_WITHOUT(POSTGRES);
	ck_assert_int_eq(sql(POSTGRES, "CREATE FUNCTION create_hypertable(regclass, name, "
			     "chunk_time_interval bigint, migrate_data boolean) RETURNS int "
			     "LANGUAGE sql AS 'SELECT 1'"), 0);
	ck_assert_int_eq(shell("psql -X -q -h %s -U boss -d site -f " SCHEMA_DIR "/hypertables.sql >%s/out 2>&1",
			       dir, scratch), 0);
	check_duplicates(POSTGRES);
}
END_TEST

/* A node's numbers were set back by hand: nothing may be lost unsaid. */
START_TEST(test_numbers)
{
	struct ledger_rec recs[2] = { make_alloc("n1", 5, 10, 60),
				      make_interval("n1", 0, 100) };
	struct store_count count;
	struct err err = { "" };
	store_t *s;

	SKIP_WITHOUT(_i);
	s = open_writer(_i);
	put(s, "n1", recs, 2);
	recs[0].alloc.job_id = 6;
	recs[1].interval.start_ns++;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(sql(_i, i ? "UPDATE node SET next_seq = 2;" :
					     "UPDATE node SET next_seq = 1;"), 0);
		ck_assert_int_eq(store_put(s, "n1", &recs[i], 1, &count, &err),
				 -1);
		ck_assert_msg(*err.text != '\0', "nothing is said");
	}
	ck_assert_int_eq(sql(_i, "UPDATE node SET next_seq = 3;"), 0);
	ck_assert_uint_eq(put(s, "n1", recs, 2).fresh, 2);
	store_close(s);
}
END_TEST

/* Each part of the key counts. */
START_TEST(test_keys)
{
	struct ledger_rec recs[8], other = make_alloc("n2", 5, 10, 60);
	store_t *s;

	SKIP_WITHOUT(_i);
	for (int i = 0; i < 8; i++)
		recs[i] = make_alloc("n1", 5, 10, 60);
	recs[1].alloc.job_id = 6;
	recs[2].alloc.restart = 1;
	recs[3].alloc.start_ns++;
	strcpy(recs[4].alloc.step, "1");
	strcpy(recs[5].alloc.boot_id, "another");
	recs[6] = make_interval("n1", 10, 60);
	recs[7] = recs[6];
	recs[7].interval.start_ns--;
	s = open_writer(_i);
	ck_assert_uint_eq(put(s, "n1", recs, 8).fresh, 8);
	ck_assert_uint_eq(put(s, "n2", &other, 1).fresh, 1);
	ck_assert_uint_eq(put(s, "n1", recs, 8).fresh, 0);
	store_close(s);
	expect(_i, "n1", false, recs, 8);
	expect(_i, "n2", false, &other, 1);
}
END_TEST

/* What is closed is not open, whichever comes first. */
START_TEST(test_closed_wins)
{
	struct ledger_rec open[3] = { make_interval("n1", 0, 50),
				      make_alloc("n1", 5, 10, 50),
				      make_alloc("n1", 6, 10, 50) };
	struct ledger_rec closed[2] = { make_interval("n1", 0, 100),
					make_alloc("n1", 5, 10, 60) };
	store_t *s;

	SKIP_WITHOUT(_i);
	s = open_writer(_i);
	put_open(s, "n1", open, 3);
	ck_assert_uint_eq(put(s, "n1", closed, 2).fresh, 2);
	expect(_i, "n1", true, open + 2, 1);
	put_open(s, "n1", open, 3);
	expect(_i, "n1", true, open + 2, 1);
	expect(_i, "n1", false, closed, 2);
	store_close(s);
}
END_TEST

/* ---- nonsense ------------------------------------------------------------------- */

static void spoil(struct ledger_rec *rec, int how)
{
	static struct ledger_part bad_parts[2];
	struct ledger_alloc *a = &rec->alloc;
	struct ledger_interval *iv = &rec->interval;

	if (how >= 20)
		*rec = make_interval("n1", 10, 20);
	bad_parts[0] = bad_parts[1] = (struct ledger_part){ 1, 0, 1 };
	switch (how) {
	case 0: a->gated_j = NAN; break;
	case 1: a->node_j = INFINITY; break;
	case 2: a->gated_j = -1; break;
	case 3: a->share = 1.5; break;
	case 4: a->share = -0.1; break;
	case 5: a->end_ns = a->start_ns - 1; break;
	case 6: a->start_ns = -1; break;
	case 7: a->covered_ns = INT64_MIN; break;
	case 8: a->max_gap_ns = INT64_MAX; break;
	case 9: a->end_wall_ns = INT64_MAX; break;
	case 10: strcpy(a->node, "n2"); break;
	case 11: *a->step = '\0'; break;
	case 12: *a->boot_id = '\0'; break;
	case 13: a->holding.cores = -1; break;
	case 14: a->model_w = -INFINITY; break;
	case 15: rec->kind = (enum ledger_kind)7; break;
	case 16: a->share = INFINITY; break;
	case 17: a->holding.mem_mb = 1e300; break;
	case 20: iv->node_j = -1; break;
	case 21: iv->idle_j = NAN; break;
	case 22: iv->parts = bad_parts; bad_parts[1].joules = NAN; break;
	case 23: iv->parts = bad_parts; bad_parts[1].joules = -1; break;
	case 24: iv->parts_len = LEDGER_PARTS_MAX + 1; break;
	case 25: strcpy(iv->node, "n1 "); break;
	case 26: iv->start_ns = iv->end_ns + 1; break;
	}
}

START_TEST(test_refused)
{
	static const int hows[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
				    14, 15, 16, 17, 20, 21, 22, 23, 24, 25, 26 };
	struct ledger_rec recs[2] = { make_alloc("n1", 5, 10, 60) };
	struct store_count count;
	store_t *s;

	SKIP_WITHOUT(_i);
	s = open_writer(_i);
	put_open(s, "n1", recs, 1);
	for (size_t i = 0; i < COUNT(hows); i++) {
		struct err err = { "" };

		recs[1] = make_alloc("n1", 6, 10, 60);
		spoil(&recs[1], hows[i]);
		ck_assert_msg(store_put(s, "n1", recs, 2, &count, &err) ==
			      STORE_REFUSED, "%d", hows[i]);
		ck_assert_uint_eq(count.fresh, 0);
		ck_assert_str_ne(err.text, "");
		ck_assert_msg(store_put_open(s, "n1", recs, 2, &err) ==
			      STORE_REFUSED, "%d", hows[i]);
	}
	ck_assert_int_eq(store_put(s, "n1/x", recs, 1, &count, NULL),
			 STORE_REFUSED);
	ck_assert_int_eq(store_put(s, "", recs, 1, &count, NULL),
			 STORE_REFUSED);
	expect(_i, "n1", false, NULL, 0);
	expect(_i, "n1", true, recs, 1);
	store_close(s);
}
END_TEST

/* Who writes past the program meets the tables' own bounds. */
START_TEST(test_constraints)
{
	static const char *const bad[] = {
		"UPDATE allocation SET gated_j = -1",
		"UPDATE allocation SET gated_j = 'NaN'",
		"UPDATE allocation SET node_j = 1e300",
		"UPDATE allocation SET share = 2",
		"UPDATE allocation SET job = NULL",
		"UPDATE allocation SET job = -1",
		"UPDATE allocation SET end_ns = start_ns - 1",
		"UPDATE allocation SET step = ''",
		"UPDATE allocation SET pid = 3000000000",
		"UPDATE node_interval SET idle_j = -1",
		"UPDATE node_interval SET end_ns = start_ns - 1",
		"UPDATE interval_part SET joules = -1",
		"UPDATE interval_part SET ord = 4096",
		"UPDATE boot SET boot = ''",
		"UPDATE node SET name = ''",
		"INSERT INTO node (name) SELECT name FROM node",
	};
	struct ledger_rec recs[2] = { make_alloc("n1", 5, 10, 60),
				      make_interval("n1", 0, 100) };
	store_t *s;

	SKIP_WITHOUT(_i);
	s = open_writer(_i);
	put(s, "n1", recs, 2);
	store_close(s);
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_msg(sql(_i, bad[i]) != 0, "%s", bad[i]);
	ck_assert_int_eq(sql(_i, "UPDATE allocation SET gated_j = 1;"), 0);
	ck_assert_int_eq(sql(_i, "DELETE FROM node_interval;"), 0);
	/* its parts went with it */
	ck_assert_int_eq(sql(_i, "SELECT count(*) FROM interval_part;"), 0);
	ck_assert_int_eq(shell("grep -qx 0 %s/out", scratch), 0);
}
END_TEST

/* ---- reading ---------------------------------------------------------------------- */

static void add_name(const char *name, void *arg)
{
	strcat(arg, name);
	strcat(arg, " ");
}

START_TEST(test_nodes)
{
	static const char *const nodes[] = { "n10", "n2", "N1", "a-b", "a.b" };
	char names[64] = "";
	int64_t newest;
	store_t *s;

	SKIP_WITHOUT(_i);
	s = open_writer(_i);
	for (size_t i = 0; i < COUNT(nodes); i++) {
		struct ledger_rec rec = make_interval(nodes[i], 0, 10 + (int64_t)i);

		put(s, nodes[i], &rec, 1);
	}
	put_open(s, "z", NULL, 0);
	ck_assert_int_eq(store_nodes(s, add_name, names, NULL), 0);
	ck_assert_str_eq(names, "N1 a-b a.b n10 n2 z ");
	ck_assert_int_eq(store_newest(s, "N1", &newest, NULL), 0);
	ck_assert_int_eq(newest, WALL + 12 * S);
	ck_assert_int_eq(store_newest(s, "z", &newest, NULL), 0);
	ck_assert_int_eq(newest, INT64_MIN);
	ck_assert_int_eq(store_newest(s, "nobody", &newest, NULL), 0);
	ck_assert_int_eq(newest, INT64_MIN);
	store_close(s);
}
END_TEST

START_TEST(test_window)
{
	struct ledger_rec all[8], want[8];
	const struct store_window none = { WALL + 3000000 * S, WALL + 3000001 * S },
		some = { WALL + 1000 * S, WALL + 2000 * S },
		ever = { INT64_MIN, INT64_MAX };
	store_t *s;

	SKIP_WITHOUT(_i);
	all[0] = make_interval("n1", 0, 1000);		/* ends as it begins */
	all[1] = make_interval("n1", 1001, 1002);
	all[2] = make_interval("n1", 900, 1001);
	all[3] = make_interval("n1", 2000, 3000);
	all[4] = make_interval("n1", 10, 2000000);	/* absurdly long */
	all[5] = make_alloc("n1", 1, 999, 5000);	/* by their start */
	all[6] = make_alloc("n1", 2, 1000, 5000);
	all[7] = make_alloc("n1", 3, 2000, 5000);
	s = open_writer(_i);
	put(s, "n1", all, 8);
	put_open(s, "n1", NULL, 0);
	store_close(s);
	want[0] = all[1];
	want[1] = all[2];
	want[2] = all[4];
	want[3] = all[6];
	expect_window(_i, "n1", false, &some, want, 4);
	expect_window(_i, "n1", false, &ever, all, 8);
	expect_window(_i, "n1", false, &none, NULL, 0);
}
END_TEST

/* A reader sees one moment, however long it takes. */
START_TEST(test_one_moment)
{
	struct ledger_rec recs[2] = { make_alloc("n1", 5, 10, 60),
				      make_alloc("n1", 6, 10, 60) };
	struct lines lines;
	store_t *s, *reader;

	SKIP_WITHOUT(_i);
	s = open_writer(_i);
	put(s, "n1", recs, 1);
	put_open(s, "n1", recs + 1, 1);
	reader = open_use(_i, STORE_READ);
	lines = visit(reader, "n1", true, NULL);
	ck_assert_uint_eq(lines.count, 1);
	free(lines.text);
	put(s, "n1", recs, 2);
	lines = visit(reader, "n1", false, NULL);
	ck_assert_uint_eq(lines.count, 1);
	free(lines.text);
	ck_assert_int_eq(store_put(reader, "n1", recs, 1,
				   &(struct store_count){ 0 }, NULL), -1);
	store_close(reader);
	store_close(s);
	expect(_i, "n1", false, recs, 2);
}
END_TEST

/* ---- writers that are killed ------------------------------------------------------- */

#define KILL_BATCH 20

static void kill_batch(struct ledger_rec *recs, uint32_t number)
{
	for (uint32_t i = 0; i < KILL_BATCH; i++) {
		const int64_t at = number * KILL_BATCH + i;

		recs[i] = i % 2 ? make_alloc("n1", 1 + i, at * 10, at * 10 + 5) :
				  make_interval("n1", at * 10, at * 10 + 10);
	}
}

/* Writes batches for ever; a byte for each that was acknowledged. */
static void write_until_killed(enum backend backend, uint32_t number, int fd)
{
	struct ledger_rec recs[KILL_BATCH];
	store_t *s = open_writer(backend);
	struct store_count count;

	for (;; number++) {
		kill_batch(recs, number);
		if (store_put(s, "n1", recs, KILL_BATCH, &count, NULL) != 0)
			_exit(3);
		if (write(fd, "", 1) != 1)
			_exit(0);
	}
}

static void count_record(const struct ledger_rec *rec, void *arg)
{
	struct ledger_rec want[KILL_BATCH];
	uint32_t *n = arg;

	kill_batch(want, *n / KILL_BATCH);
	ck_assert_int_eq(rec->kind, want[*n % KILL_BATCH].kind);
	ck_assert_int_eq(rec->kind == LEDGER_INTERVAL ? rec->interval.start_ns :
			 rec->alloc.start_ns,
			 rec->kind == LEDGER_INTERVAL ?
			 want[*n % KILL_BATCH].interval.start_ns :
			 want[*n % KILL_BATCH].alloc.start_ns);
	++*n;
}

/* The server's process of the writer dies, and with it all of the server's. */
static void server_crash(pid_t writer)
{
	for (int i = 0; i < 100; i++) {
		if (shell("kill -KILL $(psql -X -q -A -t -h %s -U boss -d site -c \"SELECT pid "
			  "FROM pg_stat_activity WHERE usename = 'wattgate'\" 2>/dev/null) 2>/dev/null",
			  dir) == 0)
			break;
		usleep(20000);
	}
	usleep(50000);
	kill(writer, SIGKILL);	/* it may have connected again */
	ck_assert_int_eq(shell("for i in $(seq 200); do psql -X -q -h %s -U boss -d site -c 'SELECT 1' "
			       ">/dev/null 2>&1 && exit 0; sleep 0.05; done; exit 1", dir), 0);
}

START_TEST(test_killed)
{
	uint32_t acknowledged = 0;
	store_t *s;

	SKIP_WITHOUT(_i);
	random_start("test_killed");
	s = open_writer(_i);
	put_open(s, "n1", NULL, 0);
	store_close(s);
	/* where all is slow some write nothing before they are killed */
	for (int round = 0; round < 25 || (acknowledged < 25 && round < 250); round++) {
		uint32_t there = 0;
		char byte[4096];
		int fds[2], status;
		ssize_t n;
		pid_t pid;

		ck_assert_int_eq(pipe(fds), 0);
		pid = fork();
		if (pid == 0) {
			close(fds[0]);
			write_until_killed(_i, acknowledged, fds[1]);
		}
		close(fds[1]);
		usleep((useconds_t)(random_between(0, 60000 + 4000 * round)));
		if (_i == POSTGRES && round % 5 == 4)
			server_crash(pid);
		else
			kill(pid, SIGKILL);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status) || WEXITSTATUS(status) == 3);
		while ((n = read(fds[0], byte, sizeof(byte))) > 0)
			acknowledged += (uint32_t)n;
		close(fds[0]);
		/* the server may still be at the last words of who was killed */
		if (_i == POSTGRES)
			usleep(20000);
		s = open_use(_i, STORE_READ);
		ck_assert_int_eq(store_visit(s, "n1", false, NULL, count_record,
					     &there, NULL), 0);
		store_close(s);
		/* whole batches; one may have been on its way to us */
		ck_assert_uint_eq(there % KILL_BATCH, 0);
		ck_assert_uint_ge(there / KILL_BATCH, acknowledged);
		ck_assert_uint_le(there / KILL_BATCH, acknowledged + 1);
		/* the next one sends it again */
	}
	ck_assert_uint_ge(acknowledged, 25);
}
END_TEST

/* ---- two at once ------------------------------------------------------------------- */

#define WRITERS 4
#define ROUNDS 30

static void write_shared(enum backend backend, int me)
{
	store_t *s = open_writer(backend);
	struct ledger_rec recs[12];
	struct store_count count;
	struct err err;
	uint32_t fresh = 0;

	for (int round = 0; round < ROUNDS; round++) {
		char own[8];

		for (uint32_t i = 0; i < 10; i++)	/* all send the same */
			recs[i] = make_alloc("n1", 1 + i, round * 10, round * 10 + 5);
		if (store_put(s, "n1", recs, 10, &count, &err) != 0 ||
		    count.conflicts)
			errx(100, "%s", err.text);
		fresh += count.fresh;
		snprintf(own, sizeof(own), "w%d", me);
		recs[0] = make_interval(own, round, round + 1);
		if (store_put(s, own, recs, 1, &count, &err) != 0 ||
		    count.fresh != 1 ||
		    store_put_open(s, "n1", recs, 0, &err) != 0)
			errx(101, "%s", err.text);
	}
	store_close(s);
	_exit(fresh * 10 / (ROUNDS * 10));	/* tenths of all */
}

START_TEST(test_writers)
{
	uint32_t total = 0;
	store_t *s;

	SKIP_WITHOUT(_i);
	store_close(open_writer(_i));
	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0)
			write_shared(_i, i);
	for (int i = 0; i < WRITERS; i++) {
		int status;

		wait(&status);
		ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) < 100,
			      "%d", status);
	}
	s = open_use(_i, STORE_READ);
	{
		struct lines lines = visit(s, "n1", false, NULL);

		ck_assert_uint_eq(lines.count, ROUNDS * 10);
		free(lines.text);
		for (int i = 0; i < WRITERS; i++) {
			char own[8];

			snprintf(own, sizeof(own), "w%d", i);
			lines = visit(s, own, false, NULL);
			total += lines.count;
			free(lines.text);
		}
	}
	ck_assert_uint_eq(total, WRITERS * ROUNDS);
	store_close(s);
}
END_TEST

/* ---- trouble ------------------------------------------------------------------------ */

static void expect_failure(store_t *s, const char *what)
{
	struct ledger_rec rec = make_alloc("n9", 5, 10, 60);
	struct store_count count;
	struct err err = { "" };

	ck_assert_int_eq(store_put(s, "n9", &rec, 1, &count, &err), -1);
	ck_assert_msg(strstr(err.text, what) != NULL, "\"%s\" is not in: %s",
		      what, err.text);
	ck_assert_int_eq(store_put_open(s, "n9", &rec, 1, &err), -1);
}

START_TEST(test_version)
{
	store_t *s;

	SKIP_WITHOUT(_i);
	s = open_writer(_i);
	put_open(s, "n1", NULL, 0);
	store_close(s);
	ck_assert_int_eq(sql(_i, _i == SQLITE ? "PRAGMA user_version = 2;" :
			     "UPDATE meta SET version = 2"), 0);
	s = open_writer(_i);
	expect_failure(s, "version 2");
	store_close(s);
	s = open_use(_i, STORE_READ);
	ck_assert_int_eq(store_check(s, NULL), -1);
	ck_assert_int_eq(sql(_i, _i == SQLITE ? "PRAGMA user_version = 1;" :
			     "UPDATE meta SET version = 1"), 0);
	ck_assert_int_eq(store_check(s, NULL), 0);	/* it recovers */
	store_close(s);
}
END_TEST

START_TEST(test_missing_table)
{
	struct ledger_rec rec = make_alloc("n9", 5, 10, 60);
	store_t *s;

	SKIP_WITHOUT(_i);
	s = open_writer(_i);
	put_open(s, "n9", NULL, 0);
	ck_assert_int_eq(sql(_i, _i == SQLITE ?
			     "ALTER TABLE allocation RENAME TO x;" :
			     "ALTER TABLE allocation RENAME TO x"), 0);
	expect_failure(s, "allocation");
	ck_assert_int_eq(sql(_i, _i == SQLITE ?
			     "ALTER TABLE x RENAME TO allocation;" :
			     "ALTER TABLE x RENAME TO allocation"), 0);
	ck_assert_uint_eq(put(s, "n9", &rec, 1).fresh, 1);
	store_close(s);
	expect(_i, "n9", false, &rec, 1);
}
END_TEST

/* What the server may say to a record: not now, or never. */
START_TEST(test_server_says)
{
	static const struct {
		const char *state, *what;
		int rc;
	} cases[] = {
		{ "53100", "could not extend file", -1 },	/* disk full */
		{ "53200", "out of memory", -1 },
		{ "40P01", "deadlock detected", -1 },
		{ "40001", "could not serialize", -1 },
		{ "57014", "canceling statement", -1 },
		{ "25006", "read-only transaction", -1 },
		{ "42501", "permission denied", -1 },
		{ "XX001", "invalid page", -1 },
		{ "22003", "out of range", STORE_REFUSED },
		{ "23514", "violates check", STORE_REFUSED },
	};
	struct ledger_rec recs[2] = { make_alloc("n9", 5, 10, 60),
				      make_interval("n9", 0, 100) };
	store_t *s;

	SKIP_WITHOUT(POSTGRES);
	s = open_writer(POSTGRES);
	put(s, "n9", recs, 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct store_count count;
		struct err err = { "" };
		char text[512];

		snprintf(text, sizeof(text), "CREATE OR REPLACE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ "
			 "BEGIN RAISE EXCEPTION '%s' USING ERRCODE = '%s'; END $$; "
			 "CREATE OR REPLACE TRIGGER no BEFORE INSERT ON interval_part EXECUTE FUNCTION no()",
			 cases[i].what, cases[i].state);
		ck_assert_int_eq(sql(POSTGRES, text), 0);
		recs[0].alloc.job_id++;
		ck_assert_int_eq(store_put(s, "n9", recs, 2, &count, &err),
				 cases[i].rc);
		ck_assert_msg(strstr(err.text, cases[i].what) != NULL, "%s",
			      err.text);
		ck_assert_uint_eq(count.fresh, 0);
	}
	ck_assert_int_eq(sql(POSTGRES, "DROP TRIGGER no ON interval_part"), 0);
	recs[0].alloc.job_id = 5;
	ck_assert_uint_eq(put(s, "n9", recs, 2).fresh, 1);
	store_close(s);
	expect(POSTGRES, "n9", false, recs, 2);
}
END_TEST

/*
 * A copy of the test that has lost its rights. Where all went well it kills
 * itself: valgrind then has no word on the memory that it has of its parent.
 */
static void nobody_become(void)
{
	if (setgid(65534) != 0 || setuid(65534) != 0)
		_exit(1);
}

static void nobody_wait(pid_t pid, const char *what)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		      "%s: %d", what, status);
}

/* A file that the writer may not write, and one that is damaged. */
static void expect_failure_as_nobody(const char *what)
{
	pid_t pid = fork();

	if (pid == 0) {
		nobody_become();
		expect_failure(open_writer(SQLITE), what);
		raise(SIGKILL);
	}
	nobody_wait(pid, what);
}

START_TEST(test_read_only)
{
	struct ledger_rec rec = make_alloc("n9", 5, 10, 60);
	store_t *s;

	SKIP_WITHOUT(SQLITE);
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(shell("chmod 0755 %s", scratch), 0);
	expect_failure_as_nobody("cannot be made: Permission denied");
	s = open_writer(SQLITE);
	put(s, "n9", &rec, 1);
	store_close(s);
	ck_assert_int_eq(shell("chmod 0644 %s/site.db*", scratch), 0);
	expect_failure_as_nobody("see who owns it");
	expect(SQLITE, "n9", false, &rec, 1);
}
END_TEST

START_TEST(test_damaged)
{
	struct ledger_rec recs[KILL_BATCH];
	struct store_count count;
	struct err err = { "" };
	store_t *s;
	int rc = 0;

	SKIP_WITHOUT(SQLITE);
	s = open_writer(SQLITE);
	for (uint32_t i = 0; i < 50; i++) {
		kill_batch(recs, i);
		put(s, "n1", recs, KILL_BATCH);
	}
	store_close(s);
	/* all but its first page */
	ck_assert_int_eq(shell("n=$(($(stat -c %%s %s/site.db) / 4096 - 1)); "
			       "dd if=/dev/urandom of=%s/site.db bs=4096 seek=1 count=$n conv=notrunc 2>%s/out",
			       scratch, scratch, scratch), 0);
	s = open_writer(SQLITE);
	for (uint32_t i = 0; i < 60 && rc == 0; i++) {
		kill_batch(recs, i);
		rc = store_put(s, "n1", recs, KILL_BATCH, &count, &err);
	}
	ck_assert_int_eq(rc, -1);
	ck_assert_msg(strstr(err.text, "restore it from a backup") != NULL,
		      "%s", err.text);
	store_close(s);
}
END_TEST

START_TEST(test_file)
{
	struct ledger_rec rec = make_alloc("n1", 5, 10, 60);
	const char *file = scratch_path("site.db");
	struct stat st;
	store_t *s;

	SKIP_WITHOUT(SQLITE);
	umask(0);
	s = open_use(SQLITE, STORE_READ);
	ck_assert_int_eq(store_check(s, NULL), -1);	/* none is made */
	ck_assert_int_eq(access(file, F_OK), -1);
	store_close(s);
	s = open_writer(SQLITE);
	put(s, "n1", &rec, 1);
	ck_assert_int_eq(file_mode(file) & 07777, 0640);
	ck_assert_int_eq(file_mode(scratch_path("site.db-wal")) & 07777, 0640);
	ck_assert_int_eq(file_mode(scratch_path("site.db-shm")) & 07777, 0640);
	/* removed under the writer: another one is made */
	ck_assert_int_eq(unlink(file), 0);
	unlink(scratch_path("site.db-wal"));
	unlink(scratch_path("site.db-shm"));
	ck_assert_uint_eq(put(s, "n1", &rec, 1).fresh, 1);
	expect(SQLITE, "n1", false, &rec, 1);
	store_close(s);
	ck_assert_int_eq(stat(file, &st), 0);
	/* others' files stay as they are */
	ck_assert_int_eq(rename(file, scratch_path("real.db")), 0);
	unlink(scratch_path("site.db-wal"));
	unlink(scratch_path("site.db-shm"));
	ck_assert_int_eq(symlink("real.db", file), 0);
	s = open_writer(SQLITE);
	expect_failure(s, "not a regular file");
	unlink(file);
	file_write(file, "something else entirely, of some length", 39);
	expect_failure(s, "no store of wattgate");
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_size, 39);
	unlink(file);
	ck_assert_int_eq(sql(SQLITE, "CREATE TABLE t (x);"), 0);
	expect_failure(s, "no store of wattgate");
	store_close(s);
}
END_TEST

/* Who may only read: while a writer is there, and when it is not. */
START_TEST(test_reader_rights)
{
	struct ledger_rec rec = make_alloc("n1", 5, 10, 60);
	store_t *s;

	SKIP_WITHOUT(SQLITE);
	if (geteuid() != 0)
		return;
	s = open_writer(SQLITE);
	put(s, "n1", &rec, 1);
	ck_assert_int_eq(shell("chmod 0755 %s; chgrp nogroup %s/site.db*",
			       scratch, scratch), 0);
	for (int closed = 0; closed < 2; closed++) {
		pid_t pid = fork();

		if (pid == 0) {
			nobody_become();
			expect(SQLITE, "n1", false, &rec, 1);
			raise(SIGKILL);
		}
		nobody_wait(pid, closed ? "closed" : "open");
		if (!closed)
			store_close(s);
	}
}
END_TEST

START_TEST(test_locked)
{
	struct ledger_rec rec = make_alloc("n9", 5, 10, 60);
	int64_t before;
	store_t *s;

	SKIP_WITHOUT(SQLITE);
	s = open_writer(SQLITE);
	put_open(s, "n9", NULL, 0);
	ck_assert_int_eq(shell("mkfifo %s/hold; (echo 'BEGIN IMMEDIATE;'; echo 'SELECT 1;'; exec sleep 30) | "
			       "sqlite3 %s/site.db >%s/held & echo $! >%s/pid; "
			       "for i in $(seq 100); do [ -s %s/held ] && break; sleep 0.05; done",
			       scratch, scratch, scratch, scratch, scratch), 0);
	before = clock_boot_ns();
	{
		struct store_count count;
		struct err err = { "" };

		ck_assert_int_eq(store_put(s, "n9", &rec, 1, &count, &err), -1);
		ck_assert_msg(strstr(err.text, "another program holds it") != NULL,
			      "%s", err.text);
	}
	ck_assert_int_lt(clock_boot_ns() - before, (STORE_LOCK_S + 5) * S);
	ck_assert_int_eq(shell("kill $(cat %s/pid)", scratch), 0);
	usleep(300000);
	ck_assert_uint_eq(put(s, "n9", &rec, 1).fresh, 1);
	store_close(s);
}
END_TEST

static int seconds_since(int64_t before)
{
	return (int)((clock_boot_ns() - before) / S);
}

/* The server's process of our connection gets a signal. */
static void signal_backend(const char *name)
{
	ck_assert_int_eq(shell("kill -%s $(psql -X -q -A -t -h %s -U boss -d site -c "
			       "\"SELECT pid FROM pg_stat_activity WHERE usename = 'wattgate'\")",
			       name, dir), 0);
}

START_TEST(test_hung_server)
{
	struct ledger_rec recs[2] = { make_alloc("n9", 5, 10, 60),
				      make_alloc("n9", 6, 10, 60) };
	char conninfo[128];
	const struct store_params params = { "", conninfo, NULL, 3 };
	struct store_count count;
	struct err err = { "" };
	int64_t before;
	store_t *s;

	SKIP_WITHOUT(POSTGRES);
	snprintf(conninfo, sizeof(conninfo), "host=%s dbname=site user=wattgate",
		 dir);
	s = store_open_at(&params, STORE_WRITE, &err);
	put(s, "n9", recs, 1);
	/* it hears, and says nothing */
	signal_backend("STOP");
	before = clock_boot_ns();
	ck_assert_int_eq(store_put(s, "n9", recs, 2, &count, &err), -1);
	ck_assert_msg(strstr(err.text, "no answer in time") != NULL, "%s",
		      err.text);
	ck_assert_int_le(seconds_since(before), 4);
	ck_assert_uint_eq(put(s, "n9", recs, 2).fresh, 1);
	ck_assert_int_eq(shell("pkill -CONT -P $(head -n 1 %s/db/postmaster.pid)", dir), 0);
	/* it was closed while nobody looked: nobody need know */
	ck_assert_int_eq(sql(POSTGRES, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'wattgate'"), 0);
	usleep(100000);
	ck_assert_uint_eq(put(s, "n9", recs, 2).fresh, 0);
	/* another's lock: not for long */
	ck_assert_int_eq(shell("(echo 'BEGIN; LOCK TABLE wattgate_site.node; SELECT 1;'; sleep 8) | "
			       "psql -X -q -h %s -U boss -d site >%s/held & "
			       "for i in $(seq 100); do [ -s %s/held ] && break; sleep 0.05; done",
			       dir, scratch, scratch), 0);
	before = clock_boot_ns();
	ck_assert_int_eq(store_put(s, "n9", recs, 2, &count, &err), -1);
	ck_assert_int_le(seconds_since(before), 4);
	sleep(7);
	ck_assert_uint_eq(put(s, "n9", recs, 2).fresh, 0);
	store_close(s);
	expect(POSTGRES, "n9", false, recs, 2);
}
END_TEST

START_TEST(test_no_server)
{
	char conninfo[128];
	const struct store_params params = { "", conninfo, NULL, 2 };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct err err = { "" };
	int64_t before;
	store_t *s;
	int fd;

	if (!HAVE_LIBPQ)
		return;
	snprintf(conninfo, sizeof(conninfo), "host=%s dbname=site user=wattgate",
		 scratch);
	s = store_open_at(&params, STORE_WRITE, &err);
	ck_assert_ptr_nonnull(s);
	expect_failure(s, "the store's database: ");
	/* somebody who takes connections, and no more */
	snprintf(at.sun_path, sizeof(at.sun_path), "%s/.s.PGSQL.5432", scratch);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	before = clock_boot_ns();
	ck_assert_int_eq(store_check(s, &err), -1);
	ck_assert_int_le(seconds_since(before), 4);
	close(fd);
	store_close(s);
	strcpy(conninfo, "host=/tmp password=secret");
	ck_assert_ptr_null(store_open_at(&params, STORE_WRITE, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "password_file"));
	ck_assert_ptr_null(strstr(err.text, "secret"));
	strcpy(conninfo, "nonsense words");
	ck_assert_ptr_null(store_open_at(&params, STORE_WRITE, &err));
}
END_TEST

/* A disk of its own, which fills up and gets room again. */
START_TEST(test_full_disk)
{
	struct ledger_rec recs[KILL_BATCH];
	struct store_count count;
	struct err err = { "" };
	uint32_t batches = 0, there = 0;
	store_t *s;

	SKIP_WITHOUT(SQLITE);
	if (geteuid() != 0 || run_is_slow() || unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", scratch, "tmpfs", 0, "size=2m") != 0)
		return;
	s = open_writer(SQLITE);
	for (;; batches++) {
		ck_assert_uint_lt(batches, 10000);
		kill_batch(recs, batches);
		if (store_put(s, "n1", recs, KILL_BATCH, &count, &err) != 0)
			break;
	}
	ck_assert_msg(strstr(err.text, "disk is full") != NULL ||
		      strstr(err.text, "I/O") != NULL, "%s", err.text);
	ck_assert_uint_gt(batches, 10);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(store_put(s, "n1", recs, KILL_BATCH, &count,
					   &err), -1);
	ck_assert_int_eq(mount("tmpfs", scratch, "tmpfs", MS_REMOUNT, "size=8m"),
			 0);
	ck_assert_uint_eq(put(s, "n1", recs, KILL_BATCH).fresh, KILL_BATCH);
	ck_assert_int_eq(store_visit(s, "n1", false, NULL, count_record, &there,
				     &err), 0);
	ck_assert_uint_eq(there, (batches + 1) * KILL_BATCH);
	store_close(s);
	umount(scratch);
}
END_TEST

/* ---- ---------------------------------------------------------------------------------- */

static void once_setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	server = HAVE_LIBPQ && pgserver_start(dir, "site");
	if (!server)
		puts("SKIPPED: no PostgreSQL server could be started here");
}

static void once_teardown(void)
{
	if (server)
		pgserver_stop(dir);
	tree_remove(dir);
}

static void setup(void)
{
	scratch_setup();
	if (server)
		ck_assert_msg(shell("cd %s && psql -X -q -h %s -U boss -d site -v ON_ERROR_STOP=1 "
				    "-c 'SET client_min_messages = error' "
				    "-c 'DROP SCHEMA IF EXISTS wattgate_site CASCADE' "
				    "-c \"DO \\$\\$ BEGIN CREATE ROLE wattgate LOGIN; CREATE ROLE reader LOGIN; "
				    "EXCEPTION WHEN duplicate_object THEN NULL; END \\$\\$\" "
				    "-f " SCHEMA_DIR "/001-store.sql "
				    "-c 'GRANT USAGE ON SCHEMA wattgate_site TO reader' "
				    "-c 'GRANT SELECT ON ALL TABLES IN SCHEMA wattgate_site TO reader' "
				    ">%s/out 2>&1 || { cat %s/out; exit 1; }",
				    dir, dir, dir, dir) == 0, "schema");
}

int main(void)
{
	Suite *suite = suite_create("store");
	TCase *tc = tcase_create("store");

	tcase_add_unchecked_fixture(tc, once_setup, once_teardown);
	tcase_add_checked_fixture(tc, setup, scratch_teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, test_round_trip, 0, BACKENDS);
	tcase_add_loop_test(tc, test_open_round_trip, 0, BACKENDS);
	tcase_add_loop_test(tc, test_duplicates, 0, BACKENDS);
	tcase_add_test(tc, test_hypertable_keys);
	tcase_add_loop_test(tc, test_numbers, 0, BACKENDS);
	tcase_add_loop_test(tc, test_keys, 0, BACKENDS);
	tcase_add_loop_test(tc, test_closed_wins, 0, BACKENDS);
	tcase_add_loop_test(tc, test_refused, 0, BACKENDS);
	tcase_add_loop_test(tc, test_constraints, 0, BACKENDS);
	tcase_add_loop_test(tc, test_nodes, 0, BACKENDS);
	tcase_add_loop_test(tc, test_window, 0, BACKENDS);
	tcase_add_loop_test(tc, test_one_moment, 0, BACKENDS);
	tcase_add_loop_test(tc, test_killed, 0, BACKENDS);
	tcase_add_loop_test(tc, test_writers, 0, BACKENDS);
	tcase_add_loop_test(tc, test_version, 0, BACKENDS);
	tcase_add_loop_test(tc, test_missing_table, 0, BACKENDS);
	tcase_add_test(tc, test_server_says);
	tcase_add_test(tc, test_file);
	tcase_add_test(tc, test_read_only);
	tcase_add_test(tc, test_damaged);
	tcase_add_test(tc, test_reader_rights);
	tcase_add_test(tc, test_locked);
	tcase_add_test(tc, test_hung_server);
	tcase_add_test(tc, test_no_server);
	tcase_add_test(tc, test_full_disk);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
