/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kwollect and Prometheus: what they answer, live and of the past. */
#include <math.h>

#include "source/history.h"
#include "source/json_kwollect.h"
#include "source/json_prometheus.h"
#include "source/kwollect.h"
#include "source/prometheus.h"
#include "tests/unit/fakebmc.h"
#include "tests/unit/scratch.h"

#define T0 INT64_C(1795000000)		/* wall, seconds; a multiple of 5 */
#define BOOT_MINUS_WALL (-(T0 - 10000) * NS_PER_S)

/* ---- answers ---------------------------------------------------------------- */

struct answer_case {
	const char *body;
	int end;
	unsigned n, unmeasured;
	const char *why;	/* in the text; of the last dark row where end is 0 */
};

#define ROW(stamp, device, metric, value, labels) \
	"{\"timestamp\":\"" stamp "\",\"device_id\":\"" device \
	"\",\"metric_id\":\"" metric "\",\"value\":" value \
	",\"labels\":" labels "}"
#define GOOD(second, value) \
	ROW("2026-11-23T14:21:" second "+01:00", "n1", "w", value, "{}")
#define FROM(second, origin) \
	ROW("2026-11-23T14:21:" second "Z", "n1", "w", "5", \
	    "{\"_device_orig\":" origin "}")

static const struct answer_case kwollect_cases[] = {
	{ "[]", JSON_KWOLLECT_ROWS, 0, 0, "" },
	{ "[" GOOD("06", "98") "," GOOD("07.754307", "98.5") "]",
	  JSON_KWOLLECT_ROWS, 2, 0, "" },
	{ "[" GOOD("06", "\"98\"") "]", JSON_KWOLLECT_ROWS, 1, 0, "" },
	{ "[" GOOD("07", "98") "," GOOD("06", "97") "]",	/* out of order */
	  JSON_KWOLLECT_ROWS, 2, 0, "" },
	{ "[" GOOD("06", "98") "," GOOD("06", "98.0") "]",	/* twice */
	  JSON_KWOLLECT_ROWS, 1, 0, "" },
	{ "[" GOOD("06", "98") "," GOOD("06", "99") "]",
	  JSON_KWOLLECT_ROWS, 0, 1, "2 rows of the same instant that differ" },
	{ "[" GOOD("06", "98") "," GOOD("06", "null") "]",
	  JSON_KWOLLECT_ROWS, 0, 1, "same instant" },
	{ "[" GOOD("06", "null") "]", JSON_KWOLLECT_ROWS, 0, 1, "null" },
	{ "[" GOOD("06", "0") "," GOOD("07", "5") "]", JSON_KWOLLECT_ROWS, 1, 1,
	  "cannot draw" },
	{ "[" GOOD("06", "-3") "]", JSON_KWOLLECT_ROWS, 0, 1, "cannot draw" },
	{ "[" GOOD("06", "1e7") "]", JSON_KWOLLECT_ROWS, 0, 1, "more than" },
	{ "[" GOOD("06", "\"NaN\"") "]", JSON_KWOLLECT_ROWS, 0, 1, "not a number" },
	{ "[" GOOD("06", "1e999") "]", JSON_KWOLLECT_ROWS, 0, 1, "" },
	{ "[" GOOD("06", "true") "]", JSON_KWOLLECT_ROWS, 0, 1, "not a number" },
	{ "[" ROW("2026-11-23T14:21:06", "n1", "w", "5", "{}") "]",
	  JSON_KWOLLECT_BROKEN, 0, 0, "zone" },
	{ "[" ROW("yesterday", "n1", "w", "5", "{}") "]",
	  JSON_KWOLLECT_BROKEN, 0, 0, "row 0" },
	{ "[" GOOD("06", "98") ",{}]", JSON_KWOLLECT_BROKEN, 0, 0, "row 1" },
	{ "[" GOOD("06", "98") ",7]", JSON_KWOLLECT_BROKEN, 0, 0, "row 1" },
	{ "[{\"timestamp\":\"2026-11-23T14:21:06Z\",\"value\":1}]",
	  JSON_KWOLLECT_BROKEN, 0, 0, "device_id" },
	{ "[" ROW("2026-11-23T14:21:06Z", "n2", "w", "5", "{}") "]",
	  JSON_KWOLLECT_OTHER, 0, 0, "rows of n2, and n1 was asked for" },
	{ "[" ROW("2026-11-23T14:21:06Z", "n1", "v", "5", "{}") "]",
	  JSON_KWOLLECT_OTHER, 0, 0, "set metric" },
	{ "[" ROW("2026-11-23T14:21:06Z", "n\\u001b[2J", "w", "5", "{}") "]",
	  JSON_KWOLLECT_OTHER, 0, 0, "n?[2J" },
	/* who measured: a text, an array, another one later */
	{ "[" FROM("06", "\"a\"") "," FROM("07", "[\"a\"]") "]",
	  JSON_KWOLLECT_ROWS, 2, 0, "" },
	{ "[" FROM("06", "\"a\"") "," FROM("07", "\"b\"") "]",
	  JSON_KWOLLECT_ROWS, 2, 0, "" },
	{ "[" FROM("06", "\"a\"") "," FROM("06", "[\"b\"]") "]",
	  JSON_KWOLLECT_OTHER, 0, 0, "two meters, a and b" },
	{ "[" FROM("06", "\"a\"") "," FROM("07", "\"b\"") ","
	  FROM("08", "\"a\"") "]", JSON_KWOLLECT_OTHER, 0, 0, "two meters" },
	{ "{}", JSON_KWOLLECT_BROKEN, 0, 0, "not an array" },
	{ "null", JSON_KWOLLECT_BROKEN, 0, 0, "" },
	{ "", JSON_KWOLLECT_BROKEN, 0, 0, "empty" },
	{ "<html><body>Login</body></html>", JSON_KWOLLECT_BROKEN, 0, 0,
	  "not JSON" },
	{ "[" GOOD("06", "98") ",", JSON_KWOLLECT_BROKEN, 0, 0, "too early" },
	{ "[" GOOD("06", "98") "]]", JSON_KWOLLECT_BROKEN, 0, 0, "followed" },
};

