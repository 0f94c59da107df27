/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "node.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/gaterec.h"
#include "lib/hardware.h"
#include "lib/ledger.h"
#include "lib/series.h"
#include "lib/suspend.h"

#include "account.h"
#include "dirs.h"
#include "jobword.h"
#include "metrics.h"
#include "poller.h"
#include "scontrol.h"
#include "second.h"
#include "ship.h"

#define LOGOUT_NS (4 * NS_PER_S)
#define LEDGER_RETRY_NS (10 * NS_PER_S)

struct node {
	const struct conf *conf;
	const logger_t *log;
	timesource_t ts;
	char boot_id[BOOT_ID_SIZE];
	char run_dir[PATH_MAX];
	char ledger_path[PATH_MAX];
	char open_path[PATH_MAX];
	char gate_dir[PATH_MAX];

	ledger_t *ledger;
	suspend_writer_t *suspend;
	poller_t *poller;
	second_t *second;	/* meter; NULL: there is none */
	account_t *account;
	scontrol_t *scontrol;
	jobword_t *jobword;
	ship_t *ship;		/* NULL: the ledger stays here */
	metrics_t *metrics;	/* NULL: nothing is served */

	int64_t tick_ns;	/* the next point of the accountant's grid */
	bool ticked;		/* since the last one */
	bool defaults_told;
	int64_t ledger_due_ns;	/* next try, where it is not there */
	struct log_latch ledger_latch;
};

/* ---- the series ---- */

/* What Slurm and the configuration say of the node. */
static void node_describe(void *arg, struct series_params *p)
{
	node_t *n = arg;
	const struct node_totals *totals = scontrol_totals(n->scontrol);
	bool defaults;

	p->kill_wait_ns = totals ? totals->kill_wait_ns : 0;
	hardware_resolve(n->conf, totals, &p->hw, &defaults);
	if (defaults && p->hw.cores > 0 && !n->defaults_told &&
	    n->conf->share == SHARE_MODEL) {
		n->defaults_told = true;
		log_info(n->log, "node %s: default watts for unknown hardware (%g W a core, %g W a GPU): set core_power and gpu_power in [hardware]",
			 n->conf->node, p->hw.core_w, p->hw.gpu_w);
	}
}

/* ---- each period ---- */

static int ledger_prepare(node_t *n, struct err *err);
static int account_open(node_t *n, struct err *err);

/*
 * The ledger, now or later: a filesystem that is not there yet must not keep
 * power from being read. The series covers an hour of waiting.
 */
static void ledger_try(node_t *n)
{
	int64_t now_ns = timesource_boot_ns(&n->ts);
	struct err err;
	bool bad;

	if (n->account || now_ns < n->ledger_due_ns)
		return;
	n->ledger_due_ns = now_ns + LEDGER_RETRY_NS;
	bad = ledger_prepare(n, &err) < 0 || account_open(n, &err) < 0;
	if (!log_latch_change(&n->ledger_latch, bad))
		return;
	if (bad)
		log_error(n->log, "node %s: power is read, but nothing goes into the ledger: %s",
			  n->conf->node, err.text);
	else
		log_info(n->log, "node %s: the ledger is there", n->conf->node);
}

static void node_tick(void *arg)
{
	node_t *n = arg;
	series_writer_t *series = poller_series(n->poller);

	n->ticked = true;
	ledger_try(n);
	if (!series || !n->account)
		return;
	account_await(n->account, poller_await_ns(n->poller));
	account_tick(n->account, series, poller_series_params(n->poller));
}

/*
 * The accountant has its period whatever the BMC does: where no sample ended
 * since the last point of the grid, it is called without one.
 */
static void tick_run(node_t *n, int64_t now_ns)
{
	int64_t missed;

	if (now_ns < n->tick_ns)
		return;
	missed = (now_ns - n->tick_ns) / n->conf->period_ns;
	n->tick_ns += (missed + 1) * n->conf->period_ns;
	if (!n->ticked)
		node_tick(n);
	n->ticked = false;
}

void node_run(node_t *n)
{
	scontrol_run(n->scontrol);
	poller_refresh(n->poller);
	poller_run(n->poller);
	tick_run(n, timesource_boot_ns(&n->ts));
	second_run(n->second);
	jobword_run(n->jobword);
	if (n->ship)
		ship_run(n->ship);
	if (n->metrics)
		metrics_run(n->metrics);
}

