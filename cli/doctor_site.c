/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of site mode: of the management host, and of nodes that ask it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/few.h"
#include "lib/clock.h"
#include "lib/hostlist.h"
#include "lib/secret.h"
#include "lib/statefile.h"
#include "source/source.h"

#define LATE_S 600		/* so long a ledger may wait to be sent */
#define STALE_NS (7200 * NS_PER_S)	/* each hour ends an interval */
#define CHECK_MEND "wattgated --check says what is wrong, line by line"

/* ---- the management host ---------------------------------------------------- */

struct site_nodes {
	struct doctor *d;
	size_t count;
	struct few bad_conf, no_power, not_read;
	struct err conf_why, power_why;
};

static bool is_read(const struct doctor *d, const char *node)
{
	return names_have(&d->nodes, node);
}

static int look_at_node(const char *node, void *arg)
{
	struct site_nodes *s = arg;
	struct conf conf;
	struct err err;

	s->count++;
	if (conf_load(s->d->conf_path, node, &conf, &err) < 0) {
		if (!s->bad_conf.count)
			s->conf_why = err;
		few_add(&s->bad_conf, node);
	} else if (source_check(&conf, &conf.bmc, &err) < 0) {
		if (!s->no_power.count)
			s->power_why = err;
		few_add(&s->no_power, node);
	} else if (!s->d->only_node && !is_read(s->d, node)) {
		few_add(&s->not_read, node);
	}
	return 0;
}

static void check_site_nodes(struct doctor *d)
{
	struct site_nodes s = { .d = d };

	if (!*d->conf.site.nodes) {
		doctor_skip(d);	/* OAR's, or none */
		return;
	}
	if (hostlist_each(d->conf.site.nodes, look_at_node, &s) < 0) {
		doctor_find(d, DOCTOR_FAIL, "write it like n[1-100],gpu[01-16]",
			    "%s: nodes = %s is no list of hosts", d->conf_path,
			    d->conf.site.nodes);
		return;
	}
	if (s.bad_conf.count)
		doctor_find(d, DOCTOR_FAIL, "mend the line", "nodes %s: %.300s",
			    s.bad_conf.text, s.conf_why.text);
	if (s.no_power.count)
		doctor_find(d, DOCTOR_FAIL, "mend the configuration; in [bmc PATTERN] sections %n stands for the node",
			    "%zu of %zu nodes have no source of power: %s: %.300s",
			    s.no_power.count, s.count, s.no_power.text,
			    s.power_why.text);
	if (s.not_read.count)
		doctor_find(d, DOCTOR_FAIL, "systemctl restart wattgated-site, which reads its list of nodes then",
			    "%zu of %zu nodes are not read here: %s",
			    s.not_read.count, s.count, s.not_read.text);
}

static void check_site_server(struct doctor *d)
{
	const struct conf_site *s = &d->conf.site;
	struct err err;
	uid_t uid;

	if (!*s->listen) {
		if (*s->nodes)
			doctor_find(d, DOCTOR_WARN, "set listen in [site] where nodes have source = site",
				    "nodes are read, but none can ask for its series: there is no listen in [site]");
		else
			doctor_skip(d);
		return;
	}
	if (!*s->cert_file)
		doctor_find(d, DOCTOR_FAIL, "set cert_file and key_file in [site]",
			    "listen = %s, and there is no certificate to show",
			    s->listen);
	else if (doctor_daemon_uid(d, &uid) &&
		 secret_check(s->key_file, uid, &err) < 0)
		doctor_find(d, DOCTOR_FAIL, "chown it to wattgated's user and chmod it 0600",
			    "[site]: key_file: %s", err.text);
	if (!*s->client_ca_file && (!*s->unmunge || access(s->unmunge, X_OK) < 0))
		doctor_find(d, DOCTOR_FAIL, "install munge, or set client_ca_file for certificates of nodes",
			    "no node can prove who it is: '%s' cannot be run, and there is no client_ca_file",
			    s->unmunge);
}

struct stored {
	struct names names;
	struct few late, missing;
	store_t *store;
	int64_t now_ns;
	struct err err;
};

static void take_stored(const char *name, void *arg)
{
	names_add(arg, name);
}

static int look_at_stored(const char *node, void *arg)
{
	struct stored *s = arg;
	int64_t newest_ns;

	if (!names_have(&s->names, node)) {
		few_add(&s->missing, node);
		return 0;
	}
	if (store_newest(s->store, node, &newest_ns, &s->err) < 0)
		return 1;
	if (newest_ns < s->now_ns - STALE_NS)
		few_add(&s->late, node);
	return 0;
}

