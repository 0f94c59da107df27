/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wattgate doctor on a host that is well, and with one fault at a time. */

#include <check.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "lib/clock.h"
#include "lib/series.h"
#include "scratch.h"

/* What a plugin of Slurm exports; this program stands in for the plugins. */
extern const uint32_t plugin_version;
const uint32_t plugin_version = 0x160508;

static char dir[] = "/tmp/test_cli_doctor.XXXXXX";

static const char good_config[] =
	"Configuration data as of 2026-11-23T14:21:06\n"
	"AccountingStorageTRES   = cpu,mem,energy,node,billing,gres/gpu\n"
	"AcctGatherEnergyType    = acct_gather_energy/wattgate\n"
	"AcctGatherNodeFreq      = 5 sec\n"
	"GresTypes               = gpu\n"
	"JobAcctGatherFrequency  = task=5,energy=5\n"
	"JobAcctGatherType       = jobacct_gather/linux\n"
	"PluginDir               = /nowhere:DIR\n"
	"PlugStackConfig         = DIR/plugstack.conf\n"
	"PreemptMode             = OFF\n"
	"PrologFlags             = Alloc,Contain\n"
	"\n"
	"Slurmctld(primary) at vm is UP\n";
static const char good_partition[] =
	"PartitionName=main OverSubscribe=NO TRESBillingWeights=CPU=1.0,GRES/gpu=4.0 State=UP\n";

static void path_of(char *buf, size_t size, const char *name)
{
	ck_assert_int_lt(snprintf(buf, size, "%s/%s", dir, name), (int)size);
}

