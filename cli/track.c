/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/track.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/mem.h"

#define SOURCES_MAX 4		/* that are named */
#define NAMED_MAX 3		/* runs that an error names */

struct run {
	int64_t id;		/* of the job; once they are folded, of the array */
	int64_t array;
	int64_t serial;		/* of an instance, where each is a run; else 0 */
	int64_t last_ns;	/* end of what ended last; INT64_MAX: runs */
	char *name;		/* of the best one, and those that may be it */
	int64_t instances, unknown, uncovered;
	bool failed;		/* what ended last has; of an array, any task */
	bool best;
	double kwh;
	double covered_s, node_s;	/* of what tells its coverage */
};

struct track {
	enum track_unit unit;
	struct track_best best;
	void *tree;		/* of jobs, until they are folded */
	struct run **list;
	size_t len, room;
	char *sources[SOURCES_MAX + 1];
	bool more_sources;
};

/* ---- which jobs ------------------------------------------------------------ */

static bool matches(const char *pattern, const struct cell *text)
{
	return !pattern ||
	       fnmatch(pattern, text->known ? text->text : "", 0) == 0;
}

/* Where nothing is, not even "*" is a project. */
static bool of_project(const char *pattern, const struct cell *text)
{
	return text->known && fnmatch(pattern, text->text, 0) == 0;
}

static bool is_wanted(const struct track_tags *tags, const struct cell *job)
{
	if (tags->project && !of_project(tags->project, &job[JOB_ACCOUNT]) &&
	    !of_project(tags->project, &job[JOB_PROJECT]))
		return false;
	return matches(tags->account, &job[JOB_ACCOUNT]) &&
	       matches(tags->wckey, &job[JOB_PROJECT]) &&
	       matches(tags->name, &job[JOB_NAME]) &&
	       matches(tags->comment, &job[JOB_COMMENT]);
}

static void copy_row(struct cell *to, const struct cell *from, size_t n)
{
	for (size_t j = 0; j < n; j++) {
		to[j] = from[j];
		if (from[j].text)
			to[j].text = mem_string(from[j].text);
	}
}

struct rows *track_wanted(const struct track_tags *tags,
			  const struct rows *jobs)
{
	struct rows *rows = rows_create(jobs->columns, jobs->columns_len);

	for (size_t i = 0; i < jobs->len; i++) {
		const struct cell *job = rows_cell(jobs, i, 0);

		if (!job_row_never_ran(job) && is_wanted(tags, job))
			copy_row(rows_add(rows), job, jobs->columns_len);
	}
	return rows;
}

char *track_title(const struct track_tags *tags)
{
	const struct { const char *what, *pattern; } parts[] = {
		{ "", tags->project }, { "account ", tags->account },
		{ "WCKey ", tags->wckey }, { "name ", tags->name },
		{ "comment ", tags->comment },
	};
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	bool any = false;

	if (!f)
		mem_failed();
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].pattern)
			continue;
		fprintf(f, "%s%s%s", any ? ", " : "", parts[i].what,
			parts[i].pattern);
		any = true;
	}
	if (fclose(f) != 0)
		mem_failed();
	return text;
}

/* ---- runs ------------------------------------------------------------------ */

track_t *track_create(enum track_unit unit, const struct track_best *best)
{
	track_t *t = mem_zeroed(1, sizeof(*t));

	t->unit = unit;
	t->best = *best;
	return t;
}

static void forget(void *run)
{
	(void)run;		/* the list has it */
}

void track_destroy(track_t *t)
{
	if (!t)
		return;
	tdestroy(t->tree, forget);
	for (size_t i = 0; i < t->len; i++) {
		free(t->list[i]->name);
		free(t->list[i]);
	}
	for (size_t i = 0; t->sources[i]; i++)
		free(t->sources[i]);
	free(t->list);
	free(t);
}

static int compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_runs(const void *a, const void *b)
{
	const struct run *x = a, *y = b;
	int rc = compare(x->id, y->id);

	return rc ? rc : compare(x->serial, y->serial);
}

static struct run *run_of(track_t *t, const struct cell *job)
{
	const struct run key = {
		.id = job[JOB_ID].integer, .array = job[JOB_ARRAY].integer,
		.serial = t->unit == TRACK_INSTANCE ? (int64_t)t->len + 1 : 0 };
	struct run **found = tfind(&key, &t->tree, compare_runs);
	struct run *run;

	if (found)
		return *found;
	run = mem_zeroed(1, sizeof(*run));
	*run = key;
	t->list = mem_grow(t->list, t->len, &t->room, sizeof(*t->list));
	t->list[t->len++] = run;
	if (!tsearch(run, &t->tree, compare_runs))
		mem_failed();
	return run;
}

