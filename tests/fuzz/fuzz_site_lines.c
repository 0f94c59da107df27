/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a node sends of its ledger; the first byte says whether lines get good
 * checksums ('s': they do). The node is "n1".
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ledger_check.h"
#include "site/lines.h"

static size_t count_lines(const char *text, size_t len)
{
	size_t n = len && text[len - 1] != '\n';

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	bool seal = fuzz_byte(&in) & 1;
	size_t len = in.left;
	char *text = malloc(len ? len : 1);
	struct lines lines;

	FUZZ_CHECK(text);
	fuzz_bytes(&in, text, len);	/* has no NUL behind it */
	if (seal)
		ledger_seal(text, len);
	FUZZ_CHECK(lines_parse(&lines, "n1", text, len) == 0);
	FUZZ_CHECK(lines.count + lines.refused == count_lines(text, len));
	FUZZ_CHECK(!lines.refused || *lines.why.text);
	free(text);	/* the records stand by themselves */
	for (uint32_t i = 0; i < lines.count; i++) {
		const struct ledger_rec *rec = &lines.recs[i];

		ledger_check(rec);
		FUZZ_CHECK(strcmp(rec->kind == LEDGER_INTERVAL ?
				  rec->interval.node : rec->alloc.node,
				  "n1") == 0);
	}
	lines_free(&lines);
	return 0;
}
