/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SOURCE_H
#define WATTGATE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/log.h"

#include "backoff.h"
#include "http.h"

/*
 * Where a node's power comes from. A source is one file with a struct
 * source_ops and one row in source.c.
 *
 * Sources never block: sample() starts work, http_poll() carries it on, and
 * the reading is handed to `done`.
 */

struct source_env {
	const struct conf *conf;	/* outlives the source */
	http_t *http;
	timesource_t ts;
	const char *boot_id;
	const logger_t *log;
};

/* A reading, or why there is none. */
struct reading {
	bool ok;
	double watts;		/* > 0 where ok */
	int64_t boot_ns;	/* when the BMC read it, as well as can be told */
	char source[64];	/* "redfish:power", ... */

	/*
	 * A trusted energy counter, where this sample read it: now and then,
	 * and always in the first sample after trouble. NaN where it did not.
	 */
	double energy_j;	/* raw: may start again at 0 */
	double energy_wrap_j;	/* where it does; 0 = never */
	int64_t energy_ns;	/* boot time when the BMC read it */

	enum backoff_kind backoff;	/* where not ok */
	int64_t retry_after_ns;	/* the BMC's wish; 0 = none */
	struct err why;		/* where not ok: one sentence */
};

typedef struct source source_t;	/* each source's own */
typedef void (*source_done_fn)(void *arg, const struct reading *reading);

struct source_ops {
	const char *name;
	/* Is this the source that the configuration asks for? */
	bool (*wanted)(const struct conf *conf);
	/* Check the configuration and the secret; no traffic. NULL with a text. */
	source_t *(*open)(const struct source_env *env, struct err *err);
	/* Start a sample; `done` is called once, from http_poll() or at once. */
	void (*sample)(source_t *s, source_done_fn done, void *arg);
	/* Where the last reading came from, or "" before the first one. */
	const char *(*place)(const source_t *s);
	/*
	 * Begin to close: where several sources go, they log out at once.
	 * Nothing but close() may follow. NULL: there is nothing to begin.
	 */
	void (*stop)(source_t *s);
	/*
	 * Drop a sample under way (`done` is not called any more), log out
	 * within limit_ns, free. NULL is fine.
	 */
	void (*close)(source_t *s, int64_t limit_ns);
};

/* The source that conf asks for; NULL with a text where it names none. */
const struct source_ops *source_find(const struct conf *conf, struct err *err);

#endif
