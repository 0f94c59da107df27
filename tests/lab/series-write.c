/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * series-write NODE PERIOD_S MAX_GAP_S [RING_S] <LINES: a node's series in the
 * run directory ($WATTGATE_RUN_DIR), with the samples that standard input tells,
 * "WALL_S WATTS" a line, in order. Boot times follow from this host's clocks;
 * what lies before its boot is left out. With RING_S there is room for so many
 * seconds, and boot times begin a second before the first sample.
 */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/series.h"

static int64_t ns_of(double s)
{
	return (int64_t)llround(s * 1e9);
}

static series_writer_t *series_open(const char *node, double period_s,
				    double max_gap_s, double ring_s,
				    struct err *err)
{
	struct series_params p = { .period_ns = ns_of(period_s),
				   .max_gap_ns = ns_of(max_gap_s),
				   .hw = { .threads_per_core = 1 } };
	char path[PATH_MAX];

	snprintf(p.node, sizeof(p.node), "%s", node);
	strcpy(p.source, "test");
	clock_boot_id(p.boot_id);
	snprintf(path, sizeof(path), "%s/%s", conf_run_dir(), node);
	mkdir(path, 0750);
	if (conf_run_path(path, sizeof(path), node, "series") < 0) {
		err_set(err, "the path is too long");
		return NULL;
	}
	return series_writer_open(path, &p, (uint32_t)(ring_s / period_s), err);
}

int main(int argc, char **argv)
{
	int64_t boot_at_ns = clock_wall_ns() - clock_boot_ns();
	bool begun = argc == 4;
	series_writer_t *w;
	double wall_s, watts;
	struct err err;
	int rc = EXIT_SUCCESS;

	if (argc != 4 && argc != 5) {
		fputs("usage: series-write NODE PERIOD_S MAX_GAP_S [RING_S]\n",
		      stderr);
		return 2;
	}
	w = series_open(argv[1], atof(argv[2]), atof(argv[3]),
			argc == 5 ? atof(argv[4]) : 4500, &err);
	while (w && scanf("%lf %lf", &wall_s, &watts) == 2) {
		const int64_t wall_ns = ns_of(wall_s);

		if (!begun)
			boot_at_ns = wall_ns - NS_PER_S;
		begun = true;
		if (wall_ns <= boot_at_ns)
			continue;
		if (series_writer_append(w, wall_ns - boot_at_ns, wall_ns,
					 watts, &err) < 0) {
			rc = EXIT_FAILURE;
			break;
		}
	}
	if (!w || rc)
		fprintf(stderr, "series-write: %s\n", err.text);
	series_writer_close(w);
	return w ? rc : EXIT_FAILURE;
}
