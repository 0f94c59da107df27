/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/latex.h"

#include <stddef.h>

#include "cli/text.h"

/*
 * Only commands that plain LaTeX has, without a package or an encoding.
 * BibTeX counts braces and knows no backslash: those of a text become
 * commands, whose own braces are in pairs.
 */
static const char *escape_of(char c)
{
	switch (c) {
	case '\\': return "\\textbackslash{}";
	case '{': return "\\textbraceleft{}";
	case '}': return "\\textbraceright{}";
	case '~': return "\\textasciitilde{}";
	case '^': return "\\textasciicircum{}";
	case '<': return "\\textless{}";
	case '>': return "\\textgreater{}";
	case '|': return "\\textbar{}";
	case '"': return "''";	/* what every encoding has */
	case '-': return "-{}";	/* two are no dash */
	case '@': return "\\char64{}";	/* begins an entry for some readers */
	case '$': return "\\$";
	case '&': return "\\&";
	case '#': return "\\#";
	case '_': return "\\_";
	case '%': return "\\%";
	default: return NULL;
	}
}

void latex_print(FILE *f, const char *text)
{
	while (*text) {
		const char *escape = escape_of(*text);
		int len = text_utf8(text, NULL);

		if (escape)
			fputs(escape, f);
		else if (len == 0 || (unsigned char)*text < 0x20 || *text == 0x7f)
			putc(' ', f);
		else
			fwrite(text, 1, (size_t)len, f);
		text += len ? len : 1;
	}
}