static bool is_best(const track_t *t, const struct cell *job)
{
	if (t->best.id != 0)
		return job[t->unit == TRACK_ARRAY ? JOB_ARRAY : JOB_ID].integer ==
		       t->best.id;
	return t->best.name && job[JOB_NAME].known &&
	       fnmatch(t->best.name, job[JOB_NAME].text, 0) == 0;
}

static void add_source(track_t *t, const struct cell *source)
{
	size_t i = 0;

	if (!source->known)
		return;
	while (t->sources[i] && strcmp(t->sources[i], source->text) != 0)
		i++;
	if (i == SOURCES_MAX)
		t->more_sources = true;
	else if (!t->sources[i])
		t->sources[i] = mem_string(source->text);
}

static void add_coverage(struct run *run, const struct cell *job)
{
	const struct cell *time = &job[JOB_NODE_S];

	if (job[JOB_COVERAGE].known && time->known) {
		run->covered_s += job[JOB_COVERAGE].number * time->number;
		run->node_s += time->number;
	} else if (job[JOB_ENERGY].known &&
		   (!time->known || time->number > 0)) {
		run->uncovered++;
	}
}

/* Instances come in the order of their ends, but for those that run. */
static void add_state(struct run *run, const struct cell *job)
{
	const int64_t end_ns = job[JOB_END].known ? job[JOB_END].integer :
						    INT64_MAX;

	if (end_ns < run->last_ns)
		return;
	run->failed = job_row_failed(&job[JOB_STATE]);
	run->last_ns = end_ns;
}

static void add_instance(track_t *t, const struct cell *job)
{
	struct run *run = run_of(t, job);

	run->instances++;
	if (job[JOB_ENERGY].known) {
		run->kwh += job[JOB_ENERGY].number;
		add_source(t, &job[JOB_SOURCE]);
	} else {
		run->unknown++;
	}
	add_coverage(run, job);
	add_state(run, job);
	if (!is_best(t, job))
		return;
	run->best = true;
	if (!run->name && job[JOB_NAME].known)
		run->name = mem_string(job[JOB_NAME].text);
}

void track_add(track_t *t, const struct rows *runs)
{
	for (size_t i = 0; i < runs->len; i++)
		add_instance(t, rows_cell(runs, i, 0));
}

/* ---- arrays ---------------------------------------------------------------- */

static int compare_arrays(const void *a, const void *b)
{
	const struct run *x = *(struct run *const *)a;
	const struct run *y = *(struct run *const *)b;
	int rc = compare(x->array, y->array);

	return rc ? rc : compare(x->id, y->id);
}

static void join(struct run *to, struct run *from)
{
	to->instances += from->instances;
	to->unknown += from->unknown;
	to->uncovered += from->uncovered;
	to->failed |= from->failed;
	to->best |= from->best;
	to->kwh += from->kwh;
	to->covered_s += from->covered_s;
	to->node_s += from->node_s;
	if (from->last_ns > to->last_ns)
		to->last_ns = from->last_ns;
	if (to->name)
		free(from->name);
	else
		to->name = from->name;
	free(from);
}

/* Tasks become their arrays. No job can be added after that. */
static void fold_arrays(track_t *t)
{
	size_t kept = 0;

	if (t->len > 0)
		qsort(t->list, t->len, sizeof(*t->list), compare_arrays);
	tdestroy(t->tree, forget);
	t->tree = NULL;
	for (size_t i = 0; i < t->len; i++) {
		struct run *run = t->list[i];

		run->id = run->array;
		if (kept > 0 && t->list[kept - 1]->array == run->array)
			join(t->list[kept - 1], run);
		else
			t->list[kept++] = run;
	}
	t->len = kept;
}

/* ---- sums ------------------------------------------------------------------ */

static double ratio(double part, double whole)
{
	return whole > 0 ? part / whole : NAN;
}

static bool is_running(const struct run *run)
{
	return run->last_ns == INT64_MAX;
}

static void sum_sources(const track_t *t, struct track_sum *sum)
{
	size_t used = 0;

	for (size_t i = 0; t->sources[i] && used < sizeof(sum->sources); i++)
		used += (size_t)snprintf(sum->sources + used,
					 sizeof(sum->sources) - used, "%s%s",
					 i ? ", " : "", t->sources[i]);
	if (t->more_sources && used < sizeof(sum->sources))
		snprintf(sum->sources + used, sizeof(sum->sources) - used,
			 ", ...");
}

