/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redfish_place.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json_power.h"

#define PLUS " + "

int redfish_number_format(const struct redfish_number *n, char *buf,
			  size_t size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < n->terms; i++) {
		int more = snprintf(buf + len, size - len, "%s%s",
				    i ? PLUS : "", n->pointer[i]);

		if (more < 0 || (size_t)more >= size - len) {
			buf[0] = '\0';
			return -1;
		}
		len += (size_t)more;
	}
	return 0;
}

int redfish_number_parse(struct redfish_number *n, const char *text)
{
	n->terms = 0;
	for (;;) {
		const char *plus = strstr(text, PLUS);
		size_t len = plus ? (size_t)(plus - text) : strlen(text);

		if (n->terms == REDFISH_TERMS_MAX || text[0] != '/' ||
		    len >= REDFISH_POINTER_MAX)
			break;
		memcpy(n->pointer[n->terms], text, len);
		n->pointer[n->terms++][len] = '\0';
		if (!plus)
			return 0;
		text = plus + strlen(PLUS);
	}
	n->terms = 0;
	return -1;
}

/* A supply on standby gives 0 of a sum; a node that answers draws more. */
static int terms_add(const struct redfish_number *n, const char *data,
		     size_t size, double *sum, struct err *why)
{
	*sum = 0;
	for (unsigned i = 0; i < n->terms; i++) {
		enum json_number kind;
		double term;

		if (json_scan_number(data, size, n->pointer[i], &kind, &term,
				     why) < 0 ||
		    json_number_check(kind, n->pointer[i], why) < 0)
			return -1;
		if (term < 0)
			return err_set(why, "%s is %g, below 0", n->pointer[i],
				       term);
		*sum += term;
	}
	return n->terms ? 0 : err_set(why, "there is nothing to read");
}

int redfish_power_read(const struct redfish_number *n, const char *data,
		       size_t size, double *watts, struct err *why)
{
	double sum;

	*watts = 0;
	if (n->terms == 1)
		return json_power_read(data, size, n->pointer[0], watts, why);
	if (terms_add(n, data, size, &sum, why) < 0)
		return -1;
	if (!(sum > 0 && sum <= POWER_MAX_W))
		return err_set(why, "the %u terms add up to %g W, which a node that answers cannot draw",
			       n->terms, sum);
	*watts = sum;
	return 0;
}

int redfish_energy_read(const struct redfish_number *n, const char *data,
			size_t size, double *value, struct err *why)
{
	*value = 0;
	if (terms_add(n, data, size, value, why) < 0)
		return -1;
	return isfinite(*value) ? 0 : err_set(why, "not a finite number");
}
