/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `wattgate report` and `wattgate audit` say is the same to the byte
 * whether the ledgers lie in a directory, in SQLite or in PostgreSQL.
 */
#include <math.h>

#include "cli/audit.h"
#include "cli/job_rows.h"
#include "cli/report.h"
#include "lib/ledger.h"
#include "pgserver.h"
#include "scratch.h"

#define WALL INT64_C(1790000000000000000)
#define S NS_PER_S
#define HOUR (3600 * S)
#define NODES 3
#define HOURS 60

static char dir[] = "/tmp/test_cli_store.XXXXXX";
static bool server;

enum place { FILES, SQLITE, POSTGRES, PLACES };

/* ---- ledgers that anything may be in -------------------------------------------- */

static FILE *sacct;

static void make_alloc(struct ledger_rec *r, const char *node, const char *boot,
		       uint32_t job, int64_t from_ns, int64_t to_ns,
		       int64_t wall_ns)
{
	struct ledger_alloc *a = &r->alloc;

	*r = (struct ledger_rec){ .kind = LEDGER_ALLOC };
	a->job_id = job;
	strcpy(a->step, "extern");
	a->restart = (uint32_t)random_between(0, 8) == 0;
	a->uid = 1000;
	snprintf(a->node, sizeof(a->node), "%s", node);
	snprintf(a->boot_id, sizeof(a->boot_id), "%s", boot);
	a->start_ns = from_ns;
	a->end_ns = a->settled_ns = to_ns;
	a->start_wall_ns = wall_ns + from_ns;
	a->end_wall_ns = wall_ns + to_ns;
	a->active_ns = to_ns - from_ns;
	/* at times it does not add up, for the audit to tell */
	a->suspended_ns = random_between(0, 20) ? 0 : S;
	a->covered_ns = random_between(0, a->active_ns);
	a->max_gap_ns = random_between(0, a->active_ns);
	a->holding = (holding_t){ (double)random_between(1, 8), random_unit(), 4096 };
	a->share = random_between(0, 5) ? random_unit() : NAN;
	a->node_j = ns_to_s(a->active_ns) * 300 * random_unit();
	a->gated_j = a->node_j * random_unit();
	a->model_w = random_between(0, 5) ? 100 * random_unit() : NAN;
	strcpy(a->source, random_between(0, 3) ? "redfish:power" : "ipmi dcmi");
	strcpy(a->end, random_between(0, 6) ? "exit" : "vanished");
}

static void make_interval(struct ledger_rec *r, const char *node,
			  const char *boot, struct ledger_part *parts,
			  uint32_t n, int64_t from_ns, int64_t to_ns,
			  int64_t wall_ns)
{
	struct ledger_interval *iv = &r->interval;

	*r = (struct ledger_rec){ .kind = LEDGER_INTERVAL };
	snprintf(iv->node, sizeof(iv->node), "%s", node);
	snprintf(iv->boot_id, sizeof(iv->boot_id), "%s", boot);
	iv->start_ns = from_ns;
	iv->end_ns = to_ns;
	iv->start_wall_ns = random_between(0, 20) ? wall_ns + from_ns : 0;
	iv->end_wall_ns = wall_ns + to_ns;
	iv->measured_ns = random_between(0, 6) ? to_ns - from_ns :
			  random_between(0, to_ns - from_ns);
	iv->unmeasured_ns = to_ns - from_ns - iv->measured_ns;
	iv->parts = parts;
	iv->parts_len = n;
	for (uint32_t i = 0; i < n; i++)
		iv->allocated_j += parts[i].joules;
	iv->idle_j = 1e4 * random_unit();
	iv->unallocated_j = 1e4 * random_unit();
	iv->node_j = iv->allocated_j + iv->idle_j + iv->unallocated_j;
	if (!random_between(0, 15))
		iv->node_j += 1;
}

/* sacct's row of a job; '|' is the separator. */
static void make_row(uint32_t job, const char *nodes, int64_t start_s,
		     int64_t end_s)
{
	fprintf(sacct, "%u||%s|%lld|%lld|00:00:00|%lld|2|cpu=2|%u|%s|ann|a|*p\n",
		job, end_s ? "COMPLETED" : "RUNNING", (long long)start_s,
		(long long)end_s, (long long)((end_s ? end_s : start_s + 50) - start_s),
		job % 3 * 1000, nodes);
}

