/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wattgated: reads the power of a node from its BMC and accounts it. Runs in
 * the foreground, as a plain user; docs/wattgated.8 describes it.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/process.h"

#include "oar/follow.h"
#include "site/serve.h"
#include "source/http.h"
#include "source/watch.h"
#include "metrics.h"
#include "node.h"
#include "site.h"
#include "trim.h"

enum { EXIT_USAGE = 2 };

struct options {
	const char *conf;
	const char *node;
	bool verbose;
	bool check;
	bool follow_oar;
	bool serve;
	bool metrics;
};

static void usage(FILE *out)
{
	fputs("usage: wattgated [-c CONF] [-n NODE] [-v] [--follow-oar | --serve | --metrics] [--check]\n"
	      "  -c, --config CONF   configuration file\n"
	      "  -n, --node NODE     this node's name in Slurm\n"
	      "  -v, --verbose       log each failure and each request's session\n"
	      "      --follow-oar    write what OAR's jobs drew into OAR's database\n"
	      "      --serve         answer a site's nodes\n"
	      "      --metrics       show a site's figures to Prometheus\n"
	      "      --check         check the configuration and what it names, then exit\n"
	      "  -V, --version\n", out);
}

/* 0 to go on, else the exit status + 1. */
static int options_parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "node", required_argument, NULL, 'n' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "check", no_argument, NULL, 'k' },
		{ "follow-oar", no_argument, NULL, 'f' },
		{ "serve", no_argument, NULL, 's' },
		{ "metrics", no_argument, NULL, 'm' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "c:n:vVh", longs, NULL)) != -1) {
		if (c == 'c')
			o->conf = optarg;
		else if (c == 'n')
			o->node = optarg;
		else if (c == 'v')
			o->verbose = true;
		else if (c == 'k')
			o->check = true;
		else if (c == 'f')
			o->follow_oar = true;
		else if (c == 's')
			o->serve = true;
		else if (c == 'm')
			o->metrics = true;
		else if (c == 'V')
			return puts("wattgated " PACKAGE_VERSION), 1;
		else if (c == 'h')
			return usage(stdout), 1;
		else
			return usage(stderr), EXIT_USAGE + 1;
	}
	if (optind != argc || o->serve + o->follow_oar + o->metrics > 1)
		return usage(stderr), EXIT_USAGE + 1;
	return 0;
}

/* A password must not end up in a core, nor in a debugger of the same user. */
static void process_harden(void)
{
	struct rlimit none = { 0, 0 };

	umask(027);
	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &none);
}

/* The signal that ends us, or 0. */
static int signals_read(int fd, const logger_t *log)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			return (int)info.ssi_signo;
		if (info.ssi_signo == SIGHUP)
			log_info(log, "SIGHUP is ignored: restart wattgated to read a changed configuration, which leaves no gap");
	}
	return 0;
}

static int timeout_ms(const timesource_t *ts, int64_t due_ns)
{
	int64_t ms = (due_ns - timesource_boot_ns(ts) + 999999) / 1000000;

	return ms < 0 ? 0 : ms < INT_MAX ? (int)ms : INT_MAX;
}

/* What runs: one node, or a site's. */
struct served {
	node_t *node;
	site_t *site;
};

static void served_run(struct served *d)
{
	if (d->node)
		node_run(d->node);
	else
		site_run(d->site);
}

/* What waits for the world: HTTP, and all else. */
struct wires {
	http_t *http;
	watch_t *watch;
};

#define TRIM_NS (10 * NS_PER_S)	/* after the start, which has ended by then */
#define TRIM_AGAIN_NS (3600 * NS_PER_S)

static void trim_run(const timesource_t *ts, int64_t *due_ns)
{
	int64_t now_ns = timesource_boot_ns(ts);

	if (now_ns < *due_ns)
		return;
	*due_ns = now_ns + TRIM_AGAIN_NS;
	memory_trim();
}

static int loop(struct served *d, const struct wires *wires, int signals,
		const timesource_t *ts, const logger_t *log, struct err *err)
{
	struct pollfd fds[2 + NODE_FDS_MAX];
	int64_t due_ns, trim_ns = timesource_boot_ns(ts) + TRIM_NS;
	unsigned count;
	int sig;

	for (;;) {
		served_run(d);
		trim_run(ts, &trim_ns);
		fds[0].fd = signals;
		fds[0].events = POLLIN;
		fds[1].fd = watch_fd(wires->watch);
		fds[1].events = POLLIN;
		count = d->node ? node_fds(d->node, fds + 2) : 0;
		due_ns = d->node ? node_due_ns(d->node) : site_due_ns(d->site);
		if (http_poll(wires->http, fds, 2 + count,
			      timeout_ms(ts, due_ns), err) < 0)
			return -1;
		watch_run(wires->watch);
		sig = signals_read(signals, log);
		if (sig) {
			log_info(log, "%s stops: signal %d",
				 d->node ? "node" : "site", sig);
			return 0;
		}
	}
}

