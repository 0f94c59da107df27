/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SOURCE_H
#define WATTGATE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/series.h"

#include "backoff.h"
#include "http.h"
#include "watch.h"

/*
 * Where a node's power comes from. A source is one file with a struct
 * source_ops and one row in source.c.
 *
 * Sources never block: sample() starts work, http_poll() or watch_run() carry
 * it on, and the reading is handed to `done`.
 */

struct source_env {
	const struct conf *conf;	/* outlives the source, like meter */
	const struct conf_meter *meter;	/* &conf->bmc or &conf->second */
	const char *suffix;	/* of the meter's state files: "" or "2" */
	http_t *http;
	watch_t *watch;		/* NULL: of HTTP only */
	timesource_t ts;
	const char *boot_id;
	const logger_t *log;
};

/* A sample older than the newest one of a reading. */
struct past_sample {
	int64_t boot_ns;
	double watts;		/* > 0 */
	enum series_join join;	/* to the sample before it */
	double joules;		/* of SERIES_MEAN */
};

/* A reading, or why there is none. */
struct reading {
	bool ok;
	double watts;		/* > 0 where ok */
	int64_t boot_ns;	/* when the BMC read it, as well as can be told */
	char source[64];	/* "redfish:power", ... */

	/* How it joins the sample before it; all zero: by power. */
	enum series_join join;
	double joules;		/* of SERIES_MEAN */
	/*
	 * Samples that came with it, oldest first, all older than it and newer
	 * than what the source gave before. They live while `done` runs.
	 */
	const struct past_sample *past;
	unsigned past_count;

	/*
	 * A trusted energy counter, where this sample read it: now and then,
	 * and always in the first sample after trouble. NaN where it did not.
	 */
	double energy_j;	/* raw: may start again at 0 */
	double energy_wrap_j;	/* where it does; 0 = never */
	int64_t energy_ns;	/* boot time when the BMC read it */

	/*
	 * Not ok, but nothing is wrong: the meter has no newer sample than the
	 * last one yet.
	 */
	bool nothing_new;

	/*
	 * When the next sample can be had, on boot time, where the source knows
	 * it and no more than two periods away; 0: at the sampler's own rhythm.
	 */
	int64_t again_ns;

	enum backoff_kind backoff;	/* where not ok */
	int64_t retry_after_ns;	/* the BMC's wish; 0 = none */
	struct err why;		/* where not ok: one sentence */
};

typedef struct source source_t;	/* each source's own */
typedef void (*source_done_fn)(void *arg, const struct reading *reading);

struct source_ops {
	const char *name;	/* as in source = NAME */
	/*
	 * How long after the last sample older ones may still come: settling
	 * waits so long. 0: what was not measured by now never will be.
	 */
	int64_t late_ns;
	/* A sample that comes twice has the same time, to the ns. */
	bool times_kept;
	/*
	 * Does the configuration say all that it needs? Touches nothing. 0, or
	 * -1 with "FILE: ..." and what to do. NULL: there is nothing to say.
	 */
	int (*check)(const struct conf *conf, const struct conf_meter *meter,
		     struct err *err);
	/* check(), and the secret; no traffic. NULL with a text. */
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

/* The source that the meter asks for; NULL with a text where it names none. */
const struct source_ops *source_find(const struct conf *conf,
				     const struct conf_meter *meter,
				     struct err *err);

/* Is there such a source, and does the configuration do for it? 0 or -1. */
int source_check(const struct conf *conf, const struct conf_meter *meter,
		 struct err *err);

#endif
