/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redfish.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "json_power.h"
#include "redfish_find.h"
#include "redfish_session.h"
#include "lib/statefile.h"

/* So many answers without power in a row, and the place is looked for again. */
#define BAD_MAX 10
/* "No such resource" counts for more. */
#define BAD_GONE 4

struct source {
	const struct conf *conf;
	const logger_t *log;
	timesource_t ts;
	http_t *http;
	http_conn_t *conn;
	redfish_session_t *session;
	char boot_id[BOOT_ID_SIZE];

	struct redfish_place place;
	bool place_known;
	redfish_find_t *find;	/* a search under way, or NULL */
	unsigned bad;		/* answers without power in a row */

	/* the sample under way */
	source_done_fn done;
	void *arg;
	bool relogged;		/* once a sample is enough */
	bool closing;		/* nothing new is started, nothing reported */
};

static void sample_step(source_t *r);

/* ---- the place, kept over a restart ---- */

/*
 * Valid for this boot of the host, this BMC and these rules: whoever changes
 * hardware or firmware reboots the node.
 */
static void place_load(source_t *r)
{
	char text[STATEFILE_MAX], value[sizeof(r->conf->bmc.url)], rules[16];

	snprintf(rules, sizeof(rules), "%d", REDFISH_FIND_VERSION);
	if (statefile_read(r->conf->state_dir, r->conf->node, "power", text,
			   sizeof(text), NULL) <= 0)
		return;
	if (statefile_get(text, "rules", value, sizeof(value)) < 0 ||
	    strcmp(value, rules) != 0 ||
	    statefile_get(text, "boot_id", value, sizeof(value)) < 0 ||
	    !*value || strcmp(value, r->boot_id) != 0 ||
	    statefile_get(text, "bmc", value, sizeof(value)) < 0 ||
	    strcmp(value, r->conf->bmc.url) != 0)
		return;
	r->place_known =
		statefile_get(text, "url", r->place.url,
			      sizeof(r->place.url)) == 0 &&
		statefile_get(text, "pointer", r->place.pointer,
			      sizeof(r->place.pointer)) == 0 &&
		statefile_get(text, "source", r->place.source,
			      sizeof(r->place.source)) == 0 &&
		r->place.url[0] == '/' && r->place.pointer[0] == '/';
}

static void place_save(const source_t *r)
{
	char text[STATEFILE_MAX];
	struct err err;

	snprintf(text, sizeof(text),
		 "rules=%d\nboot_id=%s\nbmc=%s\nurl=%s\npointer=%s\nsource=%s\n",
		 REDFISH_FIND_VERSION, r->boot_id, r->conf->bmc.url,
		 r->place.url, r->place.pointer, r->place.source);
	if (statefile_write(r->conf->state_dir, r->conf->node, "power", text,
			    &err) < 0)
		log_warn(r->log, "%s", err.text);
}

static void place_take(source_t *r, const struct redfish_place *place)
{
	r->place = *place;
	r->place_known = true;
	r->bad = 0;
	log_info(r->log, "%s: power is at %s#%s, found in %u requests",
		 r->conf->bmc.url, place->url, place->pointer,
		 redfish_find_requests(r->find));
	place_save(r);
}

/* ---- the end of a sample ---- */

static void sample_end(source_t *r, const struct reading *reading)
{
	source_done_fn done = r->done;

	r->done = NULL;
	if (!r->closing)	/* else no one waits for it any more */
		done(r->arg, reading);
}

static void sample_fail_err(source_t *r, const struct err *err)
{
	struct reading reading = { .backoff = BACKOFF_SOON, .why = *err };

	sample_end(r, &reading);
}

static void sample_fail(source_t *r, const struct http_reply *reply)
{
	struct reading reading;

	redfish_failure(&reading, reply);
	sample_end(r, &reading);
}

/* The BMC answered, and not with power. */
static void sample_unavailable(source_t *r, const char *why)
{
	struct reading reading = { .backoff = BACKOFF_NONE };

	err_set(&reading.why, "%s%s: %s", r->conf->bmc.url, r->place.url, why);
	sample_end(r, &reading);
}

/* ---- asking ---- */

static void ask(source_t *r, const char *path, http_done_fn fn)
{
	struct http_request req = { .method = HTTP_GET, .path = path };
	struct err err;

	redfish_session_sign(r->session, &req);
	if (http_start(r->conn, &req, fn, r, &err) < 0)
		sample_fail_err(r, &err);
}

/*
 * An answer that tells of the transport or of ourselves, not of the resource;
 * true where it has been dealt with.
 */
static bool reply_dealt_with(source_t *r, const struct http_reply *reply)
{
	if (reply->status == 401) {
		redfish_session_drop(r->session);
		if (!r->relogged) {
			r->relogged = true;
			sample_step(r);
			return true;
		}
	}
	if (reply->status == 0 || reply->status == 401 ||
	    reply->status == 429 || reply->status == 503) {
		sample_fail(r, reply);
		return true;
	}
	return false;
}

/* ---- looking for the place ---- */

static void on_find(void *arg, const struct http_reply *reply)
{
	source_t *r = arg;

	if (reply_dealt_with(r, reply))
		return;
	redfish_find_answer(r->find, reply->status, reply->body, reply->size);
	sample_step(r);
}

/* Nothing found. A place that once was good stays: it may come back. */
static void find_fail(source_t *r)
{
	struct reading reading = { .backoff = BACKOFF_SLOW };

	err_set(&reading.why, "%s: %s", r->conf->bmc.url,
		redfish_find_reason(r->find));
	redfish_find_destroy(r->find);
	r->find = NULL;
	r->bad = 0;
	sample_end(r, &reading);
}

