/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What meters say: the input as a file's content, a command's output, and a
 * command as it stands in the configuration.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "source/exec_words.h"
#include "source/meter_text.h"

static void check_quote(const char *text, size_t size)
{
	char quoted[METER_QUOTE_MAX];

	FUZZ_CHECK(meter_quote(quoted, text, size) == quoted);
	FUZZ_CHECK(strlen(quoted) < METER_QUOTE_MAX);
	for (const char *c = quoted; *c; c++)
		FUZZ_CHECK(*c >= 0x20 && *c < 0x7f);
}

static void check_number(const char *text, size_t size, const char *unit)
{
	struct err err = { "" };
	uint64_t number = 0;
	char again[64];

	if (meter_file_number(text, size, unit, &number, &err) < 0) {
		FUZZ_CHECK(*err.text);
		return;
	}
	snprintf(again, sizeof(again), "%llu%s%s", (unsigned long long)number,
		 *unit ? " " : "", unit);
	FUZZ_CHECK(meter_file_number(again, strlen(again), unit, &number,
				     &err) == 0);
}

static void check_amount(const char *text, size_t size)
{
	struct meter_amount amount = { false, NAN };
	struct err err = { "" };

	if (meter_amount_parse(text, size, &amount, &err) < 0)
		FUZZ_CHECK(*err.text);
	else
		FUZZ_CHECK(isfinite(amount.value) && amount.value >= 0);
}

static void check_words(const char *command)
{
	static struct exec_words w;
	struct err err = { "" };
	size_t total = 0;

	if (exec_words_split(command, &w, &err) < 0) {
		FUZZ_CHECK(*err.text);
		return;
	}
	FUZZ_CHECK(w.count >= 1 && w.count <= EXEC_WORDS_MAX);
	FUZZ_CHECK(w.word[0][0] == '/' && !w.word[w.count]);
	for (unsigned i = 0; i < w.count; i++) {
		FUZZ_CHECK(!strchr(w.word[i], '"'));
		total += strlen(w.word[i]) + 1;
	}
	FUZZ_CHECK(total <= sizeof(w.store));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	check_quote(text, size);
	check_number(text, size, "");
	check_number(text, size, "W");
	check_number(text, size, "J");
	check_amount(text, size);
	check_words(text);
	free(text);
	return 0;
}
