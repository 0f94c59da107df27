/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "cli/days.h"
#include "cli/groups.h"
#include "cli/oar_login.h"
#include "cli/report.h"
#include "cli/report_page.h"
#include "cli/track.h"
#include "cli/track_out.h"
#include "lib/clock.h"

static const char usage[] =
	"usage: wattgate track PROJECT [OPTION...]\n"
	"\n"
	"What developing PROJECT drew: all its runs, the failed ones, the best one, and\n"
	"the development factor, energy of all runs / energy of the best one.\n"
	"\n"
	"  PROJECT            Slurm: the account or the WCKey; OAR: the project\n"
	"  --account P        jobs of accounts like P (Slurm)\n"
	"  --wckey P          jobs with a WCKey like P (Slurm)\n"
	"  --name P           jobs with a name like P\n"
	"  --comment P        jobs with a comment like P (Slurm)\n"
	"                     PROJECT and each P are patterns as the shell's: 'resnet-*';\n"
	"                     all that are given have to match, and one has to be given\n"
	"  --user U           only jobs of this user\n"
	"  --best ID          the best run: its job's number (with --run array, its array's)\n"
	"  --best-name P      the best run: the one with a name like P\n"
	"  --run WHAT         what a run is: job (with all the times that it ran),\n"
	"                     instance (each of these), array (all its tasks) [job]\n"
	"  --from T           first instant [90 days ago]\n"
	"  --to T             end, not itself part of it [now]\n"
	"  --running          runs that have not ended, too\n"
	"  --scheduler S      slurm or oar [oar where the configuration follows an OAR]\n"
	"  --format F         table, csv, json, text or bibtex (for a paper), html [table]\n"
	"  --via V            how Slurm's jobs are read: slurmdb or sacct [slurmdb where\n"
	"                     its module fits the Slurm that is installed]\n"
	"  --database C       OAR's PostgreSQL in libpq's words [the configuration's]\n"
	"  -c, --config FILE  configuration [$WATTGATE_CONF, /etc/wattgate/wattgate.conf]\n"
	"  -h, --help         this text\n";

#define DAYS_SHOWN 92		/* more are shown as months */

enum { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON, FORMAT_TEXT, FORMAT_BIBTEX,
       FORMAT_HTML };
enum { SCHEDULER_SLURM, SCHEDULER_OAR, SCHEDULER_ANY };

struct options {
	struct track_tags tags;
	const char *user, *best, *best_name, *run, *from, *to, *scheduler,
		*format, *via, *database, *conf;
	bool running, help;
};

static int parse_options(int argc, char **argv, struct options *o)
{
	enum { ACCOUNT = 256, WCKEY, NAME, COMMENT, USER, BEST, BEST_NAME, RUN,
	       FROM, TO, RUNNING, SCHEDULER, FORMAT, VIA, DATABASE };
	static const struct option table[] = {
		{ "account", required_argument, NULL, ACCOUNT },
		{ "wckey", required_argument, NULL, WCKEY },
		{ "name", required_argument, NULL, NAME },
		{ "comment", required_argument, NULL, COMMENT },
		{ "user", required_argument, NULL, USER },
		{ "best", required_argument, NULL, BEST },
		{ "best-name", required_argument, NULL, BEST_NAME },
		{ "run", required_argument, NULL, RUN },
		{ "from", required_argument, NULL, FROM },
		{ "to", required_argument, NULL, TO },
		{ "running", no_argument, NULL, RUNNING },
		{ "scheduler", required_argument, NULL, SCHEDULER },
		{ "format", required_argument, NULL, FORMAT },
		{ "via", required_argument, NULL, VIA },
		{ "database", required_argument, NULL, DATABASE },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
		switch (c) {
		case ACCOUNT: o->tags.account = optarg; break;
		case WCKEY: o->tags.wckey = optarg; break;
		case NAME: o->tags.name = optarg; break;
		case COMMENT: o->tags.comment = optarg; break;
		case USER: o->user = optarg; break;
		case BEST: o->best = optarg; break;
		case BEST_NAME: o->best_name = optarg; break;
		case RUN: o->run = optarg; break;
		case FROM: o->from = optarg; break;
		case TO: o->to = optarg; break;
		case RUNNING: o->running = true; break;
		case SCHEDULER: o->scheduler = optarg; break;
		case FORMAT: o->format = optarg; break;
		case VIA: o->via = optarg; break;
		case DATABASE: o->database = optarg; break;
		case 'c': o->conf = optarg; break;
		case 'h': o->help = true; break;
		default: return cmd_usage_error("track", "bad option");
		}
	}
	if (optind < argc)
		o->tags.project = argv[optind++];
	if (optind < argc)
		return cmd_usage_error("track", "one PROJECT, not \"%s\", too",
				       argv[optind]);
	return EXIT_OK;
}

