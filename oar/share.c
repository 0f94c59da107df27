/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "share.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct row {
	int64_t id;
	uint32_t gpu;		/* number below gpu_count; NONE */
	double cores;		/* physical cores that it is */
};

/* A claim on a row, and what it gets of it. */
struct entry {
	uint32_t claim;
	double part;		/* 0..1 */
};

struct owner {
	int64_t job_id;
	uint32_t claim;
};

struct host {
	hardware_t hw;
	enum share_mode mode;
	bool gpus_by_cores;	/* configured, but no resource of OAR's */
	uint32_t row_count;
	uint32_t gpu_count;
	struct row *rows;	/* by id */

	/* while dividing: */
	size_t *first;		/* of each row's entries; one more at the end */
	double *gpu_held;	/* rows of each GPU */
	struct entry *entries;
	size_t entries_room;
	struct owner *owners;	/* of each claim ... */
	uint32_t *container;
	uint32_t *outdone;	/* the last row that an inner job of it has too */
	uint32_t owners_room;
};

/* ---- rows -------------------------------------------------------------------- */

static bool has_value(const char *text)
{
	return text && *text && *text != '-';
}

static int compare_id(const void *a, const void *b)
{
	const struct resource *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/* One value among those of all rows; rows without one come last. */
struct value {
	const char *text;
	uint32_t row;
};

static int compare_value(const void *a, const void *b)
{
	const struct value *x = a, *y = b;
	int order;

	if (!x->text || !y->text)
		order = !x->text - !y->text;
	else
		order = strcmp(x->text, y->text);
	return order ? order : x->row < y->row ? -1 : 1;
}

static bool same_value(const struct value *a, const struct value *b)
{
	return a->text && b->text && strcmp(a->text, b->text) == 0;
}

/* The end of the run of equal values that begins at i. */
static uint32_t run_end(const struct value *values, uint32_t count, uint32_t i)
{
	uint32_t end = i + 1;

	while (end < count && same_value(&values[i], &values[end]))
		end++;
	return end;
}

/* Distinct cores, and each row's part of its own (in cores of OAR's). */
static uint32_t cores_number(struct host *h, struct value *values)
{
	uint32_t cores = 0, i, end;

	qsort(values, h->row_count, sizeof(*values), compare_value);
	for (i = 0; i < h->row_count; i = end, cores++) {
		end = run_end(values, h->row_count, i);
		for (uint32_t k = i; k < end; k++)
			h->rows[values[k].row].cores = 1.0 / (end - i);
	}
	return cores;
}

static void gpus_number(struct host *h, struct value *values)
{
	uint32_t i, end;

	qsort(values, h->row_count, sizeof(*values), compare_value);
	for (i = 0; i < h->row_count && values[i].text; i = end) {
		end = run_end(values, h->row_count, i);
		for (uint32_t k = i; k < end; k++)
			h->rows[values[k].row].gpu = h->gpu_count;
		h->gpu_count++;
	}
}

static double first_of(double configured, double usual)
{
	return configured > 0 ? configured : usual;
}

static void hardware_set(struct host *h, uint32_t cores,
			 const hardware_t *configured)
{
	const double per_core = first_of(configured->cores, cores) / cores;

	h->hw = *configured;
	h->hw.cores = cores * per_core;
	h->gpus_by_cores = h->gpu_count == 0 && configured->gpus > 0;
	if (!h->gpus_by_cores)
		h->hw.gpus = h->gpu_count;
	h->hw.core_w = first_of(configured->core_w, SHARE_DEFAULT_CORE_W);
	h->hw.gpu_w = first_of(configured->gpu_w, SHARE_DEFAULT_GPU_W);
	h->hw.mem_w_per_gb = first_of(configured->mem_w_per_gb,
				      SHARE_DEFAULT_MEM_W_PER_GB);
	h->hw.mem_consumable = false;
	if (!h->hw.threads_per_core)
		h->hw.threads_per_core = 1;
	for (uint32_t i = 0; i < h->row_count; i++)
		h->rows[i].cores *= per_core;
}

static int rows_set(struct host *h, const struct resource *from,
		    const hardware_t *configured)
{
	struct resource *sorted = malloc(h->row_count * sizeof(*sorted));
	struct value *values = malloc(h->row_count * sizeof(*values));
	uint32_t i, cores = 0;
	int rc = sorted && values ? 0 : -1;

	if (rc == 0) {
		memcpy(sorted, from, h->row_count * sizeof(*sorted));
		qsort(sorted, h->row_count, sizeof(*sorted), compare_id);
		for (i = 0; i < h->row_count; i++) {
			h->rows[i] = (struct row){ .id = sorted[i].id, .gpu = NONE };
			values[i].text = has_value(sorted[i].core) ? sorted[i].core : NULL;
			values[i].row = i;
		}
		cores = cores_number(h, values);
		for (i = 0; i < h->row_count; i++) {
			values[i].text = has_value(sorted[i].gpu) ? sorted[i].gpu : NULL;
			values[i].row = i;
		}
		gpus_number(h, values);
		hardware_set(h, cores, configured);
	}
	free(sorted);
	free(values);
	return rc;
}

host_t *host_create(const struct resource *rows, uint32_t count,
		    const hardware_t *configured, enum share_mode mode)
{
	struct host *h = calloc(1, sizeof(*h));
	const size_t room = (size_t)count + 1;

	if (!h)
		return NULL;
	h->mode = mode;
	h->row_count = count;
	h->rows = calloc(room, sizeof(*h->rows));
	h->first = calloc(room, sizeof(*h->first));
	h->gpu_held = calloc(room, sizeof(*h->gpu_held));
	if (!h->rows || !h->first || !h->gpu_held ||
	    (count && rows_set(h, rows, configured) < 0)) {
		host_destroy(h);
		return NULL;
	}
	return h;
}

void host_destroy(host_t *h)
{
	if (!h)
		return;
	free(h->rows);
	free(h->first);
	free(h->gpu_held);
	free(h->entries);
	free(h->owners);
	free(h->container);
	free(h->outdone);
	free(h);
}

const hardware_t *host_hardware(const host_t *h)
{
	return &h->hw;
}

uint32_t host_rows(const host_t *h)
{
	return h->row_count;
}

int64_t host_row(const host_t *h, int64_t resource_id)
{
	uint32_t lo = 0, hi = h->row_count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (h->rows[mid].id < resource_id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < h->row_count && h->rows[lo].id == resource_id ?
	       (int64_t)lo : -1;
}

/* ---- what a claim holds alone ----------------------------------------------- */

/* Distinct GPUs of the rows. */
static uint32_t gpus_of(host_t *h, const struct share_claim *claim)
{
	uint32_t distinct = 0;

	memset(h->gpu_held, 0, h->gpu_count * sizeof(*h->gpu_held));
	for (uint32_t i = 0; i < claim->row_count; i++) {
		const uint32_t gpu = h->rows[claim->rows[i]].gpu;

		if (gpu != NONE && h->gpu_held[gpu]++ == 0)
			distinct++;
	}
	return distinct;
}

static void gpus_follow_cores(const host_t *h, holding_t *holding)
{
	if (h->gpus_by_cores)
		holding->gpus = h->hw.gpus * (holding->cores / h->hw.cores);
}

holding_t host_holding(host_t *h, const struct share_claim *claim)
{
	holding_t all = { 0 };

	for (uint32_t i = 0; i < claim->row_count; i++)
		all.cores += h->rows[claim->rows[i]].cores;
	all.gpus = gpus_of(h, claim);
	gpus_follow_cores(h, &all);
	return all;
}

/* ---- dividing ---------------------------------------------------------------- */

static int compare_owner(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	return x->job_id < y->job_id ? -1 : x->job_id > y->job_id;
}

/* Room for `claims` claims that hold `entries` rows together. */
static int scratch_grow(struct host *h, uint32_t claims, size_t entries)
{
	if (claims > h->owners_room) {
		free(h->owners);
		free(h->container);
		free(h->outdone);
		h->owners = malloc(claims * sizeof(*h->owners));
		h->container = malloc(claims * sizeof(*h->container));
		h->outdone = malloc(claims * sizeof(*h->outdone));
		h->owners_room = h->owners && h->container && h->outdone ?
				 claims : 0;
		if (!h->owners_room)
			return -1;
	}
	if (entries > h->entries_room) {
		free(h->entries);
		h->entries = malloc(entries * sizeof(*h->entries));
		h->entries_room = h->entries ? entries : 0;
		if (!h->entries_room)
			return -1;
	}
	return 0;
}

/* For each claim the one that is its container, if it is among them. */
static void containers_find(struct host *h,
			    const struct share_claim *const *claims,
			    uint32_t count)
{
	const struct owner *found;

	for (uint32_t i = 0; i < count; i++)
		h->owners[i] = (struct owner){ claims[i]->job_id, i };
	qsort(h->owners, count, sizeof(*h->owners), compare_owner);
	for (uint32_t i = 0; i < count; i++) {
		const struct owner key = { claims[i]->inner_of, 0 };

		found = key.job_id ? bsearch(&key, h->owners, count,
					     sizeof(key), compare_owner) : NULL;
		h->container[i] = found && found->claim != i ? found->claim
							     : NONE;
		h->outdone[i] = NONE;
	}
}

/* The claims of each row, row by row: first[r] .. first[r + 1]. */
static void entries_fill(struct host *h,
			 const struct share_claim *const *claims,
			 uint32_t count)
{
	size_t sum = 0;

	memset(h->first, 0, (h->row_count + 1) * sizeof(*h->first));
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t k = 0; k < claims[i]->row_count; k++)
			h->first[claims[i]->rows[k]]++;
	}
	for (uint32_t r = 0; r <= h->row_count; r++) {
		sum += h->first[r];
		h->first[r] = sum;	/* the end; falls to the begin below */
	}
	for (uint32_t i = 0; i < count; i++) {
		for (uint32_t k = 0; k < claims[i]->row_count; k++)
			h->entries[--h->first[claims[i]->rows[k]]].claim = i;
	}
}

