/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A line: CRC32HEX VERSION KIND key=value key=value ...
 * The checksum covers all that follows its space. Which keys a kind has is in
 * two tables; a reader skips keys that are not in them, so that a later
 * release may add some, and refuses a line that lacks one it needs.
 */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "ledger_codec.h"
#include "ledger_fields.h"

#define CRC_CHARS 8
#define NUMBER_MAX 1e15		/* above any energy, power or size there is */

/* Far enough from the end of 64 bits that two of them can be added. */
#define NS_MAX (INT64_MAX / 8)		/* 36 years */
#define WALL_MAX_NS (INT64_MAX / 2)	/* until 2116 */

#define ALLOC(key, type, member)					\
	{ key, type, offsetof(struct ledger_rec, alloc.member),		\
	  sizeof(((struct ledger_rec *)0)->alloc.member) }
#define METERS(key, type, member)					\
	{ key, type, offsetof(struct ledger_rec, meters.member),	\
	  sizeof(((struct ledger_rec *)0)->meters.member) }
#define INTERVAL(key, type, member)					\
	{ key, type, offsetof(struct ledger_rec, interval.member),	\
	  sizeof(((struct ledger_rec *)0)->interval.member) }

static const struct ledger_field alloc_fields[] = {
	ALLOC("job", FIELD_U32, job_id),
	ALLOC("step", FIELD_TEXT, step),
	ALLOC("restart", FIELD_U32, restart),
	ALLOC("uid", FIELD_U32, uid),
	ALLOC("pid", FIELD_I32, stepd_pid),
	ALLOC("node", FIELD_TEXT, node),
	ALLOC("boot", FIELD_TEXT, boot_id),
	ALLOC("start_ns", FIELD_NS, start_ns),
	ALLOC("end_ns", FIELD_NS, end_ns),
	ALLOC("settled_ns", FIELD_NS, settled_ns),
	ALLOC("start_wall_ns", FIELD_WALL, start_wall_ns),
	ALLOC("end_wall_ns", FIELD_WALL, end_wall_ns),
	ALLOC("suspended_ns", FIELD_NS, suspended_ns),
	ALLOC("cores", FIELD_NUMBER, holding.cores),
	ALLOC("gpus", FIELD_NUMBER, holding.gpus),
	ALLOC("mem_mb", FIELD_NUMBER, holding.mem_mb),
	ALLOC("share", FIELD_MAYBE, share),
	ALLOC("gated_j", FIELD_JOULES, gated_j),
	ALLOC("node_j", FIELD_JOULES, node_j),
	ALLOC("model_w", FIELD_MAYBE, model_w),
	ALLOC("active_ns", FIELD_NS, active_ns),
	ALLOC("covered_ns", FIELD_NS, covered_ns),
	ALLOC("max_gap_ns", FIELD_NS, max_gap_ns),
	ALLOC("open_gap_ns", FIELD_NS, open_gap_ns),
	ALLOC("source", FIELD_TEXT, source),
	ALLOC("end", FIELD_TEXT, end),
	{ NULL, FIELD_FLAG, 0, 0 }
};

static const struct ledger_field interval_fields[] = {
	INTERVAL("node", FIELD_TEXT, node),
	INTERVAL("boot", FIELD_TEXT, boot_id),
	INTERVAL("start_ns", FIELD_NS, start_ns),
	INTERVAL("end_ns", FIELD_NS, end_ns),
	INTERVAL("start_wall_ns", FIELD_WALL, start_wall_ns),
	INTERVAL("end_wall_ns", FIELD_WALL, end_wall_ns),
	INTERVAL("node_j", FIELD_JOULES, node_j),
	INTERVAL("allocated_j", FIELD_JOULES, allocated_j),
	INTERVAL("unallocated_j", FIELD_JOULES, unallocated_j),
	INTERVAL("idle_j", FIELD_JOULES, idle_j),
	INTERVAL("measured_ns", FIELD_NS, measured_ns),
	INTERVAL("unmeasured_ns", FIELD_NS, unmeasured_ns),
	INTERVAL("idle_ns", FIELD_NS, idle_ns),
	INTERVAL("scaled", FIELD_FLAG, scaled),
	INTERVAL("parts", FIELD_PARTS, parts),
	{ NULL, FIELD_FLAG, 0, 0 }
};

