/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes from or goes to a Prometheus server: the first byte says whether
 * the rest is an answer of it ('a') or a query of the configuration.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "source/json_prometheus.h"
#include "source/prometheus.h"

static void check_answer(struct fuzz_input *in)
{
	struct rowset rows = { 0 };
	struct err why = { "" };
	size_t size = in->left;
	char *body = malloc(size ? size : 1);

	FUZZ_CHECK(body);
	fuzz_bytes(in, body, size);
	if (json_prometheus_rows(body, size, &rows, &why) ==
	    JSON_PROMETHEUS_ROWS) {
		rowset_settle(&rows, 0, INT64_MAX);
		for (unsigned i = 0; i < rows.n; i++) {
			FUZZ_CHECK(rows.at[i].watts > 0 &&
				   rows.at[i].watts <= 1e6);
			FUZZ_CHECK(i == 0 || rows.at[i].wall_ns >
					     rows.at[i - 1].wall_ns);
		}
	} else {
		FUZZ_CHECK(*why.text);
	}
	rowset_free(&rows);
	free(body);
}

/* A selector is no expression that may be asked: it would look back. */
static void check_query(const char *query)
{
	struct err why = { "" };
	char name[16];
	bool raw = prometheus_selector(query, name, sizeof(name));

	FUZZ_CHECK(strlen(name) < sizeof(name));
	if (prometheus_expression_check(query, &why) < 0) {
		FUZZ_CHECK(*why.text);
		return;
	}
	FUZZ_CHECK(strchr(query, '['));
	FUZZ_CHECK(!raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	char *query;

	if (fuzz_byte(&in) == 'a') {
		check_answer(&in);
		return 0;
	}
	query = fuzz_rest(&in);
	check_query(query);
	free(query);
	return 0;
}
