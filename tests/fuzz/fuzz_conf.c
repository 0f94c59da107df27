/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration, read for the node of the first line. What was read, written
 * down as a configuration, reads the same.
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/conf_values.h"
#include "lib/log.h"

static bool ended(const char *text, size_t size)
{
	return memchr(text, 0, size) != NULL;
}

static void check_times(const struct conf *c)
{
	FUZZ_CHECK(c->period_ns >= 20000000 && c->period_ns <= 300 * NS_PER_S);
	FUZZ_CHECK(c->max_gap_ns >= c->period_ns &&
		   c->max_gap_ns <= 3600 * NS_PER_S);
	FUZZ_CHECK(c->rollup_ns > 0 && 3600 * NS_PER_S % c->rollup_ns == 0);
	FUZZ_CHECK(c->checkpoint_ns > 0 && c->checkpoint_ns <= 60 * NS_PER_S);
	FUZZ_CHECK(c->oar.interval_ns >= NS_PER_S &&
		   c->oar.interval_ns <= 300 * NS_PER_S);
	FUZZ_CHECK(c->oar.idle_period_ns > 0 && c->oar.since_s >= 0);
	FUZZ_CHECK(c->bmc.timeout_ns >= 100000000 &&
		   c->bmc.timeout_ns <= 60 * NS_PER_S);
}

static void check_texts(const struct conf *c)
{
	FUZZ_CHECK(ended(c->ledger_dir, CONF_PATH_MAX) && c->ledger_dir[0] == '/');
	FUZZ_CHECK(ended(c->state_dir, CONF_PATH_MAX) && c->state_dir[0] == '/');
	FUZZ_CHECK(ended(c->bmc.url, sizeof(c->bmc.url)) &&
		   ended(c->bmc.user, sizeof(c->bmc.user)) &&
		   ended(c->bmc.public_key, sizeof(c->bmc.public_key)) &&
		   ended(c->bmc.node, sizeof(c->bmc.node)));
	FUZZ_CHECK(!*c->bmc.url || !url_is_plain(c->bmc.url) || c->bmc.insecure);
	FUZZ_CHECK(!*c->bmc.password_file || c->bmc.password_file[0] == '/');
	FUZZ_CHECK(!*c->bmc.ca_file || c->bmc.ca_file[0] == '/');
	FUZZ_CHECK(!*c->scontrol || c->scontrol[0] == '/');
	FUZZ_CHECK(!*c->bmc.user == !*c->bmc.password_file);
	FUZZ_CHECK(!*c->bmc.public_key || !c->bmc.insecure);
	FUZZ_CHECK(ended(c->oar.database, sizeof(c->oar.database)) &&
		   ended(c->oar.password_file, CONF_PATH_MAX));
	FUZZ_CHECK(!*c->oar.password_file || *c->oar.database);
	FUZZ_CHECK(!strpbrk(c->bmc.url, " \t?#"));
}

static void check_numbers(const struct conf *c)
{
	const double amounts[] = { c->hw.cores, c->hw.gpus, c->hw.mem_mb,
		c->hw.core_w, c->hw.gpu_w, c->hw.mem_w_per_gb };

	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++)
		FUZZ_CHECK(isfinite(amounts[i]) && amounts[i] >= 0);
	FUZZ_CHECK(c->pue >= 1 && isfinite(c->pue));
	FUZZ_CHECK(!(c->intensity_g_per_kwh < 0) &&
		   !isinf(c->intensity_g_per_kwh));
	FUZZ_CHECK(!(c->tariff_per_kwh < 0) && !isinf(c->tariff_per_kwh));
	FUZZ_CHECK(c->share <= SHARE_EXCLUSIVE);
	FUZZ_CHECK(c->log_level >= LOG_LEVEL_ERROR &&
		   c->log_level <= LOG_LEVEL_DEBUG);
}

/* ---- and back ---- */

/* Without a blank behind the =, where a ; would begin a comment. */
static void print_value(FILE *f, const char *key, const char *value)
{
	fprintf(f, "%s =", key);
	for (; *value; value++) {
		if (*value == '%')
			putc('%', f);
		putc(*value, f);
	}
	putc('\n', f);
}

static void print_text(FILE *f, const char *key, const char *value)
{
	if (!*value)
		return;
	print_value(f, key, value);
}

static void print_number(FILE *f, const char *key, double v, const char *unit)
{
	if (v > 0)
		fprintf(f, "%s = %.6f%s\n", key, v, unit);
}

static void print_ms(FILE *f, const char *key, int64_t ns)
{
	fprintf(f, "%s = %lld.%06lldms\n", key, (long long)(ns / 1000000),
		(long long)(ns % 1000000));
}

static void print_top(FILE *f, const struct conf *c)
{
	static const char *const levels[] = { "error", "warn", "info", "debug" };

	print_ms(f, "period", c->period_ns);
	print_ms(f, "max_gap", c->max_gap_ns);
	print_ms(f, "rollup", c->rollup_ns);
	print_ms(f, "checkpoint", c->checkpoint_ns);
	fprintf(f, "share = %s\nlog_level = %s\nmode = %s\n",
		share_mode_name(c->share), levels[c->log_level],
		c->mode == CONF_MODE_SITE ? "site" : "node");
	print_text(f, "ledger_dir", c->ledger_dir);
	print_text(f, "state_dir", c->state_dir);
}

