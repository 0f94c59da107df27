/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/sacct.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "cli/child.h"
#include "lib/hostlist.h"
#include "cli/mem.h"
#include "cli/sacct_parse.h"
#include "lib/clock.h"

#define TRES_TIMEOUT_MS 10000
#define JOINED_MAX (1 << 20)	/* of a row */

struct reading {
	const struct sacct_query *query;
	bool during;		/* all with time in it */
	struct jobs *jobs;
	char separator[32];
	char *joined;		/* lines of a row that has not ended */
	size_t joined_len;
	int joined_separators;
	bool wanted;		/* the last job row is in `jobs` */
	uint32_t last_id;
	uint64_t strange;
};

/*
 * Users choose texts that sacct prints as they are, line ends and all. They
 * cannot guess a separator made for this one run, so they cannot make a row.
 */
static int make_separator(char *buf, size_t size, struct err *err)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return err_set_errno(err, "cannot get random bytes");
	snprintf(buf, size, "\x1f%016llx\x1f", (unsigned long long)random);
	return 0;
}

static bool is_wanted(const struct sacct_query *q, const struct sacct_row *row)
{
	const bool begun = row->start_s != 0 &&
			   row->start_s * NS_PER_S < q->to_ns;

	if (q->user && strcmp(row->user, q->user) != 0)
		return false;
	if (q->account && strcmp(row->account, q->account) != 0)
		return false;
	if (row->end_s == 0)
		return (q->running || q->during) && begun;
	return row->end_s * NS_PER_S >= q->from_ns &&
	       (q->during ? begun : row->end_s * NS_PER_S < q->to_ns);
}

/* It had time in [from, to). */
static bool is_during(const struct sacct_query *q, const struct sacct_row *row)
{
	return row->start_s != 0 && row->start_s * NS_PER_S < q->to_ns &&
	       (row->end_s == 0 || row->end_s * NS_PER_S > q->from_ns);
}

static uint32_t count_nodes(const char *nodes)
{
	long n = hostlist_count(nodes);

	return n > 0 ? (uint32_t)n : 0;
}

static void add_job(struct jobs *jobs, const struct sacct_row *row)
{
	struct job *job = jobs_add(jobs);

	job->id = row->job_id;
	job->array_id = row->array_id;
	strcpy(job->state, row->state);
	job->user = mem_string(row->user);
	job->account = mem_string(row->account);
	job->project = mem_string(row->wckey);
	job->cluster = *row->cluster ? mem_string(row->cluster) : NULL;
	job->submit_s = row->submit_s;
	job->nodes = mem_string(row->nodes);
	job->nodes_len = count_nodes(row->nodes);
	job->start_s = row->start_s;
	job->end_s = row->end_s;
	job->suspended_s = row->suspended_s;
	job->elapsed_s = jobs_elapsed_s(row->start_s, row->end_s,
					row->suspended_s, row->elapsed_s);
	job->cpus = row->cpus;
	job->gpus = row->gpus;
	job->mem_mb = row->mem_mb;
	job->job_row_j = row->energy_j;
	job->extern_j = NAN;
	if (row->name)
		job_set_texts(job, row->name, row->comment);
}

static int parse_line(const struct reading *r, char *line,
		      struct sacct_row *row)
{
	if (r->query->texts)
		return sacct_parse_texts(line, r->separator, row);
	if (r->query->identity)
		return sacct_parse_identity(line, r->separator, row);
	return sacct_parse_row(line, r->separator, row);
}

/* A job's steps follow its own row. */
static void take_row(struct reading *r, char *line)
{
	struct sacct_row row;

	if (parse_line(r, line, &row) < 0) {
		r->strange++;
		return;
	}
	if (!*row.step) {
		r->wanted = r->during ? is_during(r->query, &row) :
					is_wanted(r->query, &row);
		r->last_id = row.job_id;
		if (r->wanted)
			add_job(r->jobs, &row);
	} else if (r->wanted && row.job_id == r->last_id &&
		   strcmp(row.step, "extern") == 0) {
		r->jobs->list[r->jobs->len - 1].extern_j = row.energy_j;
	}
}

static void drop_joined(struct reading *r)
{
	r->strange += r->joined_len > 0;
	r->joined_len = 0;
	r->joined_separators = 0;
}

