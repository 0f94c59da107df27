/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * report, audit and doctor on a real PostgreSQL, which is started here and is
 * nobody else's. Where its programs are missing, nothing is tried.
 */

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/audit_oar.h"
#include "cli/cmd.h"
#include "cli/doctor.h"
#include "cli/job_rows.h"
#include "cli/oar_conf.h"
#include "cli/oar_login.h"
#include "cli/report.h"
#include "cli/report_days.h"
#include "lib/clock.h"
#include "pgserver.h"
#include "scratch.h"

static char dir[] = "/tmp/test_cli_oar.XXXXXX";
static bool server;

/* ---- the server ------------------------------------------------------------------- */

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0644), 0);
}

/* As the server's superuser. */
static void sql(const char *text)
{
	write_file("sql", text);
	ck_assert_msg(shell("psql -X -q -1 -v ON_ERROR_STOP=1 -h %s -U boss -d oar -f %s/sql >%s/out 2>&1 || { cat %s/out; exit 1; }",
			    dir, dir, dir, dir) == 0, "%s", text);
}

/* What OAR has of its own, as far as it is read here. */
static const char oar_tables[] =
	"CREATE ROLE oar LOGIN; CREATE ROLE oar_ro LOGIN; CREATE ROLE stranger LOGIN;\n"
	"CREATE ROLE wattgate LOGIN;\n"
	"CREATE TABLE jobs (job_id serial PRIMARY KEY, job_user text, project text,\n"
	"  state text, start_time integer, stop_time integer, assigned_moldable_job integer,\n"
	"  array_id integer, submission_time integer NOT NULL DEFAULT 0,\n"
	"  job_name text);\n"
	"CREATE TABLE resources (resource_id serial, type text, network_address text, state text);\n"
	"CREATE TABLE moldable_job_descriptions (moldable_id integer);\n"
	"CREATE TABLE assigned_resources (moldable_job_id integer);\n"
	"CREATE TABLE job_state_logs (job_id integer);\n"
	"CREATE TABLE job_types (job_id integer);\n"
	"GRANT SELECT ON ALL TABLES IN SCHEMA public TO wattgate, oar_ro;\n"
	"\\i " SCHEMA_DIR "/001-results.sql\n"
	"GRANT USAGE ON SCHEMA wattgate TO oar, oar_ro;\n"
	"GRANT SELECT ON ALL TABLES IN SCHEMA wattgate TO oar, oar_ro;\n";

/* ---- what is in it ------------------------------------------------------------------- */

/*
 * H0 is an hour. n1 is accounted from H0 + 600 on and settled to H0 + 5400;
 * 100 s of the first hour were not measured. Job 1 ran over the hour's end,
 * job 2 still runs, so does 5, which OAR has ended meanwhile. n2 is silent; job
 * 3 was there. Job 4 ran on both. OAR knows more: 6 ran earlier, 7 never got
 * resources, 8 waits, 9 began a moment ago.
 */
#define H0 INT64_C(1789999200)

static const char fill[] =
	"DELETE FROM wattgate.allocation_hour; DELETE FROM wattgate.allocation;\n"
	"DELETE FROM wattgate.job; DELETE FROM wattgate.node; DELETE FROM wattgate.node_hour;\n"
	"DELETE FROM wattgate.account_hour; DELETE FROM wattgate.account_day;\n"
	"DELETE FROM jobs; DELETE FROM resources;\n"
	"UPDATE wattgate.meta SET version = 1;\n"
	"\\set h 1789999200\n"
	"INSERT INTO wattgate.node (node, settled_s) VALUES ('n1', :h + 5400), ('n2', :h + 5400);\n"
	"INSERT INTO wattgate.job (job_id, job_user, project, state, start_s, stop_s, core_s, gpu_s) VALUES\n"
	"  (1, 'ann', 'p,\"1', 'Terminated', :h + 1200, :h + 4200, 7200, 3600),\n"
	"  (2, 'bob', '', 'Running', :h + 3600, NULL, 1800, 0),\n"
	"  (3, 'ann', 'p', 'Error', :h + 1200, :h + 1800, 600, 0),\n"
	"  (4, 'eve', 'p', 'Terminated', :h + 1200, :h + 1300, 200, 0),\n"
	"  (5, 'eve', 'p', 'Running', :h + 5300, NULL, 100, 0);\n"
	"INSERT INTO wattgate.allocation (job_id, node, gated_j, node_j, model_j, active_s,\n"
	"  covered_s, max_gap_s, cores, gpus, share_s, start_s, end_s, closed, source) VALUES\n"
	"  (1, 'n1', 36000, 72000, 7200, 3000, 2900, 100, 2, 1, 1500, :h + 1200, :h + 4200, true, 'redfish:power'),\n"
	"  (2, 'n1', 18000, 36000, 3600, 1800, 1800, 1, 1, 0, 900, :h + 3600, NULL, false, 'redfish:power'),\n"
	"  (3, 'n2', 0, 0, NULL, 600, 0, 600, 1, 0, 300, :h + 1200, :h + 1800, true, NULL),\n"
	"  (4, 'n1', 360, 1000, 36, 100, 100, 1, 1, 0, 36, :h + 1200, :h + 1300, true, 'redfish:power'),\n"
	"  (4, 'n2', 0, 0, 36, 100, 0, 100, 1, 0, 36, :h + 1200, :h + 1300, true, 'kwollect'),\n"
	"  (5, 'n1', 720, 1440, 10, 100, 100, 1, 1, 0, 50, :h + 5300, NULL, false, 'redfish:power');\n"
	"INSERT INTO wattgate.allocation_hour (job_id, node, hour_s, gated_j, active_s, covered_s) VALUES\n"
	"  (1, 'n1', :h, 28800, 2400, 2300), (1, 'n1', :h + 3600, 7200, 600, 600),\n"
	"  (2, 'n1', :h + 3600, 18000, 1800, 1800), (3, 'n2', :h, 0, 600, 0),\n"
	"  (4, 'n1', :h, 360, 100, 100), (4, 'n2', :h, 0, 100, 0),\n"
	"  (5, 'n1', :h + 3600, 720, 100, 100);\n"
	"INSERT INTO wattgate.node_hour VALUES\n"
	"  ('n1', :h, 72000, 29160, 30840, 12000, 2900, 100, 600, false),\n"
	"  ('n1', :h + 3600, 36000, 25920, 10080, 0, 1800, 0, 0, false),\n"
	"  ('n2', :h, 0, 0, 0, 0, 0, 3000, 2000, false),\n"
	"  ('n2', :h + 3600, 0, 0, 0, 0, 0, 1800, 1800, false);\n"
	"INSERT INTO jobs VALUES\n"
	"  (1, 'ann', 'x', 'Terminated', :h + 1200, :h + 4200, 1),\n"
	"  (2, 'bob', '', 'Suspended', :h + 3600, 0, 2),\n"
	"  (5, 'eve', 'p', 'Terminated', :h + 5300, :h + 5500, 5),\n"
	"  (6, 'old', 'p', 'Terminated', :h + 1, :h + 2, 6),\n"
	"  (7, 'eve', 'p', 'Error', 0, :h + 50, 0),\n"
	"  (8, 'eve', 'p', 'Waiting', :h + 9000, 0, 0),\n"
	"  (9, 'eve', 'p', 'Running', :h + 5399, 0, 9),\n"
	"  (10, 'eve', 'p', 'Error', :h + 9000, :h + 60, 10);\n"
	"UPDATE wattgate.job SET job_name = 'ours-' || job_id WHERE job_id <> 4;\n"
	"UPDATE jobs SET job_name = 'oar-' || job_id;\n"
	"INSERT INTO resources (type, network_address, state) VALUES\n"
	"  ('default', 'n1', 'Alive'), ('default', 'n1', 'Alive'), ('default', 'n2', 'Alive'),\n"
	"  ('licence', 'n9', 'Alive'), ('default', '', 'Alive');\n";

