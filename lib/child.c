/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

#define OUTPUT_FIRST 4096

/* The loop blocks signals for its signalfd: the child must have them back. */
static int attributes_set(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	return posix_spawnattr_setsigmask(attr, &none) ||
	       posix_spawnattr_setsigdefault(attr, &all) ||
	       posix_spawnattr_setpgroup(attr, 0) ||
	       posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
					POSIX_SPAWN_SETSIGDEF |
					POSIX_SPAWN_SETPGROUP) ? -1 : 0;
}

/* What is open in us without O_CLOEXEC stays here, where the C library can. */
static int close_others(posix_spawn_file_actions_t *files)
{
#if __GLIBC_PREREQ(2, 34)
	return posix_spawn_file_actions_addclosefrom_np(files, 3);
#else
	(void)files;
	return 0;
#endif
}

/* env: NULL: ours; else that, and none of our descriptors either. */
static int spawn(pid_t *pid, char *const argv[], char *const env[], int in,
		 int out, int errors)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	int rc = ENOMEM;

	if (posix_spawn_file_actions_init(&files) != 0)
		return rc;
	if (posix_spawnattr_init(&attr) != 0)
		goto files;
	if (attributes_set(&attr) == 0 &&
	    (in >= 0 ? posix_spawn_file_actions_adddup2(&files, in, 0) :
	     posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY,
					      0)) == 0 &&
	    posix_spawn_file_actions_adddup2(&files, out, 1) == 0 &&
	    (errors < 0 ||
	     posix_spawn_file_actions_adddup2(&files, errors, 2) == 0) &&
	    (!env || close_others(&files) == 0))
		rc = posix_spawn(pid, argv[0], &files, &attr, argv,
				 env ? env : environ);
	posix_spawnattr_destroy(&attr);
files:
	posix_spawn_file_actions_destroy(&files);
	return rc;
}

int child_spawn(pid_t *pid, char *const argv[], int in, int out, int errors)
{
	return spawn(pid, argv, NULL, in, out, errors);
}

