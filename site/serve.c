/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "serve.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/hostlist.h"
#include "lib/process.h"

#include "keep.h"
#include "server.h"

/*
 * Longer than the longest period with its back-off: a connection that is kept
 * costs less than a handshake.
 */
#define IDLE_NS (660 * NS_PER_S)

/* One that is on the list, or that the poller reads. */
static bool node_known(void *arg, const char *node)
{
	const struct conf *conf = arg;
	char path[CONF_PATH_MAX];
	struct stat st;

	if (*conf->site.nodes && hostlist_has(conf->site.nodes, node))
		return true;
	return conf_run_path(path, sizeof(path), node, "series") == 0 &&
	       lstat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int params_fill(struct server_params *p, const struct conf *conf,
		       const timesource_t *ts, const logger_t *log,
		       struct err *err)
{
	const struct conf_site *c = &conf->site;

	if (!*c->listen)
		return err_set(err, "%s: nothing is served: give listen in [site]",
			       conf->path);
	if (!*c->cert_file)
		return err_set(err, "%s: listen in [site] needs cert_file and key_file",
			       conf->path);
	*p = (struct server_params){
		.listen = c->listen, .cert_file = c->cert_file,
		.key_file = c->key_file, .client_ca_file = c->client_ca_file,
		.unmunge = c->unmunge, .munge_users = c->munge_users,
		.idle_ns = IDLE_NS, .known = node_known,
		.known_arg = (void *)(uintptr_t)conf, .ts = *ts, .log = log,
	};
	return 0;
}

static int serve_turns(const struct server_params *params, int signals,
		       bool *ended, struct err *err)
{
	struct signalfd_siginfo info;
	server_t *s = server_create(params, err);
	int rc = s ? 0 : -1;

	while (rc == 0 && read(signals, &info, sizeof(info)) < 0)
		rc = server_turn(s, signals, -1, err);
	*ended = server_destroy(s);
	return rc;
}

/* Power is served also where no ledger can be kept. */
static int serve(struct server_params *params, const struct conf *conf,
		 int signals, struct err *err)
{
	keep_t *keep = keep_create(conf, params->log, err);
	bool ended;
	int rc;

	if (keep)
		params->store = keep_store(keep);
	else
		log_error(params->log, "ledgers are not taken: %s", err->text);
	rc = serve_turns(params, signals, &ended, err);
	if (ended)
		keep_destroy(keep);
	return rc;
}

int site_serve(const struct conf *conf, const timesource_t *ts,
	       const logger_t *log, struct err *err)
{
	char boot_id[BOOT_ID_SIZE];
	struct server_params params;
	int signals, rc;

	if (params_fill(&params, conf, ts, log, err) < 0)
		return -1;
	if (clock_boot_id(boot_id) < 0)
		return err_set(err, "/proc/sys/kernel/random/boot_id cannot be read");
	params.boot_id = boot_id;
	signal(SIGHUP, SIG_IGN);
	process_files_allow();	/* a connection each, and a series */
	signals = process_signals((const int[]){ SIGTERM, SIGINT, 0 }, err);
	if (signals < 0)
		return -1;
	rc = serve(&params, conf, signals, err);
	close(signals);
	return rc;
}

/* A file that is not there yet is made later: its directory has to do. */
static int store_check_conf(const struct conf *conf, const logger_t *log,
			    struct err *err)
{
	keep_t *keep = keep_create(conf, log, err);
	int rc = keep ? 0 : -1;

	if (keep && (*conf->site.database ||
		     access(conf->site.store_file, F_OK) == 0))
		rc = keep_check(keep, err);
	keep_destroy(keep);
	return rc;
}

int site_serve_check(const struct conf *conf, const timesource_t *ts,
		     const logger_t *log, struct err *err)
{
	struct server_params params;

	if (params_fill(&params, conf, ts, log, err) < 0 ||
	    server_check(&params, err) < 0)
		return -1;
	return store_check_conf(conf, log, err);
}