static void once_setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	server = pgserver_start(dir, "oar");
	if (!server) {
		puts("SKIPPED: no PostgreSQL server could be started here");
		return;
	}
	sql(oar_tables);
	/* what the audit is to find cannot be written, else */
	sql("DO $$ DECLARE c record; BEGIN FOR c IN SELECT conrelid::regclass t, conname\n"
	    "FROM pg_constraint WHERE connamespace = 'wattgate'::regnamespace\n"
	    "AND contype IN ('c', 'f') AND conrelid <> 0 LOOP\n"
	    "EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname);\n"
	    "END LOOP; END $$;\n"
	    "ALTER DOMAIN wattgate.joules DROP CONSTRAINT joules_check;\n"
	    "ALTER DOMAIN wattgate.seconds DROP CONSTRAINT seconds_check;\n");
}

static void once_teardown(void)
{
	if (server)
		pgserver_stop(dir);
	tree_remove(dir);
}

static void setup(void)
{
	if (server)
		sql(fill);
}

static pg_oar_t *open_as(const char *user)
{
	char conninfo[256];
	struct err err = { "" };
	pg_oar_t *db;

	snprintf(conninfo, sizeof(conninfo), "host=%s dbname=oar user=%s", dir,
		 user);
	db = pg_oar_open(conninfo, NULL, &err);
	ck_assert_msg(db != NULL, "%s", err.text);
	return db;
}

/* ---- report --------------------------------------------------------------------------- */

struct collected {
	FILE *f;
	size_t parts, rows, most;
};

static void collect(struct rows *rows, void *arg)
{
	struct collected *c = arg;

	rows_print_csv_part(c->f, rows, c->parts == 0);
	c->parts++;
	c->rows += rows->len;
	if (rows->len > c->most)
		c->most = rows->len;
}

typedef int reporter(const struct report *report, pg_oar_t *db,
		     report_sink *sink, void *arg, struct err *err);

/* The report as CSV; the caller frees it. */
static char *report_csv(reporter *fn, int64_t from_s, int64_t to_s,
			const char *user, bool running, struct collected *c)
{
	struct report r = { .from_ns = from_s * NS_PER_S,
			    .to_ns = to_s * NS_PER_S,
			    .now_ns = (H0 + 5460) * NS_PER_S,
			    .running = running, .user = user };
	pg_oar_t *db = open_as("oar_ro");
	struct err err = { "" };
	char *text;
	size_t len;

	strcpy(r.confs.all.pue, "2");
	strcpy(r.confs.all.intensity, "100");
	ck_assert_int_eq(rates_open(&r.rates, &r.confs.all, &err), 0);
	*c = (struct collected){ .f = open_memstream(&text, &len) };
	ck_assert_msg(fn(&r, db, collect, c, &err) == 0, "%s", err.text);
	fclose(c->f);
	rates_clear(&r.rates);
	pg_oar_close(db);
	return text;
}

static void expect_jobs(int64_t from_s, int64_t to_s, const char *user,
			bool running, const char *want)
{
	struct collected c;
	char *got = report_csv(report_oar_jobs, from_s, to_s, user, running,
			       &c);
	const char *rows = strchr(got, '\n') + 1;

	ck_assert_int_eq(strncmp(got, "job_id,user,account,project,state,start,end,core_hours,gpu_hours,energy_kwh,bmc_kwh,model_kwh,coverage,max_gap_s,source,co2e_g,cost\n",
				 (size_t)(rows - got)), 0);
	ck_assert_str_eq(rows, want);
	free(got);
}

#define JOB1 "1,ann,,\"p,\"\"1\",Terminated,2026-09-21T14:20:00Z,2026-09-21T15:10:00Z,2,1,0.01,0.02,0.002,0.966666666667,100,schema:redfish:power,2,\n"
#define JOB2 "2,bob,,,Suspended,2026-09-21T15:00:00Z,,0.5,0,0.005,0.01,0.001,1,1,schema-open:redfish:power,1,\n"
#define JOB3 "3,ann,,p,Error,2026-09-21T14:20:00Z,2026-09-21T14:30:00Z,0.166666666667,0,,,,0,600,schema,,\n"
#define JOB4 "4,eve,,p,Terminated,2026-09-21T14:20:00Z,2026-09-21T14:21:40Z,0.055555555556,0,0.0001,0.000277777778,0.00002,0.5,100,schema:mixed,0.02,\n"
#define JOB5 "5,eve,,p,Terminated,2026-09-21T15:28:20Z,2026-09-21T15:31:40Z,0.027777777778,0,0.0002,0.0004,0.000002777778,1,1,schema-open:redfish:power,0.04,\n"
#define JOB6 "6,old,,p,Terminated,2026-09-21T14:00:01Z,2026-09-21T14:00:02Z,,,,,,,,,,\n"
#define JOB7 "7,eve,,p,Error,,2026-09-21T14:00:50Z,0,0,0,0,0,,,never-ran,0,\n"
#define JOB9 "9,eve,,p,Running,2026-09-21T15:29:59Z,,,,,,,,,,,\n"
#define JOB10 "10,eve,,p,Error,,2026-09-21T14:01:00Z,0,0,0,0,0,,,never-ran,0,\n"

