/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/codecarbon.h"
#include "cli/job_rows.h"
#include "cli/json_report.h"
#include "cli/mem.h"
#include "cli/node_rows.h"
#include "cli/oar_login.h"
#include "cli/openmetrics.h"
#include "cli/out_file.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/report_days.h"
#include "cli/report_sums.h"
#include "cli/whose.h"
#include "lib/clock.h"

static const char usage[] =
	"usage: wattgate report [OPTION...]\n"
	"\n"
	"  --from T           first instant [7 days ago]\n"
	"  --to T             end, not itself part of it [now]\n"
	"                     2026-11-23, 2026-11-23T14:05:09Z, @SECONDS, now,\n"
	"                     today, yesterday, -3h, now-90m, today-1d; local time\n"
	"                     where no zone is given\n"
	"  --scheduler S      slurm or oar [oar where the configuration follows an OAR]\n"
	"  --by WHAT          job, array, user, account or project (of jobs that ended in\n"
	"                     the time), or node, day or month (clipped to the time; days\n"
	"                     are UTC's) [job]\n"
	"  --spread BY        what nodes drew without jobs, spread over users, accounts\n"
	"                     or projects by their core-hours or their energy [none]\n"
	"  --user U           only jobs of this user [who asks; all for root and those\n"
	"                     who look after jobs]\n"
	"  -a, --all          jobs of all users, as far as they are shown\n"
	"  --account A        only jobs of this account (Slurm)\n"
	"  --running          jobs that still run, too\n"
	"  --format F         table, csv, json, codecarbon (rows of its emissions.csv),\n"
	"                     html: a page with charts, or openmetrics: sums by user,\n"
	"                     account, project or node for Prometheus [table]\n"
	"  -o, --output FILE  write there, as a whole or not at all [standard output]\n"
	"  --via V            how Slurm's jobs are read: slurmdb or sacct [slurmdb where\n"
	"                     its module fits the Slurm that is installed]\n"
	"  --database C       OAR's PostgreSQL in libpq's words [the configuration's]\n"
	"  -c, --config FILE  configuration [$WATTGATE_CONF, /etc/wattgate/wattgate.conf]\n"
	"  -h, --help         this text\n";

enum { SCHEDULER_SLURM, SCHEDULER_OAR, SCHEDULER_ANY };
enum { BY_JOB, BY_NODE, BY_USER, BY_ACCOUNT, BY_PROJECT, BY_ARRAY,
       BY_DAY, BY_MONTH };
enum { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON, FORMAT_HTML,
       FORMAT_CODECARBON, FORMAT_OPENMETRICS };

struct options {
	const char *from, *to, *scheduler, *by, *user, *account, *format,
		*database, *via, *spread, *conf, *output;
	bool running, all, help;
};

static const char *const schedulers[] = { "slurm", "oar", NULL };
/* as enum slurm_via, but for its first */
static const char *const ways[] = { "slurmdb", "sacct", NULL };
static const char *const groupings[] = {
	"job", "node", "user", "account", "project", "array", "day", "month",
	NULL
};
static const char *const formats[] = {
	"table", "csv", "json", "html", "codecarbon", "openmetrics", NULL
};
/* as enum spread */
static const char *const spreads[] = { "none", "core-hours", "energy", NULL };

static int choose(const char *option, const char *const *names,
		  const char *name, int *out)
{
	return cmd_choose("report", option, names, name, out);
}

static int parse_options(int argc, char **argv, struct options *o)
{
	enum { FROM = 256, TO, SCHEDULER, BY, USER, ACCOUNT, RUNNING, FORMAT,
	       DATABASE, VIA, SPREAD };
	static const struct option table[] = {
		{ "from", required_argument, NULL, FROM },
		{ "to", required_argument, NULL, TO },
		{ "scheduler", required_argument, NULL, SCHEDULER },
		{ "by", required_argument, NULL, BY },
		{ "user", required_argument, NULL, USER },
		{ "account", required_argument, NULL, ACCOUNT },
		{ "all", no_argument, NULL, 'a' },
		{ "allusers", no_argument, NULL, 'a' },	/* as sacct has it */
		{ "running", no_argument, NULL, RUNNING },
		{ "format", required_argument, NULL, FORMAT },
		{ "database", required_argument, NULL, DATABASE },
		{ "via", required_argument, NULL, VIA },
		{ "spread", required_argument, NULL, SPREAD },
		{ "output", required_argument, NULL, 'o' },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "ac:ho:", table, NULL)) != -1) {
		switch (c) {
		case FROM: o->from = optarg; break;
		case TO: o->to = optarg; break;
		case SCHEDULER: o->scheduler = optarg; break;
		case BY: o->by = optarg; break;
		case USER: o->user = optarg; break;
		case ACCOUNT: o->account = optarg; break;
		case RUNNING: o->running = true; break;
		case FORMAT: o->format = optarg; break;
		case DATABASE: o->database = optarg; break;
		case VIA: o->via = optarg; break;
		case SPREAD: o->spread = optarg; break;
		case 'a': o->all = true; break;
		case 'o': o->output = optarg; break;
		case 'c': o->conf = optarg; break;
		case 'h': o->help = true; break;
		default: return cmd_usage_error("report", "bad option");
		}
	}
	if (optind < argc)
		return cmd_usage_error("report", "\"%s\" is no option",
				       argv[optind]);
	return EXIT_OK;
}

