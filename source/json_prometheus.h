/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_JSON_PROMETHEUS_H
#define WATTGATE_JSON_PROMETHEUS_H

#include <stddef.h>

#include "lib/err.h"
#include "rowset.h"

/*
 * What a Prometheus server answers to a query:
 *
 *   {"status":"success","data":{"resultType":"matrix","result":[
 *    {"metric":{"__name__":"w","instance":"n1"},
 *     "values":[[1435781430.781,"98"],...]}]}}
 *   {"status":"error","errorType":"bad_data","error":"..."}
 */

enum json_prometheus {
	JSON_PROMETHEUS_ROWS,	/* of one series, or of none */
	JSON_PROMETHEUS_BROKEN,	/* not what it should be, perhaps for once */
	JSON_PROMETHEUS_OTHER,	/* several series, or something else than one */
	JSON_PROMETHEUS_ERROR	/* it says why not */
};

/* Rows as they come, not settled; else a text in why. */
enum json_prometheus json_prometheus_rows(const char *data, size_t size,
					  struct rowset *rows, struct err *why);

#endif
