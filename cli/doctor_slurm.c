/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of Slurm's configuration, as its controller and plugstack.conf tell it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/elf_symbol.h"

#define ENERGY_TYPE "acct_gather_energy/wattgate"
#define ENERGY_FILE "acct_gather_energy_wattgate.so"
#define SPANK_FILE "spank_wattgate.so"

static const char *get(const struct doctor *d, const char *key)
{
	return slurm_config_get(&d->slurm, key);
}

static void check_reached(struct doctor *d)
{
	if (d->slurm_off)
		doctor_find(d, DOCTOR_WARN, "set scontrol in [slurm] to check it",
			    "the configuration says never to ask scontrol: Slurm was not checked");
	else if (!d->slurm_ok)
		doctor_find(d, DOCTOR_FAIL, "is slurmctld up, and does scontrol show config answer here?",
			    "Slurm was not checked: %s", d->slurm_err.text);
}

/* X11 brings Contain along. */
static void check_contain(struct doctor *d)
{
	const char *flags = get(d, "PrologFlags");

	if (!slurm_list_has(flags, "Contain", "") &&
	    !slurm_list_has(flags, "X11", ""))
		doctor_find(d, DOCTOR_FAIL, "PrologFlags=Contain in slurm.conf, and restart slurmctld and slurmd",
			    "PrologFlags=%s: without Contain there is no extern step, and sacct's energy is wrong",
			    *flags ? flags : "(none)");
}

static void check_energy_type(struct doctor *d)
{
	const char *type = get(d, "AcctGatherEnergyType");

	if (!slurm_list_has(type, ENERGY_TYPE, ""))
		doctor_find(d, DOCTOR_FAIL, "AcctGatherEnergyType=" ENERGY_TYPE " in slurm.conf, and restart slurmctld and slurmd",
			    "AcctGatherEnergyType=%s: sacct gets no energy from wattgate",
			    *type ? type : "(none)");
	else if (slurm_list_len(type) > 1)
		doctor_find(d, DOCTOR_FAIL, "leave " ENERGY_TYPE " alone there",
			    "AcctGatherEnergyType=%s: several energy plugins make Slurm count energy over and over",
			    type);
}

static void check_gather(struct doctor *d)
{
	const char *type = get(d, "JobAcctGatherType");
	const char *frequency = get(d, "JobAcctGatherFrequency");

	if (!*type || slurm_list_has(type, "jobacct_gather/none", "") ||
	    slurm_list_has(type, "none", ""))
		doctor_find(d, DOCTOR_FAIL, "JobAcctGatherType=jobacct_gather/cgroup (or linux)",
			    "JobAcctGatherType=%s: steps are never polled, so their energy is never asked for",
			    *type ? type : "(none)");
	if (slurm_parse_task_frequency(frequency) == 0)
		doctor_find(d, DOCTOR_FAIL, "JobAcctGatherFrequency=task=30 or so",
			    "JobAcctGatherFrequency=%s: steps are not polled while they run",
			    frequency);
}

static void check_node_frequency(struct doctor *d)
{
	const char *text = get(d, "AcctGatherNodeFreq");

	if (strncmp(text, "0 ", 2) == 0 || strcmp(text, "0") == 0)
		doctor_find(d, DOCTOR_WARN, "AcctGatherNodeFreq=30 or so",
			    "AcctGatherNodeFreq=0: scontrol show node has no watts");
}

/* ---- plugins --------------------------------------------------------------- */

/* A file of PluginDir, a colon list; the first that is there. */
static bool find_plugin(const struct doctor *d, const char *name, char *path,
			size_t size)
{
	const char *dirs = get(d, "PluginDir");

	if (*name == '/') {
		snprintf(path, size, "%s", name);
		return access(path, F_OK) == 0;
	}
	while (*dirs) {
		const size_t len = strcspn(dirs, ":");

		snprintf(path, size, "%.*s/%s", (int)len, dirs, name);
		if (access(path, F_OK) == 0)
			return true;
		dirs += len + (dirs[len] == ':');
	}
	return false;
}

