/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of jobs added up: by name, with what is unknown, and the site's rest. */
#include <math.h>

#include "cli/groups.h"
#include "cli/periods.h"
#include "lib/clock.h"
#include "scratch.h"

struct sample {
	const char *user, *state, *source;
	double core_h, kwh, bmc, coverage, node_s, gap;	/* NaN: unknown */
};

static const struct sample jobs[] = {
	{ "a", "COMPLETED", "ledger:x", 10, 2, 4, 1, 3600, 0 },
	{ "b", "FAILED", "ledger:x", 1, 5, 5, 0.5, 7200, 60 },
	{ "a", "CANCELLED by 7", "ledger:y", 2, 1, 2, 0.25, 1200, 900 },
	{ "a", "TIMEOUT", "sacct", 4, NAN, NAN, NAN, 100, NAN },
	{ "c", "COMPLETED", NULL, 3, NAN, NAN, NAN, NAN, NAN },
	{ NULL, "COMPLETED", "ledger:x", 0, 0, 0, 1, 0, 0 },
	{ "=cmd,\"\n", "COMPLETED", "ledger:x", 0, 0.5, 0.5, 1, 10, 0 },
};

static struct rows *input(size_t from, size_t to)
{
	struct rows *rows = rows_create(job_columns, JOB_COLUMNS);

	for (size_t i = from; i < to; i++) {
		struct cell *row = rows_add(rows);

		cell_set_text(&row[JOB_USER], jobs[i].user);
		cell_set_text(&row[JOB_STATE], jobs[i].state);
		cell_set_text(&row[JOB_SOURCE], jobs[i].source);
		cell_set_number(&row[JOB_CORE_HOURS], jobs[i].core_h);
		cell_set_number(&row[JOB_ENERGY], jobs[i].kwh);
		cell_set_number(&row[JOB_BMC], jobs[i].bmc);
		cell_set_number(&row[JOB_COVERAGE], jobs[i].coverage);
		cell_set_number(&row[JOB_NODE_S], jobs[i].node_s);
		cell_set_number(&row[JOB_MAX_GAP], jobs[i].gap);
	}
	return rows;
}

static groups_t *g;
static struct rows *out;

/* In parts, as they come. */
static void run(struct site_energy site, enum spread spread)
{
	const size_t cuts[] = { 0, 2, 2, COUNT(jobs) };

	g = groups_create(JOB_USER);
	for (size_t i = 0; i + 1 < COUNT(cuts); i++) {
		struct rows *rows = input(cuts[i], cuts[i + 1]);

		groups_add(g, rows);
		rows_destroy(rows);
	}
	out = groups_rows(g, &site, spread);
}

static void end(void)
{
	rows_destroy(out);
	groups_destroy(g);
	out = NULL;
	g = NULL;
}

static const struct cell *at(size_t i, enum group_column column)
{
	return rows_cell(out, i, column);
}

static void expect(size_t i, enum group_column column, double want)
{
	const struct cell *cell = at(i, column);

	ck_assert_msg(cell->known == !isnan(want), "row %zu column %d: known %d",
		      i, column, cell->known);
	if (cell->known)
		ck_assert_double_eq_tol(cell->number, want, 1e-12);
}