static const struct ledger_field meters_fields[] = {
	METERS("node", FIELD_TEXT, node),
	METERS("boot", FIELD_TEXT, boot_id),
	METERS("start_ns", FIELD_NS, start_ns),
	METERS("end_ns", FIELD_NS, end_ns),
	METERS("start_wall_ns", FIELD_WALL, start_wall_ns),
	METERS("end_wall_ns", FIELD_WALL, end_wall_ns),
	METERS("both_ns", FIELD_NS, both_ns),
	METERS("first_j", FIELD_JOULES, first_j),
	METERS("second_j", FIELD_JOULES, second_j),
	METERS("first_ns", FIELD_NS, first_ns),
	METERS("second_ns", FIELD_NS, second_ns),
	METERS("first", FIELD_TEXT, first),
	METERS("second", FIELD_TEXT, second),
	{ NULL, FIELD_FLAG, 0, 0 }
};

static const struct kind {
	const char *name;
	const struct ledger_field *fields;
} kinds[] = {
	[LEDGER_ALLOC] = { "alloc", alloc_fields },
	[LEDGER_STEP] = { "step", alloc_fields },
	[LEDGER_INTERVAL] = { "interval", interval_fields },
	[LEDGER_METERS] = { "meters", meters_fields },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const struct ledger_field *ledger_fields(enum ledger_kind kind)
{
	return kinds[kind].fields;
}

static int64_t ns_max(const struct ledger_field *f)
{
	return f->type == FIELD_WALL ? WALL_MAX_NS : NS_MAX;
}

static uint32_t text_crc(const char *text, size_t len)
{
	return (uint32_t)crc32(0, (const Bytef *)text, (uInt)len);
}

/* ---- to text --------------------------------------------------------------- */

struct out {
	char *buf;
	size_t size, len;
	bool full;
};

static void out_char(struct out *o, char c)
{
	if (o->len + 1 >= o->size) {
		o->full = true;
		return;
	}
	o->buf[o->len++] = c;
	o->buf[o->len] = '\0';
}

static void out_str(struct out *o, const char *s)
{
	while (*s)
		out_char(o, *s++);
}

/* Only what is printable, not blank and not '%' goes as it is. */
static void out_escaped(struct out *o, const char *s, size_t size)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; size > 0 && *s; s++, size--) {
		unsigned char c = (unsigned char)*s;

		if (c > 0x20 && c < 0x7f && c != '%') {
			out_char(o, (char)c);
		} else {
			out_char(o, '%');
			out_char(o, hex[c >> 4]);
			out_char(o, hex[c & 15]);
		}
	}
}

int ledger_escape(const char *text, char *buf, size_t size)
{
	struct out o = { buf, size, 0, false };

	if (size == 0)
		return -1;
	*buf = '\0';
	out_escaped(&o, text, SIZE_MAX);
	return o.full ? -1 : 0;
}

static bool number_ok(double v)
{
	return isfinite(v) && fabs(v) <= NUMBER_MAX;	/* as rounded up, too */
}

static void out_joules(struct out *o, double v)
{
	char text[40];

	snprintf(text, sizeof(text), "%.6f", v);
	out_str(o, strcmp(text, "-0.000000") == 0 ? "0.000000" : text);
}

static int out_parts(struct out *o, const struct ledger_interval *iv,
		     struct err *err)
{
	char text[32];

	if (iv->parts_len > LEDGER_PARTS_MAX)
		return err_set(err, "interval has %u parts, at most %u can be stored; end it earlier",
			       iv->parts_len, LEDGER_PARTS_MAX);
	for (uint32_t i = 0; i < iv->parts_len; i++) {
		const struct ledger_part *p = &iv->parts[i];

		if (!number_ok(p->joules))
			return err_set(err, "part of job %u is not a finite number of joules",
				       p->job_id);
		snprintf(text, sizeof(text), "%s%u.%u:", i ? "," : "",
			 p->job_id, p->restart);
		out_str(o, text);
		out_joules(o, p->joules);
	}
	return 0;
}

