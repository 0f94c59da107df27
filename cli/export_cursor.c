/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/export_cursor.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"
#include "lib/seal.h"
#include "lib/word.h"

#define LINE_MAX_BYTES 16384
#define TIME_MAX INT64_C(9000000000)	/* in the year 2255 */
#define JOULES_MAX 1e18

void cursor_clear(struct cursor *c)
{
	free(c->jobs);
	free(c->opens);
	free(c->slots);
	totals_clear(&c->totals);
	memset(c, 0, sizeof(*c));
}

/* ---- jobs by name ---------------------------------------------------------- */

static size_t hash_of(int64_t id, int64_t submit_s)
{
	uint64_t h = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) ^
		     (uint64_t)submit_s;

	h = (h ^ (h >> 29)) * UINT64_C(0xbf58476d1ce4e5b9);
	return (size_t)(h ^ (h >> 32));
}

static uint32_t *slot_of(const struct cursor *c, int64_t id, int64_t submit_s)
{
	size_t at = hash_of(id, submit_s) & (c->slots_len - 1);

	for (;; at = (at + 1) & (c->slots_len - 1)) {
		const uint32_t i = c->slots[at];

		if (i == 0 || (c->jobs[i - 1].id == id &&
			       c->jobs[i - 1].submit_s == submit_s))
			return &c->slots[at];
	}
}

static void index_again(struct cursor *c, size_t len)
{
	free(c->slots);
	c->slots_len = len;
	c->slots = mem_zeroed(len, sizeof(*c->slots));
	for (size_t i = 0; i < c->jobs_len; i++)
		*slot_of(c, c->jobs[i].id, c->jobs[i].submit_s) =
			(uint32_t)i + 1;
}

struct cursor_job *cursor_find(struct cursor *c, int64_t id, int64_t submit_s)
{
	const uint32_t i = c->slots_len ? *slot_of(c, id, submit_s) : 0;

	return i ? &c->jobs[i - 1] : NULL;
}

struct cursor_job *cursor_add(struct cursor *c, int64_t id, int64_t submit_s)
{
	if (2 * (c->jobs_len + 1) > c->slots_len)
		index_again(c, c->slots_len ? 2 * c->slots_len : 64);
	c->jobs = mem_grow(c->jobs, c->jobs_len, &c->jobs_room,
			   sizeof(*c->jobs));
	c->jobs[c->jobs_len] = (struct cursor_job){ .id = id,
						    .submit_s = submit_s };
	*slot_of(c, id, submit_s) = (uint32_t)++c->jobs_len;
	return &c->jobs[c->jobs_len - 1];
}

void cursor_forget(struct cursor *c, int64_t since_s)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->jobs_len; i++)
		if (c->jobs[i].end_s >= c->low_s ||
		    c->jobs[i].since_s >= since_s)
			c->jobs[kept++] = c->jobs[i];
	c->jobs_len = kept;
	if (c->slots_len)
		index_again(c, c->slots_len);
}

static int compare_opens(const void *a, const void *b)
{
	const struct cursor_open *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->submit_s < y->submit_s ? -1 : x->submit_s > y->submit_s;
}

struct cursor_open *cursor_find_open(struct cursor *c, int64_t id,
				     int64_t submit_s)
{
	const struct cursor_open key = { .id = id, .submit_s = submit_s };

	return c->opens_read ? bsearch(&key, c->opens, c->opens_read,
				       sizeof(key), compare_opens) : NULL;
}

struct cursor_open *cursor_add_open(struct cursor *c, int64_t id,
				    int64_t submit_s, int64_t start_s)
{
	c->opens = mem_grow(c->opens, c->opens_len, &c->opens_room,
			    sizeof(*c->opens));
	c->opens[c->opens_len] = (struct cursor_open){ id, submit_s, start_s,
						       0, false };
	return &c->opens[c->opens_len++];
}

/* ---- writing --------------------------------------------------------------- */

static void print_number(FILE *f, double v)
{
	if (isfinite(v))
		fprintf(f, " %.17g", v);
	else
		fputs(" -", f);
}

static void print_word(FILE *f, const char *key, const char *text)
{
	fprintf(f, "%s=", key);
	word_print(f, text);
	putc('\n', f);
}

static void print_body(FILE *f, const struct cursor *c)
{
	print_word(f, "scheduler", c->scheduler);
	print_word(f, "cluster", c->cluster);
	fprintf(f, "floor=%" PRId64 "\nlow=%" PRId64 "\nnewest=%" PRId64
		"\nbatches=%" PRIu64 "\nrows=%" PRIu64 "\n", c->floor_s,
		c->low_s, c->newest_s, c->batches, c->rows);
	print_word(f, "file", c->file);
	for (size_t i = 0; i < c->jobs_len; i++) {
		const struct cursor_job *j = &c->jobs[i];

		fprintf(f, "job %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu32
			" %d %" PRId64, j->id, j->submit_s, j->end_s,
			j->revision, j->settled, j->since_s);
		print_number(f, j->joules);
		print_number(f, j->coverage);
		putc('\n', f);
	}
	for (size_t i = 0; i < c->opens_len; i++)
		fprintf(f, "open %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu32
			"\n", c->opens[i].id, c->opens[i].submit_s,
			c->opens[i].start_s, c->opens[i].missed);
	totals_print(f, &c->totals);
	fputs("end\n", f);
}

int cursor_write(const struct cursor *c, const char *path, struct err *err)
{
	char *body = NULL;
	size_t size;
	FILE *f = open_memstream(&body, &size);
	int rc;

	if (!f)
		mem_failed();
	print_body(f, c);
	if (fclose(f) != 0)
		mem_failed();
	rc = seal_write(path, CURSOR_KIND, CURSOR_VERSION, body, 0600, err);
	free(body);
	return rc;
}

