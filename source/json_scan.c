/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TEXT_MAX 64

struct scan {
	const char *p, *end;
	int depth;
	enum json_number kind;	/* of what the pointer means, so far */
	double value;
	const char *why;	/* the text is bad */
};

/* ---- pointers ---- */

const char *json_pointer_next(const char *pointer, char token[JSON_TOKEN_MAX])
{
	size_t n = 0;

	for (pointer++; *pointer && *pointer != '/'; pointer++) {
		char c = *pointer;

		if (n + 1 >= JSON_TOKEN_MAX)
			return NULL;
		if (c == '~' && (pointer[1] == '0' || pointer[1] == '1'))
			c = *++pointer == '0' ? '~' : '/';
		token[n++] = c;
	}
	token[n] = '\0';
	return pointer;
}

bool json_pointer_index(const char *token, size_t *index)
{
	size_t len = strlen(token);

	if (!len || len > 6 || strspn(token, "0123456789") != len ||
	    (len > 1 && token[0] == '0'))
		return false;
	*index = strtoul(token, NULL, 10);
	return true;
}

/* ---- numbers ---- */

static const char *digits_skip(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/*
 * Behind the longest decimal number at p, or NULL: strtod() would also take
 * hex, inf, nan and blanks.
 */
static const char *decimal_skip(const char *p, const char *end)
{
	const char *from;

	p += p < end && *p == '-';
	from = p;
	p = digits_skip(p, end);
	if (p == from)
		return NULL;
	if (p < end && *p == '.') {
		from = ++p;
		p = digits_skip(p, end);
		if (p == from)
			return NULL;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '-' || *p == '+');
		from = p;
		p = digits_skip(p, end);
		if (p == from)
			return NULL;
	}
	return p;
}

enum json_number json_decimal(const char *text, size_t size, double *value)
{
	char buf[NUMBER_TEXT_MAX];

	*value = 0;
	if (size >= sizeof(buf) ||
	    decimal_skip(text, text + size) != text + size)
		return JSON_NUMBER_TYPE;
	memcpy(buf, text, size);
	buf[size] = '\0';
	*value = strtod(buf, NULL);
	if (isfinite(*value))
		return JSON_NUMBER_OK;
	*value = 0;
	return JSON_NUMBER_RANGE;
}

/* ---- the scanner: each returns false where the text is bad ---- */

static bool value_scan(struct scan *s, const char *pointer);

static bool bad(struct scan *s, const char *why)
{
	if (!s->why)
		s->why = s->p >= s->end ? "the JSON ends too early" : why;
	return false;
}

