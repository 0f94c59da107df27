/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration, read for the node of the first line. What was read, written
 * down as a configuration, reads the same.
 */
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/conf_values.h"
#include "lib/log.h"

/* The texts of a meter and of [site], and whether %n stands for something. */
struct text_key {
	const char *name;
	size_t offset, size;
	bool verbatim, empty;	/* as written; "key =" empties it */
};
#define METER(f) #f, offsetof(struct conf_meter, f), \
		 sizeof(((struct conf_meter *)0)->f)
#define SITE(f) #f, offsetof(struct conf_site, f), \
		sizeof(((struct conf_site *)0)->f)

static const struct text_key meter_texts[] = {
	{ METER(source), true, false }, { METER(url), false, false },
	{ METER(user), false, false }, { METER(password_file), false, false },
	{ METER(ca_file), false, true }, { METER(public_key), true, true },
	{ METER(node), false, false }, { METER(host), false, false },
	{ METER(sensor), false, false }, { METER(metric), false, false },
	{ METER(device), false, false }, { METER(query), false, false },
	{ METER(path), false, false }, { METER(command), false, false },
};
static const struct text_key site_texts[] = {
	{ SITE(url), false, false }, { SITE(ca_file), false, true },
	{ SITE(public_key), true, true }, { SITE(munge), false, true },
	{ SITE(listen), true, false }, { SITE(nodes), true, false },
	{ SITE(client_ca_file), false, true }, { SITE(unmunge), false, true },
	{ SITE(munge_users), true, false }, { SITE(store_file), false, false },
	{ SITE(database), true, false }, { SITE(password_file), false, false },
	{ SITE(cert_file), false, false }, { SITE(key_file), false, false },
};
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

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
	for (size_t i = 0; i < LEN(meter_texts); i++) {
		const struct text_key *k = &meter_texts[i];

		FUZZ_CHECK(ended((const char *)&c->bmc + k->offset, k->size));
		FUZZ_CHECK(ended((const char *)&c->second + k->offset, k->size));
	}
	for (size_t i = 0; i < LEN(site_texts); i++)
		FUZZ_CHECK(ended((const char *)&c->site + site_texts[i].offset,
				 site_texts[i].size));
	FUZZ_CHECK(*c->bmc.source);
	FUZZ_CHECK(!*c->second.url || *c->second.source);
	FUZZ_CHECK(!*c->site.cert_file == !*c->site.key_file);
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
	FUZZ_CHECK(rate_check(RATE_PUE, c->pue, NULL) == 0);
	FUZZ_CHECK(!*c->intensity ||
		   rate_check(RATE_INTENSITY, c->intensity, NULL) == 0);
	FUZZ_CHECK(!*c->tariff ||
		   rate_check(RATE_TARIFF, c->tariff, NULL) == 0);
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

static void print_keys(FILE *f, const void *of, const struct text_key *keys,
		       size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = (const char *)of + keys[i].offset;

		if (!*text && !keys[i].empty)
			continue;
		if (keys[i].verbatim)
			fprintf(f, "%s =%s\n", keys[i].name, text);
		else
			print_value(f, keys[i].name, text);
	}
}

static void print_meter(FILE *f, const char *section, const struct conf_meter *m)
{
	fprintf(f, "[%s]\nauth = %s\ninsecure = %s\n", section,
		m->basic ? "basic" : "session", m->insecure ? "yes" : "no");
	print_keys(f, m, meter_texts, LEN(meter_texts));
	print_ms(f, "timeout", m->timeout_ns);
}

static void print_site(FILE *f, const struct conf_site *s)
{
	fprintf(f, "[site]\ninsecure = %s\nship = %s\n",
		s->insecure ? "yes" : "no", s->ship ? "yes" : "no");
	print_keys(f, s, site_texts, LEN(site_texts));
	print_ms(f, "timeout", s->timeout_ns);
}

static bool keys_equal(const void *a, const void *b,
		       const struct text_key *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp((const char *)a + keys[i].offset,
			   (const char *)b + keys[i].offset) != 0)
			return false;
	return true;
}

static bool meters_equal(const struct conf_meter *a, const struct conf_meter *b)
{
	return a->basic == b->basic && a->insecure == b->insecure &&
	       a->timeout_ns == b->timeout_ns &&
	       keys_equal(a, b, meter_texts, LEN(meter_texts));
}

static bool sites_equal(const struct conf_site *a, const struct conf_site *b)
{
	return a->ship == b->ship && a->insecure == b->insecure &&
	       a->timeout_ns == b->timeout_ns &&
	       keys_equal(a, b, site_texts, LEN(site_texts));
}

static void print_conf(FILE *f, const struct conf *c)
{
	print_top(f, c);
	print_meter(f, "bmc", &c->bmc);
	print_meter(f, "second", &c->second);
	print_site(f, &c->site);
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
	fprintf(f, "[report]\npue = %s\n", c->pue);
	if (*c->intensity)
		fprintf(f, "intensity = %s\n", c->intensity);
	if (*c->tariff)
		fprintf(f, "tariff = %s\n", c->tariff);
}

static bool key_long(const void *of, const struct text_key *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strlen((const char *)of + keys[i].offset) > 700)
			return true;
	return false;
}

/* A line has its limit; %n, and a % written twice, may be beyond it. */
static bool too_long(const struct conf *c)
{
	return key_long(&c->bmc, meter_texts, LEN(meter_texts)) ||
	       key_long(&c->second, meter_texts, LEN(meter_texts)) ||
	       key_long(&c->site, site_texts, LEN(site_texts));
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
		   again.checkpoint_ns == c->checkpoint_ns);
	FUZZ_CHECK(again.share == c->share && again.log_level == c->log_level);
	FUZZ_CHECK(meters_equal(&again.bmc, &c->bmc) &&
		   meters_equal(&again.second, &c->second) &&
		   sites_equal(&again.site, &c->site));
	FUZZ_CHECK(strcmp(again.ledger_dir, c->ledger_dir) == 0 &&
		   strcmp(again.scontrol, c->scontrol) == 0);
	FUZZ_CHECK(strcmp(again.pue, c->pue) == 0 &&
		   strcmp(again.intensity, c->intensity) == 0 &&
		   strcmp(again.tariff, c->tariff) == 0);
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
