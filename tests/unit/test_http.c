/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http: against a server that answers what no good BMC would. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include "source/http.h"
#include "tests/unit/fakebmc.h"

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))

struct seen {
	int calls;
	struct http_reply reply;
	char body[HTTP_BODY_MAX + 1];
};

static struct seen seen;
static http_t *http;
static http_conn_t *conn;
static fakebmc_t *bmc, *other;

static void on_done(void *arg, const struct http_reply *reply)
{
	struct seen *s = arg;

	s->calls++;
	s->reply = *reply;
	memcpy(s->body, reply->body, reply->size + 1);
}

static void setup_with(fake_handler fn, int64_t timeout_ns)
{
	struct http_params p = { .insecure = true, .timeout_ns = timeout_ns,
				 .ts = timesource_system() };
	struct err err = { "" };

	bmc = fakebmc_start(fn, NULL);
	http = http_create(&err);
	ck_assert_msg(http != NULL, "%s", err.text);
	p.base_url = fakebmc_url(bmc);
	conn = http_conn_create(http, &p, &err);
	ck_assert_msg(conn != NULL, "%s", err.text);
	memset(&seen, 0, sizeof(seen));
}

static void teardown(void)
{
	http_conn_destroy(conn);
	http_destroy(http);
	fakebmc_stop(bmc);
}

static const struct http_reply *request(struct http_request req)
{
	struct err err = { "" };
	int calls = seen.calls;

	ck_assert_msg(http_start(conn, &req, on_done, &seen, &err) == 0, "%s",
		      err.text);
	while (seen.calls == calls)
		ck_assert_int_eq(http_poll(http, NULL, 0, 1000, &err), 0);
	ck_assert(!http_busy(conn));
	return &seen.reply;
}

static const struct http_reply *get(const char *path)
{
	return request((struct http_request){ .path = path });
}

static bool head_has(int n, const char *text)
{
	return strcasestr(fakebmc_request(bmc, n)->head, text) != NULL;
}

/* ---- what goes out ---- */

static void answer_plain(void *arg, const struct fake_request *req,
			 struct fake_answer *a)
{
	(void)arg;
	if (strcmp(req->path, "/session") == 0)
		fake_answer_set(a, 201, "X-Auth-Token: tok en\r\nLocation: /s/7\r\n", "{}");
	else
		fake_answer_set(a, 200, "", "{\"p\":1}");
}

START_TEST(test_requests)
{
	struct http_request post = { .method = HTTP_POST, .path = "/session",
				     .body = "{\"Password\":\"x\"}" };
	const struct http_reply *r;

	setup_with(answer_plain, 2 * NS_PER_S);
	r = request(post);
	ck_assert_int_eq(r->status, 201);
	ck_assert_str_eq(r->token, "tok en");
	ck_assert_str_eq(r->location, "/s/7");
	ck_assert_str_eq(fakebmc_request(bmc, 1)->method, "POST");
	ck_assert_str_eq(fakebmc_request(bmc, 1)->body, post.body);
	ck_assert(!head_has(1, "\r\nAuthorization"));
	ck_assert(!head_has(1, "\r\nExpect"));

	r = request((struct http_request){ .path = "/p", .token = "t" });
	ck_assert_int_eq(r->status, 200);
	ck_assert_str_eq(r->token, "");
	ck_assert_str_eq(r->body, "{\"p\":1}");
	ck_assert_uint_eq(r->size, 7);
	ck_assert(head_has(2, "\r\nX-Auth-Token: t\r\n"));
	ck_assert(!head_has(2, "\r\nAuthorization"));
	ck_assert(head_has(2, "\r\nAccept-Encoding: gzip\r\n"));
	ck_assert_str_eq(fakebmc_request(bmc, 2)->body, "");

	request((struct http_request){ .path = "/p", .user = "u",
				       .password = "p:w" });
	ck_assert(head_has(3, "\r\nAuthorization: Basic dTpwOnc=\r\n"));
	ck_assert(!head_has(3, "\r\nX-Auth-Token"));
	request((struct http_request){ .method = HTTP_DELETE, .path = "/s/7",
				       .token = "t" });
	ck_assert_str_eq(fakebmc_request(bmc, 4)->method, "DELETE");
	ck_assert(!head_has(4, "\r\nAuthorization"));
	get("/p");
	ck_assert_str_eq(fakebmc_request(bmc, 5)->method, "GET");
	ck_assert(!head_has(5, "\r\nX-Auth-Token"));
	/* all of it over one connection */
	ck_assert_int_eq(fakebmc_request(bmc, 5)->connection, 1);
	teardown();
}
END_TEST

START_TEST(test_times)
{
	const struct http_reply *r;
	int64_t before, after;

	setup_with(answer_plain, 2 * NS_PER_S);
	for (int i = 0; i < 3; i++) {
		before = clock_boot_ns();
		r = get("/p");
		after = clock_boot_ns();
		/* curl's clock is not ours to the last microsecond */
		ck_assert_int_ge(r->sent_ns, before);
		ck_assert_int_ge(r->received_ns, r->sent_ns);
		ck_assert_int_ge(r->done_ns, r->received_ns);
		ck_assert_int_ge(after, r->done_ns);
		ck_assert(!r->slept);
	}
	teardown();
}
END_TEST

