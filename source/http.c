/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/secret.h"

#define BODY_FIRST 4096		/* grows by doubling up to body_max */
#define EXTRA_FDS_MAX 16
#define RETRY_MAX_S 86400
#define USER_MAX 256
#define PASSWORD_MAX 512

struct http {
	CURLM *multi;
	unsigned conns;
	http_conn_t *list;	/* all of them */
};

struct http_conn {
	http_t *http;
	http_conn_t *prev, *next;	/* of http */
	CURL *easy;		/* of the last leg */
	CURLSH *tls_sessions;	/* outlive it, to be resumed */
	struct curl_slist *headers;
	timesource_t ts;
	int64_t timeout_ns;
	size_t body_max;
	char base_url[512];
	char *ca_file;		/* NULL = the system's */
	char *public_key;	/* NULL = not pinned */
	char *cert_file, *key_file;	/* our own; NULL = none */
	const char *peer;	/* "BMC", for texts; the caller's */
	bool insecure;

	int kept_fd;		/* of the last answer's connection; -1 = none */
	ino_t kept_inode;

	/* the request under way */
	bool busy;
	enum http_method method;
	char path[HTTP_PATH_MAX];	/* moves with a redirect */
	char *post;
	size_t post_size;
	int redirects;
	int64_t start_ns;	/* of the whole */
	int64_t leg_ns;		/* of this leg: one request, one answer */
	http_done_fn done;
	void *arg;

	/* its answer */
	char *body;
	size_t body_room;
	size_t header_bytes;
	char location[HTTP_PATH_MAX];	/* as it came */
	char retry_after[64], date[64];	/* likewise */
	struct http_reply reply;
	char errbuf[CURL_ERROR_SIZE];
};

/* ---- URLs ---- */

/* Part of a URL into buf; "" where it has none or it does not fit. */
static void url_part(CURLU *u, CURLUPart part, unsigned flags, char *buf,
		     size_t size)
{
	char *text = NULL;

	buf[0] = '\0';
	if (curl_url_get(u, part, &text, flags) == CURLUE_OK &&
	    strlen(text) < size)
		strcpy(buf, text);
	curl_free(text);
}

static bool part_equal(CURLU *a, CURLU *b, CURLUPart part)
{
	char x[HTTP_PATH_MAX], y[HTTP_PATH_MAX];

	url_part(a, part, CURLU_DEFAULT_PORT, x, sizeof(x));
	url_part(b, part, CURLU_DEFAULT_PORT, y, sizeof(y));
	return *x && strcasecmp(x, y) == 0;
}

static bool part_set(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool set = curl_url_get(u, part, &text, 0) == CURLUE_OK && *text;

	curl_free(text);
	return set;
}

static const char *peer_name(const struct http_params *p)
{
	return p->peer ? p->peer : "BMC";
}

static int url_check(CURLU *u, const struct http_params *p, struct err *err)
{
	char scheme[16], path[HTTP_PATH_MAX];
	bool http;

	if (part_set(u, CURLUPART_USER) || part_set(u, CURLUPART_PASSWORD))
		return err_set(err, "the %s's URL carries a user or a password; give them as user and password_file",
			       peer_name(p));
	url_part(u, CURLUPART_SCHEME, 0, scheme, sizeof(scheme));
	url_part(u, CURLUPART_PATH, 0, path, sizeof(path));
	http = strcmp(scheme, "http") == 0;
	if (!http && strcmp(scheme, "https") != 0)
		return err_set(err, "%s: not an http or https URL", p->base_url);
	if (strcmp(path, "/") != 0 || strpbrk(p->base_url, "?#"))
		return err_set(err, "%s: give only https://HOST or https://HOST:PORT",
			       p->base_url);
	if (http && !p->insecure)
		return err_set(err, "%s: plain http needs insecure = true",
			       p->base_url);
	return 0;
}

static int base_url_set(http_conn_t *c, const struct http_params *p,
			struct err *err)
{
	size_t len = strlen(p->base_url);
	CURLU *u = curl_url();
	int rc;

