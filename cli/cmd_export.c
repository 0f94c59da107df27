/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cmd.h"
#include "cli/export_out.h"
#include "cli/mem.h"
#include "cli/oar_login.h"
#include "cli/whose.h"
#include "lib/clock.h"
#include "lib/expo.h"
#include "lib/file.h"
#include "lib/seal.h"
#include "lib/when.h"

static const char usage[] =
	"usage: wattgate export --since-cursor FILE [OPTION...]\n"
	"\n"
	"Puts out the jobs that ended and were not put out before, each instance once.\n"
	"FILE remembers which. A job waits until its figures are final.\n"
	"\n"
	"  --since-cursor FILE  the cursor; what has no cursor yet needs --from\n"
	"  --from T             where a new cursor begins: jobs that ended since then\n"
	"                       (2026-11-23, 2026-11-23T14:05:09Z, @SECONDS, -30d)\n"
	"  --output DIR         a file a batch, DIR/wattgate-NUMBER.csv: exactly once, also\n"
	"                       after a crash [standard output: at least once]\n"
	"  --format F           csv or jsonl [csv]\n"
	"  --scheduler S        slurm or oar [the cursor's; oar where the configuration\n"
	"                       follows an OAR]\n"
	"  --settle D           so long after its end a job waits for final figures, as 90m,\n"
	"                       12h, 2d [1d]; then it comes as it is, and once more, as\n"
	"                       revision 2, when they are\n"
	"  --horizon D          by so much later than others' ends accounting may tell of\n"
	"                       one [7d]\n"
	"  --revise             jobs again whose figures have changed (after a backfill)\n"
	"  --limit N            at most N jobs; the others next time\n"
	"  --textfile PATH      accounts' totals for node_exporter, too\n"
	"  --via V              how Slurm's jobs are read: slurmdb or sacct\n"
	"  --database C         OAR's PostgreSQL in libpq's words [the configuration's]\n"
	"  -c, --config FILE    configuration [$WATTGATE_CONF, /etc/wattgate/wattgate.conf]\n"
	"  -h, --help           this text\n"
	"\n"
	"Exit status: 0 all is out, 1 trouble (the cursor stays), 2 usage.\n";

struct options {
	const char *cursor, *from, *output, *format, *scheduler, *settle,
		*horizon, *limit, *textfile, *via, *database, *conf;
	bool revise, help;
};

static int parse_options(int argc, char **argv, struct options *o)
{
	enum { CURSOR = 256, FROM, OUTPUT, FORMAT, SCHEDULER, SETTLE, HORIZON,
	       REVISE, LIMIT, TEXTFILE, VIA, DATABASE };
	static const struct option table[] = {
		{ "since-cursor", required_argument, NULL, CURSOR },
		{ "from", required_argument, NULL, FROM },
		{ "output", required_argument, NULL, OUTPUT },
		{ "format", required_argument, NULL, FORMAT },
		{ "scheduler", required_argument, NULL, SCHEDULER },
		{ "settle", required_argument, NULL, SETTLE },
		{ "horizon", required_argument, NULL, HORIZON },
		{ "revise", no_argument, NULL, REVISE },
		{ "limit", required_argument, NULL, LIMIT },
		{ "textfile", required_argument, NULL, TEXTFILE },
		{ "via", required_argument, NULL, VIA },
		{ "database", required_argument, NULL, DATABASE },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
		switch (c) {
		case CURSOR: o->cursor = optarg; break;
		case FROM: o->from = optarg; break;
		case OUTPUT: o->output = optarg; break;
		case FORMAT: o->format = optarg; break;
		case SCHEDULER: o->scheduler = optarg; break;
		case SETTLE: o->settle = optarg; break;
		case HORIZON: o->horizon = optarg; break;
		case REVISE: o->revise = true; break;
		case LIMIT: o->limit = optarg; break;
		case TEXTFILE: o->textfile = optarg; break;
		case VIA: o->via = optarg; break;
		case DATABASE: o->database = optarg; break;
		case 'c': o->conf = optarg; break;
		case 'h': o->help = true; break;
		default: return cmd_usage_error("export", "bad option");
		}
	}
	if (optind < argc)
		return cmd_usage_error("export", "\"%s\" is no option",
				       argv[optind]);
	return EXIT_OK;
}

/* ---- what was asked for ---------------------------------------------------- */

/* "90m", "2d": as far back as when_parse() takes "-90m". */
static int parse_duration(const char *option, const char *text, int64_t *s)
{
	const int64_t now_ns = INT64_C(1) << 61;
	char back[32];
	int64_t ns;

	if (*text >= '0' && *text <= '9' &&
	    snprintf(back, sizeof(back), "-%s", text) < (int)sizeof(back) &&
	    when_parse(back, now_ns, &ns) == 0 && ns <= now_ns) {
		*s = (now_ns - ns) / NS_PER_S;
		return EXIT_OK;
	}
	return cmd_usage_error("export", "%s: \"%s\" is no length of time, such as 90m, 12h or 2d",
			       option, text);
}

