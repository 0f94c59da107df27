/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/json_report.h"
#include "cli/report.h"
#include "cli/when.h"
#include "lib/clock.h"

static const char usage[] =
	"usage: wattgate report [OPTION...]\n"
	"\n"
	"  --from T           first instant [7 days ago]\n"
	"  --to T             end, not itself part of it [now]\n"
	"                     2026-11-23, 2026-11-23T14:05:09Z, @SECONDS, now,\n"
	"                     today, yesterday, -3h, now-90m, today-1d; local time\n"
	"                     where no zone is given\n"
	"  --scheduler S      slurm\n"
	"  --by WHAT          job (those that ended in the time) or node (clipped to\n"
	"                     the time) [job]\n"
	"  --user U           only jobs of this user\n"
	"  --account A        only jobs of this account\n"
	"  --running          jobs that still run, too\n"
	"  --format F         table, csv or json [table]\n"
	"  -c, --config FILE  configuration [$WATTGATE_CONF, /etc/wattgate/wattgate.conf]\n"
	"  -h, --help         this text\n"
	"\n"
	"Not in this version: --scheduler oar; --by array, user, account, project, day,\n"
	"month; --format openmetrics, html. They are refused with exit status 1.\n";

enum { BY_JOB, BY_NODE };
enum { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON };

struct options {
	const char *from, *to, *scheduler, *by, *user, *account, *format, *conf;
	bool running, help;
};

/* A choice by name: how many of the names there are, `here` are in this version. */
struct choice {
	const char *option;
	const char *names[9];
	int here;
};

static const struct choice schedulers = { "--scheduler", { "slurm", "oar" }, 1 };
static const struct choice groupings = {
	"--by", { "job", "node", "array", "user", "account", "project", "day",
		  "month" }, 2
};
static const struct choice formats = {
	"--format", { "table", "csv", "json", "openmetrics", "html" }, 3
};

/* EXIT_OK with *out = the choice's number, or the status to exit with. */
static int choose(const struct choice *choice, const char *name, int *out)
{
	for (int i = 0; choice->names[i]; i++) {
		if (strcmp(choice->names[i], name) != 0)
			continue;
		*out = i;
		if (i < choice->here)
			return EXIT_OK;
		cmd_note("report", "%s %s is not available in this version",
			 choice->option, name);
		return EXIT_TROUBLE;
	}
	return cmd_usage_error("report", "%s cannot be \"%s\"", choice->option,
			       name);
}

static int parse_options(int argc, char **argv, struct options *o)
{
	enum { FROM = 256, TO, SCHEDULER, BY, USER, ACCOUNT, RUNNING, FORMAT };
	static const struct option table[] = {
		{ "from", required_argument, NULL, FROM },
		{ "to", required_argument, NULL, TO },
		{ "scheduler", required_argument, NULL, SCHEDULER },
		{ "by", required_argument, NULL, BY },
		{ "user", required_argument, NULL, USER },
		{ "account", required_argument, NULL, ACCOUNT },
		{ "running", no_argument, NULL, RUNNING },
		{ "format", required_argument, NULL, FORMAT },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
		switch (c) {
		case FROM: o->from = optarg; break;
		case TO: o->to = optarg; break;
		case SCHEDULER: o->scheduler = optarg; break;
		case BY: o->by = optarg; break;
		case USER: o->user = optarg; break;
		case ACCOUNT: o->account = optarg; break;
		case RUNNING: o->running = true; break;
		case FORMAT: o->format = optarg; break;
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

static int parse_window(const struct options *o, struct report *r)
{
	r->now_ns = clock_wall_ns();
	if (when_parse(o->from, r->now_ns, &r->from_ns) < 0)
		return cmd_usage_error("report", "--from: \"%s\" is no time",
				       o->from);
	if (when_parse(o->to, r->now_ns, &r->to_ns) < 0)
		return cmd_usage_error("report", "--to: \"%s\" is no time",
				       o->to);
	if (r->from_ns >= r->to_ns)
		return cmd_usage_error("report", "--from is not before --to");
	return EXIT_OK;
}

static void print_rows(const struct rows *rows, int by, int format)
{
	switch (format) {
	case FORMAT_CSV:
		rows_print_csv(stdout, rows);
		break;
	case FORMAT_JSON:
		json_print_rows(stdout, rows);
		break;
	default:
		rows_print_table(stdout, rows);
		if (by == BY_NODE)
			report_nodes_sum(rows);
		else
			report_jobs_sum(rows);
	}
}

static int run_report(const struct options *o, struct report *r, int by,
		      int format)
{
	struct err err = { "" };
	struct rows *rows = NULL;

	if (confs_load(&r->confs, o->conf, &err) == 0)
		rows = by == BY_NODE ? report_nodes(r, &err) :
				       report_jobs(r, &err);
	confs_clear(&r->confs);
	if (!rows) {
		cmd_note("report", "%s", err.text);
		return EXIT_TROUBLE;
	}
	print_rows(rows, by, format);
	rows_destroy(rows);
	return cmd_finish_output("report");
}

int cmd_report(int argc, char **argv)
{
	struct options o = { .from = "-7d", .to = "now", .scheduler = "slurm",
			     .by = "job", .format = "table" };
	struct report r = { 0 };
	int scheduler, by = BY_JOB, format = FORMAT_TABLE, rc;

	rc = parse_options(argc, argv, &o);
	if (rc == EXIT_OK && o.help) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	if (rc == EXIT_OK)
		rc = choose(&schedulers, o.scheduler, &scheduler);
	if (rc == EXIT_OK)
		rc = choose(&groupings, o.by, &by);
	if (rc == EXIT_OK)
		rc = choose(&formats, o.format, &format);
	if (rc == EXIT_OK)
		rc = parse_window(&o, &r);
	if (rc == EXIT_OK && by == BY_NODE && (o.user || o.account || o.running))
		rc = cmd_usage_error("report", "--user, --account and --running do not go with --by node");
	if (rc != EXIT_OK)
		return rc;
	r.running = o.running;
	r.user = o.user;
	r.account = o.account;
	return run_report(&o, &r, by, format);
}
