/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_IPMI_POWER_H
#define WATTGATE_IPMI_POWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

/*
 * Where a BMC's power is, and reading it: DCMI, or the sensor that was chosen.
 * Asks by struct ipmi_bus, so that it needs no BMC to be tried.
 */

enum answer_kind {
	ANSWER_OK,
	ANSWER_UNAVAILABLE,	/* the BMC answers, and has no power now */
	ANSWER_AUTH,		/* it refuses the user, the password, the level */
	ANSWER_UNREACHABLE,
	ANSWER_CONFIG		/* nothing changes until somebody changes something */
};

#define ANSWER_SOURCE_MAX 48

struct answer {
	enum answer_kind kind;
	double watts;		/* where ok: finite, > 0 */
	int64_t boot_ns;	/* where ok: when it was asked, by boot time */
	char source[ANSWER_SOURCE_MAX];	/* where ok: "dcmi", "sensor Node Power" */
	bool low_privilege;	/* where auth: a higher level might do */
	struct err why;		/* where not ok: one sentence */
};

/* Not ok, with a reason; returns -1. */
int answer_fail(struct answer *a, enum answer_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "unavailable", ...: the word of the protocol. */
const char *answer_kind_word(enum answer_kind kind);

#define IPMI_ANSWER_MAX 272	/* the longest record, and what comes with it */

struct ipmi_bus {
	/*
	 * A request and its answer, from the completion code on. Its size, at
	 * least 1; or -1 with `a` filled: there was no answer.
	 */
	int (*command)(void *arg, uint8_t netfn, uint8_t cmd,
		       const uint8_t *data, size_t size,
		       uint8_t answer[IPMI_ANSWER_MAX], struct answer *a);
	/* The reading of a full record's sensor, in its units; 0, or -1. */
	int (*read_sensor)(void *arg, const uint8_t *record, size_t size,
			   double *reading, struct answer *a);
	void *arg;
	bool can_raise;		/* there is a higher privilege level to try */
	int64_t late_ns;	/* boot time: a search leaves off then */
};

typedef struct power power_t;

/*
 * sensor: its name as its record has it, or the number of its record (decimal,
 * or hexadecimal with 0x); "": DCMI. NULL: no memory.
 */
power_t *power_create(const char *sensor);
void power_destroy(power_t *p);	/* NULL is fine */

/*
 * One reading. Looking for a sensor takes several of these where the BMC is
 * slow; they end unavailable, and the next one goes on.
 */
void power_sample(power_t *p, const struct ipmi_bus *bus, struct answer *a);

/* The session is another one: what was found is looked at once more. */
void power_reconnected(power_t *p);

/* As power_sample(), and tells what else the BMC has, a line for each. */
typedef void (*power_note_fn)(void *arg, const char *line);
void power_explain(power_t *p, const struct ipmi_bus *bus, struct answer *a,
		   power_note_fn note, void *arg);

#endif
