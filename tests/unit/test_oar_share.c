/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "oar/share.h"
#include "scratch.h"

#define ROWS_MAX 256

/* ---- hosts ----------------------------------------------------------------------- */

static const hardware_t nothing = { 0 };

/* Rows 101, 102, ...; `cores` and `gpus` are values with blanks between, or NULL. */
static host_t *host_of(uint32_t count, const char *cores, const char *gpus,
		       const hardware_t *configured, enum share_mode mode)
{
	static struct resource rows[ROWS_MAX];
	char core_text[1024] = "", gpu_text[1024] = "", *c, *g;
	host_t *h;

	if (cores)
		strcpy(core_text, cores);
	if (gpus)
		strcpy(gpu_text, gpus);
	c = strtok(core_text, " ");
	for (uint32_t i = 0; i < count; i++) {
		rows[i] = (struct resource){ .id = 101 + i, .core = c };
		if (c)
			c = strtok(NULL, " ");
	}
	g = strtok(gpu_text, " ");
	for (uint32_t i = 0; i < count; i++) {
		rows[i].gpu = g;
		if (g)
			g = strtok(NULL, " ");
	}
	h = host_create(rows, count, configured, mode);
	ck_assert_ptr_nonnull(h);
	return h;
}

static const struct {
	const char *what;
	uint32_t rows;
	const char *cores, *gpus;
	double want_cores, want_gpus;
} hosts[] = {
	{ "a row a core", 4, "1 2 3 4", NULL, 4, 0 },
	{ "no core column", 4, NULL, NULL, 4, 0 },
	{ "two threads a core", 4, "7 7 8 8", NULL, 2, 0 },
	{ "threads in any order", 4, "7 8 7 8", NULL, 2, 0 },
	{ "core unknown in one row", 4, "7 7 -1 9", NULL, 3, 0 },
	{ "all unknown", 3, "-1 -1 -1", NULL, 3, 0 },
	{ "words", 4, "a-0 a-0 a-1 a-1", NULL, 2, 0 },
	{ "a GPU for two rows", 4, "1 2 3 4", "0 0 1 1", 4, 2 },
	{ "no GPU", 4, "1 2 3 4", "-1 -1 -1 -1", 4, 0 },
	{ "one GPU in half the rows", 4, "1 2 3 4", "0 0 -1 -1", 4, 1 },
	{ "one row", 1, "1", "3", 1, 1 },
	{ "none", 0, NULL, NULL, 0, 0 },
};

START_TEST(test_host)
{
	host_t *h = host_of(hosts[_i].rows, hosts[_i].cores, hosts[_i].gpus,
			    &nothing, SHARE_MODEL);
	const hardware_t *hw = host_hardware(h);

	ck_assert_msg(hw->cores == hosts[_i].want_cores, "%s: %g cores",
		      hosts[_i].what, hw->cores);
	ck_assert_msg(hw->gpus == hosts[_i].want_gpus, "%s: %g GPUs",
		      hosts[_i].what, hw->gpus);
	ck_assert_uint_eq(host_rows(h), hosts[_i].rows);
	ck_assert_int_eq(host_row(h, 100), -1);
	ck_assert_int_eq(host_row(h, 101 + hosts[_i].rows), -1);
	ck_assert_int_eq(host_row(h, INT64_MIN), -1);
	for (uint32_t i = 0; i < hosts[_i].rows; i++)
		ck_assert_int_eq(host_row(h, 101 + i), i);
	host_destroy(h);
}
END_TEST

/* Rows come in any order; numbers are by id. */
START_TEST(test_host_order)
{
	const struct resource rows[] = {
		{ 30, "b", "1" }, { 10, "a", "0" }, { 40, "b", "1" }, { 20, "a", "0" },
	};
	host_t *h = host_create(rows, 4, &nothing, SHARE_MODEL);
	const uint32_t first[] = { 0, 1 };
	const struct share_claim c = { .job_id = 1, .rows = first, .row_count = 2 };
	holding_t all;

	ck_assert_int_eq(host_row(h, 10), 0);
	ck_assert_int_eq(host_row(h, 40), 3);
	ck_assert_int_eq(host_row(h, 25), -1);
	all = host_holding(h, &c);
	ck_assert(all.cores == 1 && all.gpus == 1);
	host_destroy(h);
}
END_TEST

