/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/intervals.h"

#include <stdlib.h>
#include <string.h>

#include "cli/contest.h"
#include "cli/mem.h"
#include "lib/clock.h"
#include "lib/ledger_wall.h"

#define HOUR_NS (3600 * NS_PER_S)

struct interval_list {
	struct ledger_interval *list;
	size_t len, room;
};

struct visit {
	const struct intervals_query *query;
	struct interval_list open;	/* seen in NODE.open */
	struct interval_list all;	/* around the window */
	int64_t newest_ns;
};

/* ---- lists ----------------------------------------------------------------- */

/* Parts belong to the list: their reader takes them back. */
static void list_add(struct interval_list *l, const struct ledger_interval *iv,
		     bool parts)
{
	const size_t size = iv->parts_len * sizeof(*iv->parts);
	struct ledger_interval *kept;

	l->list = mem_grow(l->list, l->len, &l->room, sizeof(*l->list));
	kept = &l->list[l->len++];
	*kept = *iv;
	kept->parts = NULL;
	if (!parts || iv->parts_len == 0)
		return;
	kept->parts = mem_zeroed(iv->parts_len, sizeof(*iv->parts));
	memcpy(kept->parts, iv->parts, size);
}

static void list_drop(struct interval_list *l, size_t i)
{
	free(l->list[i].parts);
	l->list[i] = l->list[--l->len];
}

static void list_clear(struct interval_list *l)
{
	for (size_t i = 0; i < l->len; i++)
		free(l->list[i].parts);
	free(l->list);
}

/* ---- reading --------------------------------------------------------------- */

/* Intervals in the hours of the window; what else there is does not matter. */
static void keep_interval(struct visit *v, const struct ledger_interval *iv)
{
	const struct intervals_query *q = v->query;

	if (wall_end(iv) > v->newest_ns)
		v->newest_ns = wall_end(iv);
	if (wall_end(iv) >= q->from_ns - HOUR_NS &&
	    wall_start(iv) <= ns_add(q->to_ns, HOUR_NS))
		list_add(&v->all, iv, q->parts);
}

static void take_open(const struct ledger_rec *rec, void *arg)
{
	struct visit *v = arg;

	if (rec->kind == LEDGER_INTERVAL)
		list_add(&v->open, &rec->interval, v->query->parts);
}

/* What was open is closed now: it counts once. */
static void drop_open(struct visit *v, const struct ledger_interval *closed)
{
	for (size_t i = v->open.len; i-- > 0; ) {
		const struct ledger_interval *open = &v->open.list[i];

		if (strcmp(open->boot_id, closed->boot_id) == 0 &&
		    open->start_ns < closed->end_ns &&
		    closed->start_ns < open->end_ns)
			list_drop(&v->open, i);
	}
}

static void take_closed(const struct ledger_rec *rec, void *arg)
{
	if (rec->kind != LEDGER_INTERVAL)
		return;
	drop_open(arg, &rec->interval);
	keep_interval(arg, &rec->interval);
}

static void take_past(const struct ledger_rec *rec, void *arg)
{
	if (rec->kind == LEDGER_INTERVAL)
		keep_interval(arg, &rec->interval);
}

static void note_damage(const char *text, void *arg)
{
	const struct visit *v = arg;

	if (v->query->note)
		v->query->note(text);
}

static int read_all(struct visit *v, const struct ledgers *from,
		    const char *node, struct err *err)
{
	const struct ledger_visitor open = { take_open, note_damage, v };
	const struct ledger_visitor closed = { take_closed, note_damage, v };
	const struct ledger_visitor past = { take_past, note_damage, v };
	int64_t newest_ns;

	if (ledgers_visit(from, node, LEDGER_FILE_OPEN, &open, err) < 0 ||
	    ledgers_visit(from, node, LEDGER_FILE_CLOSED, &closed, err) < 0 ||
	    ledgers_visit(from, node, LEDGER_FILE_PAST, &past, err) < 0 ||
	    ledgers_newest(from, node, &newest_ns, err) < 0)
		return -1;
	for (size_t i = 0; i < v->open.len; i++)
		keep_interval(v, &v->open.list[i]);
	if (newest_ns > v->newest_ns)
		v->newest_ns = newest_ns;
	return 0;
}

/* Each hour once, by whoever measured more of it. */
static void visit_all(const struct visit *v, interval_fn *each, void *arg)
{
	const size_t len = v->all.len;
	const struct ledger_interval **list = mem_zeroed(len, sizeof(*list));
	bool *beaten = mem_zeroed(len, sizeof(*beaten));

	for (size_t i = 0; i < len; i++)
		list[i] = &v->all.list[i];
	intervals_contest(list, len, beaten);
	for (size_t i = 0; i < len; i++)
		if (!beaten[i])
			each(list[i], arg);
	free(list);
	free(beaten);
}

int intervals_visit(const struct ledgers *from, const char *node,
		    const struct intervals_query *query, interval_fn *each,
		    void *arg, int64_t *newest_ns, struct err *err)
{
	struct visit v = { .query = query, .newest_ns = INT64_MIN };
	int rc = read_all(&v, from, node, err);

	if (rc == 0)
		visit_all(&v, each, arg);
	*newest_ns = v.newest_ns;
	list_clear(&v.open);
	list_clear(&v.all);
	return rc;
}

/* ---- time ------------------------------------------------------------------ */

struct clip interval_clip(const struct ledger_interval *iv, int64_t from_ns,
			  int64_t to_ns)
{
	const int64_t start = wall_start(iv), end = wall_end(iv);
	struct clip c = { start > from_ns ? start : from_ns,
			  end < to_ns ? end : to_ns, 0 };

	if (c.to_ns > c.from_ns)
		c.part = (double)(c.to_ns - c.from_ns) / (double)(end - start);
	return c;
}

/* With the whole of the hours at its ends, which are compared as such. */
void intervals_window(struct ledgers *from, int64_t from_ns, int64_t to_ns)
{
	const int64_t more_ns = 2 * HOUR_NS;

	from->windowed = true;
	from->window.from_ns = from_ns < INT64_MIN + more_ns ?
			       INT64_MIN : from_ns - more_ns;
	from->window.to_ns = to_ns < 0 ? more_ns : ns_add(to_ns, more_ns);
}