/* ---- output ---------------------------------------------------------------- */

/* Rows come in parts; of a table's sums, what they have so far. */
struct output {
	int by, format, spread;
	bool begun;
	size_t rows;		/* so far */
	int *widths;		/* of a table's columns */
	struct job_totals totals;
};

static void print_part(struct rows *rows, void *arg)
{
	struct output *out = arg;
	const bool first = !out->begun;

	if (isatty(STDOUT_FILENO))
		progress_end();		/* the rows tell */
	out->begun = true;
	out->rows += rows->len;
	switch (out->format) {
	case FORMAT_CSV:
		rows_print_csv_part(stdout, rows, first);
		return;
	case FORMAT_JSON:
		json_print_rows_part(stdout, rows, first);
		return;
	}
	if (first)
		out->widths = mem_zeroed(rows->columns_len,
					 sizeof(*out->widths));
	rows_print_table_part(stdout, rows, first, out->widths);
	if (out->by == BY_NODE)
		node_rows_sum(rows);	/* they come in one part */
	else if (out->by == BY_JOB)
		job_totals_add(&out->totals, rows);
}

static void print_end(const struct output *out)
{
	if (out->format == FORMAT_JSON)
		json_print_rows_end(stdout);
	else if (out->format == FORMAT_TABLE && out->by == BY_JOB)
		job_totals_print(&out->totals);
}

/* ---- reports --------------------------------------------------------------- */

/* Nodes of Slurm, in one part like OAR's. */
static int report_slurm_nodes(const struct report *r, struct output *out,
			      struct err *err)
{
	struct rows *rows = report_nodes(r, err);

	if (!rows)
		return -1;
	print_part(rows, out);
	rows_destroy(rows);
	return 0;
}

/* db: OAR's; NULL: Slurm. */
static int report_from(struct report *r, pg_oar_t *db, struct output *out,
		       struct err *err)
{
	static const enum job_column by[] = {
		[BY_USER] = JOB_USER, [BY_ACCOUNT] = JOB_ACCOUNT,
		[BY_PROJECT] = JOB_PROJECT, [BY_ARRAY] = JOB_ARRAY,
	};

	if (out->format == FORMAT_HTML)
		return report_html(r, db, stdout, err);
	if (out->format == FORMAT_CODECARBON)
		return report_codecarbon(r, db, stdout, err);
	if (out->format == FORMAT_OPENMETRICS)
		return out->by == BY_NODE ?
		       report_openmetrics_nodes(r, db, stdout, err) :
		       report_openmetrics_groups(r, db, by[out->by], stdout,
						 err);
	if (out->by == BY_JOB)
		return db ? report_oar_jobs(r, db, print_part, out, err) :
			    report_jobs(r, print_part, out, err);
	if (out->by == BY_NODE)
		return db ? report_oar_nodes(r, db, print_part, out, err) :
			    report_slurm_nodes(r, out, err);
	if (out->by == BY_DAY || out->by == BY_MONTH)
		return report_days(r, db, out->by == BY_MONTH, print_part, out,
				   err);
	return report_groups(r, db, by[out->by], (enum spread)out->spread,
			     print_part, out, err);
}

static int report_oar(struct report *r, const char *database,
		      struct output *out, struct err *err)
{
	pg_oar_t *db = oar_login_open(database, &r->confs.all, err);
	int rc = db ? report_from(r, db, out, err) : -1;

	pg_oar_close(db);
	return rc;
}

/* EXIT_OK, or the status to exit with. */
static int check_options(const struct options *o, int scheduler,
			 const struct output *out)
{
	const int by = out->by;

	if (out->format == FORMAT_HTML && by != BY_JOB)
		return cmd_usage_error("report", "--by does not go with --format html, which shows users, accounts and nodes at once");
	if (out->format == FORMAT_CODECARBON && by != BY_JOB)
		return cmd_usage_error("report", "--by does not go with --format codecarbon, which has a row a job");
	if (out->format == FORMAT_OPENMETRICS &&
	    (by < BY_NODE || by > BY_PROJECT))
		return cmd_usage_error("report", "--format openmetrics goes with --by user, account, project or node: series of others would be without bound");
	if (out->format == FORMAT_OPENMETRICS && out->spread)
		return cmd_usage_error("report", "--spread does not go with --format openmetrics");
	if (out->spread && (by < BY_USER || by > BY_PROJECT))
		return cmd_usage_error("report", "--spread goes with --by user, account or project");
	if (by == BY_NODE && (o->user || o->account || o->running))
		return cmd_usage_error("report", "--user, --account and --running do not go with --by node");
	if (scheduler == SCHEDULER_OAR && by == BY_ACCOUNT)
		return cmd_usage_error("report", "OAR has no accounts: --by project");
	if (scheduler == SCHEDULER_OAR && o->account)
		return cmd_usage_error("report", "--account does not go with --scheduler oar, which has no accounts");
	if (scheduler == SCHEDULER_OAR && o->via)
		return cmd_usage_error("report", "--via does not go with --scheduler oar");
	if (scheduler == SCHEDULER_SLURM && o->database)
		return cmd_usage_error("report", "--database does not go with --scheduler slurm");
	return EXIT_OK;
}