static void append_line(struct reading *r, const char *line)
{
	const size_t len = strlen(line);

	r->joined = mem_resize(r->joined, r->joined_len + len + 2, 1);
	if (r->joined_len > 0)
		r->joined[r->joined_len++] = '\n';
	memcpy(r->joined + r->joined_len, line, len + 1);
	r->joined_len += len;
}

/*
 * Names and comments have line ends where users want them: lines are joined
 * until a row has all its fields. A line that has them by itself is a row,
 * whatever came before it.
 */
static void join_line(struct reading *r, char *line)
{
	const int separators = sacct_separators(line, r->separator);

	if (separators == SACCT_TEXTS_SEPARATORS) {
		drop_joined(r);
		take_row(r, line);
		return;
	}
	append_line(r, line);
	r->joined_separators += separators;
	if (r->joined_len > JOINED_MAX) {
		drop_joined(r);
	} else if (r->joined_separators >= SACCT_TEXTS_SEPARATORS) {
		take_row(r, r->joined);
		r->joined_len = 0;
		r->joined_separators = 0;
	}
}

static int take_line(char *line, void *arg)
{
	struct reading *r = arg;

	if (!line) {
		drop_joined(r);
		r->strange++;
	} else if (r->query->texts) {
		join_line(r, line);
	} else {
		take_row(r, line);
	}
	return 0;
}

/* sacct's own way to write local time; its clock is this host's. */
static void format_time(char *buf, size_t size, int64_t ns, bool round_up)
{
	time_t t = (time_t)((ns + (round_up ? NS_PER_S - 1 : 0)) / NS_PER_S);
	struct tm tm;

	snprintf(buf, size, "1970-01-02T00:00:00");
	if (t > 86400 && localtime_r(&t, &tm))
		strftime(buf, size, "%Y-%m-%dT%H:%M:%S", &tm);
}

static int read_jobs(const struct sacct_query *query, bool during,
		     struct jobs *jobs, uint64_t *strange, struct err *err)
{
	struct reading r = { .query = query, .during = during, .jobs = jobs };
	char from[32], to[32], delimiter[64];
	char time_format[] = "SLURM_TIME_FORMAT=%s";
	char *env[] = { time_format, NULL };
	char *argv[] = { "sacct", "--noheader", "--parsable2", delimiter,
			 "--allusers", "--duplicates", "--noconvert",
			 "--starttime", from, "--endtime", to, "--format",
			 query->texts ? SACCT_TEXTS_FIELDS :
			 query->identity ? SACCT_IDENTITY_FIELDS : SACCT_FIELDS,
			 NULL };
	int rc;

	if (make_separator(r.separator, sizeof(r.separator), err) < 0)
		return -1;
	snprintf(delimiter, sizeof(delimiter), "--delimiter=%s", r.separator);
	/* Wider than asked: an hour is what a local time can be off by when
	   clocks change. The rows tell exactly. */
	format_time(from, sizeof(from), query->from_ns - 3600 * NS_PER_S, false);
	format_time(to, sizeof(to), query->to_ns + 3600 * NS_PER_S, true);
	rc = child_lines(argv, env, 0, take_line, &r, err);
	drop_joined(&r);
	free(r.joined);
	*strange = r.strange;
	return rc;
}

int sacct_read(const struct sacct_query *query, struct jobs *jobs,
	       uint64_t *strange, struct err *err)
{
	return read_jobs(query, false, jobs, strange, err);
}

int sacct_read_during(int64_t from_ns, int64_t to_ns, struct jobs *jobs,
		      uint64_t *strange, struct err *err)
{
	const struct sacct_query query = { .from_ns = from_ns, .to_ns = to_ns };

	return read_jobs(&query, true, jobs, strange, err);
}

static int find_gpu(char *line, void *arg)
{
	if (line && strcmp(line, "gres|gpu") == 0)
		*(bool *)arg = true;
	return 0;
}

int sacct_tracks_gpus(void)
{
	char *argv[] = { "sacctmgr", "--noheader", "--parsable2", "show",
			 "tres", "format=type,name", NULL };
	char *env[] = { NULL };
	bool found = false;

	if (child_lines(argv, env, TRES_TIMEOUT_MS, find_gpu, &found, NULL) < 0)
		return -1;
	return found;
}
