/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/process.h"
#include "lib/seal.h"
#include "lib/statefile.h"
#include "lib/totals.h"

#include "metrics_nodes.h"
#include "scrape.h"

#define RETRY_NS (30 * NS_PER_S)

struct metrics {
	struct metrics_params p;
	scrape_t *scrape;	/* NULL: the port is not open */
	int64_t retry_ns;
	struct log_latch latch, totals_latch;
};

/* ---- what a node knows of itself ------------------------------------------- */

static void expose_account(struct expo *e, const char *node,
			   const struct account_sums *s)
{
	const struct {
		const char *name, *unit, *help;
		double value;
	} all[] = {
		{ "wattgate_node_allocated_joules", "joules",
		  "Energy that jobs were charged, since wattgated started.",
		  s->allocated_j },
		{ "wattgate_node_unallocated_joules", "joules",
		  "Energy of parts that no job held while another part was held, since wattgated started.",
		  s->unallocated_j },
		{ "wattgate_node_idle_joules", "joules",
		  "Energy of the node without a job, since wattgated started.",
		  s->idle_j },
		{ "wattgate_node_allocated_seconds", "seconds",
		  "Time with a job on the node, since wattgated started.",
		  ns_to_s(s->allocated_ns) },
		{ "wattgate_node_idle_seconds", "seconds",
		  "Time without a job, since wattgated started.",
		  ns_to_s(s->idle_ns) },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		expo_family(e, all[i].name, EXPO_COUNTER, all[i].unit, "node",
			    all[i].help);
		expo_sample(e, node, NULL, all[i].value);
	}
}

/* Bytes of the ledger that the site does not have; -1: not known. */
static double ship_pending(const struct conf *conf)
{
	char text[STATEFILE_MAX], number[32], path[PATH_MAX];
	struct stat st;
	double sent = 0;

	if (snprintf(path, sizeof(path), "%s/%s.ledger", conf->ledger_dir,
		     conf->node) >= (int)sizeof(path) || stat(path, &st) < 0)
		return -1;
	if (statefile_read(conf->state_dir, conf->node, "shipped", text,
			   sizeof(text), NULL) > 0 &&
	    statefile_get(text, "offset", number, sizeof(number)) == 0)
		sent = strtod(number, NULL);
	return sent <= (double)st.st_size ? (double)st.st_size - sent :
					    (double)st.st_size;
}

static void expose_shipping(struct expo *e, const struct conf *conf)
{
	double bytes;

	if (!*conf->site.url || !conf->site.ship)
		return;
	bytes = ship_pending(conf);
	expo_family(e, "wattgate_ship_pending_bytes", EXPO_GAUGE, "bytes",
		    "node", "Part of the ledger that the site does not have yet.");
	if (bytes >= 0)
		expo_sample(e, conf->node, NULL, bytes);
}

/* ---- all ------------------------------------------------------------------- */

static int totals_read(const char *path, struct totals *t, struct err *err)
{
	const char *body;
	char *text = seal_read(path, TOTALS_KIND, TOTALS_VERSION,
			       TOTALS_FILE_MAX, &body, err);
	int rc = text ? totals_parse(t, body, err) : -1;

	free(text);
	return rc;
}

/* One that is not there, or is damaged, is told once, and has no figures. */
static void expose_totals(struct expo *e, metrics_t *m)
{
	const char *path = m->p.conf->metrics.totals;
	struct totals t = { .len = 0 };
	struct err err;
	int rc;

	if (!*path)
		return;
	rc = totals_read(path, &t, &err);
	if (log_latch_change(&m->totals_latch, rc < 0) && rc < 0)
		log_warn(m->p.log, "metrics: accounts are not told: %s",
			 err.text);
	if (rc == 0)
		totals_expose(e, &t);
	totals_clear(&t);
}

static void expose_nodes(struct expo *e, const struct metrics *m)
{
	const struct conf *conf = m->p.conf;
	struct node_list nodes = { NULL, 0, 0 };
	int rc = conf->mode == CONF_MODE_NODE ?
		 node_list_add(&nodes, conf->node, m->p.boot_id) :
		 node_list_scan(&nodes, m->p.boot_id);

	if (rc < 0)
		log_error(m->p.log, "metrics: out of memory");
	node_list_expose(e, &nodes);
	node_list_clear(&nodes);
}

