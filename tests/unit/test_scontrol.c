/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What scontrol prints, the totals that come of it, and running it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/hardware.h"
#include "collector/jobword.h"
#include "collector/scontrol.h"
#include "lib/scontrol_parse.h"
#include "lib/clock.h"

#define LEN(a) (int)(sizeof(a) / sizeof((a)[0]))

/* ---- show node ---- */

static const struct {
	const char *what;
	const char *text;
	double cores, gpus, mem_mb;
	unsigned threads;
} nodes[] = {
	{ "22.05, threads allocated, cores and memory set aside",
	  "NodeName=n1 Arch=x86_64 CoresPerSocket=16  CPUAlloc=0 CPUEfctv=60 CPUTot=64 CPULoad=0.10 AvailableFeatures=(null) ActiveFeatures=(null) Gres=(null) NodeAddr=n1 NodeHostName=n1 Version=22.05.8 OS=Linux 6.1.0-18-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)  RealMemory=257000 AllocMem=0 FreeMem=1000 Sockets=2 Boards=1 CoreSpecCount=2 CPUSpecList=0-3 MemSpecLimit=2048 State=IDLE ThreadsPerCore=2 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions=debug  BootTime=2026-01-01T00:00:00 CfgTRES=cpu=60,mem=257000M,billing=60\n",
	  30, 0, 254952, 2 },
	{ "CPUs are cores although cores have threads",
	  "NodeName=n1 CoresPerSocket=16 CPUEfctv=32 CPUTot=32 Gres=gpu:2 RealMemory=1000 Sockets=2 Boards=1 ThreadsPerCore=2\n",
	  32, 2, 1000, 1 },
	{ "config_overrides: more CPUs than sockets and cores say",
	  "NodeName=n1 CoresPerSocket=1 CPUEfctv=8 CPUTot=8 Gres=(null) RealMemory=1 Sockets=1 ThreadsPerCore=1\n",
	  8, 0, 1, 1 },
	{ "the same with threads",
	  "NodeName=n1 CoresPerSocket=1 CPUEfctv=8 CPUTot=8 RealMemory=1 Sockets=1 ThreadsPerCore=2\n",
	  4, 0, 1, 2 },
	{ "before CPUEfctv there was only CoreSpecCount",
	  "NodeName=n1 CoresPerSocket=8 CPUTot=32 RealMemory=100 Sockets=2 CoreSpecCount=1 ThreadsPerCore=2\n",
	  15, 0, 100, 2 },
	{ "an odd number of CPUs set aside",
	  "NodeName=n1 CoresPerSocket=2 CPUEfctv=3 CPUTot=4 RealMemory=100 Sockets=1 ThreadsPerCore=2\n",
	  1.5, 0, 100, 2 },
	{ "memory all set aside",
	  "NodeName=n1 CPUTot=4 RealMemory=100 MemSpecLimit=100\n", 4, 0, 0, 1 },
	{ "several GPUs, types, sockets with commas, other resources",
	  "NodeName=n1 CPUTot=4 Gres=gpu:a100:4(S:0,1),gpu:v100:2(S:1),nic:8,gpu_mem:80G,shard:16 RealMemory=1\n",
	  4, 6, 1, 1 },
	{ "a GPU without a count",
	  "NodeName=n1 CPUTot=4 Gres=gpu RealMemory=1\n", 4, 1, 1, 1 },
	{ "GPUs that are not consumed, a type that is a number",
	  "NodeName=n1 CPUTot=4 Gres=gpu:1080:no_consume:3 RealMemory=1\n", 4, 3, 1, 1 },
	{ "messages around it, other nodes",
	  "scontrol: warning: NodeName=n1 CPUTot=99\nNodeName=n10 CPUTot=7 RealMemory=1\nNodeName=n1 CPUTot=4 RealMemory=1\nslurm_load_jobs error",
	  4, 0, 1, 1 },
	{ "a reason that looks like keys",
	  "NodeName=n1 CPUTot=4 RealMemory=10 Reason=MemSpecLimit=9 CoreSpecCount=3 Gres=gpu:8 [root@now]\n",
	  4, 0, 10, 1 },
	{ "a comment that looks like keys",
	  "NodeName=n1 CPUTot=4 RealMemory=10 Comment=x ThreadsPerCore=64 MemSpecLimit=9\n",
	  4, 0, 10, 1 },
	{ "the first of two keys counts",
	  "NodeName=n1 CPUTot=4 CPUTot=8 RealMemory=10\n", 4, 0, 10, 1 },
	{ "GPU counts that are not",
	  "NodeName=n1 CPUTot=4 Gres=gpu:,gpux:3,gpu:-2,xgpu:4,,),(,gpu:99999999999999999999 RealMemory=10\n",
	  4, 2, 10, 1 },
};