	if (!u)
		return err_set(err, "out of memory");
	if (len >= sizeof(c->base_url) ||
	    curl_url_set(u, CURLUPART_URL, p->base_url, 0) != CURLUE_OK)
		rc = err_set(err, "the %s's URL cannot be understood; give https://HOST or https://HOST:PORT",
			     peer_name(p));
	else
		rc = url_check(u, p, err);
	curl_url_cleanup(u);
	if (rc < 0)
		return -1;
	while (len > 0 && p->base_url[len - 1] == '/')
		len--;
	snprintf(c->base_url, sizeof(c->base_url), "%.*s", (int)len,
		 p->base_url);
	return 0;
}

static int url_format(const http_conn_t *c, const char *path, char *buf,
		      size_t size)
{
	int n = snprintf(buf, size, "%s%s", c->base_url, path);

	return n < 0 || (size_t)n >= size ? -1 : 0;
}

/*
 * The path (and query) of a Location, seen from the current URL, into buf.
 * -1 where it leaves this scheme, host or port, or carries a user: nothing of
 * ours is sent anywhere else.
 */
static int location_resolve(const http_conn_t *c, char *buf, size_t size)
{
	char url[sizeof(c->base_url) + HTTP_PATH_MAX];
	CURLU *here = curl_url(), *there = curl_url();
	char path[HTTP_PATH_MAX], query[HTTP_PATH_MAX];
	int n = -1;

	buf[0] = '\0';
	if (here && there && url_format(c, c->path, url, sizeof(url)) == 0 &&
	    curl_url_set(here, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_set(there, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_set(there, CURLUPART_URL, c->location, 0) == CURLUE_OK &&
	    part_equal(here, there, CURLUPART_SCHEME) &&
	    part_equal(here, there, CURLUPART_HOST) &&
	    part_equal(here, there, CURLUPART_PORT) &&
	    !part_set(there, CURLUPART_USER) &&
	    !part_set(there, CURLUPART_PASSWORD)) {
		url_part(there, CURLUPART_PATH, 0, path, sizeof(path));
		url_part(there, CURLUPART_QUERY, 0, query, sizeof(query));
		n = snprintf(buf, size, "%s%s%s", path, *query ? "?" : "", query);
	}
	curl_url_cleanup(here);
	curl_url_cleanup(there);
	if (n < 0 || (size_t)n >= size || buf[0] != '/') {
		buf[0] = '\0';
		return -1;
	}
	return 0;
}

/* ---- what curl hands over ---- */

static bool header_is(const char *line, size_t size, const char *name,
		      char *value, size_t room)
{
	size_t len = strlen(name);

	if (size <= len || strncasecmp(line, name, len) != 0 || line[len] != ':')
		return false;
	line += len + 1;
	size -= len + 1;
	while (size > 0 && (*line == ' ' || *line == '\t'))
		line++, size--;
	while (size > 0 && strchr(" \t\r\n", line[size - 1]))
		size--;
	for (size_t i = 0; i < size; i++)	/* a line end would make two of it */
		if (iscntrl((unsigned char)line[i]))
			size = 0;
	if (size >= room)
		size = 0;	/* too long to be believed */
	memcpy(value, line, size);
	value[size] = '\0';
	return true;
}

static void headers_reset(http_conn_t *c)
{
	c->location[0] = '\0';
	c->retry_after[0] = '\0';
	c->date[0] = '\0';
	explicit_bzero(c->reply.token, sizeof(c->reply.token));
}

static size_t on_header(char *line, size_t one, size_t size, void *arg)
{
	http_conn_t *c = arg;

	size *= one;
	c->header_bytes += size;
	if (c->header_bytes > HTTP_HEADERS_MAX)
		return 0;
	if (size >= 5 && strncasecmp(line, "HTTP/", 5) == 0)
		headers_reset(c);	/* an answer after 100 Continue */
	header_is(line, size, "Location", c->location, sizeof(c->location));
	header_is(line, size, "X-Auth-Token", c->reply.token,
		  sizeof(c->reply.token));
	header_is(line, size, "Retry-After", c->retry_after,
		  sizeof(c->retry_after));
	header_is(line, size, "Date", c->date, sizeof(c->date));
	return size;
}

static int body_grow(http_conn_t *c, size_t need)
{
	size_t room = c->body_room;
	char *body;

	while (room < need)
		room *= 2;
	if (room == c->body_room)
		return 0;
	body = realloc(c->body, room);
	if (!body)
		return -1;
	c->body = body;
	c->body_room = room;
	return 0;
}

static size_t on_body(char *data, size_t one, size_t size, void *arg)
{
	http_conn_t *c = arg;

	size *= one;
	if (size > c->body_max - c->reply.size) {
		c->reply.too_big = true;
		return 0;
	}
	if (body_grow(c, c->reply.size + size + 1) < 0)
		return 0;
	memcpy(c->body + c->reply.size, data, size);
	c->reply.size += size;
	return size;
}

/* ---- a request ---- */

static const char *method_name(enum http_method m)
{
	static const char *const names[] = {
		[HTTP_GET] = "GET", [HTTP_POST] = "POST",
		[HTTP_DELETE] = "DELETE", [HTTP_PUT] = "PUT",
	};

	return names[m];
}

static void reply_reset(http_conn_t *c)
{
	memset(&c->reply, 0, sizeof(c->reply));
	headers_reset(c);
	c->header_bytes = 0;
	c->errbuf[0] = '\0';
}

static void post_wipe(http_conn_t *c)
{
	if (c->post) {
		explicit_bzero(c->post, c->post_size);
		free(c->post);
	}
	c->post = NULL;
	c->post_size = 0;
}

static int header_add(http_conn_t *c, const char *line)
{
	struct curl_slist *list = curl_slist_append(c->headers, line);

	if (!list)
		return -1;
	c->headers = list;
	return 0;
}

static void headers_wipe(http_conn_t *c)
{
	for (struct curl_slist *i = c->headers; i; i = i->next)
		explicit_bzero(i->data, strlen(i->data));
	curl_slist_free_all(c->headers);
	c->headers = NULL;
}

static size_t base64_write(const char *data, size_t size, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)data;
	size_t n = 0;

	for (size_t i = 0; i < size; i += 3) {
		unsigned left = size - i > 2 ? 3 : (unsigned)(size - i);
		unsigned bits = (unsigned)p[i] << 16 |
				(left > 1 ? (unsigned)p[i + 1] << 8 : 0) |
				(left > 2 ? p[i + 2] : 0);

		out[n++] = digits[bits >> 18];
		out[n++] = digits[bits >> 12 & 63];
		out[n++] = left > 1 ? digits[bits >> 6 & 63] : '=';
		out[n++] = left > 2 ? digits[bits & 63] : '=';
	}
	return n;
}

/*
 * Basic authentication, not left to curl: it would keep the password in
 * several copies of its own for as long as the connection lasts.
 */
static int basic_add(http_conn_t *c, const struct http_request *req)
{
	static const char name[] = "Authorization: Basic ";
	char pair[USER_MAX + PASSWORD_MAX + 2];
	char line[sizeof(name) + (sizeof(pair) + 2) / 3 * 4];
	int n = snprintf(pair, sizeof(pair), "%s:%s", req->user, req->password);
	int rc = -1;

	if (n > 0 && (size_t)n < sizeof(pair)) {
		memcpy(line, name, sizeof(name) - 1);
		line[sizeof(name) - 1 +
		     base64_write(pair, (size_t)n, line + sizeof(name) - 1)] = '\0';
		rc = header_add(c, line);
	}
	explicit_bzero(pair, sizeof(pair));
	explicit_bzero(line, sizeof(line));
	return rc;
}

/* What the request carried: secrets live no longer than it does. */
static void request_wipe(http_conn_t *c)
{
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, NULL);
	headers_wipe(c);
	post_wipe(c);
}