/* ---- what was asked for ---------------------------------------------------- */

struct asked {
	struct track_tags tags;
	struct track_best best;
	enum track_unit unit;
	int format, scheduler;
	const char *database, *conf;
};

static int parse_best(const struct options *o, struct track_best *best)
{
	char *end;

	best->name = o->best_name;
	if (!o->best)
		return EXIT_OK;
	if (o->best_name)
		return cmd_usage_error("track", "--best and --best-name do not go together");
	errno = 0;
	best->id = strtoll(o->best, &end, 10);
	if (errno || *end || end == o->best || best->id <= 0)
		return cmd_usage_error("track", "--best: \"%s\" is no number of a job (that of an array's task is its job_id in wattgate report, its JobIDRaw in sacct)",
				       o->best);
	return EXIT_OK;
}

static int check_tags(const struct options *o, int scheduler)
{
	const struct track_tags *t = &o->tags;

	if (!t->project && !t->account && !t->wckey && !t->name && !t->comment)
		return cmd_usage_error("track", "whose runs: a PROJECT, --account, --wckey, --name or --comment");
	if (scheduler == SCHEDULER_OAR && (t->account || t->wckey || t->comment))
		return cmd_usage_error("track", "OAR's jobs have no account, WCKey or comment: PROJECT and --name");
	if (scheduler == SCHEDULER_OAR && o->via)
		return cmd_usage_error("track", "--via does not go with --scheduler oar");
	if (scheduler == SCHEDULER_SLURM && o->database)
		return cmd_usage_error("track", "--database does not go with --scheduler slurm");
	return EXIT_OK;
}

static int parse_choices(const struct options *o, struct asked *a,
			 struct report *r)
{
	static const char *const units[] = { "job", "instance", "array", NULL };
	static const char *const formats[] = { "table", "csv", "json", "text",
					       "bibtex", "html", NULL };
	static const char *const schedulers[] = { "slurm", "oar", NULL };
	static const char *const ways[] = { "slurmdb", "sacct", NULL };
	int unit = 0, via = -1;
	int rc = cmd_choose("track", "--run", units, o->run, &unit);

	a->unit = (enum track_unit)unit;
	a->scheduler = SCHEDULER_ANY;
	if (rc == EXIT_OK)
		rc = cmd_choose("track", "--format", formats, o->format,
				&a->format);
	if (rc == EXIT_OK && o->scheduler)
		rc = cmd_choose("track", "--scheduler", schedulers,
				o->scheduler, &a->scheduler);
	if (rc == EXIT_OK && o->via)
		rc = cmd_choose("track", "--via", ways, o->via, &via);
	r->via = (enum slurm_via)(via + 1);
	return rc;
}

/* ---- reading --------------------------------------------------------------- */

/* The runs, and all that is put out of them. */
struct tracker {
	const struct asked *asked;
	track_t *track;
	groups_t *all;
	days_t *days;
	report_page_t *page;	/* NULL where none was asked for */
	bool monthly;
};

static void tracker_create(struct tracker *t, const struct asked *a,
			   struct report *r)
{
	t->asked = a;
	t->monthly = r->to_ns - r->from_ns > DAYS_SHOWN * 86400 * NS_PER_S;
	t->track = track_create(a->unit, &a->best);
	t->all = groups_create(JOB_USER);
	t->days = days_create(JOB_USER, t->monthly);
	/* users tell a project's runs apart */
	if (a->format == FORMAT_HTML)
		t->page = report_page_create(r, JOB_USER);
}

static void tracker_destroy(struct tracker *t)
{
	track_destroy(t->track);
	groups_destroy(t->all);
	days_destroy(t->days);
	report_page_destroy(t->page);
}

static void take_jobs(struct rows *jobs, void *arg)
{
	struct tracker *t = arg;
	struct rows *runs = track_wanted(&t->asked->tags, jobs);

	track_add(t->track, runs);
	groups_add(t->all, runs);
	days_add(t->days, runs);
	if (t->page)
		report_page_add(t->page, runs);
	rows_destroy(runs);
}

static int read_oar(struct tracker *t, struct report *r, struct err *err)
{
	pg_oar_t *db = oar_login_open(t->asked->database, &r->confs.all, err);
	int rc = db ? report_oar_jobs(r, db, take_jobs, t, err) : -1;

	pg_oar_close(db);
	return rc;
}