/* ---- reading --------------------------------------------------------------- */

/* The next word as a whole number in [0, max]. */
static int take_whole(char **at, int64_t max, int64_t *out)
{
	char *word = strsep(at, " "), *end;

	if (!word || *word < '0' || *word > '9')
		return -1;
	errno = 0;
	*out = strtoll(word, &end, 10);
	return errno || *end || *out > max ? -1 : 0;
}

/* "-" is NaN. */
static int take_number(char **at, double max, double *out)
{
	char *word = strsep(at, " "), *end;

	*out = NAN;
	if (word && strcmp(word, "-") == 0)
		return 0;
	if (!word || *word < '0' || *word > '9')
		return -1;
	*out = strtod(word, &end);
	return *end || !(*out <= max) ? -1 : 0;
}

static int take_job(struct cursor *c, char *at)
{
	struct cursor_job j = { .id = 0 }, *to;
	int64_t revision, settled;

	if (take_whole(&at, INT64_MAX, &j.id) < 0 ||
	    take_whole(&at, TIME_MAX, &j.submit_s) < 0 ||
	    take_whole(&at, TIME_MAX, &j.end_s) < 0 ||
	    take_whole(&at, UINT32_MAX, &revision) < 0 ||
	    take_whole(&at, 1, &settled) < 0 ||
	    take_whole(&at, TIME_MAX, &j.since_s) < 0 ||
	    take_number(&at, JOULES_MAX, &j.joules) < 0 ||
	    take_number(&at, 1, &j.coverage) < 0 || at ||
	    cursor_find(c, j.id, j.submit_s))
		return -1;
	j.revision = (uint32_t)revision;
	j.settled = settled;
	to = cursor_add(c, j.id, j.submit_s);
	*to = j;
	return 0;
}

static int take_open(struct cursor *c, char *at)
{
	int64_t id, submit_s, start_s, missed;

	if (take_whole(&at, INT64_MAX, &id) < 0 ||
	    take_whole(&at, TIME_MAX, &submit_s) < 0 ||
	    take_whole(&at, TIME_MAX, &start_s) < 0 ||
	    take_whole(&at, UINT32_MAX, &missed) < 0 || at)
		return -1;
	cursor_add_open(c, id, submit_s, start_s)->missed = (uint32_t)missed;
	return 0;
}

static int take_text(char *value, char *to, size_t size)
{
	if (word_read(value) < 0 || strlen(value) >= size)
		return -1;
	strcpy(to, value);
	return 0;
}

/* value: behind '='. */
static int take_key(struct cursor *c, const char *key, char *value)
{
	const struct {
		const char *name;
		int64_t *to;
		int64_t max;
	} numbers[] = {
		{ "floor", &c->floor_s, TIME_MAX },
		{ "low", &c->low_s, TIME_MAX },
		{ "newest", &c->newest_s, TIME_MAX },
		{ "batches", (int64_t *)&c->batches, INT64_MAX },
		{ "rows", (int64_t *)&c->rows, INT64_MAX },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(key, numbers[i].name) == 0)
			return take_whole(&value, numbers[i].max,
					  numbers[i].to) < 0 || value ? -1 : 0;
	if (strcmp(key, "scheduler") == 0)
		return take_text(value, c->scheduler, sizeof(c->scheduler));
	if (strcmp(key, "cluster") == 0)
		return take_text(value, c->cluster, sizeof(c->cluster));
	return strcmp(key, "file") == 0 ?
	       take_text(value, c->file, sizeof(c->file)) : -1;
}

static int take_line(struct cursor *c, char *line)
{
	struct err err;
	char *value;

	if (strncmp(line, "job ", 4) == 0)
		return take_job(c, line + 4);
	if (strncmp(line, "open ", 5) == 0)
		return take_open(c, line + 5);
	if (strncmp(line, "account ", 8) == 0)
		return totals_parse_line(&c->totals, line, &err);
	value = strchr(line, '=');
	if (!value)
		return -1;
	*value = '\0';
	return take_key(c, line, value + 1);
}

static int parse_end(struct cursor *c, const char *rest, struct err *err)
{
	if (*rest)
		return err_set(err, "there is something behind its end");
	c->opens_read = c->opens_len;
	if (c->opens_len)
		qsort(c->opens, c->opens_len, sizeof(*c->opens),
		      compare_opens);
	return 0;
}

int cursor_parse(struct cursor *c, const char *body, struct err *err)
{
	char line[LINE_MAX_BYTES];
	unsigned number = 2;	/* behind the head */

	for (const char *next; *body; body = next, number++) {
		const char *end = strchr(body, '\n');
		const size_t len = end ? (size_t)(end - body) : 0;

		if (!end || len >= sizeof(line))
			return err_set(err, "line %u is damaged", number);
		next = end + 1;
		memcpy(line, body, len);
		line[len] = '\0';
		if (strcmp(line, "end") == 0)
			return parse_end(c, next, err);
		if (take_line(c, line) < 0)
			return err_set(err, "line %u is damaged", number);
	}
	return err_set(err, "its end is missing");
}

int cursor_read(struct cursor *c, const char *path, struct err *err)
{
	const char *body;
	struct err why;
	char *text;
	int rc;

	memset(c, 0, sizeof(*c));
	text = seal_read(path, CURSOR_KIND, CURSOR_VERSION, CURSOR_FILE_MAX,
			 &body, err);
	if (!text)
		return errno == ENOENT ? 0 : -1;
	rc = cursor_parse(c, body, &why);
	free(text);
	if (rc == 0)
		return 1;
	cursor_clear(c);
	return err_set(err, "%s: %s", path, why.text);
}