/* What is configured: cores that a row stands for, GPUs that OAR knows not. */
START_TEST(test_host_configured)
{
	const hardware_t conf = { .cores = 32, .gpus = 4, .mem_mb = 65536,
				  .core_w = 10, .gpu_w = 250, .mem_w_per_gb = 0.5,
				  .mem_consumable = true };
	const uint32_t one[] = { 0 };
	const struct share_claim c = { .job_id = 1, .rows = one, .row_count = 1 };
	host_t *h = host_of(2, "1 2", NULL, &conf, SHARE_MODEL);
	holding_t half = host_holding(h, &c);

	ck_assert(host_hardware(h)->cores == 32);
	ck_assert(host_hardware(h)->gpus == 4);
	ck_assert(!host_hardware(h)->mem_consumable);
	ck_assert(half.cores == 16 && half.gpus == 2);
	host_destroy(h);
	/* OAR's own GPUs come first */
	h = host_of(2, "1 2", "0 1", &conf, SHARE_MODEL);
	ck_assert(host_hardware(h)->gpus == 2);
	ck_assert(host_holding(h, &c).gpus == 1);
	host_destroy(h);
}
END_TEST

START_TEST(test_host_defaults)
{
	host_t *h = host_of(2, "1 2", "0 1", &nothing, SHARE_MODEL);

	ck_assert(host_hardware(h)->core_w == SHARE_DEFAULT_CORE_W);
	ck_assert(host_hardware(h)->gpu_w == SHARE_DEFAULT_GPU_W);
	ck_assert(host_hardware(h)->mem_w_per_gb == SHARE_DEFAULT_MEM_W_PER_GB);
	host_destroy(h);
}
END_TEST

/* ---- dividing ---------------------------------------------------------------------- */

/* Cores of 10 W, GPUs of 100 W, 32 GB of 0.5 W: 16 W of memory. */
static const hardware_t watts = { .core_w = 10, .gpu_w = 100, .mem_mb = 32768,
				  .mem_w_per_gb = 0.5 };

struct job {
	int64_t id, inner_of;
	const char *rows;	/* "0123": numbers of rows */
	double share, cores, gpus;
};

