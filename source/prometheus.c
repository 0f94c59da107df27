/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "prometheus.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "archive_live.h"
#include "json_prometheus.h"

#define NS_PER_MS (NS_PER_S / 1000)

/* ---- selectors ---- */

static const char *blanks_skip(const char *p)
{
	return p + strspn(p, " \t");
}

static const char *name_skip(const char *p)
{
	if (isalpha((unsigned char)*p) || *p == '_' || *p == ':')
		while (isalnum((unsigned char)*p) || *p == '_' || *p == ':')
			p++;
	return p;
}

/* Behind a quoted text; NULL where it does not end. */
static const char *quoted_skip(const char *p)
{
	char quote = *p++;

	for (; *p && *p != quote; p++)
		if (*p == '\\' && quote != '`' && p[1])
			p++;
	return *p ? p + 1 : NULL;
}

/* Behind {...}; NULL where it does not end. What is inside the server reads. */
static const char *braces_skip(const char *p)
{
	for (p++; p && *p && *p != '}';)
		p = strchr("\"'`", *p) ? quoted_skip(p) : p + 1;
	return p && *p ? p + 1 : NULL;
}

bool prometheus_selector(const char *query, char *name, size_t size)
{
	const char *from = blanks_skip(query), *p = name_skip(from);

	snprintf(name, size, "%.*s", (int)(p - from), from);
	from = p;
	p = blanks_skip(p);
	if (*p == '{')
		p = braces_skip(p);
	else if (!name[0])
		return false;
	else
		p = from;
	return p && *blanks_skip(p) == '\0';
}

/* ---- expressions ---- */

static bool word_is(const char *word, size_t len, const char *const *words)
{
	for (; *words; words++)
		if (strlen(*words) == len && strncasecmp(word, *words, len) == 0)
			return true;
	return false;
}

/* Behind a list of label names, (a, b); p where there is none. */
static const char *labels_skip(const char *p)
{
	const char *open = blanks_skip(p);

	if (*open != '(')
		return p;
	open += strcspn(open, ")");
	return *open ? open + 1 : open;
}

/*
 * Behind a number or a duration, "1.5e-3" or "1h30m", which is no name; the
 * sign of an exponent may stay.
 */
static const char *number_skip(const char *p)
{
	while (isalnum((unsigned char)*p) || *p == '.')
		p++;
	return p;
}

static int selector_refuse(const char *from, const char *to, struct err *err)
{
	return err_set(err, "query: in an expression %.*s would go on for minutes with a value that is over: write last_over_time(%.*s[7s]), with one and a half scrape intervals",
		       (int)(to - from), from, (int)(to - from), from);
}

/* A selector must be one of a range: ours ends in what is behind it. */
static const char *selector_check(const char *from, const char *behind,
				  unsigned *ranges, struct err *err)
{
	const char *p = behind;

	if (*blanks_skip(p) == '{')
		p = braces_skip(blanks_skip(p));
	if (!p) {
		err_set(err, "query: a brace or a quote is not closed");
		return NULL;
	}
	behind = blanks_skip(p);
	if (*behind != '[') {
		selector_refuse(from, p, err);
		return NULL;
	}
	++*ranges;
	return behind + strcspn(behind, "]");
}

/* A function, a word of the language, or a metric. */
static const char *name_check(const char *from, unsigned *ranges,
			      struct err *err)
{
	static const char *const grouping[] = {
		"by", "without", "on", "ignoring", "group_left", "group_right",
		NULL
	};
	static const char *const operators[] = {
		"and", "or", "unless", "bool", "atan2", "inf", "nan", "start",
		"end", NULL
	};
	static const char *const shifts[] = { "offset", NULL };
	const char *p = name_skip(from), *next = blanks_skip(p);
	size_t len = (size_t)(p - from);

	if (word_is(from, len, grouping))
		return labels_skip(p);
	if (word_is(from, len, shifts)) {
		err_set(err, "query: offset takes power of another time");
		return NULL;
	}
	/* sum(...), sum by (...) (...) */
	if (*next == '(' || word_is(from, len, operators) ||
	    word_is(next, (size_t)(name_skip(next) - next), grouping))
		return p;
	return selector_check(from, p, ranges, err);
}

int prometheus_expression_check(const char *query, struct err *err)
{
	const char *p = query;
	unsigned ranges = 0;

	while (p && *p) {
		if (isalpha((unsigned char)*p) || *p == '_' || *p == ':')
			p = name_check(p, &ranges, err);
		else if (*p == '{')
			p = selector_check(p, p, &ranges, err);
		else if (isdigit((unsigned char)*p) || *p == '.')
			p = number_skip(p);
		else if (*p == '@')
			return err_set(err, "query: @ takes power of another time");
		else if (*p == '#')
			return err_set(err, "query: it has a comment");
		else if (!strchr("\"'`", *p))
			p++;
		else if (!(p = quoted_skip(p)))
			return err_set(err, "query: a quote is not closed");
	}
	if (p && !ranges)
		return err_set(err, "query: it reads no series");
	return p ? 0 : -1;
}

/* ---- asking ---- */

