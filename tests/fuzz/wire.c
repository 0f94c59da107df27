/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"

#define CONNS_MAX 4
#define PIECE 7
#define READ_SIZE 8192		/* the client takes as much at a time */
#define TICK_NS 100000		/* of the clock, each time it is read */
#define JUMP_NS (70 * NS_PER_S)

struct conn {
	int fd;			/* -1 = none */
	struct wire_request req;
	size_t head_len;	/* of req.head so far */
	size_t body_len, body_size;
	bool head_done;
	bool ended;		/* we send nothing more */

	/* the answer under way */
	char *out;
	size_t out_len, out_sent;
	bool answering;
	bool close, hang, cut, pieces;
};

struct wire {
	int listener;
	in_port_t port;		/* in network order */
	char url[64];
	int64_t now_ns;
	wire_fn fn;
	void *arg;
	const uint8_t *script;
	size_t script_left;
	const char *secret;	/* NULL = none */
	unsigned skip;		/* answers by default before the script's next */
	bool skip_known;
	unsigned requests, hangs, idle;
	bool sent_much, clock_steps;
	struct conn conns[CONNS_MAX];
};

/* ---- nothing goes anywhere else ---- */

static in_port_t port_allowed;

/* Takes the place of the C library's, for all libraries of the process. */
int connect(int fd, const struct sockaddr *to, socklen_t len)
{
	if (to->sa_family != AF_UNIX) {
		const struct sockaddr_in *in = (const void *)to;

		FUZZ_CHECK(in->sin_family == AF_INET &&
			   in->sin_addr.s_addr == htonl(INADDR_LOOPBACK) &&
			   in->sin_port == port_allowed);
	}
	return (int)syscall(SYS_connect, fd, to, len);
}

/* ---- the script ---- */

/* The length of the answer at hand, without the line behind it. */
static size_t answer_length(const wire_t *w, size_t *with_end)
{
	static const char end[] = "\n----\n";
	const uint8_t *at = w->script_left ? memmem(w->script, w->script_left,
						    end, sizeof(end) - 1) : NULL;
	size_t len = at ? (size_t)(at - w->script) : w->script_left;

	*with_end = at ? len + sizeof(end) - 1 : len;
	return len;
}

static void skip_read(wire_t *w)
{
	unsigned n = 0;

	if (w->skip_known)
		return;
	for (size_t i = 0; i < w->script_left && w->script[i] != '\n'; i++)
		if (isdigit(w->script[i]) && n < 100)
			n = 10 * n + (unsigned)(w->script[i] - '0');
	w->skip = n;
	w->skip_known = true;
}

static bool options_have(const uint8_t *line, size_t len, char c)
{
	return len && memchr(line, c, len);
}

/* `value` in place of `mark`, wherever it stands; they are of one length. */
static void mark_replace(char *text, size_t size, const char *mark,
			 const char *value)
{
	const size_t len = strlen(mark);
	char *at = text;

	while ((at = memmem(at, size - (size_t)(at - text), mark, len))) {
		memcpy(at, value, len);
		at += len;
	}
}

static void marks_replace(const wire_t *w, char *text, size_t size)
{
	char address[32];

	snprintf(address, sizeof(address), "127.0.0.1:%05u", ntohs(w->port));
	mark_replace(text, size, "127.0.0.1:11111", address);
	if (w->secret)
		mark_replace(text, size, WIRE_SECRET_MARK, w->secret);
}

static void answer_repeat(struct conn *c)
{
	size_t once = c->out_len;
	char *out = once ? malloc(WIRE_ANSWER_MAX) : NULL;

	if (!out || once > WIRE_ANSWER_MAX) {
		free(out);
		return;
	}
	for (c->out_len = 0; c->out_len + once <= WIRE_ANSWER_MAX;
	     c->out_len += once)
		memcpy(out + c->out_len, c->out, once);
	free(c->out);
	c->out = out;
}

static void answer_script(wire_t *w, struct conn *c)
{
	size_t step, len = answer_length(w, &step), line_len;
	const uint8_t *line = w->script, *end = memchr(line, '\n', len);

	line_len = end ? (size_t)(end - line) : len;
	c->out_len = end ? len - line_len - 1 : 0;
	c->out = fuzz_text(line + len - c->out_len, c->out_len);
	marks_replace(w, c->out, c->out_len);
	if (options_have(line, line_len, 'r'))
		answer_repeat(c);
	if (options_have(line, line_len, 'j'))
		w->now_ns += JUMP_NS;
	c->close = options_have(line, line_len, 'c');
	c->hang = w->hangs > 0 && options_have(line, line_len, 'h');
	w->hangs -= c->hang;
	c->cut = options_have(line, line_len, 'k');
	c->pieces = options_have(line, line_len, 's');
	w->sent_much |= c->out_len > READ_SIZE;
	w->script += step;
	w->script_left -= step;
	w->skip_known = false;
}

