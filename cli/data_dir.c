/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/data_dir.h"

#include <stdio.h>
#include <stdlib.h>

const char *data_dir(const char *name, char *buf, size_t size)
{
	const char *base = getenv("WATTGATE_DATA");

	snprintf(buf, size, "%s/%s", base && *base ? base : WATTGATE_DATA_DIR,
		 name);
	return buf;
}
