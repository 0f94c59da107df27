/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cmd.h"
#include "cli/doctor.h"
#include "cli/json_report.h"
#include "cli/text.h"

static const char usage[] =
	"usage: wattgate doctor [OPTION...]\n"
	"\n"
	"Checks this host and Slurm's or OAR's configuration, and says how to mend what\n"
	"it finds.\n"
	"It changes nothing.\n"
	"\n"
	"  --node NODE        only this node of the run directory\n"
	"  --json             as JSON\n"
	"  -c, --config FILE  configuration [$WATTGATE_CONF, /etc/wattgate/wattgate.conf]\n"
	"  -h, --help         this text\n"
	"\n"
	"Exit status: 0 nothing failed, 1 something did, 2 usage.\n";

struct options {
	const char *node, *conf;
	bool json, help;
};

static int parse_options(int argc, char **argv, struct options *o)
{
	enum { NODE = 256, JSON };
	static const struct option table[] = {
		{ "node", required_argument, NULL, NODE },
		{ "json", no_argument, NULL, JSON },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
		switch (c) {
		case NODE: o->node = optarg; break;
		case JSON: o->json = true; break;
		case 'c': o->conf = optarg; break;
		case 'h': o->help = true; break;
		default: return cmd_usage_error("doctor", "bad option");
		}
	}
	if (optind < argc)
		return cmd_usage_error("doctor", "\"%s\" is no option",
				       argv[optind]);
	return EXIT_OK;
}

static void print_line(const char *prefix, const char *raw)
{
	int width;
	char *text = text_terminal(raw, 2000, text_locale_utf8(), &width);

	printf("%s%s\n", prefix, text);
	free(text);
}

static void print_text(const struct doctor *d)
{
	const struct rows *rows = d->findings;

	for (size_t i = 0; i < rows->len; i++) {
		const struct cell *mend = rows_cell(rows, i, 3);

		printf("%-4s  %-13s  ", rows_cell(rows, i, 0)->text,
		       rows_cell(rows, i, 1)->text);
		print_line("", rows_cell(rows, i, 2)->text);
		if (mend->known)
			print_line("      -> mend: ", mend->text);
	}
	printf("\n%d failed, %d warnings\n", d->failed, d->warned);
}

static void print_json(const struct doctor *d)
{
	const struct json_member members[] = {
		{ "verdict", d->failed ? "fail" : d->warned ? "warn" : "ok",
		  NULL },
		{ "findings", NULL, d->findings },
	};

	json_print_object(stdout, members,
			  sizeof(members) / sizeof(members[0]));
}

int cmd_doctor(int argc, char **argv)
{
	struct options o = { 0 };
	struct doctor d;
	int rc = parse_options(argc, argv, &o);

	if (rc != EXIT_OK)
		return rc;
	if (o.help) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	doctor_run(&d, o.conf, o.node);
	(o.json ? print_json : print_text)(&d);
	rc = cmd_finish_output("doctor");
	if (d.failed)
		rc = EXIT_TROUBLE;
	doctor_clear(&d);
	return rc;
}
