/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of this host: configuration, wattgated, its files and secrets. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "lib/clock.h"
#include "lib/seal.h"
#include "lib/secret.h"
#include "lib/series.h"
#include "lib/totals.h"
#include "source/ipmi.h"
#include "source/exec_words.h"
#include "source/meter_find.h"
#include "source/source.h"

#define GATE_DIR_MEND "systemd-tmpfiles --create wattgate.conf (or: install -d -o root -g wattgate -m 2750 on it)"

static void check_user(struct doctor *d)
{
	if (geteuid() != 0)
		doctor_find(d, DOCTOR_WARN, "run wattgate doctor as root",
			    "not root: secrets and gate records cannot all be looked at");
}

static void check_conf(struct doctor *d)
{
	if (d->conf_absent)
		doctor_find(d, DOCTOR_WARN, "write it; wattgate.conf(5) tells how, or name another with -c",
			    "there is no configuration %s", d->conf_path);
	else if (!d->conf_ok)
		doctor_find(d, DOCTOR_FAIL, "mend the line; wattgated refuses the file as it is",
			    "%s", d->conf_err.text);
}

static void check_ledger_dir(struct doctor *d)
{
	const struct ledgers from = { .dir = d->conf.ledger_dir };
	struct err err;
	struct names nodes = { 0 };

	if (ledgers_nodes(&from, &nodes, &err) < 0)
		doctor_find(d, DOCTOR_WARN, "make it, owned by wattgated's user, or give yourself its group; reports then have BMC energy and coverage",
			    "%s", err.text);
	names_destroy(&nodes);
}

static void check_nodes(struct doctor *d)
{
	if (d->nodes.len > 0)
		return;
	if (d->site && !d->only_node)
		doctor_find(d, DOCTOR_FAIL, "systemctl enable --now wattgated-site; its run directory is WATTGATE_RUN_DIR",
			    "wattgated does not run here: no node in %s",
			    conf_run_dir());
	else if (d->only_node)
		doctor_find(d, DOCTOR_FAIL, "start wattgated for this node: systemctl enable --now wattgated",
			    "wattgated left nothing in %s for node %s",
			    conf_run_dir(), d->only_node);
	else
		doctor_find(d, DOCTOR_WARN, "on a compute node: systemctl enable --now wattgated",
			    "wattgated does not run here: no node in %s",
			    conf_run_dir());
}

/* ---- the series ------------------------------------------------------------ */

/* What is wrong with a series whose head was read. */
static void check_head(struct doctor *d, const char *node,
		       const series_reader_t *r, const struct series_head *head)
{
	static const char bmc_mend[] =
		"journalctl -u wattgated says what the BMC answers";
	const int64_t age = clock_boot_ns() - head->last.boot_ns;
	char boot_id[BOOT_ID_SIZE];

	if (clock_boot_id(boot_id) == 0 &&
	    strcmp(boot_id, r->params.boot_id) != 0)
		doctor_find(d, DOCTOR_FAIL, "systemctl restart wattgated",
			    "node %s: the series is of an earlier boot", node);
	else if (head->count == 0)
		doctor_find(d, DOCTOR_FAIL, bmc_mend,
			    "node %s: the BMC was never read", node);
	else if (age > r->params.max_gap_ns)
		doctor_find(d, DOCTOR_FAIL, bmc_mend,
			    "node %s: the last reading is %.0f s old (max_gap %.0f s): time goes unmeasured",
			    node, ns_to_s(age), ns_to_s(r->params.max_gap_ns));
	if (strcmp(r->params.node, node) != 0)
		doctor_find(d, DOCTOR_FAIL, "one run directory and one name for each node: check wattgated -n",
			    "node %s: its series says node %s", node,
			    r->params.node);
	/* a site's are known to OAR, or to the nodes themselves */
	if (r->params.hw.cores <= 0 && !d->site)
		doctor_find(d, DOCTOR_WARN, "set cores in [hardware], or let wattgated ask scontrol",
			    "node %s: the number of its cores is not known, so no share can be worked out",
			    node);
}