static void rows_check(const struct answer_case *c, struct rowset *rows,
		       int end, struct err *why)
{
	ck_assert_msg(end == c->end, "%s: %d, %s", c->body, end, why->text);
	if (end == 0) {
		rowset_settle(rows, 0, INT64_MAX);
		*why = rows->dark;
	}
	if (end == 0)
		ck_assert_msg(rows->n == c->n && rows->unmeasured == c->unmeasured,
			      "%s: %u rows, %u dark", c->body, rows->n,
			      rows->unmeasured);
	ck_assert_msg(strstr(why->text, c->why), "%s: \"%s\"", c->body, why->text);
	for (unsigned i = 0; end == 0 && i < rows->n; i++)
		ck_assert(rows->at[i].watts > 0 &&
			  (i == 0 || rows->at[i].wall_ns > rows->at[i - 1].wall_ns));
}

START_TEST(test_kwollect_answer)
{
	const struct answer_case *c = &kwollect_cases[_i];
	struct rowset rows = { 0 };
	struct err why = { "" };

	rows_check(c, &rows, (int)json_kwollect_rows(c->body, strlen(c->body),
						     "n1", "w", &rows, &why),
		   &why);
	rowset_free(&rows);
}
END_TEST

#define SERIES(metric, values) \
	"{\"metric\":{" metric "},\"values\":[" values "]}"
#define MATRIX(series) "{\"status\":\"success\",\"data\":{\"resultType\":" \
	"\"matrix\",\"result\":[" series "]}}"
#define NAMED "\"__name__\":\"w\",\"instance\":\"n1\""

static const struct answer_case prometheus_cases[] = {
	{ MATRIX(""), JSON_PROMETHEUS_ROWS, 0, 0, "" },
	{ MATRIX(SERIES(NAMED, "")), JSON_PROMETHEUS_ROWS, 0, 0, "" },
	{ MATRIX(SERIES(NAMED, "[1795443666.781,\"98\"],[1795443671,\"98.5\"]")),
	  JSON_PROMETHEUS_ROWS, 2, 0, "" },
	{ MATRIX(SERIES(NAMED, "[1795443671,\"1\"],[1795443666,\"1e+02\"]")),
	  JSON_PROMETHEUS_ROWS, 2, 0, "" },
	{ MATRIX(SERIES(NAMED, "[1795443671,\"1\"],[1795443671,\"1\"]")),
	  JSON_PROMETHEUS_ROWS, 1, 0, "" },
	{ MATRIX(SERIES(NAMED, "[1795443666,\"NaN\"],[1795443671,\"7\"]")),
	  JSON_PROMETHEUS_ROWS, 1, 1, "not a number" },
	{ MATRIX(SERIES(NAMED, "[1795443666,\"+Inf\"],[1795443667,\"-Inf\"]")),
	  JSON_PROMETHEUS_ROWS, 0, 2, "not a number" },
	{ MATRIX(SERIES(NAMED, "[1795443666,\"0\"]")),
	  JSON_PROMETHEUS_ROWS, 0, 1, "cannot draw" },
	{ MATRIX(SERIES(NAMED, "[1795443666,null]")),
	  JSON_PROMETHEUS_ROWS, 0, 1, "null" },
	{ MATRIX(SERIES(NAMED, "[\"x\",\"1\"]")), JSON_PROMETHEUS_BROKEN, 0, 0,
	  "sample 0" },
	{ MATRIX(SERIES(NAMED, "[1795443666,\"1\"],[-1,\"1\"]")),
	  JSON_PROMETHEUS_BROKEN, 0, 0, "sample 1" },
	{ MATRIX(SERIES(NAMED, "[1e300,\"1\"]")), JSON_PROMETHEUS_BROKEN, 0, 0,
	  "sample 0" },
	{ MATRIX(SERIES(NAMED, "7")), JSON_PROMETHEUS_BROKEN, 0, 0, "sample 0" },
	{ MATRIX(SERIES(NAMED, "") "," SERIES("\"__name__\":\"w\"", "") ","
		 SERIES("\"job\":\"\\u001b\"", "") "," SERIES("", "")),
	  JSON_PROMETHEUS_OTHER, 0, 0,
	  "finds 4 series, and a node has one: w{instance=\"n1\"}, w, {job=\"?\"}, ..." },
	{ MATRIX("{\"metric\":{},\"histograms\":[]}"), JSON_PROMETHEUS_OTHER,
	  0, 0, "histogram" },
	{ "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}",
	  JSON_PROMETHEUS_OTHER, 0, 0, "gives a vector" },
	{ "{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"2\"]}}",
	  JSON_PROMETHEUS_OTHER, 0, 0, "gives a scalar" },
	{ "{\"status\":\"success\"}", JSON_PROMETHEUS_BROKEN, 0, 0, "no result" },
	{ "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse\\u0007\"}",
	  JSON_PROMETHEUS_ERROR, 0, 0, "bad_data: parse?" },
	{ "{\"status\":\"error\"}", JSON_PROMETHEUS_ERROR, 0, 0, "no text" },
	{ "{}", JSON_PROMETHEUS_BROKEN, 0, 0, "not one of Prometheus" },
	{ "[]", JSON_PROMETHEUS_BROKEN, 0, 0, "not one of Prometheus" },
	{ "{\"status\":\"success\",", JSON_PROMETHEUS_BROKEN, 0, 0, "too early" },
	{ "<html>", JSON_PROMETHEUS_BROKEN, 0, 0, "not JSON" },
};

