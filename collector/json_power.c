/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_power.h"

int json_power_doc(const json_doc_t *doc, const char *pointer, double *watts,
		   struct err *why)
{
	enum json_number kind = json_doc_number(doc, pointer, watts);
	double w = *watts;

	*watts = 0;
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
	if (w <= 0)
		return err_set(why, "%s is %g W, which a node that answers cannot draw",
			       pointer, w);
	if (w > POWER_MAX_W)
		return err_set(why, "%s is %g W, which is more than a node can draw",
			       pointer, w);
	*watts = w;
	return 0;
}

int json_power_read(const char *data, size_t size, const char *pointer,
		    double *watts, struct err *why)
{
	json_doc_t *doc = json_doc_parse(data, size, why);
	int rc;

	*watts = 0;
	if (!doc)
		return -1;
	rc = json_power_doc(doc, pointer, watts, why);
	json_doc_destroy(doc);
	return rc;
}