static void blanks_skip(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' ||
				 *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

static bool char_take(struct scan *s, char c)
{
	blanks_skip(s);
	if (s->p >= s->end || *s->p != c)
		return bad(s, "the answer is not JSON");
	s->p++;
	return true;
}

static bool escape_skip(struct scan *s)
{
	int hex = 0;

	s->p++;
	if (s->p >= s->end || !memchr("\"\\/bfnrtu", *s->p, 9))
		return bad(s, "the answer is not JSON");
	if (*s->p++ == 'u')
		hex = 4;
	for (; hex > 0; hex--, s->p++)
		if (s->p >= s->end || !memchr("0123456789abcdefABCDEF", *s->p, 22))
			return bad(s, "the answer is not JSON");
	return true;
}

/* A string; its inside to *text and *len, or NULL where it has escapes. */
static bool string_scan(struct scan *s, const char **text, size_t *len)
{
	const char *from;

	if (!char_take(s, '"'))
		return false;
	from = s->p;
	*text = from;
	while (s->p < s->end && *s->p != '"') {
		if (!*s->p)	/* json-c ends there: the two must agree */
			return bad(s, "the answer is not JSON");
		if (*s->p != '\\') {
			s->p++;
			continue;
		}
		*text = NULL;
		if (!escape_skip(s))
			return false;
	}
	*len = (size_t)(s->p - from);
	return char_take(s, '"');
}

static bool string_value_scan(struct scan *s, bool wanted)
{
	const char *text;
	size_t len;

	if (!string_scan(s, &text, &len))
		return false;
	if (wanted)
		s->kind = text ? json_decimal(text, len, &s->value) :
			  JSON_NUMBER_TYPE;
	return true;
}

static bool word_scan(struct scan *s, const char *word)
{
	size_t len = strlen(word), left = (size_t)(s->end - s->p);

	if (memcmp(s->p, word, left < len ? left : len) != 0)
		return bad(s, "the answer is not JSON");
	s->p += left < len ? left : len;
	return left >= len || bad(s, NULL);
}

/* Not JSON, but sent by some for a sensor that is not there. */
static bool not_finite_scan(struct scan *s, const char *word, bool wanted)
{
	if (wanted)
		s->kind = JSON_NUMBER_RANGE;
	return word_scan(s, word);
}

static bool number_scan(struct scan *s, bool wanted)
{
	const char *from = s->p, *to = decimal_skip(from, s->end);
	const char *digits = from + (*from == '-');

	if (digits < s->end && *digits == 'I')
		return not_finite_scan(s, *from == '-' ? "-Infinity" :
				       "Infinity", wanted);
	if (!to || (digits + 1 < to && *digits == '0' &&
		    digits[1] >= '0' && digits[1] <= '9'))
		return bad(s, "the answer is not JSON");
	s->p = to;
	if (wanted)
		s->kind = json_decimal(from, (size_t)(to - from), &s->value);
	return true;
}

/* Another member behind ','; false at the end, which is taken, and where bad. */
static bool more_members(struct scan *s, char end)
{
	blanks_skip(s);
	if (s->p < s->end && *s->p == ',') {
		s->p++;
		return true;
	}
	char_take(s, end);
	return false;
}

/* False where the container is empty, its end taken. */
static bool has_members(struct scan *s, char end)
{
	s->p++;
	blanks_skip(s);
	if (s->p >= s->end || *s->p != end)
		return true;
	s->p++;
	return false;
}

static bool object_scan(struct scan *s, const char *token, const char *rest)
{
	const char *name;
	size_t len, token_len = token ? strlen(token) : 0;
	bool match;

	if (!has_members(s, '}'))
		return true;
	do {
		if (!string_scan(s, &name, &len) || !char_take(s, ':'))
			return false;
		match = token && name && len == token_len &&
			memcmp(name, token, len) == 0;
		if (!value_scan(s, match ? rest : NULL))
			return false;
	} while (more_members(s, '}'));
	return !s->why;
}

static bool array_scan(struct scan *s, const char *token, const char *rest)
{
	size_t i = 0, index = 0;
	bool wanted = token && json_pointer_index(token, &index);

	if (!has_members(s, ']'))
		return true;
	do {
		if (!value_scan(s, wanted && i == index ? rest : NULL))
			return false;
		i++;
	} while (more_members(s, ']'));
	return !s->why;
}

static bool container_scan(struct scan *s, const char *pointer)
{
	char token[JSON_TOKEN_MAX];
	const char *rest = NULL;
	bool well;

	if (++s->depth > JSON_DEPTH_MAX)
		return bad(s, "the JSON is nested too deeply");
	if (pointer && *pointer == '/')
		rest = json_pointer_next(pointer, token);
	well = *s->p == '{' ? object_scan(s, rest ? token : NULL, rest) :
			      array_scan(s, rest ? token : NULL, rest);
	s->depth--;
	return well;
}

/* pointer: what is wanted of this value; "" itself, NULL nothing. */
static bool value_scan(struct scan *s, const char *pointer)
{
	bool wanted = pointer && !*pointer;

	blanks_skip(s);
	if (pointer) {
		s->kind = wanted ? JSON_NUMBER_TYPE : JSON_NUMBER_ABSENT;
		s->value = 0;
	}
	if (s->p >= s->end)
		return bad(s, NULL);
	switch (*s->p) {
	case '{':
	case '[':
		return container_scan(s, pointer);
	case '"':
		return string_value_scan(s, wanted);
	case 't':
		return word_scan(s, "true");
	case 'f':
		return word_scan(s, "false");
	case 'n':
		if (wanted)
			s->kind = JSON_NUMBER_NULL;
		return word_scan(s, "null");
	case 'N':
		return not_finite_scan(s, "NaN", wanted);
	default:
		return number_scan(s, wanted);
	}
}

static bool text_scan(struct scan *s, const char *pointer)
{
	blanks_skip(s);
	if (s->p >= s->end) {
		s->why = "the answer is empty";
		return false;
	}
	if (*s->p != '{' && *s->p != '[')
		return bad(s, "the answer is not JSON");
	if (!value_scan(s, pointer))
		return false;
	blanks_skip(s);
	return s->p >= s->end || bad(s, "the JSON is followed by something else");
}

int json_scan_number(const char *data, size_t size, const char *pointer,
		     enum json_number *kind, double *value, struct err *err)
{
	struct scan s = { .p = data, .end = data + size,
			  .kind = JSON_NUMBER_ABSENT };
	bool well;

	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
		s.p += 3;	/* byte order mark */
	well = text_scan(&s, pointer);
	*kind = s.kind;
	*value = s.value;
	return well ? 0 : err_set(err, "%s", s.why);
}
