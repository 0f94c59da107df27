/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "conf_values.h"
#include "file.h"
#include "log.h"

#define CONF_FILE_MAX (4 * 1024 * 1024)

/* ---- what keys ask of each other ---------------------------------------------- */

static int fail_at(const struct conf *c, const struct conf_lines *lines,
		   enum conf_section section, const char *key, const char *why,
		   struct err *err)
{
	return err_set(err, "%s:%d: %s: %s", c->path,
		       lines->of[conf_key_find(section, key)], key, why);
}

/* The default leaves no time between two readings unmeasured. */
static int check_idle_period(struct conf *c, const struct conf_lines *lines,
			     struct err *err)
{
	int64_t longest_ns = c->max_gap_ns / 3 * 2;
	struct err why;

	if (c->oar.idle_period_ns == 0)
		c->oar.idle_period_ns = 2 * c->period_ns <= longest_ns ?
					2 * c->period_ns : c->period_ns;
	else if (c->oar.idle_period_ns > longest_ns) {
		err_set(&why, "two thirds of max_gap (%gs) are the most, or the time between two readings would be unmeasured",
			ns_to_s(c->max_gap_ns));
		return fail_at(c, lines, CONF_OAR, "idle_period", why.text,
			       err);
	}
	return 0;
}

static int check_max_gap(struct conf *c, const struct conf_lines *lines,
			 struct err *err)
{
	struct err why;

	if (c->max_gap_ns == 0)
		c->max_gap_ns = 3 * c->period_ns;
	if (c->max_gap_ns >= c->period_ns)
		return 0;
	err_set(&why, "it is shorter than the period (%gs), so that all time would be unmeasured",
		ns_to_s(c->period_ns));
	return fail_at(c, lines, CONF_TOP, "max_gap", why.text, err);
}

static int check_tls(const struct conf *c, const struct conf_lines *lines,
		     enum conf_section section, const char *url,
		     const char *public_key, bool insecure, struct err *err)
{
	if (*url && url_is_plain(url) && !insecure)
		return fail_at(c, lines, section, "url",
			       "plain http shows the password to the network: use https, or say insecure = true",
			       err);
	if (*public_key && insecure)
		return fail_at(c, lines, section, "public_key",
			       "insecure = true takes any key: leave out one of the two (public_key = with nothing behind it, where another section gives one)",
			       err);
	return 0;
}

static int check_meter(const struct conf *c, const struct conf_lines *lines,
		       enum conf_section section, const struct conf_meter *m,
		       struct err *err)
{
	if (check_tls(c, lines, section, m->url, m->public_key, m->insecure,
		      err) < 0)
		return -1;
	if (*m->password_file && !*m->user)
		return fail_at(c, lines, section, "password_file",
			       "there is no user: say whose password it is",
			       err);
	if (*m->user && !*m->password_file)
		return fail_at(c, lines, section, "user",
			       "there is no password_file: name the file that has the password",
			       err);
	return 0;
}

static int line_of(const struct conf_lines *lines, enum conf_section section,
		   const char *key)
{
	return lines->of[conf_key_find(section, key)];
}

/* A second meter is there where its source is told. */
static int check_meters(struct conf *c, const struct conf_lines *lines,
			struct err *err)
{
	c->bmc.source_line = line_of(lines, CONF_BMC, "source");
	if (!c->bmc.source_line)
		c->bmc.source_line = line_of(lines, CONF_TOP, "source");
	c->second.source_line = line_of(lines, CONF_SECOND, "source");
	if (*c->second.url && !*c->second.source)
		return fail_at(c, lines, CONF_SECOND, "url",
			       "there is no source: say what kind of meter it is, as in source = redfish",
			       err);
	if (check_meter(c, lines, CONF_BMC, &c->bmc, err) < 0)
		return -1;
	return check_meter(c, lines, CONF_SECOND, &c->second, err);
}

static int check_site(struct conf *c, const struct conf_lines *lines,
		      struct err *err)
{
	struct conf_site *s = &c->site;

