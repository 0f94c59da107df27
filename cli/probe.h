/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_PROBE_H
#define WATTGATE_CLI_PROBE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/probe_trace.h"
#include "lib/conf.h"
#include "source/redfish.h"

/*
 * A BMC at hand: logs in, looks for the node's power and reads it, by the same
 * source as wattgated, and notes what was seen on the way.
 */

enum probe_end {
	PROBE_POWER,		/* there is a reading */
	PROBE_UNAVAILABLE,	/* the BMC answers, and has no power to tell */
	PROBE_ERROR,		/* no connection, no TLS, no login, ... */
	PROBE_INTERRUPTED
};

/* Of the last sample, and of the search that led to it. */
struct probe_result {
	enum probe_end end;
	struct reading reading;
	struct err reason;	/* why there is no reading */
	const struct redfish_place *place;	/* NULL: none was found */
	unsigned requests;	/* answers so far, logins not counted */
	const struct redfish_note *notes;
	size_t notes_len;
	const char *login;	/* "session", "basic" or "none" */
	int64_t latency_ns;	/* of the answer with the reading; 0: none */
};

struct probe_params {
	const struct conf *conf;	/* outlives the probe */
	trace_t *trace;		/* gets all answers, or NULL */
	FILE *progress;		/* a terminal, told what a search asks for; or NULL */
	int stop_fd;		/* readable: give up; -1: never */
};

typedef struct probe probe_t;

/* NULL with a text: the configuration, the URL or the password file is bad. */
probe_t *probe_open(const struct probe_params *params, struct err *err);

/*
 * Sample, and look for the place before where it is not known. The result is
 * the probe's own, until the next call.
 */
const struct probe_result *probe_sample(probe_t *p);

/* Wait until `boot_ns`; -1 as soon as stop_fd is readable. */
int probe_wait(probe_t *p, int64_t boot_ns);

/*
 * Log out, a few seconds at most, so that a reader who takes his time holds no
 * session of the BMC. The last result stays; there are no more samples.
 */
void probe_logout(probe_t *p);

/* Log out if that is not done, and free. NULL is fine. */
void probe_close(probe_t *p);

#endif
