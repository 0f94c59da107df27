/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request to wattgated's metrics, as it comes: byte by byte, and whole. */
#include <stdlib.h>
#include <string.h>

#include "collector/scrape.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum scrape_answer answer = SCRAPE_MORE;
	enum expo_dialect dialect;
	char *text;

	if (size > SCRAPE_REQUEST_MAX)
		size = SCRAPE_REQUEST_MAX;
	for (size_t len = 1; len <= size && answer == SCRAPE_MORE; len++) {
		text = calloc(1, len + 1);
		FUZZ_CHECK(text);
		memcpy(text, data, len);
		answer = scrape_parse(text, len, &dialect);
		FUZZ_CHECK(answer == SCRAPE_METRICS || dialect == EXPO_PROMETHEUS);
		FUZZ_CHECK(answer != SCRAPE_METRICS || len > 20);
		free(text);
	}
	return 0;
}
