/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of NODE.meters, with a good checksum: the input is what stands behind
 * the checksum.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ledger_check.h"
#include "lib/ledger_codec.h"

static void check(const struct ledger_rec *rec)
{
	const struct ledger_meters *m = &rec->meters;
	static char line[LEDGER_LINE_MAX + 1];
	static struct ledger_rec again;
	struct err err;
	int n;

	FUZZ_CHECK(rec->kind == LEDGER_METERS);
	FUZZ_CHECK(m->start_ns >= 0 && m->end_ns >= 0 && m->both_ns >= 0 &&
		   m->first_ns >= 0 && m->second_ns >= 0);
	FUZZ_CHECK(isfinite(m->first_j) && isfinite(m->second_j));
	FUZZ_CHECK(memchr(m->node, 0, sizeof(m->node)) &&
		   memchr(m->boot_id, 0, sizeof(m->boot_id)) &&
		   memchr(m->first, 0, sizeof(m->first)) &&
		   memchr(m->second, 0, sizeof(m->second)));
	n = ledger_format(rec, line, sizeof(line));
	FUZZ_CHECK(n > 0);
	FUZZ_CHECK(ledger_parse_meters(line, (size_t)n, &again, &err) == 0);
	FUZZ_CHECK(memcmp(m->first, again.meters.first, sizeof(m->first)) == 0);
	FUZZ_CHECK(m->both_ns == again.meters.both_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ledger_rec rec;
	static struct ledger_part parts[LEDGER_PARTS_MAX];
	struct err err = { "" };
	char *line;

	if (size > LEDGER_LINE_MAX / 2)
		return 0;
	line = malloc(9 + size);
	if (!line)
		return 0;
	memcpy(line, "00000000 ", 9);
	if (size)
		memcpy(line + 9, data, size);
	ledger_seal(line, memchr(line, '\n', 9 + size) ? 0 : 9 + size);
	if (ledger_parse_meters(line, 9 + size, &rec, &err) == 0) {
		check(&rec);
		FUZZ_CHECK(ledger_parse(line, 9 + size, &rec, parts,
					&err) == -1);
	} else {
		FUZZ_CHECK(*err.text);
	}
	free(line);
	return 0;
}
