/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of a ledger, with a good checksum: the input is what stands behind
 * the checksum.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "ledger_check.h"
#include "lib/ledger_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ledger_part parts[LEDGER_PARTS_MAX];
	struct err err = { "" };
	struct ledger_rec rec;
	char *line;
	int rc;

	if (size > LEDGER_LINE_MAX / 2)
		return 0;
	line = malloc(9 + size);
	if (!line)
		return 0;
	memcpy(line, "00000000 ", 9);
	if (size)
		memcpy(line + 9, data, size);
	ledger_seal(line, memchr(line, '\n', 9 + size) ? 0 : 9 + size);
	rc = ledger_parse(line, 9 + size, &rec, parts, &err);
	if (rc == 0)
		ledger_check(&rec);
	else
		FUZZ_CHECK(rc == -1 && *err.text);
	free(line);
	return 0;
}
