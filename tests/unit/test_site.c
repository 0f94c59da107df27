/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of a site's nodes, and the process beside its poller. */
#include <limits.h>
#include <signal.h>
#include <sys/wait.h>

#include "collector/worker.h"
#include "collector/nodelist.h"
#include "scratch.h"

#define HEAD "wattgate-nodes 1\n"

/* ---- the list ---- */

static const struct {
	const char *text;
	const char *why;	/* NULL: well */
	unsigned count;
} lists[] = {
	{ HEAD, NULL, 0 },
	{ HEAD "node-1 busy\n", NULL, 1 },
	{ HEAD "b idle\na busy\nc.d_e-f idle\n", NULL, 3 },
	{ "", NULL, 0 },
	{ "node-1 busy\n", "does not begin with", 0 },
	{ "wattgate-nodes 2\nnode-1 busy\n", "does not begin with", 0 },
	{ HEAD "node-1\n", ":2: not \"NODE busy\"", 0 },
	{ HEAD "node-1 lazy\n", ":2: not", 0 },
	{ HEAD "node-1 busy \n", ":2: not", 0 },
	{ HEAD "a busy\n../x busy\n", ":3: not", 0 },
	{ HEAD "a/b busy\n", ":2: not", 0 },
	{ HEAD ". busy\n", ":2: not", 0 },
	{ HEAD " busy\n", ":2: not", 0 },
	{ HEAD "a busy\nb idle\na idle\n", "a stands there twice", 0 },
	{ HEAD "a busy", ":2: a line without an end", 0 },
	{ HEAD "a busy\n\n", ":3: not", 0 },
};

START_TEST(test_list)
{
	const char *path = scratch_path("nodes");
	struct nodelist list;
	struct err err;
	int rc;

	file_write(path, lists[_i].text, strlen(lists[_i].text));
	rc = nodelist_read(path, &list, &err);
	ck_assert_msg((rc == 0) == !lists[_i].why, "%s: %s", lists[_i].text,
		      rc < 0 ? err.text : "taken");
	if (lists[_i].why)
		ck_assert_msg(strstr(err.text, lists[_i].why) != NULL, "%s",
			      err.text);
	ck_assert_uint_eq(list.count, lists[_i].count);
	nodelist_free(&list);
}
END_TEST

START_TEST(test_list_find)
{
	static const char text[] = HEAD "n2 idle\nn10 busy\nn1 idle\n";
	const char *path = scratch_path("nodes");
	struct nodelist list;

	file_write(path, text, strlen(text));
	ck_assert_int_eq(nodelist_read(path, &list, NULL), 0);
	ck_assert(nodelist_find(&list, "n10")->busy);
	ck_assert(!nodelist_find(&list, "n2")->busy);
	ck_assert_ptr_null(nodelist_find(&list, "n3"));
	nodelist_free(&list);
	ck_assert_ptr_null(nodelist_find(&list, "n10"));
}
END_TEST

START_TEST(test_list_many)
{
	const char *path = scratch_path("nodes");
	struct nodelist list;
	struct err err;
	FILE *f = fopen(path, "w");

	fputs(HEAD, f);
	for (int i = 0; i < NODELIST_MAX; i++)
		fprintf(f, "n%d idle\n", i);
	fclose(f);
	ck_assert_int_eq(nodelist_read(path, &list, &err), 0);
	ck_assert_uint_eq(list.count, NODELIST_MAX);
	nodelist_free(&list);
	f = fopen(path, "a");
	fputs("one-more busy\n", f);
	fclose(f);
	ck_assert_int_lt(nodelist_read(path, &list, &err), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "too many"));
	nodelist_free(&list);
}
END_TEST

/* ---- the follower: this program again ---- */

static char program[PATH_MAX];	/* not /proc/self/exe: that may be valgrind */
static char line[512];
static int lines;

static void log_sink(void *arg, enum log_level level, const char *text)
{
	(void)arg;
	(void)level;
	lines++;
	snprintf(line, sizeof(line), "%s", text);
}

