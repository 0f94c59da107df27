/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A shared object whose version is read without loading it. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "cli/elf_symbol.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { "" };
	char path[PATH_MAX];
	uint32_t value = 0;

	fuzz_put("plugin.so", data, size);
	fuzz_path(path, sizeof(path), "plugin.so");
	if (elf_symbol_u32(path, "plugin_version", &value, &err) == 0)
		FUZZ_CHECK(size > 4 && memmem(data, size, &value, sizeof(value)));
	else
		FUZZ_CHECK(strstr(err.text, path));
	return 0;
}
