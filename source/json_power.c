/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_power.h"

int json_number_check(enum json_number kind, const char *pointer,
		      struct err *why)
{
	switch (kind) {
	case JSON_NUMBER_ABSENT:
		return err_set(why, "there is no %s", pointer);
	case JSON_NUMBER_NULL:
		return err_set(why, "%s is null", pointer);
	case JSON_NUMBER_TYPE:
		return err_set(why, "%s is not a number", pointer);
	case JSON_NUMBER_RANGE:
		return err_set(why, "%s is not a finite number", pointer);
	case JSON_NUMBER_OK:
		break;
	}
	return 0;
}

/* A number of the BMC's becomes watts, or a reason why not. */
static int watts_check(enum json_number kind, double w, const char *pointer,
		       double *watts, struct err *why)
{
	*watts = 0;
	if (json_number_check(kind, pointer, why) < 0)
		return -1;
	if (w <= 0)
		return err_set(why, "%s is %g W, which a node that answers cannot draw",
			       pointer, w);
	if (w > POWER_MAX_W)
		return err_set(why, "%s is %g W, which is more than a node can draw",
			       pointer, w);
	*watts = w;
	return 0;
}

int json_power_doc(const json_doc_t *doc, const char *pointer, double *watts,
		   struct err *why)
{
	enum json_number kind = json_doc_number(doc, pointer, watts);

	return watts_check(kind, *watts, pointer, watts, why);
}

int json_power_read(const char *data, size_t size, const char *pointer,
		    double *watts, struct err *why)
{
	enum json_number kind;
	double w;

	*watts = 0;
	if (json_scan_number(data, size, pointer, &kind, &w, why) < 0)
		return -1;
	return watts_check(kind, w, pointer, watts, why);
}
