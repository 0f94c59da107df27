/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/text.h"

#include <langinfo.h>
#include <string.h>
#include <wchar.h>

#include "cli/mem.h"
#include "lib/utf8.h"

static const char replacement[] = "\xef\xbf\xbd";	/* U+FFFD */

int text_utf8(const char *s, unsigned *code)
{
	return utf8_length(s, code);
}

char *text_valid(const char *s)
{
	/* A bad byte of one becomes three. */
	char *out = mem_zeroed(strlen(s) * 3 + 1, 1);
	char *to = out;

	while (*s) {
		int len = text_utf8(s, NULL);

		if (len == 0) {
			to = stpcpy(to, replacement);
			s++;
			continue;
		}
		memcpy(to, s, (size_t)len);
		to += len;
		s += len;
	}
	return out;
}

bool text_locale_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Zero width, joiners, and the overrides of writing direction. */
static bool is_trick(unsigned code)
{
	return (code >= 0x200b && code <= 0x200f) ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	       code == 0x061c;
}

/* Columns of the character at s, -1 if it is not to be shown. *len: bytes. */
static int columns_of(const char *s, bool utf8, int *len)
{
	unsigned code = 0;

	*len = text_utf8(s, &code);
	if (*len == 0) {
		*len = 1;
		return -1;
	}
	if (code < 0x20 || code == 0x7f || is_trick(code))
		return -1;
	if (code < 0x80)
		return 1;
	return utf8 ? wcwidth((wchar_t)code) : -1;
}

char *text_terminal(const char *s, int width, bool utf8, int *columns)
{
	char *out = mem_zeroed(strlen(s) + 2, 1);
	char *to = out, *cut_at = out;
	int used = 0, cut_used = 0;

	while (*s) {
		int len, w = columns_of(s, utf8, &len);

		if (used + (w < 0 ? 1 : w) > width) {
			to = cut_at;
			*to++ = '~';
			used = cut_used + 1;
			break;
		}
		if (w < 0) {
			*to++ = '?';
		} else {
			memcpy(to, s, (size_t)len);
			to += len;
		}
		used += w < 0 ? 1 : w;
		s += len;
		if (used < width) {	/* a '~' still fits behind this */
			cut_at = to;
			cut_used = used;
		}
	}
	*to = '\0';
	*columns = used;
	return out;
}
