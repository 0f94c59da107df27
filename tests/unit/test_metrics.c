/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Prometheus reads: both texts, labels, accounts' totals, the port. */
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "collector/scrape.h"
#include "lib/seal.h"
#include "lib/totals.h"
#include "scratch.h"

/* ---- labels ---------------------------------------------------------------- */

static const struct {
	const char *text, *label;
} labels[] = {
	{ "", "" },
	{ "hpc-01", "hpc-01" },
	{ "=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0" },
	{ "a,b", "a,b" },
	{ "a\"b\\", "a\\\"b\\\\" },
	{ "line\nend\r", "line%0Aend%0D" },
	{ "50%", "50%25" },
	{ "%0A", "%250A" },
	{ "caf\xc3\xa9", "caf\xc3\xa9" },
	{ "caf\xe9", "caf%E9" },
	{ "\xff\xfe", "%FF%FE" },
	{ "\xc2\x85", "%C2%85" },		/* a control */
	{ "\xed\xa0\x80", "%ED%A0%80" },	/* half of a pair */
	{ "\xe2\x82", "%E2%82" },		/* cut off */
	{ "\x7f", "%7F" },
};

START_TEST(test_label)
{
	char *label = expo_escape(labels[_i].text);

	ck_assert_str_eq(label, labels[_i].label);
	free(label);
}
END_TEST

/* Texts that differ have labels that differ: else a scrape would fail. */
START_TEST(test_label_injective)
{
	for (size_t i = 0; i < COUNT(labels); i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(labels[i].label, labels[k].label);
}
END_TEST

/* ---- families -------------------------------------------------------------- */

static char *exposed(enum expo_dialect dialect,
		     void (*fill)(struct expo *e, const void *arg),
		     const void *arg)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct expo e;

	expo_begin(&e, f, dialect);
	fill(&e, arg);
	expo_end(&e);
	fclose(f);
	return text;
}

static void fill_some(struct expo *e, const void *arg)
{
	(void)arg;
	expo_family(e, "w_energy_joules", EXPO_COUNTER, "joules", "node",
		    "Energy.");
	expo_sample(e, "n1", NULL, 1.25);
	expo_sample(e, "n2", NULL, NAN);	/* unknown */
	expo_sample(e, "n3", NULL, INFINITY);
	expo_sample(e, "n4", NULL, -1);	/* no counter's */
	expo_sample(e, "n5", NULL, 1e20);
	expo_family(e, "w_power_watts", EXPO_GAUGE, "watts", NULL, "Power.");
	expo_sample(e, NULL, NULL, 0.1);
	expo_family(e, "w_node", EXPO_INFO, NULL, "node", "What it is.");
	expo_sample(e, "n1", "source=\"x\"", 1);
}

START_TEST(test_openmetrics)
{
	char *text = exposed(EXPO_OPENMETRICS, fill_some, NULL);

	ck_assert_str_eq(text,
		"# HELP w_energy_joules Energy.\n"
		"# TYPE w_energy_joules counter\n"
		"# UNIT w_energy_joules joules\n"
		"w_energy_joules_total{node=\"n1\"} 1.25\n"
		"w_energy_joules_total{node=\"n5\"} 1e+20\n"
		"# HELP w_power_watts Power.\n"
		"# TYPE w_power_watts gauge\n"
		"# UNIT w_power_watts watts\n"
		"w_power_watts 0.1\n"
		"# HELP w_node What it is.\n"
		"# TYPE w_node info\n"
		"w_node_info{node=\"n1\",source=\"x\"} 1\n"
		"# EOF\n");
	free(text);
}
END_TEST

START_TEST(test_prometheus)
{
	char *text = exposed(EXPO_PROMETHEUS, fill_some, NULL);

	ck_assert_str_eq(text,
		"# HELP w_energy_joules_total Energy.\n"
		"# TYPE w_energy_joules_total counter\n"
		"w_energy_joules_total{node=\"n1\"} 1.25\n"
		"w_energy_joules_total{node=\"n5\"} 1e+20\n"
		"# HELP w_power_watts Power.\n"
		"# TYPE w_power_watts gauge\n"
		"w_power_watts 0.1\n"
		"# HELP w_node_info What it is.\n"
		"# TYPE w_node_info gauge\n"
		"w_node_info{node=\"n1\",source=\"x\"} 1\n");
	free(text);
}
END_TEST

