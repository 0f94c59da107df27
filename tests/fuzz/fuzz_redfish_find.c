/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking for the node's power in a BMC. Each line of the input, "STATUS BODY",
 * is the answer to the next question, whatever that is; then all is 404.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "source/json_doc.h"
#include "source/redfish_find.h"
#include "fuzz.h"

struct asked {
	char *url[REDFISH_FIND_REQUESTS_MAX];
	char *body[REDFISH_FIND_REQUESTS_MAX];	/* NULL where not 200 */
	unsigned len;
};

static void check_url(const char *url)
{
	FUZZ_CHECK(url[0] == '/' && url[1] != '/');
	FUZZ_CHECK(strlen(url) < REDFISH_URL_MAX && !strchr(url, '#'));
	for (; *url; url++)
		FUZZ_CHECK(isgraph((unsigned char)*url));
}

static void ask(redfish_find_t *f, struct fuzz_input *in, struct asked *a)
{
	const char *url = redfish_find_url(f);
	char *line = fuzz_line(in), *body;
	long status = *line ? strtol(line, &body, 10) : 404;

	if (!*line)
		body = line;
	check_url(url);
	for (unsigned i = 0; i < a->len; i++)
		FUZZ_CHECK(strcmp(a->url[i], url) != 0);
	FUZZ_CHECK(a->len < REDFISH_FIND_REQUESTS_MAX);
	a->url[a->len] = strdup(url);
	a->body[a->len++] = status == 200 ? strdup(body) : NULL;
	redfish_find_answer(f, status, body, strlen(body));
	FUZZ_CHECK(redfish_find_requests(f) == a->len);
	free(line);
}

/* The place lies in an answer that was given, and something is there. */
static void check_number(const struct redfish_number *n, const struct asked *a)
{
	double v;

	check_url(n->url);
	FUZZ_CHECK(n->terms > 0 && n->pointer[0][0] == '/');
	for (unsigned i = 0; i < a->len; i++) {
		json_doc_t *doc;
		unsigned there = 0;

		if (!a->body[i] || strncmp(a->url[i], n->url,
					   strlen(a->url[i])) != 0)
			continue;
		doc = json_doc_parse(a->body[i], strlen(a->body[i]), NULL);
		for (unsigned t = 0; doc && t < n->terms; t++)
			there += json_doc_number(doc, n->pointer[t], &v) !=
				 JSON_NUMBER_ABSENT;
		json_doc_destroy(doc);
		if (there == n->terms)
			return;
	}
	FUZZ_CHECK(!"the place is in no answer");
}

static void check_place(const struct redfish_place *place,
			const struct asked *a)
{
	FUZZ_CHECK(strncmp(place->source, "redfish:", 8) == 0);
	check_number(&place->power, a);
	if (place->energy.url[0])
		check_number(&place->energy, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	redfish_find_t *f = redfish_find_create(NULL);
	struct asked asked = { .len = 0 };
	enum redfish_find_step step;

	FUZZ_CHECK(f);
	while ((step = redfish_find_next(f)) == REDFISH_FIND_ASK)
		ask(f, &in, &asked);
	FUZZ_CHECK(redfish_find_next(f) == step);
	if (step == REDFISH_FIND_FOUND)
		check_place(redfish_find_place(f), &asked);
	else
		FUZZ_CHECK(*redfish_find_reason(f));
	redfish_find_destroy(f);
	for (unsigned i = 0; i < asked.len; i++) {
		free(asked.url[i]);
		free(asked.body[i]);
	}
	return 0;
}
