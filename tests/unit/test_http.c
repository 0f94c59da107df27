/* SPDX-License-Identifier: GPL-2.0-or-later */
/* http: against a server that answers what no good BMC would. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Proxies of the environment would see the password. */
START_TEST(test_no_proxy)
{
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	setup_with(answer_plain, 2 * NS_PER_S);
	ck_assert_int_eq(get("/p")->status, 200);
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
	ck_assert_int_eq(fakebmc_requests(other), 0);
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
	z_stream z = { 0 };
	char *plain = malloc(size), *packed = malloc(size + 1024);
	FILE *out;

	memset(plain, ' ', size);
	ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 31, 8,
				      Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (void *)plain;
	z.avail_in = (unsigned)size;
	z.next_out = (void *)packed;
	z.avail_out = (unsigned)size + 1024;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	out = open_memstream(&a->data, &a->size);
	fprintf(out, "HTTP/1.1 200 x\r\nContent-Encoding: gzip\r\nContent-Length: %lu\r\n\r\n",
		z.total_out);
	fwrite(packed, 1, z.total_out, out);
	fclose(out);
	deflateEnd(&z);
	free(plain);
	free(packed);
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
		answer_gzip(a, 20 * 1024 * 1024);
	else if (strcmp(p, "/busy") == 0)
		fake_answer_set(a, 503, "Retry-After: 17\r\n", "");
	else if (strcmp(p, "/busyday") == 0)
		fake_answer_set(a, 503, "Retry-After: 99999999\r\n", "");
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
	{ "/busy", 503, 0, 17, "status 503" },
	{ "/busyday", 503, 0, 0, "status 503" },
	{ "/over", 0, 0, 0, "larger than 256 KB" },
	{ "/bomb", 0, 0, 0, "larger than 256 KB" },
	{ "/headers", 0, 0, 0, "larger than 256 KB" },
	{ "/close", 0, 0, 0, "" },
	{ "/garbage", 0, 0, 0, "" },
	{ "/cut", 0, 0, 0, "" },
	{ "/hang", 0, 0, 0, "no answer in 0.3 s" },
};

START_TEST(test_answer)
{
	const struct http_reply *r;

	setup_with(answer_bad, strcmp(answers[_i].path, "/hang") == 0 ?
		   3 * NS_PER_S / 10 : 20 * NS_PER_S);
	r = get(answers[_i].path);
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
	tcase_add_loop_test(tc, test_bad_path, 0, LEN(bad_paths));
	tcase_add_loop_test(tc, test_url, 0, LEN(urls));
	tcase_add_loop_test(tc, test_redirect, 0, LEN(redirects));
	tcase_add_loop_test(tc, test_answer, 0, LEN(answers));
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
