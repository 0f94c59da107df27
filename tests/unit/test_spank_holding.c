/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>

#include "plugin/spank_holding.h"
#include "scratch.h"

/* ---- what slurmstepd would answer ------------------------------------------------ */

static struct {
	const char *job_cores, *step_cores, *gpus;
	uint64_t job_mb, step_mb;
	bool missing;
} fake;

spank_err_t spank_get_item(spank_t spank, spank_item_t item, ...)
{
	va_list args;

	(void)spank;
	if (fake.missing)
		return ESPANK_NOT_AVAIL;
	va_start(args, item);
	if (item == S_JOB_ALLOC_CORES || item == S_STEP_ALLOC_CORES)
		*va_arg(args, const char **) = item == S_JOB_ALLOC_CORES ?
			fake.job_cores : fake.step_cores;
	else
		*va_arg(args, uint64_t *) = item == S_JOB_ALLOC_MEM ?
			fake.job_mb : fake.step_mb;
	va_end(args);
	return ESPANK_SUCCESS;
}

spank_err_t spank_getenv(spank_t spank, const char *name, char *buf, int size)
{
	(void)spank;
	ck_assert_str_eq(name, "SLURM_STEP_GPUS");
	if (fake.missing || !fake.gpus)
		return ESPANK_ENV_NOEXIST;
	if (strlen(fake.gpus) >= (size_t)size)
		return ESPANK_NOSPACE;
	strcpy(buf, fake.gpus);
	return ESPANK_SUCCESS;
}

/* ---- lists ------------------------------------------------------------------------- */

static const struct {
	const char *list;
	unsigned count;
} lists[] = {
	{ NULL, 0 }, { "", 0 }, { ",", 0 }, { ",,,", 0 },
	{ "0", 1 }, { "7", 1 }, { "0,1", 2 }, { "0-3", 4 }, { "5-5", 1 },
	{ "0-3,8", 5 }, { "0-3,8,10-11", 7 }, { "0,,2", 2 }, { ",1,", 1 },
	{ "0-63,128-191", 128 }, { "007", 1 },
	/* GPUs by name */
	{ "GPU-4f2c1e00-9a1b-11ec-b909-0242ac120002", 1 },
	{ "GPU-4f2c1e00,GPU-5a3d2f11", 2 }, { "MIG-1/2/3,0", 2 },
	/* backwards, broken, hostile: one each */
	{ "3-1", 1 }, { "3-", 1 }, { "-3", 1 }, { "3-x", 1 }, { "3x", 1 },
	{ "0-3:2", 1 }, { " 1", 1 }, { "1 ", 1 }, { "0x10", 1 }, { "1-2-3", 1 },
	/* bounded */
	{ "0-65534", 65535 }, { "0-65535", 65536 }, { "0-65536", 65536 },
	{ "0-4000000000", 65536 }, { "0-65535,0-65535", 65536 },
	{ "0-60000,0-60000", 65536 },
	{ "0-99999999999999999999999999", 65536 },
	{ "99999999999999999999999999", 1 },
	{ "18446744073709551615-18446744073709551615", 1 },
	{ "0-18446744073709551615", 65536 },
};

START_TEST(test_list_count)
{
	unsigned n = spank_list_count(lists[_i].list);

	ck_assert_msg(n == lists[_i].count, "\"%s\" is %u, not %u",
		      lists[_i].list ? lists[_i].list : "(null)", n,
		      lists[_i].count);
}
END_TEST

START_TEST(test_long_list)
{
	size_t n = 200000, i;
	char *list = malloc(2 * n + 1);

	ck_assert_ptr_nonnull(list);
	for (i = 0; i < n; i++)
		memcpy(list + 2 * i, "1,", 2);
	list[2 * n] = 0;
	ck_assert_uint_eq(spank_list_count(list), 65536);
	list[2 * 1000] = 0;
	ck_assert_uint_eq(spank_list_count(list), 1000);
	free(list);
}
END_TEST

/* ---- holdings ------------------------------------------------------------------------ */

START_TEST(test_holdings)
{
	holding_t h;

	fake.job_cores = "0-7,16-23";
	fake.step_cores = "0";
	fake.job_mb = 32768;
	fake.step_mb = 2048;
	fake.gpus = "0,3";
	h = spank_job_holding(NULL);
	ck_assert(h.cores == 16 && h.mem_mb == 32768 && h.gpus == 0);
	h = spank_step_holding(NULL);
	ck_assert(h.cores == 1 && h.mem_mb == 2048 && h.gpus == 2);
	fake.gpus = NULL;
	fake.step_cores = NULL;
	fake.job_mb = UINT64_MAX;	/* NO_VAL64 */
	h = spank_job_holding(NULL);
	ck_assert(h.cores == 16 && h.mem_mb == 0);
	h = spank_step_holding(NULL);
	ck_assert(h.cores == 0 && h.mem_mb == 2048 && h.gpus == 0);
	fake.missing = true;
	h = spank_job_holding(NULL);
	ck_assert(h.cores == 0 && h.mem_mb == 0 && h.gpus == 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spank_holding");
	TCase *tc = tcase_create("holding");

	tcase_add_loop_test(tc, test_list_count, 0, COUNT(lists));
	tcase_add_test(tc, test_long_list);
	tcase_add_test(tc, test_holdings);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