/* An expression: what is younger than a period may not be all there. */
static int prometheus_check(struct archive *a, const struct conf_meter *m,
			    struct err *err)
{
	char name[CONF_TEXT_MAX];

	if (!m->query[0])
		return err_set(err, "source = prometheus needs query, such as node_power_watts{instance=\"%%n\"}");
	a->raw = prometheus_selector(m->query, name, sizeof(name));
	if (!a->raw && prometheus_expression_check(m->query, err) < 0)
		return -1;
	a->ahead_ns = a->raw ? ARCHIVE_AHEAD_NS : -a->period_ns;
	snprintf(a->place, sizeof(a->place), "prometheus:%.48s",
		 !a->raw ? "expression" : name[0] ? name : "selector");
	return 0;
}

static int text_add(char *buf, size_t size, const char *text)
{
	if (strlen(buf) + strlen(text) >= size)
		return -1;
	strcat(buf, text);
	return 0;
}

/*
 * Up to release 2 a range has both its ends, from 3 on only the later one: a
 * millisecond more has both.
 */
static int raw_path(const struct archive *a, int64_t from_ns, int64_t to_ns,
		    char *buf, size_t size)
{
	int64_t from_ms = from_ns / NS_PER_MS;
	int64_t to_ms = (to_ns + NS_PER_MS - 1) / NS_PER_MS;
	char range[48], time[64];

	snprintf(range, sizeof(range), "[%" PRId64 "ms]", to_ms - from_ms + 1);
	snprintf(time, sizeof(time), "&time=%" PRId64 ".%03d", to_ms / 1000,
		 (int)(to_ms % 1000));
	if (text_add(buf, size, a->prefix) < 0 ||
	    text_add(buf, size, "/api/v1/query?query=") < 0 ||
	    archive_encode(a->meter->query, buf, size) < 0 ||
	    archive_encode(range, buf, size) < 0)
		return -1;
	return text_add(buf, size, time);
}

/* On one grid for ever, so that neither pages nor restarts shift it. */
static int grid_path(const struct archive *a, int64_t from_ns, int64_t to_ns,
		     char *buf, size_t size)
{
	int64_t step_ms = a->period_ns / NS_PER_MS;
	int64_t step_ns = step_ms * NS_PER_MS, from, to;
	char times[256];

	from = (from_ns + step_ns - 1) / step_ns * step_ms;
	to = to_ns / step_ns * step_ms;
	if (from > to)
		return 1;
	snprintf(times, sizeof(times),
		 "&start=%" PRId64 ".%03d&end=%" PRId64 ".%03d&step=%" PRId64
		 ".%03d",
		 from / 1000, (int)(from % 1000), to / 1000, (int)(to % 1000),
		 step_ms / 1000, (int)(step_ms % 1000));
	if (text_add(buf, size, a->prefix) < 0 ||
	    text_add(buf, size, "/api/v1/query_range?query=") < 0 ||
	    archive_encode(a->meter->query, buf, size) < 0)
		return -1;
	return text_add(buf, size, times);
}

static int prometheus_path(const struct archive *a, int64_t from_ns,
			   int64_t to_ns, char *buf, size_t size,
			   struct err *err)
{
	int rc;

	buf[0] = '\0';
	if (to_ns < from_ns)
		return 1;
	rc = a->raw ? raw_path(a, from_ns, to_ns, buf, size) :
		      grid_path(a, from_ns, to_ns, buf, size);
	if (rc < 0)
		return err_set(err, "%s: url and query are too long together",
			       a->meter->url);
	return rc;
}

/* ---- answers ---- */

static bool says_too_wide(const struct err *why)
{
	static const char *const words[] = {
		"timeout", "timed out", "too many samples",
		"maximum resolution", "too long", "exceeds the limit",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasestr(why->text, words[i]))
			return true;
	return false;
}

static enum archive_end prometheus_read(const struct archive *a,
					const struct http_reply *reply,
					struct rowset *rows, struct err *why)
{
	struct err status = *why;
	enum json_prometheus end = json_prometheus_rows(reply->body,
							reply->size, rows, why);
	bool wide = end == JSON_PROMETHEUS_ERROR && says_too_wide(why);

	if (end == JSON_PROMETHEUS_ROWS && reply->status == 200)
		return ARCHIVE_ROWS;
	if (end == JSON_PROMETHEUS_ERROR || reply->status == 200)
		archive_blame(a, why);
	else
		*why = status;
	if (wide)
		return ARCHIVE_WIDE;
	return end == JSON_PROMETHEUS_OTHER ? ARCHIVE_MIXED :
					      archive_status(reply);
}

const struct archive_ops prometheus_archive = {
	.name = "prometheus",
	.check = prometheus_check,
	.path = prometheus_path,
	.read = prometheus_read,
	.none = "does query find the node's series, is its target up, and do the clocks agree?",
};

/* ---- as a source ---- */

static source_t *prometheus_open(const struct source_env *env, struct err *err)
{
	return archive_live_open(env, &prometheus_archive, err);
}

const struct source_ops prometheus_source = {
	.name = "prometheus",
	.late_ns = ARCHIVE_LATE_NS,
	.open = prometheus_open,
	.sample = archive_live_sample,
	.place = archive_live_place,
	.close = archive_live_close,
};