/* What the runs add up to; energy is unknown where none of it is known. */
static void sum_runs(const track_t *t, struct track_sum *sum, double *covered_s,
		     double *node_s)
{
	bool known = false, failed_known = false;

	for (size_t i = 0; i < t->len; i++) {
		const struct run *run = t->list[i];
		const bool some = run->unknown < run->instances;

		sum->runs++;
		sum->failed += run->failed;
		sum->running += is_running(run);
		sum->unknown += run->unknown > 0;
		sum->uncovered += run->uncovered > 0;
		sum->energy_kwh += run->kwh;
		known |= some;
		*covered_s += run->covered_s;
		*node_s += run->node_s;
		if (!run->failed)
			continue;
		sum->failed_kwh += run->kwh;
		failed_known |= some;
	}
	if (!known)
		sum->energy_kwh = NAN;
	if (sum->failed > 0 && !failed_known)
		sum->failed_kwh = NAN;
	sum->coverage = ratio(*covered_s, *node_s);
}

static int no_best(const track_t *t, struct err *err)
{
	if (t->best.id != 0)
		return err_set(err, "%s %" PRId64 " is not among the runs, of which there are %zu: --from, --to and the patterns say which",
			       t->unit == TRACK_ARRAY ? "array" : "job",
			       t->best.id, t->len);
	return err_set(err, "no run's name is like \"%.60s\": there are %zu runs",
		       t->best.name, t->len);
}

static int many_best(const track_t *t, size_t count, struct err *err)
{
	char ids[NAMED_MAX * 24] = "";
	size_t named = 0, used = 0;

	if (t->best.id != 0)
		return err_set(err, "job %" PRId64 " ran %zu times: --run job takes them as one run",
			       t->best.id, count);
	for (size_t i = 0; i < t->len && named < NAMED_MAX; i++)
		if (t->list[i]->best && ++named)
			used += (size_t)snprintf(ids + used, sizeof(ids) - used,
						 " %" PRId64, t->list[i]->id);
	return err_set(err, "%zu runs have a name like \"%.60s\" (%s%s): name one by --best",
		       count, t->best.name, ids + 1,
		       count > named ? " ..." : "");
}

/* NULL where none was asked for: *rc is 0; or none is it. */
static struct run *find_best(const track_t *t, int *rc, struct err *err)
{
	struct run *best = NULL;
	size_t count = 0;

	*rc = 0;
	if (t->best.id == 0 && !t->best.name)
		return NULL;
	for (size_t i = 0; i < t->len; i++) {
		if (!t->list[i]->best)
			continue;
		best = t->list[i];
		count++;
	}
	if (count == 1)
		return best;
	*rc = count == 0 ? no_best(t, err) : many_best(t, count, err);
	return NULL;
}

/* What is missing of the other runs makes the factor too small, of the best
   run too large. */
static enum track_bound bound_of(bool others_lack, bool best_lacks)
{
	if (best_lacks)
		return others_lack ? BOUND_ABOUT : BOUND_AT_MOST;
	return others_lack ? BOUND_AT_LEAST : BOUND_EXACT;
}

/* NaN is not known to lack anything. */
static bool lacks(double covered_s, double node_s)
{
	return covered_s / node_s < TRACK_WHOLE;
}

static void sum_best(const struct run *best, struct track_sum *sum,
		     double covered_s, double node_s)
{
	const bool others = sum->unknown > 0 ||
			    lacks(covered_s - best->covered_s,
				  node_s - best->node_s);

	sum->has_best = true;
	sum->best_id = best->id;
	sum->best_name = best->name;
	sum->best_failed = best->failed;
	sum->best_running = is_running(best);
	if (best->unknown == 0)
		sum->best_kwh = best->kwh;
	sum->best_coverage = ratio(best->covered_s, best->node_s);
	if (sum->best_kwh > 0 && !sum->best_running)
		sum->factor = sum->energy_kwh / sum->best_kwh;
	sum->bound = bound_of(others, lacks(best->covered_s, best->node_s));
}

int track_sum(track_t *t, struct track_sum *sum, struct err *err)
{
	double covered_s = 0, node_s = 0;
	const struct run *best;
	int rc;

	*sum = (struct track_sum){ .best_kwh = NAN, .best_coverage = NAN,
				   .factor = NAN };
	if (t->unit == TRACK_ARRAY)
		fold_arrays(t);
	sum_runs(t, sum, &covered_s, &node_s);
	sum_sources(t, sum);
	best = find_best(t, &rc, err);
	if (best)
		sum_best(best, sum, covered_s, node_s);
	return rc;
}