/* ---- output ---------------------------------------------------------------- */

static int print_page(struct tracker *t, const struct track_out *out,
		      struct err *err)
{
	const struct site_energy none = { NAN, NAN, NAN };
	struct rows *rows = track_rows(out);
	int rc;

	report_page_track(t->page, out->title, rows);
	rc = report_page_print(stdout, t->page, &none, NAN, err);
	rows_destroy(rows);
	return rc;
}

static int print(struct tracker *t, const struct track_out *out,
		 struct err *err)
{
	switch (t->asked->format) {
	case FORMAT_CSV: track_print_csv(stdout, out); break;
	case FORMAT_JSON: track_print_json(stdout, out); break;
	case FORMAT_TEXT: track_print_text(stdout, out); break;
	case FORMAT_BIBTEX: track_print_bibtex(stdout, out); break;
	case FORMAT_HTML: return print_page(t, out, err);
	default: track_print_table(stdout, out); break;
	}
	return 0;
}

static bool keep_none(const void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return false;
}

static int put_out(struct tracker *t, struct report *r,
		   const struct track_sum *sum, struct err *err)
{
	const struct site_energy none = { NAN, NAN, NAN };
	char *title = track_title(&t->asked->tags);
	struct rows *days = days_rows(t->days, keep_none, NULL);
	struct rows *time = track_time(days), *all;
	struct track_out out = {
		r, title, t->asked->scheduler == SCHEDULER_OAR ? "OAR" : "Slurm",
		t->asked->unit, sum, NULL, time, t->monthly ? "month" : "day" };
	int rc;

	groups_fold(t->all, 0);
	all = groups_rows(t->all, &none, SPREAD_NONE);
	out.all = all->len ? rows_cell(all, 0, 0) : NULL;
	rc = print(t, &out, err);
	rows_destroy(all);
	rows_destroy(days);
	rows_destroy(time);
	free(title);
	return rc;
}

static int track(const struct asked *a, struct report *r, struct err *err)
{
	struct tracker t = { 0 };
	struct track_sum sum;
	int rc;

	tracker_create(&t, a, r);
	rc = a->scheduler == SCHEDULER_OAR ? read_oar(&t, r, err) :
					     report_jobs(r, take_jobs, &t, err);
	if (rc == 0)
		rc = track_sum(t.track, &sum, err);
	if (rc == 0)
		rc = put_out(&t, r, &sum, err);
	tracker_destroy(&t);
	return rc;
}

static int run(const struct options *o, struct asked *a, struct report *r)
{
	struct err err = { "" };
	int rc = confs_load(&r->confs, o->conf, &err), status = EXIT_OK;

	if (rc == 0)
		rc = rates_open(&r->rates, &r->confs.all, &err);
	if (rc == 0 && a->scheduler == SCHEDULER_ANY) {
		a->scheduler = o->database || confs_follow_oar(&r->confs) ?
			       SCHEDULER_OAR : SCHEDULER_SLURM;
		status = check_tags(o, a->scheduler);
	}
	if (rc == 0 && status == EXIT_OK)
		rc = track(a, r, &err);
	rates_clear(&r->rates);
	confs_clear(&r->confs);
	if (rc < 0) {
		cmd_note("track", "%s", err.text);
		return EXIT_TROUBLE;
	}
	return status == EXIT_OK ? cmd_finish_output("track") : status;
}

int cmd_track(int argc, char **argv)
{
	struct options o = { .run = "job", .from = "-90d", .to = "now",
			     .format = "table" };
	struct report r = { .texts = true, .now_ns = clock_wall_ns() };
	struct asked a = { .format = FORMAT_TABLE };
	int rc = parse_options(argc, argv, &o);

	if (rc == EXIT_OK && o.help) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	if (rc == EXIT_OK)
		rc = parse_choices(&o, &a, &r);
	if (rc == EXIT_OK)
		rc = check_tags(&o, a.scheduler);
	if (rc == EXIT_OK)
		rc = parse_best(&o, &a.best);
	if (rc == EXIT_OK)
		rc = cmd_window("track", o.from, o.to, r.now_ns, &r.from_ns,
				&r.to_ns);
	if (rc != EXIT_OK)
		return rc;
	a.tags = o.tags;
	a.database = o.database;
	a.conf = o.conf;
	r.running = o.running;
	r.user = o.user;
	return run(&o, &a, &r);
}
