/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A secret file: what is read is its first line, or nothing. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/secret.h"

/* The length of the first line as secret.h promises it; -1: to be refused. */
static long expected(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;

	if (end && len > 0 && data[len - 1] == '\r')
		len--;
	if (len == 0 || len >= SECRET_MAX || memchr(data, 0, len))
		return -1;
	return (long)len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[PATH_MAX], *secret = malloc(SECRET_MAX);
	long len = expected(data, size);
	struct err err = { "" };

	FUZZ_CHECK(secret);
	fuzz_put("secret", data, size);
	fuzz_path(path, sizeof(path), "secret");
	if (secret_read(path, secret, SECRET_MAX, &err) == 0) {
		FUZZ_CHECK(len >= 0 && strlen(secret) == (size_t)len);
		FUZZ_CHECK(memcmp(secret, data, (size_t)len) == 0);
	} else {
		FUZZ_CHECK(len < 0 && strstr(err.text, path));
	}
	free(secret);
	return 0;
}
