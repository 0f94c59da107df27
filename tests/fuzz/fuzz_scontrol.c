/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scontrol prints: the node of the first line in the text behind it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/scontrol_parse.h"
#include "fuzz.h"
#include "lib/clock.h"

static void check_node(const char *text, const char *node)
{
	struct node_totals t = { 0 };
	struct err err = { "" };

	if (scontrol_parse_node(text, node, &t, &err) < 0) {
		FUZZ_CHECK(*err.text);
		return;
	}
	FUZZ_CHECK(t.cores > 0 && t.cores <= 65533);
	FUZZ_CHECK(t.gpus >= 0 && t.gpus <= 1024 && t.gpus == floor(t.gpus));
	FUZZ_CHECK(t.mem_mb >= 0 && t.mem_mb <= 1e9);
	FUZZ_CHECK(t.threads_per_core >= 1 && t.threads_per_core <= 65533);
}

static void check_config(const char *text)
{
	struct node_totals t = { 0 };
	struct err err = { "" };

	if (scontrol_parse_config(text, &t, &err) < 0) {
		FUZZ_CHECK(*err.text);
		return;
	}
	FUZZ_CHECK(t.kill_wait_ns >= 0 && t.kill_wait_ns <= 86400 * NS_PER_S);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	char *node = fuzz_line(&in), *text = fuzz_rest(&in);

	check_node(text, node);
	check_config(text);
	free(node);
	free(text);
	return 0;
}
