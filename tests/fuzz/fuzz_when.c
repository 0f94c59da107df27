/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A point in time as people write it, in a zone with summer time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/when.h"
#include "fuzz.h"
#include "lib/clock.h"

#define NOW_NS (INT64_C(1793000000) * NS_PER_S)	/* near the end of summer time */

static void zone_set(void)
{
	static bool done;

	if (!done)
		setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	done = true;
	tzset();
}

/* Whole seconds, in UTC and since 1970, mean the same instant. */
static void check_again(int64_t ns)
{
	int64_t again = -1, floor_ns = ns - ns % NS_PER_S;
	char buf[64];

	if (ns >= INT64_C(9000000000) * NS_PER_S)
		return;		/* years that cannot be written */
	snprintf(buf, sizeof(buf), "@%lld", (long long)(ns / NS_PER_S));
	FUZZ_CHECK(when_parse(buf, NOW_NS, &again) == 0 && again == floor_ns);
	clock_iso8601(ns, buf, sizeof(buf));
	if (strcmp(buf, "2255") >= 0)
		return;
	FUZZ_CHECK(when_parse(buf, NOW_NS, &again) == 0 && again == floor_ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	int64_t ns = -1, later = -1;

	zone_set();
	if (when_parse(text, NOW_NS, &ns) == 0) {
		FUZZ_CHECK(ns >= 0);
		check_again(ns);
		FUZZ_CHECK(when_parse(text, NOW_NS + 7 * NS_PER_S, &later) != 0 ||
			   later >= ns);
	}
	free(text);
	return 0;
}
