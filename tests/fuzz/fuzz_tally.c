/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Looks at a meter, as hostile as they come, into a series: each reading can be
 * kept, in order, and no stretch has more than a node can draw. The input is
 * looks: a byte of what kind, then what it says.
 */
#include <math.h>
#include <string.h>

#include "fuzz.h"
#include "lib/series.h"
#include "source/tally.h"

#define MAX_GAP_NS (15 * NS_PER_S)
#define LOOKS_MAX 2000

enum { HAS_WATTS = 1, WILD = 2, FORGET = 4, MISS = 8, COUNTS = 0x30 };

static double wild(struct fuzz_input *in)
{
	double v;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

static uint32_t tame(struct fuzz_input *in)
{
	uint32_t v;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

static void append(series_t *s, int64_t boot_ns, double watts,
		   enum series_join join, double joules)
{
	const struct series_sample *last = series_last(s);

	FUZZ_CHECK(!last || boot_ns > last->boot_ns);
	if (join == SERIES_MEAN)
		FUZZ_CHECK(last && joules > 0 && joules <= SERIES_MAX_W *
			   ns_to_s(boot_ns - last->boot_ns) * (1 + 1e-9));
	FUZZ_CHECK(series_append_as(s, boot_ns, 0, watts, join, joules));
}

static void keep(series_t *s, const struct reading *r)
{
	for (unsigned i = 0; i < r->past_count; i++)
		append(s, r->past[i].boot_ns, r->past[i].watts,
		       r->past[i].join, r->past[i].joules);
	append(s, r->boot_ns, r->watts, r->join, r->joules);
	FUZZ_CHECK(isnan(r->energy_j) || r->energy_ns == r->boot_ns);
}

static void look(tally_t *t, series_t *s, struct fuzz_input *in,
		 int64_t now_ns)
{
	struct tally_count count[3];
	uint8_t how = fuzz_byte(in);
	unsigned n = (how & COUNTS) >> 4;
	double watts = how & HAS_WATTS ? how & WILD ? wild(in) :
					 tame(in) % 1000 : NAN;
	struct reading r = { .ok = false };
	bool ok;

	for (unsigned i = 0; i < n; i++)
		count[i] = how & WILD ?
			(struct tally_count){ fabs(wild(in)), 0 } :
			(struct tally_count){ tame(in) % 100000, 100000 };
	if (how & FORGET)
		tally_forget(t);
	if (how & MISS) {
		err_set(&r.why, "missed");
		ok = tally_miss(t, &r);
	} else {
		ok = tally_take(t, now_ns, watts, count, n, &r);
	}
	FUZZ_CHECK(ok == r.ok);
	if (ok)
		keep(s, &r);
	else
		FUZZ_CHECK(r.nothing_new || *r.why.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	series_t *s = series_create(100, 5 * NS_PER_S, MAX_GAP_NS);
	int64_t now_ns = NS_PER_S;
	tally_t t;

	FUZZ_CHECK(s);
	tally_init(&t, MAX_GAP_NS);
	for (int i = 0; i < LOOKS_MAX && in.left; i++) {
		look(&t, s, &in, now_ns);
		now_ns += 1 + (int64_t)fuzz_byte(&in) * NS_PER_S / 4;
	}
	series_destroy(s);
	return 0;
}