static int out_number(struct out *o, const struct ledger_field *f, double v,
		      struct err *err)
{
	char text[40];

	if (!number_ok(v))
		return err_set(err, "%s is not a finite number in range", f->key);
	if (f->type == FIELD_JOULES) {
		out_joules(o, v);
		return 0;
	}
	snprintf(text, sizeof(text), "%.12g", v);
	out_str(o, text);
	return 0;
}

static int out_value(struct out *o, const struct ledger_field *f,
		     const struct ledger_rec *rec, struct err *err)
{
	const void *at = (const char *)rec + f->offset;
	char text[32] = "";

	switch (f->type) {
	case FIELD_U32:
		snprintf(text, sizeof(text), "%u", *(const uint32_t *)at);
		break;
	case FIELD_I32:
		snprintf(text, sizeof(text), "%d", *(const int32_t *)at);
		break;
	case FIELD_NS:
	case FIELD_WALL:
		if (*(const int64_t *)at < 0)
			return err_set(err, "%s is negative", f->key);
		if (*(const int64_t *)at > ns_max(f))
			return err_set(err, "%s is too far in the future",
				       f->key);
		snprintf(text, sizeof(text), "%lld",
			 (long long)*(const int64_t *)at);
		break;
	case FIELD_FLAG:
		snprintf(text, sizeof(text), "%d", *(const bool *)at);
		break;
	case FIELD_TEXT:
		out_escaped(o, at, f->size);
		return 0;
	case FIELD_PARTS:
		return out_parts(o, &rec->interval, err);
	case FIELD_JOULES:
	case FIELD_NUMBER:
	case FIELD_MAYBE:
		return out_number(o, f, *(const double *)at, err);
	}
	out_str(o, text);
	return 0;
}

static bool field_absent(const struct ledger_field *f, const struct ledger_rec *rec)
{
	const char *at = (const char *)rec + f->offset;

	return f->type == FIELD_MAYBE && isnan(*(const double *)(const void *)at);
}

static int out_fields(struct out *o, const struct ledger_rec *rec,
		      struct err *err)
{
	for (const struct ledger_field *f = kinds[rec->kind].fields; f->key; f++) {
		if (field_absent(f, rec))
			continue;
		out_char(o, ' ');
		out_str(o, f->key);
		out_char(o, '=');
		if (out_value(o, f, rec, err) < 0)
			return -1;
	}
	return 0;
}

long ledger_line_encode(const struct ledger_rec *rec, char *buf, size_t size,
			struct err *err)
{
	struct out o = { buf, size, 0, false };
	char head[CRC_CHARS + 8];

	if ((size_t)rec->kind >= KINDS)
		return err_set(err, "record of unknown kind %d", (int)rec->kind);
	snprintf(head, sizeof(head), "%08x %d ", 0, LEDGER_VERSION);
	out_str(&o, head);
	out_str(&o, kinds[rec->kind].name);
	if (out_fields(&o, rec, err) < 0)
		return -1;
	if (o.full || o.len > LEDGER_LINE_MAX)
		return err_set(err, "record is longer than the %zu bytes there are for it",
			       size < LEDGER_LINE_MAX ? size : (size_t)LEDGER_LINE_MAX);
	snprintf(head, sizeof(head), "%08x",
		 text_crc(buf + CRC_CHARS + 1, o.len - CRC_CHARS - 1));
	memcpy(buf, head, CRC_CHARS);
	return (long)o.len;
}

int ledger_format(const struct ledger_rec *rec, char *buf, unsigned long size)
{
	return (int)ledger_line_encode(rec, buf, size, NULL);
}

/* ---- from text ------------------------------------------------------------- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool ledger_line_good(const char *line, size_t len)
{
	uint32_t crc = 0;

	if (len < CRC_CHARS + 2 || len > LEDGER_LINE_MAX ||
	    line[CRC_CHARS] != ' ')
		return false;
	for (int i = 0; i < CRC_CHARS; i++) {
		int digit = hex_digit(line[i]);

		if (digit < 0)
			return false;
		crc = crc << 4 | (uint32_t)digit;
	}
	return crc == text_crc(line + CRC_CHARS + 1, len - CRC_CHARS - 1);
}

/* A piece of the line; values are copied out before they are converted. */
struct piece {
	const char *text;
	size_t len;
};

