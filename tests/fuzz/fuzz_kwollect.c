/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An answer of a Kwollect server about device "n1" and metric "w". */
#include <math.h>
#include <stdlib.h>

#include "fuzz.h"
#include "source/json_kwollect.h"

/* In order, each instant once, within the bounds, and all of it power. */
static void check_rows(const struct rowset *rows, int64_t from_ns, int64_t to_ns)
{
	for (unsigned i = 0; i < rows->n; i++) {
		const struct row *row = &rows->at[i];

		FUZZ_CHECK(row->watts > 0 && row->watts <= 1e6);
		FUZZ_CHECK(row->wall_ns >= from_ns && row->wall_ns <= to_ns);
		FUZZ_CHECK(i == 0 || row->wall_ns > row[-1].wall_ns);
		FUZZ_CHECK(row->wall_ns <= rows->newest_ns);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rowset rows = { 0 };
	struct err why = { "" };
	char *body = malloc(size ? size : 1);
	struct fuzz_input in = { data, size };
	unsigned all;

	FUZZ_CHECK(body);
	fuzz_bytes(&in, body, size);	/* has no NUL behind it */
	if (json_kwollect_rows(body, size, "n1", "w", &rows, &why) ==
	    JSON_KWOLLECT_ROWS) {
		rowset_settle(&rows, 0, INT64_MAX);
		check_rows(&rows, 0, INT64_MAX);
		all = rows.n;
		if (all > 2) {
			rowset_settle(&rows, rows.at[1].wall_ns,
				      rows.at[all - 2].wall_ns);
			FUZZ_CHECK(rows.n == all - 2);
		}
	} else {
		FUZZ_CHECK(*why.text);
	}
	rowset_free(&rows);
	free(body);
	return 0;
}
