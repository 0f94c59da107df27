/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "redfish_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/secret.h"

#include "json_doc.h"
#include "session_file.h"

#define ROOT_URL "/redfish/v1/"
#define SESSIONS_URL "/redfish/v1/SessionService/Sessions"

/* A BMC that refuses its own sessions: so many in a row until ... */
#define REFUSED_MAX 2
/*
 * ... and then, where one cannot be deleted, no other for so long: BMCs end
 * them after half an hour or so, and have room for eight.
 */
#define HOLD_NS (600 * NS_PER_S)

enum mode { MODE_SESSION, MODE_BASIC, MODE_ANONYMOUS };

struct redfish_session {
	const struct conf *conf;
	const struct conf_meter *meter;
	const logger_t *log;
	http_conn_t *conn;
	timesource_t ts;
	enum mode mode;
	bool dropped;		/* the session or password at hand was refused */
	bool left;		/* the last one that was could not be deleted */
	bool basic_failed;	/* tried instead of sessions, in vain */
	unsigned refused;	/* sessions in a row without a good answer */
	int64_t login_ns;	/* when the last one was given */
	char token[256];	/* "" = no session */
	char uri[SESSION_URI_MAX];	/* of the session */
	char password[SECRET_MAX];	/* for basic; "" = not read */
	session_file_t file;

	/* of a preparation under way */
	redfish_session_fn fn;
	void *arg;
	bool purged;		/* old sessions were deleted to make room */
	bool basic_now;		/* ... which is done by basic authentication */
	unsigned cursor;	/* the old session at hand, in file.uri */
};

static void login_start(redfish_session_t *s);
static void stale_start(redfish_session_t *s);

/* ---- failures ---- */

/* Does the text repeat what must not be told? Some firmware quotes its input. */
static bool secret_in(const redfish_session_t *s, const char *text)
{
	return (s->token[0] && strstr(text, s->token)) ||
	       (s->password[0] && strstr(text, s->password));
}

/* The sentence that Redfish puts into an error, or "". */
static void message_get(const redfish_session_t *s,
			const struct http_reply *reply, char *buf, size_t size)
{
	json_doc_t *doc;

	buf[0] = '\0';
	if (!reply->size)
		return;
	doc = json_doc_parse(reply->body, reply->size, NULL);
	if (!doc)
		return;
	if (json_doc_string(doc, "/error/@Message.ExtendedInfo/0/Message", buf,
			    size) < 0)
		json_doc_string(doc, "/error/message", buf, size);
	json_doc_destroy(doc);
	if (secret_in(s, buf))
		snprintf(buf, size, "its message repeats a secret");
	json_blot(buf);
}

/* A 401 stays slow, here too: wrong passwords in quick succession lock accounts. */
void redfish_session_failure(const redfish_session_t *s, struct reading *r,
			     const struct http_reply *reply)
{
	char message[200];

	memset(r, 0, sizeof(*r));
	message_get(s, reply, message, sizeof(message));
	err_set(&r->why, "%s%s%s%s", reply->why.text, *message ? " (" : "",
		message, *message ? ")" : "");
	r->backoff = reply->status == 401 ? BACKOFF_SLOW : BACKOFF_SOON;
	r->retry_after_ns = reply->retry_after_ns;
}

static void prepare_end(redfish_session_t *s, const struct reading *failure)
{
	redfish_session_fn fn = s->fn;

	s->fn = NULL;
	s->basic_now = false;
	if (s->mode != MODE_BASIC)
		secret_wipe(s->password, sizeof(s->password));
	fn(s->arg, failure);
}

static void prepare_fail(redfish_session_t *s, const struct http_reply *reply)
{
	struct reading r;

	redfish_session_failure(s, &r, reply);
	prepare_end(s, &r);
}

/* Slowly: wrong passwords in quick succession lock accounts. */
static void prepare_refused(redfish_session_t *s)
{
	struct reading r = { .backoff = BACKOFF_SLOW };

	err_set(&r.why, "%s: the BMC refuses user %s; check user and password_file",
		s->meter->url, s->meter->user);
	prepare_end(s, &r);
}

static void prepare_fail_err(redfish_session_t *s, const struct err *err)
{
	struct reading r = { .backoff = BACKOFF_SLOW, .why = *err };

	prepare_end(s, &r);
}

/* ---- sessions left behind ---- */

/* The next one that is not the session in use, or NULL. */
static const char *stale_uri(redfish_session_t *s)
{
	while (s->cursor < s->file.count &&
	       strcmp(s->file.uri[s->cursor], s->uri) == 0)
		s->cursor++;
	return s->cursor < s->file.count ? s->file.uri[s->cursor] : NULL;
}

static void stale_end(redfish_session_t *s)
{
	if (s->basic_now) {	/* there may be room for ours now */
		s->basic_now = false;
		login_start(s);
	} else {
		prepare_end(s, NULL);
	}
}