static int parse_limit(const char *text, uint64_t *limit)
{
	char *end;

	if (!text)
		return EXIT_OK;
	if (*text >= '1' && *text <= '9') {
		*limit = strtoull(text, &end, 10);
		if (!*end && *limit <= INT64_MAX)
			return EXIT_OK;
	}
	return cmd_usage_error("export", "--limit: \"%s\" is no number above 0",
			       text);
}

/* One of the names, NULL at their end, or not given. */
static int one_of(const char *option, const char *const *names,
		  const char *name)
{
	int which;

	return name ? cmd_choose("export", option, names, name, &which) :
		      EXIT_OK;
}

static int check_options(const struct options *o, struct export_params *p)
{
	static const char *const formats[] = { "csv", "jsonl", NULL };
	static const char *const schedulers[] = { "slurm", "oar", NULL };
	static const char *const ways[] = { "slurmdb", "sacct", NULL };
	int rc;

	if (!o->cursor)
		return cmd_usage_error("export", "--since-cursor is missing");
	rc = one_of("--format", formats, o->format);
	if (rc == EXIT_OK)
		rc = one_of("--scheduler", schedulers, o->scheduler);
	if (rc == EXIT_OK)
		rc = one_of("--via", ways, o->via);
	if (rc == EXIT_OK)
		rc = parse_duration("--settle", o->settle, &p->settle_s);
	if (rc == EXIT_OK)
		rc = parse_duration("--horizon", o->horizon, &p->horizon_s);
	if (rc == EXIT_OK)
		rc = parse_limit(o->limit, &p->limit);
	p->revise = o->revise;
	p->now_s = clock_wall_ns() / NS_PER_S;
	return rc;
}

/* ---- where jobs come from -------------------------------------------------- */

struct place {
	struct report *report;
	pg_oar_t *db;		/* NULL: Slurm */
};

static int read_jobs(void *arg, const struct export_window *window,
		     report_wants *wants, void *wants_arg, report_sink *sink,
		     void *sink_arg, struct err *err)
{
	const struct place *place = arg;
	struct report *r = place->report;

	r->from_ns = window->from_s * NS_PER_S;
	r->to_ns = window->to_s * NS_PER_S;
	r->now_ns = r->to_ns;
	r->running = window->running;
	r->wants = wants;
	r->wants_arg = wants_arg;
	return place->db ? report_oar_jobs(r, place->db, sink, sink_arg, err) :
			   report_jobs(r, sink, sink_arg, err);
}

/* ---- totals ---------------------------------------------------------------- */

/*
 * Beside the cursor, for wattgated, which is another user: who may read it is
 * said by the directory. What is in it can be had from the cursor.
 */
static int write_totals(const char *cursor, const struct cursor *c,
			struct err *err)
{
	char path[PATH_MAX], *body = NULL;
	size_t size;
	FILE *f = open_memstream(&body, &size);
	const mode_t mask = umask(022);
	int rc;

	if (!f)
		mem_failed();
	fprintf(f, "at=%lld\nscheduler=%s\n", (long long)c->totals.at_s,
		c->scheduler);
	totals_print(f, &c->totals);
	if (fclose(f) != 0)
		mem_failed();
	if (snprintf(path, sizeof(path), "%s.totals", cursor) >=
	    (int)sizeof(path))
		rc = err_set(err, "%s: the path is too long", cursor);
	else
		rc = seal_write(path, TOTALS_KIND, TOTALS_VERSION, body, 0644,
				err);
	umask(mask);
	free(body);
	return rc;
}

/* node_exporter reads it as another user. */
static int write_textfile(const char *path, const struct cursor *c,
			  struct err *err)
{
	char *text = NULL;
	struct expo e;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	const mode_t mask = umask(022);
	int rc;

	if (!f)
		mem_failed();
	expo_begin(&e, f, EXPO_PROMETHEUS);
	totals_expose(&e, &c->totals);
	expo_end(&e);
	if (fclose(f) != 0)
		mem_failed();
	rc = file_replace(path, text, size, 0644, true, err);
	umask(mask);
	free(text);
	return rc;
}

/* ---- all ------------------------------------------------------------------- */

/* A cursor that is new begins where it is told to. */
static int cursor_begin(struct cursor *c, const struct options *o,
			int64_t now_s, struct err *err)
{
	int64_t from_ns;

	if (!o->from)
		return err_set(err, "%s: there is no such cursor: --from T says where a new one begins (one that was lost would give all jobs since then once more)",
			       o->cursor);
	if (when_parse(o->from, now_s * NS_PER_S, &from_ns) < 0 || from_ns < 0)
		return err_set(err, "--from: \"%s\" is no time since 1970",
			       o->from);
	c->floor_s = c->low_s = (from_ns + NS_PER_S - 1) / NS_PER_S;
	return 0;
}

