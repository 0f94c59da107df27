/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the loop watches besides HTTP: descriptors and timers. */
#include <poll.h>
#include <check.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "source/watch.h"

static watch_t *w;
static int calls[3], pipes[3][2];
static struct err err;

static void setup(void)
{
	w = watch_create(&err);
	ck_assert_ptr_nonnull(w);
	memset(calls, 0, sizeof(calls));
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pipe(pipes[i]), 0);
}

static void teardown(void)
{
	watch_destroy(w);
	for (int i = 0; i < 3; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

static bool ready(int timeout_ms)
{
	struct pollfd fd = { .fd = watch_fd(w), .events = POLLIN };

	return poll(&fd, 1, timeout_ms) == 1;
}

/* Reads a byte of pipe *arg. */
static void on_byte(void *arg)
{
	int i = *(int *)arg;
	char c;

	ck_assert_int_eq(read(pipes[i][0], &c, 1), 1);
	calls[i]++;
}

/* Takes both others out, whatever they have to say. */
static void on_remover(void *arg)
{
	int i = *(int *)arg;

	on_byte(arg);
	for (int k = 0; k < 3; k++)
		if (k != i)
			watch_remove(w, pipes[k][0]);
}

static int number[3] = { 0, 1, 2 };

static void add(int i, watch_fn fn)
{
	ck_assert_int_eq(watch_add(w, pipes[i][0], fn, &number[i], &err), 0);
}

static void put(int i)
{
	ck_assert_int_eq(write(pipes[i][1], "x", 1), 1);
}

START_TEST(test_only_what_is_ready)
{
	add(0, on_byte);
	add(1, on_byte);
	ck_assert(!ready(0));
	watch_run(w);
	ck_assert_int_eq(calls[0] + calls[1], 0);
	put(1);
	ck_assert(ready(1000));
	watch_run(w);
	ck_assert_int_eq(calls[0], 0);
	ck_assert_int_eq(calls[1], 1);
	ck_assert(!ready(0));
}
END_TEST

START_TEST(test_removed_in_a_call)
{
	for (int i = 0; i < 3; i++) {
		add(i, on_remover);
		put(i);
	}
	watch_run(w);
	/* whoever came first has removed the others */
	ck_assert_int_eq(calls[0] + calls[1] + calls[2], 1);
	ck_assert(!ready(0));
}
END_TEST

START_TEST(test_remove_unknown)
{
	watch_remove(w, -1);
	watch_remove(w, pipes[0][0]);
	add(0, on_byte);
	watch_remove(w, pipes[0][0]);
	watch_remove(w, pipes[0][0]);
	put(0);
	watch_run(w);
	ck_assert_int_eq(calls[0], 0);
	ck_assert_int_eq(watch_add(w, -1, on_byte, &number[0], &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot be watched"));
}
END_TEST

/* As a child does for an instant after its start, someone else has a copy. */
START_TEST(test_closed_before_removed)
{
	int copy = dup(pipes[0][0]);

	ck_assert_int_ge(copy, 0);
	add(0, on_byte);
	close(pipes[0][0]);
	watch_remove(w, pipes[0][0]);
	pipes[0][0] = copy;
	put(0);
	ck_assert(!ready(0));
	watch_run(w);
	ck_assert_int_eq(calls[0], 0);
}
END_TEST

static int timer, rung;

static void on_timer(void *arg)
{
	(void)arg;
	watch_timer_clear(timer);
	rung++;
}

START_TEST(test_timer)
{
	int64_t at;

	rung = 0;
	timer = watch_timer(&err);
	ck_assert_int_ge(timer, 0);
	ck_assert_int_eq(watch_add(w, timer, on_timer, NULL, &err), 0);
	ck_assert(!ready(0));
	at = clock_boot_ns() + 20 * 1000 * 1000;
	watch_timer_set(timer, at);
	ck_assert(ready(5000));
	ck_assert_int_ge(clock_boot_ns(), at);
	watch_run(w);
	ck_assert_int_eq(rung, 1);
	ck_assert(!ready(30));
	watch_timer_set(timer, clock_boot_ns() - 1);	/* gone by: at once */
	ck_assert(ready(5000));
	watch_timer_set(timer, 0);	/* never */
	ck_assert(!ready(0));
	watch_remove(w, timer);
	close(timer);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("watch");
	TCase *tc = tcase_create("watch");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_only_what_is_ready);
	tcase_add_test(tc, test_removed_in_a_call);
	tcase_add_test(tc, test_remove_unknown);
	tcase_add_test(tc, test_closed_before_removed);
	tcase_add_test(tc, test_timer);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
