/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/oar_login.h"

static const struct column columns[] = {
	{ "level", "", COLUMN_TEXT, UNIT_NONE },
	{ "id", "CHECK", COLUMN_TEXT, UNIT_NONE },
	{ "text", "FINDING", COLUMN_TEXT, UNIT_NONE },
	{ "mend", "MEND", COLUMN_TEXT, UNIT_NONE },
};

static void add_row(struct doctor *d, enum doctor_level level,
		    const char *text, const char *mend)
{
	static const char *const names[] = { "ok", "WARN", "FAIL" };
	struct cell *row = rows_add(d->findings);

	cell_set_text(&row[0], names[level]);
	cell_set_text(&row[1], d->check->id);
	cell_set_text(&row[2], text);
	cell_set_text(&row[3], mend);
	d->failed += level == DOCTOR_FAIL;
	d->warned += level == DOCTOR_WARN;
}

void doctor_find(struct doctor *d, enum doctor_level level, const char *mend,
		 const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add_row(d, level, text, mend);
}

void doctor_skip(struct doctor *d)
{
	d->skipped = true;
}

/* ---- gathering ------------------------------------------------------------- */

static void gather_conf(struct doctor *d, const char *conf_arg)
{
	char node[256];

	d->conf_path = conf_path(conf_arg);
	d->conf_absent = !conf_arg && !getenv("WATTGATE_CONF") &&
			 access(d->conf_path, F_OK) < 0 && errno == ENOENT;
	if (d->conf_absent)
		return;
	if (conf_node_name(d->only_node, node, sizeof(node), &d->conf_err) < 0)
		return;
	d->conf_ok = conf_load(d->conf_path, node, &d->conf, &d->conf_err) == 0;
	d->site = d->conf_ok && d->conf.mode == CONF_MODE_SITE;
	d->follows_oar = d->site && *d->conf.oar.database;
}

/* Directories of the run directory, save those of gate records and hooks. */
static void gather_nodes(struct doctor *d)
{
	DIR *dir = opendir(conf_run_dir());
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct stat st;

		if (*entry->d_name == '.' ||
		    strcmp(entry->d_name, "gate.d") == 0 ||
		    strcmp(entry->d_name, "oar.d") == 0 ||
		    (d->only_node && strcmp(entry->d_name, d->only_node) != 0))
			continue;
		if (fstatat(dirfd(dir), entry->d_name, &st,
			    AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			names_add(&d->nodes, entry->d_name);
	}
	if (dir)
		closedir(dir);
	names_sort(&d->nodes);
}

static void gather_slurm(struct doctor *d)
{
	const char *scontrol = "scontrol";

	if (d->conf_ok) {
		d->slurm_off = !*d->conf.scontrol;
		scontrol = d->conf.scontrol;
	}
	if (!d->slurm_off)
		d->slurm_ok = slurm_config_read(&d->slurm, scontrol,
						&d->slurm_err) == 0;
}

/* As wattgated itself logs in, and no other way: that is what is looked at. */
static void gather_oar_db(struct doctor *d)
{
	char password[SECRET_MAX] = "";

	if (!*d->conf.oar.password_file ||
	    oar_secret_read(d->conf.oar.password_file, password,
			    sizeof(password), &d->oar_err) == 0)
		d->oar = pg_oar_open(d->conf.oar.database, password,
				     &d->oar_err);
	secret_wipe(password, sizeof(password));
	d->oar_schema_ok = d->oar && pg_oar_schema_check(d->oar, NULL) == 0;
}

static void gather_scheduler(struct doctor *d)
{
	if (!d->follows_oar) {
		gather_slurm(d);
		return;
	}
	gather_oar_db(d);
	oar_conf_read(&d->oar_conf, &d->oar_conf_err);
}

/* ---- running --------------------------------------------------------------- */

static bool can_run(const struct doctor *d, enum doctor_needs needs)
{
	switch (needs) {
	case NEEDS_CONF:
		return d->conf_ok;
	case NEEDS_NODES:
		return d->nodes.len > 0;
	case NEEDS_SLURM:
		return d->slurm_ok;
	case NEEDS_LEDGERS:
		return d->conf_ok && !d->site;
	case NEEDS_SITE:
		return d->site;
	case NEEDS_SITE_STORE:
		return d->site && *d->conf.site.listen && *d->conf.site.nodes;
	case NEEDS_SITE_URL:
		return d->conf_ok && !d->site && *d->conf.site.url;
	case NEEDS_OAR:
		return d->follows_oar;
	case NEEDS_OAR_CONF:
		return d->follows_oar && d->oar_conf.text;
	case NEEDS_OAR_DB:
		return d->oar != NULL;
	case NEEDS_OAR_SCHEMA:
		return d->oar_schema_ok;
	case NEEDS_NOTHING:
		break;
	}
	return true;
}

static void run_checks(struct doctor *d, const struct doctor_check *checks,
		       size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const size_t before = d->findings->len;

		if (!can_run(d, checks[i].needs))
			continue;
		d->check = &checks[i];
		d->skipped = false;
		checks[i].run(d);
		if (d->findings->len == before && !d->skipped)
			add_row(d, DOCTOR_OK, checks[i].title, NULL);
	}
}

void doctor_run(struct doctor *d, const char *conf_arg, const char *node)
{
	memset(d, 0, sizeof(*d));
	d->only_node = node;
	d->findings = rows_create(columns, sizeof(columns) / sizeof(columns[0]));
	gather_conf(d, conf_arg);
	gather_nodes(d);
	gather_scheduler(d);
	run_checks(d, doctor_host_checks, doctor_host_checks_len);
	run_checks(d, doctor_site_checks, doctor_site_checks_len);
	/* where Slurm's daemons are, and where jobs are sent from */
	if (!d->follows_oar)
		run_checks(d, doctor_slurm_checks, doctor_slurm_checks_len);
	run_checks(d, doctor_oar_db_checks, doctor_oar_db_checks_len);
	run_checks(d, doctor_oar_checks, doctor_oar_checks_len);
}

void doctor_clear(struct doctor *d)
{
	names_destroy(&d->nodes);
	slurm_config_clear(&d->slurm);
	oar_conf_clear(&d->oar_conf);
	pg_oar_close(d->oar);
	rows_destroy(d->findings);
}
