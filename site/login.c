/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POST /v1/session: a munge credential for a token. */
#include <stdio.h>
#include <string.h>

#include "lib/secret.h"
#include "lib/site_words.h"

#include "server_impl.h"

static void login_refuse(struct request *r, const char *why)
{
	peer_refused(r->peer, r->node, why);
	request_refuse(r, 403, 0, "%s", why);
	request_wake(r);
}

static void login_named(void *arg, const char *why)
{
	struct request *r = arg;
	server_t *s = r->server;

	if (*why) {
		login_refuse(r, why);
		return;
	}
	if (sessions_add(s->sessions, r->node, timesource_boot_ns(&s->p.ts),
			 r->token) < 0) {
		request_refuse(r, 503, 60, "there are too many sessions");
	} else {
		r->status = 201;
		r->text = r->own;
		r->size = (size_t)snprintf(r->own, sizeof(r->own),
			"{\"version\":%d,\"node\":\"%s\",\"lifetime_s\":%d}",
			SITE_VERSION, r->node,
			(int)(SESSION_LIFE_NS / NS_PER_S));
	}
	request_wake(r);
}

static bool user_allowed(const server_t *s, uint32_t uid)
{
	for (int i = 0; i < s->uid_count; i++)
		if (s->uids[i] == uid)
			return true;
	return false;
}

/* It is not the node's fault: it may come again soon. */
static void login_defer(struct request *r, const char *why)
{
	server_t *s = r->server;

	if (log_rate_allow(&s->refused_rate, timesource_boot_ns(&s->p.ts)))
		log_error(s->p.log, "node %s cannot log in now: munge: %s",
			  r->node, why);
	request_refuse(r, 503, 2, "the site's munge cannot be asked");
	request_wake(r);
}

static void login_decoded(void *arg, int rc, const struct credential *c,
			  const char *why)
{
	struct request *r = arg;
	char want[SITE_PAYLOAD_MAX];
	struct err no;

	if (rc == CREDENTIAL_UNASKED) {
		login_defer(r, why);
		return;
	}
	if (rc < 0) {
		err_set(&no, "munge: %.400s", why);
		login_refuse(r, no.text);
		return;
	}
	site_payload_format(r->node, want, sizeof(want));
	if (strcmp(c->payload, want) != 0) {
		login_refuse(r, "the credential was made for something else");
	} else if (!user_allowed(r->server, c->uid)) {
		err_set(&no, "the credential is uid %u's, who is not in munge_users",
			c->uid);
		login_refuse(r, no.text);
	} else if (names_check(r->server->names, r->node, c->origin,
			       login_named, r) < 0) {
		request_refuse(r, 503, 2, "too many nodes log in at once");
		request_wake(r);
	}
}

void login_begin(struct request *r)
{
	char credential[CREDENTIAL_MAX];
	server_t *s = r->server;
	struct err why;

	if (!s->unmunge) {
		request_refuse(r, 403, 0, "munge is not taken here: a client certificate is needed");
		return;
	}
	if (ask_login(r->body, r->body_size, r->node, credential,
		      &why) < 0)
		request_refuse(r, 400, 0, "%s", why.text);
	else if (!server_node_get(s, r->node))
		request_refuse(r, 404, 0, "%.64s is no node of this site",
			       r->node);
	else if (unmunge_ask(s->unmunge, credential, login_decoded, r) < 0)
		request_refuse(r, 503, 2, "too many nodes log in at once");
	else
		request_wait(r);
	secret_wipe(credential, sizeof(credential));
	if (r->body)
		secret_wipe(r->body, r->body_size);
}
