/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sampler.h"

#include <stdbool.h>
#include <stdlib.h>

#include "source/backoff.h"

struct sampler {
	struct sampler_params p;
	backoff_t backoff;
	struct log_latch latch;
	int64_t began_ns;	/* the sample under way, or the last one */
	int64_t next_ns;
	int64_t trouble_ns;	/* since when there is no reading */
	bool ever;		/* there has been a reading */
	bool busy;
};

/* The first point of the grid after t_ns. */
static int64_t grid_after(const sampler_t *s, int64_t t_ns)
{
	int64_t periods = (t_ns - s->p.start_ns) / s->p.period_ns + 1;

	return s->p.start_ns + periods * s->p.period_ns;
}

static void next_set(sampler_t *s, const struct reading *r, int64_t now_ns)
{
	int64_t delay_ns;

	if (r->ok || r->nothing_new || r->backoff == BACKOFF_NONE) {
		backoff_reset(&s->backoff);
		s->next_ns = grid_after(s, now_ns);
		if (r->again_ns > now_ns &&
		    r->again_ns <= now_ns + 2 * s->p.period_ns)
			s->next_ns = r->again_ns;
		return;
	}
	delay_ns = backoff_delay_ns(&s->backoff, r->backoff, r->retry_after_ns);
	s->next_ns = s->began_ns + delay_ns;
	if (r->retry_after_ns > 0)	/* counts from the answer */
		s->next_ns = now_ns + delay_ns;
	if (s->next_ns <= now_ns)
		s->next_ns = grid_after(s, now_ns);
}

static void trouble_log(sampler_t *s, const struct reading *r, int64_t now_ns)
{
	bool change = log_latch_change(&s->latch, !r->ok);
	bool first = r->ok && !s->ever;

	s->ever |= r->ok;
	if (!r->ok && !change) {
		log_debug(s->p.log, "node %s: %s", s->p.node, r->why.text);
	} else if (!r->ok) {
		s->trouble_ns = now_ns;
		log_warn(s->p.log, "node %s: power is unavailable: %s",
			 s->p.node, r->why.text);
	} else if (change) {
		log_info(s->p.log, "node %s: power is back after %.1f s: %.6g W (%s)",
			 s->p.node, ns_to_s(now_ns - s->trouble_ns), r->watts,
			 r->source);
	} else if (first) {
		log_info(s->p.log, "node %s: first reading: %.6g W (%s)",
			 s->p.node, r->watts, r->source);
	}
}

static void on_reading(void *arg, const struct reading *r)
{
	sampler_t *s = arg;
	int64_t now_ns = timesource_boot_ns(&s->p.ts);

	s->busy = false;
	next_set(s, r, now_ns);
	if (!r->nothing_new)
		trouble_log(s, r, now_ns);
	s->p.on_reading(s->p.arg, r);
}

void sampler_run(sampler_t *s)
{
	int64_t now_ns = timesource_boot_ns(&s->p.ts);

	if (s->busy || now_ns < s->next_ns)
		return;
	s->busy = true;
	s->began_ns = now_ns;
	s->p.ops->sample(s->p.source, on_reading, s);
}

int64_t sampler_due_ns(const sampler_t *s)
{
	return s->busy ? INT64_MAX : s->next_ns;
}

/* A back-off that is under way keeps its time. */
void sampler_set_period(sampler_t *s, int64_t period_ns)
{
	int64_t next_ns;

	if (period_ns == s->p.period_ns)
		return;
	s->p.period_ns = period_ns;
	next_ns = grid_after(s, timesource_boot_ns(&s->p.ts));
	if (!s->latch.bad && next_ns < s->next_ns)
		s->next_ns = next_ns;
}

sampler_t *sampler_create(const struct sampler_params *params)
{
	sampler_t *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->p = *params;
	s->next_ns = params->start_ns;
	backoff_init(&s->backoff, params->period_ns,
		     (uint64_t)timesource_wall_ns(&params->ts));
	return s;
}

void sampler_destroy(sampler_t *s)
{
	free(s);
}
