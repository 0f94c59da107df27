/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "site_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/secret.h"
#include "lib/site_words.h"

#include "json_doc.h"
#include "json_site.h"

#define MUNGE_NS (5 * NS_PER_S)
/* A session is renewed when so much of it is left. */
#define RENEW_NS (300 * NS_PER_S)
#define CREDENTIAL_MAX 4096

struct site_client {
	const struct conf *conf;
	http_conn_t *conn;
	watch_t *watch;
	timesource_t ts;
	bool munge;		/* by that, not by a certificate */
	char token[256];	/* "": none */
	int64_t token_end_ns;

	/* what is under way */
	bool busy, again;	/* again: the session was refused once */
	struct http_request request;
	site_done_fn done;
	void *arg;
	child_t child;
	int timer;		/* -1: none; ends the child */
};

/* ---- the end of a request ---- */

static void finish(site_client_t *c, const struct site_reply *reply)
{
	c->busy = false;
	c->done(c->arg, reply);
}

/* It did not come to an answer of the site. */
static void give_up(site_client_t *c, enum backoff_kind kind, const char *why)
{
	struct site_reply reply = { .backoff = kind };

	err_set(&reply.why, "%s", why);
	finish(c, &reply);
}

/* What the site says of it, or what HTTP says. */
static void why_fill(struct site_reply *reply)
{
	const struct http_reply *r = reply->http;
	char said[200];

	reply->why = r->why;
	reply->retry_after_ns = r->retry_after_ns;
	reply->backoff = r->status == 401 || r->status == 403 ||
			 r->status == 404 ? BACKOFF_SLOW : BACKOFF_SOON;
	if (r->status && json_site_error(r->body, r->size, said,
					 sizeof(said)) == 0)
		err_set(&reply->why, "%.280s: %s", r->why.text, said);
}

static void log_in(site_client_t *c);

static void on_answer(void *arg, const struct http_reply *r)
{
	site_client_t *c = arg;
	struct site_reply reply = { .http = r };

	if (r->status == 401 && c->munge && !c->again) {
		c->again = true;	/* the site was started anew, perhaps */
		log_in(c);
		return;
	}
	if (r->status < 200 || r->status >= 300)
		why_fill(&reply);
	finish(c, &reply);
}

static void ask(site_client_t *c)
{
	struct http_request request = c->request;
	struct err err;

	request.token = c->munge ? c->token : NULL;
	if (http_start(c->conn, &request, on_answer, c, &err) < 0)
		give_up(c, BACKOFF_SOON, err.text);
}

/* ---- log in: munge, then the site ---- */

static void on_session(void *arg, const struct http_reply *r)
{
	site_client_t *c = arg;
	struct site_reply reply = { .http = r };
	int64_t life_ns;

	if (r->status == 201 && *r->token &&
	    json_site_session(r->body, r->size, &life_ns) == 0) {
		snprintf(c->token, sizeof(c->token), "%s", r->token);
		c->token_end_ns = r->sent_ns + life_ns;
		ask(c);
		return;
	}
	if (r->status >= 200 && r->status < 300) {
		give_up(c, BACKOFF_SLOW, "the site opens no session; is it wattgated that answers there?");
		return;
	}
	why_fill(&reply);
	finish(c, &reply);
}

static void session_open(site_client_t *c, const char *credential)
{
	char body[CREDENTIAL_MAX + 512];
	struct http_request request = {
		.method = HTTP_POST, .path = "/v1/session", .body = body,
	};
	struct err err;
	int rc;

	snprintf(body, sizeof(body),
		 "{\"version\":%d,\"node\":\"%s\",\"munge\":\"%s\"}",
		 SITE_VERSION, c->conf->node, credential);
	rc = http_start(c->conn, &request, on_session, c, &err);
	secret_wipe(body, sizeof(body));
	if (rc < 0)
		give_up(c, BACKOFF_SOON, err.text);
}

static void child_end(site_client_t *c)
{
	watch_remove(c->watch, c->child.fd);
	watch_remove(c->watch, c->timer);
	if (c->timer >= 0)
		close(c->timer);
	c->timer = -1;
	if (c->child.output)
		secret_wipe(c->child.output, c->child.room);
	child_clear(&c->child);
}

/* The one line that munge prints; -1: it is none. */
static int credential_read(const char *output, char *buf, size_t size)
{
	size_t len = strcspn(output, "\n");

	if (len >= size || strncmp(output, "MUNGE:", 6) != 0 ||
	    strcspn(output, "\"\\") < len)
		return -1;
	memcpy(buf, output, len);
	buf[len] = '\0';
	return 0;
}

