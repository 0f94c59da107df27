/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redfish.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
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
/* How often a counter is read that needs a request of its own. */
#define ENERGY_PERIOD_NS (60 * NS_PER_S)
/* Numbers of one sample, at most. */
#define PLACE_TEXT_MAX (2 * REDFISH_SUM_MAX + 2 * REDFISH_URL_MAX + 2048)

struct source {
	const struct conf *conf;
	const struct conf_meter *meter;
	char state_name[16];	/* of the file with the place */
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

	struct redfish_watcher watcher;
	int64_t energy_ns;	/* when the counter was last asked for */
	int64_t good_ns;	/* the last reading; 0 = none since trouble */

	/* the sample under way */
	source_done_fn done;
	void *arg;
	struct reading reading;	/* its power, while the counter is read */
	bool relogged;		/* once a sample is enough */
	bool closing;		/* nothing new is started, nothing reported */
};

static void sample_step(source_t *r);

/* ---- the place, kept over a restart ---- */

/*
 * Valid for this boot of the host, this BMC and these rules: whoever changes
 * hardware or firmware reboots the node.
 */
static bool number_load(struct redfish_number *n, const char *text,
			const char *url_key, const char *pointer_key)
{
	char pointers[REDFISH_SUM_MAX];

	return statefile_get(text, url_key, n->url, sizeof(n->url)) == 0 &&
	       n->url[0] == '/' &&
	       statefile_get(text, pointer_key, pointers,
			     sizeof(pointers)) == 0 &&
	       redfish_number_parse(n, pointers) == 0;
}

static double number_get(const char *text, const char *key)
{
	char value[64];

	statefile_get(text, key, value, sizeof(value));
	return strtod(value, NULL);
}

/* A counter that cannot be read back is left out: it is no more than a help. */
static void energy_load(struct redfish_place *place, const char *text)
{
	place->energy_unit_j = number_get(text, "energy_unit_j");
	place->energy_wrap = number_get(text, "energy_wrap");
	if (!number_load(&place->energy, text, "energy_url",
			 "energy_pointer") ||
	    !isfinite(place->energy_unit_j) || place->energy_unit_j <= 0 ||
	    !isfinite(place->energy_wrap) || place->energy_wrap < 0)
		memset(&place->energy, 0, sizeof(place->energy));
}

static bool key_is(const char *text, const char *key, const char *wanted)
{
	char value[sizeof(((struct conf_meter *)0)->url)];

	return statefile_get(text, key, value, sizeof(value)) == 0 &&
	       strcmp(value, wanted) == 0;
}

static void place_load(source_t *r)
{
	char text[PLACE_TEXT_MAX], rules[16];

	snprintf(rules, sizeof(rules), "%d", REDFISH_FIND_VERSION);
	if (!r->conf->state_dir[0] || !r->boot_id[0] ||
	    statefile_read(r->conf->state_dir, r->conf->node, r->state_name, text,
			   sizeof(text), NULL) <= 0)
		return;
	if (!key_is(text, "rules", rules) ||
	    !key_is(text, "boot_id", r->boot_id) ||
	    !key_is(text, "bmc", r->meter->url) ||
	    !key_is(text, "node", r->meter->node))
		return;
	energy_load(&r->place, text);
	r->place_known =
		number_load(&r->place.power, text, "url", "pointer") &&
		statefile_get(text, "source", r->place.source,
			      sizeof(r->place.source)) == 0;
}

static void place_save(const source_t *r)
{
	const struct redfish_place *p = &r->place;
	char text[PLACE_TEXT_MAX], power[REDFISH_SUM_MAX],
	     energy[REDFISH_SUM_MAX];
	struct err err;

	if (!r->conf->state_dir[0])
		return;
	redfish_number_format(&p->power, power, sizeof(power));
	redfish_number_format(&p->energy, energy, sizeof(energy));
	snprintf(text, sizeof(text),
		 "rules=%d\nboot_id=%s\nbmc=%s\nnode=%s\nurl=%s\npointer=%s\n"
		 "source=%s\nenergy_url=%s\nenergy_pointer=%s\n"
		 "energy_unit_j=%.17g\nenergy_wrap=%.17g\n",
		 REDFISH_FIND_VERSION, r->boot_id, r->meter->url,
		 r->meter->node, p->power.url, power, p->source,
		 p->energy.url, energy, p->energy_unit_j, p->energy_wrap);
	if (statefile_write(r->conf->state_dir, r->conf->node, r->state_name, text,
			    &err) < 0)
		log_warn(r->log, "%s", err.text);
}