START_TEST(test_node)
{
	struct node_totals t = { 0 };
	struct err err = { "" };

	ck_assert_msg(scontrol_parse_node(nodes[_i].text, "n1", &t, &err) == 0,
		      "%s: %s", nodes[_i].what, err.text);
	ck_assert_msg(t.cores == nodes[_i].cores && t.gpus == nodes[_i].gpus &&
		      t.mem_mb == nodes[_i].mem_mb &&
		      t.threads_per_core == nodes[_i].threads,
		      "%s: %g cores, %g GPUs, %g MiB, %u threads",
		      nodes[_i].what, t.cores, t.gpus, t.mem_mb,
		      t.threads_per_core);
}
END_TEST

static const char *const bad_nodes[] = {
	"",
	"\n\n\n",
	"NodeName=n1",
	"NodeName=n1\n",
	"NodeName=n1 ",
	"NodeName=n2 CPUTot=4 RealMemory=10\n",
	"NodeName=n11 CPUTot=4 RealMemory=10\n",
	" NodeName=n1 CPUTot=4 RealMemory=10\n",
	"Node n1 not found\n",
	"slurm_load_node error: Unable to contact slurm controller (connect failure)\n",
	"NodeName=n1 RealMemory=10\n",
	"NodeName=n1 Reason=CPUTot=4\n",
	"NodeName=n1 CPUTot= RealMemory=10\n",
	"NodeName=n1 CPUTot=0 RealMemory=10\n",
	"NodeName=n1 CPUTot=-4 RealMemory=10\n",
	"NodeName=n1 CPUTot=4.5 RealMemory=10\n",
	"NodeName=n1 CPUTot=4x RealMemory=10\n",
	"NodeName=n1 CPUTot=65534 RealMemory=10\n",
	"NodeName=n1 CPUTot=99999999999999999999999999999 RealMemory=10\n",
	"NodeName=n1 CPUTot=4 CPUEfctv=5 RealMemory=10\n",
	"NodeName=n1 CPUTot=4 CoreSpecCount=4 RealMemory=10\n",
	"NodeName=n1 CPUTot=4 CoreSpecCount=65533 ThreadsPerCore=65533 RealMemory=10\n",
	"NodeName=n1 CPUTot=4 ThreadsPerCore=nan RealMemory=10\n",
	"NodeName=n1 CPUTot=4 RealMemory=lots\n",
	"NodeName=n1 CPUTot=4 RealMemory=10 MemSpecLimit=-1\n",
};

START_TEST(test_bad_node)
{
	struct node_totals t = { 0 };
	struct err err = { "" };

	ck_assert_msg(scontrol_parse_node(bad_nodes[_i], "n1", &t, &err) == -1,
		      "%s", bad_nodes[_i]);
	ck_assert_ptr_nonnull(strstr(err.text, "n1"));
}
END_TEST

