/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "answer.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/conf.h"
#include "source/json_doc.h"

#define SAMPLE_TEXT_MAX 128	/* of one sample */

_Static_assert(ANSWER_SAMPLES_MAX * SAMPLE_TEXT_MAX + 2048 <= ANSWER_SIZE,
	       "an answer has no room for its samples");

/* ---- the question ---- */

int answer_query_parse(struct answer_query *q, const char *boot,
		       const char *after, const char *boot_id)
{
	char *end;

	*q = (struct answer_query){ .from = false };
	if (!boot || !after)
		return boot || after ? -1 : 0;
	errno = 0;
	q->after_ns = strtoll(after, &end, 10);
	if (errno || *end || *after < '0' || *after > '9')
		return -1;
	q->from = true;
	if (strcmp(boot, boot_id) != 0)
		q->after_ns = -1;
	return 0;
}

/* ---- the file ---- */

void answer_node_init(struct answer_node *n, char *name)
{
	n->name = name;
	n->reader.fd = -1;
}

void answer_node_close(struct answer_node *n)
{
	series_reader_close(&n->reader);
}

static int node_open(struct answer_node *n, struct err *why)
{
	char path[PATH_MAX];

	if (conf_run_path(path, sizeof(path), n->name, "series") < 0)
		return err_set(why, "the path of its series is too long");
	if (series_reader_open(&n->reader, path, why) < 0)
		return -1;
	n->count = 0;
	n->first_ns = -1;
	if (json_escape(n->reader.params.source, n->source,
			sizeof(n->source)) < 0)
		n->source[0] = '\0';
	return 0;
}

/* Is the open file still the one at its path? */
static bool node_fresh(const struct answer_node *n, struct series_head *head)
{
	struct stat st;

	if (n->reader.fd < 0 || series_reader_head(&n->reader, head) < 0 ||
	    head->flags & SERIES_REPLACED)
		return false;
	/* one that goes on is the one that is written */
	return head->count != n->count ||
	       (fstat(n->reader.fd, &st) == 0 && st.st_nlink);
}

/* The oldest sample: the same as long as the ring is not full. */
static int64_t first_get(struct answer_node *n, const struct series_head *head)
{
	if (n->first_ns < 0 ||
	    (head->count != n->count && head->count > n->reader.capacity))
		n->first_ns = series_reader_first_ns(&n->reader, head);
	n->count = head->count;
	return n->first_ns;
}

static int head_read(struct answer_node *n, struct series_head *head,
		     const char *boot_id, struct err *why)
{
	if (node_fresh(n, head))
		return 0;
	series_reader_close(&n->reader);
	if (node_open(n, why) < 0)
		return -1;
	if (strcmp(n->reader.params.boot_id, boot_id) == 0 &&
	    series_reader_head(&n->reader, head) == 0)
		return 0;
	series_reader_close(&n->reader);
	return err_set(why, "the series of %s is an earlier boot's, or cannot be read",
		       n->name);
}

/* ---- the text ---- */

static int sample_format(const struct series_sample *s, bool first, char *buf)
{
	return snprintf(buf, SAMPLE_TEXT_MAX, "%s[%" PRId64 ",%.17g,%.17g,%"
			PRId64 ",%u]", first ? "" : ",", s->boot_ns, s->watts,
			s->cum_j, s->cum_covered_ns, s->flags);
}

static unsigned samples_get(const struct answer_node *n,
			    const struct series_head *head,
			    const struct answer_query *q,
			    struct series_sample *samples, bool *more)
{
	*more = false;
	if (q->from)
		return series_reader_after(&n->reader, head, q->after_ns,
					   samples, ANSWER_SAMPLES_MAX, more);
	if (head->count)
		samples[0] = head->last;
	return head->count ? 1 : 0;
}

static int begin_format(struct answer_node *n,
			const struct series_head *head, const timesource_t *ts,
			char *buf)
{
	const struct series_params *p = &n->reader.params;
	int len = snprintf(buf, 1024, "{\"version\":1,\"node\":\"%s\",\"boot_id\":\"%s\",\"now_ns\":%"
			   PRId64 ",\"source\":\"%s\",\"period_ns\":%" PRId64
			   ",", n->name, p->boot_id, timesource_boot_ns(ts),
			   n->source, p->period_ns);
	int64_t first_ns = first_get(n, head);

	if (first_ns >= 0)
		len += snprintf(buf + len, 64, "\"first_ns\":%" PRId64 ",",
				first_ns);
	return len + sprintf(buf + len, "\"samples\":[");
}

long answer_series(struct answer_node *n, const struct answer_query *q,
		   const timesource_t *ts, const char *boot_id,
		   struct answer_room *room, struct err *why)
{
	struct series_head head;
	char *text = room->text;
	unsigned count;
	bool more;
	long len;

	if (head_read(n, &head, boot_id, why) < 0)
		return -1;
	count = samples_get(n, &head, q, room->samples, &more);
	len = begin_format(n, &head, ts, text);
	for (unsigned i = 0; i < count; i++)
		len += sample_format(&room->samples[i], i == 0, text + len);
	return len + sprintf(text + len, "],\"more\":%s}",
			     more ? "true" : "false");
}