/* Another connection than setup_with()'s. */
static void conn_replace(struct http_params p)
{
	struct err err = { "" };

	http_conn_destroy(conn);
	p.timeout_ns = 2 * NS_PER_S;
	p.ts = timesource_system();
	conn = http_conn_create(http, &p, &err);
	ck_assert_msg(conn != NULL, "%s", err.text);
}

/* To the fake BMC, which does not speak TLS. */
static const char *https_url(void)
{
	static char url[64];

	snprintf(url, sizeof(url), "https%s", fakebmc_url(bmc) + 4);
	return url;
}

/* Proxies of the environment would see the password. */
START_TEST(test_no_proxy)
{
	static const char *const names[] = {
		"http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY",
		"all_proxy", "HTTP_PROXY",
	};

	other = fakebmc_start(answer_plain, NULL);
	for (int i = 0; i < LEN(names); i++)
		setenv(names[i], fakebmc_url(other), 1);
	setup_with(answer_plain, 2 * NS_PER_S);
	ck_assert_int_eq(get("/p")->status, 200);
	ck_assert_int_eq(fakebmc_connections(bmc), 1);
	teardown();
	setup_with(answer_plain, 2 * NS_PER_S);
	conn_replace((struct http_params){ .base_url = https_url(),
					   .insecure = true });
	ck_assert_int_eq(get("/p")->status, 0);
	ck_assert_int_eq(fakebmc_connections(bmc), 1);
	ck_assert_int_eq(fakebmc_connections(other), 0);
	teardown();
	fakebmc_stop(other);
	for (int i = 0; i < LEN(names); i++)
		unsetenv(names[i]);
}
END_TEST

static void answer_cookie(void *arg, const struct fake_request *req,
			  struct fake_answer *a)
{
	(void)arg;
	(void)req;
	fake_answer_set(a, 200, "Set-Cookie: SESSION=7; Path=/\r\n"
			"Strict-Transport-Security: max-age=9999\r\n", "{}");
}

/* Nor does a user's .netrc speak for him, nor a cookie. */
START_TEST(test_no_netrc_no_cookies)
{
	char dir[] = "/tmp/test_http.XXXXXX", path[64];
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/.netrc", dir);
	f = fopen(path, "w");
	fputs("machine 127.0.0.1 login root password hunter2\n"
	      "default login root password hunter2\n", f);
	fclose(f);
	setenv("HOME", dir, 1);
	setup_with(answer_cookie, 2 * NS_PER_S);
	for (int i = 1; i <= 2; i++) {
		ck_assert_int_eq(get("/p")->status, 200);
		ck_assert(!head_has(i, "\r\nAuthorization"));
		ck_assert(!head_has(i, "\r\nCookie"));
	}
	teardown();
	unlink(path);
	rmdir(dir);
}
END_TEST

/* A child of the daemon's must not get the BMC's connection. */
START_TEST(test_not_inherited)
{
	struct sockaddr_storage to;
	int count = 0;

	setup_with(answer_plain, 2 * NS_PER_S);
	ck_assert_int_eq(get("/p")->status, 200);
	for (int fd = 3; fd < 256; fd++) {
		socklen_t len = sizeof(to);

		if (getpeername(fd, (struct sockaddr *)&to, &len) < 0 ||
		    to.ss_family != AF_INET)
			continue;
		count++;
		ck_assert_msg(fcntl(fd, F_GETFD) & FD_CLOEXEC,
			      "descriptor %d", fd);
	}
	ck_assert_int_eq(count, 2);	/* the other is the fake BMC's */
	teardown();
}
END_TEST

static const struct {
	const char *user, *password, *base64;
} logins[] = {
	{ "u", "p", "dTpw" },
	{ "u", "pw", "dTpwdw==" },
	{ "u", "p:w", "dTpwOnc=" },
	{ "u", "", "dTo=" },
	{ "Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
	{ "u", "\xc3\xbf\xff\xfe?>", "dTrDv//+Pz4=" },
};

START_TEST(test_basic)
{
	char line[128];

	setup_with(answer_plain, 2 * NS_PER_S);
	request((struct http_request){ .path = "/p", .user = logins[_i].user,
				       .password = logins[_i].password });
	snprintf(line, sizeof(line), "\r\nAuthorization: Basic %s\r\n",
		 logins[_i].base64);
	ck_assert(head_has(1, line));
	teardown();
}
END_TEST

START_TEST(test_basic_too_long)
{
	struct http_request req = { .path = "/p", .user = "u" };
	char password[1000];
	struct err err;

	memset(password, 'x', sizeof(password));
	password[sizeof(password) - 1] = '\0';
	setup_with(answer_plain, 2 * NS_PER_S);
	req.password = password;
	ck_assert_int_eq(http_start(conn, &req, on_done, &seen, &err), -1);
	ck_assert_ptr_null(strstr(err.text, "xxx"));
	password[511] = '\0';
	ck_assert_int_eq(request(req)->status, 200);
	teardown();
}
END_TEST

/* Whoever reads that file reads the password. */
START_TEST(test_no_key_log)
{
	setenv("SSLKEYLOGFILE", "/tmp/keys", 1);
	setup_with(answer_plain, 2 * NS_PER_S);
	ck_assert_ptr_null(getenv("SSLKEYLOGFILE"));
	teardown();
}
END_TEST

/* ---- TLS ---- */

#define PIN "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static const struct {
	struct http_params p;
	const char *why;	/* NULL: taken */
} tls[] = {
	{ { .ca_file = "/dev/null" }, NULL },
	{ { .ca_file = "/nonexistent/ca.pem" }, "'/nonexistent/ca.pem' cannot be read: No such file" },
	{ { .ca_file = "/nonexistent/ca.pem", .insecure = true }, NULL },
	{ { .public_key = PIN }, NULL },
	{ { .public_key = PIN, .ca_file = "/dev/null" }, NULL },
	{ { .public_key = PIN, .ca_file = "/nonexistent" }, "/nonexistent" },
	{ { .public_key = PIN, .insecure = true }, "exclude each other" },
	{ { .public_key = "/etc/passwd" }, "must be sha256//" },
	{ { .public_key = "" }, NULL },
};