static void find_step(source_t *r)
{
	switch (redfish_find_next(r->find)) {
	case REDFISH_FIND_ASK:
		ask(r, redfish_find_url(r->find), on_find);
		break;
	case REDFISH_FIND_FOUND:
		place_take(r, redfish_find_place(r->find));
		redfish_find_destroy(r->find);
		r->find = NULL;
		sample_step(r);
		break;
	case REDFISH_FIND_NONE:
		find_fail(r);
		break;
	}
}

static bool find_wanted(source_t *r)
{
	if (r->find || (r->place_known && r->bad < BAD_MAX))
		return r->find;
	r->find = redfish_find_create();
	return r->find;
}

/* ---- reading ---- */

/*
 * A BMC reads its sensor somewhere between getting the request and answering
 * it: the middle is the best guess, and off by half the answer time at most.
 */
static int64_t reading_time(const struct http_reply *reply)
{
	return reply->sent_ns + (reply->received_ns - reply->sent_ns) / 2;
}

static void on_read(void *arg, const struct http_reply *reply)
{
	struct reading reading = { .boot_ns = reading_time(reply) };
	struct err why;
	source_t *r = arg;

	if (reply_dealt_with(r, reply))
		return;
	if (reply->status != 200) {
		r->bad += reply->status == 404 || reply->status == 410 ?
			  BAD_GONE : 1;
		sample_fail(r, reply);
		return;
	}
	if (reply->slept) {
		sample_unavailable(r, "the host slept while the BMC was asked");
		return;
	}
	if (json_power_read(reply->body, reply->size, r->place.pointer,
			    &reading.watts, &why) < 0) {
		r->bad++;
		sample_unavailable(r, why.text);
		return;
	}
	r->bad = 0;
	reading.ok = true;
	snprintf(reading.source, sizeof(reading.source), "%s", r->place.source);
	sample_end(r, &reading);
}

/* ---- a sample: log in, look for the place, read; mostly just the last ---- */

static void on_session(void *arg, const struct reading *failure)
{
	source_t *r = arg;

	if (failure)
		sample_end(r, failure);
	else
		sample_step(r);
}

static void sample_step(source_t *r)
{
	if (r->closing)
		return;
	if (!redfish_session_ready(r->session))
		redfish_session_prepare(r->session, on_session, r);
	else if (find_wanted(r))
		find_step(r);
	else if (r->place_known)
		ask(r, r->place.url, on_read);
	else
		sample_unavailable(r, "out of memory");
}

static void redfish_sample(source_t *r, source_done_fn done, void *arg)
{
	r->done = done;
	r->arg = arg;
	r->relogged = false;
	sample_step(r);
}

/* ---- life ---- */

static bool redfish_wanted(const struct conf *conf)
{
	return conf->bmc.url[0];
}

static const char *redfish_place_name(const source_t *r)
{
	return r->place_known ? r->place.source : "";
}

static void redfish_free(source_t *r)
{
	redfish_find_destroy(r->find);
	redfish_session_destroy(r->session);
	http_conn_destroy(r->conn);
	free(r);
}

static source_t *redfish_open(const struct source_env *env, struct err *err)
{
	const struct conf *conf = env->conf;
	struct http_params params = {
		.base_url = conf->bmc.url, .ca_file = conf->bmc.ca_file,
		.insecure = conf->bmc.insecure,
		.timeout_ns = conf->bmc.timeout_ns, .ts = env->ts,
	};
	source_t *r = calloc(1, sizeof(*r));

	if (!r) {
		err_set(err, "out of memory");
		return NULL;
	}
	r->conf = conf;
	r->log = env->log;
	r->ts = env->ts;
	r->http = env->http;
	snprintf(r->boot_id, sizeof(r->boot_id), "%s", env->boot_id);
	r->conn = http_conn_create(env->http, &params, err);
	if (r->conn)
		r->session = redfish_session_create(env, r->conn, err);
	if (!r->session) {
		redfish_free(r);
		return NULL;
	}
	if (conf->bmc.insecure)
		log_warn(r->log, "%s: insecure = true: nothing proves that this is the BMC of %s",
			 conf->bmc.url, conf->node);
	if (!conf->bmc.user[0])
		log_info(r->log, "%s: no user is configured: asking without a login",
			 conf->bmc.url);
	place_load(r);
	return r;
}

static void wait_idle(source_t *r, int64_t limit_ns)
{
	int64_t now = timesource_boot_ns(&r->ts), end = now + limit_ns;

	while (http_busy(r->conn) && now < end) {
		if (http_poll(r->http, NULL, 0, (int)((end - now) / 1000000) + 1,
			      NULL) < 0)
			break;
		now = timesource_boot_ns(&r->ts);
	}
	http_cancel(r->conn);
}

static void redfish_close(source_t *r, int64_t limit_ns)
{
	int saved = errno;

	if (!r)
		return;
	r->closing = true;
	/* a login under way would leave a session that we know nothing of */
	if (redfish_session_ready(r->session))
		http_cancel(r->conn);
	else
		wait_idle(r, limit_ns / 2);
	redfish_session_logout(r->session);
	wait_idle(r, limit_ns / 2);
	redfish_free(r);
	errno = saved;
}

const struct source_ops redfish_source = {
	.name = "redfish",
	.wanted = redfish_wanted,
	.open = redfish_open,
	.sample = redfish_sample,
	.place = redfish_place_name,
	.close = redfish_close,
};
