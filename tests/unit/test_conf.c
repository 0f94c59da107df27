/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/log.h"

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))
#define NODE "n1"

static char dir[] = "/tmp/test_conf.XXXXXX";
static char file[64];
static struct conf conf;
static struct err err;

static void setup(void)
{
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/wattgate.conf", dir);
	memset(&conf, 0xee, sizeof(conf));
	memset(&err, 0, sizeof(err));
}

static void teardown(void)
{
	unlink(file);
	rmdir(dir);
}

static void put(const void *text, size_t len)
{
	FILE *f = fopen(file, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

static int load(const char *text)
{
	put(text, strlen(text));
	return conf_load(file, NODE, &conf, &err);
}

static void load_ok(const char *text)
{
	ck_assert_msg(load(text) == 0, "'%s': %s", text, err.text);
}

/* Refused, with the place at line `line` (0: none) and `why` in the text. */
static void refused(const char *what, int rc, int line, const char *why)
{
	char at[96];

	ck_assert_msg(rc == -1, "taken: %s", what);
	snprintf(at, sizeof(at), "%s:%d: ", file, line);
	if (line)
		ck_assert_msg(strncmp(err.text, at, strlen(at)) == 0,
			      "%s: not at line %d: %s", what, line, err.text);
	ck_assert_msg(strstr(err.text, why) != NULL, "%s: no '%s' in: %s",
		      what, why, err.text);
}

/* ---- what a file says ----------------------------------------------------- */

START_TEST(test_defaults)
{
	load_ok("");
	ck_assert_str_eq(conf.path, file);
	ck_assert_str_eq(conf.node, NODE);
	ck_assert_int_eq(conf.period_ns, 5 * NS_PER_S);
	ck_assert_int_eq(conf.max_gap_ns, 15 * NS_PER_S);
	ck_assert_int_eq(conf.rollup_ns, 3600 * NS_PER_S);
	ck_assert_int_eq(conf.checkpoint_ns, 60 * NS_PER_S);
	ck_assert_int_eq(conf.share, SHARE_MODEL);
	ck_assert_int_eq(conf.log_level, LOG_LEVEL_INFO);
	ck_assert_str_eq(conf.ledger_dir, "/var/lib/wattgate/ledger");
	ck_assert_str_eq(conf.state_dir, "/var/lib/wattgate");
	ck_assert_str_eq(conf.bmc.url, "");
	ck_assert_str_eq(conf.bmc.user, "");
	ck_assert_str_eq(conf.bmc.password_file, "");
	ck_assert_str_eq(conf.bmc.ca_file, "");
	ck_assert_str_eq(conf.bmc.public_key, "");
	ck_assert(!conf.bmc.basic && !conf.bmc.insecure);
	ck_assert_int_eq(conf.bmc.timeout_ns, 4 * NS_PER_S);
	ck_assert_double_eq(conf.hw.cores, 0);
	ck_assert_uint_eq(conf.hw.threads_per_core, 0);
	ck_assert(!conf.hw_mem_consumable_set);
	ck_assert_str_eq(conf.scontrol, WATTGATE_SCONTROL);
	ck_assert_str_eq(conf.pue, "1");
	ck_assert_str_eq(conf.intensity, "");
	ck_assert_str_eq(conf.tariff, "");
	ck_assert_str_eq(conf.annotate.field, "");
	ck_assert_double_eq(conf.annotate.per_s, 10);
	ck_assert(!conf.annotate.repair_energy);
}
END_TEST

START_TEST(test_top)
{
	load_ok("# a comment\n; another\n\n"
		"period = 1s\nmax_gap=2500ms ; a remark\n"
		"share: cores\nledger_dir = /srv/%n/ledger\n"
		"state_dir =/srv/100%%\nrollup = 10m\ncheckpoint = 0.5s\n"
		"log_level = debug\n");
	ck_assert_int_eq(conf.period_ns, NS_PER_S);
	ck_assert_int_eq(conf.max_gap_ns, 2500000000);
	ck_assert_int_eq(conf.share, SHARE_CORES);
	ck_assert_str_eq(conf.ledger_dir, "/srv/n1/ledger");
	ck_assert_str_eq(conf.state_dir, "/srv/100%");
	ck_assert_int_eq(conf.rollup_ns, 600 * NS_PER_S);
	ck_assert_int_eq(conf.checkpoint_ns, NS_PER_S / 2);
	ck_assert_int_eq(conf.log_level, LOG_LEVEL_DEBUG);
}
END_TEST

START_TEST(test_bmc)
{
	load_ok("[bmc]\nurl = HTTPS://%n-bmc:8443/base/\nuser = wattgate\n"
		"password_file = /etc/%n.secret\nauth = basic\n"
		"ca_file = /etc/ca.pem\ninsecure = yes\ntimeout = 1500ms\n");
	ck_assert_str_eq(conf.bmc.url, "https://n1-bmc:8443/base");
	ck_assert_str_eq(conf.bmc.user, "wattgate");
	ck_assert_str_eq(conf.bmc.password_file, "/etc/n1.secret");
	ck_assert_str_eq(conf.bmc.ca_file, "/etc/ca.pem");
	ck_assert(conf.bmc.basic && conf.bmc.insecure);
	ck_assert_int_eq(conf.bmc.timeout_ns, 1500000000);
}
END_TEST

#define PIN_A "sha256//ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno+A="
#define PIN_B "sha256//0123456789////////////////////////////////8="

START_TEST(test_meters)
{
	load_ok("source = site\n");
	ck_assert_str_eq(conf.bmc.source, "site");
	ck_assert_int_eq(conf.bmc.source_line, 1);
	ck_assert_str_eq(conf.second.source, "");
	/* a section has more to say than the top */
	load_ok("source = site\n[bmc]\nsource = ipmi\nhost = %n-bmc\n"
		"sensor = Total Power\n[bmc n2]\nsource = exec\n"
		"[second]\nsource = kwollect\nurl = https://k/%n\n"
		"metric = m\ndevice = %n-x\ntimeout = 2s\n");
	ck_assert_str_eq(conf.bmc.source, "ipmi");
	ck_assert_int_eq(conf.bmc.source_line, 3);
	ck_assert_str_eq(conf.bmc.host, "n1-bmc");
	ck_assert_str_eq(conf.bmc.sensor, "Total Power");
	ck_assert_str_eq(conf.second.source, "kwollect");
	ck_assert_int_eq(conf.second.source_line, 9);
	ck_assert_str_eq(conf.second.url, "https://k/n1");
	ck_assert_str_eq(conf.second.metric, "m");
	ck_assert_str_eq(conf.second.device, "n1-x");
	ck_assert_int_eq(conf.second.timeout_ns, 2 * NS_PER_S);
	ck_assert_int_eq(conf.bmc.timeout_ns, 4 * NS_PER_S);
	load_ok("[bmc]\nquery = a{b=\"%n\"}\npath = /sys/%n\n"
		"command = /bin/x %n 5%%\n");
	ck_assert_str_eq(conf.bmc.source, "redfish");
	ck_assert_int_eq(conf.bmc.source_line, 0);
	ck_assert_str_eq(conf.bmc.query, "a{b=\"n1\"}");
	ck_assert_str_eq(conf.bmc.path, "/sys/n1");
	ck_assert_str_eq(conf.bmc.command, "/bin/x n1 5%");
}
END_TEST

START_TEST(test_site)
{
	load_ok("state_dir = /s\n");
	ck_assert_str_eq(conf.site.url, "");
	ck_assert(conf.site.ship && !conf.site.insecure);
	ck_assert_int_eq(conf.site.timeout_ns, 4 * NS_PER_S);
	ck_assert_str_eq(conf.site.munge, "/usr/bin/munge");
	ck_assert_str_eq(conf.site.unmunge, "/usr/bin/unmunge");
	ck_assert_str_eq(conf.site.munge_users, "root,wattgate");
	ck_assert_str_eq(conf.site.store_file, "/s/site.db");
	load_ok("[site]\nurl = https://mgmt:6830/\nca_file = /ca\n"
		"cert_file = /c\nkey_file = /k\nmunge =\nship = no\n"
		"listen = [::1]:6830\nnodes = n[1-3],m\nclient_ca_file = /cc\n"
		"unmunge =\nmunge_users = w\nstore_file = /f\n"
		"database = host=d\npassword_file = /p\ntimeout = 9s\n");
	ck_assert_str_eq(conf.site.url, "https://mgmt:6830");
	ck_assert_str_eq(conf.site.ca_file, "/ca");
	ck_assert_str_eq(conf.site.cert_file, "/c");
	ck_assert_str_eq(conf.site.key_file, "/k");
	ck_assert_str_eq(conf.site.munge, "");
	ck_assert(!conf.site.ship);
	ck_assert_str_eq(conf.site.listen, "[::1]:6830");
	ck_assert_str_eq(conf.site.nodes, "n[1-3],m");
	ck_assert_str_eq(conf.site.client_ca_file, "/cc");
	ck_assert_str_eq(conf.site.unmunge, "");
	ck_assert_str_eq(conf.site.munge_users, "w");
	ck_assert_str_eq(conf.site.store_file, "/f");
	ck_assert_str_eq(conf.site.database, "host=d");
	ck_assert_str_eq(conf.site.password_file, "/p");
	ck_assert_int_eq(conf.site.timeout_ns, 9 * NS_PER_S);
}
END_TEST

START_TEST(test_public_key)
{
	load_ok("[bmc]\npublic_key = " PIN_A "\n");
	ck_assert_str_eq(conf.bmc.public_key, PIN_A);
	load_ok("[bmc]\npublic_key = " PIN_A ";" PIN_B " ; and a remark\n"
		"ca_file = /ca\n");
	ck_assert_str_eq(conf.bmc.public_key, PIN_A ";" PIN_B);
	/* one BMC may do without what the others have */
	load_ok("[bmc]\npublic_key = " PIN_A "\nca_file = /ca\n"
		"[bmc n1]\npublic_key =\nca_file =\ninsecure = true\n");
	ck_assert_str_eq(conf.bmc.public_key, "");
	ck_assert_str_eq(conf.bmc.ca_file, "");
	load_ok("[bmc]\npublic_key = " PIN_A "\n"
		"[bmc n2]\npublic_key =\ninsecure = true\n");
	ck_assert_str_eq(conf.bmc.public_key, PIN_A);
}
END_TEST

START_TEST(test_hardware)
{
	load_ok("[hardware]\ncores = 64\ngpus = 4\nmemory = 1.5T\n"
		"core_power = 3.5W\ngpu_power = 250 W\n"
		"memory_power = 0.375 W/GB\nthreads_per_core = 2\n"
		"memory_consumable = false\n");
	ck_assert_double_eq(conf.hw.cores, 64);
	ck_assert_double_eq(conf.hw.gpus, 4);
	ck_assert_double_eq(conf.hw.mem_mb, 1.5 * 1024 * 1024);
	ck_assert_double_eq(conf.hw.core_w, 3.5);
	ck_assert_double_eq(conf.hw.gpu_w, 250);
	ck_assert_double_eq(conf.hw.mem_w_per_gb, 0.375);
	ck_assert_uint_eq(conf.hw.threads_per_core, 2);
	ck_assert(!conf.hw.mem_consumable);
	ck_assert(conf.hw_mem_consumable_set);
}
END_TEST

START_TEST(test_rest)
{
	load_ok("[slurm]\nscontrol =   ; never\n"
		"[report]\npue = 1.56\nintensity = 51.28 g/kWh\ntariff = 0.21\n");
	ck_assert_str_eq(conf.scontrol, "");
	ck_assert_str_eq(conf.pue, "1.56");
	ck_assert_str_eq(conf.intensity, "51.28 g/kWh");
	ck_assert_str_eq(conf.tariff, "0.21");
	load_ok("[annotate]\nfield = system_comment\nrate = 30/min\n"
		"repair_energy = true\n");
	ck_assert_str_eq(conf.annotate.field, "system_comment");
	ck_assert_double_eq(conf.annotate.per_s, 0.5);
	ck_assert(conf.annotate.repair_energy);
	load_ok("[report]\nintensity = 0\ntariff = 0\n[slurm]\n"
		"scontrol = /opt/slurm/bin/scontrol\n");
	ck_assert_str_eq(conf.intensity, "0");
	ck_assert_str_eq(conf.tariff, "0");
	ck_assert_str_eq(conf.scontrol, "/opt/slurm/bin/scontrol");
}
END_TEST

START_TEST(test_oar)
{
	load_ok("");
	ck_assert_int_eq(conf.mode, CONF_MODE_NODE);
	ck_assert_str_eq(conf.oar.database, "");
	ck_assert_str_eq(conf.oar.password_file, "");
	ck_assert_int_eq(conf.oar.since_s, 0);
	ck_assert_int_eq(conf.oar.interval_ns, 10 * NS_PER_S);
	ck_assert_int_eq(conf.oar.idle_period_ns, 10 * NS_PER_S);
	load_ok("mode = site\n[oar]\n"
		"database = host=/run/pg port=5432 options='-c a=%n' ; ours\n"
		"password_file = /etc/wattgate/db.secret\n"
		"since = 2026-11-01\ninterval = 1m\nidle_period = 500ms\n");
	ck_assert_int_eq(conf.mode, CONF_MODE_SITE);
	ck_assert_str_eq(conf.oar.database,
			 "host=/run/pg port=5432 options='-c a=%n'");
	ck_assert_str_eq(conf.oar.password_file, "/etc/wattgate/db.secret");
	ck_assert_int_eq(conf.oar.since_s, 1793491200);
	ck_assert_int_eq(conf.oar.interval_ns, 60 * NS_PER_S);
	ck_assert_int_eq(conf.oar.idle_period_ns, NS_PER_S / 2);
	load_ok("mode = node\n[oar]\nsince = 2024-02-29T23:59:59Z\n");
	ck_assert_int_eq(conf.mode, CONF_MODE_NODE);
	ck_assert_int_eq(conf.oar.since_s, 1709251199);
	load_ok("[oar]\nsince = 1\n");
	ck_assert_int_eq(conf.oar.since_s, 1);
}
END_TEST

/* The last section that matches wins, key by key; others do not count. */
START_TEST(test_patterns)
{
	load_ok("[bmc]\nurl = https://%n-bmc\nuser = all\n"
		"password_file = /all\n"
		"[bmc n[1-4]]\nuser = few\n"
		"[bmc x*]\nurl = https://wrong\nuser = wrong\n"
		"[bmc ?1] ; see [1]\n  password_file = /one\n"
		"[ bmc\tn1x ]\nurl = https://longer\n"
		"[hardware n*]\ncores = 2\nmemory_consumable = true\n"
		"[hardware N1]\ncores = 3\n");
	ck_assert_str_eq(conf.bmc.url, "https://n1-bmc");
	ck_assert_str_eq(conf.bmc.user, "few");
	ck_assert_str_eq(conf.bmc.password_file, "/one");
	ck_assert_double_eq(conf.hw.cores, 2);
	ck_assert(conf.hw_mem_consumable_set);
	load_ok("[hardware m*]\nmemory_consumable = true\n");
	ck_assert(!conf.hw_mem_consumable_set && !conf.hw.mem_consumable);
}
END_TEST

/* Lines as editors and systems leave them. */
static const char *const shapes[] = {
	"period = 2s",
	"period = 2s\n",
	"period = 2s\r\n",
	"period = 2s\r",
	"\xef\xbb\xbfperiod = 2s\n",
	"\xef\xbb\xbf\r\nperiod = 2s\r\n",
	"   \t period\t=\t2s\t\n",
	"\n\n\nperiod=2s\n\n",
	"max_gap = 6s\n  period = 2s\n",	/* indented: no continuation */
	"period = 2s ; and more = less\n",
	"period: 2s\n",
};

START_TEST(test_shape)
{
	load_ok(shapes[_i]);
	ck_assert_int_eq(conf.period_ns, 2 * NS_PER_S);
}
END_TEST

START_TEST(test_empty_sections)
{
	load_ok("[bmc]\n[hardware n2]\n[hardware]\n[slurm]\n[report]");
}
END_TEST

/* ---- what it refuses ------------------------------------------------------- */

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X512 X64 X64 X64 X64 X64 X64 X64 X64

static const struct {
	const char *text;
	int line;
	const char *why;
} bad[] = {
	/* shape */
	{ "period\n", 1, "neither 'key = value' nor '[section]'" },
	{ "period = 1s\n\nnonsense\nshare = wrong\n", 3, "neither" },
	{ "[bmc\n", 1, "must end in ]" },
	{ "[bmc] url = https://x\n", 1, "must end in ]" },
	{ "[\n", 1, "must end in ]" },
	{ "[]\n", 1, "no section []" },
	{ "[ ]\n", 1, "no section []" },
	{ "[bcm]\n", 1, "no section [bcm]" },	/* also without keys */
	{ "[BMC]\n", 1, "no section [BMC]" },
	{ "[bmcs]\n", 1, "no section [bmcs]" },
	{ "[bm]\n", 1, "no section [bm]" },
	{ "period = 1s\n[" X64 "]\n", 2, "no section [" },
	{ "ledger_dir = /" X512 "\n", 1, "longer than" },
	{ "ledger_dir = /x " X512 X512 X512 "\n", 1, "longer than" },
	{ "; " X512 "\nperiod = x\n", 2, "period" },
	{ "[bmc]\n" X64 X64 X64 X64 " = x\n", 2, "longer than" },
	{ "[bmc]\nquery =" X512 "\x01\n", 2, "control character (0x01)" },
	{ "share = model\n" X512, 2, "longer than" },
	{ "[bmc " X512 "]\n", 1, "longer than" },
	{ "period = 1\x01s\n", 1, "control character (0x01)" },
	{ "period = 1s\rmax_gap = 3s\n", 1, "control character (0x0d)" },
	{ "; \x1b[2J\n", 1, "control character (0x1b)" },
	/* keys and sections */
	{ "perod = 1s\n", 1, "no key 'perod' before the first section" },
	{ "Period = 1s\n", 1, "no key 'Period'" },
	{ " = 1s\n", 1, "no key ''" },
	{ X64 " = 1s\n", 1, "no key 'xxx" },
	{ "url = https://x\n", 1, "no key 'url' before" },
	{ "[bmc]\nperiod = 1s\n", 2, "no key 'period' in [bmc]" },
	{ "[hardware n9]\nperiod = 1s\n", 2, "no key 'period' in [hardware]" },
	{ "period = 1s\n#\nperiod = 1s\n", 3, "given at line 1 already" },
	{ "[bmc n9]\nuser = a\nuser = a\n", 3, "given at line 2 already" },
	{ "[bmc]\n[slurm]\n[bmc]\n", 3, "[bmc] was given at line 1" },
	{ "[bmc n1]\n[bmc\t n1 ]\n", 2, "[bmc n1] was given at line 1" },
	{ "[slurm n1]\n", 1, "takes no pattern" },
	{ "[report *]\n", 1, "takes no pattern" },
	{ "[bmc n1 n2]\n", 1, "one pattern" },
	{ "[bmc n[1-]\n", 1, "without its ]" },
	{ "[bmc n[1-12]]\n", 1, "no list of hosts" },
	{ "[bmc n[08-11]]\n", 1, "no list of hosts" },
	{ "[bmc n[1,3]]\n", 1, "no list of hosts" },
	/* durations */
	{ "period = 5\n", 1, "period: '5' is not a duration" },
	{ "period =\n", 1, "'' is not a duration" },
	{ "period = s\n", 1, "not a duration" },
	{ "period = -5s\n", 1, "not a duration" },
	{ "period = +5s\n", 1, "not a duration" },
	{ "period = nan\n", 1, "not a duration" },
	{ "period = infs\n", 1, "not a duration" },
	{ "period = 1e1s\n", 1, "not a duration" },
	{ "period = 0x5s\n", 1, "not a duration" },
	{ "period = 5s # a remark\n", 1, "not a duration" },
	{ "period = 5 seconds\n", 1, "not a duration" },
	{ "period = 5S\n", 1, "not a duration" },
	{ "period = 5.s\n", 1, "not a duration" },
	{ "period = .5s\n", 1, "not a duration" },
	{ "period = 1.2.3s\n", 1, "not a duration" },
	{ "period = 9999999999999999999s\n", 1, "not a duration" },
	{ "period = 999999999999999999h\n", 1, "out of range: 20ms to 5m" },
	{ "period = 0s\n", 1, "out of range" },
	{ "period = 19ms\n", 1, "out of range" },
	{ "period = 301s\n", 1, "out of range" },
	{ "max_gap = 4999ms\n", 1, "shorter than the period (5s)" },
	{ "max_gap = 10s\nperiod = 11s\n", 1, "shorter than the period" },
	{ "max_gap = 61m\n", 1, "out of range" },
	{ "rollup = 7m\n", 1, "does not divide an hour" },
	{ "rollup = 1.0000001s\n", 1, "does not divide an hour" },
	{ "rollup = 2h\n", 1, "out of range" },
	{ "rollup = 0h\n", 1, "out of range" },
	{ "checkpoint = 61s\n", 1, "out of range" },
	{ "checkpoint = 0s\n", 1, "out of range" },
	/* names */
	{ "share = Model\n", 1, "none of model, cores" },
	{ "share =\n", 1, "none of model, cores" },
	{ "log_level = verbose\n", 1, "none of error, warn" },
	{ "ledger_dir = ledger\n", 1, "not an absolute path" },
	{ "ledger_dir =\n", 1, "has no value" },
	{ "ledger_dir = /a%b\n", 1, "followed by n" },
	{ "ledger_dir = /a%\n", 1, "followed by n" },
	{ "[slurm]\nscontrol = scontrol\n", 2, "not an absolute path" },
	{ "mode = both\n", 1, "neither node nor site" },
	{ "mode =\n", 1, "neither node nor site" },
	{ "[oar n1]\n", 1, "takes no pattern" },
	{ "[oar]\ndatabase =\n", 2, "no value" },
	{ "[oar]\npassword_file = /secret\n", 2, "there is no database" },
	{ "[oar]\ndatabase = dbname=oar\npassword_file = db\n", 3,
	  "not an absolute path" },
	{ "[oar]\nsince = yesterday\n", 2, "no instant" },
	{ "[oar]\nsince = 0\n", 2, "no instant" },
	{ "[oar]\nsince = -5\n", 2, "no instant" },
	{ "[oar]\nsince = 1.5\n", 2, "no instant" },
	{ "[oar]\nsince = 4102444801\n", 2, "no instant" },
	{ "[oar]\nsince = 2026-02-29\n", 2, "no instant" },
	{ "[oar]\nsince = 2026-13-01\n", 2, "no instant" },
	{ "[oar]\nsince = 1969-12-31\n", 2, "no instant" },
	{ "[oar]\nsince = 2026-11-01T24:00:00Z\n", 2, "no instant" },
	{ "[oar]\nsince = 2026-11-01T06:00:00\n", 2, "no instant" },
	{ "[oar]\nsince = 2026-11-01 06:00:00Z\n", 2, "no instant" },
	{ "[oar]\ninterval = 100ms\n", 2, "out of range" },
	{ "[oar]\ninterval = 6m\n", 2, "out of range" },
	{ "[oar]\nidle_period = 30\n", 2, "not a duration" },
	{ "[oar]\nidle_period = 11s\n", 2, "two thirds of max_gap (15s)" },
	/* BMC */
	{ "source = Redfish\n", 1, "no source's name" },
	{ "source =\n", 1, "no source's name" },
	{ "[second]\nsource = a-b\n", 2, "no source's name" },
	{ "[second]\nsource = aaaaaaaaaaaaaaaa\n", 2, "no source's name" },
	{ "[second]\nurl = https://x\n", 2, "there is no source" },
	{ "[second]\nsource = a\nurl = http://x\n", 3, "insecure = true" },
	{ "[second]\nsource = a\nuser = x\n", 3, "no password_file" },
	{ "[site]\nurl = http://x\n", 2, "insecure = true" },
	{ "[site]\npublic_key = " PIN_A "\ninsecure = true\n", 2, "any key" },
	{ "[site]\ncert_file = /x\n", 2, "go together" },
	{ "[site]\nkey_file = /x\n", 2, "go together" },
	{ "[site]\npassword_file = /x\n", 2, "no database" },
	{ "[site]\nlisten =\n", 2, "has no value" },
	{ "[site]\nmunge = munge\n", 2, "absolute path" },
	{ "[site n1]\n", 1, "takes no pattern" },
	{ "[bmc]\nurl = ftp://x\n", 2, "must begin with https://" },
	{ "[bmc]\nurl =\n", 2, "has no value" },
	{ "[bmc]\nurl = https://\n", 2, "no valid host" },
	{ "[bmc]\nurl = https:///redfish\n", 2, "no valid host" },
	{ "[bmc]\nurl = https://:443\n", 2, "no valid host" },
	{ "[bmc]\nurl = https://a b\n", 2, "no valid host" },
	{ "[bmc]\nurl = https://b\xc3\xa4\n", 2, "no valid host" },
	{ "[bmc]\nurl = https://x/a b\n", 2, "percent-encoded" },
	{ "[bmc]\nurl = https://x:0\n", 2, "port" },
	{ "[bmc]\nurl = https://x:65536\n", 2, "port" },
	{ "[bmc]\nurl = https://x:4294967739\n", 2, "port" },
	{ "[bmc]\nurl = https://x:\n", 2, "port" },
	{ "[bmc]\nurl = https://x:12a\n", 2, "port" },
	{ "[bmc]\nurl = https://[::1\n", 2, "IPv6" },
	{ "[bmc]\nurl = https://[]\n", 2, "IPv6" },
	{ "[bmc]\nurl = https://[::1]x\n", 2, "no valid host" },
	{ "[bmc]\nurl = https://x?a=b\n", 2, "before any ? or #" },
	{ "[bmc]\nurl = https://x#a\n", 2, "before any ? or #" },
	{ "[bmc]\nurl = http://x\n", 2, "insecure = true" },
	{ "[bmc]\nurl = HTTP://x\n", 2, "insecure = true" },
	{ "[bmc]\nurl = http://x\n[bmc n2]\ninsecure = true\n", 2,
	  "insecure = true" },
	{ "[bmc]\nurl = http://x\ninsecure = yes\n[bmc n1]\ninsecure = no\n",
	  2, "insecure = true" },
	{ "[bmc]\nuser = a\n", 2, "no password_file" },
	{ "[bmc]\n#\npassword_file = /x\n", 3, "no user" },
	{ "[bmc]\nuser = a:b\npassword_file = /x\n", 2, "':'" },
	{ "[bmc]\npassword_file = x\nuser = a\n", 2, "absolute path" },
	{ "[bmc]\npassword = x\n", 2, "no key 'password'" },
	{ "[bmc]\nauth = digest\n", 2, "neither session nor basic" },
	{ "[bmc]\ninsecure = maybe\n", 2, "neither true nor false" },
	{ "[bmc]\ninsecure = TRUE\n", 2, "neither true nor false" },
	{ "[bmc]\ninsecure =\n", 2, "neither true nor false" },
	{ "[bmc]\ntimeout = 61s\n", 2, "out of range" },
	/* pins */
	{ "[bmc]\npublic_key = sha256//\n", 2, "is not sha256//" },
	{ "[bmc]\npublic_key = /etc/key.pem\n", 2, "is not sha256//" },
	{ "[bmc]\npublic_key = ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno+A=\n",
	  2, "is not sha256//" },
	{ "[bmc]\npublic_key = SHA256//ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno+A=\n",
	  2, "is not sha256//" },
	{ "[bmc]\npublic_key = sha256//ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno+=\n",
	  2, "is not sha256//" },		/* too short */
	{ "[bmc]\npublic_key = sha256//ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno+AA=\n",
	  2, "is not sha256//" },		/* too long */
	{ "[bmc]\npublic_key = sha256//ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno+AA\n",
	  2, "is not sha256//" },		/* no padding */
	{ "[bmc]\npublic_key = sha256//ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno+B=\n",
	  2, "is not sha256//" },		/* bits that cannot be set */
	{ "[bmc]\npublic_key = sha256//ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno-A=\n",
	  2, "is not sha256//" },		/* the other base64 */
	{ "[bmc]\npublic_key = sha256//%%nBCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmno+A=\n",
	  2, "is not sha256//" },
	{ "[bmc]\npublic_key = " PIN_A ";\n", 2, "'' is not sha256//" },
	{ "[bmc]\npublic_key = ;" PIN_A "\nuser = a\n", 3, "no password_file" },
	{ "[bmc]\npublic_key = " PIN_A "; " PIN_B "\n", 2, "no blanks" },
	{ "[bmc]\npublic_key = " PIN_A " " PIN_B "\n", 2, "no blanks" },
	{ "[bmc]\npublic_key = " PIN_A "," PIN_B "\n", 2, "is not sha256//" },
	{ "[bmc n9]\npublic_key = x\n", 2, "'x' is not sha256//" },
	{ "[bmc]\npublic_key = " PIN_A "\ninsecure = true\n", 2, "any key" },
	{ "[bmc]\ninsecure = true\n[bmc n1]\npublic_key = " PIN_A "\n", 4,
	  "any key" },
	/* hardware, also another node's */
	{ "[hardware]\ncores = 0\n", 2, "out of range: 1 to 65536" },
	{ "[hardware]\ncores = 1.5\n", 2, "not a whole number" },
	{ "[hardware]\ncores = 65537\n", 2, "out of range" },
	{ "[hardware]\ncores = nan\n", 2, "not a whole number" },
	{ "[hardware]\ncores = 64 cores\n", 2, "not a whole number" },
	{ "[hardware n9]\ncores = x\n", 2, "not a whole number" },
	{ "[hardware]\ngpus = -1\n", 2, "not a whole number" },
	{ "[hardware]\nmemory = 64GB\n", 2, "not an amount of memory" },
	{ "[hardware]\nmemory = 64g\n", 2, "not an amount of memory" },
	{ "[hardware]\nmemory = 0\n", 2, "out of range" },
	{ "[hardware]\nmemory = 1025T\n", 2, "out of range" },
	{ "[hardware]\ncore_power = 12\n", 2, "not a power" },
	{ "[hardware]\ncore_power = 12w\n", 2, "not a power" },
	{ "[hardware]\ncore_power = 0W\n", 2, "out of range" },
	{ "[hardware]\ngpu_power = 0.25kW\n", 2, "not a power" },
	{ "[hardware]\ngpu_power = infW\n", 2, "not a power" },
	{ "[hardware]\nmemory_power = 1W\n", 2, "not a power per memory" },
	{ "[hardware]\nmemory_power = 0\n", 2, "out of range" },
	{ "[hardware]\nthreads_per_core = 0\n", 2, "out of range" },
	{ "[hardware]\nmemory_consumable = 1\n", 2, "neither true nor" },
	/* report */
	{ "[report]\npue = 0.9\n", 2, "out of range" },
	{ "[report]\npue = 1,5\n", 2, "behind the comma" },
	{ "[report]\nintensity = 51 kg/kWh\n", 2, "not an intensity" },
	{ "[report]\nintensity = 10001\n", 2, "out of range" },
	{ "[report]\nintensity = nothing/FR/\n", 2, "TABLE/CODE" },
	{ "[report]\ntariff = green-algorithms/FR\n", 2, "intensities only" },
	{ "[report]\ntariff = -0.1\n", 2, "not a number" },
	{ "[report]\ntariff = 0.21 EUR\n", 2, "not a number" },
	/* annotate */
	{ "[annotate]\nfield = comment\n", 2, "none of admin_comment" },
	{ "[annotate]\nfield =\n", 2, "none of admin_comment" },
	{ "[annotate]\nrate = 10\n", 2, "not a rate" },
	{ "[annotate]\nrate = 0/s\n", 2, "out of range" },
	{ "[annotate]\nrate = 1001/s\n", 2, "out of range" },
	{ "[annotate]\nrepair_energy = 1\n", 2, "neither true nor false" },
};

START_TEST(test_bad)
{
	refused(bad[_i].text, load(bad[_i].text), bad[_i].line, bad[_i].why);
}
END_TEST

/* An error's text may be shown to others: no password in it. */
START_TEST(test_url_credentials_not_shown)
{
	static const char *const urls[] = {
		"[bmc]\nurl = https://root:hunter2@bmc/\n",
		"[bmc]\nurl = https://hunter2@bmc\n",
		"[bmc]\nurl = http://root:hunter2@[::1]:80/redfish\n",
		"[bmc]\nurl = https://root:hunter2@\n",
	};

	refused(urls[_i], load(urls[_i]), 2, "user or password in it");
	ck_assert_ptr_null(strstr(err.text, "hunter2"));
}
END_TEST

static const struct {
	const char *given, *taken;
} urls[] = {
	{ "https://bmc", "https://bmc" },
	{ "https://bmc/", "https://bmc" },
	{ "https://bmc///", "https://bmc" },
	{ "HttpS://BMC.example.org:443", "https://BMC.example.org:443" },
	{ "https://192.0.2.7/redfish/", "https://192.0.2.7/redfish" },
	{ "https://[2001:DB8::1]:8443", "https://[2001:DB8::1]:8443" },
	{ "https://[::1]", "https://[::1]" },
	{ "https://x:65535/~a/b@c", "https://x:65535/~a/b@c" },
	{ "https://x/a%%20b", "https://x/a%20b" },
	{ "https://%n.bmc-%n", "https://n1.bmc-n1" },
	{ "https://x/a;b", "https://x/a;b" },
};

START_TEST(test_url)
{
	char text[256];

	snprintf(text, sizeof(text), "[bmc]\nurl = %s\n", urls[_i].given);
	load_ok(text);
	ck_assert_str_eq(conf.bmc.url, urls[_i].taken);
}
END_TEST

START_TEST(test_nul_bytes)
{
	static const char inside[] = "period = 1s\0\nshare = cores\n";
	static const char alone[] = "\0";

	put(inside, sizeof(inside) - 1);
	refused("NUL", conf_load(file, NODE, &conf, &err), 1,
		"control character (0x00)");
	put(alone, 1);
	refused("NUL", conf_load(file, NODE, &conf, &err), 1,
		"control character (0x00)");
}
END_TEST

/*
 * Lines of all lengths around those that inih can take: the value arrives
 * whole, without its comment, or the line is refused.
 */
START_TEST(test_long_lines)
{
	static const char *const ends[] = { "", "  ", " ; a=b [c] x", "\t;" };
	char text[2000], value[1100];

	for (size_t len = 150; len < 1060; len++) {
		memset(value, 'x', len);
		value[len] = '\0';
		value[len / 2] = '=';	/* the first one counts */
		value[len / 3] = ';';	/* not after a blank: no comment */
		snprintf(text, sizeof(text), "[bmc]\n query \t=  %s%s\nurl = https://x\n",
			 value, ends[len % LEN(ends)]);
		if (len >= CONF_TEXT_MAX) {
			refused("a long value", load(text), 2, "longer than");
			continue;
		}
		load_ok(text);
		ck_assert_str_eq(conf.bmc.query, value);
		ck_assert_str_eq(conf.bmc.url, "https://x");
	}
}
END_TEST

START_TEST(test_many_sections)
{
	const int count = 2000;
	size_t size = 64 * (size_t)count, len = 0;
	char *text = malloc(size);

	ck_assert_ptr_nonnull(text);
	for (int i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, size - len,
					"[bmc n%d]\nurl = https://b%d\n", i, i);
	load_ok(text);
	ck_assert_str_eq(conf.bmc.url, "https://b1");
	free(text);
}
END_TEST

START_TEST(test_not_a_file)
{
	refused("missing", conf_load(file, NODE, &conf, &err), 0,
		"No such file");
	ck_assert_ptr_nonnull(strstr(err.text, file));
	refused("directory", conf_load(dir, NODE, &conf, &err), 0,
		"not a regular file");
	ck_assert_int_eq(mkfifo(file, 0600), 0);	/* must not block */
	refused("fifo", conf_load(file, NODE, &conf, &err), 0,
		"not a regular file");
}
END_TEST

START_TEST(test_too_large)
{
	put("#\n", 2);
	ck_assert_int_eq(truncate(file, 4 * 1024 * 1024 + 1), 0);
	refused("4 MiB", conf_load(file, NODE, &conf, &err), 0, "larger than");
}
END_TEST

START_TEST(test_long_path)
{
	char path[CONF_PATH_MAX + 2];

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	refused("path", conf_load(path, NODE, &conf, &err), 0, "too long");
}
END_TEST

/* An err of NULL is for callers who do not ask why. */
START_TEST(test_no_err)
{
	put("nonsense\n", 9);
	ck_assert_int_eq(conf_load(file, NODE, &conf, NULL), -1);
	ck_assert_int_eq(conf_load("/nonexistent", NODE, &conf, NULL), -1);
}
END_TEST

/* ---- durations, names, directories ------------------------------------------- */

static const struct {
	const char *text;
	int64_t ns;		/* -1: refused */
} durations[] = {
	{ "0s", 0 },
	{ "5s", 5 * NS_PER_S },
	{ "250ms", 250000000 },
	{ "2m", 120 * NS_PER_S },
	{ "1h", 3600 * NS_PER_S },
	{ "1.5h", 5400 * NS_PER_S },
	{ "0.1s", 100000000 },
	{ "5 s", 5 * NS_PER_S },
	{ "0.000001ms", 1 },
	{ "000000000000000005s", 5 * NS_PER_S },
	{ "1000000000s", 1000000000 * NS_PER_S },
	{ "1000000001s", -1 },
	{ "999999999999999999h", -1 },
	{ "1000000000000000000s", -1 },
	{ "", -1 }, { "5", -1 }, { "s", -1 }, { "5ss", -1 }, { "5s ", -1 },
	{ " 5s", -1 }, { "-5s", -1 }, { "+5s", -1 }, { "5us", -1 },
	{ "5d", -1 }, { "5M", -1 }, { "nan", -1 }, { "inf", -1 },
	{ "1e3s", -1 }, { "0x10s", -1 }, { "1,5s", -1 }, { ".5s", -1 },
	{ "5.s", -1 }, { "5\ts", -1 }, { "\xd9\xa5s", -1 },
};

START_TEST(test_duration)
{
	int64_t ns = -1;
	int rc = conf_parse_duration(durations[_i].text, &ns);

	ck_assert_msg(ns == durations[_i].ns && rc == (ns < 0 ? -1 : 0),
		      "'%s' -> %d, %lld", durations[_i].text, rc, (long long)ns);
}
END_TEST

START_TEST(test_node_name)
{
	char buf[256];

	setenv("WATTGATE_NODE", "from-env", 1);
	setenv("SLURMD_NODENAME", "from-slurm", 1);
	ck_assert_int_eq(conf_node_name("arg.x_1", buf, sizeof(buf), &err), 0);
	ck_assert_str_eq(buf, "arg.x_1");
	ck_assert_int_eq(conf_node_name(NULL, buf, sizeof(buf), &err), 0);
	ck_assert_str_eq(buf, "from-env");
	setenv("WATTGATE_NODE", "", 1);
	ck_assert_int_eq(conf_node_name(NULL, buf, sizeof(buf), &err), 0);
	ck_assert_str_eq(buf, "from-slurm");
}
END_TEST

START_TEST(test_node_name_of_host)
{
	char buf[256], host[256];

	unsetenv("WATTGATE_NODE");
	unsetenv("SLURMD_NODENAME");
	ck_assert_int_eq(gethostname(host, sizeof(host)), 0);
	host[strcspn(host, ".")] = '\0';
	ck_assert_int_eq(conf_node_name(NULL, buf, sizeof(buf), &err), 0);
	ck_assert_str_eq(buf, host);
}
END_TEST

static const char *const bad_nodes[] = {
	"", ".", "..", ".hidden", "-c", "a/b", "../n1", "/", "n1/", "n 1",
	"n1\n", "n\x1b[2J", "n*", "n%n", "n\xc3\xa4", "n:1",
	X64 X64 X64 "xxxxxxxxx",	/* 201 */
};

START_TEST(test_bad_node_name)
{
	char buf[256];

	ck_assert_int_eq(conf_node_name(bad_nodes[_i], buf, sizeof(buf), &err),
			 -1);
	ck_assert(!conf_node_name_valid(bad_nodes[_i]));
	put("", 0);
	ck_assert_int_eq(conf_load(file, bad_nodes[_i], &conf, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "not usable"));
}
END_TEST

START_TEST(test_node_name_room)
{
	char buf[3];

	ck_assert_int_eq(conf_node_name("n1", buf, sizeof(buf), &err), 0);
	ck_assert_int_eq(conf_node_name("n12", buf, sizeof(buf), &err), -1);
	ck_assert(conf_node_name_valid(X64 X64 X64 "xxxxxxxx"));
}
END_TEST

START_TEST(test_paths)
{
	char buf[32];

	unsetenv("WATTGATE_CONF");
	ck_assert_str_eq(conf_path("/a"), "/a");
	ck_assert_str_eq(conf_path(NULL), WATTGATE_CONF_DIR "/wattgate.conf");
	setenv("WATTGATE_CONF", "/b", 1);
	ck_assert_str_eq(conf_path(NULL), "/b");
	ck_assert_str_eq(conf_path("/a"), "/a");

	unsetenv("WATTGATE_RUN_DIR");
	ck_assert_str_eq(conf_run_dir(), WATTGATE_RUN_DIR);
	setenv("WATTGATE_RUN_DIR", "", 1);
	ck_assert_str_eq(conf_run_dir(), WATTGATE_RUN_DIR);
	setenv("WATTGATE_RUN_DIR", "/r", 1);
	ck_assert_int_eq(conf_run_path(buf, sizeof(buf), "n1", "series"), 0);
	ck_assert_str_eq(buf, "/r/n1/series");
	ck_assert_int_eq(conf_run_path(buf, 13, "n1", "series"), 0);
	ck_assert_int_eq(conf_run_path(buf, 12, "n1", "series"), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
	ck_assert_str_eq(buf, "");
}
END_TEST

static Suite *conf_suite(void)
{
	Suite *s = suite_create("conf");
	TCase *tc = tcase_create("conf");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_defaults);
	tcase_add_test(tc, test_top);
	tcase_add_test(tc, test_bmc);
	tcase_add_test(tc, test_meters);
	tcase_add_test(tc, test_site);
	tcase_add_test(tc, test_public_key);
	tcase_add_test(tc, test_hardware);
	tcase_add_test(tc, test_rest);
	tcase_add_test(tc, test_oar);
	tcase_add_test(tc, test_patterns);
	tcase_add_loop_test(tc, test_shape, 0, LEN(shapes));
	tcase_add_test(tc, test_empty_sections);
	tcase_add_loop_test(tc, test_bad, 0, LEN(bad));
	tcase_add_loop_test(tc, test_url_credentials_not_shown, 0, 4);
	tcase_add_loop_test(tc, test_url, 0, LEN(urls));
	tcase_add_test(tc, test_nul_bytes);
	tcase_add_test(tc, test_long_lines);
	tcase_add_test(tc, test_many_sections);
	tcase_add_test(tc, test_not_a_file);
	tcase_add_test(tc, test_too_large);
	tcase_add_test(tc, test_long_path);
	tcase_add_test(tc, test_no_err);
	tcase_add_loop_test(tc, test_duration, 0, LEN(durations));
	tcase_add_test(tc, test_node_name);
	tcase_add_test(tc, test_node_name_of_host);
	tcase_add_loop_test(tc, test_bad_node_name, 0, LEN(bad_nodes));
	tcase_add_test(tc, test_node_name_room);
	tcase_add_test(tc, test_paths);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(conf_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
