/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/probe_redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"

#define LEARN_MIN 4		/* shorter ones are in too many words */
#define LEARN_MAX 200		/* longer ones are texts */
#define LEARNT_MAX 1000
#define SEEN_MAX 2000		/* the others all become redacted-0 */

struct strings {
	char **list;
	size_t len, room;
};

struct redact {
	struct strings learnt;
	struct strings seen;	/* number i stands for seen.list[i - 1] */
};

/* ---- what a character is; bytes beyond ASCII are none of these ---- */

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
	return isxdigit((unsigned char)c) && is_word(c);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- forms: each gives the length of what begins at s, or 0 ---- */

static size_t hex_run(const char *s)
{
	size_t n = 0;

	while (is_hex(s[n]))
		n++;
	return n;
}

/* A colon, as it is or in a URL. */
static size_t colon(const char *s)
{
	if (*s == ':')
		return 1;
	return strncasecmp(s, "%3a", 3) == 0 ? 3 : 0;
}

static size_t uuid_match(const char *s)
{
	static const size_t groups[] = { 8, 4, 4, 4, 12 };
	size_t at = 0;

	for (int i = 0; i < 5; i++) {
		if (i > 0 && s[at++] != '-')
			return 0;
		if (hex_run(s + at) != groups[i])
			return 0;
		at += groups[i];
	}
	return at;
}

static size_t mac_separator(const char *s)
{
	return *s && strchr("-._", *s) ? 1 : colon(s);
}

/* Six pairs or more (a WWN has eight), or Cisco's three fours. */
static size_t mac_match(const char *s)
{
	size_t width = hex_run(s), at = width, groups = 1;
	size_t sep = mac_separator(s + at);

	if (sep == 0 || (width != 2 && width != 4))
		return 0;
	while (strncmp(s + at, s + width, sep) == 0 &&
	       hex_run(s + at + sep) == width) {
		at += sep + width;
		groups++;
	}
	return groups >= (width == 2 ? 6 : 3) ? at : 0;
}

static size_t ipv4_match(const char *s)
{
	size_t at = 0;
	char sep = '\0';

	for (int i = 0; i < 4; i++) {
		size_t n;

		if (i == 1)
			sep = s[at];
		if (i > 0 && ((sep != '.' && sep != '-') || s[at++] != sep))
			return 0;
		for (n = 0; n < 4 && is_digit(s[at + n]); n++)
			;
		if (n < 1 || n > 3 || atoi(s + at) > 255)
			return 0;
		at += n;
	}
	if (s[at] == sep && is_digit(s[at + 1]))
		return 0;	/* longer: a version */
	return at;
}

static size_t ipv6_match(const char *s)
{
	size_t at = 0, colons = 0, digits = 0;
	bool twice = false, last = false;

	for (;;) {
		size_t sep = colon(s + at);

		if (sep > 0) {
			twice |= last;
			colons++;
		} else if (is_hex(s[at])) {
			sep = 1;
			digits++;
		} else {
			break;
		}
		last = !is_hex(s[at]);
		at += sep;
	}
	if (digits == 0 || !(twice || colons >= 5))
		return 0;
	while (s[at] == '.' && is_digit(s[at + 1]))	/* ::ffff:10.0.0.1 */
		at += 1 + strspn(s + at + 1, "0123456789");
	return at;
}

static size_t label_run(const char *s)
{
	size_t n = 0;

	while (is_word(s[n]) || (n > 0 && s[n] == '-'))
		n++;
	return n;
}

/* The last label of a host's name: letters of one case. */
static bool top_label(const char *s, size_t n)
{
	size_t lower = 0, upper = 0;

	for (size_t i = 0; i < n; i++) {
		lower += s[i] >= 'a' && s[i] <= 'z';
		upper += s[i] >= 'A' && s[i] <= 'Z';
	}
	return n >= 2 && (lower == n || upper == n);
}

/* host.example.org, with user@ or not. */
static size_t host_match(const char *s)
{
	size_t at = 0, n = label_run(s), labels = 1;
	bool mail = false;

	if (n == 0)
		return 0;
	while (s[at + n] == '.' || s[at + n] == '@') {
		size_t more = label_run(s + at + n + 1);

		if (more == 0)
			break;
		mail |= s[at + n] == '@';
		at += n + 1;
		n = more;
		labels++;
	}
	if (!mail && (labels < 2 || !top_label(s + at, n)))
		return 0;
	return at + n;
}

static size_t word_run(const char *s)
{
	size_t n = 0;

	while (is_word(s[n]))
		n++;
	return n;
}

/* "GPU1", "Processor12": a name with a number. */
static bool numbered_name(const char *s, size_t n)
{
	size_t digits = 0;

	while (digits < n && is_digit(s[n - 1 - digits]))
		digits++;
	if (digits > 3)
		return false;
	for (size_t i = 0; i < n - digits; i++)
		if (is_digit(s[i]))
			return false;
	return true;
}

