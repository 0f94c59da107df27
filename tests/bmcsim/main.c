/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * bmcsim: a BMC that answers Redfish over TLS with power that is known in
 * closed form, and can be made to misbehave while it runs.
 */

#include <stdio.h>
#include <string.h>

#include "ask.h"
#include "fail.h"
#include "options.h"
#include "server.h"

static int serve_main(int argc, char **argv)
{
	struct options opt;
	struct fail fail;

	if (options_parse(argc, argv, &opt, &fail) < 0) {
		fprintf(stderr, "bmcsim serve: %s\n%s", fail.text,
			options_usage);
		return 2;
	}
	if (server_run(&opt, &fail) < 0) {
		fprintf(stderr, "bmcsim serve: %s\n", fail.text);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "serve") == 0)
		return serve_main(argc - 1, argv + 1);
	if (strcmp(command, "integrate") == 0 ||
	    strcmp(command, "pmax") == 0 || strcmp(command, "watts") == 0)
		return ask_main(argc - 1, argv + 1);
	if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0) {
		printf("%s%s", options_usage, ask_usage);
		return 0;
	}
	fprintf(stderr, "%s%s", options_usage, ask_usage);
	return 2;
}