/* Forget it, or leave it for the next start, and go on. */
static void stale_next(redfish_session_t *s, bool forget)
{
	struct err err;

	if (!forget)
		s->cursor++;
	else if (session_file_remove(&s->file, s->file.uri[s->cursor],
				     &err) < 0)
		log_warn(s->log, "%s", err.text);
	stale_start(s);
}

/* To a DELETE: the session is no more. */
static bool reply_gone(const struct http_reply *reply)
{
	return (reply->status >= 200 && reply->status < 300) ||
	       reply->status == 404 || reply->status == 410;
}

static void on_stale_deleted(void *arg, const struct http_reply *reply)
{
	redfish_session_t *s = arg;
	bool gone = reply_gone(reply);

	if (gone)
		log_info(s->log, "%s: deleted a session of ours that was left behind",
			 s->meter->url);
	else
		log_warn(s->log, "a session of ours that was left behind stays: %s",
			 reply->why.text);
	/* without an answer, or while the BMC is busy, later may do */
	if (reply->status == 0 || reply->status == 401)
		stale_end(s);
	else
		stale_next(s, gone || (reply->status >= 400 &&
				       reply->status < 500 &&
				       reply->status != 429));
}

static void stale_request(redfish_session_t *s, enum http_method method,
			  http_done_fn fn)
{
	struct http_request req = { .method = method, .path = stale_uri(s) };
	struct err err;

	redfish_session_sign(s, &req);
	if (http_start(s->conn, &req, fn, s, &err) < 0)
		prepare_fail_err(s, &err);
}

/* Is it someone else's? BMCs number from 1 again after a reset. */
static bool stale_foreign(const redfish_session_t *s,
			  const struct http_reply *reply)
{
	json_doc_t *doc = json_doc_parse(reply->body, reply->size, NULL);
	char user[256];
	bool foreign;

	if (!doc)
		return false;
	foreign = json_doc_string(doc, "/UserName", user, sizeof(user)) == 0 &&
		  strcmp(user, s->meter->user) != 0;
	json_doc_destroy(doc);
	return foreign;
}

static void on_stale_seen(void *arg, const struct http_reply *reply)
{
	redfish_session_t *s = arg;

	if (reply->status == 404 || reply->status == 410)
		stale_next(s, true);
	else if (reply->status == 0 || reply->status == 401)
		stale_end(s);	/* the others would fare no better */
	else if (reply->status == 200 && stale_foreign(s, reply))
		stale_next(s, true);
	else
		stale_request(s, HTTP_DELETE, on_stale_deleted);
}

static void stale_start(redfish_session_t *s)
{
	if (stale_uri(s))
		stale_request(s, HTTP_GET, on_stale_seen);
	else
		stale_end(s);
}

/* ---- login ---- */

static int password_read(redfish_session_t *s, char *buf, struct err *err)
{
	if (!s->meter->password_file[0])
		return err_set(err, "%s: user %s of %s has no password_file",
			       s->conf->path, s->meter->user,
			       s->meter->url);
	return secret_read(s->meter->password_file, buf, SECRET_MAX, err);
}

static void basic_prepare(redfish_session_t *s)
{
	struct err err;

	if (!s->password[0] && password_read(s, s->password, &err) < 0) {
		prepare_fail_err(s, &err);
		return;
	}
	s->cursor = 0;
	stale_start(s);
}

static void basic_fall_back(redfish_session_t *s, const char *why)
{
	log_info(s->log, "%s: %s; using basic authentication", s->meter->url,
		 why);
	s->mode = MODE_BASIC;
	basic_prepare(s);
}

/* The BMC may be out of sessions because of ours: delete those and try again. */
static bool purge_start(redfish_session_t *s, long status)
{
	bool full = status == 503 || status == 400 || status == 429;

	s->cursor = 0;
	if (!full || s->purged || !stale_uri(s) ||
	    password_read(s, s->password, NULL) < 0)
		return false;
	s->purged = true;
	s->basic_now = true;
	stale_start(s);
	return true;
}

/* The session's own address: Location, else the body's @odata.id. */
static void uri_take(redfish_session_t *s, const struct http_reply *reply)
{
	json_doc_t *doc;

	s->uri[0] = '\0';
	if (strlen(reply->location) < sizeof(s->uri))
		strcpy(s->uri, reply->location);
	if (s->uri[0] || !(doc = json_doc_parse(reply->body, reply->size, NULL)))
		return;
	json_doc_string(doc, "/@odata.id", s->uri, sizeof(s->uri));
	json_doc_destroy(doc);
	if (s->uri[0] != '/' || strcmp(s->uri, SESSIONS_URL) == 0)
		s->uri[0] = '\0';
}

