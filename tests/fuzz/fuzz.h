/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_FUZZ_H
#define WATTGATE_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What fuzz targets share. A target is one file, fuzz_NAME.c, with libFuzzer's
 * entry point; driver.c or libFuzzer calls it. It aborts, by FUZZ_CHECK(),
 * where a parser's promise is broken.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(cond) \
	((cond) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #cond))
void fuzz_fail(const char *file, int line, const char *what)
	__attribute__((noreturn));

/* ---- the input ---- */

/* A string of the input in memory of its exact size; the caller frees it. */
char *fuzz_text(const uint8_t *data, size_t size);

struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* The next byte, 0 at the end. */
uint8_t fuzz_byte(struct fuzz_input *in);
/* The next `size` bytes, zeros behind the end. */
void fuzz_bytes(struct fuzz_input *in, void *buf, size_t size);
/* The input up to a newline, which is passed over; the caller frees it. */
char *fuzz_line(struct fuzz_input *in);
/* All the rest; the caller frees it. */
char *fuzz_rest(struct fuzz_input *in);

/* ---- files ---- */

/* A directory of this process's own, 0700, in memory where there is such. */
const char *fuzz_dir(void);
/* Its file `name` into buf. */
const char *fuzz_path(char *buf, size_t size, const char *name);
/* Write it whole, 0600. */
void fuzz_put(const char *name, const void *data, size_t size);
void fuzz_remove(const char *name);

/* zlib's CRC-32: without it nothing behind a checksum is ever reached. */
uint32_t fuzz_crc(const void *data, size_t size);

#endif
