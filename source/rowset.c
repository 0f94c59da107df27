/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rowset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void rowset_reset(struct rowset *r)
{
	r->n = 0;
	r->unmeasured = 0;
	r->newest_ns = 0;
	r->dark_ns = 0;
	r->dark.text[0] = '\0';
}

void rowset_free(struct rowset *r)
{
	if (!r)
		return;
	free(r->at);
	memset(r, 0, sizeof(*r));
}

static int rowset_grow(struct rowset *r, struct err *err)
{
	unsigned room = r->room ? r->room * 2 : 64;
	struct row *at = realloc(r->at, room * sizeof(*at));

	if (!at)
		return err_set(err, "out of memory");
	r->at = at;
	r->room = room;
	return 0;
}

int rowset_add(struct rowset *r, int64_t wall_ns, double watts, struct err *err)
{
	if (r->n >= ROWS_MAX)
		return err_set(err, "the answer has more than %d rows",
			       ROWS_MAX);
	if (r->n == r->room && rowset_grow(r, err) < 0)
		return -1;
	r->at[r->n++] = (struct row){ wall_ns, watts };
	return 0;
}

int rowset_add_dark(struct rowset *r, int64_t wall_ns, const struct err *why,
		  struct err *err)
{
	if (wall_ns >= r->dark_ns) {
		r->dark_ns = wall_ns;
		r->dark = *why;
	}
	return rowset_add(r, wall_ns, NAN, err);
}

static int row_compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->wall_ns > y->wall_ns) - (x->wall_ns < y->wall_ns);
}

static unsigned rowset_clip(struct row *at, unsigned n, int64_t from_ns,
			  int64_t to_ns)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (at[i].wall_ns >= from_ns && at[i].wall_ns <= to_ns)
			at[kept++] = at[i];
	return kept;
}

/* The rows of the instant of at[0]: how many, and whether they are a sample. */
static unsigned instant_read(const struct row *at, unsigned n, bool *power)
{
	unsigned i = 0;

	*power = true;
	for (; i < n && at[i].wall_ns == at[0].wall_ns; i++)
		*power = *power && at[i].watts == at[0].watts;
	return i;
}

void rowset_settle(struct rowset *r, int64_t from_ns, int64_t to_ns)
{
	unsigned kept = 0, same;
	bool power;

	r->n = rowset_clip(r->at, r->n, from_ns, to_ns);
	if (r->dark_ns < from_ns || r->dark_ns > to_ns)
		r->dark_ns = 0;
	if (r->n == 0)
		return;
	qsort(r->at, r->n, sizeof(*r->at), row_compare);
	r->newest_ns = r->at[r->n - 1].wall_ns;
	for (unsigned i = 0; i < r->n; i += same) {
		same = instant_read(r->at + i, r->n - i, &power);
		if (power) {
			r->at[kept++] = r->at[i];
			continue;
		}
		r->unmeasured++;
		if (same > 1 && r->at[i].wall_ns >= r->dark_ns) {
			r->dark_ns = r->at[i].wall_ns;
			err_set(&r->dark, "there are %u rows of the same instant that differ",
				same);
		}
	}
	r->n = kept;
}
