/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_kwollect.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "json_power.h"
#include "lib/when.h"

#define NAME_MAX_SIZE 256
#define POINTER_MAX 64

struct answer {
	const json_doc_t *doc;
	const char *device, *metric;
	struct rowset *rows;
	char origin[NAME_MAX_SIZE];	/* of the row before */
	char other[NAME_MAX_SIZE];	/* of rows before that one ... */
	bool turned;			/* ... where there was another */
	int64_t origin_ns;		/* stamp of the row before */
};

/* The text at member `name` of row i, fit to be shown; "" where there is none. */
static void text_get(const struct answer *a, unsigned i, const char *name,
		     char *buf, size_t size)
{
	char pointer[POINTER_MAX];

	snprintf(pointer, sizeof(pointer), "/%u/%s", i, name);
	json_doc_string(a->doc, pointer, buf, size);
	json_blot(buf);
}

static enum json_kwollect broken(unsigned i, const char *what, struct err *why)
{
	err_set(why, "row %u of the answer has no %s", i, what);
	return JSON_KWOLLECT_BROKEN;
}

/* ---- whose row it is ---- */

static enum json_kwollect name_check(const struct answer *a, unsigned i,
				     const char *member, const char *wanted,
				     const char *key, struct err *why)
{
	char name[NAME_MAX_SIZE];

	text_get(a, i, member, name, sizeof(name));
	if (!name[0])
		return broken(i, member, why);
	if (strcmp(name, wanted) == 0)
		return JSON_KWOLLECT_ROWS;
	err_set(why, "the answer has rows of %.100s, and %.100s was asked for; if they are the node's, set %s",
		name, wanted, key);
	return JSON_KWOLLECT_OTHER;
}

/*
 * Another origin from some row on: the node was plugged in elsewhere. One that
 * comes back, or two at one instant: they are two meters.
 */
static enum json_kwollect origin_check(struct answer *a, unsigned i,
				       int64_t stamp_ns, struct err *why)
{
	char origin[NAME_MAX_SIZE];
	bool turn;

	text_get(a, i, "labels/_device_orig", origin, sizeof(origin));
	if (!origin[0])
		text_get(a, i, "labels/_device_orig/0", origin, sizeof(origin));
	turn = i > 0 && strcmp(origin, a->origin) != 0;
	if (turn && (stamp_ns == a->origin_ns ||
		     (a->turned && strcmp(origin, a->other) == 0))) {
		err_set(why, "the answer has rows of two meters, %.100s and %.100s; set device to one of them",
			a->origin, origin);
		return JSON_KWOLLECT_OTHER;
	}
	if (turn) {
		memcpy(a->other, a->origin, sizeof(a->other));
		a->turned = true;
	}
	snprintf(a->origin, sizeof(a->origin), "%s", origin);
	a->origin_ns = stamp_ns;
	return JSON_KWOLLECT_ROWS;
}

/* ---- a row ---- */

static int row_add(const struct answer *a, unsigned i, int64_t stamp_ns,
		   struct err *err)
{
	char pointer[POINTER_MAX];
	struct err why;
	double watts;

	snprintf(pointer, sizeof(pointer), "/%u/value", i);
	if (json_power_doc(a->doc, pointer, &watts, &why) < 0)
		return rowset_add_dark(a->rows, stamp_ns, &why, err);
	return rowset_add(a->rows, stamp_ns, watts, err);
}

static enum json_kwollect row_read(struct answer *a, unsigned i,
				   struct err *why)
{
	enum json_kwollect end;
	char stamp[64];
	int64_t stamp_ns;

	text_get(a, i, "timestamp", stamp, sizeof(stamp));
	if (when_stamp(stamp, &stamp_ns) < 0)
		return broken(i, "timestamp with a date, a time and a zone",
			      why);
	end = name_check(a, i, "device_id", a->device, "device", why);
	if (end == JSON_KWOLLECT_ROWS)
		end = name_check(a, i, "metric_id", a->metric, "metric", why);
	if (end == JSON_KWOLLECT_ROWS)
		end = origin_check(a, i, stamp_ns, why);
	if (end == JSON_KWOLLECT_ROWS && row_add(a, i, stamp_ns, why) < 0)
		end = JSON_KWOLLECT_BROKEN;
	return end;
}

enum json_kwollect json_kwollect_rows(const char *data, size_t size,
				      const char *device, const char *metric,
				      struct rowset *rows, struct err *why)
{
	enum json_kwollect end = JSON_KWOLLECT_ROWS;
	struct answer a = { .device = device, .metric = metric, .rows = rows };
	json_doc_t *doc = json_doc_parse(data, size, why);
	int n;

	if (!doc)
		return JSON_KWOLLECT_BROKEN;
	a.doc = doc;
	n = json_doc_length(doc, "");
	if (n < 0) {
		err_set(why, "the answer is not an array of rows");
		end = JSON_KWOLLECT_BROKEN;
	}
	for (int i = 0; i < n && end == JSON_KWOLLECT_ROWS; i++)
		end = row_read(&a, (unsigned)i, why);
	json_doc_destroy(doc);
	return end;
}
