/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looking for the node's power in a BMC. The first line of the input is the
 * selector, then there are lines "URL STATUS BODY" up to an empty one. What is
 * asked for beyond them is made up from the rest (tree_gen.h), or 404 where
 * there is none left.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/json_doc.h"
#include "source/json_power.h"
#include "source/redfish_find.h"
#include "fuzz.h"
#include "tree_gen.h"

#define LINES_MAX 128
#define DEPTH_MAX 16

struct asked {
	char *url[REDFISH_FIND_REQUESTS_MAX];
	char *body[REDFISH_FIND_REQUESTS_MAX];	/* NULL where not 200 */
	unsigned len;
	size_t bytes;
};

struct bmc {
	char *line[LINES_MAX];
	unsigned lines;
	struct fuzz_input rest;
};

/* ---- the BMC ---- */

static void bmc_read(struct bmc *b, struct fuzz_input *in)
{
	b->lines = 0;
	while (in->left && b->lines < LINES_MAX) {
		char *line = fuzz_line(in);

		if (!*line) {
			free(line);
			break;
		}
		b->line[b->lines++] = line;
	}
	b->rest = *in;
}

static void bmc_free(struct bmc *b)
{
	for (unsigned i = 0; i < b->lines; i++)
		free(b->line[i]);
}

static size_t url_length(const char *url)
{
	size_t len = strcspn(url, " ");

	while (len > 1 && url[len - 1] == '/')
		len--;
	return len;
}

static long bmc_answer(struct bmc *b, const char *url, char *buf, size_t *size)
{
	size_t len = url_length(url);

	for (unsigned i = 0; i < b->lines; i++) {
		const char *line = b->line[i], *at = line + strcspn(line, " ");
		long status;
		char *body;

		if (url_length(line) != len || strncmp(line, url, len) != 0)
			continue;
		status = strtol(at, &body, 10);
		*size = strlen(body);
		if (*size >= TREE_GEN_MAX)
			*size = TREE_GEN_MAX - 1;
		memcpy(buf, body, *size);
		buf[*size] = '\0';
		return status;
	}
	if (b->rest.left)
		return tree_gen_answer(&b->rest, url, buf, size);
	*size = 0;
	*buf = '\0';
	return 404;
}

/* ---- asking ---- */

static void check_url(const char *url)
{
	FUZZ_CHECK(memchr(url, 0, REDFISH_URL_MAX));
	FUZZ_CHECK(url[0] == '/' && url[1] != '/' && !strchr(url, '#'));
	for (; *url; url++)
		FUZZ_CHECK(isgraph((unsigned char)*url));
}

/* The answer lies in memory of its exact size. */
static void ask(redfish_find_t *f, struct bmc *bmc, struct asked *a)
{
	static char buf[TREE_GEN_MAX];
	const char *url = redfish_find_url(f);
	char *body;
	size_t size;
	long status;

	check_url(url);
	for (unsigned i = 0; i < a->len; i++)
		FUZZ_CHECK(strcmp(a->url[i], url) != 0);
	FUZZ_CHECK(a->len < REDFISH_FIND_REQUESTS_MAX);
	FUZZ_CHECK(a->bytes < REDFISH_FIND_BYTES_MAX);
	status = bmc_answer(bmc, url, buf, &size);
	body = fuzz_text((const uint8_t *)buf, size);
	a->url[a->len] = strdup(url);
	a->body[a->len++] = status == 200 ? body : NULL;
	a->bytes += size;
	redfish_find_answer(f, status, body, size);
	FUZZ_CHECK(redfish_find_requests(f) == a->len);
	if (status != 200)
		free(body);
}

static void asked_free(struct asked *a)
{
	for (unsigned i = 0; i < a->len; i++) {
		free(a->url[i]);
		free(a->body[i]);
	}
}

/* ---- what was found ---- */

static const char *asked_body(const struct asked *a, const char *url)
{
	size_t len = url_length(url);

	for (unsigned i = 0; i < a->len; i++)
		if (url_length(a->url[i]) == len &&
		    strncmp(a->url[i], url, len) == 0)
			return a->body[i];
	return NULL;
}