static void answer_default(wire_t *w, struct conn *c)
{
	static char buf[WIRE_ANSWER_MAX];

	c->out_len = w->fn(w->arg, &c->req, buf, sizeof(buf));
	c->out = fuzz_text((const uint8_t *)buf, c->out_len);
}

static void answer_begin(wire_t *w, struct conn *c)
{
	c->answering = true;
	c->out_sent = 0;
	c->close = c->hang = c->cut = c->pieces = false;
	w->requests++;
	skip_read(w);
	c->req.scripted = w->script_left > 0 && w->skip == 0;
	if (!c->req.scripted) {
		w->skip -= w->skip > 0;
		answer_default(w, c);
		return;
	}
	w->fn(w->arg, &c->req, NULL, 0);
	answer_script(w, c);
}

/* ---- connections ---- */

/* A reset leaves no port waiting behind, of which there are not many. */
static void conn_close(struct conn *c)
{
	const struct linger reset = { 1, 0 };

	if (c->fd < 0)
		return;
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(c->fd);
	c->fd = -1;
	free(c->out);
	c->out = NULL;
}

static void request_begin(struct conn *c)
{
	free(c->out);
	c->out = NULL;
	c->answering = c->head_done = false;
	c->head_len = c->body_len = c->body_size = 0;
	c->req.head[0] = c->req.body[0] = '\0';
}

static bool conn_accept(wire_t *w)
{
	struct conn *c = NULL;

	for (unsigned i = 0; i < CONNS_MAX && !c; i++)
		if (w->conns[i].fd < 0)
			c = &w->conns[i];
	if (!c)
		return false;
	c->fd = accept4(w->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (c->fd < 0)
		return false;
	c->ended = false;
	request_begin(c);
	return true;
}

static void head_read(struct conn *c)
{
	char length[32];

	c->head_done = true;
	FUZZ_CHECK(sscanf(c->req.head, "%15[A-Z] %4095s HTTP/1.1\r\n",
			  c->req.method, c->req.path) == 2);
	if (wire_header(c->req.head, "Content-Length", length, sizeof(length),
			NULL))
		c->body_size = strtoul(length, NULL, 10);
	FUZZ_CHECK(c->body_size < sizeof(c->req.body));
}

static void byte_take(struct conn *c, char byte)
{
	if (c->head_done) {
		c->req.body[c->body_len++] = byte;
		c->req.body[c->body_len] = '\0';
		return;
	}
	FUZZ_CHECK(c->head_len + 1 < sizeof(c->req.head) && byte);
	c->req.head[c->head_len++] = byte;
	c->req.head[c->head_len] = '\0';
	if (c->head_len >= 4 &&
	    strcmp(c->req.head + c->head_len - 4, "\r\n\r\n") == 0)
		head_read(c);
}

static bool request_done(const struct conn *c)
{
	return c->head_done && c->body_len == c->body_size;
}

/* What the client says while an answer is under way ends that one. */
static bool conn_read(wire_t *w, struct conn *c)
{
	char buf[4096];
	ssize_t n = recv(c->fd, buf, sizeof(buf), 0);

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		conn_close(c);
		return true;
	}
	if (c->ended)		/* it may not know yet that we have gone */
		return true;
	if (c->answering)
		request_begin(c);
	for (ssize_t i = 0; i < n; i++) {
		FUZZ_CHECK(!request_done(c));	/* nothing behind a request */
		byte_take(c, buf[i]);
	}
	if (request_done(c))
		answer_begin(w, c);
	return true;
}

static void answer_end(struct conn *c)
{
	if (c->cut) {
		conn_close(c);
	} else if (c->close) {
		shutdown(c->fd, SHUT_WR);
		c->ended = true;
	}
	c->cut = c->close = false;
}

static bool conn_write(struct conn *c)
{
	size_t left = c->out_len - c->out_sent;
	ssize_t n;

	if (!c->answering || c->ended || (!left && !c->cut && !c->close))
		return false;
	if (c->pieces && left > PIECE)
		left = PIECE;
	n = left ? send(c->fd, c->out + c->out_sent, left, MSG_NOSIGNAL) : 0;
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n < 0) {
		conn_close(c);
		return true;
	}
	c->out_sent += (size_t)n;
	if (c->out_sent == c->out_len)
		answer_end(c);
	return true;
}

bool wire_step(wire_t *w)
{
	bool any = conn_accept(w);

	for (unsigned i = 0; i < CONNS_MAX; i++) {
		struct conn *c = &w->conns[i];

		if (c->fd >= 0)
			any |= conn_read(w, c);
		if (c->fd >= 0)
			any |= conn_write(c);
	}
	return any;
}

