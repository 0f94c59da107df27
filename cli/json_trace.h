/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_JSON_TRACE_H
#define WATTGATE_CLI_JSON_TRACE_H

#include <stddef.h>

#include "cli/probe_redact.h"

/*
 * What a BMC answered, less all that is not on a list of members that tell
 * where power is and how much: the structure, names and readings.
 */

/* Let `r` know the serial numbers, addresses and names of hosts in it. */
void json_trace_learn(redact_t *r, const char *data, size_t size);

/*
 * A new text: JSON with the listed members alone, their texts redacted, and as
 * many elements in arrays as there were. NULL where data is no object or array
 * of JSON.
 */
char *json_trace_redact(redact_t *r, const char *data, size_t size);

#endif
