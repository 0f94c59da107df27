/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_PROBE_TRACE_H
#define WATTGATE_CLI_PROBE_TRACE_H

#include <stddef.h>

#include "lib/err.h"

/*
 * A record of what a BMC answered, to be sent to those who shall mend what
 * went wrong: DIR/redfish/v1/X/index.json is the answer to /redfish/v1/X, and
 * a line of DIR/_status.tsv ("URL TAB STATUS") is that of a URL with another
 * status than 200. Of an answer only what json_trace.h lists is left, without
 * what tells whose the BMC is.
 */

typedef struct trace trace_t;

/*
 * Makes `dir`, for its owner only; an empty one of the caller's is taken too.
 * `host` is the BMC's name. NULL with a text.
 */
trace_t *trace_create(const char *dir, const char *host, struct err *err);
void trace_destroy(trace_t *t);	/* NULL is fine */

/* An answer; a later one to the same path replaces it. */
void trace_add(trace_t *t, const char *path, long status, const char *body,
	       size_t size);

/* Write all of it. -1 with a text. */
int trace_write(trace_t *t, struct err *err);

#endif