START_TEST(test_sums)
{
	run((struct site_energy){ NAN, NAN, NAN }, SPREAD_NONE);
	ck_assert_uint_eq(out->len, 5);
	ck_assert_str_eq(out->columns[GROUP_NAME].name, "user");
	/* most energy first, unknown ones last */
	ck_assert_str_eq(at(0, GROUP_NAME)->text, "b");
	ck_assert_str_eq(at(1, GROUP_NAME)->text, "a");
	ck_assert_str_eq(at(2, GROUP_NAME)->text, "=cmd,\"\n");
	ck_assert(!at(3, GROUP_NAME)->known);
	ck_assert_str_eq(at(4, GROUP_NAME)->text, "c");
	ck_assert_int_eq(at(1, GROUP_JOBS)->integer, 3);
	ck_assert_int_eq(at(1, GROUP_KNOWN)->integer, 2);
	ck_assert_int_eq(at(1, GROUP_FAILED)->integer, 2);
	expect(1, GROUP_CORE_HOURS, 16);
	expect(1, GROUP_ENERGY, 3);
	expect(1, GROUP_FAILED_ENERGY, 1);
	expect(1, GROUP_BMC, 6);
	expect(1, GROUP_SHARE, 3 / 8.5);
	expect(1, GROUP_COVERAGE, (3600 + 300) / 4800.0);
	expect(1, GROUP_MAX_GAP, 900);
	ck_assert_str_eq(at(1, GROUP_SOURCE)->text, "mixed");
	expect(0, GROUP_FAILED_ENERGY, 5);
	expect(3, GROUP_ENERGY, 0);	/* known, and nothing */
	expect(3, GROUP_FAILED_ENERGY, 0);
	expect(3, GROUP_COVERAGE, NAN);	/* no time to be covered */
	expect(4, GROUP_ENERGY, NAN);
	expect(4, GROUP_SHARE, NAN);
	expect(4, GROUP_MAX_GAP, NAN);
	expect(4, GROUP_CO2E, NAN);
	end();
}
END_TEST

/* With the nodes' rest the shares add up to 1, and the energy to the site's. */
START_TEST(test_site)
{
	double energy = 0, share = 0;

	run((struct site_energy){ 8.5, 1.5, 10 }, SPREAD_NONE);
	ck_assert_uint_eq(out->len, 7);
	ck_assert_str_eq(at(5, GROUP_NAME)->text, "(unallocated)");
	ck_assert_str_eq(at(6, GROUP_NAME)->text, "(idle)");
	for (size_t i = 0; i < out->len; i++) {
		energy += at(i, GROUP_ENERGY)->known ? at(i, GROUP_ENERGY)->number : 0;
		share += at(i, GROUP_SHARE)->known ? at(i, GROUP_SHARE)->number : 0;
	}
	ck_assert_double_eq_tol(energy, 8.5 + 11.5, 1e-12);
	ck_assert_double_eq_tol(share, 1, 1e-12);
	ck_assert(!at(6, GROUP_JOBS)->known && !at(6, GROUP_CORE_HOURS)->known);
	ck_assert_uint_eq(rows_shown(out), GROUP_OFFSET);
	end();
}
END_TEST

/* Jobs that end elsewhere close the sum, too, whatever their sign. */
START_TEST(test_edges)
{
	const double allocated[] = { 10, 6.5 };

	run((struct site_energy){ allocated[_i], 1.5, 10 }, SPREAD_NONE);
	ck_assert_str_eq(at(5, GROUP_NAME)->text, "(edges)");
	expect(5, GROUP_ENERGY, allocated[_i] - 8.5);
	expect(5, GROUP_SHARE, (allocated[_i] - 8.5) / (allocated[_i] + 11.5));
	expect(7, GROUP_SHARE, 10 / (allocated[_i] + 11.5));
	end();
}
END_TEST

/* Jobs of an array are one row, others their own; both tell whose they are. */
START_TEST(test_array)
{
	static const int64_t arrays[COUNT(jobs)] = { 7, 7, 9, 12, 7, 100, 9 };
	struct rows *rows = input(0, COUNT(jobs));

	for (size_t i = 0; i < rows->len; i++)
		cell_set_integer((struct cell *)rows_cell(rows, i, JOB_ARRAY),
				 arrays[i]);
	g = groups_create(JOB_ARRAY);
	groups_add(g, rows);
	rows_destroy(rows);
	out = groups_rows(g, &(struct site_energy){ NAN, NAN, NAN }, SPREAD_NONE);
	ck_assert_uint_eq(out->len, 4);
	ck_assert_str_eq(out->columns[GROUP_NAME].name, "array_id");
	ck_assert_uint_eq(rows_shown(out), GROUP_USER + 1);
	ck_assert_str_eq(out->columns[GROUP_USER].name, "user");
	ck_assert_str_eq(at(0, GROUP_NAME)->text, "7");
	ck_assert_int_eq(at(0, GROUP_JOBS)->integer, 3);
	ck_assert_str_eq(at(0, GROUP_USER)->text, "a");
	expect(0, GROUP_ENERGY, 7);
	ck_assert_str_eq(at(1, GROUP_NAME)->text, "9");
	expect(1, GROUP_ENERGY, 1.5);
	ck_assert_str_eq(at(2, GROUP_NAME)->text, "100");
	ck_assert(!at(2, GROUP_USER)->known);
	ck_assert_str_eq(at(3, GROUP_NAME)->text, "12");
	end();
}
END_TEST