static const logger_t logger = { log_sink, NULL, LOG_LEVEL_INFO };

static void follower_setup(void)
{
	scratch_setup();
	lines = 0;
}

/* Run it at now_ns until it says something, for ten seconds at most. */
static void run_until_said(worker_t *f, int64_t now_ns)
{
	int before = lines;

	for (int i = 0; i < 1000 && lines == before; i++) {
		worker_run(f, now_ns);
		usleep(10000);
	}
	ck_assert_int_eq(lines, before + 1);
}

START_TEST(test_follower_again)
{
	char *argv[] = { (char *)"wattgated", (char *)"exit-3", NULL };
	worker_t *f = worker_create("follower", program, argv, &logger);
	int64_t now_ns = NS_PER_S, delay_s = 2;

	for (int i = 0; i < 8; i++) {
		run_until_said(f, now_ns);
		ck_assert_ptr_nonnull(strstr(line, "status 3"));
		ck_assert_int_eq(worker_due_ns(f), now_ns + delay_s * NS_PER_S);
		worker_run(f, worker_due_ns(f) - 1);	/* not yet */
		ck_assert_int_lt(worker_due_ns(f), INT64_MAX);
		now_ns = worker_due_ns(f);
		delay_s = delay_s < 30 ? 2 * delay_s : 60;
	}
	worker_destroy(f, NS_PER_S);
}
END_TEST

START_TEST(test_follower_killed)
{
	char *argv[] = { (char *)"wattgated", (char *)"abort", NULL };
	worker_t *f = worker_create("follower", program, argv, &logger);
	int64_t now_ns = NS_PER_S;

	for (int64_t delay_s = 2; delay_s < 100; delay_s *= 2) {
		run_until_said(f, now_ns);
		ck_assert_ptr_nonnull(strstr(line, "killed by signal 9"));
		ck_assert_int_eq(worker_due_ns(f) - now_ns, NS_PER_S *
				 (delay_s < 10 ? delay_s : 10));
		now_ns = worker_due_ns(f);
	}
	/* once it runs for a minute all is forgotten */
	worker_run(f, now_ns);
	run_until_said(f, now_ns + 60 * NS_PER_S);
	ck_assert_int_eq(worker_due_ns(f) - now_ns, 61 * NS_PER_S);
	worker_destroy(f, NS_PER_S);
}
END_TEST

/* It goes with us; one that does not hear is killed. */
static const char *const stopping[] = { "wait", "deaf" };

START_TEST(test_follower_stop)
{
	char *argv[] = { (char *)"wattgated", (char *)stopping[_i], NULL };
	worker_t *f = worker_create("follower", program, argv, &logger);

	worker_run(f, NS_PER_S);
	ck_assert_int_eq(worker_due_ns(f), INT64_MAX);
	usleep(100000);
	worker_run(f, 2 * NS_PER_S);
	ck_assert_int_eq(lines, 0);
	worker_destroy(f, NS_PER_S / 5);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);	/* no child left */
}
END_TEST

static int be_follower(const char *how)
{
	if (strcmp(how, "exit-3") == 0)
		return 3;
	if (strcmp(how, "abort") == 0)
		raise(SIGKILL);
	if (strcmp(how, "deaf") == 0)
		signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}

static Suite *site_suite(void)
{
	Suite *s = suite_create("site");
	TCase *tc = tcase_create("site");

	tcase_add_checked_fixture(tc, follower_setup, scratch_teardown);
	tcase_add_loop_test(tc, test_list, 0, COUNT(lists));
	tcase_add_test(tc, test_list_find);
	tcase_add_test(tc, test_list_many);
	tcase_add_test(tc, test_follower_again);
	tcase_add_test(tc, test_follower_killed);
	tcase_add_loop_test(tc, test_follower_stop, 0, COUNT(stopping));
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	return s;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return be_follower(argv[1]);
	if (!realpath(argv[0], program))
		return EXIT_FAILURE;
	return suite_run(site_suite());
}
