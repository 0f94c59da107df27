/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/backfill.h"
#include "cli/cmd.h"
#include "cli/report.h"
#include "lib/clock.h"

static const char usage[] =
	"usage: wattgate backfill --from T [OPTION...]\n"
	"\n"
	"Fills results of jobs of the past with the power that a Kwollect or Prometheus\n"
	"server has kept: of jobs that ran before wattgated, or while it did not read.\n"
	"Whole hours (UTC), only where that measures more than is known. May be\n"
	"repeated and interrupted: nothing counts twice, nothing is left half done.\n"
	"\n"
	"  --from T           first instant: 2026-11-23, 2026-11-23T14:05:09Z, @SECONDS,\n"
	"                     yesterday, -30d; local time where no zone is given\n"
	"  --to T             end, not itself part of it [now]\n"
	"  --scheduler S      slurm or oar [oar where the configuration follows an OAR]\n"
	"  --node NODE        only this node; may be given more than once\n"
	"  --max-gap D        samples at most so far apart are joined, as 90s [max_gap of\n"
	"                     the configuration]\n"
	"  --force            also where it measures no more than is known\n"
	"  --dry-run          only tell what would be done\n"
	"  -c, --config FILE  configuration [$WATTGATE_CONF, /etc/wattgate/wattgate.conf]\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 done, 1 something could not be done, or interrupted, 2 usage.\n";

#define MAX_GAP_MAX_NS (3600 * NS_PER_S)

static volatile sig_atomic_t interrupted;

/* The second one kills: that is safe, too. */
static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

static bool is_interrupted(void)
{
	return interrupted;
}

static void signals_take(void)
{
	struct sigaction act = { .sa_handler = on_signal,
				 .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
}

struct options {
	const char *from, *to, *scheduler, *max_gap, *conf;
	bool dry_run, force, help;
};

static int parse_options(int argc, char **argv, struct options *o,
			 struct names *nodes)
{
	enum { FROM = 256, TO, SCHEDULER, NODE, MAX_GAP, FORCE, DRY_RUN };
	static const struct option table[] = {
		{ "from", required_argument, NULL, FROM },
		{ "to", required_argument, NULL, TO },
		{ "scheduler", required_argument, NULL, SCHEDULER },
		{ "node", required_argument, NULL, NODE },
		{ "max-gap", required_argument, NULL, MAX_GAP },
		{ "force", no_argument, NULL, FORCE },
		{ "dry-run", no_argument, NULL, DRY_RUN },
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
		case NODE: names_add(nodes, optarg); break;
		case MAX_GAP: o->max_gap = optarg; break;
		case FORCE: o->force = true; break;
		case DRY_RUN: o->dry_run = true; break;
		case 'c': o->conf = optarg; break;
		case 'h': o->help = true; break;
		default: return cmd_usage_error("backfill", "bad option");
		}
	}
	if (optind < argc)
		return cmd_usage_error("backfill", "\"%s\" is no option",
				       argv[optind]);
	names_sort(nodes);
	return EXIT_OK;
}

static int check_options(const struct options *o, struct backfill *b)
{
	const int64_t now_ns = clock_wall_ns();
	int64_t from_ns, to_ns;

	if (!o->from)
		return cmd_usage_error("backfill", "--from is missing");
	if (cmd_time("backfill", "--from", o->from, now_ns, &from_ns) != EXIT_OK ||
	    cmd_time("backfill", "--to", o->to, now_ns, &to_ns) != EXIT_OK)
		return EXIT_USAGE;
	if (to_ns > now_ns)
		to_ns = now_ns;
	if (from_ns >= to_ns)
		return cmd_usage_error("backfill", "--from is not before --to, or lies in the future");
	if (from_ns < 0)
		return cmd_usage_error("backfill", "--from lies before 1970");
	if (o->scheduler && strcmp(o->scheduler, "slurm") != 0 &&
	    strcmp(o->scheduler, "oar") != 0)
		return cmd_usage_error("backfill", "--scheduler cannot be \"%s\"",
				       o->scheduler);
	if (o->max_gap &&
	    (conf_parse_duration(o->max_gap, &b->past.max_gap_ns) < 0 ||
	     b->past.max_gap_ns <= 0 || b->past.max_gap_ns > MAX_GAP_MAX_NS))
		return cmd_usage_error("backfill", "--max-gap: \"%s\" is no time up to 1h, such as 90s",
				       o->max_gap);
	for (size_t i = 0; i < b->nodes.len; i++)
		if (!conf_node_name_valid(b->nodes.list[i]))
			return cmd_usage_error("backfill", "--node: \"%s\" is no name of a node",
					       b->nodes.list[i]);
	b->now_s = now_ns / NS_PER_S;
	b->from_s = from_ns / NS_PER_S;
	b->to_s = (to_ns + NS_PER_S - 1) / NS_PER_S;
	return EXIT_OK;
}

