/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "lib/share.h"

/* A CPU node: 32 cores of 10 W, 64 GB of 0.5 W. Whole: 320 + 32 = 352 W. */
static const hardware_t cpu_node = {
	.cores = 32, .mem_mb = 65536, .core_w = 10, .gpu_w = 200,
	.mem_w_per_gb = 0.5, .threads_per_core = 2, .mem_consumable = true
};

/* The same with 4 GPUs of 250 W. Whole: 1352 W. */
static const hardware_t gpu_node = {
	.cores = 32, .gpus = 4, .mem_mb = 65536, .core_w = 10, .gpu_w = 250,
	.mem_w_per_gb = 0.5, .threads_per_core = 1, .mem_consumable = true
};

/* Memory goes with the cores. */
static const hardware_t cr_core_node = {
	.cores = 32, .gpus = 4, .mem_mb = 65536, .core_w = 10, .gpu_w = 250,
	.mem_w_per_gb = 0.5, .threads_per_core = 1, .mem_consumable = false
};

/* Memory is allocated, but how much there is, is not known. */
static const hardware_t no_mem_node = {
	.cores = 8, .gpus = 0, .core_w = 10, .mem_w_per_gb = 0.5,
	.threads_per_core = 1, .mem_consumable = true
};

static const struct {
	const char *what;
	enum share_mode mode;
	const hardware_t *node;
	holding_t part;
	double share;
} vectors[] = {
	/* (8 * 10 + 16 * 0.5) / 352 */
	{ "a quarter of all", SHARE_MODEL, &cpu_node, { 8, 0, 16384 }, 0.25 },
	/* (1 * 10 + 32 * 0.5) / 352 */
	{ "one core, half the memory", SHARE_MODEL, &cpu_node,
	  { 1, 0, 32768 }, 26.0 / 352 },
	/* memory 0: follows the cores, 16 GB */
	{ "memory not told", SHARE_MODEL, &cpu_node, { 8, 0, 0 }, 0.25 },
	/* (250 + 8 * 10 + 8) / 1352 = a quarter */
	{ "a GPU and its cores", SHARE_MODEL, &gpu_node, { 8, 1, 16384 }, 0.25 },
	/* (2 * 250 + 4 * 10 + 4 * 0.5) / 1352 */
	{ "GPUs, few cores", SHARE_MODEL, &gpu_node, { 4, 2, 4096 },
	  542.0 / 1352 },
	{ "cores only on a GPU node", SHARE_MODEL, &gpu_node, { 16, 0, 32768 },
	  176.0 / 1352 },
	/* memory said is passed over: 8 cores' part, 16 GB */
	{ "memory no consumable", SHARE_MODEL, &cr_core_node, { 8, 1, 60000 },
	  0.25 },
	{ "node's memory unknown", SHARE_MODEL, &no_mem_node, { 2, 0, 4096 },
	  0.25 },
	{ "half a core (a hardware thread)", SHARE_MODEL, &cpu_node,
	  { 0.5, 0, 1024 }, 5.5 / 352 },
	{ "nothing held", SHARE_MODEL, &cpu_node, { 0, 0, 0 }, 0 },
	{ "memory alone", SHARE_MODEL, &cpu_node, { 0, 0, 65536 }, 32.0 / 352 },

	{ "cores", SHARE_CORES, &gpu_node, { 8, 4, 65536 }, 0.25 },
	{ "cores, a thread", SHARE_CORES, &cpu_node, { 0.5, 0, 0 }, 1.0 / 64 },
	{ "gpus", SHARE_GPUS, &gpu_node, { 1, 3, 0 }, 0.75 },
	{ "gpus, none held", SHARE_GPUS, &gpu_node, { 16, 0, 0 }, 0 },
	{ "gpus where there is none", SHARE_GPUS, &cpu_node, { 16, 0, 0 }, 0.5 },
	{ "memory", SHARE_MEMORY, &cpu_node, { 1, 0, 49152 }, 0.75 },
	{ "memory, follows the cores", SHARE_MEMORY, &cr_core_node,
	  { 8, 0, 49152 }, 0.25 },
	{ "memory, not told", SHARE_MEMORY, &cpu_node, { 8, 0, 0 }, 0.25 },
	{ "memory, node's unknown", SHARE_MEMORY, &no_mem_node, { 2, 0, 99 },
	  0.25 },
	{ "max is cores", SHARE_MAX, &gpu_node, { 16, 1, 1024 }, 0.5 },
	{ "max is gpus", SHARE_MAX, &gpu_node, { 1, 3, 1024 }, 0.75 },
	{ "max is memory", SHARE_MAX, &gpu_node, { 1, 0, 58982.4 }, 0.9 },
	{ "max without GPUs", SHARE_MAX, &cpu_node, { 8, 0, 1024 }, 0.25 },
	{ "max, memory unknown", SHARE_MAX, &no_mem_node, { 2, 0, 99 }, 0.25 },
	{ "exclusive", SHARE_EXCLUSIVE, &gpu_node, { 1, 0, 0 }, 1 },

	/* more than the node has: clamped */
	{ "too much memory", SHARE_MODEL, &cpu_node, { 1, 0, 1e9 }, 42.0 / 352 },
	{ "GPUs where there is none", SHARE_MODEL, &cpu_node, { 8, 9, 16384 },
	  0.25 },
	{ "too many GPUs", SHARE_GPUS, &gpu_node, { 1, 9, 0 }, 1 },
};

