/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"

void mem_failed(void)
{
	fputs("wattgate: out of memory\n", stderr);
	exit(EXIT_TROUBLE);
}

static void *or_exit(void *ptr)
{
	if (!ptr)
		mem_failed();
	return ptr;
}

void *mem_zeroed(size_t n, size_t size)
{
	return or_exit(calloc(n ? n : 1, size));
}

void *mem_resize(void *ptr, size_t n, size_t size)
{
	return or_exit(reallocarray(ptr, n ? n : 1, size));
}

char *mem_string(const char *text)
{
	return or_exit(strdup(text));
}

void *mem_grow(void *ptr, size_t used, size_t *room, size_t size)
{
	if (used < *room)
		return ptr;
	*room = *room ? *room * 2 : 16;
	return mem_resize(ptr, *room, size);
}
