/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"

static const char usage[] =
	"usage: wattgate COMMAND [OPTION...]\n"
	"\n"
	"  probe    what a BMC offers, and which number is the node's power\n"
	"  report   what jobs and nodes drew, beside their core-hours\n"
	"  track    what developing something drew: all its runs, and the best one\n"
	"  export   jobs that were not exported before, for billing and dashboards\n"
	"  audit    prove that the ledgers conserve energy; show what is unmeasured\n"
	"  backfill fill results of the past from a Kwollect or Prometheus server\n"
	"  annotate leave a line with kWh in a comment of Slurm's finished jobs\n"
	"  doctor   check the configuration of a host or a cluster\n"
	"\n"
	"wattgate COMMAND --help tells the options of each; wattgate(1) tells more.\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "probe", cmd_probe },
	{ "report", cmd_report },
	{ "export", cmd_export },
	{ "track", cmd_track },
	{ "audit", cmd_audit },
	{ "backfill", cmd_backfill },
	{ "annotate", cmd_annotate },
	{ "doctor", cmd_doctor },
};

int main(int argc, char **argv)
{
	/* Characters as the terminal has them; numbers stay as in C. */
	setlocale(LC_CTYPE, "");
	if (argc < 2) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("wattgate " PACKAGE_VERSION);
		return EXIT_OK;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].name) != 0)
			continue;
		cmd_begin(commands[i].name);
		return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "wattgate: there is no command \"%.40s\"\n\n%s", argv[1],
		usage);
	return EXIT_USAGE;
}