START_TEST(test_prometheus_answer)
{
	const struct answer_case *c = &prometheus_cases[_i];
	struct rowset rows = { 0 };
	struct err why = { "" };

	rows_check(c, &rows, (int)json_prometheus_rows(c->body, strlen(c->body),
						       &rows, &why), &why);
	rowset_free(&rows);
}
END_TEST

START_TEST(test_stamps)
{
	static const char body[] =
		MATRIX(SERIES(NAMED, "[1795443666.781,\"98\"]"));
	static const char row[] = "[" GOOD("07.754307", "98.5") "]";
	struct rowset rows = { 0 };
	struct err why;

	ck_assert_int_eq(json_prometheus_rows(body, sizeof(body) - 1, &rows,
					      &why), 0);
	ck_assert_int_eq(rows.at[0].wall_ns, INT64_C(1795443666781000000));
	rowset_reset(&rows);
	ck_assert_int_eq(json_kwollect_rows(row, sizeof(row) - 1, "n1", "w",
					    &rows, &why), 0);
	/* 14:21:07.754307 an hour east */
	ck_assert_int_eq(rows.at[0].wall_ns, INT64_C(1795440067754307000));
	ck_assert_double_eq(rows.at[0].watts, 98.5);
	rowset_free(&rows);
}
END_TEST

START_TEST(test_too_many_rows)
{
	struct rowset rows = { 0 };
	struct err why = { "" };

	for (int i = 0; i < ROWS_MAX; i++)
		ck_assert_int_eq(rowset_add(&rows, i, 1, &why), 0);
	ck_assert_int_eq(rowset_add(&rows, 1, 1, &why), -1);
	ck_assert_ptr_nonnull(strstr(why.text, "more than"));
	rowset_settle(&rows, 100, 199);
	ck_assert_uint_eq(rows.n, 100);
	ck_assert_int_eq(rows.newest_ns, 199);
	rowset_free(&rows);
}
END_TEST

/* ---- queries ---------------------------------------------------------------- */

static const struct {
	const char *query;
	int raw;
	const char *name;
} queries[] = {
	{ "w", 1, "w" },
	{ " node_power_watts{instance=\"n1\"} ", 1, "node_power_watts" },
	{ "a:b:c{x=~\"}\\\"{\",y!='z'}", 1, "a:b:c" },
	{ "{__name__=\"w\"}", 1, "" },
	{ "w {}", 1, "w" },
	{ "w{x=`\\`}", 1, "w" },
	{ "sum(w)", 0, "sum" },
	{ "w * 2", 0, "w" },
	{ "w[5m]", 0, "w" },
	{ "w offset 1m", 0, "w" },
	{ "w{x=\"1\"", 0, "w" },
	{ "w{x=\"}", 0, "w" },
	{ "w{} + v{}", 0, "w" },
	{ "1", 0, "" },
	{ "", 0, "" },
};

START_TEST(test_selector)
{
	char name[64];

	ck_assert_msg(prometheus_selector(queries[_i].query, name,
					  sizeof(name)) == queries[_i].raw,
		      "%s", queries[_i].query);
	ck_assert_str_eq(name, queries[_i].name);
}
END_TEST

static const struct {
	const char *query, *why;	/* "": it may be asked */
} expressions[] = {
	{ "sum(last_over_time(w{node=\"n1\"}[7s]))", "" },
	{ "rate(node_joules_total{x=~\"a|b\"} [1m]) * 1e0 + 2.5", "" },
	{ "sum by (node, job) (avg_over_time(w[10s])) > bool 0", "" },
	{ "sum(last_over_time({__name__=\"w\"}[7s])) without(x)", "" },
	{ "max_over_time(a[1h30m]) and on(node) group_left() rate(b[1m])", "" },
	{ "last_over_time(w{x='}{'}[7s]) / Inf", "" },
	{ "label_replace(rate(w[9s]), \"a\", \"$1\", \"b\", \"(.*)\")", "" },
	{ "sum(w)", "write last_over_time(w[7s])" },
	{ "sum(w{node=\"n1\"} )", "write last_over_time(w{node=\"n1\"}[7s])" },
	{ "w * 2", "last_over_time(w[7s])" },
	{ "rate(a[9s]) + b", "last_over_time(b[7s])" },
	{ "sum({x=\"1\"})", "last_over_time({x=\"1\"}[7s])" },
	{ "max_over_time(sum(w)[1m:5s])", "last_over_time(w[7s])" },
	{ "rate(w[9s] offset 1h)", "offset" },
	{ "rate(w[9s] @ 1609746000)", "@ takes" },
	{ "rate(w[9s]) # all", "comment" },
	{ "vector(100)", "reads no series" },
	{ "100", "reads no series" },
	{ "", "reads no series" },
	{ "rate(w{x=\"[9s])", "not closed" },
	{ "rate(w[9s]) + \"", "not closed" },
};

START_TEST(test_expression)
{
	struct err err = { "" };
	int rc = prometheus_expression_check(expressions[_i].query, &err);

	ck_assert_msg(rc == (*expressions[_i].why ? -1 : 0), "%s: %s",
		      expressions[_i].query, err.text);
	ck_assert_msg(strstr(err.text, expressions[_i].why), "%s: %s",
		      expressions[_i].query, err.text);
}
END_TEST

static struct conf_meter meter_of(const char *source, const char *url)
{
	struct conf_meter m = { .insecure = true, .timeout_ns = SECONDS(2) };

	snprintf(m.source, sizeof(m.source), "%s", source);
	snprintf(m.url, sizeof(m.url), "%s", url);
	return m;
}

