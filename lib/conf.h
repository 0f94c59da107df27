/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WATTGATE_CONF_H
#define WATTGATE_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "rate.h"
#include "share.h"

/*
 * /etc/wattgate/wattgate.conf: INI, read by inih. One file may serve a whole
 * cluster: sections [bmc PATTERN], [second PATTERN] and [hardware PATTERN] apply
 * to the nodes that match the shell pattern (the last matching section wins, key by key).
 * In texts %n stands for the node's name, %% for a percent sign. Paths are
 * absolute. A section may be given once for each pattern. Comments: ';' or '#'
 * at the start of a line, ';' after a blank elsewhere.
 *
 *   # top of the file, before any section
 *   mode = node             ; node: this node's BMC; site: those of all nodes
 *   source = redfish        ; of all nodes; [bmc PATTERN] may say otherwise
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
 *   source = redfish        ; redfish, site, ipmi, kwollect, prometheus, hwmon,
 *                           ; powercap, pm_counters, exec
 *   host = %n-bmc           ; ipmi: over the network; none: in-band
 *   sensor = NAME           ; ipmi: this one instead of DCMI
 *   metric = bmc_node_power_watt    ; kwollect
 *   device = %n             ; kwollect: its name of the node
 *   query = node_power_watts{instance="%n"} ; prometheus
 *   path = /sys/cray/pm_counters    ; hwmon, powercap, pm_counters
 *   command = /usr/local/bin/pdu-power %n   ; exec: no shell
 *   [second]                ; a second meter beside the first: the keys of [bmc]
 *   [site]
 *   ; on nodes: where source = site asks, and where ledgers are sent
 *   url = https://mgmt:6830 ; and ca_file, public_key, insecure, timeout as in [bmc]
 *   cert_file = /etc/wattgate/node.pem      ; mutual TLS; without: munge
 *   key_file = /etc/wattgate/node-key.pem
 *   munge = /usr/bin/munge  ; empty: never
 *   ship = true             ; the ledger to the site
 *   ; on the management host
 *   listen = 10.0.0.1:6830  ; [IPv6]:port; none: nothing is served
 *   nodes = n[1-100],gpu[01-16]     ; Slurm's nodes that are read here
 *   cert_file, key_file     ; the server's
 *   client_ca_file = /etc/wattgate/nodes-ca.pem     ; mutual TLS
 *   unmunge = /usr/bin/unmunge      ; empty: munge is not taken
 *   munge_users = root,wattgate     ; who may speak for a node
 *   store_file = /var/lib/wattgate/site.db  ; SQLite; default STATE_DIR/site.db
 *   database = host=db dbname=wattgate      ; PostgreSQL instead: libpq's words,
 *                           ; no password
 *   password_file = /etc/wattgate/store.secret
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
 *   [metrics]
 *   listen = 127.0.0.1:9834 ; for Prometheus; none: nothing is served
 *   totals = /var/lib/wattgate/billing.totals       ; of wattgate export, served too
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
 *   tariff = 0.25, 22:00-06:00 0.15 ; your currency per kWh; see rate.h for
 *                           ; all that these three may be
 *   [annotate]
 *   field = admin_comment   ; admin_comment, system_comment, extra; none:
 *                           ; wattgate annotate does nothing
 *   rate = 10/s             ; of jobs that are written; 1/h to 1000/s
 *   repair_energy = false   ; of jobs' rows; from Slurm 25.11 on
 */

#define CONF_PATH_MAX 512	/* of paths in the file; a site has many of them */
#define CONF_TEXT_MAX 1024	/* of URLs, queries, commands */

enum conf_mode { CONF_MODE_NODE, CONF_MODE_SITE };