static int64_t min_ns(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t node_due_ns(const node_t *n)
{
	int64_t due_ns = min_ns(n->tick_ns, poller_due_ns(n->poller));

	due_ns = min_ns(due_ns, second_due_ns(n->second));
	due_ns = min_ns(due_ns, scontrol_due_ns(n->scontrol));
	if (n->ship)
		due_ns = min_ns(due_ns, ship_due_ns(n->ship));
	return min_ns(due_ns, jobword_due_ns(n->jobword));
}

unsigned node_fds(const node_t *n, struct pollfd fds[NODE_FDS_MAX])
{
	const int ours[] = { scontrol_fd(n->scontrol), jobword_fd(n->jobword) };
	unsigned count = 0;

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (ours[i] >= 0)
			fds[count++] = (struct pollfd){ .fd = ours[i],
							.events = POLLIN };
	return count;
}

/* ---- directories ---- */

static int paths_set(node_t *n, struct err *err)
{
	const struct conf *c = n->conf;
	size_t size = sizeof(n->run_dir);
	int a, b;

	a = snprintf(n->ledger_path, size, "%s/%s.ledger", c->ledger_dir,
		     c->node);
	b = snprintf(n->open_path, size, "%s/%s.open", c->ledger_dir, c->node);
	if (a >= (int)size || b >= (int)size)
		return err_set(err, "%s: the path is too long", c->ledger_dir);
	if (snprintf(n->run_dir, size, "%s/%s", conf_run_dir(), c->node) >=
	    (int)size ||
	    gaterec_dir(n->gate_dir, size, conf_run_dir(), c->node) < 0)
		return err_set(err, "%s: the path is too long", conf_run_dir());
	return 0;
}

static int dirs_make(const node_t *n, struct err *err)
{
	if (dir_make(n->conf->state_dir, err) < 0 ||
	    dir_make(n->run_dir, err) < 0)
		return -1;
	return 0;
}

/* Before the first start it is missing: the systemd unit makes it. */
static int run_dir_check(const node_t *n, struct err *err)
{
	struct stat st;

	if (stat(n->run_dir, &st) < 0 && errno == ENOENT &&
	    stat(conf_run_dir(), &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return dir_check_or_make(n->run_dir, err);
}

/* ---- life ---- */

static struct poller_params poller_params(node_t *n, http_t *http,
					  watch_t *watch)
{
	return (struct poller_params){
		.conf = n->conf, .meter = &n->conf->bmc, .suffix = "",
		.http = http, .watch = watch, .ts = n->ts,
		.boot_id = n->boot_id, .log = n->log,
		.start_ns = timesource_boot_ns(&n->ts),
		.describe = node_describe, .on_sample = node_tick, .arg = n,
	};
}

static int ledger_prepare(node_t *n, struct err *err)
{
	uint64_t repaired;

	if (n->ledger)
		return 0;
	if (dir_make(n->conf->ledger_dir, err) < 0)
		return -1;
	n->ledger = ledger_open(n->conf->ledger_dir, n->conf->node, &repaired,
				err);
	if (!n->ledger)
		return -1;
	if (repaired)
		log_warn(n->log, "%s: cut off %llu bytes of a record that a crash left unfinished",
			 n->ledger_path, (unsigned long long)repaired);
	return 0;
}

static int files_open(node_t *n, struct err *err)
{
	char path[PATH_MAX];

	if (conf_run_path(path, sizeof(path), n->conf->node, "suspend") < 0)
		return err_set(err, "%s: the path is too long", conf_run_dir());
	n->suspend = suspend_writer_open(path, n->boot_id, err);
	if (!n->suspend)
		return -1;
	n->scontrol = scontrol_create(n->conf, &n->ts, n->log);
	n->jobword = jobword_create(n->conf, &n->ts);
	if (!n->scontrol || !n->jobword)
		return err_set(err, "out of memory");
	return 0;
}

static struct second_params second_params(node_t *n, http_t *http,
					  watch_t *watch)
{
	return (struct second_params){
		.conf = n->conf, .first = n->poller, .http = http,
		.watch = watch, .ts = n->ts, .boot_id = n->boot_id,
		.log = n->log,
	};
}

static int poller_start(node_t *n, http_t *http, watch_t *watch,
			struct err *err)
{
	struct poller_params params = poller_params(n, http, watch);

	n->tick_ns = params.start_ns + n->conf->period_ns;
	n->poller = poller_create(&params, err);
	return n->poller ? 0 : -1;
}

static int ship_start(node_t *n, http_t *http, watch_t *watch, struct err *err)
{
	const struct ship_params params = {
		.conf = n->conf, .ledger_path = n->ledger_path,
		.open_path = n->open_path, .http = http, .watch = watch,
		.ts = n->ts, .log = n->log,
	};

	if (!*n->conf->site.url || !n->conf->site.ship)
		return 0;
	n->ship = ship_create(&params, err);
	return n->ship ? 0 : -1;
}

static const account_t *account_of(void *arg)
{
	const node_t *n = arg;

	return n->account;
}

static int metrics_start(node_t *n, watch_t *watch, struct err *err)
{
	const struct metrics_params params = {
		.conf = n->conf, .boot_id = n->boot_id, .watch = watch,
		.account = account_of, .arg = n, .log = n->log,
	};

	if (!*n->conf->metrics.listen)
		return 0;
	if (metrics_check(n->conf, err) < 0)
		return -1;
	n->metrics = metrics_create(&params, err);
	return n->metrics ? 0 : -1;
}

static enum job_word word_of_job(void *arg, uint32_t job_id, int64_t since_ns)
{
	node_t *n = arg;

	return jobword_get(n->jobword, job_id, since_ns);
}

static int account_open(node_t *n, struct err *err)
{
	struct account_params params = {
		.node = n->conf->node, .boot_id = n->boot_id,
		.period_ns = n->conf->period_ns,
		.max_gap_ns = n->conf->max_gap_ns,
		.timeout_ns = 2 * n->conf->bmc.timeout_ns,	/* power, counter */
		.rollup_ns = n->conf->rollup_ns,
		.checkpoint_ns = n->conf->checkpoint_ns,
		.owner = 0, .ledger = n->ledger,
		.ledger_path = n->ledger_path, .open_path = n->open_path,
		.suspend = n->suspend, .gate_dir = n->gate_dir, .ts = n->ts,
		.word = word_of_job, .word_arg = n, .log = n->log,
	};

	n->account = account_create(&params, err);
	poller_set_account(n->poller, n->account);
	return n->account ? 0 : -1;
}

static node_t *node_new(const struct conf *conf, const timesource_t *ts,
			const logger_t *log, struct err *err)
{
	node_t *n = calloc(1, sizeof(*n));

	if (!n) {
		err_set(err, "out of memory");
		return NULL;
	}
	n->conf = conf;
	n->ts = *ts;
	n->log = log;
	if (clock_boot_id(n->boot_id) < 0)
		err_set(err, "/proc/sys/kernel/random/boot_id cannot be read");
	else if (paths_set(n, err) == 0)
		return n;
	free(n);
	return NULL;
}

static void node_free(node_t *n)
{
	metrics_destroy(n->metrics);
	ship_destroy(n->ship);
	if (n->poller && n->second)
		poller_stop(n->poller);	/* while the second one closes */
	second_close(n->second, LOGOUT_NS);
	poller_close(n->poller, LOGOUT_NS);
	account_destroy(n->account);
	scontrol_destroy(n->scontrol);
	jobword_destroy(n->jobword);
	suspend_writer_close(n->suspend);
	ledger_close(n->ledger);
	free(n);
}

static void site_trust_say(const struct conf *conf, const logger_t *log)
{
	if (*conf->site.url && conf->site.insecure)
		log_warn(log, "%s: insecure = true in [site]: nothing proves that this is the site, to which the ledger goes",
			 conf->site.url);
}

node_t *node_create(const struct conf *conf, http_t *http, watch_t *watch,
		    const timesource_t *ts, const logger_t *log,
		    struct err *err)
{
	node_t *n = node_new(conf, ts, log, err);
	struct second_params second;

	if (!n)
		return NULL;
	site_trust_say(conf, log);
	if (dirs_make(n, err) < 0 || files_open(n, err) < 0 ||
	    poller_start(n, http, watch, err) < 0 ||
	    ship_start(n, http, watch, err) < 0 ||
	    metrics_start(n, watch, err) < 0) {
		node_free(n);
		return NULL;
	}
	ledger_try(n);
	second = second_params(n, http, watch);
	n->second = second_create(&second);
	return n;
}

void node_close(node_t *n)
{
	struct err err;

	if (!n)
		return;
	/* first what must not be lost; the BMC may keep us waiting */
	if (poller_series(n->poller) && n->account &&
	    account_close(n->account, poller_series(n->poller), &err) < 0)
		log_error(n->log, "%s", err.text);
	node_free(n);
}

int node_check(const struct conf *conf, http_t *http, watch_t *watch,
	       const timesource_t *ts, const logger_t *log, struct err *err)
{
	node_t *n = node_new(conf, ts, log, err);
	struct poller_params params;
	struct second_params second;
	int rc;

	if (!n)
		return -1;
	params = poller_params(n, http, watch);
	second = second_params(n, http, watch);
	rc = dir_check_or_make(conf->state_dir, err) < 0 ||
	     dir_check_or_make(conf->ledger_dir, err) < 0 || run_dir_check(n, err) < 0 ||
	     poller_check(&params, err) < 0 ||
	     second_check(&second, err) < 0 ||
	     ship_start(n, http, watch, err) < 0 ||
	     metrics_start(n, watch, err) < 0 ? -1 : 0;
	node_free(n);
	return rc;
}
