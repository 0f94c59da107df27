/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of a configuration and of options: the first digit says which kind. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/conf_values.h"
#include "lib/share.h"

static void check_quantities(const char *text)
{
	for (int q = QUANTITY_DURATION; q <= QUANTITY_G_PER_KWH; q++) {
		struct err err = { "" };
		double v = NAN, again = NAN;

		if (quantity_parse((enum quantity)q, text, &v) == 0) {
			FUZZ_CHECK(isfinite(v) && v >= 0);
			FUZZ_CHECK(q != QUANTITY_COUNT || v == floor(v));
			FUZZ_CHECK(quantity_read((enum quantity)q, text, text,
						 text, &again, &err) == 0);
			FUZZ_CHECK(again == v);
		} else {
			FUZZ_CHECK(quantity_read((enum quantity)q, text, "1",
						 "2", &again, &err) == -1);
			FUZZ_CHECK(*err.text);
		}
	}
}

/* In milliseconds, as exactly as a double goes, it is the same again. */
static void check_duration(const char *text)
{
	int64_t ns, again;
	char buf[64];

	if (conf_parse_duration(text, &ns) != 0)
		return;
	FUZZ_CHECK(ns >= 0 && ns <= INT64_C(1000000000000000000));
	if (ns > INT64_C(100000000000000000))
		return;		/* has more digits than are taken */
	snprintf(buf, sizeof(buf), "%lld.%06lldms", (long long)(ns / 1000000),
		 (long long)(ns % 1000000));
	FUZZ_CHECK(conf_parse_duration(buf, &again) == 0);
	FUZZ_CHECK(llabs(again - ns) <= 1 + ns / (INT64_C(1) << 52));
}

static void check_url(const char *text)
{
	struct err err = { "" };
	char *url = strdup(text), *again;

	FUZZ_CHECK(url);
	if (value_url(url, &err) != 0) {
		FUZZ_CHECK(*err.text);
		free(url);
		return;
	}
	FUZZ_CHECK(strncmp(url, "http://", 7) == 0 ||
		   strncmp(url, "https://", 8) == 0);
	FUZZ_CHECK(url_is_plain(url) == (url[4] == ':'));
	FUZZ_CHECK(url[strlen(url) - 1] != '/' && !strpbrk(url, " \t\r\n?#"));
	FUZZ_CHECK(strlen(url) <= strlen(text));
	again = strdup(url);
	FUZZ_CHECK(again && value_url(again, &err) == 0);
	FUZZ_CHECK(strcmp(again, url) == 0);
	free(again);
	free(url);
}

/* %n stands for the name and %% for %; it fits or is refused. */
static void check_expand(const char *text)
{
	struct err err = { "" };
	size_t room = strlen(text) * 2 + 1;
	char *wide = malloc(room), *narrow = malloc(8);

	FUZZ_CHECK(wide && narrow);
	if (value_expand(text, "n", wide, room, &err) == 0)
		FUZZ_CHECK(strlen(wide) <= strlen(text));
	else
		FUZZ_CHECK(*err.text);
	if (value_expand(text, "node", narrow, 8, &err) == 0)
		FUZZ_CHECK(strlen(narrow) < 8);
	free(wide);
	free(narrow);
}

static void check_words(const char *text)
{
	struct err err = { "" };
	enum share_mode mode;
	bool b;

	if (share_mode_parse(text, &mode) == 0)
		FUZZ_CHECK(strcmp(share_mode_name(mode), text) == 0);
	if (value_bool(text, &b, &err) != 0)
		FUZZ_CHECK(*err.text);
	if (conf_node_name_valid(text))
		FUZZ_CHECK(*text && *text != '.' && !strpbrk(text, "/ \t\n") &&
			   strlen(text) <= 200);
}

/* A key's hash is 32 bytes: 43 digits and a "=". */
static void check_public_key(const char *text)
{
	struct err err = { "" };

	if (value_public_key(text, &err) != 0) {
		FUZZ_CHECK(*err.text);
		return;
	}
	for (;; text++) {
		FUZZ_CHECK(strncmp(text, "sha256//", 8) == 0);
		FUZZ_CHECK(strcspn(text, "=") == 8 + 43);
		text += 8 + 43 + 1;
		if (!*text)
			return;
		FUZZ_CHECK(*text == ';');
	}
}

static void check_instant(const char *text)
{
	struct err err = { "" };
	int64_t s = -1, again;
	char buf[32];

	if (value_instant(text, &s, &err) != 0) {
		FUZZ_CHECK(*err.text && s == -1);
		return;
	}
	FUZZ_CHECK(s > 0 && s < INT64_MAX / INT64_C(1000000000));
	clock_iso8601(s * INT64_C(1000000000), buf, sizeof(buf));
	FUZZ_CHECK(value_instant(buf, &again, &err) == 0 && again == s);
	if (strchr(text, '-'))	/* a date is there as it stands in a calendar */
		FUZZ_CHECK(strncmp(text, buf, strlen(text)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(const char *) = {
		check_quantities, check_duration, check_url, check_expand,
		check_words, check_public_key, check_instant,
	};
	struct fuzz_input in = { data, size };
	uint8_t kind = (uint8_t)(fuzz_byte(&in) - '0');
	char *text = fuzz_rest(&in);

	checks[kind % (sizeof(checks) / sizeof(checks[0]))](text);
	free(text);
	return 0;
}