static void check_series(struct doctor *d)
{
	for (size_t i = 0; i < d->nodes.len; i++) {
		const char *node = d->nodes.list[i];
		char path[PATH_MAX];
		struct series_head head;
		series_reader_t r;
		struct err err = { "its path is too long" };

		if (conf_run_path(path, sizeof(path), node, "series") < 0 ||
		    series_reader_open(&r, path, &err) < 0) {
			if (errno == EACCES)
				doctor_find(d, DOCTOR_WARN, "run wattgate doctor as root",
					    "%s", err.text);
			else
				doctor_find(d, DOCTOR_FAIL, "start wattgated, and see what it logs: journalctl -u wattgated",
					    "node %s: %s", node, err.text);
			continue;
		}
		if (series_reader_head(&r, &head) < 0)
			doctor_find(d, DOCTOR_FAIL, "systemctl restart wattgated",
				    "node %s: the series is damaged", node);
		else
			check_head(d, node, &r, &head);
		series_reader_close(&r);
	}
}

/* ---- owners and modes ------------------------------------------------------ */

/* The user that wattgated runs as: the owner of the node's directory. */
static bool daemon_owner(const char *node, struct stat *st)
{
	char path[PATH_MAX];
	size_t len;

	if (conf_run_path(path, sizeof(path), node, "") < 0)
		return false;
	len = strlen(path);
	if (len && path[len - 1] == '/')
		path[len - 1] = '\0';
	return lstat(path, st) == 0;
}

bool doctor_daemon_uid(const struct doctor *d, uid_t *uid)
{
	struct stat st;

	if (d->nodes.len == 0 || !daemon_owner(d->nodes.list[0], &st))
		return false;
	*uid = st.st_uid;
	return true;
}