static int headers_set(http_conn_t *c, const struct http_request *req)
{
	char line[sizeof(c->reply.token) + 16];
	int rc = 0;

	rc |= header_add(c, "Accept: application/json");
	rc |= header_add(c, "OData-Version: 4.0");
	rc |= header_add(c, "Expect:");	/* no 100-continue round trip */
	if (req->body) {
		snprintf(line, sizeof(line), "Content-Type: %s",
			 req->type ? req->type : "application/json");
		rc |= header_add(c, line);
	}
	if (req->token) {
		snprintf(line, sizeof(line), "X-Auth-Token: %s", req->token);
		rc |= header_add(c, line);
		explicit_bzero(line, sizeof(line));
	}
	if (req->user)
		rc |= basic_add(c, req);
	return rc;
}

static void method_set(http_conn_t *c)
{
	CURL *e = c->easy;

	curl_easy_setopt(e, CURLOPT_HTTPHEADER, c->headers);
	if (c->method == HTTP_DELETE || c->method == HTTP_PUT)
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST,
				 method_name(c->method));
	if (c->method == HTTP_POST || c->method == HTTP_PUT) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE,
				 (long)(c->post ? c->post_size : 0));
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, c->post ? c->post : "");
	}
}

/* The connection that an answer came over, for the next request to look at. */
static void kept_note(http_conn_t *c)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	long version = 0;
	struct stat st;

	curl_easy_getinfo(c->easy, CURLINFO_ACTIVESOCKET, &fd);
	curl_easy_getinfo(c->easy, CURLINFO_HTTP_VERSION, &version);
	c->kept_fd = -1;
	if (fd == CURL_SOCKET_BAD || version > CURL_HTTP_VERSION_1_1 ||
	    fstat(fd, &st) < 0)
		return;		/* HTTP/2 tells answers apart by itself */
	c->kept_fd = fd;
	c->kept_inode = st.st_ino;
}

