/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_SACCT_PARSE_H
#define WATTGATE_CLI_SACCT_PARSE_H

#include <stdint.h>

/* One line of sacct, taken apart. Pure: no process, no clock. */

/* What sacct is asked for, in the order of the fields below. */
#define SACCT_FIELDS "JobIDRaw,JobID,State,Start,End,Suspended,ElapsedRaw,AllocCPUS," \
	"AllocTRES,ConsumedEnergyRaw,NodeList,User,Account,WCKey"

/* The same, with what names an instance. */
#define SACCT_IDENTITY_FIELDS SACCT_FIELDS ",Submit,Cluster"

/*
 * The same with texts that may have line ends in them. The last field has
 * none, so that the line that has it ends the row.
 */
#define SACCT_TEXTS_FIELDS SACCT_IDENTITY_FIELDS ",JobName,Comment,ElapsedRaw"
#define SACCT_TEXTS_SEPARATORS 18	/* in a row of these */

struct sacct_row {
	uint32_t job_id;
	uint32_t array_id;	/* 0: of no array */
	const char *step;	/* "" for the job's own row, else "extern", ... */
	char state[24];		/* without what follows, as in "CANCELLED by 0" */
	int64_t start_s, end_s;	/* since 1970; 0 = unknown */
	int64_t suspended_s;
	int64_t elapsed_s;
	double cpus;		/* NaN unknown, as the next */
	double gpus;		/* 0 where the job holds TRES, but no gres/gpu */
	double mem_mb;		/* MiB */
	double energy_j;
	const char *nodes;	/* "" = none */
	const char *user, *account, *wckey;
	int64_t submit_s;	/* 0: not asked for */
	const char *cluster;	/* "": not asked for */
	const char *name, *comment;	/* NULL: not asked for */
};

/* How often `line` has `separator`. */
int sacct_separators(const char *line, const char *separator);

/*
 * Take `line` apart at each `separator`; texts of the row point into it.
 * Returns 0, or -1 where the line does not have the fields, or the first of
 * them is no job's.
 */
int sacct_parse_row(char *line, const char *separator, struct sacct_row *row);

/* The same of a line with SACCT_IDENTITY_FIELDS. */
int sacct_parse_identity(char *line, const char *separator,
			 struct sacct_row *row);

/* The same of a row with SACCT_TEXTS_FIELDS, all its lines. */
int sacct_parse_texts(char *row_lines, const char *separator,
		      struct sacct_row *row);

/*
 * What a TRES text ("cpu=2,mem=2000M,gres/gpu:a100=1") holds of `name`; typed
 * entries add up where the plain one is missing. Memory is in MiB. NaN where
 * it is not there.
 */
double sacct_parse_tres(const char *tres, const char *name);

/* "[DD-[HH:]]MM:SS[.fraction]" -> seconds, -1 where it is no such text. */
int64_t sacct_parse_duration(const char *text);

#endif