/* errors: its standard error; -1: where its output goes. */
static int start(child_t *c, char *const argv[], char *const env[], int in,
		 int errors, int64_t end_ns, struct err *err)
{
	int fds[2], rc;

	memset(c, 0, sizeof(*c));
	c->fd = c->complaint_fd = -1;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set_errno(err, "%s: pipe", argv[0]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	c->output = malloc(OUTPUT_FIRST);
	rc = c->output ? spawn(&c->pid, argv, env, in, fds[1],
			       errors < 0 ? fds[1] : errors) : ENOMEM;
	close(fds[1]);
	if (rc != 0) {
		close(fds[0]);
		free(c->output);
		c->output = NULL;
		errno = rc;
		return err_set_errno(err, "%s: cannot be run", argv[0]);
	}
	c->room = OUTPUT_FIRST;
	c->output[0] = '\0';
	c->fd = fds[0];
	c->end_ns = end_ns;
	c->state = CHILD_RUNNING;
	return 0;
}

int child_start(child_t *c, char *const argv[], int64_t end_ns, struct err *err)
{
	return start(c, argv, NULL, -1, -1, end_ns, err);
}

int child_start_apart(child_t *c, char *const argv[], char *const env[],
		      int64_t end_ns, struct err *err)
{
	int fds[2], rc;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set_errno(err, "%s: pipe", argv[0]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	rc = start(c, argv, env, -1, fds[1], end_ns, err);
	close(fds[1]);
	if (rc == 0)
		c->complaint_fd = fds[0];
	else
		close(fds[0]);
	return rc;
}

int child_start_fed(child_t *c, char *const argv[], const char *input,
		    size_t size, int64_t end_ns, struct err *err)
{
	/* memory that no path leads to: what it says stays between the two */
	int fd = memfd_create("input", MFD_CLOEXEC), rc;

	if (fd < 0 || write(fd, input, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) != 0)
		rc = err_set_errno(err, "%s: its input cannot be kept", argv[0]);
	else
		rc = start(c, argv, NULL, fd, -1, end_ns, err);
	if (fd >= 0)
		close(fd);
	return rc;
}

static void child_kill(child_t *c)
{
	kill(-c->pid, SIGKILL);
	kill(c->pid, SIGKILL);	/* where it has no group of its own yet */
}

static int output_grow(child_t *c)
{
	char *output;

	if (c->size + 1 < c->room)
		return 0;
	if (c->room >= CHILD_OUTPUT_MAX)
		return -1;
	output = realloc(c->output, c->room * 2);
	if (!output)
		return -1;
	c->output = output;
	c->room *= 2;
	return 0;
}

static void output_end(child_t *c)
{
	close(c->fd);
	c->fd = -1;
}

static void output_read(child_t *c)
{
	ssize_t n;

	while (c->fd >= 0) {
		if (output_grow(c) < 0) {
			c->too_much = true;
			output_end(c);
			child_kill(c);
			return;
		}
		n = read(c->fd, c->output + c->size, c->room - 1 - c->size);
		if (n > 0)
			c->size += (size_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			output_end(c);
		else if (errno == EAGAIN)
			break;
	}
	c->output[c->size] = '\0';
}

static void complaint_end(child_t *c)
{
	if (c->complaint_fd >= 0)
		close(c->complaint_fd);
	c->complaint_fd = -1;
}

/* The beginning is kept, all is read: it must not wait for us. */
static void complaint_read(child_t *c)
{
	char buf[4096];
	size_t used = strlen(c->complaint), keep;
	ssize_t n = 1;

	for (int i = 0; i < 64 && n > 0 && c->complaint_fd >= 0; i++) {
		n = read(c->complaint_fd, buf, sizeof(buf));
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			complaint_end(c);
		if (n <= 0)
			continue;
		keep = sizeof(c->complaint) - 1 - used;
		keep = keep < (size_t)n ? keep : (size_t)n;
		memcpy(c->complaint + used, buf, keep);
		used += strnlen(buf, keep);
	}
}

/* It has ended: so does what it left behind in its group. */
static void group_end(const child_t *c)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == c->pid)
		kill(-c->pid, SIGKILL);	/* while no one else can have its number */
}

enum child_state child_run(child_t *c, int64_t now_ns)
{
	pid_t pid;

	if (c->state != CHILD_RUNNING)
		return c->state;
	output_read(c);
	complaint_read(c);
	group_end(c);
	if (now_ns >= c->end_ns && !c->too_late) {
		c->too_late = true;
		child_kill(c);
	}
	pid = waitpid(c->pid, &c->status, WNOHANG);
	if (pid == 0 || (pid < 0 && errno == EINTR))
		return CHILD_RUNNING;
	if (pid < 0)
		c->status = -1;
	output_read(c);
	complaint_read(c);
	complaint_end(c);
	if (c->fd >= 0)		/* a grandchild holds it: not waited for */
		output_end(c);
	c->state = CHILD_DONE;
	return c->state;
}

int child_result(const child_t *c, const char *name, struct err *err)
{
	const char *said = *c->complaint ? c->complaint : c->output;
	int line = (int)strcspn(said, "\n");

	if (line > 160)
		line = 160;
	if (c->too_late)
		return err_set(err, "%s: killed, it took too long", name);
	if (c->too_much)
		return err_set(err, "%s: killed, it printed more than %d KB",
			       name, CHILD_OUTPUT_MAX / 1024);
	if (!WIFEXITED(c->status))
		return err_set(err, "%s: ended by signal %d", name,
			       WTERMSIG(c->status));
	if (WEXITSTATUS(c->status) != 0)
		return err_set(err, "%s: exit status %d (%.*s)", name,
			       WEXITSTATUS(c->status), line, said);
	return 0;
}

/* A killed process that hangs in the kernel is left to init after a second. */
static void child_reap(child_t *c)
{
	struct timespec nap = { .tv_nsec = 10 * 1000 * 1000 };

	for (int i = 0; i < 100; i++) {
		if (waitpid(c->pid, &c->status, WNOHANG) != 0)
			return;
		nanosleep(&nap, NULL);
	}
}

void child_clear(child_t *c)
{
	if (c->state == CHILD_RUNNING) {
		child_kill(c);
		child_reap(c);
	}
	if (c->state != CHILD_NONE) {
		if (c->fd >= 0)
			output_end(c);
		complaint_end(c);
		free(c->output);
	}
	memset(c, 0, sizeof(*c));
	c->fd = c->complaint_fd = -1;
}