/*
 * Is another one of the same origin at work? libcurl hands both of them the
 * same connections, so that what lies in one may be the other's answer.
 */
static bool origin_busy(const http_conn_t *c)
{
	for (const http_conn_t *o = c->http->list; o; o = o->next)
		if (o != c && o->busy && strcmp(o->base_url, c->base_url) == 0)
			return true;
	return false;
}

/*
 * What a BMC sent behind its last answer (a length that is too small, an
 * answer given twice, a stray line end) would be taken for the next one: before
 * release 8 libcurl asks again over such a connection. Shut down and read
 * empty, it counts as dead. The inode tells whether it is still that socket.
 * False: it may not be touched, nor used.
 */
static bool leftover_drop(http_conn_t *c)
{
	char buf[4096];
	struct stat st;

	if (c->kept_fd < 0 || fstat(c->kept_fd, &st) < 0 ||
	    st.st_ino != c->kept_inode ||
	    recv(c->kept_fd, buf, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
		return true;
	if (origin_busy(c))
		return false;
	shutdown(c->kept_fd, SHUT_RDWR);
	while (recv(c->kept_fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	return true;
}

static int options_set(http_conn_t *c);

/*
 * Each leg has a handle of its own. Before release 8.1 libcurl follows a
 * pointer to the last header of the transfer before, freed since, where the
 * first header of an answer begins with a blank; and where a BMC has closed
 * the kept connection meanwhile, it asks again by itself only five times in
 * the life of a handle. The connection is kept all the same.
 */
static int easy_renew(http_conn_t *c)
{
	CURL *easy = curl_easy_init();

	if (!easy)
		return -1;
	curl_easy_cleanup(c->easy);
	c->easy = easy;
	return options_set(c);
}

/* One leg: the request to c->path, with what is left of the time. */
static int leg_start(http_conn_t *c)
{
	char url[sizeof(c->base_url) + HTTP_PATH_MAX];
	int64_t left_ns;
	int running;
	bool reuse;

	if (url_format(c, c->path, url, sizeof(url)) < 0)
		return -1;
	reuse = leftover_drop(c);
	if (easy_renew(c) < 0)
		return -1;
	if (!reuse)
		curl_easy_setopt(c->easy, CURLOPT_FRESH_CONNECT, 1L);
	reply_reset(c);
	c->leg_ns = timesource_boot_ns(&c->ts);
	left_ns = c->timeout_ns - (c->leg_ns - c->start_ns);
	if (left_ns < NS_PER_S / 1000)
		left_ns = NS_PER_S / 1000;
	method_set(c);
	curl_easy_setopt(c->easy, CURLOPT_TIMEOUT_MS,
			 (long)(left_ns / (NS_PER_S / 1000)));
	if (curl_easy_setopt(c->easy, CURLOPT_URL, url) != CURLE_OK ||
	    curl_multi_add_handle(c->http->multi, c->easy) != CURLM_OK)
		return -1;
	c->busy = true;
	/* Let it go out now: the times below count from here. */
	curl_multi_perform(c->http->multi, &running);
	return 0;
}

int http_start(http_conn_t *c, const struct http_request *req,
	       http_done_fn done, void *arg, struct err *err)
{
	if (c->busy)
		return err_set(err, "%s: a request is already under way",
			       c->base_url);
	if (req->path[0] != '/' || strlen(req->path) >= sizeof(c->path) ||
	    strpbrk(req->path, " \t\r\n#"))
		return err_set(err, "%s: \"%.80s\" is not a path that can be asked for",
			       c->base_url, req->path);
	if (req->token && (strlen(req->token) >= sizeof(c->reply.token) ||
			   strpbrk(req->token, "\r\n")))
		return err_set(err, "%s: the session's token is not usable",
			       c->base_url);
	snprintf(c->path, sizeof(c->path), "%s", req->path);
	c->method = req->method;
	c->redirects = 0;
	c->done = done;
	c->arg = arg;
	request_wipe(c);
	if (req->body) {
		c->post_size = req->body_size ? req->body_size :
			       strlen(req->body);
		c->post = malloc(c->post_size + 1);
		if (!c->post)
			return err_set(err, "out of memory");
		memcpy(c->post, req->body, c->post_size);
		c->post[c->post_size] = '\0';
	}
	c->start_ns = timesource_boot_ns(&c->ts);
	if (headers_set(c, req) < 0 || leg_start(c) < 0) {
		request_wipe(c);
		return err_set(err, "%s%s: the request cannot be started",
			       c->base_url, c->path);
	}
	return 0;
}

static void leg_stop(http_conn_t *c)
{
	curl_multi_remove_handle(c->http->multi, c->easy);
	c->busy = false;
}

void http_cancel(http_conn_t *c)
{
	if (!c->busy)
		return;
	leg_stop(c);
	request_wipe(c);
}

bool http_busy(const http_conn_t *c)
{
	return c->busy;
}

/* ---- its end ---- */

static bool redirect_wanted(const http_conn_t *c, long status)
{
	return (status == 301 || status == 302 || status == 303 ||
		status == 307 || status == 308) && c->location[0];
}

/*
 * Follow one. Methods are kept, also on 301 and 302: they come from firmware
 * that spells a collection's URL with another slash. 303 says GET.
 */
static int redirect_follow(http_conn_t *c, long status)
{
	char path[HTTP_PATH_MAX];

	if (++c->redirects > HTTP_REDIRECTS_MAX ||
	    location_resolve(c, path, sizeof(path)) < 0 ||
	    (status == 303 && c->method != HTTP_GET))
		return -1;
	snprintf(c->path, sizeof(c->path), "%s", path);
	return leg_start(c);
}

/* What to do about it, into buf; "" where there is nothing to say. */
static const char *tls_hint(const http_conn_t *c, CURLcode code, char *buf,
			    size_t size)
{
	buf[0] = '\0';
	if (code == CURLE_PEER_FAILED_VERIFICATION &&
	    strstr(c->errbuf, "expired"))
		snprintf(buf, size, "; renew the %s's certificate", c->peer);
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		snprintf(buf, size, "; give the %s's CA as ca_file or pin its key as public_key",
			 c->peer);
	else if (code == CURLE_SSL_CACERT_BADFILE)	/* also: the host has no CAs at all */
		snprintf(buf, size, "; give a PEM file with the %s's CA as ca_file or pin its key as public_key",
			 c->peer);
	else if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
		snprintf(buf, size, "; was the %s replaced, or does another host answer? If its new key is right, change public_key",
			 c->peer);
	return buf;
}

static void why_no_answer(http_conn_t *c, CURLcode code)
{
	struct http_reply *r = &c->reply;
	const char *text = c->errbuf[0] ? c->errbuf : curl_easy_strerror(code);
	const char *verb = method_name(c->method);
	char hint[160];

	r->status = 0;
	r->size = 0;
	c->body[0] = '\0';
	if (c->header_bytes > HTTP_HEADERS_MAX)
		err_set(&r->why, "%s %s%.100s: the answer's headers are larger than %d KB",
			 verb, c->base_url, c->path, HTTP_HEADERS_MAX / 1024);
	else if (r->too_big)
		err_set(&r->why, "%s %s%.100s: the answer is larger than %zu KB",
			 verb, c->base_url, c->path, c->body_max / 1024);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		err_set(&r->why, "%s %s%.100s: no answer in %.3g s",
			 verb, c->base_url, c->path, ns_to_s(c->timeout_ns));
	else
		err_set(&r->why, "%s %s%.100s: %.120s%s", verb,
			 c->base_url, c->path, text,
			 tls_hint(c, code, hint, sizeof(hint)));
}

static void reply_times(http_conn_t *c)
{
	curl_off_t sent_us = 0, first_us = 0, total_us = 0;
	struct http_reply *r = &c->reply;

	curl_easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
	curl_easy_getinfo(c->easy, CURLINFO_STARTTRANSFER_TIME_T, &first_us);
	curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME_T, &total_us);
	r->done_ns = timesource_boot_ns(&c->ts);
	r->sent_ns = c->leg_ns + sent_us * 1000;
	r->received_ns = c->leg_ns + first_us * 1000;
	if (r->received_ns > r->done_ns)
		r->received_ns = r->done_ns;
	if (r->sent_ns > r->received_ns)
		r->sent_ns = r->received_ns;
	/* curl counts time awake, boot time goes on in host suspend */
	r->slept = r->done_ns - c->leg_ns > total_us * 1000 + 2 * NS_PER_S;
}

/*
 * Seconds, or a date. That one is by the BMC's clock, which may be years off:
 * the answer's own Date is what it counts from. More than a day is a mistake.
 */
static int64_t retry_after_ns(const http_conn_t *c)
{
	const char *text = c->retry_after;
	size_t digits = strspn(text, "0123456789");
	int64_t s, now_s = timesource_wall_ns(&c->ts) / NS_PER_S;

	if (!*text)
		return 0;
	if (!text[digits]) {
		s = digits < 10 ? strtol(text, NULL, 10) : RETRY_MAX_S;
	} else {
		s = curl_getdate(text, NULL);
		if (curl_getdate(c->date, NULL) >= 0)
			now_s = curl_getdate(c->date, NULL);
		s = s < 0 ? 0 : s - now_s;
	}
	return s > 0 && s < RETRY_MAX_S ? s * NS_PER_S : 0;
}

static void reply_fill(http_conn_t *c, CURLcode code)
{
	struct http_reply *r = &c->reply;

	reply_times(c);
	if (code != CURLE_OK) {
		why_no_answer(c, code);
	} else {
		c->body[r->size] = '\0';
		curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &r->status);
		r->retry_after_ns = retry_after_ns(c);
		if (c->location[0])
			location_resolve(c, r->location, sizeof(r->location));
		if (r->status < 200 || r->status >= 300)
			err_set(&r->why, "%s %s%.100s: status %ld",
				 method_name(c->method), c->base_url, c->path,
				 r->status);
	}
	r->body = c->body;
}

static void transfer_end(http_conn_t *c, CURLcode code)
{
	long status = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && (status < 100 || status > 999))
		code = CURLE_WEIRD_SERVER_REPLY;	/* "HTTP/2147483648" */
	kept_note(c);
	leg_stop(c);
	if (code == CURLE_OK && redirect_wanted(c, status) &&
	    redirect_follow(c, status) == 0)
		return;
	reply_fill(c, code);
	request_wipe(c);
	c->done(c->arg, &c->reply);
}

/* Hand out what has ended. A callback may start or destroy connections. */
static int transfers_reap(http_t *h)
{
	int left, count = 0;
	CURLMsg *msg;
	http_conn_t *c;

	while ((msg = curl_multi_info_read(h->multi, &left))) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		CURLcode code = msg->data.result;

		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &c);
		transfer_end(c, code);
		count++;
	}
	return count;
}

