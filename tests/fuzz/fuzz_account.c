/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting anew behind a ledger and what was open: the input is NODE.open, a
 * line "--", and NODE.ledger; all lines get good checksums. What wattgated
 * then writes can be read.
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/account.h"
#include "fuzz.h"
#include "ledger_check.h"

#define NOW_NS (5000 * NS_PER_S)

static const char boot_id[] = "3fb97892-045e-4f38-b879-0dd30d47cc8c";

static int64_t now_boot(void *arg)
{
	(void)arg;
	return NOW_NS;
}

static int64_t now_wall(void *arg)
{
	(void)arg;
	return INT64_C(1790000000) * NS_PER_S;
}

/* Every line that is not damaged holds what it should. */
static unsigned count_good(const char *name)
{
	struct err err = { "" };
	struct ledger_rec rec;
	char path[PATH_MAX];
	ledger_reader_t *r = ledger_reader_open(
		fuzz_path(path, sizeof(path), name), &err);
	unsigned good = 0;
	int rc;

	FUZZ_CHECK(r);
	while ((rc = ledger_reader_next(r, &rec, &err)) != 0) {
		if (rc > 0)
			ledger_check(&rec);
		good += rc > 0;
	}
	ledger_reader_close(r);
	return good;
}

static series_writer_t *series_make(struct series_params *sp)
{
	struct err err = { "" };
	char path[PATH_MAX];
	series_writer_t *w;

	*sp = (struct series_params){ .period_ns = 5 * NS_PER_S,
		.max_gap_ns = 15 * NS_PER_S, .share = SHARE_CORES,
		.hw = hardware_default(4) };
	snprintf(sp->node, sizeof(sp->node), "n");
	snprintf(sp->boot_id, sizeof(sp->boot_id), "%s", boot_id);
	fuzz_remove("series");
	w = series_writer_open(fuzz_path(path, sizeof(path), "series"), sp, 64,
			       &err);
	FUZZ_CHECK(w);
	for (int i = 40; i > 0; i--)
		FUZZ_CHECK(series_writer_append(w, NOW_NS - i * 5 * NS_PER_S,
						now_wall(NULL), 100 + i,
						&err) == 0);
	return w;
}

/* One life of the accountant: restore, two periods, a clean stop. */
static void run_account(ledger_t *ledger, suspend_writer_t *suspend)
{
	char ledger_path[PATH_MAX], open_path[PATH_MAX], gate_dir[PATH_MAX];
	const struct account_params params = {
		.node = "n", .boot_id = boot_id, .period_ns = 5 * NS_PER_S,
		.max_gap_ns = 15 * NS_PER_S, .timeout_ns = 4 * NS_PER_S,
		.rollup_ns = 3600 * NS_PER_S, .checkpoint_ns = 60 * NS_PER_S,
		.owner = geteuid(), .ledger = ledger,
		.ledger_path = fuzz_path(ledger_path, sizeof(ledger_path),
					 "n.ledger"),
		.open_path = fuzz_path(open_path, sizeof(open_path), "n.open"),
		.suspend = suspend,
		.gate_dir = fuzz_path(gate_dir, sizeof(gate_dir), "gates"),
		.ts = { now_boot, now_wall, NULL },
	};
	struct series_params sp;
	struct err err = { "" };
	account_t *a = account_create(&params, &err);
	series_writer_t *w = series_make(&sp);

	FUZZ_CHECK(a || *err.text);
	if (a) {
		account_tick(a, w, &sp);
		account_tick(a, w, &sp);
		FUZZ_CHECK(account_close(a, w, &err) == 0 || *err.text);
	}
	account_destroy(a);
	series_writer_close(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { "" };
	suspend_writer_t *suspend;
	unsigned before, after;
	uint64_t repaired;
	ledger_t *ledger;
	char path[PATH_MAX];

	ledger_put_pair(data, size);
	ledger = ledger_open(fuzz_dir(), "n", &repaired, &err);
	if (!ledger)
		return 0;
	before = count_good("n.ledger");
	suspend = suspend_writer_open(fuzz_path(path, sizeof(path), "suspend"),
				      boot_id, &err);
	FUZZ_CHECK(suspend);
	run_account(ledger, suspend);
	after = count_good("n.ledger");
	FUZZ_CHECK(after >= before);
	count_good("n.open");
	suspend_writer_close(suspend);
	ledger_close(ledger);
	return 0;
}
