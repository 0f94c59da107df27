/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "collector/holder.h"
#include "collector/suspension.h"
#include "scratch.h"

#define BOOT_A "11111111-2222-3333-4444-555555555555"

static gaterec_t record(uint32_t job, const char *step, uint32_t restart,
			int32_t pid, double start_s)
{
	gaterec_t rec = { .job_id = job, .restart = restart, .stepd_pid = pid,
			  .boot_id = BOOT_A, .start_ns = SECONDS(start_s),
			  .share = 0.25 };

	strcpy(rec.step, step);
	return rec;
}

static struct holder *add(struct holder_set *set, uint32_t job,
			  const char *step, uint32_t restart, int32_t pid)
{
	gaterec_t rec = record(job, step, restart, pid, 10);
	struct holder *h = holder_add(set, &rec);

	ck_assert_ptr_nonnull(h);
	return h;
}

/* ---- the set --------------------------------------------------------------------- */

START_TEST(test_add)
{
	struct holder_set set = { 0 };
	struct holder *job = add(&set, 1, "extern", 0, 100);
	struct holder *step = add(&set, 1, "batch", 0, 101);

	ck_assert(job->is_alloc && !step->is_alloc);
	ck_assert_int_eq(job->state, HOLDER_OPEN);
	ck_assert(job->share == 0.25);
	ck_assert_int_eq(job->end_ns, INT64_MAX);
	ck_assert_int_eq(job->gate.start_ns, SECONDS(10));
	ck_assert_int_eq(job->gate.settled_ns, SECONDS(10));
	ck_assert(!job->listed && !job->in_ledger && job->child == 0);
	ck_assert_int_eq(job->susp_len, 0);
	holder_set_free(&set);
	ck_assert_uint_eq(set.len, 0);
	ck_assert_ptr_null(set.items);
	holder_set_free(&set);
}
END_TEST

/* Holders stay where they are while others come and go. */
START_TEST(test_many)
{
	struct holder_set set = { 0 };
	struct holder *kept[200];
	uint32_t i;

	for (i = 0; i < 200; i++)
		kept[i] = add(&set, i + 1, "extern", 0, (int32_t)i + 1);
	for (i = set.len; i-- > 0; )
		if (set.items[i]->rec.job_id % 3 == 0)
			holder_remove(&set, i);
	ck_assert_uint_eq(set.len, 134);
	for (i = 0; i < 200; i++) {
		gaterec_t rec = record(i + 1, "extern", 0, (int32_t)i + 1, 10);
		struct holder *h = holder_find(&set, &rec);

		if ((i + 1) % 3 == 0)
			ck_assert_ptr_null(h);
		else
			ck_assert_ptr_eq(h, kept[i]);
	}
	holder_set_free(&set);
}
END_TEST

START_TEST(test_find)
{
	struct holder_set set = { 0 };
	struct holder *h = add(&set, 5, "extern", 1, 100);
	gaterec_t rec = record(5, "extern", 1, 100, 10);

	ck_assert_ptr_eq(holder_find(&set, &rec), h);
	rec.share = 0.9;		/* not part of its identity, */
	rec.end_ns = 7;
	rec.stepd_start = 8;		/* nor this: the ledger lacks it */
	ck_assert_ptr_eq(holder_find(&set, &rec), h);
	rec.start_ns++;
	ck_assert_ptr_null(holder_find(&set, &rec));
	rec = record(6, "extern", 1, 100, 10);
	ck_assert_ptr_null(holder_find(&set, &rec));
	rec = record(5, "batch", 1, 100, 10);
	ck_assert_ptr_null(holder_find(&set, &rec));
	rec = record(5, "extern", 0, 100, 10);
	ck_assert_ptr_null(holder_find(&set, &rec));
	rec = record(5, "extern", 1, 101, 10);
	ck_assert_ptr_null(holder_find(&set, &rec));
	rec = record(5, "extern", 1, 100, 10);
	rec.boot_id[0] = '9';
	ck_assert_ptr_null(holder_find(&set, &rec));
	ck_assert_ptr_eq(holder_find_name(&set, "5.extern.1.100"), h);
	ck_assert_ptr_null(holder_find_name(&set, "5.extern.1.10"));
	ck_assert_ptr_null(holder_find_name(&set, ""));
	holder_set_free(&set);
}
END_TEST