/* Write a file of the directory; DIR in its text is the directory. */
static void write_text(const char *name, const char *text, mode_t mode)
{
	char path[128];
	const char *at;
	FILE *f;

	path_of(path, sizeof(path), name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	while ((at = strstr(text, "DIR"))) {
		fwrite(text, 1, (size_t)(at - text), f);
		fputs(dir, f);
		text = at + 3;
	}
	fputs(text, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* A file with `from` replaced. */
static void write_changed(const char *name, const char *text, const char *from,
			  const char *to)
{
	char changed[2048];
	const char *at = strstr(text, from);

	ck_assert_ptr_nonnull(at);
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text,
		 to, at + strlen(from));
	write_text(name, changed, 0644);
}

static void make_dir(const char *name, mode_t mode)
{
	char path[128];

	path_of(path, sizeof(path), name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void copy_self(const char *name)
{
	char path[128], own[PATH_MAX] = "", command[PATH_MAX + 256];

	path_of(path, sizeof(path), name);
	ck_assert_int_gt(readlink("/proc/self/exe", own, sizeof(own) - 1), 0);
	snprintf(command, sizeof(command), "cp '%s' '%s'", own, path);
	ck_assert_int_eq(system(command), 0);
}

/* wattgated's user; where the test is root, one that is not. */
static void give_away(const char *name)
{
	const struct passwd *pw = getpwnam("news");
	char path[128];

	path_of(path, sizeof(path), name);
	if (geteuid() == 0 && pw)
		ck_assert_int_eq(chown(path, pw->pw_uid, pw->pw_gid), 0);
}

static void make_series(int64_t age_ns, bool sample, double cores)
{
	struct series_params p = { .node = "n1", .source = "redfish:power",
				   .period_ns = NS_PER_S,
				   .max_gap_ns = 60 * NS_PER_S };
	struct err err = { "" };
	series_writer_t *w;
	char path[128];

	path_of(path, sizeof(path), "run/n1/series");
	unlink(path);
	p.hw = hardware_default(cores);
	ck_assert_int_eq(clock_boot_id(p.boot_id), 0);
	w = series_writer_open(path, &p, 3600, &err);
	ck_assert_msg(w != NULL, "%s", err.text);
	if (sample)
		ck_assert_int_eq(series_writer_append(w, clock_boot_ns() - age_ns,
						      clock_wall_ns(), 200,
						      &err), 0);
	series_writer_close(w);
}

static void setup(void)
{
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0755), 0);
	make_dir("run", 0755);
	make_dir("run/n1", 0750);
	make_dir("run/gate.d", 02750);
	make_dir("ledger", 0750);
	make_series(0, true, 2);
	give_away("run/n1");
	give_away("run/gate.d");	/* the group; root stays its owner */
	if (geteuid() == 0) {
		char path[128];

		path_of(path, sizeof(path), "run/gate.d");
		ck_assert_int_eq(chown(path, 0, (gid_t)-1), 0);
		ck_assert_int_eq(chmod(path, 02750), 0);
	}
	write_text("secret", "hush\n", 0600);
	give_away("secret");
	write_text("conf", "ledger_dir = DIR/ledger\n[bmc]\nurl = https://%n-bmc\n"
		   "user = wattgate\npassword_file = DIR/secret\n"
		   "[slurm]\nscontrol = DIR/scontrol\n", 0644);
	write_text("scontrol", "#!/bin/sh\ncase \"$*\" in\n"
		   "--version) cat DIR/version;;\n"
		   "'show config') cat DIR/config;;\n"
		   "*partition) cat DIR/partition;;\n"
		   "*node) cat DIR/nodes;;\n*) exit 1;;\nesac\n", 0755);
	write_text("version", "slurm-wlm 22.05.8\n", 0644);
	write_text("config", good_config, 0644);
	write_text("partition", good_partition, 0644);
	write_text("nodes", "NodeName=n1 Arch=x86_64\nNodeName=n2 Arch=x86_64\n",
		   0644);
	write_text("plugstack.conf", "optional spank_wattgate.so\n", 0644);
	copy_self("acct_gather_energy_wattgate.so");
	copy_self("spank_wattgate.so");
}

static void teardown(void)
{
	ck_assert_int_eq(tree_remove(dir), 0);
}

static void run_doctor(struct doctor *d, const char *node)
{
	char path[128];

	path_of(path, sizeof(path), "run");
	setenv("WATTGATE_RUN_DIR", path, 1);
	setenv("WATTGATE_NODE", "n1", 1);
	path_of(path, sizeof(path), "conf");
	doctor_run(d, path, node);
}

/* What a host that is well looks like, save what takes root to see or make. */
static bool is_ours_to_see(const char *id)
{
	return geteuid() == 0 ||
	       (strcmp(id, "user") != 0 && strcmp(id, "gate-dir") != 0 &&
		strcmp(id, "run-dir") != 0);
}

START_TEST(test_well)
{
	struct doctor d;

	run_doctor(&d, NULL);
	for (size_t i = 0; i < d.findings->len; i++)
		if (is_ours_to_see(rows_cell(d.findings, i, 1)->text))
			ck_assert_msg(strcmp(rows_cell(d.findings, i, 0)->text,
					     "ok") == 0, "%s: %s",
				      rows_cell(d.findings, i, 1)->text,
				      rows_cell(d.findings, i, 2)->text);
	ck_assert_uint_eq(d.findings->len,
			  doctor_host_checks_len + doctor_slurm_checks_len);
	if (geteuid() == 0)
		ck_assert_int_eq(d.failed + d.warned, 0);
	doctor_clear(&d);
}
END_TEST

/* ---- one fault at a time ------------------------------------------------------------ */

#define CONFIG(name, from, to) \
	static void name(void) { write_changed("config", good_config, from, to); }
#define PARTITION(name, from, to) \
	static void name(void) \
	{ write_changed("partition", good_partition, from, to); }
#define PLUGSTACK(name, text) \
	static void name(void) { write_text("plugstack.conf", text, 0644); }

CONFIG(no_contain, "Alloc,Contain", "Alloc")
CONFIG(no_flags, "Alloc,Contain", "(null)")
CONFIG(other_energy, "energy/wattgate", "energy/ipmi")
CONFIG(two_energies, "energy/wattgate",
       "energy/wattgate,acct_gather_energy/rapl")
CONFIG(no_gather, "gather/linux", "gather/none")
CONFIG(no_polls, "task=5", "task=0")
CONFIG(no_node_frequency, "= 5 sec", "= 0 sec")
CONFIG(no_plugin_dir, "/nowhere:DIR", "/nowhere")
CONFIG(gang, "= OFF", "= SUSPEND,GANG")
CONFIG(no_gpu_tres, ",gres/gpu", "")
PARTITION(energy_billed, "CPU=1.0", "CPU=1.0,Energy=0.1")
PARTITION(forced, "OverSubscribe=NO", "OverSubscribe=FORCE:2")
PLUGSTACK(no_spank, "# optional spank_wattgate.so\n")
PLUGSTACK(spank_required, "required spank_wattgate.so\n")
PLUGSTACK(spank_twice, "optional spank_wattgate.so\noptional DIR/spank_wattgate.so\n")
PLUGSTACK(spank_elsewhere, "optional /nowhere/spank_wattgate.so\n")
PLUGSTACK(spank_nonsense, "optional spank_wattgate.so\nfrob x.so\n")
PLUGSTACK(spank_run_dir, "optional spank_wattgate.so run_dir=/other\n")

static void newer_slurm(void)
{
	write_text("version", "slurm 24.11.5\n", 0644);
}

static void newer_micro(void)
{
	write_text("version", "slurm 22.05.9\n", 0644);
}

static void no_plugin(void)
{
	write_text("acct_gather_energy_wattgate.so", "not a plugin", 0644);
}

static void metrics_conf(const char *lines)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "ledger_dir = DIR/ledger\n[bmc]\nurl = https://%%n-bmc\n"
		 "user = wattgate\npassword_file = DIR/secret\n"
		 "[slurm]\nscontrol = DIR/scontrol\n[metrics]\n%s", lines);
	write_text("conf", text, 0644);
}

