/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spoil.h"

#include <string.h>

const char *spoil_reading(enum fault_kind kind, double watts, int digits,
			  char buf[SPOIL_READING_SIZE])
{
	switch (kind) {
	case FAULT_NULL:
		return "null";
	case FAULT_ABSENT:
		return NULL;
	case FAULT_ZERO:
		return "0";
	case FAULT_NAN:
		return "NaN";
	case FAULT_NEGATIVE:
		snprintf(buf, SPOIL_READING_SIZE, "-%.*g", digits,
			 watts > 0 ? watts : 1);
		return buf;
	case FAULT_STRING:
		snprintf(buf, SPOIL_READING_SIZE, "\"%.*g\"", digits, watts);
		return buf;
	default:
		snprintf(buf, SPOIL_READING_SIZE, "%.*g", digits, watts);
		return buf;
	}
}

bool spoil_status(enum fault_kind kind, const struct fault *fault,
		  unsigned int retry_after_s, struct answer *answer)
{
	switch (kind) {
	case FAULT_401:
		answer_error(answer, 401, "Base.1.8.NoValidSession",
			     "There is no valid session.");
		return true;
	case FAULT_403:
		answer_error(answer, 403, "Base.1.8.InsufficientPrivilege",
			     "The account may not do this.");
		return true;
	case FAULT_404:
		answer_error(answer, 404, "Base.1.8.ResourceMissingAtURI",
			     "There is no such resource.");
		return true;
	case FAULT_500:
		answer_error(answer, 500, "Base.1.8.InternalError",
			     "The request failed inside the service.");
		return true;
	case FAULT_503:
		answer_error(answer, 503,
			     "Base.1.8.ServiceTemporarilyUnavailable",
			     "The service is busy. Retry later.");
		answer->retry_after_s = retry_after_s;
		return true;
	case FAULT_REDIRECT:
		answer->status = 308;
		memcpy(answer->location, fault->to, sizeof(fault->to));
		return true;
	default:
		return false;
	}
}

void spoil_body(enum fault_kind kind, const struct fault *fault,
		struct answer *answer)
{
	switch (kind) {
	case FAULT_GARBAGE:
		answer_text(answer, answer->status, NULL,
			    "\xff\xfe{]]\"Power\":: 12,,4 \x01\x02");
		break;
	case FAULT_HTML:
		answer_text(answer, answer->status, "text/html",
			    "<!DOCTYPE html><html><head><title>Login</title>"
			    "</head><body><form method=\"post\">User "
			    "<input name=\"u\"></form></body></html>\n");
		break;
	case FAULT_EMPTY:
		answer_text(answer, answer->status, NULL, "{}");
		break;
	case FAULT_TRUNCATED:
		answer->way = ANSWER_TRUNCATED;
		break;
	case FAULT_HUGE:
		answer->way = ANSWER_HUGE;
		answer->huge_bytes = (uint64_t)(fault->mb * 1e6);
		break;
	case FAULT_DRIP:
		answer->way = ANSWER_DRIP;
		break;
	default:
		return;
	}
	answer->chunked = fault->chunked;
}