START_TEST(test_family)
{
	struct holder_set set = { 0 };
	struct holder *old = add(&set, 5, "extern", 0, 100);
	struct holder *old_step = add(&set, 5, "0", 0, 101);
	struct holder *job = add(&set, 5, "extern", 1, 200);
	struct holder *step = add(&set, 5, "batch", 1, 201);
	struct holder *orphan = add(&set, 6, "0", 0, 300);

	ck_assert_ptr_eq(holder_alloc_of(&set, step), job);
	ck_assert_ptr_eq(holder_alloc_of(&set, old_step), old);
	ck_assert_ptr_eq(holder_alloc_of(&set, job), job);
	ck_assert_ptr_null(holder_alloc_of(&set, orphan));

	ck_assert(holder_job_open(&set, job));
	step->state = HOLDER_ENDED;
	ck_assert(!holder_job_open(&set, job));	/* itself does not count */
	ck_assert(holder_job_open(&set, step));
	ck_assert(holder_job_known(&set, 5));
	old->state = old_step->state = job->state = HOLDER_DONE;
	ck_assert(holder_job_known(&set, 5));	/* a step is not in the ledger */
	step->state = HOLDER_DONE;
	ck_assert(!holder_job_known(&set, 5));
	ck_assert(holder_job_known(&set, 6));
	ck_assert(!holder_job_known(&set, 7));
	holder_set_free(&set);
}
END_TEST

/* ---- time ------------------------------------------------------------------------- */

START_TEST(test_holds)
{
	struct holder_set set = { 0 };
	struct holder *h = add(&set, 5, "extern", 0, 100);

	ck_assert(!holder_holds(h, SECONDS(10) - 1));
	ck_assert(holder_holds(h, SECONDS(10)));
	ck_assert(holder_holds(h, INT64_MAX - 1));
	h->state = HOLDER_ENDED;
	h->end_ns = SECONDS(20);
	ck_assert(holder_holds(h, SECONDS(20) - 1));
	ck_assert(!holder_holds(h, SECONDS(20)));	/* half-open */
	h->state = HOLDER_DONE;
	ck_assert(!holder_holds(h, SECONDS(15)));
	holder_set_free(&set);
}
END_TEST

START_TEST(test_suspended)
{
	struct holder_set set = { 0 };
	struct holder *h = add(&set, 5, "extern", 0, 100);

	holder_resume(h, SECONDS(11));		/* was not suspended */
	ck_assert_int_eq(h->susp_len, 0);
	holder_suspend(h, SECONDS(20));
	holder_suspend(h, SECONDS(25));		/* is already */
	ck_assert(!holder_suspended(h, SECONDS(20) - 1));
	ck_assert(holder_suspended(h, SECONDS(20)));
	ck_assert(holder_suspended(h, INT64_MAX - 1));
	holder_resume(h, SECONDS(30));
	holder_resume(h, SECONDS(35));
	ck_assert(holder_suspended(h, SECONDS(30) - 1));
	ck_assert(!holder_suspended(h, SECONDS(30)));
	holder_suspend(h, SECONDS(40));
	ck_assert(!holder_suspended(h, SECONDS(39)));
	ck_assert(holder_suspended(h, SECONDS(22)));	/* both are known */
	ck_assert(holder_suspended(h, SECONDS(50)));
	/* what is settled is forgotten, what goes on is not */
	holder_forget_suspensions(h, SECONDS(29));
	ck_assert(holder_suspended(h, SECONDS(22)));
	holder_forget_suspensions(h, SECONDS(30));
	ck_assert(!holder_suspended(h, SECONDS(22)));
	holder_forget_suspensions(h, SECONDS(1000));
	ck_assert(holder_suspended(h, SECONDS(1000)));
	ck_assert_int_eq(h->susp_len, 1);
	holder_set_free(&set);
}
END_TEST

