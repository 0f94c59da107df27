/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipmi_answer.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What no node can draw: a broken answer. */
#define WATTS_MAX 1e6

static const struct {
	const char *word;
	enum ipmi_answer_kind kind;
} kinds[] = {
	{ "none unavailable ", IPMI_UNAVAILABLE },
	{ "none auth ", IPMI_AUTH },
	{ "none unreachable ", IPMI_UNREACHABLE },
	{ "none config ", IPMI_CONFIG },
	{ "note ", IPMI_NOTE },
};

/* The text behind `word`, or NULL. */
static const char *behind(const char *line, const char *word)
{
	size_t len = strlen(word);

	return strncmp(line, word, len) == 0 ? line + len : NULL;
}

/* strtod() takes blanks, signs, "inf", hexadecimal: we write none of these. */
static bool starts_number(const char *text)
{
	return *text >= '0' && *text <= '9' && text[1] != 'x' && text[1] != 'X';
}

static bool parse_ok(const char *text, struct ipmi_answer *a)
{
	char *end;
	long long ns;

	if (!starts_number(text))
		return false;
	a->watts = strtod(text, &end);
	if (*end != ' ' || !isfinite(a->watts) || a->watts <= 0 ||
	    a->watts > WATTS_MAX || !starts_number(end + 1))
		return false;
	errno = 0;
	ns = strtoll(end + 1, &end, 10);
	if (errno || *end != ' ' || !end[1])
		return false;
	a->boot_ns = ns;
	a->text = end + 1;
	return true;
}

void ipmi_answer_parse(const char *line, struct ipmi_answer *a)
{
	const char *text = behind(line, "ok ");

	memset(a, 0, sizeof(*a));
	if (text && parse_ok(text, a)) {
		a->kind = IPMI_OK;
		return;
	}
	memset(a, 0, sizeof(*a));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		text = behind(line, kinds[i].word);
		if (text && *text) {
			a->kind = kinds[i].kind;
			a->text = text;
		}
	}
}
