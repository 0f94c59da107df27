/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of a BMC through the real HTTP client. The first line says what is
 * asked for, one character each, the rest is the server's script (wire.h):
 *
 *   g b    GET, plain or with a user and a password
 *   t d    GET or DELETE of the last Location, with the last token
 *   p      POST of a password, as a login does
 *   q      POST with a token
 *   x      the request behind it is dropped half-way
 *   n      from here on a request is started where the one before it ended
 *   l      the time limit is short
 *
 * Whatever the answers were, a request behind them is answered as it should be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/http.h"
#include "fuzz.h"
#include "wire.h"

#define ASKS_MAX 8
/* redirects, each of them sent again where a kept connection was dead */
#define LEGS_MAX (2 * (HTTP_REDIRECTS_MAX + 1))
#define GOOD "{\"good\":true}"

struct client {
	wire_t *wire;
	http_t *http;
	http_conn_t *conn;
	const char *asks;	/* what is still to be asked for */
	unsigned asked;
	bool nested;

	/* the request under way */
	enum http_method method;
	struct http_request req;
	int64_t start_ns;
	bool running;
	bool good;		/* the last one was answered by default */
	unsigned legs;

	char token[256];	/* the last ones that came */
	char location[HTTP_PATH_MAX];
	char password[WIRE_SECRET_SIZE], user[16];
	char basic[128];	/* what has to be in Authorization */
	char body[128];
};

/* ---- what the server sees ---- */

static const char *method_text(enum http_method m)
{
	return m == HTTP_POST ? "POST" : m == HTTP_DELETE ? "DELETE" : "GET";
}

static void check_header(const char *head, const char *name, const char *wanted)
{
	static char value[4096];
	unsigned lines;
	const char *is = wire_header(head, name, value, sizeof(value), &lines);

	FUZZ_CHECK(lines == (wanted != NULL));
	if (wanted)
		FUZZ_CHECK(strcmp(is, wanted) == 0);
}

/* curl leaves out dots, and escapes what is no ASCII. */
static void check_path(const char *path, const char *asked, unsigned leg)
{
	bool as_is = !strstr(asked, "/.");

	FUZZ_CHECK(path[0] == '/' && strlen(path) < 3 * HTTP_PATH_MAX);
	for (const char *p = asked; *p; p++)
		as_is = as_is && (unsigned char)*p < 0x80;
	if (as_is && leg == 1)
		FUZZ_CHECK(strcmp(path, asked) == 0);
}

/* A request is what was asked for, and carries no more secrets than that. */
static void check_request(struct client *c, const struct wire_request *r)
{
	const struct http_request *req = &c->req;

	FUZZ_CHECK(c->running && ++c->legs <= LEGS_MAX);
	FUZZ_CHECK(strcmp(r->method, method_text(req->method)) == 0);
	check_path(r->path, req->path, c->legs);
	for (const char *p = r->head; *p; p++)
		FUZZ_CHECK(*p != 0x7f && ((unsigned char)*p >= ' ' ||
					  *p == '\r' || *p == '\n'));
	check_header(r->head, "Host", wire_url(c->wire) + strlen("http://"));
	check_header(r->head, "X-Auth-Token", req->token);
	check_header(r->head, "Authorization", req->user ? c->basic : NULL);
	check_header(r->head, "Cookie", NULL);
	FUZZ_CHECK(strcmp(r->body, req->body ? req->body : "") == 0);
	FUZZ_CHECK(!wire_has(r->head, c->password));
}

static size_t on_request(void *arg, const struct wire_request *r, char *buf,
			 size_t size)
{
	check_request(arg, r);
	if (r->scripted)
		return 0;
	return (size_t)snprintf(buf, size, "HTTP/1.1 200 OK\r\n"
				"Content-Length: %zu\r\n\r\n" GOOD,
				strlen(GOOD));
}

/* ---- what the client gets ---- */

