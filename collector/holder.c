/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "holder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct holder *holder_add(struct holder_set *set, const gaterec_t *rec)
{
	struct holder *h;

	if (set->len == set->size) {
		uint32_t size = set->size ? 2 * set->size : 16;
		void *items = realloc(set->items, size * sizeof(*set->items));

		if (!items)
			return NULL;
		set->items = items;
		set->size = size;
	}
	h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->rec = *rec;
	h->is_alloc = !strcmp(rec->step, GATEREC_EXTERN);
	h->share = rec->share;
	h->end_ns = INT64_MAX;
	h->end = "exit";
	gate_start(&h->gate, rec->start_ns);
	set->items[set->len++] = h;
	return h;
}

void holder_remove(struct holder_set *set, uint32_t i)
{
	free(set->items[i]);
	set->items[i] = set->items[--set->len];
}

void holder_set_free(struct holder_set *set)
{
	while (set->len)
		holder_remove(set, set->len - 1);
	free(set->items);
	*set = (struct holder_set){ 0 };
}

static bool same_job(const gaterec_t *a, const gaterec_t *b)
{
	return a->job_id == b->job_id && a->restart == b->restart;
}

struct holder *holder_find(const struct holder_set *set, const gaterec_t *rec)
{
	uint32_t i;

	for (i = 0; i < set->len; i++) {
		const gaterec_t *r = &set->items[i]->rec;

		if (same_job(r, rec) && !strcmp(r->step, rec->step) &&
		    r->stepd_pid == rec->stepd_pid &&
		    r->start_ns == rec->start_ns &&
		    !strcmp(r->boot_id, rec->boot_id))
			return set->items[i];
	}
	return NULL;
}

struct holder *holder_find_name(const struct holder_set *set, const char *name)
{
	uint32_t job_id = (uint32_t)strtoul(name, NULL, 10);
	char own[GATEREC_NAME_MAX];
	uint32_t i;

	for (i = 0; i < set->len; i++)	/* names are made only for the job's */
		if (set->items[i]->rec.job_id == job_id &&
		    !strcmp(name, gaterec_name(&set->items[i]->rec, own,
					       sizeof(own))))
			return set->items[i];
	return NULL;
}

struct holder *holder_alloc_of(const struct holder_set *set,
			       const struct holder *h)
{
	uint32_t i;

	for (i = 0; i < set->len; i++)
		if (set->items[i]->is_alloc &&
		    same_job(&set->items[i]->rec, &h->rec))
			return set->items[i];
	return NULL;
}

bool holder_job_open(const struct holder_set *set, const struct holder *h)
{
	uint32_t i;

	for (i = 0; i < set->len; i++)
		if (set->items[i] != h &&
		    set->items[i]->state == HOLDER_OPEN &&
		    same_job(&set->items[i]->rec, &h->rec))
			return true;
	return false;
}

bool holder_job_known(const struct holder_set *set, uint32_t job_id)
{
	uint32_t i;

	for (i = 0; i < set->len; i++)
		if (set->items[i]->rec.job_id == job_id &&
		    set->items[i]->state != HOLDER_DONE)
			return true;
	return false;
}

bool holder_holds(const struct holder *h, int64_t t_ns)
{
	return h->state != HOLDER_DONE && h->rec.start_ns <= t_ns &&
	       t_ns < h->end_ns;
}

bool holder_suspended(const struct holder *h, int64_t t_ns)
{
	int i;

	for (i = 0; i < h->susp_len; i++)
		if (h->susp[i].from_ns <= t_ns && t_ns < h->susp[i].to_ns)
			return true;
	return false;
}

static bool suspended_now(const struct holder *h)
{
	return h->susp_len && h->susp[h->susp_len - 1].to_ns == INT64_MAX;
}

void holder_suspend(struct holder *h, int64_t t_ns)
{
	if (suspended_now(h))
		return;
	if (h->susp_len == HOLDER_SUSPENSIONS) {
		/* unsettled for so many changes: join the two oldest */
		h->susp[0].to_ns = h->susp[1].to_ns;
		memmove(&h->susp[1], &h->susp[2],
			(HOLDER_SUSPENSIONS - 2) * sizeof(h->susp[0]));
		h->susp_len--;
	}
	h->susp[h->susp_len++] = (struct suspension){ t_ns, INT64_MAX };
}

void holder_resume(struct holder *h, int64_t t_ns)
{
	if (suspended_now(h))
		h->susp[h->susp_len - 1].to_ns = t_ns;
}

void holder_forget_suspensions(struct holder *h, int64_t t_ns)
{
	while (h->susp_len && h->susp[0].to_ns <= t_ns) {
		h->susp_len--;
		memmove(&h->susp[0], &h->susp[1],
			(size_t)h->susp_len * sizeof(h->susp[0]));
	}
}
