/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_WORD_H
#define WATTGATE_WORD_H

#include <stdio.h>

/*
 * Any text as one word of a line: blanks, controls, '%' and what is not ASCII
 * stand as %XX.
 */
void word_print(FILE *f, const char *text);

/* The text of such a word, in place. 0, or -1 where it is none. */
int word_read(char *word);

#endif