/* A meter of the node: [bmc] is the first, [second] another one beside it. */
struct conf_meter {
	char source[16];	/* "redfish", ...; [second]: "" = there is none */
	int source_line;	/* where it stands in the file; 0 = default */
	char url[CONF_TEXT_MAX];	/* without a trailing slash; "" = not set */
	char user[256];
	char password_file[CONF_PATH_MAX];
	char ca_file[CONF_PATH_MAX];
	char public_key[CONF_TEXT_MAX];	/* "sha256//...[;sha256//...]"; "" = not pinned */
	char node[256];	/* the BMC's name of the node; "" = it has one */
	bool basic;	/* auth = basic */
	bool insecure;
	int64_t timeout_ns;
	char host[256];		/* of ipmi; "" = in-band */
	char sensor[128];	/* of ipmi; "" = DCMI */
	char metric[128];	/* of kwollect */
	char device[256];	/* of kwollect; "" = the node's name */
	char query[CONF_TEXT_MAX];	/* of prometheus */
	char path[CONF_PATH_MAX];	/* of hwmon, powercap, pm_counters */
	char command[CONF_TEXT_MAX];	/* of exec */
};

/* The way between nodes and their management host. */
struct conf_site {
	/* a node's: where its site is */
	char url[CONF_TEXT_MAX];	/* "" = not set */
	char ca_file[CONF_PATH_MAX];
	char public_key[CONF_TEXT_MAX];
	bool insecure;
	int64_t timeout_ns;
	char munge[CONF_PATH_MAX];	/* program; "" = never */
	bool ship;		/* send the ledger there */
	/* the management host's */
	char listen[300];	/* ADDRESS:PORT; "" = nothing is served */
	char nodes[CONF_TEXT_MAX];	/* a host list; "" = only OAR's */
	char client_ca_file[CONF_PATH_MAX];	/* "" = no mutual TLS */
	char unmunge[CONF_PATH_MAX];	/* program; "" = munge is not taken */
	char munge_users[256];	/* names, comma between */
	char store_file[CONF_PATH_MAX];
	char database[512];	/* libpq's conninfo; "" = store_file */
	char password_file[CONF_PATH_MAX];	/* of the database */
	/* either's own certificate */
	char cert_file[CONF_PATH_MAX];
	char key_file[CONF_PATH_MAX];
};

struct conf {
	enum conf_mode mode;
	char path[CONF_PATH_MAX];	/* where it was read from */
	char node[256];
	int64_t period_ns;
	int64_t max_gap_ns;
	int64_t rollup_ns;
	int64_t checkpoint_ns;
	enum share_mode share;
	int log_level;		/* enum log_level */
	char ledger_dir[CONF_PATH_MAX];
	char state_dir[CONF_PATH_MAX];
	struct conf_meter bmc;
	struct conf_meter second;
	struct conf_site site;
	hardware_t hw;		/* 0 where the file is silent */
	bool hw_mem_consumable_set;
	char scontrol[CONF_PATH_MAX];	/* "" = never ask */
	struct {
		char database[512];	/* libpq's conninfo; "" = not set */
		char password_file[CONF_PATH_MAX];
		int64_t since_s;	/* 0 = not set */
		int64_t interval_ns;
		int64_t idle_period_ns;
	} oar;
	struct {
		char listen[300];	/* ADDRESS:PORT; "" = nothing is served */
		char totals[CONF_PATH_MAX];	/* of accounts; "" = none */
	} metrics;
	/* as rate_open() takes them */
	char pue[RATE_TEXT_MAX];	/* "1" where not set */
	char intensity[RATE_TEXT_MAX];	/* g/kWh; "" = not known */
	char tariff[RATE_TEXT_MAX];	/* your currency per kWh; "" = not known */
	struct {
		char field[16];	/* "" = none */
		double per_s;
		bool repair_energy;
	} annotate;
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

/* "10/s", "30/min", "1/h", from CONF_RATE_MIN to CONF_RATE_MAX. 0, or -1. */
#define CONF_RATE_MIN "1/h"
#define CONF_RATE_MAX "1000/s"
int conf_parse_rate(const char *text, double *per_s, struct err *err);

/* Is it a name that conf_node_name() would take: a plain file name? */
bool conf_node_name_valid(const char *name);

/* The run directory: $WATTGATE_RUN_DIR, else the one built in. */
const char *conf_run_dir(void);

/* RUNDIR/NODE/NAME into buf; -1 if it does not fit. */
int conf_run_path(char *buf, unsigned long size, const char *node,
		  const char *name);

#endif
