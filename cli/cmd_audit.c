/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit.h"
#include "cli/audit_meters.h"
#include "cli/audit_oar.h"
#include "cli/cmd.h"
#include "cli/confs.h"
#include "cli/json_report.h"
#include "cli/oar_login.h"
#include "cli/text.h"

static const char usage[] =
	"usage: wattgate audit [OPTION...]\n"
	"\n"
	"Reads ledgers, or what wattgated wrote into OAR's database; proves that each\n"
	"node's energy is that of its jobs, unallocated and idle energy together, and\n"
	"shows what is unmeasured, and what second meters say beside the first ones.\n"
	"\n"
	"  --scheduler S      slurm (ledgers) or oar (its database) [oar where the\n"
	"                     configuration follows an OAR]\n"
	"  --node NODE        only this node\n"
	"  --ledger-dir DIR   where the ledgers are [ledger_dir of the configuration, or\n"
	"                     the site's store]\n"
	"  --database C       OAR's PostgreSQL in libpq's words [the configuration's]\n"
	"  --json             as JSON\n"
	"  -c, --config FILE  configuration [$WATTGATE_CONF, /etc/wattgate/wattgate.conf]\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 all adds up, 1 it does not, or cannot be read, 2 usage.\n";

struct options {
	const char *node, *dir, *scheduler, *database, *conf;
	bool json, help;
};

static int parse_options(int argc, char **argv, struct options *o)
{
	enum { NODE = 256, DIR, SCHEDULER, DATABASE, JSON };
	static const struct option table[] = {
		{ "node", required_argument, NULL, NODE },
		{ "ledger-dir", required_argument, NULL, DIR },
		{ "scheduler", required_argument, NULL, SCHEDULER },
		{ "database", required_argument, NULL, DATABASE },
		{ "json", no_argument, NULL, JSON },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
		switch (c) {
		case NODE: o->node = optarg; break;
		case DIR: o->dir = optarg; break;
		case SCHEDULER: o->scheduler = optarg; break;
		case DATABASE: o->database = optarg; break;
		case JSON: o->json = true; break;
		case 'c': o->conf = optarg; break;
		case 'h': o->help = true; break;
		default: return cmd_usage_error("audit", "bad option");
		}
	}
	if (optind < argc)
		return cmd_usage_error("audit", "\"%s\" is no option",
				       argv[optind]);
	return EXIT_OK;
}

static int audit_all(const struct options *o, const struct ledgers *from,
		     struct audit_result *result, struct err *err)
{
	struct names nodes = { 0 };
	int rc = ledgers_nodes(from, &nodes, err);

	if (rc == 0 && o->node && !names_have(&nodes, o->node))
		rc = err_set(err, "there is no ledger of node %s in %s",
			     o->node, ledgers_name(from));
	if (rc == 0 && nodes.len == 0)
		rc = err_set(err, "there is no ledger in %s",
			     ledgers_name(from));
	for (size_t i = 0; rc == 0 && i < nodes.len; i++)
		if (!o->node || strcmp(o->node, nodes.list[i]) == 0)
			rc = audit_node(from, nodes.list[i], result, err);
	names_destroy(&nodes);
	return rc;
}

/* Findings may be long, and are for reading: no columns. */
static void print_findings(const char *title, const struct rows *rows)
{
	for (size_t i = 0; i < rows->len; i++) {
		int width;
		char *text = text_terminal(rows_cell(rows, i, 1)->text, 1000,
					   text_locale_utf8(), &width);

		printf("%s%s  %s: %s\n", i ? "" : "\n", title,
		       rows_cell(rows, i, 0)->text, text);
		free(text);
	}
}

