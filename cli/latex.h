/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_LATEX_H
#define WATTGATE_CLI_LATEX_H

#include <stdio.h>

/*
 * Print a text as LaTeX that shows just that, also within the braces of a
 * BibTeX field: whatever it is, no command runs, no brace is left open, and
 * no line ends.
 */
void latex_print(FILE *f, const char *text);

#endif