/* ---- totals ---------------------------------------------------------------- */

START_TEST(test_total_never_falls)
{
	struct total a = { .name = NULL };

	total_add(&a, TOTAL_JOULES, 100);
	total_add(&a, TOTAL_JOULES, NAN);
	total_add(&a, TOTAL_JOULES, -30);
	ck_assert_double_eq(a.sum[TOTAL_JOULES], 100);
	total_add(&a, TOTAL_JOULES, 20);	/* is owed */
	ck_assert_double_eq(a.sum[TOTAL_JOULES], 100);
	total_add(&a, TOTAL_JOULES, 20);	/* half of it is */
	ck_assert_double_eq(a.sum[TOTAL_JOULES], 110);
	ck_assert_double_eq(a.owed[TOTAL_JOULES], 0);
}
END_TEST

static struct totals some_totals(void)
{
	static const char *const names[] = {
		"", "physics", "others", "a b%c\n\"=", "caf\xe9", "-", "=x",
	};
	struct totals t = { .len = 0 };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct total *a = totals_of(&t, names[i]);

		a->jobs = i;
		a->measured = i / 2;
		total_add(a, TOTAL_JOULES, 0.1 * (double)i);
		total_add(a, TOTAL_JOULES, -0.01);
		total_add(a, TOTAL_GPU_S, 1e15);
	}
	return t;
}

START_TEST(test_totals_round)
{
	struct totals t = some_totals(), back = { .len = 0 };
	const char *path = scratch_path("totals"), *body;
	char *text = NULL, *read;
	struct err err;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fprintf(f, "at=1795443666\nscheduler=slurm\n");
	totals_print(f, &t);
	fclose(f);
	ck_assert_int_eq(seal_write(path, TOTALS_KIND, TOTALS_VERSION, text,
				    0640, &err), 0);
	read = seal_read(path, TOTALS_KIND, TOTALS_VERSION, TOTALS_FILE_MAX,
			 &body, &err);
	ck_assert_msg(read != NULL, "%s", err.text);
	ck_assert_msg(totals_parse(&back, body, &err) == 0, "%s", err.text);
	ck_assert_int_eq(back.at_s, 1795443666);
	ck_assert_str_eq(back.scheduler, "slurm");
	ck_assert_uint_eq(back.len, t.len);
	for (size_t i = 0; i < t.len; i++) {
		ck_assert_str_eq(back.list[i].name, t.list[i].name);
		ck_assert_uint_eq(back.list[i].jobs, t.list[i].jobs);
		ck_assert_mem_eq(back.list[i].sum, t.list[i].sum,
				 sizeof(t.list[i].sum));
		ck_assert_mem_eq(back.list[i].owed, t.list[i].owed,
				 sizeof(t.list[i].owed));
	}
	free(read);
	free(text);
	totals_clear(&t);
	totals_clear(&back);
}
END_TEST

static const char *const bad_lines[] = {
	"", "account", "account ", "account =a", "account a 1 1",
	"account =a 1 1 0/0 0/0 0/0 0/0 0/0 0/0",
	"account =a 1 1 0/0 0/0 0/0 0/0 0/0 0/0 0/0 0/0",
	"account =a -1 1 0/0 0/0 0/0 0/0 0/0 0/0 0/0",
	"account =a 1 1 nan/0 0/0 0/0 0/0 0/0 0/0 0/0",
	"account =a 1 1 0/inf 0/0 0/0 0/0 0/0 0/0 0/0",
	"account =a 1 1 -1/0 0/0 0/0 0/0 0/0 0/0 0/0",
	"account =a 1 1 1e30/0 0/0 0/0 0/0 0/0 0/0 0/0",
	"account =%0 1 1 0/0 0/0 0/0 0/0 0/0 0/0 0/0",
	"account =%00 1 1 0/0 0/0 0/0 0/0 0/0 0/0 0/0",
	"account =%zz 1 1 0/0 0/0 0/0 0/0 0/0 0/0 0/0",
};