static void append(ledger_t *l, const struct ledger_rec *rec)
{
	struct err err = { "" };

	ck_assert_msg(ledger_append(l, rec, 1, &err) == 0, "%s", err.text);
}

/* One node: HOURS hours, a reboot or two, jobs of its own, some things open. */
static void make_node(const char *ledgers, const char *node, uint32_t jobs_from)
{
	struct ledger_rec rec, open[2];
	struct ledger_part parts[8];
	int64_t at = 0, wall_ns = WALL;
	struct err err = { "" };
	uint64_t repaired;
	ledger_t *l = ledger_open(ledgers, node, &repaired, &err);
	char boot[40] = "boot-0";

	ck_assert_msg(l != NULL, "%s", err.text);
	for (int hour = 0; hour < HOURS; hour++) {
		const uint32_t job = jobs_from + (uint32_t)hour;
		const int64_t end = at + (random_between(0, 9) ? HOUR :
					  random_between(1, 30 * HOUR));
		uint32_t n = (uint32_t)random_between(0, 8);

		for (uint32_t i = 0; i < n; i++)
			parts[i] = (struct ledger_part){ job - i, 0,
							 1e5 * random_unit() };
		make_interval(&rec, node, boot, parts, n, at, end, wall_ns);
		append(l, &rec);
		make_alloc(&rec, node, boot, job, at + S, at + HOUR / 2, wall_ns);
		append(l, &rec);
		make_row(job, node, rec.alloc.start_wall_ns / S,
			 rec.alloc.end_wall_ns / S);
		if (hour % 4 == 0) {
			rec.kind = LEDGER_STEP;
			strcpy(rec.alloc.step, "0");
			append(l, &rec);
		}
		at = end + (random_between(0, 8) ? 0 : random_between(1, HOUR));
		if (!random_between(0, 12)) {
			wall_ns += at;
			at = random_between(0, HOUR);
			snprintf(boot, sizeof(boot), "boot-%d", hour);
		}
	}
	make_interval(&open[0], node, boot, parts, 2, at, at + 600 * S, wall_ns);
	make_alloc(&open[1], node, boot, jobs_from + HOURS, at + S, at + 500 * S,
		   wall_ns);
	strcpy(open[1].alloc.end, "open");
	make_row(jobs_from + HOURS, node, open[1].alloc.start_wall_ns / S, 0);
	ck_assert_int_eq(ledger_write_open(l, open, 2, &err), 0);
	ledger_close(l);
}

/* ---- into a store ---------------------------------------------------------------- */

struct loading {
	struct ledger_rec recs[7];
	struct ledger_part parts[7][8];
	uint32_t len, most;
	store_t *store;
	const char *node;
	bool open;
};

static void load_now(struct loading *l)
{
	struct store_count count;
	struct err err = { "" };
	int rc;

	if (l->open)
		rc = store_put_open(l->store, l->node, l->recs, l->len, &err);
	else
		rc = store_put(l->store, l->node, l->recs, l->len, &count, &err);
	ck_assert_msg(rc == 0, "%s", err.text);
	l->len = 0;
	l->most = (uint32_t)random_between(1, 7);
}

static void load_one(const struct ledger_rec *rec, void *arg)
{
	struct loading *l = arg;

	l->recs[l->len] = *rec;
	if (rec->kind == LEDGER_INTERVAL) {
		memcpy(l->parts[l->len], rec->interval.parts,
		       rec->interval.parts_len * sizeof(l->parts[0][0]));
		l->recs[l->len].interval.parts = l->parts[l->len];
	}
	if (++l->len >= l->most)
		load_now(l);
}

