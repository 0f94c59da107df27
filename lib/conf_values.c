/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf_values.h"

#include <math.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "clock.h"
#include "conf.h"

#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* Beyond this many digits a number is a mistake, and stays below 2^63. */
#define DIGITS_MAX 18

/* 31 years: far beyond any use, far below what an int64_t of ns holds. */
#define DURATION_MAX_NS 1e18

struct unit {
	const char *suffix;
	double factor;
};

static const struct unit duration_units[] = {
	{ "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 }, { 0 }
};
static const struct unit bare_units[] = { { "", 1 }, { 0 } };
static const struct unit watt_units[] = { { "W", 1 }, { 0 } };
static const struct unit memory_units[] = {
	{ "", 1 }, { "M", 1 }, { "G", 1024 }, { "T", 1048576 }, { 0 }
};
static const struct unit w_per_gb_units[] = { { "W/GB", 1 }, { "", 1 }, { 0 } };
static const struct unit g_per_kwh_units[] = { { "g/kWh", 1 }, { "", 1 }, { 0 } };
static const struct unit per_s_units[] = {
	{ "/s", 1 }, { "/min", 1.0 / 60 }, { "/h", 1.0 / 3600 }, { 0 }
};

static const struct {
	const struct unit *units;
	const char *what;	/* for the error text */
} quantities[] = {
	[QUANTITY_DURATION] = { duration_units,
		"a duration: write it with its unit, like 250ms, 5s, 2m or 1h" },
	[QUANTITY_COUNT] = { bare_units, "a whole number" },
	[QUANTITY_NUMBER] = { bare_units, "a number like 1.25" },
	[QUANTITY_WATTS] = { watt_units,
		"a power: write it with its unit, like 12W" },
	[QUANTITY_MEMORY] = { memory_units,
		"an amount of memory: write MiB, or a unit like 2000M, 64G or 1T" },
	[QUANTITY_W_PER_GB] = { w_per_gb_units,
		"a power per memory: write it like 0.3725 W/GB" },
	[QUANTITY_G_PER_KWH] = { g_per_kwh_units,
		"an intensity: write it like 51.28 g/kWh" },
	[QUANTITY_PER_S] = { per_s_units,
		"a rate: write it like 10/s or 30/min" },
};

/* Reads "12" or "0.25" at *text and moves it behind. -1 where there is none. */
static int decimal_parse(const char **text, double *out)
{
	static const double pow10[DIGITS_MAX + 1] = {
		1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18
	};
	const char *p = *text;
	size_t whole = strspn(p, DIGITS), fraction = 0;
	int64_t mantissa = 0;

	if (p[whole] == '.')
		fraction = strspn(p + whole + 1, DIGITS);
	if (whole == 0 || whole + fraction > DIGITS_MAX ||
	    (p[whole] == '.' && fraction == 0))
		return -1;
	for (size_t i = 0; i < whole; i++)
		mantissa = mantissa * 10 + (*p++ - '0');
	if (fraction > 0)
		p++;
	for (size_t i = 0; i < fraction; i++)
		mantissa = mantissa * 10 + (*p++ - '0');
	*out = (double)mantissa / pow10[fraction];
	*text = p;
	return 0;
}

int quantity_parse(enum quantity q, const char *text, double *out)
{
	const struct unit *u = quantities[q].units;
	double number;

	if (decimal_parse(&text, &number) != 0)
		return -1;
	while (*text == ' ')
		text++;
	while (u->suffix && strcmp(text, u->suffix) != 0)
		u++;
	if (!u->suffix)
		return -1;
	if (q == QUANTITY_COUNT && number != floor(number))
		return -1;
	*out = number * u->factor;
	return 0;
}

int quantity_read(enum quantity q, const char *text, const char *min,
		  const char *max, double *out, struct err *err)
{
	double value, low, high;

	if (quantity_parse(q, text, &value) != 0)
		return err_set(err, "'%.60s' is not %s", text,
			       quantities[q].what);
	if (quantity_parse(q, min, &low) != 0 ||
	    quantity_parse(q, max, &high) != 0 || value < low || value > high)
		return err_set(err, "%.60s is out of range: %s to %s", text,
			       min, max);
	*out = value;
	return 0;
}

int conf_parse_duration(const char *text, int64_t *ns)
{
	double value;

	if (quantity_parse(QUANTITY_DURATION, text, &value) != 0 ||
	    value > DURATION_MAX_NS)
		return -1;
	*ns = llround(value);
	return 0;
}

int conf_parse_rate(const char *text, double *per_s, struct err *err)
{
	return quantity_read(QUANTITY_PER_S, text, CONF_RATE_MIN, CONF_RATE_MAX,
			     per_s, err);
}

int value_bool(const char *text, bool *out, struct err *err)
{
	if (strcmp(text, "true") == 0 || strcmp(text, "yes") == 0)
		*out = true;
	else if (strcmp(text, "false") == 0 || strcmp(text, "no") == 0)
		*out = false;
	else
		return err_set(err, "'%.60s' is neither true nor false", text);
	return 0;
}

int value_expand(const char *text, const char *node, char *buf, size_t size,
		 struct err *err)
{
	size_t len = 0, piece;
	const char *from;

	for (; *text; text++) {
		from = text;
		piece = 1;
		if (*text == '%') {
			text++;
			if (*text != 'n' && *text != '%')
				return err_set(err, "a %% must be followed by n (the node's name) or by another %%");
			if (*text == 'n') {
				from = node;
				piece = strlen(node);
			}
		}
		if (piece >= size - len)
			return err_set(err, "it is longer than %zu bytes",
				       size - 1);
		memcpy(buf + len, from, piece);
		len += piece;
	}
	buf[len] = '\0';
	return 0;
}

/* ---- instants -------------------------------------------------------------- */

#define INSTANT_MAX_S INT64_C(4102444800)	/* 2100 */

/* Digits at the places of '0', the rest as in the pattern. */
static bool text_like(const char *text, const char *pattern)
{
	for (; *pattern; text++, pattern++) {
		if (*pattern == '0' ? !*text || !strchr(DIGITS, *text)
				    : *text != *pattern)
			return false;
	}
	return !*text;
}

static int two_digits(const char *s)
{
	return (s[0] - '0') * 10 + (s[1] - '0');
}

/* -1 where it is no day that exists. */
static int64_t instant_of(const char *text, bool with_time)
{
	struct tm tm = {
		.tm_year = two_digits(text) * 100 + two_digits(text + 2) - 1900,
		.tm_mon = two_digits(text + 5) - 1,
		.tm_mday = two_digits(text + 8),
	}, had;
	int64_t s;

	if (with_time) {
		tm.tm_hour = two_digits(text + 11);
		tm.tm_min = two_digits(text + 14);
		tm.tm_sec = two_digits(text + 17);
	}
	had = tm;		/* timegm() makes 2 March of 30 February */
	s = timegm(&tm);
	return tm.tm_mon == had.tm_mon && tm.tm_mday == had.tm_mday &&
	       tm.tm_hour == had.tm_hour && tm.tm_min == had.tm_min &&
	       tm.tm_sec == had.tm_sec ? s : -1;
}

int value_instant(const char *text, int64_t *out_s, struct err *err)
{
	const bool day = text_like(text, "0000-00-00");
	double number;
	int64_t s = -1;

	if (day || text_like(text, "0000-00-00T00:00:00Z"))
		s = instant_of(text, !day);
	else if (quantity_parse(QUANTITY_COUNT, text, &number) == 0)
		s = (int64_t)number;
	if (s <= 0 || s > INSTANT_MAX_S)
		return err_set(err, "'%.60s' is no instant: write a day like 2026-11-01, 2026-11-01T06:00:00Z or seconds since 1970",
			       text);
	*out_s = s;
	return 0;
}

/* ---- URLs ------------------------------------------------------------------ */

/* Bytes of scheme and "://"; 0 where it is neither http nor https. */
static size_t url_scheme_len(const char *url)
{
	if (strncasecmp(url, "https://", 8) == 0)
		return 8;
	return strncasecmp(url, "http://", 7) == 0 ? 7 : 0;
}

bool url_is_plain(const char *url)
{
	return url_scheme_len(url) == 7;
}

/* ":443" or nothing, up to the end of the authority. */
static int url_port_check(const char *port, size_t len, struct err *err)
{
	unsigned number = 0;

	if (len == 0)
		return 0;
	for (size_t i = 1; i < len && i <= 6; i++)
		number = number * 10 + (unsigned)(port[i] - '0');
	if (port[0] != ':' || strspn(port + 1, DIGITS) != len - 1 ||
	    len > 6 || number < 1 || number > 65535)
		return err_set(err, "the URL's port must be a number from 1 to 65535");
	return 0;
}

/* "host", "host:port" or "[IPv6]:port". */
static int url_authority_check(const char *s, size_t len, struct err *err)
{
	size_t host;

	if (memchr(s, '@', len))
		return err_set(err, "the URL has a user or password in it: use user and password_file");
	if (*s == '[') {
		host = 1 + strspn(s + 1, DIGITS "abcdefABCDEF:.");
		if (host < 3 || host >= len || s[host] != ']')
			return err_set(err, "the URL's IPv6 address must be like [2001:db8::1]");
		host++;
	} else {
		host = strspn(s, DIGITS LETTERS "-._");
	}
	if (host == 0 || (host < len && s[host] != ':'))
		return err_set(err, "the URL has no valid host name in it");
	return url_port_check(s + host, len - host, err);
}

int value_url(char *url, struct err *err)
{
	size_t scheme = url_scheme_len(url), len = strlen(url), host;

	if (scheme == 0)
		return err_set(err, "the URL must begin with https:// or http://");
	host = strcspn(url + scheme, "/?#");
	if (url_authority_check(url + scheme, host, err) != 0)
		return -1;
	if (strpbrk(url, "?#"))
		return err_set(err, "the URL must end before any ? or #: it is the BMC's base URL");
	if (strspn(url, DIGITS LETTERS "-._~:/[]@!$&'()*+,;=%") != len)
		return err_set(err, "the URL has a space or another character that must be percent-encoded (write %%%% for a percent sign)");
	for (size_t i = 0; i < scheme; i++)
		url[i] |= 0x20;		/* letters; ':' and '/' have the bit */
	while (len > scheme && url[len - 1] == '/')
		url[--len] = '\0';
	return 0;
}

/* ---- pinned keys ----------------------------------------------------------- */

#define PIN_PREFIX "sha256//"
#define PIN_DIGITS 43		/* of base64, then '=': 32 bytes */

/* One pin of `len` bytes. Of its last digit only four bits can be set. */
static bool pin_is_valid(const char *pin, size_t len)
{
	size_t prefix = strlen(PIN_PREFIX);

	return len == prefix + PIN_DIGITS + 1 &&
	       strncmp(pin, PIN_PREFIX, prefix) == 0 &&
	       strspn(pin + prefix, DIGITS LETTERS "+/") == PIN_DIGITS &&
	       strchr("AEIMQUYcgkosw048", pin[len - 2]) && pin[len - 1] == '=';
}

int value_public_key(const char *text, struct err *err)
{
	size_t len;

	for (;; text += len + 1) {
		len = strcspn(text, ";");
		if (!pin_is_valid(text, len))
			return err_set(err, "'%.60s' is not sha256// and the base64 of a key's SHA-256 (44 characters, the last one =); several have a ; between them and no blanks",
				       text);
		if (!text[len])
			return 0;
	}
}