START_TEST(test_tls_params)
{
	struct http_params p = tls[_i].p;
	struct err err = { "" };
	http_t *h = http_create(&err);
	http_conn_t *c;

	p.base_url = "https://bmc";
	p.timeout_ns = NS_PER_S;
	p.ts = timesource_system();
	c = http_conn_create(h, &p, &err);
	ck_assert_msg((c != NULL) == !tls[_i].why, "%s", err.text);
	if (!c) {
		ck_assert_msg(strstr(err.text, tls[_i].why) != NULL, "%s",
			      err.text);
		ck_assert_ptr_nonnull(strstr(err.text, "https://bmc"));
	}
	http_conn_destroy(c);
	http_destroy(h);
}
END_TEST

/* No CA at all: what a host without a CA bundle says. */
START_TEST(test_no_ca)
{
	setup_with(answer_plain, 2 * NS_PER_S);
	conn_replace((struct http_params){ .base_url = https_url(),
					   .ca_file = "/dev/null" });
	ck_assert_int_eq(get("/p")->status, 0);
	ck_assert_msg(strstr(seen.reply.why.text, "as ca_file or pin its key as public_key") != NULL,
		      "%s", seen.reply.why.text);
	ck_assert_int_eq(fakebmc_requests(bmc), 0);
	teardown();
}
END_TEST

static const char *const bad_paths[] = {
	"", "p", "http://other/p", "/a b", "/a\r\nX: y", "/a#f",
};

START_TEST(test_bad_path)
{
	struct http_request req = { .path = bad_paths[_i] };
	struct err err;

	setup_with(answer_plain, NS_PER_S);
	ck_assert_int_eq(http_start(conn, &req, on_done, &seen, &err), -1);
	req = (struct http_request){ .path = "/p", .token = "a\r\nX: y" };
	ck_assert_int_eq(http_start(conn, &req, on_done, &seen, &err), -1);
	teardown();
}
END_TEST

static const struct {
	const char *url;
	bool insecure;
	const char *why;	/* NULL: taken */
} urls[] = {
	{ "https://bmc", false, NULL },
	{ "https://bmc/", false, NULL },
	{ "https://[::1]:8443", false, NULL },
	{ "http://bmc", true, NULL },
	{ "http://bmc", false, "insecure" },
	{ "https://user:pw@bmc", true, "user" },
	{ "https://user@bmc", true, "user" },
	{ "ftp://bmc", true, "http" },
	{ "file:///etc/passwd", true, "" },
	{ "https://bmc/redfish/v1", true, "only" },
	{ "https://bmc?x=1", true, "only" },
	{ "https://bmc/?", true, "only" },
	{ "https://bmc#x", true, "only" },
	{ "bmc", true, "" },
	{ "", true, "" },
	{ "https://", true, "" },
};

START_TEST(test_url)
{
	struct http_params p = { .base_url = urls[_i].url, .ca_file = "",
				 .insecure = urls[_i].insecure,
				 .timeout_ns = NS_PER_S,
				 .ts = timesource_system() };
	struct err err = { "" };
	http_t *h = http_create(&err);
	http_conn_t *c = http_conn_create(h, &p, &err);

	ck_assert_msg((c != NULL) == !urls[_i].why, "%s: %s", p.base_url,
		      err.text);
	if (!c) {
		ck_assert_ptr_nonnull(strstr(err.text, urls[_i].why));
		ck_assert_ptr_null(strstr(err.text, "pw"));
	}
	http_conn_destroy(c);
	http_destroy(h);
}
END_TEST

/* ---- redirects ---- */

static void answer_redirect(void *arg, const struct fake_request *req,
			    struct fake_answer *a)
{
	char headers[600];
	int status = 308;

