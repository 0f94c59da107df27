/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_ERR_H
#define WATTGATE_ERR_H

/*
 * Error texts. A fallible call takes a caller-owned struct err, fills it with
 * one clear sentence (what failed, where, what to do) and returns -1 or NULL.
 * Only the outermost caller logs or prints it.
 */

struct err {
	char text[512];
};

/*
 * Format a message into err (which may be NULL). Too long a text is cut and
 * ends in "...". errno is left as it was. Always returns -1, so that a caller
 * can write `return err_set(err, ...)`.
 */
int err_set(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* As err_set(), and adds ": " and the text of errno. */
int err_set_errno(struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