/* Next piece up to `sep`; false at the end. */
static bool piece_next(struct piece *rest, char sep, struct piece *piece)
{
	const char *end;

	if (!rest->text)
		return false;
	piece->text = rest->text;
	end = memchr(rest->text, sep, rest->len);
	if (!end) {
		piece->len = rest->len;
		rest->text = NULL;
		return true;
	}
	piece->len = (size_t)(end - rest->text);
	rest->len -= piece->len + 1;
	rest->text = end + 1;
	return true;
}

static bool piece_is(struct piece p, const char *text)
{
	return strlen(text) == p.len && memcmp(p.text, text, p.len) == 0;
}

/* Digits with at most one leading '-' only: strtoll takes more than that. */
static int parse_integer(struct piece p, int64_t min, int64_t max, int64_t *out)
{
	char text[24], *end;
	long long v;

	if (p.len == 0 || p.len >= sizeof(text))
		return -1;
	memcpy(text, p.text, p.len);
	text[p.len] = '\0';
	if (strspn(text, "-0123456789") != p.len)
		return -1;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || *end || end == text || v < min || v > max)
		return -1;
	*out = v;
	return 0;
}

static int parse_number(struct piece p, double *out)
{
	char text[48], *end;

	if (p.len == 0 || p.len >= sizeof(text))
		return -1;
	memcpy(text, p.text, p.len);
	text[p.len] = '\0';
	if (strspn(text, "+-.0123456789eE") != p.len)
		return -1;
	*out = strtod(text, &end);
	return *end || end == text || !number_ok(*out) ? -1 : 0;
}

/* Percent-decoding; what does not fit or hides a NUL is refused. */
static int parse_text(struct piece p, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < p.len; i++, n++) {
		int c = (unsigned char)p.text[i];

		if (c <= 0x20 || c >= 0x7f)
			return -1;
		if (c == '%') {
			int hi, lo;

			if (i + 2 >= p.len)
				return -1;
			hi = hex_digit(p.text[i + 1]);
			lo = hex_digit(p.text[i + 2]);
			if (hi < 0 || lo < 0)
				return -1;
			c = hi << 4 | lo;
			i += 2;
		}
		if (c == 0 || n + 1 >= size)
			return -1;
		buf[n] = (char)c;
	}
	buf[n] = '\0';
	return 0;
}

int ledger_unescape(const char *text, char *buf, size_t size)
{
	const struct piece p = { text, strlen(text) };

	return parse_text(p, buf, size);
}

/* JOB.RESTART:JOULES */
static int parse_part(struct piece p, struct ledger_part *part)
{
	struct piece job, restart;
	int64_t v;

	if (!piece_next(&p, '.', &job) || !piece_next(&p, ':', &restart) ||
	    !p.text)
		return -1;
	if (parse_integer(job, 0, UINT32_MAX, &v) < 0)
		return -1;
	part->job_id = (uint32_t)v;
	if (parse_integer(restart, 0, UINT32_MAX, &v) < 0)
		return -1;
	part->restart = (uint32_t)v;
	return parse_number(p, &part->joules);
}

static int parse_parts(struct piece p, struct ledger_interval *iv,
		       struct ledger_part *parts)
{
	struct piece one;
	uint32_t n = 0;

	iv->parts = parts;
	iv->parts_len = 0;
	if (p.len == 0)
		return 0;
	while (piece_next(&p, ',', &one)) {
		if (n == LEDGER_PARTS_MAX || parse_part(one, &parts[n]) < 0)
			return -1;
		n++;
	}
	iv->parts_len = n;
	return 0;
}

static int parse_value(struct piece p, const struct ledger_field *f,
		       struct ledger_rec *rec, struct ledger_part *parts)
{
	void *at = (char *)rec + f->offset;
	int64_t v;

