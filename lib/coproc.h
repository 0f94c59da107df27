/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_COPROC_H
#define WATTGATE_COPROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "err.h"

/*
 * A program beside the loop that is told lines on its standard input and
 * answers with lines: no shell, a process group of its own, standard error is
 * ours. Nothing here waits, save coproc_stop(). It may be stopped, dead or
 * hostile: what it owes is known by its caller, who kills it.
 */

#define COPROC_LINE_MAX 2048	/* with its newline; longer ones are refused */

typedef struct coproc {
	pid_t pid;		/* 0: there is none */
	int in, out;		/* ours, of its input and output; -1: closed */
	size_t size;		/* of what was read and not taken yet */
	char buf[COPROC_LINE_MAX];
} coproc_t;

enum coproc_line { COPROC_LINE, COPROC_NOTHING, COPROC_ENDED };

/* There is none. */
void coproc_init(coproc_t *c);

/* Start; there is none before. 0, or -1 with a text. */
int coproc_start(coproc_t *c, char *const argv[], struct err *err);

/* Tell it. -1 with a text: it does not read, or is gone. */
int coproc_say(coproc_t *c, const char *text, struct err *err);

/*
 * The next line, without its newline; bytes that are not printable ASCII become
 * '?'. COPROC_ENDED: it closed its output, or sent what is no line.
 */
enum coproc_line coproc_line(coproc_t *c, char line[COPROC_LINE_MAX]);

/* Would the next coproc_line() give one without reading? */
bool coproc_has_line(const coproc_t *c);

/* Its input ends; it is expected to end, too. */
void coproc_dismiss(coproc_t *c);

/* Kill it, with its group, and close both ends. It may still be there after. */
void coproc_kill(coproc_t *c);

/* Is it gone? Takes its exit status. True where there is none. */
bool coproc_gone(coproc_t *c);

/* Dismiss it, wait for its end at most limit_ns, then kill it. */
void coproc_stop(coproc_t *c, int64_t limit_ns);

#endif