static void no_totals(void)
{
	metrics_conf("listen = [::1]:0\ntotals = DIR/none.totals\n");
}

static void bad_totals(void)
{
	metrics_conf("listen = [::1]:0\ntotals = DIR/secret\n");
}

static void no_listen(void)
{
	metrics_conf("totals = DIR/none.totals\n");
}

static void good_metrics(void)
{
	metrics_conf("listen = [::1]:0\n");
}

static void no_scontrol(void)
{
	write_text("scontrol", "#!/bin/sh\necho cannot contact >&2\nexit 1\n",
		   0755);
}

static void other_names(void)
{
	write_text("nodes", "NodeName=node1 Arch=x86_64\n", 0644);
}

static void bad_conf(void)
{
	write_text("conf", "frob = 1\n", 0644);
}

static void no_bmc(void)
{
	write_text("conf", "ledger_dir = DIR/ledger\n[slurm]\nscontrol = DIR/scontrol\n",
		   0644);
}

static void no_meter_program(void)
{
	write_text("conf", "ledger_dir = DIR/ledger\n[bmc]\nsource = exec\ncommand = DIR/none n1\n[slurm]\nscontrol = DIR/scontrol\n",
		   0644);
}

static void no_meter_file(void)
{
	write_text("conf", "ledger_dir = DIR/ledger\n[bmc]\nsource = hwmon\npath = DIR/none/power1_input\n[slurm]\nscontrol = DIR/scontrol\n",
		   0644);
}

static void no_second_meter(void)
{
	write_text("conf", "ledger_dir = DIR/ledger\n[bmc]\nurl = https://b\n[second]\nsource = powercap\npath = DIR/none\n[slurm]\nscontrol = DIR/scontrol\n",
		   0644);
}

static void no_ledger_dir(void)
{
	char path[128];

	path_of(path, sizeof(path), "ledger");
	ck_assert_int_eq(rmdir(path), 0);
}

static void open_secret(void)
{
	char path[128];

	path_of(path, sizeof(path), "secret");
	ck_assert_int_eq(chmod(path, 0644), 0);
}

static void stale_series(void)
{
	make_series(61 * NS_PER_S, true, 2);
}

static void empty_series(void)
{
	make_series(0, false, 2);
}

static void no_cores(void)
{
	make_series(0, true, 0);
}

static void no_series(void)
{
	char path[128];

	path_of(path, sizeof(path), "run/n1/series");
	ck_assert_int_eq(unlink(path), 0);
}

static void open_node_dir(void)
{
	char path[128];

	path_of(path, sizeof(path), "run/n1");
	ck_assert_int_eq(chmod(path, 0777), 0);
}

static void no_gate_dir(void)
{
	char path[128];

	path_of(path, sizeof(path), "run/gate.d");
	ck_assert_int_eq(rmdir(path), 0);
}