	if (!*s->cert_file != !*s->key_file)
		return fail_at(c, lines, CONF_SITE,
			       *s->cert_file ? "cert_file" : "key_file",
			       "a certificate and its key go together: give cert_file and key_file",
			       err);
	if (*s->password_file && !*s->database)
		return fail_at(c, lines, CONF_SITE, "password_file",
			       "there is no database: say whose password it is",
			       err);
	if (!*s->store_file &&
	    snprintf(s->store_file, sizeof(s->store_file), "%s/site.db",
		     c->state_dir) >= (int)sizeof(s->store_file))
		return fail_at(c, lines, CONF_TOP, "state_dir",
			       "the path is too long", err);
	return check_tls(c, lines, CONF_SITE, s->url, s->public_key,
			 s->insecure, err);
}

static int check_oar(const struct conf *c, const struct conf_lines *lines,
		     struct err *err)
{
	if (*c->oar.password_file && !*c->oar.database)
		return fail_at(c, lines, CONF_OAR, "password_file",
			       "there is no database: say whose password it is",
			       err);
	return 0;
}

/* ---- loading ---------------------------------------------------------------- */

static void conf_init(struct conf *conf, const char *path, const char *node)
{
	memset(conf, 0, sizeof(*conf));
	snprintf(conf->path, sizeof(conf->path), "%s", path);
	snprintf(conf->node, sizeof(conf->node), "%s", node);
	conf->period_ns = 5 * NS_PER_S;
	conf->rollup_ns = 3600 * NS_PER_S;
	conf->checkpoint_ns = 60 * NS_PER_S;
	conf->share = SHARE_MODEL;
	conf->log_level = LOG_LEVEL_INFO;
	strcpy(conf->ledger_dir, "/var/lib/wattgate/ledger");
	strcpy(conf->state_dir, "/var/lib/wattgate");
	strcpy(conf->bmc.source, "redfish");
	conf->bmc.timeout_ns = conf->second.timeout_ns = 4 * NS_PER_S;
	conf->site.timeout_ns = 4 * NS_PER_S;
	conf->site.ship = true;
	strcpy(conf->site.munge, "/usr/bin/munge");
	strcpy(conf->site.unmunge, "/usr/bin/unmunge");
	strcpy(conf->site.munge_users, "root,wattgate");
	strcpy(conf->scontrol, WATTGATE_SCONTROL);
	conf->oar.interval_ns = 10 * NS_PER_S;
	strcpy(conf->pue, "1");
	conf->annotate.per_s = 10;
}

/* The file's text, which the caller frees. NULL with a text. */
static char *file_read(const char *path, size_t *len, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) != 0) {
		err_set_errno(err, "cannot read configuration '%s'", path);
	} else if (!S_ISREG(st.st_mode)) {
		err_set(err, "configuration '%s' is not a regular file", path);
	} else if (st.st_size > CONF_FILE_MAX) {
		err_set(err, "configuration '%s' is larger than %d bytes",
			path, CONF_FILE_MAX);
	} else if (!(text = malloc((size_t)st.st_size + 1))) {
		err_set(err, "out of memory for configuration '%s'", path);
	} else if ((n = file_read_all(fd, text, (size_t)st.st_size)) < 0) {
		err_set_errno(err, "cannot read configuration '%s'", path);
		free(text);
		text = NULL;
	} else {
		*len = (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	return text;
}

int conf_load(const char *path, const char *node, struct conf *conf,
	      struct err *err)
{
	struct conf_lines lines = { { 0 } };
	size_t len;
	char *text;
	int rc;

	if (!conf_node_name_valid(node))
		return err_set(err, "node name '%.80s' is not usable", node);
	if (strlen(path) >= sizeof(conf->path))
		return err_set(err, "configuration '%.80s...': path too long", path);
	conf_init(conf, path, node);
	text = file_read(path, &len, err);
	if (!text)
		return -1;
	rc = conf_parse(path, text, len, conf, &lines, err);
	free(text);
	if (rc != 0 || check_max_gap(conf, &lines, err) != 0 ||
	    check_idle_period(conf, &lines, err) != 0 ||
	    check_oar(conf, &lines, err) != 0 ||
	    check_site(conf, &lines, err) != 0)
		return -1;
	return check_meters(conf, &lines, err);
}
