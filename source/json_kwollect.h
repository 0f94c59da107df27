/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_JSON_KWOLLECT_H
#define WATTGATE_JSON_KWOLLECT_H

#include <stddef.h>

#include "lib/err.h"
#include "rowset.h"

/*
 * What a Kwollect server answers: an array of rows
 *
 *   {"timestamp":"2025-04-18T18:55:33.754307+02:00","device_id":"n-7",
 *    "metric_id":"bmc_node_power_watt","value":98,"labels":{}}
 *
 * All of it must be rows of that device and metric. labels._device_orig, a
 * text or an array of texts, says what really measured: where two of them take
 * turns the rows are of two series, and which is the node cannot be told.
 */

enum json_kwollect {
	JSON_KWOLLECT_ROWS,
	JSON_KWOLLECT_BROKEN,	/* not what it should be, perhaps for once */
	JSON_KWOLLECT_OTHER	/* other rows than those asked for */
};

/* Rows as they come, not settled; else a text in why. */
enum json_kwollect json_kwollect_rows(const char *data, size_t size,
				      const char *device, const char *metric,
				      struct rowset *rows, struct err *why);

#endif