static void path_check(const struct archive_ops *ops, struct conf_meter *m,
		       const char *node, int64_t from_ns, int64_t to_ns,
		       const char *want)
{
	struct archive a;
	char path[HTTP_PATH_MAX];
	struct err err = { "" };
	int rc;

	ck_assert_msg(archive_open(&a, ops, m, node, SECONDS(5), &err) == 0,
		      "%s", err.text);
	rc = ops->path(&a, from_ns, to_ns, path, sizeof(path), &err);
	ck_assert_int_eq(rc, want ? 0 : 1);
	if (want)
		ck_assert_str_eq(path, want);
	archive_close(&a);
}

START_TEST(test_paths)
{
	struct conf_meter m = meter_of("kwollect", "https://h:1/stable/sites/nancy");
	const int64_t ns = T0 * NS_PER_S;

	path_check(&kwollect_archive, &m, "n-7.nancy", ns + 1, ns + SECONDS(3) + 1,
		   "/stable/sites/nancy/metrics?nodes=n-7&metrics=bmc_node_power_watt&start_time=1795000000&end_time=1795000004");
	snprintf(m.device, sizeof(m.device), "n-7.nancy");
	path_check(&kwollect_archive, &m, "n-7.nancy", ns, ns,
		   "/stable/sites/nancy/metrics?nodes=n-7.nancy&metrics=bmc_node_power_watt&start_time=1795000000&end_time=1795000000");
	snprintf(m.device, sizeof(m.device), "n-7");
	snprintf(m.metric, sizeof(m.metric), "w&x=1");
	path_check(&kwollect_archive, &m, "n-7.nancy", ns, ns,
		   "/stable/sites/nancy/metrics?nodes=n-7&metrics=w%26x%3D1&start_time=1795000000&end_time=1795000000");
	snprintf(m.device, sizeof(m.device), "wattmetre1-port3");
	path_check(&kwollect_archive, &m, "n-7.nancy", ns, ns,
		   "/stable/sites/nancy/metrics?devices=wattmetre1-port3&metrics=w%26x%3D1&start_time=1795000000&end_time=1795000000");
	m = meter_of("prometheus", "https://h/p/");
	snprintf(m.query, sizeof(m.query), "w{n=\"1\"}");
	path_check(&prometheus_archive, &m, "n1", ns + 1, ns + SECONDS(300),
		   "/p/api/v1/query?query=w%7Bn%3D%221%22%7D%5B300001ms%5D&time=1795000300.000");
	snprintf(m.query, sizeof(m.query), "sum(rate(w[9s]))");
	path_check(&prometheus_archive, &m, "n1", ns + 1, ns + SECONDS(16),
		   "/p/api/v1/query_range?query=sum%28rate%28w%5B9s%5D%29%29&start=1795000005.000&end=1795000015.000&step=5.000");
	path_check(&prometheus_archive, &m, "n1", ns + 1, ns + SECONDS(4), NULL);
	path_check(&prometheus_archive, &m, "n1", ns + 1, ns, NULL);
}
END_TEST

static const struct {
	const char *source, *url, *metric, *device, *query, *user, *why;
} refused[] = {
	{ "kwollect", "", "", "", "", "", "needs url" },
	{ "kwollect", "https://h/", "", "a,b", "", "", "give one name" },
	{ "kwollect", "https://h/", "v,w", "", "", "", "give one name" },
	{ "kwollect", "https://h/", "", "", "", "u", "no password_file" },
	{ "prometheus", "https://h", "", "", "", "", "needs query" },
	{ "prometheus", "", "", "", "w", "", "needs url" },
	{ "prometheus", "https://h", "", "", "sum(w)", "", "last_over_time" },
};

START_TEST(test_refused)
{
	struct conf_meter m = meter_of(refused[_i].source, refused[_i].url);
	struct history_env env = { .meter = &m, .node = "n1",
				   .period_ns = SECONDS(5),
				   .ts = timesource_system() };
	struct err err = { "" };

	snprintf(m.metric, sizeof(m.metric), "%s", refused[_i].metric);
	snprintf(m.device, sizeof(m.device), "%s", refused[_i].device);
	snprintf(m.query, sizeof(m.query), "%s", refused[_i].query);
	snprintf(m.user, sizeof(m.user), "%s", refused[_i].user);
	ck_assert_ptr_null(history_open(&env, &err));
	ck_assert_msg(strstr(err.text, refused[_i].why), "%s", err.text);
	ck_assert_int_eq(history_check(&m, &err), 0);
	m = meter_of("redfish", "https://h");
	ck_assert_int_eq(history_check(&m, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "keeps no past"));
}
END_TEST

/* ---- a Kwollect server of the test's own ------------------------------------- */

static struct {
	int64_t step_ms;	/* a row each so often, of `watts`, ... */
	int64_t from_s, to_s;	/* ... in here */
	int64_t hole_from_s, hole_to_s;
	int64_t dark_s;		/* the row of null; 0 = none */
	int64_t window_max_s;	/* "Request timeout"; 0 = never */
	int busy;		/* so many answers of 503 */
	bool two;		/* of two meters in turn */
	const char *body;	/* instead; NULL = rows */
	int64_t asked_from, asked_to;
	int requests;
} server;

static double watts_at(int64_t ms)
{
	return 100 + (double)(ms / 1000 % 60);
}

static size_t row_print(char *buf, size_t room, int64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	char stamp[32], value[32];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(value, sizeof(value), "%.1f", watts_at(ms));
	return (size_t)snprintf(buf, room,
		"%s{\"timestamp\":\"%s.%03dZ\",\"device_id\":\"n1\","
		"\"metric_id\":\"bmc_node_power_watt\",\"value\":%s,\"labels\":"
		"{\"_device_orig\":\"%s\"}}", *buf == '[' ? "" : ",", stamp,
		(int)(ms % 1000), s == server.dark_s ? "null" : value,
		server.two && ms / server.step_ms % 2 ? "b" : "a");
}

