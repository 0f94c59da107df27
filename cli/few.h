/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_FEW_H
#define WATTGATE_CLI_FEW_H

#include <stddef.h>

/* Names for one sentence: the first few of many. All zero: none yet. */
struct few {
	char text[600];
	size_t count;
};

void few_add(struct few *few, const char *name);

#endif