/* A number lies in an answer that was given, and something is there. */
static void check_number(const struct redfish_number *n, const struct asked *a)
{
	static struct redfish_number again;
	char text[REDFISH_SUM_MAX];
	const char *body;
	json_doc_t *doc;
	double v;

	check_url(n->url);
	body = asked_body(a, n->url);
	FUZZ_CHECK(body && n->terms > 0 && n->terms <= REDFISH_TERMS_MAX);
	doc = json_doc_parse(body, strlen(body), NULL);
	FUZZ_CHECK(doc);
	for (unsigned t = 0; t < n->terms; t++) {
		FUZZ_CHECK(n->pointer[t][0] == '/' &&
			   memchr(n->pointer[t], 0, REDFISH_POINTER_MAX));
		FUZZ_CHECK(json_doc_number(doc, n->pointer[t], &v) !=
			   JSON_NUMBER_ABSENT);
	}
	json_doc_destroy(doc);
	FUZZ_CHECK(redfish_number_format(n, text, sizeof(text)) == 0);
	FUZZ_CHECK(redfish_number_parse(&again, text) == 0 &&
		   again.terms == n->terms);
	for (unsigned t = 0; t < n->terms; t++)
		FUZZ_CHECK(strcmp(again.pointer[t], n->pointer[t]) == 0);
}

/*
 * Samples read what the search saw. They take less for JSON than it does, and
 * names and long numbers differently.
 */
static void check_watts(const struct redfish_number *n, const char *body,
			double watts)
{
	enum json_number kind;
	struct err why;
	double v;

	if (json_scan_number(body, strlen(body), n->pointer[0], &kind, &v,
			     NULL) < 0 || strchr(body, '\\'))
		return;
	if (redfish_power_read(n, body, strlen(body), &v, &why) < 0)
		fuzz_fail(__FILE__, __LINE__, why.text);
	FUZZ_CHECK(fabs(v - watts) <= 1e-9 * watts);
}

static void check_note(const struct redfish_note *n)
{
	FUZZ_CHECK(n->depth <= DEPTH_MAX && n->verdict <= REDFISH_COUNTER);
	FUZZ_CHECK(isfinite(n->watts) && n->watts >= 0);
	if (n->url[0])
		check_url(n->url);
	FUZZ_CHECK(memchr(n->pointer, 0, sizeof(n->pointer)) &&
		   memchr(n->text, 0, sizeof(n->text)));
	for (const char *p = n->text; *p; p++)
		FUZZ_CHECK(*p >= ' ' && *p <= '~');
	for (const char *p = n->pointer; *p; p++)
		FUZZ_CHECK(*p >= ' ' && *p <= '~');
}

/* The note on what was chosen; NULL where there is none. */
static const struct redfish_note *check_notes(const redfish_find_t *f)
{
	const struct redfish_note *chosen = NULL, *n;

	for (unsigned i = 0; (n = redfish_find_note(f, i)); i++) {
		FUZZ_CHECK(i < 4096);
		check_note(n);
		if (n->verdict != REDFISH_CHOSEN)
			continue;
		FUZZ_CHECK(!chosen && n->watts > 0 && n->watts <= POWER_MAX_W);
		chosen = n;
	}
	return chosen;
}

static void check_place(const struct redfish_place *place,
			const struct asked *a,
			const struct redfish_note *chosen)
{
	FUZZ_CHECK(strncmp(place->source, "redfish:", 8) == 0 &&
		   memchr(place->source, 0, sizeof(place->source)));
	check_number(&place->power, a);
	if (chosen) {
		FUZZ_CHECK(url_length(chosen->url) ==
			   url_length(place->power.url));
		check_watts(&place->power, asked_body(a, chosen->url),
			    chosen->watts);
	}
	if (!place->energy.url[0])
		return;
	check_number(&place->energy, a);
	FUZZ_CHECK(isfinite(place->energy_unit_j) && place->energy_unit_j > 0);
	FUZZ_CHECK(isfinite(place->energy_wrap) && place->energy_wrap >= 0);
}

/* A search that was cut off may have chosen something before. */
static void check_none(const redfish_find_t *f, const struct asked *a,
		       const struct redfish_note *chosen)
{
	const char *reason = redfish_find_reason(f);

	FUZZ_CHECK(*reason && memchr(reason, 0, sizeof(struct err)));
	FUZZ_CHECK(!chosen || a->len == REDFISH_FIND_REQUESTS_MAX ||
		   a->bytes >= REDFISH_FIND_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bmc bmc;
	struct fuzz_input in = { data, size };
	char *selector = fuzz_line(&in);
	redfish_find_t *f = redfish_find_create(selector);
	struct asked asked = { .len = 0 };
	const struct redfish_note *chosen;
	enum redfish_find_step step;

	FUZZ_CHECK(f);
	bmc_read(&bmc, &in);
	while ((step = redfish_find_next(f)) == REDFISH_FIND_ASK)
		ask(f, &bmc, &asked);
	FUZZ_CHECK(redfish_find_next(f) == step);
	chosen = check_notes(f);
	if (step == REDFISH_FIND_FOUND)
		check_place(redfish_find_place(f), &asked, chosen);
	else
		check_none(f, &asked, chosen);
	redfish_find_destroy(f);
	asked_free(&asked);
	bmc_free(&bmc);
	free(selector);
	return 0;
}
