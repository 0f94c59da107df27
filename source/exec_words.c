/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec_words.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* One word from *at on into *to; NULL: a quote has no end. */
static const char *word_take(const char *at, char **to)
{
	bool quoted = false;

	for (; *at && (quoted || !is_blank(*at)); at++) {
		if (*at == '"')
			quoted = !quoted;
		else
			*(*to)++ = *at;
	}
	*(*to)++ = '\0';
	return quoted ? NULL : at;
}

int exec_words_split(const char *command, struct exec_words *w,
		     struct err *err)
{
	const char *at = command;
	char *to = w->store;

	memset(w, 0, sizeof(*w));
	if (strlen(command) >= sizeof(w->store))
		return err_set(err, "command: it is too long");
	for (;;) {
		while (is_blank(*at))
			at++;
		if (!*at)
			break;
		if (w->count == EXEC_WORDS_MAX)
			return err_set(err, "command: more than %d words",
				       EXEC_WORDS_MAX);
		w->word[w->count++] = to;
		at = word_take(at, &to);
		if (!at)
			return err_set(err, "command: a '\"' has no second one");
	}
	if (!w->count)
		return err_set(err, "source = exec needs command, the program that prints the power");
	if (w->word[0][0] != '/')
		return err_set(err, "command: '%.80s' is not an absolute path",
			       w->word[0]);
	return 0;
}

/* Who could put another program in its place? */
static int owner_check(const char *path, const struct stat *st, uid_t uid,
		       struct err *err)
{
	if (st->st_uid != 0 && st->st_uid != uid)
		return err_set(err, "%s: it belongs to uid %u, who could change what wattgated runs: chown it to root",
			       path, (unsigned)st->st_uid);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) && !(st->st_mode & S_ISVTX))
		return err_set(err, "%s: others can write it, and change what wattgated runs: chmod go-w on it",
			       path);
	return 0;
}

static int dir_check(const char *path, uid_t uid, struct err *err)
{
	char dir[PATH_MAX];
	struct stat st;

	snprintf(dir, sizeof(dir), "%.*s",
		 (int)(strrchr(path, '/') - path) + 1, path);
	if (stat(dir, &st) < 0)
		return err_set_errno(err, "%s", dir);
	return owner_check(dir, &st, uid, err);
}

int exec_program_check(const char *path, unsigned uid, struct err *err)
{
	char real[PATH_MAX];	/* where links lead to, in the end */
	struct stat st;

	if (!realpath(path, real) || stat(real, &st) < 0)
		return err_set_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s: not a program", path);
	st.st_mode &= ~(mode_t)S_ISVTX;	/* means nothing on a file */
	if (owner_check(path, &st, (uid_t)uid, err) < 0)
		return -1;
	if (access(path, X_OK) < 0)
		return err_set_errno(err, "%s: it cannot be executed", path);
	if (dir_check(path, (uid_t)uid, err) < 0)
		return -1;
	return dir_check(real, (uid_t)uid, err);
}
