/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ledgers for the benchmark of the store, and their way into it.
 *
 *   store_fill make DIR NODES RECORDS   NODES files below DIR, RECORDS in all:
 *                                       30 days; sacct's rows of their jobs on
 *                                       standard output
 *   store_fill read DIR                 reads and checks all lines, and no more
 *   store_fill put DIR FILE DATABASE    reads them into a store, 2000 at a time,
 *                                       about as many as nodes send at once;
 *                                       DATABASE: PostgreSQL; "": SQLite, FILE
 *
 * read and put print the number of records.
 */
#include <dirent.h>
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/ledger.h"
#include "store/store.h"

#define DAYS 30
#define HOURS (DAYS * 24)
#define WALL_S INT64_C(1790000000)	/* at boot time 0 */
#define BATCH 2000

/* ---- ledgers -------------------------------------------------------------------- */

struct making {
	ledger_t *ledger;
	struct ledger_rec recs[256];
	struct ledger_part parts[256];	/* of one interval */
	uint32_t len;
};

static void flush_records(struct making *m)
{
	struct err why;

	if (m->len && ledger_append(m->ledger, m->recs, m->len, &why) < 0)
		errx(1, "%s", why.text);
	m->len = 0;
}

static struct ledger_alloc alloc_of(const char *node, uint32_t job,
				    int64_t from_ns, int64_t to_ns, double share)
{
	struct ledger_alloc a = { .job_id = job, .uid = 1000 + job % 50,
		.stepd_pid = 4242, .boot_id = "6f6c1f0e-95c5-4be0-9f50-7a5a2a8a5f11",
		.step = "extern", .source = "redfish:power", .end = "exit" };

	snprintf(a.node, sizeof(a.node), "%s", node);
	a.start_ns = from_ns;
	a.end_ns = a.settled_ns = to_ns;
	a.start_wall_ns = WALL_S * NS_PER_S + from_ns;
	a.end_wall_ns = WALL_S * NS_PER_S + to_ns;
	a.active_ns = a.covered_ns = to_ns - from_ns;
	a.max_gap_ns = 5 * NS_PER_S;
	a.holding = (holding_t){ 64 * share, 0, 1024 };
	a.share = share;
	a.node_j = 412.5 * ns_to_s(to_ns - from_ns);
	a.gated_j = a.node_j * share;
	a.model_w = 300 * share;
	return a;
}

/* One after the other, each with a step; together they are half the node. */
static void hour_make(struct making *m, const char *node, int hour,
		      uint32_t jobs, uint32_t *next_job)
{
	const int64_t begin = hour * 3600 * NS_PER_S;
	const int64_t length = 3600 * NS_PER_S / (int64_t)(jobs ? jobs : 1);
	struct ledger_rec *r;

	for (uint32_t i = 0; i < jobs; i++) {
		const uint32_t job = (*next_job)++;
		const int64_t from = begin + i * length;

		m->recs[m->len++] = (struct ledger_rec){ LEDGER_STEP,
			{ .alloc = alloc_of(node, job, from, from + length, 0.5) } };
		strcpy(m->recs[m->len - 1].alloc.step, "batch");
		r = &m->recs[m->len++];
		*r = (struct ledger_rec){ LEDGER_ALLOC,
			{ .alloc = alloc_of(node, job, from, from + length, 0.5) } };
		m->parts[i] = (struct ledger_part){ job, 0, r->alloc.gated_j };
		printf("%u||COMPLETED|%lld|%lld|00:00:00|%lld|32|cpu=32||%s|user%u|acc%u|\n",
		       job, (long long)(WALL_S + from / NS_PER_S),
		       (long long)(WALL_S + (from + length) / NS_PER_S),
		       (long long)(length / NS_PER_S), node, job % 50, job % 7);
	}
	r = &m->recs[m->len++];
	*r = (struct ledger_rec){ .kind = LEDGER_INTERVAL };
	snprintf(r->interval.node, sizeof(r->interval.node), "%s", node);
	strcpy(r->interval.boot_id, "6f6c1f0e-95c5-4be0-9f50-7a5a2a8a5f11");
	r->interval.start_ns = begin;
	r->interval.end_ns = begin + 3600 * NS_PER_S;
	r->interval.start_wall_ns = WALL_S * NS_PER_S + begin;
	r->interval.end_wall_ns = WALL_S * NS_PER_S + r->interval.end_ns;
	r->interval.measured_ns = 3600 * NS_PER_S;
	r->interval.node_j = 412.5 * 3600;
	r->interval.parts = m->parts;
	r->interval.parts_len = jobs;
	for (uint32_t i = 0; i < jobs; i++)
		r->interval.allocated_j += m->parts[i].joules;
	r->interval.unallocated_j = r->interval.node_j - r->interval.allocated_j;
	flush_records(m);
}