	(void)arg;
	if (strcmp(req->path, "/end/") == 0 || strcmp(req->path, "/end/?q=1") == 0)
		return fake_answer_set(a, 200, "", "end");
	if (strncmp(req->path, "/loop", 5) == 0)
		snprintf(headers, sizeof(headers), "Location: /loop%d\r\n",
			 req->number);
	else if (strcmp(req->path, "/other") == 0)
		snprintf(headers, sizeof(headers), "Location: %s/end/\r\n",
			 fakebmc_url(other));
	else if (strcmp(req->path, "/self") == 0)
		snprintf(headers, sizeof(headers), "Location: %s/end/\r\n",
			 fakebmc_url(bmc));
	else if (strcmp(req->path, "/user") == 0)
		snprintf(headers, sizeof(headers),
			 "Location: http://u:p@%s/end/\r\n",
			 fakebmc_url(bmc) + 7);
	else if (strcmp(req->path, "/port") == 0)
		snprintf(headers, sizeof(headers), "Location: http://127.0.0.1/end/\r\n");
	else if (strcmp(req->path, "/name") == 0)
		snprintf(headers, sizeof(headers), "Location: http://localhost%s/end/\r\n",
			 strrchr(fakebmc_url(bmc), ':'));
	else if (strcmp(req->path, "/tls") == 0)
		snprintf(headers, sizeof(headers), "Location: %s/end/\r\n",
			 https_url());
	else if (strcmp(req->path, "/none") == 0)
		headers[0] = '\0';
	else if (sscanf(req->path, "/%d/", &status) == 1)
		snprintf(headers, sizeof(headers), "Location: /end/\r\n");
	else
		snprintf(headers, sizeof(headers), "Location: %s\r\n",
			 strchr(req->path + 1, '/') + 1);
	fake_answer_set(a, status, headers, "moved");
}

static const struct {
	const char *path;
	enum http_method method;
	long status;
	int requests;		/* that this BMC saw */
} redirects[] = {
	{ "/to//end/", HTTP_GET, 200, 2 },
	{ "/to//end/?q=1", HTTP_GET, 200, 2 },
	{ "/to/end/", HTTP_GET, 308, 4 },	/* to itself */
	{ "/self", HTTP_GET, 200, 2 },
	{ "/301/", HTTP_GET, 200, 2 },
	{ "/302/", HTTP_GET, 200, 2 },
	{ "/303/", HTTP_GET, 200, 2 },
	{ "/307/", HTTP_GET, 200, 2 },
	{ "/308/", HTTP_POST, 200, 2 },
	{ "/301/", HTTP_POST, 200, 2 },
	{ "/303/", HTTP_POST, 303, 1 },
	{ "/300/", HTTP_GET, 300, 1 },
	{ "/304/", HTTP_GET, 304, 1 },
	{ "/loop", HTTP_GET, 308, 4 },
	{ "/none", HTTP_GET, 308, 1 },
	{ "/other", HTTP_GET, 308, 1 },
	{ "/user", HTTP_GET, 308, 1 },
	{ "/to///evil.example/end/", HTTP_GET, 308, 1 },
	{ "/port", HTTP_GET, 308, 1 },
	{ "/name", HTTP_GET, 308, 1 },
	{ "/tls", HTTP_GET, 308, 1 },
	{ "/to/javascript:alert(1)", HTTP_GET, 308, 1 },
	{ "/to/gopher://127.0.0.1/end/", HTTP_GET, 308, 1 },
	{ "/to/https://127.0.0.1/end/", HTTP_GET, 308, 1 },
	{ "/to/file:///etc/passwd", HTTP_GET, 308, 1 },
	{ "/to/http://[", HTTP_GET, 308, 1 },
};

START_TEST(test_redirect)
{
	struct http_request req = { .method = redirects[_i].method,
				    .path = redirects[_i].path,
				    .user = "u", .password = "p" };
	const struct http_reply *r;

	other = fakebmc_start(answer_plain, NULL);
	setup_with(answer_redirect, 2 * NS_PER_S);
	if (req.method == HTTP_POST)
		req.body = "{}";
	r = request(req);
	ck_assert_msg(r->status == redirects[_i].status, "%s: %ld %s",
		      req.path, r->status, r->why.text);
	ck_assert_int_eq(fakebmc_requests(bmc), redirects[_i].requests);
	ck_assert_int_eq(fakebmc_connections(other), 0);
	if (redirects[_i].requests == 1)	/* not even a connection */
		ck_assert_int_eq(fakebmc_connections(bmc), 1);
	if (r->status == 200) {
		ck_assert_str_eq(r->body, "end");
		ck_assert_str_eq(fakebmc_request(bmc, 2)->method,
				 req.method == HTTP_POST ? "POST" : "GET");
	}
	if (r->status == 200 && req.body)
		ck_assert_str_eq(fakebmc_request(bmc, 2)->body, "{}");
	teardown();
	fakebmc_stop(other);
}
END_TEST

/* ---- bad answers ---- */

static void answer_raw(struct fake_answer *a, const char *text)
{
	a->data = strdup(text);
	a->size = strlen(text);
	a->close = true;
}

static void answer_bytes(struct fake_answer *a, const char *data, size_t size)
{
	a->data = malloc(size);
	memcpy(a->data, data, size);
	a->size = size;
	a->close = true;
}

