/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cut-proxy LISTEN TARGET SEED MOST: hand connections to LISTEN (ADDRESS:PORT,
 * IPv4) on to TARGET, and cut each after a random number of bytes, 1 to MOST,
 * of both directions together; SEED makes the numbers. Says so for each. Runs
 * until it is killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS_MAX 64

struct pair {
	int fd[2];		/* the caller's, the target's */
	uint64_t bytes, left;	/* until it is cut: in all, and now */
};

static struct pair pairs[PAIRS_MAX];
static unsigned count;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "cut-proxy: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct sockaddr_in address_of(const char *text)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	const char *colon = strchr(text, ':');
	char host[64];

	if (!colon || (size_t)(colon - text) >= sizeof(host)) {
		fprintf(stderr, "cut-proxy: '%s' is not ADDRESS:PORT\n", text);
		exit(2);
	}
	snprintf(host, sizeof(host), "%.*s", (int)(colon - text), text);
	if (inet_pton(AF_INET, host, &sa.sin_addr) != 1)
		die(text);
	sa.sin_port = htons((uint16_t)atoi(colon + 1));
	return sa;
}

static int socket_of(const struct sockaddr_in *sa, int is_listener)
{
	const int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if ((is_listener ? bind(fd, (const struct sockaddr *)sa, sizeof(*sa))
	     : connect(fd, (const struct sockaddr *)sa, sizeof(*sa))) == 0 &&
	    (!is_listener || listen(fd, 64) == 0))
		return fd;
	close(fd);
	return -1;
}

/* Abruptly: what was on its way is lost, too. */
static void pair_cut(unsigned i)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	for (int k = 0; k < 2; k++) {
		setsockopt(pairs[i].fd[k], SOL_SOCKET, SO_LINGER, &now,
			   sizeof(now));
		close(pairs[i].fd[k]);
	}
	if (pairs[i].left == 0) {
		printf("cut after %llu bytes\n",
		       (unsigned long long)pairs[i].bytes);
		fflush(stdout);
	}
	pairs[i] = pairs[--count];
}

static void pair_add(int listener, const struct sockaddr_in *target,
		     uint64_t most)
{
	struct pair *p = &pairs[count];
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		return;
	p->fd[0] = fd;
	p->fd[1] = socket_of(target, 0);
	if (p->fd[1] < 0) {
		close(fd);
		return;
	}
	p->left = p->bytes = 1 + (uint64_t)random() % most;
	count++;
}

/* What fd[from] sent goes on, up to the cut. False where that is the end. */
static int pair_move(struct pair *p, int from)
{
	char buf[4096];
	size_t most = p->left < sizeof(buf) ? p->left : sizeof(buf);
	ssize_t n = read(p->fd[from], buf, most);

	if (n <= 0 || send(p->fd[!from], buf, (size_t)n, MSG_NOSIGNAL) != n)
		return 0;
	p->left -= (uint64_t)n;
	return p->left > 0;
}

static void turn(int listener, const struct sockaddr_in *target, uint64_t most)
{
	struct pollfd fds[1 + 2 * PAIRS_MAX];
	unsigned n = count;

	fds[0] = (struct pollfd){ .fd = n < PAIRS_MAX ? listener : -1,
				  .events = POLLIN };
	for (unsigned i = 0; i < 2 * n; i++)
		fds[1 + i] = (struct pollfd){ .fd = pairs[i / 2].fd[i % 2],
					      .events = POLLIN };
	if (poll(fds, 1 + 2 * n, -1) < 0 && errno != EINTR)
		die("poll");
	/* backwards: a pair that is cut is replaced by one already seen */
	for (unsigned i = n; i-- > 0;) {
		int goes_on = 1;

		for (int k = 0; k < 2 && goes_on; k++)
			if (fds[1 + 2 * i + (unsigned)k].revents)
				goes_on = pair_move(&pairs[i], k);
		if (!goes_on)
			pair_cut(i);
	}
	if (fds[0].revents)
		pair_add(listener, target, most);
}

int main(int argc, char **argv)
{
	struct sockaddr_in listen_at, target;
	uint64_t most;
	int fd;

	if (argc != 5 || strtoull(argv[4], NULL, 10) == 0) {
		fputs("usage: cut-proxy LISTEN TARGET SEED MOST\n", stderr);
		return 2;
	}
	listen_at = address_of(argv[1]);
	target = address_of(argv[2]);
	srandom((unsigned)strtoul(argv[3], NULL, 10));
	most = strtoull(argv[4], NULL, 10);
	fd = socket_of(&listen_at, 1);
	if (fd < 0)
		die(argv[1]);
	for (;;)
		turn(fd, &target, most);
}
