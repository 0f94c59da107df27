/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf_impl.h"

#include <math.h>
#include <string.h>

#include "clock.h"
#include "conf_values.h"
#include "log.h"

struct key;
typedef int (*key_setter)(const struct key *key, const char *text,
			  struct conf *conf, struct err *err);

struct key {
	enum conf_section section;
	const char *name;
	key_setter set;
	size_t offset;		/* of the field in struct conf ... */
	size_t size;		/* ... and its size */
	enum quantity quantity;
	const char *min, *max;	/* of a quantity; written as in the file */
};

static void *key_field(const struct key *key, struct conf *conf)
{
	return (char *)conf + key->offset;
}

static int read_quantity(const struct key *key, const char *text, double *out,
			 struct err *err)
{
	return quantity_read(key->quantity, text, key->min, key->max, out, err);
}

static int set_double(const struct key *key, const char *text,
		      struct conf *conf, struct err *err)
{
	return read_quantity(key, text, key_field(key, conf), err);
}

static int set_duration(const struct key *key, const char *text,
			struct conf *conf, struct err *err)
{
	double ns;

	if (read_quantity(key, text, &ns, err) != 0)
		return -1;
	*(int64_t *)key_field(key, conf) = llround(ns);
	return 0;
}

static int set_unsigned(const struct key *key, const char *text,
			struct conf *conf, struct err *err)
{
	double number;

	if (read_quantity(key, text, &number, err) != 0)
		return -1;
	*(unsigned *)key_field(key, conf) = (unsigned)number;
	return 0;
}

static int set_rollup(const struct key *key, const char *text,
		      struct conf *conf, struct err *err)
{
	if (set_duration(key, text, conf, err) != 0)
		return -1;
	if (3600 * NS_PER_S % conf->rollup_ns != 0)
		return err_set(err, "%.60s does not divide an hour: take 1h, 30m, 10m or the like",
			       text);
	return 0;
}

static int set_bool(const struct key *key, const char *text,
		    struct conf *conf, struct err *err)
{
	return value_bool(text, key_field(key, conf), err);
}

static int set_mem_consumable(const struct key *key, const char *text,
			      struct conf *conf, struct err *err)
{
	conf->hw_mem_consumable_set = true;
	return set_bool(key, text, conf, err);
}

static int set_share(const struct key *key, const char *text,
		     struct conf *conf, struct err *err)
{
	(void)key;
	if (share_mode_parse(text, &conf->share) == 0)
		return 0;
	return err_set(err, "'%.60s' is none of model, cores, gpus, memory, max, exclusive",
		       text);
}

static int set_log_level(const struct key *key, const char *text,
			 struct conf *conf, struct err *err)
{
	static const char levels[][8] = {
		[LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARN] = "warn",
		[LOG_LEVEL_INFO] = "info", [LOG_LEVEL_DEBUG] = "debug"
	};

	(void)key;
	for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
		if (strcmp(text, levels[i]) == 0) {
			conf->log_level = i;
			return 0;
		}
	}
	return err_set(err, "'%.60s' is none of error, warn, info, debug",
		       text);
}

static int set_auth(const struct key *key, const char *text,
		    struct conf *conf, struct err *err)
{
	bool *basic = key_field(key, conf);

	*basic = strcmp(text, "basic") == 0;
	if (!*basic && strcmp(text, "session") != 0)
		return err_set(err, "'%.60s' is neither session nor basic",
			       text);
	return 0;
}

static int set_text(const struct key *key, const char *text,
		    struct conf *conf, struct err *err)
{
	if (!*text)
		return err_set(err, "it has no value: give one, or remove the line");
	return value_expand(text, conf->node, key_field(key, conf), key->size,
			    err);
}

static int set_path(const struct key *key, const char *text,
		    struct conf *conf, struct err *err)
{
	if (*text && *text != '/')
		return err_set(err, "'%.60s' is not an absolute path", text);
	return set_text(key, text, conf, err);
}