START_TEST(test_totals_bad)
{
	struct totals t = { .len = 0 };
	struct err err;

	ck_assert_int_eq(totals_parse_line(&t, bad_lines[_i], &err), -1);
	ck_assert_uint_eq(t.len, 0);
	totals_clear(&t);
}
END_TEST

START_TEST(test_totals_twice)
{
	static const char line[] = "account =a 1 1 0/0 0/0 0/0 0/0 0/0 0/0 0/0";
	struct totals t = { .len = 0 };
	struct err err;

	ck_assert_int_eq(totals_parse_line(&t, line, &err), 0);
	ck_assert_int_eq(totals_parse_line(&t, line, &err), -1);
	totals_clear(&t);
}
END_TEST

START_TEST(test_totals_bounded)
{
	struct totals t = { .len = 0 };
	char name[32];

	for (int i = 0; i < 3 * TOTALS_MAX; i++) {
		snprintf(name, sizeof(name), "a%d", i);
		totals_of(&t, name)->jobs++;
	}
	ck_assert_uint_eq(t.len, TOTALS_MAX + 1);
	ck_assert_ptr_null(t.list[TOTALS_MAX].name);
	ck_assert_uint_eq(t.list[TOTALS_MAX].jobs, 2 * TOTALS_MAX);
	ck_assert_ptr_eq(totals_of(&t, "a7"), &t.list[7]);
	totals_clear(&t);
}
END_TEST

static void fill_totals(struct expo *e, const void *arg)
{
	totals_expose(e, arg);
}

/* No energy known: no sample of it; an account called "others" is not all others. */
START_TEST(test_totals_expose)
{
	struct totals t = { .len = 0 };
	struct total *a = totals_of(&t, "a");
	struct total *named = totals_of(&t, "others");
	char *text;

	a->jobs = named->jobs = 3;
	named->measured = 2;
	total_add(named, TOTAL_JOULES, 7);
	t.len = TOTALS_MAX;	/* as if it were full */
	t.list = realloc(t.list, (TOTALS_MAX + 1) * sizeof(*t.list));
	t.room = TOTALS_MAX + 1;
	for (size_t i = 2; i < TOTALS_MAX; i++)
		t.list[i] = (struct total){ .name = strdup("x") };
	totals_of(&t, "late")->jobs = 9;
	text = exposed(EXPO_PROMETHEUS, fill_totals, &t);
	ck_assert_ptr_nonnull(strstr(text, "wattgate_account_jobs_total{account=\"a\"} 3\n"));
	ck_assert_ptr_null(strstr(text, "joules_total{account=\"a\"}"));
	ck_assert_ptr_nonnull(strstr(text, "energy_joules_total{account=\"%6Fthers\"} 7\n"));
	ck_assert_ptr_nonnull(strstr(text, "wattgate_account_jobs_total{account=\"others\"} 9\n"));
	ck_assert_ptr_null(strstr(text, "wattgate_account_cost_total"));
	free(text);
	totals_clear(&t);
}
END_TEST

/* ---- sealed files ---------------------------------------------------------- */

static const struct {
	const char *text, *why;
} sealed[] = {
	{ "", "no k file" },
	{ "k", "no k file" },
	{ "\n", "no k file" },
	{ "other 1 00000000\n", "no k file" },
	{ "k 2 00000000\n", "of version 2" },
	{ "k 1 00000001\n", "checksum" },
	{ "k 1 0\n", "checksum" },
	{ "k 1  00000000\n", "checksum" },
	{ "k 1 00000000\nx", "checksum" },
	{ "k 1 00000000\n", NULL },
	{ "k 1 8cdc1683\nx", NULL },
};

START_TEST(test_seal)
{
	const char *path = scratch_path("k"), *body;
	struct err err = { "" };
	char *text;

	file_write(path, sealed[_i].text, strlen(sealed[_i].text));
	text = seal_read(path, "k", 1, 100, &body, &err);
	if (sealed[_i].why) {
		ck_assert_ptr_null(text);
		ck_assert_msg(strstr(err.text, sealed[_i].why) != NULL, "%s",
			      err.text);
	} else {
		ck_assert_msg(text != NULL, "%s", err.text);
	}
	free(text);
	/* too large a file is not read at all */
	if (strlen(sealed[_i].text) > 3)
		ck_assert_ptr_null(seal_read(path, "k", 1, 3, &body, &err));
}
END_TEST

