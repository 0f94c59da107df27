/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/cgroup: the first line names a controller. A path that comes out
 * stays below where cgroups are mounted.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/suspension.h"
#include "fuzz.h"

#define ROOM 64

static bool goes_up(const char *path)
{
	while (*path) {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 2 && memcmp(path, "..", 2) == 0)
			return true;
		path += len;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	char *controller = fuzz_line(&in), *text = fuzz_rest(&in);
	char *path = malloc(ROOM);

	FUZZ_CHECK(path);
	if (suspension_cgroup_path(text, controller, path, ROOM) == 0) {
		FUZZ_CHECK(strlen(path) < ROOM && !strchr(path, '\n'));
		FUZZ_CHECK(*path == '/' && !goes_up(path));
		FUZZ_CHECK(strstr(text, path));
	}
	free(path);
	free(controller);
	free(text);
	return 0;
}