static int set_path_or_none(const struct key *key, const char *text,
			    struct conf *conf, struct err *err)
{
	if (*text)
		return set_path(key, text, conf, err);
	*(char *)key_field(key, conf) = '\0';
	return 0;
}

static int set_user(const struct key *key, const char *text,
		    struct conf *conf, struct err *err)
{
	if (strchr(text, ':'))
		return err_set(err, "a user's name cannot have a ':' in it");
	return set_text(key, text, conf, err);
}

static int set_url(const struct key *key, const char *text,
		   struct conf *conf, struct err *err)
{
	if (set_text(key, text, conf, err) != 0)
		return -1;
	return value_url(key_field(key, conf), err);
}

/* No %n here: a key's hash is nothing that follows from a name. */
static int set_public_key(const struct key *key, const char *text,
			  struct conf *conf, struct err *err)
{
	if (*text && value_public_key(text, err) != 0)
		return -1;
	if (strlen(text) >= key->size)
		return err_set(err, "it is longer than %zu bytes", key->size - 1);
	strcpy(key_field(key, conf), text);
	return 0;
}

static int set_mode(const struct key *key, const char *text,
		    struct conf *conf, struct err *err)
{
	(void)key;
	conf->mode = strcmp(text, "site") == 0 ? CONF_MODE_SITE
					       : CONF_MODE_NODE;
	if (conf->mode == CONF_MODE_NODE && strcmp(text, "node") != 0)
		return err_set(err, "'%.60s' is neither node nor site", text);
	return 0;
}