static void load_all(store_t *store, const char *ledgers)
{
	const struct ledgers from = { .dir = ledgers };
	struct names nodes = { 0 };
	struct err err = { "" };

	ck_assert_int_eq(ledgers_nodes(&from, &nodes, &err), 0);
	for (size_t i = 0; i < nodes.len; i++) {
		struct loading l = { .most = 3, .store = store,
				     .node = nodes.list[i] };
		const struct ledger_visitor visitor = { load_one, NULL, &l };

		ck_assert_int_eq(ledgers_visit(&from, nodes.list[i],
					       LEDGER_FILE_CLOSED, &visitor,
					       &err), 0);
		load_now(&l);
		l.open = true;
		l.most = 7;
		ck_assert_int_eq(ledgers_visit(&from, nodes.list[i],
					       LEDGER_FILE_OPEN, &visitor,
					       &err), 0);
		load_now(&l);
	}
	names_destroy(&nodes);
}

/* ---- what commands say ------------------------------------------------------------- */

static void conf_of(struct conf *conf, enum place place)
{
	conf->mode = place == FILES ? CONF_MODE_NODE : CONF_MODE_SITE;
	/* there the directory has nothing */
	snprintf(conf->ledger_dir, sizeof(conf->ledger_dir), "%s",
		 scratch_path(place == FILES ? "ledgers" : "none"));
	snprintf(conf->site.store_file, sizeof(conf->site.store_file), "%s",
		 scratch_path("site.db"));
	if (place == POSTGRES)
		snprintf(conf->site.database, sizeof(conf->site.database),
			 "host=%s dbname=site user=wattgate", dir);
}

static void print_rows(struct rows *rows, void *arg)
{
	rows_print_csv_part(arg, rows, true);
}

static struct report *report_for(enum place place, int64_t from_ns, int64_t to_ns)
{
	static struct report r;

	memset(&r, 0, sizeof(r));
	r.from_ns = from_ns;
	r.to_ns = to_ns;
	r.now_ns = WALL + 100 * HOUR;
	r.running = true;
	r.via = SLURM_VIA_SACCT;
	r.confs.absent = true;
	strcpy(r.confs.all.pue, "1");
	ck_assert_int_eq(rates_open(&r.rates, &r.confs.all, NULL), 0);
	conf_of(&r.confs.all, place);
	return &r;
}

static char *say(enum place place, int64_t from_ns, int64_t to_ns)
{
	struct report *r = report_for(place, from_ns, to_ns);
	struct audit_result result = audit_result_create();
	struct ledgers from;
	struct names nodes = { 0 };
	struct err err = { "" };
	struct rows *rows;
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	ck_assert_msg(report_jobs(r, print_rows, f, &err) == 0, "%s", err.text);
	rows = report_nodes(r, &err);
	ck_assert_msg(rows != NULL, "%s", err.text);
	rows_print_csv_part(f, rows, true);
	rows_destroy(rows);
	ck_assert_msg(ledgers_open(&from, &r->confs.all, &err) == 0, "%s",
		      err.text);
	ck_assert((from.store != NULL) == (place != FILES));
	ck_assert_int_eq(ledgers_nodes(&from, &nodes, &err), 0);
	for (size_t i = 0; i < nodes.len; i++)
		ck_assert_int_eq(audit_node(&from, nodes.list[i], &result,
					    &err), 0);
	rows_print_csv_part(f, result.nodes, true);
	rows_print_csv_part(f, result.unmeasured, true);
	rows_print_csv_part(f, result.violations, true);
	rows_print_csv_part(f, result.notes, true);
	ck_assert_uint_gt(result.violations->len, 0);
	audit_result_destroy(&result);
	names_destroy(&nodes);
	ledgers_close(&from);
	rates_clear(&r->rates);
	confs_clear(&r->confs);
	fclose(f);
	return text;
}

static void fake_sacct(void)
{
	char script[512];

	snprintf(script, sizeof(script), "#!/bin/sh\n"
		 "for a; do case $a in --delimiter=*) d=${a#--delimiter=};; esac; done\n"
		 "sed \"s/|/$d/g\" %s\n", scratch_path("rows"));
	file_write(scratch_path("sacct"), script, strlen(script));
	ck_assert_int_eq(chmod(scratch_path("sacct"), 0755), 0);
	snprintf(script, sizeof(script), "#!/bin/sh\necho 'cpu|'\n");
	file_write(scratch_path("sacctmgr"), script, strlen(script));
	ck_assert_int_eq(chmod(scratch_path("sacctmgr"), 0755), 0);
	snprintf(script, sizeof(script), "%s:/usr/bin:/bin", scratch);
	setenv("PATH", script, 1);
}