static const struct {
	const char *what;
	enum share_mode mode;
	uint32_t rows;
	const char *cores, *gpus;
	struct job jobs[5];
	bool scaled;
} divisions[] = {
	{ "two halves", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 1, 0, "01", 0.5, 2, 0 }, { 2, 0, "23", 0.5, 2, 0 } }, false },
	{ "all of it", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 1, 0, "0123", 1, 4, 0 } }, false },
	{ "a quarter, the rest is free", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 1, 0, "2", 0.25, 1, 0 } }, false },
	{ "rows where there are no cores", SHARE_MODEL, 4, NULL, NULL,
	  { { 1, 0, "0", 0.25, 1, 0 }, { 2, 0, "123", 0.75, 3, 0 } }, false },
	{ "a hardware thread", SHARE_MODEL, 4, "1 1 2 2", NULL,
	  { { 1, 0, "0", 0.25, 0.5, 0 }, { 2, 0, "123", 0.75, 1.5, 0 } }, false },
	{ "three threads of a core", SHARE_MODEL, 4, "1 1 1 2", NULL,
	  { { 1, 0, "0", 1.0 / 6, 1.0 / 3, 0 }, { 2, 0, "12", 2.0 / 6, 2.0 / 3, 0 },
	    { 3, 0, "3", 0.5, 1, 0 } }, false },
	/* whole: 4 x 10 + 2 x 100 + 16 = 256 W */
	{ "a GPU with its cores", SHARE_MODEL, 4, "1 2 3 4", "0 0 1 1",
	  { { 1, 0, "01", 0.5, 2, 1 }, { 2, 0, "23", 0.5, 2, 1 } }, false },
	{ "a GPU by one row of it", SHARE_MODEL, 4, "1 2 3 4", "0 0 1 1",
	  { { 1, 0, "0", 114.0 / 256, 1, 1 } }, false },
	{ "a GPU shared by its rows", SHARE_MODEL, 4, "1 2 3 4", "0 0 0 1",
	  { { 1, 0, "0", (10 + 100.0 / 3 + 4) / 256, 1, 1.0 / 3 },
	    { 2, 0, "12", (20 + 200.0 / 3 + 8) / 256, 2, 2.0 / 3 } }, false },
	{ "a GPU only some rows have", SHARE_MODEL, 4, "1 2 3 4", "0 -1 -1 -1",
	  { { 1, 0, "0", 114.0 / 156, 1, 1 }, { 2, 0, "123", 42.0 / 156, 3, 0 } },
	  false },
	{ "all rows of a GPU host", SHARE_MODEL, 4, "1 2 3 4", "0 0 1 1",
	  { { 1, 0, "0123", 1, 4, 2 } }, false },
	{ "by GPUs", SHARE_GPUS, 4, "1 2 3 4", "0 0 1 1",
	  { { 1, 0, "0", 0.5, 1, 1 }, { 2, 0, "2", 0.25, 1, 0.5 },
	    { 3, 0, "3", 0.25, 1, 0.5 } }, false },

	{ "an inner job before its container", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 1, 0, "0123", 0.75, 3, 0 }, { 2, 1, "0", 0.25, 1, 0 } }, false },
	{ "an inner job that comes first", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 5, 9, "12", 0.5, 2, 0 }, { 9, 0, "0123", 0.5, 2, 0 } }, false },
	{ "inner jobs that take it all", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 1, 0, "0123", 0, 0, 0 }, { 2, 1, "01", 0.5, 2, 0 },
	    { 3, 1, "23", 0.5, 2, 0 } }, false },
	{ "a container in a container", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 1, 0, "0123", 0.25, 1, 0 }, { 2, 1, "012", 0.5, 2, 0 },
	    { 3, 2, "0", 0.25, 1, 0 } }, false },
	{ "an inner job beside its container", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 1, 0, "01", 0.5, 2, 0 }, { 2, 1, "2", 0.25, 1, 0 } }, false },
	{ "an inner job whose container is gone", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 2, 1, "01", 0.5, 2, 0 } }, false },
	{ "inner of itself", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 1, 1, "01", 0.5, 2, 0 } }, false },
	{ "inner of each other", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 1, 2, "01", 0.25, 1, 0 }, { 2, 1, "01", 0.25, 1, 0 } }, false },
	{ "a container's GPU", SHARE_MODEL, 4, "1 2 3 4", "0 0 1 1",
	  { { 1, 0, "0123", 0.5, 2, 1 }, { 2, 1, "01", 0.5, 2, 1 } }, false },
	{ "half of a container's GPU", SHARE_MODEL, 4, "1 2 3 4", "0 0 1 1",
	  { { 1, 0, "0123", (30 + 150 + 12) / 256.0, 3, 1.5 },
	    { 2, 1, "0", (10 + 50 + 4) / 256.0, 1, 0.5 } }, false },

	{ "timesharing", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 1, 0, "0123", 0.5, 2, 0 }, { 2, 0, "0123", 0.5, 2, 0 } }, false },
	{ "timesharing of some", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 1, 0, "0123", 5.0 / 6, 4 * 5.0 / 6, 0 },
	    { 2, 0, "0", 0.25 / 3, 1.0 / 3, 0 }, { 3, 0, "0", 0.25 / 3, 1.0 / 3, 0 } },
	  false },
	{ "timesharing in a container", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 1, 0, "0123", 0.5, 2, 0 }, { 2, 1, "01", 0.25, 1, 0 },
	    { 3, 1, "01", 0.25, 1, 0 } }, false },
	{ "timesharing a GPU", SHARE_MODEL, 4, "1 2 3 4", "0 0 1 1",
	  { { 1, 0, "01", 0.25, 1, 0.5 }, { 2, 0, "01", 0.25, 1, 0.5 } }, false },

	{ "exclusive", SHARE_EXCLUSIVE, 4, "1 2 3 4", NULL,
	  { { 1, 0, "0", 1, 1, 0 } }, false },
	{ "two of them", SHARE_EXCLUSIVE, 4, "1 2 3 4", NULL,
	  { { 1, 0, "0", 0.5, 1, 0 }, { 2, 0, "1", 0.5, 1, 0 } }, true },
	/* 1/2 of the GPUs beside 3/4 of the cores */
	{ "the largest of all", SHARE_MAX, 4, "1 2 3 4", "0 1 1 1",
	  { { 1, 0, "0", 0.5 / 1.25, 1, 1 }, { 2, 0, "123", 0.75 / 1.25, 3, 1 } },
	  true },
	{ "no row", SHARE_MODEL, 4, "1 2 3 4", NULL,
	  { { 1, 0, "", 0, 0, 0 }, { 2, 0, "01", 0.5, 2, 0 } }, false },
};