static void check_text(const char *text, size_t size)
{
	FUZZ_CHECK(memchr(text, 0, size));
	for (; *text; text++)
		FUZZ_CHECK((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void check_why(const struct client *c, const struct http_reply *r)
{
	bool good = r->status >= 200 && r->status < 300;
	const char *verb = method_text(c->req.method);

	FUZZ_CHECK(good == !*r->why.text);
	check_text(r->why.text, sizeof(r->why.text));
	FUZZ_CHECK(good || strncmp(r->why.text, verb, strlen(verb)) == 0);
	FUZZ_CHECK(!wire_has(r->why.text, c->password));
}

static void check_times(const struct client *c, const struct http_reply *r)
{
	FUZZ_CHECK(c->start_ns <= r->sent_ns && r->sent_ns <= r->received_ns &&
		   r->received_ns <= r->done_ns);
	FUZZ_CHECK(r->retry_after_ns >= 0 &&
		   r->retry_after_ns < 86400 * NS_PER_S);
}

static void check_reply(struct client *c, const struct http_reply *r)
{
	FUZZ_CHECK(r->status == 0 || (r->status >= 100 && r->status <= 999));
	FUZZ_CHECK(r->size <= HTTP_BODY_MAX && r->body[r->size] == '\0');
	FUZZ_CHECK(r->status || (!r->size && !r->retry_after_ns));
	check_text(r->token, sizeof(r->token));
	check_text(r->location, sizeof(r->location));
	FUZZ_CHECK(!r->location[0] || r->location[0] == '/');
	check_why(c, r);
	check_times(c, r);
	c->good = r->status == 200 && strcmp(r->body, GOOD) == 0;
}

static void ask_next(struct client *c);

static void on_reply(void *arg, const struct http_reply *r)
{
	struct client *c = arg;

	FUZZ_CHECK(c->running);
	c->running = false;
	FUZZ_CHECK(!http_busy(c->conn));
	check_reply(c, r);
	if (!r->status)
		wire_drop(c->wire);
	if (*r->token)
		strcpy(c->token, r->token);
	if (*r->location)
		strcpy(c->location, r->location);
	if (c->nested)
		ask_next(c);
}

/* ---- asking ---- */

static void request_make(struct client *c, char ask)
{
	struct http_request *q = &c->req;

	memset(q, 0, sizeof(*q));
	q->path = "/redfish/v1/";
	if (ask == 'b') {
		q->user = c->user;
		q->password = c->password;
	}
	if (strchr("tdq", ask) && *c->token)
		q->token = c->token;
	if (strchr("td", ask) && *c->location)
		q->path = c->location;
	if (ask == 'd')
		q->method = HTTP_DELETE;
	if (strchr("pq", ask)) {
		q->method = HTTP_POST;
		q->body = ask == 'p' ? c->body : "{}";
	}
}

/* A token and a location that came can be used: no request is refused. */
static void ask_start(struct client *c, char ask)
{
	struct err err = { "" };

	request_make(c, ask);
	c->running = true;
	c->legs = 0;
	c->start_ns = wire_clock(c->wire).boot_ns(c->wire);
	if (http_start(c->conn, &c->req, on_reply, c, &err) < 0)
		fuzz_fail(__FILE__, __LINE__, err.text);
	FUZZ_CHECK(http_start(c->conn, &c->req, on_reply, c, &err) < 0 &&
		   *err.text);
}

static void ask_drop(struct client *c)
{
	wire_step(c->wire);
	if (c->running)
		http_poll(c->http, NULL, 0, 0, NULL);
	http_cancel(c->conn);	/* its answer may have come nevertheless */
	c->running = false;
	wire_drop(c->wire);
	FUZZ_CHECK(!http_busy(c->conn));
}

/* Start what is asked for next, unless a request runs at its end. */
static void ask_next(struct client *c)
{
	bool drop = false;

	while (!c->running && *c->asks && c->asked < ASKS_MAX) {
		char ask = *c->asks++;

		if (ask == 'n')
			c->nested = true;
		if (ask == 'x')
			drop = !c->nested;
		if (!strchr("gbtdpq", ask))
			continue;
		c->asked++;
		ask_start(c, ask);
		if (drop)
			ask_drop(c);
		drop = false;
	}
}

/* Until no request runs: each one ends, whatever the server does. */
static void run(struct client *c)
{
	unsigned idle = 0, waits = 0;

	while (c->running) {
		bool any = wire_step(c->wire);
		int wait_ms = 0;

		idle = any ? 0 : idle + 1;
		if (idle > 40) {
			idle = 0;
			wait_ms = wire_stall(c->wire) ? 8 : 1;
			FUZZ_CHECK(++waits < 1000);
		}
		FUZZ_CHECK(http_poll(c->http, NULL, 0, wait_ms, NULL) == 0);
	}
}

/* ---- an input ---- */

static void base64(const char *text, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i += 3) {
		unsigned b = 0;

		for (size_t j = 0; j < 3; j++)
			b = b << 8 | (i + j < len ? (uint8_t)text[i + j] : 0);
		*out++ = digits[b >> 18];
		*out++ = digits[b >> 12 & 63];
		*out++ = i + 1 < len ? digits[b >> 6 & 63] : '=';
		*out++ = i + 2 < len ? digits[b & 63] : '=';
	}
	*out = '\0';
}

static void secrets_make(struct client *c)
{
	char pair[64];

	strcpy(c->user, "operator");
	wire_secret(c->password);
	snprintf(c->body, sizeof(c->body), "{\"Password\":\"%s\"}",
		 c->password);
	snprintf(pair, sizeof(pair), "%s:%s", c->user, c->password);
	strcpy(c->basic, "Basic ");
	base64(pair, c->basic + strlen(c->basic));
}

static void conn_make(struct client *c, bool short_limit)
{
	struct http_params params = {
		.base_url = wire_url(c->wire), .insecure = true,
		.timeout_ns = short_limit ? NS_PER_S / 125 : 5 * NS_PER_S,
		.ts = wire_clock(c->wire),
	};
	struct err err = { "" };

	c->conn = http_conn_create(c->http, &params, &err);
	if (!c->conn)
		fuzz_fail(__FILE__, __LINE__, err.text);
}

/* A short limit may be too short for a good answer, too, on a busy machine. */
static void ask_final(struct client *c, bool short_limit)
{
	unsigned tries = short_limit ? 50 : wire_sent_much(c->wire) ? 2 : 1;

	wire_script_end(c->wire);
	c->nested = c->good = false;
	while (!c->good && tries--) {
		ask_start(c, 'b');
		run(c);
	}
	FUZZ_CHECK(c->good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static wire_t *wire;
	static http_t *http;
	static struct client c;
	struct fuzz_input in = { data, size };
	char *asks = fuzz_line(&in);
	bool short_limit = strchr(asks, 'l');

	if (!wire) {
		wire = wire_create();
		http = http_create(NULL);
		FUZZ_CHECK(http);
	}
	memset(&c, 0, sizeof(c));
	c.wire = wire;
	c.http = http;
	c.asks = asks;
	secrets_make(&c);
	wire_begin(wire, in.at, in.left, on_request, &c);
	wire_hangs(wire, short_limit ? 2 : 0);
	conn_make(&c, short_limit);
	do {
		ask_next(&c);
		run(&c);
	} while (*c.asks && c.asked < ASKS_MAX);
	ask_final(&c, short_limit);
	http_conn_destroy(c.conn);
	wire_end(wire);
	free(asks);
	return 0;
}