static void rows_answer(struct fake_answer *a)
{
	static char body[4 * 1024 * 1024];
	size_t n = 1;
	int64_t ms = server.from_s * 1000;

	strcpy(body, "[");
	for (; ms <= server.to_s * 1000; ms += server.step_ms) {
		char row[256] = "";

		if (ms < server.asked_from * 1000 || ms > server.asked_to * 1000 ||
		    (ms >= server.hole_from_s * 1000 &&
		     ms < server.hole_to_s * 1000))
			continue;
		row[0] = n == 1 ? '[' : '\0';
		n += (size_t)snprintf(body + n, sizeof(body) - n, "%.*s",
				      (int)row_print(row, sizeof(row), ms), row);
		ck_assert(n < sizeof(body) - 4);
	}
	strcpy(body + n, "]");
	fake_answer_set(a, 200, "", body);
}

static void serve(void *arg, const struct fake_request *req,
		  struct fake_answer *a)
{
	const char *from = strstr(req->path, "start_time=");
	const char *to = strstr(req->path, "end_time=");

	(void)arg;
	server.requests++;
	ck_assert(from && to);
	server.asked_from = atoll(from + 11);
	server.asked_to = atoll(to + 9);
	if (server.busy > 0) {
		server.busy--;
		fake_answer_set(a, 503, "", "busy");
	} else if (server.body) {
		fake_answer_set(a, 200, "", server.body);
	} else if (server.window_max_s &&
		   server.asked_to - server.asked_from > server.window_max_s) {
		fake_answer_set(a, 500, "", "Request timeout");
	} else {
		rows_answer(a);
	}
}

/* ---- live -------------------------------------------------------------------- */

static fakebmc_t *bmc;
static http_t *http;
static source_t *source;
static struct conf conf;
static int64_t now_ns;		/* wall */
static struct reading last;
static struct past_sample past[2000];
static bool done;

static int64_t fake_wall(void *arg)
{
	(void)arg;
	return now_ns;
}

static int64_t fake_boot(void *arg)
{
	(void)arg;
	return now_ns + BOOT_MINUS_WALL;
}

static void on_done(void *arg, const struct reading *r)
{
	(void)arg;
	last = *r;
	ck_assert_uint_le(r->past_count, COUNT(past));
	if (r->ok && r->past_count)
		memcpy(past, r->past, r->past_count * sizeof(*past));
	done = true;
}

/* A sample at T0 + s. */
static void sample_at(double s)
{
	now_ns = T0 * NS_PER_S + SECONDS(s);
	done = false;
	kwollect_source.sample(source, on_done, NULL);
	while (!done)
		ck_assert_int_eq(http_poll(http, NULL, 0, 1000, NULL), 0);
}

static void live_setup(void)
{
	struct source_env env = { .conf = &conf, .meter = &conf.bmc,
				  .suffix = "", .boot_id = "b",
				  .ts = { fake_boot, fake_wall, NULL } };
	struct err err = { "" };

	memset(&server, 0, sizeof(server));
	server.step_ms = 5000;
	server.from_s = T0 - 1000;
	server.to_s = T0;
	bmc = fakebmc_start(serve, NULL);
	http = http_create(&err);
	ck_assert_ptr_nonnull(http);
	memset(&conf, 0, sizeof(conf));
	snprintf(conf.node, sizeof(conf.node), "n1");
	conf.period_ns = SECONDS(5);
	conf.max_gap_ns = SECONDS(15);
	conf.bmc = meter_of("kwollect", fakebmc_url(bmc));
	env.http = http;
	now_ns = T0 * NS_PER_S;
	source = kwollect_source.open(&env, &err);
	ck_assert_msg(source, "%s", err.text);
}

static void live_teardown(void)
{
	kwollect_source.close(source, 0);
	http_destroy(http);
	fakebmc_stop(bmc);
}

static int64_t boot_of(int64_t wall_s)
{
	return wall_s * NS_PER_S + BOOT_MINUS_WALL;
}

/* At first what the last ten minutes had, then what is new. */
START_TEST(test_live_rows)
{
	sample_at(2);
	ck_assert_msg(last.ok, "%s", last.why.text);
	ck_assert_int_eq(server.asked_from, T0 + 2 - 600);
	ck_assert_int_ge(server.asked_to, T0 + 2);
	ck_assert_uint_eq(last.past_count, 119);
	ck_assert_int_eq(last.boot_ns, boot_of(T0));
	ck_assert_double_eq(last.watts, watts_at(T0 * 1000));
	ck_assert_str_eq(last.source, "kwollect:bmc_node_power_watt");
	ck_assert(isnan(last.energy_j) && last.join == SERIES_LINE);
	for (unsigned i = 0; i < last.past_count; i++) {
		int64_t wall_s = T0 - 595 + 5 * i;

		ck_assert_int_eq(past[i].boot_ns, boot_of(wall_s));
		ck_assert_double_eq(past[i].watts, watts_at(wall_s * 1000));
		ck_assert_int_eq(past[i].join, SERIES_LINE);
	}
	sample_at(4);
	ck_assert(!last.ok && last.nothing_new);
	ck_assert_int_eq(server.asked_from, T0);
	server.to_s = T0 + 15;
	sample_at(17);		/* three at once */
	ck_assert(last.ok);
	ck_assert_uint_eq(last.past_count, 2);
	ck_assert_int_eq(past[0].boot_ns, boot_of(T0 + 5));
	ck_assert_int_eq(last.boot_ns, boot_of(T0 + 15));
}
END_TEST

