/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/few.h"

#include <stdio.h>
#include <string.h>

#define NAMES_SHOWN 5

void few_add(struct few *few, const char *name)
{
	const size_t len = strlen(few->text);

	if (few->count++ < NAMES_SHOWN)
		snprintf(few->text + len, sizeof(few->text) - len, "%s%.100s",
			 len ? ", " : "", name);
	else if (few->count == NAMES_SHOWN + 1)
		snprintf(few->text + len, sizeof(few->text) - len, ", ...");
}