static void answer_repeat(struct fake_answer *a, const char *first,
			  const char *more, int times)
{
	FILE *out = open_memstream(&a->data, &a->size);

	fputs(first, out);
	while (times-- > 0)
		fputs(more, out);
	fclose(out);
	a->close = true;
}

static void answer_body(struct fake_answer *a, size_t size)
{
	char *body = malloc(size + 1);

	memset(body, 'x', size);
	body[size] = '\0';
	fake_answer_set(a, 200, "", body);
	free(body);
}

/* `size` blanks, gzipped, whether asked for or not. */
static void answer_gzip(struct fake_answer *a, size_t size)
{
	unsigned char plain[4096], packed[4096];
	char *body;
	size_t body_size;
	FILE *out = open_memstream(&body, &body_size);
	z_stream z = { 0 };

	memset(plain, ' ', sizeof(plain));
	ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 31, 8,
				      Z_DEFAULT_STRATEGY), Z_OK);
	do {
		if (z.avail_in == 0) {
			z.next_in = plain;
			z.avail_in = (unsigned)(size < sizeof(plain) ? size :
						sizeof(plain));
			size -= z.avail_in;
		}
		z.next_out = packed;
		z.avail_out = sizeof(packed);
		deflate(&z, size ? Z_NO_FLUSH : Z_FINISH);
		fwrite(packed, 1, sizeof(packed) - z.avail_out, out);
	} while (size || z.avail_in || z.avail_out == 0);
	deflateEnd(&z);
	fclose(out);
	out = open_memstream(&a->data, &a->size);
	fprintf(out, "HTTP/1.1 200 x\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
		body_size);
	fwrite(body, 1, body_size, out);
	fclose(out);
	free(body);
}

static void answer_bad(void *arg, const struct fake_request *req,
		       struct fake_answer *a)
{
	const char *p = req->path;

	(void)arg;
	if (strcmp(p, "/good") == 0)
		return fake_answer_set(a, 200, "", "good");
	if (strcmp(p, "/hang") == 0)
		a->hang = true;
	else if (strcmp(p, "/close") == 0)
		a->close = true;
	else if (strcmp(p, "/garbage") == 0)
		answer_raw(a, "\x01\x02\x03 hello\r\n\r\n");
	else if (strcmp(p, "/cut") == 0)
		answer_raw(a, "HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\n{");
	else if (strcmp(p, "/chunked") == 0)
		answer_raw(a, "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n1\r\nf\r\n0\r\n\r\n");
	else if (strcmp(p, "/http10") == 0)
		answer_raw(a, "HTTP/1.0 200 x\r\n\r\nold");
	else if (strcmp(p, "/continue") == 0)
		answer_raw(a, "HTTP/1.1 100 x\r\nX-Auth-Token: no\r\n\r\nHTTP/1.1 200 x\r\nContent-Length: 2\r\n\r\nok");
	else if (strcmp(p, "/max") == 0)
		answer_body(a, HTTP_BODY_MAX);
	else if (strcmp(p, "/over") == 0)
		answer_body(a, HTTP_BODY_MAX + 1);
	else if (strcmp(p, "/gzip") == 0)
		answer_gzip(a, 5000);
	else if (strcmp(p, "/bomb") == 0)
		answer_gzip(a, 100 * 1024 * 1024);
	else if (strcmp(p, "/busy") == 0)
		fake_answer_set(a, 503, "Retry-After: 17\r\n", "");
	else if (strcmp(p, "/busyday") == 0)
		fake_answer_set(a, 503, "Retry-After: 99999999\r\n", "");
	else if (strcmp(p, "/date") == 0)
		fake_answer_set(a, 503, "Date: Thu, 01 Jan 1970 00:01:00 GMT\r\n"
				"Retry-After: Thu, 01 Jan 1970 00:01:42 GMT\r\n", "");
	else if (strcmp(p, "/datepast") == 0)
		fake_answer_set(a, 503, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
				"Retry-After: Sun, 06 Nov 1994 08:49:36 GMT\r\n", "");
	else if (strcmp(p, "/dateodd") == 0)
		fake_answer_set(a, 503, "Retry-After: soon\r\n", "");
	else if (strcmp(p, "/datelong") == 0)
		fake_answer_set(a, 503, "Retry-After: 99999999999999999999\r\n", "");
	else if (strcmp(p, "/dateminus") == 0)
		fake_answer_set(a, 503, "Retry-After: -5\r\n", "");
	else if (strcmp(p, "/100mb") == 0) {
		answer_raw(a, "HTTP/1.1 200 x\r\nContent-Length: 104857600\r\n\r\n");
		a->blanks = 104857600;
	} else if (strcmp(p, "/100mbchunked") == 0) {
		answer_raw(a, "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n6400000\r\n");
		a->blanks = 104857600;
	} else if (strcmp(p, "/endless") == 0) {
		answer_raw(a, "HTTP/1.0 200 x\r\n\r\n");
		a->blanks = 104857600;
	} else if (strcmp(p, "/longline") == 0) {
		answer_raw(a, "HTTP/1.1 200 x\r\nX:");
		a->blanks = 104857600;
	} else if (strcmp(p, "/drip") == 0) {
		fake_answer_set(a, 200, "", "dripping as long as it likes");
		a->drip_ms = 50;
	} else if (strcmp(p, "/h2") == 0)
		answer_bytes(a, "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64", 15);
	else if (strcmp(p, "/http09") == 0)
		answer_raw(a, "{\"p\":1}");
	else if (strcmp(p, "/continues") == 0)
		answer_repeat(a, "", "HTTP/1.1 100 x\r\n\r\n", 10000);
	else if (strcmp(p, "/trailers") == 0)
		answer_repeat(a, "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
			      "X-T: 0123456789012345678901234567890123456789\r\n", 1000);
	else if (strcmp(p, "/length") == 0)
		answer_raw(a, "HTTP/1.1 200 x\r\nContent-Length: -7\r\n\r\n{}");
	else if (strcmp(p, "/lengths") == 0)
		answer_raw(a, "HTTP/1.1 200 x\r\nContent-Length: 99999999999999999999\r\n\r\n{}");
	else if (strcmp(p, "/chunks") == 0)
		answer_raw(a, "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n");
	else if (strcmp(p, "/notgzip") == 0)
		fake_answer_set(a, 200, "Content-Encoding: gzip\r\n", "{\"p\":1}");
	else if (strcmp(p, "/brotli") == 0)
		fake_answer_set(a, 200, "Content-Encoding: br\r\n", "{\"p\":1}");
	else if (strcmp(p, "/nul") == 0)
		answer_bytes(a, "HTTP/1.1 200 x\r\nX-Auth-Token: a\0b\r\nContent-Length: 2\r\n\r\n{}", 58);
	else if (strcmp(p, "/status") == 0)
		answer_raw(a, "HTTP/1.1 999999999999 x\r\n\r\n{}");
	else if (strcmp(p, "/status9") == 0)
		answer_raw(a, "HTTP/2147483648/1 201 x\r\nContent-Length: 0\r\n\r\n");
	else if (strcmp(p, "/status0") == 0)
		answer_raw(a, "HTTP/2 0 x\r\nContent-Length: 2\r\n\r\n{}");
	else if (strcmp(p, "/headers") == 0) {
		FILE *out = open_memstream(&a->data, &a->size);

		fprintf(out, "HTTP/1.1 200 x\r\n");
		for (int i = 0; i < 1000; i++)
			fprintf(out, "X-Header-%d: 01234567890123456789012345678901234567890123456789\r\n", i);
		fprintf(out, "Content-Length: 0\r\n\r\n");
		fclose(out);
	}
}