static void login_done(redfish_session_t *s, const struct http_reply *reply)
{
	struct err err;

	snprintf(s->token, sizeof(s->token), "%s", reply->token);
	s->login_ns = timesource_boot_ns(&s->ts);
	uri_take(s, reply);
	if (session_file_add(&s->file, s->uri, &err) < 0)
		log_warn(s->log, "%s; the session may outlive a crash",
			 err.text);
	log_debug(s->log, "%s: session %s", s->meter->url, s->uri);
	s->cursor = 0;
	stale_start(s);
}

static bool root_has_sessions(const struct http_reply *reply)
{
	json_doc_t *doc = json_doc_parse(reply->body, reply->size, NULL);
	char link[HTTP_PATH_MAX];
	bool has;

	if (!doc)
		return true;	/* not known: no password goes out */
	has = json_doc_string(doc, "/Links/Sessions/@odata.id", link,
			      sizeof(link)) == 0 ||
	      json_doc_string(doc, "/SessionService/@odata.id", link,
			      sizeof(link)) == 0;
	json_doc_destroy(doc);
	return has;
}

static void on_root(void *arg, const struct http_reply *reply)
{
	redfish_session_t *s = arg;

	if (reply->status == 200 && !root_has_sessions(reply))
		basic_fall_back(s, "the BMC has no sessions");
	else
		prepare_refused(s);
}

/*
 * Wrong password, or no such service: many BMCs ask who is there before they
 * look for the resource. The service root is open to all, and tells.
 */
static void refusal_look(redfish_session_t *s)
{
	struct http_request req = { .method = HTTP_GET, .path = ROOT_URL };

	if (http_start(s->conn, &req, on_root, s, NULL) < 0)
		prepare_refused(s);
}

static void on_login(void *arg, const struct http_reply *reply)
{
	redfish_session_t *s = arg;
	bool well = reply->status >= 200 && reply->status < 300;

	if (well && reply->token[0])
		login_done(s, reply);
	else if (well)
		basic_fall_back(s, "the BMC gives a session without a token");
	else if (reply->status == 404 || reply->status == 405 ||
		 reply->status == 501)
		basic_fall_back(s, "the BMC has no sessions");
	else if (reply->status == 401 || reply->status == 403)
		refusal_look(s);
	else if (!purge_start(s, reply->status))
		prepare_fail(s, reply);
}

/* The password stays until the preparation ends: see secret_in(). */
static int login_body(redfish_session_t *s, char *buf, size_t size,
		      struct err *err)
{
	char user[6 * 256], escaped[6 * SECRET_MAX];
	int rc = password_read(s, s->password, err);

	if (rc == 0 && (json_escape(s->meter->user, user, sizeof(user)) < 0 ||
			json_escape(s->password, escaped, sizeof(escaped)) < 0))
		rc = err_set(err, "%s: the user or the password is too long",
			     s->meter->url);
	if (rc == 0)
		snprintf(buf, size, "{\"UserName\":\"%s\",\"Password\":\"%s\"}",
			 user, escaped);
	secret_wipe(escaped, sizeof(escaped));
	return rc;
}

static void login_start(redfish_session_t *s)
{
	char body[6 * (256 + SECRET_MAX) + 64];
	struct http_request req = {
		.method = HTTP_POST, .path = SESSIONS_URL, .body = body,
	};
	struct err err;
	int rc = login_body(s, body, sizeof(body), &err);

	if (rc == 0)
		rc = http_start(s->conn, &req, on_login, s, &err);
	secret_wipe(body, sizeof(body));
	if (rc < 0)
		prepare_fail_err(s, &err);
}

/* ---- sessions that the BMC refuses ---- */

static void session_forget(redfish_session_t *s)
{
	secret_wipe(s->token, sizeof(s->token));
	s->uri[0] = '\0';
	s->dropped = false;
}

/* Too many of ours may be open at the BMC for another one. */
static bool login_held(const redfish_session_t *s)
{
	return s->refused >= REFUSED_MAX && s->left &&
	       timesource_boot_ns(&s->ts) - s->login_ns < HOLD_NS;
}

static void basic_try(redfish_session_t *s)
{
	if (!s->basic_failed)
		log_warn(s->log, "%s: the BMC gives sessions and refuses them; trying basic authentication",
			 s->meter->url);
	s->mode = MODE_BASIC;
	basic_prepare(s);
}

/* Once it is refused too: what it stood in for may work again by now. */
static void basic_forget(redfish_session_t *s)
{
	secret_wipe(s->password, sizeof(s->password));
	s->dropped = false;
	if (s->refused) {
		s->mode = MODE_SESSION;
		s->basic_failed = true;
	}
}

