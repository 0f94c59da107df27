/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_ELF_SYMBOL_H
#define WATTGATE_CLI_ELF_SYMBOL_H

#include <stdint.h>

#include "lib/err.h"

/*
 * The 32-bit value of a constant that a shared object of this machine exports,
 * read from the file: nothing of it is loaded or run. -1 with a text; errno is
 * ENOENT where there is no such file.
 */
int elf_symbol_u32(const char *path, const char *symbol, uint32_t *value,
		   struct err *err);

#endif