static void on_munge(void *arg)
{
	site_client_t *c = arg;
	char credential[CREDENTIAL_MAX];
	int watched = c->child.fd;
	enum child_state state;
	struct err err;
	int rc;

	state = child_run(&c->child, timesource_boot_ns(&c->ts));
	if (c->child.fd < 0)
		watch_remove(c->watch, watched);
	if (state == CHILD_RUNNING) {
		if (c->child.fd < 0)	/* it ends any moment */
			watch_timer_set(c->timer,
					timesource_boot_ns(&c->ts) +
					NS_PER_S / 1000);
		return;
	}
	rc = child_result(&c->child, "munge", &err);
	if (rc == 0 && credential_read(c->child.output, credential,
				       sizeof(credential)) < 0)
		rc = err_set(&err, "%s printed no credential",
			     c->conf->site.munge);
	child_end(c);
	if (rc < 0) {
		give_up(c, BACKOFF_SOON, err.text);
		return;
	}
	session_open(c, credential);
	secret_wipe(credential, sizeof(credential));
}

static int munge_start(site_client_t *c, struct err *err)
{
	int64_t end_ns = timesource_boot_ns(&c->ts) + MUNGE_NS;
	char payload[SITE_PAYLOAD_MAX + 16];
	char *const argv[] = { (char *)(uintptr_t)c->conf->site.munge,
			       payload, NULL };
	int n = snprintf(payload, sizeof(payload), "--string=");

	site_payload_format(c->conf->node, payload + n,
			    sizeof(payload) - (size_t)n);
	if (child_start(&c->child, argv, end_ns, err) < 0)
		return -1;
	c->timer = watch_timer(err);
	if (c->timer < 0 ||
	    watch_add(c->watch, c->timer, on_munge, c, err) < 0 ||
	    watch_add(c->watch, c->child.fd, on_munge, c, err) < 0)
		return -1;
	watch_timer_set(c->timer, end_ns);
	return 0;
}

static void log_in(site_client_t *c)
{
	struct err err;

	secret_wipe(c->token, sizeof(c->token));
	if (munge_start(c, &err) == 0)
		return;
	child_end(c);
	give_up(c, BACKOFF_SOON, err.text);
}

/* ---- the caller's side ---- */

void site_client_ask(site_client_t *c, const struct http_request *request,
		     site_done_fn done, void *arg)
{
	c->busy = true;
	c->again = false;
	c->request = *request;
	c->done = done;
	c->arg = arg;
	if (c->munge && (!*c->token || timesource_boot_ns(&c->ts) >
			 c->token_end_ns - RENEW_NS))
		log_in(c);
	else
		ask(c);
}

void site_client_cancel(site_client_t *c)
{
	if (!c->busy)
		return;
	c->busy = false;
	child_end(c);
	http_cancel(c->conn);
}

bool site_client_busy(const site_client_t *c)
{
	return c->busy;
}

/* ---- life ---- */

static int client_check(const struct conf *conf, struct err *err)
{
	const struct conf_site *s = &conf->site;

	if (!*s->url)
		return err_set(err, "%s: give url in [site]: where this node's site is",
			       conf->path);
	if (*s->cert_file)
		return 0;
	if (!*s->munge)
		return err_set(err, "%s: nothing proves this node to its site: give munge, or cert_file and key_file, in [site]",
			       conf->path);
	if (access(s->munge, X_OK) < 0)
		return err_set_errno(err, "%s: munge in [site]: '%s' cannot be run; without munge give cert_file and key_file",
				     conf->path, s->munge);
	return 0;
}

static site_client_t *client_new(const struct conf *conf, http_t *http,
				 const timesource_t *ts, struct err *err)
{
	const struct conf_site *s = &conf->site;
	const struct http_params params = {
		.base_url = s->url, .ca_file = s->ca_file,
		.public_key = s->public_key, .cert_file = s->cert_file,
		.key_file = s->key_file, .peer = "site",
		.insecure = s->insecure, .timeout_ns = s->timeout_ns,
		.ts = *ts,
	};
	site_client_t *c = calloc(1, sizeof(*c));

	if (!c) {
		err_set(err, "out of memory");
		return NULL;
	}
	c->child.fd = c->timer = -1;
	c->conn = http_conn_create(http, &params, err);
	if (c->conn)
		return c;
	free(c);
	return NULL;
}

site_client_t *site_client_create(const struct conf *conf, http_t *http,
				  watch_t *watch, const timesource_t *ts,
				  struct err *err)
{
	site_client_t *c = client_check(conf, err) < 0 ? NULL :
			   client_new(conf, http, ts, err);

	if (!c)
		return NULL;
	c->conf = conf;
	c->watch = watch;
	c->ts = *ts;
	c->munge = !*conf->site.cert_file;
	return c;
}

void site_client_destroy(site_client_t *c)
{
	int saved = errno;

	if (!c)
		return;
	site_client_cancel(c);
	http_conn_destroy(c->conn);
	secret_wipe(c, sizeof(*c));
	free(c);
	errno = saved;
}
