/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scrape.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/listen.h"

#define BACKLOG 16
#define TURN_MAX 32
/* So long a connection has to itself; then another one may take its place. */
#define PATIENCE_NS (2 * NS_PER_S)

struct connection {
	int fd;			/* -1: free */
	int64_t since_ns;
	char request[SCRAPE_REQUEST_MAX + 1];
	size_t len;
	char *answer;		/* NULL: the request is not whole yet */
	size_t size, sent;
};

struct scrape {
	int listen_fd, epoll_fd;
	scrape_fill *fill;
	void *arg;
	const logger_t *log;
	struct connection *connections[SCRAPE_CONNECTIONS_MAX];
};

/* ---- a request ------------------------------------------------------------- */

/* The end of the line at `at`, or NULL where it has none; *next behind it. */
static const char *line_end(const char *at, const char **next)
{
	const char *end = strchr(at, '\n');

	*next = end ? end + 1 : at + strlen(at);
	if (!end)
		return NULL;
	return end > at && end[-1] == '\r' ? end - 1 : end;
}

/* Its head's end: an empty line. */
static bool is_whole(const char *text)
{
	return strstr(text, "\r\n\r\n") || strstr(text, "\n\n");
}

/* Does a line of Accept name the type, and not with q=0? */
static bool accepts(const char *line, size_t len)
{
	static const char type[] = "application/openmetrics-text";
	const size_t type_len = sizeof(type) - 1;

	for (size_t i = 0; i + type_len <= len; i++) {
		const char *rest = line + i + type_len;
		const size_t part = strcspn(rest, ",\r\n");

		if (strncasecmp(line + i, type, type_len) != 0)
			continue;
		for (size_t k = 0; k + 3 <= part; k++)
			if (strncasecmp(rest + k, "q=0", 3) == 0 &&
			    rest[k + 3] != '.')
				return false;
		return true;
	}
	return false;
}

static enum expo_dialect dialect_of(const char *headers)
{
	static const char name[] = "accept:";
	const char *next, *end;

	while ((end = line_end(headers, &next)) && end > headers) {
		if (strncasecmp(headers, name, sizeof(name) - 1) == 0 &&
		    accepts(headers, (size_t)(end - headers)))
			return EXPO_OPENMETRICS;
		headers = next;
	}
	return EXPO_PROMETHEUS;
}

/* "/metrics", with a query or without. */
static bool is_metrics(const char *path, size_t len)
{
	static const char name[] = "/metrics";
	const size_t name_len = sizeof(name) - 1;

	return len >= name_len && memcmp(path, name, name_len) == 0 &&
	       (len == name_len || path[name_len] == '?');
}

enum scrape_answer scrape_parse(const char *text, size_t len,
				enum expo_dialect *dialect)
{
	const char *next, *end, *path, *space;

	*dialect = EXPO_PROMETHEUS;
	if (strlen(text) != len)
		return SCRAPE_BAD;	/* a NUL is in it */
	if (!is_whole(text))
		return len < SCRAPE_REQUEST_MAX ? SCRAPE_MORE : SCRAPE_BAD;
	end = line_end(text, &next);
	path = memchr(text, ' ', (size_t)(end - text));
	space = path ? memchr(path + 1, ' ', (size_t)(end - path - 1)) : NULL;
	if (!space || strncmp(space + 1, "HTTP/1.", 7) != 0)
		return SCRAPE_BAD;
	if (path - text != 3 || memcmp(text, "GET", 3) != 0)
		return SCRAPE_OTHER_METHOD;
	if (!is_metrics(path + 1, (size_t)(space - path - 1)))
		return SCRAPE_OTHER_PATH;
	*dialect = dialect_of(next);
	return SCRAPE_METRICS;
}

/* ---- answers --------------------------------------------------------------- */

static void print_refusal(FILE *f, enum scrape_answer what)
{
	static const char *const lines[] = {
		[SCRAPE_OTHER_PATH] = "404 Not Found",
		[SCRAPE_OTHER_METHOD] = "405 Method Not Allowed\r\nAllow: GET",
		[SCRAPE_BAD] = "400 Bad Request",
	};

	fprintf(f, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\n"
		"Content-Length: 13\r\nConnection: close\r\n\r\nGET /metrics\n",
		lines[what]);
}

