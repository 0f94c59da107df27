/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two meters of a node, side by side. */
#include "cli/audit_meters.h"

#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/audit_impl.h"
#include "cli/report.h"
#include "lib/clock.h"

static const char suffix[] = ".meters";

/* The nodes that have such a file. */
static void nodes_find(const char *dir, struct names *nodes)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char node[NAME_MAX + 1];

	while (d && (entry = readdir(d))) {
		size_t len = strlen(entry->d_name);

		if (*entry->d_name == '.' || len < sizeof(suffix) ||
		    strcmp(entry->d_name + len - sizeof(suffix) + 1, suffix))
			continue;
		snprintf(node, sizeof(node), "%.*s",
			 (int)(len - sizeof(suffix) + 1), entry->d_name);
		names_add(nodes, node);
	}
	if (d)
		closedir(d);
	names_sort(nodes);
}

/* The sums of one pair of sources; meters has their names and its bounds. */
#define PAIRS_MAX 64
struct pairs {
	struct ledger_meters sum[PAIRS_MAX];
	unsigned count;
};

static struct ledger_meters *pair_of(struct pairs *p,
				     const struct ledger_meters *m)
{
	for (unsigned i = 0; i < p->count; i++)
		if (strcmp(p->sum[i].first, m->first) == 0 &&
		    strcmp(p->sum[i].second, m->second) == 0)
			return &p->sum[i];
	return NULL;
}

static int pair_add(struct pairs *p, const struct ledger_meters *m)
{
	struct ledger_meters *s = pair_of(p, m);

	if (!s) {
		if (p->count == PAIRS_MAX)
			return -1;
		p->sum[p->count++] = *m;
		return 0;
	}
	if (m->start_wall_ns < s->start_wall_ns)
		s->start_wall_ns = m->start_wall_ns;
	if (m->end_wall_ns > s->end_wall_ns)
		s->end_wall_ns = m->end_wall_ns;
	s->both_ns = ns_add(s->both_ns, m->both_ns);
	s->first_ns = ns_add(s->first_ns, m->first_ns);
	s->second_ns = ns_add(s->second_ns, m->second_ns);
	s->first_j += m->first_j;
	s->second_j += m->second_j;
	return 0;
}

static void row_add(const char *node, const struct ledger_meters *s,
		    struct audit_result *result)
{
	struct cell *row = rows_add(result->meters);

	cell_set_text(&row[0], node);
	cell_set_time(&row[1], s->start_wall_ns);
	cell_set_time(&row[2], s->end_wall_ns);
	cell_set_text(&row[3], s->first);
	cell_set_text(&row[4], s->second);
	cell_set_number(&row[5], ns_to_s(s->first_ns));
	cell_set_number(&row[6], ns_to_s(s->second_ns));
	cell_set_number(&row[7], ns_to_s(s->both_ns));
	if (!s->both_ns)
		return;
	cell_set_number(&row[8], s->first_j / JOULES_PER_KWH);
	cell_set_number(&row[9], s->second_j / JOULES_PER_KWH);
	cell_set_number(&row[10], s->first_j > 0 ? s->second_j / s->first_j :
						   NAN);
}

static void records_read(struct audit *a, ledger_reader_t *r,
			 struct pairs *pairs)
{
	struct ledger_rec rec;
	bool full = false;
	struct err err;
	int rc;

	while ((rc = ledger_reader_next(r, &rec, &err)) != 0) {
		if (rc < 0)
			audit_note(a, "%s", err.text);
		else if (pair_add(pairs, &rec.meters) < 0)
			full = true;
	}
	if (full)
		audit_note(a, "its meters have had more than %d pairs of sources: the later ones are left out",
			   PAIRS_MAX);
}

static void node_read(const char *dir, const char *node,
		      struct audit_result *result)
{
	struct audit a = { .node = node, .result = result };
	static struct pairs pairs;
	char path[PATH_MAX];
	ledger_reader_t *r;
	struct err err;

	pairs.count = 0;
	snprintf(path, sizeof(path), "%s/%s%s", dir, node, suffix);
	r = ledger_reader_open_meters(path, &err);
	if (!r) {
		audit_note(&a, "%s", err.text);
		return;
	}
	records_read(&a, r, &pairs);
	ledger_reader_close(r);
	for (unsigned i = 0; i < pairs.count; i++)
		row_add(node, &pairs.sum[i], result);
}

void audit_meters(const char *dir, const char *only_node,
		  struct audit_result *result)
{
	struct names nodes = { 0 };

	nodes_find(dir, &nodes);
	for (size_t i = 0; i < nodes.len; i++)
		if (!only_node || strcmp(only_node, nodes.list[i]) == 0)
			node_read(dir, nodes.list[i], result);
	names_destroy(&nodes);
}