START_TEST(test_report_jobs)
{
	static const struct {
		int64_t from_s, to_s;
		const char *user;
		bool running;
		const char *want;
	} cases[] = {
		{ 0, 6000, NULL, false,
		  JOB6 JOB7 JOB10 JOB4 JOB3 JOB1 JOB5 },
		{ 0, 6000, NULL, true,
		  JOB6 JOB7 JOB10 JOB4 JOB3 JOB1 JOB5 JOB2 JOB9 },
		{ 0, 6000, "ann", true, JOB3 JOB1 },
		{ 0, 6000, "nobody'; DROP TABLE jobs", true, "" },
		/* half-open, by end */
		{ 1800, 4200, NULL, false, JOB3 },
		{ 1801, 4201, NULL, false, JOB1 },
		{ 2, 3, NULL, false, JOB6 },
		{ 3, 50, NULL, false, "" },
		/* running ones began before the window's end */
		{ 3000, 3600, NULL, true, "" },
		{ 3000, 3601, NULL, true, JOB2 },
	};

	for (size_t i = 0; server && i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_jobs(H0 + cases[i].from_s, H0 + cases[i].to_s,
			    cases[i].user, cases[i].running, cases[i].want);
}
END_TEST

static void collect_names(struct rows *rows, void *arg)
{
	FILE *f = arg;

	for (size_t i = 0; i < rows->len; i++) {
		const struct cell *name = rows_cell(rows, i, JOB_NAME);

		fprintf(f, "%lld:%s ", (long long)rows_cell(rows, i, JOB_ID)->integer,
			name->known ? name->text : "-");
	}
}

/* Names as jobs had them when they ran; of jobs not ours, as OAR has them. */
START_TEST(test_report_names)
{
	struct report r = { .from_ns = H0 * NS_PER_S, .texts = true,
			    .to_ns = (H0 + 6000) * NS_PER_S };
	pg_oar_t *db = server ? open_as("oar_ro") : NULL;
	struct err err = { "" };
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	ck_assert(!db || report_oar_jobs(&r, db, collect_names, f, &err) == 0);
	fclose(f);
	if (db)
		ck_assert_str_eq(text, "6:oar-6 7:oar-7 10:oar-10 4:- 3:ours-3 1:ours-1 5:ours-5 ");
	free(text);
	pg_oar_close(db);
}
END_TEST

static int report_oar_days(const struct report *report, pg_oar_t *db,
			   report_sink *sink, void *arg, struct err *err)
{
	struct report r = *report;

	return report_days(&r, db, false, sink, arg, err);
}

START_TEST(test_report_days)
{
	static const struct {
		int64_t from_s, to_s;
		const char *user;
		const char *want;
	} cases[] = {
		{ 0, 5400, NULL, "2026-09-21,7,4,1,2.416666666667,0.833333333333,0.0153,0.51,,,,0.859649122807,600,mixed,3.06,,0,0.011366666667,0.003333333333,0.03\n" },
		/* cut: three quarters of job 1's first hour, half of job 2's time */
		{ 1800, 4500, NULL, "2026-09-21,2,2,0,1.583333333333,0.666666666667,0.0105,0.617647058824,0,,,0.977272727273,100,mixed,2.1,,-0.00204,0.00654,0.002,0.017\n" },
		{ 0, 5400, "ann", "2026-09-21,2,1,1,1.833333333333,0.833333333333,0.01,1,,,,0.805555555556,600,mixed,2,,,,,\n" },
		/* a job over midnight */
		{ 32400, 39600, NULL, "2026-09-21,1,1,0,1,,0.0025,0.333333333333,0,,,1,0,schema:x,0.5,,,,,\n"
		  "2026-09-22,1,1,0,1,,0.005,0.666666666667,0,,,1,0,schema:x,1,,,,,\n" },
		{ 43200, 86400, NULL, "" },
	};
	struct collected c;

	if (!server)
		return;
	sql("\\set h 1789999200\n"
	    "INSERT INTO wattgate.job (job_id, job_user, project, state, start_s, stop_s, core_s)\n"
	    "VALUES (50, 'bob', '', 'Terminated', :h + 34200, :h + 37800, 7200);\n"
	    "INSERT INTO wattgate.allocation (job_id, node, gated_j, node_j, active_s,\n"
	    "  covered_s, cores, share_s, start_s, end_s, closed, source)\n"
	    "VALUES (50, 'n1', 27000, 54000, 3600, 3600, 2, 1800, :h + 34200, :h + 37800, true, 'x');\n"
	    "INSERT INTO wattgate.allocation_hour VALUES\n"
	    "  (50, 'n1', :h + 32400, 9000, 1800, 1800), (50, 'n1', :h + 36000, 18000, 1800, 1800);\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = report_csv(report_oar_days, H0 + cases[i].from_s,
					H0 + cases[i].to_s, cases[i].user,
					false, &c);
		const char *rows = strchr(text, '\n') + 1;

		ck_assert_uint_eq(c.parts, 1);
		ck_assert_str_eq(rows, cases[i].want);
		free(text);
	}
}
END_TEST

/* OAR has deleted its row: the end is that of the allocations. */
START_TEST(test_report_deleted)
{
	if (!server)
		return;
	sql("DELETE FROM jobs WHERE job_id IN (1, 2);\n"
	    "UPDATE wattgate.allocation SET closed = true, end_s = start_s + 1800 WHERE job_id = 2;\n");
	expect_jobs(H0 + 4000, H0 + 5401, NULL, false,
		    JOB1 "2,bob,,,Running,2026-09-21T15:00:00Z,2026-09-21T15:30:00Z,0.5,0,0.005,0.01,0.001,1,1,schema:redfish:power,1,\n");
}
END_TEST