START_TEST(test_fold)
{
	double before, after = 0;
	struct rows *jobs_rows;

	run((struct site_energy){ NAN, NAN, NAN }, SPREAD_NONE);
	before = at(0, GROUP_ENERGY)->number + at(1, GROUP_ENERGY)->number +
		 at(2, GROUP_ENERGY)->number;
	rows_destroy(out);
	groups_fold(g, 4);	/* one is no "others" */
	ck_assert(groups_have(g, "c"));
	groups_fold(g, 2);
	ck_assert(groups_have(g, "a") && groups_have(g, "b"));
	ck_assert(!groups_have(g, "c") && !groups_have(g, ""));
	out = groups_rows(g, &(struct site_energy){ NAN, NAN, NAN }, SPREAD_NONE);
	ck_assert_uint_eq(out->len, 3);
	ck_assert_str_eq(at(2, GROUP_NAME)->text, "others");
	ck_assert(!groups_lack_rates(g));	/* none has rates at all */
	ck_assert_int_eq(at(2, GROUP_JOBS)->integer, 3);
	ck_assert_int_eq(at(2, GROUP_KNOWN)->integer, 2);
	expect(2, GROUP_CORE_HOURS, 3);
	for (size_t i = 0; i < out->len; i++)
		after += at(i, GROUP_ENERGY)->number;
	ck_assert_double_eq_tol(after, before, 1e-12);
	/* whoever is named like it is another one */
	jobs_rows = input(0, 1);
	cell_set_text((struct cell *)rows_cell(jobs_rows, 0, JOB_USER), "others");
	groups_add(g, jobs_rows);
	rows_destroy(jobs_rows);
	ck_assert(groups_have(g, "others"));
	end();
}
END_TEST

/* A tariff that began between jobs: a sum of some of them is not theirs all. */
START_TEST(test_rated)
{
	static const struct {
		const char *user;
		double kwh, co2e, cost;		/* NaN: unknown */
	} rated[] = {
		{ "a", 4, 40, 1 }, { "a", 2, 20, NAN },
		{ "b", 3, 30, 2 }, { "b", 0, NAN, NAN }, { "b", NAN, NAN, NAN },
	};
	const struct site_energy none = { NAN, NAN, NAN };
	struct rows *rows = rows_create(job_columns, JOB_COLUMNS);

	for (size_t i = 0; i < COUNT(rated); i++) {
		struct cell *row = rows_add(rows);

		cell_set_text(&row[JOB_USER], rated[i].user);
		cell_set_number(&row[JOB_ENERGY], rated[i].kwh);
		cell_set_number(&row[JOB_CO2E], rated[i].co2e);
		cell_set_number(&row[JOB_COST], rated[i].cost);
	}
	g = groups_create(JOB_USER);
	groups_add(g, rows);
	rows_destroy(rows);
	out = groups_rows(g, &none, SPREAD_NONE);
	expect(0, GROUP_CO2E, 60);
	expect(0, GROUP_COST, NAN);
	ck_assert(groups_lack_rates(g));
	/* nothing costs nothing, and of the unknown there is none to be lacking */
	expect(1, GROUP_CO2E, 30);
	expect(1, GROUP_COST, 2);
	rows_destroy(out);
	groups_fold(g, 0);
	out = groups_rows(g, &none, SPREAD_NONE);
	expect(0, GROUP_CO2E, 90);
	expect(0, GROUP_COST, NAN);
	end();
}
END_TEST