/* Every beginning of a real line: no crash, and never more than the whole. */
START_TEST(test_node_cut)
{
	const char *text = nodes[0].text;

	for (size_t n = 0; n <= strlen(text); n++) {
		struct node_totals t = { 0 };
		char *cut = strndup(text, n);

		if (scontrol_parse_node(cut, "n1", &t, NULL) == 0)
			ck_assert_double_le(t.cores, 64);
		free(cut);
	}
}
END_TEST

/* ---- show config ---- */

static const struct {
	const char *text;
	int rc;
	bool consumable;
	int64_t kill_wait_s;
} configs[] = {
	{ "Configuration data as of now\nKillWait                = 30 sec\nSelectType              = select/cons_tres\nSelectTypeParameters    = CR_CORE_MEMORY\n", 0, true, 30 },
	{ "SelectTypeParameters    = CR_CPU\nKillWait = 5 sec\n", 0, false, 5 },
	{ "SelectTypeParameters=CR_SOCKET_MEMORY,CR_ONE_TASK_PER_CORE", 0, true, 0 },
	{ "SelectTypeParameters    = \nKillWait = x\n", 0, false, 0 },
	{ "SelectTypeParameters = CR_Core_Memory\nKillWait = 86401 sec\n", 0, true, 0 },
	{ "SelectTypeParametersX = CR_CORE_MEMORY\n", -1, false, 0 },
	{ "SelectTypeParameters", -1, false, 0 },
	{ "KillWait = 30 sec\n", -1, false, 0 },
	{ "", -1, false, 0 },
};

START_TEST(test_config)
{
	struct node_totals t = { .mem_consumable = !configs[_i].consumable,
				 .kill_wait_ns = 99 };

	ck_assert_int_eq(scontrol_parse_config(configs[_i].text, &t, NULL),
			 configs[_i].rc);
	if (configs[_i].rc < 0)
		return;
	ck_assert_int_eq(t.mem_consumable, configs[_i].consumable);
	ck_assert_int_eq(t.kill_wait_ns, configs[_i].kill_wait_s * NS_PER_S);
}
END_TEST

/* ---- show job ---- */

static const struct {
	const char *what;
	const char *text;
	int rc;
} jobs[] = {
	{ "suspended", "JobId=12 JobName=a UserId=u(1) JobState=SUSPENDED Reason=None Comment=x\n", 1 },
	{ "at the end of its line", "JobId=12 JobState=SUSPENDED", 1 },
	{ "running", "JobId=12 JobName=a JobState=RUNNING Reason=None\n", 0 },
	{ "a longer word", "JobId=12 JobState=SUSPENDED_X Reason=None\n", 0 },
	{ "no state", "JobId=12 JobName=a\n", 0 },
	{ "a name that lies", "JobId=12 JobName=a JobState=SUSPENDED b JobState=RUNNING Reason=None\n", 0 },
	{ "a comment that lies", "JobId=12 JobName=a JobState=RUNNING Comment=JobState=SUSPENDED\n", 0 },
	{ "a name with a line break", "JobId=12 JobName=a\nJobId=12 JobState=SUSPENDED b JobState=RUNNING\n", 0 },
	{ "one that hides the state", "JobId=12 JobName=a\nJobId=99 JobState=SUSPENDED b JobState=RUNNING\n", 0 },
	{ "one that goes on", "JobId=12 JobName=a\nJobState=SUSPENDED b JobState=RUNNING\n", 0 },
	{ "an array's other tasks", "JobId=13 ArrayJobId=12 JobState=RUNNING R\nJobId=12 ArrayJobId=12 JobState=SUSPENDED R\nJobId=14 ArrayJobId=12 JobState=RUNNING R\n", 1 },
	{ "another job", "JobId=123 JobName=a JobState=SUSPENDED\n", -1 },
	{ "no job", "slurm_load_jobs error: Invalid job id specified\n", -1 },
	{ "nothing", "", -1 },
};

