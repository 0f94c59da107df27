/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "word.h"

void word_print(FILE *f, const char *text)
{
	for (; *text; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c <= ' ' || c >= 0x7f || c == '%')
			fprintf(f, "%%%02X", c);
		else
			putc(c, f);
	}
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int word_read(char *word)
{
	char *to = word;

	for (const char *c = word; *c; c++) {
		if (*c == '%') {
			int high = hex(c[1]), low = high < 0 ? -1 : hex(c[2]);

			if (low < 0 || (high == 0 && low == 0))
				return -1;
			*to++ = (char)(high * 16 + low);
			c += 2;
		} else {
			*to++ = *c;
		}
	}
	*to = '\0';
	return 0;
}
