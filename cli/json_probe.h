/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_JSON_PROBE_H
#define WATTGATE_CLI_JSON_PROBE_H

#include <stdio.h>

#include "cli/probe.h"

/* "seen", "rejected", "candidate", "chosen", "counter" */
const char *probe_verdict(enum redfish_verdict verdict);

/*
 * A probe as one JSON object: watts, energy_j, url, pointer, requests, notes;
 * and the reason where there is no reading. Unknown is null.
 */
void json_print_probe(FILE *f, const struct probe_result *r);

#endif