START_TEST(test_report_parts)
{
	struct collected c;
	char *text;

	if (!server)
		return;
	text = report_csv(report_oar_jobs, 0, 1, NULL, false, &c);
	ck_assert_uint_eq(c.parts, 1);	/* titles */
	ck_assert_uint_eq(c.rows, 0);
	free(text);
	sql("INSERT INTO wattgate.job (job_id, job_user, state, start_s, stop_s)\n"
	    "SELECT 100 + i, 'u', 'Terminated', 1000, 1000 + i FROM generate_series(1, 2500) i;\n");
	text = report_csv(report_oar_jobs, 0, 4000, NULL, false, &c);
	ck_assert_uint_eq(c.parts, 3);
	ck_assert_uint_eq(c.rows, 2500);
	ck_assert_uint_eq(c.most, 1000);
	ck_assert_ptr_nonnull(strstr(text, "\n1100,u,"));
	ck_assert_ptr_nonnull(strstr(text, "\n2600,u,"));
	free(text);
}
END_TEST

START_TEST(test_report_nodes)
{
	static const struct {
		int64_t from_s, to_s;
		const char *want;
	} cases[] = {
		/* the newest minute is not settled yet, and not missing */
		{ 600, 6000, "n1,2026-09-21T14:10:00Z,2026-09-21T15:30:00Z,0.03,0.0153,0.011366666667,0.003333333333,4700,100,0.979166666667\n"
			     "n2,2026-09-21T14:10:00Z,2026-09-21T15:30:00Z,,,,,0,4800,0\n" },
		/* a third of the second hour; none of the first */
		{ 3600, 4200, "n1,2026-09-21T15:00:00Z,2026-09-21T15:10:00Z,0.003333333333,0.0024,0.000933333333,0,600,0,1\n"
			      "n2,2026-09-21T15:00:00Z,2026-09-21T15:10:00Z,,,,,0,600,0\n" },
		/* before it was accounted: no record is no measurement */
		{ 0, 600, "n1,2026-09-21T14:00:00Z,2026-09-21T14:10:00Z,,,,,0,600,0\n"
			  "n2,2026-09-21T14:00:00Z,2026-09-21T14:10:00Z,,,,,0,600,0\n" },
	};

	for (size_t i = 0; server && i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct collected c;
		char *got = report_csv(report_oar_nodes, H0 + cases[i].from_s,
				       H0 + cases[i].to_s, NULL, false, &c);

		ck_assert_str_eq(strchr(got, '\n') + 1, cases[i].want);
		free(got);
	}
}
END_TEST

/* ---- audit ------------------------------------------------------------------------------ */

static struct audit_result audit(const char *node)
{
	struct audit_result result = audit_result_create();
	pg_oar_t *db = open_as("wattgate");
	struct err err = { "" };

	ck_assert_msg(audit_oar(db, node, &result, &err) == 0, "%s", err.text);
	pg_oar_close(db);
	return result;
}

static bool found(const struct rows *rows, const char *text)
{
	for (size_t i = 0; i < rows->len; i++)
		if (strstr(rows_cell(rows, i, 1)->text, text))
			return true;
	return false;
}

static void show(const struct rows *rows)
{
	for (size_t i = 0; i < rows->len; i++)
		printf("%s: %s\n", rows_cell(rows, i, 0)->text,
		       rows_cell(rows, i, 1)->text);
}

/* ---- export --------------------------------------------------------------------------- */

/* What a run of the command puts out; the caller frees it. NULL: no batch. */
static char *export_run(const char *settle, unsigned batch)
{
	char cursor[128], conf[128], out[128], file[256], login[160];
	char *argv[] = { "export", "--since-cursor", cursor, "--from", "@1",
			 "--scheduler", "oar", "--database", login, "--settle",
			 (char *)(uintptr_t)settle, "--output", out, "-c", conf,
			 NULL };
	size_t size;
	char *text;

	snprintf(cursor, sizeof(cursor), "%s/cursor", dir);
	snprintf(conf, sizeof(conf), "%s/conf", dir);
	snprintf(out, sizeof(out), "%s/batches", dir);
	snprintf(login, sizeof(login), "host=%s dbname=oar user=oar_ro", dir);
	file_write(conf, "", 0);
	mkdir(out, 0755);
	optind = 1;
	ck_assert_int_eq(cmd_export((int)COUNT(argv) - 1, argv), 0);
	snprintf(file, sizeof(file), "%s/wattgate-%010u.csv", out, batch);
	if (access(file, F_OK) != 0)
		return NULL;
	text = file_read(file, &size);
	return text;
}

/* Its rows by their columns job_id, revision, settled. */
static void expect_export(const char *settle, unsigned batch, const char *want)
{
	char *text = export_run(settle, batch), *save, got[1024] = "";

	ck_assert_int_eq(text != NULL, want != NULL);
	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		const size_t len = strlen(line);

		ck_assert_uint_gt(len, 3);
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%d%s ",
			 atoi(line), line + len - 4);
	}
	if (want)
		ck_assert_str_eq(got, want);
	free(text);
}

START_TEST(test_export)
{
	char *text;

	if (!server)
		return;
	/* 5 is not settled, and 6 ran before all this: they wait */
	expect_export("1d", 1, "0tled 7,1,1 10,1,1 4,1,1 3,1,1 1,1,1 ");
	expect_export("1d", 2, NULL);
	expect_export("0s", 2, "0tled 6,1,0 5,1,0 ");
	sql("UPDATE wattgate.job SET state = 'Terminated', stop_s = 1789999200 + 5500 WHERE job_id = 5;\n"
	    "UPDATE wattgate.allocation SET closed = true, end_s = 1789999200 + 5500,\n"
	    "  gated_j = 1440, node_j = 2880, active_s = 200, covered_s = 200 WHERE job_id = 5;\n");
	text = export_run("1d", 3);
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(strstr(text, "\n5,eve,,p,Terminated,2026-09-21T15:28:20Z,2026-09-21T15:31:40Z,"));
	ck_assert_ptr_nonnull(strstr(text, ",0.0004,"));
	ck_assert_ptr_nonnull(strstr(text, ",oar:5,2,1\n"));
	free(text);
	expect_export("1d", 4, NULL);
}
END_TEST

