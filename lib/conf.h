/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CONF_H
#define WATTGATE_CONF_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "share.h"

/*
 * /etc/wattgate/wattgate.conf: INI, read by inih. One file may serve a whole
 * cluster: sections [bmc PATTERN] and [hardware PATTERN] apply to the nodes
 * that match the shell pattern (the last matching section wins, key by key).
 * In texts %n stands for the node's name, %% for a percent sign. Paths are
 * absolute. A section may be given once for each pattern. Comments: ';' or '#'
 * at the start of a line, ';' after a blank elsewhere.
 *
 *   # top of the file, before any section
 *   mode = node             ; node: this node's BMC; site: those of all nodes
 *   period = 5s             ; 20ms to 5m
 *   max_gap = 15s           ; default 3 periods; at least one, at most 1h
 *   share = model
 *   ledger_dir = /var/lib/wattgate/ledger
 *   state_dir = /var/lib/wattgate
 *   rollup = 1h             ; divides an hour
 *   checkpoint = 60s        ; at most 60s
 *   log_level = info        ; error, warn, info, debug
 *   [bmc]
 *   url = https://%n-bmc    ; http only with insecure = true
 *   user = wattgate         ; with password_file, or neither
 *   password_file = /etc/wattgate/bmc.secret
 *   auth = session          ; session (falls back to basic) or basic
 *   ca_file = /etc/wattgate/bmc-ca.pem
 *   public_key = sha256//BASE64=    ; pins the BMC's key; without a ca_file it
 *                           ; is all that proves the BMC; not with insecure
 *   node = Node0            ; of a BMC that serves several
 *   insecure = false        ; true, yes, false, no
 *   timeout = 4s            ; 100ms to 60s
 *   [hardware]
 *   cores = 64              ; physical ones
 *   gpus = 4
 *   memory = 256G           ; M, G, T (1024 each) or bare MiB
 *   core_power = 3.5W       ; per core
 *   gpu_power = 250W        ; per GPU
 *   memory_power = 0.3725 W/GB      ; the unit may be left out
 *   threads_per_core = 2
 *   memory_consumable = true
 *   [slurm]
 *   scontrol = /usr/bin/scontrol    ; empty: never ask
 *   [oar]
 *   database = host=db dbname=oar user=wattgate     ; libpq's words, no password
 *   password_file = /etc/wattgate/db.secret
 *   since = 2026-11-01      ; account from then on: a day, an instant
 *                           ; (2026-11-01T06:00:00Z) or seconds since 1970
 *   interval = 10s          ; of writing results; 1s to 5m
 *   idle_period = 10s       ; of reading nodes without a job; default two
 *                           ; periods; at most two thirds of max_gap
 *   [report]
 *   pue = 1.3               ; at least 1
 *   intensity = 51.28 g/kWh ; the unit may be left out
 *   tariff = 0.21           ; your currency per kWh
 */

enum conf_mode { CONF_MODE_NODE, CONF_MODE_SITE };

struct conf {
	enum conf_mode mode;
	char path[PATH_MAX];	/* where it was read from */
	char node[256];
	int64_t period_ns;
	int64_t max_gap_ns;
	int64_t rollup_ns;
	int64_t checkpoint_ns;
	enum share_mode share;
	int log_level;		/* enum log_level */
	char ledger_dir[PATH_MAX];
	char state_dir[PATH_MAX];
	struct {
		char url[1024];	/* without a trailing slash; "" = not set */
		char user[256];
		char password_file[PATH_MAX];
		char ca_file[PATH_MAX];
		char public_key[1024];	/* "sha256//...[;sha256//...]"; "" = not pinned */
		char node[256];	/* the BMC's name of the node; "" = it has one */
		bool basic;	/* auth = basic */
		bool insecure;
		int64_t timeout_ns;
	} bmc;
	hardware_t hw;		/* 0 where the file is silent */
	bool hw_mem_consumable_set;
	char scontrol[PATH_MAX];	/* "" = never ask */
	struct {
		char database[512];	/* libpq's conninfo; "" = not set */
		char password_file[PATH_MAX];
		int64_t since_s;	/* 0 = not set */
		int64_t interval_ns;
		int64_t idle_period_ns;
	} oar;
	double pue;		/* 1 where not set */
	double intensity_g_per_kwh;	/* NaN where not set */
	double tariff_per_kwh;	/* NaN where not set */
};

/* Where the file is: `arg` if not NULL, else $WATTGATE_CONF, else the default. */
const char *conf_path(const char *arg);

/*
 * The node's name: `arg` if not NULL, else $WATTGATE_NODE, else
 * $SLURMD_NODENAME, else the host name up to its first dot. Refuses names
 * that are not a plain file name (letters, digits, ".", "_", "-", at most 200).
 * Returns 0 or -1.
 */
int conf_node_name(const char *arg, char *buf, unsigned long size,
		   struct err *err);

/*
 * Read `path` for `node`. On error returns -1 with "FILE:LINE: what, what to
 * do"; unknown keys, sections, bad units, values out of range, over-long
 * lines and keys given twice in one section are errors.
 */
int conf_load(const char *path, const char *node, struct conf *conf,
	      struct err *err);

/*
 * "5s", "250ms", "2m", "1.5h" -> nanoseconds. A bare number is refused: the
 * unit is part of the value. Returns 0 or -1.
 */
int conf_parse_duration(const char *text, int64_t *ns);

/* Is it a name that conf_node_name() would take: a plain file name? */
bool conf_node_name_valid(const char *name);

/* The run directory: $WATTGATE_RUN_DIR, else the one built in. */
const char *conf_run_dir(void);

/* RUNDIR/NODE/NAME into buf; -1 if it does not fit. */
int conf_run_path(char *buf, unsigned long size, const char *node,
		  const char *name);

#endif