START_TEST(test_vector)
{
	double share = share_compute(vectors[_i].mode, vectors[_i].node,
				     &vectors[_i].part);

	ck_assert_msg(fabs(share - vectors[_i].share) < 1e-12,
		      "%s: %.17g, not %.17g", vectors[_i].what, share,
		      vectors[_i].share);
}
END_TEST

/* Every allocatable core: no one else can use the rest. */
START_TEST(test_all_cores_is_one)
{
	const hardware_t *nodes[] = {
		&cpu_node, &gpu_node, &cr_core_node, &no_mem_node
	};
	enum share_mode mode = (enum share_mode)_i;

	for (int i = 0; i < 4; i++) {
		holding_t bare = { nodes[i]->cores, 0, 1 };
		holding_t above = { nodes[i]->cores + 1, 99, 1e12 };
		/* thirds that add up to a hair less than the whole */
		holding_t thirds = { nodes[i]->cores * (1 - 1e-12), 0, 1 };

		ck_assert_double_eq(share_compute(mode, nodes[i], &bare), 1);
		ck_assert_double_eq(share_compute(mode, nodes[i], &above), 1);
		ck_assert_double_eq(share_compute(mode, nodes[i], &thirds), 1);
	}
}
END_TEST

/* A core short of all is not all. */
START_TEST(test_almost_all_cores)
{
	holding_t part = { 31.5, 4, 65536 };

	ck_assert_double_lt(share_compute(SHARE_CORES, &gpu_node, &part), 1);
	ck_assert_double_lt(share_compute(SHARE_MODEL, &gpu_node, &part), 1);
}
END_TEST

/* Parts that fill a node share it without rest, in every additive mode. */
START_TEST(test_parts_add_up)
{
	static const enum share_mode modes[] = {
		SHARE_MODEL, SHARE_CORES, SHARE_GPUS, SHARE_MEMORY
	};
	const holding_t parts[] = {
		{ 7, 1, 10000 }, { 20, 0, 5536 }, { 1, 3, 40000 },
		{ 4, 0, 10000 }
	};
	double sum = 0;

	for (int i = 0; i < 4; i++)
		sum += share_compute(modes[_i], &gpu_node, &parts[i]);
	ck_assert_double_eq_tol(sum, 1, 1e-12);
}
END_TEST

static const double hostile[] = { NAN, INFINITY, -INFINITY, -1, -1e-300 };
#define HOSTILE (int)(sizeof(hostile) / sizeof(hostile[0]))

/* One bad number anywhere: no share, rather than a wrong one. */
START_TEST(test_hostile_hardware)
{
	const holding_t part = { 8, 1, 16384 };
	hardware_t node[6];

	for (int i = 0; i < 6; i++)
		node[i] = gpu_node;
	node[0].cores = hostile[_i];
	node[1].gpus = hostile[_i];
	node[2].mem_mb = hostile[_i];
	node[3].core_w = hostile[_i];
	node[4].gpu_w = hostile[_i];
	node[5].mem_w_per_gb = hostile[_i];
	for (int i = 0; i < 6; i++) {
		for (int m = SHARE_MODEL; m <= SHARE_MAX; m++)
			ck_assert_double_nan(share_compute((enum share_mode)m,
							   &node[i], &part));
		ck_assert_double_nan(share_model_w(&node[i], &part));
	}
}
END_TEST

START_TEST(test_hostile_holding)
{
	holding_t part[3] = { { 8, 1, 16384 }, { 8, 1, 16384 }, { 8, 1, 16384 } };

	part[0].cores = hostile[_i];
	part[1].gpus = hostile[_i];
	part[2].mem_mb = hostile[_i];
	for (int i = 0; i < 3; i++) {
		for (int m = SHARE_MODEL; m <= SHARE_MAX; m++)
			ck_assert_double_nan(share_compute((enum share_mode)m,
							   &gpu_node, &part[i]));
		ck_assert_double_nan(share_model_w(&gpu_node, &part[i]));
	}
}
END_TEST