START_TEST(test_audit_well)
{
	struct audit_result r;

	if (!server)
		return;
	r = audit(NULL);
	show(r.violations);
	ck_assert_uint_eq(r.violations->len, 0);
	ck_assert_uint_eq(r.nodes->len, 2);
	ck_assert_int_eq(rows_cell(r.nodes, 0, 1)->integer,
			 (H0 + 600) * NS_PER_S);
	ck_assert_int_eq(rows_cell(r.nodes, 0, 2)->integer,
			 (H0 + 5400) * NS_PER_S);
	ck_assert_int_eq(rows_cell(r.nodes, 0, 3)->integer, 2);
	ck_assert_int_eq(rows_cell(r.nodes, 0, 4)->integer, 2);
	ck_assert_int_eq(rows_cell(r.nodes, 0, 5)->integer, 4);
	ck_assert_double_eq_tol(rows_cell(r.nodes, 0, 6)->number, 0.03, 1e-12);
	ck_assert(!rows_cell(r.nodes, 1, 6)->known);	/* n2: not 0 */
	/* n2's two silent hours are one stretch */
	ck_assert_uint_eq(r.unmeasured->len, 2);
	ck_assert_double_eq(rows_cell(r.unmeasured, 0, 3)->number, 100);
	ck_assert_double_eq(rows_cell(r.unmeasured, 1, 3)->number, 4800);
	ck_assert_int_eq(rows_cell(r.unmeasured, 1, 1)->integer,
			 (H0 + 600) * NS_PER_S);
	audit_result_destroy(&r);
	r = audit("n2");
	ck_assert_uint_eq(r.nodes->len, 1);
	audit_result_destroy(&r);
}
END_TEST

static const struct fault {
	const char *sql, *violation;
} faults[] = {
	{ "UPDATE wattgate.node_hour SET idle_j = idle_j + 0.01 WHERE node = 'n1'", "the node drew 72000.000000 J, but" },
	{ "UPDATE wattgate.node_hour SET node_j = 'NaN' WHERE node = 'n1'", "but the node has no such hour" },
	{ "UPDATE wattgate.node_hour SET idle_j = 'NaN' WHERE node = 'n1'", "energy is negative, or no number" },
	{ "UPDATE wattgate.node_hour SET idle_j = -1, unallocated_j = unallocated_j + idle_j + 1 WHERE node = 'n1'", "energy is negative" },
	{ "UPDATE wattgate.node_hour SET allocated_j = allocated_j + 1, node_j = node_j + 1 WHERE node = 'n1'", "29161.000000 J allocated, but its jobs have 29160.000000 J" },
	{ "UPDATE wattgate.allocation_hour SET gated_j = gated_j + 1 WHERE job_id = 2", "25920.000000 J allocated, but its jobs have 25921.000000 J" },
	{ "UPDATE wattgate.allocation_hour SET gated_j = gated_j + 1 WHERE job_id = 2", "job 2 is charged 18000.000000 J, but its hours are 18001.000000 J" },
	{ "DELETE FROM wattgate.allocation_hour WHERE job_id = 1 AND hour_s % 7200 = 0", "job 1 is charged" },
	{ "DELETE FROM wattgate.node_hour WHERE node = 'n1' AND node_j = 36000", "jobs have 25920.000000 J, but the node has no such hour" },
	{ "UPDATE wattgate.allocation_hour SET covered_s = covered_s - 1 WHERE job_id = 2", "job 2: 1800.000 s were measured, but its hours have 1799.000 s" },
	{ "UPDATE wattgate.allocation_hour SET active_s = active_s + 1 WHERE job_id = 2", "job 2 was active for 1800.000 s, but its hours have 1801.000 s" },
	{ "UPDATE wattgate.allocation_hour SET active_s = 3001 WHERE job_id = 3", "a job was active for 3001.000 s of its 3000.000 s" },
	{ "UPDATE wattgate.allocation SET node_j = 35999 WHERE job_id = 1", "job 1 is charged 36000.000000 J, but its node drew 35999.000000 J" },
	{ "UPDATE wattgate.allocation SET covered_s = 3001 WHERE job_id = 1", "job 1: 3001.000 s were measured of 3000.000 s" },
	{ "UPDATE wattgate.allocation SET covered_s = 0 WHERE job_id = 1", "in no measured time" },
	{ "UPDATE wattgate.allocation SET active_s = 3061 WHERE job_id = 1", "job 1 was active for 3061.000 s, but ran for 3000 s" },
	{ "UPDATE wattgate.node_hour SET unmeasured_s = 1801 WHERE node = 'n2' AND unmeasured_s = 1800", "are more than its 1800 s" },
	{ "UPDATE wattgate.node_hour SET unmeasured_s = 1799 WHERE node = 'n2' AND unmeasured_s = 1800", "are not its 1800 s" },
	{ "UPDATE wattgate.node_hour SET unmeasured_s = 3601 WHERE node = 'n2' AND unmeasured_s = 3000", "are more than its 3600 s" },
	{ "UPDATE wattgate.node_hour SET unmeasured_s = 'NaN' WHERE node = 'n2'", "are more than" },
	{ "UPDATE wattgate.node_hour SET idle_s = 1801 WHERE node = 'n2' AND unmeasured_s = 1800", "idle for longer than it is" },
	{ "UPDATE wattgate.node_hour SET idle_s = 0", "are idle, in no idle time" },
	{ "UPDATE wattgate.node_hour SET measured_s = 0, unmeasured_s = 1800 WHERE node_j = 36000", "36000.000000 J in no measured time" },
	{ "UPDATE wattgate.node SET settled_s = settled_s - 1800 WHERE node = 'n2'", "it lies beyond what is settled" },
	{ "UPDATE wattgate.account_hour SET gated_j = gated_j + 1 WHERE job_user = 'bob'", "account_hour from 2026-09-21T15:00:00Z" },
	{ "DELETE FROM wattgate.account_day WHERE job_user = 'bob'", "account_day from 2026-09-21T00:00:00Z" },
};
#define FAULTS (sizeof(faults) / sizeof(faults[0]))

START_TEST(test_audit_fault)
{
	struct audit_result r;

	if (!server)
		return;
	sql(faults[_i].sql);
	r = audit(NULL);
	if (!found(r.violations, faults[_i].violation)) {
		show(r.violations);
		ck_abort_msg("%s: no \"%s\"", faults[_i].sql,
			     faults[_i].violation);
	}
	audit_result_destroy(&r);
}
END_TEST

