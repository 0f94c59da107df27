/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For scripts: what source/history.h tells of a node's past, and what a series
 * holds, as lines of "WALL_S WATTS", the series' with joules and covered
 * seconds behind.
 *
 *	past_tool history CONF NODE FROM_S TO_S
 *	past_tool series FILE
 *	past_tool keep FILE NODE	NODE's ledger on standard input into a store
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/ledger.h"
#include "lib/log.h"
#include "lib/series.h"
#include "source/history.h"
#include "store/store.h"

static int fail(const struct err *err)
{
	fprintf(stderr, "past_tool: %s\n", err->text);
	return 1;
}

static int tell(void *arg, int64_t wall_ns, double watts)
{
	(void)arg;
	printf("%" PRId64 ".%09d %.10g\n", wall_ns / NS_PER_S,
	       (int)(wall_ns % NS_PER_S), watts);
	return 0;
}

static int history_print(char **argv)
{
	static struct conf conf;
	logger_t log = logger_stderr(LOG_LEVEL_INFO, false);
	struct history_env env = { .meter = &conf.bmc, .node = argv[1],
				   .ts = timesource_system(), .log = &log };
	struct history_stats stats = { 0 };
	struct err err = { "" };
	history_t *h;
	int rc;

	if (conf_load(argv[0], argv[1], &conf, &err) < 0)
		return fail(&err);
	env.period_ns = conf.period_ns;
	h = history_open(&env, &err);
	if (!h)
		return fail(&err);
	rc = history_fetch(h, (int64_t)(atof(argv[2]) * 1e9),
			   (int64_t)(atof(argv[3]) * 1e9), tell, NULL, NULL,
			   &stats, &err);
	history_close(h);
	fprintf(stderr, "%" PRIu64 " samples, %" PRIu64 " unmeasured, %u requests\n",
		stats.samples, stats.unmeasured, stats.requests);
	return rc < 0 ? fail(&err) : 0;
}

static int series_print(const char *path)
{
	series_reader_t reader;
	struct err err = { "" };
	series_t *s;

	if (series_reader_open(&reader, path, &err) < 0)
		return fail(&err);
	s = series_reader_load(&reader, &err);
	series_reader_close(&reader);
	if (!s)
		return fail(&err);
	for (uint32_t i = 0; i < series_size(s); i++) {
		const struct series_sample *at = series_get(s, i);

		printf("%" PRId64 ".%09d %.10g %.10g %.9f\n",
		       at->wall_ns / NS_PER_S, (int)(at->wall_ns % NS_PER_S),
		       at->watts, at->cum_j, ns_to_s(at->cum_covered_ns));
	}
	series_destroy(s);
	return 0;
}

static int ledger_keep(const char *path, const char *node)
{
	const struct store_params params = { path, "", "", 0 };
	static struct ledger_part parts[LEDGER_PARTS_MAX];
	struct err err = { "" };
	store_t *store = store_open_at(&params, STORE_WRITE, &err);
	struct store_count count;
	struct ledger_rec rec;
	char *line = NULL;
	size_t room = 0;
	int rc = store ? 0 : -1;

	while (rc == 0 && getline(&line, &room, stdin) > 0) {
		rc = ledger_parse(line, strcspn(line, "\n"), &rec, parts, &err);
		if (rc == 0)
			rc = store_put(store, node, &rec, 1, &count, &err);
	}
	free(line);
	store_close(store);
	return rc < 0 ? fail(&err) : 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "keep") == 0)
		return ledger_keep(argv[2], argv[3]);
	if (argc == 6 && strcmp(argv[1], "history") == 0)
		return history_print(argv + 2);
	if (argc == 3 && strcmp(argv[1], "series") == 0)
		return series_print(argv[2]);
	fprintf(stderr, "usage: past_tool history CONF NODE FROM_S TO_S\n"
		"       past_tool series FILE\n"
		"       past_tool keep FILE NODE\n");
	return 2;
}