static void place_take(source_t *r, const struct redfish_place *place)
{
	r->place = *place;
	r->place_known = true;
	r->bad = 0;
	log_info(r->log, "%s: power is at %s#%s%s, found in %u requests%s%s",
		 r->meter->url, place->power.url, place->power.pointer[0],
		 place->power.terms > 1 ? " and its like, added up" : "",
		 redfish_find_requests(r->find),
		 place->energy.url[0] ? "; energy counter at " : "",
		 place->energy.url);
	place_save(r);
}

/* ---- the end of a sample ---- */

static void sample_end(source_t *r, const struct reading *reading)
{
	source_done_fn done = r->done;

	r->done = NULL;
	r->good_ns = reading->ok ? reading->boot_ns : 0;
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

	redfish_session_failure(r->session, &reading, reply);
	if (reply->status >= 200 && reply->status < 300)	/* no failure to HTTP */
		err_set(&reading.why, "%s%s: status %ld is no answer",
			r->meter->url, r->place.power.url, reply->status);
	sample_end(r, &reading);
}

/* The BMC answered, and not with power. */
static void sample_unavailable(source_t *r, const char *why)
{
	struct reading reading = { .backoff = BACKOFF_NONE };

	err_set(&reading.why, "%s%s: %s", r->meter->url, r->place.power.url,
		why);
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

static void watch_answer(const source_t *r, const char *path,
			 const struct http_reply *reply)
{
	if (r->watcher.answer)
		r->watcher.answer(r->watcher.arg, path, reply);
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
		/* one that was away may come back with other firmware */
		r->bad += reply->status == 0;
		sample_fail(r, reply);
		return true;
	}
	return false;
}

/* ---- looking for the place ---- */

static void on_find(void *arg, const struct http_reply *reply)
{
	source_t *r = arg;

	watch_answer(r, redfish_find_url(r->find), reply);
	if (reply_dealt_with(r, reply))
		return;
	redfish_session_prove(r->session, redfish_find_url(r->find),
			      reply->status);
	redfish_find_answer(r->find, reply->status, reply->body, reply->size);
	sample_step(r);
}

/* Nothing found. A place that once was good stays: it may come back. */
static void find_fail(source_t *r)
{
	struct reading reading = { .backoff = BACKOFF_SLOW };

	err_set(&reading.why, "%s: %s", r->meter->url,
		redfish_find_reason(r->find));
	redfish_find_destroy(r->find);
	r->find = NULL;
	r->bad = 0;
	sample_end(r, &reading);
}

