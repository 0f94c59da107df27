/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A comment of a job: whatever is in it, a line is found where it is, is what
 * would be written, and gets in and is replaced without another byte changed.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/annotation.h"
#include "fuzz.h"

#define LINE "wattgate/1 coverage=0.125 source=fuzz"

static void check_amount(double v, double max)
{
	FUZZ_CHECK(isnan(v) || (v >= 0 && v <= max));
}

static void check_found(const char *comment, const struct annotation *a,
			size_t at, size_t len)
{
	char line[ANNOTATION_LINE_SIZE];
	struct annotation again;

	FUZZ_CHECK(at + len <= strlen(comment));
	FUZZ_CHECK(strncmp(comment + at, "wattgate/1 ", 11) == 0);
	check_amount(a->energy_kwh, 1e12);
	check_amount(a->bmc_kwh, 1e12);
	check_amount(a->model_kwh, 1e12);
	check_amount(a->max_gap_s, 1e12);
	FUZZ_CHECK(a->coverage >= 0 && a->coverage <= 1);
	FUZZ_CHECK(*a->source && memchr(a->source, 0, sizeof(a->source)));
	FUZZ_CHECK(annotation_format(a, line, sizeof(line)) == 0);
	FUZZ_CHECK(annotation_find(line, &again, NULL, NULL) ==
		   ANNOTATION_FOUND);
	FUZZ_CHECK(strcmp(again.source, a->source) == 0);
}

/* Bytes of `comment` around the line are in `out`, and the line is. */
static void check_merged(const char *comment, size_t at, size_t len,
			 const char *out)
{
	const char *rest = comment + at + len;
	const size_t total = strlen(out);
	char *again;

	FUZZ_CHECK(strncmp(out, comment, at) == 0);
	FUZZ_CHECK(total >= at + strlen(rest) + strlen(LINE));
	FUZZ_CHECK(total <= at + strlen(rest) + strlen("; " LINE));
	FUZZ_CHECK(strcmp(out + total - strlen(rest), rest) == 0);
	FUZZ_CHECK(total <= ANNOTATION_COMMENT_MAX);
	FUZZ_CHECK(annotation_merge(out, LINE, &again) == ANNOTATION_SAME);
	FUZZ_CHECK(!again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *comment = fuzz_text(data, size), *out;
	size_t at = 0, len = 0;
	struct annotation a;
	enum annotation_merged merged;
	const enum annotation_found found =
		annotation_find(comment, &a, &at, &len);

	if (found == ANNOTATION_FOUND) {
		check_found(comment, &a, at, len);
	} else {
		at = strlen(comment);
		len = 0;
	}
	merged = annotation_merge(comment, LINE, &out);
	FUZZ_CHECK((merged == ANNOTATION_ADDED ||
		    merged == ANNOTATION_REPLACED) == (out != NULL));
	FUZZ_CHECK((merged == ANNOTATION_KEPT_LATER) ==
		   (found == ANNOTATION_LATER));
	if (out)
		check_merged(comment, at, len, out);
	free(out);
	free(comment);
	return 0;
}