static int figures(const scrape_t *s, enum expo_dialect dialect, char **text,
		   size_t *size)
{
	FILE *f = open_memstream(text, size);
	struct expo e;

	if (!f)
		return -1;
	expo_begin(&e, f, dialect);
	s->fill(&e, s->arg);
	expo_end(&e);
	return fclose(f) == 0 ? 0 : -1;
}

static int answer_make(const scrape_t *s, struct connection *c,
		       enum scrape_answer what, enum expo_dialect dialect)
{
	FILE *f = open_memstream(&c->answer, &c->size);
	char *text = NULL;
	size_t size = 0;

	if (!f)
		return -1;
	if (what != SCRAPE_METRICS) {
		print_refusal(f, what);
	} else if (figures(s, dialect, &text, &size) == 0) {
		fprintf(f, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
			"Content-Length: %zu\r\nConnection: close\r\n\r\n",
			dialect == EXPO_OPENMETRICS ? EXPO_OPENMETRICS_TYPE :
						      EXPO_PROMETHEUS_TYPE, size);
		fwrite(text, 1, size, f);
	}
	free(text);
	return fclose(f) == 0 && c->size > 0 ? 0 : -1;
}

/* ---- connections ----------------------------------------------------------- */

static void connection_close(struct connection *c)
{
	close(c->fd);		/* epoll forgets it with that */
	free(c->answer);
	free(c);
}

static void drop(scrape_t *s, unsigned i)
{
	connection_close(s->connections[i]);
	s->connections[i] = NULL;
}

/* A free place; the oldest one's where that had its time; or -1. */
static int place_find(scrape_t *s, int64_t now_ns)
{
	int oldest = 0;

	for (int i = 0; i < SCRAPE_CONNECTIONS_MAX; i++) {
		if (!s->connections[i])
			return i;
		if (s->connections[i]->since_ns <
		    s->connections[oldest]->since_ns)
			oldest = i;
	}
	if (now_ns - s->connections[oldest]->since_ns < PATIENCE_NS)
		return -1;
	drop(s, (unsigned)oldest);
	return oldest;
}

static void connection_take(scrape_t *s, int fd)
{
	int64_t now_ns = clock_boot_ns();
	int place = place_find(s, now_ns);
	struct connection *c = place >= 0 ? calloc(1, sizeof(*c)) : NULL;
	struct epoll_event event = { .events = EPOLLIN,
				     .data.u32 = (uint32_t)place };

	if (!c || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		close(fd);
		free(c);
		return;
	}
	c->fd = fd;
	c->since_ns = now_ns;
	s->connections[place] = c;
}

