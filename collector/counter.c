/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "counter.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bridge.h"
#include "lib/statefile.h"

/* A counter with a request of its own is read each minute, some ms off. */
#define SAVE_NS (59 * NS_PER_S)

struct counter {
	struct counter_params p;
	char name[16];		/* of the file */
	bridge_t bridge;
	int64_t saved_ns;	/* reading that is in the file */
	struct log_latch latch;
};

/* ---- the file ---- */

static bool text_is(const char *text, const char *key, const char *want)
{
	char buf[STATEFILE_MAX];

	return statefile_get(text, key, buf, sizeof(buf)) == 0 &&
	       strcmp(buf, want) == 0;
}

static void load(counter_t *c)
{
	char text[STATEFILE_MAX];
	struct err err;
	long n = statefile_read(c->p.state_dir, c->p.node, c->name, text,
				sizeof(text), &err);

	if (n < 0)
		log_warn(c->p.log, "%s", err.text);
	if (n > 0 && text_is(text, "boot_id", c->p.boot_id) &&
	    text_is(text, "bmc", c->p.bmc) &&
	    text_is(text, "bmc_node", c->p.bmc_node) &&
	    bridge_parse(&c->bridge, text) == 0)
		c->saved_ns = c->bridge.last.at_ns;
}

static void save(counter_t *c)
{
	char text[STATEFILE_MAX], numbers[512];
	struct err err = { "" };
	bool bad;
	int n;

	if (bridge_format(&c->bridge, numbers, sizeof(numbers)) < 0)
		return;
	n = snprintf(text, sizeof(text), "boot_id=%s\nbmc=%s\nbmc_node=%s\n%s",
		     c->p.boot_id, c->p.bmc, c->p.bmc_node, numbers);
	if (n < 0 || (size_t)n >= sizeof(text))
		return;
	c->saved_ns = c->bridge.last.at_ns;	/* a minute until the next try */
	bad = statefile_write(c->p.state_dir, c->p.node, c->name, text,
			      &err) < 0;
	if (log_latch_change(&c->latch, bad) && bad)
		log_warn(c->p.log, "node %s: a gap while wattgated is away will stay unmeasured: %s",
			 c->p.node, err.text);
}

/* ---- gaps ---- */

static struct bridge_end end_of(const struct reading *r)
{
	return (struct bridge_end){ r->boot_ns, r->watts,
		{ r->energy_j, r->energy_wrap_j, r->energy_ns } };
}

static bool ends_gap(const counter_t *c, const series_t *s,
		     const struct reading *r)
{
	const struct series_sample *last = series_last(s);

	return last && r->boot_ns - last->boot_ns > c->p.max_gap_ns;
}

/*
 * The joules of the gap that r, which is not yet in the series, ends. NaN:
 * there is no gap, or it stays unmeasured.
 */
static double gap_joules(const counter_t *c, const series_t *s,
			 const struct reading *r, int64_t settled_ns)
{
	const struct series_sample *last = series_last(s);
	const struct bridge_end end = end_of(r);
	struct err why = { "" };
	double joules;

	if (!ends_gap(c, s, r))
		return NAN;
	if (settled_ns > last->boot_ns)
		err_set(&why, "it is in the ledger as such");
	else if (bridge_joules(&c->bridge, s, &end, &joules, &why) == 0)
		return joules;
	/* without a counter nobody expects it */
	if (c->bridge.last.at_ns || bridge_counter_valid(&end.counter))
		log_info(c->p.log, "node %s: %.1f s without power stay unmeasured: the BMC's energy counter does not bridge them: %s",
			 c->p.node, ns_to_s(r->boot_ns - last->boot_ns),
			 why.text);
	return NAN;
}

/* What told of the gap that r ended. */
static const char *bridge_name(const struct reading *r)
{
	return r->join == SERIES_MEAN ? r->source : "the BMC's energy counter";
}

static void say_bridged(const counter_t *c, const series_t *s,
			const struct reading *r)
{
	uint32_t n = series_size(s);
	const struct series_sample *a = series_get(s, n - 2);
	const struct series_sample *b = series_get(s, n - 1);
	double gap_s = ns_to_s(b->boot_ns - a->boot_ns);

	log_info(c->p.log, "node %s: %.1f s without power are bridged by %s: %.6g J, %.6g W on average",
		 c->p.node, gap_s, bridge_name(r), b->cum_j - a->cum_j,
		 (b->cum_j - a->cum_j) / gap_s);
}

/* r is the series' last sample now. */
static void note(counter_t *c, const series_t *s, const struct reading *r,
		 bool bridged)
{
	const struct bridge_end end = end_of(r);

	if (bridged)
		say_bridged(c, s, r);
	bridge_note(&c->bridge, s, &end.counter, bridged);
	if (c->bridge.last.at_ns && (!c->saved_ns ||
	    c->bridge.last.at_ns - c->saved_ns >= SAVE_NS))
		save(c);
}

static int bridge_append(series_writer_t *series, account_t *account,
			 const struct reading *r, int64_t wall_ns,
			 double joules, struct err *err)
{
	const struct series_sample *from =
		series_last(series_writer_series(series));
	struct series_sample to = {
		.boot_ns = r->boot_ns, .watts = r->watts,
		.cum_j = from->cum_j + joules,
		.cum_covered_ns = from->cum_covered_ns + r->boot_ns -
				  from->boot_ns,
		.flags = SERIES_BRIDGED,
	};

	if (account)
		account_bridge(account, from, &to);
	return series_writer_append_bridged(series, r->boot_ns, wall_ns,
					    r->watts, joules, err);
}

int64_t counter_settled_ns(const series_writer_t *series,
			   const account_t *account)
{
	int64_t ns = series_writer_settled(series);

	if (account && account_settled_ns(account) > ns)
		ns = account_settled_ns(account);
	return ns;
}

int counter_append(counter_t *c, series_writer_t *series, account_t *account,
		   const struct reading *r, int64_t wall_ns, struct err *err)
{
	const series_t *s = series_writer_series(series);
	double joules = r->join == SERIES_MEAN ? r->joules :
			gap_joules(c, s, r, counter_settled_ns(series, account));
	bool bridged = ends_gap(c, s, r) && joules > 0;
	int rc;

	if (bridged)
		rc = bridge_append(series, account, r, wall_ns, joules, err);
	else
		rc = series_writer_append_as(series, r->boot_ns, wall_ns,
					     r->watts, r->join, joules, err);
	if (rc == 0)
		note(c, s, r, bridged);
	return rc;
}

int64_t counter_until_ns(const counter_t *c, const series_t *s)
{
	return bridge_until_ns(&c->bridge, s);
}

/* ---- life ---- */

counter_t *counter_create(const struct counter_params *params)
{
	counter_t *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->p = *params;
	snprintf(c->name, sizeof(c->name), "counter%s", params->suffix);
	load(c);
	return c;
}

void counter_destroy(counter_t *c)
{
	if (c && c->bridge.last.at_ns > c->saved_ns)
		save(c);
	free(c);
}
