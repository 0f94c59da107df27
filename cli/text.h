/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_TEXT_H
#define WATTGATE_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Texts from outside (names of users, accounts and projects) on their way to
 * a file or a terminal.
 */

/*
 * Length in bytes of the valid UTF-8 character at s, whose code goes to *code
 * (which may be NULL); 0 where the bytes there are no such character.
 */
int text_utf8(const char *s, unsigned *code);

/* A new string: what is no UTF-8 becomes U+FFFD. */
char *text_valid(const char *s);

/*
 * A new string that takes at most `width` columns of a terminal (a cut one
 * ends in '~'): control characters, and those that turn the direction of
 * writing, become '?', as does all that is not ASCII unless `utf8`.
 * *columns gets what it takes.
 */
char *text_terminal(const char *s, int width, bool utf8, int *columns);

/* Does the terminal's character set (LC_CTYPE) take UTF-8? */
bool text_locale_utf8(void);

#endif