static int served_open(struct served *d, const struct conf *conf,
		       const struct wires *wires, const timesource_t *ts,
		       const logger_t *log, struct err *err)
{
	if (conf->mode == CONF_MODE_SITE) {
		d->site = site_create(conf, wires->http, wires->watch, ts, log,
				      err);
		if (d->site)
			log_info(log, "wattgated " PACKAGE_VERSION ": site, each %g s",
				 ns_to_s(conf->period_ns));
		return d->site ? 0 : -1;
	}
	d->node = node_create(conf, wires->http, wires->watch, ts, log, err);
	if (d->node)
		log_info(log, "wattgated " PACKAGE_VERSION ": node %s, %s%s%s, each %g s",
			 conf->node, conf->bmc.source,
			 *conf->bmc.url ? " " : "", conf->bmc.url, ns_to_s(conf->period_ns));
	return d->node ? 0 : -1;
}

static int serve(const struct conf *conf, const struct wires *wires,
		 const timesource_t *ts, const logger_t *log, struct err *err)
{
	struct served d = { NULL, NULL };
	/* SIGCHLD wakes the loop, which reaps */
	const int list[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD, 0 };
	int signals = process_signals(list, err), rc;

	if (signals < 0)
		return -1;
	rc = served_open(&d, conf, wires, ts, log, err);
	if (rc == 0)
		rc = loop(&d, wires, signals, ts, log, err);
	node_close(d.node);
	site_close(d.site);
	close(signals);
	return rc;
}

static int wires_open(struct wires *wires, struct err *err)
{
	wires->http = http_create(err);
	wires->watch = wires->http ? watch_create(err) : NULL;
	return wires->watch ? 0 : -1;
}

static int conf_prepare(const struct options *o, struct conf *conf,
			struct err *err)
{
	char node[sizeof(conf->node)];

	if (conf_node_name(o->node, node, sizeof(node), err) < 0 ||
	    conf_load(conf_path(o->conf), node, conf, err) < 0)
		return -1;
	if (o->verbose)
		conf->log_level = LOG_LEVEL_DEBUG;
	return 0;
}

/* In a process of its own: a slow database holds no reading of power up. */
static int follow_oar(const struct conf *conf, bool check,
		      const timesource_t *ts, const logger_t *log,
		      struct err *err)
{
	if (check)
		return oar_follow_check(conf, err);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	return oar_follow(conf, ts, log, err);
}

static int check(const struct conf *conf, const struct wires *wires,
		 const timesource_t *ts, const logger_t *log, struct err *err)
{
	if (conf->mode == CONF_MODE_NODE)
		return node_check(conf, wires->http, wires->watch, ts, log,
				  err);
	if (site_check(conf, err) < 0 ||
	    (*conf->metrics.listen && metrics_check(conf, err) < 0) ||
	    (*conf->site.listen && site_serve_check(conf, ts, log, err) < 0))
		return -1;
	return *conf->oar.database ? oar_follow_check(conf, err) : 0;
}

static bool has_role(const struct options *o)
{
	return o->follow_oar || o->serve || o->metrics;
}

/* The processes beside a site's poller. */
static int role(const struct options *o, const struct conf *conf,
		const timesource_t *ts, const logger_t *log, struct err *err)
{
	if (o->follow_oar)
		return follow_oar(conf, o->check, ts, log, err);
	if (o->metrics)
		return o->check ? metrics_check(conf, err) :
				  metrics_serve(conf, log, err);
	return o->check ? site_serve_check(conf, ts, log, err) :
			  site_serve(conf, ts, log, err);
}

int main(int argc, char **argv)
{
	static struct conf conf;
	struct options o = { 0 };
	timesource_t ts = timesource_system();
	bool systemd = getenv("JOURNAL_STREAM") != NULL;
	logger_t log = logger_stderr(LOG_LEVEL_INFO, systemd);
	struct err err;
	struct wires wires = { NULL, NULL };
	int rc = options_parse(argc, argv, &o);

	if (rc)
		return rc - 1;
	process_harden();
	memory_trim();	/* what linking touched */
	rc = conf_prepare(&o, &conf, &err);
	if (rc == 0) {
		log = logger_stderr((enum log_level)conf.log_level, systemd);
		rc = has_role(&o) ? 0 : wires_open(&wires, &err);
	}
	if (rc == 0 && has_role(&o))
		rc = role(&o, &conf, &ts, &log, &err);
	else if (rc == 0 && o.check)
		rc = check(&conf, &wires, &ts, &log, &err);
	else if (rc == 0)
		rc = serve(&conf, &wires, &ts, &log, &err);
	watch_destroy(wires.watch);
	http_destroy(wires.http);
	if (rc < 0) {
		log_error(&log, "%s", err.text);
		return EXIT_FAILURE;
	}
	if (o.check && conf.mode == CONF_MODE_SITE)
		printf("%s: site: well\n", conf.path);
	else if (o.check)
		printf("%s: node %s: well\n", conf.path, conf.node);
	return EXIT_SUCCESS;
}
