/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics_nodes.h"

#include <dirent.h>
#include <math.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/conf.h"
#include "lib/series.h"

#define NODES_MAX 65536u

/* ---- looking --------------------------------------------------------------- */

static void take_head(struct node_figures *n, const series_reader_t *r,
		      const struct series_head *head)
{
	const struct series_sample *last = &head->last;
	int64_t age_ns = clock_boot_ns() - last->boot_ns;

	n->known = true;
	n->fresh = age_ns <= r->params.max_gap_ns;
	n->watts = last->watts;
	n->joules = last->cum_j;
	n->covered_s = ns_to_s(last->cum_covered_ns);
	n->unmeasured_s = ns_to_s(last->boot_ns - last->cum_covered_ns);
	n->at_s = ns_to_s(clock_wall_ns() - age_ns);
}

/* A series of an earlier boot tells nothing of now. */
static void look(struct node_figures *n, const char *boot_id)
{
	char path[PATH_MAX];
	struct series_head head;
	series_reader_t r;

	if (conf_run_path(path, sizeof(path), n->name, "series") < 0 ||
	    series_reader_open(&r, path, NULL) < 0)
		return;
	if (strcmp(r.params.boot_id, boot_id) == 0 &&
	    series_reader_head(&r, &head) == 0 && head.count > 0)
		take_head(n, &r, &head);
	snprintf(n->source, sizeof(n->source), "%s", r.params.source);
	series_reader_close(&r);
}

int node_list_add(struct node_list *nodes, const char *name,
		  const char *boot_id)
{
	struct node_figures *n;

	if (nodes->len == nodes->room) {
		const size_t room = nodes->room ? 2 * nodes->room : 16;

		n = realloc(nodes->list, room * sizeof(*n));
		if (!n)
			return -1;
		nodes->list = n;
		nodes->room = room;
	}
	n = &nodes->list[nodes->len++];
	memset(n, 0, sizeof(*n));
	snprintf(n->name, sizeof(n->name), "%s", name);
	look(n, boot_id);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct node_figures *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static bool has_series(const char *name)
{
	char path[PATH_MAX];

	return conf_node_name_valid(name) &&
	       conf_run_path(path, sizeof(path), name, "series") == 0 &&
	       access(path, F_OK) == 0;
}

int node_list_scan(struct node_list *nodes, const char *boot_id)
{
	DIR *dir = opendir(conf_run_dir());
	struct dirent *entry;
	int rc = 0;

	if (!dir)
		return 0;
	while (rc == 0 && nodes->len < NODES_MAX && (entry = readdir(dir)))
		if (has_series(entry->d_name))
			rc = node_list_add(nodes, entry->d_name, boot_id);
	closedir(dir);
	if (nodes->len)
		qsort(nodes->list, nodes->len, sizeof(*nodes->list), compare);
	return rc;
}

void node_list_clear(struct node_list *nodes)
{
	free(nodes->list);
	*nodes = (struct node_list){ NULL, 0, 0 };
}

/* ---- telling --------------------------------------------------------------- */

static double up(const struct node_figures *n)
{
	return n->known && n->fresh;
}

static double known(const struct node_figures *n, double value)
{
	return n->known ? value : NAN;
}

/* A reading that is over is never shown as one of now. */
static double watts(const struct node_figures *n)
{
	return n->known && n->fresh ? n->watts : NAN;
}

static double joules(const struct node_figures *n)
{
	return known(n, n->joules);
}

static double covered_s(const struct node_figures *n)
{
	return known(n, n->covered_s);
}

static double unmeasured_s(const struct node_figures *n)
{
	return known(n, n->unmeasured_s);
}

static double at_s(const struct node_figures *n)
{
	return known(n, n->at_s);
}

static const struct family {
	const char *name;
	enum expo_type type;
	const char *unit;
	double (*value)(const struct node_figures *n);
	const char *help;
} families[] = {
	{ "wattgate_node_measured", EXPO_GAUGE, NULL, up,
	  "1 where a reading is at most max_gap old, else 0." },
	{ "wattgate_node_power_watts", EXPO_GAUGE, "watts", watts,
	  "The newest reading; none where it is older than max_gap." },
	{ "wattgate_node_energy_joules", EXPO_COUNTER, "joules", joules,
	  "Energy of the node in its covered time." },
	{ "wattgate_node_covered_seconds", EXPO_COUNTER, "seconds", covered_s,
	  "Time in which power was measured." },
	{ "wattgate_node_unmeasured_seconds", EXPO_COUNTER, "seconds",
	  unmeasured_s,
	  "Time up to the newest reading, since boot, in which it was not." },
	{ "wattgate_node_reading_timestamp_seconds", EXPO_GAUGE, "seconds",
	  at_s, "When the newest reading was made." },
};

static void expose_sources(struct expo *e, const struct node_list *nodes)
{
	char source[256];

	expo_family(e, "wattgate_node", EXPO_INFO, NULL, "node",
		    "What measures the node.");
	for (size_t i = 0; i < nodes->len; i++)
		if (expo_label(source, sizeof(source), "source",
			       nodes->list[i].source) == 0)
			expo_sample(e, nodes->list[i].name, source, 1);
}

void node_list_expose(struct expo *e, const struct node_list *nodes)
{
	for (size_t k = 0; k < sizeof(families) / sizeof(families[0]); k++) {
		const struct family *f = &families[k];

		expo_family(e, f->name, f->type, f->unit, "node", f->help);
		for (size_t i = 0; i < nodes->len; i++)
			expo_sample(e, nodes->list[i].name, NULL,
				    f->value(&nodes->list[i]));
	}
	expose_sources(e, nodes);
}