static void identify(redfish_session_t *s)
{
	if (s->mode == MODE_BASIC && s->dropped)
		basic_forget(s);
	if (s->mode == MODE_SESSION && s->refused >= REFUSED_MAX &&
	    (!s->basic_failed || login_held(s)))
		basic_try(s);
	else if (s->mode == MODE_BASIC)
		basic_prepare(s);
	else
		login_start(s);
}

static void on_dropped_deleted(void *arg, const struct http_reply *reply)
{
	redfish_session_t *s = arg;
	bool gone = reply_gone(reply);
	struct err err;

	s->left = !gone;
	if (gone && session_file_remove(&s->file, s->uri, &err) < 0)
		log_warn(s->log, "%s", err.text);
	session_forget(s);
	identify(s);
}

/*
 * The session that was refused, by its own token: either the BMC has forgotten
 * it, or it refuses it for something else and lets it end. Where this does not
 * help, the next session looks whether it is gone.
 */
static void dropped_delete(redfish_session_t *s)
{
	struct http_request req = { .method = HTTP_DELETE, .path = s->uri,
				    .token = s->token };

	if (!s->uri[0] ||
	    http_start(s->conn, &req, on_dropped_deleted, s, NULL) < 0) {
		s->left = true;
		session_forget(s);
		identify(s);
	}
}

/* ---- interface ---- */

const char *redfish_session_kind(const redfish_session_t *s)
{
	return s->mode == MODE_ANONYMOUS ? "none" :
	       s->mode == MODE_BASIC ? "basic" : "session";
}

bool redfish_session_ready(const redfish_session_t *s)
{
	return s->mode == MODE_ANONYMOUS ||
	       (!s->dropped && (s->token[0] || (s->mode == MODE_BASIC &&
						s->password[0])));
}

void redfish_session_prepare(redfish_session_t *s, redfish_session_fn fn,
			     void *arg)
{
	s->fn = fn;
	s->arg = arg;
	s->purged = false;
	if (redfish_session_ready(s))
		prepare_end(s, NULL);
	else if (s->dropped && s->token[0])
		dropped_delete(s);
	else
		identify(s);
}

void redfish_session_sign(const redfish_session_t *s, struct http_request *req)
{
	if (s->token[0]) {
		req->token = s->token;
	} else if (s->mode == MODE_BASIC || s->basic_now) {
		req->user = s->meter->user;
		req->password = s->password;
	}
}

/* Both stay until the next preparation: an answer's message is yet to be told. */
void redfish_session_drop(redfish_session_t *s)
{
	s->dropped = true;
	if (s->mode == MODE_SESSION)
		s->refused++;
}

void redfish_session_prove(redfish_session_t *s, const char *path, long status)
{
	if (status != 200 || strcmp(path, ROOT_URL) == 0)
		return;
	s->basic_failed = false;
	if (s->mode == MODE_SESSION)
		s->refused = 0;
}

static void on_logout(void *arg, const struct http_reply *reply)
{
	redfish_session_t *s = arg;
	struct err err;

	if (reply_gone(reply)) {
		if (session_file_remove(&s->file, s->uri, &err) < 0)
			log_warn(s->log, "%s", err.text);
	} else if (reply->status != 401) {	/* most likely it is no more */
		log_warn(s->log, "the session stays until the next start: %s",
			 reply->why.text);
	}
	session_forget(s);
}

void redfish_session_logout(redfish_session_t *s)
{
	struct http_request req = { .method = HTTP_DELETE, .path = s->uri };
	struct err err;

	if (!s->token[0] || !s->uri[0])
		return;
	req.token = s->token;
	if (http_start(s->conn, &req, on_logout, s, &err) < 0)
		log_warn(s->log, "%s", err.text);
}

redfish_session_t *redfish_session_create(const struct source_env *env,
					  http_conn_t *conn, struct err *err)
{
	redfish_session_t *s = calloc(1, sizeof(*s));
	const struct conf *conf = env->conf;
	struct err text;

	if (!s) {
		err_set(err, "out of memory");
		return NULL;
	}
	s->conf = conf;
	s->log = env->log;
	s->conn = conn;
	s->ts = env->ts;
	s->meter = env->meter;
	s->mode = s->meter->basic ? MODE_BASIC : MODE_SESSION;
	if (!s->meter->user[0])
		s->mode = MODE_ANONYMOUS;
	else if (password_read(s, s->password, err) < 0) {
		redfish_session_destroy(s);
		return NULL;
	}
	secret_wipe(s->password, sizeof(s->password));
	if (session_file_load(&s->file, conf->state_dir, conf->node,
			      env->suffix, s->meter->url, &text) < 0)
		log_warn(s->log, "%s", text.text);
	return s;
}

void redfish_session_destroy(redfish_session_t *s)
{
	int saved = errno;

	if (s) {
		secret_wipe(s->token, sizeof(s->token));
		secret_wipe(s->password, sizeof(s->password));
		free(s);
	}
	errno = saved;
}
