/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "utf8.h"

#include <stddef.h>

int utf8_length(const char *s, unsigned *code)
{
	static const unsigned smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)s;
	unsigned c = u[0];
	int len;

	if (c < 0x80) {
		len = 1;
	} else if (c >= 0xc2 && c < 0xe0) {
		len = 2;
		c &= 0x1f;
	} else if (c >= 0xe0 && c < 0xf0) {
		len = 3;
		c &= 0x0f;
	} else if (c >= 0xf0 && c < 0xf5) {
		len = 4;
		c &= 0x07;
	} else {
		return 0;
	}
	for (int i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3f);
	}
	if (c < smallest[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	if (code)
		*code = c;
	return len;
}