static void make(const char *dir, uint32_t nodes, uint32_t records)
{
	const uint32_t each = records / nodes, jobs = (each - HOURS) / 2;
	static struct making m;
	uint32_t next_job = 1;

	if (each < HOURS || jobs / HOURS + 1 > 100)
		errx(2, "%u records a node: from %u to %u", each, HOURS,
		     HOURS * 200);
	for (uint32_t k = 0; k < nodes; k++) {
		char node[32];
		uint64_t repaired;
		struct err why;

		snprintf(node, sizeof(node), "n%u", k + 1);
		m.ledger = ledger_open(dir, node, &repaired, &why);
		if (!m.ledger)
			errx(1, "%s", why.text);
		for (int h = 0; h < HOURS; h++)
			hour_make(&m, node, h, jobs / HOURS +
				  ((uint32_t)h < jobs % HOURS), &next_job);
		ledger_close(m.ledger);
	}
}

/* ---- reading and putting --------------------------------------------------------- */

struct batch {
	store_t *store;		/* NULL: records are only read */
	const char *node;
	struct ledger_rec recs[BATCH];
	struct ledger_part parts[BATCH][128];
	uint32_t len;
	uint64_t count;
};

static void batch_put(struct batch *b)
{
	struct store_count count;
	struct err why;

	if (b->len && store_put(b->store, b->node, b->recs, b->len, &count,
				&why) != 0)
		errx(1, "%s", why.text);
	b->len = 0;
}

static void take(struct batch *b, const struct ledger_rec *rec)
{
	struct ledger_rec *to = &b->recs[b->len];

	b->count++;
	if (!b->store)
		return;
	*to = *rec;
	if (rec->kind == LEDGER_INTERVAL) {
		memcpy(b->parts[b->len], rec->interval.parts,
		       rec->interval.parts_len * sizeof(b->parts[0][0]));
		to->interval.parts = b->parts[b->len];
	}
	if (++b->len == BATCH)
		batch_put(b);
}

static void file_read(struct batch *b, const char *path)
{
	struct ledger_rec rec;
	struct err why;
	ledger_reader_t *r = ledger_reader_open(path, &why);
	int rc;

	if (!r)
		errx(1, "%s", why.text);
	while ((rc = ledger_reader_next(r, &rec, &why)) > 0)
		take(b, &rec);
	if (rc < 0)
		errx(1, "%s", why.text);
	batch_put(b);
	ledger_reader_close(r);
}

static void dir_read(struct batch *b, const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char *dot = strstr(names[i]->d_name, ".ledger");
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]->d_name);
		if (dot) {
			*dot = '\0';
			b->node = names[i]->d_name;
			file_read(b, path);
		}
		free(names[i]);
	}
	free(names);
	printf("%llu\n", (unsigned long long)b->count);
}

int main(int argc, char **argv)
{
	struct batch *b = calloc(1, sizeof(*b));
	struct err why;

	if (argc == 5 && strcmp(argv[1], "make") == 0) {
		make(argv[2], (uint32_t)atoi(argv[3]), (uint32_t)atoi(argv[4]));
		return 0;
	}
	if (argc == 5 && strcmp(argv[1], "put") == 0) {
		const struct store_params params = { argv[3], argv[4], NULL, 0 };

		b->store = store_open_at(&params, STORE_WRITE, &why);
		if (!b->store)
			errx(1, "%s", why.text);
	} else if (argc != 3 || strcmp(argv[1], "read") != 0) {
		errx(2, "usage: store_fill make|read|put DIR ...");
	}
	dir_read(b, argv[2]);
	store_close(b->store);
	free(b);
	return 0;
}