static uint32_t rows_read(const char *text, uint32_t *rows)
{
	uint32_t count = 0;

	for (; *text; text++)
		rows[count++] = (uint32_t)(*text - '0');
	return count;
}

START_TEST(test_divide)
{
	struct share_claim claims[5];
	const struct share_claim *list[5];
	struct share_part parts[5];
	uint32_t rows[5][8], count = 0;
	double sum = 0;
	bool scaled;
	host_t *h = host_of(divisions[_i].rows, divisions[_i].cores,
			    divisions[_i].gpus, &watts, divisions[_i].mode);

	for (; count < 5 && divisions[_i].jobs[count].id; count++) {
		const struct job *j = &divisions[_i].jobs[count];

		claims[count] = (struct share_claim){
			.job_id = j->id, .inner_of = j->inner_of,
			.rows = rows[count],
			.row_count = rows_read(j->rows, rows[count]),
		};
		list[count] = &claims[count];
	}
	ck_assert_int_eq(host_divide(h, list, count, parts, &scaled), 0);
	for (uint32_t i = 0; i < count; i++) {
		const struct job *j = &divisions[_i].jobs[i];
		const double error = fabs(parts[i].share - j->share) +
			fabs(parts[i].holding.cores - j->cores) +
			fabs(parts[i].holding.gpus - j->gpus);

		ck_assert_msg(error < 1e-12, "%s: job %d: share %.17g, %g cores, %g GPUs",
			      divisions[_i].what, (int)j->id, parts[i].share,
			      parts[i].holding.cores, parts[i].holding.gpus);
		sum += parts[i].share;
	}
	ck_assert_msg(sum <= 1 + 1e-12, "%s: %.17g", divisions[_i].what, sum);
	ck_assert_msg(scaled == divisions[_i].scaled, "%s", divisions[_i].what);
	host_destroy(h);
}
END_TEST

/* A whole is exactly 1, whatever its parts are rounded to. */
START_TEST(test_whole)
{
	static const char *const cores[] = { "1 1 1 2 2 2", "1 2 3 4 5 6",
					     "1 1 1 1 1 1", NULL };
	const uint32_t all[] = { 0, 1, 2, 3, 4, 5 };
	const struct share_claim c = { .job_id = 1, .rows = all, .row_count = 6 };
	const struct share_claim *list[] = { &c };
	const hardware_t conf = { .cores = 7, .mem_mb = 1000 };
	struct share_part part;
	bool scaled;

	for (size_t i = 0; i < COUNT(cores); i++) {
		host_t *h = host_of(6, cores[i], i % 2 ? "0 0 0 1 1 1" : NULL,
				    &conf, SHARE_MODEL);

		ck_assert_int_eq(host_divide(h, list, 1, &part, &scaled), 0);
		ck_assert(part.share == 1);
		ck_assert(!scaled);
		host_destroy(h);
	}
}
END_TEST

START_TEST(test_model_watts)
{
	const uint32_t two[] = { 0, 1 };
	const struct share_claim c = { .job_id = 1, .rows = two, .row_count = 2 };
	const struct share_claim *list[] = { &c };
	struct share_part part;
	bool scaled;
	host_t *h = host_of(4, "1 2 3 4", "0 0 1 1", &watts, SHARE_CORES);

	ck_assert_int_eq(host_divide(h, list, 1, &part, &scaled), 0);
	ck_assert_double_eq(part.share, 0.5);
	ck_assert_double_eq_tol(part.model_w, 20 + 100 + 8, 1e-9);
	host_destroy(h);
}
END_TEST

