/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_UTF8_H
#define WATTGATE_UTF8_H

/*
 * Length in bytes of the valid UTF-8 character at s, whose code goes to *code
 * (which may be NULL); 0 where the bytes there are no such character.
 */
int utf8_length(const char *s, unsigned *code);

#endif
