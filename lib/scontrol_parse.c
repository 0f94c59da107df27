/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scontrol_parse.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"

#define CPUS_MAX 65533u		/* Slurm's own limit */
#define GPUS_MAX 1024u
#define MEM_MAX_MB 1000000000u	/* a petabyte */
#define KILL_WAIT_MAX_S 86400u

/* ---- pieces of text ---- */

struct slice {
	const char *at;		/* NULL: there is none */
	size_t len;
};

/* A decimal number of at most `max`. False for anything else. */
static bool number_parse(const char *at, size_t len, unsigned max,
			 unsigned *value)
{
	uint64_t v = 0;

	if (!len || len > 12)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(at[i] - '0');
	}
	if (v > max)
		return false;
	*value = (unsigned)v;
	return true;
}

static bool starts_with(const char *at, size_t len, const char *word)
{
	size_t n = strlen(word);

	return len >= n && memcmp(at, word, n) == 0;
}

/* The line of the node: messages of scontrol may stand around it. */
static struct slice node_line(const char *text, const char *node)
{
	size_t n = strlen(node);

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		if (starts_with(line, len, "NodeName=") && len > 9 + n &&
		    memcmp(line + 9, node, n) == 0 && line[9 + n] == ' ')
			return (struct slice){ line, len };
		line += len + (line[len] == '\n');
	}
	return (struct slice){ NULL, 0 };
}

/*
 * KEY=value of the line, its first one. What people write freely (Comment,
 * Extra, Reason) comes last and may look like keys: the search ends there.
 */
static struct slice value_find(struct slice line, const char *key)
{
	size_t n = strlen(key);
	const char *p = line.at, *end = line.at + line.len;

	while (p < end) {
		const char *space = memchr(p, ' ', (size_t)(end - p));
		size_t len = (size_t)((space ? space : end) - p);

		if (len > n && memcmp(p, key, n) == 0 && p[n] == '=')
			return (struct slice){ p + n + 1, len - n - 1 };
		if (starts_with(p, len, "Comment=") ||
		    starts_with(p, len, "Extra=") ||
		    starts_with(p, len, "Reason="))
			break;
		p += len + 1;
	}
	return (struct slice){ NULL, 0 };
}

/* False where the key has a value that is not a number up to max. */
static bool number_find(struct slice line, const char *key, unsigned max,
			unsigned missing, unsigned *value)
{
	struct slice s = value_find(line, key);

	*value = missing;
	return !s.at || number_parse(s.at, s.len, max, value);
}

/* ---- GPUs ---- */

/* "gpu:a100:4(S:0-1)" -> 4; "gpu" -> 1; other resources 0. */
static unsigned gres_item_gpus(const char *at, size_t len)
{
	const char *paren = memchr(at, '(', len);
	unsigned count = 1, v;

	if (paren)
		len = (size_t)(paren - at);
	if (!starts_with(at, len, "gpu") || (len > 3 && at[3] != ':'))
		return 0;
	for (size_t i = 3; i < len;) {
		size_t from = ++i;	/* behind the colon */

		while (i < len && at[i] != ':')
			i++;
		if (number_parse(at + from, i - from, GPUS_MAX, &v))
			count = v;
	}
	return count;
}

/* The list's commas also stand inside parentheses: "gpu:2(S:0,1),nic:1". */
static unsigned gres_gpus(struct slice gres)
{
	unsigned sum = 0;
	int depth = 0;
	size_t from = 0;

	for (size_t i = 0; i <= gres.len; i++) {
		char c = i < gres.len ? gres.at[i] : ',';

		depth += (c == '(') - (c == ')' && depth > 0);
		if (i < gres.len && (c != ',' || depth > 0))
			continue;
		sum += gres_item_gpus(gres.at + from, i - from);
		from = i + 1;
	}
	return sum < GPUS_MAX ? sum : GPUS_MAX;
}

/* ---- the node ---- */

struct cpus {
	unsigned total, effective, per_socket, sockets, threads, spec;
};

static int cpus_parse(struct slice line, struct cpus *c, const char *node,
		      struct err *err)
{
	if (!number_find(line, "CPUTot", CPUS_MAX, 0, &c->total) ||
	    !number_find(line, "CPUEfctv", CPUS_MAX, 0, &c->effective) ||
	    !number_find(line, "CoresPerSocket", CPUS_MAX, 0, &c->per_socket) ||
	    !number_find(line, "Sockets", CPUS_MAX, 0, &c->sockets) ||
	    !number_find(line, "ThreadsPerCore", CPUS_MAX, 1, &c->threads) ||
	    !number_find(line, "CoreSpecCount", CPUS_MAX, 0, &c->spec))
		return err_set(err, "scontrol show node %s: a count of CPUs is not a number",
			       node);
	if (!c->total)
		return err_set(err, "scontrol show node %s: there is no CPUTot",
			       node);
	if (!c->threads)
		c->threads = 1;
	return 0;
}