static const struct {
	const char *path;
	long status;
	size_t size;
	int64_t retry_s;
	const char *why;
} answers[] = {
	{ "/good", 200, 4, 0, "" },
	{ "/chunked", 200, 6, 0, "" },
	{ "/http10", 200, 3, 0, "" },
	{ "/continue", 200, 2, 0, "" },
	{ "/max", 200, HTTP_BODY_MAX, 0, "" },
	{ "/gzip", 200, 5000, 0, "" },
	{ "/lengths", 200, 2, 0, "" },
	{ "/busy", 503, 0, 17, "status 503" },
	{ "/busyday", 503, 0, 0, "status 503" },
	{ "/date", 503, 0, 42, "status 503" },
	{ "/datepast", 503, 0, 0, "status 503" },
	{ "/dateodd", 503, 0, 0, "status 503" },
	{ "/datelong", 503, 0, 0, "status 503" },
	{ "/dateminus", 503, 0, 0, "status 503" },
	{ "/over", 0, 0, 0, "the answer is larger than 256 KB" },
	{ "/bomb", 0, 0, 0, "the answer is larger than 256 KB" },
	{ "/100mb", 0, 0, 0, "the answer is larger than 256 KB" },
	{ "/100mbchunked", 0, 0, 0, "the answer is larger than 256 KB" },
	{ "/endless", 0, 0, 0, "the answer is larger than 256 KB" },
	{ "/headers", 0, 0, 0, "headers are larger than 32 KB" },
	{ "/continues", 0, 0, 0, "headers are larger than 32 KB" },
	{ "/trailers", 0, 0, 0, "headers are larger than 32 KB" },
	{ "/longline", 0, 0, 0, "" },
	{ "/drip", 0, 0, 0, "no answer in 0.3 s" },
	{ "/h2", 0, 0, 0, "HTTP/0.9" },
	{ "/http09", 0, 0, 0, "HTTP/0.9" },
	{ "/length", 0, 0, 0, "" },
	{ "/chunks", 0, 0, 0, "" },
	{ "/notgzip", 0, 0, 0, "" },
	{ "/brotli", 0, 0, 0, "" },
	{ "/nul", 0, 0, 0, "" },
	{ "/status", 0, 0, 0, "" },
	{ "/status9", 0, 0, 0, "Weird server reply" },
	{ "/status0", 0, 0, 0, "" },
	{ "/close", 0, 0, 0, "" },
	{ "/garbage", 0, 0, 0, "" },
	{ "/cut", 0, 0, 0, "" },
	{ "/hang", 0, 0, 0, "no answer in 0.3 s" },
};