/* Each once, whatever the server repeats. */
START_TEST(test_live_repeats)
{
	int64_t before = 0;

	server.to_s = T0 + 4;
	for (int i = 0; i < 60; i++) {
		/* the server's rows reach into the future of this host */
		sample_at(i * 3.7);
		if (!last.ok) {
			ck_assert(last.nothing_new);
			continue;
		}
		for (unsigned k = 0; k < last.past_count; k++) {
			ck_assert_int_gt(past[k].boot_ns, before);
			before = past[k].boot_ns;
		}
		ck_assert_int_gt(last.boot_ns, before);
		before = last.boot_ns;
		ck_assert_int_le(before, now_ns + BOOT_MINUS_WALL);
		server.to_s = now_ns / NS_PER_S + 4 + 3;
	}
}
END_TEST

START_TEST(test_live_trouble)
{
	sample_at(0);
	ck_assert(last.ok);
	sample_at(59);
	ck_assert(!last.ok && last.nothing_new);
	sample_at(61);
	ck_assert(!last.ok && !last.nothing_new);
	ck_assert_msg(strstr(last.why.text, "no row of kwollect:bmc_node_power_watt since 20"),
		      "%s", last.why.text);
	ck_assert_int_eq(last.backoff, BACKOFF_NONE);
	server.to_s = T0 + 65;
	sample_at(66);
	ck_assert(last.ok);
	ck_assert_uint_eq(last.past_count, 12);
}
END_TEST

START_TEST(test_live_none)
{
	server.from_s = T0 + 100000;	/* on demand, or no such device */
	sample_at(0);
	ck_assert(!last.ok && !last.nothing_new);
	ck_assert_msg(strstr(last.why.text, "in the last 600 s: is device its name"),
		      "%s", last.why.text);
}
END_TEST

START_TEST(test_live_dark)
{
	sample_at(0);
	server.dark_s = T0 + 5;
	server.to_s = T0 + 5;
	sample_at(6);
	ck_assert(!last.ok && !last.nothing_new);
	ck_assert_msg(strstr(last.why.text, "is null"), "%s", last.why.text);
	server.to_s = T0 + 10;
	sample_at(11);
	ck_assert(last.ok);
	ck_assert_uint_eq(last.past_count, 0);
	ck_assert_int_eq(last.boot_ns, boot_of(T0 + 10));
}
END_TEST

START_TEST(test_live_future)
{
	server.to_s = T0 + 4;
	sample_at(-1);		/* the last row is a second ahead */
	ck_assert(last.ok);
	ck_assert_int_eq(last.boot_ns, boot_of(T0 - 5));
	sample_at(0);
	ck_assert(last.ok);
	ck_assert_int_eq(last.boot_ns, boot_of(T0));
	server.to_s = T0 + 30;
	sample_at(4);
	ck_assert(!last.ok && !last.nothing_new);
	ck_assert_msg(strstr(last.why.text, "26 s in the future") &&
		      strstr(last.why.text, "NTP"), "%s", last.why.text);
}
END_TEST

/* Before the host booted there was no sample of this boot. */
START_TEST(test_live_boot)
{
	server.from_s = T0 - 20000;
	server.to_s = T0 - 9995;
	sample_at(-9990);
	ck_assert(last.ok);
	ck_assert_uint_eq(last.past_count, 0);
	ck_assert_int_eq(last.boot_ns, SECONDS(5));
}
END_TEST

/* Too wide, too large, garbled: and then it works again. */
START_TEST(test_live_wide)
{
	server.window_max_s = 200;
	sample_at(0);
	ck_assert(!last.ok && last.backoff == BACKOFF_SOON);
	ck_assert_ptr_nonnull(strstr(last.why.text, "Request timeout"));
	sample_at(1);
	sample_at(2);
	ck_assert(!last.ok);
	sample_at(3);
	ck_assert_msg(last.ok, "%s", last.why.text);
	ck_assert_int_eq(server.asked_from, T0 + 3 - 75);
	server.window_max_s = 0;
	server.body = "<html>";
	sample_at(6);
	ck_assert(!last.ok && last.backoff == BACKOFF_SOON);
	ck_assert_ptr_nonnull(strstr(last.why.text, "not JSON"));
	server.body = NULL;
	server.busy = 1;
	sample_at(7);
	ck_assert(!last.ok && last.backoff == BACKOFF_SOON);
	server.to_s = T0 + 10;
	sample_at(11);
	ck_assert(last.ok);
	ck_assert_uint_eq(last.past_count, 1);
}
END_TEST

/* Rows of two meters; once there is one only, it is taken soon. */
START_TEST(test_live_mixed)
{
	server.two = true;
	sample_at(0);
	ck_assert(!last.ok && last.backoff == BACKOFF_SOON);
	ck_assert_msg(strstr(last.why.text, "two meters, "), "%s", last.why.text);
	server.two = false;
	server.to_s = T0 + 5;
	sample_at(6);
	ck_assert(last.ok);
	ck_assert_int_eq(server.asked_from, T0 + 6 - 15);
}
END_TEST