static void report_clear(struct report *r)
{
	rates_clear(&r->rates);
	confs_clear(&r->confs);
}

/* Nobody said whose jobs. */
static void choose_user(const struct options *o, int scheduler, int by,
			struct report *r)
{
	if (r->user || o->all || by == BY_NODE)
		return;
	if (scheduler == SCHEDULER_OAR ?
	    whose_oar(r->own_name, sizeof(r->own_name)) :
	    whose_slurm(r->own_name, sizeof(r->own_name)))
		r->user = r->own_name;
}

static int run_report(const struct options *o, struct report *r, int scheduler,
		      struct output *out)
{
	struct err err = { "" };
	int rc = confs_load(&r->confs, o->conf, &err), status;

	if (rc == 0)
		rc = rates_open(&r->rates, &r->confs.all, &err);
	if (rc == 0 && scheduler == SCHEDULER_ANY) {
		scheduler = o->database || confs_follow_oar(&r->confs) ?
			    SCHEDULER_OAR : SCHEDULER_SLURM;
		status = check_options(o, scheduler, out);
		if (status != EXIT_OK) {
			report_clear(r);
			return status;
		}
	}
	if (rc == 0)
		choose_user(o, scheduler, out->by, r);
	progress_begin(r->from_ns, r->to_ns);
	if (rc == 0)
		rc = scheduler == SCHEDULER_OAR ?
		     report_oar(r, o->database, out, &err) :
		     report_from(r, NULL, out, &err);
	progress_end();
	report_clear(r);
	if (rc == 0 && r->user == r->own_name && out->begun && out->rows == 0)
		cmd_note("report", "there is no job of %s in that time; --all asks for those of all users",
			 r->user);
	if (rc == 0)
		print_end(out);
	free(out->widths);
	if (rc == 0)
		return cmd_finish_output("report");
	cmd_note("report", "%s", err.text);
	return EXIT_TROUBLE;
}

/* With --output, what is told goes there, or nothing does. */
static int write_report(const struct options *o, struct report *r,
			int scheduler, struct output *out)
{
	struct err err;
	int status;

	if (!o->output)
		return run_report(o, r, scheduler, out);
	if (out_file_begin(o->output, &err) < 0) {
		cmd_note("report", "%s", err.text);
		return EXIT_TROUBLE;
	}
	status = run_report(o, r, scheduler, out);
	if (out_file_end(status == EXIT_OK, &err) == 0)
		return status;
	cmd_note("report", "%s", err.text);
	return EXIT_TROUBLE;
}

int cmd_report(int argc, char **argv)
{
	struct options o = { .from = "-7d", .to = "now", .by = "job",
			     .format = "table" };
	struct report r = { .now_ns = clock_wall_ns() };
	struct output out = { .by = BY_JOB, .format = FORMAT_TABLE };
	int scheduler = SCHEDULER_ANY, via = -1, rc;

	rc = parse_options(argc, argv, &o);
	if (rc == EXIT_OK && o.help) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	if (rc == EXIT_OK && o.scheduler)
		rc = choose("--scheduler", schedulers, o.scheduler, &scheduler);
	if (rc == EXIT_OK && o.via)
		rc = choose("--via", ways, o.via, &via);
	if (rc == EXIT_OK)
		rc = choose("--by", groupings, o.by, &out.by);
	if (rc == EXIT_OK && o.spread)
		rc = choose("--spread", spreads, o.spread, &out.spread);
	if (rc == EXIT_OK)
		rc = choose("--format", formats, o.format, &out.format);
	if (rc == EXIT_OK)
		rc = cmd_window("report", o.from, o.to, r.now_ns, &r.from_ns,
				&r.to_ns);
	if (rc == EXIT_OK && o.all && o.user)
		rc = cmd_usage_error("report", "--all and --user do not go together");
	if (rc == EXIT_OK)
		rc = check_options(&o, scheduler, &out);
	if (rc != EXIT_OK)
		return rc;
	r.running = o.running;
	r.user = o.user;
	r.account = o.account;
	r.via = (enum slurm_via)(via + 1);
	return write_report(&o, &r, scheduler, &out);
}
