/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_SOURCE_IPMI_ANSWER_H
#define WATTGATE_SOURCE_IPMI_ANSWER_H

#include <stdint.h>

#include "lib/err.h"

/*
 * A line of wattgate-ipmi:
 *
 *   ok WATTS BOOT_NS SOURCE
 *   none KIND REASON           unavailable, auth, unreachable, config
 *   note TEXT
 *
 * The program is ours, but what it says comes from a BMC in part.
 */

enum ipmi_answer_kind {
	IPMI_BAD,		/* no such line */
	IPMI_OK,
	IPMI_UNAVAILABLE,
	IPMI_AUTH,
	IPMI_UNREACHABLE,
	IPMI_CONFIG,
	IPMI_NOTE
};

struct ipmi_answer {
	enum ipmi_answer_kind kind;
	double watts;		/* where ok: finite, > 0 */
	int64_t boot_ns;	/* where ok: >= 0 */
	const char *text;	/* in the line: source, reason or note; not empty */
};

/* `line` has no newline, and lives as long as the answer. */
void ipmi_answer_parse(const char *line, struct ipmi_answer *a);

#endif