	switch (f->type) {
	case FIELD_U32:
		if (parse_integer(p, 0, UINT32_MAX, &v) < 0)
			return -1;
		*(uint32_t *)at = (uint32_t)v;
		return 0;
	case FIELD_I32:
		if (parse_integer(p, INT32_MIN, INT32_MAX, &v) < 0)
			return -1;
		*(int32_t *)at = (int32_t)v;
		return 0;
	case FIELD_NS:
	case FIELD_WALL:
		return parse_integer(p, 0, ns_max(f), at);
	case FIELD_FLAG:
		if (parse_integer(p, 0, 1, &v) < 0)
			return -1;
		*(bool *)at = v != 0;
		return 0;
	case FIELD_TEXT:
		return parse_text(p, at, f->size);
	case FIELD_PARTS:
		return parse_parts(p, &rec->interval, parts);
	case FIELD_JOULES:
	case FIELD_NUMBER:
	case FIELD_MAYBE:
		return parse_number(p, at);
	}
	return -1;
}

static int field_find(const struct ledger_field *fields, struct piece key)
{
	for (int i = 0; fields[i].key; i++)
		if (piece_is(key, fields[i].key))
			return i;
	return -1;
}

static int parse_fields(struct piece rest, const struct ledger_field *fields,
			struct ledger_rec *rec, struct ledger_part *parts,
			uint64_t *seen, struct err *err)
{
	struct piece pair, key;

	while (piece_next(&rest, ' ', &pair)) {
		int i;

		if (!piece_next(&pair, '=', &key) || !pair.text)
			return err_set(err, "a field has no '='");
		i = field_find(fields, key);
		if (i < 0)
			continue;
		if (*seen & UINT64_C(1) << i)
			return err_set(err, "%s is there twice", fields[i].key);
		*seen |= UINT64_C(1) << i;
		if (parse_value(pair, &fields[i], rec, parts) < 0)
			return err_set(err, "bad value of %s", fields[i].key);
	}
	return 0;
}

static int check_missing(const struct ledger_field *fields, uint64_t seen,
			 struct ledger_rec *rec, struct err *err)
{
	for (int i = 0; fields[i].key; i++) {
		char *at = (char *)rec + fields[i].offset;

		if (seen & UINT64_C(1) << i)
			continue;
		if (fields[i].type != FIELD_MAYBE)
			return err_set(err, "%s is missing", fields[i].key);
		*(double *)(void *)at = NAN;
	}
	return 0;
}

/* meters: of a file that has nothing else; elsewhere there are none. */
static int kind_find(struct piece name, bool meters)
{
	for (size_t i = 0; i < KINDS; i++)
		if (meters == (i == LEDGER_METERS) &&
		    piece_is(name, kinds[i].name))
			return (int)i;
	return -1;
}

static int decode(const char *line, size_t len, bool meters,
		  struct ledger_rec *rec, struct ledger_part *parts,
		  struct err *err)
{
	struct piece rest, version, kind;
	uint64_t seen = 0;
	int64_t v;
	int k;

	if (!ledger_line_good(line, len))
		return err_set(err, "checksum differs");
	rest.text = line + CRC_CHARS + 1;
	rest.len = len - CRC_CHARS - 1;
	if (!piece_next(&rest, ' ', &version) ||
	    parse_integer(version, 0, INT32_MAX, &v) < 0)
		return err_set(err, "has no format version");
	if (v != LEDGER_VERSION)
		return err_set(err, "format version %lld is not known here; read it with a newer wattgate",
			       (long long)v);
	if (!piece_next(&rest, ' ', &kind) ||
	    (k = kind_find(kind, meters)) < 0)
		return err_set(err, "kind of record is not known here");
	memset(rec, 0, sizeof(*rec));
	rec->kind = (enum ledger_kind)k;
	if (parse_fields(rest, kinds[k].fields, rec, parts, &seen, err) < 0)
		return -1;
	return check_missing(kinds[k].fields, seen, rec, err);
}

int ledger_parse(const char *line, size_t len, struct ledger_rec *rec,
		 struct ledger_part *parts, struct err *err)
{
	return decode(line, len, false, rec, parts, err);
}

int ledger_parse_meters(const char *line, size_t len, struct ledger_rec *rec,
			struct err *err)
{
	return decode(line, len, true, rec, NULL, err);
}
