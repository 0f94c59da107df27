/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_PROBE_TEXT_H
#define WATTGATE_CLI_PROBE_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/probe.h"

/* A probe as a person reads it. What BMCs say is cleaned for a terminal. */

struct probe_look {
	bool utf8;	/* the tree in box characters */
	bool bold;	/* the chosen line stands out */
};

/* What was seen, as a tree; nothing where there are no notes. */
void probe_print_tree(FILE *f, const struct probe_result *r,
		      const struct probe_look *look);

/* What came out, and, where nothing did, what to do. */
void probe_print_summary(FILE *f, const struct probe_result *r,
			 const struct conf *conf, bool traced, bool utf8);

/*
 * A text of the source in the words of the command line: "ca_file" of the
 * configuration is --ca here. A new string.
 */
char *probe_words(const char *text);

#endif
