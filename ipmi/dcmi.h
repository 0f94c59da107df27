/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_IPMI_DCMI_H
#define WATTGATE_IPMI_DCMI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

/*
 * DCMI's Get Power Reading (DCMI 1.5, 6.6.1): the request, and what an answer
 * means. Nothing here asks anybody.
 *
 * The number is "Current Power", and nothing else of the answer: minimum,
 * maximum and average are of a period that may be weeks. The state bit is told
 * but not believed: many BMCs (OpenBMC's among them) call a measurement that
 * runs inactive. 0 W is no reading, whatever the bit says, nor is 0xffff.
 */

#define DCMI_NETFN 0x2c		/* group extension */
#define DCMI_GET_POWER_READING 0x02
#define DCMI_GROUP 0xdc
#define DCMI_POWER_REQUEST_SIZE 4
#define DCMI_POWER_ANSWER_SIZE 19	/* from the completion code on */

/* The request's data, behind the command: system power statistics. */
extern const uint8_t dcmi_power_request[DCMI_POWER_REQUEST_SIZE];

enum dcmi_verdict {
	DCMI_POWER,
	DCMI_UNAVAILABLE,	/* there is none now */
	DCMI_PRIVILEGE,		/* the session's level is too low */
	DCMI_NONE		/* this BMC has no DCMI power reading */
};

struct dcmi_power {
	double watts;		/* > 0 */
	bool inactive;		/* the BMC says that it does not measure */
	/* not power: for the curious */
	unsigned min_w, max_w, average_w;
	uint32_t period_ms;	/* of those three */
};

/*
 * `answer` begins with the completion code. Anything but DCMI_POWER comes with
 * a reason, which says what the BMC answered.
 */
enum dcmi_verdict dcmi_parse_power(const uint8_t *answer, size_t size,
				   struct dcmi_power *power, struct err *why);

/* IPMI's words for a completion code (IPMI 2.0, table 5-2). */
const char *ipmi_completion_text(uint8_t code);

#endif