int http_poll(http_t *h, struct pollfd *fds, unsigned nfds, int timeout_ms,
	      struct err *err)
{
	struct curl_waitfd extra[EXTRA_FDS_MAX];
	int running;
	CURLMcode rc;

	if (nfds > EXTRA_FDS_MAX)
		return err_set(err, "%u descriptors are too many to wait for",
			       nfds);
	if (transfers_reap(h) > 0)
		timeout_ms = 0;
	for (unsigned i = 0; i < nfds; i++) {
		extra[i].fd = fds[i].fd;
		extra[i].events = CURL_WAIT_POLLIN;
		extra[i].revents = 0;
	}
	rc = curl_multi_poll(h->multi, extra, nfds,
			     timeout_ms < 0 ? INT_MAX : timeout_ms, NULL);
	if (rc == CURLM_OK)
		rc = curl_multi_perform(h->multi, &running);
	if (rc != CURLM_OK)
		return err_set(err, "waiting for answers: %s",
			       curl_multi_strerror(rc));
	for (unsigned i = 0; i < nfds; i++)
		fds[i].revents = extra[i].revents ? POLLIN : 0;
	transfers_reap(h);
	return 0;
}

/* ---- life ---- */

/*
 * curl's memory: what it frees is wiped, since requests with a password or a
 * token, and answers with one, pass through it.
 */