static void find_step(source_t *r)
{
	enum redfish_find_step step = redfish_find_next(r->find);

	if (step != REDFISH_FIND_ASK && r->watcher.search)
		r->watcher.search(r->watcher.arg, r->find, step);
	switch (step) {
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
	r->find = redfish_find_create(r->meter->node);
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

static void energy_take(source_t *r, const struct http_reply *reply)
{
	const struct redfish_place *p = &r->place;
	struct err why;
	double value;

	if (reply->status != 200 || reply->slept)
		return;
	if (redfish_energy_read(&p->energy, reply->body, reply->size, &value,
				&why) < 0) {
		log_debug(r->log, "%s%s: %s", r->meter->url, p->energy.url,
			  why.text);
		return;
	}
	r->reading.energy_j = value * p->energy_unit_j;
	r->reading.energy_wrap_j = p->energy_wrap * p->energy_unit_j;
	r->reading.energy_ns = reading_time(reply);
}

/* The power is known: whatever became of the counter, the sample is good. */
static void on_energy(void *arg, const struct http_reply *reply)
{
	source_t *r = arg;

	watch_answer(r, r->place.energy.url, reply);
	energy_take(r, reply);
	sample_end(r, &r->reading);
}

/*
 * A counter in a resource of its own is read once a minute, and whenever
 * there may be a gap to bridge.
 */
static bool energy_due(const source_t *r)
{
	if (!r->place.energy.url[0])
		return false;
	return !r->good_ns ||
	       r->reading.boot_ns - r->good_ns > r->conf->max_gap_ns ||
	       r->reading.boot_ns - r->energy_ns >= ENERGY_PERIOD_NS;
}

static void energy_ask(source_t *r)
{
	struct http_request req = {
		.method = HTTP_GET, .path = r->place.energy.url,
	};

	r->energy_ns = r->reading.boot_ns;
	redfish_session_sign(r->session, &req);
	if (http_start(r->conn, &req, on_energy, r, NULL) < 0)
		sample_end(r, &r->reading);
}

static void on_power(source_t *r, const struct http_reply *reply)
{
	const struct redfish_place *p = &r->place;

	r->bad = 0;
	r->reading.ok = true;
	snprintf(r->reading.source, sizeof(r->reading.source), "%s", p->source);
	if (p->energy.url[0] && strcmp(p->energy.url, p->power.url) == 0)
		energy_take(r, reply);
	else if (energy_due(r)) {
		energy_ask(r);
		return;
	}
	sample_end(r, &r->reading);
}

static void on_read(void *arg, const struct http_reply *reply)
{
	source_t *r = arg;
	struct err why;

	watch_answer(r, r->place.power.url, reply);
	if (reply_dealt_with(r, reply))
		return;
	redfish_session_prove(r->session, r->place.power.url, reply->status);
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
	r->reading = (struct reading){
		.boot_ns = reading_time(reply), .energy_j = NAN,
	};
	if (redfish_power_read(&r->place.power, reply->body, reply->size,
			       &r->reading.watts, &why) < 0) {
		r->bad++;
		sample_unavailable(r, why.text);
		return;
	}
	on_power(r, reply);
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
		ask(r, r->place.power.url, on_read);
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

static const char *redfish_place_name(const source_t *r)
{
	return r->place_known ? r->place.source : "";
}

void redfish_watch(source_t *r, const struct redfish_watcher *watcher)
{
	r->watcher = *watcher;
}

const struct redfish_place *redfish_place(const source_t *r)
{
	return r->place_known ? &r->place : NULL;
}

const char *redfish_login(const source_t *r)
{
	return redfish_session_kind(r->session);
}

static void redfish_free(source_t *r)
{
	redfish_find_destroy(r->find);
	redfish_session_destroy(r->session);
	http_conn_destroy(r->conn);
	free(r);
}

/* What its trust rests on, where that is not what one would think. */
static void trust_log(const source_t *r)
{
	if (r->meter->insecure)
		log_warn(r->log, "%s: insecure = true: nothing proves that this is the BMC of %s",
			 r->meter->url, r->conf->node);
	if (!r->meter->user[0])
		log_info(r->log, "%s: no user is configured: asking without a login",
			 r->meter->url);
}

static int redfish_check(const struct conf *conf,
			 const struct conf_meter *meter, struct err *err)
{
	if (meter->url[0])
		return 0;
	return err_set(err, "%s: it names no BMC for node %s: set url in a section [bmc] or [bmc PATTERN] that matches it",
		       conf->path, conf->node);
}

static source_t *redfish_new(const struct source_env *env, struct err *err)
{
	source_t *r;

	if (redfish_check(env->conf, env->meter, err) < 0)
		return NULL;
	r = calloc(1, sizeof(*r));
	if (!r) {
		err_set(err, "out of memory");
		return NULL;
	}
	r->conf = env->conf;
	r->meter = env->meter;
	r->log = env->log;
	r->ts = env->ts;
	r->http = env->http;
	snprintf(r->boot_id, sizeof(r->boot_id), "%s", env->boot_id);
	snprintf(r->state_name, sizeof(r->state_name), "power%s", env->suffix);
	return r;
}

static source_t *redfish_open(const struct source_env *env, struct err *err)
{
	const struct conf_meter *m = env->meter;
	struct http_params params = {
		.base_url = m->url, .ca_file = m->ca_file,
		.public_key = m->public_key, .insecure = m->insecure,
		.timeout_ns = m->timeout_ns, .ts = env->ts,
	};
	source_t *r = redfish_new(env, err);

	if (!r)
		return NULL;
	r->conn = http_conn_create(env->http, &params, err);
	if (r->conn)
		r->session = redfish_session_create(env, r->conn, err);
	if (!r->session) {
		redfish_free(r);
		return NULL;
	}
	trust_log(r);
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

/*
 * A login under way goes on: it would leave a session that we know nothing of.
 * Else the logout begins.
 */
static void redfish_stop(source_t *r)
{
	r->closing = true;
	if (!redfish_session_ready(r->session))
		return;
	http_cancel(r->conn);
	redfish_session_logout(r->session);
}

static void redfish_close(source_t *r, int64_t limit_ns)
{
	int saved = errno;

	if (!r)
		return;
	if (!r->closing)
		redfish_stop(r);
	wait_idle(r, limit_ns / 2);
	if (redfish_session_ready(r->session)) {	/* that login ended */
		redfish_session_logout(r->session);
		wait_idle(r, limit_ns / 2);
	}
	redfish_free(r);
	errno = saved;
}

const struct source_ops redfish_source = {
	.name = "redfish",
	.check = redfish_check,
	.open = redfish_open,
	.sample = redfish_sample,
	.place = redfish_place_name,
	.stop = redfish_stop,
	.close = redfish_close,
};