/* Dell's: seven places, no vowels, letters and digits mixed. */
static bool service_tag(const char *s, size_t n, size_t digits)
{
	if (n != 7 || digits < 2)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_digit(s[i]) && (s[i] < 'A' || s[i] > 'Z' ||
					strchr("AEIOU", s[i])))
			return false;
	return true;
}

static bool hex_id(const char *s, size_t n)
{
	return (n == 12 || n == 16 || n == 20 || n == 32 || n == 40 ||
		n == 64) && hex_run(s) == n;
}

static size_t serial_match(const char *s)
{
	size_t n = word_run(s), digits = 0, lower = 0;

	for (size_t i = 0; i < n; i++) {
		digits += is_digit(s[i]);
		lower += s[i] >= 'a' && s[i] <= 'z';
	}
	if (hex_id(s, n))
		return n;
	if (digits == n)
		return n >= 6 ? n : 0;
	if (digits == 0 || numbered_name(s, n))
		return 0;
	if (lower == 0 && n >= 7 && digits >= 4)
		return n;
	return service_tag(s, n, digits) || (n >= 8 && digits >= 5) ? n : 0;
}

static size_t (*const forms[])(const char *s) = {
	uuid_match, mac_match, ipv4_match, ipv6_match, host_match, serial_match,
};

/* ---- what was learnt ---- */

/*
 * Words that tell nothing of whose the BMC is, and much of which number is the
 * node: an asset tag may well be "Server".
 */
static const char *const plain_words[] = {
	"none", "null", "unknown", "default", "default string", "not specified",
	"not available", "not set", "empty", "n/a", "to be filled by o.e.m.",
	"server", "system", "node", "total", "power", "chassis", "enclosure",
	"board", "baseboard", "compute", "self", "processor", "memory",
	"localhost", "redfish", "uuid", "dhcp", "static", NULL
};

static size_t learnt_match(const redact_t *r, const char *s)
{
	size_t longest = 0;

	for (size_t i = 0; i < r->learnt.len; i++) {
		size_t n = strlen(r->learnt.list[i]);

		if (n > longest &&
		    strncasecmp(s, r->learnt.list[i], n) == 0 && !is_word(s[n]))
			longest = n;
	}
	return longest;
}

void redact_learn(redact_t *r, const char *secret)
{
	size_t n;

	while (*secret == ' ')
		secret++;
	n = strlen(secret);
	while (n > 0 && secret[n - 1] == ' ')
		n--;
	if (n < LEARN_MIN || n > LEARN_MAX || r->learnt.len >= LEARNT_MAX ||
	    !is_word(secret[0]) || learnt_match(r, secret) == n)
		return;
	for (int i = 0; plain_words[i]; i++)
		if (strlen(plain_words[i]) == n &&
		    strncasecmp(secret, plain_words[i], n) == 0)
			return;
	r->learnt.list = mem_grow(r->learnt.list, r->learnt.len,
				  &r->learnt.room, sizeof(char *));
	r->learnt.list[r->learnt.len] = mem_string(secret);
	r->learnt.list[r->learnt.len++][n] = '\0';
}

/* ---- a text ---- */

/* The longest of all that begin at s and end there. */
static size_t match(const redact_t *r, const char *s)
{
	size_t longest = learnt_match(r, s);

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n = forms[i](s);

		if (n > longest && !is_word(s[n]))
			longest = n;
	}
	return longest;
}

static size_t number_of(redact_t *r, const char *s, size_t n)
{
	char *copy;

	for (size_t i = 0; i < r->seen.len; i++)
		if (strlen(r->seen.list[i]) == n &&
		    strncasecmp(r->seen.list[i], s, n) == 0)
			return i + 1;
	if (r->seen.len == SEEN_MAX)
		return 0;
	copy = mem_zeroed(n + 1, 1);
	memcpy(copy, s, n);
	r->seen.list = mem_grow(r->seen.list, r->seen.len, &r->seen.room,
				sizeof(char *));
	r->seen.list[r->seen.len++] = copy;
	return r->seen.len;
}

char *redact_text(redact_t *r, const char *text)
{
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);
	bool begins = true;	/* no word goes on here */

	if (!f)
		mem_failed();
	while (*text) {
		size_t n = begins && (is_word(*text) || colon(text)) ?
			   match(r, text) : 0;

		if (n > 0) {
			fprintf(f, "redacted-%zu", number_of(r, text, n));
			text += n;
			begins = false;
		} else {
			/* %2F is no part of the word behind it */
			n = *text == '%' && is_hex(text[1]) && is_hex(text[2]) ?
			    3 : 1;
			begins = n == 3 || !is_word(*text);
			fwrite(text, 1, n, f);
			text += n;
		}
	}
	if (fclose(f) != 0 || !out)
		mem_failed();
	return out;
}

/* ---- life ---- */

redact_t *redact_create(void)
{
	return mem_zeroed(1, sizeof(redact_t));
}

static void strings_clear(struct strings *s)
{
	for (size_t i = 0; i < s->len; i++)
		free(s->list[i]);
	free(s->list);
}

void redact_destroy(redact_t *r)
{
	if (!r)
		return;
	strings_clear(&r->learnt);
	strings_clear(&r->seen);
	free(r);
}
