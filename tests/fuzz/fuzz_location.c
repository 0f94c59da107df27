/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Header lines of an answer: first the path that was asked for, then the
 * lines. Where a redirect leads to is a path of the same BMC, or nowhere. What
 * is tested is private to http.c, which therefore is part of this file.
 */
#include "source/http.c"

#include "fuzz.h"

static void check_value(const char *text, size_t size)
{
	FUZZ_CHECK(memchr(text, 0, size));
	for (; *text; text++)	/* a line end could make two headers of it */
		FUZZ_CHECK((unsigned char)*text >= ' ' && *text != 0x7f);
}

/* Behind our base URL, it is a URL of the same host still. */
static void check_same_host(const http_conn_t *c, const char *path)
{
	char url[sizeof(c->base_url) + HTTP_PATH_MAX];
	CURLU *base = curl_url(), *u = curl_url();

	FUZZ_CHECK(url_format(c, path, url, sizeof(url)) == 0);
	FUZZ_CHECK(curl_url_set(base, CURLUPART_URL, c->base_url, 0) == CURLUE_OK);
	FUZZ_CHECK(curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK);
	FUZZ_CHECK(part_equal(base, u, CURLUPART_SCHEME) &&
		   part_equal(base, u, CURLUPART_HOST) &&
		   part_equal(base, u, CURLUPART_PORT) &&
		   !part_set(u, CURLUPART_USER));
	curl_url_cleanup(base);
	curl_url_cleanup(u);
}

static void check_redirect(http_conn_t *c)
{
	char *path = malloc(HTTP_PATH_MAX);

	FUZZ_CHECK(path);
	if (location_resolve(c, path, HTTP_PATH_MAX) == 0) {
		FUZZ_CHECK(*path == '/' && strlen(path) < HTTP_PATH_MAX);
		for (const char *p = path; *p; p++)
			FUZZ_CHECK((unsigned char)*p > ' ' && *p != 0x7f);
		check_same_host(c, path);
	} else {
		FUZZ_CHECK(*path == '\0');
	}
	free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static http_conn_t c;
	struct fuzz_input in = { data, size };
	char *first = fuzz_line(&in);

	memset(&c, 0, sizeof(c));
	strcpy(c.base_url, "https://bmc.example:8443");
	snprintf(c.path, sizeof(c.path), "/%s", first);
	free(first);
	while (in.left) {
		const uint8_t *end = memchr(in.at, '\n', in.left);
		size_t len = end ? (size_t)(end - in.at) + 1 : in.left;
		char *line = malloc(len);

		FUZZ_CHECK(line);
		fuzz_bytes(&in, line, len);	/* has no NUL behind it */
		on_header(line, 1, len, &c);
		free(line);
		check_value(c.location, sizeof(c.location));
		check_value(c.reply.token, sizeof(c.reply.token));
	}
	check_redirect(&c);
	return 0;
}