/* ---- requests -------------------------------------------------------------- */

#define H "Host: x\r\n"

static const struct {
	const char *text;
	enum scrape_answer answer;
	bool open;
} requests[] = {
	{ "", SCRAPE_MORE, false },
	{ "GET /metrics HTTP/1.1\r\n" H, SCRAPE_MORE, false },
	{ "GET /metrics HTTP/1.1\r\n" H "\r\n", SCRAPE_METRICS, false },
	{ "GET /metrics HTTP/1.0\n\n", SCRAPE_METRICS, false },
	{ "GET /metrics?x=1 HTTP/1.1\r\n\r\n", SCRAPE_METRICS, false },
	{ "GET /metrics HTTP/1.1\r\naccept: application/openmetrics-text;version=1.0.0;q=0.75,text/plain\r\n\r\n",
	  SCRAPE_METRICS, true },
	{ "GET /metrics HTTP/1.1\r\nAccept: text/plain,Application/OpenMetrics-Text\r\n\r\n",
	  SCRAPE_METRICS, true },
	{ "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text;q=0,text/plain\r\n\r\n",
	  SCRAPE_METRICS, false },
	{ "GET /metrics HTTP/1.1\r\nAccept: text/plain\r\nX: application/openmetrics-text\r\n\r\n",
	  SCRAPE_METRICS, false },
	{ "GET /metrics HTTP/1.1\r\n\r\nAccept: application/openmetrics-text\r\n",
	  SCRAPE_METRICS, false },
	{ "GET / HTTP/1.1\r\n\r\n", SCRAPE_OTHER_PATH, false },
	{ "GET /metricsx HTTP/1.1\r\n\r\n", SCRAPE_OTHER_PATH, false },
	{ "GET /../metrics HTTP/1.1\r\n\r\n", SCRAPE_OTHER_PATH, false },
	{ "POST /metrics HTTP/1.1\r\n\r\n", SCRAPE_OTHER_METHOD, false },
	{ "get /metrics HTTP/1.1\r\n\r\n", SCRAPE_OTHER_METHOD, false },
	{ "GET /metrics\r\n\r\n", SCRAPE_BAD, false },
	{ "GET /metrics HTTP/2\r\n\r\n", SCRAPE_BAD, false },
	{ "\r\n\r\n", SCRAPE_BAD, false },
	{ "\n\n", SCRAPE_BAD, false },
	{ "\x16\x03\x01\x02\x00", SCRAPE_MORE, false },
};

START_TEST(test_request)
{
	enum expo_dialect dialect;

	ck_assert_int_eq(scrape_parse(requests[_i].text,
				      strlen(requests[_i].text), &dialect),
			 requests[_i].answer);
	ck_assert_int_eq(dialect == EXPO_OPENMETRICS, requests[_i].open);
}
END_TEST

START_TEST(test_request_bounds)
{
	char text[SCRAPE_REQUEST_MAX + 1];
	enum expo_dialect dialect;

	memset(text, 'a', sizeof(text));
	text[SCRAPE_REQUEST_MAX] = '\0';
	ck_assert_int_eq(scrape_parse(text, SCRAPE_REQUEST_MAX, &dialect),
			 SCRAPE_BAD);
	ck_assert_int_eq(scrape_parse("GET\0 /metrics HTTP/1.1\r\n\r\n", 26,
				      &dialect), SCRAPE_BAD);
}
END_TEST

/* ---- the port -------------------------------------------------------------- */

static size_t lines_wanted;

static void fill_lines(struct expo *e, void *arg)
{
	(void)arg;
	expo_family(e, "w_x", EXPO_GAUGE, NULL, NULL, "X.");
	for (size_t i = 0; i < lines_wanted; i++)
		expo_sample(e, NULL, "x=\"a long label, to have many bytes\"", 1);
}

static int dial(const scrape_t *s)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)scrape_port(s)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	connect(fd, (struct sockaddr *)&to, sizeof(to));
	return fd;
}