static long rss_max_kb(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_maxrss;
}

START_TEST(test_answer)
{
	const struct http_reply *r;
	long rss_kb;

	setup_with(answer_bad, strstr(answers[_i].why, "0.3 s") ?
		   3 * NS_PER_S / 10 : 20 * NS_PER_S);
	rss_kb = rss_max_kb();
	r = get(answers[_i].path);
	/* memory does not follow what a BMC sends; the buffers it may fill do */
	ck_assert_int_lt(rss_max_kb() - rss_kb, 4096);
	ck_assert_msg(r->status == answers[_i].status, "%s: %ld %s",
		      answers[_i].path, r->status, r->why.text);
	ck_assert_uint_eq(r->size, answers[_i].size);
	ck_assert_int_eq(r->body[r->size], '\0');
	ck_assert_str_eq(r->token, "");
	ck_assert_int_eq(r->retry_after_ns, answers[_i].retry_s * NS_PER_S);
	ck_assert_msg(strstr(r->why.text, answers[_i].why) != NULL, "%s",
		      r->why.text);
	if (r->status != 200)
		ck_assert_ptr_nonnull(strstr(r->why.text, fakebmc_url(bmc)));
	/* and the next request is well */
	ck_assert_int_eq(get("/good")->status, 200);
	ck_assert_str_eq(seen.body, "good");
	teardown();
}
END_TEST

/* A kept connection on which nothing is said any more is not kept. */
START_TEST(test_hang_when_kept)
{
	setup_with(answer_bad, NS_PER_S / 4);
	ck_assert_int_eq(get("/good")->status, 200);
	ck_assert_int_eq(get("/hang")->status, 0);
	ck_assert_int_eq(get("/good")->status, 200);
	ck_assert_int_eq(fakebmc_connections(bmc), 2);
	ck_assert_int_eq(fakebmc_request(bmc, 2)->connection, 1);
	teardown();
}
END_TEST

static void answer_and_close(void *arg, const struct fake_request *req,
			     struct fake_answer *a)
{
	(void)arg;
	(void)req;
	fake_answer_set(a, 200, "Connection: keep-alive\r\n", "{}");
	a->close = true;
}

/* One that the BMC closed meanwhile, in spite of what it said, costs nothing. */
START_TEST(test_closed_when_kept)
{
	setup_with(answer_and_close, 2 * NS_PER_S);
	for (int i = 0; i < 50; i++)
		ck_assert_msg(get("/p")->status == 200, "%s",
			      seen.reply.why.text);
	teardown();
}
END_TEST

static void answer_folded(void *arg, const struct fake_request *req,
			  struct fake_answer *a)
{
	(void)arg;
	if (req->number % 2)
		fake_answer_set(a, 200, "X-Last: 1\r\n", "{}");
	else
		fake_answer_set(a, 200, " X-Blank: 1\r\n", "{}");
}

/* A first header that begins with a blank has none before it to go on with. */
START_TEST(test_folded)
{
	setup_with(answer_folded, 2 * NS_PER_S);
	for (int i = 0; i < 10; i++) {
		ck_assert_msg(get("/p")->status == 200, "%s",
			      seen.reply.why.text);
		if (get("/p")->status != 200)
			ck_assert_str_ne(seen.reply.why.text, "");
	}
	teardown();
}
END_TEST

/* Large, so that curl stops reading where the length says, and one more. */
static void answer_twice(void *arg, const struct fake_request *req,
			 struct fake_answer *a)
{
	FILE *out = open_memstream(&a->data, &a->size);

	(void)arg;
	fprintf(out, "HTTP/1.1 200 x\r\nContent-Length: 100000\r\n\r\n%-100000d",
		req->number);
	fprintf(out, "HTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\n0");
	fclose(out);
}

/* What stands behind an answer is never taken for the next one. */
START_TEST(test_answer_twice)
{
	setup_with(answer_twice, 2 * NS_PER_S);
	for (int i = 1; i <= 20; i++) {
		ck_assert_msg(get("/p")->status == 200, "%s",
			      seen.reply.why.text);
		ck_assert_uint_eq(seen.reply.size, 100000);
		ck_assert_int_eq(atoi(seen.body), i);
		usleep(5000);	/* until it is all there */
	}
	teardown();
}
END_TEST

/*
 * Two that ask the same server get the same connections of libcurl's: what lies
 * in one is the other's answer, and not to be thrown away.
 */
static void answer_last(void *arg, const struct fake_request *req,
			struct fake_answer *a)
{
	(void)arg;
	fake_answer_set(a, 200, "", "{}");
	a->close = strcmp(req->path, "/last") == 0;
}