START_TEST(test_unknown_hardware)
{
	hardware_t none = hardware_default(0);
	hardware_t no_watts = { .cores = 8, .threads_per_core = 1 };
	holding_t part = { 4, 1, 1024 };

	ck_assert_double_nan(share_compute(SHARE_MODEL, &none, &part));
	ck_assert_double_nan(share_compute(SHARE_CORES, &none, &part));
	ck_assert_double_nan(share_compute(SHARE_MODEL, &no_watts, &part));
	ck_assert_double_eq(share_compute(SHARE_CORES, &no_watts, &part), 0.5);
	ck_assert_double_eq(share_compute(SHARE_EXCLUSIVE, &none, &part), 1);
	ck_assert_double_nan(share_compute((enum share_mode)99, &cpu_node,
					   &part));
}
END_TEST

START_TEST(test_tiny_and_huge)
{
	hardware_t huge = hardware_default(1e300);
	hardware_t tiny = hardware_default(1e-300);
	holding_t half = { 5e299, 0, 0 }, small = { 5e-301, 0, 0 };

	ck_assert_double_eq(share_compute(SHARE_CORES, &huge, &half), 0.5);
	ck_assert_double_eq(share_compute(SHARE_CORES, &tiny, &small), 0.5);
}
END_TEST

START_TEST(test_model_w)
{
	const hardware_t unknown = hardware_default(0);
	const holding_t part = { 8, 1, 16384 };
	const holding_t no_mem = { 8, 1, 0 };
	const holding_t above = { 99, 99, 1e9 };

	ck_assert_double_eq_tol(share_model_w(&gpu_node, &part), 338, 1e-9);
	ck_assert_double_eq_tol(share_model_w(&gpu_node, &no_mem), 338, 1e-9);
	ck_assert_double_eq_tol(share_model_w(&gpu_node, &above), 1352, 1e-9);
	/* Green Algorithms: 8 * 12 + 200 + 16 * 0.3725 */
	ck_assert_double_eq_tol(share_model_w(&unknown, &part), 301.96, 1e-9);
}
END_TEST

START_TEST(test_default)
{
	hardware_t hw = hardware_default(16);

	ck_assert_double_eq(hw.cores, 16);
	ck_assert_double_eq(hw.gpus, 0);
	ck_assert_double_eq(hw.mem_mb, 0);
	ck_assert_double_eq(hw.core_w, 12);
	ck_assert_double_eq(hw.gpu_w, 200);
	ck_assert_double_eq(hw.mem_w_per_gb, 0.3725);
	ck_assert_uint_eq(hw.threads_per_core, 1);
	ck_assert(!hw.mem_consumable);
}
END_TEST

START_TEST(test_mode_names)
{
	static const char *const bad[] = {
		"", "Model", "model ", " model", "core", "coress", "unknown",
		"model,cores", "0"
	};
	enum share_mode mode;

	for (int m = SHARE_MODEL; m <= SHARE_EXCLUSIVE; m++) {
		mode = SHARE_MAX;
		ck_assert_int_eq(share_mode_parse(
			share_mode_name((enum share_mode)m), &mode), 0);
		ck_assert_int_eq((int)mode, m);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(share_mode_parse(bad[i], &mode) == -1,
			      "'%s' is taken", bad[i]);
	ck_assert_str_eq(share_mode_name((enum share_mode)77), "unknown");
	ck_assert_str_eq(share_mode_name(SHARE_MEMORY), "memory");
}
END_TEST

static Suite *share_suite(void)
{
	Suite *s = suite_create("share");
	TCase *tc = tcase_create("share");

	tcase_add_loop_test(tc, test_vector, 0,
			    sizeof(vectors) / sizeof(vectors[0]));
	tcase_add_loop_test(tc, test_all_cores_is_one, SHARE_MODEL,
			    SHARE_EXCLUSIVE + 1);
	tcase_add_test(tc, test_almost_all_cores);
	tcase_add_loop_test(tc, test_parts_add_up, 0, 4);
	tcase_add_loop_test(tc, test_hostile_hardware, 0, HOSTILE);
	tcase_add_loop_test(tc, test_hostile_holding, 0, HOSTILE);
	tcase_add_test(tc, test_unknown_hardware);
	tcase_add_test(tc, test_tiny_and_huge);
	tcase_add_test(tc, test_model_w);
	tcase_add_test(tc, test_default);
	tcase_add_test(tc, test_mode_names);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	SRunner *sr = srunner_create(share_suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