/* The same of days: the tariff begins on the second one. */
START_TEST(test_rated_days)
{
	const int64_t day_ns = 86400 * NS_PER_S, from_ns = 19000 * day_ns;
	struct err err;
	struct rates rates = {
		.pue = rate_open(RATE_PUE, "1", "/", &err),
		.tariff = rate_open(RATE_TARIFF, "2022-01-09 0.5", "/", &err),
	};
	periods_t *months = periods_create(true, from_ns, from_ns + 9 * day_ns,
					   &rates);
	periods_t *days = periods_create(false, from_ns, from_ns + 9 * day_ns,
					 &rates);

	ck_assert(rates.pue && rates.tariff);
	for (int i = 0; i < 2; i++) {
		/* 2022-01-08 and 2022-01-09, at noon of everywhere */
		const int64_t at_ns = from_ns + i * day_ns + day_ns / 2;

		periods_energy(days, 2, false, at_ns, at_ns + NS_PER_S);
		periods_energy(months, 2, false, at_ns, at_ns + NS_PER_S);
	}
	out = periods_rows(days, false);
	ck_assert_uint_eq(out->len, 2);
	ck_assert(!at(0, (enum group_column)PERIOD_COST)->known);
	ck_assert_double_eq_tol(at(1, (enum group_column)PERIOD_COST)->number, 1,
				1e-12);
	rows_destroy(out);
	out = periods_rows(months, false);
	ck_assert_uint_eq(out->len, 1);
	ck_assert(!at(0, (enum group_column)PERIOD_COST)->known);
	ck_assert(periods_lack_rates(months));
	rows_destroy(out);
	out = NULL;
	periods_destroy(days);
	periods_destroy(months);
	rates_clear(&rates);
}
END_TEST

static const struct {
	enum spread by;
	double of_a, of_b;	/* parts of the offset */
} spreads[] = {
	{ SPREAD_CORE_HOURS, 16 / 20.0, 1 / 20.0 },
	{ SPREAD_ENERGY, 3 / 8.5, 5 / 8.5 },
};

START_TEST(test_spread)
{
	double sum = 0;

	run((struct site_energy){ 8.5, 1.5, 10 }, spreads[_i].by);
	expect(0, GROUP_OFFSET, 11.5 * spreads[_i].of_b);
	expect(1, GROUP_OFFSET, 11.5 * spreads[_i].of_a);
	for (size_t i = 0; i < out->len; i++)
		sum += at(i, GROUP_OFFSET)->known ? at(i, GROUP_OFFSET)->number : 0;
	ck_assert_double_eq_tol(sum, 11.5, 1e-12);
	/* whose energy is not known has no part that is known either */
	ck_assert_int_eq(at(4, GROUP_OFFSET)->known,
			 spreads[_i].by == SPREAD_CORE_HOURS);
	end();
	/* where the rest is not known, neither is anyone's part of it */
	run((struct site_energy){ 8.5, NAN, 10 }, spreads[_i].by);
	expect(1, GROUP_OFFSET, NAN);
	end();
}
END_TEST

START_TEST(test_nothing)
{
	g = groups_create(JOB_PROJECT);
	out = groups_rows(g, &(struct site_energy){ NAN, NAN, NAN }, SPREAD_ENERGY);
	ck_assert_uint_eq(out->len, 0);
	end();
	g = groups_create(JOB_PROJECT);
	out = groups_rows(g, &(struct site_energy){ 0, 0, 0 }, SPREAD_ENERGY);
	ck_assert_uint_eq(out->len, 2);
	expect(0, GROUP_ENERGY, 0);
	expect(0, GROUP_SHARE, NAN);
	end();
	groups_destroy(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("groups");
	TCase *tc = tcase_create("groups");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(tc, test_sums);
	tcase_add_test(tc, test_site);
	tcase_add_loop_test(tc, test_spread, 0, COUNT(spreads));
	tcase_add_loop_test(tc, test_edges, 0, 2);
	tcase_add_test(tc, test_array);
	tcase_add_test(tc, test_fold);
	tcase_add_test(tc, test_rated);
	tcase_add_test(tc, test_rated_days);
	tcase_add_test(tc, test_nothing);
	suite_add_tcase(s, tc);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