static void gate_dir_of(uid_t uid, gid_t gid, mode_t mode)
{
	char path[128];

	path_of(path, sizeof(path), "run/gate.d");
	ck_assert_int_eq(chown(path, uid, gid), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void gate_not_roots(void)
{
	gate_dir_of(1, 1, 02750);
}

static void gate_open(void)
{
	gate_dir_of(0, 0, 02777);
}

static void gate_other_group(void)
{
	gate_dir_of(0, 1, 02750);
}

static void ipmi_inband(const char *program)
{
	char path[128];

	write_text("conf", "source = ipmi\nledger_dir = DIR/ledger\n"
		   "[slurm]\nscontrol = DIR/scontrol\n", 0644);
	path_of(path, sizeof(path), program);
	setenv("WATTGATE_IPMI", path, 1);
}

static void no_ipmi_program(void)
{
	ipmi_inband("nothing");
}

/* Where the test runs there is no BMC, or it is not this user's. */
static void no_ipmi_device(void)
{
	ipmi_inband("scontrol");
}

static const struct fault {
	void (*make)(void);
	const char *level, *id, *text;
	bool root;	/* takes root to make or to see */
} faults[] = {
	{ no_totals, "WARN", "metrics", "none.totals: No such file", false },
	{ bad_totals, "WARN", "metrics", "secret: it is no ", false },
	{ no_listen, "WARN", "metrics", "no listen", false },
	{ good_metrics, "ok", "metrics", "", false },
	{ no_contain, "FAIL", "contain", "PrologFlags=Alloc:", false },
	{ no_flags, "FAIL", "contain", "PrologFlags=(none):", false },
	{ other_energy, "FAIL", "energy-type", "sacct gets no energy", false },
	{ two_energies, "FAIL", "energy-type", "over and over", false },
	{ no_gather, "FAIL", "acct-gather", "never polled", false },
	{ no_polls, "FAIL", "acct-gather", "not polled while", false },
	{ no_node_frequency, "WARN", "node-freq", "no watts", false },
	{ no_plugin_dir, "FAIL", "energy-file", "not in PluginDir /nowhere", false },
	{ gang, "WARN", "oversubscribe", "gang", false },
	{ no_gpu_tres, "WARN", "gpu-tres", "no GPU-hours", false },
	{ energy_billed, "FAIL", "billing", "partition main", false },
	{ forced, "WARN", "oversubscribe", "FORCE:2", false },
	{ no_spank, "FAIL", "plugstack", "does not load", false },
	{ spank_required, "WARN", "plugstack", ":1: a required", false },
	{ spank_twice, "WARN", "plugstack", ":2:", false },
	{ spank_elsewhere, "FAIL", "spank-file", "silently", false },
	{ spank_nonsense, "WARN", "plugstack", ":2: Slurm ignores", false },
	{ spank_run_dir, "WARN", "spank-file", "/other", false },
	{ newer_slurm, "FAIL", "energy-file", "built for Slurm 22.05.8; this is 24.11.5", false },
	{ newer_slurm, "FAIL", "spank-file", "built for Slurm 22.05.8", false },
	{ newer_micro, "FAIL", "energy-file", "this is 22.05.9", false },
	{ newer_micro, "ok", "spank-file", "", false },
	{ no_plugin, "FAIL", "energy-file", "no shared object", false },
	{ no_scontrol, "FAIL", "slurm", "cannot contact", false },
	{ other_names, "FAIL", "node-names", "node n1", false },
	{ bad_conf, "FAIL", "conf", "conf:1:", false },
	{ no_bmc, "FAIL", "node-conf", "names no BMC", false },
	{ no_meter_program, "FAIL", "meters", "none: No such file", false },
	{ no_meter_program, "ok", "node-conf", "", false },
	{ no_meter_file, "FAIL", "meters", "none/power1_input: No such file", false },
	{ no_second_meter, "FAIL", "meters", "node n1: powercap: ", false },
	{ no_ledger_dir, "WARN", "ledger-dir", "ledger", false },
	{ open_secret, "FAIL", "secrets", "0644", false },
	{ no_ipmi_program, "FAIL", "ipmi", "nothing: No such file", false },
	{ no_ipmi_device, "FAIL", "ipmi", "/dev/ipmi0", false },
	{ stale_series, "FAIL", "series", "61 s old", false },
	{ empty_series, "FAIL", "series", "never read", false },
	{ no_cores, "WARN", "series", "cores", false },
	{ no_series, "FAIL", "series", "node n1", false },
	{ open_node_dir, "FAIL", "run-dir", "others may write", true },
	{ no_gate_dir, "FAIL", "gate-dir", "gate.d", false },
	{ gate_not_roots, "FAIL", "gate-dir", "not to root", true },
	{ gate_open, "FAIL", "gate-dir", "mode 2777", true },
	{ gate_other_group, "FAIL", "gate-dir", "may not read", true },
};

/* Both plugins suffer; without a configuration scontrol is not found. */
static bool has_two_signs(const struct fault *f)
{
	return f->make == newer_slurm || f->make == no_plugin_dir ||
	       f->make == bad_conf;
}

/* Each fault is found; every other check says what it said before. */
START_TEST(test_fault)
{
	const struct fault *f = &faults[_i];
	bool found = false;
	struct doctor d;

	if (f->root && geteuid() != 0)
		return;
	f->make();
	run_doctor(&d, NULL);
	for (size_t i = 0; i < d.findings->len; i++) {
		const char *level = rows_cell(d.findings, i, 0)->text;

		if (strcmp(rows_cell(d.findings, i, 1)->text, f->id) != 0)
			continue;
		found |= strcmp(level, f->level) == 0 &&
			 strstr(rows_cell(d.findings, i, 2)->text, f->text);
		if (strcmp(level, "ok") != 0)
			ck_assert(rows_cell(d.findings, i, 3)->known);
	}
	ck_assert_msg(found, "%s %s \"%s\" was not found", f->level, f->id,
		      f->text);
	if (geteuid() == 0 && !has_two_signs(f) && strcmp(f->level, "ok") != 0)
		ck_assert_int_eq(d.failed + d.warned, 1);
	doctor_clear(&d);
}
END_TEST

/* A node that wattgated does not know of. */
START_TEST(test_other_node)
{
	struct doctor d;
	bool found = false;

	run_doctor(&d, "n2");
	for (size_t i = 0; i < d.findings->len; i++)
		found |= strcmp(rows_cell(d.findings, i, 1)->text,
				"wattgated") == 0 &&
			 strcmp(rows_cell(d.findings, i, 0)->text, "FAIL") == 0;
	ck_assert(found);
	ck_assert_uint_eq(d.nodes.len, 0);
	doctor_clear(&d);
}
END_TEST

/* ---- site mode ---------------------------------------------------------------------- */

#define NODE_CONF "ledger_dir = DIR/ledger\nstate_dir = DIR/state\nsource = site\n" \
	"[slurm]\nscontrol = DIR/scontrol\n[site]\nurl = https://mgmt:6830\n"
#define HOST_CONF "mode = site\nstate_dir = DIR/state\n[bmc]\nurl = https://%n-bmc\n" \
	"[slurm]\nscontrol = DIR/scontrol\n[site]\nunmunge = DIR/scontrol\n"

static void ledger_waits(void)
{
	struct timespec old[2] = { { .tv_sec = time(NULL) - 1200 },
				   { .tv_sec = time(NULL) - 1200 } };
	char path[128];

	write_text("ledger/n1.ledger", "123456789\n", 0644);
	path_of(path, sizeof(path), "ledger/n1.ledger");
	ck_assert_int_eq(utimensat(AT_FDCWD, path, old, 0), 0);
	write_text("state/n1.shipped", "url=https://mgmt:6830\noffset=4\n", 0644);
}

static void ledger_sent(void)
{
	ledger_waits();
	write_text("state/n1.shipped", "url=https://mgmt:6830\noffset=10\n", 0644);
}

#define WALL (1790000000 * NS_PER_S)

/* Of another node than is asked for. */
static void store_made(void)
{
	struct store_params params = { .database = "" };
	struct store_count count;
	struct ledger_rec hour = { .kind = LEDGER_INTERVAL, .interval = {
		.node = "n9", .boot_id = "b", .end_ns = NS_PER_S,
		.start_wall_ns = WALL, .end_wall_ns = WALL + NS_PER_S,
		.unmeasured_ns = NS_PER_S, .idle_ns = NS_PER_S } };
	struct err err;
	char path[128];
	store_t *store;

	path_of(path, sizeof(path), "state/site.db");
	params.file = path;
	store = store_open_at(&params, STORE_WRITE, &err);
	ck_assert_msg(store && store_put(store, "n9", &hour, 1, &count, &err) == 0,
		      "%s", err.text);
	store_close(store);
}

static void key_open(void)
{
	write_text("key", "x", 0644);
}

static const struct {
	const char *conf;
	void (*make)(void);
	const char *level, *id, *text;
} sites[] = {
	/* nodes */
	{ NODE_CONF "munge = DIR/scontrol\n", NULL, "ok", "site", "" },
	{ NODE_CONF "munge = DIR/scontrol\n", NULL, "ok", "node-conf", "" },
	{ NODE_CONF "munge = DIR/none\n", NULL, "FAIL", "site", "none' cannot be run" },
	{ NODE_CONF "munge =\n", NULL, "FAIL", "site", "no cert_file" },
	{ NODE_CONF "cert_file = DIR/none\nkey_file = DIR/secret\n", NULL, "FAIL", "site", "none' cannot be read" },
	{ NODE_CONF "cert_file = DIR/conf\nkey_file = DIR/secret\n", NULL, "ok", "site", "" },
	{ NODE_CONF "cert_file = DIR/conf\nkey_file = DIR/key\n", key_open, "FAIL", "site", "key_file" },
	{ NODE_CONF "munge = DIR/scontrol\n", ledger_waits, "WARN", "shipped", "6 of 10 bytes" },
	{ NODE_CONF "munge = DIR/scontrol\n", ledger_sent, "ok", "shipped", "" },
	/* management hosts */
	{ HOST_CONF "nodes = n1\n", NULL, "ok", "site-nodes", "" },
	{ HOST_CONF "nodes = n1,n[7-9]\n", NULL, "FAIL", "site-nodes", "3 of 4 nodes are not read here: n7, n8, n9" },
	{ HOST_CONF "nodes = n[1\n", NULL, "FAIL", "site-nodes", "no list of hosts" },
	{ HOST_CONF "nodes = n1\n", NULL, "WARN", "site-server", "no listen" },
	{ HOST_CONF "nodes = n1\nlisten = [::1]:1\n", NULL, "FAIL", "site-server", "no certificate" },
	{ HOST_CONF "nodes = n1\nlisten = [::1]:1\ncert_file = DIR/conf\nkey_file = DIR/secret\n", NULL, "ok", "site-server", "" },
	{ HOST_CONF "nodes = n1\nlisten = [::1]:1\ncert_file = DIR/conf\nkey_file = DIR/key\n", key_open, "FAIL", "site-server", "key_file" },
	{ HOST_CONF "nodes = n1\nlisten = [::1]:1\n", NULL, "WARN", "site-store", "no store" },
	{ HOST_CONF "nodes = n1\nlisten = [::1]:1\n", store_made, "WARN", "site-store", "nothing of 1 nodes: n1" },
	{ "mode = site\n[slurm]\nscontrol = DIR/scontrol\n[site]\nnodes = n1\n", NULL, "FAIL", "site-nodes", "1 of 1 nodes have no source" },
};

START_TEST(test_site)
{
	struct doctor d;
	bool found = false;

	make_dir("state", 0755);
	if (sites[_i].make)
		sites[_i].make();
	if (geteuid() == 0 && sites[_i].make == key_open)
		give_away("key");
	write_text("conf", sites[_i].conf, 0644);
	run_doctor(&d, NULL);
	for (size_t i = 0; i < d.findings->len; i++) {
		if (strcmp(rows_cell(d.findings, i, 1)->text, sites[_i].id) != 0)
			continue;
		found |= strcmp(rows_cell(d.findings, i, 0)->text,
				sites[_i].level) == 0 &&
			 strstr(rows_cell(d.findings, i, 2)->text,
				sites[_i].text);
		if (!found)
			fprintf(stderr, "%s %s\n",
				rows_cell(d.findings, i, 0)->text,
				rows_cell(d.findings, i, 2)->text);
	}
	ck_assert_msg(found, "%d: %s %s \"%s\" was not found", _i,
		      sites[_i].level, sites[_i].id, sites[_i].text);
	doctor_clear(&d);
}
END_TEST

static Suite *doctor_suite(void)
{
	Suite *s = suite_create("cli_doctor");
	TCase *tc = tcase_create("cli_doctor");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_well);
	tcase_add_loop_test(tc, test_fault, 0,
			    sizeof(faults) / sizeof(faults[0]));
	tcase_add_test(tc, test_other_node);
	tcase_add_loop_test(tc, test_site, 0, sizeof(sites) / sizeof(sites[0]));
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(doctor_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