/* The idle period by default may be beyond what can be written. */
static void print_oar(FILE *f, const struct conf *c)
{
	fprintf(f, "[oar]\n");
	if (*c->oar.database)
		fprintf(f, "database =%s\n", c->oar.database);
	print_text(f, "password_file", c->oar.password_file);
	if (c->oar.since_s)
		fprintf(f, "since = %lld\n", (long long)c->oar.since_s);
	print_ms(f, "interval", c->oar.interval_ns);
	if (c->oar.idle_period_ns <= c->max_gap_ns / 3 * 2 &&
	    c->oar.idle_period_ns <= 300 * NS_PER_S)
		print_ms(f, "idle_period", c->oar.idle_period_ns);
}

static void print_conf(FILE *f, const struct conf *c)
{
	print_top(f, c);
	fprintf(f, "[bmc]\nauth = %s\ninsecure = %s\n",
		c->bmc.basic ? "basic" : "session",
		c->bmc.insecure ? "yes" : "no");
	print_text(f, "url", c->bmc.url);
	print_text(f, "user", c->bmc.user);
	print_text(f, "password_file", c->bmc.password_file);
	print_text(f, "ca_file", c->bmc.ca_file);
	if (*c->bmc.public_key)
		fprintf(f, "public_key =%s\n", c->bmc.public_key);
	print_text(f, "node", c->bmc.node);
	print_ms(f, "timeout", c->bmc.timeout_ns);
	fprintf(f, "[hardware]\n");
	if (c->hw.cores > 0)
		fprintf(f, "cores = %.0f\n", c->hw.cores);
	if (c->hw.threads_per_core)
		fprintf(f, "threads_per_core = %u\n", c->hw.threads_per_core);
	if (c->hw_mem_consumable_set)
		fprintf(f, "memory_consumable = %s\n",
			c->hw.mem_consumable ? "true" : "false");
	print_number(f, "memory", c->hw.mem_mb, "M");
	fprintf(f, "[slurm]\n");
	print_value(f, "scontrol", c->scontrol);
	print_oar(f, c);
	fprintf(f, "[report]\npue = %.9f\n", c->pue);
}

/* A line of a configuration is short; %n may have made more of it. */
static bool too_long(const struct conf *c)
{
	const char *const texts[] = { c->ledger_dir, c->state_dir, c->bmc.url,
		c->bmc.user, c->bmc.password_file, c->bmc.ca_file,
		c->bmc.public_key, c->bmc.node, c->scontrol,
		c->oar.database, c->oar.password_file };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strlen(texts[i]) > 80)
			return true;
	return false;
}

static void check_again(const struct conf *c)
{
	static struct conf again;
	char path[PATH_MAX], *text = NULL;
	struct err err = { "" };
	size_t len;
	FILE *f = open_memstream(&text, &len);

	FUZZ_CHECK(f);
	print_conf(f, c);
	fclose(f);
	fuzz_put("again.conf", text, len);
	free(text);
	if (conf_load(fuzz_path(path, sizeof(path), "again.conf"), c->node,
		      &again, &err) != 0)
		fuzz_fail(__FILE__, __LINE__, err.text);
	FUZZ_CHECK(again.period_ns == c->period_ns &&
		   again.max_gap_ns == c->max_gap_ns &&
		   again.rollup_ns == c->rollup_ns &&
		   again.checkpoint_ns == c->checkpoint_ns &&
		   again.bmc.timeout_ns == c->bmc.timeout_ns);
	FUZZ_CHECK(again.share == c->share && again.log_level == c->log_level &&
		   again.bmc.basic == c->bmc.basic &&
		   again.bmc.insecure == c->bmc.insecure);
	FUZZ_CHECK(strcmp(again.bmc.url, c->bmc.url) == 0 &&
		   strcmp(again.bmc.user, c->bmc.user) == 0 &&
		   strcmp(again.bmc.public_key, c->bmc.public_key) == 0 &&
		   strcmp(again.bmc.node, c->bmc.node) == 0 &&
		   strcmp(again.ledger_dir, c->ledger_dir) == 0 &&
		   strcmp(again.scontrol, c->scontrol) == 0);
	FUZZ_CHECK(again.hw.cores == c->hw.cores &&
		   again.hw.threads_per_core == c->hw.threads_per_core &&
		   again.hw.mem_consumable == c->hw.mem_consumable);
	FUZZ_CHECK(strcmp(again.oar.database, c->oar.database) == 0 &&
		   strcmp(again.oar.password_file, c->oar.password_file) == 0 &&
		   again.oar.since_s == c->oar.since_s &&
		   again.oar.interval_ns == c->oar.interval_ns &&
		   again.oar.idle_period_ns == c->oar.idle_period_ns &&
		   again.mode == c->mode);
}

/* Where it is the text that is wrong, "FILE:LINE: ". */
static void check_error(const struct err *err, const char *path)
{
	size_t len = strlen(path);

	FUZZ_CHECK(*err->text);
	if (strncmp(err->text, path, len) == 0)
		FUZZ_CHECK(err->text[len] == ':' &&
			   strtol(err->text + len + 1, NULL, 10) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf conf;
	struct fuzz_input in = { data, size };
	char *node = fuzz_line(&in), path[PATH_MAX];
	struct err err = { "" };

	fuzz_put("wattgate.conf", in.at, in.left);
	fuzz_path(path, sizeof(path), "wattgate.conf");
	if (conf_load(path, node, &conf, &err) == 0) {
		FUZZ_CHECK(conf_node_name_valid(node));
		FUZZ_CHECK(strcmp(conf.node, node) == 0);
		check_times(&conf);
		check_texts(&conf);
		check_numbers(&conf);
		if (!too_long(&conf))
			check_again(&conf);
	} else {
		check_error(&err, path);
	}
	free(node);
	return 0;
}