void metrics_fill(struct expo *e, void *metrics)
{
	metrics_t *m = metrics;
	const account_t *account = m->p.account ? m->p.account(m->p.arg) : NULL;

	expo_family(e, "wattgate_build", EXPO_INFO, NULL, "version",
		    "Which wattgated this is.");
	expo_sample(e, PACKAGE_VERSION, NULL, 1);
	expose_nodes(e, m);
	if (account)
		expose_account(e, m->p.conf->node, account_sums(account));
	if (m->p.conf->mode == CONF_MODE_NODE)
		expose_shipping(e, m->p.conf);
	expose_totals(e, m);
}

/* ---- life ------------------------------------------------------------------ */

static void on_ready(void *arg)
{
	metrics_t *m = arg;

	scrape_run(m->scrape);
}

static int port_open(metrics_t *m, struct err *err)
{
	m->scrape = scrape_create(m->p.conf->metrics.listen, metrics_fill, m,
				  m->p.log, err);
	if (!m->scrape)
		return -1;
	if (!m->p.watch || watch_add(m->p.watch, scrape_fd(m->scrape),
				     on_ready, m, err) == 0)
		return 0;
	scrape_destroy(m->scrape);
	m->scrape = NULL;
	return -1;
}

void metrics_run(metrics_t *m)
{
	int64_t now_ns = clock_boot_ns();
	struct err err;
	int rc;

	if (m->scrape || now_ns < m->retry_ns)
		return;
	m->retry_ns = now_ns + RETRY_NS;
	rc = port_open(m, &err);
	if (log_latch_change(&m->latch, rc < 0) && rc < 0)
		log_error(m->p.log, "%s: %s", m->p.conf->path, err.text);
	if (rc == 0)
		log_info(m->p.log, "metrics are served on port %u",
			 scrape_port(m->scrape));
}

metrics_t *metrics_create(const struct metrics_params *params, struct err *err)
{
	metrics_t *m = calloc(1, sizeof(*m));

	if (!m) {
		err_set(err, "out of memory");
		return NULL;
	}
	m->p = *params;
	return m;
}

void metrics_destroy(metrics_t *m)
{
	if (!m)
		return;
	if (m->scrape && m->p.watch)
		watch_remove(m->p.watch, scrape_fd(m->scrape));
	scrape_destroy(m->scrape);
	free(m);
}

/* ---- a management host's own process --------------------------------------- */

static int turns(metrics_t *m, int signals, struct err *err)
{
	struct pollfd fds[2] = { { .fd = signals, .events = POLLIN },
				 { .fd = -1, .events = POLLIN } };

	for (;;) {
		metrics_run(m);
		fds[1].fd = m->scrape ? scrape_fd(m->scrape) : -1;
		if (poll(fds, 2, m->scrape ? -1 : 1000) < 0 && errno != EINTR)
			return err_set_errno(err, "poll");
		if (fds[0].revents)
			return 0;
		if (m->scrape)
			scrape_run(m->scrape);
	}
}

int metrics_serve(const struct conf *conf, const logger_t *log,
		  struct err *err)
{
	char boot_id[BOOT_ID_SIZE];
	const struct metrics_params params = { .conf = conf, .log = log,
					       .boot_id = boot_id };
	metrics_t *m;
	int signals, rc = -1;

	if (metrics_check(conf, err) < 0)
		return -1;
	if (clock_boot_id(boot_id) < 0)
		return err_set(err, "/proc/sys/kernel/random/boot_id cannot be read");
	signal(SIGHUP, SIG_IGN);
	signals = process_signals((const int[]){ SIGTERM, SIGINT, 0 }, err);
	if (signals < 0)
		return -1;
	m = metrics_create(&params, err);
	if (m)
		rc = turns(m, signals, err);
	metrics_destroy(m);
	close(signals);
	return rc;
}

int metrics_check(const struct conf *conf, struct err *err)
{
	struct err why;

	if (!*conf->metrics.listen)
		return err_set(err, "%s: nothing is served: give listen in [metrics]",
			       conf->path);
	if (scrape_check(conf->metrics.listen, &why) == 0)
		return 0;
	return err_set(err, "%s: [metrics] %s", conf->path, why.text);
}