/* Rows are given once, whoever holds them; nobody gets more than he holds. */
START_TEST(test_random)
{
	static uint32_t rows[40][ROWS_MAX];
	static struct share_claim claims[40];
	static struct resource res[ROWS_MAX];
	static char text[ROWS_MAX][2][8];
	const struct share_claim *list[40];
	struct share_part parts[40];
	const int rounds = run_is_slow() ? 50 : 2000;

	random_start("share");
	for (int round = 0; round < rounds; round++) {
		const uint32_t n = (uint32_t)random_between(1, 64);
		const uint32_t k = (uint32_t)random_between(0, 12);
		const enum share_mode mode = (enum share_mode)
			random_between(SHARE_MODEL, SHARE_EXCLUSIVE);
		double shares = 0, cores = 0, gpus = 0;
		uint32_t touched = 0;
		bool held[ROWS_MAX] = { false }, scaled;
		host_t *h;

		for (uint32_t i = 0; i < n; i++) {
			snprintf(text[i][0], 8, "%d", (int)random_between(-1, 20));
			snprintf(text[i][1], 8, "%d", (int)random_between(-1, 4));
			res[i] = (struct resource){ i * 3, text[i][0], text[i][1] };
		}
		h = host_create(res, n, &watts, mode);
		for (uint32_t i = 0; i < k; i++) {
			claims[i] = (struct share_claim){ .job_id = i + 1,
				.inner_of = random_between(0, 2) ? 0 : random_between(0, k),
				.rows = rows[i] };
			for (uint32_t r = 0; r < n; r++) {
				if (random_between(0, 3))
					continue;
				rows[i][claims[i].row_count++] = r;
				held[r] = true;
			}
			list[i] = &claims[i];
		}
		ck_assert_int_eq(host_divide(h, list, k, parts, &scaled), 0);
		for (uint32_t i = 0; i < k; i++) {
			const holding_t alone = host_holding(h, &claims[i]);

			ck_assert(parts[i].share >= 0 && parts[i].share <= 1);
			ck_assert(parts[i].holding.cores <= alone.cores + 1e-9);
			ck_assert(parts[i].holding.gpus <= alone.gpus + 1e-9);
			shares += parts[i].share;
			cores += parts[i].holding.cores;
			gpus += parts[i].holding.gpus;
		}
		for (uint32_t r = 0; r < n; r++)
			touched += held[r];
		ck_assert(shares <= 1 + 1e-9);
		ck_assert(cores <= host_hardware(h)->cores * (1 + 1e-9));
		ck_assert(gpus <= host_hardware(h)->gpus + 1e-9);
		/* every row that is held is given whole */
		if (touched == n) {
			ck_assert_double_eq_tol(cores, host_hardware(h)->cores, 1e-9);
			ck_assert_double_eq_tol(gpus, host_hardware(h)->gpus, 1e-9);
			if (mode == SHARE_MODEL || mode == SHARE_CORES)
				ck_assert_double_eq_tol(shares, 1, 1e-9);
		}
		host_destroy(h);
	}
}
END_TEST

static Suite *share_suite(void)
{
	Suite *s = suite_create("oar share");
	TCase *tc = tcase_create("host");

	tcase_add_loop_test(tc, test_host, 0, COUNT(hosts));
	tcase_add_test(tc, test_host_order);
	tcase_add_test(tc, test_host_configured);
	tcase_add_test(tc, test_host_defaults);
	suite_add_tcase(s, tc);
	tc = tcase_create("divide");
	tcase_add_loop_test(tc, test_divide, 0, COUNT(divisions));
	tcase_add_test(tc, test_whole);
	tcase_add_test(tc, test_model_watts);
	tcase_add_test(tc, test_random);
	suite_add_tcase(s, tc);
	return s;
}

int main(void)
{
	return suite_run(share_suite());
}