static void print_text(const struct audit_result *r)
{
	rows_print_table(stdout, r->nodes);
	if (r->unmeasured->len) {
		puts("\nNot measured, a second or longer:");
		rows_print_table(stdout, r->unmeasured);
	}
	if (r->meters->len) {
		puts("\nThe second meter's energy by the first one's, of the time that both covered:");
		rows_print_table(stdout, r->meters);
	}
	print_findings("note", r->notes);
	print_findings("VIOLATION", r->violations);
	if (r->violations->len)
		printf("\nVIOLATED: %zu findings\n", r->violations->len);
	else
		puts("\nconserved: every node's energy is that of its jobs, unallocated and idle");
}

static void print_json(const struct audit_result *r)
{
	const struct json_member members[] = {
		{ "verdict", r->violations->len ? "violated" : "conserved", NULL },
		{ "nodes", NULL, r->nodes },
		{ "unmeasured", NULL, r->unmeasured },
		{ "violations", NULL, r->violations },
		{ "notes", NULL, r->notes },
		{ "meters", NULL, r->meters },
	};

	json_print_object(stdout, members,
			  sizeof(members) / sizeof(members[0]));
}

/* Is it OAR's database that is meant? 1 or 0; -1: a usage error was told. */
static int oar_meant(const struct options *o, const struct confs *confs)
{
	const bool oar = o->scheduler ? strcmp(o->scheduler, "oar") == 0 :
			 o->database || (!o->dir && confs_follow_oar(confs));

	if (oar ? o->dir != NULL : o->database != NULL) {
		cmd_usage_error("audit", "--ledger-dir is of slurm, --database of oar: they do not go together");
		return -1;
	}
	return oar;
}

static int audit_database(const struct options *o, const struct confs *confs,
			  struct audit_result *result, struct err *err)
{
	pg_oar_t *db = oar_login_open(o->database, &confs->all, err);
	int rc = db ? audit_oar(db, o->node, result, err) : -1;

	pg_oar_close(db);
	return rc;
}

static int audit_ledgers(const struct options *o, const struct confs *confs,
			 struct audit_result *result, struct err *err)
{
	struct ledgers from = { .dir = o->dir };
	int rc;

	if (!o->dir && !*confs->all.ledger_dir)
		return err_set(err, "there is no configuration, so no ledger_dir; name one with --ledger-dir");
	if (!o->dir && ledgers_open(&from, &confs->all, err) < 0)
		return -1;
	rc = audit_all(o, &from, result, err);
	ledgers_close(&from);
	return rc;
}

static int run_audit(const struct options *o, const struct confs *confs,
		     bool oar)
{
	struct audit_result result = audit_result_create();
	struct err err = { "" };
	int status = EXIT_TROUBLE;

	if ((oar ? audit_database : audit_ledgers)(o, confs, &result,
						   &err) < 0) {
		cmd_note("audit", "%s", err.text);
	} else {
		audit_meters(o->dir ? o->dir : confs->all.ledger_dir, o->node,
			     &result);
		(o->json ? print_json : print_text)(&result);
		status = cmd_finish_output("audit");
		if (result.violations->len)
			status = EXIT_TROUBLE;
	}
	audit_result_destroy(&result);
	return status;
}

int cmd_audit(int argc, char **argv)
{
	struct options o = { 0 };
	struct confs confs = { 0 };
	struct err err;
	int rc = parse_options(argc, argv, &o), oar;

	if (rc != EXIT_OK)
		return rc;
	if (o.help) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	if (o.scheduler && strcmp(o.scheduler, "slurm") != 0 &&
	    strcmp(o.scheduler, "oar") != 0)
		return cmd_usage_error("audit", "--scheduler cannot be \"%s\"",
				       o.scheduler);
	/* ledgers elsewhere need no configuration */
	if (!o.dir && confs_load(&confs, o.conf, &err) < 0) {
		cmd_note("audit", "%s", err.text);
		return EXIT_TROUBLE;
	}
	oar = oar_meant(&o, &confs);
	rc = oar < 0 ? EXIT_USAGE : run_audit(&o, &confs, oar);
	confs_clear(&confs);
	return rc;
}