/* Hours of before wattgate were filled; behind them one begins late, not two. */
START_TEST(test_audit_past)
{
	struct audit_result r;
	unsigned untold = 0;

	if (!server)
		return;
	sql("ALTER TABLE wattgate.node_hour ADD source text");
	sql("INSERT INTO wattgate.node_hour SELECT node, hour_s - 3600, 360000, 0, 0, 360000, 3600, 0, 3600, false, "
	    "'kwollect:bmc_node_power_watt' FROM wattgate.node_hour WHERE hour_s = 1789999200");
	r = audit(NULL);
	ck_assert_uint_eq(r.violations->len, 0);
	for (size_t i = 0; i < r.unmeasured->len; i++)
		untold += strcmp(rows_cell(r.unmeasured, i, 4)->text,
				 "no record") == 0;
	ck_assert_uint_eq(untold, 2);	/* of both nodes, 600 s */
	audit_result_destroy(&r);
	sql("UPDATE wattgate.node_hour SET unmeasured_s = 1700 WHERE node = 'n2' AND unmeasured_s = 1800");
	r = audit(NULL);
	ck_assert(found(r.violations, "are not its 1800 s"));
	audit_result_destroy(&r);
	sql("UPDATE wattgate.node_hour SET source = 'redfish:power', unmeasured_s = 3600 - measured_s "
	    "WHERE hour_s < 1789999200");
	r = audit(NULL);
	ck_assert(found(r.violations, "are not its 3600 s"));
	audit_result_destroy(&r);
	sql("ALTER TABLE wattgate.node_hour DROP source");
}
END_TEST

START_TEST(test_audit_empty)
{
	struct audit_result result = audit_result_create();
	struct err err = { "" };
	pg_oar_t *db;

	if (server) {
		db = open_as("wattgate");
		ck_assert_int_eq(audit_oar(db, "n3", &result, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "no hour of node n3"));
		pg_oar_close(db);
		sql("DELETE FROM wattgate.node_hour; DELETE FROM wattgate.allocation_hour;\n"
		    "DELETE FROM wattgate.allocation; DELETE FROM wattgate.account_hour;\n"
		    "DELETE FROM wattgate.account_day;\n");
		db = open_as("wattgate");
		ck_assert_int_eq(audit_oar(db, NULL, &result, &err), -1);
		ck_assert_ptr_nonnull(strstr(err.text, "no hour of any node"));
		pg_oar_close(db);
	}
	audit_result_destroy(&result);
}
END_TEST

/* A gap between hours is listed, and does not hide what comes after it. */
START_TEST(test_audit_gap)
{
	struct audit_result r;

	if (!server)
		return;
	sql("UPDATE wattgate.node SET settled_s = settled_s + 7200;\n"
	    "INSERT INTO wattgate.node_hour VALUES ('n2', 1789999200 + 10800, 0, 0, 0, 0, 0, 1800, 0);\n"
	    "UPDATE wattgate.node_hour SET unmeasured_s = 3600 WHERE hour_s = 1789999200 + 3600 AND node = 'n2';\n");
	r = audit("n2");
	show(r.violations);
	ck_assert_uint_eq(r.violations->len, 0);
	ck_assert_uint_eq(r.unmeasured->len, 3);
	ck_assert_str_eq(rows_cell(r.unmeasured, 1, 4)->text, "no record");
	ck_assert_double_eq(rows_cell(r.unmeasured, 1, 3)->number, 3600);
	ck_assert_double_eq(rows_cell(r.unmeasured, 2, 3)->number, 1800);
	audit_result_destroy(&r);
}
END_TEST

/* ---- rights, versions ---------------------------------------------------------------------- */

START_TEST(test_schema)
{
	static const struct {
		const char *sql, *user, *text;
	} cases[] = {
		{ "", "oar_ro", NULL },
		{ "", "wattgate", NULL },
		{ "", "stranger", "role stranger: permission denied" },
		{ "UPDATE wattgate.meta SET version = 3", "oar_ro", "use the wattgate that came with it" },
	};

	for (size_t i = 0; server && i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = { "" };
		pg_oar_t *db;
		int rc;

		sql(cases[i].sql);
		db = open_as(cases[i].user);
		rc = pg_oar_schema_check(db, &err);
		ck_assert_int_eq(rc, cases[i].text ? -1 : 0);
		if (cases[i].text)
			ck_assert_msg(strstr(err.text, cases[i].text) != NULL,
				      "%s", err.text);
		pg_oar_close(db);
	}
}
END_TEST

static int take_nothing(const struct pg_row *row, void *arg)
{
	(void)row;
	++*(int *)arg;
	return 7;
}

/* Nothing is written; a reader that has enough ends a long answer. */
START_TEST(test_reading_only)
{
	struct err err = { "" };
	int rows = 0;
	pg_oar_t *db;

	if (!server)
		return;
	db = open_as("boss");
	ck_assert_int_eq(pg_oar_rows(db, "DELETE FROM public.jobs", NULL, 0,
				     take_nothing, &rows, &err), -1);
	ck_assert_msg(strstr(err.text, "read-only") != NULL, "%s", err.text);
	ck_assert_int_eq(pg_oar_rows(db, "SELECT i FROM generate_series(1, 100000000) i",
				     NULL, 0, take_nothing, &rows, &err), 7);
	ck_assert_int_eq(rows, 1);
	pg_oar_close(db);
}
END_TEST

/* ---- logins ----------------------------------------------------------------------------------- */

static void use_oar_conf(const char *text)
{
	static char path[128];

	write_file("oar.conf", text);
	snprintf(path, sizeof(path), "%s/oar.conf", dir);
	setenv("OARCONFFILE", path, 1);
}