/* Compare what Slurm compares: all three numbers, or the first two. */
static void check_version(struct doctor *d, const char *path, bool exact)
{
	const uint32_t mask = exact ? 0xffffff : 0xffff00;
	char built[32], here[32];
	uint32_t version;
	struct err err;

	if (elf_symbol_u32(path, "plugin_version", &version, &err) < 0)
		doctor_find(d, DOCTOR_FAIL, "install wattgate's plugins again",
			    "%s", err.text);
	else if (d->slurm.version &&
		 (version & mask) != (d->slurm.version & mask))
		doctor_find(d, DOCTOR_FAIL, "build wattgate against this Slurm and install its plugins again",
			    "%s was built for Slurm %s; this is %s, which refuses it",
			    path,
			    slurm_format_version(version, built, sizeof(built)),
			    slurm_format_version(d->slurm.version, here,
						 sizeof(here)));
}

static void check_energy_file(struct doctor *d)
{
	char path[PATH_MAX];

	if (!slurm_list_has(get(d, "AcctGatherEnergyType"), ENERGY_TYPE, ""))
		doctor_skip(d);	/* energy-type said so */
	else if (!find_plugin(d, ENERGY_FILE, path, sizeof(path)))
		doctor_find(d, DOCTOR_FAIL, "install it there, on the controller too",
			    ENERGY_FILE " is not in PluginDir %s: daemons of Slurm will not start",
			    get(d, "PluginDir"));
	else
		check_version(d, path, true);
}

static bool is_ours(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, SPANK_FILE) == 0;
}

static void take_plugstack(const struct plugstack_line *line, void *arg)
{
	struct doctor *d = arg;

	if (line->kind == PLUGSTACK_BAD)
		doctor_find(d, DOCTOR_WARN, "begin it with optional, required or include, and name a file",
			    "%s:%d: Slurm ignores this line", line->file,
			    line->number);
	if (line->kind == PLUGSTACK_BAD || !is_ours(line->path))
		return;
	if (d->spank_found)
		doctor_find(d, DOCTOR_WARN, "leave one of the two",
			    "%s:%d: " SPANK_FILE " is there a second time",
			    line->file, line->number);
	d->spank_found = true;
	d->spank = *line;
	snprintf(d->spank_file, sizeof(d->spank_file), "%s", line->file);
	d->spank.file = d->spank_file;
}

/* PlugStackConfig, or the file beside slurm.conf. */
static void plugstack_path(const struct doctor *d, char *buf, size_t size)
{
	const char *path = get(d, "PlugStackConfig");
	const char *conf = get(d, "SLURM_CONF");
	const char *slash = strrchr(conf, '/');

	if (*path)
		snprintf(buf, size, "%s", path);
	else
		snprintf(buf, size, "%.*s/plugstack.conf",
			 slash ? (int)(slash - conf) : 10,
			 slash ? conf : "/etc/slurm");
}

static void check_plugstack(struct doctor *d)
{
	char path[PATH_MAX];
	struct err err;

	plugstack_path(d, path, sizeof(path));
	if (plugstack_visit(path, take_plugstack, d, &err) < 0)
		doctor_find(d, DOCTOR_FAIL, "make it readable, as it must be to Slurm",
			    "%s", err.text);
	else if (!d->spank_found)
		doctor_find(d, DOCTOR_FAIL, "add the line: optional " SPANK_FILE,
			    "%s does not load " SPANK_FILE ": no job has a gate record, and all are charged 0 J",
			    path);
	else if (d->spank.kind == PLUGSTACK_REQUIRED)
		doctor_find(d, DOCTOR_WARN, "write optional instead of required",
			    "%s:%d: a required plugin that cannot be loaded fails jobs",
			    d->spank.file, d->spank.number);
}

static void check_spank_file(struct doctor *d)
{
	char path[PATH_MAX];

	if (!d->spank_found) {
		doctor_skip(d);	/* plugstack said so */
		return;
	}
	if (!find_plugin(d, d->spank.path, path, sizeof(path)))
		doctor_find(d, DOCTOR_FAIL, "install it, or mend the path",
			    "%s:%d: there is no %s, and Slurm passes over it silently",
			    d->spank.file, d->spank.number, d->spank.path);
	else
		check_version(d, path, false);
	if (*d->spank.run_dir && strcmp(d->spank.run_dir, conf_run_dir()) != 0)
		doctor_find(d, DOCTOR_WARN, "let both name one directory (WATTGATE_RUN_DIR, run_dir=)",
			    "%s:%d: SPANK uses %s, but here the run directory is %s",
			    d->spank.file, d->spank.number, d->spank.run_dir,
			    conf_run_dir());
}

