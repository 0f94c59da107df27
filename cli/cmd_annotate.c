/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/annotate.h"
#include "cli/cmd.h"
#include "cli/ledgers.h"
#include "lib/clock.h"

static const char usage[] =
	"usage: wattgate annotate [OPTION...]\n"
	"\n"
	"Leaves a line with kWh, coverage and source in a comment of Slurm's jobs that\n"
	"have ended, behind what is there. Without --field and without field in the\n"
	"[annotate] section of the configuration it does nothing.\n"
	"\n"
	"  --field F          admin_comment, system_comment or extra [the\n"
	"                     configuration's]\n"
	"  --from T           jobs that ended from then on, also those that were done\n"
	"                     [where the last run stopped; at first 7 days ago]\n"
	"  --to T             and before then [now]\n"
	"                     times as those of wattgate report\n"
	"  --rate R           jobs written at most: 10/s, 30/min, 1/h [the\n"
	"                     configuration's, 10/s]\n"
	"  --repair-energy    put the joules of jobs' rows right, too, where they are off\n"
	"                     (Slurm 25.11 and later)\n"
	"  --dry-run          print the lines, write nothing\n"
	"  --state FILE       where it is kept how far this came [STATE_DIR/annotate]\n"
	"  --scheduler S      slurm [slurm]\n"
	"  -c, --config FILE  configuration [$WATTGATE_CONF, /etc/wattgate/wattgate.conf]\n"
	"  -h, --help         this text\n"
	"\n"
	"Slurm lets operators and administrators write comments.\n";

struct options {
	const char *field, *from, *to, *rate, *state, *scheduler, *conf;
	bool repair, dry_run, help;
};

static const struct {
	const char *name;
	enum slurmdb_field field;
} fields[] = {
	{ "admin_comment", SLURMDB_ADMIN_COMMENT },
	{ "system_comment", SLURMDB_SYSTEM_COMMENT },
	{ "extra", SLURMDB_EXTRA },
};

static int parse_options(int argc, char **argv, struct options *o)
{
	enum { FIELD = 256, FROM, TO, RATE, REPAIR, DRY_RUN, STATE, SCHEDULER };
	static const struct option table[] = {
		{ "field", required_argument, NULL, FIELD },
		{ "from", required_argument, NULL, FROM },
		{ "to", required_argument, NULL, TO },
		{ "rate", required_argument, NULL, RATE },
		{ "repair-energy", no_argument, NULL, REPAIR },
		{ "dry-run", no_argument, NULL, DRY_RUN },
		{ "state", required_argument, NULL, STATE },
		{ "scheduler", required_argument, NULL, SCHEDULER },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
		switch (c) {
		case FIELD: o->field = optarg; break;
		case FROM: o->from = optarg; break;
		case TO: o->to = optarg; break;
		case RATE: o->rate = optarg; break;
		case REPAIR: o->repair = true; break;
		case DRY_RUN: o->dry_run = true; break;
		case STATE: o->state = optarg; break;
		case SCHEDULER: o->scheduler = optarg; break;
		case 'c': o->conf = optarg; break;
		case 'h': o->help = true; break;
		default: return cmd_usage_error("annotate", "bad option");
		}
	}
	if (optind < argc)
		return cmd_usage_error("annotate", "\"%s\" is no option",
				       argv[optind]);
	return EXIT_OK;
}

/* ---- what is asked for ----------------------------------------------------- */

static int find_field(const char *name, enum slurmdb_field *field)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		if (strcmp(fields[i].name, name) == 0) {
			*field = fields[i].field;
			return EXIT_OK;
		}
	}
	return cmd_usage_error("annotate", "--field: \"%s\" is none of admin_comment, system_comment, extra",
			       name);
}

static int refuse_oar(void)
{
	return cmd_usage_error("annotate", "OAR's jobs have no comment to write to, and need none: with wattgate's module oarstat -f and -J have energy_kwh and energy_coverage");
}

/* EXIT_OK, or the status to exit with. */
static int check_scheduler(const struct options *o, const struct confs *confs)
{
	if (o->scheduler && strcmp(o->scheduler, "slurm") == 0)
		return EXIT_OK;
	if (o->scheduler && strcmp(o->scheduler, "oar") != 0)
		return cmd_usage_error("annotate", "--scheduler cannot be \"%s\"",
				       o->scheduler);
	return o->scheduler || confs_follow_oar(confs) ? refuse_oar() : EXIT_OK;
}

static int set_rate(const struct options *o, const struct conf *conf,
		    struct annotate *a)
{
	struct err err;

	a->per_s = conf->annotate.per_s > 0 ? conf->annotate.per_s : 10;
	if (o->rate && conf_parse_rate(o->rate, &a->per_s, &err) < 0)
		return cmd_usage_error("annotate", "--rate: %s", err.text);
	return EXIT_OK;
}

static int set_window(const struct options *o,
		      const struct annotate_state *state, struct report *r)
{
	const char *from = o->from ? o->from : "-7d";
	const char *to = o->to ? o->to : "now";

	if (cmd_time("annotate", "--from", from, r->now_ns, &r->from_ns) != EXIT_OK ||
	    cmd_time("annotate", "--to", to, r->now_ns, &r->to_ns) != EXIT_OK)
		return EXIT_USAGE;
	if (!o->from && state && state->done_s > 0)
		r->from_ns = state->done_s * NS_PER_S;
	if (r->from_ns >= r->to_ns)
		return cmd_usage_error("annotate", o->from ?
				       "--from is not before --to" :
				       "all jobs that ended before --to were looked at: --from looks at them again");
	return EXIT_OK;
}