/* A row a second and a sample each five: no joule is lost. */
START_TEST(test_live_dense)
{
	double joules = 0, want = 0;
	int64_t at;

	server.step_ms = 1000;
	sample_at(0.5);
	ck_assert(last.ok);
	at = T0 + (last.boot_ns - boot_of(T0)) / NS_PER_S;
	ck_assert_int_ge(at, T0 - 4);
	for (int i = 1; i <= 20; i++) {
		server.to_s = T0 + i * 7;
		sample_at(i * 7 + 0.5);
		if (!last.ok) {
			ck_assert(last.nothing_new);
			continue;
		}
		for (unsigned k = 0; k < last.past_count; k++) {
			ck_assert_int_eq(past[k].join, SERIES_MEAN);
			joules += past[k].joules;
		}
		ck_assert_int_eq(last.join, SERIES_MEAN);
		joules += last.joules;
		ck_assert_uint_le(last.past_count, 2);
		for (; boot_of(at) < last.boot_ns; at++)
			want += (watts_at(at * 1000) +
				 watts_at((at + 1) * 1000)) / 2;
		ck_assert_int_eq(boot_of(at), last.boot_ns);
		ck_assert_double_eq_tol(joules, want, 1e-6);
	}
	ck_assert_int_ge(at, T0 + 135);
	/* a gap: the last row before it is a sample, and none stands for it */
	server.hole_from_s = T0 + 143;
	server.hole_to_s = T0 + 170;
	server.to_s = T0 + 177;
	sample_at(178);
	ck_assert(last.ok);
	for (unsigned k = 0, seen = 0; k < last.past_count; k++) {
		int64_t s = (past[k].boot_ns - boot_of(T0)) / NS_PER_S;

		if (s == 142)
			seen = 1;
		if (s == 170)
			ck_assert(seen && past[k].join == SERIES_LINE);
		ck_assert(s <= 142 || s >= 170);
	}
}
END_TEST

/* Among rows that wait for the next sample one that is no power is no trouble. */
START_TEST(test_live_dense_dark)
{
	server.step_ms = 1000;
	server.dark_s = T0 - 2;
	sample_at(0.5);
	ck_assert(last.ok);
	ck_assert_int_eq(last.boot_ns, boot_of(T0 - 4));
	sample_at(0.7);
	ck_assert_msg(!last.ok && last.nothing_new, "%s", last.why.text);
	server.dark_s = T0;
	sample_at(0.9);
	ck_assert(!last.ok && !last.nothing_new);
	server.to_s = T0 + 3;
	sample_at(3.5);
	ck_assert(last.ok);
	ck_assert_int_eq(last.boot_ns, boot_of(T0 + 1));
	ck_assert_int_eq(last.join, SERIES_MEAN);
	/* five seconds, the power of T0 being a line between its neighbours */
	ck_assert_double_eq_tol(last.joules, 5 * (watts_at((T0 - 4) * 1000) +
				watts_at((T0 + 1) * 1000)) / 2, 1e-9);
}
END_TEST

static void refuse(void *arg, const struct fake_request *req,
		   struct fake_answer *a)
{
	(void)arg;
	(void)req;
	fake_answer_set(a, 401, "", "no");
}

START_TEST(test_live_user)
{
	fakebmc_t *other = fakebmc_start(refuse, NULL);
	struct source_env env = { .conf = &conf, .meter = &conf.bmc,
				  .suffix = "", .boot_id = "b", .http = http,
				  .ts = { fake_boot, fake_wall, NULL } };
	struct err err = { "" };

	kwollect_source.close(source, 0);
	snprintf(conf.bmc.url, sizeof(conf.bmc.url), "%s", fakebmc_url(other));
	source = kwollect_source.open(&env, &err);
	sample_at(0);
	ck_assert(!last.ok && last.backoff == BACKOFF_SLOW);
	ck_assert_ptr_nonnull(strstr(last.why.text, "asks for a user"));
	kwollect_source.close(source, 0);
	file_write(scratch_path("pw"), "secret\n", 7);
	ck_assert_int_eq(chmod(scratch_path("pw"), 0600), 0);
	snprintf(conf.bmc.user, sizeof(conf.bmc.user), "u");
	snprintf(conf.bmc.password_file, sizeof(conf.bmc.password_file), "%s",
		 scratch_path("pw"));
	source = kwollect_source.open(&env, &err);
	ck_assert_msg(source, "%s", err.text);
	sample_at(0);
	ck_assert_ptr_nonnull(strstr(last.why.text, "refuses user u"));
	ck_assert_ptr_nonnull(strstr(fakebmc_request(other, 2)->head,
				     "Authorization: Basic dTpzZWNyZXQ="));
	/* a password that was refused is read again */
	file_write(scratch_path("pw"), "other\n", 6);
	sample_at(5);
	ck_assert_ptr_nonnull(strstr(fakebmc_request(other, 3)->head,
				     "Authorization: Basic dTpvdGhlcg=="));
	kwollect_source.close(source, 0);
	source = NULL;
	fakebmc_stop(other);
}
END_TEST

/* ---- the past ----------------------------------------------------------------- */

static struct {
	int64_t last_ns, page_ns;
	uint64_t n;
	double watts;
	int stop_at;
} told;

static int tell(void *arg, int64_t wall_ns, double watts)
{
	(void)arg;
	ck_assert_int_gt(wall_ns, told.last_ns);
	told.last_ns = wall_ns;
	told.watts += watts;
	return (int)++told.n == told.stop_at ? 7 : 0;
}

static void page_end(void *arg, int64_t until_ns)
{
	(void)arg;
	ck_assert_int_gt(until_ns, told.page_ns);
	ck_assert_int_le(told.last_ns, until_ns);
	told.page_ns = until_ns;
}

static int fetch(int64_t from_s, int64_t to_s, struct history_stats *stats,
		 struct err *err)
{
	struct conf_meter m = meter_of("kwollect", fakebmc_url(bmc));
	struct history_env env = { .meter = &m, .node = "n1",
				   .period_ns = SECONDS(5),
				   .ts = { fake_boot, fake_wall, NULL } };
	history_t *h = history_open(&env, err);
	int rc, stop_at = told.stop_at;

