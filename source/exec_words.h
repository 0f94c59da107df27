/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_EXEC_WORDS_H
#define WATTGATE_EXEC_WORDS_H

#include "lib/conf.h"
#include "lib/err.h"

/* A command as it stands in the configuration -> a program and its arguments. */

#define EXEC_WORDS_MAX 64

struct exec_words {
	char store[CONF_TEXT_MAX];
	char *word[EXEC_WORDS_MAX + 1];	/* ends with NULL */
	unsigned count;
};

/*
 * Split at blanks; what stands between two '"' is of one word, which may be
 * empty. No other character means anything. 0, or -1 with a text.
 */
int exec_words_split(const char *command, struct exec_words *w,
		     struct err *err);

/*
 * May wattgated run it, as user `uid`? An absolute path to a regular file that
 * can be executed, that it and its directory belong to root or to that user,
 * and that no one else can write; where it is a link, what that leads to, too. 0, or -1 with what to do.
 */
int exec_program_check(const char *path, unsigned uid, struct err *err);

#endif
