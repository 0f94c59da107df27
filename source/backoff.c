/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backoff.h"

#include "lib/clock.h"

#define SOON_PERIODS 4
#define SOON_MAX_NS (30 * NS_PER_S)
#define SLOW_MAX_NS (300 * NS_PER_S)

void backoff_init(backoff_t *b, int64_t period_ns, uint64_t seed)
{
	b->period_ns = period_ns;
	b->failures = 0;
	b->random = seed | 1;	/* xorshift must not be 0 */
}

void backoff_reset(backoff_t *b)
{
	b->failures = 0;
}

static uint64_t random_next(backoff_t *b)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return b->random;
}

static int64_t delay_max_ns(const backoff_t *b, enum backoff_kind kind)
{
	int64_t max = SLOW_MAX_NS;

	if (kind == BACKOFF_SOON && b->period_ns < SOON_MAX_NS / SOON_PERIODS)
		max = b->period_ns * SOON_PERIODS;
	else if (kind == BACKOFF_SOON)
		max = SOON_MAX_NS;
	return max > b->period_ns ? max : b->period_ns;
}

int64_t backoff_delay_ns(backoff_t *b, enum backoff_kind kind,
			 int64_t retry_after_ns)
{
	int64_t delay = b->period_ns, max = delay_max_ns(b, kind);

	if (kind == BACKOFF_NONE) {
		b->failures = 0;
		return delay;
	}
	for (unsigned i = 0; i < b->failures && delay < max; i++)
		delay *= 2;
	b->failures++;
	if (delay > max)
		delay = max;
	if (delay > b->period_ns)
		delay -= (int64_t)(random_next(b) % ((uint64_t)delay / 5 + 1));
	if (retry_after_ns > 0)
		delay = retry_after_ns < SLOW_MAX_NS ? retry_after_ns : SLOW_MAX_NS;
	return delay > b->period_ns ? delay : b->period_ns;
}