/* Give row r once: nothing to a container whose inner job has it. */
static void row_divide(struct host *h, uint32_t r)
{
	struct entry *e = h->entries + h->first[r];
	const size_t held = h->first[r + 1] - h->first[r];
	size_t kept = 0;

	for (size_t i = 0; i < held; i++) {
		if (h->container[e[i].claim] != NONE)
			h->outdone[h->container[e[i].claim]] = r;
	}
	for (size_t i = 0; i < held; i++)
		kept += h->outdone[e[i].claim] != r;
	for (size_t i = 0; i < held; i++) {
		if (kept == 0)	/* containers of each other: nobody is inner */
			e[i].part = 1.0 / (double)held;
		else
			e[i].part = h->outdone[e[i].claim] == r ?
				    0 : 1.0 / (double)kept;
	}
}

static void holdings_add(struct host *h, struct share_part *parts)
{
	for (uint32_t r = 0; r < h->row_count; r++) {
		for (size_t i = h->first[r]; i < h->first[r + 1]; i++) {
			const struct entry *e = &h->entries[i];
			holding_t *mine = &parts[e->claim].holding;

			mine->cores += e->part * h->rows[r].cores;
			if (h->rows[r].gpu != NONE && e->part > 0)
				mine->gpus += e->part /
					      h->gpu_held[h->rows[r].gpu];
		}
	}
}

