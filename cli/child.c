/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/mem.h"
#include "lib/clock.h"

struct child {
	const char *name;
	pid_t pid;
	int out, errs;		/* -1: closed */
	int64_t deadline_ns;	/* 0: none */
	char *line;		/* CHILD_LINE_MAX + 1 */
	size_t line_len;
	bool too_long;
	char said[256];		/* the start of its standard error */
	size_t said_len;
	int (*fn)(char *line, void *arg);
	void *arg;
};

/* ---- starting -------------------------------------------------------------- */

static bool env_replaced(const char *var, char *const extra[])
{
	const size_t name_len = strcspn(var, "=");

	if (strncmp(var, "LC_ALL=", 7) == 0)
		return true;
	for (; *extra; extra++)
		if (strncmp(var, *extra, name_len) == 0 &&
		    (*extra)[name_len] == '=')
			return true;
	return false;
}

/* The caller frees the array; the strings are not its own. */
static char **make_env(char *const extra[])
{
	static char locale[] = "LC_ALL=C";
	size_t n = 0, extra_len = 0, used = 0;
	char **env;

	while (environ[n])
		n++;
	while (extra[extra_len])
		extra_len++;
	env = mem_zeroed(n + extra_len + 2, sizeof(*env));
	for (size_t i = 0; i < n; i++)
		if (!env_replaced(environ[i], extra))
			env[used++] = environ[i];
	env[used++] = locale;
	for (size_t i = 0; i < extra_len; i++)
		env[used++] = extra[i];
	return env;
}

static int spawn(struct child *c, char *const argv[], char *const extra_env[],
		 int out, int errs)
{
	posix_spawn_file_actions_t actions;
	char **env = make_env(extra_env);
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, errs, 2);
	rc = posix_spawnp(&c->pid, argv[0], &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	free(env);
	errno = rc;
	return rc ? -1 : 0;
}

static int start(struct child *c, char *const argv[], char *const extra_env[],
		 struct err *err)
{
	int out[2], errs[2], rc;

	if (pipe2(out, O_CLOEXEC) < 0)
		return err_set_errno(err, "cannot make a pipe");
	if (pipe2(errs, O_CLOEXEC) < 0) {
		close(out[0]);
		close(out[1]);
		return err_set_errno(err, "cannot make a pipe");
	}
	rc = spawn(c, argv, extra_env, out[1], errs[1]);
	if (rc < 0)
		err_set_errno(err, "cannot run %s", argv[0]);
	close(out[1]);
	close(errs[1]);
	c->out = out[0];
	c->errs = errs[0];
	return rc;
}

/* ---- reading --------------------------------------------------------------- */

static int end_line(struct child *c)
{
	char *line = c->too_long ? NULL : c->line;

	c->line[c->line_len] = '\0';
	c->line_len = 0;
	c->too_long = false;
	return c->fn(line, c->arg);
}

static int take_output(struct child *c, const char *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int rc;

		if (buf[i] == '\n') {
			rc = end_line(c);
			if (rc)
				return rc;
		} else if (c->line_len == CHILD_LINE_MAX) {
			c->too_long = true;
		} else {
			c->line[c->line_len++] = buf[i];
		}
	}
	return 0;
}

static void take_said(struct child *c, const char *buf, size_t len)
{
	size_t room = sizeof(c->said) - 1 - c->said_len;

	if (len > room)
		len = room;
	memcpy(c->said + c->said_len, buf, len);
	c->said_len += len;
	c->said[c->said_len] = '\0';
}

/* One read of a pipe that has something; closes it at its end. */
static int drain(struct child *c, int *fd)
{
	char buf[16384];
	ssize_t n = read(*fd, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		close(*fd);
		*fd = -1;
		return 0;
	}
	if (fd == &c->out)
		return take_output(c, buf, (size_t)n);
	take_said(c, buf, (size_t)n);
	return 0;
}

static int left_ms(const struct child *c)
{
	int64_t left;

	if (!c->deadline_ns)
		return -1;
	left = (c->deadline_ns - clock_boot_ns()) / 1000000;
	return left > 0 ? (int)left : 0;
}

static int read_all(struct child *c, struct err *err)
{
	while (c->out >= 0 || c->errs >= 0) {
		struct pollfd fds[2] = {
			{ .fd = c->out, .events = POLLIN },
			{ .fd = c->errs, .events = POLLIN },
		};
		int n = poll(fds, 2, left_ms(c)), rc = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, "cannot wait for %s", c->name);
		if (n == 0)
			return err_set(err, "%s took too long and was stopped",
				       c->name);
		if (fds[0].revents)
			rc = drain(c, &c->out);
		if (rc == 0 && fds[1].revents)
			rc = drain(c, &c->errs);
		if (rc)
			return rc;
	}
	return c->line_len || c->too_long ? end_line(c) : 0;
}

/* ---- ending ---------------------------------------------------------------- */

/* Its output ended; so should it. What does not by the deadline is killed. */
static int wait_exit(struct child *c, int *status)
{
	const struct timespec pause = { 0, 5000000 };

	while (c->deadline_ns) {
		pid_t pid = waitpid(c->pid, status, WNOHANG);

		if (pid != 0 && !(pid < 0 && errno == EINTR))
			return pid < 0 ? -1 : 0;
		if (left_ms(c) == 0) {
			kill(c->pid, SIGKILL);
			break;
		}
		nanosleep(&pause, NULL);
	}
	while (waitpid(c->pid, status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return 0;
}

static int reap(struct child *c, struct err *err)
{
	int status;

	if (wait_exit(c, &status) < 0)
		return err_set_errno(err, "cannot wait for %s", c->name);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	c->said[strcspn(c->said, "\n")] = '\0';
	if (WIFSIGNALED(status))
		return err_set(err, "%s was ended by signal %d", c->name,
			       WTERMSIG(status));
	return err_set(err, "%s failed with status %d%s%s", c->name,
		       WEXITSTATUS(status), *c->said ? ": " : "", c->said);
}

int child_lines(char *const argv[], char *const extra_env[], int timeout_ms,
		int (*fn)(char *line, void *arg), void *arg, struct err *err)
{
	struct child c = { .name = argv[0], .out = -1, .errs = -1, .fn = fn,
			   .arg = arg };
	int rc, status_rc;

	if (start(&c, argv, extra_env, err) < 0)
		rc = -1;
	else {
		if (timeout_ms > 0)
			c.deadline_ns = clock_boot_ns() +
					(int64_t)timeout_ms * 1000000;
		c.line = mem_zeroed(CHILD_LINE_MAX + 1, 1);
		rc = read_all(&c, err);
		if (rc)
			kill(c.pid, SIGKILL);
		status_rc = reap(&c, rc ? NULL : err);
		rc = rc ? rc : status_rc;
		free(c.line);
	}
	if (c.out >= 0)
		close(c.out);
	if (c.errs >= 0)
		close(c.errs);
	return rc;
}