static void memory_free(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void *memory_realloc(void *p, size_t size)
{
	size_t old = p ? malloc_usable_size(p) : 0;
	void *q;

	if (p && size <= old)
		return p;
	q = malloc(size);
	if (q && p) {
		memcpy(q, p, old);
		memory_free(p);
	}
	return q;
}

http_t *http_create(struct err *err)
{
	http_t *h = calloc(1, sizeof(*h));

	/* libcurl would write the keys of its TLS connections there */
	unsetenv("SSLKEYLOGFILE");
	if (!h || curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, memory_free,
				       memory_realloc, strdup, calloc) !=
	    CURLE_OK) {
		free(h);
		err_set(err, "libcurl cannot be initialised");
		return NULL;
	}
	h->multi = curl_multi_init();
	if (!h->multi) {
		err_set(err, "out of memory");
		http_destroy(h);
		return NULL;
	}
	return h;
}

void http_destroy(http_t *h)
{
	int saved = errno;

	if (h) {
		curl_multi_cleanup(h->multi);
		curl_global_cleanup();
		free(h);
	}
	errno = saved;
}

/*
 * curl compares a pinned key whether it verifies the chain or not; a server
 * without a certificate has none to compare, but OpenSSL and GnuTLS speak to
 * none such unless told to.
 */