static void find_stored(struct doctor *d, const struct stored *s)
{
	if (s->missing.count)
		doctor_find(d, DOCTOR_WARN, "on the node: url in [site] and wattgated running; its log says what keeps it from sending",
			    "the store has nothing of %zu nodes: %s",
			    s->missing.count, s->missing.text);
	if (s->late.count)
		doctor_find(d, DOCTOR_WARN, "journalctl -u wattgated on the node says why it does not send; nothing is lost while its ledger is there",
			    "nothing new for two hours of %zu nodes: %s",
			    s->late.count, s->late.text);
}

static void check_site_store(struct doctor *d)
{
	struct ledgers from = { .dir = "" };
	struct stored s = { .now_ns = clock_wall_ns() };

	if (ledgers_open(&from, &d->conf, &s.err) < 0 ||
	    (from.store && store_check(from.store, &s.err) < 0)) {
		doctor_find(d, DOCTOR_FAIL, CHECK_MEND, "%s", s.err.text);
	} else if (!from.store) {
		doctor_find(d, DOCTOR_WARN, "systemctl restart wattgated-site makes it; nodes send theirs where [site] has url",
			    "there is no store of ledgers yet: %s",
			    d->conf.site.store_file);
	} else {
		s.store = from.store;
		if (store_nodes(s.store, take_stored, &s.names, &s.err) == 0 &&
		    hostlist_each(d->conf.site.nodes, look_at_stored, &s) == 0)
			find_stored(d, &s);
		else
			doctor_find(d, DOCTOR_FAIL, CHECK_MEND, "%s",
				    s.err.text);
	}
	names_destroy(&s.names);
	ledgers_close(&from);
}

/* ---- a node ------------------------------------------------------------------ */

/* How it proves who it is. */
static void check_node_site(struct doctor *d)
{
	const struct conf_site *s = &d->conf.site;
	struct err err;
	uid_t uid;

	if (!*s->cert_file && (!*s->munge || access(s->munge, X_OK) < 0))
		doctor_find(d, DOCTOR_FAIL, "install munge, or give the node a certificate: cert_file and key_file in [site]",
			    "'%s' cannot be run, and there is no cert_file: the site cannot know this node",
			    s->munge);
	if (*s->cert_file && access(s->cert_file, R_OK) < 0)
		doctor_find(d, DOCTOR_FAIL, "put the node's certificate there",
			    "[site]: cert_file '%s' cannot be read",
			    s->cert_file);
	if (*s->key_file && doctor_daemon_uid(d, &uid) &&
	    secret_check(s->key_file, uid, &err) < 0)
		doctor_find(d, DOCTOR_FAIL, "chown it to wattgated's user and chmod it 0600",
			    "[site]: key_file: %s", err.text);
}

static void check_shipped_of(struct doctor *d, const char *node)
{
	char path[PATH_MAX], text[STATEFILE_MAX], offset[32];
	struct stat st;
	long long sent;

	snprintf(path, sizeof(path), "%s/%s.ledger", d->conf.ledger_dir, node);
	if (stat(path, &st) < 0 || st.st_size == 0 ||
	    time(NULL) - st.st_mtim.tv_sec < LATE_S)
		return;
	sent = statefile_read(d->conf.state_dir, node, "shipped", text,
			      sizeof(text), NULL) > 0 &&
	       statefile_get(text, "offset", offset, sizeof(offset)) == 0 ?
	       atoll(offset) : 0;
	if (sent < st.st_size)
		doctor_find(d, DOCTOR_WARN, "journalctl -u wattgated says what the site answers; nothing is lost while the ledger is there",
			    "node %s: %lld of %lld bytes of its ledger have waited for more than %d minutes to be sent to %s",
			    node, (long long)st.st_size - sent,
			    (long long)st.st_size, LATE_S / 60,
			    d->conf.site.url);
}

static void check_shipped(struct doctor *d)
{
	if (!d->conf.site.ship || access(d->conf.state_dir, R_OK | X_OK) < 0) {
		doctor_skip(d);
		return;
	}
	for (size_t i = 0; i < d->nodes.len; i++)
		check_shipped_of(d, d->nodes.list[i]);
}

const struct doctor_check doctor_site_checks[] = {
	{ "site-nodes", "each node of [site] has its source of power, and is read",
	  NEEDS_SITE, check_site_nodes },
	{ "site-server", "nodes can ask for their series", NEEDS_SITE,
	  check_site_server },
	{ "site-store", "the store has new ledgers of each node",
	  NEEDS_SITE_STORE, check_site_store },
	{ "site", "the node can prove to its site who it is", NEEDS_SITE_URL,
	  check_node_site },
	{ "shipped", "the ledger is with the site", NEEDS_SITE_URL,
	  check_shipped },
};
const size_t doctor_site_checks_len =
	sizeof(doctor_site_checks) / sizeof(doctor_site_checks[0]);