/* ---- the rest -------------------------------------------------------------- */

static void check_billing(struct doctor *d)
{
	for (size_t i = 0; i < d->slurm.partitions.len; i++) {
		const char *line = d->slurm.partitions.list[i];
		char name[256] = "?", weights[4096];

		slurm_line_get(line, "PartitionName", name, sizeof(name));
		if (slurm_line_get(line, "TRESBillingWeights", weights,
				   sizeof(weights)) &&
		    slurm_list_has(weights, "energy", "="))
			doctor_find(d, DOCTOR_FAIL, "take Energy out of it; bill from wattgate report",
				    "partition %s: TRESBillingWeights=%s: energy is not known when a job starts, and spoils its billing",
				    name, weights);
	}
}

static void check_oversubscribe(struct doctor *d)
{
	for (size_t i = 0; i < d->slurm.partitions.len; i++) {
		const char *line = d->slurm.partitions.list[i];
		char name[256] = "?", text[64];

		slurm_line_get(line, "PartitionName", name, sizeof(name));
		if (slurm_line_get(line, "OverSubscribe", text, sizeof(text)) &&
		    slurm_parse_oversubscribe(text) > 1)
			doctor_find(d, DOCTOR_WARN, "take such jobs' energy from wattgate report, whose ledgers scale the shares",
				    "partition %s: OverSubscribe=%s: shares of a node can add up to more than 1, which sacct cannot tell",
				    name, text);
	}
	if (slurm_list_has(get(d, "PreemptMode"), "GANG", ""))
		doctor_find(d, DOCTOR_WARN, "take such jobs' energy from wattgate report, whose ledgers scale the shares",
			    "PreemptMode=%s: with gang scheduling shares of a node can add up to more than 1",
			    get(d, "PreemptMode"));
}

static void check_names(struct doctor *d)
{
	if (d->nodes.len == 0)
		doctor_skip(d);
	for (size_t i = 0; i < d->nodes.len; i++)
		if (!names_have(&d->slurm.nodes, d->nodes.list[i]))
			doctor_find(d, DOCTOR_FAIL, "start wattgated with -n and the name that slurmd has (scontrol show node)",
				    "wattgated measures node %s, which Slurm does not know",
				    d->nodes.list[i]);
}

static void check_gpus(struct doctor *d)
{
	if (slurm_list_has(get(d, "GresTypes"), "gpu", "") &&
	    !slurm_list_has(get(d, "AccountingStorageTRES"), "gres/gpu", ""))
		doctor_find(d, DOCTOR_WARN, "add gres/gpu to AccountingStorageTRES",
			    "GPUs are not in Slurm's accounting: reports have no GPU-hours");
}

const struct doctor_check doctor_slurm_checks[] = {
	{ "slurm", "Slurm's configuration was read", NEEDS_NOTHING,
	  check_reached },
	{ "contain", "every job has an extern step (PrologFlags=Contain)",
	  NEEDS_SLURM, check_contain },
	{ "energy-type", "wattgate is the only energy plugin", NEEDS_SLURM,
	  check_energy_type },
	{ "energy-file", "the energy plugin is in its place, built for this Slurm",
	  NEEDS_SLURM, check_energy_file },
	{ "plugstack", "plugstack.conf loads the SPANK plugin as optional",
	  NEEDS_SLURM, check_plugstack },
	{ "spank-file", "the SPANK plugin is in its place, built for this Slurm",
	  NEEDS_SLURM, check_spank_file },
	{ "acct-gather", "steps are polled while they run", NEEDS_SLURM,
	  check_gather },
	{ "node-freq", "nodes' power is shown by scontrol", NEEDS_SLURM,
	  check_node_frequency },
	{ "billing", "no partition bills by energy", NEEDS_SLURM, check_billing },
	{ "oversubscribe", "no node is shared out more than once", NEEDS_SLURM,
	  check_oversubscribe },
	{ "node-names", "Slurm knows the nodes by wattgated's names",
	  NEEDS_SLURM, check_names },
	{ "gpu-tres", "GPUs, where there are any, are in the accounting",
	  NEEDS_SLURM, check_gpus },
};
const size_t doctor_slurm_checks_len =
	sizeof(doctor_slurm_checks) / sizeof(doctor_slurm_checks[0]);
