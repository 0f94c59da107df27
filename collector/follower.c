/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follower.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"

#define DELAY_MIN_NS NS_PER_S
#define DELAY_MAX_NS (60 * NS_PER_S)
/* Having run for so long, it did not fail at its start. */
#define WELL_NS (60 * NS_PER_S)
#define POLL_NS (10 * 1000 * 1000)

struct follower {
	const char *program;
	char *const *argv;
	const logger_t *log;
	pid_t pid;		/* 0: none */
	int64_t began_ns, next_ns, delay_ns;
};

/* In the child: only what is safe between fork and exec. */
static void child_become(const follower_t *f, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent)	/* else it is gone already */
		execv(f->program, f->argv);
	_exit(127);
}

static void start(follower_t *f, int64_t now_ns)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		child_become(f, parent);
	f->began_ns = now_ns;
	f->next_ns = now_ns + f->delay_ns;
	if (pid > 0)
		f->pid = pid;
	else
		log_error(f->log, "the follower cannot be started: %s",
			  strerror(errno));
}

static void ended(follower_t *f, int status, int64_t now_ns)
{
	f->pid = 0;
	f->delay_ns = now_ns - f->began_ns >= WELL_NS ? DELAY_MIN_NS :
		      2 * f->delay_ns;
	if (f->delay_ns > DELAY_MAX_NS)
		f->delay_ns = DELAY_MAX_NS;
	f->next_ns = now_ns + f->delay_ns;
	if (WIFSIGNALED(status))
		log_error(f->log, "the follower was killed by signal %d; it is started again in %g s",
			  WTERMSIG(status), ns_to_s(f->delay_ns));
	else
		log_error(f->log, "the follower ended with status %d; it is started again in %g s",
			  WEXITSTATUS(status), ns_to_s(f->delay_ns));
}

void follower_run(follower_t *f, int64_t now_ns)
{
	int status;

	if (f->pid && waitpid(f->pid, &status, WNOHANG) == f->pid)
		ended(f, status, now_ns);
	if (!f->pid && now_ns >= f->next_ns)
		start(f, now_ns);
}

/* While it runs SIGCHLD wakes the loop. */
int64_t follower_due_ns(const follower_t *f)
{
	return f->pid ? INT64_MAX : f->next_ns;
}

follower_t *follower_create(const char *program, char *const argv[],
			    const logger_t *log)
{
	follower_t *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->program = program ? program : "/proc/self/exe";
	f->argv = argv;
	f->log = log;
	f->delay_ns = DELAY_MIN_NS;
	return f;
}

void follower_destroy(follower_t *f, int64_t limit_ns)
{
	int saved = errno;

	if (!f)
		return;
	if (f->pid)
		kill(f->pid, SIGTERM);
	for (; f->pid && limit_ns > 0; limit_ns -= POLL_NS) {
		if (waitpid(f->pid, NULL, WNOHANG) != 0)
			f->pid = 0;
		else
			usleep(POLL_NS / 1000);
	}
	if (f->pid) {
		kill(f->pid, SIGKILL);
		waitpid(f->pid, NULL, 0);
	}
	free(f);
	errno = saved;
}