START_TEST(test_oar_conf)
{
	static const struct {
		const char *text, *value;	/* of KEY; NULL: none */
	} cases[] = {
		{ "KEY=v\n", "v" },
		{ "KEY=v", "v" },
		{ "  KEY \t= \"a b\"  # no\n", "a b" },
		{ "KEY='v'\r\n", "v" },
		{ "KEY=\"v#w\"\n", "\"v" },	/* as OAR reads it */
		{ "KEY=1\nKEY=2\n", "2" },
		{ "KEY=1\n#KEY=2\nKEYS=3\nA_KEY=4\n", "1" },
		{ "KEY=\n", "" },
		{ "KEY=\nOTHER=3\n", "" },
		{ "KEY\n=3\n", NULL },
		{ "KEY = \n= 3\n", "" },
		{ "KEY\n", NULL },
		{ "", NULL },
		{ "\"KEY\"=1\n", NULL },
		{ "KEY=0123456789abcdef0123456789abcdef\n", NULL },
		{ "KEY=\"\n", "\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct oar_conf conf;
		char buf[32] = "none";
		bool got;

		use_oar_conf(cases[i].text);
		ck_assert_int_eq(oar_conf_read(&conf, NULL), 0);
		got = oar_conf_get(&conf, "KEY", buf, sizeof(buf));
		ck_assert_msg(got == (cases[i].value != NULL), "%s",
			      cases[i].text);
		if (got)
			ck_assert_str_eq(buf, cases[i].value);
		oar_conf_clear(&conf);
	}
}
END_TEST

#define LOGIN "DB_TYPE=Pg\nDB_HOSTNAME=h;x=y\nDB_PORT=7\nDB_BASE_NAME=oar\n" \
	"DB_BASE_LOGIN=boss\nDB_BASE_PASSWD=pw\n"

START_TEST(test_login)
{
	static const struct {
		const char *oar_conf, *database, *configured;
		const char *conninfo, *password;	/* or a part of the error */
	} cases[] = {
		{ LOGIN, NULL, "", "host='h' port='7' dbname='oar' user='boss'", "pw" },
		{ LOGIN "DB_BASE_LOGIN_RO=\"it's\\\"\nDB_BASE_PASSWD_RO=r\n", NULL, "",
		  "host='h' port='7' dbname='oar' user='it\\'s\\\\'", "r" },
		{ LOGIN, "dbname=x", "host=c", "dbname=x", "" },
		{ LOGIN, NULL, "host=c", "host=c", "" },
		{ "DB_TYPE=mysql\n", NULL, "", NULL, "DB_TYPE is mysql" },
		{ "", NULL, "", NULL, "DB_TYPE is not set" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf conf = { 0 };
		struct oar_login login;
		struct err err = { "" };
		int rc;

		use_oar_conf(cases[i].oar_conf);
		strcpy(conf.oar.database, cases[i].configured);
		rc = oar_login_find(cases[i].database, &conf, &login, &err);
		ck_assert_msg(rc == (cases[i].conninfo ? 0 : -1), "%s",
			      err.text);
		if (rc == 0) {
			ck_assert_str_eq(login.conninfo, cases[i].conninfo);
			ck_assert_str_eq(login.password, cases[i].password);
		} else {
			ck_assert_msg(strstr(err.text, cases[i].password) != NULL,
				      "%s", err.text);
		}
	}
}
END_TEST

/* ---- doctor -------------------------------------------------------------------------------------- */

/* All is well, as far as it can be without a wattgated. */
static const char live[] =
	"UPDATE wattgate.node SET settled_s = extract(epoch FROM now())::bigint;\n"
	"DELETE FROM wattgate.node_hour;\n"
	"INSERT INTO wattgate.node_hour SELECT node, settled_s - settled_s % 3600, 0, 0, 0, 0, 60, 60, 0\n"
	"FROM wattgate.node;\n";

static const char good_conf[] = "DB_TYPE=Pg\n";

static const struct doctor_case {
	const char *sql;
	const char *conf;	/* more lines of wattgate.conf; NULL: as it is */
	const char *oar_conf;
	const char *level, *id, *text;
} doctor_cases[] = {
	{ "", NULL, good_conf, "ok", "oar-db", "" },
	{ "", NULL, good_conf, "ok", "oar-schema", "" },
	{ "", NULL, good_conf, "ok", "oar-role", "" },
	{ "", NULL, good_conf, "ok", "oar-readers", "" },
	{ "", NULL, good_conf, "ok", "oar-bmc", "" },
	{ "", NULL, good_conf, "ok", "oar-settled", "" },
	{ "", NULL, good_conf, "ok", "oar-silent", "" },
	{ "", NULL, good_conf, "FAIL", "oar-follower", "no wattgated follows" },
	{ "", NULL, good_conf, "FAIL", "oar-follower", "/run: wattgated does not run here" },
	{ "", NULL, good_conf, "WARN", "oar-hooks", "sets no SERVER_PROLOGUE_EXEC_FILE, SERVER_EPILOGUE_EXEC_FILE, JUST_AFTER" },
	{ "", NULL, "SERVER_PROLOGUE_EXEC_FILE=/nowhere/x -a\n", "FAIL", "oar-hooks", "names /nowhere/x: No such file" },
	{ "", NULL, "SERVER_PROLOGUE_EXEC_FILE=/bin/true\n", "WARN", "oar-hooks", "is the site's own hook" },
	{ "UPDATE wattgate.meta SET version = 9", NULL, good_conf, "FAIL", "oar-schema", "version 9" },
	{ "REVOKE SELECT ON job_state_logs FROM wattgate", NULL, good_conf, "FAIL", "oar-role", "cannot read OAR's tables job_state_logs" },
	{ "GRANT UPDATE (message) ON note TO wattgate", NULL, good_conf, "FAIL", "oar-role", "may write OAR's tables note" },
	{ "", "user=boss", good_conf, "FAIL", "oar-role", "role boss of [oar] may do anything" },
	{ "", "user=nobody", good_conf, "FAIL", "oar-db", "nobody" },
	{ "", "port=1", good_conf, "FAIL", "oar-db", "" },
	{ "", NULL, "DB_BASE_LOGIN_RO=stranger\n", "WARN", "oar-readers", "role stranger, with which oarstat reads" },
	{ "INSERT INTO resources (type, network_address) VALUES ('default', 'x1'), ('default', 'x2')", NULL, good_conf,
	  "FAIL", "oar-bmc", "2 of OAR's 4 nodes have no source of power" },
	{ "INSERT INTO resources (type, network_address) VALUES ('default', 'a b')", NULL, good_conf, "WARN", "oar-bmc", "a b" },
	{ "DELETE FROM resources", NULL, good_conf, "WARN", "oar-bmc", "no resources" },
	{ "DELETE FROM wattgate.node WHERE node = 'n2'", NULL, good_conf, "FAIL", "oar-settled", "1 of OAR's nodes were never accounted: n2" },
	{ "UPDATE wattgate.node SET settled_s = 1790000000 WHERE node = 'n1'", NULL, good_conf,
	  "FAIL", "oar-settled", "n1 (2026-09-21 14:13Z)" },
	{ "UPDATE wattgate.node_hour SET measured_s = 0 WHERE node = 'n2'", NULL, good_conf,
	  "FAIL", "oar-silent", "last hour of 1 nodes: n2" },
	/* OAR itself has switched it off */
	{ "UPDATE wattgate.node_hour SET measured_s = 0 WHERE node = 'n2'; UPDATE resources SET state = 'Absent'",
	  NULL, good_conf, "ok", "oar-silent", "" },
};
#define DOCTOR_CASES (sizeof(doctor_cases) / sizeof(doctor_cases[0]))

static void run_doctor(struct doctor *d, const char *word)
{
	char path[128], conf[1024];

	snprintf(conf, sizeof(conf), "mode = site\nledger_dir = /nowhere\n[oar]\n"
		 "database = host=%s dbname=oar %s\n[bmc n*]\nurl = https://%%n-bmc\n",
		 dir, word ? word : "user=wattgate");
	write_file("conf", conf);
	snprintf(path, sizeof(path), "%s/run", dir);
	setenv("WATTGATE_RUN_DIR", path, 1);
	setenv("OARDIR", path, 1);
	snprintf(path, sizeof(path), "%s/conf", dir);
	doctor_run(d, path, NULL);
}

static bool doctor_says(const struct doctor *d, const struct doctor_case *c)
{
	for (size_t i = 0; i < d->findings->len; i++)
		if (strcmp(rows_cell(d->findings, i, 0)->text, c->level) == 0 &&
		    strcmp(rows_cell(d->findings, i, 1)->text, c->id) == 0 &&
		    strstr(rows_cell(d->findings, i, 2)->text, c->text))
			return true;
	return false;
}

START_TEST(test_doctor)
{
	const struct doctor_case *c = &doctor_cases[_i];
	struct doctor d;

	if (!server)
		return;
	sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO wattgate;\n"
	    "DROP TABLE IF EXISTS note; CREATE TABLE note (message text);\n");
	sql(live);
	sql(c->sql);
	use_oar_conf(c->oar_conf);
	run_doctor(&d, c->conf);
	if (!doctor_says(&d, c)) {
		for (size_t i = 0; i < d.findings->len; i++)
			printf("%s %s %s\n", rows_cell(d.findings, i, 0)->text,
			       rows_cell(d.findings, i, 1)->text,
			       rows_cell(d.findings, i, 2)->text);
		ck_abort_msg("no %s %s %s", c->level, c->id, c->text);
	}
	/* Slurm is not asked, and has no gate records here */
	for (size_t i = 0; i < d.findings->len; i++)
		ck_assert_str_ne(rows_cell(d.findings, i, 1)->text, "slurm");
	doctor_clear(&d);
}
END_TEST

static void put_file(const char *name, const char *text, mode_t mode)
{
	char path[128];

	write_file(name, text);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* What wattgate-oar-setup writes, and what may become of it. */
START_TEST(test_doctor_hooks)
{
	static const struct {
		const char *script;
		const char *level, *text;
	} cases[] = {
		{ "#!/bin/sh\n# Made by wattgate-oar-setup (1): changes are lost.\n'/bin/true' server_prologue \"$@\" </dev/null\n", NULL, NULL },
		{ "#!/bin/sh\n# Made by wattgate-oar-setup (1): changes are lost.\nRUN='/r' '/bin/true' server_prologue \"$@\" </dev/null\n", NULL, NULL },
		{ "#!/bin/sh\n# Made by wattgate-oar-setup (1)\n'/nowhere/hook' server_prologue \"$@\"\n", "WARN", "runs /nowhere/hook: No such file" },
		{ "#!/bin/sh\n# Made by wattgate-oar-setup (1)\nexit 0\n", "WARN", "does not run wattgate's hook" },
		{ "#!/bin/sh\n# Made by wattgate-oar-setup (1)\n' server_prologue \"$@\"\n", "WARN", "" },
	};

	for (size_t i = 0; server && i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct doctor_case want = { .level = cases[i].level,
					    .id = "oar-hooks",
					    .text = cases[i].text };
		char conf[256];
		struct doctor d;

		put_file("hook", cases[i].script, 0755);
		snprintf(conf, sizeof(conf), "SERVER_PROLOGUE_EXEC_FILE=\"%s/hook\"\n",
			 dir);
		use_oar_conf(conf);
		run_doctor(&d, NULL);
		if (want.level) {
			ck_assert_msg(doctor_says(&d, &want), "%s",
				      cases[i].script);
		} else {
			want.level = "WARN";
			want.text = "sets no SERVER_EPILOGUE_EXEC_FILE, JUST";
			ck_assert(doctor_says(&d, &want));
			want.text = "hook: ";
			ck_assert(!doctor_says(&d, &want));
		}
		doctor_clear(&d);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cli_oar");
	TCase *tc = tcase_create("database");
	SRunner *sr;
	int failed;

	tcase_add_unchecked_fixture(tc, once_setup, once_teardown);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, test_report_jobs);
	tcase_add_test(tc, test_report_names);
	tcase_add_test(tc, test_report_days);
	tcase_add_test(tc, test_report_deleted);
	tcase_add_test(tc, test_report_parts);
	tcase_add_test(tc, test_report_nodes);
	tcase_add_test(tc, test_export);
	tcase_add_test(tc, test_audit_well);
	tcase_add_loop_test(tc, test_audit_fault, 0, (int)FAULTS);
	tcase_add_test(tc, test_audit_past);
	tcase_add_test(tc, test_audit_empty);
	tcase_add_test(tc, test_audit_gap);
	tcase_add_test(tc, test_schema);
	tcase_add_test(tc, test_reading_only);
	tcase_add_test(tc, test_oar_conf);
	tcase_add_test(tc, test_login);
	tcase_add_loop_test(tc, test_doctor, 0, (int)DOCTOR_CASES);
	tcase_add_test(tc, test_doctor_hooks);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
