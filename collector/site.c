/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "site.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/hostlist.h"
#include "lib/process.h"

#include "dirs.h"
#include "nodelist.h"
#include "poller.h"
#include "second.h"
#include "worker.h"

#define LIST_PERIOD_NS NS_PER_S	/* how often the list is looked at */
#define LOGOUT_NS (8 * NS_PER_S)	/* of all BMCs together */
#define LOGOUT_EACH_NS (200 * 1000 * 1000)

struct member {
	struct site *site;
	unsigned index;		/* in the site's lists */
	struct conf conf;	/* the node's own */
	poller_t *poller;	/* NULL: its configuration does not do */
	second_t *second;	/* meter; NULL: there is none */
	bool fixed;		/* in the configuration: always there, always busy */
	bool busy;
	bool listed;		/* in the list read last */
};

struct site {
	const struct conf *conf;
	http_t *http;
	watch_t *watch;
	timesource_t ts;
	const logger_t *log;
	char boot_id[BOOT_ID_SIZE];
	char list_path[PATH_MAX];
	char old_path[PATH_MAX];	/* the list as an earlier boot knew it */
	struct stat list_seen;	/* the list as it was read last */
	int64_t list_due_ns;
	struct log_latch list_latch;
	/* this program again, in other roles; NULL: there is none */
	struct role {
		worker_t *worker;
		char *argv[5];
	} follower, server, metrics;
	struct member **member;
	int64_t *due_ns;	/* of each; INT64_MAX while a sample is under way */
	unsigned count, room;
};

/* ---- members ---- */

static void member_close(struct member *m, int64_t limit_ns)
{
	second_close(m->second, limit_ns);
	poller_close(m->poller, limit_ns);
	free(m);
}

static void member_describe(void *arg, struct series_params *p)
{
	struct member *m = arg;

	p->hw = m->conf.hw;
}

/* A sample has ended: the next one is known. */
static void member_sampled(void *arg)
{
	struct member *m = arg;
	int64_t due_ns = poller_due_ns(m->poller);
	int64_t second_ns = second_due_ns(m->second);

	m->site->due_ns[m->index] = due_ns < second_ns ? due_ns : second_ns;
}

static struct member *member_find(const site_t *s, const char *name)
{
	for (unsigned i = 0; i < s->count; i++)
		if (strcmp(s->member[i]->conf.node, name) == 0)
			return s->member[i];
	return NULL;
}

