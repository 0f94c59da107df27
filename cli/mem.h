/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_MEM_H
#define WATTGATE_CLI_MEM_H

#include <stddef.h>

/*
 * Memory for a command that has nothing better to do than to end when there is
 * none: these say so and exit(1).
 */
void mem_failed(void) __attribute__((noreturn));
void *mem_zeroed(size_t n, size_t size);
void *mem_resize(void *ptr, size_t n, size_t size);
char *mem_string(const char *text);

/* Room for one more element in an array of *room elements, `used` in use. */
void *mem_grow(void *ptr, size_t used, size_t *room, size_t size);

#endif