/* ---- output ---------------------------------------------------------------- */

void backfill_progress(const struct backfill *b, const char *node,
		       int64_t day_s, unsigned filled, unsigned hours)
{
	char day[32];

	if (!b->progress)
		return;
	clock_iso8601(day_s * NS_PER_S, day, sizeof(day));
	fprintf(stderr, "%s  %.10s  %u of %u hour%s filled\n", node, day,
		filled, hours, hours == 1 ? "" : "s");
}

static void print_hours(const struct backfill_sums *s)
{
	printf("hours     %llu filled of %llu", (unsigned long long)s->filled,
	       (unsigned long long)s->hours);
	if (s->left)
		printf("; %llu left as they are", (unsigned long long)s->left);
	if (s->young)
		printf("; %llu not over, or not accounted yet",
		       (unsigned long long)s->young);
	putchar('\n');
}

static void print_kwh(const char *what, double joules, double gained_j)
{
	printf("%-9s %.6f kWh -> %.6f kWh\n", what, joules / JOULES_PER_KWH,
	       (joules + gained_j) / JOULES_PER_KWH);
}

/*
 * What a job drew on a node is an allocation: of Slurm's those are counted that
 * have changed, of OAR's the jobs that were summed up again.
 */
static void print_sums(const struct backfill *b, const struct backfill_sums *s,
		       bool oar)
{
	print_hours(s);
	if (s->total_s > 0)
		printf("measured  %.4f of the time -> %.4f\n",
		       s->before_s / s->total_s,
		       (s->before_s + s->gained_s) / s->total_s);
	print_kwh("nodes", s->node_j, s->node_gained_j);
	print_kwh("jobs", s->jobs_j, s->jobs_gained_j);
	if (oar)
		printf("%llu job%s had time in %s\n",
		       (unsigned long long)s->jobs, s->jobs == 1 ? "" : "s",
		       s->filled == 1 ? "that hour" : "those hours");
	else
		printf("%llu allocation%s %s other figures\n",
		       (unsigned long long)s->jobs, s->jobs == 1 ? "" : "s",
		       b->dry_run ? "would get" :
		       s->jobs == 1 ? "has" : "have");
	if (b->dry_run)
		puts("dry run: nothing was written");
}

static int run(const struct options *o, struct backfill *b)
{
	const bool oar = o->scheduler ? strcmp(o->scheduler, "oar") == 0 :
					confs_follow_oar(b->confs);
	struct backfill_sums sums = { 0 };
	struct err err = { "" };
	int status;

	if ((oar ? backfill_oar : backfill_slurm)(b, &sums, &err) < 0) {
		cmd_note("backfill", "%s", err.text);
		if (sums.filled)
			cmd_note("backfill", "%llu hours were filled before that",
				 (unsigned long long)sums.filled);
		return EXIT_TROUBLE;
	}
	print_sums(b, &sums, oar);
	status = cmd_finish_output("backfill");
	if (sums.stopped)
		cmd_note("backfill", "interrupted: what is filled is filled; run it again for the rest");
	if (sums.failed)
		cmd_note("backfill", "%u node%s could not be filled, see above",
			 sums.failed, sums.failed == 1 ? "" : "s");
	return sums.stopped || sums.failed ? EXIT_TROUBLE : status;
}

static int run_conf(const struct options *o, struct backfill *b)
{
	struct confs confs;
	struct err err;
	int status = EXIT_TROUBLE;

	if (confs_load(&confs, o->conf, &err) < 0) {
		cmd_note("backfill", "%s", err.text);
	} else if (confs.absent) {
		cmd_note("backfill", "there is no configuration %s, so no server that has the past; name the file with -c",
			 confs.path);
	} else {
		b->confs = &confs;
		b->past.confs = &confs;
		b->past.stopped = b->stopped = is_interrupted;
		b->progress = isatty(STDERR_FILENO);
		b->dry_run = o->dry_run;
		b->force = o->force;
		signals_take();
		status = run(o, b);
	}
	confs_clear(&confs);
	return status;
}

int cmd_backfill(int argc, char **argv)
{
	struct options o = { .to = "now" };
	struct backfill b = { 0 };
	int status = parse_options(argc, argv, &o, &b.nodes);

	if (status == EXIT_OK && o.help) {
		fputs(usage, stdout);
	} else if (status == EXIT_OK) {
		status = check_options(&o, &b);
		if (status == EXIT_OK)
			status = run_conf(&o, &b);
	}
	names_destroy(&b.nodes);
	return status;
}