static void tls_set(http_conn_t *c)
{
	bool chain = !c->insecure && (c->ca_file || !c->public_key);
	CURL *e = c->easy;

	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, chain ? 1L : 0L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, chain ? 2L : 0L);
	if (c->cert_file) {
		curl_easy_setopt(e, CURLOPT_SSLCERT, c->cert_file);
		curl_easy_setopt(e, CURLOPT_SSLKEY, c->key_file);
	}
	if (c->ca_file || !chain) {
		/* unused roots would cost a megabyte */
		curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_file);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
}

/* As curl does it, but children get none of it. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose,
			       struct curl_sockaddr *to)
{
	(void)arg;
	(void)purpose;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* -1 where this libcurl cannot do what safety needs. */
static int options_set(http_conn_t *c)
{
	CURL *e = c->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, c);
	curl_easy_setopt(e, CURLOPT_SHARE, c->tls_sessions);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, c->errbuf);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "wattgate/" PACKAGE_VERSION);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_NOPROGRESS, 1L);
	/* a timeout must not wait for the thread that asks a dead name server */
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_MAXCONNECTS, 1L);
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 16384L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS,
			 (long)(c->timeout_ns / (NS_PER_S / 1000)));
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, c);
	tls_set(c);
	if (c->public_key &&
	    curl_easy_setopt(e, CURLOPT_PINNEDPUBLICKEY, c->public_key) !=
	    CURLE_OK)
		return -1;
	return 0;
}

