/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nodes that come and go while a site runs: those that stay are read on. */
#include <errno.h>

#include "collector/site.h"
#include "lib/series.h"
#include "scratch.h"

#define HEAD "wattgate-nodes 1\n"

static int64_t now_ns;
static char said[4096];

static int64_t fake_clock(void *arg)
{
	(void)arg;
	return now_ns;
}

static void log_sink(void *arg, enum log_level level, const char *text)
{
	size_t len = strlen(said);

	(void)arg;
	(void)level;
	snprintf(said + len, sizeof(said) - len, "%s\n", text);
}

static const logger_t logger = { log_sink, NULL, LOG_LEVEL_INFO };
static const timesource_t ts = { fake_clock, fake_clock, NULL };

static void setup(void)
{
	scratch_setup();
	setenv("WATTGATE_RUN_DIR", scratch, 1);
	now_ns = SECONDS(1000);
	said[0] = '\0';
}

static void conf_write(struct conf *conf)
{
	const char *path = scratch_path("conf");
	char text[1024];
	struct err err;

	file_write(scratch_path("power1_input"), "100000000\n", 10);
	snprintf(text, sizeof(text), "mode = site\nperiod = 1s\nstate_dir = %s\n"
		 "[bmc]\nsource = hwmon\npath = %s/power1_input\n"
		 "[site]\nnodes = fixed\n", scratch, scratch);
	file_write(path, text, strlen(text));
	ck_assert_msg(conf_load(path, "site", conf, &err) == 0, "%s", err.text);
}

/* A list that differs from the one before, and the seconds until it is seen. */
static void list_run(site_t *s, const char *nodes)
{
	char text[256];

	snprintf(text, sizeof(text), HEAD "%s", nodes);
	ck_assert(unlink(scratch_path("nodes")) == 0 || errno == ENOENT);
	usleep(20000);		/* another time of change */
	file_write(scratch_path("nodes"), text, strlen(text));
	said[0] = '\0';
	for (int i = 0; i < 5; i++) {
		now_ns += NS_PER_S;
		site_run(s);
	}
}

static int64_t newest_ns(const char *node)
{
	char name[64];
	series_reader_t r;
	struct series_head head;
	struct err err;

	snprintf(name, sizeof(name), "%s/series", node);
	ck_assert_msg(series_reader_open(&r, scratch_path(name), &err) == 0,
		      "%s", err.text);
	ck_assert_int_eq(series_reader_head(&r, &head), 0);
	series_reader_close(&r);
	return head.last.boot_ns;
}

/* Which are gone: the last one of the list, one amid it, all of them. */
static const struct {
	const char *nodes, *read, *gone;
} lists[] = {
	{ "b busy\nc busy\nd busy\n", "bcd", "" },
	{ "b busy\nc busy\n", "bc", "d" },
	{ "c busy\n", "c", "b" },
	{ "c busy\ne busy\nf busy\n", "cef", "" },
	{ "f busy\n", "f", "ce" },
	{ "", "", "f" },
	{ "b busy\n", "b", "" },
};

static void list_check(size_t i)
{
	char text[32], name[2] = "";

	ck_assert_int_gt(newest_ns("fixed"), now_ns - 2 * NS_PER_S);
	for (const char *p = lists[i].read; *p; p++) {
		name[0] = *p;
		ck_assert_int_gt(newest_ns(name), now_ns - 2 * NS_PER_S);
	}
	for (const char *p = lists[i].gone; *p; p++) {
		name[0] = *p;
		ck_assert_int_lt(newest_ns(name), now_ns - 3 * NS_PER_S);
		snprintf(text, sizeof(text), "node %c is gone", *p);
		ck_assert_ptr_nonnull(strstr(said, text));
	}
	if (!*lists[i].gone)
		ck_assert_ptr_null(strstr(said, "is gone"));
}

START_TEST(test_come_and_go)
{
	static struct conf conf;
	struct err err;
	http_t *http = http_create(&err);
	watch_t *watch = watch_create(&err);
	site_t *s;

	conf_write(&conf);
	s = site_create(&conf, http, watch, &ts, &logger, &err);
	ck_assert_msg(s != NULL, "%s", err.text);
	for (size_t i = 0; i < COUNT(lists); i++) {
		list_run(s, lists[i].nodes);
		list_check(i);
	}
	site_close(s);
	watch_destroy(watch);
	http_destroy(http);
}
END_TEST

static Suite *members_suite(void)
{
	Suite *s = suite_create("site_members");
	TCase *tc = tcase_create("members");

	tcase_add_checked_fixture(tc, setup, scratch_teardown);
	tcase_add_test(tc, test_come_and_go);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return suite_run(members_suite());
}