START_TEST(test_two_of_one_server)
{
	struct http_params p = { .insecure = true, .timeout_ns = 2 * NS_PER_S,
				 .ts = timesource_system() };
	const struct http_request req = { .path = "/last" };
	static struct seen seen2;
	http_conn_t *second;
	struct err err;

	setup_with(answer_last, 2 * NS_PER_S);
	p.base_url = fakebmc_url(bmc);
	second = http_conn_create(http, &p, &err);
	ck_assert_ptr_nonnull(second);
	get("/first");
	ck_assert_int_eq(http_start(second, &req, on_done, &seen2, &err), 0);
	usleep(50000);		/* its answer is there, and nobody has read it */
	ck_assert_msg(get("/next")->status == 200, "%s", seen.reply.why.text);
	while (!seen2.calls)
		http_poll(http, NULL, 0, 100, &err);
	ck_assert_int_eq(seen2.reply.status, 200);
	/* each was asked for once */
	ck_assert_int_eq(fakebmc_request(bmc, 2)->connection, 1);
	ck_assert_int_eq(fakebmc_requests(bmc), 3);
	http_conn_destroy(second);
	teardown();
}
END_TEST

/* A redirect does not buy time. */
static void answer_slow_loop(void *arg, const struct fake_request *req,
			     struct fake_answer *a)
{
	(void)arg;
	(void)req;
	usleep(150 * 1000);
	fake_answer_set(a, 308, "Location: /on\r\n", "");
}

START_TEST(test_time_of_all_legs)
{
	int64_t began;

	setup_with(answer_slow_loop, NS_PER_S / 5);
	began = clock_boot_ns();
	ck_assert_int_eq(get("/p")->status, 0);
	ck_assert_int_lt(clock_boot_ns() - began, NS_PER_S * 3 / 10);
	ck_assert_int_ge(fakebmc_requests(bmc), 1);
	teardown();
}
END_TEST

START_TEST(test_nobody_listens)
{
	struct http_params p = { .base_url = "http://127.0.0.1:1",
				 .insecure = true, .timeout_ns = NS_PER_S,
				 .ts = timesource_system() };

	setup_with(answer_plain, NS_PER_S);
	http_conn_destroy(conn);
	conn = http_conn_create(http, &p, NULL);
	ck_assert_int_eq(get("/p")->status, 0);
	ck_assert_ptr_nonnull(strstr(seen.reply.why.text, "http://127.0.0.1:1/p"));
	teardown();
}
END_TEST

/* A cancelled request never calls back, and leaves the connection usable. */
START_TEST(test_cancel)
{
	struct http_request req = { .path = "/hang" };
	struct err err;

	setup_with(answer_bad, 10 * NS_PER_S);
	ck_assert_int_eq(http_start(conn, &req, on_done, &seen, &err), 0);
	ck_assert_int_eq(http_start(conn, &req, on_done, &seen, &err), -1);
	while (fakebmc_requests(bmc) < 1)
		http_poll(http, NULL, 0, 10, &err);
	http_cancel(conn);
	http_cancel(conn);
	ck_assert(!http_busy(conn));
	ck_assert_int_eq(get("/good")->status, 200);
	ck_assert_int_eq(seen.calls, 1);
	teardown();
}
END_TEST

START_TEST(test_poll_wakes)
{
	struct pollfd fd = { .events = POLLIN };
	int pipes[2];
	struct err err;
	int64_t began;

	setup_with(answer_plain, NS_PER_S);
	ck_assert_int_eq(pipe(pipes), 0);
	fd.fd = pipes[0];
	began = clock_boot_ns();
	ck_assert_int_eq(http_poll(http, &fd, 1, 50, &err), 0);
	ck_assert_int_ge(clock_boot_ns() - began, 49 * (NS_PER_S / 1000));
	ck_assert_int_eq(fd.revents, 0);
	ck_assert_int_eq(write(pipes[1], "x", 1), 1);
	ck_assert_int_eq(http_poll(http, &fd, 1, 60000, &err), 0);
	ck_assert_int_eq(fd.revents, POLLIN);
	close(pipes[0]);
	close(pipes[1]);
	teardown();
}
END_TEST

static Suite *http_suite(void)
{
	Suite *s = suite_create("http");
	TCase *tc = tcase_create("http");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_requests);
	tcase_add_test(tc, test_times);
	tcase_add_test(tc, test_no_proxy);
	tcase_add_test(tc, test_no_netrc_no_cookies);
	tcase_add_test(tc, test_not_inherited);
	tcase_add_loop_test(tc, test_basic, 0, LEN(logins));
	tcase_add_test(tc, test_basic_too_long);
	tcase_add_test(tc, test_no_key_log);
	tcase_add_loop_test(tc, test_tls_params, 0, LEN(tls));
	tcase_add_test(tc, test_no_ca);
	tcase_add_loop_test(tc, test_bad_path, 0, LEN(bad_paths));
	tcase_add_loop_test(tc, test_url, 0, LEN(urls));
	tcase_add_loop_test(tc, test_redirect, 0, LEN(redirects));
	tcase_add_loop_test(tc, test_answer, 0, LEN(answers));
	tcase_add_test(tc, test_hang_when_kept);
	tcase_add_test(tc, test_closed_when_kept);
	tcase_add_test(tc, test_folded);
	tcase_add_test(tc, test_answer_twice);
	tcase_add_test(tc, test_two_of_one_server);
	tcase_add_test(tc, test_time_of_all_legs);
	tcase_add_test(tc, test_nobody_listens);
	tcase_add_test(tc, test_cancel);
	tcase_add_test(tc, test_poll_wakes);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(http_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