static void accept_some(scrape_t *s)
{
	for (int i = 0; i < SCRAPE_CONNECTIONS_MAX; i++) {
		int fd = accept4(s->listen_fd, NULL, NULL,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		connection_take(s, fd);
	}
}

static bool is_later(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* False: the connection is over. */
static bool send_some(scrape_t *s, struct connection *c, unsigned i)
{
	struct epoll_event event = { .events = EPOLLOUT, .data.u32 = i };
	ssize_t n = send(c->fd, c->answer + c->sent, c->size - c->sent,
			 MSG_NOSIGNAL | MSG_DONTWAIT);

	if (is_later(n))
		n = 0;
	if (n < 0)
		return false;
	c->sent += (size_t)n;
	if (c->sent == c->size) {
		/* what it still sends must not make the kernel reset it, nor
		   hold us up */
		shutdown(c->fd, SHUT_WR);
		for (int k = 0; k < TURN_MAX; k++)
			if (recv(c->fd, c->request, SCRAPE_REQUEST_MAX,
				 MSG_DONTWAIT) <= 0)
				break;
		return false;
	}
	return epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, c->fd, &event) == 0;
}

static bool read_some(scrape_t *s, struct connection *c, unsigned i)
{
	enum expo_dialect dialect;
	enum scrape_answer what;
	ssize_t n = recv(c->fd, c->request + c->len,
			 SCRAPE_REQUEST_MAX - c->len, MSG_DONTWAIT);

	if (is_later(n))
		return true;
	if (n <= 0)
		return false;
	c->len += (size_t)n;
	c->request[c->len] = '\0';
	what = scrape_parse(c->request, c->len, &dialect);
	if (what == SCRAPE_MORE)
		return true;
	if (answer_make(s, c, what, dialect) < 0) {
		log_error(s->log, "metrics: out of memory");
		return false;
	}
	return send_some(s, c, i);
}

static void connection_run(scrape_t *s, unsigned i)
{
	struct connection *c = s->connections[i];

	if (!c)
		return;
	if (!(c->answer ? send_some(s, c, i) : read_some(s, c, i)))
		drop(s, i);
}

void scrape_run(scrape_t *s)
{
	struct epoll_event event;

	for (int turn = 0; turn < TURN_MAX; turn++) {
		if (epoll_wait(s->epoll_fd, &event, 1, 0) != 1)
			return;
		if (event.data.u32 == SCRAPE_CONNECTIONS_MAX)
			accept_some(s);
		else
			connection_run(s, event.data.u32);
	}
}

/* ---- life ------------------------------------------------------------------ */

static int socket_open(const struct addrinfo *ai)
{
	const int one = 1;
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
			SOCK_NONBLOCK, 0), saved;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static bool is_port(const char *digits)
{
	return strlen(digits) <= 5 && atoi(digits) <= UINT16_MAX;
}

/* "127.0.0.1:9834", "[::1]:9834": addresses, since the name server may be slow. */
static struct addrinfo *address_of(const char *listen, struct err *err)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
	};
	struct addrinfo *list = NULL;
	const char *port;
	char host[64];

	if (listen_split(listen, host, sizeof(host), &port) && *host &&
	    is_port(port) && getaddrinfo(host, port, &hints, &list) == 0)
		return list;
	err_set(err, "listen: '%.100s' is not ADDRESS:PORT with numbers, such as 127.0.0.1:9834 or [::1]:9834",
		listen);
	return NULL;
}

static int listen_open(const char *listen, struct err *err)
{
	struct addrinfo *list = address_of(listen, err);
	int fd;

	if (!list)
		return -1;
	fd = socket_open(list);
	if (fd < 0)
		err_set_errno(err, "metrics cannot be served on '%s'", listen);
	freeaddrinfo(list);
	return fd;
}

int scrape_check(const char *listen, struct err *err)
{
	struct addrinfo *list = address_of(listen, err);

	if (!list)
		return -1;
	freeaddrinfo(list);
	return 0;
}

scrape_t *scrape_create(const char *listen, scrape_fill *fill, void *arg,
			const logger_t *log, struct err *err)
{
	struct epoll_event event = { .events = EPOLLIN,
				     .data.u32 = SCRAPE_CONNECTIONS_MAX };
	scrape_t *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(err, "out of memory");
		return NULL;
	}
	s->fill = fill;
	s->arg = arg;
	s->log = log;
	s->epoll_fd = -1;
	s->listen_fd = listen_open(listen, err);
	if (s->listen_fd >= 0) {
		s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
		if (s->epoll_fd >= 0 &&
		    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->listen_fd,
			      &event) == 0)
			return s;
		err_set_errno(err, "epoll");
	}
	scrape_destroy(s);
	return NULL;
}

void scrape_destroy(scrape_t *s)
{
	int saved = errno;

	if (!s)
		return;
	for (unsigned i = 0; i < SCRAPE_CONNECTIONS_MAX; i++)
		if (s->connections[i])
			drop(s, i);
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	free(s);
	errno = saved;
}

int scrape_fd(const scrape_t *s)
{
	return s->epoll_fd;
}

unsigned scrape_port(const scrape_t *s)
{
	return listen_port(s->listen_fd);
}
