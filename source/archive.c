/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- texts ---- */

int archive_encode(const char *text, char *buf, size_t size)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = strlen(buf);

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (n + 4 > size)
			return -1;
		if (isalnum(c) || strchr("-._~", c)) {
			buf[n++] = (char)c;
		} else {
			buf[n++] = '%';
			buf[n++] = hex[c >> 4];
			buf[n++] = hex[c & 15];
		}
		buf[n] = '\0';
	}
	return n < size ? 0 : -1;
}

/* https://host:port/path -> https://host:port and /path */
static int url_split(struct archive *a, struct err *err)
{
	const char *url = a->meter->url, *host = strstr(url, "://");
	size_t len, origin;

	if (!host)
		return err_set(err, "source = %s needs url", a->ops->name);
	origin = (size_t)(host - url) + 3;
	origin += strcspn(url + origin, "/");
	for (len = strlen(url); len > origin && url[len - 1] == '/'; len--)
		;
	if (origin >= sizeof(a->origin) || len - origin >= sizeof(a->prefix))
		return err_set(err, "%.80s...: the URL is too long", url);
	snprintf(a->origin, sizeof(a->origin), "%.*s", (int)origin, url);
	snprintf(a->prefix, sizeof(a->prefix), "%.*s", (int)(len - origin),
		 url + origin);
	return 0;
}

/* ---- the user ---- */

static int password_read(struct archive *a, struct err *err)
{
	const struct conf_meter *m = a->meter;

	if (!m->user[0] || a->password[0])
		return 0;
	if (!m->password_file[0])
		return err_set(err, "user %s of %s has no password_file",
			       m->user, m->url);
	return secret_read(m->password_file, a->password, sizeof(a->password),
			   err);
}

static enum archive_end user_refused(struct archive *a, struct err *why)
{
	const struct conf_meter *m = a->meter;

	secret_wipe(a->password, sizeof(a->password));
	if (m->user[0])
		err_set(why, "%s refuses user %s; check user and password_file",
			m->url, m->user);
	else
		err_set(why, "%s asks for a user; set user and password_file",
			m->url);
	return ARCHIVE_REFUSED;
}

/* ---- asking and reading ---- */

int archive_ask(struct archive *a, http_conn_t *conn, int64_t from_ns,
		int64_t to_ns, http_done_fn done, void *arg, struct err *err)
{
	char path[HTTP_PATH_MAX];
	struct http_request req = { .method = HTTP_GET, .path = path };
	int rc = a->ops->path(a, from_ns, to_ns, path, sizeof(path), err);

	if (rc != 0)
		return rc;
	if (password_read(a, err) < 0)
		return -1;
	if (a->meter->user[0]) {
		req.user = a->meter->user;
		req.password = a->password;
	}
	return http_start(conn, &req, done, arg, err);
}

void archive_blame(const struct archive *a, struct err *why)
{
	struct err text = *why;

	err_set(why, "%s: %s", a->meter->url, text.text);
}

enum archive_end archive_status(const struct http_reply *reply)
{
	switch (reply->status) {
	case 408:
	case 413:
	case 504:
		return ARCHIVE_WIDE;
	case 200:		/* with something odd in it */
	case 425:
	case 429:
		return ARCHIVE_AGAIN;
	default:
		return reply->status >= 500 ? ARCHIVE_AGAIN : ARCHIVE_REFUSED;
	}
}

/* No answer at all: larger than we take, or none. */
static enum archive_end silence_read(const struct http_reply *reply)
{
	return reply->too_big ? ARCHIVE_WIDE : ARCHIVE_AGAIN;
}

enum archive_end archive_read(struct archive *a, const struct http_reply *reply,
			      int64_t from_ns, int64_t to_ns,
			      struct rowset *rows, struct err *why)
{
	enum archive_end end;

	rowset_reset(rows);
	*why = reply->why;
	if (reply->status == 0)
		return silence_read(reply);
	if (reply->status == 401 || reply->status == 403)
		return user_refused(a, why);
	end = a->ops->read(a, reply, rows, why);
	if (end == ARCHIVE_ROWS)
		rowset_settle(rows, from_ns, to_ns);
	else
		rowset_reset(rows);
	return end;
}

/* ---- life ---- */

http_conn_t *archive_connect(const struct archive *a, http_t *http,
			     const timesource_t *ts, size_t body_max,
			     struct err *err)
{
	const struct conf_meter *m = a->meter;
	struct http_params params = {
		.base_url = a->origin, .ca_file = m->ca_file,
		.public_key = m->public_key, .insecure = m->insecure,
		.timeout_ns = m->timeout_ns, .body_max = body_max,
		.peer = "server", .ts = *ts,
	};

	return http_conn_create(http, &params, err);
}

int archive_open(struct archive *a, const struct archive_ops *ops,
		 const struct conf_meter *meter, const char *node,
		 int64_t period_ns, struct err *err)
{
	char path[HTTP_PATH_MAX];

	memset(a, 0, sizeof(*a));
	a->ops = ops;
	a->meter = meter;
	a->node = node;
	a->period_ns = period_ns;
	if (url_split(a, err) < 0 || ops->check(a, meter, err) < 0 ||
	    ops->path(a, 0, INT64_C(7200) * NS_PER_S, path, sizeof(path),
		      err) < 0)
		return -1;
	return password_read(a, err);
}

void archive_close(struct archive *a)
{
	secret_wipe(a->password, sizeof(a->password));
}
