/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of nodes; its names, joined by commas, are the same list. */
#include <stdlib.h>
#include <string.h>

#include "lib/hostlist.h"
#include "fuzz.h"

#define JOINED_MAX 65536
#define ASKED_MAX 8

struct seen {
	long count;
	size_t len;
	bool full;
	char first[HOSTLIST_NAME_MAX];
	char asked[ASKED_MAX][HOSTLIST_NAME_MAX];
	char joined[JOINED_MAX];
};

static int note_name(const char *name, void *arg)
{
	struct seen *s = arg;
	size_t len = strlen(name);

	FUZZ_CHECK(len > 0 && len < HOSTLIST_NAME_MAX);
	FUZZ_CHECK(!strpbrk(name, "[],"));
	if (s->count == 0)
		strcpy(s->first, name);
	if (s->count < ASKED_MAX)
		strcpy(s->asked[s->count], name);
	s->count++;
	if (s->len + len + 2 > JOINED_MAX) {
		s->full = true;
		return 0;
	}
	if (s->len)
		s->joined[s->len++] = ',';
	memcpy(s->joined + s->len, name, len + 1);
	s->len += len;
	return 0;
}

static void check_list(const char *text, const struct seen *s)
{
	static struct seen again;
	char first[HOSTLIST_NAME_MAX];

	FUZZ_CHECK(s->count <= HOSTLIST_MAX * (long)(strlen(text) + 1));
	FUZZ_CHECK(hostlist_count(text) == s->count);
	FUZZ_CHECK(hostlist_first(text, first, sizeof(first)) ==
		   (s->count ? 0 : -1));
	FUZZ_CHECK(!s->count || strcmp(first, s->first) == 0);
	for (long i = 0; i < s->count && i < ASKED_MAX; i++)
		FUZZ_CHECK(hostlist_has(text, s->asked[i]));
	FUZZ_CHECK(!hostlist_has(text, "[no such name]"));
	if (s->full)
		return;
	again.count = 0;
	again.len = 0;
	again.joined[0] = '\0';
	FUZZ_CHECK(hostlist_each(s->joined, note_name, &again) == 0);
	FUZZ_CHECK(again.count == s->count &&
		   strcmp(again.joined, s->joined) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seen seen;
	char *text = fuzz_text(data, size);

	seen.count = 0;
	seen.len = 0;
	seen.full = false;
	seen.joined[0] = '\0';
	if (hostlist_each(text, note_name, &seen) == 0)
		check_list(text, &seen);
	else
		FUZZ_CHECK(hostlist_count(text) == -1);
	free(text);
	return 0;
}