static void rows_divide(struct host *h)
{
	memset(h->gpu_held, 0, h->gpu_count * sizeof(*h->gpu_held));
	for (uint32_t r = 0; r < h->row_count; r++) {
		row_divide(h, r);
		for (size_t i = h->first[r]; i < h->first[r + 1]; i++) {
			if (h->rows[r].gpu != NONE)
				h->gpu_held[h->rows[r].gpu] +=
					h->entries[i].part;
		}
	}
}

/* What holdings come to; shares that exceed the node together are scaled. */
static bool shares_set(const struct host *h, struct share_part *parts,
		       uint32_t count)
{
	double sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct share_part *p = &parts[i];

		gpus_follow_cores(h, &p->holding);
		p->share = share_compute(h->mode, &h->hw, &p->holding);
		p->model_w = share_model_w(&h->hw, &p->holding);
		sum += p->share;
	}
	if (!(sum > 1 + SHARE_EPSILON))
		return false;
	for (uint32_t i = 0; i < count; i++)
		parts[i].share /= sum;
	return true;
}

int host_divide(host_t *h, const struct share_claim *const *claims,
		uint32_t count, struct share_part *parts, bool *scaled)
{
	size_t entries = 0;

	for (uint32_t i = 0; i < count; i++) {
		parts[i] = (struct share_part){ 0 };
		entries += claims[i]->row_count;
	}
	*scaled = false;
	if (entries == 0)
		return 0;
	if (scratch_grow(h, count, entries) < 0)
		return -1;
	containers_find(h, claims, count);
	entries_fill(h, claims, count);
	rows_divide(h);
	holdings_add(h, parts);
	*scaled = shares_set(h, parts, count);
	return 0;
}
