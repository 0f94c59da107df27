/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

static void refuse(struct lines *l, const char *why)
{
	if (!l->refused++)
		err_set(&l->why, "%s", why);
}

static int parts_copy(struct ledger_rec *rec)
{
	size_t size = rec->interval.parts_len * sizeof(*rec->interval.parts);
	struct ledger_part *copy = size ? malloc(size) : NULL;

	if (size && !copy)
		return -1;
	if (size)
		memcpy(copy, rec->interval.parts, size);
	rec->interval.parts = copy;
	return 0;
}

static int rec_add(struct lines *l, uint32_t *room, struct ledger_rec *rec)
{
	if (l->count == *room) {
		uint32_t more = *room ? 2 * *room : 32;
		void *recs = realloc(l->recs, more * sizeof(*l->recs));

		if (!recs)
			return -1;
		l->recs = recs;
		*room = more;
	}
	if (rec->kind == LEDGER_INTERVAL && parts_copy(rec) < 0)
		return -1;
	l->recs[l->count++] = *rec;
	return 0;
}

static const char *rec_node(const struct ledger_rec *rec)
{
	return rec->kind == LEDGER_INTERVAL ? rec->interval.node
					    : rec->alloc.node;
}

static int line_take(struct lines *l, uint32_t *room, const char *node,
		     const char *line, size_t len, struct ledger_part *parts)
{
	struct ledger_rec rec;
	struct err err;

	if (ledger_parse(line, len, &rec, parts, &err) < 0) {
		refuse(l, err.text);
		return 0;
	}
	if (strcmp(rec_node(&rec), node) != 0) {
		refuse(l, "it is another node's record");
		return 0;
	}
	if (store_record_check(&rec, node, &err) < 0) {
		refuse(l, err.text);
		return 0;
	}
	return rec_add(l, room, &rec);
}

int lines_parse(struct lines *l, const char *node, const char *text,
		size_t size)
{
	struct ledger_part *parts = malloc(LEDGER_PARTS_MAX * sizeof(*parts));
	const char *end = text + size, *stop;
	uint32_t room = 0;
	int rc = parts ? 0 : -1;

	memset(l, 0, sizeof(*l));
	for (; rc == 0 && text < end; text = stop + 1) {
		stop = memchr(text, '\n', (size_t)(end - text));
		if (!stop) {
			refuse(l, "it has no end");
			break;
		}
		rc = line_take(l, &room, node, text, (size_t)(stop - text),
			       parts);
	}
	free(parts);
	if (rc < 0)
		lines_free(l);
	return rc;
}

void lines_free(struct lines *l)
{
	for (uint32_t i = 0; i < l->count; i++)
		if (l->recs[i].kind == LEDGER_INTERVAL)
			free(l->recs[i].interval.parts);
	free(l->recs);
	l->recs = NULL;
	l->count = 0;
}
