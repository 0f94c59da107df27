/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CLI_SLURM_CONFIG_H
#define WATTGATE_CLI_SLURM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/ledgers.h"
#include "lib/err.h"

/* Slurm's configuration as `scontrol show` tells it. */
struct slurm_config {
	struct names keys, values;	/* pairs, in the order told */
	struct names partitions;	/* one line each */
	struct names nodes;		/* names, sorted */
	uint32_t version;		/* of the installed Slurm; 0 unknown */
};

/*
 * Ask the scontrol at `path` (or along PATH). Each question waits at most ten
 * seconds. Release with slurm_config_clear(), also after a failure.
 */
int slurm_config_read(struct slurm_config *config, const char *path,
		      struct err *err);
void slurm_config_clear(struct slurm_config *config);

/* A value, "" where the key is missing or "(null)". Case does not matter. */
const char *slurm_config_get(const struct slurm_config *config,
			     const char *key);

/* ---- texts ------------------------------------------------------------------ */

/*
 * Split a line "Key   = value" of `show config` in place. 0, or -1 where it is
 * no such line.
 */
int slurm_split_pair(char *line, char **key, char **value);

/*
 * The value of KEY in a line "KEY=value KEY=value" of `scontrol -o`, up to the
 * next blank, into buf. False where there is none.
 */
bool slurm_line_get(const char *line, const char *key, char *buf, size_t size);

/*
 * Is `word` an element of a comma list, case aside? An element may go on
 * behind one of the characters of `ends` ("=:").
 */
bool slurm_list_has(const char *list, const char *word, const char *ends);

/* Number of elements of a comma list. */
int slurm_list_len(const char *list);

/* "slurm-wlm 22.05.8" -> as SLURM_VERSION_NUM(22, 5, 8). 0 where it is none. */
uint32_t slurm_parse_version(const char *text);
/* And back: "22.05.8". */
char *slurm_format_version(uint32_t version, char *buf, size_t size);

/* Seconds between polls of tasks by JobAcctGatherFrequency; -1: not told. */
int slurm_parse_task_frequency(const char *text);

/*
 * At most how many jobs may share a resource by a partition's OverSubscribe
 * ("NO", "EXCLUSIVE", "YES:4", "FORCE", "FORCE:2").
 */
int slurm_parse_oversubscribe(const char *text);

#endif
