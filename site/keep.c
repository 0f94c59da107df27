/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keep.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "store/store.h"

#include "lines.h"

struct keep {
	store_t *store;
	const logger_t *log;
	struct log_latch latch;
	struct log_rate rate;	/* of what is said of nodes */
	struct server_store face;
};

/* Now and never are different answers to a node; the log has both. */
static int said(keep_t *k, int rc, const struct err *err)
{
	bool bad = rc < 0 && rc != STORE_REFUSED;

	if (log_latch_change(&k->latch, bad)) {
		if (bad)
			log_error(k->log, "ledgers are not kept now; nodes send them later: %s",
				  err->text);
		else
			log_info(k->log, "ledgers are kept again");
	}
	return rc;
}

static bool may_say(keep_t *k)
{
	return log_rate_allow(&k->rate, clock_boot_ns());
}

static void refused_say(keep_t *k, const char *node, const struct lines *l)
{
	if (l->refused && may_say(k))
		log_warn(k->log, "node %s sent %u lines that are no records of its ledger: %s",
			 node, l->refused, l->why.text);
}

static void conflicts_say(keep_t *k, const char *node,
			  const struct store_count *count)
{
	if (count->conflicts && may_say(k))
		log_warn(k->log, "node %s sent %u records again with other content; those that came first are kept: %s",
			 node, count->conflicts, count->conflict.text);
}

/*
 * What lines_parse() let through the tables may still refuse: one that they do
 * must not keep the others out.
 */
static int put_singly(keep_t *k, const char *node, struct lines *l,
		      struct server_taken *taken, struct err *err)
{
	struct store_count count;
	int rc;

	for (uint32_t i = 0; i < l->count; i++) {
		rc = store_put(k->store, node, &l->recs[i], 1, &count, err);
		if (rc == STORE_REFUSED) {
			if (!l->refused++)
				l->why = *err;
			continue;
		}
		if (rc < 0)
			return rc;
		taken->lines++;
		taken->fresh += count.fresh;
		conflicts_say(k, node, &count);
	}
	return 0;
}

static int put_all(keep_t *k, const char *node, struct lines *l,
		   struct server_taken *taken, struct err *err)
{
	struct store_count count = { .fresh = 0 };
	int rc = l->count ? store_put(k->store, node, l->recs, l->count, &count,
				      err) : 0;

	if (rc == STORE_REFUSED)
		return put_singly(k, node, l, taken, err);
	if (rc < 0)
		return rc;
	taken->lines = l->count;
	taken->fresh = count.fresh;
	conflicts_say(k, node, &count);
	return 0;
}

static int keep_put(void *arg, const char *node, const char *text, size_t size,
		    struct server_taken *taken, struct err *err)
{
	keep_t *k = arg;
	struct lines lines;
	int rc;

	if (lines_parse(&lines, node, text, size) < 0)
		return err_set(err, "out of memory");
	rc = said(k, put_all(k, node, &lines, taken, err), err);
	taken->refused = lines.refused;
	refused_say(k, node, &lines);
	lines_free(&lines);
	return rc;
}

static int keep_put_open(void *arg, const char *node, const char *text,
			 size_t size, struct server_taken *taken,
			 struct err *err)
{
	keep_t *k = arg;
	struct lines lines;
	int rc;

	if (lines_parse(&lines, node, text, size) < 0)
		return err_set(err, "out of memory");
	rc = said(k, store_put_open(k->store, node, lines.recs, lines.count,
				    err), err);
	if (rc == STORE_REFUSED) {	/* another try would be in vain */
		lines.refused += lines.count;
		lines.why = *err;
		rc = 0;
	} else {
		taken->lines = lines.count;
	}
	taken->refused = lines.refused;
	refused_say(k, node, &lines);
	lines_free(&lines);
	return rc;
}

const struct server_store *keep_store(keep_t *k)
{
	return &k->face;
}

int keep_check(keep_t *k, struct err *err)
{
	return store_check(k->store, err);
}

keep_t *keep_create(const struct conf *conf, const logger_t *log,
		    struct err *err)
{
	keep_t *k = calloc(1, sizeof(*k));

	if (!k) {
		err_set(err, "out of memory");
		return NULL;
	}
	k->log = log;
	k->face = (struct server_store){ keep_put, keep_put_open, k };
	k->store = store_open(conf, STORE_WRITE, err);
	if (k->store)
		return k;
	free(k);
	return NULL;
}

void keep_destroy(keep_t *k)
{
	if (!k)
		return;
	store_close(k->store);
	free(k);
}