/* What the files and texts of params are worth, before there is any traffic. */
static int params_check(const struct http_params *p, struct err *err)
{
	bool pinned = p->public_key && *p->public_key;

	if (pinned && p->insecure)
		return err_set(err, "%s: public_key and insecure = true exclude each other",
			       p->base_url);
	/* without the prefix curl would take it for the name of a file */
	if (pinned && strncmp(p->public_key, "sha256//", 8) != 0)
		return err_set(err, "%s: public_key must be sha256// and the key's hash",
			       p->base_url);
	if (p->ca_file && *p->ca_file && !p->insecure &&
	    access(p->ca_file, R_OK) < 0)
		return err_set_errno(err, "%s: ca_file '%s' cannot be read",
				     p->base_url, p->ca_file);
	if (p->key_file && *p->key_file &&
	    secret_check(p->key_file, geteuid(), err) < 0)
		return -1;
	if (p->cert_file && *p->cert_file && access(p->cert_file, R_OK) < 0)
		return err_set_errno(err, "%s: cert_file '%s' cannot be read",
				     p->base_url, p->cert_file);
	return 0;
}

/* NULL for ""; false where there is no memory. */
static bool text_keep(char **to, const char *text)
{
	*to = text && *text ? strdup(text) : NULL;
	return *to || !text || !*text;
}

static int conn_init(http_conn_t *c, const struct http_params *params,
		     struct err *err)
{
	if (base_url_set(c, params, err) < 0 || params_check(params, err) < 0)
		return -1;
	c->kept_fd = -1;
	c->ts = params->ts;
	c->timeout_ns = params->timeout_ns;
	c->body_max = params->body_max ? params->body_max : HTTP_BODY_MAX;
	if (c->body_max > HTTP_BODY_LIMIT)
		c->body_max = HTTP_BODY_LIMIT;
	c->insecure = params->insecure;
	c->peer = peer_name(params);
	c->body_room = BODY_FIRST;
	c->body = malloc(BODY_FIRST);
	c->easy = curl_easy_init();
	c->tls_sessions = curl_share_init();
	if (!c->body || !c->easy || !c->tls_sessions ||
	    !text_keep(&c->ca_file, c->insecure ? NULL : params->ca_file) ||
	    !text_keep(&c->public_key, params->public_key) ||
	    !text_keep(&c->cert_file, params->cert_file) ||
	    !text_keep(&c->key_file, params->key_file))
		return err_set(err, "out of memory");
	curl_share_setopt(c->tls_sessions, CURLSHOPT_SHARE,
			  CURL_LOCK_DATA_SSL_SESSION);
	if (options_set(c) < 0)
		return err_set(err, "%s: this libcurl cannot pin a public_key",
			       c->base_url);
	return 0;
}

http_conn_t *http_conn_create(http_t *h, const struct http_params *params,
			      struct err *err)
{
	http_conn_t *c = calloc(1, sizeof(*c));

	if (!c) {
		err_set(err, "out of memory");
		return NULL;
	}
	c->http = h;
	c->next = h->list;
	if (c->next)
		c->next->prev = c;
	h->list = c;
	h->conns++;
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)h->conns);
	if (conn_init(c, params, err) < 0) {
		http_conn_destroy(c);
		return NULL;
	}
	return c;
}

void http_conn_destroy(http_conn_t *c)
{
	int saved = errno;

	if (!c)
		return;
	if (c->easy) {
		http_cancel(c);
		curl_easy_cleanup(c->easy);
	}
	curl_share_cleanup(c->tls_sessions);
	c->http->conns--;
	if (c->next)
		c->next->prev = c->prev;
	if (c->prev)
		c->prev->next = c->next;
	else
		c->http->list = c->next;
	headers_wipe(c);
	post_wipe(c);
	explicit_bzero(c->reply.token, sizeof(c->reply.token));
	if (c->body)
		explicit_bzero(c->body, c->body_room);
	free(c->body);
	free(c->ca_file);
	free(c->public_key);
	free(c->cert_file);
	free(c->key_file);
	free(c);
	errno = saved;
}
