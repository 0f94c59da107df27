/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "holds.h"

#include <stdlib.h>

static struct hold *hold_new(struct holds *h)
{
	if (h->count == h->room) {
		uint32_t room = h->room ? 2 * h->room : 16;
		struct hold *grown = realloc(h->items, room * sizeof(*grown));

		if (!grown)
			return NULL;
		h->items = grown;
		h->room = room;
	}
	h->items[h->count] = (struct hold){ 0 };
	return &h->items[h->count++];
}

/* Numbers of the host's rows; *count: of those that it has. */
static uint32_t *rows_of(const host_t *host, const int64_t *ids,
			 uint32_t *count, bool *stale)
{
	uint32_t *rows = malloc((*count + 1) * sizeof(*rows)), kept = 0;

	for (uint32_t i = 0; rows && i < *count; i++) {
		int64_t row = host_row(host, ids[i]);

		if (row < 0)
			*stale = true;
		else
			rows[kept++] = (uint32_t)row;
	}
	*count = kept;
	return rows;
}

int holds_add(struct holds *h, host_t *host, const struct pg_job *job,
	      const int64_t *ids, uint32_t count, bool *stale, struct err *err)
{
	struct hold *hold = hold_new(h);

	if (!hold)
		return err_set(err, "out of memory for job %lld",
			       (long long)job->id);
	hold->rows = rows_of(host, ids, &count, stale);
	if (!hold->rows)
		return err_set(err, "out of memory for job %lld",
			       (long long)job->id);
	hold->claim = (struct claim){
		.what = { .job_id = job->id, .inner_of = job->inner_of,
			  .rows = hold->rows, .row_count = count },
		.from_s = job->from_s, .to_s = job->to_s,
		.pauses = job->pauses, .pause_count = job->pause_count,
	};
	hold->holding = host_holding(host, &hold->claim.what);
	return 0;
}

static int compare_job(const void *a, const void *b)
{
	const struct hold *x = a, *y = b;

	return x->claim.what.job_id < y->claim.what.job_id ? -1 :
	       x->claim.what.job_id > y->claim.what.job_id;
}

void holds_sort(struct holds *h)
{
	if (h->count)
		qsort(h->items, h->count, sizeof(*h->items), compare_job);
}

struct hold *holds_find(const struct holds *h, int64_t job_id)
{
	const struct hold key = { .claim.what.job_id = job_id };

	return h->count ? bsearch(&key, h->items, h->count, sizeof(key),
				  compare_job) : NULL;
}

void holds_free(struct holds *h)
{
	for (uint32_t i = 0; i < h->count; i++)
		free(h->items[i].rows);
	free(h->items);
	*h = (struct holds){ 0 };
}

int holds_settle(struct holds *h, host_t *host, const series_t *series,
		 int64_t from_s, int64_t to_s, struct node_sums *sums,
		 struct err *err)
{
	struct claim *claims = calloc((size_t)h->count + 1, sizeof(*claims));
	int rc;

	if (!claims)
		return err_set(err, "out of memory for %u jobs", h->count);
	for (uint32_t i = 0; i < h->count; i++)
		claims[i] = h->items[i].claim;
	rc = settle_window(host, series, from_s, to_s, claims, h->count, sums,
			   err);
	for (uint32_t i = 0; i < h->count; i++)
		h->items[i].claim = claims[i];
	free(claims);
	return rc;
}