START_TEST(test_job)
{
	ck_assert_msg(scontrol_parse_job(jobs[_i].text, 12) == jobs[_i].rc,
		      "%s", jobs[_i].what);
}
END_TEST

/* ---- hardware ---- */

START_TEST(test_hardware)
{
	struct node_totals t = { .cores = 30, .gpus = 4, .mem_mb = 1000,
				 .threads_per_core = 2, .mem_consumable = true };
	struct conf conf = { .hw = { .cores = 0 } };
	bool defaults;
	hardware_t hw;

	hardware_resolve(&conf, NULL, &hw, &defaults);
	ck_assert(hw.cores == 0 && hw.gpus == 0 && hw.mem_mb == 0);
	ck_assert_uint_eq(hw.threads_per_core, 1);
	ck_assert(defaults);
	hardware_resolve(&conf, &t, &hw, &defaults);
	ck_assert(hw.cores == 30 && hw.gpus == 4 && hw.mem_mb == 1000);
	ck_assert(hw.threads_per_core == 2 && hw.mem_consumable);
	ck_assert(hw.core_w == SHARE_DEFAULT_CORE_W);
	ck_assert(hw.gpu_w == SHARE_DEFAULT_GPU_W);

	conf.hw = (hardware_t){ .cores = 8, .core_w = 3.5, .gpu_w = 250 };
	conf.hw_mem_consumable_set = true;
	hardware_resolve(&conf, &t, &hw, &defaults);
	ck_assert(hw.cores == 8 && hw.gpus == 4 && hw.mem_mb == 1000);
	ck_assert(hw.core_w == 3.5 && hw.gpu_w == 250);
	ck_assert(!hw.mem_consumable && !defaults);
}
END_TEST

/* ---- the child ---- */

static int64_t fake_ns;

static int64_t fake_now(void *arg)
{
	(void)arg;
	return fake_ns;
}

static void child_wait(child_t *c, int64_t now_ns)
{
	for (int i = 0; i < 2000 && child_run(c, now_ns) == CHILD_RUNNING; i++)
		usleep(5000);
	ck_assert_int_eq(c->state, CHILD_DONE);
}

START_TEST(test_child)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c",
			 (char *)"echo out; echo err >&2; exit 3", NULL };
	struct err err;
	child_t c;

	ck_assert_int_eq(child_start(&c, argv, 100, &err), 0);
	child_wait(&c, 0);
	ck_assert_str_eq(c.output, "out\nerr\n");
	ck_assert_int_eq(child_result(&c, "it", &err), -1);
	ck_assert_str_eq(err.text, "it: exit status 3 (out)");
	child_clear(&c);
	child_clear(&c);
}
END_TEST

START_TEST(test_child_too_late)
{
	char *argv[] = { (char *)"/bin/sh", (char *)"-c",
			 (char *)"sleep 1000 & sleep 1000", NULL };
	struct err err;
	child_t c;

	ck_assert_int_eq(child_start(&c, argv, 100, &err), 0);
	ck_assert_int_eq(child_run(&c, 99), CHILD_RUNNING);
	child_wait(&c, 100);
	ck_assert_int_eq(child_result(&c, "it", &err), -1);
	ck_assert_str_eq(err.text, "it: killed, it took too long");
	child_clear(&c);
}
END_TEST

START_TEST(test_child_too_much)
{
	char *argv[] = { (char *)"/bin/cat", (char *)"/dev/zero", NULL };
	struct err err;
	child_t c;

	ck_assert_int_eq(child_start(&c, argv, 100, &err), 0);
	child_wait(&c, 0);
	ck_assert_int_eq(child_result(&c, "it", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "more than 128 KB"));
	child_clear(&c);
}
END_TEST

