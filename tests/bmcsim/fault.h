/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BMCSIM_FAULT_H
#define BMCSIM_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"

/* What can be wrong with a BMC; the first that applies to a request acts. */
enum fault_kind {
	FAULT_REFUSE,		/* no connection at all */
	FAULT_SILENCE,		/* requests go unanswered until it ends */
	FAULT_LATENCY,		/* ms, jitter: added to what else happens */
	FAULT_RESET,		/* the connection is reset */
	FAULT_401,		/* and all sessions are dropped at once */
	FAULT_403,
	FAULT_404,
	FAULT_500,
	FAULT_503,
	FAULT_REDIRECT,		/* 308 to the URL "to" */
	FAULT_GARBAGE,		/* 200, not JSON */
	FAULT_HTML,		/* 200, a login page */
	FAULT_EMPTY,		/* 200, {} */
	FAULT_TRUNCATED,	/* 200, closed half-way through the body */
	FAULT_HUGE,		/* 200, the right JSON after mb of padding */
	FAULT_DRIP,		/* 200, one byte each ms */
	FAULT_NULL,		/* the reading is null, and so on */
	FAULT_ABSENT,
	FAULT_ZERO,
	FAULT_STRING,
	FAULT_NEGATIVE,
	FAULT_NAN,
	FAULT_KINDS,
	FAULT_NONE = FAULT_KINDS,
};

#define FAULT_TO_SIZE 512

struct fault {
	bool on;
	bool power_only;	/* scope */
	int64_t end_ns;		/* of moment_mono_ns(); INT64_MAX: none */
	unsigned int left;	/* requests it is still for; 0: no such limit */
	double ms, jitter_ms, mb;
	bool chunked;
	char to[FAULT_TO_SIZE];
};

struct faults {
	struct fault of[FAULT_KINDS];
};

const char *fault_name(enum fault_kind kind);	/* "-" for FAULT_NONE */
enum fault_kind fault_by_name(const char *name);	/* else FAULT_NONE */

/* Before its keys are set: what kind is without any, from now_ns on. */
struct fault fault_default(enum fault_kind kind);

/* One key=value of a request to the control port. */
int fault_set(struct fault *fault, const char *key, const char *value,
	      int64_t now_ns, struct fail *fail);

/* Whether these keys make sense together for kind. */
int fault_check(enum fault_kind kind, const struct fault *fault,
		struct fail *fail);

/* Whether kind acts on a request (to a power resource or not) now. */
bool fault_acts(const struct faults *faults, enum fault_kind kind,
		bool power, int64_t now_ns);

/* The first after FAULT_LATENCY that acts, counted as used; or FAULT_NONE. */
enum fault_kind fault_pick(struct faults *faults, bool power, int64_t now_ns);

/* Counts one use. */
void fault_use(struct fault *fault);

/* When the next one ends by itself, INT64_MAX if none does. */
int64_t faults_next_end(const struct faults *faults, int64_t now_ns);

#endif
