/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fakebmc.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUESTS_MAX 256

struct fakebmc {
	int listener, stop[2];
	char url[64];
	pthread_t thread;
	fake_handler fn;
	void *arg;
	int connections;
	int count;
	struct fake_request requests[REQUESTS_MAX];
};

/* False once the test is over. */
static bool wait_readable(fakebmc_t *f, int fd)
{
	struct pollfd fds[2] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = f->stop[0], .events = POLLIN },
	};

	poll(fds, 2, -1);
	return !fds[1].revents;
}

/* Up to and with `end` into buf; false where the client went away. */
static bool read_until(fakebmc_t *f, int fd, char *buf, size_t size,
		       const char *end)
{
	size_t n = 0;

	buf[0] = '\0';
	while (n + 1 < size && !strstr(buf, end)) {
		ssize_t got, want;
		char *at;

		if (!wait_readable(f, fd))
			return false;
		got = recv(fd, buf + n, size - 1 - n, MSG_PEEK);
		if (got <= 0)
			return false;
		buf[n + (size_t)got] = '\0';
		at = strstr(buf, end);	/* what is behind it stays */
		want = at ? at + strlen(end) - (buf + n) : got;
		if (read(fd, buf + n, (size_t)want) != want)
			return false;
		n += (size_t)want;
		buf[n] = '\0';
	}
	return true;
}

static bool read_request(fakebmc_t *f, int fd, struct fake_request *r)
{
	const char *length;
	size_t n = 0, size = 0;

	if (!read_until(f, fd, r->head, sizeof(r->head), "\r\n\r\n"))
		return false;
	sscanf(r->head, "%15s %511s", r->method, r->path);
	length = strcasestr(r->head, "\r\nContent-Length:");
	if (length)
		size = strtoul(length + 17, NULL, 10);
	if (size >= sizeof(r->body))
		size = sizeof(r->body) - 1;
	while (n < size) {
		ssize_t got = wait_readable(f, fd) ?
			      read(fd, r->body + n, size - n) : 0;

		if (got <= 0)
			return false;
		n += (size_t)got;
	}
	return true;
}

static bool write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

/* Blanks, so that no one holds them in memory. */
static bool write_blanks(int fd, size_t size)
{
	char blanks[4096];

	memset(blanks, ' ', sizeof(blanks));
	while (size > 0) {
		size_t n = size < sizeof(blanks) ? size : sizeof(blanks);

		if (!write_all(fd, blanks, n))
			return false;
		size -= n;
	}
	return true;
}

/* False where the client went away, or the test is over. */
static bool write_dripping(fakebmc_t *f, int fd, const struct fake_answer *a)
{
	struct pollfd stop = { .fd = f->stop[0], .events = POLLIN };

	for (size_t i = 0; i < a->size; i++)
		if (poll(&stop, 1, a->drip_ms) != 0 ||
		    !write_all(fd, a->data + i, 1))
			return false;
	return true;
}

static bool write_answer(fakebmc_t *f, int fd, const struct fake_answer *a)
{
	if (a->drip_ms)
		return write_dripping(f, fd, a);
	return write_all(fd, a->data, a->size) && write_blanks(fd, a->blanks);
}

static bool answer_request(fakebmc_t *f, int fd, struct fake_request *r)
{
	struct fake_answer a = { 0 };
	bool on;

	r->number = f->count + 1;
	f->fn(f->arg, r, &a);
	if (f->count < REQUESTS_MAX - 1)
		f->count++;
	on = write_answer(f, fd, &a);
	free(a.data);
	if (a.hang) {
		char byte;

		return wait_readable(f, fd) && read(fd, &byte, 1) == 1;
	}
	return on && !a.close;
}

static void *serve(void *arg)
{
	fakebmc_t *f = arg;

	while (wait_readable(f, f->listener)) {
		int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);
		struct fake_request *r;

		f->connections++;
		do {
			r = &f->requests[f->count];
			memset(r, 0, sizeof(*r));
			r->connection = f->connections;
		} while (read_request(f, fd, r) && answer_request(f, fd, r));
		close(fd);
	}
	return NULL;
}

fakebmc_t *fakebmc_start(fake_handler fn, void *arg)
{
	fakebmc_t *f = calloc(1, sizeof(*f));
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	f->fn = fn;
	f->arg = arg;
	f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(f->listener, (struct sockaddr *)&at, len) < 0 ||
	    listen(f->listener, 8) < 0 ||
	    getsockname(f->listener, (struct sockaddr *)&at, &len) < 0 ||
	    pipe2(f->stop, O_CLOEXEC) < 0 || pthread_create(&f->thread, NULL, serve, f))
		abort();
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d",
		 ntohs(at.sin_port));
	return f;
}

void fakebmc_stop(fakebmc_t *f)
{
	close(f->stop[1]);
	pthread_join(f->thread, NULL);
	close(f->stop[0]);
	close(f->listener);
	free(f);
}

const char *fakebmc_url(const fakebmc_t *f)
{
	return f->url;
}

int fakebmc_requests(const fakebmc_t *f)
{
	return f->count;
}

int fakebmc_connections(const fakebmc_t *f)
{
	return f->connections;
}

const struct fake_request *fakebmc_request(const fakebmc_t *f, int n)
{
	return n >= 1 && n <= f->count ? &f->requests[n - 1] : NULL;
}

void fake_answer_set(struct fake_answer *a, int status, const char *headers,
		     const char *body)
{
	FILE *out = open_memstream(&a->data, &a->size);

	fprintf(out, "HTTP/1.1 %d x\r\n%sContent-Length: %zu\r\n\r\n%s", status,
		headers, strlen(body), body);
	fclose(out);
}