START_TEST(test_child_missing)
{
	char *argv[] = { (char *)"/nonexistent/scontrol", NULL };
	struct err err;
	child_t c;

	if (child_start(&c, argv, 100, &err) == 0) {	/* under valgrind */
		child_wait(&c, 0);
		ck_assert_int_eq(child_result(&c, argv[0], &err), -1);
	}
	ck_assert_ptr_nonnull(strstr(err.text, argv[0]));
	child_clear(&c);
}
END_TEST

/* ---- asking ---- */

static char dir[] = "/tmp/test_scontrol.XXXXXX";
static int log_lines;

static void count_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)line;
	if (level <= LOG_LEVEL_WARN)
		log_lines++;
}

static void script_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	chmod(path, 0700);
}

/* Until no child runs and the next round is some time away. */
static void run_round(scontrol_t *s)
{
	for (int i = 0; i < 2000; i++) {
		scontrol_run(s);
		if (scontrol_fd(s) < 0 && scontrol_due_ns(s) > fake_ns + NS_PER_S)
			return;
		usleep(2000);
	}
	ck_abort_msg("scontrol does not end");
}

START_TEST(test_asking)
{
	const timesource_t ts = { fake_now, fake_now, NULL };
	const logger_t log = { count_line, NULL, LOG_LEVEL_INFO };
	const struct node_totals *t;
	struct conf conf = { .node = "n1" };
	char path[128];
	scontrol_t *s;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	strcpy(conf.state_dir, dir);
	snprintf(conf.scontrol, sizeof(conf.scontrol), "%s/scontrol", dir);
	script_write(conf.scontrol, "#!/bin/sh\necho 'Unable to contact slurm controller' >&2; exit 1\n");
	fake_ns = 1000 * NS_PER_S;
	s = scontrol_create(&conf, &ts, &log);
	run_round(s);
	ck_assert_ptr_null(scontrol_totals(s));
	ck_assert_int_eq(log_lines, 1);
	fake_ns += 5 * NS_PER_S;
	run_round(s);
	ck_assert_int_eq(log_lines, 1);	/* told once */

	script_write(conf.scontrol, "#!/bin/sh\n[ \"$1\" = -o ] && echo 'NodeName=n1 CPUTot=4 RealMemory=10 Gres=gpu:2' || printf 'KillWait = 30 sec\\nSelectTypeParameters = CR_CORE_MEMORY\\n'\n");
	fake_ns += 600 * NS_PER_S;
	run_round(s);
	t = scontrol_totals(s);
	ck_assert_ptr_nonnull(t);
	ck_assert(t->cores == 4 && t->gpus == 2 && t->mem_consumable);
	ck_assert_int_eq(t->kill_wait_ns, 30 * NS_PER_S);
	ck_assert_int_eq(scontrol_due_ns(s), fake_ns + 3600 * NS_PER_S);
	scontrol_destroy(s);

	/* the next start knows it without asking */
	s = scontrol_create(&conf, &ts, &log);
	t = scontrol_totals(s);
	ck_assert_ptr_nonnull(t);
	ck_assert(t->cores == 4 && t->gpus == 2 && t->mem_mb == 10);
	ck_assert_int_eq(t->kill_wait_ns, 30 * NS_PER_S);
	scontrol_destroy(s);

	snprintf(path, sizeof(path), "%s/n1.hardware", dir);
	script_write(path, "cores=-1\ngpus=0\nmemory_mb=1\nthreads_per_core=1\nmemory_consumable=1\nkill_wait_s=3\n");
	s = scontrol_create(&conf, &ts, &log);
	ck_assert_ptr_null(scontrol_totals(s));
	scontrol_destroy(s);
	unlink(path);
	unlink(conf.scontrol);
	rmdir(dir);
}
END_TEST

static enum job_word word_wait(jobword_t *w, uint32_t job, int64_t since_ns)
{
	for (int i = 0; i < 2000; i++) {
		enum job_word word = jobword_get(w, job, since_ns);

		if (word != WORD_PENDING)
			return word;
		jobword_run(w);
		usleep(2000);
	}
	ck_abort_msg("no answer");
}

