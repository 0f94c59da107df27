/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"

#define DELAY_MIN_NS NS_PER_S
/* One that was killed is missed; one that ends by itself lacks something. */
#define DELAY_KILLED_NS (10 * NS_PER_S)
#define DELAY_MAX_NS (60 * NS_PER_S)
/* Having run for so long, it did not fail at its start. */
#define WELL_NS (60 * NS_PER_S)
#define POLL_NS (10 * 1000 * 1000)

struct worker {
	const char *name;
	const char *program;
	char *const *argv;
	const logger_t *log;
	pid_t pid;		/* 0: none */
	int64_t began_ns, next_ns, delay_ns;
};

/* In the child: only what is safe between fork and exec. */
static void child_become(const worker_t *w, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == parent)	/* else it is gone already */
		execv(w->program, w->argv);
	_exit(127);
}

static void start(worker_t *w, int64_t now_ns)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		child_become(w, parent);
	w->began_ns = now_ns;
	w->next_ns = now_ns + w->delay_ns;
	if (pid > 0)
		w->pid = pid;
	else
		log_error(w->log, "the %s cannot be started: %s", w->name,
			  strerror(errno));
}

static void ended(worker_t *w, int status, int64_t now_ns)
{
	int64_t max_ns = WIFSIGNALED(status) ? DELAY_KILLED_NS : DELAY_MAX_NS;

	w->pid = 0;
	w->delay_ns = now_ns - w->began_ns >= WELL_NS ? DELAY_MIN_NS :
		      2 * w->delay_ns;
	if (w->delay_ns > max_ns)
		w->delay_ns = max_ns;
	w->next_ns = now_ns + w->delay_ns;
	if (WIFSIGNALED(status))
		log_error(w->log, "the %s was killed by signal %d; it is started again in %g s",
			  w->name, WTERMSIG(status), ns_to_s(w->delay_ns));
	else
		log_error(w->log, "the %s ended with status %d; it is started again in %g s",
			  w->name, WEXITSTATUS(status), ns_to_s(w->delay_ns));
}

void worker_run(worker_t *w, int64_t now_ns)
{
	int status;

	if (w->pid && waitpid(w->pid, &status, WNOHANG) == w->pid)
		ended(w, status, now_ns);
	if (!w->pid && now_ns >= w->next_ns)
		start(w, now_ns);
}

/* While it runs SIGCHLD wakes the loop. */
int64_t worker_due_ns(const worker_t *w)
{
	return w->pid ? INT64_MAX : w->next_ns;
}

worker_t *worker_create(const char *name, const char *program,
			char *const argv[], const logger_t *log)
{
	worker_t *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->name = name;
	w->program = program ? program : "/proc/self/exe";
	w->argv = argv;
	w->log = log;
	w->delay_ns = DELAY_MIN_NS;
	return w;
}

void worker_destroy(worker_t *w, int64_t limit_ns)
{
	int saved = errno;

	if (!w)
		return;
	if (w->pid)
		kill(w->pid, SIGTERM);
	for (; w->pid && limit_ns > 0; limit_ns -= POLL_NS) {
		if (waitpid(w->pid, NULL, WNOHANG) != 0)
			w->pid = 0;
		else
			usleep(POLL_NS / 1000);
	}
	if (w->pid) {
		kill(w->pid, SIGKILL);
		waitpid(w->pid, NULL, 0);
	}
	free(w);
	errno = saved;
}