/*
 * Slurm allocates threads where a node has more CPUs than sockets times cores,
 * else cores, whatever ThreadsPerCore says. What is set aside for the system
 * (CoreSpecCount, CPUSpecList) is not in CPUEfctv.
 */
static int cores_set(const struct cpus *c, struct node_totals *t,
		     const char *node, struct err *err)
{
	bool by_core = (uint64_t)c->sockets * c->per_socket >= c->total;
	unsigned threads = by_core ? 1 : c->threads;
	uint64_t spec = (uint64_t)c->spec * threads, cpus = c->effective;

	if (!cpus && spec < c->total)
		cpus = c->total - spec;
	if (!cpus || cpus > c->total)
		return err_set(err, "scontrol show node %s: %u CPUs and %llu of them to allocate",
			       node, c->total, (unsigned long long)cpus);
	t->cores = (double)cpus / threads;
	t->threads_per_core = threads;
	return 0;
}

int scontrol_parse_node(const char *text, const char *node,
			struct node_totals *t, struct err *err)
{
	struct slice line = node_line(text, node), gres;
	unsigned mem, mem_spec;
	struct cpus cpus;

	if (!line.at)
		return err_set(err, "scontrol show node %s: the node is not there",
			       node);
	if (cpus_parse(line, &cpus, node, err) < 0 ||
	    cores_set(&cpus, t, node, err) < 0)
		return -1;
	if (!number_find(line, "RealMemory", MEM_MAX_MB, 0, &mem) ||
	    !number_find(line, "MemSpecLimit", MEM_MAX_MB, 0, &mem_spec))
		return err_set(err, "scontrol show node %s: its memory is not a number",
			       node);
	t->mem_mb = mem > mem_spec ? mem - mem_spec : 0;
	gres = value_find(line, "Gres");
	t->gpus = gres.at ? gres_gpus(gres) : 0;
	return 0;
}

/* ---- the configuration ---- */

/* "Key   = value" of a whole text. */
static struct slice setting_find(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n"), at = n;

		if (starts_with(line, len, key)) {
			while (at < len && line[at] == ' ')
				at++;
			if (at < len && line[at] == '=') {
				at++;
				while (at < len && line[at] == ' ')
					at++;
				return (struct slice){ line + at, len - at };
			}
		}
		line += len + (line[len] == '\n');
	}
	return (struct slice){ NULL, 0 };
}

int scontrol_parse_config(const char *text, struct node_totals *t,
			  struct err *err)
{
	struct slice select = setting_find(text, "SelectTypeParameters");
	struct slice wait = setting_find(text, "KillWait");
	unsigned seconds;

	if (!select.at)
		return err_set(err, "scontrol show config: there is no SelectTypeParameters");
	t->mem_consumable = false;
	for (size_t i = 0; i + 6 <= select.len; i++)
		if (strncasecmp(select.at + i, "MEMORY", 6) == 0)
			t->mem_consumable = true;
	t->kill_wait_ns = 0;
	if (wait.at && number_parse(wait.at, strspn(wait.at, "0123456789"),
				    KILL_WAIT_MAX_S, &seconds))
		t->kill_wait_ns = seconds * NS_PER_S;
	return 0;
}

/* ---- a job ---- */

/* Whether a line begins the record of a job, and whether of this one. */
static bool job_begins(const char *line, size_t len, uint32_t job_id,
		       bool *ours)
{
	char begin[32];
	int n = snprintf(begin, sizeof(begin), "JobId=%u ", job_id);

	if (!starts_with(line, len, "JobId="))
		return false;
	*ours = starts_with(line, len, begin) && n > 0;
	return true;
}

/* Count what looks like a state in a line, and how often it is SUSPENDED. */
static void states_count(const char *line, size_t len, int *states,
			 int *suspended)
{
	static const char key[] = "JobState=", word[] = "SUSPENDED";
	const size_t k = sizeof(key) - 1, w = sizeof(word) - 1;

	for (size_t i = 0; i + k <= len; i++) {
		size_t left = len - i - k;

		if (memcmp(line + i, key, k) != 0)
			continue;
		++*states;
		if (left >= w && memcmp(line + i + k, word, w) == 0 &&
		    (left == w || line[i + k + w] == ' '))
			++*suspended;
	}
}

int scontrol_parse_job(const char *text, uint32_t job_id)
{
	int states = 0, suspended = 0;
	bool there = false, ours = false;

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		/* a name may have line breaks in it */
		if (job_begins(line, len, job_id, &ours))
			there |= ours;
		if (ours)
			states_count(line, len, &states, &suspended);
		line += len + (line[len] == '\n');
	}
	if (!there)
		return -1;
	return states > 0 && suspended == states;
}
