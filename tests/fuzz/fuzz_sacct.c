/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of sacct; its texts alone too, as TRES and as durations. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sacct_parse.h"
#include "fuzz.h"

static void check_amount(double v)
{
	FUZZ_CHECK(isnan(v) || (isfinite(v) && v >= 0));
}

static void check_inside(const char *text, const char *line, size_t len)
{
	FUZZ_CHECK(*text == '\0' ||
		   (text >= line && text + strlen(text) <= line + len));
}

typedef int parser(char *line, const char *separator, struct sacct_row *row);

static void check_row(const char *text, parser *parse)
{
	char *line = strdup(text);
	size_t len = strlen(text);
	struct sacct_row row;

	FUZZ_CHECK(line);
	if (parse(line, "|", &row) == 0) {
		FUZZ_CHECK(row.job_id > 0);
		FUZZ_CHECK(memchr(row.state, 0, sizeof(row.state)));
		FUZZ_CHECK(row.start_s >= 0 && row.start_s <= INT64_C(9000000000));
		FUZZ_CHECK(row.end_s >= 0 && row.end_s <= INT64_C(9000000000));
		FUZZ_CHECK(row.suspended_s >= 0 && row.elapsed_s >= 0);
		FUZZ_CHECK(row.elapsed_s <= INT64_MAX / 1000000000);
		check_amount(row.cpus);
		check_amount(row.gpus);
		check_amount(row.mem_mb);
		check_amount(row.energy_j);
		check_inside(row.step, line, len);
		check_inside(row.nodes, line, len);
		check_inside(row.user, line, len);
		check_inside(row.account, line, len);
		check_inside(row.wckey, line, len);
		check_inside(row.cluster, line, len);
		FUZZ_CHECK(!row.name == !row.comment);
		if (row.name) {
			check_inside(row.name, line, len);
			check_inside(row.comment, line, len);
		}
	}
	free(line);
}

static void check_duration(const char *text)
{
	int64_t s = sacct_parse_duration(text);
	char again[64];

	FUZZ_CHECK(s >= -1 && s <= INT64_C(100000000) * (86400 + 3600 + 61));
	if (s < 0 || s / 86400 > 100000000)
		return;
	snprintf(again, sizeof(again), "%lld-%02lld:%02lld:%02lld.5",
		 (long long)(s / 86400), (long long)(s / 3600 % 24),
		 (long long)(s / 60 % 60), (long long)(s % 60));
	FUZZ_CHECK(sacct_parse_duration(again) == s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "cpu", "mem", "gres/gpu", "billing" };
	char *text = fuzz_text(data, size);

	check_row(text, sacct_parse_row);
	check_row(text, sacct_parse_identity);
	check_row(text, sacct_parse_texts);
	check_duration(text);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check_amount(sacct_parse_tres(text, names[i]));
	free(text);
	return 0;
}