static int cursor_open_or_begin(struct cursor *c, const struct options *o,
				int64_t now_s, struct err *err)
{
	int rc = cursor_read(c, o->cursor, err);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return cursor_begin(c, o, now_s, err);
	if (o->from)
		cmd_note("export", "--from is passed over: %s goes on from where it is",
			 o->cursor);
	return 0;
}

/* Once chosen, a cursor's scheduler stays. */
static int choose_scheduler(struct cursor *c, const struct options *o,
			    const struct confs *confs, struct err *err)
{
	const char *name = o->scheduler;

	if (!name)
		name = *c->scheduler ? c->scheduler :
		       o->database || confs_follow_oar(confs) ? "oar" : "slurm";
	if (*c->scheduler && strcmp(c->scheduler, name) != 0)
		return err_set(err, "%s: it is of scheduler %s", o->cursor,
			       c->scheduler);
	memmove(c->scheduler, name, strlen(name) + 1);
	return 0;
}

static void tell(const struct export_result *r)
{
	if (r->held)
		cmd_note("export", "%llu jobs have ended and wait for final figures, for --settle at most",
			 (unsigned long long)r->held);
	if (r->gone)
		cmd_note("export", "%llu jobs that ran are not in accounting any more, and are given up",
			 (unsigned long long)r->gone);
	if (r->more)
		cmd_note("export", "there are more than --limit: run it again");
}

/* Jobs that are hidden from who asks would be missed without a word. */
static int check_sight(struct err *err)
{
	struct slurm_privacy privacy;
	char user[256];

	if (!whose_slurm(user, sizeof(user)))
		return 0;
	if (slurm_privacy_read(&privacy) == 0 && !privacy.jobs_hidden)
		return 0;
	return err_set(err, "%s does not see all jobs (PrivateData=jobs in slurmdbd.conf): run it as root, SlurmUser or an operator",
		       user);
}

static int run_with(const struct options *o, struct export_params *p,
		    struct cursor *c, struct export_out *out,
		    struct report *report, struct err *err)
{
	struct place place = { report, NULL };
	struct export_result result;
	int rc = 0;

	if (strcmp(c->scheduler, "oar") == 0) {
		place.db = oar_login_open(o->database, &report->confs.all, err);
		rc = place.db ? 0 : -1;
	} else {
		rc = check_sight(err);
	}
	p->jobs = read_jobs;
	p->jobs_arg = &place;
	if (rc == 0)
		rc = export_out_batch(out, c, p, &result, err);
	pg_oar_close(place.db);
	if (rc < 0)
		return -1;
	tell(&result);
	rc = write_totals(o->cursor, c, err);
	if (rc == 0 && o->textfile)
		rc = write_textfile(o->textfile, c, err);
	return rc;
}

static int run_locked(const struct options *o, struct export_params *p,
		      struct export_out *out, struct err *err)
{
	struct report report = {
		.via = !o->via ? SLURM_VIA_ANY : strcmp(o->via, "sacct") == 0 ?
		       SLURM_VIA_SACCT : SLURM_VIA_SLURMDB };
	struct cursor c;
	int rc = export_out_recover(out, err);

	if (rc > 0)
		cmd_note("export", "an export that was interrupted is finished now");
	if (rc < 0 || cursor_open_or_begin(&c, o, p->now_s, err) < 0)
		return -1;
	rc = confs_load(&report.confs, o->conf, err);
	if (rc == 0)
		rc = rates_open(&report.rates, &report.confs.all, err);
	if (rc == 0)
		rc = choose_scheduler(&c, o, &report.confs, err);
	if (rc == 0)
		rc = run_with(o, p, &c, out, &report, err);
	rates_clear(&report.rates);
	confs_clear(&report.confs);
	cursor_clear(&c);
	return rc;
}

int cmd_export(int argc, char **argv)
{
	struct options o = { .format = "csv", .settle = "1d", .horizon = "7d" };
	struct export_params p = { .limit = 0 };
	struct export_out out = { .lock = -1 };
	struct err err = { "" };
	int rc = parse_options(argc, argv, &o);

	if (rc == EXIT_OK && o.help) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	if (rc == EXIT_OK)
		rc = check_options(&o, &p);
	if (rc != EXIT_OK)
		return rc;
	out.cursor = o.cursor;
	out.dir = o.output;
	out.ending = o.format;
	rc = export_out_lock(&out, &err);
	if (rc == 0)
		rc = run_locked(&o, &p, &out, &err);
	export_out_close(&out);
	if (rc == 0)
		return EXIT_OK;
	cmd_note("export", "%s", err.text);
	return EXIT_TROUBLE;
}