static bool user_in_group(uid_t uid, gid_t gid)
{
	const struct passwd *pw = getpwuid(uid);
	gid_t groups[256];
	int n = 256;

	if (!pw)
		return false;
	if (pw->pw_gid == gid)
		return true;
	if (getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
		return false;
	for (int i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

static void check_run_owner(struct doctor *d)
{
	for (size_t i = 0; i < d->nodes.len; i++) {
		struct stat st;

		if (!daemon_owner(d->nodes.list[i], &st))
			continue;
		if (st.st_uid == 0)
			doctor_find(d, DOCTOR_WARN, "run wattgated as a user of its own; the unit that comes with it does",
				    "node %s: wattgated runs as root",
				    d->nodes.list[i]);
		if (st.st_mode & 022)
			doctor_find(d, DOCTOR_FAIL, "chmod go-w on it",
				    "node %s: others may write %s/%s",
				    d->nodes.list[i], conf_run_dir(),
				    d->nodes.list[i]);
	}
}

static void check_gate_group(struct doctor *d, const char *path,
			     const struct stat *gate)
{
	for (size_t i = 0; i < d->nodes.len; i++) {
		struct stat st;

		if (daemon_owner(d->nodes.list[i], &st) && st.st_uid != 0 &&
		    !user_in_group(st.st_uid, gate->st_gid))
			doctor_find(d, DOCTOR_FAIL, "chgrp it to wattgated's group",
				    "wattgated (uid %u) of node %s may not read %s, so no job is charged",
				    (unsigned)st.st_uid, d->nodes.list[i], path);
	}
}

static void check_gate_dir(struct doctor *d)
{
	char path[PATH_MAX];
	struct stat st;

	if (d->site) {
		doctor_skip(d);	/* SPANK is on Slurm's nodes */
		return;
	}
	snprintf(path, sizeof(path), "%s/gate.d", conf_run_dir());
	if (lstat(path, &st) < 0)
		doctor_find(d, DOCTOR_FAIL, GATE_DIR_MEND,
			    "%s: %s, so SPANK cannot say what jobs hold", path,
			    strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		doctor_find(d, DOCTOR_FAIL, GATE_DIR_MEND,
			    "%s is no directory", path);
	else if (st.st_uid != 0)
		doctor_find(d, DOCTOR_FAIL, GATE_DIR_MEND,
			    "%s belongs to uid %u, not to root", path,
			    (unsigned)st.st_uid);
	else if ((st.st_mode & 07777) != 02750)
		doctor_find(d, st.st_mode & 022 ? DOCTOR_FAIL : DOCTOR_WARN,
			    GATE_DIR_MEND, "%s has mode %04o, not 2750", path,
			    (unsigned)(st.st_mode & 07777));
	else
		check_gate_group(d, path, &st);
}

#define SECRET_MEND "chown it to wattgated's user and chmod it 0600"

static void check_database_secret(struct doctor *d)
{
	struct stat st;
	struct err err;

	if (d->follows_oar && *d->conf.oar.password_file &&
	    daemon_owner(d->nodes.list[0], &st) &&
	    secret_check(d->conf.oar.password_file, st.st_uid, &err) < 0)
		doctor_find(d, DOCTOR_FAIL, SECRET_MEND, "[oar]: %s", err.text);
}

static void check_meter_secret(struct doctor *d, const struct conf_meter *m,
			       const char *node, uid_t uid)
{
	struct err err;

	if (*m->password_file && secret_check(m->password_file, uid, &err) < 0)
		doctor_find(d, DOCTOR_FAIL, SECRET_MEND, "node %s: %s", node,
			    err.text);
}

static void check_secrets(struct doctor *d)
{
	if (!d->conf_ok)
		doctor_skip(d);
	else
		check_database_secret(d);
	for (size_t i = 0; d->conf_ok && i < d->nodes.len; i++) {
		struct conf conf;
		struct stat st;
		struct err err;

		if (!daemon_owner(d->nodes.list[i], &st) ||
		    conf_load(d->conf_path, d->nodes.list[i], &conf, &err) < 0)
			continue;
		check_meter_secret(d, &conf.bmc, conf.node, st.st_uid);
		check_meter_secret(d, &conf.second, conf.node, st.st_uid);
	}
}

/* A section of the file may be wrong for one node alone. */
static void check_node_conf(struct doctor *d)
{
	if (!d->conf_ok)
		doctor_skip(d);	/* conf said so */
	for (size_t i = 0; d->conf_ok && i < d->nodes.len; i++) {
		struct conf conf;
		struct err err;

		if (conf_load(d->conf_path, d->nodes.list[i], &conf, &err) < 0 ||
		    source_check(&conf, &conf.bmc, &err) < 0 ||
		    (*conf.second.source &&
		     source_check(&conf, &conf.second, &err) < 0))
			doctor_find(d, DOCTOR_FAIL, "mend the configuration",
				    "node %s: %s", d->nodes.list[i], err.text);
	}
}

/* ---- programs and files ---------------------------------------------------- */

static void check_meter(struct doctor *d, const struct conf_meter *m,
			const char *node, uid_t uid)
{
	static const char *const files[] = { "hwmon", "powercap", "pm_counters" };
	static struct exec_words words;
	static struct meter_set set;
	struct err err;

	if (strcmp(m->source, "exec") == 0 &&
	    exec_words_split(m->command, &words, &err) == 0 &&
	    exec_program_check(words.word[0], uid, &err) < 0)
		doctor_find(d, DOCTOR_FAIL, "mend it, or name another command",
			    "node %s: %s", node, err.text);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(m->source, files[i]) == 0 &&
		    meter_find(m->source, m->path, &set, &err) < 0)
			doctor_find(d, DOCTOR_FAIL, "load the driver's module, or name another path",
				    "node %s: %s: %s", node, m->source, err.text);
}

/* Those that node-conf found well. */
static void check_meters(struct doctor *d)
{
	if (!d->conf_ok)
		doctor_skip(d);
	for (size_t i = 0; d->conf_ok && i < d->nodes.len; i++) {
		struct conf conf;
		struct stat st;

		if (!daemon_owner(d->nodes.list[i], &st) ||
		    conf_load(d->conf_path, d->nodes.list[i], &conf, NULL) < 0)
			continue;
		check_meter(d, &conf.bmc, conf.node, st.st_uid);
		check_meter(d, &conf.second, conf.node, st.st_uid);
	}
}

/* ---- IPMI ------------------------------------------------------------------ */

/* In-band: the device is the user's, or its group's. */
static void check_ipmi_device(struct doctor *d, const char *node,
			      const struct stat *owner)
{
	struct stat st;

	if (stat(IPMI_DEVICE, &st) < 0)
		doctor_find(d, DOCTOR_FAIL, "modprobe ipmi_si ipmi_devintf, or give the BMC as host",
			    "node %s: %s: %s", node, IPMI_DEVICE,
			    strerror(errno));
	else if (!((st.st_uid == owner->st_uid && (st.st_mode & 0600) == 0600) ||
		   ((st.st_mode & 0060) == 0060 &&
		    user_in_group(owner->st_uid, st.st_gid))))
		doctor_find(d, DOCTOR_FAIL, "install 60-wattgate-ipmi.rules of wattgate's examples as a rule of udev",
			    "node %s: wattgated (uid %u) may not read and write %s",
			    node, (unsigned)owner->st_uid, IPMI_DEVICE);
	else if (st.st_mode & 0006)
		doctor_find(d, DOCTOR_FAIL, "chmod o-rw on it, by a rule of udev",
			    "every user of this host may command its BMC by %s",
			    IPMI_DEVICE);
}

static void check_ipmi_meter(struct doctor *d, const struct conf_meter *m,
			     const char *node, const struct stat *owner)
{
	if (strcmp(m->source, "ipmi") != 0)
		return;
	if (access(ipmi_program(), X_OK) < 0)
		doctor_find(d, DOCTOR_FAIL, "build wattgate where libfreeipmi is, and install it",
			    "node %s: %s: %s", node, ipmi_program(),
			    strerror(errno));
	else if (!*m->host)
		check_ipmi_device(d, node, owner);
}

static void check_ipmi(struct doctor *d)
{
	for (size_t i = 0; d->conf_ok && i < d->nodes.len; i++) {
		struct conf conf;
		struct stat st;
		struct err err;

		if (!daemon_owner(d->nodes.list[i], &st) ||
		    conf_load(d->conf_path, d->nodes.list[i], &conf, &err) < 0)
			continue;
		check_ipmi_meter(d, &conf.bmc, conf.node, &st);
		check_ipmi_meter(d, &conf.second, conf.node, &st);
	}
}

/* ---- Prometheus ------------------------------------------------------------ */

/* What `wattgate export` leaves for wattgated to show. */
static void check_totals(struct doctor *d, const char *path)
{
	struct totals totals = { .len = 0 };
	const char *body;
	struct err err;
	char *text = seal_read(path, TOTALS_KIND, TOTALS_VERSION,
			       TOTALS_FILE_MAX, &body, &err);

	if (!text || totals_parse(&totals, body, &err) < 0)
		doctor_find(d, DOCTOR_WARN, "let wattgate export run, and name its cursor with .totals behind it",
			    "accounts' totals are not shown: %s", err.text);
	free(text);
	totals_clear(&totals);
}

static void check_metrics(struct doctor *d)
{
	if (!*d->conf.metrics.totals)
		return;
	if (*d->conf.metrics.listen)
		check_totals(d, d->conf.metrics.totals);
	else
		doctor_find(d, DOCTOR_WARN, "give listen, too, or leave totals out",
			    "[metrics] has totals and no listen: nothing is shown");
}

const struct doctor_check doctor_host_checks[] = {
	{ "user", "run as root", NEEDS_NOTHING, check_user },
	{ "conf", "the configuration is read without errors", NEEDS_NOTHING,
	  check_conf },
	{ "ledger-dir", "the ledger directory is readable", NEEDS_LEDGERS,
	  check_ledger_dir },
	{ "wattgated", "wattgated has a place for its node", NEEDS_NOTHING,
	  check_nodes },
	{ "node-conf", "each node has its source of power in the configuration", NEEDS_NODES,
	  check_node_conf },
	{ "series", "each node's power is read, and the last reading is fresh",
	  NEEDS_NODES, check_series },
	{ "run-dir", "each node's directory belongs to wattgated's own user",
	  NEEDS_NODES, check_run_owner },
	{ "gate-dir", "gate.d belongs to root, and wattgated may read it",
	  NEEDS_NODES, check_gate_dir },
	{ "secrets", "passwords are readable by wattgated alone",
	  NEEDS_NODES, check_secrets },
	{ "meters", "programs and files that tell power are there", NEEDS_NODES,
	  check_meters },
	{ "ipmi", "where power is read by IPMI, it can be", NEEDS_NODES,
	  check_ipmi },
	{ "metrics", "what [metrics] names can be shown", NEEDS_CONF,
	  check_metrics },
};
const size_t doctor_host_checks_len =
	sizeof(doctor_host_checks) / sizeof(doctor_host_checks[0]);
