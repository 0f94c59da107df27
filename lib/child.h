/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CHILD_H
#define WATTGATE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

/*
 * A command run beside the loop: no shell, what it prints (both streams) is
 * kept up to a limit, and it is killed with its process group when it prints
 * more or takes too long; what it leaves behind there is killed as well.
 * Always reaped.
 */

#define CHILD_OUTPUT_MAX (128 * 1024)
#define CHILD_COMPLAINT_MAX 256

enum child_state { CHILD_NONE, CHILD_RUNNING, CHILD_DONE };

typedef struct child {
	enum child_state state;
	pid_t pid;
	int fd;			/* its output; -1 once it has ended */
	char *output;		/* NUL-terminated */
	size_t size, room;
	int64_t end_ns;		/* killed then, on the caller's clock */
	bool too_late, too_much;
	int status;		/* of waitpid(), once done */
	int complaint_fd;	/* its standard error, where that is apart; -1 */
	char complaint[CHILD_COMPLAINT_MAX];	/* and what that began with */
} child_t;

/*
 * Start a program and nothing else: in a process group of its own, no signal
 * blocked or ignored. in: its standard input, -1: nothing. errors: its standard
 * error, -1: ours. 0, or an errno.
 */
int child_spawn(pid_t *pid, char *const argv[], int in, int out, int errors);

/* Start; CHILD_NONE before. 0, or -1 with a text. */
int child_start(child_t *c, char *const argv[], int64_t end_ns, struct err *err);
/* The same, with `size` bytes on its standard input. */
int child_start_fed(child_t *c, char *const argv[], const char *input,
		    size_t size, int64_t end_ns, struct err *err);

/*
 * The same, with this environment and none of our descriptors, and standard
 * error apart from the output.
 */
int child_start_apart(child_t *c, char *const argv[], char *const env[],
		      int64_t end_ns, struct err *err);

/* Take what there is, without waiting. */
enum child_state child_run(child_t *c, int64_t now_ns);

/* Done: 0 where it exited with 0 in time, else -1 with a text about `name`. */
int child_result(const child_t *c, const char *name, struct err *err);

/* Kill it if it runs, reap it, free the output; CHILD_NONE again. */
void child_clear(child_t *c);

#endif