/* More changes than there is room for: the newest are right. */
START_TEST(test_many_suspensions)
{
	struct holder_set set = { 0 };
	struct holder *h = add(&set, 5, "extern", 0, 100);
	int i, n = HOLDER_SUSPENSIONS + 10;

	for (i = 1; i <= n; i++) {
		holder_suspend(h, SECONDS(100 * i));
		holder_resume(h, SECONDS(100 * i + 50));
		ck_assert_int_le(h->susp_len, HOLDER_SUSPENSIONS);
	}
	ck_assert_int_eq(h->susp_len, HOLDER_SUSPENSIONS);
	for (i = n - HOLDER_SUSPENSIONS + 2; i <= n; i++) {
		ck_assert(holder_suspended(h, SECONDS(100 * i)));
		ck_assert(!holder_suspended(h, SECONDS(100 * i + 50)));
	}
	/* the joined ones are one, from the first begin to the last end */
	ck_assert(!holder_suspended(h, SECONDS(99)));
	ck_assert(holder_suspended(h, SECONDS(100)));
	ck_assert(holder_suspended(h, SECONDS(160)));
	ck_assert(h->susp[0].to_ns ==
		  SECONDS(100 * (n - HOLDER_SUSPENSIONS + 1) + 50));
	holder_set_free(&set);
}
END_TEST

/* ---- where a process's cgroup is ------------------------------------------------------ */

#define V1 "12:freezer:/slurm/uid_0/job_7/step_extern\n" \
	   "11:cpu,cpuacct:/slurm\n1:name=systemd:/\n0::/system.slice\n"

static const struct {
	const char *text, *controller;
	const char *path;	/* NULL: none */
} cgroups[] = {
	{ "0::/system.slice/slurmd.service/job_7/step_extern\n", "",
	  "/system.slice/slurmd.service/job_7/step_extern" },
	{ "0::/x", "", "/x" },
	{ "0::/\n", "", "/" },
	{ V1, "freezer", "/slurm/uid_0/job_7/step_extern" },
	{ V1, "", "/system.slice" },
	{ V1, "cpu", NULL },
	{ V1, "cpu,cpuacct", "/slurm" },
	{ V1, "freeze", NULL },
	{ "3:freezer2:/a\n4:freezer:/b\n", "freezer", "/b" },
	{ "0::/x\n", "freezer", NULL },
	{ "5:freezer:/with:colons\n", "freezer", "/with:colons" },
	{ "", "", NULL }, { "\n", "", NULL }, { "garbage", "", NULL },
	{ "0:\n", "", NULL }, { "12:freezer", "freezer", NULL },
	/* never out of the hierarchy */
	{ "0::/../../etc\n", "", NULL }, { "0::/a/../b\n", "", NULL },
	{ "0::/..\n", "", NULL }, { "0::/a/..\n", "", NULL },
	/* two dots in a name are none, and another line's are not ours */
	{ "0::/a..b/..c\n", "", "/a..b/..c" },
	{ "2:freezer:/a\n0::/../x\n", "freezer", "/a" },
	{ "0::relative\n", "", NULL },
	/* too long for the buffer */
	{ "0::/0123456789/0123456789/0123456789/0123456789/0123456789/01234567\n",
	  "", NULL },
};

START_TEST(test_cgroup_path)
{
	char buf[64];
	int rc = suspension_cgroup_path(cgroups[_i].text,
					cgroups[_i].controller, buf,
					sizeof(buf));

	ck_assert_msg(rc == (cgroups[_i].path ? 0 : -1), "%s",
		      cgroups[_i].text);
	if (cgroups[_i].path)
		ck_assert_str_eq(buf, cgroups[_i].path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("holder");
	TCase *tc = tcase_create("holder");

	tcase_add_test(tc, test_add);
	tcase_add_test(tc, test_many);
	tcase_add_test(tc, test_find);
	tcase_add_test(tc, test_family);
	tcase_add_test(tc, test_holds);
	tcase_add_test(tc, test_suspended);
	tcase_add_test(tc, test_many_suspensions);
	tcase_add_loop_test(tc, test_cgroup_path, 0, COUNT(cgroups));
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