/* Which sources there are is the business of who opens one. */
static int set_source(const struct key *key, const char *text,
		      struct conf *conf, struct err *err)
{
	if (!*text || strlen(text) >= key->size ||
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		return err_set(err, "'%.60s' is no source's name", text);
	strcpy(key_field(key, conf), text);
	return 0;
}

/* What another program reads: nothing in it stands for anything here. */
static int set_verbatim(const struct key *key, const char *text,
			struct conf *conf, struct err *err)
{
	if (!*text)
		return err_set(err, "it has no value: give one, or remove the line");
	if (strlen(text) >= key->size)
		return err_set(err, "it is longer than %zu bytes", key->size - 1);
	strcpy(key_field(key, conf), text);
	return 0;
}

static int set_rate(const struct key *key, enum rate_kind kind,
		    const char *text, struct conf *conf, struct err *err)
{
	if (rate_check(kind, text, err) != 0)
		return -1;
	return set_verbatim(key, text, conf, err);
}

static int set_pue(const struct key *key, const char *text, struct conf *conf,
		   struct err *err)
{
	return set_rate(key, RATE_PUE, text, conf, err);
}

static int set_intensity(const struct key *key, const char *text,
			 struct conf *conf, struct err *err)
{
	return set_rate(key, RATE_INTENSITY, text, conf, err);
}

static int set_tariff(const struct key *key, const char *text,
		      struct conf *conf, struct err *err)
{
	return set_rate(key, RATE_TARIFF, text, conf, err);
}

static int set_field(const struct key *key, const char *text,
		     struct conf *conf, struct err *err)
{
	if (strcmp(text, "admin_comment") != 0 &&
	    strcmp(text, "system_comment") != 0 && strcmp(text, "extra") != 0)
		return err_set(err, "'%.60s' is none of admin_comment, system_comment, extra",
			       text);
	strcpy(key_field(key, conf), text);
	return 0;
}

static int set_instant(const struct key *key, const char *text,
		       struct conf *conf, struct err *err)
{
	return value_instant(text, key_field(key, conf), err);
}

#define FIELD(f) offsetof(struct conf, f), sizeof(((struct conf *)0)->f)
#define QUANTITY(q, min, max) QUANTITY_##q, min, max
#define PLAIN QUANTITY_NUMBER, NULL, NULL	/* not a quantity */

/* The keys of a meter, which is the member `m` of struct conf. */
#define METER_KEYS(s, m) \
	{ s, "source", set_source, FIELD(m.source), PLAIN }, \
	{ s, "url", set_url, FIELD(m.url), PLAIN }, \
	{ s, "user", set_user, FIELD(m.user), PLAIN }, \
	{ s, "password_file", set_path, FIELD(m.password_file), PLAIN }, \
	{ s, "ca_file", set_path_or_none, FIELD(m.ca_file), PLAIN }, \
	{ s, "public_key", set_public_key, FIELD(m.public_key), PLAIN }, \
	{ s, "node", set_text, FIELD(m.node), PLAIN }, \
	{ s, "auth", set_auth, FIELD(m.basic), PLAIN }, \
	{ s, "insecure", set_bool, FIELD(m.insecure), PLAIN }, \
	{ s, "timeout", set_duration, FIELD(m.timeout_ns), \
	  QUANTITY(DURATION, "100ms", "60s") }, \
	{ s, "host", set_text, FIELD(m.host), PLAIN }, \
	{ s, "sensor", set_text, FIELD(m.sensor), PLAIN }, \
	{ s, "metric", set_text, FIELD(m.metric), PLAIN }, \
	{ s, "device", set_text, FIELD(m.device), PLAIN }, \
	{ s, "query", set_text, FIELD(m.query), PLAIN }, \
	{ s, "path", set_path, FIELD(m.path), PLAIN }, \
	{ s, "command", set_text, FIELD(m.command), PLAIN }

static const struct key keys[] = {
	{ CONF_TOP, "mode", set_mode, FIELD(mode), PLAIN },
	{ CONF_TOP, "source", set_source, FIELD(bmc.source), PLAIN },
	{ CONF_TOP, "period", set_duration, FIELD(period_ns),
	  QUANTITY(DURATION, "20ms", "5m") },
	{ CONF_TOP, "max_gap", set_duration, FIELD(max_gap_ns),
	  QUANTITY(DURATION, "20ms", "1h") },
	{ CONF_TOP, "rollup", set_rollup, FIELD(rollup_ns),
	  QUANTITY(DURATION, "1s", "1h") },
	{ CONF_TOP, "checkpoint", set_duration, FIELD(checkpoint_ns),
	  QUANTITY(DURATION, "100ms", "60s") },
	{ CONF_TOP, "share", set_share, FIELD(share), PLAIN },
	{ CONF_TOP, "log_level", set_log_level, FIELD(log_level), PLAIN },
	{ CONF_TOP, "ledger_dir", set_path, FIELD(ledger_dir), PLAIN },
	{ CONF_TOP, "state_dir", set_path, FIELD(state_dir), PLAIN },
	METER_KEYS(CONF_BMC, bmc),
	METER_KEYS(CONF_SECOND, second),
	{ CONF_SITE, "url", set_url, FIELD(site.url), PLAIN },
	{ CONF_SITE, "ca_file", set_path_or_none, FIELD(site.ca_file), PLAIN },
	{ CONF_SITE, "public_key", set_public_key, FIELD(site.public_key), PLAIN },
	{ CONF_SITE, "insecure", set_bool, FIELD(site.insecure), PLAIN },
	{ CONF_SITE, "timeout", set_duration, FIELD(site.timeout_ns),
	  QUANTITY(DURATION, "100ms", "60s") },
	{ CONF_SITE, "munge", set_path_or_none, FIELD(site.munge), PLAIN },
	{ CONF_SITE, "ship", set_bool, FIELD(site.ship), PLAIN },
	{ CONF_SITE, "listen", set_verbatim, FIELD(site.listen), PLAIN },
	{ CONF_SITE, "nodes", set_verbatim, FIELD(site.nodes), PLAIN },
	{ CONF_SITE, "client_ca_file", set_path_or_none,
	  FIELD(site.client_ca_file), PLAIN },
	{ CONF_SITE, "unmunge", set_path_or_none, FIELD(site.unmunge), PLAIN },
	{ CONF_SITE, "munge_users", set_verbatim, FIELD(site.munge_users), PLAIN },
	{ CONF_SITE, "store_file", set_path, FIELD(site.store_file), PLAIN },
	{ CONF_SITE, "database", set_verbatim, FIELD(site.database), PLAIN },
	{ CONF_SITE, "password_file", set_path, FIELD(site.password_file), PLAIN },
	{ CONF_SITE, "cert_file", set_path, FIELD(site.cert_file), PLAIN },
	{ CONF_SITE, "key_file", set_path, FIELD(site.key_file), PLAIN },
	{ CONF_HARDWARE, "cores", set_double, FIELD(hw.cores),
	  QUANTITY(COUNT, "1", "65536") },
	{ CONF_HARDWARE, "gpus", set_double, FIELD(hw.gpus),
	  QUANTITY(COUNT, "0", "1024") },
	{ CONF_HARDWARE, "memory", set_double, FIELD(hw.mem_mb),
	  QUANTITY(MEMORY, "1M", "1024T") },
	{ CONF_HARDWARE, "core_power", set_double, FIELD(hw.core_w),
	  QUANTITY(WATTS, "0.001W", "10000W") },
	{ CONF_HARDWARE, "gpu_power", set_double, FIELD(hw.gpu_w),
	  QUANTITY(WATTS, "0.001W", "100000W") },
	{ CONF_HARDWARE, "memory_power", set_double, FIELD(hw.mem_w_per_gb),
	  QUANTITY(W_PER_GB, "0.0001 W/GB", "100 W/GB") },
	{ CONF_HARDWARE, "threads_per_core", set_unsigned,
	  FIELD(hw.threads_per_core), QUANTITY(COUNT, "1", "64") },
	{ CONF_HARDWARE, "memory_consumable", set_mem_consumable,
	  FIELD(hw.mem_consumable), PLAIN },
	{ CONF_SLURM, "scontrol", set_path_or_none, FIELD(scontrol), PLAIN },
	{ CONF_OAR, "database", set_verbatim, FIELD(oar.database), PLAIN },
	{ CONF_OAR, "password_file", set_path, FIELD(oar.password_file), PLAIN },
	{ CONF_OAR, "since", set_instant, FIELD(oar.since_s), PLAIN },
	{ CONF_OAR, "interval", set_duration, FIELD(oar.interval_ns),
	  QUANTITY(DURATION, "1s", "5m") },
	{ CONF_OAR, "idle_period", set_duration, FIELD(oar.idle_period_ns),
	  QUANTITY(DURATION, "20ms", "5m") },
	{ CONF_METRICS, "listen", set_verbatim, FIELD(metrics.listen), PLAIN },
	{ CONF_METRICS, "totals", set_path, FIELD(metrics.totals), PLAIN },
	{ CONF_REPORT, "pue", set_pue, FIELD(pue), PLAIN },
	{ CONF_REPORT, "intensity", set_intensity, FIELD(intensity), PLAIN },
	{ CONF_REPORT, "tariff", set_tariff, FIELD(tariff), PLAIN },
	{ CONF_ANNOTATE, "field", set_field, FIELD(annotate.field), PLAIN },
	{ CONF_ANNOTATE, "rate", set_double, FIELD(annotate.per_s),
	  QUANTITY(PER_S, CONF_RATE_MIN, CONF_RATE_MAX) },
	{ CONF_ANNOTATE, "repair_energy", set_bool,
	  FIELD(annotate.repair_energy), PLAIN },
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

_Static_assert(KEY_COUNT <= CONF_KEYS_MAX, "CONF_KEYS_MAX is too small");

int conf_key_find(enum conf_section section, const char *name)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (keys[i].section == section &&
		    strcmp(keys[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

int conf_key_set(int key, const char *value, struct conf *conf,
		 struct err *err)
{
	struct err why;

	if (keys[key].set(&keys[key], value, conf, &why) == 0)
		return 0;
	return err_set(err, "%s: %s", keys[key].name, why.text);
}