static void fill(enum place place)
{
	const struct store_params params = {
		scratch_path("site.db"), "", NULL, 0
	};
	struct conf conf = { 0 };
	struct err err = { "" };
	store_t *s;

	conf_of(&conf, place);
	s = place == POSTGRES ? store_open(&conf, STORE_WRITE, &err) :
				store_open_at(&params, STORE_WRITE, &err);
	ck_assert_msg(s != NULL, "%s", err.text);
	load_all(s, scratch_path("ledgers"));
	load_all(s, scratch_path("ledgers"));	/* a node sends again */
	store_close(s);
}

START_TEST(test_same)
{
	random_start("test_same");
	ck_assert_int_eq(mkdir(scratch_path("ledgers"), 0755), 0);
	sacct = fopen(scratch_path("rows"), "w");
	for (uint32_t i = 0; i < NODES; i++) {
		char node[8];

		snprintf(node, sizeof(node), "n%u", i);
		make_node(scratch_path("ledgers"), node, 100 + 1000 * i);
	}
	fclose(sacct);
	fake_sacct();
	for (enum place place = SQLITE; place < PLACES; place++) {
		if ((place == SQLITE && !HAVE_SQLITE) ||
		    (place == POSTGRES && !server))
			continue;
		fill(place);
		for (int k = 0; k < 30; k++) {
			/* all of it, and parts */
			const int64_t from = k == 0 ? WALL - HOUR :
				WALL + random_between(-5, 100) * HOUR +
				random_between(0, HOUR);
			const int64_t to = k == 0 ? WALL + 1000 * HOUR :
				from + random_between(1, 40 * HOUR);
			char *want, *got;

			if (from >= WALL + 100 * HOUR)
				continue;
			want = say(FILES, from, to);
			got = say(place, from, to);
			ck_assert_uint_gt(strlen(want), 2000);
			ck_assert_msg(strcmp(want, got) == 0, "place %d, window %lld %lld:\n%s\n---\n%s",
				      place, (long long)from, (long long)to,
				      want, got);
			free(want);
			free(got);
		}
	}
}
END_TEST

/* A store that is configured but away is no empty one. */
START_TEST(test_away)
{
	struct conf conf = { .mode = CONF_MODE_SITE };
	struct ledgers from;
	struct err err = { "" };

	/* none at all: the directory */
	strcpy(conf.ledger_dir, "/nowhere");
	snprintf(conf.site.store_file, sizeof(conf.site.store_file), "%s",
		 scratch_path("none.db"));
	ck_assert_int_eq(ledgers_open(&from, &conf, &err), 0);
	ck_assert_ptr_null(from.store);
	file_write(conf.site.store_file, "nonsense", 8);
	ck_assert_int_eq(ledgers_open(&from, &conf, &err), -1);
	ck_assert_ptr_null(from.store);
	snprintf(conf.site.database, sizeof(conf.site.database),
		 "host=%s dbname=site", scratch);
	ck_assert_int_eq(ledgers_open(&from, &conf, &err), -1);
	ck_assert_str_ne(err.text, "");
}
END_TEST

static void once_setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	server = HAVE_LIBPQ && pgserver_start(dir, "site") &&
		 shell("cd %s && psql -X -q -h %s -U boss -d site -v ON_ERROR_STOP=1 "
		       "-c 'CREATE ROLE wattgate LOGIN' -f " SCHEMA_DIR
		       "/001-store.sql >%s/out 2>&1", dir, dir, dir) == 0;
	if (!server)
		puts("SKIPPED: no PostgreSQL server could be started here");
}

static void once_teardown(void)
{
	if (server)
		pgserver_stop(dir);
	tree_remove(dir);
}

int main(void)
{
	Suite *suite = suite_create("cli_store");
	TCase *tc = tcase_create("cli_store");

	tcase_add_unchecked_fixture(tc, once_setup, once_teardown);
	tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
	tcase_set_timeout(tc, 180);
	tcase_add_test(tc, test_same);
	tcase_add_test(tc, test_away);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
