/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random days of a node, WATTGATE_TEST_SEED to have one again: each job gets
 * what the plan says, and the ledger keeps its laws.
 */
#include <errno.h>

#include "plan.h"
#include "scratch.h"

#define DAYS 40
#define FEW_DAYS 5

static const struct {
	const char *what;
	struct plan_options options;
	bool interrupted;
} kinds[] = {
	{ "plain", { false, false, false }, false },
	{ "over-subscribed", { false, false, true }, false },
	{ "suspended", { true, false, false }, false },
	{ "suspended, over-subscribed", { true, false, true }, false },
	{ "interrupted", { false, true, false }, true },
	{ "all", { true, true, true }, true },
};

static uint64_t first_seed;

static void play_day(const struct plan *p, bool interrupted, const char *what)
{
	struct rig_ledger out;
	rig_t rig;

	scratch_setup();
	rig_init(&rig, scratch);
	plan_play(p, &rig, interrupted);
	ck_assert_msg(rig.errors == 0, "%s: %s", what, rig.last_error);
	out = rig_ledger_read(rig.ledger_path);
	rig_check_laws(&out, what);
	/* NODE.open rounds to a microjoule at each start */
	plan_check(p, &rig, &out, interrupted ? 1e-4 : 2e-6, what);
	rig_ledger_free(&out);
	rig_free(&rig);
	scratch_teardown();
}

START_TEST(test_day)
{
	unsigned kind = (unsigned)_i % COUNT(kinds);
	uint64_t seed = first_seed + (uint64_t)_i / COUNT(kinds);
	static struct plan p;
	char what[128];

	snprintf(what, sizeof(what), "WATTGATE_TEST_SEED=%" PRIu64 ", %s", seed,
		 kinds[kind].what);
	plan_make(&p, seed, &kinds[kind].options);
	play_day(&p, kinds[kind].interrupted, what);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("account, random days");
	TCase *tc = tcase_create("days");
	int days = getenv("WATTGATE_TEST_SEED") ? 1 :
		   run_is_slow() ? FEW_DAYS : DAYS;

	first_seed = random_start("test_account_random");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_day, 0, (int)COUNT(kinds) * days);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