void wire_hangs(wire_t *w, unsigned count)
{
	w->hangs = count;
}

void wire_tells(wire_t *w, const char *secret)
{
	w->secret = secret;
}

bool wire_stall(wire_t *w)
{
	bool hang = false;

	for (unsigned i = 0; i < CONNS_MAX; i++) {
		struct conn *c = &w->conns[i];

		if (c->fd < 0)
			continue;
		if (c->hang && c->answering)
			hang = true;
		else
			conn_close(c);
	}
	return hang;
}

/* ---- life ---- */

wire_t *wire_create(void)
{
	wire_t *w = calloc(1, sizeof(*w));
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);

	FUZZ_CHECK(w);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	w->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(w->listener, (struct sockaddr *)&at, len) < 0 ||
	    listen(w->listener, 8) < 0 ||
	    getsockname(w->listener, (struct sockaddr *)&at, &len) < 0) {
		perror("a port for the server");
		exit(99);
	}
	w->port = port_allowed = at.sin_port;
	snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%u",
		 ntohs(w->port));
	for (unsigned i = 0; i < CONNS_MAX; i++)
		w->conns[i].fd = -1;
	return w;
}

const char *wire_url(const wire_t *w)
{
	return w->url;
}

void wire_begin(wire_t *w, const uint8_t *script, size_t size, wire_fn fn,
		void *arg)
{
	w->now_ns = 1000 * NS_PER_S;
	w->script = script;
	w->script_left = size;
	w->skip_known = false;
	w->fn = fn;
	w->arg = arg;
	w->requests = w->hangs = w->idle = 0;
	w->sent_much = w->clock_steps = false;
	w->secret = NULL;
}

void wire_drop(wire_t *w)
{
	int fd;

	for (unsigned i = 0; i < CONNS_MAX; i++)
		conn_close(&w->conns[i]);
	while ((fd = accept(w->listener, NULL, NULL)) >= 0)
		close(fd);
}

void wire_end(wire_t *w)
{
	wire_drop(w);
	w->script_left = 0;
}

unsigned wire_requests(const wire_t *w)
{
	return w->requests;
}

void wire_script_end(wire_t *w)
{
	w->script_left = 0;
	w->skip_known = false;
	for (unsigned i = 0; i < CONNS_MAX; i++)
		w->conns[i].out_sent = w->conns[i].out_len;
}

bool wire_sent_much(const wire_t *w)
{
	return w->sent_much;
}

/* ---- the clock ---- */

static int64_t clock_boot(void *arg)
{
	wire_t *w = arg;

	if (w->clock_steps && !wire_step(w) && ++w->idle > 20) {
		w->idle = 0;
		wire_stall(w);
	}
	return w->now_ns += TICK_NS;
}

void wire_clock_jump(wire_t *w)
{
	w->now_ns += JUMP_NS;
}

static int64_t clock_wall(void *arg)
{
	return clock_boot(arg) + INT64_C(1800000000) * NS_PER_S;
}

void wire_clock_steps(wire_t *w)
{
	w->clock_steps = true;
}

timesource_t wire_clock(wire_t *w)
{
	return (timesource_t){ clock_boot, clock_wall, w };
}

/* ---- texts ---- */

const char *wire_header(const char *head, const char *name, char *buf,
			size_t size, unsigned *lines)
{
	const char *found = NULL, *line = strstr(head, "\r\n");
	size_t len = strlen(name);
	unsigned count = 0;

	for (; line && line[2] != '\r'; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, len) != 0 || line[len] != ':')
			continue;
		count++;
		line += len + 1;
		while (*line == ' ')
			line++;
		snprintf(buf, size, "%.*s", (int)strcspn(line, "\r"), line);
		found = buf;
	}
	if (lines)
		*lines = count;
	return found;
}

bool wire_has(const char *in, const char *text)
{
	for (; *in; in++) {
		unsigned differ = 0;
		size_t i = 0;

		while (text[i] && in[i]) {
			differ |= (unsigned char)(in[i] ^ text[i]);
			i++;
		}
		if (!text[i] && !differ)
			return true;
	}
	return false;
}

void wire_secret(char buf[WIRE_SECRET_SIZE])
{
	static uint64_t state;

	if (!state && getrandom(&state, sizeof(state), 0) < 0)
		exit(99);
	for (size_t i = 0; i + 1 < WIRE_SECRET_SIZE; i++) {
		state = state * UINT64_C(6364136223846793005) +
			UINT64_C(1442695040888963407);
		buf[i] = (char)('a' + (state >> 33) % 26);
	}
	buf[WIRE_SECRET_SIZE - 1] = '\0';
}
