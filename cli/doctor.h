/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_DOCTOR_H
#define WATTGATE_CLI_DOCTOR_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "cli/ledgers.h"
#include "cli/oar_conf.h"
#include "cli/pg_oar.h"
#include "cli/plugstack.h"
#include "cli/rows.h"
#include "cli/slurm_config.h"
#include "lib/conf.h"

/*
 * wattgate doctor: a table of checks, each one small function that looks at
 * what was gathered here and adds what it finds. A check that finds nothing is
 * told as ok, with its title.
 */

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

/* What a check needs to have been gathered. */
enum doctor_needs {
	NEEDS_NOTHING, NEEDS_CONF, NEEDS_NODES, NEEDS_SLURM,
	NEEDS_LEDGERS,		/* a node's configuration: a site has none */
	NEEDS_SITE,		/* a management host's configuration */
	NEEDS_SITE_STORE,	/* of which nodes send their ledgers */
	NEEDS_SITE_URL,		/* a node's, with a site */
	NEEDS_OAR,		/* a configuration that follows an OAR */
	NEEDS_OAR_CONF,		/* and oar.conf */
	NEEDS_OAR_DB,		/* and its database */
	NEEDS_OAR_SCHEMA	/* and in it schema wattgate */
};

struct doctor;

struct doctor_check {
	const char *id;
	const char *title;	/* true where the check finds nothing */
	enum doctor_needs needs;
	void (*run)(struct doctor *d);
};

struct doctor {
	const char *conf_path;
	bool conf_absent;	/* no file in the default place */
	bool conf_ok;
	struct err conf_err;
	struct conf conf;	/* for this host */
	const char *only_node;	/* --node; NULL: all */
	struct names nodes;	/* that have a place in the run directory */
	bool slurm_ok;
	bool slurm_off;		/* scontrol is not to be asked */
	struct err slurm_err;
	struct slurm_config slurm;
	bool site;		/* mode = site: a management host */
	bool follows_oar;	/* and with [oar] */
	struct oar_conf oar_conf;	/* text is NULL where it was not read */
	struct err oar_conf_err;
	pg_oar_t *oar;		/* as [oar] says; NULL: not connected */
	struct err oar_err;
	bool oar_schema_ok;
	bool spank_found;	/* our line of plugstack.conf, the last one */
	struct plugstack_line spank;
	char spank_file[PATH_MAX];	/* where it stands */
	const struct doctor_check *check;	/* that runs */
	bool skipped;		/* it had nothing to look at */
	struct rows *findings;	/* level, id, text, mend */
	int failed, warned;
};

/* The checks, in the order of the report. */
extern const struct doctor_check doctor_host_checks[];
extern const struct doctor_check doctor_slurm_checks[];
extern const struct doctor_check doctor_site_checks[];
extern const struct doctor_check doctor_oar_db_checks[];
extern const struct doctor_check doctor_oar_checks[];
extern const size_t doctor_host_checks_len, doctor_slurm_checks_len,
	doctor_site_checks_len,
	doctor_oar_db_checks_len, doctor_oar_checks_len;

/* A finding of the check that runs. `mend` says what to do; NULL: nothing. */
void doctor_find(struct doctor *d, enum doctor_level level, const char *mend,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* The check that runs has nothing to look at: it is not told at all. */
void doctor_skip(struct doctor *d);

/* The user that wattgated runs as; false where no node is there to tell. */
bool doctor_daemon_uid(const struct doctor *d, uid_t *uid);

/* Gather and run all checks. Release with doctor_clear(). */
void doctor_run(struct doctor *d, const char *conf_arg, const char *node);
void doctor_clear(struct doctor *d);

#endif