/* All that it answers, while the server has its turns. */
static size_t converse(scrape_t *s, const char *request, char *buf, size_t size)
{
	int fd = dial(s);
	size_t len = 0;
	bool asked = false;

	for (int turn = 0; turn < 20000; turn++) {
		ssize_t n;

		scrape_run(s);
		if (!asked) {
			asked = send(fd, request, strlen(request),
				     MSG_NOSIGNAL) > 0;
			continue;
		}
		n = recv(fd, buf + len, size - len - 1, 0);
		if (n == 0)
			break;
		if (n > 0)
			len += (size_t)n;
		else
			poll(NULL, 0, 1);
	}
	close(fd);
	buf[len] = '\0';
	return len;
}

START_TEST(test_port)
{
	static char buf[4 * 1024 * 1024];
	struct err err;
	scrape_t *s = scrape_create("127.0.0.1:0", fill_lines, NULL, NULL, &err);
	int idle[SCRAPE_CONNECTIONS_MAX];

	ck_assert_msg(s != NULL, "%s", err.text);
	lines_wanted = 1;
	converse(s, "GET /metrics HTTP/1.1\r\n\r\n", buf, sizeof(buf));
	ck_assert_ptr_nonnull(strstr(buf, "HTTP/1.1 200 OK\r\n"));
	ck_assert_ptr_nonnull(strstr(buf, "version=0.0.4"));
	ck_assert_ptr_null(strstr(buf, "# EOF"));
	converse(s, "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text\r\n\r\n",
		 buf, sizeof(buf));
	ck_assert_ptr_nonnull(strstr(buf, "application/openmetrics-text; version=1.0.0"));
	ck_assert_str_eq(buf + strlen(buf) - 6, "# EOF\n");
	converse(s, "GET /x HTTP/1.1\r\n\r\n", buf, sizeof(buf));
	ck_assert_ptr_nonnull(strstr(buf, "404"));

	/* more than a socket takes at once */
	lines_wanted = 50000;
	ck_assert_uint_gt(converse(s, "GET /metrics HTTP/1.1\r\n\r\n", buf,
				   sizeof(buf)), 2000000);
	lines_wanted = 1;

	/* those that say nothing keep others out for a moment only */
	for (size_t i = 0; i < COUNT(idle); i++) {
		idle[i] = dial(s);
		scrape_run(s);
	}
	sleep(3);
	converse(s, "GET /metrics HTTP/1.1\r\n\r\n", buf, sizeof(buf));
	ck_assert_ptr_nonnull(strstr(buf, "200 OK"));
	for (size_t i = 0; i < COUNT(idle); i++)
		close(idle[i]);
	scrape_destroy(s);
}
END_TEST

static const struct {
	const char *listen;
	bool well;
} listens[] = {
	{ "127.0.0.1:9834", true }, { "[::1]:9834", true }, { "0.0.0.0:1", true },
	{ "", false }, { ":9834", false }, { "localhost:9834", false },
	{ "::1:9834", false }, { "127.0.0.1", false }, { "127.0.0.1:", false },
	{ "127.0.0.1:http", false }, { "127.0.0.1:99999999", false },
	{ "[]:1", false },
};

START_TEST(test_listen)
{
	struct err err;

	ck_assert_msg((scrape_check(listens[_i].listen, &err) == 0) ==
		      listens[_i].well, "%s", listens[_i].listen);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("metrics");
	TCase *tc = tcase_create("metrics");

	tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_label, 0, COUNT(labels));
	tcase_add_test(tc, test_label_injective);
	tcase_add_test(tc, test_openmetrics);
	tcase_add_test(tc, test_prometheus);
	tcase_add_test(tc, test_total_never_falls);
	tcase_add_test(tc, test_totals_round);
	tcase_add_loop_test(tc, test_totals_bad, 0, COUNT(bad_lines));
	tcase_add_test(tc, test_totals_twice);
	tcase_add_test(tc, test_totals_bounded);
	tcase_add_test(tc, test_totals_expose);
	tcase_add_loop_test(tc, test_seal, 0, COUNT(sealed));
	tcase_add_loop_test(tc, test_request, 0, COUNT(requests));
	tcase_add_test(tc, test_request_bounds);
	tcase_add_test(tc, test_port);
	tcase_add_loop_test(tc, test_listen, 0, COUNT(listens));
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