START_TEST(test_jobword)
{
	const timesource_t ts = { fake_now, fake_now, NULL };
	char place[] = "/tmp/test_scontrol.XXXXXX";
	struct conf conf = { .node = "n1" };
	int64_t since_ns;
	jobword_t *w;

	fake_ns = since_ns = 1000 * NS_PER_S;
	w = jobword_create(&conf, &ts);
	ck_assert_int_eq(jobword_get(w, 7, since_ns), WORD_NONE);
	jobword_destroy(w);

	ck_assert_ptr_nonnull(mkdtemp(place));
	snprintf(conf.scontrol, sizeof(conf.scontrol), "%s/scontrol", place);
	script_write(conf.scontrol, "#!/bin/sh\n[ \"$*\" != '-o show job 9' ] || exit 1\n"
		     "[ \"$4\" != 8 ] || s=SUSPENDED\necho \"JobId=$4 JobState=${s:-RUNNING} R\"\n");
	w = jobword_create(&conf, &ts);
	ck_assert_int_eq(jobword_due_ns(w), INT64_MAX);
	ck_assert_int_eq(jobword_get(w, 7, since_ns), WORD_PENDING);
	ck_assert_int_eq(jobword_due_ns(w), fake_ns);
	ck_assert_int_eq(jobword_get(w, 8, since_ns), WORD_PENDING);
	ck_assert_int_eq(word_wait(w, 9, since_ns), WORD_NONE);
	ck_assert_int_eq(word_wait(w, 8, since_ns), WORD_SUSPENDED);
	ck_assert_int_eq(word_wait(w, 7, since_ns), WORD_ACTIVE);

	/* an old answer does not count for a new question */
	script_write(conf.scontrol, "#!/bin/sh\necho \"JobId=$4 JobState=RUNNING R\"\n");
	ck_assert_int_eq(jobword_get(w, 8, since_ns), WORD_SUSPENDED);
	fake_ns += 60 * NS_PER_S;
	ck_assert_int_eq(word_wait(w, 8, fake_ns), WORD_ACTIVE);

	/* more than can be kept: the oldest answers go */
	for (uint32_t job = 100; job < 100 + 300; job++)
		ck_assert_int_eq(word_wait(w, job, ++fake_ns), WORD_ACTIVE);

	script_write(conf.scontrol, "#!/bin/sh\nexec cat /dev/zero\n");
	ck_assert_int_eq(word_wait(w, 7, ++fake_ns), WORD_ACTIVE);
	script_write(conf.scontrol, "#!/bin/sh\nexec sleep 1000\n");
	ck_assert_int_eq(jobword_get(w, 8, ++fake_ns), WORD_PENDING);
	jobword_run(w);
	fake_ns += 10 * NS_PER_S;
	ck_assert_int_eq(word_wait(w, 8, 0), WORD_NONE);
	unlink(conf.scontrol);
	ck_assert_int_eq(word_wait(w, 8, ++fake_ns), WORD_NONE);
	jobword_destroy(w);
	rmdir(place);
}
END_TEST

static Suite *scontrol_suite(void)
{
	Suite *s = suite_create("scontrol");
	TCase *tc = tcase_create("scontrol");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_node, 0, LEN(nodes));
	tcase_add_loop_test(tc, test_bad_node, 0, LEN(bad_nodes));
	tcase_add_test(tc, test_node_cut);
	tcase_add_loop_test(tc, test_config, 0, LEN(configs));
	tcase_add_loop_test(tc, test_job, 0, LEN(jobs));
	tcase_add_test(tc, test_jobword);
	tcase_add_test(tc, test_hardware);
	tcase_add_test(tc, test_child);
	tcase_add_test(tc, test_child_too_late);
	tcase_add_test(tc, test_child_too_much);
	tcase_add_test(tc, test_child_missing);
	tcase_add_test(tc, test_asking);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(scontrol_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