/* Grids of their own: not all BMCs in the same instant. */
static int64_t member_start_ns(const site_t *s, const struct conf *conf)
{
	uint64_t hash = 1469598103934665603u;

	for (const char *p = conf->node; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	return timesource_boot_ns(&s->ts) +
	       (int64_t)(hash % (uint64_t)conf->period_ns);
}

static void member_open_second(site_t *s, struct member *m)
{
	const struct second_params params = {
		.conf = &m->conf, .first = m->poller, .http = s->http,
		.watch = s->watch, .ts = s->ts, .boot_id = s->boot_id,
		.log = s->log, .on_sample = member_sampled, .arg = m,
	};

	m->second = second_create(&params);
}

/* A node that cannot be read is told once; it is unmeasured. */
static void member_open(site_t *s, struct member *m, const char *name)
{
	struct poller_params params = {
		.conf = &m->conf, .meter = &m->conf.bmc, .suffix = "",
		.http = s->http, .watch = s->watch, .ts = s->ts,
		.boot_id = s->boot_id, .log = s->log,
		.describe = member_describe, .on_sample = member_sampled,
		.arg = m,
	};
	struct err err;
	int rc = conf_load(s->conf->path, name, &m->conf, &err);

	if (rc == 0) {
		params.start_ns = member_start_ns(s, &m->conf);
		m->poller = poller_create(&params, &err);
	}
	if (m->poller)
		member_open_second(s, m);
	else
		log_error(s->log, "node %s is not measured: %s", name, err.text);
	snprintf(m->conf.node, sizeof(m->conf.node), "%s", name);
}

static bool members_grow(site_t *s)
{
	unsigned room = s->room ? 2 * s->room : 16;
	struct member **members;
	int64_t *due_ns;

	if (s->count < s->room)
		return true;
	members = realloc(s->member, room * sizeof(*members));
	if (members)
		s->member = members;
	due_ns = realloc(s->due_ns, room * sizeof(*due_ns));
	if (due_ns)
		s->due_ns = due_ns;
	if (!members || !due_ns)
		return false;
	s->room = room;
	return true;
}

static struct member *member_add(site_t *s, const char *name)
{
	struct member *m = members_grow(s) ? calloc(1, sizeof(*m)) : NULL;

	if (!m) {
		log_error(s->log, "node %s is not measured: out of memory",
			  name);
		return NULL;
	}
	m->site = s;
	m->index = s->count;
	s->member[s->count] = m;
	s->due_ns[s->count++] = INT64_MAX;
	member_open(s, m, name);
	if (m->poller)
		member_sampled(m);
	return m;
}

static void member_set_busy(const site_t *s, struct member *m, bool busy)
{
	int64_t period_ns = busy ? m->conf.period_ns :
			    s->conf->oar.idle_period_ns;

	m->busy = busy;
	if (!m->poller)
		return;
	poller_set_period(m->poller, period_ns);
	second_set_period(m->second, period_ns);
	member_sampled(m);
}

/* ---- the list ---- */

static void members_update(site_t *s, const struct nodelist *list)
{
	for (unsigned i = 0; i < s->count; i++)
		s->member[i]->listed = false;
	for (unsigned i = 0; i < list->count; i++) {
		const struct nodelist_item *item = &list->item[i];
		struct member *m = member_find(s, item->name);

		if (!m)
			m = member_add(s, item->name);
		if (!m)
			continue;
		m->listed = true;
		if (!m->fixed)
			member_set_busy(s, m, item->busy);
	}
	for (unsigned i = s->count; i-- > 0; ) {
		if (s->member[i]->listed || s->member[i]->fixed)
			continue;
		log_info(s->log, "node %s is gone", s->member[i]->conf.node);
		member_close(s->member[i], LOGOUT_EACH_NS);
		if (i == --s->count)
			continue;	/* it was the last one */
		s->member[i] = s->member[s->count];
		s->member[i]->index = i;
		s->due_ns[i] = s->due_ns[s->count];
	}
}

/* Those of [site] nodes. */
static int fixed_add(const char *name, void *arg)
{
	site_t *s = arg;
	struct member *m = member_find(s, name) ? NULL : member_add(s, name);

	if (m) {
		m->fixed = true;
		member_set_busy(s, m, true);
	}
	return 0;
}

/* The list, and until the follower has got there, the one of before. */
static const char *list_path(const site_t *s, struct stat *st)
{
	if (stat(s->list_path, st) == 0)
		return s->list_path;
	return stat(s->old_path, st) == 0 ? s->old_path : NULL;
}

/* Its path where it is another one than was read last, else NULL. */
static const char *list_changed(site_t *s)
{
	struct stat st;
	const char *path = list_path(s, &st);

	if (!path)
		return NULL;
	if (st.st_ino == s->list_seen.st_ino &&
	    st.st_mtim.tv_sec == s->list_seen.st_mtim.tv_sec &&
	    st.st_mtim.tv_nsec == s->list_seen.st_mtim.tv_nsec)
		return NULL;
	s->list_seen = st;
	return path;
}

static void list_read(site_t *s, const char *path)
{
	struct nodelist list;
	struct err err;
	int rc = nodelist_read(path, &list, &err);

	if (log_latch_change(&s->list_latch, rc < 0) && rc < 0)
		log_error(s->log, "%s", err.text);
	if (rc == 0)
		members_update(s, &list);
	nodelist_free(&list);
}

/* ---- the loop's side ---- */

void site_run(site_t *s)
{
	int64_t now_ns = timesource_boot_ns(&s->ts);
	const char *path;

	if (s->follower.worker)
		worker_run(s->follower.worker, now_ns);
	if (s->server.worker)
		worker_run(s->server.worker, now_ns);
	if (s->metrics.worker)
		worker_run(s->metrics.worker, now_ns);
	if (now_ns >= s->list_due_ns) {
		s->list_due_ns = now_ns + LIST_PERIOD_NS;
		path = list_changed(s);
		if (path)
			list_read(s, path);
	}
	for (unsigned i = 0; i < s->count; i++) {
		if (s->due_ns[i] > now_ns)
			continue;
		poller_run(s->member[i]->poller);
		second_run(s->member[i]->second);
		member_sampled(s->member[i]);
	}
}

static int64_t role_due_ns(const struct role *r, int64_t due_ns)
{
	int64_t t_ns = r->worker ? worker_due_ns(r->worker) : INT64_MAX;

	return t_ns < due_ns ? t_ns : due_ns;
}

int64_t site_due_ns(const site_t *s)
{
	int64_t due_ns = s->list_due_ns;

	due_ns = role_due_ns(&s->follower, due_ns);
	due_ns = role_due_ns(&s->server, due_ns);
	due_ns = role_due_ns(&s->metrics, due_ns);
	for (unsigned i = 0; i < s->count; i++)
		if (s->due_ns[i] < due_ns)
			due_ns = s->due_ns[i];
	return due_ns;
}

/* ---- life ---- */

static int name_check(const char *name, void *arg)
{
	return conf_node_name_valid(name) ? 0 :
	       err_set(arg, "'%.60s' is no node's name", name);
}

static int conf_check(const struct conf *conf, struct err *err)
{
	const char *nodes = conf->site.nodes;
	struct err why = { "it is no list of nodes, such as n[1-100],gpu[01-16]" };

	if (!conf->oar.database[0] && !*nodes)
		return err_set(err, "%s: mode = site needs to know its nodes: give nodes in [site], or database in [oar]",
			       conf->path);
	if (*nodes && hostlist_each(nodes, name_check, &why) < 0)
		return err_set(err, "%s: nodes in [site]: %s", conf->path,
			       why.text);
	return 0;
}

int site_check(const struct conf *conf, struct err *err)
{
	if (conf_check(conf, err) < 0 || dir_check(conf_run_dir(), err) < 0)
		return -1;
	return dir_check(conf->state_dir, err);
}

static int role_start(site_t *s, struct role *r, const char *name,
		      const char *option, struct err *err)
{
	r->argv[0] = (char *)"wattgated";
	r->argv[1] = (char *)(uintptr_t)option;
	r->argv[2] = (char *)"-c";
	r->argv[3] = (char *)(uintptr_t)s->conf->path;
	r->worker = worker_create(name, NULL, r->argv, s->log);
	return r->worker ? 0 : err_set(err, "out of memory");
}

static int roles_start(site_t *s, struct err *err)
{
	if (s->conf->oar.database[0] &&
	    role_start(s, &s->follower, "follower", "--follow-oar", err) < 0)
		return -1;
	if (s->conf->site.listen[0] &&
	    role_start(s, &s->server, "server", "--serve", err) < 0)
		return -1;
	if (s->conf->metrics.listen[0] &&
	    role_start(s, &s->metrics, "metrics' process", "--metrics", err) < 0)
		return -1;
	return 0;
}

static int site_open(site_t *s, struct err *err)
{
	if (conf_check(s->conf, err) < 0 ||
	    dir_make(s->conf->state_dir, err) < 0)
		return -1;
	if (clock_boot_id(s->boot_id) < 0)
		return err_set(err, "/proc/sys/kernel/random/boot_id cannot be read");
	if (snprintf(s->list_path, sizeof(s->list_path), "%s/nodes",
		     conf_run_dir()) >= (int)sizeof(s->list_path))
		return err_set(err, "%s: the path is too long", conf_run_dir());
	if (snprintf(s->old_path, sizeof(s->old_path), "%s/nodes",
		     s->conf->state_dir) >= (int)sizeof(s->old_path))
		return err_set(err, "%s: the path is too long",
			       s->conf->state_dir);
	if (s->conf->site.nodes[0])
		hostlist_each(s->conf->site.nodes, fixed_add, s);
	return roles_start(s, err);
}

site_t *site_create(const struct conf *conf, http_t *http, watch_t *watch,
		    const timesource_t *ts, const logger_t *log,
		    struct err *err)
{
	site_t *s = calloc(1, sizeof(*s));

	if (!s) {
		err_set(err, "out of memory");
		return NULL;
	}
	s->conf = conf;
	s->http = http;
	s->watch = watch;
	s->ts = *ts;
	s->log = log;
	process_files_allow();	/* a connection each */
	if (site_open(s, err) == 0)
		return s;
	site_close(s);
	return NULL;
}

void site_close(site_t *s)
{
	int64_t end_ns, left_ns;

	if (!s)
		return;
	worker_destroy(s->metrics.worker, LOGOUT_NS);
	worker_destroy(s->server.worker, LOGOUT_NS);
	worker_destroy(s->follower.worker, LOGOUT_NS);
	for (unsigned i = 0; i < s->count; i++)
		if (s->member[i]->poller) {
			poller_stop(s->member[i]->poller);
			second_stop(s->member[i]->second);
		}
	/* waiting for one carries on all of them */
	end_ns = timesource_boot_ns(&s->ts) + LOGOUT_NS;
	for (unsigned i = 0; i < s->count; i++) {
		left_ns = end_ns - timesource_boot_ns(&s->ts);
		member_close(s->member[i], left_ns > 0 ? left_ns : 0);
	}
	free(s->member);
	free(s->due_ns);
	free(s);
}
