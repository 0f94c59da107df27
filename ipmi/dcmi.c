/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dcmi.h"

#include <string.h>

/* Group, mode "system power statistics", its attributes, reserved. */
const uint8_t dcmi_power_request[DCMI_POWER_REQUEST_SIZE] = {
	DCMI_GROUP, 0x01, 0x00, 0x00
};

#define STATE_ACTIVE 0x40
#define NOT_MEASURED 0xffff

static const struct completion {
	uint8_t code;
	enum dcmi_verdict verdict;	/* where it answers Get Power Reading */
	const char *text;
} completions[] = {
	{ 0xc0, DCMI_UNAVAILABLE, "node busy" },
	{ 0xc1, DCMI_NONE, "invalid command" },
	{ 0xc2, DCMI_NONE, "command invalid for this LUN" },
	{ 0xc3, DCMI_UNAVAILABLE, "timeout inside the BMC" },
	{ 0xc4, DCMI_UNAVAILABLE, "out of space" },
	{ 0xc5, DCMI_UNAVAILABLE, "reservation cancelled" },
	{ 0xc6, DCMI_NONE, "request data truncated" },
	{ 0xc7, DCMI_NONE, "request data length invalid" },
	{ 0xc8, DCMI_NONE, "request data length limit exceeded" },
	{ 0xc9, DCMI_NONE, "parameter out of range" },
	{ 0xca, DCMI_UNAVAILABLE, "cannot return so many bytes" },
	{ 0xcb, DCMI_NONE, "sensor, data or record not present" },
	{ 0xcc, DCMI_NONE, "invalid data field in request" },
	{ 0xcd, DCMI_NONE, "command illegal for this sensor or record" },
	{ 0xce, DCMI_UNAVAILABLE, "response could not be provided" },
	{ 0xcf, DCMI_UNAVAILABLE, "duplicated request" },
	{ 0xd0, DCMI_UNAVAILABLE, "SDR repository in update mode" },
	{ 0xd1, DCMI_UNAVAILABLE, "firmware in update mode" },
	{ 0xd2, DCMI_UNAVAILABLE, "BMC initialization in progress" },
	{ 0xd3, DCMI_UNAVAILABLE, "destination unavailable" },
	{ 0xd4, DCMI_PRIVILEGE, "insufficient privilege" },
	{ 0xd5, DCMI_UNAVAILABLE, "not supported in the present state" },
	{ 0xd6, DCMI_NONE, "command disabled" },
	{ 0xff, DCMI_UNAVAILABLE, "unspecified error" },
};

static const struct completion *completion_find(uint8_t code)
{
	for (size_t i = 0; i < sizeof(completions) / sizeof(completions[0]); i++)
		if (completions[i].code == code)
			return &completions[i];
	return NULL;
}

const char *ipmi_completion_text(uint8_t code)
{
	const struct completion *c = completion_find(code);

	return code == 0 ? "well" : c ? c->text : "a code of its own";
}

static unsigned get_u16(const uint8_t *p)
{
	return p[0] | (unsigned)p[1] << 8;
}

static uint32_t get_u32(const uint8_t *p)
{
	return get_u16(p) | (uint32_t)get_u16(p + 2) << 16;
}

static enum dcmi_verdict refused(uint8_t code, struct err *why)
{
	const struct completion *c = completion_find(code);

	err_set(why, "DCMI Get Power Reading: completion code 0x%02x (%s)",
		code, ipmi_completion_text(code));
	return c ? c->verdict : DCMI_UNAVAILABLE;
}

static enum dcmi_verdict refuse_size(size_t size, struct err *why)
{
	err_set(why, "DCMI Get Power Reading: the answer has %zu bytes, not %d",
		size, DCMI_POWER_ANSWER_SIZE);
	return DCMI_UNAVAILABLE;
}

/* Bytes behind the 19 are another revision's: ignored, as IPMI asks for. */
enum dcmi_verdict dcmi_parse_power(const uint8_t *answer, size_t size,
				   struct dcmi_power *power, struct err *why)
{
	unsigned watts;

	memset(power, 0, sizeof(*power));
	if (size > 0 && answer[0] != 0)
		return refused(answer[0], why);
	if (size < DCMI_POWER_ANSWER_SIZE)
		return refuse_size(size, why);
	if (answer[1] != DCMI_GROUP) {
		err_set(why, "DCMI Get Power Reading: the answer is of group 0x%02x, not 0x%02x",
			answer[1], DCMI_GROUP);
		return DCMI_UNAVAILABLE;
	}
	watts = get_u16(answer + 2);
	power->min_w = get_u16(answer + 4);
	power->max_w = get_u16(answer + 6);
	power->average_w = get_u16(answer + 8);
	power->period_ms = get_u32(answer + 14);	/* 10 is a time stamp */
	power->inactive = !(answer[18] & STATE_ACTIVE);
	if (watts == 0 || watts == NOT_MEASURED) {
		err_set(why, "DCMI reads %s%s", watts ? "0xffff" : "0 W",
			power->inactive ?
			" and that power measurement is not active" : "");
		return DCMI_UNAVAILABLE;
	}
	power->watts = watts;
	return DCMI_POWER;
}