static void pass_record(const struct ledger_rec *rec, void *arg)
{
	(void)rec;
	(void)arg;
}

/* One at least: of others that cannot be read, jobs are waited for. */
static int check_readable(const struct ledgers *from, const struct names *nodes,
			  struct err *err)
{
	static const struct ledger_visitor visitor = { .record = pass_record };

	for (size_t i = 0; i < nodes->len; i++)
		if (ledgers_visit(from, nodes->list[i], LEDGER_FILE_OPEN,
				  &visitor, err) == 0)
			return 0;
	return -1;
}

/*
 * Where no ledger can be read, every job would be passed over without a word.
 */
static int check_ledgers(const struct conf *conf, struct err *err)
{
	struct names nodes = { 0 };
	struct ledgers from;
	int rc;

	if (ledgers_open(&from, conf, err) < 0)
		return -1;
	rc = *from.dir || from.store ? ledgers_nodes(&from, &nodes, err) :
	     err_set(err, "there is no configuration, and so no ledger_dir");
	if (rc == 0 && nodes.len == 0)
		rc = err_set(err, "%s has no ledger of any node",
			     ledgers_name(&from));
	if (rc == 0)
		rc = check_readable(&from, &nodes, err);
	names_destroy(&nodes);
	ledgers_close(&from);
	return rc;
}

/* ---- output ---------------------------------------------------------------- */

static void print_sum(size_t n, const char *what)
{
	if (n > 0)
		printf("%8zu %s\n", n, what);
}

static void print_sums(const struct annotate *a)
{
	const struct annotate_sums *s = &a->sums;

	printf("%8zu %s\n", s->added, a->dry_run ?
	       "jobs would get a line; nothing was written" :
	       "jobs got a line");
	print_sum(s->replaced, "got another one: their figures had changed");
	print_sum(s->same, "have theirs");
	print_sum(s->repaired, "rows' joules were put right");
	print_sum(s->open, "have ledgers that are open, or not here yet");
	print_sum(s->unknown, "are not in the ledgers of all their nodes");
	print_sum(s->foreign, "have a comment that another program reads whole: left as it is (another --field would do)");
	print_sum(s->too_long, "have a comment without room for a line: left as it is");
	print_sum(s->later, "have a line of a later wattgate: left as it is");
	print_sum(s->not_alone, "cannot be told from another instance of the same id: left as they are");
	print_sum(s->failed, "could not be written");
}

/* ---- the command ----------------------------------------------------------- */

static int annotate_with(const struct options *o, struct report *r,
			 struct annotate *a)
{
	struct err err;
	int rc = set_window(o, a->state, r);

	if (rc != EXIT_OK)
		return rc;
	if (a->state)
		a->state->from_s = r->from_ns / NS_PER_S;
	rc = annotate_jobs(a, r, &err);
	print_sums(a);
	if (rc < 0)
		cmd_note("annotate", "%s", err.text);
	rc = rc < 0 || a->sums.failed > 0 ? EXIT_TROUBLE : EXIT_OK;
	return cmd_finish_output("annotate") != EXIT_OK ? EXIT_TROUBLE : rc;
}

static int trouble(const struct err *err)
{
	cmd_note("annotate", "%s", err->text);
	return EXIT_TROUBLE;
}

static int annotate(const struct options *o, struct report *r,
		    const char *field)
{
	const struct conf *conf = &r->confs.all;
	struct annotate a = {
		.dry_run = o->dry_run,
		.repair_energy = o->repair || conf->annotate.repair_energy,
	};
	struct annotate_state state;
	char path[CONF_PATH_MAX + 16];
	struct err err;
	int rc;

	rc = set_rate(o, conf, &a);
	if (rc == EXIT_OK)
		rc = find_field(field, &r->field);
	if (rc != EXIT_OK)
		return rc;
	if (check_ledgers(conf, &err) < 0)
		return trouble(&err);
	if (o->dry_run)
		return annotate_with(o, r, &a);
	snprintf(path, sizeof(path), "%s/annotate", conf->state_dir);
	if (annotate_state_open(&state, o->state ? o->state : path, field,
				r->now_ns / NS_PER_S, &err) < 0)
		return trouble(&err);
	a.state = &state;
	rc = annotate_with(o, r, &a);
	annotate_state_close(&state);
	return rc;
}

int cmd_annotate(int argc, char **argv)
{
	struct options o = { 0 };
	struct report r = { .now_ns = clock_wall_ns() };
	struct err err;
	const char *field;
	int rc;

	rc = parse_options(argc, argv, &o);
	if (rc == EXIT_OK && o.help) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	if (rc != EXIT_OK)
		return rc;
	if (confs_load(&r.confs, o.conf, &err) < 0)
		return trouble(&err);
	field = o.field ? o.field : r.confs.all.annotate.field;
	rc = check_scheduler(&o, &r.confs);
	if (rc == EXIT_OK && *field)
		rc = annotate(&o, &r, field);
	else if (rc == EXIT_OK)
		cmd_note("annotate", "nothing is done without a field: --field, or field in [annotate] of %s",
			 r.confs.path);
	confs_clear(&r.confs);
	return rc;
}