	ck_assert_msg(h, "%s", err->text);
	memset(&told, 0, sizeof(told));
	told.stop_at = stop_at;
	rc = history_fetch(h, from_s * NS_PER_S, to_s * NS_PER_S, tell,
			   page_end, NULL, stats, err);
	ck_assert_str_eq(history_source(h), "kwollect:bmc_node_power_watt");
	history_close(h);
	return rc;
}

static const struct {
	int64_t window_max_s;
	int busy;
	int64_t step_ms;
} pasts[] = {
	{ 0, 0, 5000 },
	{ 1800, 0, 5000 },
	{ 61, 0, 60000 },
	{ 0, 3, 5000 },
	{ 4000, 1, 1000 },	/* pages too large, too */
};

/* Two days: each row once, in order. */
START_TEST(test_past)
{
	struct history_stats stats;
	struct err err = { "" };
	int64_t step_s = pasts[_i].step_ms / 1000, from = T0 - 172800, n = 0;
	double watts = 0;

	now_ns = T0 * NS_PER_S;
	server.from_s = from - 1000 * step_s;
	server.to_s = T0 - 2;
	server.step_ms = pasts[_i].step_ms;
	server.window_max_s = pasts[_i].window_max_s;
	server.busy = pasts[_i].busy;
	server.hole_from_s = T0 - 90000;
	server.hole_to_s = T0 - 80000;
	if (step_s == 1)
		from = T0 - 30000;
	for (int64_t s = server.from_s; s <= T0 - 2; s += step_s)
		if (s >= from && (s < server.hole_from_s ||
				  s >= server.hole_to_s)) {
			n++;
			watts += watts_at(s * 1000);
		}
	ck_assert_msg(fetch(from, T0 - 1, &stats, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(told.n, (uint64_t)n);
	ck_assert_uint_eq(stats.samples, (uint64_t)n);
	ck_assert_uint_eq(stats.unmeasured, 0);
	ck_assert_double_eq_tol(told.watts, watts, 0.01 * (double)n);
	ck_assert_int_eq(told.page_ns, (T0 - 1) * NS_PER_S);
	ck_assert_int_eq((int)stats.requests, server.requests);
}
END_TEST

START_TEST(test_past_ends)
{
	struct history_stats stats;
	struct err err = { "" };

	now_ns = T0 * NS_PER_S;
	server.dark_s = T0 - 50;
	ck_assert_int_eq(fetch(T0 - 100, T0 - 20, &stats, &err), 0);
	ck_assert_uint_eq(told.n, 16);		/* 17, and one is dark */
	ck_assert_uint_eq(stats.unmeasured, 1);
	ck_assert_int_eq(fetch(T0 - 20, T0 - 100, &stats, &err), 0);
	ck_assert_uint_eq(told.n + stats.requests, 0);
	ck_assert_int_eq(fetch(T0 - 100, T0 + 100000, &stats, &err), 0);
	ck_assert_int_le(told.page_ns, T0 * NS_PER_S);
	told.stop_at = 3;
	ck_assert_int_eq(fetch(T0 - 100, T0, &stats, &err), 7);
	ck_assert_uint_eq(told.n, 3);
	told.stop_at = 0;
}
END_TEST

START_TEST(test_past_fails)
{
	struct history_stats stats;
	struct err err = { "" };

	now_ns = T0 * NS_PER_S;
	server.window_max_s = 1;
	ck_assert_int_eq(fetch(T0 - 7200, T0, &stats, &err), -1);
	ck_assert_msg(strstr(err.text, "Request timeout") &&
		      strstr(err.text, "for no more than"), "%s", err.text);
	server.window_max_s = 0;
	server.two = true;
	ck_assert_int_eq(fetch(T0 - 7200, T0, &stats, &err), -1);
	ck_assert_msg(strstr(err.text, "two meters"), "%s", err.text);
	ck_assert_uint_eq(told.n, 0);
}
END_TEST

static Suite *archive_suite(void)
{
	Suite *s = suite_create("archive");
	TCase *tc = tcase_create("answers");

	tcase_add_loop_test(tc, test_kwollect_answer, 0,
			    (int)COUNT(kwollect_cases));
	tcase_add_loop_test(tc, test_prometheus_answer, 0,
			    (int)COUNT(prometheus_cases));
	tcase_add_test(tc, test_stamps);
	tcase_add_test(tc, test_too_many_rows);
	suite_add_tcase(s, tc);
	tc = tcase_create("queries");
	tcase_add_loop_test(tc, test_selector, 0, (int)COUNT(queries));
	tcase_add_loop_test(tc, test_expression, 0, (int)COUNT(expressions));
	tcase_add_test(tc, test_paths);
	tcase_add_loop_test(tc, test_refused, 0, (int)COUNT(refused));
	suite_add_tcase(s, tc);
	tc = tcase_create("live");
	tcase_add_checked_fixture(tc, scratch_setup, scratch_teardown);
	tcase_add_checked_fixture(tc, live_setup, live_teardown);
	tcase_add_test(tc, test_live_rows);
	tcase_add_test(tc, test_live_repeats);
	tcase_add_test(tc, test_live_trouble);
	tcase_add_test(tc, test_live_none);
	tcase_add_test(tc, test_live_dark);
	tcase_add_test(tc, test_live_future);
	tcase_add_test(tc, test_live_boot);
	tcase_add_test(tc, test_live_wide);
	tcase_add_test(tc, test_live_mixed);
	tcase_add_test(tc, test_live_dense);
	tcase_add_test(tc, test_live_dense_dark);
	tcase_add_test(tc, test_live_user);
	suite_add_tcase(s, tc);
	tc = tcase_create("past");
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, live_setup, live_teardown);
	tcase_add_loop_test(tc, test_past, 0, (int)COUNT(pasts));
	tcase_add_test(tc, test_past_ends);
	tcase_add_test(tc, test_past_fails);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(archive_suite());
	int failed;

	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
