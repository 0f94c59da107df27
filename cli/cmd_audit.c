/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit.h"
#include "cli/cmd.h"
#include "cli/confs.h"
#include "cli/json_report.h"
#include "cli/text.h"

static const char usage[] =
	"usage: wattgate audit [OPTION...]\n"
	"\n"
	"Reads ledgers, checks every line, proves that each node's energy is that of its\n"
	"jobs, unallocated and idle energy together, and shows what is unmeasured.\n"
	"\n"
	"  --node NODE        only this node's ledger\n"
	"  --ledger-dir DIR   where the ledgers are [ledger_dir of the configuration]\n"
	"  --json             as JSON\n"
	"  -c, --config FILE  configuration [$WATTGATE_CONF, /etc/wattgate/wattgate.conf]\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 all adds up, 1 it does not, or cannot be read, 2 usage.\n";

struct options {
	const char *node, *dir, *conf;
	bool json, help;
};

static int parse_options(int argc, char **argv, struct options *o)
{
	enum { NODE = 256, DIR, JSON };
	static const struct option table[] = {
		{ "node", required_argument, NULL, NODE },
		{ "ledger-dir", required_argument, NULL, DIR },
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

static int audit_all(const struct options *o, const char *dir,
		     struct audit_result *result, struct err *err)
{
	struct names nodes = { 0 };
	int rc = ledgers_nodes(dir, &nodes, err);

	if (rc == 0 && o->node && !names_have(&nodes, o->node))
		rc = err_set(err, "there is no ledger of node %s in %s",
			     o->node, dir);
	if (rc == 0 && nodes.len == 0)
		rc = err_set(err, "there is no ledger in %s", dir);
	for (size_t i = 0; rc == 0 && i < nodes.len; i++)
		if (!o->node || strcmp(o->node, nodes.list[i]) == 0)
			rc = audit_node(dir, nodes.list[i], result, err);
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
	};

	json_print_object(stdout, members,
			  sizeof(members) / sizeof(members[0]));
}

static int run_audit(const struct options *o, const char *dir)
{
	struct audit_result result = audit_result_create();
	struct err err = { "" };
	int status = EXIT_TROUBLE;

	if (audit_all(o, dir, &result, &err) < 0) {
		cmd_note("audit", "%s", err.text);
	} else {
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
	const char *dir;
	int rc = parse_options(argc, argv, &o);

	if (rc != EXIT_OK)
		return rc;
	if (o.help) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	dir = o.dir;
	if (!dir) {
		if (confs_load(&confs, o.conf, &err) < 0) {
			cmd_note("audit", "%s", err.text);
			return EXIT_TROUBLE;
		}
		dir = confs.all.ledger_dir;
	}
	if (!*dir) {
		cmd_note("audit", "there is no configuration, so no ledger_dir; name one with --ledger-dir");
		return EXIT_TROUBLE;
	}
	return run_audit(&o, dir);
}
