/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fleet.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "nodes_file.h"

static void node_free(struct fleet_node *n)
{
	host_destroy(n->host);
	free(n->name);
	free(n);
}

void fleet_free(struct fleet *f)
{
	for (uint32_t i = 0; i < f->count; i++)
		node_free(f->nodes[i]);
	free(f->nodes);
	f->nodes = NULL;
	f->count = f->room = 0;
}

/* The place of the name, or where it belongs; *found tells which. */
static uint32_t place_of(const struct fleet *f, const char *name, bool *found)
{
	uint32_t lo = 0, hi = f->count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (strcmp(f->nodes[mid]->name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = lo < f->count && strcmp(f->nodes[lo]->name, name) == 0;
	return lo;
}

int64_t fleet_index(const struct fleet *f, const char *name)
{
	bool found;
	const uint32_t at = place_of(f, name, &found);

	return found ? (int64_t)at : -1;
}

static struct fleet_node *node_insert(struct fleet *f, uint32_t at,
				      const char *name)
{
	struct fleet_node *n;

	if (f->count == f->room) {
		uint32_t room = f->room ? 2 * f->room : 64;
		struct fleet_node **grown =
			realloc(f->nodes, room * sizeof(*grown));

		if (!grown)
			return NULL;
		f->nodes = grown;
		f->room = room;
	}
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->name = strdup(name);
	if (!n->name) {
		free(n);
		return NULL;
	}
	n->settled_s = -1;
	memmove(f->nodes + at + 1, f->nodes + at,
		(f->count - at) * sizeof(*f->nodes));
	f->nodes[at] = n;
	f->count++;
	return n;
}

/*
 * What the configuration says of the node: its sections may have patterns. It
 * is read once: a file that is being edited must not stop us.
 */
static int node_configure(const struct fleet *f, struct fleet_node *n,
			  struct err *err)
{
	struct conf *conf = malloc(sizeof(*conf));
	int rc;

	if (!conf)
		return err_set(err, "out of memory");
	rc = conf_load(f->conf->path, n->name, conf, err);
	if (rc == 0)
		n->configured = conf->hw;
	free(conf);
	return rc;
}

/* The node of that name, a new one where it is none of ours yet. */
static struct fleet_node *node_get(struct fleet *f, const char *name,
				   struct err *err)
{
	bool found;
	uint32_t at = place_of(f, name, &found);
	struct fleet_node *n;

	if (found)
		return f->nodes[at];
	n = node_insert(f, at, name);
	if (!n)
		err_set(err, "out of memory for node %s", name);
	else if (node_configure(f, n, err) < 0)
		return NULL;	/* it is not seen, and goes */
	return n;
}

static int on_host(void *arg, const char *name, const struct resource *rows,
		   uint32_t count, struct err *err)
{
	struct fleet *f = arg;
	struct fleet_node *n = node_get(f, name, err);
	host_t *host;

	if (!n)
		return -1;
	host = host_create(rows, count, &n->configured, f->conf->share);
	if (!host)
		return err_set(err, "out of memory for node %s", name);
	host_destroy(n->host);
	n->host = host;
	n->seen = true;
	return 0;
}

static int on_node(void *arg, const char *name, int64_t settled_s,
		   struct err *err)
{
	struct fleet *f = arg;
	bool found;
	uint32_t at = place_of(f, name, &found);

	(void)err;
	if (found)
		f->nodes[at]->settled_s = settled_s;
	return 0;
}

static void unseen_drop(struct fleet *f)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < f->count; i++) {
		if (f->nodes[i]->seen)
			f->nodes[kept++] = f->nodes[i];
		else
			node_free(f->nodes[i]);
	}
	f->count = kept;
}

int fleet_refresh(struct fleet *f, pg_t *pg, int64_t since_s, struct err *err)
{
	bool missing = false;
	int rc;

	for (uint32_t i = 0; i < f->count; i++) {
		f->nodes[i]->seen = false;
		f->nodes[i]->settled_s = -1;
	}
	rc = pg_read_hosts(pg, on_host, f, &f->odd, err);
	unseen_drop(f);
	if (rc < 0 || pg_read_nodes(pg, on_node, f, err) < 0)
		return -1;
	for (uint32_t i = 0; i < f->count; i++) {
		if (f->nodes[i]->settled_s >= 0 || since_s < 0)
			continue;
		missing = true;
		if (pg_node_add(pg, f->nodes[i]->name, since_s, err) < 0)
			return -1;
	}
	return missing ? pg_read_nodes(pg, on_node, f, err) : 0;
}

/* ---- series ---------------------------------------------------------------- */

static int reader_open(const struct fleet_node *n, series_reader_t *r)
{
	char path[PATH_MAX];

	if (conf_run_path(path, sizeof(path), n->name, "series") < 0)
		return -1;
	return series_reader_open(r, path, NULL);
}

void fleet_look(const struct fleet *f, struct fleet_node *n)
{
	struct series_head head;
	series_reader_t r;

	n->fresh = (struct freshness){ .max_gap_ns = f->conf->max_gap_ns };
	if (reader_open(n, &r) < 0)
		return;
	n->fresh.max_gap_ns = r.params.max_gap_ns;
	memcpy(n->source, r.params.source, sizeof(n->source));
	if (series_reader_head(&r, &head) == 0 && head.count)
		n->fresh.newest_ns = head.last.wall_ns;
	series_reader_close(&r);
}

series_t *fleet_series(struct fleet_node *n, int64_t from_ns, int64_t to_ns)
{
	series_reader_t r;
	series_t *s;

	/* what the ring has lost does not come back: spare the reading */
	if (n->begin_ns && to_ns <= n->begin_ns)
		return NULL;
	if (reader_open(n, &r) < 0)
		return NULL;
	s = series_reader_load_since(&r, from_ns, NULL);
	series_reader_close(&r);
	if (s && series_first(s) && series_first(s)->wall_ns > from_ns)
		n->begin_ns = series_first(s)->wall_ns;
	return s;
}

/* ---- for the poller ---- */

struct publish {
	const struct fleet *fleet;
	bool *busy;
};

static void on_busy(void *arg, const char *name)
{
	struct publish *p = arg;
	bool found;
	uint32_t at = place_of(p->fleet, name, &found);

	if (found)
		p->busy[at] = true;
}

int fleet_publish(const struct fleet *f, pg_t *pg, struct err *err)
{
	struct publish p = { .fleet = f };
	int rc;

	p.busy = calloc(f->count + 1, sizeof(*p.busy));
	if (!p.busy)
		return err_set(err, "out of memory");
	rc = pg_read_busy(pg, on_busy, &p, err);
	if (rc == 0)
		rc = nodes_file_update(f, p.busy, err);
	free(p.busy);
	return rc;
}
