/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_prometheus.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "json_power.h"
#include "lib/clock.h"

#define NAME_SIZE 160		/* of a series, to show it */
#define NAMES_SHOWN 3
#define POINTER_MAX 96
#define STAMP_MAX_S 9e9		/* in the year 2255 */

/* ---- more than one series ---- */

/* Behind what is in buf, as far as there is room. */
static void text_add(char *buf, size_t size, const char *text)
{
	size_t len = strlen(buf);

	snprintf(buf + len, size - len, "%s", text);
}

/* name{label="value",...} of the i-th series */
static void series_name(const json_doc_t *doc, int i, char *buf, size_t size)
{
	char metric[POINTER_MAX], pointer[2 * POINTER_MAX + 2];
	char label[POINTER_MAX], value[NAME_SIZE];
	const char *mark = "{";

	snprintf(metric, sizeof(metric), "/data/result/%d/metric", i);
	snprintf(pointer, sizeof(pointer), "%s/__name__", metric);
	json_doc_string(doc, pointer, buf, size);
	for (unsigned k = 0; json_doc_name(doc, metric, k, label,
					   sizeof(label)) == 0; k++) {
		if (strcmp(label, "__name__") == 0 || strpbrk(label, "~/"))
			continue;
		snprintf(pointer, sizeof(pointer), "%s/%s", metric, label);
		json_doc_string(doc, pointer, value, sizeof(value));
		text_add(buf, size, mark);
		text_add(buf, size, label);
		text_add(buf, size, "=\"");
		text_add(buf, size, value);
		text_add(buf, size, "\"");
		mark = ",";
	}
	text_add(buf, size, *mark == ',' ? "}" : "");
	json_blot(buf);
}

static enum json_prometheus several_refuse(const json_doc_t *doc, int n,
					   struct err *why)
{
	char names[NAMES_SHOWN * (NAME_SIZE + 2)] = "", name[NAME_SIZE];

	for (int i = 0; i < n && i < NAMES_SHOWN; i++) {
		series_name(doc, i, name, sizeof(name));
		text_add(names, sizeof(names), i ? ", " : "");
		text_add(names, sizeof(names), name);
	}
	err_set(why, "the query finds %d series, and a node has one: %s%s; make the query say which",
		n, names, n > NAMES_SHOWN ? ", ..." : "");
	return JSON_PROMETHEUS_OTHER;
}

/* ---- one series ---- */

static int stamp_read(const json_doc_t *doc, unsigned i, int64_t *stamp_ns)
{
	char pointer[POINTER_MAX];
	double s;

	snprintf(pointer, sizeof(pointer), "/data/result/0/values/%u/0", i);
	if (json_doc_number(doc, pointer, &s) != JSON_NUMBER_OK || s <= 0 ||
	    s > STAMP_MAX_S)
		return -1;
	/* milliseconds are what it keeps, and what a double holds */
	*stamp_ns = (int64_t)llround(s * 1000) * (NS_PER_S / 1000);
	return 0;
}

static int row_add(const json_doc_t *doc, unsigned i, struct rowset *rows,
		   struct err *err)
{
	char pointer[POINTER_MAX];
	int64_t stamp_ns;
	struct err why;
	double watts;

	if (stamp_read(doc, i, &stamp_ns) < 0)
		return err_set(err, "sample %u of the answer has no time", i);
	snprintf(pointer, sizeof(pointer), "/data/result/0/values/%u/1", i);
	if (json_power_doc(doc, pointer, &watts, &why) < 0)
		return rowset_add_dark(rows, stamp_ns, &why, err);
	return rowset_add(rows, stamp_ns, watts, err);
}

static enum json_prometheus series_read(const json_doc_t *doc,
					struct rowset *rows, struct err *why)
{
	int n = json_doc_length(doc, "/data/result/0/values");

	if (n < 0) {
		err_set(why, "the query's series has no values; a histogram is no power");
		return JSON_PROMETHEUS_OTHER;
	}
	for (int i = 0; i < n; i++)
		if (row_add(doc, (unsigned)i, rows, why) < 0)
			return JSON_PROMETHEUS_BROKEN;
	return JSON_PROMETHEUS_ROWS;
}

/* ---- an answer ---- */

static enum json_prometheus matrix_read(const json_doc_t *doc,
					struct rowset *rows, struct err *why)
{
	char type[32];
	int n = json_doc_length(doc, "/data/result");

	json_doc_string(doc, "/data/resultType", type, sizeof(type));
	json_blot(type);
	if (n < 0 || !type[0]) {
		err_set(why, "the answer has no result");
		return JSON_PROMETHEUS_BROKEN;
	}
	if (strcmp(type, "matrix") != 0) {
		err_set(why, "the query gives a %s, and not a series", type);
		return JSON_PROMETHEUS_OTHER;
	}
	if (n == 0)
		return JSON_PROMETHEUS_ROWS;
	return n > 1 ? several_refuse(doc, n, why) :
		       series_read(doc, rows, why);
}

static enum json_prometheus error_read(const json_doc_t *doc, struct err *why)
{
	char type[64], text[300];

	json_doc_string(doc, "/errorType", type, sizeof(type));
	json_doc_string(doc, "/error", text, sizeof(text));
	json_blot(type);
	json_blot(text);
	err_set(why, "%s: %s", type[0] ? type : "error",
		text[0] ? text : "(no text, or too long a one)");
	return JSON_PROMETHEUS_ERROR;
}

enum json_prometheus json_prometheus_rows(const char *data, size_t size,
					  struct rowset *rows, struct err *why)
{
	json_doc_t *doc = json_doc_parse(data, size, why);
	enum json_prometheus end;
	char status[16];

	if (!doc)
		return JSON_PROMETHEUS_BROKEN;
	json_doc_string(doc, "/status", status, sizeof(status));
	if (strcmp(status, "success") == 0) {
		end = matrix_read(doc, rows, why);
	} else if (strcmp(status, "error") == 0) {
		end = error_read(doc, why);
	} else {
		err_set(why, "the answer is not one of Prometheus");
		end = JSON_PROMETHEUS_BROKEN;
	}
	json_doc_destroy(doc);
	return end;
}
