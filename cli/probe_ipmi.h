/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_PROBE_IPMI_H
#define WATTGATE_CLI_PROBE_IPMI_H

#include "cli/probe.h"
#include "cli/probe_text.h"

/*
 * The same question over IPMI: `wattgate probe ipmi://HOST`, by the helper that
 * wattgated uses. ipmi:// alone is this host's own device.
 */

#define PROBE_IPMI_SCHEME "ipmi://"

/* conf->bmc has host, user, password_file, sensor and timeout. */
struct probe_ipmi_params {
	const struct conf *conf;
	int stop_fd;		/* readable: give up; -1: never */
	bool json;
	struct probe_look look;
};

/* Asks once and prints; the exit status. */
int probe_ipmi(const struct probe_ipmi_params *params);

#endif
