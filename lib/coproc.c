/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "coproc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"

/* One that was killed ends at once, save where the kernel holds it. */
#define KILLED_LIMIT_NS (NS_PER_S / 2)

static void end_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void coproc_init(coproc_t *c)
{
	memset(c, 0, sizeof(*c));
	c->in = c->out = -1;
}

/* Ours do not block; the program's do. */
int coproc_start(coproc_t *c, char *const argv[], struct err *err)
{
	int in[2], out[2], rc;

	coproc_init(c);
	if (pipe2(in, O_CLOEXEC) < 0)
		return err_set_errno(err, "%s: pipe", argv[0]);
	if (pipe2(out, O_CLOEXEC) < 0) {
		err_set_errno(err, "%s: pipe", argv[0]);
		close(in[0]);
		close(in[1]);
		return -1;
	}
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	rc = child_spawn(&c->pid, argv, in[0], out[1], -1);
	close(in[0]);
	close(out[1]);
	c->in = in[1];
	c->out = out[0];
	if (rc != 0) {
		c->pid = 0;
		end_close(&c->in);
		end_close(&c->out);
		errno = rc;
		return err_set_errno(err, "%s: cannot be run", argv[0]);
	}
	return 0;
}

/* A pipe takes so few bytes whole or not at all. SIGPIPE is ignored, or ours. */
int coproc_say(coproc_t *c, const char *text, struct err *err)
{
	size_t size = strlen(text);
	ssize_t n;

	if (c->in < 0)
		return err_set(err, "it has ended");
	n = write(c->in, text, size);
	if (n == (ssize_t)size)
		return 0;
	if (n < 0 && errno == EAGAIN)
		return err_set(err, "it does not read what it is told");
	return err_set_errno(err, "it cannot be told anything");
}

static bool take_line(coproc_t *c, char line[COPROC_LINE_MAX])
{
	char *end = memchr(c->buf, '\n', c->size);
	size_t len;

	if (!end)
		return false;
	len = (size_t)(end - c->buf);
	memcpy(line, c->buf, len);
	line[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (line[i] < ' ' || line[i] > '~')
			line[i] = '?';
	c->size -= len + 1;
	memmove(c->buf, end + 1, c->size);
	return true;
}

enum coproc_line coproc_line(coproc_t *c, char line[COPROC_LINE_MAX])
{
	ssize_t n;

	if (take_line(c, line))
		return COPROC_LINE;
	if (c->out < 0 || c->size == sizeof(c->buf))
		return COPROC_ENDED;
	do
		n = read(c->out, c->buf + c->size, sizeof(c->buf) - c->size);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return COPROC_NOTHING;
	if (n <= 0)
		return COPROC_ENDED;
	c->size += (size_t)n;
	if (take_line(c, line))
		return COPROC_LINE;
	return c->size < sizeof(c->buf) ? COPROC_NOTHING : COPROC_ENDED;
}

bool coproc_has_line(const coproc_t *c)
{
	return memchr(c->buf, '\n', c->size) != NULL;
}

void coproc_dismiss(coproc_t *c)
{
	end_close(&c->in);
}

void coproc_kill(coproc_t *c)
{
	if (c->pid > 0) {
		kill(-c->pid, SIGKILL);
		kill(c->pid, SIGKILL);	/* where it has no group yet */
	}
	end_close(&c->in);
	end_close(&c->out);
	c->size = 0;
}

bool coproc_gone(coproc_t *c)
{
	pid_t pid;

	if (c->pid == 0)
		return true;
	do
		pid = waitpid(c->pid, NULL, WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return false;
	c->pid = 0;
	coproc_kill(c);		/* closes both ends */
	return true;
}

static bool wait_gone(coproc_t *c, int64_t limit_ns)
{
	struct timespec nap = { .tv_nsec = 2 * 1000 * 1000 };
	int64_t end_ns = clock_boot_ns() + limit_ns;

	while (!coproc_gone(c)) {
		if (clock_boot_ns() >= end_ns)
			return false;
		nanosleep(&nap, NULL);
	}
	return true;
}

void coproc_stop(coproc_t *c, int64_t limit_ns)
{
	coproc_dismiss(c);
	if (!wait_gone(c, limit_ns)) {
		coproc_kill(c);
		wait_gone(c, KILLED_LIMIT_NS);	/* else init's */
	}
}
